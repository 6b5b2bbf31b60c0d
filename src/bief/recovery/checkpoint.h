/*
 * checkpoint: the directory from which a pipeline recovers, bief-checkpoint(5):
 * what is in it and what it means.  How files are written is in file.h, who
 * may work with them in place.h.
 */
#ifndef BIEF_CHECKPOINT_H
#define BIEF_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "io/file.h"
#include "value/list.h"
#include "recovery/place.h"

struct err;

#define CHECKPOINT_KEEP 100 /* batches that are kept */
#define CHECKPOINT_AHEAD 16 /* batches that a source may be ahead of a sink */

/* ---- the directory ---- */

struct checkpoint {
	char *identity;
	struct list sources, sinks; /* that it has had */
	bool given_up;              /* its last sink has been ... */
	int64_t left;               /* ... which had this batch; else -1 */
};
/* Read the metadata. */
int checkpoint_read(const char *dir, struct checkpoint *c, struct err *err);
void checkpoint_release(struct checkpoint *c);
bool checkpoint_has(const struct list *l, const char *id);
/* Make the directory and its metadata if need be; its identity, allocated. */
int checkpoint_open(const char *dir, char **identity, struct err *err);
/* A source enters its id.  One that is not known to a checkpoint with batches is
 * of another pipeline. */
int checkpoint_add_source(const char *dir, const char *id, struct err *err);
/* Before its first batch it enters its sinks. */
int checkpoint_add_sinks(
	const char *dir, const struct list *ids, struct err *err);
/* Give up a sink: nothing is left of it. */
int checkpoint_forget(const char *dir, const char *id, struct err *err);
/* The newest batch that all sinks have, or had when the last was given up; -1
 * none. */
int checkpoint_committed(const char *dir, int64_t *newest, struct err *err);
/* The newest batch that a stage or a sink right behind this source has saved, -1
 * none: its offset was there before that. */
int checkpoint_newest(
	const char *dir, const char *source, int64_t *newest, struct err *err);
/* The sinks of a run that are ready: their ids are added to the list. */
void checkpoint_ready(const char *dir, const char *run, struct list *ids);

/* ---- source ---- */
struct offset {
	int64_t time_us;
	char *position; /* JSON, as mark wrote it; NULL: nothing read yet */
	bool absent;    /* the source had ended before this batch ... */
	int64_t as;     /* ... after this one; -1 it had none */
};
int offset_save(const struct place *p, int64_t batch, const struct offset *o,
	struct err *err);
/* 1: there is none. */
int offset_load(const struct place *p, int64_t batch, struct offset *o,
	struct err *err);
void offset_release(struct offset *o);
/*
 * Of several sources one may end while others go on.  It leaves a note of where
 * it stood; its next run begins by recording that it had no part in the batches
 * that the others had since.  The last to end notes that all have.
 */
int offset_end(
	const char *dir, const struct place *p, int64_t last, struct err *err);
/* The first batch after a run of several sources that came to its end; -1: none
 * has. */
int offset_anew(const char *dir, int64_t *batch, struct err *err);
int offset_resume(const char *dir, const struct place *p, int64_t committed,
	struct err *err);

/* ---- stage ---- */
struct state;
struct state_files {
	int64_t last;   /* batch of the newest file; -1 none */
	int64_t deltas; /* since the last snapshot */
	size_t delta_bytes, snapshot_bytes;
};
/* Bring the state to what it was after batch `upto`; no file is touched. */
int checkpoint_restore(const struct place *p, struct state *s, int64_t upto,
	struct state_files *f, struct err *err);
/* What changed in this batch, now and then all of it.  What an earlier run has
 * saved of later batches stays until they are run again: a sink that is ahead of
 * the others may have them, and then the state goes back to no less. */
int checkpoint_save(const struct place *p, struct state *s, int64_t batch,
	struct state_files *f, struct err *err);
/* Another state in the place of that after a batch; later ones are deleted. */
int checkpoint_replace(const struct place *p, const struct state *s,
	int64_t batch, struct err *err);
/* Delete what no restart can need. */
int checkpoint_clean_state(
	const struct place *p, int64_t committed, struct err *err);
/* Has this place no files of its stage yet? */
bool checkpoint_fresh(const char *dir, const char *id);
/*
 * Compare the options of a stage, one a line, with what was stored: 0 the same
 * or stored now, -1 with a message that names the difference.
 */
int checkpoint_same(const struct place *p, const char *text, struct err *err);

/* ---- sink ---- */
/* A new sink starts behind this batch. */
int commit_start(const struct place *p, int64_t batch, struct err *err);
/* mark: what the sink says of it, JSON text or NULL. */
int commit_save(const struct place *p, int64_t batch, const char *mark,
	struct err *err);
/* Newest batch of a sink, or where it started; 1: it is not registered.  *any
 * and *mark (allocated, or NULL) may be left away. */
int commit_last(const char *place, int64_t *batch, bool *any, char **mark,
	struct err *err);

/*
 * What a sink writes to, so that no other takes its place: in words, and in
 * full.  target_load: 1, not known; 0 and what an earlier run wrote to, in words
 * (allocated), or NULL if that is the same; -1.
 */
int target_save(const struct place *p, const char *words, const char *full,
	struct err *err);
int target_load(
	const char *place, const char *full, char **words, struct err *err);

/* Delete numbered files below `before`. */
int checkpoint_clean(const struct place *p, const char *kind, int64_t before,
	struct err *err);

#endif
