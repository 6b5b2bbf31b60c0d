/*
 * recover_source: the part of a source in a checkpoint, private to the runtime.
 * The order of the calls is in recover_source.c, and asserted.  rerun.c makes
 * those until the source goes on, the chain those of its batches.
 */
#ifndef BIEF_RECOVER_SOURCE_H
#define BIEF_RECOVER_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

struct batch;
struct offset;
struct plan;
struct source_recovery;
struct stage;

/* Begin a run, the only one with this source. */
int recover_source_lock(struct stage *st, struct plan *p);
/* When nobody of an earlier run is at work any more: where it stands, into the
 * plan. */
int recover_source_open(struct stage *st, struct plan *p);
/* The checkpoint knows all sinks of the run. */
void recover_source_joined(struct stage *st);

/* The newest batch that was recorded, -1 none; where a recorded batch ended,
 * NULL in o->position for -1, the beginning. */
int64_t recover_source_stored(const struct stage *st);
int recover_source_recorded(struct stage *st, int64_t batch, struct offset *o);
/* Batches are run again from here on, from that position. */
void recover_source_again(struct stage *st, const char *position);
/* The end of the next one to be run again; 1: there is none. */
int recover_source_next(struct stage *st, struct offset *o);
/* All have been: the source stands where they end, and reads on. */
void recover_source_go_on(struct stage *st);

void recover_source_begin(struct stage *st, const struct batch *b);
int recover_source_end(struct stage *st, const struct batch *b);
int recover_source_finish(struct stage *st);
void recover_source_free(struct source_recovery *s);

/* A batch's time: the clock's, but never before the last one's. */
int64_t recover_source_time(const struct stage *st, int64_t now_us);
/* The newest batch that all sinks have: as last looked, and looked at now. */
int64_t recover_source_committed(const struct stage *st);
int recover_source_look(struct stage *st);
/* Whether there is a checkpoint or not: between which positions the newest batch
 * was, JSON; NULL: the beginning, or it is not known. */
void recover_source_span(
	const struct stage *st, const char **from, const char **to);
/* The same: stage_hear of stage.h. */
int recover_source_hear(struct stage *st);

#endif
