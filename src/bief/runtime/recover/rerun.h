/*
 * rerun: a source with a checkpoint waits for others, and runs batches again,
 * private to the runtime.  Without a checkpoint each call does nothing.
 */
#ifndef BIEF_RERUN_H
#define BIEF_RERUN_H

#include <stdint.h>

struct plan;
struct stage;

/* Before plan(): the source opens the checkpoint and puts it into the plan.  It
 * waits for stages and sinks of an earlier run to end: they still commit. */
int rerun_open(struct stage *st, struct plan *p);
/* The source waits for its sinks. */
int rerun_wait_sinks(struct stage *st);
/* It runs recorded batches again; then it stands where to go on, and
 * st->in.resume is the next batch. */
int rerun_batches(struct stage *st);
/* Before a batch: not too far ahead of the slowest sink. */
int rerun_ahead(struct stage *st, int64_t number);

#endif
