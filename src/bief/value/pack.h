/*
 * pack: a record as bytes that can be moved, and back: its values as they are in
 * memory, with the bytes that they point to behind them.  For another thread, or
 * another process of the same build.
 *
 *	| head | values | set of windows | its line | texts that are not in it |
 *
 *	| head | values of one record, of the next ... | texts |
 *
 * A value's text is told by its place in the message.  Names are sent once: a
 * message that defines a shape's number stands in front of the first record of
 * that shape (of a transient one: in front of each).  Nothing is allocated for a
 * record.
 *
 * This is the sender's side; unpack.h is the receiver's.
 */
#ifndef BIEF_PACK_H
#define BIEF_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value/record.h"

#define PACK_ALIGN 8 /* of messages, and of their sizes */
/* Beyond as many, or as many bytes of names, shapes are sent as transient ones. */
#define PACK_SHAPES 16384
#define PACK_NAMES (8 << 20)

/* Every message begins so. */
struct pack_message {
	uint32_t size; /* in bytes, this included: a multiple of PACK_ALIGN */
	uint16_t kind;
	uint16_t flags;
};
enum pack_kind {
	PACK_DAMAGED,
	PACK_SHAPE,  /* for unpack alone */
	PACK_RECORD, /* a record is there */
	PACK_ROWS,   /* several are, which differ in their values */
	PACK_OTHER   /* the first kind that others may use for their own */
};

struct pack_shape;
struct pack {
	struct pack_shape *shapes, *last; /* private: a table by id */
	uint32_t n, mask, sent;           /* shapes: met, and told of */
	size_t names;
	struct pack_shape *transient; /* private */
};
void pack_init(struct pack *p);
void pack_release(struct pack *p);
/* The bytes that pack_put writes for this record, by the next call. */
size_t pack_size(struct pack *p, const struct record *r);
void pack_put(struct pack *p, const struct record *r, char *to);
/* The same for n records like r, the values of which stand at r->v, at
 * r->v + stride ...  0: they have to go one by one. */
size_t pack_rows_size(
	struct pack *p, const struct record *r, size_t stride, size_t n);
void pack_put_rows(struct pack *p, const struct record *r, size_t stride,
	size_t n, char *to);
/* Both; and JSON_PADDING bytes behind it that do not count. */
void pack_add(struct pack *p, const struct record *r, struct buf *out);

#endif
