/*
 * shred: the values of a record, taken apart into columns.
 */
#ifndef BIEF_SHRED_H
#define BIEF_SHRED_H

#include "floor/buf.h"

struct chunk;
struct err;
struct node;
struct value;

struct shred {
	struct chunk *chunks; /* by leaf */
	struct buf tmp;
};

/* A field of the root.  0; 1 when the value does not fit, and why: then the
 * chunks are to be taken back. */
int shred_value(struct shred *s, const struct node *k, const struct value *v,
	struct err *err);

#endif
