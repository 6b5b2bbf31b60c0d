/*
 * unpack: records from the messages that pack.h makes.
 *
 * DAMAGE.  What comes in may be anything: sizes and places are checked, so that
 * what is read is within the message.  It is not checked that a text is JSON.
 */
#ifndef BIEF_UNPACK_H
#define BIEF_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include "value/pack.h"
#include "value/slots.h"

struct unpack {
	struct shapes *shapes;
	struct shapes *transient; /* of the last record, if it has one */
	struct shape **known;     /* the first is of transient ones */
	uint32_t n, cap;
	size_t names;
	struct slots slots;
	struct window_set windows;
	/* Of PACK_ROWS: how many, and how far they are apart. */
	size_t rows, stride;
};
/* Shapes are made in this set. */
void unpack_init(struct unpack *u, struct shapes *shapes);
void unpack_release(struct unpack *u);
/*
 * The message at p, which is aligned, of which n bytes are there and some of
 * JSON_PADDING more can be read.  Its kind; its size in *size, unless it is
 * damaged.  A record lives as long as the message does, until the next call.  Of
 * several *r is the first.
 */
unsigned unpack_next(struct unpack *u, const char *p, size_t n, size_t *size,
	struct record *r);

#endif
