/*
 * varint: numbers of seven bits in each byte, the lowest first; the highest bit
 * says that there is more.
 */
#ifndef BIEF_VARINT_H
#define BIEF_VARINT_H

#include <stdbool.h>
#include <stdint.h>

#include "floor/buf.h"

static inline void
varint_put(struct buf *out, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_byte(out, (char)(v | 0x80));
	buf_byte(out, (char)v);
}

/* The number at *p, which moves behind it; false where it does not end, or has
 * more than 64 bits. */
static inline bool
varint_get(const unsigned char **p, const unsigned char *end, uint64_t *v)
{
	int shift = 0;

	*v = 0;
	do {
		if (*p == end || shift > 63)
			return false;
		*v |= (uint64_t)(**p & 0x7f) << shift;
		shift += 7;
	} while (*(*p)++ >= 0x80);
	return true;
}

#endif
