/*
 * colbounds: the least and the greatest value of a column, for those who want to
 * pass over what they do not need.
 */
#ifndef BIEF_COLBOUNDS_H
#define BIEF_COLBOUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "text/numeric.h"

struct node;

struct colbounds {
	uint64_t rows, nulls;
	bool any;
	bool none;           /* there is a NaN, to which nothing compares */
	numeric least, most; /* whole numbers, times, decimals */
	double dleast, dmost;
	struct buf sleast, smost; /* texts */
};
void colbounds_init(struct colbounds *b);
void colbounds_release(struct colbounds *b);
void colbounds_clear(struct colbounds *b);

/* n values as they are stored, one behind the other. */
void colbounds_take(struct colbounds *b, const struct node *leaf, const char *p,
	size_t bytes);
void colbounds_merge(struct colbounds *b, const struct colbounds *other);

/* As they are stored: false where there are none.  A long text is cut, what was
 * cut of the greatest made up for; *exact tells. */
bool colbounds_plain(const struct colbounds *b, const struct node *leaf,
	bool most, struct buf *out, bool *exact);
/* The same as JSON. */
bool colbounds_json(const struct colbounds *b, const struct node *leaf,
	bool most, struct buf *out);

#endif
