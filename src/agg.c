/*
 * agg: group records and aggregate their fields.
 *
 * Time: the window fields of the records, or the event time where it is a key.
 * Watermark: passes it on; a group whose time it has passed is closed.
 * State: an entry per group, until the watermark passes it (append, update).
 * Restart: the groups come back as they were after the last committed batch.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "recovery/state/state.h"
#include "runtime/entry.h"
#include "runtime/plan/modes.h"
#include "runtime/stage.h"
#include "agg/accum/accum.h"
#include "agg/session.h"
#include "agg/taker.h"

struct agg {
	struct taker t; /* the first part: see taker.h */
	/* options */
	struct list by;
	bool no_window;

	int64_t closed; /* watermark at the end of the last batch */
	bool known;     /* to its clones: what a first record decides */
};

static const struct opt agg_opts[] = {
	{"by", 'b', OPT_LIST, offsetof(struct agg, by), "FIELD,...",
		"the fields to group by"},
	{"cube", 0, OPT_FLAG, offsetof(struct agg, t.q.cube), NULL,
		"every combination of the key columns, rolled up or not"},
	{"rollup", 0, OPT_FLAG, offsetof(struct agg, t.q.rollup), NULL,
		"the key columns rolled up one by one, from the last"},
	{"grouping-sets", 0, OPT_STRING, offsetof(struct agg, t.q.sets.text),
		"FIELD,...;...",
		"these combinations of the key columns: 'a,b;a;' is (a,b), "
		"(a), ()"},
	{"grouping-id", 0, OPT_FLAG, offsetof(struct agg, t.q.grouping_id),
		NULL,
		"add the field grouping_id: a bit for each rolled-up column",
		.free = true},
	{"no-window", 0, OPT_FLAG, offsetof(struct agg, no_window), NULL,
		"do not group by the window fields of the records"},
	{"mode", 'm', OPT_ENUM, offsetof(struct agg, t.m.asked),
		"append|update|complete", "what is written after each batch",
		.free = true},
	OPT_END};

static void
agg_defaults(void *self)
{
	((struct agg *)self)->t.m.asked = -1;
}

static int
agg_open(struct stage *st)
{
	struct agg *a = STAGE(st, agg);

	st->late_what = "group";
	a->t.late_groups = state_new(stage_max_state(st));
	frame_init(&a->t.frame);
	if (a->t.q.cube + a->t.q.rollup + (a->t.q.sets.text != NULL) > 1)
		return err_as(st->err, STATUS_USAGE,
			"--cube, --rollup and --grouping-sets: one of them");
	if (a->t.q.grouping_id && !a->t.q.cube && !a->t.q.rollup &&
		a->t.q.sets.text == NULL)
		return err_as(st->err, STATUS_USAGE,
			"--grouping-id needs --cube, --rollup or "
			"--grouping-sets");
	if (st->noperands == 0)
		return err_as(st->err, STATUS_USAGE,
			"no aggregate is given: say count, or FUNC:FIELD such "
			"as sum:price");
	if (sets_read(&a->t.q.sets, &a->by, st->err) < 0 ||
		query_init(&a->t.q, &a->by, st->err) < 0)
		return -1;
	for (size_t i = 0; i < st->noperands; i++)
		if (accums_parse(&a->t.q.acc, st->operands[i], st->err) < 0)
			return -1;
	query_watch(&a->t.q, st);
	st->windows = !a->no_window && !query_tells_windows(&a->t.q);
	return query_check_names(&a->t.q, st->err);
}

/* ---- the plan ---- */

static int
check_fields(struct stage *st, const struct plan *p)
{
	struct agg *a = STAGE(st, agg);

	if (query_bind(&a->t.q, p, st->err) < 0 ||
		accums_plan(&a->t.q.acc, p, st->err) < 0)
		return -1;
	query_watch(&a->t.q, st);
	return query_check_names(&a->t.q, st->err);
}

/* What the plan says of windows; nothing where it does not know the fields, but
 * the first record will. */
