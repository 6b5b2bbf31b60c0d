/*
 * take: pass the first N records, as Spark's limit does.
 *
 * Time: none is used.
 * Watermark: passed on as it is.
 * State: how many records have passed; in complete mode none, for each batch
 * is a whole result and gives its first N.
 * Restart: goes on with the count.
 */
#include <stdlib.h>
#include <string.h>

#include "recovery/state/state.h"
#include "runtime/entry.h"
#include "runtime/plan/modes.h"
#include "runtime/stage.h"

struct take {
	int64_t n;
	int64_t passed;
	state_ref ref; /* of passed, in state */
};

static int
take_open(struct stage *st)
{
	struct take *t = STAGE(st, take);

	if (st->noperands != 1)
		return err_as(st->err, STATUS_USAGE, "how many? take N");
	if (opt_number(st->operands[0], &t->n) < 0)
		return err_as(st->err, STATUS_USAGE,
			"'%s' is not a whole number", st->operands[0]);
	return 0;
}

static int
take_plan(struct stage *st, struct plan *p)
{
	if (p->stream && p->mode != MODE_COMPLETE)
		list_add(&p->stateful, "take", false);
	return modes_check(p, p->mode, st->err);
}

static int
take_restore(struct stage *st)
{
	struct take *t = STAGE(st, take);
	size_t n;
	bool made;

	if (!st->in.stream || st->in.mode == MODE_COMPLETE)
		return 0;
	t->ref = state_make(
		st->state, "passed", 6, sizeof(t->passed), &made, st->err);
	if (t->ref == STATE_NONE)
		return -1;
	memcpy(&t->passed, state_value(st->state, t->ref, &n),
		sizeof(t->passed));
	return 0;
}

static int
take_record(struct stage *st, struct record *r)
{
	struct take *t = STAGE(st, take);

	if (t->passed < t->n) {
		t->passed++;
		if (stage_emit(st, r) < 0)
			return -1;
	}
	if (t->passed >= t->n)
		stage_enough(st);
	return 0;
}

static int
take_batch(struct stage *st, struct batch *b)
{
	struct take *t = STAGE(st, take);

	if (st->in.mode == MODE_COMPLETE)
		t->passed = 0;
	else if (t->ref != STATE_NONE)
		memcpy(state_change(st->state, t->ref), &t->passed,
			sizeof(t->passed));
	return 0;
}

/* ---- for bief state ---- */

static void
take_explain(struct stage *st, struct buf *out)
{
	buf_str(out,
		st->in.mode == MODE_COMPLETE ? "nothing"
					     : "how many records have passed");
}

static int
take_show(struct stage *st, state_ref ref, struct buf *out)
{
	int64_t passed;

	memcpy(&passed, state_value(st->state, ref, NULL), sizeof(passed));
	entry_kind(out, "passed");
	buf_printf(out, ",\"value\":%lld", (long long)passed);
	return 0;
}

static int
take_take(struct stage *st, const struct value *object, state_ref *made)
{
	int64_t passed;

	if (object == NULL)
		return 0;
	if (!entry_of(object, "passed"))
		return entry_unknown(object, st->err);
	if (entry_get_int(object, "value", &passed, st->err) < 0)
		return -1;
	if (passed < 0)
		return entry_wrong(st->err, "value", "a count");
	return entry_put(st, "passed", 6, &passed, sizeof(passed), made);
}

static const struct keeper take_keeper = {
	.restore = take_restore,
	.explain = take_explain,
	.show = take_show,
	.take = take_take,
};

const struct op op_take = {
	.name = "take",
	.about = "pass the first N records",
	.synopsis = "N",
	.size = sizeof(struct take),
	.flags = OP_OPERANDS | OP_WORDS | OP_ENOUGH,
	.open = take_open,
	.plan = take_plan,
	.record = take_record,
	.batch = take_batch,
	.keeper = &take_keeper,
};
