/*
 * agg: group records and aggregate their fields.
 *
 * Time: the window fields of the records, or the event time where it is a key.
 * Watermark: passes it on; a group whose time it has passed is closed.
 * State: an entry per group, until the watermark passes it (append, update).
 * Restart: the groups come back as they were after the last committed batch.
 *
 * It is long because a record has four ways into its group (enum way), and
 * windows two more: they share what is looked at for every record, so they
 * stand in one file, where the compiler sees all of them.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "recovery/state/state.h"
#include "runtime/entry.h"
#include "runtime/plan/modes.h"
#include "runtime/stage.h"
#include "window/frame.h"
#include "window/span.h"
#include "agg/accum/accum.h"
#include "agg/accum/accum_rows.h"
#include "agg/aggmode.h"
#include "agg/gather.h"
#include "agg/query.h"
#include "agg/recent.h"
#include "agg/session.h"

/* Where a record is counted.  choose_way() says so, once for the whole run, as
 * soon as it is known whether records carry windows. */
enum way {
	WAY_UNKNOWN, /* the first record will show */
	WAY_COUNT,   /* in one group, or slice, where there is nothing to do but
	              * to count: that stands in recent until the batch ends */
	WAY_GROUP,   /* in one group, or slice; recent knows where it is */
	WAY_SETS,    /* in a group of each grouping set */
	WAY_SESSION  /* in a session of its key */
};

struct agg {
	/* options */
	struct list by;
	bool no_window;
	struct aggmode m; /* and what the plan makes of it */

	/* the query */
	struct query q;
	enum way way;

	/* batches */
	int64_t late;   /* what is not later than this is late */
	int64_t closed; /* watermark at the end of the last batch */
	uint64_t seq;   /* of records */
	size_t nsessions;
	struct state *late_groups; /* of this batch */
	struct recent recent;
	struct frame frame;
	struct gather gather;
	bool known; /* to its clones: what a first record decides */
};

static const struct opt agg_opts[] = {
	{"by", 'b', OPT_LIST, offsetof(struct agg, by), "FIELD,...",
		"the fields to group by"},
	{"cube", 0, OPT_FLAG, offsetof(struct agg, q.cube), NULL,
		"every combination of the key columns, rolled up or not"},
	{"rollup", 0, OPT_FLAG, offsetof(struct agg, q.rollup), NULL,
		"the key columns rolled up one by one, from the last"},
	{"grouping-sets", 0, OPT_STRING, offsetof(struct agg, q.sets.text),
		"FIELD,...;...",
		"these combinations of the key columns: 'a,b;a;' is (a,b), "
		"(a), ()"},
	{"grouping-id", 0, OPT_FLAG, offsetof(struct agg, q.grouping_id), NULL,
		"add the field grouping_id: a bit for each rolled-up column",
		.free = true},
	{"no-window", 0, OPT_FLAG, offsetof(struct agg, no_window), NULL,
		"do not group by the window fields of the records"},
	{"mode", 'm', OPT_ENUM, offsetof(struct agg, m.asked),
		"append|update|complete", "what is written after each batch",
		.free = true},
	OPT_END};

static void
agg_defaults(void *self)
{
	((struct agg *)self)->m.asked = -1;
}

static int
agg_open(struct stage *st)
{
	struct agg *a = STAGE(st, agg);

	st->late_what = "group";
	a->late_groups = state_new(stage_max_state(st));
	frame_init(&a->frame);
	if (a->q.cube + a->q.rollup + (a->q.sets.text != NULL) > 1)
		return err_as(st->err, STATUS_USAGE,
			"--cube, --rollup and --grouping-sets: one of them");
	if (a->q.grouping_id && !a->q.cube && !a->q.rollup &&
		a->q.sets.text == NULL)
		return err_as(st->err, STATUS_USAGE,
			"--grouping-id needs --cube, --rollup or "
			"--grouping-sets");
	if (st->noperands == 0)
		return err_as(st->err, STATUS_USAGE,
			"no aggregate is given: say count, or FUNC:FIELD such "
			"as sum:price");
	if (sets_read(&a->q.sets, &a->by, st->err) < 0 ||
		query_init(&a->q, &a->by, st->err) < 0)
		return -1;
	for (size_t i = 0; i < st->noperands; i++)
		if (accums_parse(&a->q.acc, st->operands[i], st->err) < 0)
			return -1;
	query_watch(&a->q, st);
	return query_check_names(&a->q, st->err);
}

