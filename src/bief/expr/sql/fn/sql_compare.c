/*
 * sql_compare: comparisons.  Where types are known the binder has put casts in,
 * and numbers are compared as they are; where not, each pair of values is
 * brought together when it comes, and what is constant is cast once.
 */
#include <assert.h>
#include <string.h>

#include "text/number.h"
#include "expr/expr.h"
#include "expr/sql/sql_impl.h"

enum { EQUAL, UNEQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, SAME };

static int
compare_rule(struct sql_rule *r)
{
	struct ty common;

	r->result = ty(TYPE_BOOLEAN);
	if (!sql_types_compare(r->arg[0], r->arg[1], &common))
		return sql_types_mismatch(r, "compares what is alike");
	if (common.kind == TYPE_MAP)
		return sql_types_mismatch(r, "compares what has an order");
	if (r->arg[0].kind == TYPE_UNKNOWN || r->arg[1].kind == TYPE_UNKNOWN ||
		ty_nested(common))
		return 0;
	for (int i = 0; i < 2; i++)
		/* Numbers are compared as they are, but a float makes floats
		 * of integers. */
		if (!ty_numeric(r->arg[i]) || common.kind == TYPE_FLOAT)
			r->arg[i] = common;
	return 0;
}

/* As datum_cast, but what is constant is cast once. */
static int
compare_cast(struct datum_ctx *c, struct sql_node *n, int i, struct datum *d,
	struct ty to)
{
	if (ty_equal(datum_ty(d), to))
		return 0;
	if (!n->arg[i]->constant || ty_nested(to))
		return datum_cast(c, d, to);
	if (!n->is_kept || n->var != to.kind || n->side != i ||
		n->kept_zone != c->env->zone ||
		n->kept_us != c->env->batch_us) {
		if (datum_cast(c, d, to) < 0)
			return -1;
		arena_clear(&n->keep);
		n->kept = datum_copy(c, &n->keep, d);
		n->var = to.kind;
		n->side = i;
		n->kept_zone = c->env->zone;
		n->kept_us = c->env->batch_us;
		n->is_kept = true;
	}
	*d = n->kept;
	return 0;
}

static void
see_special(struct datum *d, const struct datum *beside)
{
	double x;

	if ((d->flags & DATUM_LOOSE) != 0 && d->kind == TYPE_STRING &&
		ty_numeric(datum_ty(beside)) &&
		number_special(d->str, d->n, &x))
		*d = datum_double(x);
}

/* Bring two values that are not alike together. */
static int
compare_together(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *b)
{
	struct ty common;
	struct buf x, y;

	see_special(a, b);
	see_special(b, a);
	if (ty_numeric(datum_ty(a)) && ty_numeric(datum_ty(b)) &&
		a->kind != TYPE_FLOAT && b->kind != TYPE_FLOAT)
		return 0;
	if (!sql_types_compare(datum_ty(a), datum_ty(b), &common)) {
		buf_init(&x);
		buf_init(&y);
		ty_print(datum_ty(a), &x);
		ty_print(datum_ty(b), &y);
		err_set(c->err, "%s cannot be compared with %s", buf_cstr(&x),
			buf_cstr(&y));
		buf_release(&x);
		buf_release(&y);
		return -1;
	}
	return compare_cast(c, n, 0, a, common) < 0 ||
			compare_cast(c, n, 1, b, common) < 0
		? -1
		: 0;
}

static bool
order_holds(int op, int order)
{
	switch (op) {
	case EQUAL:
	case SAME:
		return order == 0;
	case UNEQUAL:
		return order != 0;
	case LESS:
		return order < 0;
	case LESS_EQUAL:
		return order <= 0;
	case GREATER:
		return order > 0;
	}
	assert(op == GREATER_EQUAL);
	return order >= 0;
}

int
sql_compare(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *b, int *order)
{
	assert(a->kind != TYPE_NULL);
	assert(b->kind != TYPE_NULL);
	if (a->kind == b->kind && a->kind == TYPE_LONG) {
		*order = a->i < b->i ? -1 : a->i > b->i;
		return 1;
	}
	if (a->kind != b->kind && compare_together(c, n, a, b) < 0)
		return -1;
	if (a->kind == TYPE_NULL || b->kind == TYPE_NULL)
		return 0;
	*order = datum_compare(c, a, b);
	return 1;
}

static int
eval_compare(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	struct datum a, b;
	int known, order;

	assert(n->narg == 2);
	if (n->arg[0]->eval(c, n->arg[0], &a) != 0 ||
		n->arg[1]->eval(c, n->arg[1], &b) != 0)
		return -1;
	if (a.kind == TYPE_NULL || b.kind == TYPE_NULL) {
		*out = n->fn->tag == SAME ? datum_bool(a.kind == b.kind)
					  : datum_null();
		return 0;
	}
	known = sql_compare(c, n, &a, &b, &order);
	if (known < 0)
		return -1;
	if (known == 0) /* text that is no number */
		*out = n->fn->tag == SAME ? datum_bool(false) : datum_null();
	else
		*out = datum_bool(order_holds(n->fn->tag, order));
	return 0;
}

static int
in_rule(struct sql_rule *r)
{
	struct ty common;

	r->result = ty(TYPE_BOOLEAN);
	return sql_types_common(r, 0, 1, true, &common);
}

static int
run_in(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	bool null = false;

	*out = datum_null();
	if (a[0].kind == TYPE_NULL)
		return 0;
	for (int i = 1; i < n->narg; i++) {
		if (a[i].kind == TYPE_NULL) {
			null = true;
		} else if (datum_compare(c, &a[0], &a[i]) == 0) {
			*out = datum_bool(true);
			return 0;
		}
	}
	if (!null)
		*out = datum_bool(false);
	return 0;
}

#define COMPARE(name, tag)                                                    \
	{                                                                     \
		name, "aa:b", NULL, SQL_OPERATOR, compare_rule, eval_compare, \
			NULL, tag                                             \
	}

const struct sql_fn sql_compare_fns[] = {COMPARE("=", EQUAL),
	COMPARE("!=", UNEQUAL), COMPARE("<", LESS), COMPARE("<=", LESS_EQUAL),
	COMPARE(">", GREATER), COMPARE(">=", GREATER_EQUAL),
	COMPARE("<=>", SAME),
	{"equal_null", "aa:b", NULL, 0, compare_rule, eval_compare, NULL, SAME},
	{"in", "aa+:b", run_in, SQL_NULLS | SQL_OPERATOR, in_rule}, {NULL}};
