/*
 * plain: the values of a column as they stand one behind the other in a page,
 * or in a dictionary, as values of records.
 */
#ifndef BIEF_PLAIN_H
#define BIEF_PLAIN_H

#include <stddef.h>

#include "floor/arena.h"
#include "floor/buf.h"
#include "value/value.h"

struct err;
struct node;

struct plain {
	const char *p, *end;
	int bit; /* of booleans */
	/* what is not spelled in the bytes as records have it */
	struct arena text;
	struct buf tmp;
};

void plain_init(struct plain *s);
void plain_release(struct plain *s);
/* Bytes that are to be read; JSON_PADDING more can be. */
void plain_begin(struct plain *s, const char *p, size_t n);
/* The texts of what was read are not needed any more. */
void plain_forget(struct plain *s);

/*
 * The next n values of a leaf, to[0], to[stride] ...  Their text lives as long as
 * the bytes do, and until plain_forget().  0, or -1 where there are not so many.
 */
int plain_read(struct plain *s, const struct node *leaf, struct value *to,
	size_t stride, size_t n, struct err *err);

#endif