/* ---- the plan ---- */

static int
check_fields(struct stage *st, const struct plan *p)
{
	struct agg *a = STAGE(st, agg);

	if (query_bind(&a->q, p, st->err) < 0 ||
		accums_plan(&a->q.acc, p, st->err) < 0)
		return -1;
	query_watch(&a->q, st);
	return query_check_names(&a->q, st->err);
}

/* Whoever looks may not have thought of the windows of a result. */
static void
tell_windows(struct stage *st)
{
	if (!st->explain && isatty(STDERR_FILENO) == 1)
		stage_warn(st,
			"what comes is a result of windows, so it is "
			"grouped by them, too: --no-window does not");
}

/* What stands in a->recent goes to its group. */
static void
count_more(void *arg, state_ref ref, uint32_t n)
{
	struct stage *st = arg;

	if (st->clone)
		gather_count(&STAGE(st, agg)->gather, ref, n);
	else
		accums_count(&STAGE(st, agg)->q.acc,
			state_change(st->state, ref), n);
}

static void
choose_way(struct stage *st)
{
	struct agg *a = STAGE(st, agg);

	assert(a->q.decided);
	assert(a->way == WAY_UNKNOWN);
	a->way = a->q.session         ? WAY_SESSION
		: a->q.g.sets         ? WAY_SETS
		: a->q.acc.count_only ? WAY_COUNT
				      : WAY_GROUP;
	recent_init(&a->recent, a->q.g.windowed,
		a->q.nkeys <= RECENT_FIELDS ? a->q.nkeys : 0, count_more, st);
}

/* Now it is known whether records carry windows; own: and a field "window",
 * too. */
static int
decide(struct stage *st, bool windowed, bool own)
{
	struct agg *a = STAGE(st, agg);

	if (windowed && !own)
		query_drop_window(&a->q);
	query_watch(&a->q, st);
	if (query_decide(&a->q, windowed, st->err) < 0)
		return -1;
	choose_way(st);
	return 0;
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

	a->q.session = windows && p->session_us != 0;
	if ((a->no_window || p->fields != NULL || windows) &&
		decide(st, windows, own) < 0)
		return -1;
	if (check_fields(st, p) < 0)
		return -1;
	if (windows && p->aggregated)
		tell_windows(st);
	a->q.acc.sequenced = a->q.session;
	if (a->q.session)
		accums_reserve(&a->q.acc, sizeof(struct session));
	if (a->q.session && a->q.g.sets)
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
	if (a->q.acc.nstars == 0)
		st->looks = LOOKS_ONLY;
	aggmode_times(&a->m, &a->q, p);
	a->late = WATERMARK_NONE;
	a->m.mode = MODE_COMPLETE;
	if (p->stream == 0) {
		if (p->explain)
			aggmode_out(&a->m, &a->q, p);
		return 0;
	}
	if (aggmode_plan(&a->m, &a->q, p, st->err) < 0)
		return -1;
	aggmode_out(&a->m, &a->q, p);
	return modes_check(p, a->m.mode, st->err);
}

/* ---- what is kept beside the groups ---- */

static int
agg_restore(struct stage *st)
{
	struct agg *a = STAGE(st, agg);
	aggmode_restore_begun(&a->m, st->state);
	for (state_ref r = state_first(st->state); r != STATE_NONE;
		r = state_next(st->state, r))
		a->nsessions += groups_kind(st->state, r) == GROUP_SESSION;
	a->closed = query_restore_slices(&a->q, st);
	if (query_check_form(&a->q, st) < 0)
		return -1;
	/* The state knows, where the plan does not. */
	if (a->q.decided && a->way == WAY_UNKNOWN)
		choose_way(st);
	return 0;
}

