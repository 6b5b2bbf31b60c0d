/*
 * stage: what an operator is, and all that it may call.  A program is an
 * operator; a process runs a chain of them, each a stage of it.  The runtime owns
 * the loop.
 *
 * THE ORDER OF THE CALLS, for one stage, which phase.c asserts:
 *
 *   open     once; options are in the struct.  Check combinations, acquire
 *            (not with st->explain).
 *   plan     once, before the first record: what comes in is in *p, turn it
 *            into what goes out.  Refuse (STATUS_USAGE) what cannot work.
 *            Without control lines *p is empty.  With p->explain nothing else
 *            will be called but close.
 *   restore  after plan, when a checkpoint has given st->state its content.
 *   begin    a batch begins; b->watermark is the one that makes rows late.  It
 *            may be changed: later stages see the change.
 *   record   one record.  Emit any number with stage_emit().
 *   batch    the batch ends; b->watermark is the one after the batch, by which
 *            groups are closed.  It may be changed.  Emit what is due; later
 *            stages get their call after this one, so what is emitted here is
 *            still part of the batch for them.  Without control lines there is
 *            one such call, at the end of input, with b->whole.
 *   commit   sinks: make the batch durable (called after batch, in order).
 *   file_end the text of one file has ended; the next line is another's.  It
 *            may be called between batches: emit at the next call of record or
 *            batch.  May be NULL.
 *   mark     sinks that keep a log: append where it stands after the commit, as
 *            JSON text; stage_committed_mark gives it back.  May be NULL.
 *   close    once, also after a failed open; release in reverse.
 *
 * Sources have no record; instead:
 *
 *   pull     hand on what is there, by stage_emit_line() or stage_emit().  Return
 *            PULL_MORE (call again), PULL_WAIT (nothing now; see wait),
 *            PULL_BATCH (this batch is full or complete; more may follow in the
 *            next), PULL_END (there will be no more), or -1.
 *   wait     file descriptors to poll and a deadline, for PULL_WAIT.
 *   mark     append the position after all that was emitted, as JSON text.
 *   seek     go to a position that mark wrote (NULL: none was stored yet); to
 *            (when not NULL) is the end of the batch that is run again: pull
 *            stops there with PULL_BATCH.
 *
 * Every call but close returns 0 (or as told), or -1 with st->err set.  No
 * operator reads, writes, prints, exits, or catches signals itself, and none
 * keeps anything at file level: several stages of one process may be the same
 * operator.
 */
#ifndef BIEF_STAGE_H
#define BIEF_STAGE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/err.h"
#include "value/record.h"
#include "recovery/state/state.h"
#include "runtime/options/opt.h"
#include "runtime/plan/plan.h"

struct chain;
struct stage;

enum pull { PULL_MORE = 0, PULL_WAIT = 1, PULL_BATCH = 2, PULL_END = 3 };

/* What an operator takes, besides records. */
#define OP_TEXT 1     /* lines, not records: a parser */
#define OP_OPERANDS 4 /* operands; without this they are refused */
#define OP_FILES 8    /* files as operands, read in place of the input */
#define OP_WORDS 16   /* operands are fields or expressions, never files */
#define OP_READY 32   /* it may accept connections: --ready-fd */
#define OP_HOLDS 64   /* without batches it answers at the end of the input */
#define OP_ENOUGH 128 /* it may call stage_enough */
#define OP_SPOOLS 256 /* its plan takes all of what comes by a pipe */

/* At which fields of its records an operator looks. */
enum looks {
	LOOKS_ALL,     /* any; and what hands them on to the output */
	LOOKS_PASSING, /* those that it watches; it hands the records on */
	LOOKS_ONLY     /* those that it watches; what it hands on is its own */
};

enum on_error { ON_ERROR_FAIL, ON_ERROR_SKIP, ON_ERROR_KEEP };

/* One end of an operator with several inputs. */
struct input_spec {
	const char *path; /* "-" is standard input */
};

