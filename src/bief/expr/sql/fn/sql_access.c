/*
 * sql_access: what is in arrays and maps: their size, an item, what is looked
 * for; and arrays with an item more or less.
 */
#include <assert.h>
#include <string.h>

#include "floor/err.h"
#include "expr/sql/sql_items.h"

static int
size_rule(struct sql_rule *r)
{
	struct ty a = r->arg[0];

	/* An object of which nothing is known is taken as a map. */
	if (a.kind > TYPE_NULL &&
		(!ty_nested(a) || (a.kind == TYPE_STRUCT && a.t != NULL)))
		return sql_types_mismatch(r, "takes an array or a map");
	r->result = ty(TYPE_INT);
	return 0;
}

static int
run_size(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	if (a->kind == TYPE_NULL) {
		*out = n->fn->tag == 0 ? datum_int(TYPE_INT, -1) : datum_null();
		return 0;
	}
	if (!ty_nested(datum_ty(a)))
		return err_set(
			c->err, "'%s' takes an array or a map", n->fn->name);
	if (datum_open(c, a) < 0)
		return -1;
	*out = datum_int(TYPE_INT, a->n);
	return 0;
}

enum { INDEX_ANY, INDEX_FROM_ONE, INDEX_ARRAY };

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
	if (a->kind == TYPE_ARRAY &&
		(ty_integral(r->arg[1]) || r->arg[1].kind == TYPE_NULL)) {
		r->result = ty_elem(*a);
		return 0;
	}
	if (a->kind == TYPE_STRUCT && a->t == NULL)
		*a = ty(TYPE_MAP);
	if (a->kind == TYPE_MAP && tag != INDEX_ARRAY) {
		key = ty_key(*a);
		if (key.kind == TYPE_UNKNOWN)
			key = ty(TYPE_STRING);
		if (tag == INDEX_FROM_ONE &&
			!sql_types_tightest(r->arena, key, r->arg[1], &common))
			return sql_types_mismatch(r, "takes a map and a key");
		if (key.kind != TYPE_NULL)
			r->arg[1] = key;
		r->result = ty_elem(*a);
		return 0;
	}
	if (a->kind == TYPE_STRUCT && tag == INDEX_ANY &&
		r->arg[1].kind == TYPE_STRING)
		return 0;
	if (a->kind == TYPE_NULL)
		return 0;
	return sql_types_mismatch(r,
		"takes an array and a place, or a map and "
		"a key");
}

static void
index_map(struct datum_ctx *c, const struct datum *map, const struct datum *key,
	struct datum *out)
{
	struct sql_items it = sql_items(map, 1);

	for (struct datum *k; (k = sql_items_next(&it)) != NULL;)
		if (datum_compare(c, k, key) == 0)
			*out = k[1];
}

static int
run_index(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	bool from_one = n->fn->tag == INDEX_FROM_ONE;
	int64_t i = a[1].i;

	*out = datum_null();
	if (a[0].kind == TYPE_STRUCT)
		return datum_field(c, &a[0], a[1].str, a[1].n, out);
	if (sql_items_open(c, a, 1) < 0)
		return -1;
	if (a[0].kind == TYPE_MAP) {
		index_map(c, &a[0], &a[1], out);
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

enum { KEYS, VALUES, ENTRIES };

/* keys, values, entries */
static int
map_parts_rule(struct sql_rule *r)
{
	static const char *const names[] = {"key", "value"};
	struct ty *a = &r->arg[0], pair[2];

	if (!sql_items_want_map(a))
		return sql_types_mismatch(r, "takes a map");
	pair[0] = ty_key(*a);
	pair[1] = ty_elem(*a);
	r->result = ty_array(r->arena,
		r->node->fn->tag < ENTRIES
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
	struct datum_list l = {0};
	struct sql_items it;
	struct datum *k;

	if (sql_items_open(c, a, 1) < 0)
		return -1;
	for (it = sql_items(a, 1); (k = sql_items_next(&it)) != NULL;)
		*sql_items_add(c, &l) = tag == KEYS ? k[0]
			: tag == VALUES
			? k[1]
			: datum_items(TYPE_STRUCT, k, 2, t->elem);
	*out = sql_items_array(&l, t);
	return 0;
}

enum { CONTAINS, POSITION, REMOVE, APPEND, PREPEND, HAS_KEY };

/* An array (or map) and a value that is looked for in it. */
static int
search_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0], common;
	char result = strchr(r->node->fn->sig, ':')[1];
	bool map = r->node->fn->tag == HAS_KEY;
	struct ty elem = map ? ty_key(*a) : ty_elem(*a);

	if (!(map ? sql_items_want_map : sql_items_want_array)(a))
		return sql_types_mismatch(r,
			map ? "takes a map and a key"
			    : "takes an array and a value");
	r->result = result == 'b' ? ty(TYPE_BOOLEAN)
		: result == 'l'   ? ty(TYPE_LONG)
				  : *a;
	if (elem.kind == TYPE_UNKNOWN || r->arg[1].kind == TYPE_UNKNOWN)
		return 0;
	if (!sql_types_tightest(r->arena, elem, r->arg[1], &common))
		return sql_types_mismatch(r,
			map ? "takes a map and a key"
			    : "takes an array and a value");
	if (!map) {
		*a = ty_array(r->arena, common);
		if (result == '0')
			r->result = *a;
	}
	r->arg[1] = common;
	return 0;
}

static int
run_search(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct sql_items it;
	bool null = false;
	struct datum *d;

	if (sql_items_open(c, a, 1) < 0)
		return -1;
	for (it = sql_items(a, 1); (d = sql_items_next(&it)) != NULL;) {
		null |= d->kind == TYPE_NULL;
		if (d->kind != TYPE_NULL && datum_compare(c, d, &a[1]) == 0)
			break;
	}
	if (n->fn->tag == POSITION)
		*out = datum_int(TYPE_LONG, d != NULL ? it.at : 0);
	else if (d != NULL)
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
	struct datum_list l = {0};
	struct sql_items it;
	struct datum *d;

	assert(tag == REMOVE || tag == APPEND || tag == PREPEND);
	*out = datum_null();
	if (a[0].kind == TYPE_NULL || (tag == REMOVE && a[1].kind == TYPE_NULL))
		return 0;
	if (sql_items_open(c, a, 1) < 0)
		return -1;
	if (tag == PREPEND)
		*sql_items_add(c, &l) = a[1];
	for (it = sql_items(a, 1); (d = sql_items_next(&it)) != NULL;)
		if (tag != REMOVE || d->kind == TYPE_NULL ||
			datum_compare(c, d, &a[1]) != 0)
			*sql_items_add(c, &l) = *d;
	if (tag == APPEND)
		*sql_items_add(c, &l) = a[1];
	*out = sql_items_array(&l, a[0].t);
	return 0;
}

static int
insert_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0], elem = ty_elem(*a), common;

	if (!sql_items_want_array(a))
		return sql_types_mismatch(r,
			"takes an array, a place and a "
			"value");
	r->arg[1] = ty(TYPE_INT);
	r->result = *a;
	if (elem.kind == TYPE_UNKNOWN || r->arg[2].kind == TYPE_UNKNOWN)
		return 0;
	if (!sql_types_tightest(r->arena, elem, r->arg[2], &common))
		return sql_types_mismatch(r,
			"takes an array, a place and a "
			"value");
	*a = r->result = ty_array(r->arena, common);
	r->arg[2] = common;
	return 0;
}

