/*
 * join_index: which rows of a side a key has: the first of them, from which one
 * comes to the others.
 *
 * It stands beside the state and is made of its rows when a run begins: so it
 * needs neither a place in the checkpoint nor keys of its own.
 */
#ifndef BIEF_JOIN_INDEX_H
#define BIEF_JOIN_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "floor/hash.h"
#include "recovery/state/state.h"
#include "join/join_store.h"

/* What rows are joined on: key bytes. */
struct join_key {
	const char *p;
	uint32_t n, hash;
};

struct join_index {
	const struct join_store *store;
	uint64_t *slots; /* the hash, and the first row; 0 is free */
	uint32_t nslots; /* a power of two, or 0 */
	uint32_t count;
};

void join_index_clear(struct join_index *x);

static inline struct join_key
join_key_of(const char *p, size_t n)
{
	return (struct join_key){.p = p,
		.n = (uint32_t)n,
		.hash = (uint32_t)(hash_bytes(p, n) >> 32)};
}

/* The first row of a key; STATE_NONE: it has none. */
state_ref join_index_first(
	const struct join_index *x, const struct join_key *key);
/* The same, if this is what join_index_fetch() has returned and no row of
 * another key has become a first one, or is none any more, since then. */
state_ref join_index_fetched(
	const struct join_index *x, const struct join_key *key, state_ref row);
/* The same; where it has none this one is its first from now on. */
state_ref join_index_make(
	struct join_index *x, const struct join_key *key, state_ref row);
/* The first row of a key is another one now; STATE_NONE: it has none any more. */
void join_index_set(
	struct join_index *x, const struct join_key *key, state_ref row);
size_t join_index_bytes(const struct join_index *x);

/* A key of this hash will be looked for soon: have memory fetch its place; and,
 * when that has come, its first row: it is the one that is returned, or one of
 * another key, and STATE_NONE if it has none. */
static inline void
join_index_expect(const struct join_index *x, uint32_t hash)
{
	if (x->nslots != 0)
		__builtin_prefetch(&x->slots[hash & (x->nslots - 1)]);
}
state_ref join_index_fetch(const struct join_index *x, uint32_t hash);

#endif
