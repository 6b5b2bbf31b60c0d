/*
 * plan: what is known about a stream before its first record: the content of
 * the header line, and what an operator says of itself to "bief explain".
 *
 * Each operator gets the plan of what comes in, takes what concerns it, refuses
 * what cannot work, and changes it into the plan of what goes out.  Without
 * control lines nothing is known: an empty plan (stream == 0, fields NULL).
 */
#ifndef BIEF_PLAN_H
#define BIEF_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "types/schema.h"
#include "runtime/options/opt.h"

struct err;
struct field;
struct zone;

/* Output modes. */
enum mode { MODE_NONE, MODE_APPEND, MODE_UPDATE, MODE_COMPLETE };
const char *plan_mode_name(enum mode m);

enum trigger_kind {
	TRIGGER_NONE,
	TRIGGER_INTERVAL, /* interval_us; 0: as fast as possible */
	TRIGGER_ONCE,
	TRIGGER_AVAILABLE
};

struct plan {
	int stream;   /* protocol version; 0: no control lines */
	bool explain; /* nothing will run; say what would */
	bool vain;    /* nor is it said: what is large is not read for it */
	struct schema *fields; /* what is known of the fields, or NULL */
	bool whole; /* its one batch is all of the input: nobody has asked for
	               batches, so a complete result is like an appended one */
	enum trigger_kind trigger;
	int64_t interval_us;
	char *event_time;  /* field that carries the watermark, or NULL */
	int64_t delay_us;  /* of the watermark; -1 there is none */
	int64_t idle_us;   /* of its --idle; -1 */
	struct list times; /* other fields that carry it, behind a join: by
	                          turns a name and its delay */
	int64_t window_us, slide_us, start_us; /* 0: no window fields */
	char *window_on;    /* field that the windows were made of */
	int64_t session_us; /* gap; 0: none; -1: per record */
	bool arrival;       /* windows by arrival: all of one is in a batch */
	enum mode mode;     /* of the result; MODE_NONE before an aggregation */
	enum mode asked;    /* what a stage before was told by --mode */
	bool aggregated;    /* an aggregation is upstream */
	struct list stateful; /* stateful programs upstream, in order */
	struct list keys;     /* key fields of an updating result */
	char *zone;           /* NULL: UTC */
	char *checkpoint;     /* directory, absolute; NULL: none */
	bool recovers;        /* explain: there is one, which is not read */
	char *identity;       /* of the checkpoint */
	int64_t resume;    /* first batch that will come; 0 on a fresh start */
	int64_t committed; /* newest batch that all sinks have; -1 none */
	int64_t last;      /* newest of these that this input had a part in */
	int64_t anew;      /* several sources: first batch after a run that
	                        came to its end; -1 none has yet */
	struct list runs;  /* of the sources upstream: see place.h */
	char *stage; /* id of the nearest stateful stage or source upstream */
	struct buf extra; /* unknown keys: ,"name":value... passed on */
};

void plan_init(struct plan *p);
void plan_release(struct plan *p);
void plan_copy(struct plan *to, const struct plan *from);
/* The header line's text; and back (text is the value of the key "#bief"). */
void plan_print(const struct plan *p, struct buf *out);
struct value;
int plan_parse(struct plan *p, const struct value *object, struct err *err);
/*
 * Check that a field named by an option exists, when fields are known.  -1 with
 * "no field 'x' (did you mean 'y'?)", STATUS_USAGE.
 */
int plan_field(const struct plan *p, const char *path, struct err *err);
/*
 * The same for a field that is read: from here on it has the name that the
 * fields have, where they are known.  (What it is called in the output is to be
 * asked before.)  whole, or NULL: that is the name of a field, and no path.
 */
int plan_bind(
	const struct plan *p, struct field *f, bool *whole, struct err *err);
/* Is this, as an option names it, that field of the plan?  Where the fields are
 * not known the case of letters says nothing. */
bool plan_same(const struct plan *p, const char *name, const char *field);

/* Let this field be the event time, if it is one of those that carry the
 * watermark: true if so. */
bool plan_take_time(struct plan *p, const char *name);
void plan_add_time(struct plan *p, const char *name, int64_t delay_us);
/* It is called so from now on; NULL: it is gone. */
void plan_rename_time(struct plan *p, size_t i, const char *name);

/* For op.form: "field 'PATH' TYPE" as a line, when the type is known. */
void plan_field_form(const struct plan *p, const char *path, struct buf *out);

/* A batch, as begin and end lines tell of it. */
struct batch {
	int64_t number;
	int64_t time_us;   /* when it began; the same in every program */
	int64_t watermark; /* begin: before the batch; end: after it; us */
	int64_t lag_us;    /* by so much less: that of the records since the
	                      newest clean start alone, see marks.h */
	bool idle;         /* nothing with a time has come for so long that the
	                      watermark is to hold up no other input's */
	bool whole;        /* no batches: all of the input, at its end */
	bool last;         /* the input ends after this one */
	bool rerun;        /* it is run again after a restart */
	bool empty;        /* end: no input came in it; a complete result need
	                      not be given again */
};
#define WATERMARK_NONE INT64_MIN
#define BATCH_MOST (INT64_C(1) << 62) /* a number of a batch */

#endif