static int
plan_windows(struct stage *st, const struct plan *p)
{
	struct agg *a = STAGE(st, agg);
	bool own = p->fields != NULL &&
		schema_find(p->fields, "window", 6) >= 0;
	bool windows = !a->no_window &&
		(p->fields != NULL ? frame_is_known(p->fields)
				   : p->window_us != 0 || p->session_us != 0);

	a->t.q.session = windows && p->session_us != 0;
	if ((a->no_window || p->fields != NULL || windows) &&
		taker_decide(st, windows, own) < 0)
		return -1;
	if (check_fields(st, p) < 0)
		return -1;
	if (windows && p->aggregated)
		taker_tell_windows(st);
	a->t.q.acc.sequenced = a->t.q.session;
	if (a->t.q.session)
		accums_reserve(&a->t.q.acc, sizeof(struct session));
	if (a->t.q.session && a->t.q.g.sets)
		return err_as(st->err, STATUS_USAGE,
			"sessions have no --cube, --rollup or --grouping-sets");
	return 0;
}

static int
agg_plan(struct stage *st, struct plan *p)
{
	struct agg *a = STAGE(st, agg);

	if (plan_windows(st, p) < 0)
		return -1;
	if (a->t.q.acc.nstars == 0)
		st->looks = LOOKS_ONLY;
	aggmode_times(&a->t.m, &a->t.q, p);
	a->t.late = WATERMARK_NONE;
	a->t.m.mode = MODE_COMPLETE;
	if (p->stream == 0) {
		if (p->explain)
			aggmode_out(&a->t.m, &a->t.q, p);
		return 0;
	}
	if (aggmode_plan(&a->t.m, &a->t.q, p, st->err) < 0)
		return -1;
	aggmode_out(&a->t.m, &a->t.q, p);
	return modes_check(p, a->t.m.mode, st->err);
}

/* ---- what is kept beside the groups ---- */

static int
agg_restore(struct stage *st)
{
	struct agg *a = STAGE(st, agg);
	aggmode_restore_begun(&a->t.m, st->state);
	for (state_ref r = state_first(st->state); r != STATE_NONE;
		r = state_next(st->state, r))
		a->t.nsessions += groups_kind(st->state, r) == GROUP_SESSION;
	a->closed = query_restore_slices(&a->t.q, st);
	if (query_check_form(&a->t.q, st) < 0)
		return -1;
	/* The state knows, where the plan does not. */
	if (a->t.q.decided && a->t.way == WAY_UNKNOWN)
		taker_choose(st);
	return 0;
}

/* ---- batches ---- */

static int
agg_begin(struct stage *st, struct batch *b)
{
	struct agg *a = STAGE(st, agg);

	a->t.seq = (uint64_t)b->number << ACCUMS_SEQ_BITS;
	state_clear(a->t.late_groups);
	recent_clear(&a->t.recent);
	gather_forget(&a->t.gather);
	if (st->clone)
		state_clear(st->state);
	a->t.late = WATERMARK_NONE;
	if (a->t.m.lag && a->t.m.windows_timed)
		a->t.late = a->t.m.begun;
	else if ((a->t.m.mode != MODE_COMPLETE || a->t.q.session) &&
		(aggmode_timed(&a->t.m)))
		a->t.late = b->watermark;
	return 0;
}

static int
emit_all(struct stage *st)
{
	struct agg *a = STAGE(st, agg);

	if (!a->t.q.decided && taker_decide(st, false, false) < 0)
		return -1;
	if (query_make_one(&a->t.q, st) < 0)
		return -1;
	return query_emit_all(&a->t.q, st);
}

static int
emit_changed(struct stage *st)
{
	struct agg *a = STAGE(st, agg);
	size_t n;
	const state_ref *changed = state_changed(st->state, &n);

	for (size_t i = 0; i < n; i++)
		query_add(&a->t.q, st, changed[i],
			a->t.m.windows_timed ? a->t.late : INT64_MIN,
			INT64_MAX);
	return query_emit(&a->t.q, st);
}

