/*
 * sql_list: functions of arrays, maps and structs, and those that take lambdas.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql_impl.h"

/* A list under construction. */
struct items {
	struct datum *p;
	size_t n, cap;
};

static struct datum *
add(struct datum_ctx *c, struct items *l)
{
	struct datum *p;

	/* What is broken is not looked at again. */
	if (l->n > 0 && datum_too_long(c, l->n * sizeof(*p)))
		return &l->p[l->n - 1];
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 8;
		p = arena_get(&c->arena, l->cap * sizeof(*p));
		if (l->n > 0)
			memcpy(p, l->p, l->n * sizeof(*p));
		l->p = p;
	}
	return &l->p[l->n++];
}

static bool
has(struct datum_ctx *c, const struct datum *p, size_t n,
	const struct datum *d)
{
	for (size_t i = 0; i < n; i++)
		if (datum_compare(c, &p[i], d) == 0)
			return true;
	return false;
}

static void
array_of(struct items *l, const struct type *t, struct datum *out)
{
	*out = datum_items(TYPE_ARRAY, l->p, l->n, t);
}

/* What is not known must turn out to be an array. */
static bool
want_array(struct ty *t)
{
	if (t->kind == TYPE_UNKNOWN)
		*t = ty(TYPE_ARRAY);
	return t->kind == TYPE_ARRAY || t->kind == TYPE_NULL;
}

/* Making. */

static int
array_rule(struct sql_rule *r)
{
	struct ty common;

	if (sql_types_common(r, 0, 1, true, &common) != 0)
		return -1;
	if (r->open)
		r->result = (struct ty){.kind = TYPE_ARRAY};
	else
		r->result = ty_array(r->arena, common);
	return 0;
}

static int
run_array(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct datum *items =
		arena_get(&c->arena, (size_t)n->narg * sizeof(*items));

	if (n->narg > 0)
		memcpy(items, a, (size_t)n->narg * sizeof(*items));
	*out = datum_items(TYPE_ARRAY, items, (size_t)n->narg,
		sql_result(n).t);
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
			return sql_types_mismatch(r, "wants one type of keys "
						    "and one of values");
	}
	for (int i = 0; !r->open && i < r->n; i++)
		r->arg[i] = i % 2 == 0 ? key : elem;
	r->result = r->open ? (struct ty){.kind = TYPE_MAP}
			    : ty_map(r->arena, key, elem);
	return 0;
}

/* A key may be there once. */
static int
put(struct datum_ctx *c, struct items *l, const struct datum *key,
	const struct datum *value)
{
	if (key->kind == TYPE_NULL)
		return err_set(c->err, "a key of a map cannot be null");
	for (size_t i = 0; i < l->n; i += 2)
		if (datum_compare(c, &l->p[i], key) == 0)
			return err_set(c->err, "a key of a map is there twice");
	*add(c, l) = *key;
	*add(c, l) = *value;
	return 0;
}

static int
run_map(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct items l = {0};

	for (int i = 0; i + 1 < n->narg; i += 2)
		if (put(c, &l, &a[i], &a[i + 1]) != 0)
			return -1;
	*out = datum_items(TYPE_MAP, l.p, l.n / 2, sql_result(n).t);
	return 0;
}

static int
from_arrays_rule(struct sql_rule *r)
{
	for (int i = 0; i < 2; i++)
		if (!want_array(&r->arg[i]))
			return sql_types_mismatch(r, "takes two arrays");
	r->result = ty_map(r->arena, ty_elem(r->arg[0]), ty_elem(r->arg[1]));
	return 0;
}

static int
run_from_arrays(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct items l = {0};

	if (datum_open(c, &a[0]) != 0 || datum_open(c, &a[1]) != 0)
		return -1;
	if (a[0].n != a[1].n)
		return err_set(c->err, "'map_from_arrays' takes as many keys "
				       "as values");
	for (uint32_t i = 0; i < a[0].n; i++)
		if (put(c, &l, &a[0].items[i], &a[1].items[i]) != 0)
			return -1;
	*out = datum_items(TYPE_MAP, l.p, l.n / 2, n->ty.t);
	return 0;
}

static int
from_entries_rule(struct sql_rule *r)
{
	struct ty e = ty_elem(r->arg[0]);

	if (!want_array(&r->arg[0]))
		return sql_types_mismatch(r, "takes an array of pairs");
	r->result = (struct ty){.kind = TYPE_MAP};
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
	struct items l = {0};

	if (datum_open(c, a) != 0)
		return -1;
	for (uint32_t i = 0; i < a->n; i++) {
		struct datum *e = &a->items[i];

		if (datum_open(c, e) != 0)
			return -1;
		if (e->kind != TYPE_STRUCT || e->n != 2)
			return err_set(c->err, "'map_from_entries' takes pairs "
					       "of a key and a value");
		if (put(c, &l, &e->items[0], &e->items[1]) != 0)
			return -1;
	}
	*out = datum_items(TYPE_MAP, l.p, l.n / 2, n->ty.t);
	return 0;
}

