/*
 * delta_commit: what is written to the log of a Delta table.
 */
#ifndef BIEF_DELTA_COMMIT_H
#define BIEF_DELTA_COMMIT_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct delta_file;
struct delta_log;
struct err;

#define DELTA_COMMIT_CHECKPOINT 10 /* versions from one to the next */

/* Make the actions the next version.  0; 1 when another writer was faster:
 * nothing was done, refresh and try again; -1, then *there tells whether the
 * version is there all the same. */
int delta_commit_try(struct delta_log *l, const struct buf *actions,
	bool *there, struct err *err);
/* Append the action that removes a file. */
void delta_commit_remove(
	const struct delta_file *f, int64_t now_ms, struct buf *out);
/* Write a checkpoint; keep_ms: forget files that were removed before. */
int delta_commit_checkpoint(
	struct delta_log *l, int64_t keep_ms, struct err *err);

#endif
