/*
 * sql_choice: conditions put together, and what chooses between values.  These
 * evaluate their arguments themselves: one that is not chosen must not be
 * evaluated, for it might fail.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "floor/err.h"
#include "expr/sql/sql_impl.h"

enum { AND, OR };

/* Logic. */

static int
logic_rule(struct sql_rule *r)
{
	r->result = ty(TYPE_BOOLEAN);
	for (int i = 0; i < r->n; i++)
		if (r->arg[i].kind > TYPE_BOOLEAN)
			return sql_types_mismatch(r, "takes conditions");
	return 0;
}

/* 1 true, 0 false, 2 null, -1 */
static int
eval_condition(struct datum_ctx *c, struct sql_node *n)
{
	struct datum d;
	struct buf b;

	if (n->eval(c, n, &d) != 0)
		return -1;
	if (d.kind == TYPE_NULL)
		return 2;
	if (d.kind == TYPE_BOOLEAN)
		return d.i != 0;
	buf_init(&b);
	ty_print(datum_ty(&d), &b);
	err_set(c->err, "%s where a condition is expected", buf_cstr(&b));
	buf_release(&b);
	return -1;
}

static int
eval_logic(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	int stop = n->fn->tag == OR, r;
	bool null = false;

	assert(n->fn->tag == AND || n->fn->tag == OR);
	for (int i = 0; i < n->narg; i++) {
		r = eval_condition(c, n->arg[i]);
		if (r < 0)
			return -1;
		if (r == stop) {
			*out = datum_bool(stop);
			return 0;
		}
		null |= r == 2;
	}
	*out = null ? datum_null() : datum_bool(!stop);
	return 0;
}

static int
eval_not(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	int r = eval_condition(c, n->arg[0]);

	if (r < 0)
		return -1;
	*out = r == 2 ? datum_null() : datum_bool(r == 0);
	return 0;
}

static int
run_is_null(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_bool((a[0].kind == TYPE_NULL) == (n->fn->tag == 0));
	return 0;
}

static int
run_isnan(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_bool(a[0].kind == TYPE_DOUBLE && isnan(a[0].d));
	return 0;
}

/* Choices. */

/* Remember what is known of the branches, for the others to be widened to. */
static int
branches_rule(struct sql_rule *r, int first, int step)
{
	struct ty common;

	if (sql_types_common(r, first, step, true, &common) < 0)
		return -1;
	r->result = r->open ? ty(TYPE_UNKNOWN) : common;
	if (r->open) {
		struct sql_node *n = (struct sql_node *)r->node;

		n->vars = arena_get(r->arena, sizeof(*n->vars));
		*n->vars = common;
	}
	return 0;
}

/* Evaluate the branch that was chosen. */
static int
eval_branch(struct datum_ctx *c, struct sql_node *n, struct sql_node *of,
	struct datum *out)
{
	struct ty t;

	if (of->eval(c, of, out) != 0)
		return -1;
	if (n->vars == NULL || n->vars->kind <= TYPE_NULL ||
		out->kind == TYPE_NULL)
		return 0;
	if (!sql_types_wider(&c->arena, datum_ty(out), *n->vars, &t))
		return 0;
	return datum_cast(c, out, t);
}

static int
case_rule(struct sql_rule *r)
{
	for (int i = 0; i + 1 < r->n; i += 2)
		if (r->arg[i].kind > TYPE_BOOLEAN)
			return sql_types_mismatch(r, "takes conditions");
	if (branches_rule(r, 1, 2) < 0)
		return -1;
	return 0;
}

static int
eval_case(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	int i, r;

	assert(n->narg >= 2);
	for (i = 0; i + 1 < n->narg; i += 2) {
		r = eval_condition(c, n->arg[i]);
		if (r < 0)
			return -1;
		if (r == 1)
			return eval_branch(c, n, n->arg[i + 1], out);
	}
	if (i < n->narg)
		return eval_branch(c, n, n->arg[i], out);
	*out = datum_null();
	return 0;
}

static int
nvl2_rule(struct sql_rule *r)
{
	return branches_rule(r, 1, 1);
}

static int
eval_nvl2(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	struct datum d;

	assert(n->narg == 3);
	if (n->arg[0]->eval(c, n->arg[0], &d) != 0)
		return -1;
	return eval_branch(c, n, n->arg[d.kind == TYPE_NULL ? 2 : 1], out);
}

