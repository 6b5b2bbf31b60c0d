/*
 * join_index: see join_index.h.
 *
 * A hash table with linear probing.  Keys stand in the rows only: where the
 * hashes are the same, one of the rows is looked at.
 */
#include "join/join_index.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"

void
join_index_clear(struct join_index *x)
{
	free(x->slots);
	x->slots = NULL;
	x->nslots = x->count = 0;
}

/* One of its rows; STATE_NONE: the place is free. */
static inline state_ref
index_row(const struct join_ends *e)
{
	return e->first[0] != STATE_NONE ? e->first[0] : e->first[1];
}

static inline bool
index_is(const struct join_index *x, const struct join_ends *e,
	const struct buf *key)
{
	const struct join_row *row = state_value(x->state, index_row(e), NULL);

	return row->nkey == key->n &&
		(key->n == 0 || memcmp(row + 1, key->p, key->n) == 0);
}

/* The place of a key, or the free one where it belongs. */
static struct join_ends *
index_place(const struct join_index *x, const struct buf *key, uint32_t hash)
{
	uint32_t mask = x->nslots - 1, i = hash & mask;

	for (;; i = (i + 1) & mask) {
		struct join_ends *e = &x->slots[i];

		if (index_row(e) == STATE_NONE ||
			(e->hash == hash && index_is(x, e, key)))
			return e;
	}
}

static void
index_grow(struct join_index *x)
{
	struct join_ends *old = x->slots;
	uint32_t n = x->nslots, mask, j;
	size_t bytes;

	x->nslots = n == 0 ? 64 : n * 2;
	mask = x->nslots - 1;
	bytes = (size_t)x->nslots * sizeof(*old);
	x->slots = mem_large(bytes);
	memset(x->slots, 0, bytes);
	for (uint32_t i = 0; i < n; i++) {
		if (index_row(&old[i]) == STATE_NONE)
			continue;
		for (j = old[i].hash & mask;
			index_row(&x->slots[j]) != STATE_NONE;)
			j = (j + 1) & mask;
		x->slots[j] = old[i];
	}
	free(old);
}

struct join_ends *
join_index_find(const struct join_index *x, const struct buf *key)
{
	struct join_ends *e;

	if (x->count == 0)
		return NULL;
	e = index_place(x, key, join_index_hash(key));
	return index_row(e) == STATE_NONE ? NULL : e;
}

struct join_ends *
join_index_make(struct join_index *x, const struct buf *key)
{
	uint32_t hash = join_index_hash(key);
	struct join_ends *e;

	if (x->count >= x->nslots - x->nslots / 4)
		index_grow(x);
	e = index_place(x, key, hash);
	if (index_row(e) == STATE_NONE) {
		e->hash = hash;
		x->count++;
	}
	return e;
}

/* Empty the place and move back those behind it that would be lost. */
void
join_index_drop(struct join_index *x, struct join_ends *ends)
{
	uint32_t mask = x->nslots - 1, i = (uint32_t)(ends - x->slots), j = i;

	for (;;) {
		uint32_t home;

		j = (j + 1) & mask;
		if (index_row(&x->slots[j]) == STATE_NONE)
			break;
		home = x->slots[j].hash & mask;
		if (((j - home) & mask) < ((j - i) & mask))
			continue;
		x->slots[i] = x->slots[j];
		i = j;
	}
	x->slots[i] = (struct join_ends){.hash = 0};
	x->count--;
}

size_t
join_index_bytes(const struct join_index *x)
{
	return (size_t)x->nslots * sizeof(*x->slots);
}

void
join_index_fetch(const struct join_index *x, uint32_t hash, int side)
{
	const struct join_ends *e;

	if (x->nslots == 0)
		return;
	e = &x->slots[hash & (x->nslots - 1)];
	if (e->hash != hash)
		e = &x->slots[(hash + 1) & (x->nslots - 1)];
	if (e->first[!side] != STATE_NONE)
		state_fetch(x->state, e->first[!side]);
	if (e->last[side] != STATE_NONE)
		state_fetch(x->state, e->last[side]);
}
