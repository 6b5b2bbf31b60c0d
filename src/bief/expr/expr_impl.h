/*
 * expr_impl: what a language of expressions gives to expr.c.  Private to the
 * library.  A language's own struct begins with a struct expr; members have the
 * contracts of the functions of expr.h that bear their names.
 */
#ifndef BIEF_EXPR_IMPL_H
#define BIEF_EXPR_IMPL_H

#include "expr/expr.h"
#include "expr/watch.h"

struct expr_class {
	int (*eval)(struct expr *x, const struct record *r,
		const struct expr_env *env,
		int (*each)(void *arg, const struct value *v), void *arg,
		struct err *err);
	int (*one)(struct expr *x, const struct record *r,
		const struct expr_env *env, struct value *v, int *n,
		struct err *err);
	const struct type *(*type)(const struct expr *x);
	bool (*native)(const struct expr *x);
	const struct value *(*only)(struct expr *x,
		const struct record *r); /* NULL: there never is one */
	void (*free)(struct expr *x);    /* x is not NULL */
};

struct expr {
	const struct expr_class *class;
	struct watch watch; /* looked at by expr_one() */
	char *note;         /* of expr_note(), owned */
};

#endif
