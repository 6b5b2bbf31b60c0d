/*
 * datum_list: arrays that grow, in an evaluation's arena.  What is outgrown
 * stays there until the evaluation ends, at most as much as the array itself.
 */
#include <string.h>

#include "expr/sql/datum/datum.h"

struct datum *
datum_list_add(struct datum_ctx *c, struct datum_list *l)
{
	struct datum *p;

	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? l->cap * 2 : 8;
		p = arena_get(&c->arena, l->cap * sizeof(*p));
		if (l->n > 0)
			memcpy(p, l->p, l->n * sizeof(*p));
		l->p = p;
	}
	return &l->p[l->n++];
}
