/*
 * csvheader: the first row of CSV, where it holds names, and whether another
 * row is the header of a later file.
 */
#ifndef BIEF_CSVHEADER_H
#define BIEF_CSVHEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "floor/buf.h"
#include "io/csvrow.h"

/* Zeroed: there is none yet. */
struct csvheader {
	struct buf text; /* as it came, all lines of it; empty: none yet */
	char **names;    /* its cells */
	size_t n;
};

void csvheader_release(struct csvheader *h);
/* The row is the header. */
void csvheader_take(struct csvheader *h, const struct csvrow_reader *rows);
/* Are these its bytes? */
static inline bool
csvheader_is(const struct csvheader *h, const char *line, size_t n)
{
	return h->text.n == n && n > 0 && memcmp(h->text.p, line, n) == 0;
}
/* Has the row the same cells? */
bool csvheader_same(
	const struct csvheader *h, const struct csvrow_reader *rows);
/* How many cells of the row are names of the header, in any place. */
size_t csvheader_known(
	const struct csvheader *h, const struct csvrow_reader *rows);

#endif
