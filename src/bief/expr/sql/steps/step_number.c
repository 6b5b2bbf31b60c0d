/*
 * step_number: arithmetic, functions of numbers and casts between them, of
 * doubles and integers.
 */
#include "expr/sql/steps/step_number.h"

#include <math.h>

enum { ADD, SUBTRACT, MULTIPLY, DIVIDE, WHOLE, REST };

/* Doubles. */

static const struct step *
double_add(struct datum_ctx *c, const struct step *s)
{
	*s->out = datum_double(s->a->d + s->b->d);
	return s + 1;
}

static const struct step *
double_subtract(struct datum_ctx *c, const struct step *s)
{
	*s->out = datum_double(s->a->d - s->b->d);
	return s + 1;
}

static const struct step *
double_multiply(struct datum_ctx *c, const struct step *s)
{
	*s->out = datum_double(s->a->d * s->b->d);
	return s + 1;
}

static const struct step *
double_divide(struct datum_ctx *c, const struct step *s)
{
	if (s->b->d == 0)
		return s->null;
	*s->out = datum_double(s->a->d / s->b->d);
	return s + 1;
}

static const struct step *
double_negative(struct datum_ctx *c, const struct step *s)
{
	*s->out = datum_double(-s->a->d);
	return s + 1;
}

static const struct step *
double_abs(struct datum_ctx *c, const struct step *s)
{
	*s->out = datum_double(fabs(s->a->d));
	return s + 1;
}

static const struct step *
double_sqrt(struct datum_ctx *c, const struct step *s)
{
	*s->out = datum_double(sqrt(s->a->d));
	return s + 1;
}

/*
 * Round the shortest decimal that reads as x: half away from zero, or to even.
 * x * 10^i is at most a unit in the last place from that decimal times 10^i, so
 * where it is farther than two from a half there is no doubt; and a whole number
 * divided by a power of ten, both exact, is the double nearest to the result.
 */
static const struct step *
double_round(struct datum_ctx *c, const struct step *s)
{
	double y = fabs(s->a->d) * s->d, whole = floor(y), rest = y - whole;
	struct datum a[2] = {*s->a, datum_int(TYPE_INT, s->i)};

	if (fabs(rest - 0.5) > y * 0x1p-51) {
		whole = (whole + (rest > 0.5)) / s->d;
		*s->out = datum_double(
			s->a->d < 0 && whole != 0 ? -whole : whole);
		return s + 1;
	}
	return s->n->fn->run(c, s->n, a, s->out) != 0 ? &step_failed
						      : step_next(s);
}

/* Integers, which wrap. */

static const struct step *
whole_set(const struct step *s, uint64_t v)
{
	int kind = s->n->ty.kind;

	*s->out = datum_int(kind, datum_wrap((int64_t)v, kind));
	return s + 1;
}

static const struct step *
whole_add(struct datum_ctx *c, const struct step *s)
{
	return whole_set(s, (uint64_t)s->a->i + (uint64_t)s->b->i);
}

static const struct step *
whole_subtract(struct datum_ctx *c, const struct step *s)
{
	return whole_set(s, (uint64_t)s->a->i - (uint64_t)s->b->i);
}

static const struct step *
whole_multiply(struct datum_ctx *c, const struct step *s)
{
	return whole_set(s, (uint64_t)s->a->i * (uint64_t)s->b->i);
}

static const struct step *
whole_divide(struct datum_ctx *c, const struct step *s)
{
	int64_t a = s->a->i, b = s->b->i;

	if (b == 0)
		return s->null;
	return whole_set(s, b == -1 ? -(uint64_t)a : (uint64_t)(a / b));
}

static const struct step *
whole_rest(struct datum_ctx *c, const struct step *s)
{
	int64_t a = s->a->i, b = s->b->i;

	if (b == 0)
		return s->null;
	return whole_set(s, b == -1 ? 0 : (uint64_t)(a % b));
}

static const struct step *
whole_negative(struct datum_ctx *c, const struct step *s)
{
	return whole_set(s, -(uint64_t)s->a->i);
}

/* Casts. */

