/*
 * state_due: a heap of moments, the earliest first, at equal moments the smaller
 * reference: what is due comes in the same order whatever came before.  Each
 * entry knows its place in it.
 */
#include <assert.h>

#include "floor/mem.h"
#include "recovery/state/state.h"
#include "recovery/state/state_impl.h"

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

/* Find the place of m, from i on up or down. */
static void
state_due_settle(struct state *s, uint32_t i, struct state_moment m)
{
	while (i > 0 && state_due_before(&m, &s->heap[(i - 1) / 2])) {
		state_due_put(s, i, s->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (;;) {
		uint32_t c = 2 * i + 1;

		if (c >= s->nheap)
			break;
		if (c + 1 < s->nheap &&
			state_due_before(&s->heap[c + 1], &s->heap[c]))
			c++;
		if (!state_due_before(&s->heap[c], &m))
			break;
		state_due_put(s, i, s->heap[c]);
		i = c;
	}
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
