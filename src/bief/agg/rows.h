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
};

struct rows {
	const struct state *s;
	char *r;
	size_t n, cap;
	size_t size;   /* of one, as they are kept: there may be millions */
	uint8_t type;  /* of the first key field, as far as it is known */
	bool unlike;   /* ... which has no order that a number tells */
	bool unsorted; /* by the numbers */
};

void rows_release(struct rows *rows);
void rows_clear(struct rows *rows);
/* An entry of s, as a window; merged: of what is to be put together. */
void rows_add(struct rows *rows, const struct state *s, const struct groups *g,
	state_ref of, const struct span *w, bool merged);
/* Does it come behind the last one that was asked for, so that there is nothing
 * to sort?  None is kept; rows_clear() before the first one, and behind. */
bool rows_follows(struct rows *rows, const struct state *s,
	const struct groups *g, state_ref of, const struct span *w);
/* There will be so many. */
void rows_expect(struct rows *rows, const struct groups *g, size_t n);
/* Sort by window, then by key fields (nulls first), then by what is rolled up;
 * of equal rows one stays. */
void rows_sort(struct rows *rows, const struct groups *g);
struct row rows_get(const struct rows *rows, size_t i);
/* It will be asked for soon. */
void rows_fetch(const struct rows *rows, size_t i);

/* The key fields; g->nkeys values, whose text points into the key. */
void rows_fields(const struct row *r, const struct groups *g, struct value *v);

#endif