/* Free what the watermark has passed; in append mode it is written first. */
static int
close_groups(struct stage *st, int64_t watermark)
{
	struct agg *a = STAGE(st, agg);
	state_ref r, *closed = NULL;
	size_t n = 0, cap = 0, i;
	int ret = 0;

	rows_clear(&a->t.q.rows);
	while ((r = state_due(st->state, watermark)) != STATE_NONE) {
		if (n == cap) {
			cap = cap * 2 + 64;
			closed = mem_realloc(closed, cap * sizeof *closed);
		}
		closed[n++] = r;
		if (a->t.m.mode == MODE_APPEND)
			query_add(&a->t.q, st, r, a->t.late, watermark);
	}
	if (a->t.m.mode == MODE_APPEND)
		ret = query_emit(&a->t.q, st);
	for (i = 0; i < n && ret == 0; i++) {
		a->t.nsessions -= groups_kind(st->state, closed[i]) ==
			GROUP_SESSION;
		query_forget(&a->t.q, st, closed[i], watermark);
	}
	free(closed);
	return ret;
}

static int
agg_batch(struct stage *st, struct batch *b)
{
	struct agg *a = STAGE(st, agg);
	int ret = 0;

	recent_flush(&a->t.recent);
	gather_flush(&a->t.gather, &a->t.q, st);
	rows_clear(&a->t.q.rows);
	if (b->whole || (a->t.m.mode == MODE_COMPLETE && !b->empty))
		ret = emit_all(st);
	else if (a->t.m.mode == MODE_UPDATE)
		ret = emit_changed(st);
	if (ret == 0 && !b->whole && aggmode_closes(&a->t.m) &&
		b->watermark != WATERMARK_NONE)
		ret = close_groups(st, b->watermark);
	a->closed = b->watermark;
	if (ret == 0)
		ret = query_save_form(&a->t.q, st);
	if (ret == 0 && a->t.m.lag && !b->empty)
		ret = aggmode_save_begun(&a->t.m, st);
	return ret;
}

/* ---- on threads ---- */

static const char *
agg_why_not(const struct stage *st)
{
	const struct agg *a = STAGE(st, agg);

	if (a->t.q.session)
		return "sessions are put together in the order of the records";
	if (a->t.q.acc.nstars > 0)
		return "which fields are meant by * is not known";
	if (stage_max_state(st) > 0)
		return "the state is bounded by --max-state";
	return runs_why_not(&a->t.q.acc);
}

/* What clones are told. */
struct agg_known {
	int64_t late;
	bool decided, windowed, met;
	size_t nkeys; /* with those of the window */
};

static void
agg_tell(const struct stage *st, struct buf *out)
{
	const struct agg *a = STAGE(st, agg);
	struct agg_known known;

	/* Its gaps are compared, and sent, as well. */
	memset(&known, 0, sizeof(known));
	known.late = a->t.late;
	known.decided = a->t.q.decided;
	known.windowed = a->t.q.g.windowed;
	known.met = a->t.q.met;
	known.nkeys = a->t.q.nkeys;
	buf_add(out, &known, sizeof(known));
}

static int
agg_learn(struct stage *clone, const char *p, size_t n)
{
	struct agg_known known;
	struct agg *c = STAGE(clone, agg);

	if (n != sizeof(known))
		return err_set(clone->err, "what is lent is damaged");
	memcpy(&known, p, sizeof(known));
	gather_init(&c->t.gather, &c->t.q);
	gather_forget(&c->t.gather);
	recent_clear(&c->t.recent);
	buf_clear(&c->t.gather.counts);
	state_clear(clone->state);
	c->t.late = known.late;
	c->t.seq = 0;
	if (known.decided && !c->t.q.decided &&
		taker_decide(
			clone, known.windowed, c->t.q.nkeys == known.nkeys) < 0)
		return -1;
	c->t.q.met = known.met;
	return 0;
}

/* A record has shown what the plan could not say. */
static bool
agg_look(struct stage *st, bool rest)
{
	struct agg *a = STAGE(st, agg);

	if (rest)
		a->known = true;
	return !a->known && a->t.q.met && a->t.way != WAY_UNKNOWN;
}

static void
agg_give(struct stage *clone, struct buf *out)
{
	struct agg *a = STAGE(clone, agg);

	if (a->t.way != WAY_UNKNOWN && clone->in.checkpoint != NULL)
		recent_clear(&a->t.recent);
	else if (a->t.way == WAY_COUNT)
		gather_recent(&a->t.gather, &a->t.recent);
	gather_give(&a->t.gather, &a->t.q, clone, out, &a->t.seq);
	if (a->t.gather.forgotten)
		recent_clear(&a->t.recent);
}

