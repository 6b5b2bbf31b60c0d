/*
 * statefile: the state of a stage, batch by batch, in files of its place.
 */
#ifndef BIEF_STATEFILE_H
#define BIEF_STATEFILE_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct place;
struct state;

/* Where a stage stands in its files. */
struct statefile {
	int64_t last;   /* batch of the newest file; -1 none */
	int64_t deltas; /* since the last snapshot */
	size_t delta_bytes, snapshot_bytes;
};
/* Bring the state to what it was after batch `upto`, -1: to nothing.  No file is
 * touched. */
int statefile_restore(const struct place *p, struct state *s, int64_t upto,
	struct statefile *f, struct err *err);
/* What changed in this batch, now and then all of it (f->deltas is 0 then).
 * What an earlier run has saved of later batches stays until they are run
 * again: a sink that is ahead of the others may have them, and then the state
 * goes back to no less. */
int statefile_save(const struct place *p, struct state *s, int64_t batch,
	struct statefile *f, struct err *err);
/* Another state in the place of that after a batch; later ones are deleted. */
int statefile_replace(const struct place *p, const struct state *s,
	int64_t batch, struct err *err);
/* Delete what no restart can need. */
int statefile_clean(const struct place *p, int64_t committed, struct err *err);

#endif