/*
 * What an operator is, is said by the faces that it has.  A face's functions are
 * there all of them, but for those marked "may be NULL".
 */

/* It has no input but one of its own: files, a socket, a clock. */
struct source {
	int (*pull)(struct stage *st);
	/* May be NULL: it never waits. */
	int (*wait)(struct stage *st, struct pollfd *fds, int max,
		int64_t *deadline);
	int (*mark)(struct stage *st, struct buf *out);
	int (*seek)(struct stage *st, const char *from, const char *to);
	/* For those that asked by st->hear, else NULL: every sink has made the
	 * batches up to this one durable; it will not be run again. */
	int (*committed)(struct stage *st, int64_t number);
	/* May be NULL.  Bytes read of how many, in files as they lie there;
	 * false: it has no end that is known. */
	bool (*reach)(struct stage *st, uint64_t *done, uint64_t *all);
	/* Its batches stay open until the tick; with available-now and once it
	 * says PULL_WAIT only while more is to come. */
	bool live;
};

/* Nothing follows it.  All may be NULL. */
struct sink {
	int (*restore)(struct stage *st);
	int (*commit)(struct stage *st, const struct batch *b);
	int (*mark)(struct stage *st, struct buf *out);
	/* What it writes to, "table t of " and "q.db", the second a path or
	 * nothing: a checkpoint that knows another target refuses it, see
	 * stage_elsewhere. */
	void (*target)(struct stage *st, struct buf *what, struct buf *path);
	/* Does it write to standard output, as it has been opened?  NULL: never;
	 * then it is nothing to it who reads that. */
	bool (*prints)(const struct stage *st);
};

/*
 * It reads several inputs itself.  inputs: how many there are and which.  plan:
 * instead of the operator's; *out is a copy of in[0] (empty without control
 * lines; with --batch or --trigger the batches are made here).  heard: what an
 * input's own begin or end tells (its watermarks; of one that has ended before,
 * its end alone, with b->last), before the call of begin or batch, in which
 * b->watermark is to be set.  record: one of an input; in a
 * batch the inputs come in their order.
 */
struct merger {
	int (*inputs)(struct stage *st, struct input_spec *in, int max);
	int (*plan)(struct stage *st, const struct plan *in, int n,
		struct plan *out);
	int (*heard)(struct stage *st, int input, const struct batch *b);
	int (*record)(struct stage *st, int input, struct record *r);
	/* The next n calls of record() will be for these, which have been read
	 * together: to look for what will be asked for.  May be NULL. */
	void (*ahead)(
		struct stage *st, int input, const struct record *r, size_t n);
	/* Without batches: there are no more records of this input.  May be
	 * NULL. */
	void (*ended)(struct stage *st, int input);
};

/*
 * It keeps state: st->state is there for it.  All but show and take may be NULL.
 */
struct keeper {
	int (*restore)(struct stage *st);
	/* What the state depends on beside the options, a line each: a restart
	 * with other lines is refused. */
	void (*form)(struct stage *st, const struct plan *in, int n,
		struct buf *out);
	/* For bief explain: what is kept in state, and when it is freed. */
	void (*explain)(struct stage *st, struct buf *out);
	/*
	 * For bief state.  show: append an entry of st->state as members of an
	 * object (entry.h); return 1 for one that is not shown, because it
	 * follows from others.  take: such an object, back into st->state;
	 * *made is its entry.  It is called once before with NULL, when
	 * st->state has been emptied, for what is not shown.  plan and restore
	 * have been called before.
	 */
	int (*show)(struct stage *st, state_ref entry, struct buf *out);
	int (*take)(
		struct stage *st, const struct value *object, state_ref *made);
	/* For bief to-spark: put together what is kept in parts, so that show
	 * says it whole; NULL: nothing is.  The state is not used after. */
	int (*whole)(struct stage *st);
	/* Rows in state, as Spark counts them; NULL: its entries.  glance: what
	 * is at hand will do. */
	int64_t (*rows)(struct stage *st, bool glance);
};
#define STAGE_NO_ROWS (-1) /* Spark would not call it rows */
int64_t stage_no_rows(struct stage *st, bool glance); /* for keeper.rows */

