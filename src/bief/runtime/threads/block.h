/*
 * block: a stretch of the input that is worked on aside, and what comes of it.
 *
 * A clone may run ahead of the blocks before its own, so nothing that it does may
 * show before its turn.  What would show is written down instead: text for the
 * output in out, all else as items, each of which says how much of out came
 * before it.  Records are counted from 0 in each block.
 */
#ifndef BIEF_BLOCK_H
#define BIEF_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "floor/err.h"

struct pack;

struct block_counts {
	uint64_t in, out, rejected, untimed, kept;
};

/* What may come of a block, in out and in items, beside as much as its text. */
#define BLOCK_HELD ((size_t)16 << 20)

enum block_state {
	BLOCK_FILLED, /* or being filled */
	BLOCK_TAKEN,  /* somebody works on it */
	BLOCK_DONE
};

struct block {
	struct buf text; /* whole lines */
	/* what comes of it */
	struct buf out, items;
	int stages;                      /* that it has gone through */
	struct block_counts *counts;     /* of each of them */
	const struct block_counts *from; /* ... before it; NULL: nothing */
	/* Of one that came from a neighbour: so many stages, and bytes of its
	 * text, were for those in front. */
	int skip;
	size_t passed;
	size_t open;       /* of an ITEM_SIFT that may go on: its end; or 0 */
	bool stopped;      /* before its end: its last item fails */
	bool over;         /* more has come of it than is held */
	struct err err;    /* ... with this, of an ITEM_FAIL */
	int by;            /* which clone */
	struct pack *pack; /* its, for records: one of each stage */
	bool fresh;        /* these have begun anew */
	enum block_state state;
};

enum item_kind {
	ITEM_REFUSE,  /* why, record */
	ITEM_LATE,    /* why, record */
	ITEM_UNTIMED, /* why, record */
	ITEM_SAY,     /* text */
	ITEM_RECORD, /* for the stage itself: n counts of those behind, first */
	ITEM_FAIL,   /* the stage has, with block.err */
	ITEM_FIELD,  /* a watched one: its place; a name that is near it */
	ITEM_SIFT,   /* for the stage to sift: entries of struct block_sift */
	ITEM_GIVE    /* what the stage's give() has written */
};

/* Padded to 8 bytes, then n bytes of text, a NUL, then m bytes of a record's
 * text, padded to 8 bytes together. */
struct item {
	enum item_kind kind;
	int place;       /* of the stage in the clone */
	uint64_t sum;    /* of all else, where it goes to another process */
	uint64_t out;    /* bytes of the block's out before it */
	uint64_t number; /* of the record's line in the block; 0: unknown */
	uint64_t in, sent, refused; /* of the stage, before it */
	uint32_t n, m;
	bool record; /* there is one */
	bool found;  /* ITEM_FIELD: it has been seen */
};

/* Behind it: the key, padded to 8 bytes, then the packed record. */
struct block_sift {
	uint64_t number;    /* as that of an item */
	uint32_t n, record; /* bytes of them, the second with its padding */
};

/* Are the m bytes behind it all of it? */
static inline bool
block_item_packed(const struct item *it)
{
	return it->kind == ITEM_RECORD || it->kind == ITEM_SIFT ||
		it->kind == ITEM_GIVE;
}

/* Whose it is, of the stages that there are here; and where it stands in the
 * text that there is here. */
static inline int
block_place(const struct block *b, const struct item *it)
{
	return it->place - b->skip;
}

static inline size_t
block_out(const struct block *b, const struct item *it)
{
	return it->out - b->passed;
}

#endif