/* Fields of FUNC:* have shown up: all that points to the old ones is to go. */
static int
widen_groups(struct stage *st, struct blob_form *before)
{
	struct agg *a = STAGE(st, agg);

	query_widen(&a->q, st, before);
	free(before->vars);
	query_watch(&a->q, st);
	recent_clear(&a->recent);
	return query_check_names(&a->q, st->err);
}

/* ---- records ---- */

static int
agg_begin(struct stage *st, struct batch *b)
{
	struct agg *a = STAGE(st, agg);

	a->seq = (uint64_t)b->number << ACCUMS_SEQ_BITS;
	state_clear(a->late_groups);
	recent_clear(&a->recent);
	gather_forget(&a->gather);
	if (st->clone)
		state_clear(st->state);
	a->late = WATERMARK_NONE;
	if (a->m.lag && a->m.windows_timed)
		a->late = a->m.begun;
	else if ((a->m.mode != MODE_COMPLETE || a->q.session) &&
		(aggmode_timed(&a->m)))
		a->late = b->watermark;
	return 0;
}

/* Count the record that was read in a group. */
static inline void
count_in(struct stage *st, struct blob *b)
{
	struct agg *a = STAGE(st, agg);

	if (st->clone && a->q.acc.count_only)
		gather_count(&a->gather, b->ref, 1);
	else if (st->clone)
		runs_add(&a->gather.runs, &a->q.acc, b, a->seq, b->ref,
			&a->gather.log);
	else
		accums_add(&a->q.acc, b, a->seq);
}

static int
drop_late(struct stage *st, struct record *r, const struct span *w)
{
	struct agg *a = STAGE(st, agg);
	struct record copy = *r;
	bool made;

	if (state_make(a->late_groups, a->q.key.p, a->q.key.n, 0, &made,
		    st->err) == STATE_NONE)
		return -1;
	st->late += made;
	if (w->there && r->windows != NULL)
		frame_put(&a->frame, &copy, w);
	stage_late(st, &copy, "late: the watermark has passed %s",
		w->there ? "its window" : "its time");
	return 0;
}

/* The group of a->q.key, made for this record if need be. */
static state_ref
make_group(struct stage *st, const struct record *r, uint16_t mask,
	const struct span *w)
{
	struct agg *a = STAGE(st, agg);
	state_ref ref;
	int64_t us;
	bool made;

	ref = state_make(st->state, a->q.key.p, a->q.key.n, a->q.acc.form.fixed,
		&made, st->err);
	if (ref != STATE_NONE && made && aggmode_closes(&a->m) &&
		aggmode_time(&a->m, &a->q, r, mask, w, &us))
		state_set_due(st->state, ref, us);
	return ref;
}

/* Count the record in its group of one window and one grouping set. */
static int
take_group(struct stage *st, struct record *r, uint16_t mask,
	const struct span *window, state_ref *ref)
{
	struct agg *a = STAGE(st, agg);
	unsigned columns = (unsigned)(a->q.nkeys + a->q.g.windowed);
	struct span w = *window;
	struct blob b;
	int64_t us;

	if (a->q.g.windowed && groups_left_out(mask, columns - 1))
		w = (struct span){false, 0, 0};
	query_key(&a->q, r, GROUP_PLAIN, mask, &w);
	if (a->late != WATERMARK_NONE &&
		aggmode_time(&a->m, &a->q, r, mask, &w, &us) && us <= a->late)
		return drop_late(st, r, &w);
	if (a->way == WAY_SESSION && w.there) {
		b.ref = session_take(st->state, &a->q.g, &a->q.acc, &a->q.key,
			&w, aggmode_closes(&a->m), &a->nsessions, st->err);
	} else {
		b.ref = make_group(st, r, mask, &w);
	}
	if (b.ref == STATE_NONE)
		return -1;
	blob_state(&b, st->state, b.ref);
	count_in(st, &b);
	*ref = b.ref;
	return 0;
}

