/*
 * groups: see groups.h.
 *
 * One file knows where the bytes of a key stand; the fields behind its head are
 * appended by query.c and taken apart by rows.c.
 */
#include "agg/groups.h"

#include <assert.h>
#include <string.h>

void
groups_init(struct groups *g, bool windowed, bool sets, uint32_t nkeys)
{
	assert(nkeys <= GROUP_KEYS);
	memset(g, 0, sizeof *g);
	g->windowed = windowed;
	g->sets = sets;
	g->nkeys = nkeys;
	g->window = sets ? 3 : 1;
	g->head = g->window + (windowed ? 17 : 0);
}

static void
put_span(char *p, const struct span *w)
{
	p[0] = w->there;
	memcpy(p + 1, &w->start, 8);
	memcpy(p + 9, &w->end, 8);
}

void
groups_begin(const struct groups *g, struct buf *key, char kind, uint16_t mask,
	const struct span *w)
{
	char *p;

	buf_clear(key);
	p = buf_need(key, g->head);
	p[0] = kind;
	if (g->sets)
		memcpy(p + 1, &mask, 2);
	if (g->windowed)
		put_span(p + g->window, w);
	key->n = g->head;
}

void
groups_turn(const struct groups *g, char *key, char kind, const struct span *w)
{
	assert(g->windowed); /* else a field stands there */
	key[0] = kind;
	put_span(key + g->window, w);
}

char
groups_kind(const struct state *s, state_ref r)
{
	size_t n;

	return *(const char *)state_key(s, r, &n);
}

struct span
groups_span(const struct groups *g, const char *key)
{
	struct span w = {false, 0, 0};

	if (!g->windowed || !key[g->window])
		return w;
	w.there = true;
	memcpy(&w.start, key + g->window + 1, 8);
	memcpy(&w.end, key + g->window + 9, 8);
	return w;
}

uint16_t
groups_mask(const struct groups *g, const char *key)
{
	uint16_t mask = 0;

	if (g->sets)
		memcpy(&mask, key + 1, 2);
	return mask;
}
