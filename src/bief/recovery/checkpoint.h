/*
 * checkpoint: the directory from which a pipeline recovers, bief-checkpoint(5),
 * as a whole: what is to be asked of all its files.  Each kind of file has its
 * own: metadata.h, offset.h, statefile.h, options.h, commit.h, target.h; how
 * they are written is in file.h, who may write them in place.h.
 */
#ifndef BIEF_CHECKPOINT_H
#define BIEF_CHECKPOINT_H

#include <stdint.h>

#include "value/list.h"

struct err;

/* A source enters its id.  One that is not known to a checkpoint with batches is
 * of another pipeline. */
int checkpoint_add_source(const char *dir, const char *id, struct err *err);
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

#endif