static int
map_concat_rule(struct sql_rule *r)
{
	struct ty common;

	for (int i = 0; i < r->n; i++)
		if (r->arg[i].kind == TYPE_STRUCT && r->arg[i].t == NULL)
			r->arg[i] = (struct ty){.kind = TYPE_MAP};
		else if (r->arg[i].kind > TYPE_NULL &&
			r->arg[i].kind != TYPE_MAP)
			return sql_types_mismatch(r, "takes maps");
	if (sql_types_common(r, 0, 1, true, &common) != 0)
		return -1;
	r->result = r->open ? (struct ty){.kind = TYPE_MAP} : common;
	return 0;
}

static int
run_map_concat(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct items l = {0};

	for (int i = 0; i < n->narg; i++) {
		if (datum_open(c, &a[i]) != 0)
			return -1;
		for (uint32_t k = 0; k < a[i].n; k++)
			if (put(c, &l, &a[i].items[2 * k],
				    &a[i].items[2 * k + 1]) != 0)
				return -1;
	}
	*out = datum_items(TYPE_MAP, l.p, l.n / 2, sql_result(n).t);
	return 0;
}

/* Access. */

static int
size_rule(struct sql_rule *r)
{
	struct ty a = r->arg[0];

	/* An object of which nothing is known is taken as a map. */
	if (a.kind > TYPE_NULL && (!ty_nested(a) ||
				(a.kind == TYPE_STRUCT && a.t != NULL)))
		return sql_types_mismatch(r, "takes an array or a map");
	r->result = ty(TYPE_INT);
	return 0;
}

static int
run_size(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	if (a->kind == TYPE_NULL) {
		*out = n->fn->tag == 0 ? datum_int(TYPE_INT, -1)
				       : datum_null();
		return 0;
	}
	if (!ty_nested(datum_ty(a)))
		return err_set(c->err, "'%s' takes an array or a map",
			n->fn->name);
	if (datum_open(c, a) != 0)
		return -1;
	*out = datum_int(TYPE_INT, a->n);
	return 0;
}

/* x[i]: of an array from 0, of a map by its key, of a struct by its name */
static int
index_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0], key, common;
	int tag = r->node->fn->tag;

	if (a->kind == TYPE_UNKNOWN || r->arg[1].kind == TYPE_UNKNOWN) {
		r->open = true;
		if (a->kind == TYPE_ARRAY || a->kind == TYPE_MAP)
			r->result = ty_elem(*a);
		return 0;
	}
	if (a->kind == TYPE_ARRAY && (ty_integral(r->arg[1]) ||
				r->arg[1].kind == TYPE_NULL)) {
		r->result = ty_elem(*a);
		return 0;
	}
	if (a->kind == TYPE_STRUCT && a->t == NULL)
		*a = (struct ty){.kind = TYPE_MAP};
	if (a->kind == TYPE_MAP && tag != 2) {
		key = ty_key(*a);
		if (key.kind == TYPE_UNKNOWN)
			key = ty(TYPE_STRING);
		if (tag == 1 && !sql_types_tightest(r->arena, key, r->arg[1],
				&common))
			return sql_types_mismatch(r, "takes a map and a key");
		if (key.kind != TYPE_NULL)
			r->arg[1] = key;
		r->result = ty_elem(*a);
		return 0;
	}
	if (a->kind == TYPE_STRUCT && tag == 0 &&
		r->arg[1].kind == TYPE_STRING)
		return 0;
	if (a->kind == TYPE_NULL)
		return 0;
	return sql_types_mismatch(r, "takes an array and a place, or a map and "
				    "a key");
}

static int
run_index(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	bool from_one = n->fn->tag == 1;
	int64_t i = a[1].i;

	*out = datum_null();
	if (a[0].kind == TYPE_STRUCT)
		return datum_field(c, &a[0], a[1].str, a[1].n, out);
	if (datum_open(c, &a[0]) != 0)
		return -1;
	if (a[0].kind == TYPE_MAP) {
		for (uint32_t k = 0; k < a[0].n; k++)
			if (datum_compare(c, &a[0].items[2 * k], &a[1]) == 0)
				*out = a[0].items[2 * k + 1];
		return 0;
	}
	if (from_one && i == 0)
		return err_set(c->err, "'element_at' counts places from 1");
	if (from_one)
		i = i > 0 ? i - 1 : (int64_t)a[0].n + i;
	if (i >= 0 && i < a[0].n)
		*out = a[0].items[i];
	return 0;
}

