/*
 * thru: run any filter on the records of a pipeline, with the control lines
 * led around it.
 *
 * Time: none is used.
 * Watermark: passed on as it is.
 * State: none; the filter is started for each batch that has records and must
 * have exited before the batch ends.
 * Restart: the batch is run again.
 */
#include <stdlib.h>
#include <string.h>

#include "io/child.h"
#include "value/json.h"
#include "runtime/stage.h"

struct thru {
	struct list ok;
	struct child child;
	struct buf text;
};

static const struct opt thru_opts[] = {
	{"ok", 0, OPT_LIST, offsetof(struct thru, ok), "STATUS,...",
		"exit statuses of the command that are fine (0)"},
	OPT_END};

static int
thru_open(struct stage *st)
{
	struct thru *t = STAGE(st, thru);

	child_init(&t->child, stage_max_line(st));
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

static int
answer(void *arg, const char *line, size_t n)
{
	struct stage *st = arg;

	return n == 0 ? 0 : stage_emit_line(st, line, n);
}

static int
thru_record(struct stage *st, struct record *r)
{
	struct thru *t = STAGE(st, thru);
	const char *p;
	size_t n;

	if (t->child.pid == 0 &&
		child_start(&t->child, st->operands, st->err) < 0)
		return -1;
	buf_clear(&t->text);
	p = record_text(r, &n, &t->text);
	if (p != t->text.p) {
		buf_clear(&t->text);
		buf_add(&t->text, p, n);
	} else
		t->text.n = n;
	buf_byte(&t->text, '\n');
	return child_give(&t->child, t->text.p, t->text.n, answer, st, st->err);
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
		if (atoi(t->ok.s[i]) == status)
			return true;
	return t->ok.n == 0 && status == 0;
}

static int
thru_batch(struct stage *st, struct batch *b)
{
	struct thru *t = STAGE(st, thru);
	int status;

	if (t->child.pid == 0)
		return 0;
	if (stage_flush(st) < 0)
		return -1;
	status = child_finish(&t->child, answer, st, st->err);
	if (status < 0)
		return -1;
	if (!fine(t, status))
		return err_set(st->err,
			"'%s' ended with status %d (--ok %d "
			"accepts that)",
			st->operands[0], status, status);
	return 0;
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
	.synopsis = "[--ok STATUS,...] -- COMMAND [ARGUMENT ...]",
	.opts = thru_opts,
	.slips = thru_slips,
	.size = sizeof(struct thru),
	.flags = OP_TEXT | OP_OPERANDS,
	.open = thru_open,
	.plan = thru_plan,
	.record = thru_record,
	.batch = thru_batch,
	.waiter = &thru_waiter,
	.close = thru_close,
};
