/*
 * expr: one face for the languages of expressions. A program that takes them
 * does not know which one it has.
 */
#include <stdlib.h>

#include "expr/expr_impl.h"

void
expr_free(struct expr *x)
{
	if (x == NULL)
		return;
	watch_release(&x->watch);
	free(x->note);
	x->class->free(x);
}

int
expr_eval(struct expr *x, const struct record *r, const struct expr_env *env,
	int (*each)(void *arg, const struct value *v), void *arg,
	struct err *err)
{
	return x->class->eval(x, r, env, each, arg, err);
}

int
expr_one(struct expr *x, const struct record *r, const struct expr_env *env,
	struct value *v, int *n, struct err *err)
{
	watch_look(&x->watch, r);
	return x->class->one(x, r, env, v, n, err);
}

const struct value *
expr_only(struct expr *x, const struct record *r)
{
	return x->class->only != NULL ? x->class->only(x, r) : NULL;
}

struct field *
expr_watched(struct expr *x, size_t i)
{
	return i < x->watch.n ? watch_field(&x->watch, i) : NULL;
}

const char *
expr_note(const struct expr *x)
{
	return x->note;
}

const struct type *
expr_type(const struct expr *x)
{
	return x->class->type(x);
}

bool
expr_native(const struct expr *x)
{
	return x->class->native(x);
}
