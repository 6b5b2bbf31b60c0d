/*
 * chain: the stages of one process, private to the runtime and to the commands
 * that look at chains.  Operators see stage.h only.
 */
#ifndef BIEF_CHAIN_H
#define BIEF_CHAIN_H

#include "floor/buf.h"
#include "floor/err.h"
#include "value/record_read.h"
#include "io/stream/output.h"
#include "io/stream/stream.h"
#include "runtime/phase.h"
#include "runtime/recover/recover.h"
#include "runtime/stage.h"
#include "runtime/report/ticker.h"
#include "runtime/report/vitals.h"

#define TICK_0_US 10000 /* between the batches of --trigger 0 */

#define INPUTS_MAX 64 /* of one program */

/* Options that the runtime gives to every program, bief(7). */
struct common {
	bool help, version, dump_options, plain;
	const char *rejects;
	int on_error;
	int64_t max_line, max_state;
	const char *trigger;
	int64_t batch;
	const char *name;
	const char *progress;
	const char *zone;
	int64_t ready_fd;
	const char *checkpoint;
	int64_t sinks;
	int64_t threads; /* 0: not told */
};

struct stage_private {
	enum phase phase;
	char **words; /* of the command line */
	struct common common;
	struct record_reader
		reader;  /* of text that this stage wants as record */
	struct buf text; /* of a record that it wants as text */
	struct buf scratch;
	/* batches made here, of a stream that has none */
	bool batcher;
	int64_t per_batch; /* records; 0: by the clock */
	int64_t in_batch;
	int64_t next_tick;
	int64_t next_number; /* after the batches so far */
	/* rejects */
	int rejects_fd;
	uint64_t kept; /* of those refused */
	uint64_t said; /* messages about single records */
	bool failed;   /* this stage has given up */
	bool ended;    /* it has had its last call */
	bool opened;
	int nfds;           /* that it waits for */
	bool stream_out;    /* control lines follow from here */
	int64_t started_us; /* of the batch, monotonic */
	int64_t busy_us;    /* vitals_busy_us() then */
	uint64_t batch_in, batch_out, batch_late; /* counters then */
	int progress_fd;
	int64_t reported_us; /* started_us of the batch before */
	struct {             /* the parts of its end, for progress */
		int64_t wal_us, batch_us, commit_us;
	} took;
	struct field **watched; /* told when no record had them */
	size_t nwatched;
	struct recovery recovery;
};

struct block;

/* Lines may be worked on aside, by threads.c: NULL where they are not. */
struct chain_aside {
	/* Whole lines of the input: 1 the first *n bytes of them were taken, 0
	 * these are to be given to the first stage, or -1. */
	int (*lines)(void *arg, const char *p, size_t *n);
	/* Let all that was taken have its effect, in order.  0 or -1. */
	int (*settle)(void *arg);
	/* What a neighbour in front has worked at for us.  0 or -1. */
	int (*shipped)(void *arg, const char *p, size_t n);
	/* Is there something new to tell it of what it may work at?  Then that
	 * is in out.  come: bytes that have, in this batch. */
	bool (*lends)(void *arg, size_t come, struct buf *out);
	void *arg;
	bool busy;     /* something was taken that has not had its effect */
	uint64_t news; /* so often the stages have come to know something */
};

struct chain {
	struct stage *stages;
	int n;
	struct shapes *shapes;
	struct output out;
	/* What is known of the fields that go out (plan_known.h); derived: by
	 * what a neighbour in front has said.  vouch: is it so, and does nobody
	 * else write what we read?  NULL: it is. */
	struct buf known;
	struct buf header; /* the line that came in; empty: none */
	bool derived;
	bool (*vouch)(void *link);
	void *in;
	struct link_out *link; /* to whoever reads it; NULL: not known */
	struct link_out *ring; /* the same, when records go as they are */
	struct err err;
	struct stage *failed; /* the innermost stage of the failing call */
	bool planned;
	bool silent;           /* nobody is told what a stage has to say */
	int64_t alive_us;      /* when it last said that it lives */
	int *status;           /* of each stage */
	struct vitals *vitals; /* NULL: nothing runs (explain) */
	int64_t slow_us;       /* when a slow batch was last said, monotonic */
	uint64_t slow;         /* such batches since */
	bool enough; /* what still comes cannot matter: stage_enough */
	bool held;   /* it waits for its sinks, not for input */
	struct chain_aside aside;
	struct block *capture; /* of a clone: where all goes that would show */
	struct ticker ticker;
	/* The input that is read where there is no source; fd -1: none. */
	struct {
		int fd;
		uint64_t before; /* bytes of the files before it */
		char **rest;     /* those behind it, NULL ends them */
	} reading;
	/* On a terminal it is told, once, why there is no answer yet. */
	struct {
		bool off;          /* it has been, or there is none */
		int64_t since_us;  /* monotonic; 0: nothing runs yet */
		int64_t waited_us; /* by then */
	} hint;
};

