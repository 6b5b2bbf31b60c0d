/*
 * recode: pages in which values are stored as differences, lengths apart or bytes
 * split into streams, as a plain page has them.
 */
#ifndef BIEF_RECODE_H
#define BIEF_RECODE_H

#include <stddef.h>

struct buf;
struct node;

/* As the format numbers them. */
enum encoding {
	ENCODING_PLAIN = 0,
	ENCODING_PLAIN_DICTIONARY = 2,
	ENCODING_RLE = 3,
	ENCODING_BIT_PACKED = 4,
	ENCODING_DELTA_BINARY_PACKED = 5,
	ENCODING_DELTA_LENGTH_BYTE_ARRAY = 6,
	ENCODING_DELTA_BYTE_ARRAY = 7,
	ENCODING_DICTIONARY = 8,
	ENCODING_BYTE_STREAM_SPLIT = 9
};

enum recode {
	RECODE_OK,
	RECODE_UNKNOWN, /* not an encoding of these, or not for this leaf */
	RECODE_DAMAGED,
	RECODE_LONG /* more bytes than a page is given */
};

/* Append the plain form of the n bytes of a page's values. */
enum recode recode_plain(enum encoding encoding, const struct node *leaf,
	const char *p, size_t n, struct buf *out);

#endif