static int
run_insert(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct datum_list l = {0};
	int64_t at;

	*out = datum_null();
	if (a[0].kind == TYPE_NULL || a[1].kind == TYPE_NULL)
		return 0;
	if (datum_open(c, &a[0]) < 0)
		return -1;
	if (a[1].i == 0)
		return err_set(c->err, "'array_insert' counts places from 1");
	at = a[1].i > 0 ? a[1].i - 1 : (int64_t)a[0].n + a[1].i + 1;
	if (sql_limit(c, n, at < 0 ? -at : at, sizeof(*a)) < 0)
		return -1;
	if (at < 0) {
		/* In front of the array: nulls fill the gap. */
		*sql_items_add(c, &l) = a[2];
		for (; at < -1; at++)
			*sql_items_add(c, &l) = datum_null();
	}
	for (int64_t i = 0; i < a[0].n || i <= at; i++) {
		if (i == at)
			*sql_items_add(c, &l) = a[2];
		if (i < a[0].n)
			*sql_items_add(c, &l) = a[0].items[i];
		else if (i < at)
			*sql_items_add(c, &l) = datum_null();
	}
	*out = sql_items_array(&l, a[0].t);
	return 0;
}

#define SEARCH(name, sig, tag)                                         \
	{                                                              \
		name, sig, run_search, 0, search_rule, NULL, NULL, tag \
	}
#define CHANGE(name, tag)                                                     \
	{                                                                     \
		name, "Aa:0", run_change, SQL_NULLS, search_rule, NULL, NULL, \
			tag                                                   \
	}
#define PARTS(name, tag)                                                       \
	{                                                                      \
		name, "M:A", run_map_parts, 0, map_parts_rule, NULL, NULL, tag \
	}

const struct sql_fn sql_access_fns[] = {
	{"size", "a:i", run_size, SQL_NULLS, size_rule},
	{"cardinality", "a:i", run_size, SQL_NULLS, size_rule},
	{"array_size", "A:i", run_size, SQL_NULLS, NULL, NULL, NULL, 1},
	{"[]", "aa:a", run_index, SQL_OPERATOR, index_rule},
	{"element_at", "aa:a", run_index, 0, index_rule, NULL, NULL,
		INDEX_FROM_ONE},
	{"try_element_at", "aa:a", run_index, 0, index_rule, NULL, NULL,
		INDEX_FROM_ONE},
	{"get", "aa:a", run_index, 0, index_rule, NULL, NULL, INDEX_ARRAY},
	PARTS("map_keys", KEYS), PARTS("map_values", VALUES),
	PARTS("map_entries", ENTRIES),
	SEARCH("array_contains", "Aa:b", CONTAINS),
	SEARCH("array_position", "Aa:l", POSITION),
	SEARCH("map_contains_key", "Ma:b", HAS_KEY),
	CHANGE("array_remove", REMOVE), CHANGE("array_append", APPEND),
	CHANGE("array_prepend", PREPEND),
	{"array_insert", "Aia:0", run_insert, SQL_NULLS, insert_rule}, {NULL}};
