/*
 * sql_items: see sql_items.h. The loop that all functions of lists share, so
 * that what a null list means is said once.
 */
#include "expr/sql/sql_items.h"

#include <assert.h>

#include "floor/err.h"

int
sql_items_open(struct datum_ctx *c, struct datum *a, int n)
{
	for (int i = 0; i < n; i++) {
		if (datum_open(c, &a[i]) < 0)
			return -1;
		/* The iterator steps by what a map is made of. */
		assert(a[i].kind == TYPE_NULL || ty_nested(datum_ty(&a[i])));
	}
	return 0;
}

struct datum *
sql_items_add(struct datum_ctx *c, struct datum_list *l)
{
	/* What is broken is not looked at again. */
	if (l->n > 0 && datum_too_long(c, l->n * sizeof(*l->p)))
		return &l->p[l->n - 1];
	return datum_list_add(c, l);
}

int
sql_items_put(struct datum_ctx *c, struct datum_list *l,
	const struct datum *key, const struct datum *value)
{
	if (key->kind == TYPE_NULL)
		return err_set(c->err, "a key of a map cannot be null");
	for (size_t i = 0; i < l->n; i += 2)
		if (datum_compare(c, &l->p[i], key) == 0)
			return err_set(c->err, "a key of a map is there twice");
	*sql_items_add(c, l) = *key;
	*sql_items_add(c, l) = *value;
	return 0;
}

bool
sql_items_has(struct datum_ctx *c, const struct datum *p, size_t n,
	const struct datum *d)
{
	for (size_t i = 0; i < n; i++)
		if (datum_compare(c, &p[i], d) == 0)
			return true;
	return false;
}

bool
sql_items_want_array(struct ty *t)
{
	if (t->kind == TYPE_UNKNOWN)
		*t = ty(TYPE_ARRAY);
	return t->kind == TYPE_ARRAY || t->kind == TYPE_NULL;
}

bool
sql_items_want_map(struct ty *t)
{
	if (t->kind == TYPE_UNKNOWN || (t->kind == TYPE_STRUCT && t->t == NULL))
		*t = ty(TYPE_MAP);
	return t->kind == TYPE_MAP || t->kind == TYPE_NULL;
}

int
sql_items_eval(
	struct datum_ctx *c, struct sql_node *n, int i, struct datum *out)
{
	assert(i < n->narg);
	if (n->arg[i]->eval(c, n->arg[i], out) != 0)
		return -1;
	if (out->kind == TYPE_NULL)
		return 0;
	if (out->kind == TYPE_STRUCT && n->fn->tag == SQL_VARS_PAIR &&
		datum_cast(c, out, ty(TYPE_MAP)) < 0)
		return -1;
	if (out->kind != (n->fn->tag == SQL_VARS_PAIR ? TYPE_MAP : TYPE_ARRAY))
		return err_set(c->err, "'%s' takes %s", n->fn->name,
			n->fn->tag == SQL_VARS_PAIR ? "a map" : "an array");
	return datum_open(c, out);
}
