/*
 * join_ahead: the keys of records that were read together, made before the
 * first of them is looked at, so that memory can fetch what they will meet while
 * others are at work.
 */
#ifndef BIEF_JOIN_AHEAD_H
#define BIEF_JOIN_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "value/record.h"
#include "join/join_index.h"

struct join_ahead_key {
	struct join_key key;
	bool known;    /* else it has to be asked for in its turn */
	bool null;     /* it is equal to nothing */
	state_ref met; /* what join_index_fetch has said of the other side */
};

struct join_ahead {
	const struct record *r; /* they are in a row; NULL: there are none */
	struct join_ahead_key *keys;
	size_t n, cap;
	struct buf bytes;
	size_t used; /* of them, by keys that were added */
};

void join_ahead_release(struct join_ahead *a);
/* Records that will come in this order; then the key of each is to be added: its
 * bytes, to a->bytes, and what it is; and when all have been they are ready. */
void join_ahead_begin(struct join_ahead *a, const struct record *r);
void join_ahead_add(struct join_ahead *a, bool known, bool null);
void join_ahead_ready(struct join_ahead *a);

/* The key of a record; NULL: it has to be asked for. */
static inline const struct join_ahead_key *
join_ahead_key(const struct join_ahead *a, const struct record *r)
{
	size_t at = ((uintptr_t)r - (uintptr_t)a->r) / sizeof(*r);

	return at < a->n && a->keys[at].known ? &a->keys[at] : NULL;
}

#endif
