/*
 * state_changed: the list of the entries that changed.  Each knows its place in
 * it, so that one that is deleted leaves it at once.
 */
#include "floor/mem.h"
#include "recovery/state/state.h"
#include "recovery/state/state_impl.h"

void
state_changed_add(struct state *s, state_ref r, struct state_entry *e)
{
	if (s->unlisted)
		return;
	if (s->nchanged == s->changed_cap) {
		s->changed_cap += s->changed_cap / 4 + 64;
		s->changed = mem_realloc(
			s->changed, s->changed_cap * sizeof *s->changed);
	}
	s->changed[s->nchanged++] = r;
	e->changed = (e->changed & STATE_CHANGED_NEW) | s->nchanged;
}

void
state_changed_remove(struct state *s, struct state_entry *e)
{
	uint32_t at = e->changed & ~STATE_CHANGED_NEW;
	struct state_entry *last;

	if (at == 0)
		return;
	s->changed[at - 1] = s->changed[--s->nchanged];
	if (at - 1 < s->nchanged) {
		last = state_entry(s, s->changed[at - 1]);
		last->changed = (last->changed & STATE_CHANGED_NEW) | at;
	}
}

const state_ref *
state_changed(const struct state *s, size_t *n)
{
	*n = s->nchanged;
	return s->changed;
}