static int
take_sets(struct stage *st, struct record *r, const struct span *w)
{
	struct agg *a = STAGE(st, agg);
	state_ref ref;

	for (size_t i = 0; i < a->q.nmasks; i++)
		if (take_group(st, r, a->q.masks[i], w, &ref) < 0)
			return -1;
	a->seq++;
	return 0;
}

/* Windows that are late already are told so; 1: all are. */
static int
take_late_windows(struct stage *st, struct record *r, int64_t newest)
{
	struct agg *a = STAGE(st, agg);
	const struct window_set *set = r->windows;
	uint64_t number = r->number;
	struct span w = {true, span_oldest(set, set->time), 0};

	for (; w.start <= newest; w.start += set->slide) {
		w.end = w.start + set->size;
		if (w.end > a->late)
			break;
		query_key(&a->q, r, GROUP_PLAIN, 0, &w);
		if (drop_late(st, r, &w) < 0)
			return -1;
		r->number++;
	}
	r->number = number;
	return w.start > newest;
}

/* A record of several windows goes into the slice w, which is in all of them.
 * No *ref when some are late: the next record must be told so again. */
static int
take_slice(struct stage *st, struct record *r, const struct span *w,
	state_ref *ref)
{
	struct agg *a = STAGE(st, agg);
	const struct window_set *set = r->windows;
	int64_t newest = span_newest(set, set->time), end;
	struct blob b;
	bool made;
	int late = 0;

	if (a->late != WATERMARK_NONE)
		late = take_late_windows(st, r, newest);
	if (late != 0)
		return late < 0 ? -1 : 0;
	query_key(&a->q, r, GROUP_SLICE, 0, w);
	b.ref = state_make(st->state, a->q.key.p, a->q.key.n,
		a->q.acc.form.fixed, &made, st->err);
	if (b.ref == STATE_NONE)
		return -1;
	end = span_oldest(set, w->start) + set->size;
	if (a->late == WATERMARK_NONE || end > a->late)
		*ref = b.ref;
	if (made && aggmode_closes(&a->m) && a->m.windows_timed) {
		/* Due with the first window that is still open. */
		while (a->late != WATERMARK_NONE && end <= a->late)
			end += set->slide;
		state_set_due(st->state, b.ref, end);
	}
	blob_state(&b, st->state, b.ref);
	count_in(st, &b);
	return 0;
}

/* Count the record in a group that was found; group is its word in
 * a->recent. */
static inline void
take_again(struct stage *st, uint64_t *group)
{
	struct agg *a = STAGE(st, agg);
	state_ref ref = (state_ref)*group;
	struct blob b;

	if (a->way == WAY_COUNT && *group >> 32 != UINT32_MAX) {
		*group += UINT64_C(1) << 32;
	} else if (a->way == WAY_COUNT) {
		count_more(st, ref, 1);
	} else {
		blob_change(&b, st->state, ref);
		count_in(st, &b);
	}
}

/* Count the record in the one group, or slice, that it belongs to: of this
 * window, if windowed.  (The times come as they are, not as a struct span:
 * copying one that has just been written stalls.) */
static int
take_one(struct stage *st, struct record *r, bool there, int64_t start,
	int64_t end)
{
	struct agg *a = STAGE(st, agg);
	uint64_t key[RECENT_WORDS], *row = NULL;
	struct span w;
	state_ref ref = STATE_NONE;
	bool hit = false;
	int ret = 0;

	if ((there || !a->q.g.windowed) &&
		query_words(&a->q, r, start, end, key))
		row = recent_find(&a->recent, key, &hit);
	if (hit) {
		take_again(st, recent_group(&a->recent, row));
	} else {
		w = (struct span){there, start, end};
		ret = r->windows != NULL ? take_slice(st, r, &w, &ref)
					 : take_group(st, r, 0, &w, &ref);
		if (row != NULL && ref != STATE_NONE)
			recent_put(&a->recent, row, key, ref);
	}
	a->seq++;
	return ret;
}

