/*
 * step_compare: comparisons and IN, of two values of one kind; numbers of two
 * kinds are compared as doubles where one of them is.  They end in a place to
 * go on at, not in a truth value.
 */
#include "expr/sql/steps/step_compare.h"

#include <math.h>
#include <string.h>

/* The orders at which a comparison holds: bit 0 less, 1 equal, 2 greater. */
enum { LESS = 1, SAME = 2, MORE = 4 };
#define NULLS 8 /* a null is compared, too: <=> */

static const struct step *
order_go(const struct step *s, int order)
{
	return s->i >> (order + 1) & 1 ? s->yes : s->no;
}

static const struct step *
compare_whole(struct datum_ctx *c, const struct step *s)
{
	int64_t a = s->a->i, b = s->b->i;

	return order_go(s, (a > b) - (a < b));
}

static int
order_doubles(double a, double b)
{
	if (a < b || (isnan(b) && !isnan(a)))
		return -1;
	return a > b || (isnan(a) && !isnan(b));
}

static const struct step *
compare_double(struct datum_ctx *c, const struct step *s)
{
	return order_go(s, order_doubles(s->a->d, s->b->d));
}

static const struct step *
compare_double_whole(struct datum_ctx *c, const struct step *s)
{
	return order_go(s, order_doubles(s->a->d, (double)s->b->i));
}

static const struct step *
compare_whole_double(struct datum_ctx *c, const struct step *s)
{
	return order_go(s, order_doubles((double)s->a->i, s->b->d));
}

static const struct step *
compare_text(struct datum_ctx *c, const struct step *s)
{
	uint32_t na = s->a->n, nb = s->b->n, n = na < nb ? na : nb;
	int r;

	if (s->i == SAME && na != nb)
		return s->no;
	r = n > 0 ? memcmp(s->a->str, s->b->str, n) : 0;
	if (r == 0)
		return order_go(s, (na > nb) - (na < nb));
	return order_go(s, r < 0 ? -1 : 1);
}

static const struct step *
compare_any(struct datum_ctx *c, const struct step *s)
{
	return order_go(s, datum_compare(c, s->a, s->b));
}

static const struct step *
compare_nulls(struct datum_ctx *c, const struct step *s)
{
	if (s->a->kind == TYPE_NULL || s->b->kind == TYPE_NULL)
		return s->a->kind == s->b->kind ? s->yes : s->no;
	return datum_compare(c, s->a, s->b) == 0 ? s->yes : s->no;
}

/* Is a value of the type held in i, and is its order that of i? */
static bool
held_whole(struct ty t)
{
	return t.kind == TYPE_BOOLEAN || ty_integral(t) ||
		t.kind == TYPE_TIMESTAMP || t.kind == TYPE_DATE;
}

typedef const struct step *compare_run(
	struct datum_ctx *c, const struct step *s);

/* NULL: the tree has to bring them together. */
static compare_run *
compare_of(struct ty a, struct ty b)
{
	bool numbers = ty_numeric(a) && ty_numeric(b);

	if (numbers ? ty_integral(a) && ty_integral(b)
		    : held_whole(a) && a.kind == b.kind)
		return compare_whole;
	if (ty_fraction(a) && ty_fraction(b))
		return compare_double;
	if (ty_fraction(a) && ty_integral(b))
		return compare_double_whole;
	if (ty_integral(a) && ty_fraction(b))
		return compare_whole_double;
	if (a.kind == b.kind &&
		(a.kind == TYPE_STRING || a.kind == TYPE_BINARY))
		return compare_text;
	return numbers ? compare_any : NULL;
}

/* Both sides are evaluated before a null is seen in either, unless nothing can
 * come of that. */
static bool
compare_test(struct step_build *b, struct sql_node *n, int op, int yes, int no,
	int null)
{
	struct sql_node *left = n->arg[0], *right = n->arg[1];
	compare_run *run = compare_of(left->ty, right->ty);
	const struct datum *x, *y;
	struct step_draft *d;

	if (run == NULL)
		return false;
	if ((op & NULLS) != 0) {
		run = compare_nulls;
		x = step_maybe(b, left);
		y = step_maybe(b, right);
	} else if (left->constant || right->constant) {
		y = left->constant ? step_value(b, right, null) : NULL;
		x = step_value(b, left, null);
		y = y != NULL ? y : step_value(b, right, null);
	} else {
		x = step_maybe(b, left);
		y = step_value(b, right, null);
		step_if_null(b, x, null);
	}
	d = step_add(b, run, NULL, x);
	d->s.b = y;
	d->s.i = op & ~NULLS;
	d->yes = step_to(b, yes);
	d->no = step_to(b, no);
	return true;
}

/* IN of constants. */

static const struct step *
in_any(struct datum_ctx *c, const struct step *s)
{
	bool null = false;

	for (int i = 0; i < s->nfrom; i++) {
		if (s->from[i]->kind == TYPE_NULL)
			null = true;
		else if (datum_compare(c, s->a, s->from[i]) == 0)
			return s->yes;
	}
	return null ? s->null : s->no;
}

static const struct step *
in_text(struct datum_ctx *c, const struct step *s)
{
	const struct datum *e;
	bool null = false;

	for (int i = 0; i < s->nfrom; i++) {
		e = s->from[i];
		if (e->kind == TYPE_NULL)
			null = true;
		else if (e->n == s->a->n &&
			memcmp(e->str, s->a->str, e->n) == 0)
			return s->yes;
	}
	return null ? s->null : s->no;
}

static bool
in_test(struct step_build *b, struct sql_node *n, int op, int yes, int no,
	int null)
{
	const struct datum **from = arena_get(
		b->arena, (size_t)n->narg * sizeof(*from));
	struct ty t = n->arg[0]->ty;
	struct step_draft *d;
	struct datum *a;

	if (n->arg[0]->constant || (!held_whole(t) && t.kind != TYPE_STRING))
		return false;
	for (int i = 1; i < n->narg; i++)
		if (!n->arg[i]->constant || n->arg[i]->ty.kind != t.kind)
			return false;
	a = step_value(b, n->arg[0], null);
	for (int i = 1; i < n->narg; i++)
		from[i - 1] = step_maybe(b, n->arg[i]);
	d = step_add(b, t.kind == TYPE_STRING ? in_text : in_any, NULL, a);
	d->s.from = from;
	d->s.nfrom = n->narg - 1;
	d->yes = step_to(b, yes);
	d->no = step_to(b, no);
	d->null = step_to(b, null);
	return true;
}

const struct step_maker step_compare_makers[] = {
	{"=", SAME, NULL, compare_test},
	{"!=", LESS | MORE, NULL, compare_test},
	{"<", LESS, NULL, compare_test},
	{"<=", LESS | SAME, NULL, compare_test},
	{">", MORE, NULL, compare_test},
	{">=", MORE | SAME, NULL, compare_test},
	{"<=>", SAME | NULLS, NULL, compare_test},
	{"equal_null", SAME | NULLS, NULL, compare_test},
	{"in", 0, NULL, in_test}, {NULL}};
