/*
 * The part of each role in a checkpoint: its calls in their order, and that any
 * other order ends the process (an assertion, SIGABRT).
 */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/file.h"
#include "recovery/metadata.h"
#include "recovery/offset.h"
#include "recovery/state/state.h"
#include "runtime/chain.h"
#include "runtime/recover/recover_sink.h"
#include "runtime/recover/recover_source.h"
#include "runtime/recover/recover_stage.h"
#include "floor/mem.h"

static int failures;
static char dir[] = "/tmp/bief-recover-XXXXXX";

static void
check(int ok, const char *what)
{
	if (ok)
		return;
	printf("not ok: %s\n", what);
	failures++;
}

/* ---- a stage that does nothing, with all that its part asks for ---- */

struct one {
	struct chain chain;
	struct stage st;
	struct stage_private priv;
	char *words[2];
};

static int
mark(struct stage *st, struct buf *out)
{
	buf_printf(out, "{\"at\":%lld}", (long long)st->now.number);
	return 0;
}

static const struct source source = {.mark = mark};
static const struct sink sink = {.mark = mark};
static const struct keeper keeper = {.restore = NULL};
static const struct op a_source = {.name = "a-source", .source = &source};
static const struct op a_stage = {.name = "a-stage", .keeper = &keeper};
static const struct op a_sink = {.name = "a-sink", .sink = &sink};

static struct one *
one_new(const struct op *op)
{
	struct one *o = mem_zalloc(sizeof(*o));

	o->words[0] = mem_dup(op->name, strlen(op->name));
	o->chain.silent = true;
	o->priv.words = o->words;
	o->priv.common.checkpoint = dir;
	o->st.op = op;
	o->st.err = &o->chain.err;
	o->st.chain = &o->chain;
	o->st.priv = &o->priv;
	o->st.now.number = -1;
	plan_init(&o->st.in);
	plan_init(&o->st.out);
	recover_init(&o->priv.recovery);
	if (op->keeper != NULL)
		o->st.state = state_new(0);
	return o;
}

static void
one_free(struct one *o)
{
	recover_release(&o->priv.recovery);
	state_free(o->st.state);
	plan_release(&o->st.in);
	plan_release(&o->st.out);
	free(o->words[0]);
	free(o);
}

static struct batch *
batch(struct stage *st, int64_t number, bool rerun)
{
	st->now = (struct batch){.number = number, .rerun = rerun};
	return &st->now;
}

/* ---- the calls of each role ---- */

static struct one *
source_opened(void)
{
	struct one *o = one_new(&a_source);

	check(recover_source_lock(&o->st, &o->st.out) == 0, "lock");
	check(recover_source_open(&o->st, &o->st.out) == 0, "open");
	return o;
}

/* It goes on with new batches. */
static struct one *
source_going(void)
{
	struct one *o = source_opened();
	struct offset at;

	recover_source_joined(&o->st);
	check(recover_source_recorded(&o->st, o->st.out.committed, &at) == 0,
		"where the newest committed batch ended");
	recover_source_again(&o->st, at.position);
	offset_release(&at);
	while (recover_source_next(&o->st, &at) == 0) {
		int64_t next = o->st.in.resume + o->st.out.resume;

		recover_source_begin(&o->st, batch(&o->st, next, true));
		check(recover_source_end(&o->st, &o->st.now) == 0, "again");
		o->st.in.resume++;
		offset_release(&at);
	}
	recover_source_go_on(&o->st);
	return o;
}

/* What a source tells in its header. */
static struct one *
behind_source(const struct op *op, struct list *sinks)
{
	struct one *s = source_opened(), *o = one_new(op);
	struct err err;

	free(s->st.out.stage);
	s->st.out.stage = mem_dup("a-source", strlen("a-source"));
	plan_copy(&o->st.in, &s->st.out);
	o->st.in.stream = 1;
	one_free(s);
	plan_copy(&o->st.out, &o->st.in);
	check(recover_open(&o->st, &o->st.in, 1, &o->st.out) == 0,
		"a place is taken");
	if (sinks != NULL)
		check(metadata_add_sinks(dir, sinks, &err) == 0, "known");
	return o;
}

static struct one *
sink_ready(void)
{
	struct list known = {0};
	struct one *o;

	list_add(&known, "a-source+a-sink", false);
	o = behind_source(&a_sink, &known);
	list_free(&known);
	check(recover_sink_ready(&o->st) == 0, "ready");
	return o;
}

/* ---- a call out of order ---- */

