/*
 * thru: run any filter on the records of a pipeline, with the control lines
 * led around it, or through it (--control).
 *
 * Time: none is used.
 * Watermark: passed on as it is.
 * State: none; the filter is started for each batch that has records and must
 * have exited before the batch ends.  With --control it is started once, and
 * gives the line that ends a batch back when it has answered.
 * Restart: the batch is run again.
 */
#include <stdlib.h>
#include <string.h>

#include "time/time.h"
#include "value/json.h"
#include "io/child.h"
#include "runtime/batchenv.h"
#include "runtime/stage.h"

#define PATIENCE_US (5 * TIME_SECOND) /* then it is told what is waited for */

struct thru {
	struct list ok;
	bool control;
	struct child child;
	struct buf text;
	/* with --control: */
	int64_t batch; /* the one that it is in; -1: none */
	bool answered; /* it has given the end of that back */
	bool told;     /* that it does not */
};

static const struct opt thru_opts[] = {
	{"control", 0, OPT_FLAG, offsetof(struct thru, control), NULL,
		"run the command once, and tell it where batches begin and "
		"end"},
	{"ok", 0, OPT_LIST, offsetof(struct thru, ok), "STATUS,...",
		"exit statuses of the command that are fine (0)"},
	OPT_END};

static int
thru_open(struct stage *st)
{
	struct thru *t = STAGE(st, thru);

	child_init(&t->child, stage_max_line(st));
	t->batch = -1;
	if (st->noperands == 0)
		return err_as(st->err, STATUS_USAGE,
			"which command? thru -- COMMAND [ARGUMENT ...]");
	for (size_t i = 0; i < t->ok.n; i++) {
		int64_t status;

		if (opt_number(t->ok.s[i], &status) < 0 || status > 255)
			return err_as(st->err, STATUS_USAGE,
				"--ok: '%s' is no exit status: these are 0 to "
				"255",
				t->ok.s[i]);
	}
	return 0;
}

static int
thru_plan(struct stage *st, struct plan *p)
{
	/* What the command makes of the fields cannot be known. */
	schema_free(p->fields);
	p->fields = NULL;
	return 0;
}

/* The member of a control line, if it is that one: {"#bief":{"end":3}} */
static bool
control_number(const char *line, size_t n, const char *name, int64_t *number)
{
	struct value v, inside;
	struct json_error why;

	return json_read(line, line + n, 0, &v, &why) != NULL &&
		v.type == VALUE_OBJECT && json_get(&v, "#bief", 5, &inside) &&
		inside.type == VALUE_OBJECT &&
		value_member_int(&inside, name, number);
}

/* What the command has written, with --control. */
static int
answer_between(struct stage *st, const char *line, size_t n)
{
	static const char head[] = "{\"#bief\":";
	struct thru *t = STAGE(st, thru);
	bool control = n > sizeof(head) - 1 &&
		memcmp(line, head, sizeof(head) - 1) == 0;
	int64_t number;

	if (control && !t->answered && t->batch >= 0) {
		if (control_number(line, n, "begin", &number) &&
			number == t->batch)
			return 0;
		if (control_number(line, n, "end", &number) &&
			number == t->batch) {
			t->answered = true;
			return 0;
		}
	}
	if (control || t->answered || t->batch < 0)
		return err_set(st->err,
			"'%s' wrote %s where no batch is open: "
			"each line {\"#bief\":{\"end\":N}} is to be given back "
			"once, behind what belongs to its batch",
			st->operands[0],
			control ? "a control line" : "a record");
	return stage_emit_line(st, line, n);
}

static int
answer(void *arg, const char *line, size_t n)
{
	struct stage *st = arg;

	if (n == 0)
		return 0;
	return STAGE(st, thru)->control ? answer_between(st, line, n)
					: stage_emit_line(st, line, n);
}

/* The batch that is open; of a stream without batches, the only one. */
static struct batch
now(const struct stage *st)
{
	struct batch b = st->now;

	if (b.number < 0) {
		b.number = 0;
		b.watermark = WATERMARK_NONE;
	}
	if (b.time_us == 0)
		b.time_us = time_now();
	return b;
}

static int
start(struct stage *st)
{
	struct thru *t = STAGE(st, thru);
	struct batch b = now(st);

	batchenv_set(&t->child, st, &b);
	return child_start(&t->child, st->operands, st->err);
}

static int
give(struct stage *st)
{
	struct thru *t = STAGE(st, thru);

	return child_give(&t->child, t->text.p, t->text.n, answer, st, st->err);
}

/* With --control: the command learns that a batch begins. */
static int
open_batch(struct stage *st)
{
	struct thru *t = STAGE(st, thru);
	struct batch b = now(st);
	char time[TIME_MAX];

	if (t->child.pid == 0 && start(st) < 0)
		return -1;
	t->batch = b.number;
	t->answered = false;
	buf_clear(&t->text);
	buf_printf(&t->text, "{\"#bief\":{\"begin\":%lld,\"time\":\"%.*s\"",
		(long long)b.number, (int)time_format_iso(b.time_us, time),
		time);
	if (b.watermark != WATERMARK_NONE)
		buf_printf(&t->text, ",\"watermark\":\"%.*s\"",
			(int)time_format_iso(b.watermark, time), time);
	buf_str(&t->text, "}}\n");
	return give(st);
}

