/*
 * setup: the stages of a chain are made from command lines, and released.
 *
 * All of them are opened, also behind one that could not be: what is wrong with
 * a pipeline is said at once, not one mistake per run.
 */
#include "runtime/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/mem.h"
#include "time/time.h"
#include "time/zone.h"
#include "value/json.h"
#include "value/record_read.h"
#include "io/replace.h"
#include "io/stream/output.h"
#include "recovery/state/state.h"
#include "runtime/chain.h"
#include "runtime/options/common.h"
#include "runtime/ops.h"
#include "runtime/phase.h"
#include "runtime/report/progress.h"
#include "runtime/recover/recover.h"
#include "runtime/report/say.h"
#include "runtime/report/vitals.h"

#define MAX_LINE (16 << 20)

static void
set_defaults(struct stage *st)
{
	struct common *c = &st->priv->common;

	c->on_error = -1;
	c->max_line = MAX_LINE;
	c->ready_fd = -1;
	c->sinks = 1;
	if (st->op->defaults != NULL)
		st->op->defaults(st->self);
}

static void
show_and_exit(
	struct stage *st, void (*what)(const struct help *h, struct buf *out))
{
	struct help h;

	common_help(st->op, &h);
	if (help_show(&h, what, st->err) == 0)
		exit(STATUS_DONE);
	say(st, "%s", st->err->text);
	exit(STATUS_FAILED);
}

/* Standard input can be read once. */
static int
check_inputs(struct stage *st)
{
	size_t n = 0;

	if (st->op->merge == NULL && !(st->op->flags & OP_FILES))
		return 0;
	for (size_t i = 0; i < st->noperands; i++)
		n += strcmp(st->operands[i], "-") == 0;
	if (n < 2)
		return 0;
	return err_as(st->err, STATUS_USAGE,
		"'-' is there twice, but standard input can be read only once");
}

/* A file stands where fields or expressions are expected: it would be waited
 * for on standard input. */
static int
check_words(struct stage *st)
{
	bool words = (st->op->flags & OP_WORDS) ||
		!(st->op->flags & (OP_OPERANDS | OP_FILES));
	char quoted[100];
	struct stat s;

	for (size_t i = 0; i < st->noperands && words; i++) {
		const char *name = st->operands[i];

		if (!json_utf8(name, strlen(name)))
			return err_as(st->err, STATUS_USAGE,
				"'%s' is not "
				"UTF-8",
				err_quote(quoted, sizeof(quoted), name,
					strlen(name)));

		/* A name alone may be that of a field as well. */
		if ((strchr(name, '/') == NULL &&
			    (*name == '\0' || strchr(name + 1, '.') == NULL)) ||
			stat(name, &s) < 0 || !S_ISREG(s.st_mode))
			continue;
		err_quote(quoted, sizeof(quoted), name, strlen(name));
		return err_as(st->err, STATUS_USAGE,
			"'%s' is a file, and "
			"stands where none is expected: %s < %s, or a source "
			"in front",
			quoted, st->op->name, quoted);
	}
	return 0;
}

/* A word that is no option's.  Fields are most often meant. */
static int
stray(struct stage *st)
{
	const char *of = NULL;

	for (const struct opt *o = st->op->opts; o && o->name && !of; o++)
		if (strcmp(o->name, "by") == 0 || strcmp(o->name, "on") == 0)
			of = o->name;
	if (of == NULL)
		return err_as(st->err, STATUS_USAGE,
			"what is '%s'? usage: %s %s", st->operands[0],
			st->op->name, st->op->synopsis);
	return err_as(st->err, STATUS_USAGE,
		"what is '%s'? a field stands behind --%s; usage: %s %s",
		st->operands[0], of, st->op->name, st->op->synopsis);
}

/* What the environment asks for, as an option would. */
static int
check_environment(struct stage *st)
{
	const char *threads = getenv("BIEF_THREADS");
	const char *clock = getenv("BIEF_CLOCK");
	int64_t n;

	if (threads != NULL && *threads != '\0' &&
		(opt_number(threads, &n) < 0 || n < 1 || n > STAGE_CLONES))
		return err_as(st->err, STATUS_USAGE,
			"BIEF_THREADS is a number from 1 to %d, not '%s'",
			STAGE_CLONES, threads);
	if (clock != NULL && *clock != '\0' && strchr(clock, '/') == NULL &&
		time_parse_iso(clock, strlen(clock), &n) < 0)
		return err_as(st->err, STATUS_USAGE,
			"BIEF_CLOCK is a time such as 2026-11-21T08:00:00Z, or "
			"the path of a file, not '%s'",
			clock);
	return 0;
}

/* What the common options ask for must go together. */
static int
check_common(struct stage *st)
{
	const struct common *c = &st->priv->common;

	if (check_words(st) < 0 || check_environment(st) < 0)
		return -1;
	if (st->noperands > 0 && !(st->op->flags & (OP_OPERANDS | OP_FILES)))
		return stray(st);
	if (c->zone != NULL && zone_open(c->zone, strlen(c->zone)) == NULL)
		return err_as(st->err, STATUS_USAGE,
			"--zone: there is no time zone '%s'", c->zone);
	if (c->batch > 0 && c->trigger != NULL)
		return err_as(st->err, STATUS_USAGE,
			"--batch and --trigger: one of them");
	/* Not when the first record is refused, which may be a day from now. */
	if ((c->rejects != NULL && replace_check(c->rejects, st->err) < 0) ||
		(c->progress != NULL && strcmp(c->progress, "-") != 0 &&
			replace_check(c->progress, st->err) < 0))
		return -1;
	return check_inputs(st);
}