/* Is a record of a window in one group, or slice?  take_one() is for these. */
static inline bool
is_single(const struct agg *a)
{
	return a->way == WAY_COUNT || a->way == WAY_GROUP;
}

/* A record of several windows at once. */
static int
take_windows(struct stage *st, struct record *r)
{
	struct agg *a = STAGE(st, agg);
	const struct window_set *set = r->windows;
	int64_t newest = span_newest(set, set->time);
	uint64_t number = r->number;
	struct span w = {true, span_oldest(set, set->time), 0};

	/* Lines are numbered as if it came once for each window. */
	st->records_in += (uint64_t)((newest - w.start) / set->slide);
	if (a->q.acc.mergeable && is_single(a)) {
		a->q.slices = *set;
		a->q.sliced = true;
		return take_one(st, r, true, span_slice(set, set->time), 0);
	}
	for (; w.start <= newest; w.start += set->slide) {
		w.end = w.start + set->size;
		if (take_sets(st, r, &w) < 0)
			return -1;
		r->number++;
	}
	r->number = number;
	return 0;
}

/* The first record shows what the plan could not say. */
static int
meet_record(struct stage *st, const struct record *r)
{
	struct agg *a = STAGE(st, agg);

	/* In a result they stand first. */
	if (!a->q.decided && frame_is_first(&a->frame, r))
		tell_windows(st);
	if (!a->q.decided &&
		decide(st, frame_is_in(&a->frame, r),
			shape_find(r->shape, "window", 6) >= 0) < 0)
		return -1;
	return query_meet(&a->q, r, st->err);
}

/* Look at the fields that are aggregated: 1: the record was refused. */
static inline int
read_inputs(struct stage *st, const struct record *r)
{
	struct agg *a = STAGE(st, agg);
	struct blob_form before;

	if (a->q.acc.nstars > 0 && accums_meet(&a->q.acc, r, &before) &&
		widen_groups(st, &before) < 0)
		return -1;
	if (a->q.acc.count_only ||
		accums_read(&a->q.acc, r, false, st->err) == 0)
		return 0;
	if (stage_reject(st, r, "%s", st->err->text) < 0)
		return -1;
	if (!stage_kept(st))
		return 1;
	accums_read(&a->q.acc, r, true, st->err);
	return 0;
}

/* Of a clone: is it a record that only the stage itself may take? */
static bool
is_apart(struct stage *st, struct record *r)
{
	struct agg *a = STAGE(st, agg);
	struct span w = {false, 0, 0};
	int64_t us;

	if (!a->q.met)
		return true;
	if (a->late == WATERMARK_NONE)
		return false;
	if (r->windows != NULL && a->q.g.windowed)
		return span_oldest(r->windows, r->windows->time) +
			r->windows->size <=
			a->late;
	return a->way == WAY_SETS ||
		(a->q.g.windowed && frame_get(&a->frame, r, &w) < 0) ||
		(aggmode_time(&a->m, &a->q, r, 0, &w, &us) && us <= a->late);
}

static int
agg_record(struct stage *st, struct record *r)
{
	struct agg *a = STAGE(st, agg);
	struct span w = {false, 0, 0};
	int64_t start, end;
	int ret;

	if (st->clone && is_apart(st, r))
		return stage_defer(st, r);
	if (!a->q.met && meet_record(st, r) < 0)
		return -1;
	assert(a->way != WAY_UNKNOWN);
	ret = read_inputs(st, r);
	if (ret != 0)
		return ret < 0 ? -1 : 0;
	if (r->windows != NULL && a->q.g.windowed)
		return take_windows(st, r);
	if (a->q.g.windowed && is_single(a) &&
		frame_times(&a->frame, r, &start, &end))
		return take_one(st, r, true, start, end);
	if (a->q.g.windowed && frame_get(&a->frame, r, &w) < 0)
		return stage_reject(st, r,
			"window_start and window_end are no times "
			"(--no-window does not group by them)");
	return is_single(a) ? take_one(st, r, w.there, w.start, w.end)
			    : take_sets(st, r, &w);
}

