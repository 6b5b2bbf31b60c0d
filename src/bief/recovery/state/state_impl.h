/*
 * state_impl: what the parts of state share: the arena's blocks, whose form is in
 * state.c, and the few lines that every access goes through.
 */
#ifndef BIEF_STATE_IMPL_H
#define BIEF_STATE_IMPL_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "floor/buf.h"
#include "recovery/state/state.h"

#define STATE_CHUNK_BITS 18 /* units of 8 bytes: 2 MiB */
#define STATE_CHUNK_UNITS (UINT32_C(1) << STATE_CHUNK_BITS)

#define STATE_BLOCK_FREE UINT32_MAX
#define STATE_BLOCK_VALUE (UINT32_MAX - 1)
#define STATE_KEY_MAX (UINT32_C(1) << 30)

#define STATE_CLASS_EXACT 64 /* up to here each length has a list of its own */
#define STATE_CLASSES (STATE_CLASS_EXACT + 1 + 4 * (STATE_CHUNK_BITS - 5))

#define STATE_CHANGED_NEW (UINT32_C(1) << 31) /* made since state_settle() */

struct state_entry {
	uint32_t units;
	uint32_t nkey;
	uint32_t nvalue;
	uint32_t moved;   /* the block that holds the value, or 0 */
	uint32_t changed; /* place in the list + 1, and STATE_CHANGED_NEW */
	uint32_t due;     /* place in the heap + 1 */
};

struct state_free {
	uint32_t units;
	uint32_t kind;
	uint32_t next;
};

/* Of 12 bytes: there may be millions. */
struct state_moment {
	int64_t at;
	state_ref ref;
} __attribute__((packed, aligned(4)));

struct state {
	size_t limit;

	char **chunks; /* those of a large block are parts of one piece */
	uint32_t nchunks, chunks_cap;
	uint32_t bump, bump_end; /* what is left of the newest chunk */
	uint32_t unused[STATE_CLASSES];
	size_t units;           /* in use */
	size_t beside, nbeside; /* bytes, and keys, elsewhere */

	uint64_t *slots;
	uint32_t nslots; /* a power of two, or 0 */
	uint32_t count;  /* entries ... */
	uint32_t named;  /* ... that have a slot */

	state_ref *changed;
	uint32_t nchanged, changed_cap;
	bool unlisted;      /* there is no such list */
	struct buf deleted; /* 'D' records */
	bool cleared;

	struct state_moment *heap;
	uint32_t nheap, heap_cap;
};

/* ---- places and blocks ---- */

static inline void *
state_at(const struct state *s, uint32_t at)
{
	return s->chunks[at >> STATE_CHUNK_BITS] +
		(size_t)(at & (STATE_CHUNK_UNITS - 1)) * 8;
}

static inline struct state_entry *
state_entry(const struct state *s, state_ref r)
{
	return state_at(s, r);
}

static inline size_t
state_pad(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static inline char *
state_entry_key(struct state_entry *e)
{
	return (char *)(e + 1);
}

static inline void *
state_entry_value(const struct state *s, struct state_entry *e)
{
	if (e->moved != 0)
		return (char *)state_at(s, e->moved) + 8;
	return state_entry_key(e) + state_pad(e->nkey);
}

/* ---- state_block.c ---- */

/* A block for so many bytes, its units set; 0 if there is no place left. */
uint32_t state_block_take(struct state *s, size_t bytes);
/* Its place may be another block's at once. */
void state_block_give(struct state *s, uint32_t at);

/* ---- state_changed.c ---- */

/* An entry that is not in the list. */
void state_changed_add(struct state *s, state_ref r, struct state_entry *e);
/* One that may be. */
void state_changed_remove(struct state *s, struct state_entry *e);

static inline void
state_mark(struct state *s, state_ref r, struct state_entry *e)
{
	if ((e->changed & ~STATE_CHANGED_NEW) == 0)
		state_changed_add(s, r, e);
}

/* ---- state_due.c ---- */

/* The entry is due then, instead of at its moment if it has one. */
void state_due_set(
	struct state *s, state_ref r, struct state_entry *e, int64_t moment);
/* It has none any more. */
void state_due_remove(struct state *s, struct state_entry *e);

/* ---- numbers of the saved form ---- */

static inline void
state_put32(char *p, uint32_t n)
{
	n = htole32(n);
	memcpy(p, &n, 4);
}

static inline void
state_put64(char *p, uint64_t n)
{
	n = htole64(n);
	memcpy(p, &n, 8);
}

#endif
