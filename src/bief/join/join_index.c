/*
 * join_index: see join_index.h.
 *
 * A hash table with linear probing.  Keys stand in the rows only: where the
 * hashes are the same, a row is looked at.
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

static inline bool
index_is(const struct join_index *x, uint64_t slot, const struct join_key *key)
{
	const struct join_row *row = join_store_row(x->store, (state_ref)slot);

	return join_store_nkey(row) == key->n &&
		(key->n == 0 || memcmp(row + 1, key->p, key->n) == 0);
}

/* The slot of a key, or the free one where it belongs. */
static inline uint64_t *
index_slot(const struct join_index *x, const struct join_key *key)
{
	uint32_t mask = x->nslots - 1, i = key->hash & mask;

	for (;; i = (i + 1) & mask) {
		uint64_t slot = x->slots[i];

		if (slot == 0 ||
			(slot >> 32 == key->hash && index_is(x, slot, key)))
			return &x->slots[i];
	}
}

/* (A slot goes to one of two places: so it is two stretches that are written.) */
static void
index_grow(struct join_index *x)
{
	uint64_t *old = x->slots;
	uint32_t n = x->nslots, mask, j;
	size_t bytes;

	x->nslots = n == 0 ? 64 : n * 2;
	mask = x->nslots - 1;
	bytes = (size_t)x->nslots * sizeof(*old);
	x->slots = mem_large(bytes);
	memset(x->slots, 0, bytes);
	for (uint32_t i = 0; i < n; i++) {
		if (old[i] == 0)
			continue;
		for (j = (old[i] >> 32) & mask; x->slots[j] != 0;)
			j = (j + 1) & mask;
		x->slots[j] = old[i];
	}
	free(old);
}

state_ref
join_index_first(const struct join_index *x, const struct join_key *key)
{
	return x->count == 0 ? STATE_NONE : (state_ref)*index_slot(x, key);
}

state_ref
join_index_make(struct join_index *x, const struct join_key *key, state_ref row)
{
	uint64_t *slot;

	if (x->count >= x->nslots - x->nslots / 4)
		index_grow(x);
	slot = index_slot(x, key);
	if (*slot == 0) {
		*slot = (uint64_t)key->hash << 32 | row;
		x->count++;
	}
	return (state_ref)*slot;
}

/* Empty a slot and move back those behind it that would be lost. */
static void
index_close(struct join_index *x, uint32_t i)
{
	uint32_t mask = x->nslots - 1, j = i;

	for (;;) {
		uint32_t home;

		j = (j + 1) & mask;
		if (x->slots[j] == 0)
			break;
		home = (x->slots[j] >> 32) & mask;
		if (((j - home) & mask) < ((j - i) & mask))
			continue;
		x->slots[i] = x->slots[j];
		i = j;
	}
	x->slots[i] = 0;
	x->count--;
}

void
join_index_set(struct join_index *x, const struct join_key *key, state_ref row)
{
	uint64_t *slot = index_slot(x, key);

	if (row != STATE_NONE)
		*slot = (uint64_t)key->hash << 32 | row;
	else
		index_close(x, (uint32_t)(slot - x->slots));
}

size_t
join_index_bytes(const struct join_index *x)
{
	return (size_t)x->nslots * sizeof(*x->slots);
}

state_ref
join_index_fetch(const struct join_index *x, uint32_t hash)
{
	uint32_t mask = x->nslots - 1;
	uint64_t slot;

	if (x->nslots == 0)
		return STATE_NONE;
	for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
		slot = x->slots[i];
		if (slot == 0)
			return STATE_NONE;
		if (slot >> 32 == hash)
			break;
	}
	join_store_fetch(x->store, (state_ref)slot);
	return (state_ref)slot;
}

state_ref
join_index_fetched(
	const struct join_index *x, const struct join_key *key, state_ref row)
{
	return row == STATE_NONE || index_is(x, row, key)
		? row
		: join_index_first(x, key);
}
