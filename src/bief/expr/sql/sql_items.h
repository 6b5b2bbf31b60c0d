/*
 * sql_items: what functions of arrays and maps have in common: going over the
 * items, and making lists of them.
 */
#ifndef BIEF_SQL_ITEMS_H
#define BIEF_SQL_ITEMS_H

#include "expr/sql/datum/datum.h"
#include "expr/sql/sql_impl.h"

/*
 * Going over the items of one or several arrays (maps: of their keys, each with
 * its value behind it), which must be open.  Null has no items.
 *
 *	if (sql_items_open(c, a, 1) < 0)
 *		return -1;
 *	for (it = sql_items(a, 1); (d = sql_items_next(&it)) != NULL;)
 */
struct sql_items {
	const struct datum *a;
	int left;    /* arrays, with a */
	uint32_t at; /* the item that comes next */
};

/* Argument i of a function with a lambda, which evaluates its arguments itself:
 * an open list or null. */
int sql_items_eval(
	struct datum_ctx *c, struct sql_node *n, int i, struct datum *out);
int sql_items_open(struct datum_ctx *c, struct datum *a, int n);

static inline struct sql_items
sql_items(const struct datum *a, int n)
{
	return (struct sql_items){.a = a, .left = n};
}

static inline struct datum *
sql_items_next(struct sql_items *it)
{
	for (; it->left > 0; it->left--, it->a++, it->at = 0)
		if (it->at < it->a->n)
			return &it->a->items[it->a->kind == TYPE_MAP
					? 2 * (size_t)it->at++
					: it->at++];
	return NULL;
}

/* Room for one more in a list that is made; where that would be too long c is
 * broken, and the room is not to be looked at. */
struct datum *sql_items_add(struct datum_ctx *c, struct datum_list *l);
/* A pair of a map that is made, whose keys are there once and not null. */
int sql_items_put(struct datum_ctx *c, struct datum_list *l,
	const struct datum *key, const struct datum *value);
/* Is one of the list equal to d? */
bool sql_items_has(struct datum_ctx *c, const struct datum *p, size_t n,
	const struct datum *d);

static inline struct datum
sql_items_array(const struct datum_list *l, const struct type *t)
{
	return datum_items(TYPE_ARRAY, l->p, l->n, t);
}

static inline struct datum
sql_items_map(const struct datum_list *l, const struct type *t)
{
	return datum_items(TYPE_MAP, l->p, l->n / 2, t);
}

/* Rules: what is not known must turn out to be an array; an object of which
 * nothing is known is taken as a map.  False where it is something else. */
bool sql_items_want_array(struct ty *t);
bool sql_items_want_map(struct ty *t);

#endif
