/*
 * rows: what an aggregation is to write, in the order in which it does.
 */
#ifndef BIEF_ROWS_H
#define BIEF_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "value/value.h"
#include "recovery/state/state.h"
#include "window/span.h"
#include "agg/groups.h"

/* A group, or a window of slices. */
struct row {
	const char *key;
	uint32_t nkey;
	state_ref ref; /* STATE_NONE: to be put together */
	struct span w;
	uint64_t order;
};

struct rows {
	struct row *r;
	size_t n, cap;
	uint32_t *sorted; /* places in r, when they are */
};

void rows_release(struct rows *rows);
void rows_clear(struct rows *rows);
void rows_add(struct rows *rows, struct row r);
/* There will be so many. */
void rows_expect(struct rows *rows, size_t n);
/* Sort by window, then by key fields (nulls first), then by what is rolled up;
 * of equal rows one stays. */
void rows_sort(struct rows *rows, const struct groups *g);
static inline const struct row *
rows_sorted(const struct rows *rows, size_t i)
{
	return &rows->r[rows->sorted[i]];
}

/* The key fields; g->nkeys values, whose text points into the key. */
void rows_fields(const struct row *r, const struct groups *g, struct value *v);

#endif
