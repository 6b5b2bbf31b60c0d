/*
 * sql_lambda: functions of arrays and maps that call a function for each item.
 */
#include <assert.h>
#include <string.h>

#include "expr/sql/sql_items.h"

static int
lambda_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0];
	const struct sql_fn *f = r->node->fn;
	bool map = f->tag == SQL_VARS_PAIR;
	struct ty body = r->arg[r->n - 1];
	char result = strchr(f->sig, ':')[1];

	if (map &&
		((a->kind == TYPE_STRUCT && a->t == NULL) ||
			a->kind == TYPE_UNKNOWN))
		*a = ty(TYPE_MAP);
	if (a->kind > TYPE_NULL && a->kind != (map ? TYPE_MAP : TYPE_ARRAY))
		return sql_types_mismatch(r,
			map ? "takes a map and a function"
			    : "takes an array and a "
			      "function");
	switch (result) {
	case '0':
		r->result = *a;
		break;
	case 'b':
		r->result = ty(TYPE_BOOLEAN);
		break;
	case 'k':
		r->result = ty_map(r->arena, body, ty_elem(*a));
		break;
	case 'v':
		r->result = ty_map(r->arena, ty_key(*a), body);
		break;
	case 'e':
		r->result = ty_array(r->arena, body);
		break;
	}
	return 0;
}

/* A walk over the list that is the first argument. */
struct walk {
	struct datum_ctx *c;
	struct sql_node *f; /* the lambda */
	struct datum list;
	struct sql_items at;
	struct datum v[2]; /* an item and its place; a key and its value */
};

/* 1; 0 where there is null for a list, and the result is null; -1. */
static int
walk_begin(struct walk *w, struct datum_ctx *c, struct sql_node *n, int lambda,
	struct datum *out)
{
	assert(lambda < n->narg);
	assert(n->arg[lambda]->op == SQL_FUNCTION);
	if (sql_items_eval(c, n, 0, &w->list) < 0)
		return -1;
	w->c = c;
	w->f = n->arg[lambda];
	w->at = sql_items(&w->list, 1);
	*out = datum_null();
	return w->list.kind != TYPE_NULL;
}

static bool
walk_next(struct walk *w)
{
	uint32_t place = w->at.at;
	struct datum *d = sql_items_next(&w->at);

	if (d == NULL)
		return false;
	w->v[0] = d[0];
	w->v[1] = w->list.kind == TYPE_MAP ? d[1] : datum_int(TYPE_INT, place);
	return true;
}

/* The lambda with the first n of the values. */
static int
walk_lambda(struct walk *w, int n, struct datum *out)
{
	return sql_eval_lambda(w->c, w->f, w->v, n, out);
}

static int
eval_transform(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	struct datum_list l = {0};
	struct walk w;
	int r = walk_begin(&w, c, n, 1, out);

	if (r != 1)
		return r;
	while (walk_next(&w))
		if (walk_lambda(&w, 2, sql_items_add(c, &l)) != 0)
			return -1;
	*out = sql_items_array(&l, n->ty.t);
	return 0;
}

static int
eval_filter(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	bool map = n->fn->tag == SQL_VARS_PAIR;
	struct datum_list l = {0};
	struct datum yes;
	struct walk w;
	int r = walk_begin(&w, c, n, 1, out);

	if (r != 1)
		return r;
	while (walk_next(&w)) {
		if (walk_lambda(&w, 2, &yes) != 0)
			return -1;
		if (yes.kind != TYPE_BOOLEAN || yes.i == 0)
			continue;
		*sql_items_add(c, &l) = w.v[0];
		if (map)
			*sql_items_add(c, &l) = w.v[1];
	}
	*out = (map ? sql_items_map : sql_items_array)(&l, w.list.t);
	return 0;
}

/* exists, forall */
static int
eval_quantify(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	int64_t stop = strcmp(n->fn->name, "exists") == 0;
	struct datum holds;
	bool null = false;
	struct walk w;
	int r = walk_begin(&w, c, n, 1, out);

	if (r != 1)
		return r;
	while (walk_next(&w)) {
		if (walk_lambda(&w, 1, &holds) != 0)
			return -1;
		if (holds.kind == TYPE_BOOLEAN && holds.i == stop) {
			*out = holds;
			return 0;
		}
		null |= holds.kind == TYPE_NULL;
	}
	if (!null)
		*out = datum_bool(!stop);
	return 0;
}

