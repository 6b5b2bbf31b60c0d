/*
 * join_index: which rows a key has, on either side: the first and the last of
 * each, from where one comes to the others.
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

/* What the value of a row's entry begins with; the key follows. */
struct join_row {
	state_ref before,
		after; /* rows of the same side and key, or STATE_NONE */
	uint32_t nkey;
	uint32_t matched;
};

/* The rows of a key, by side. */
struct join_ends {
	uint32_t hash;
	state_ref first[2], last[2]; /* STATE_NONE: there is none */
};

struct join_index {
	const struct state *state;
	struct join_ends *slots;
	uint32_t nslots; /* a power of two, or 0 */
	uint32_t count;
};

void join_index_clear(struct join_index *x);

static inline uint32_t
join_index_hash(const struct buf *key)
{
	return (uint32_t)(hash_bytes(key->p, key->n) >> 32);
}

/* The rows of a key; NULL: it has none. */
struct join_ends *join_index_find(
	const struct join_index *x, const struct buf *key);
/* The same, to be given its first row. */
struct join_ends *join_index_make(struct join_index *x, const struct buf *key);
/* It has no rows any more. */
void join_index_drop(struct join_index *x, struct join_ends *ends);
size_t join_index_bytes(const struct join_index *x);

/* A key of this hash will be looked for soon: have memory fetch its place; and,
 * when that has come, the rows that one of this side will be put behind, or will
 * meet. */
static inline void
join_index_expect(const struct join_index *x, uint32_t hash)
{
	if (x->nslots != 0)
		__builtin_prefetch(&x->slots[hash & (x->nslots - 1)]);
}
void join_index_fetch(const struct join_index *x, uint32_t hash, int side);

#endif