static int
agg_gather(struct stage *st, int by, const char *p, size_t n)
{
	struct agg *a = STAGE(st, agg);

	gather_init(&a->t.gather, &a->t.q);
	return gather_take(&a->t.gather, &a->t.q, st, by, p, n, &a->t.seq);
}

static const struct spread agg_spread = {.why_not = agg_why_not,
	.tell = agg_tell,
	.learn = agg_learn,
	.look = agg_look,
	.give = agg_give,
	.take = agg_gather,
	.ends = true};

/* ---- for bief state ---- */

/* In complete mode groups are never due; in the others they are there until
 * they are. */
static void
agg_form(struct stage *st, const struct plan *in, int n, struct buf *out)
{
	if (STAGE(st, agg)->t.m.mode == MODE_COMPLETE)
		buf_str(out, " --mode complete\n");
}

static void
agg_explain(struct stage *st, struct buf *out)
{
	struct agg *a = STAGE(st, agg);

	buf_printf(out, "%s, %s", query_explain(&a->t.q),
		st->in.stream == 0 ? "until the input ends"
			: a->t.m.mode == MODE_COMPLETE
			? "for ever: complete mode writes all of them"
			: aggmode_timed(&a->t.m)
			? "until the watermark passes it"
			: "for ever: no watermark belongs to what is grouped "
			  "by");
}

static int
agg_show(struct stage *st, state_ref r, struct buf *out)
{
	struct agg *a = STAGE(st, agg);
	char kind = groups_kind(st->state, r);

	if (kind == GROUP_SESSIONS)
		return 1;
	if (kind != GROUP_META)
		return query_entry_show(&a->t.q, st, r, out);
	return aggmode_show_begun(st, r, out);
}

static int
agg_take(struct stage *st, const struct value *object, state_ref *made)
{
	struct agg *a = STAGE(st, agg);

	if (object == NULL)
		return query_save_form(&a->t.q, st);
	if (a->t.m.lag && entry_of(object, "watermark"))
		return aggmode_take_begun(st, object, made);
	return query_entry_take(&a->t.q, st, object, made);
}

/* The windows of slices that have been written are closed. */
static int64_t
slices_after(const struct agg *a)
{
	return aggmode_closes(&a->t.m) && a->t.m.windows_timed ? a->closed
							       : INT64_MIN;
}

static int
agg_whole(struct stage *st)
{
	struct agg *a = STAGE(st, agg);

	return query_whole(&a->t.q, st, slices_after(a));
}

/* Groups, sessions, or windows with a record: what Spark calls rows. */
static int64_t
agg_rows(struct stage *st, bool glance)
{
	struct agg *a = STAGE(st, agg);

	if (a->t.q.session)
		return (int64_t)a->t.nsessions;
	if (!a->t.q.sliced || glance)
		return (int64_t)state_count(st->state) -
			query_has_form(&a->t.q, st);
	rows_clear(&a->t.q.rows);
	query_add_all(&a->t.q, st, slices_after(a));
	rows_sort(&a->t.q.rows, &a->t.q.g);
	return (int64_t)a->t.q.rows.n;
}

static void
agg_close(struct stage *st)
{
	struct agg *a = STAGE(st, agg);

	query_release(&a->t.q);
	state_free(a->t.late_groups);
	recent_release(&a->t.recent);
	buf_release(&a->t.keys);
	gather_release(&a->t.gather);
	frame_release(&a->t.frame);
}

static const struct keeper agg_keeper = {
	.restore = agg_restore,
	.form = agg_form,
	.explain = agg_explain,
	.show = agg_show,
	.take = agg_take,
	.whole = agg_whole,
	.rows = agg_rows,
};

const struct op op_agg = {
	.name = "agg",
	.about = "group records and aggregate their fields",
	.synopsis = "[--by FIELD,...] [NAME=]FUNC[:FIELD,...]...",
	.opts = agg_opts,
	.help = accum_help,
	.size = sizeof(struct agg),
	.flags = OP_OPERANDS | OP_WORDS | OP_HOLDS,
	.defaults = agg_defaults,
	.open = agg_open,
	.plan = agg_plan,
	.begin = agg_begin,
	.record = taker_record,
	.records = taker_records,
	.batch = agg_batch,
	.keeper = &agg_keeper,
	.spread = &agg_spread,
	.close = agg_close,
};
