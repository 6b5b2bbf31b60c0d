/*
 * taker: see taker.h.
 *
 * A record has four ways into its group (enum taker_way), and windows two more:
 * they share what is looked at for every record, so they stand in one file,
 * where the compiler sees all of them.
 */
#include "agg/taker.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "floor/buf.h"
#include "recovery/state/state.h"
#include "runtime/stage.h"
#include "window/span.h"
#include "agg/accum/accum_rows.h"
#include "agg/asked.h"
#include "agg/session.h"

/* Whoever looks may not have thought of the windows of a result. */
void
taker_tell_windows(struct stage *st)
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
		gather_count(&STAGE(st, taker)->gather, ref, n);
	else
		accums_count(&STAGE(st, taker)->q.acc,
			state_change(st->state, ref), n);
}

void
taker_choose(struct stage *st)
{
	struct taker *a = STAGE(st, taker);

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
int
taker_decide(struct stage *st, bool windowed, bool own)
{
	struct taker *a = STAGE(st, taker);

	if (windowed && !own)
		query_drop_window(&a->q);
	query_watch(&a->q, st);
	if (query_decide(&a->q, windowed, st->err) < 0)
		return -1;
	taker_choose(st);
	return 0;
}

/* Fields of FUNC:* have shown up: all that points to the old ones is to go. */
static int
widen_groups(struct stage *st, struct blob_form *before)
{
	struct taker *a = STAGE(st, taker);

	query_widen(&a->q, st, before);
	free(before->vars);
	query_watch(&a->q, st);
	recent_clear(&a->recent);
	return query_check_names(&a->q, st->err);
}

/* Count the record that was read in a group. */
static inline void
count_in(struct stage *st, struct blob *b)
{
	struct taker *a = STAGE(st, taker);

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
	struct taker *a = STAGE(st, taker);
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

/* A group that was made for this record is due some time. */
static inline void
set_due(struct stage *st, const struct record *r, uint16_t mask,
	const struct span *w, state_ref ref)
{
	struct taker *a = STAGE(st, taker);
	int64_t us;

	if (aggmode_closes(&a->m) &&
		aggmode_time(&a->m, &a->q, r, mask, w, &us))
		state_set_due(st->state, ref, us);
}

/* The group of a->q.key, made for this record if need be. */
static state_ref
make_group(struct stage *st, const struct record *r, uint16_t mask,
	const struct span *w)
{
	struct taker *a = STAGE(st, taker);
	state_ref ref;
	bool made;

	ref = state_make(st->state, a->q.key.p, a->q.key.n, a->q.acc.form.fixed,
		&made, st->err);
	if (ref != STATE_NONE && made)
		set_due(st, r, mask, w, ref);
	return ref;
}

/* Count the record in its group of one window and one grouping set. */
static int
take_group(struct stage *st, struct record *r, uint16_t mask,
	const struct span *window, state_ref *ref)
{
	struct taker *a = STAGE(st, taker);
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
	struct taker *a = STAGE(st, taker);
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
	struct taker *a = STAGE(st, taker);
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

/* The group of the slice w, made for this record if need be. */
static state_ref
make_slice(struct stage *st, const struct record *r, const struct span *w)
{
	struct taker *a = STAGE(st, taker);
	const struct window_set *set = r->windows;
	int64_t end = span_oldest(set, w->start) + set->size;
	state_ref ref;
	bool made;

	query_key(&a->q, r, GROUP_SLICE, 0, w);
	ref = state_make(st->state, a->q.key.p, a->q.key.n, a->q.acc.form.fixed,
		&made, st->err);
	if (ref == STATE_NONE || !made || !aggmode_closes(&a->m) ||
		!a->m.windows_timed)
		return ref;
	/* Due with the first window that is still open. */
	while (a->late != WATERMARK_NONE && end <= a->late)
		end += set->slide;
	state_set_due(st->state, ref, end);
	return ref;
}

/* A record of several windows goes into the slice w, which is in all of them.
 * No *ref when some are late: the next record must be told so again. */
static int
take_slice(struct stage *st, struct record *r, const struct span *w,
	state_ref *ref)
{
	struct taker *a = STAGE(st, taker);
	const struct window_set *set = r->windows;
	struct blob b;
	int late = 0;

	if (a->late != WATERMARK_NONE)
		late = take_late_windows(st, r, span_newest(set, set->time));
	if (late != 0)
		return late < 0 ? -1 : 0;
	b.ref = make_slice(st, r, w);
	if (b.ref == STATE_NONE)
		return -1;
	if (a->late == WATERMARK_NONE ||
		span_oldest(set, w->start) + set->size > a->late)
		*ref = b.ref;
	blob_state(&b, st->state, b.ref);
	count_in(st, &b);
	return 0;
}

/* Count the record in a group that was found; group is its word in
 * a->recent. */
static inline void
take_again(struct stage *st, uint64_t *group)
{
	struct taker *a = STAGE(st, taker);
	state_ref ref = (state_ref)*group;
	struct blob b;

	if (a->way == WAY_COUNT) {
		if (!recent_count(&a->recent, group, 1))
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
	struct taker *a = STAGE(st, taker);
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
is_single(const struct taker *a)
{
	return a->way == WAY_COUNT || a->way == WAY_GROUP;
}

/* A record of several windows at once. */
static int
take_windows(struct stage *st, struct record *r)
{
	struct taker *a = STAGE(st, taker);
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
	struct taker *a = STAGE(st, taker);

	/* In a result they stand first. */
	if (!a->q.decided && frame_is_first(&a->frame, r))
		taker_tell_windows(st);
	if (!a->q.decided &&
		taker_decide(st, frame_is_in(&a->frame, r),
			shape_find(r->shape, "window", 6) >= 0) < 0)
		return -1;
	return query_meet(&a->q, r, st->err);
}

/* Look at the fields that are aggregated: 1: the record was refused. */
static inline int
read_inputs(struct stage *st, const struct record *r)
{
	struct taker *a = STAGE(st, taker);
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
	struct taker *a = STAGE(st, taker);
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

int
taker_record(struct stage *st, struct record *r)
{
	struct taker *a = STAGE(st, taker);
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

#define DIRECT 64 /* times that recent is not looked into when it was in vain */

/* The word of the group of the i-th run in a->recent; NULL: it is not there,
 * *row is where it could be. */
static inline uint64_t *
find_asked(struct recent *t, const struct asked *ask, size_t i, uint64_t **row)
{
	const uint64_t *key = ask->key[i];
	bool hit = false;

	*row = ask->row[i];
	if (*row == NULL)
		return NULL;
	if (ask->rows != t->rows)
		*row = recent_find(t, key, &hit);
	else if (t->words == 2)
		*row = recent_pick_of(key, *row, t->pair, 2, &hit);
	else if (t->words == 4)
		*row = recent_pick_of(key, *row, t->pair, 4, &hit);
	else
		*row = recent_pick_of(key, *row, t->pair, t->words, &hit);
	return hit ? recent_group(t, *row) : NULL;
}

/* Count runs from the i-th one on, up to the first whose group is not there;
 * returns which that is.  *again: runs of the group before them. */
static inline __attribute__((always_inline)) size_t
count_known(struct recent *t, const struct asked *ask, size_t i, uint32_t words,
	size_t *again)
{
	const uint32_t pair = t->pair;
	uint64_t *last = NULL;
	bool hit;

	for (; i < ask->n && ask->row[i] != NULL; i++) {
		uint64_t *row = recent_pick_of(
			ask->key[i], ask->row[i], pair, words, &hit);

		if (!hit ||
			!recent_count(t, row + words,
				ask->first[i + 1] - ask->first[i]))
			break;
		*again += row == last;
		last = row;
	}
	return i;
}

static size_t
pass_known(struct recent *t, const struct asked *ask, size_t i, size_t *again)
{
	if (ask->rows != t->rows)
		return i;
	switch (t->words) {
	case 2:
		return count_known(t, ask, i, 2, again);
	case 4:
		return count_known(t, ask, i, 4, again);
	default:
		return count_known(t, ask, i, t->words, again);
	}
}

/* Find the group of the i-th run, of which r, which is in time, is one: as
 * take_one() does.  *group is its word in a->recent; NULL: it was not there. */
static inline state_ref
find_group(struct stage *st, struct record *r, const struct asked *ask,
	size_t i, uint64_t **group)
{
	struct taker *a = STAGE(st, taker);
	struct span w = {a->q.g.windowed, 0, 0};
	uint64_t *row;
	state_ref ref;

	*group = find_asked(&a->recent, ask, i, &row);
	if (*group != NULL)
		return (state_ref)(**group);
	if (r->windows != NULL) {
		w.start = span_slice(r->windows, r->windows->time);
		ref = make_slice(st, r, &w);
	} else {
		if (w.there)
			frame_times(&a->frame, r, &w.start, &w.end);
		query_key(&a->q, r, GROUP_PLAIN, 0, &w);
		ref = make_group(st, r, 0, &w);
	}
	if (row != NULL && ref != STATE_NONE)
		recent_put(&a->recent, row, ask->key[i], ref);
	return ref;
}

/*
 * The groups of all runs, in refs, by way of recent.  What is only counted is so
 * at once, where nobody asks for refs (NULL): words in recent move.
 */
static int
find_recent(struct stage *st, struct record r, size_t stride, struct asked *ask,
	state_ref *refs)
{
	struct taker *a = STAGE(st, taker);
	struct value *v = r.v;
	size_t missed = 0, again = 0;
	state_ref ref, last = STATE_NONE;
	uint64_t *group;

	for (size_t i = 0; i < ask->n; i++) {
		uint32_t n;

		if (refs == NULL)
			i = pass_known(&a->recent, ask, i, &again);
		if (i == ask->n)
			break;
		n = ask->first[i + 1] - ask->first[i];
		r.v = v + ask->first[i] * stride;
		ref = find_group(st, &r, ask, i, &group);
		if (ref == STATE_NONE)
			return -1;
		missed += group == NULL;
		again += ref == last;
		last = ref;
		if (refs != NULL)
			refs[i] = ref;
		else if (group == NULL || !recent_count(&a->recent, group, n))
			count_more(st, ref, n);
	}
	if (missed > ask->n - ask->n / 4)
		a->direct = DIRECT;
	if (again > ask->n / 2)
		a->runs = true;
	return 0;
}

/* The same without it, for records of no more than one window: asked of the
 * state by their keys, all of which are made before the first is looked for. */
static int
find_direct(struct stage *st, struct record r, size_t stride,
	const struct asked *ask, state_ref *refs)
{
	struct taker *a = STAGE(st, taker);
	struct value *v = r.v;
	struct span w[ASKED];
	uint32_t hash[ASKED];
	size_t end[ASKED + 1] = {0}, i;
	size_t again = 0;
	bool made;

	buf_clear(&a->keys);
	for (i = 0; i < ask->n; i++) {
		r.v = v + ask->first[i] * stride;
		w[i] = (struct span){a->q.g.windowed, 0, 0};
		if (w[i].there)
			frame_times(&a->frame, &r, &w[i].start, &w[i].end);
		query_key(&a->q, &r, GROUP_PLAIN, 0, &w[i]);
		buf_add(&a->keys, a->q.key.p, a->q.key.n);
		end[i + 1] = a->keys.n;
		hash[i] = state_expect(st->state, a->q.key.p, a->q.key.n);
	}
	for (i = 0; i < ask->n; i++)
		state_expect_entry(st->state, hash[i]);
	for (i = 0; i < ask->n; i++) {
		refs[i] = state_make_hashed(st->state, hash[i],
			a->keys.p + end[i], end[i + 1] - end[i],
			a->q.acc.form.fixed, &made, st->err);
		if (refs[i] == STATE_NONE)
			return -1;
		r.v = v + ask->first[i] * stride;
		if (made)
			set_due(st, &r, 0, &w[i], refs[i]);
		again += i > 0 && refs[i] == refs[i - 1];
	}
	if (again > ask->n / 2)
		a->runs = true;
	return 0;
}

/* Where there is nothing to do but to count; n records, ASKED at most. */
static int
count_some(struct stage *st, const struct record *r, size_t stride, size_t n)
{
	struct taker *a = STAGE(st, taker);
	state_ref refs[ASKED];
	struct asked ask;

	asked_groups(a, *r, stride, n, &ask);
	if (!asked_direct(a, r))
		return find_recent(st, *r, stride, &ask, NULL);
	a->direct--;
	if (find_direct(st, *r, stride, &ask, refs) < 0)
		return -1;
	for (size_t i = 0; i < ask.n; i++)
		count_more(st, refs[i], ask.first[i + 1] - ask.first[i]);
	return 0;
}

static int
count_rows(struct stage *st, const struct record *like,
	const struct accum_rows *rows)
{
	struct record r = *like;
	size_t n;

	for (size_t i = 0; i < rows->n; i += n, r.v += n * rows->stride) {
		n = rows->n - i < ASKED ? rows->n - i : ASKED;
		if (count_some(st, &r, rows->stride, n) < 0)
			return -1;
	}
	return 0;
}

/* The groups of n records, ASKED at most. */
static int
find_some(struct stage *st, const struct record *r, size_t stride, size_t n,
	state_ref *refs)
{
	struct taker *a = STAGE(st, taker);
	state_ref runs[ASKED];
	struct asked ask;
	int ret;

	asked_groups(a, *r, stride, n, &ask);
	if (!asked_direct(a, r)) {
		ret = find_recent(st, *r, stride, &ask, runs);
	} else {
		a->direct--;
		ret = find_direct(st, *r, stride, &ask, runs);
	}
	for (size_t i = 0; i < ask.n && ret == 0; i++)
		for (uint32_t k = ask.first[i]; k < ask.first[i + 1]; k++)
			refs[k] = runs[i];
	return ret;
}

/* All of them find their groups, then each function goes through all. */
static int
add_rows(struct stage *st, const struct record *like,
	const struct accum_rows *rows)
{
	struct taker *a = STAGE(st, taker);
	char *blobs[ACCUM_ROWS_MOST];
	state_ref refs[ACCUM_ROWS_MOST];
	struct record r = *like;
	size_t n;

	for (size_t i = 0; i < rows->n; i += n, r.v += n * rows->stride) {
		n = rows->n - i < ASKED ? rows->n - i : ASKED;
		if (find_some(st, &r, rows->stride, n, refs + i) < 0)
			return -1;
	}
	for (size_t i = 0; i < rows->n; i++)
		blobs[i] = state_change(st->state, refs[i]);
	if (st->clone)
		runs_add_rows(&a->gather.runs, &a->q.acc, rows, blobs, refs,
			&a->gather.log);
	else
		accum_rows_add(&a->q.acc, rows, blobs);
	return 0;
}

/* How many of them, from the first one on, have a window made by window. */
static size_t
have_times(struct taker *a, struct record r, const struct accum_rows *rows)
{
	int64_t start, end;
	size_t n = 0;

	while (n < rows->n && frame_times(&a->frame, &r, &start, &end)) {
		r.v += rows->stride;
		n++;
	}
	return n;
}

/* How many of them, from the first one on, may be taken at once. */
static size_t
takes_rows(struct stage *st, const struct record *like, struct accum_rows rows)
{
	struct taker *a = STAGE(st, taker);

	if (!a->q.met || !is_single(a) || a->late != WATERMARK_NONE ||
		(like->windows != NULL &&
			(!a->q.g.windowed || !a->q.acc.mergeable)))
		return 0;
	if (a->q.g.windowed && like->windows == NULL)
		rows.n = have_times(a, *like, &rows);
	return rows.n > 0 ? accum_rows_plain(&a->q.acc, like, &rows) : 0;
}

/* The same as take_windows() for so many records in the same windows. */
static void
note_windows(struct stage *st, const struct record *like, size_t n)
{
	struct taker *a = STAGE(st, taker);
	const struct window_set *set = like->windows;
	int64_t more;

	if (set == NULL)
		return;
	more = (span_newest(set, set->time) - span_oldest(set, set->time)) /
		set->slide;
	st->records_in += n * (uint64_t)more;
	a->q.slices = *set;
	a->q.sliced = true;
}

int
taker_records(
	struct stage *st, const struct record *like, size_t stride, size_t n)
{
	struct taker *a = STAGE(st, taker);
	struct record r = *like;

	while (n > 0) {
		struct accum_rows rows = {
			r.v, stride, n < ACCUM_ROWS_MOST ? n : ACCUM_ROWS_MOST};
		struct record one = r;

		rows.n = takes_rows(st, &r, rows);
		if (rows.n > 0) {
			note_windows(st, &r, rows.n);
			if ((a->way == WAY_COUNT ? count_rows : add_rows)(
				    st, &r, &rows) < 0)
				return -1;
			st->records_in += rows.n;
			a->seq += rows.n;
		} else {
			rows.n = 1;
			one.number = ++st->records_in;
			if (taker_record(st, &one) < 0)
				return -1;
		}
		r.v += rows.n * stride;
		n -= rows.n;
	}
	return 0;
}
