/*
 * state_save: the saved form, see state.c, of what changed or of all.
 */
#include <string.h>

#include "floor/buf.h"
#include "recovery/state/state.h"
#include "recovery/state/state_impl.h"

static void
state_save_entry(const struct state *s, state_ref r, struct buf *out)
{
	struct state_entry *e = state_entry(s, r);
	int64_t moment = state_get_due(s, r);
	size_t n = (size_t)e->nkey + e->nvalue + 17;
	char *p = buf_need(out, n);

	*p++ = 'P';
	state_put32(p, e->nkey);
	state_put32(p + 4, e->nvalue);
	state_put64(p + 8, (uint64_t)moment);
	memcpy(p + 16, state_entry_key(e), e->nkey);
	memcpy(p + 16 + e->nkey, state_entry_value(s, e), e->nvalue);
	out->n += n;
}

void
state_save_delta(const struct state *s, struct buf *out)
{
	uint32_t i;

	if (s->cleared)
		buf_byte(out, 'A');
	buf_add(out, s->deleted.p, s->deleted.n);
	for (i = 0; i < s->nchanged; i++)
		state_save_entry(s, s->changed[i], out);
}

void
state_save_all(const struct state *s, struct buf *out)
{
	state_ref r;

	buf_byte(out, 'A');
	for (r = state_first(s); r != STATE_NONE; r = state_next(s, r))
		state_save_entry(s, r, out);
}
