/*
 * pack_impl: the form of the messages, for pack.c and unpack.c.
 */
#ifndef BIEF_PACK_IMPL_H
#define BIEF_PACK_IMPL_H

#include "value/pack.h"

#define PACK_TRANSIENT UINT32_MAX /* number of the shape that was sent last */
#define PACK_NO_SHAPE (UINT32_MAX - 1) /* a line of text */

/* flags of a record */
#define PACK_LINE 1    /* it has a line (which may be empty) */
#define PACK_WINDOWS 2 /* it has a set of windows */

/* Behind it: the values. */
struct pack_head {
	struct pack_message m;
	uint32_t shape; /* its number */
	uint32_t n;     /* values */
	uint32_t nline, kept;
	uint64_t number;
};

/* Behind it: the values of all of them. */
struct pack_rows {
	struct pack_message m;
	uint32_t shape; /* its number: one that is kept */
	uint32_t n;     /* values of each */
	uint32_t rows, none;
};

/* Behind it: for each name its length, then the bytes of the names. */
struct pack_names {
	struct pack_message m;
	uint32_t shape, n;
	uint32_t bytes; /* of names */
};

static inline size_t
pack_align(size_t n)
{
	return (n + PACK_ALIGN - 1) & ~(size_t)(PACK_ALIGN - 1);
}

/* What a shape that is kept costs the receiver, about. */
static inline size_t
pack_cost(size_t bytes, uint32_t n)
{
	return bytes + (size_t)n * 32;
}

#endif
