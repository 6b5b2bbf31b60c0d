/*
 * column: the values of one column chunk, block by block, page by page.
 */
#ifndef BIEF_COLUMN_H
#define BIEF_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/arena.h"
#include "floor/buf.h"
#include "value/value.h"
#include "parquet/codec.h"
#include "parquet/hybrid.h"

struct err;
struct footer_chunk;
struct node;

#define COLUMN_BLOCK 1024

struct column {
	const struct node *leaf;
	int fd;
	enum codec codec;
	int64_t at, end; /* of the file */
	uint64_t left;   /* values in pages to come */
	/* the page */
	struct buf head, packed, page;
	struct hybrid rep, def, index;
	int encoding;
	const char *p, *pend; /* its values */
	int bit;              /* of booleans */
	uint64_t page_left;
	/* the dictionary */
	struct value *words;
	size_t nwords;
	struct arena word_text;
	/* the block */
	uint32_t defs[COLUMN_BLOCK], reps[COLUMN_BLOCK];
	struct value v[COLUMN_BLOCK]; /* nulls where def is less */
	size_t i, n;
	uint32_t tmp[COLUMN_BLOCK];
	struct arena text;
	struct buf spell;
};

void column_init(struct column *c, const struct node *leaf, int fd);
void column_release(struct column *c);
void column_begin(struct column *c, const struct footer_chunk *chunk);
/* Have a value at i: 1; 0 at the end of the chunk; -1. */
int column_fill(struct column *c, struct err *err);

static inline int
column_need(struct column *c, struct err *err)
{
	return c->i < c->n ? 1 : column_fill(c, err);
}

#endif
