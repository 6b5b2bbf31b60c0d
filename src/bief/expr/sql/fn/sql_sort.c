/*
 * sql_sort: the order of arrays, Spark's or that of a function. Of a function
 * that fails the first error is kept; the comparisons that sorting still makes
 * say equal.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "expr/sql/sql_items.h"

struct sort_ctx {
	struct datum_ctx *c;
	int sign; /* -1: descending */
	bool nulls_last;
	struct sql_node *f; /* a lambda that compares, or NULL */
	int failed;
};

static int
sort_compare(const void *pa, const void *pb, void *arg)
{
	const struct datum *a = pa, *b = pb;
	struct sort_ctx *s = arg;
	struct datum pair[2], r;

	if (s->f != NULL) {
		pair[0] = *a;
		pair[1] = *b;
		if (s->failed || sql_eval_lambda(s->c, s->f, pair, 2, &r) != 0)
			return s->failed = -1, 0;
		if (r.kind != TYPE_NULL && !ty_integral(datum_ty(&r)))
			return s->failed = err_set(s->c->err,
				       "a function that "
				       "compares gives -1, 0 or 1"),
			       0;
		return r.kind == TYPE_NULL ? 0 : r.i < 0 ? -1 : r.i > 0;
	}
	if (s->nulls_last && (a->kind == TYPE_NULL || b->kind == TYPE_NULL))
		return (a->kind == TYPE_NULL) - (b->kind == TYPE_NULL);
	return s->sign * datum_compare(s->c, a, b);
}

static int
sort_items(struct sort_ctx *s, struct datum *a, struct datum *out)
{
	struct datum *items;

	if (datum_open(s->c, a) < 0)
		return -1;
	items = arena_get(&s->c->arena, a->n * sizeof(*items));
	if (a->n > 0)
		memcpy(items, a->items, a->n * sizeof(*items));
	assert(a->kind == TYPE_ARRAY);
	if (a->n > 1)
		qsort_r(items, a->n, sizeof(*items), sort_compare, s);
	*out = datum_items(TYPE_ARRAY, items, a->n, a->t);
	return s->failed;
}

static int
sort_rule(struct sql_rule *r)
{
	if (!sql_items_want_array(&r->arg[0]))
		return sql_types_mismatch(r, "takes an array");
	if (r->n > 1 && r->node->arg[1]->op == SQL_FUNCTION) {
		if (r->arg[1].kind > TYPE_NULL && !ty_integral(r->arg[1]))
			return sql_types_mismatch(r,
				"takes an array and a "
				"function that gives -1, "
				"0 or 1");
	} else if (r->n > 1 && r->arg[1].kind > TYPE_BOOLEAN)
		return sql_types_mismatch(r,
			"takes an array and whether to "
			"sort upwards");
	r->result = r->arg[0];
	return 0;
}

static int
run_sort(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct sort_ctx s = {.c = c, .sign = 1};

	if (n->fn->tag == SQL_VARS_TWO) {
		s.nulls_last = true;
		s.f = n->narg > 1 ? n->arg[1] : NULL;
	} else if (n->narg > 1 && a[1].i == 0) {
		s.sign = -1;
	}
	return sort_items(&s, a, out);
}

static int
eval_array_sort(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	struct datum a;

	if (sql_items_eval(c, n, 0, &a) < 0)
		return -1;
	*out = datum_null();
	return a.kind == TYPE_NULL ? 0 : run_sort(c, n, &a, out);
}

#define LAMBDA(name, sig, rule, eval, tag)                         \
	{                                                          \
		name, sig, NULL, SQL_LAMBDA, rule, eval, NULL, tag \
	}

const struct sql_fn sql_sort_fns[] = {
	{"sort_array", "A?b:0", run_sort, 0, sort_rule},
	LAMBDA("array_sort", "A?a:0", sort_rule, eval_array_sort, SQL_VARS_TWO),
	{NULL}};
