/*
 * checkpoint: the directory from which a pipeline recovers, bief-checkpoint(5).
 *
 * All files are written by file_save: a temporary name, fsync, rename, fsync of
 * the directory; each begins with a line that names its kind and version and
 * ends with a checksum.  A file that is damaged or of a newer version is an
 * error (STATUS_DAMAGED), never a guess.
 */
#ifndef BIEF_CHECKPOINT_H
#define BIEF_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

struct err;

/* ---- files ---- */

/* Write dir/name whole or not at all. */
int file_save(const char *dir, const char *name, const char *kind,
	const void *p, size_t n, struct err *err);
/* Read it: the payload replaces out.  0, 1 when there is no such file, -1. */
int file_load(const char *dir, const char *name, const char *kind,
	struct buf *out, struct err *err);
/* Make a directory and those above it; an existing one is fine. */
int file_mkdir(const char *dir, struct err *err);

/* Numbered files DIR/N.KIND: the numbers, ascending. */
struct numbers {
	int64_t *v;
	size_t n;
};
int numbers_list(struct numbers *l, const char *dir, const char *kind,
	struct err *err);
void numbers_release(struct numbers *l);
/* Newest one, -1 if none. */
int64_t numbers_last(const struct numbers *l);

/* ---- the directory ---- */

#define CHECKPOINT_KEEP 100 /* batches that are kept */
#define CHECKPOINT_AHEAD 16 /* batches that a source may be ahead of a sink */

/* A directory of one source, stage or sink that this process has locked. */
struct place {
	char *dir;
	char *id;
	int lock; /* descriptor */
};
void place_init(struct place *p);
void place_release(struct place *p); /* unlocks */
/*
 * Lock DIR/group/id, made if need be.  When it is taken: wait a little (its
 * owner may be dying), then refuse.
 */
int place_lock(struct place *p, const char *dir, const char *group,
	const char *id, struct err *err);

/* Identity of the directory; made (with parents) if create. */
int checkpoint_open(const char *dir, bool create, char **identity,
	struct err *err);
/* Wait until nothing of an earlier run is alive, but for the sources of this
 * one; -1 after a while, with a message. */
int checkpoint_quiet(const char *dir, const char *own_source,
	struct err *err);
/* The newest batch that all sinks have: -1 none, or no sink is known. */
int checkpoint_committed(const char *dir, int64_t *newest, int *sinks,
	struct err *err);
/* How many sinks hold their locks. */
int checkpoint_sinks_alive(const char *dir);

/* ---- source ---- */
struct offset {
	int64_t time_us;
	char *position; /* JSON, as mark wrote it */
};
int offset_save(const struct place *p, int64_t batch, const struct offset *o,
	struct err *err);
/* 1: there is none. */
int offset_load(const struct place *p, int64_t batch, struct offset *o,
	struct err *err);
void offset_release(struct offset *o);

/* ---- stage ---- */
struct state;
struct state_files {
	int64_t last;       /* batch of the newest file; -1 none */
	int64_t deltas;     /* since the last snapshot */
	size_t delta_bytes, snapshot_bytes;
};
/*
 * Bring the state to what it was after batch `upto`; newer files are deleted.
 * upto -1: everything is.
 */
int checkpoint_restore(const struct place *p, struct state *s, int64_t upto,
	struct state_files *f, struct err *err);
/* What changed in this batch, now and then all of it; older files that are not
 * needed any more are deleted. */
int checkpoint_save(const struct place *p, struct state *s, int64_t batch,
	int64_t committed, struct state_files *f, struct err *err);
/* Compare with the text that was stored (options of the stage): 0 the same or
 * stored now, -1 with a message that names the difference. */
/* Has this place no files of its stage yet? */
bool checkpoint_fresh(const struct place *p);
int checkpoint_same(const struct place *p, const char *what, const char *text,
	struct err *err);

/* ---- sink ---- */
int commit_save(const struct place *p, int64_t batch, struct err *err);
/* Newest batch of a sink; -1 none. */
int commit_last(const struct place *p, int64_t *batch, struct err *err);

/* Delete numbered files below `before`. */
int checkpoint_clean(const struct place *p, const char *kind, int64_t before,
	struct err *err);

#endif
