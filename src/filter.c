/*
 * filter: keep the records for which an expression is true.
 *
 * Time: that of the stream, as event_time.
 * Watermark: passed on.
 * State: none.
 * Restart: nothing to recover.
 */
#include <string.h>

#include "value/known.h"
#include "value/recent.h"
#include "expr/expr.h"
#include "expr/sql/sql.h"
#include "runtime/stage.h"
#include "window/evtime.h"

struct filter {
	const char *sql; /* the condition in SQL */
	struct expr *expr;
	struct expr_env env;
	struct evtime event;
	bool asks_event;    /* the expression wants the event time */
	struct known known; /* what the condition was for a value */
};
enum { KNOWN_FALSE = 1, KNOWN_TRUE };

static const struct opt filter_opts[] = {
	{"sql", 0, OPT_STRING, offsetof(struct filter, sql), "EXPR",
		"a condition in Spark's SQL instead"},
	{"max-cpu", 0, OPT_DURATION, offsetof(struct filter, env.max_cpu_us),
		"D", "how long libjq may compute for a record (5s)",
		.free = true, .least = 1},
	OPT_END};

static int
filter_open(struct stage *st)
{
	struct filter *f = STAGE(st, filter);

	if (f->sql != NULL && st->noperands > 0)
		return err_as(st->err, STATUS_USAGE,
			"--sql takes the whole condition, in quotes");
	if (f->sql != NULL || st->noperands == 1)
		return 0;
	return err_as(st->err, STATUS_USAGE,
		st->noperands == 0
			? "no expression is given: filter '.action == \"Open\"'"
			: "more than one expression is given: join them with "
			  "'and', and quote the whole");
}

static int
filter_plan(struct stage *st, struct plan *p)
{
	struct filter *f = STAGE(st, filter);
	const char *text = f->sql != NULL ? f->sql : st->operands[0];
	struct field *field;
	size_t i;

	f->expr = (f->sql != NULL ? sql_expr : jq_condition)(
		text, p->fields, st->err);
	if (f->expr == NULL)
		return -1;
	if (f->sql != NULL && sql_condition(f->expr, st->err) < 0)
		return -1;
	for (i = 0; (field = expr_watched(f->expr, i)) != NULL; i++)
		stage_watch(st, field);
	if (expr_note(f->expr) != NULL)
		stage_warn(st, "%s", expr_note(f->expr));
	f->env.zone = stage_zone(st);
	f->env.stopping = stage_stopping;
	f->env.apart = st->clone;
	evtime_init(&f->event, p);
	known_init(&f->known);
	f->asks_event = f->sql == NULL && strstr(text, "event_time") != NULL;
	return 0;
}

static bool
is_true(const struct value *v)
{
	return v->type != VALUE_NULL && (v->type != VALUE_BOOL || v->i);
}

/* A record on its way through an expression with several results. */
struct passage {
	struct stage *st;
	struct record *r;
	bool refused; /* by what follows */
};

static int
pass_if_true(void *arg, const struct value *v)
{
	struct passage *p = arg;

	if (!is_true(v))
		return 0;
	if (stage_emit(p->st, p->r) == 0)
		return 0;
	p->refused = true;
	return -1;
}

static int
reject_condition(
	struct stage *st, struct record *r, int rc, const struct err *err)
{
	if (rc == EXPR_ENDED) {
		*st->err = *err;
		return -1;
	}
	if (stage_reject(st, r, "%s", err->text) < 0)
		return -1;
	return stage_kept(st) ? stage_emit(st, r) : 0;
}

/* Is there the one value that the condition depends on? */
static inline bool
has_key(const struct filter *f, const struct record *r, uint64_t key[2])
{
	const struct value *v = expr_only(f->expr, r);

	return v != NULL && recent_field(key, v);
}