/* ---- many records at once ---- */

/* Find the group of a record, which is in time and in no window: as take_one()
 * does.  *group is its word in a->recent; NULL: it was not there. */
static state_ref
find_group(struct stage *st, struct record *r, uint64_t **group)
{
	static const struct span none = {false, 0, 0};
	struct agg *a = STAGE(st, agg);
	uint64_t key[RECENT_WORDS], *row = NULL;
	state_ref ref;
	bool hit = false;

	*group = NULL;
	if (query_words(&a->q, r, 0, 0, key))
		row = recent_find(&a->recent, key, &hit);
	if (hit) {
		*group = recent_group(&a->recent, row);
		return (state_ref)(**group);
	}
	query_key(&a->q, r, GROUP_PLAIN, 0, &none);
	ref = make_group(st, r, 0, &none);
	if (row != NULL && ref != STATE_NONE)
		recent_put(&a->recent, row, key, ref);
	return ref;
}

/* Where there is nothing to do but to count. */
static int
count_rows(struct stage *st, const struct record *like,
	const struct accum_rows *rows)
{
	struct agg *a = STAGE(st, agg);
	size_t times = a->q.nkeys == 0 ? rows->n : 1;
	struct record r = *like;
	uint64_t *group;
	state_ref ref;

	for (size_t i = 0; i < rows->n; i += times, r.v += rows->stride) {
		ref = find_group(st, &r, &group);
		if (ref == STATE_NONE)
			return -1;
		if (group != NULL && *group >> 32 < UINT32_MAX - times)
			*group += (uint64_t)times << 32;
		else
			count_more(st, ref, (uint32_t)times);
	}
	return 0;
}

/* All of them find their groups, then each function goes through all. */
static int
add_rows(struct stage *st, const struct record *like,
	const struct accum_rows *rows)
{
	struct agg *a = STAGE(st, agg);
	char *blobs[ACCUM_ROWS_MOST];
	struct record r = *like;
	uint64_t *group;
	state_ref ref;

	for (size_t i = 0; i < rows->n; i++, r.v += rows->stride) {
		if (i > 0 && a->q.nkeys == 0) {
			blobs[i] = blobs[0];
			continue;
		}
		ref = find_group(st, &r, &group);
		if (ref == STATE_NONE)
			return -1;
		blobs[i] = state_change(st->state, ref);
	}
	accum_rows_add(&a->q.acc, rows, blobs);
	return 0;
}

/* How many of them, from the first one on, may be taken at once. */
static size_t
takes_rows(struct stage *st, const struct record *like,
	const struct accum_rows *rows)
{
	struct agg *a = STAGE(st, agg);

	if (!a->q.met || !is_single(a) || a->q.g.windowed || st->clone ||
		like->windows != NULL || a->late != WATERMARK_NONE)
		return 0;
	return accum_rows_plain(&a->q.acc, like, rows);
}

static int
agg_records(
	struct stage *st, const struct record *like, size_t stride, size_t n)
{
	struct agg *a = STAGE(st, agg);
	struct record r = *like;

	while (n > 0) {
		struct accum_rows rows = {
			r.v, stride, n < ACCUM_ROWS_MOST ? n : ACCUM_ROWS_MOST};
		struct record one = r;

		rows.n = takes_rows(st, &r, &rows);
		if (rows.n > 0) {
			if ((a->way == WAY_COUNT ? count_rows : add_rows)(
				    st, &r, &rows) < 0)
				return -1;
			st->records_in += rows.n;
			a->seq += rows.n;
		} else {
			rows.n = 1;
			one.number = ++st->records_in;
			if (agg_record(st, &one) < 0)
				return -1;
		}
		r.v += rows.n * stride;
		n -= rows.n;
	}
	return 0;
}

