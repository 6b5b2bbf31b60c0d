/*
 * session: see session.h.
 *
 * The list of a key's sessions could be found by going through the state, which
 * has no order; so it is an entry, and must agree with the sessions' own.
 */
#include "agg/session.h"

#include <assert.h>
#include <string.h>

#include "floor/err.h"

/* An element of the entry of a key. */
struct extent {
	int64_t start, end;
};

static const struct span none = {false, 0, 0};

/* The first of n sessions that ends at or after a moment. */
static size_t
first_ending(const struct extent *x, size_t n, int64_t moment)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (x[middle].end < moment)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static state_ref
find_session(
	struct state *s, const struct groups *g, struct buf *key, int64_t start)
{
	struct span w = {true, start, 0};

	groups_turn(g, key->p, GROUP_SESSION, &w);
	return state_find(s, key->p, key->n);
}

static void
merge_session(struct state *s, const struct accums *acc, state_ref into,
	state_ref from)
{
	struct blob to, old;

	blob_state(&to, s, into);
	blob_state(&old, s, from);
	accums_merge(acc, &to, &old);
	state_delete(s, from);
}

/* Put one extent in the place of n. */
static void
replace_extents(
	struct state *s, state_ref index, size_t at, size_t n, struct extent by)
{
	size_t size, tail;
	struct extent *x = state_value(s, index, &size);

	tail = size - (at + n) * sizeof *x;
	if (n == 0) {
		x = state_resize(s, index, size + sizeof *x);
		memmove(x + at + 1, x + at, tail);
	} else if (n > 1) {
		memmove(x + at + 1, x + at + n, tail);
		x = state_resize(s, index, size - (n - 1) * sizeof *x);
	} else {
		x = state_change(s, index);
	}
	x[at] = by;
}

state_ref
session_take(struct state *s, const struct groups *g, const struct accums *acc,
	struct buf *key, const struct span *w, bool due, size_t *count,
	struct err *err)
{
	struct extent all = {w->start, w->end};
	const struct extent *x;
	struct span at = {true, 0, 0};
	state_ref index, r, old;
	size_t size, n, i, k;
	bool made;

	assert(w->there);
	/* A new one, perhaps. */
	at.start = w->start;
	groups_turn(g, key->p, GROUP_SESSION, &at);
	state_expect(s, key->p, key->n);
	groups_turn(g, key->p, GROUP_SESSIONS, &none);
	index = state_make(s, key->p, key->n, 0, &made, err);
	if (index == STATE_NONE)
		return STATE_NONE;
	x = state_value(s, index, &size);
	assert(size % sizeof *x == 0);
	n = size / sizeof *x;
	i = k = first_ending(x, n, w->start);
	for (; k < n && x[k].start <= w->end; k++) {
		if (x[k].start < all.start)
			all.start = x[k].start;
		if (x[k].end > all.end)
			all.end = x[k].end;
	}
	at.start = all.start;
	groups_turn(g, key->p, GROUP_SESSION, &at);
	r = state_make(s, key->p, key->n, acc->form.fixed, &made, err);
	if (r == STATE_NONE)
		return STATE_NONE;
	*count += made;
	for (size_t j = i; j < k; j++) {
		x = state_value(s, index, &size);
		if (x[j].start == all.start)
			continue;
		old = find_session(s, g, key, x[j].start);
		assert(old != STATE_NONE);
		merge_session(s, acc, r, old);
		--*count;
	}
	replace_extents(s, index, i, k - i, all);
	((struct session *)state_change(s, r))->end = all.end;
	if (due)
		state_set_due(s, r, all.end);
	return r;
}

int
session_enter(struct state *s, const struct groups *g, struct buf *key,
	const struct span *w, struct err *err)
{
	const struct extent *x;
	state_ref index;
	size_t size, n, i;
	bool made;

	groups_turn(g, key->p, GROUP_SESSIONS, &none);
	index = state_make(s, key->p, key->n, 0, &made, err);
	if (index == STATE_NONE)
		return -1;
	x = state_value(s, index, &size);
	n = size / sizeof *x;
	i = first_ending(x, n, w->start);
	if (i < n && x[i].start <= w->end)
		return err_as(err, STATUS_USAGE,
			"the session touches another one of its key");
	replace_extents(s, index, i, 0, (struct extent){w->start, w->end});
	return 0;
}

/* Take the sessions that have ended out of the entry of a key. */
static void
forget_ended(struct state *s, state_ref index, int64_t watermark)
{
	size_t size, n, ended;
	struct extent *x = state_value(s, index, &size);

	n = size / sizeof *x;
	for (ended = 0; ended < n && x[ended].end <= watermark;)
		ended++;
	if (ended == 0)
		return;
	if (ended == n) {
		state_delete(s, index);
		return;
	}
	memmove(x, x + ended, (n - ended) * sizeof *x);
	state_resize(s, index, (n - ended) * sizeof *x);
}

void
session_drop(
	struct state *s, const struct groups *g, state_ref r, int64_t watermark)
{
	size_t nkey;
	const char *k = state_key(s, r, &nkey);
	struct buf key;
	state_ref index;

	buf_init(&key);
	buf_add(&key, k, nkey);
	groups_turn(g, key.p, GROUP_SESSIONS, &none);
	index = state_find(s, key.p, key.n);
	buf_release(&key);
	/* With the first of a key go all of them. */
	if (index != STATE_NONE)
		forget_ended(s, index, watermark);
	state_delete(s, r);
}
