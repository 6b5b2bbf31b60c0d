/*
 * sql_timetext: times as text by patterns, and read from it.  A pattern for
 * writing is checked when the expression is compiled, and read again for each
 * value; one for reading is compiled (timepat.h), and kept while it stays the
 * same.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "time/timefmt.h"
#include "time/timepat.h"
#include "expr/expr.h"
#include "expr/sql/sql_impl.h"

/* Patterns. */

static int
format_prepare(struct sql *x, struct sql_node *n, struct err *err)
{
	const struct datum *p;

	if (n->narg < 2)
		return 0;
	p = &n->arg[1]->lit;
	return n->arg[1]->op != SQL_LITERAL || p->kind != TYPE_STRING
		? 0
		: timefmt_check(p->str, p->n, err);
}

/* What is no literal was not looked at before. */
static int
format_check(
	struct datum_ctx *c, const struct sql_node *n, const struct datum *p)
{
	return n->arg[1]->op == SQL_LITERAL
		? 0
		: timefmt_check(p->str, p->n, c->err);
}

static int
run_date_format(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	if (format_check(c, n, &a[1]) < 0)
		return -1;
	buf_clear(&c->text);
	timefmt_print(a[1].str, a[1].n, a[0].i, c->env->zone, &c->text);
	*out = datum_from_buf(c, &c->text);
	return 0;
}

static int
run_from_unixtime(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	static const char pattern[] = "yyyy-MM-dd HH:mm:ss";

	/* Too many seconds wrap, as in Spark. */
	a[0].i = (int64_t)((uint64_t)a[0].i * TIME_SECOND);
	if (n->narg > 1)
		return run_date_format(c, n, a, out);
	buf_clear(&c->text);
	timefmt_print(
		pattern, sizeof(pattern) - 1, a[0].i, c->env->zone, &c->text);
	*out = datum_from_buf(c, &c->text);
	return 0;
}

/* Text is read by a pattern that is kept while it stays the same. */

struct pattern {
	char *text;
	size_t n;
	struct timepat *pat;
};

static void
reading_free(void *data)
{
	struct pattern *p = data;

	if (p == NULL)
		return;
	timepat_free(p->pat);
	free(p->text);
	free(p);
}

static const struct timepat *
reading_get(struct sql_node *n, const char *s, size_t len, struct err *err)
{
	struct pattern *p = n->data;

	if (p != NULL && p->n == len && memcmp(p->text, s, len) == 0)
		return p->pat;
	reading_free(p);
	n->data = NULL;
	p = mem_alloc(sizeof(*p));
	p->text = mem_dup(s, len);
	p->n = len;
	p->pat = timepat_new(p->text, err);
	if (p->pat == NULL) {
		reading_free(p);
		return NULL;
	}
	n->data = p;
	n->free = reading_free;
	return p->pat;
}

static int
reading_prepare(struct sql *x, struct sql_node *n, struct err *err)
{
	const struct datum *p;

	if (n->narg < 2)
		return 0;
	p = &n->arg[1]->lit;
	if (n->arg[1]->op != SQL_LITERAL || p->kind != TYPE_STRING)
		return 0;
	return reading_get(n, p->str, p->n, err) != NULL ? 0 : -1;
}

enum { TO_DATE, TO_TIMESTAMP, TO_UNIX };

/* Without a pattern (or from a time) it is a cast. */
static int
to_time_rule(struct sql_rule *r)
{
	int tag = r->node->fn->tag;
	struct ty *a = &r->arg[0];

	r->result = ty(tag == TO_DATE    ? TYPE_DATE
			: tag == TO_UNIX ? TYPE_LONG
					 : TYPE_TIMESTAMP);
	if (r->n == 0)
		return 0;
	if (r->n > 1)
		r->arg[1] = ty(TYPE_STRING);
	if (a->kind == TYPE_UNKNOWN) {
		r->open = true;
		return 0;
	}
	if (!datum_cast_allows(*a, r->result) || ty_nested(*a))
		return sql_types_mismatch(r, "takes a string or a time");
	if (a->kind == TYPE_STRING && (r->n > 1 || tag == TO_UNIX))
		return 0;
	if (a->kind != TYPE_STRING && a->kind != TYPE_DATE &&
		a->kind != TYPE_TIMESTAMP && a->kind != TYPE_NULL &&
		(tag != TO_TIMESTAMP || r->n > 1))
		return sql_types_mismatch(r, "takes a string or a time");
	*a = tag == TO_UNIX ? ty(TYPE_TIMESTAMP) : r->result;
	return 0;
}

static int
run_to_time(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	static const char usual[] = "yyyy-MM-dd HH:mm:ss";
	const struct timepat *pattern;
	int tag = n->fn->tag;
	int64_t us;

	if (n->narg == 0) {
		*out = datum_int(TYPE_LONG,
			time_floor_div(c->env->batch_us, TIME_SECOND));
		return 0;
	}
	*out = a[0];
	if (a->kind == TYPE_STRING) {
		*out = datum_null();
		if (n->narg > 1 && a[1].kind == TYPE_NULL)
			return 0;
		pattern = n->narg > 1
			? reading_get(n, a[1].str, a[1].n, c->err)
			: reading_get(n, usual, sizeof(usual) - 1, c->err);
		if (pattern == NULL)
			return -1;
		if (timepat_parse(pattern, a->str, a->n, c->env->zone, &us) !=
			0)
			return 0;
		*out = datum_int(TYPE_TIMESTAMP, us);
	}
	if (out->kind == TYPE_NULL)
		return 0;
	if (tag == TO_DATE)
		return datum_cast(c, out, ty(TYPE_DATE));
	if (tag == TO_UNIX)
		return datum_cast(c, out, ty(TYPE_LONG));
	assert(tag == TO_TIMESTAMP);
	return 0;
}

/* A pattern, which may be null, counts where there is text to read. */
#define TO_TIME(name, sig, tag)                                        \
	{                                                              \
		name, sig, run_to_time, SQL_NULLS, to_time_rule, NULL, \
			reading_prepare, tag                           \
	}

const struct sql_fn sql_timetext_fns[] = {
	{"date_format", "ts:s", run_date_format, 0, NULL, NULL, format_prepare},
	{"from_unixtime", "l?s:s", run_from_unixtime, 0, NULL, NULL,
		format_prepare},
	TO_TIME("to_date", "a?s:D", TO_DATE),
	TO_TIME("try_to_date", "a?s:D", TO_DATE),
	TO_TIME("to_timestamp", "a?s:t", TO_TIMESTAMP),
	TO_TIME("try_to_timestamp", "a?s:t", TO_TIMESTAMP),
	/* There is one type of times. */
	TO_TIME("to_timestamp_ltz", "a?s:t", TO_TIMESTAMP),
	TO_TIME("to_timestamp_ntz", "a?s:t", TO_TIMESTAMP),
	TO_TIME("unix_timestamp", "?as:l", TO_UNIX),
	TO_TIME("to_unix_timestamp", "a?s:l", TO_UNIX), {NULL}};
