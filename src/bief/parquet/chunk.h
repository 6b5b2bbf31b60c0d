/*
 * chunk: a column of a row group that is being written, in memory until the
 * group is.
 *
 * Texts go into a dictionary as long as that is worth it.
 */
#ifndef BIEF_CHUNK_H
#define BIEF_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "parquet/colbounds.h"

struct codec_packer;
struct err;
struct node;
struct thrift_out;

struct chunk_place { /* how far it had come */
	size_t levels, bytes, indices;
};

struct chunk {
	const struct node *leaf;
	struct buf def, rep;     /* a byte each; rep of those in lists alone */
	struct buf values;       /* as they will be stored (booleans: bytes) */
	bool dictionary;         /* ... but these are in one */
	struct buf indices;      /* into it, uint32_t */
	struct buf words;        /* of the dictionary, as they are stored */
	struct buf at;           /* where each of them is, uint32_t */
	uint32_t *slots, mask;   /* of its hash */
	struct chunk_place row;  /* the end of the last whole row */
	struct buf pages;        /* where pages end, struct chunk_place */
	struct colbounds bounds; /* of the group */
	/* of the group that was written */
	int64_t dictionary_at, data_at; /* places in the file; -1 */
	int64_t raw, packed;            /* bytes */
	uint64_t nvalues;
	bool encoded_dictionary;
};

void chunk_init(struct chunk *c, const struct node *leaf);
void chunk_release(struct chunk *c);

/* Levels of the next value, or of what is null; then the value itself, of the
 * leaf's width, or a text. */
void chunk_level(struct chunk *c, int rep, int def);
void chunk_fixed(struct chunk *c, const void *p);
void chunk_text(struct chunk *c, const char *p, size_t n);
/* The row is whole; the bytes that the chunk holds.  Or it is taken back. */
size_t chunk_row(struct chunk *c);
void chunk_back(struct chunk *c);

/* Write the pages behind out, which stands at a place of the file, and begin
 * anew; the columns of the footer follow by chunk_describe, as an element. */
int chunk_write(struct chunk *c, int64_t place, struct codec_packer *packer,
	struct buf *out, struct err *err);
void chunk_describe(const struct chunk *c, const struct node *root, int codec,
	struct thrift_out *t);

#endif