/* Before anything that comes behind the lines that were taken. */
static inline int
chain_settle(struct chain *c)
{
	return c->aside.busy ? c->aside.settle(c->aside.arg) : 0;
}

static inline struct stage *
chain_last(struct chain *c)
{
	return &c->stages[c->n - 1];
}

/* Remember who failed, the innermost of nested calls; -1. */
static inline int
chain_failed(struct stage *st)
{
	if (st->chain->failed == NULL)
		st->chain->failed = st;
	return -1;
}

static inline enum on_error
chain_on_error(const struct stage *st)
{
	return st->on_error < 0 ? ON_ERROR_FAIL : (enum on_error)st->on_error;
}

static inline size_t
chain_max_line(const struct stage *st)
{
	return (size_t)st->priv->common.max_line;
}

/* Do control lines leave the process? */
static inline bool
chain_writes_control(const struct chain *c)
{
	const struct stage *last = &c->stages[c->n - 1];

	return last->priv->stream_out && last->op->sink == NULL &&
		!c->out.terminal;
}

/* Give a record to a stage, as text or with fields, as it wants it. */
int chain_give(struct stage *st, struct record *r);
int chain_give_line(struct stage *st, const char *line, size_t n);

/* Will it take these lines at once?  Then give it them (op.lines). */
bool chain_takes_lines(
	const struct stage *st, const char *p, const uint32_t *lf, size_t n);
int chain_give_lines(
	struct stage *st, const char *p, const uint32_t *lf, size_t n);

/* The same for a record with fields, fast where nothing is to be looked at. */
static inline int
chain_give_record(struct stage *st, struct record *r)
{
	if (!st->straight || st->text || r->shape->id != st->shape_id)
		return chain_give(st, r);
	r->number = ++st->records_in;
	return st->op->record(st, r) < 0 ? chain_failed(st) : 0;
}

/* Is all that there is to a record, beside record(), that batches are made here?
 * Then give it n of them. */
bool chain_makes_batches(const struct stage *st);
int chain_give_in_batches(
	struct stage *st, const struct record *r, size_t stride, size_t n);

/* Will it take records like this one, many at once?  Then give it n of them
 * (op.records). */
static inline bool
chain_takes_records(const struct stage *st, const struct record *r)
{
	return st->op->records != NULL && !st->text && !r->shape->reserved &&
		r->shape->id == st->shape_id &&
		(st->straight || chain_makes_batches(st));
}

static inline int
chain_give_records(
	struct stage *st, const struct record *r, size_t stride, size_t n)
{
	if (!st->straight)
		return chain_give_in_batches(st, r, stride, n);
	return st->op->records(st, r, stride, n) < 0 ? chain_failed(st) : 0;
}

/* A record or line that begins as a control line does: refused. */
int chain_give_forged(struct stage *st, const char *line, size_t n);
/* The text of a file has ended. */
void chain_file_end(struct stage *st);
/* A line that is too long: refused. */
int chain_give_long(struct stage *st, const char *line, size_t n);
/* Open a batch of the next number at st; close the one that is open. */
int chain_open_batch(struct stage *st);
int chain_close_batch(struct stage *st, bool last);
/* A batch begins or ends at st and after it. */
int chain_begin(struct stage *st, struct batch *b);
int chain_end(struct stage *st, struct batch *b);
/* The input of st has ended, for good. */
int chain_finish(struct stage *st);
/* A tick of a stage that makes batches by the clock is due. */
int chain_tick(struct stage *st);
/* When the next one is due (time_now), INT64_MAX: never. */
int64_t chain_deadline(const struct chain *c);
/* A call has failed: say so, end what follows as a shell pipe would. */
void chain_fail(struct chain *c);
/* The input stopped in the middle of a stream with control lines. */
void chain_cut(struct stage *st);
/* A program in front has failed with this status, and has said why. */
void chain_quit(struct chain *c, enum status status);
void chain_quit_behind(struct stage *st, enum status status);
/* The input fd of st has ended before its first line: was it cut off? */
bool chain_unbegun(struct stage *st, int fd);
/* A control line that is not for us: for those who follow. */
void chain_pass(struct chain *c, const char *line, size_t n);

#endif