int
setup_open_stage(struct stage *st, char **words)
{
	struct opt_table t[5];
	struct input_spec inputs[INPUTS_MAX];
	struct common *c = &st->priv->common;
	size_t n = common_tables(st->op, st->self, c, t);

	st->priv->words = words;
	set_defaults(st);
	if (opt_parse(t, n, words, &st->operands, &st->noperands, st->err) < 0)
		return -1;
	if (c->help)
		show_and_exit(st, help_print);
	if (c->version)
		show_and_exit(st, help_version);
	if (c->dump_options)
		show_and_exit(st, help_dump);
	st->on_error = c->on_error;
	st->text = (st->op->flags & OP_TEXT) != 0;
	if (check_common(st) < 0)
		return -1;
	if (st->op->keeper != NULL)
		st->state = state_new((size_t)c->max_state);
	st->priv->opened = true;
	if (st->op->open != NULL && st->op->open(st) < 0)
		return -1;
	if (st->op->merge != NULL &&
		st->op->merge->inputs(st, inputs, INPUTS_MAX) < 0)
		return -1;
	phase_enter(st, PHASE_OPENED);
	return 0;
}

/* The i-th stage, to be opened. */
static void
init_stage(struct chain *c, int i, const struct op *op)
{
	struct stage *st = &c->stages[i];

	st->op = op;
	st->self = mem_zalloc(op->size);
	st->priv = mem_zalloc(sizeof(*st->priv));
	st->priv->rejects_fd = st->priv->progress_fd = -1;
	recover_init(&st->priv->recovery);
	st->err = &c->err;
	st->shapes = c->shapes;
	st->chain = c;
	st->place = i;
	st->next = i + 1 < c->n ? &c->stages[i + 1] : NULL;
	st->now = (struct batch){.number = -1,
		.time_us = time_now(),
		.watermark = WATERMARK_NONE};
	plan_init(&st->in);
	plan_init(&st->out);
	record_read_init(&st->priv->reader, c->shapes);
	buf_init(&st->priv->text);
	buf_init(&st->priv->scratch);
}

void
setup_init(struct chain *c, const struct op *const *ops, int n, int out_fd,
	int *status)
{
	memset(c, 0, sizeof(*c));
	c->n = n;
	c->status = status;
	c->reading.fd = -1;
	c->stages = mem_zalloc((size_t)n * sizeof(*c->stages));
	c->shapes = shape_set_new();
	output_init(&c->out, out_fd);
	for (int i = 0; i < n; i++) {
		init_stage(c, i, ops[i]);
		status[i] = STATUS_DONE;
	}
}

static bool
prints(const struct stage *last)
{
	const struct sink *sink = last->op->sink;

	return sink == NULL || (sink->prints != NULL && sink->prints(last));
}

void
setup_open(struct chain *c, char ***words, int n, int out_fd, bool explain,
	int *status)
{
	const struct op **ops = mem_alloc((size_t)n * sizeof(*ops));

	for (int i = 0; i < n; i++)
		ops[i] = ops_find(words[i][0]);
	setup_init(c, ops, n, out_fd, status);
	free(ops);
	for (int i = 0; i < n; i++) {
		struct stage *st = &c->stages[i];

		c->err.status = STATUS_FAILED;
		st->explain = explain;
		if (setup_open_stage(st, words[i]) < 0) {
			if (!explain)
				say(st, "%s", c->err.text);
			status[i] = c->err.status;
			st->priv->failed = true;
		}
	}
	/* In `tee >(sink-files out) | agg` the output of the sink is the input
	 * of agg, which may well end first. */
	if (!prints(chain_last(c)))
		c->out.pipe = false;
}

static void
close_stage(struct stage *st)
{
	struct opt_table t[5];
	size_t n = common_tables(st->op, st->self, &st->priv->common, t);

	if (st->priv->opened && !st->priv->failed && !st->clone)
		say_counts(st);
	if (st->priv->opened && st->op->close != NULL)
		st->op->close(st);
	recover_release(&st->priv->recovery);
	state_free(st->state);
	if (st->priv->words != NULL)
		opt_free(t, n);
	free(st->operands);
	plan_release(&st->in);
	plan_release(&st->out);
	record_read_release(&st->priv->reader);
	buf_release(&st->priv->text);
	buf_release(&st->priv->scratch);
	free(st->priv->watched);
	if (st->priv->rejects_fd >= 0)
		close(st->priv->rejects_fd);
	progress_close(st);
	free(st->self);
	free(st->priv);
}

void
setup_close(struct chain *c)
{
	vitals_close(c->vitals);
	ticker_close(c);
	for (int i = 0; i < c->n; i++)
		close_stage(&c->stages[i]);
	free(c->stages);
	shape_set_free(c->shapes);
	output_release(&c->out);
	buf_release(&c->known);
	buf_release(&c->header);
}