/* It waits for descriptors beside its input: wait is called before the process
 * waits; pull (0 or -1), when one of them is ready. */
struct waiter {
	int (*wait)(struct stage *st, struct pollfd *fds, int max,
		int64_t *deadline);
	int (*pull)(struct stage *st);
};

/*
 * Its record() asks for nothing but the record, and what open and plan have
 * made.  So blocks of the input may go through clones of it, stages opened by
 * the same words, on other threads (threads.h).  Nothing else is called for a
 * clone but begin, these, and close.  All may be NULL.
 */
struct sifted {
	const char *key;
	size_t n;
	bool taken;
	state_ref ref; /* for the stage's own use */
};
struct spread {
	/* Why that is not so with these options; NULL: it is.  From plan on. */
	const char *(*why_not)(const struct stage *st);
	/* Before the first record of a batch comes to a clone: st, which rests,
	 * may know more than its words say, and appends it (padded to 8 bytes
	 * by the caller), ... */
	void (*tell)(const struct stage *st, struct buf *out);
	/* ... and the clone learns it, which may be one in another process of
	 * the same build (lend.h). */
	int (*learn)(struct stage *clone, const char *p, size_t n);
	/* A block has ended: append what its records have changed in the clone,
	 * as if it had been fresh, ... */
	void (*give)(struct stage *clone, struct buf *out);
	/* ... and change st by it.  The blocks come in the order of the input;
	 * by: the number of the clone. */
	int (*take)(struct stage *st, int by, const char *p, size_t n);
	/* Now and then, while records flow and no batch has begun: is it to be
	 * called again when all clones rest? */
	bool (*look)(struct stage *st, bool rest);
	/* Is it in the midst of something that it alone can go on with, such as
	 * a row over several lines?  Then the next block is its own. */
	bool (*holds)(const struct stage *st);
	bool ends; /* record() emits nothing: what is behind is not cloned */
	/* Which of the records that clones have put aside (stage_sift) does the
	 * stage take?  Told of n of them, which come next, it marks these
	 * (sifted.taken); then each of them is given to it.  0 or -1. */
	int (*sift)(struct stage *st, struct sifted *s, size_t n);
	int (*sifted)(
		struct stage *st, struct record *r, const struct sifted *s);
};
#define STAGE_CLONES 64 /* threads at most */

struct op {
	const char *name;     /* of the program */
	const char *about;    /* one line, lower case, no full stop */
	const char *synopsis; /* what follows the name: "--on FIELD --size D" */
	const struct opt *opts;       /* ends with OPT_END; may be NULL */
	const struct opt_slip *slips; /* words taken for options; may be NULL */
	void (*help)(struct buf *out); /* append to --help; may be NULL */
	size_t size;    /* of its struct, zeroed by the runtime */
	unsigned flags; /* OP_TEXT ... */
	const struct source *source;
	const struct sink *sink;
	const struct merger *merge;
	const struct keeper *keeper;
	const struct waiter *waiter;
	const struct spread *spread; /* NULL: it needs records in their order */
	void (*defaults)(void *self); /* before options are parsed */
	int (*open)(struct stage *st);
	int (*plan)(struct stage *st, struct plan *p);
	int (*begin)(struct stage *st, struct batch *b);
	int (*record)(struct stage *st, struct record *r);
	/* May be NULL.  The same as record for n records like r, whose values
	 * stand at r->v, at r->v + stride ...; it counts them in records_in,
	 * from which they have their numbers. */
	int (*records)(struct stage *st, const struct record *r, size_t stride,
		size_t n);
	/* May be NULL.  The same as record for n lines of text that follow each
	 * other, of a stage that takes text: the i-th begins behind the LF at
	 * p[lf[i - 1]], the first at p, and may have a CR at its end that is not
	 * of it; it counts them in records_in. */
	int (*lines)(
		struct stage *st, const char *p, const uint32_t *lf, size_t n);
	int (*batch)(struct stage *st, struct batch *b);
	void (*file_end)(struct stage *st);
	/* The stream has ended.  Return 1 to have one more batch run from here
	 * on; *b is set, change its watermark.  (Not with a checkpoint.) */
	int (*eof)(struct stage *st, struct batch *b);
	void (*close)(struct stage *st);
};