/* ---- batches ---- */

static int
emit_all(struct stage *st)
{
	struct agg *a = STAGE(st, agg);

	if (!a->q.decided && decide(st, false, false) < 0)
		return -1;
	if (query_make_one(&a->q, st) < 0)
		return -1;
	query_add_all(&a->q, st, INT64_MIN);
	return query_emit(&a->q, st);
}

static int
emit_changed(struct stage *st)
{
	struct agg *a = STAGE(st, agg);
	size_t n;
	const state_ref *changed = state_changed(st->state, &n);

	for (size_t i = 0; i < n; i++)
		query_add(&a->q, st, changed[i],
			a->m.windows_timed ? a->late : INT64_MIN, INT64_MAX);
	return query_emit(&a->q, st);
}

/* Free what the watermark has passed; in append mode it is written first. */
static int
close_groups(struct stage *st, int64_t watermark)
{
	struct agg *a = STAGE(st, agg);
	state_ref r, *closed = NULL;
	size_t n = 0, cap = 0, i;
	int ret = 0;

	rows_clear(&a->q.rows);
	while ((r = state_due(st->state, watermark)) != STATE_NONE) {
		if (n == cap) {
			cap = cap * 2 + 64;
			closed = mem_realloc(closed, cap * sizeof *closed);
		}
		closed[n++] = r;
		if (a->m.mode == MODE_APPEND)
			query_add(&a->q, st, r, a->late, watermark);
	}
	if (a->m.mode == MODE_APPEND)
		ret = query_emit(&a->q, st);
	for (i = 0; i < n && ret == 0; i++) {
		a->nsessions -= groups_kind(st->state, closed[i]) ==
			GROUP_SESSION;
		query_forget(&a->q, st, closed[i], watermark);
	}
	free(closed);
	return ret;
}

static int
agg_batch(struct stage *st, struct batch *b)
{
	struct agg *a = STAGE(st, agg);
	int ret = 0;

	recent_flush(&a->recent);
	rows_clear(&a->q.rows);
	if (b->whole || (a->m.mode == MODE_COMPLETE && !b->empty))
		ret = emit_all(st);
	else if (a->m.mode == MODE_UPDATE)
		ret = emit_changed(st);
	if (ret == 0 && !b->whole && aggmode_closes(&a->m) &&
		b->watermark != WATERMARK_NONE)
		ret = close_groups(st, b->watermark);
	a->closed = b->watermark;
	if (ret == 0)
		ret = query_save_form(&a->q, st);
	if (ret == 0 && a->m.lag && !b->empty)
		ret = aggmode_save_begun(&a->m, st);
	return ret;
}

/* ---- on threads ---- */

static const char *
agg_why_not(const struct stage *st)
{
	const struct agg *a = STAGE(st, agg);

	if (a->q.session)
		return "sessions are put together in the order of the records";
	if (a->q.acc.nstars > 0)
		return "which fields are meant by * is not known";
	if (stage_max_state(st) > 0)
		return "the state is bounded by --max-state";
	return runs_why_not(&a->q.acc);
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
	struct agg_known known = {.late = a->late,
		.decided = a->q.decided,
		.windowed = a->q.g.windowed,
		.met = a->q.met,
		.nkeys = a->q.nkeys};

	buf_add(out, &known, sizeof(known));
}