#define REFUSED(what, call)                                               \
	do {                                                              \
		fflush(stdout);                                           \
		pid_t pid = fork();                                       \
		int status;                                               \
		if (pid == 0) {                                           \
			fclose(stderr);                                   \
			call;                                             \
			_exit(0);                                         \
		}                                                         \
		waitpid(pid, &status, 0);                                 \
		check(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, \
			what " is refused");                              \
	} while (0)

/* ---- the roles ---- */

static void
test_source(void)
{
	struct one *o = source_opened();
	struct stage *st = &o->st;
	struct offset at;

	REFUSED("a batch before the sinks are known",
		recover_source_begin(st, batch(st, 0, false)));
	REFUSED("going on before batches are run again",
		recover_source_go_on(st));
	REFUSED("a second opening", recover_source_open(st, &st->out));
	one_free(o);

	o = source_going();
	st = &o->st;
	check(recover_source_stored(st) == -1, "nothing is recorded");
	REFUSED("an end without a beginning",
		recover_source_end(st, batch(st, 0, false)));
	REFUSED("a batch that leaves one out",
		recover_source_begin(st, batch(st, 1, false)));
	REFUSED("a batch that is run again when there is none",
		recover_source_begin(st, batch(st, 0, true)));
	for (int64_t i = 0; i < 3; i++) {
		recover_source_begin(st, batch(st, i, false));
		REFUSED("a batch in a batch",
			recover_source_begin(st, batch(st, i + 1, false)));
		REFUSED("finishing in a batch", recover_source_finish(st));
		check(recover_source_end(st, batch(st, i, false)) == 0, "end");
		check(recover_source_stored(st) == i, "it is recorded");
	}
	check(recover_source_finish(st) == 0, "finish");
	REFUSED("a batch after the end",
		recover_source_begin(st, batch(st, 3, false)));
	one_free(o);

	o = source_opened();
	st = &o->st;
	check(recover_source_stored(st) == 2, "the next run knows of them");
	recover_source_joined(st);
	check(recover_source_recorded(st, 1, &at) == 0 &&
			strcmp(at.position, "{\"at\":1}") == 0,
		"and where they ended");
	recover_source_again(st, NULL);
	offset_release(&at);
	REFUSED("going on before all have been run again",
		recover_source_go_on(st));
	REFUSED("a new batch before that",
		recover_source_begin(st, batch(st, 0, false)));
	one_free(o);
	one_free(source_going());
}

static void
test_sink(void)
{
	struct one *o = behind_source(&a_sink, NULL);
	struct stage *st = &o->st;
	int64_t start;

	REFUSED("a batch before it is ready",
		recover_sink_begin(st, batch(st, 0, false)));
	check(recover_sink_ready(st) == 0, "ready");
	check(recover_sink_begin(st, batch(st, 0, false)) < 0,
		"a sink that the source does not know");
	REFUSED("a batch after a failure",
		recover_sink_begin(st, batch(st, 0, false)));
	one_free(o);

	o = sink_ready();
	st = &o->st;
	REFUSED("a batch that leaves one out",
		recover_sink_begin(st, batch(st, 1, false)));
	check(recover_sink_begin(st, batch(st, 0, false)) == 0, "begin");
	check(!recover_skips(&o->priv.recovery), "it takes the batch");
	REFUSED("the end of another batch",
		recover_sink_end(st, batch(st, 1, false)));
	check(recover_sink_end(st, batch(st, 0, false)) == 0, "commit");
	recover_sink_finish(st);
	one_free(o);

	o = sink_ready();
	st = &o->st;
	check(recover_sink_committed(st, &start) == 0 && start == 0 &&
			strcmp(recover_sink_mark(st), "{\"at\":0}") == 0,
		"the next run knows of it");
	check(st->in.resume == 1, "and begins behind it");
	one_free(o);
}

static void
test_stage(void)
{
	struct one *o = behind_source(&a_stage, NULL);
	struct stage *st = &o->st;

	REFUSED("an end without a beginning",
		recover_stage_end(st, batch(st, 0, false)));
	recover_stage_begin(st, batch(st, 0, false));
	REFUSED("finishing in a batch", recover_stage_finish(st));
	check(recover_stage_end(st, batch(st, 0, false)) == 0, "save");
	REFUSED("the same batch again",
		recover_stage_begin(st, batch(st, 0, false)));
	recover_stage_begin(st, batch(st, 1, false));
	check(recover_stage_end(st, batch(st, 1, false)) == 0, "save");
	recover_stage_finish(st);
	one_free(o);
}

int
main(void)
{
	char *command;

	assert(mkdtemp(dir) != NULL);
	test_source();
	test_stage();
	test_sink();
	if (asprintf(&command, "rm -rf %s", dir) >= 0)
		failures += system(command) != 0;
	free(command);
	return failures != 0;
}