/* The event times of a batch's records, for progress: of a program that makes
 * a watermark of them. */
struct event_times {
	int64_t min, max, avg;
	uint64_t n; /* 0: the rest says nothing */
};

/* What the runtime gives to every stage; operators read it. */
struct stage {
	const struct op *op;
	void *self;      /* the operator's struct */
	struct err *err; /* where messages go */
	char **operands; /* what was no option */
	size_t noperands;
	struct shapes *shapes;
	struct stage *next; /* NULL: the output */
	struct chain *chain;
	int place;           /* in the chain, from 0 */
	struct state *state; /* of a keeper */
	struct plan in, out; /* as of the call of plan */
	struct batch now;    /* the batch that is open; number -1: none */
	struct event_times event_times;
	bool explain;  /* nothing will run: acquire nothing */
	bool answered; /* open has done all that was asked: nothing runs */
	unsigned hups; /* SIGHUPs so far: what was read may be read again */
	int on_error;  /* enum on_error; -1 not told: open may choose */
	bool hear;     /* plan may set it: call committed, see stage_hear */
	bool text;     /* it takes lines: as OP_TEXT says, open may change it */
	bool windows;  /* it takes records with windows set: open may say so */
	enum looks looks; /* plan may say that it is fewer than all; fields of
	                   * windows it may look at all the same */
	/* ... and that of this one, an array, it hands on what is in it by that
	 * name (plain), and looks at no more of it */
	const struct field *opens;
	const char *element;
	bool clone;    /* of a stage, on a thread: see struct spread */
	bool straight; /* private: what it takes has only record() to pass */
	uint64_t shape_id; /* private: records of this shape have no field that
	                      stage_clash would refuse */
	/* counters: since the start */
	uint64_t records_in, records_out, rejected, late, untimed;
	const char *late_what;    /* what late counts, if not records */
	const char *untimed_what; /* what untimed ones lack, if not the time */
	struct stage_private *priv;
};

#define STAGE(st, type) ((struct type *)(st)->self)

/* Hand a record on.  0, or -1: return it at once. */
int stage_emit(struct stage *st, struct record *r);
/* Hand on n records at once, which differ in their values: these stand at r->v,
 * at r->v + stride ..., with room for as many more as r->room says. */
int stage_emit_records(
	struct stage *st, const struct record *r, size_t stride, size_t n);
/* Is what it hands on printed at once? */
bool stage_prints(const struct stage *st);
/* Hand on a line of text (without its end).  At least JSON_PADDING readable
 * bytes must follow it. */
int stage_emit_line(struct stage *st, const char *line, size_t n);
/* The same for n bytes of whole lines, each ended as eol.h says.  Where the output is
 * all that follows, the block is copied as it is.  (Lines are numbered by who
 * receives them.) */
int stage_emit_lines(struct stage *st, const char *p, size_t n);
/* Of a source: let there be a batch now, whether or not it gets a record; its
 * end records the position. */
int stage_open_batch(struct stage *st);
/* What was handed on is all of a file: told to the parser behind, where there
 * are batches. */
void stage_file_end(struct stage *st);
/* --max-line: a source stops to gather a line when it has more bytes than
 * this, and refuses it with stage_reject. */
size_t stage_max_line(const struct stage *st);
/* --max-state, 0: none, for a struct state of one's own; and for other memory
 * that grows: 0, or -1 when so many bytes are more. */
size_t stage_max_state(const struct stage *st);
int stage_room(struct stage *st, size_t bytes);

