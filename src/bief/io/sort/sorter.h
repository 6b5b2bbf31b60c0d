/*
 * sorter: rows, which are bytes with a key, in the order of their keys.
 *
 * Keys compare by memcmp, and none is the beginning of another (sortkey.h).  Rows
 * of the same key stay in the order in which they came.  Where there is a bound
 * on memory, what is beyond it goes to files without names; so it stays sorted
 * however much it is.
 */
#ifndef BIEF_SORTER_H
#define BIEF_SORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/arena.h"
#include "floor/buf.h"
#include "io/sort/sort_rows.h"
#include "io/sort/sort_runs.h"

#define SORTER_ALL UINT64_MAX

struct sorter {
	uint64_t limit; /* only the first so many rows; SORTER_ALL */
	size_t most;    /* bytes of memory, about; SIZE_MAX */
	/* private */
	struct sort_entry *e, *tmp; /* tmp is as large, if it is there */
	size_t n, cap, ncap;        /* ncap: of tmp */
	struct arena rows, other;   /* other is empty */
	struct buf worst;           /* key that a row must be below, if any */
	struct sort_runs runs;
};

/* dir: of the files; it lives as long. */
void sorter_init(
	struct sorter *s, uint64_t limit, size_t most, const char *dir);
void sorter_release(struct sorter *s);

/* Would a row be among the first, as far as the beginning of its key tells? */
static inline bool
sorter_wants(const struct sorter *s, const struct buf *key)
{
	size_t n = key->n < s->worst.n ? key->n : s->worst.n;

	return n == 0 || memcmp(key->p, s->worst.p, n) <= 0;
}

/* One more row.  0, or -1. */
int sorter_add(struct sorter *s, const struct buf *key, const struct buf *bytes,
	struct err *err);
/* Bytes of memory that the rows take, about. */
size_t sorter_memory(const struct sorter *s);
/* All rows in their order, then there are none; see sort_runs.h.  0, or -1. */
int sorter_give(struct sorter *s, sort_row_fn *row, void *arg, struct err *err);

#endif