/* keys, values, entries */
static int
map_parts_rule(struct sql_rule *r)
{
	static const char *const names[] = {"key", "value"};
	struct ty *a = &r->arg[0], pair[2];

	if (a->kind == TYPE_STRUCT && a->t == NULL)
		*a = (struct ty){.kind = TYPE_MAP};
	else if (a->kind == TYPE_UNKNOWN)
		*a = ty(TYPE_MAP);
	else if (a->kind != TYPE_MAP && a->kind != TYPE_NULL)
		return sql_types_mismatch(r, "takes a map");
	pair[0] = ty_key(*a);
	pair[1] = ty_elem(*a);
	r->result = ty_array(r->arena, r->node->fn->tag < 2
			? pair[r->node->fn->tag]
			: ty_struct(r->arena, names, pair, 2));
	return 0;
}

static int
run_map_parts(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const struct type *t = sql_result(n).t;
	int tag = n->fn->tag;
	struct items l = {0};

	if (datum_open(c, a) != 0)
		return -1;
	for (uint32_t i = 0; i < a->n; i++)
		*add(c, &l) = tag < 2 ? a->items[2 * i + (uint32_t)tag]
				      : datum_items(TYPE_STRUCT,
						&a->items[2 * i], 2, t->elem);
	array_of(&l, t, out);
	return 0;
}

/* An array (or map) and a value that is looked for in it. */
static int
search_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0], common;
	char result = strchr(r->node->fn->sig, ':')[1];
	bool map = r->node->fn->tag == 9;
	struct ty elem = map ? ty_key(*a) : ty_elem(*a);

	if (map && a->kind == TYPE_STRUCT && a->t == NULL)
		*a = (struct ty){.kind = TYPE_MAP};
	if (map && a->kind == TYPE_UNKNOWN)
		*a = ty(TYPE_MAP);
	if (map ? a->kind > TYPE_NULL && a->kind != TYPE_MAP : !want_array(a))
		return sql_types_mismatch(r, map ? "takes a map and a key"
						: "takes an array and a value");
	r->result = result == 'b' ? ty(TYPE_BOOLEAN)
		: result == 'l'	  ? ty(TYPE_LONG)
				  : *a;
	if (elem.kind == TYPE_UNKNOWN || r->arg[1].kind == TYPE_UNKNOWN)
		return 0;
	if (!sql_types_tightest(r->arena, elem, r->arg[1], &common))
		return sql_types_mismatch(r, map ? "takes a map and a key"
						: "takes an array and a value");
	if (!map) {
		*a = ty_array(r->arena, common);
		if (result == '0')
			r->result = *a;
	}
	r->arg[1] = common;
	return 0;
}

enum { CONTAINS, POSITION, REMOVE, APPEND, PREPEND, HAS_KEY = 9 };

static int
run_search(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	bool null = false;
	uint32_t i;
	uint32_t by = n->fn->tag == HAS_KEY ? 2 : 1;

	if (datum_open(c, &a[0]) != 0)
		return -1;
	for (i = 0; i < a[0].n; i++) {
		null |= a[0].items[by * i].kind == TYPE_NULL;
		if (a[0].items[by * i].kind != TYPE_NULL &&
			datum_compare(c, &a[0].items[by * i], &a[1]) == 0)
			break;
	}
	if (n->fn->tag == POSITION)
		*out = datum_int(TYPE_LONG, i < a[0].n ? i + 1 : 0);
	else if (i < a[0].n)
		*out = datum_bool(true);
	else
		*out = null ? datum_null() : datum_bool(false);
	return 0;
}

static int
run_change(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	int tag = n->fn->tag;
	struct items l = {0};

	*out = datum_null();
	if (a[0].kind == TYPE_NULL ||
		(tag == REMOVE && a[1].kind == TYPE_NULL))
		return 0;
	if (datum_open(c, &a[0]) != 0)
		return -1;
	if (tag == PREPEND)
		*add(c, &l) = a[1];
	for (uint32_t i = 0; i < a[0].n; i++)
		if (tag != REMOVE || a[0].items[i].kind == TYPE_NULL ||
			datum_compare(c, &a[0].items[i], &a[1]) != 0)
			*add(c, &l) = a[0].items[i];
	if (tag == APPEND)
		*add(c, &l) = a[1];
	array_of(&l, a[0].t, out);
	return 0;
}

static int
insert_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0], elem = ty_elem(*a), common;

	if (!want_array(a))
		return sql_types_mismatch(r, "takes an array, a place and a "
					    "value");
	r->arg[1] = ty(TYPE_INT);
	r->result = *a;
	if (elem.kind == TYPE_UNKNOWN || r->arg[2].kind == TYPE_UNKNOWN)
		return 0;
	if (!sql_types_tightest(r->arena, elem, r->arg[2], &common))
		return sql_types_mismatch(r, "takes an array, a place and a "
					    "value");
	*a = r->result = ty_array(r->arena, common);
	r->arg[2] = common;
	return 0;
}