static int
fold_rule(struct sql_rule *r)
{
	if (r->arg[0].kind > TYPE_NULL && r->arg[0].kind != TYPE_ARRAY)
		return sql_types_mismatch(r, "takes an array");
	if (r->n > 3)
		r->result = r->arg[3];
	else if (r->arg[1].kind != TYPE_UNKNOWN)
		r->result = r->arg[r->arg[2].kind == TYPE_NULL ? 1 : 2];
	return 0;
}

static int
eval_fold(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	struct datum v[2], made;
	struct walk w;
	int r = walk_begin(&w, c, n, 2, out);

	if (r < 0 || n->arg[1]->eval(c, n->arg[1], &v[0]) != 0)
		return -1;
	if (r == 0)
		return 0;
	while (walk_next(&w)) {
		v[1] = w.v[0];
		if (sql_eval_lambda(c, w.f, v, 2, &made) != 0)
			return -1;
		v[0] = made;
	}
	*out = v[0];
	return n->narg > 3 ? sql_eval_lambda(c, n->arg[3], v, 1, out) : 0;
}

static int
eval_zip_with(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	struct datum a, b, v[2];
	struct datum_list l = {0};

	if (sql_items_eval(c, n, 0, &a) < 0 || sql_items_eval(c, n, 1, &b) < 0)
		return -1;
	*out = datum_null();
	if (a.kind == TYPE_NULL || b.kind == TYPE_NULL)
		return 0;
	for (uint32_t i = 0; i < a.n || i < b.n; i++) {
		v[0] = i < a.n ? a.items[i] : datum_null();
		v[1] = i < b.n ? b.items[i] : datum_null();
		if (sql_eval_lambda(c, n->arg[2], v, 2, sql_items_add(c, &l)) !=
			0)
			return -1;
	}
	*out = sql_items_array(&l, n->ty.t);
	return 0;
}

/* transform_keys, transform_values */
static int
eval_transform_map(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	bool keys = strcmp(n->fn->name, "transform_keys") == 0;
	struct datum_list l = {0};
	struct datum made;
	struct walk w;
	int r = walk_begin(&w, c, n, 1, out);

	if (r != 1)
		return r;
	while (walk_next(&w)) {
		if (walk_lambda(&w, 2, &made) != 0 ||
			sql_items_put(c, &l, keys ? &made : &w.v[0],
				keys ? &w.v[1] : &made) < 0)
			return -1;
	}
	*out = sql_items_map(&l, n->ty.t);
	return 0;
}

#define LAMBDA(name, sig, rule, eval, tag)                         \
	{                                                          \
		name, sig, NULL, SQL_LAMBDA, rule, eval, NULL, tag \
	}

const struct sql_fn sql_lambda_fns[] = {
	LAMBDA("transform", "Aa:e", lambda_rule, eval_transform, SQL_VARS_ITEM),
	LAMBDA("filter", "Aa:0", lambda_rule, eval_filter, SQL_VARS_ITEM),
	LAMBDA("exists", "Aa:b", lambda_rule, eval_quantify, SQL_VARS_ITEM),
	LAMBDA("forall", "Aa:b", lambda_rule, eval_quantify, SQL_VARS_ITEM),
	LAMBDA("aggregate", "Aaa?a:a", fold_rule, eval_fold, SQL_VARS_FOLD),
	LAMBDA("reduce", "Aaa?a:a", fold_rule, eval_fold, SQL_VARS_FOLD),
	LAMBDA("zip_with", "AAa:e", lambda_rule, eval_zip_with, SQL_VARS_ZIP),
	LAMBDA("map_filter", "Ma:0", lambda_rule, eval_filter, SQL_VARS_PAIR),
	LAMBDA("transform_keys", "Ma:k", lambda_rule, eval_transform_map,
		SQL_VARS_PAIR),
	LAMBDA("transform_values", "Ma:v", lambda_rule, eval_transform_map,
		SQL_VARS_PAIR),
	{NULL}};
