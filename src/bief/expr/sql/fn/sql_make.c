/*
 * sql_make: functions that make arrays, structs and maps of their arguments,
 * and maps of other lists.
 */
#include <assert.h>
#include <string.h>

#include "floor/err.h"
#include "expr/sql/sql_items.h"

static int
array_rule(struct sql_rule *r)
{
	struct ty common;

	if (sql_types_common(r, 0, 1, true, &common) < 0)
		return -1;
	if (r->open)
		r->result = ty(TYPE_ARRAY);
	else
		r->result = ty_array(r->arena, common);
	return 0;
}

static int
run_array(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct datum *items = arena_get(
		&c->arena, (size_t)n->narg * sizeof(*items));

	if (n->narg > 0)
		memcpy(items, a, (size_t)n->narg * sizeof(*items));
	*out = datum_items(TYPE_ARRAY, items, (size_t)n->narg, sql_result(n).t);
	return 0;
}

static int
named_rule(struct sql_rule *r)
{
	size_t n = (size_t)r->n / 2;
	const char **names = arena_get(r->arena, n * sizeof(*names) + 1);
	struct ty *types = arena_get(r->arena, n * sizeof(*types) + 1);

	if (r->n % 2 != 0)
		return err_as(r->err, STATUS_USAGE,
			"'named_struct' takes names and values in turn");
	for (size_t i = 0; i < n; i++) {
		const struct sql_node *a = r->node->arg[2 * i];

		if (a->op != SQL_LITERAL || a->lit.kind != TYPE_STRING)
			return err_as(r->err, STATUS_USAGE,
				"'named_struct' takes names in quotes");
		names[i] = arena_text(r->arena, a->lit.str, a->lit.n);
		types[i] = r->arg[2 * i + 1];
	}
	r->result = ty_struct(r->arena, names, types, n);
	return 0;
}

static int
run_named(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	size_t k = (size_t)n->narg / 2;
	struct datum *items = arena_get(&c->arena, k * sizeof(*items) + 1);

	assert(n->narg % 2 == 0);
	for (size_t i = 0; i < k; i++)
		items[i] = a[2 * i + 1];
	*out = datum_items(TYPE_STRUCT, items, k, n->ty.t);
	return 0;
}

static int
map_rule(struct sql_rule *r)
{
	struct ty key = ty(TYPE_NULL), elem = ty(TYPE_NULL);

	if (r->n % 2 != 0)
		return err_as(r->err, STATUS_USAGE,
			"'map' takes keys and values in turn");
	for (int i = 0; i < r->n; i++) {
		struct ty *t = i % 2 == 0 ? &key : &elem;

		if (r->arg[i].kind == TYPE_UNKNOWN)
			r->open = true;
		else if (!sql_types_wider(r->arena, *t, r->arg[i], t))
			return sql_types_mismatch(r,
				"wants one type of keys "
				"and one of values");
	}
	for (int i = 0; !r->open && i < r->n; i++)
		r->arg[i] = i % 2 == 0 ? key : elem;
	r->result = r->open ? ty(TYPE_MAP) : ty_map(r->arena, key, elem);
	return 0;
}

static int
run_map(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct datum_list l = {0};

	assert(n->narg % 2 == 0);
	for (int i = 0; i + 1 < n->narg; i += 2)
		if (sql_items_put(c, &l, &a[i], &a[i + 1]) < 0)
			return -1;
	*out = sql_items_map(&l, sql_result(n).t);
	return 0;
}

static int
from_arrays_rule(struct sql_rule *r)
{
	for (int i = 0; i < 2; i++)
		if (!sql_items_want_array(&r->arg[i]))
			return sql_types_mismatch(r, "takes two arrays");
	r->result = ty_map(r->arena, ty_elem(r->arg[0]), ty_elem(r->arg[1]));
	return 0;
}

static int
run_from_arrays(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct datum_list l = {0};

	if (sql_items_open(c, a, 2) < 0)
		return -1;
	if (a[0].n != a[1].n)
		return err_set(c->err,
			"'map_from_arrays' takes as many keys "
			"as values");
	for (uint32_t i = 0; i < a[0].n; i++)
		if (sql_items_put(c, &l, &a[0].items[i], &a[1].items[i]) < 0)
			return -1;
	*out = sql_items_map(&l, n->ty.t);
	return 0;
}

static int
from_entries_rule(struct sql_rule *r)
{
	struct ty e = ty_elem(r->arg[0]);

	if (!sql_items_want_array(&r->arg[0]))
		return sql_types_mismatch(r, "takes an array of pairs");
	r->result = ty(TYPE_MAP);
	if (e.kind == TYPE_STRUCT && e.t != NULL && e.t->fields->n == 2)
		r->result = ty_map(r->arena, ty_from(e.t->fields->f[0].type),
			ty_from(e.t->fields->f[1].type));
	else if (e.kind != TYPE_UNKNOWN)
		return sql_types_mismatch(r, "takes an array of pairs");
	return 0;
}

static int
run_from_entries(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct datum_list l = {0};
	struct sql_items it;
	struct datum *e;

	if (sql_items_open(c, a, 1) < 0)
		return -1;
	for (it = sql_items(a, 1); (e = sql_items_next(&it)) != NULL;) {
		if (datum_open(c, e) < 0)
			return -1;
		if (e->kind != TYPE_STRUCT || e->n != 2)
			return err_set(c->err,
				"'map_from_entries' takes pairs "
				"of a key and a value");
		if (sql_items_put(c, &l, &e->items[0], &e->items[1]) < 0)
			return -1;
	}
	*out = sql_items_map(&l, n->ty.t);
	return 0;
}

static int
map_concat_rule(struct sql_rule *r)
{
	struct ty common;

	for (int i = 0; i < r->n; i++)
		if (r->arg[i].kind == TYPE_STRUCT && r->arg[i].t == NULL)
			r->arg[i] = ty(TYPE_MAP);
		else if (r->arg[i].kind > TYPE_NULL &&
			r->arg[i].kind != TYPE_MAP)
			return sql_types_mismatch(r, "takes maps");
	if (sql_types_common(r, 0, 1, true, &common) < 0)
		return -1;
	r->result = r->open ? ty(TYPE_MAP) : common;
	return 0;
}

static int
run_map_concat(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct datum_list l = {0};
	struct sql_items it;
	struct datum *k;

	for (int i = 0; i < n->narg; i++) {
		if (sql_items_open(c, &a[i], 1) < 0)
			return -1;
		for (it = sql_items(&a[i], 1);
			(k = sql_items_next(&it)) != NULL;)
			if (sql_items_put(c, &l, k, k + 1) < 0)
				return -1;
	}
	*out = sql_items_map(&l, sql_result(n).t);
	return 0;
}

const struct sql_fn sql_make_fns[] = {
	{"array", "?a+:A", run_array, SQL_NULLS, array_rule},
	/* The parser makes a named_struct of it. */
	{"struct", "a+:a", run_named, SQL_NULLS, named_rule},
	{"named_struct", "sa+:a", run_named, SQL_NULLS, named_rule},
	{"map", "?a+:M", run_map, SQL_NULLS, map_rule},
	{"map_from_arrays", "AA:M", run_from_arrays, 0, from_arrays_rule},
	{"map_from_entries", "A:M", run_from_entries, 0, from_entries_rule},
	{"map_concat", "M+:M", run_map_concat, 0, map_concat_rule}, {NULL}};
