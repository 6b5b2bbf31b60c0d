/*
 * hybrid: small numbers of a known width, as runs of one number and groups of
 * eight packed bit by bit: levels and places in dictionaries.
 */
#ifndef BIEF_HYBRID_H
#define BIEF_HYBRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Bits that numbers up to most need. */
int hybrid_width(uint32_t most);
void hybrid_encode(const uint32_t *v, size_t n, int width, struct buf *out);

/* Reading goes on where it was. */
struct hybrid {
	const unsigned char *p, *end;
	int width;
	uint32_t value; /* of a run */
	size_t run;     /* what is left of it */
	size_t packed;  /* or numbers left of packed groups */
	int bit;        /* that the next one begins at, in *p */
};
void hybrid_init(struct hybrid *h, const void *p, size_t n, int width);
/* The next n numbers; false when there are not so many. */
bool hybrid_read(struct hybrid *h, uint32_t *v, size_t n);
/* The same where they are all one number: else false, and none is taken. */
bool hybrid_same(struct hybrid *h, uint32_t *v, size_t n);

#endif