static int
filter_record(struct stage *st, struct record *r)
{
	struct filter *f = STAGE(st, filter);
	struct passage p = {st, r, false};
	struct value v;
	struct err err;
	uint64_t key[2];
	bool one = has_key(f, r, key);
	int n = one ? known_find(&f->known, key) : 0, rc;

	if (n != 0)
		return n == KNOWN_TRUE ? stage_emit(st, r) : 0;
	f->env.batch_us = st->now.time_us;
	if (f->asks_event)
		f->env.has_event = evtime_get(&f->event, r, &f->env.event_us);
	rc = expr_one(f->expr, r, &f->env, &v, &n, &err);
	/* What libjq is to be asked for, now or in the midst of results. */
	if (st->clone && (rc == EXPR_APART || (rc == 0 && n > 1)))
		return stage_defer(st, r);
	if (rc < 0)
		return reject_condition(st, r, rc, &err);
	if (f->sql != NULL && v.type != VALUE_NULL && v.type != VALUE_BOOL) {
		err_set(&err,
			"the expression is no condition: it gives "
			"neither true nor false");
		return reject_condition(st, r, -1, &err);
	}
	if (n == 1 && one)
		known_learn(
			&f->known, key, is_true(&v) ? KNOWN_TRUE : KNOWN_FALSE);
	if (n < 2)
		return n == 1 && is_true(&v) ? stage_emit(st, r) : 0;
	/* As jq's select: once for each result that is true. */
	rc = expr_eval(f->expr, r, &f->env, pass_if_true, &p, &err);
	if (rc == 0)
		return 0;
	return p.refused ? -1 : reject_condition(st, r, rc, &err);
}

/* ---- many records at once ---- */

#define MANY 128

/* Those of n rows that are named by the numbers in ascending order, moved
 * together. */
static void
move_together(struct value *v, size_t stride, size_t fields,
	const uint8_t *which, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (which[i] != i)
			memcpy(v + i * stride, v + which[i] * stride,
				fields * sizeof(*v));
}

/* Hand on those of the first rows that are named, n of them. */
static int
emit_kept(struct stage *st, const struct record *r, size_t stride,
	const uint8_t *which, size_t n)
{
	if (n == 0)
		return 0;
	move_together(r->v, stride, r->shape->n, which, n);
	return stage_emit_records(st, r, stride, n);
}

/* Of n rows, which are the next; *done says how many have been dealt with: up to
 * one whose value has not been met. */
static size_t
find_kept(struct stage *st, struct record r, size_t stride, size_t n,
	uint8_t *which, size_t *done)
{
	struct filter *f = STAGE(st, filter);
	uint64_t key[2];
	size_t kept = 0, i;

	for (i = 0; i < n; i++, r.v += stride) {
		uint8_t is = has_key(f, &r, key) ? known_find(&f->known, key)
						 : 0;

		if (is == 0)
			break;
		/* Whether it is kept cannot be foreseen. */
		which[kept] = (uint8_t)i;
		kept += is == KNOWN_TRUE;
	}
	*done = i;
	return kept;
}

static int
filter_records(
	struct stage *st, const struct record *like, size_t stride, size_t n)
{
	struct record r = *like, one;
	uint8_t which[MANY];
	size_t done, kept;

	while (n > 0) {
		kept = find_kept(
			st, r, stride, n < MANY ? n : MANY, which, &done);
		st->records_in += done;
		one = r;
		r.v += done * stride;
		n -= done;
		if (emit_kept(st, &one, stride, which, kept) < 0)
			return -1;
		if (n == 0 || done == MANY)
			continue;
		one = r;
		one.number = ++st->records_in;
		r.v += stride;
		n--;
		if (filter_record(st, &one) < 0)
			return -1;
	}
	return 0;
}

static void
filter_close(struct stage *st)
{
	struct filter *f = STAGE(st, filter);

	expr_free(f->expr);
	known_release(&f->known);
	evtime_release(&f->event);
}

static const char *
filter_why_not(const struct stage *st)
{
	const struct expr *x = STAGE(st, filter)->expr;

	return x == NULL || expr_native(x) ? NULL
					   : "its expression is run by libjq";
}

static const struct spread filter_spread = {.why_not = filter_why_not};

const struct op op_filter = {
	.name = "filter",
	.about = "keep the records for which an expression is true",
	.synopsis = "[--max-cpu D] EXPR | --sql EXPR",
	.opts = filter_opts,
	.size = sizeof(struct filter),
	.flags = OP_OPERANDS | OP_WORDS,
	.open = filter_open,
	.plan = filter_plan,
	.record = filter_record,
	.records = filter_records,
	.spread = &filter_spread,
	.close = filter_close,
};
