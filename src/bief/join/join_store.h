/*
 * join_store: where the rows of a join stand, each known by a reference: in the
 * state or, where they are saved by nobody and go all at once, in memory of
 * their own, of which they take half as much.
 */
#ifndef BIEF_JOIN_STORE_H
#define BIEF_JOIN_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recovery/state/state.h"

struct buf;
struct err;

/* What a row begins with; the bytes of its key and its record's text follow. */
struct join_row {
	state_ref before; /* of the same side and key; of the first: the last */
	state_ref after;  /* ... or STATE_NONE */
	uint32_t nkey;    /* and, outside of the state, JOIN_STORE_ bits */
	uint32_t matched; /* outside of the state: bytes of text */
};

#define JOIN_STORE_RIGHT (UINT32_C(1) << 30) /* it is of that side */
#define JOIN_STORE_MATCHED (UINT32_C(1) << 31)
#define JOIN_STORE_NKEY (JOIN_STORE_RIGHT - 1)
#define JOIN_STORE_CHUNK_BITS 18 /* units of 8 bytes: 2 MiB */
#define JOIN_STORE_CHUNK (UINT32_C(1) << JOIN_STORE_CHUNK_BITS)

struct join_store {
	struct state *state;
	bool own; /* there are rows in memory of their own, none in state: */
	char **chunks; /* those of a large row are parts of one piece */
	uint32_t nchunks, cap;
	uint64_t next, end; /* what is left of the newest, in units */
	uint32_t count;
	size_t bytes;
};

/* Begin (anew), with no rows of our own. */
void join_store_init(struct join_store *s, struct state *state, bool own);
void join_store_release(struct join_store *s);

static inline struct join_row *
join_store_at(const struct join_store *s, state_ref r)
{
	return (struct join_row *)(void
			*)(s->chunks[r >> JOIN_STORE_CHUNK_BITS] +
		(size_t)(r & (JOIN_STORE_CHUNK - 1)) * 8);
}

/* (Who links it does not change its entry by that.) */
static inline struct join_row *
join_store_row(const struct join_store *s, state_ref r)
{
	return s->own ? join_store_at(s, r) : state_value(s->state, r, NULL);
}

static inline uint32_t
join_store_nkey(const struct join_row *row)
{
	return row->nkey & JOIN_STORE_NKEY;
}

static inline void
join_store_fetch(const struct join_store *s, state_ref r)
{
	if (s->own)
		__builtin_prefetch(join_store_at(s, r));
	else
		state_fetch(s->state, r);
}

/* The text of its record.  Of a row of our own it lives as long, with
 * JSON_PADDING readable bytes behind it. */
const char *join_store_text(const struct join_store *s, state_ref r, size_t *n);
bool join_store_matched(const struct join_store *s, state_ref r);
void join_store_match(struct join_store *s, state_ref r);

/* A row in memory of its own; STATE_NONE: there is no room. */
state_ref join_store_put(struct join_store *s, int side, const char *key,
	uint32_t nkey, const struct buf *text, bool matched, struct err *err);
/* Those there are, in the order in which they came; STATE_NONE ends them. */
state_ref join_store_first(const struct join_store *s);
state_ref join_store_next(const struct join_store *s, state_ref r);
int join_store_side(const struct join_store *s, state_ref r);

#endif