static int
agg_learn(struct stage *clone, const char *p, size_t n)
{
	const struct agg_known *known = (const struct agg_known *)p;
	struct agg *c = STAGE(clone, agg);

	gather_init(&c->gather, &c->q);
	gather_forget(&c->gather);
	recent_clear(&c->recent);
	buf_clear(&c->gather.counts);
	state_clear(clone->state);
	c->late = known->late;
	c->seq = 0;
	if (known->decided && !c->q.decided &&
		decide(clone, known->windowed, c->q.nkeys == known->nkeys) < 0)
		return -1;
	c->q.met = known->met;
	return 0;
}

/* A record has shown what the plan could not say. */
static bool
agg_look(struct stage *st, bool rest)
{
	struct agg *a = STAGE(st, agg);

	if (rest)
		a->known = true;
	return !a->known && a->q.met && a->way != WAY_UNKNOWN;
}

static void
agg_give(struct stage *clone, struct buf *out)
{
	struct agg *a = STAGE(clone, agg);

	if (a->way != WAY_UNKNOWN && clone->in.checkpoint != NULL)
		recent_clear(&a->recent);
	else if (a->way != WAY_UNKNOWN)
		recent_flush(&a->recent);
	gather_give(&a->gather, &a->q, clone, out, &a->seq);
	if (a->gather.forgotten)
		recent_clear(&a->recent);
}

static int
agg_gather(struct stage *st, int by, const char *p, size_t n)
{
	struct agg *a = STAGE(st, agg);

	gather_init(&a->gather, &a->q);
	return gather_take(&a->gather, &a->q, st, by, p, n, &a->seq);
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
	if (STAGE(st, agg)->m.mode == MODE_COMPLETE)
		buf_str(out, " --mode complete\n");
}

static void
agg_explain(struct stage *st, struct buf *out)
{
	struct agg *a = STAGE(st, agg);

	buf_printf(out, "%s, %s", query_explain(&a->q),
		st->in.stream == 0 ? "until the input ends"
			: a->m.mode == MODE_COMPLETE
			? "for ever: complete mode writes all of them"
			: aggmode_timed(&a->m)
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
		return query_entry_show(&a->q, st, r, out);
	return aggmode_show_begun(st, r, out);
}

static int
agg_take(struct stage *st, const struct value *object, state_ref *made)
{
	struct agg *a = STAGE(st, agg);

	if (object == NULL)
		return query_save_form(&a->q, st);
	if (a->m.lag && entry_of(object, "watermark"))
		return aggmode_take_begun(st, object, made);
	return query_entry_take(&a->q, st, object, made);
}

/* The windows of slices that have been written are closed. */
static int64_t
slices_after(const struct agg *a)
{
	return aggmode_closes(&a->m) && a->m.windows_timed ? a->closed
							   : INT64_MIN;
}

static int
agg_whole(struct stage *st)
{
	struct agg *a = STAGE(st, agg);

	return query_whole(&a->q, st, slices_after(a));
}

/* Groups, sessions, or windows with a record: what Spark calls rows. */
static int64_t
agg_rows(struct stage *st, bool glance)
{
	struct agg *a = STAGE(st, agg);

	if (a->q.session)
		return (int64_t)a->nsessions;
	if (!a->q.sliced || glance)
		return (int64_t)state_count(st->state) -
			query_has_form(&a->q, st);
	rows_clear(&a->q.rows);
	query_add_all(&a->q, st, slices_after(a));
	rows_sort(&a->q.rows, &a->q.g);
	return (int64_t)a->q.rows.n;
}

static void
agg_close(struct stage *st)
{
	struct agg *a = STAGE(st, agg);

	query_release(&a->q);
	state_free(a->late_groups);
	recent_release(&a->recent);
	gather_release(&a->gather);
	frame_release(&a->frame);
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
	.flags = OP_WINDOWS | OP_OPERANDS | OP_WORDS | OP_HOLDS,
	.defaults = agg_defaults,
	.open = agg_open,
	.plan = agg_plan,
	.begin = agg_begin,
	.record = agg_record,
	.records = agg_records,
	.batch = agg_batch,
	.keeper = &agg_keeper,
	.spread = &agg_spread,
	.close = agg_close,
};
