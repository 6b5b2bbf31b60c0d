/*
 * expr: expressions over a record, in jq's language or in Spark's SQL.
 */
#ifndef BIEF_EXPR_H
#define BIEF_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value/value.h"

struct err;
struct record;
struct schema;
struct zone;

/* What an evaluation may look at beside the record. */
struct expr_env {
	const struct zone *zone;
	int64_t batch_us; /* time of the batch: now, current_timestamp */
	int64_t event_us; /* event time of the record, or ... */
	bool has_event;   /* ... there is none */
	/* A program in jq's language that could run for ever is given so much
	 * CPU time for a record (0: some seconds); and it is left when we are
	 * to stop.  NULL: we never are. */
	int64_t max_cpu_us;
	bool (*stopping)(void);
	bool apart; /* on a thread: libjq is not to be asked */
};

struct expr;

/*
 * Compile.  fields may be NULL (nothing is known of the types).  NULL with a
 * message that shows the place with a caret, STATUS_USAGE.
 */
struct expr *jq_expr(
	const char *text, const struct schema *fields, struct err *err);
/* The same where only the truth of the results is asked for. */
struct expr *jq_condition(
	const char *text, const struct schema *fields, struct err *err);
void expr_free(struct expr *x);

/* Evaluation was given up, and not because of the record: the program is to
 * end, with the message. */
#define EXPR_ENDED (-3)

/* With env.apart: what only libjq can tell. */
#define EXPR_APART (-4)

/*
 * Evaluate.  each() is called for each result (an SQL expression has exactly
 * one, a jq program any number); the value lives until each() returns.  It
 * returns 0 to go on, -1 to stop.  Returns 0, -1 with a message when the
 * expression fails on this record, EXPR_ENDED, or each()'s -1, after which x is
 * only good for expr_free.
 */
int expr_eval(struct expr *x, const struct record *r,
	const struct expr_env *env,
	int (*each)(void *arg, const struct value *v), void *arg,
	struct err *err);
/*
 * The same for the common case: exactly one result, which lives until the next
 * evaluation of x.  Sets *n to 0, 1 or 2 (two or more) results, *v to the
 * first.  After 2 expr_eval must be called for the same record.
 */
int expr_one(struct expr *x, const struct record *r, const struct expr_env *env,
	struct value *v, int *n, struct err *err);

/*
 * The value of the one field of the record that the result depends on, and on
 * nothing else, as far as is known from the evaluations so far: where the value
 * is that of an earlier record, so is the result.  NULL: there is none.
 */
const struct value *expr_only(struct expr *x, const struct record *r);

/* The fields that the expression reads, as far as their names stand in it: for
 * stage_watch().  NULL: there are no more. */
struct field;
struct field *expr_watched(struct expr *x, size_t i);

/* What the user may be told of the text, which is good but may be meant
 * otherwise; NULL: nothing. */
const char *expr_note(const struct expr *x);

/* The type of the result, where known (TYPE_UNKNOWN otherwise). */
struct type;
const struct type *expr_type(const struct expr *x);
/* True if it runs natively, false if libjq is asked for each record. */
bool expr_native(const struct expr *x);
/*
 * Bounds on time in a join's condition and the like are found by reading the
 * tree; see sql.h.
 */

#endif
