/*
 * runs: accumulators of a run of records, which are made on another thread and
 * then become part of those of all records before.
 *
 * The answer must not show it, not by a bit.  So there are two kinds: those of
 * which merging the runs in their order gives what adding the records gives,
 * and those of numbers that are rounded, of which the numbers themselves are
 * handed over, in a log, and added record by record.
 */
#ifndef BIEF_RUNS_H
#define BIEF_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agg/accum/accum_rows.h"
#include "agg/accum/accums.h"

#define RUNS_LOGGED 16 /* fields whose numbers are logged, at most */

struct runs {
	bool *logged;        /* of each accumulator; else it is merged */
	bool any;            /* are logged */
	int in[RUNS_LOGGED]; /* the fields */
	size_t nin;
};

/* Can it be done?  Else why not.  What the fields are is known by now. */
const char *runs_why_not(const struct accums *s);
void runs_init(struct runs *r, const struct accums *s);
void runs_release(struct runs *r);
/* Count the record that was read in, as far as it can be merged; log the rest
 * as of this group. */
void runs_add(const struct runs *r, struct accums *s, struct blob *b,
	uint64_t seq, uint32_t group, struct buf *log);
/* The same of many records, which accum_rows_plain() has seen, each in the bytes
 * of its blob. */
void runs_add_rows(const struct runs *r, struct accums *s,
	const struct accum_rows *rows, char *const *blobs,
	const uint32_t *groups, struct buf *log);
/* What a run has made, as of seq 0 and so on, becomes part of what was made up
 * to seq. */
void runs_merge(const struct runs *r, const struct accums *s, struct blob *to,
	struct blob *from, uint64_t seq);
/* The next entry of a log: its group; then added to that.  Returns what is
 * behind it. */
uint32_t runs_group(const char *log);
const char *runs_replay(const struct runs *r, struct accums *s, struct blob *b,
	uint64_t seq, const char *log);

#endif
