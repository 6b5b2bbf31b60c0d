/*
 * sort_rows: rows in memory, put in the order of their keys.
 */
#ifndef BIEF_SORT_ROWS_H
#define BIEF_SORT_ROWS_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A row as it lies in memory and in files: behind it its key, then what it is,
 * then what makes its size a multiple of eight. */
struct sort_row {
	uint32_t nkey, n;
	char bytes[];
};

static inline size_t
sort_row_size(size_t nkey, size_t n)
{
	return (sizeof(struct sort_row) + nkey + n + 7) & ~(size_t)7;
}

static inline const char *
sort_row_data(const struct sort_row *r)
{
	return r->bytes + r->nkey;
}

/* A row and eight bytes of its key, as a number. */
struct sort_entry {
	uint64_t prefix;
	const struct sort_row *row;
};

/* Eight bytes of a key from a place on, zeros behind its end. */
static inline uint64_t
sort_rows_prefix(const struct sort_row *r, uint32_t from)
{
	uint32_t n = r->nkey > from ? r->nkey - from : 0;
	uint64_t w = 0;

	memcpy(&w, r->bytes + from, n >= 8 ? 8 : n);
	return be64toh(w);
}

/* Compare keys, none of which is the beginning of another: <0, 0, >0. */
static inline int
sort_rows_compare(const char *a, uint32_t na, const char *b, uint32_t nb)
{
	int c = memcmp(a, b, na < nb ? na : nb);

	return c != 0 ? c : (na > nb) - (na < nb);
}

/*
 * Sort n entries, whose prefixes are those of the keys' beginnings; rows of the
 * same key stay in their order.  tmp has room for n more.  (The prefixes are
 * others afterwards.)
 */
void sort_rows(struct sort_entry *e, struct sort_entry *tmp, size_t n);

#endif
