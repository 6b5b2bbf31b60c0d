/*
 * recover: the part that a stage has in a checkpoint, private to the runtime.
 *
 * The source records where a batch ends before its end line leaves; a stage
 * saves its state for the batch, then passes the line on; a sink makes its
 * output durable and writes its commit.  A restart goes back to the newest
 * batch that all sinks have, and runs what was recorded after it again, to the
 * recorded ends.
 *
 * What a part is, and the order of its calls, is for each role in a file of its
 * own: recover_source.c, recover_stage.c, recover_sink.c.  Here is what the chain
 * calls for any stage; one that has no part does nothing.  What waits, and what
 * runs batches again, is in rerun.h.
 */
#ifndef BIEF_RECOVER_H
#define BIEF_RECOVER_H

#include <stdbool.h>
#include <stdint.h>

struct batch;
struct plan;
struct stage;

enum recovery_role {
	RECOVERY_NONE, /* there is no checkpoint, or it keeps nothing */
	RECOVERY_SOURCE,
	RECOVERY_STAGE, /* it keeps state */
	RECOVERY_SINK
};

struct recovery {
	enum recovery_role role;
	bool skip; /* see recover_skips */
	union {
		struct source_recovery *source;
		struct stage_recovery *stage;
		struct sink_recovery *sink;
	};
};

void recover_init(struct recovery *r);
void recover_release(struct recovery *r);

static inline bool
recover_on(const struct recovery *r)
{
	return r->role != RECOVERY_NONE;
}

/* Is the batch that is open one that this sink has already?  Its records are
 * not given to it.  (Asked for every record.) */
static inline bool
recover_skips(const struct recovery *r)
{
	return r->skip;
}

/* After plan(), before restore(): a stateful stage or a sink takes its place;
 * *p is its out, in are its n inputs.  (A source: rerun_source.) */
int recover_open(
	struct stage *st, const struct plan *in, int n, struct plan *p);
/* After restore(): it can take batches, and the source may know it. */
int recover_ready(struct stage *st);
/* The time of a new batch: the clock's, but never before the last one's. */
int64_t recover_time(const struct stage *st, int64_t now_us);
/* A batch begins at this stage. */
int recover_begin(struct stage *st, const struct batch *b);
/* It is about to end: a source records where, before anybody learns of it. */
int recover_mark(struct stage *st, const struct batch *b);
/* It has ended, and what it gave is written: it is saved, or committed. */
int recover_end(struct stage *st, const struct batch *b);
/* No more batches. */
int recover_finish(struct stage *st);

#endif