/* Of a clone: have the stage itself take this record, when it is its turn.  Nothing may
 * have been done with it.  0 or -1. */
int stage_defer(struct stage *clone, struct record *r);
/* The same where it is a key of n bytes by which the stage decides whether it
 * takes the record (spread.sift): most are dropped before anybody has made a
 * record of them again. */
int stage_sift(
	struct stage *clone, struct record *r, const char *key, size_t n);

/*
 * A record that cannot be taken: counted, written to --rejects with the reason,
 * the first few said on standard error.  Returns 0 with --on-error skip or keep,
 * or -1 with --on-error fail.  An operator that can go on with what it has then
 * asks stage_kept.
 */
int stage_reject(struct stage *st, const struct record *r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* After stage_reject: is the record kept (--on-error keep)?  Counted as such: what
 * nobody asks about is told to be skipped. */
bool stage_kept(struct stage *st);
/* The same for a record or group that came after the watermark: never fails. */
void stage_late(struct stage *st, const struct record *r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for a record without the time that it needs: dropped as in Spark,
 * told at the end. */
int stage_untimed(struct stage *st, const struct record *r, const char *fmt,
	...) __attribute__((format(printf, 3, 4)));
/* Say at the end when no record had this field: where types are not known from
 * the plan, a wrong name would look like nulls.  f lives until close. */
void stage_watch(struct stage *st, struct field *f);
/* Of a source or a parser, when data flow: how much of this field, or of one
 * within another, may anybody behind look at?  By its plain name.  What is not
 * asked for can be null, or not be there in what it is within. */
enum field_asked stage_asks(const struct stage *st, const char *name);
/* Watch none of those so far: they are about to move. */
void stage_unwatch(struct stage *st);
/* Refuse (stage_reject) a record in which it is not to be told which of several
 * fields is meant by one that is watched: 1, 0 not, or -1.  Asked by the runtime
 * but for programs with several inputs. */
int stage_clash(struct stage *st, const struct record *r);
/* "program: ..." on standard error. */
void stage_warn(struct stage *st, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Time zone: --zone of the stage, else the header's, else UTC. */
const struct zone *stage_zone(const struct stage *st);
/* Write to standard output, for sinks that draw (buffered by the runtime). */
void stage_print(struct stage *st, const char *p, size_t n);
bool stage_terminal(const struct stage *st); /* standard output is one */
/* Which file it is; inode 0: no regular file. */
void stage_output_file(
	const struct stage *st, uint64_t *device, uint64_t *inode);
/* No record that may still come can matter: without batches the process ends as
 * if its input had. */
void stage_enough(struct stage *st);
size_t stage_screen(const struct stage *st); /* its lines; 0: not known */
/* Its columns, and its lines; 0: not known. */
size_t stage_columns(const struct stage *st, size_t *lines);
/* Waits end when the terminal is made larger or smaller: look again. */
void stage_watch_screen(void);
/* The newest batch that this sink had committed when the run began, -1 none;
 * and where it starts: a new sink after what all others have.  From restore
 * on. */
int64_t stage_committed(const struct stage *st, int64_t *start);
/* Has this sink committed to another target?  Then -1 with a message, which is
 * for restore to return, unless the target has what was committed (it was
 * moved).  Else 0. */
int stage_elsewhere(struct stage *st);
/* What the sink's mark wrote for that batch; NULL: nothing.  Until close. */
const char *stage_committed_mark(const struct stage *st);
/* Have committed called now, when there is news; also done at the end of each
 * batch.  It may be called as late as in close; when the run has failed, nothing
 * happens.  0 or -1. */
int stage_hear(struct stage *st);
/* Has a signal told us to stop?  For what an operator does at length. */
bool stage_stopping(void);
/* Let out what is buffered, before the operator itself waits.  0 or -1. */
int stage_flush(struct stage *st);
/* A line for --ready-fd, once: "ready", or a text such as a port. */
void stage_ready(struct stage *st);
void stage_ready_as(struct stage *st, const char *text);

#endif
