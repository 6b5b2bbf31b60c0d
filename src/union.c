/*
 * union: the records of several inputs as one stream.
 *
 * Time: none is used.
 * Watermark: the smallest of the inputs' (--policy max: the largest).
 * State: the watermarks.
 * Restart: goes on with them.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "recovery/state/state.h"
#include "runtime/entry.h"
#include "runtime/stage.h"
#include "window/marks.h"

struct unite {
	int policy;
	struct marks marks;
};

static const struct opt union_opts[] = {
	{"policy", 0, OPT_ENUM, offsetof(struct unite, policy), "min|max",
		"which of the inputs' watermarks counts", .free = true},
	OPT_END};

static int
union_inputs(struct stage *st, struct input_spec *in, int max)
{
	if (st->noperands > (size_t)max)
		return err_as(st->err, STATUS_USAGE,
			"%zu inputs are more than the %d that one program "
			"reads: unite some of them in a union of their own, "
			"<(union ...)",
			st->noperands, max);
	if (st->noperands < 2)
		return err_as(st->err, STATUS_USAGE,
			"name two or more inputs: files, <( ) or - for "
			"standard input");
	for (size_t i = 0; i < st->noperands; i++)
		in[i].path = st->operands[i];
	return (int)st->noperands;
}

/* The inputs' fields, when all say the same. */
static bool
same_fields(const struct plan *in, int n)
{
	bool same = in[0].fields != NULL;

	for (int i = 1; i < n && same; i++)
		same = in[i].fields != NULL &&
			schema_equal(in[0].fields, in[i].fields);
	return same;
}

static int
union_plan(struct stage *st, const struct plan *in, int n, struct plan *out)
{
	struct unite *u = STAGE(st, unite);

	out->idle_us = -1;
	out->arrival = false;
	list_free(&out->times);
	marks_init(&u->marks, in, n, (enum policy)u->policy);
	if (!same_fields(in, n)) {
		schema_free(out->fields);
		out->fields = NULL;
	}
	for (int i = 0; i < n; i++) {
		if (in[i].stream &&
			(in[i].mode == MODE_COMPLETE ||
				in[i].mode == MODE_UPDATE))
			return err_as(st->err, STATUS_USAGE,
				"an input is the %s result of an aggregation: "
				"only appended rows can be united",
				plan_mode_name(in[i].mode));
		if (in[i].event_time != NULL && out->event_time == NULL) {
			out->event_time = mem_dup(
				in[i].event_time, strlen(in[i].event_time));
			out->delay_us = in[i].delay_us;
		}
	}
	return 0;
}

static int
union_restore(struct stage *st)
{
	return marks_restore(&STAGE(st, unite)->marks, st, "watermark");
}

static int
union_heard(struct stage *st, int input, const struct batch *b)
{
	marks_heard(&STAGE(st, unite)->marks, st, input, b);
	return 0;
}

static int
union_begin(struct stage *st, struct batch *b)
{
	marks_get(&STAGE(st, unite)->marks, b);
	return 0;
}

static int
union_record(struct stage *st, int input, struct record *r)
{
	return stage_emit(st, r);
}

static int
union_batch(struct stage *st, struct batch *b)
{
	struct unite *u = STAGE(st, unite);

	if (b->whole)
		return 0;
	marks_get(&u->marks, b);
	return marks_save(&u->marks, st, "watermark");
}

static void
union_explain(struct stage *st, struct buf *out)
{
	buf_str(out, "the watermarks");
}

static int
union_show(struct stage *st, state_ref ref, struct buf *out)
{
	marks_show(st->state, ref, out);
	return 0;
}

static int
union_take(struct stage *st, const struct value *object, state_ref *made)
{
	if (object == NULL)
		return 0;
	if (!entry_of(object, "watermarks"))
		return entry_unknown(object, st->err);
	return marks_take(
		&STAGE(st, unite)->marks, st, "watermark", object, made);
}

static const struct merger union_merger = {
	.inputs = union_inputs,
	.plan = union_plan,
	.heard = union_heard,
	.record = union_record,
};

static const struct keeper union_keeper = {
	.restore = union_restore,
	.explain = union_explain,
	.show = union_show,
	.take = union_take,
	.rows = stage_no_rows,
};

const struct op op_union = {
	.name = "union",
	.about = "make one stream of the records of several inputs",
	.synopsis = "[--policy min|max] INPUT INPUT ...",
	.opts = union_opts,
	.size = sizeof(struct unite),
	.flags = OP_OPERANDS,
	.begin = union_begin,
	.batch = union_batch,
	.merge = &union_merger,
	.keeper = &union_keeper,
};