static int
run_insert(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct items l = {0};
	int64_t at;

	*out = datum_null();
	if (a[0].kind == TYPE_NULL || a[1].kind == TYPE_NULL)
		return 0;
	if (datum_open(c, &a[0]) != 0)
		return -1;
	if (a[1].i == 0)
		return err_set(c->err, "'array_insert' counts places from 1");
	at = a[1].i > 0 ? a[1].i - 1 : (int64_t)a[0].n + a[1].i + 1;
	if (sql_limit(c, n, at < 0 ? -at : at, sizeof(*a)) != 0)
		return -1;
	if (at < 0) {
		/* In front of the array: nulls fill the gap. */
		*add(c, &l) = a[2];
		for (; at < -1; at++)
			*add(c, &l) = datum_null();
	}
	for (int64_t i = 0; i < a[0].n || i <= at; i++) {
		if (i == at)
			*add(c, &l) = a[2];
		if (i < a[0].n)
			*add(c, &l) = a[0].items[i];
		else if (i < at)
			*add(c, &l) = datum_null();
	}
	array_of(&l, a[0].t, out);
	return 0;
}

/* Order. */

struct sort_ctx {
	struct datum_ctx *c;
	int sign;         /* -1: descending */
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
			return s->failed = err_set(s->c->err, "a function that "
				"compares gives -1, 0 or 1"), 0;
		return r.kind == TYPE_NULL ? 0 : r.i < 0 ? -1 : r.i > 0;
	}
	if (s->nulls_last && (a->kind == TYPE_NULL || b->kind == TYPE_NULL))
		return (a->kind == TYPE_NULL) - (b->kind == TYPE_NULL);
	return s->sign * datum_compare(s->c, a, b);
}

static int
sort(struct sort_ctx *s, struct datum *a, struct datum *out)
{
	struct datum *items;

	if (datum_open(s->c, a) != 0)
		return -1;
	items = arena_get(&s->c->arena, a->n * sizeof(*items));
	if (a->n > 0)
		memcpy(items, a->items, a->n * sizeof(*items));
	if (a->n > 1)
		qsort_r(items, a->n, sizeof(*items), sort_compare, s);
	*out = datum_items(TYPE_ARRAY, items, a->n, a->t);
	return s->failed;
}

