/*
 * recover: checkpoints in the life of a chain, private to the runtime.
 *
 * The source records where a batch ends before its end line leaves; a stage
 * saves its state for the batch, then passes the line on; a sink makes its
 * output durable and writes its commit.  A restart goes back to the newest
 * batch that all sinks have, and runs what was recorded after it again, to the
 * recorded ends.
 */
#ifndef BIEF_RECOVER_H
#define BIEF_RECOVER_H

#include "recovery/checkpoint.h"

struct batch;
struct buf;
struct plan;
struct stage;

struct recovery {
	bool on;
	struct place place;
	struct state_files files; /* of a stage */
	int64_t last;             /* of a sink: newest batch it has */
	int64_t own;              /* ... and had when the run began; -1 */
	char *mark;               /* ... and its mark then, or NULL */
	char *words, *target;     /* ... and what it writes to, in full */
	char *elsewhere;          /* ... and what it wrote to before, in words;
	                             NULL: to the same */
	bool untold;              /* ... which is not in the checkpoint yet */
	bool skip;                /* of a sink: it has this batch already */
	bool known;               /* of a sink: the source knows of it */
	int64_t stored;           /* of a source: newest recorded batch */
	int64_t committed;        /* by all sinks, as last looked */
	int64_t time_us;          /* of a source: of the newest batch */
	bool news;                /* of a source: a batch has been run */
	char *from, *to;          /* of a source, of the newest; may be NULL */
};

void recover_init(struct recovery *r);
void recover_release(struct recovery *r);

/* Before plan(): a source opens the checkpoint and puts it into the plan. */
int recover_source(struct stage *st, struct plan *p);
/* After plan(): a stateful stage or a sink takes its place; *p is its out, in
 * are its n inputs. */
int recover_stage(
	struct stage *st, const struct plan *in, int n, struct plan *p);
/* After restore(): a sink can take batches, and the source may know it. */
int recover_ready(struct stage *st);
/* The source waits for its sinks. */
int recover_wait_sinks(struct stage *st);
/* The source runs recorded batches again; then it stands where to go on. */
int recover_rerun(struct stage *st);
/* Before a batch: not too far ahead of the slowest sink. */
int recover_ahead(struct stage *st, int64_t number);
/* The time of a new batch: the clock's, but never before the last one's. */
int64_t recover_time(const struct stage *st, int64_t now_us);
/* The source has ended. */
int recover_finish(struct stage *st);
/* A batch begins, or has ended, at this stage. */
int recover_begin(struct stage *st, const struct batch *b);
int recover_source_end(struct stage *st, const struct batch *b);
int recover_end(struct stage *st, const struct batch *b);

#endif
