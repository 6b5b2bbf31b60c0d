/*
 * sort_runs: sorted rows in files without names, and their merge.
 *
 * Rows come in runs, each sorted by itself; of the same key those of an earlier
 * run come first.  When there are many runs they are merged into a longer one.
 */
#ifndef BIEF_SORT_RUNS_H
#define BIEF_SORT_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/sort/sort_rows.h"

struct err;
struct sort_level;

struct sort_runs {
	const char *dir;          /* of the files */
	uint64_t limit;           /* so many rows of a run, and of all, count */
	size_t memory;            /* about so many bytes, for merging */
	struct sort_level *level; /* private */
	size_t nlevels;
};

/* dir lives as long. */
void sort_runs_init(
	struct sort_runs *s, const char *dir, uint64_t limit, size_t memory);
void sort_runs_release(struct sort_runs *s);
/* Forget the runs, and what the files hold. */
void sort_runs_clear(struct sort_runs *s);
bool sort_runs_any(const struct sort_runs *s);
/* One more run: these rows, sorted.  0, or -1. */
int sort_runs_add(struct sort_runs *s, const struct sort_entry *e, size_t n,
	struct err *err);
/* All rows in their order; at most limit.  row returns 0, or -1, which ends
 * it; what it is given can be read until it returns, and JSON_PADDING bytes
 * behind.  0, or -1. */
typedef int sort_row_fn(void *arg, const struct sort_row *r);
int sort_runs_merge(
	struct sort_runs *s, sort_row_fn *row, void *arg, struct err *err);

#endif
