/*
 * column: the values of one column chunk, block by block, page by page.
 */
#ifndef BIEF_COLUMN_H
#define BIEF_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "value/value.h"
#include "parquet/codec.h"
#include "parquet/hybrid.h"
#include "parquet/plain.h"
#include "parquet/recode.h"

struct err;
struct footer_chunk;
struct node;

#define COLUMN_BLOCK 1024

struct column {
	const struct node *leaf;
	int fd;
	struct codec_unpacker *unpacker;
	enum codec codec;
	int64_t at, end; /* of the file */
	uint64_t left;   /* values in pages to come */
	/* the page */
	struct buf head, packed, page, recoded;
	struct hybrid rep, def, index;
	enum encoding encoding; /* plain, too, where it has been made so */
	struct plain values;
	uint64_t page_left;
	/* the dictionary */
	struct value *words;
	size_t nwords;
	struct buf word_page;
	struct plain word_values;
	/* the block */
	uint32_t defs[COLUMN_BLOCK], reps[COLUMN_BLOCK];
	uint32_t index_at[COLUMN_BLOCK];
	struct value v[COLUMN_BLOCK]; /* nulls where def is less */
	size_t i, n;
};

void column_init(struct column *c, const struct node *leaf, int fd,
	struct codec_unpacker *unpacker);
void column_release(struct column *c);
void column_begin(struct column *c, const struct footer_chunk *chunk);

/*
 * A column is read by blocks, with the levels of each value, or by rows, where
 * each row has one value.  What was read before is lost with each call.
 */

/* Have a value at i: 1; 0 at the end of the chunk; -1. */
int column_fill(struct column *c, struct err *err);
/* How many rows can be read at once, at most COLUMN_BLOCK; 0 at the end of the
 * chunk; -1. */
int column_ready(struct column *c, struct err *err);
/* So many: to[0], to[stride] ...  0 or -1. */
int column_rows(struct column *c, struct value *to, size_t stride, size_t n,
	struct err *err);

static inline int
column_need(struct column *c, struct err *err)
{
	return c->i < c->n ? 1 : column_fill(c, err);
}

#endif