static int
sort_rule(struct sql_rule *r)
{
	if (!want_array(&r->arg[0]))
		return sql_types_mismatch(r, "takes an array");
	if (r->n > 1 && r->node->arg[1]->op == SQL_FUNCTION) {
		if (r->arg[1].kind > TYPE_NULL && !ty_integral(r->arg[1]))
			return sql_types_mismatch(r, "takes an array and a "
						    "function that gives -1, "
						    "0 or 1");
	} else if (r->n > 1 && r->arg[1].kind > TYPE_BOOLEAN)
		return sql_types_mismatch(r, "takes an array and whether to "
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
	return sort(&s, a, out);
}

/* Sets. */

static int
run_distinct(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct items l = {0};

	if (datum_open(c, a) != 0)
		return -1;
	for (uint32_t i = 0; i < a->n; i++)
		if (!has(c, l.p, l.n, &a->items[i]))
			*add(c, &l) = a->items[i];
	array_of(&l, a->t, out);
	return 0;
}

static int
two_arrays_rule(struct sql_rule *r)
{
	struct ty common;

	for (int i = 0; i < 2; i++)
		if (r->arg[i].kind > TYPE_NULL &&
			r->arg[i].kind != TYPE_ARRAY)
			return sql_types_mismatch(r, "takes two arrays");
	if (sql_types_common(r, 0, 1, false, &common) != 0)
		return -1;
	r->result = strchr(r->node->fn->sig, ':')[1] == 'b' ? ty(TYPE_BOOLEAN)
		: r->open ? (struct ty){.kind = TYPE_ARRAY} : common;
	return 0;
}

enum { UNION, INTERSECT, EXCEPT };

static int
run_set(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct items l = {0};

	if (datum_open(c, &a[0]) != 0 || datum_open(c, &a[1]) != 0)
		return -1;
	for (int k = 0; k < (n->fn->tag == UNION ? 2 : 1); k++)
		for (uint32_t i = 0; i < a[k].n; i++) {
			struct datum *d = &a[k].items[i];

			if (n->fn->tag != UNION &&
				has(c, a[1].items, a[1].n, d) !=
					(n->fn->tag == INTERSECT))
				continue;
			if (!has(c, l.p, l.n, d))
				*add(c, &l) = *d;
		}
	array_of(&l, a[0].t, out);
	return 0;
}

static int
run_overlap(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	bool null = false;

	if (datum_open(c, &a[0]) != 0 || datum_open(c, &a[1]) != 0)
		return -1;
	*out = datum_bool(true);
	for (uint32_t i = 0; i < a[0].n; i++) {
		if (a[0].items[i].kind == TYPE_NULL)
			null = true;
		else if (has(c, a[1].items, a[1].n, &a[0].items[i]))
			return 0;
	}
	for (uint32_t i = 0; i < a[1].n; i++)
		null |= a[1].items[i].kind == TYPE_NULL;
	*out = null && a[0].n > 0 && a[1].n > 0 ? datum_null()
						: datum_bool(false);
	return 0;
}

/* Others. */

enum { MAX = 1, MIN = -1 };

static int
run_extreme(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_null();
	if (datum_open(c, a) != 0)
		return -1;
	for (uint32_t i = 0; i < a->n; i++)
		if (a->items[i].kind != TYPE_NULL &&
			(out->kind == TYPE_NULL ||
				datum_compare(c, &a->items[i], out) *
						n->fn->tag > 0))
			*out = a->items[i];
	return 0;
}

static int
run_join(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	bool first = true;
	struct buf b;

	if (datum_open(c, a) != 0)
		return -1;
	buf_init(&b);
	for (uint32_t i = 0; i < a->n && !datum_too_long(c, b.n); i++) {
		if (a->items[i].kind == TYPE_NULL && n->narg < 3)
			continue;
		if (!first)
			buf_add(&b, a[1].str, a[1].n);
		first = false;
		datum_print(c, a->items[i].kind == TYPE_NULL ? &a[2]
							     : &a->items[i],
			&b);
	}
	*out = datum_from_buf(c, &b);
	buf_release(&b);
	return 0;
}

static int
run_compact(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct items l = {0};

	if (datum_open(c, a) != 0)
		return -1;
	for (uint32_t i = 0; i < a->n; i++)
		if (a->items[i].kind != TYPE_NULL)
			*add(c, &l) = a->items[i];
	array_of(&l, a->t, out);
	return 0;
}

static int
run_slice(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	int64_t from = a[1].i, len = a[2].i;

	if (datum_open(c, a) != 0)
		return -1;
	if (from == 0 || len < 0)
		return err_set(c->err, "'slice' counts places from 1, and no "
				       "negative lengths");
	from = from > 0 ? from - 1 : (int64_t)a->n + from;
	if (from < 0 || from >= a->n)
		len = from = 0;
	if (len > a->n - from)
		len = a->n - from;
	*out = datum_items(TYPE_ARRAY, a->items + from, (size_t)len, a->t);
	return 0;
}

static int
flatten_rule(struct sql_rule *r)
{
	struct ty e = ty_elem(r->arg[0]);

	if (!want_array(&r->arg[0]) ||
		(e.kind > TYPE_NULL && e.kind != TYPE_ARRAY))
		return sql_types_mismatch(r, "takes an array of arrays");
	r->result = e;
	return 0;
}

static int
run_flatten(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct items l = {0};

	*out = datum_null();
	if (datum_open(c, a) != 0)
		return -1;
	for (uint32_t i = 0; i < a->n; i++) {
		struct datum *e = &a->items[i];

		if (e->kind == TYPE_NULL)
			return 0;
		if (e->kind != TYPE_ARRAY || datum_open(c, e) != 0)
			return err_set(c->err,
				"'flatten' takes an array of arrays");
		for (uint32_t k = 0; k < e->n && !c->broken; k++)
			*add(c, &l) = e->items[k];
	}
	array_of(&l, n->ty.t, out);
	return 0;
}

static int
repeat_rule(struct sql_rule *r)
{
	r->result = ty_array(r->arena, r->arg[0]);
	r->arg[1] = ty(TYPE_INT);
	return 0;
}

static int
run_repeat(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct items l = {0};

	*out = datum_null();
	if (a[1].kind == TYPE_NULL)
		return 0;
	if (a[1].i > 0 && sql_limit(c, n, a[1].i, sizeof(*a)) != 0)
		return -1;
	for (int64_t i = 0; i < a[1].i; i++)
		*add(c, &l) = a[0];
	array_of(&l, n->ty.t, out);
	return 0;
}

/* sequence(1, 5), sequence(d1, d2, interval 1 month) */
static int
sequence_rule(struct sql_rule *r)
{
	struct ty *a = r->arg, common;

	if (a[0].kind == TYPE_UNKNOWN || a[1].kind == TYPE_UNKNOWN) {
		r->open = true;
		return 0;
	}
	if (!sql_types_tightest(r->arena, a[0], a[1], &common) ||
		(!ty_integral(common) && common.kind != TYPE_DATE &&
			common.kind != TYPE_TIMESTAMP) ||
		(r->n > 2 && (ty_integral(common)
				? !ty_integral(a[2])
				: a[2].kind != TYPE_DAYS &&
					a[2].kind != TYPE_YEARS)))
		return sql_types_mismatch(r, "takes integers, or times and an "
					    "interval");
	a[0] = a[1] = common;
	r->result = ty_array(r->arena, common);
	return 0;
}

/* Times go on by the zone's calendar: each is so many steps from the first. */
static int
sequence_times(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const int64_t day = INT64_C(86400000000);
	bool months = n->narg > 2 && a[2].kind == TYPE_YEARS;
	int64_t by = n->narg > 2 ? a[2].i : a[0].i <= a[1].i ? day : -day, k;
	struct items l = {0};
	struct datum v = a[0];

	if ((by == 0 || (by > 0) != (a[0].i <= a[1].i)) && a[0].i != a[1].i)
		return err_set(c->err, "'sequence' does not come to its end");
	for (int64_t i = 0; v.kind != TYPE_NULL &&
		(by > 0 ? v.i <= a[1].i : v.i >= a[1].i); i++) {
		if (sql_limit(c, n, i + 1, sizeof(*a)) != 0)
			return -1;
		*add(c, &l) = v;
		if (by == 0 || __builtin_mul_overflow(by, i + 1, &k))
			break;
		if (months && (k > SQL_MONTHS_MAX || k < -SQL_MONTHS_MAX))
			break;
		v = months ? sql_clock_shift(c, a[0].i, k, 0, 0)
			: sql_clock_shift(c, a[0].i, 0, by / day * (i + 1),
				  by % day * (i + 1));
	}
	array_of(&l, sql_result(n).t, out);
	return 0;
}

/* From one number to another one that is known to be reached: the items are
 * counted first, so that none is computed beyond the end of the type. */
static int
sequence_numbers(struct datum_ctx *c, struct sql_node *n,
	const struct datum *from, int64_t to, int64_t by, struct items *l)
{
	__int128 steps = ((__int128)to - from->i) / by;

	if (steps >= INT32_MAX)
		steps = INT32_MAX;
	if (sql_limit(c, n, (int64_t)steps + 1, sizeof(*from)) != 0)
		return -1;
	/* Modulo 2^64: by times i may be more than the whole type. */
	for (int64_t i = 0; i <= (int64_t)steps; i++)
		*add(c, l) = datum_int(from->kind, (int64_t)((uint64_t)from->i +
			(uint64_t)by * (uint64_t)i));
	return 0;
}

/* Steps of months; a step may be too long for the calendar. */
static int
sequence_months(struct datum_ctx *c, struct sql_node *n,
	const struct datum *from, int64_t to, int64_t by, struct items *l)
{
	int64_t v;

	for (int64_t i = 0; by * i >= -SQL_MONTHS_MAX &&
		by * i <= SQL_MONTHS_MAX; i++) {
		v = sql_clock_months(from->i, by * i);
		if (by > 0 ? v > to : v < to)
			break;
		if (sql_limit(c, n, i + 1, sizeof(*from)) != 0)
			return -1;
		*add(c, l) = datum_int(from->kind, v);
	}
	return 0;
}

static int
run_sequence(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	int64_t by = a[0].i <= a[1].i ? 1 : -1;
	bool months = n->narg > 2 && a[2].kind == TYPE_YEARS;
	struct items l = {0};

	if (a[0].kind == TYPE_TIMESTAMP)
		return sequence_times(c, n, a, out);
	if (n->narg > 2)
		by = a[2].i;
	if (n->narg > 2 && a[2].kind == TYPE_DAYS && a[0].kind == TYPE_DATE)
		by /= INT64_C(86400000000);
	if (by == 0 || (by > 0) != (a[0].i <= a[1].i)) {
		if (a[0].i != a[1].i)
			return err_set(c->err,
				"'sequence' does not come to its end");
		by = 1;
	}
	if ((months ? sequence_months : sequence_numbers)(
		    c, n, &a[0], a[1].i, by, &l) != 0)
		return -1;
	array_of(&l, sql_result(n).t, out);
	return 0;
}

static int
zip_rule(struct sql_rule *r)
{
	const char **names =
		arena_get(r->arena, (size_t)r->n * sizeof(*names) + 1);
	struct ty *types = arena_get(r->arena, (size_t)r->n * sizeof(*types));
	char *text;

	for (int i = 0; i < r->n; i++) {
		const struct sql_node *a = r->node->arg[i];

		if (!want_array(&r->arg[i]))
			return sql_types_mismatch(r, "takes arrays");
		types[i] = ty_elem(r->arg[i]);
		text = arena_get(r->arena, 16);
		snprintf(text, 16, "%d", i);
		names[i] = a->npart > 0 ? a->part[a->npart - 1].s : text;
	}
	r->result = ty_array(r->arena,
		ty_struct(r->arena, names, types, (size_t)r->n));
	return 0;
}

static int
run_zip(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	size_t narg = (size_t)n->narg;
	struct items l = {0};
	uint32_t most = 0;

	for (size_t k = 0; k < narg; k++) {
		if (datum_open(c, &a[k]) != 0)
			return -1;
		most = a[k].n > most ? a[k].n : most;
	}
	for (uint32_t i = 0; i < most; i++) {
		struct datum *e = arena_get(&c->arena, narg * sizeof(*e));

		for (size_t k = 0; k < narg; k++)
			e[k] = i < a[k].n ? a[k].items[i] : datum_null();
		*add(c, &l) = datum_items(TYPE_STRUCT, e, narg,
			n->ty.t->elem);
	}
	array_of(&l, n->ty.t, out);
	return 0;
}

/* With lambdas. */

static int
lambda_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0];
	const struct sql_fn *f = r->node->fn;
	bool map = f->tag == SQL_VARS_PAIR;
	struct ty body = r->arg[r->n - 1];
	char result = strchr(f->sig, ':')[1];

	if (map && ((a->kind == TYPE_STRUCT && a->t == NULL) ||
			   a->kind == TYPE_UNKNOWN))
		*a = ty(TYPE_MAP);
	if (a->kind > TYPE_NULL && a->kind != (map ? TYPE_MAP : TYPE_ARRAY))
		return sql_types_mismatch(r, map ? "takes a map and a function"
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

static int
eval_items(struct datum_ctx *c, struct sql_node *n, int i, struct datum *out)
{
	if (n->arg[i]->eval(c, n->arg[i], out) != 0)
		return -1;
	if (out->kind == TYPE_NULL)
		return 0;
	if (out->kind == TYPE_STRUCT && n->fn->tag == SQL_VARS_PAIR &&
		datum_cast(c, out, ty(TYPE_MAP)) != 0)
		return -1;
	if (out->kind != (n->fn->tag == SQL_VARS_PAIR ? TYPE_MAP : TYPE_ARRAY))
		return err_set(c->err, "'%s' takes %s", n->fn->name,
			n->fn->tag == SQL_VARS_PAIR ? "a map" : "an array");
	return datum_open(c, out);
}

static int
eval_transform(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	struct datum a, v[2];
	struct items l = {0};

	if (eval_items(c, n, 0, &a) != 0)
		return -1;
	*out = datum_null();
	if (a.kind == TYPE_NULL)
		return 0;
	for (uint32_t i = 0; i < a.n; i++) {
		v[0] = a.items[i];
		v[1] = datum_int(TYPE_INT, i);
		if (sql_eval_lambda(c, n->arg[1], v, 2, add(c, &l)) != 0)
			return -1;
	}
	array_of(&l, n->ty.t, out);
	return 0;
}

static int
eval_filter(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	bool map = n->fn->tag == SQL_VARS_PAIR;
	struct datum a, v[2], r;
	struct items l = {0};

	if (eval_items(c, n, 0, &a) != 0)
		return -1;
	*out = datum_null();
	if (a.kind == TYPE_NULL)
		return 0;
	for (uint32_t i = 0; i < a.n; i++) {
		v[0] = a.items[map ? 2 * i : i];
		v[1] = map ? a.items[2 * i + 1] : datum_int(TYPE_INT, i);
		if (sql_eval_lambda(c, n->arg[1], v, 2, &r) != 0)
			return -1;
		if (r.kind != TYPE_BOOLEAN || r.i == 0)
			continue;
		*add(c, &l) = v[0];
		if (map)
			*add(c, &l) = v[1];
	}
	*out = datum_items(a.kind, l.p, map ? l.n / 2 : l.n, a.t);
	return 0;
}

/* exists, forall */
static int
eval_quantify(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	int64_t stop = strcmp(n->fn->name, "exists") == 0;
	struct datum a, r;
	bool null = false;

	if (eval_items(c, n, 0, &a) != 0)
		return -1;
	*out = datum_null();
	if (a.kind == TYPE_NULL)
		return 0;
	for (uint32_t i = 0; i < a.n; i++) {
		if (sql_eval_lambda(c, n->arg[1], &a.items[i], 1, &r) != 0)
			return -1;
		if (r.kind == TYPE_BOOLEAN && r.i == stop) {
			*out = r;
			return 0;
		}
		null |= r.kind == TYPE_NULL;
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
	struct datum a, v[2], r;

	if (eval_items(c, n, 0, &a) != 0 ||
		n->arg[1]->eval(c, n->arg[1], &v[0]) != 0)
		return -1;
	*out = datum_null();
	if (a.kind == TYPE_NULL)
		return 0;
	for (uint32_t i = 0; i < a.n; i++) {
		v[1] = a.items[i];
		if (sql_eval_lambda(c, n->arg[2], v, 2, &r) != 0)
			return -1;
		v[0] = r;
	}
	*out = v[0];
	return n->narg > 3 ? sql_eval_lambda(c, n->arg[3], v, 1, out) : 0;
}

static int
eval_zip_with(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	struct datum a, b, v[2];
	struct items l = {0};

	if (eval_items(c, n, 0, &a) != 0 || eval_items(c, n, 1, &b) != 0)
		return -1;
	*out = datum_null();
	if (a.kind == TYPE_NULL || b.kind == TYPE_NULL)
		return 0;
	for (uint32_t i = 0; i < a.n || i < b.n; i++) {
		v[0] = i < a.n ? a.items[i] : datum_null();
		v[1] = i < b.n ? b.items[i] : datum_null();
		if (sql_eval_lambda(c, n->arg[2], v, 2, add(c, &l)) != 0)
			return -1;
	}
	array_of(&l, n->ty.t, out);
	return 0;
}

/* transform_keys, transform_values */
static int
eval_transform_map(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	bool keys = strcmp(n->fn->name, "transform_keys") == 0;
	struct items l = {0};
	struct datum a, r;

	if (eval_items(c, n, 0, &a) != 0)
		return -1;
	*out = datum_null();
	if (a.kind == TYPE_NULL)
		return 0;
	for (uint32_t i = 0; i < a.n; i++) {
		if (sql_eval_lambda(c, n->arg[1], &a.items[2 * i], 2, &r) != 0)
			return -1;
		if (put(c, &l, keys ? &r : &a.items[2 * i],
			    keys ? &a.items[2 * i + 1] : &r) != 0)
			return -1;
	}
	*out = datum_items(TYPE_MAP, l.p, l.n / 2, n->ty.t);
	return 0;
}

static int
eval_array_sort(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	struct datum a;

	if (eval_items(c, n, 0, &a) != 0)
		return -1;
	*out = datum_null();
	return a.kind == TYPE_NULL ? 0 : run_sort(c, n, &a, out);
}

#define TAGGED(name, sig, run, tag) {name, sig, run, 0, NULL, NULL, NULL, tag}
#define SEARCH(name, sig, tag) \
	{name, sig, run_search, 0, search_rule, NULL, NULL, tag}
#define CHANGE(name, tag) \
	{name, "Aa:0", run_change, SQL_NULLS, search_rule, NULL, NULL, tag}
#define SET(name, tag) \
	{name, "AA:A", run_set, 0, two_arrays_rule, NULL, NULL, tag}
#define PARTS(name, tag) \
	{name, "M:A", run_map_parts, 0, map_parts_rule, NULL, NULL, tag}
#define LAMBDA(name, sig, rule, eval, tag) \
	{name, sig, NULL, SQL_LAMBDA, rule, eval, NULL, tag}

const struct sql_fn sql_list_fns[] = {
	{"array", "?a+:A", run_array, SQL_NULLS, array_rule},
	/* The parser makes a named_struct of it. */
	{"struct", "a+:a", run_named, SQL_NULLS, named_rule},
	{"named_struct", "sa+:a", run_named, SQL_NULLS, named_rule},
	{"map", "?a+:M", run_map, SQL_NULLS, map_rule},
	{"map_from_arrays", "AA:M", run_from_arrays, 0, from_arrays_rule},
	{"map_from_entries", "A:M", run_from_entries, 0, from_entries_rule},
	{"map_concat", "M+:M", run_map_concat, 0, map_concat_rule},
	{"size", "a:i", run_size, SQL_NULLS, size_rule},
	{"cardinality", "a:i", run_size, SQL_NULLS, size_rule},
	{"array_size", "A:i", run_size, SQL_NULLS, NULL, NULL, NULL, 1},
	{"[]", "aa:a", run_index, SQL_OPERATOR, index_rule},
	{"element_at", "aa:a", run_index, 0, index_rule, NULL, NULL, 1},
	{"try_element_at", "aa:a", run_index, 0, index_rule, NULL, NULL, 1},
	{"get", "aa:a", run_index, 0, index_rule, NULL, NULL, 2},
	PARTS("map_keys", 0),
	PARTS("map_values", 1),
	PARTS("map_entries", 2),
	SEARCH("array_contains", "Aa:b", CONTAINS),
	SEARCH("array_position", "Aa:l", POSITION),
	SEARCH("map_contains_key", "Ma:b", HAS_KEY),
	CHANGE("array_remove", REMOVE),
	CHANGE("array_append", APPEND),
	CHANGE("array_prepend", PREPEND),
	{"array_insert", "Aia:0", run_insert, SQL_NULLS, insert_rule},
	{"sort_array", "A?b:0", run_sort, 0, sort_rule},
	LAMBDA("array_sort", "A?a:0", sort_rule, eval_array_sort,
		SQL_VARS_TWO),
	{"array_distinct", "A:0", run_distinct},
	SET("array_union", UNION),
	SET("array_intersect", INTERSECT),
	SET("array_except", EXCEPT),
	{"arrays_overlap", "AA:b", run_overlap, 0, two_arrays_rule},
	TAGGED("array_max", "A:1", run_extreme, MAX),
	TAGGED("array_min", "A:1", run_extreme, MIN),
	{"array_join", "As?s:s", run_join},
	{"array_compact", "A:0", run_compact},
	{"slice", "Aii:0", run_slice},
	{"flatten", "A:1", run_flatten, 0, flatten_rule},
	{"array_repeat", "ai:A", run_repeat, SQL_NULLS, repeat_rule},
	{"sequence", "aa?a:A", run_sequence, 0, sequence_rule},
	{"arrays_zip", "A+:A", run_zip, 0, zip_rule},
	LAMBDA("transform", "Aa:e", lambda_rule, eval_transform,
		SQL_VARS_ITEM),
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
