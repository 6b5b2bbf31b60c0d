/*
 * state_due: a heap of moments, the earliest first, at equal moments the smaller
 * reference: what is due comes in the same order whatever came before.  Each
 * entry knows its place in it.
 */
#include <assert.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "recovery/state/state.h"
#include "recovery/state/state_impl.h"

#define AHEAD 8  /* entries that memory is told of */
#define STEPS 16 /* that one takes through the heap, about */

static inline bool
state_due_before(const struct state_moment *a, const struct state_moment *b)
{
	return a->at < b->at || (a->at == b->at && a->ref < b->ref);
}

static void
state_due_put(struct state *s, uint32_t i, struct state_moment m)
{
	s->heap[i] = m;
	state_entry(s, m.ref)->due = i + 1;
}

/* The one below i that comes before m, the earlier of two; 0: there is none. */
static inline uint32_t
state_due_below(const struct state *s, uint32_t i, const struct state_moment *m)
{
	uint32_t c = 2 * i + 1;

	if (c >= s->nheap)
		return 0;
	if (c + 1 < s->nheap && state_due_before(&s->heap[c + 1], &s->heap[c]))
		c++;
	return state_due_before(&s->heap[c], m) ? c : 0;
}

/* Find the place of m, from i on up or down. */
static void
state_due_settle(struct state *s, uint32_t i, struct state_moment m)
{
	uint32_t c;

	while (i > 0 && state_due_before(&m, &s->heap[(i - 1) / 2])) {
		state_due_put(s, i, s->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (; (c = state_due_below(s, i, &m)) != 0; i = c)
		state_due_put(s, i, s->heap[c]);
	state_due_put(s, i, m);
}

void
state_due_set(
	struct state *s, state_ref r, struct state_entry *e, int64_t moment)
{
	assert(moment != STATE_NEVER);
	if (e->due == 0) {
		if (s->nheap == s->heap_cap) {
			s->heap_cap += s->heap_cap / 4 + 64;
			s->heap = mem_realloc(
				s->heap, s->heap_cap * sizeof *s->heap);
		}
		e->due = ++s->nheap;
	}
	state_due_settle(s, e->due - 1, (struct state_moment){moment, r});
}

void
state_due_remove(struct state *s, struct state_entry *e)
{
	uint32_t i = e->due;

	if (i-- == 0)
		return;
	e->due = 0;
	s->nheap--;
	if (i < s->nheap)
		state_due_settle(s, i, s->heap[s->nheap]);
}

state_ref
state_due(struct state *s, int64_t upto)
{
	struct state_entry *e;
	state_ref r;

	if (s->nheap == 0 || s->heap[0].at > upto)
		return STATE_NONE;
	r = s->heap[0].ref;
	e = state_entry(s, r);
	state_due_remove(s, e);
	state_mark(s, r, e);
	return r;
}

/* Append the places of those that are due to *at: these are a tree, from the top
 * on. */
static size_t
state_due_find(const struct state *s, int64_t upto, struct buf *at)
{
	uint32_t top = 0, i;
	size_t n = 0;

	buf_clear(at);
	if (s->nheap > 0 && s->heap[0].at <= upto)
		buf_add(at, &top, sizeof(top));
	for (; n < at->n / sizeof(i); n++) {
		memcpy(&i, at->p + n * sizeof(i), sizeof(i));
		for (uint32_t c = 2 * i + 1; c <= 2 * i + 2; c++)
			if (c < s->nheap && s->heap[c].at <= upto)
				buf_add(at, &c, sizeof(c));
	}
	return n;
}

/* Put those that are left in order anew. */
static void
state_due_rebuild(struct state *s, int64_t upto)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->nheap; i++)
		if (s->heap[i].at > upto)
			s->heap[n++] = s->heap[i];
	s->nheap = n;
	for (uint32_t k = n / 2; k-- > 0;) {
		struct state_moment m = s->heap[k];
		uint32_t i = k, c;

		for (; (c = state_due_below(s, i, &m)) != 0; i = c)
			s->heap[i] = s->heap[c];
		s->heap[i] = m;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (i + AHEAD < n)
			__builtin_prefetch(state_at(s, s->heap[i + AHEAD].ref));
		state_entry(s, s->heap[i].ref)->due = i + 1;
	}
}

size_t
state_due_all(struct state *s, int64_t upto, struct buf *refs)
{
	size_t n = state_due_find(s, upto, refs);
	uint32_t *at = (uint32_t *)(void *)refs->p;
	struct state_entry *e;

	/* One by one each takes some steps down, at one entry or two each. */
	if (n < s->nheap / STEPS) {
		for (size_t i = 0; i < n; i++) {
			state_ref r = s->heap[0].ref;

			at[i] = r;
			state_due_remove(s, state_entry(s, r));
		}
	} else {
		for (size_t i = 0; i < n; i++)
			at[i] = s->heap[at[i]].ref;
		state_due_rebuild(s, upto);
	}
	for (size_t i = 0; i < n; i++) {
		if (i + AHEAD < n)
			__builtin_prefetch(state_at(s, at[i + AHEAD]));
		e = state_entry(s, at[i]);
		e->due = 0;
		state_mark(s, at[i], e);
	}
	return n;
}
