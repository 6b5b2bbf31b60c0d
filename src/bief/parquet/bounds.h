/*
 * bounds: the least and the greatest value of a column, for those who want to
 * pass over what they do not need.
 */
#ifndef BIEF_BOUNDS_H
#define BIEF_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "text/numeric.h"

struct node;

struct bounds {
	uint64_t rows, nulls;
	bool any;
	bool none;           /* there is a NaN, to which nothing compares */
	numeric least, most; /* whole numbers, times, decimals */
	double dleast, dmost;
	struct buf sleast, smost; /* texts */
};
void bounds_init(struct bounds *b);
void bounds_release(struct bounds *b);
void bounds_clear(struct bounds *b);

/* n values as they are stored, one behind the other. */
void bounds_take(
	struct bounds *b, const struct node *leaf, const char *p, size_t bytes);
void bounds_merge(struct bounds *b, const struct bounds *other);

/* As they are stored: false where there are none.  A long text is cut, what was
 * cut of the greatest made up for; *exact tells. */
bool bounds_plain(const struct bounds *b, const struct node *leaf, bool most,
	struct buf *out, bool *exact);
/* The same as JSON. */
bool bounds_json(const struct bounds *b, const struct node *leaf, bool most,
	struct buf *out);

#endif