static const struct step *
cast_to_double(struct datum_ctx *c, const struct step *s)
{
	*s->out = datum_double((double)s->a->i);
	return s + 1;
}

static const struct step *
cast_to_whole(struct datum_ctx *c, const struct step *s)
{
	return whole_set(s, (uint64_t)s->a->i);
}

/* Makers. */

typedef const struct step *number_run(
	struct datum_ctx *c, const struct step *s);

/* Of one or two arguments. */
static struct datum *
number_make(struct step_build *b, struct sql_node *n, number_run *run, int null)
{
	struct datum *a[2] = {NULL, NULL}, *out;
	struct step_draft *d;

	for (int i = 0; i < n->narg && i < 2; i++)
		a[i] = step_value(b, n->arg[i], null);
	out = step_register(b, n->ty);
	d = step_add(b, run, out, a[0]);
	d->s.b = a[1];
	d->s.n = n;
	d->null = step_to(b, null);
	return out;
}

static bool
is_double(const struct sql_node *n)
{
	return n->ty.kind == TYPE_DOUBLE;
}

static struct datum *
number_operator(struct step_build *b, struct sql_node *n, int op, int null)
{
	static number_run *const real[] = {double_add, double_subtract,
		double_multiply, double_divide, NULL, NULL};
	static number_run *const whole[] = {whole_add, whole_subtract,
		whole_multiply, NULL, whole_divide, whole_rest};
	number_run *run = NULL;

	if (is_double(n) && is_double(n->arg[0]) && is_double(n->arg[1]))
		run = real[op];
	else if (ty_integral(n->ty) && n->ty.kind == n->arg[0]->ty.kind &&
		n->ty.kind == n->arg[1]->ty.kind)
		run = whole[op];
	return run != NULL ? number_make(b, n, run, null) : NULL;
}

static struct datum *
number_negative(struct step_build *b, struct sql_node *n, int op, int null)
{
	if (n->ty.kind != n->arg[0]->ty.kind)
		return NULL;
	if (is_double(n))
		return number_make(b, n, double_negative, null);
	return ty_integral(n->ty) ? number_make(b, n, whole_negative, null)
				  : NULL;
}

static struct datum *
number_double(struct step_build *b, struct sql_node *n, int op, int null)
{
	if (!is_double(n) || !is_double(n->arg[0]))
		return NULL;
	return number_make(b, n, op == 0 ? double_sqrt : double_abs, null);
}

static struct datum *
number_round(struct step_build *b, struct sql_node *n, int op, int null)
{
	int64_t scale = 0;
	struct datum *out, *a;
	struct step_draft *d;

	if (!is_double(n) || !is_double(n->arg[0]))
		return NULL;
	if (n->narg > 1) {
		if (n->arg[1]->op != SQL_LITERAL ||
			n->arg[1]->lit.kind != TYPE_INT)
			return NULL;
		scale = n->arg[1]->lit.i;
	}
	if (scale < 0 || scale > 15)
		return NULL;
	a = step_value(b, n->arg[0], null);
	out = step_register(b, n->ty);
	d = step_add(b, double_round, out, a);
	d->s.n = n;
	d->s.i = scale;
	d->s.d = (double)numeric_power10((int)scale);
	d->null = step_to(b, null);
	return out;
}

struct datum *
step_number_cast(struct step_build *b, struct sql_node *n, int op, int null)
{
	struct ty from = n->arg[0]->ty;

	if (!ty_integral(from) || n->attempt)
		return NULL;
	if (is_double(n))
		return number_make(b, n, cast_to_double, null);
	return ty_integral(n->ty) ? number_make(b, n, cast_to_whole, null)
				  : NULL;
}

const struct step_maker step_number_makers[] = {{"+", ADD, number_operator},
	{"-", SUBTRACT, number_operator}, {"*", MULTIPLY, number_operator},
	{"/", DIVIDE, number_operator}, {"div", WHOLE, number_operator},
	{"%", REST, number_operator}, {"mod", REST, number_operator},
	{"negative", 0, number_negative}, {"sqrt", 0, number_double},
	{"abs", 1, number_double}, {"round", 0, number_round},
	{"bround", 0, number_round}, {NULL}};