static int
coalesce_rule(struct sql_rule *r)
{
	return branches_rule(r, 0, 1);
}

static int
eval_coalesce(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	*out = datum_null();
	for (int i = 0; i < n->narg && out->kind == TYPE_NULL; i++)
		if (eval_branch(c, n, n->arg[i], out) < 0)
			return -1;
	return 0;
}

static int
nullif_rule(struct sql_rule *r)
{
	struct ty common;

	r->result = r->arg[0];
	if (!sql_types_compare(r->arg[0], r->arg[1], &common))
		return sql_types_mismatch(r, "compares what is alike");
	return 0;
}

static int
eval_nullif(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	struct datum a, b;
	int known, order;

	assert(n->narg == 2);
	if (n->arg[0]->eval(c, n->arg[0], out) != 0 ||
		n->arg[1]->eval(c, n->arg[1], &b) != 0)
		return -1;
	if (out->kind == TYPE_NULL || b.kind == TYPE_NULL)
		return 0;
	a = *out;
	known = sql_compare(c, n, &a, &b, &order);
	if (known < 0)
		return -1;
	if (known == 1 && order == 0)
		*out = datum_null();
	return 0;
}

static int
extreme_rule(struct sql_rule *r)
{
	return sql_types_common(r, 0, 1, false, &r->result) < 0
		? -1
		: (r->open ? (r->result = ty(TYPE_UNKNOWN), 0) : 0);
}

static int
run_greatest(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_null();
	for (int i = 0; i < n->narg; i++) {
		int order;

		if (a[i].kind == TYPE_NULL)
			continue;
		order = datum_compare(c, &a[i], out);
		if (out->kind == TYPE_NULL || order * n->fn->tag > 0)
			*out = a[i];
	}
	return 0;
}

static int
run_nanvl(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = a[0];
	if (a[0].kind == TYPE_DOUBLE && isnan(a[0].d))
		*out = a[1];
	return 0;
}

static int
run_typeof(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct ty t = n->arg[0]->ty;

	if (t.kind == TYPE_UNKNOWN)
		t = datum_ty(a);
	buf_clear(&c->text);
	if (t.kind == TYPE_NULL)
		buf_str(&c->text, "void");
	else
		ty_print(t, &c->text);
	*out = datum_from_buf(c, &c->text);
	return 0;
}

const struct sql_fn sql_choice_fns[] = {
	{"and", "b+:b", NULL, SQL_OPERATOR, logic_rule, eval_logic, NULL, AND},
	{"or", "b+:b", NULL, SQL_OPERATOR, logic_rule, eval_logic, NULL, OR},
	{"not", "b:b", NULL, 0, logic_rule, eval_not},
	{"isnull", "a:b", run_is_null, SQL_NULLS},
	{"isnotnull", "a:b", run_is_null, SQL_NULLS, NULL, NULL, NULL, 1},
	{"isnan", "d:b", run_isnan, SQL_NULLS},
	{"case", "ba+:a", NULL, SQL_OPERATOR, case_rule, eval_case},
	{"if", "baa:a", NULL, 0, case_rule, eval_case},
	{"iff", "baa:a", NULL, 0, case_rule, eval_case},
	{"coalesce", "a+:a", NULL, 0, coalesce_rule, eval_coalesce},
	{"nvl", "aa:a", NULL, 0, coalesce_rule, eval_coalesce},
	{"ifnull", "aa:a", NULL, 0, coalesce_rule, eval_coalesce},
	{"nvl2", "aaa:a", NULL, 0, nvl2_rule, eval_nvl2},
	{"nullif", "aa:0", NULL, 0, nullif_rule, eval_nullif},
	{"nullifzero", "a:0", NULL, SQL_ZERO},
	{"zeroifnull", "a:0", NULL, SQL_ZERO},
	{"greatest", "aa+:a", run_greatest, SQL_NULLS, extreme_rule, NULL, NULL,
		1},
	{"least", "aa+:a", run_greatest, SQL_NULLS, extreme_rule, NULL, NULL,
		-1},
	{"nanvl", "dd:d", run_nanvl, SQL_NULLS},
	{"typeof", "a:s", run_typeof, SQL_NULLS}, {NULL}};