static int
thru_begin(struct stage *st, struct batch *b)
{
	return STAGE(st, thru)->control ? open_batch(st) : 0;
}

static int
thru_record(struct stage *st, struct record *r)
{
	struct thru *t = STAGE(st, thru);
	const char *p;
	size_t n;

	if (t->control && t->batch < 0 && open_batch(st) < 0)
		return -1;
	if (t->child.pid == 0 && start(st) < 0)
		return -1;
	buf_clear(&t->text);
	p = record_text(r, &n, &t->text);
	if (p != t->text.p) {
		buf_clear(&t->text);
		buf_add(&t->text, p, n);
	} else
		t->text.n = n;
	buf_byte(&t->text, '\n');
	return give(st);
}

static int
thru_wait(struct stage *st, struct pollfd *fds, int max, int64_t *deadline)
{
	struct thru *t = STAGE(st, thru);

	/* The input pauses: what is gathered goes to the command. */
	if (t->child.pid != 0 && child_turn(&t->child, answer, st, st->err) < 0)
		return -1;
	return max < 2 ? 0 : child_wait(&t->child, fds);
}

static int
thru_pull(struct stage *st)
{
	return child_turn(&STAGE(st, thru)->child, answer, st, st->err);
}

static bool
fine(const struct thru *t, int status)
{
	for (size_t i = 0; i < t->ok.n; i++)
		if (strtol(t->ok.s[i], NULL, 10) == status)
			return true;
	return t->ok.n == 0 && status == 0;
}

/* Wait for the command's exit. */
static int
finish(struct stage *st)
{
	struct thru *t = STAGE(st, thru);
	int status = child_finish(&t->child, answer, st, st->err);

	if (status < 0)
		return -1;
	if (!fine(t, status))
		return err_set(st->err,
			"'%s' ended with status %d (--ok %d "
			"accepts that)",
			st->operands[0], status, status);
	return 0;
}

/* A command that gathers its output would hold the batch up without a word. */
static void
tell_held(struct stage *st, int64_t since)
{
	struct thru *t = STAGE(st, thru);

	if (t->told || time_monotonic() - since <= PATIENCE_US)
		return;
	t->told = true;
	stage_warn(st,
		"'%s' has not given the line "
		"{\"#bief\":{\"end\":%lld}} back: does it keep its output "
		"(jq --unbuffered, sed -u, python3 -u)?",
		st->operands[0], (long long)t->batch);
}

/* With --control: wait until it has given the end of the batch back. */
static int
close_batch(struct stage *st)
{
	struct thru *t = STAGE(st, thru);
	int64_t since;

	buf_clear(&t->text);
	buf_printf(
		&t->text, "{\"#bief\":{\"end\":%lld}}\n", (long long)t->batch);
	if (give(st) < 0)
		return -1;
	since = time_monotonic();
	while (!t->answered && !t->child.ended) {
		tell_held(st, since);
		if (child_turn_wait(&t->child, answer, st, st->err) < 0)
			return -1;
	}
	if (!t->answered) {
		if (finish(st) < 0)
			return -1;
		return err_set(st->err,
			"'%s' has ended in batch %lld: with "
			"--control it reads to the end of its input, and gives "
			"the line {\"#bief\":{\"end\":%lld}} back",
			st->operands[0], (long long)t->batch,
			(long long)t->batch);
	}
	t->batch = -1;
	return 0;
}

static int
thru_batch(struct stage *st, struct batch *b)
{
	struct thru *t = STAGE(st, thru);

	if (t->child.pid == 0)
		return 0;
	if (stage_flush(st) < 0)
		return -1;
	if (t->control) {
		if (t->batch >= 0 && close_batch(st) < 0)
			return -1;
		if (!b->whole)
			return 0;
	}
	return finish(st);
}

/* With --control there is one command for all batches. */
static int
thru_eof(struct stage *st, struct batch *b)
{
	return STAGE(st, thru)->child.pid == 0 ? 0 : finish(st);
}

static void
thru_close(struct stage *st)
{
	child_release(&STAGE(st, thru)->child);
	buf_release(&STAGE(st, thru)->text);
}

static const struct waiter thru_waiter = {
	.wait = thru_wait,
	.pull = thru_pull,
};
static const struct opt_slip thru_slips[] = {
	{NULL,
		"the command, with its own options, stands behind --: thru -- "
		"COMMAND [ARGUMENT ...]"},
	{NULL, NULL}};

const struct op op_thru = {
	.name = "thru",
	.about = "run a command on the records of every batch",
	.synopsis = "[--control] [--ok STATUS,...] -- COMMAND [ARGUMENT ...]",
	.opts = thru_opts,
	.slips = thru_slips,
	.size = sizeof(struct thru),
	.flags = OP_TEXT | OP_OPERANDS,
	.open = thru_open,
	.plan = thru_plan,
	.begin = thru_begin,
	.record = thru_record,
	.batch = thru_batch,
	.eof = thru_eof,
	.waiter = &thru_waiter,
	.close = thru_close,
};
