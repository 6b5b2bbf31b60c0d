/*
 * accum_sum: sum, avg; try_sum, try_avg, which are null where those fail.
 *
 * sum is exact, an integer of 128 bits, as long as there are integers or
 * decimals only, else a double of twice the precision.  avg knows from the plan
 * whether they are decimals, and takes integers as doubles, as Spark does.
 */
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "text/numeric.h"
#include "types/type.h"
#include "runtime/entry.h"
#include "agg/accum/accum.h"
#include "agg/accum/accum_text.h"
#include "agg/accum/twice.h"
#include "agg/accum/wide.h"

enum sum_form { SUM_NONE, SUM_WIDE, SUM_DOUBLE };

struct sum {
	union {
		struct wide i;  /* SUM_WIDE */
		struct twice d; /* SUM_DOUBLE */
	};
	uint64_t form;
};

struct mean {
	union {
		struct wide dec; /* in->decimal */
		struct twice sum;
	};
	int64_t n;
};

/* The decimal in tmp. */
static struct value
decimal_value(__int128 d, int scale, struct buf *tmp)
{
	char text[NUMERIC_MAX];
	size_t n = numeric_print(d, scale, text), at = tmp->n;

	buf_add(tmp, text, n);
	return (struct value){
		.s = tmp->p + at, .n = (uint32_t)n, .type = VALUE_NUMBER};
}

static struct type *
decimal_type(const struct type *t, int digits, int scale)
{
	struct type *d = type_new(TYPE_DECIMAL);

	d->precision = t->precision + digits;
	d->scale = t->scale + scale;
	if (d->precision > NUMERIC_DIGITS)
		d->precision = NUMERIC_DIGITS;
	if (d->scale > NUMERIC_DIGITS)
		d->scale = NUMERIC_DIGITS;
	return d;
}

/* ---- sum ---- */

static struct type *
sum_type(const struct type *t, int part)
{
	if (t == NULL || t->kind == TYPE_UNKNOWN)
		return NULL;
	if (t->kind == TYPE_DECIMAL)
		return decimal_type(t, 10, 0);
	return type_new(t->kind == TYPE_FLOAT || t->kind == TYPE_DOUBLE
			? TYPE_DOUBLE
			: TYPE_LONG);
}

static inline void
sum_add_wide(struct sum *t, __int128 x)
{
	if (t->form == SUM_DOUBLE) {
		twice_add_twice(&t->d, twice_of_integer(x));
	} else {
		t->form = SUM_WIDE;
		wide_add(&t->i, x);
	}
}

static inline void
sum_add_twice(struct sum *t, struct twice x)
{
	if (t->form != SUM_DOUBLE) {
		t->d = twice_of_integer(wide_get(&t->i));
		t->form = SUM_DOUBLE;
	}
	twice_add_twice(&t->d, x);
}

static inline void
sum_add_double(struct sum *t, double x)
{
	if (t->form == SUM_DOUBLE)
		twice_add(&t->d, x);
	else
		sum_add_twice(t, (struct twice){x, 0});
}

static void
sum_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	const struct accum_input *in = accum_in(s, a);
	struct sum *t = accum_at(a, b);

	if (in->decimal)
		sum_add_wide(t, in->dec);
	else if (in->num.type == VALUE_INT)
		sum_add_wide(t, in->num.i);
	else
		sum_add_double(t, in->num.d);
}

static void
sum_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	const struct sum *p = accum_at(a, from);

	if (p->form == SUM_WIDE)
		sum_add_wide(accum_at(a, to), wide_get(&p->i));
	else if (p->form == SUM_DOUBLE)
		sum_add_twice(accum_at(a, to), p->d);
}

static int
sum_overflown(const struct accum_input *in, const char *what, struct err *err)
{
	return err_set(err,
		"the sum of '%s' does not fit in %s: make it a double first",
		in->field.path, what);
}

static int
sum_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	const struct accum_input *in = accum_in(s, a);
	const struct sum *t = accum_at(a, b);
	__int128 x = wide_get(&t->i);
	int digits = in->precision + 10;

	if (t->form == SUM_NONE)
		return 0;
	if (t->form == SUM_DOUBLE) {
		*r->v = value_double(t->d.hi);
		return 0;
	}
	if (in->decimal) {
		if (digits > NUMERIC_DIGITS)
			digits = NUMERIC_DIGITS;
		if (numeric_digits(x) > digits)
			return sum_overflown(in, "38 digits", r->err);
		*r->v = decimal_value(x, in->scale, r->tmp);
		return 0;
	}
	if (x != (int64_t)x)
		return sum_overflown(in, "64 bits", r->err);
	*r->v = value_int((int64_t)x);
	return 0;
}

static bool
sum_empty(const struct accum *a, const struct blob *b)
{
	return ((const struct sum *)accum_at(a, b))->form == SUM_NONE;
}

/* 12, 12.50 (decimals), or a double. */
static void
sum_show(const struct accums *s, const struct accum *a, const struct blob *b,
	struct buf *out)
{
	const struct sum *t = accum_at(a, b);

	if (t->form == SUM_DOUBLE)
		accum_text_put_twice(out, t->d);
	else
		accum_text_put_wide(out, &t->i, accum_in(s, a));
}

static bool
is_integer(const struct value *v)
{
	return v->type == VALUE_NUMBER && memchr(v->s, '.', v->n) == NULL &&
		memchr(v->s, 'e', v->n) == NULL &&
		memchr(v->s, 'E', v->n) == NULL;
}

static int
sum_take(const struct accum_taking *t, const struct value *v)
{
	struct sum *to = accum_at(t->a, t->b);
	bool wide = t->in->decimal || is_integer(v);

	to->form = wide ? SUM_WIDE : SUM_DOUBLE;
	return wide ? accum_text_get_wide(t, v, &to->i)
		    : accum_text_get_twice(t, v, &to->d);
}

/* ---- avg ---- */

static struct type *
mean_type(const struct type *t, int part)
{
	return t != NULL && t->kind == TYPE_DECIMAL ? decimal_type(t, 4, 4)
						    : type_new(TYPE_DOUBLE);
}

static void
mean_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	const struct accum_input *in = accum_in(s, a);
	struct mean *m = accum_at(a, b);

	m->n++;
	if (in->decimal)
		wide_add(&m->dec, in->dec);
	else
		twice_add(&m->sum, accum_double(&in->num));
}

static void
mean_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	struct mean *t = accum_at(a, to);
	const struct mean *p = accum_at(a, from);

	t->n += p->n;
	if (accum_in(s, a)->decimal)
		wide_add(&t->dec, wide_get(&p->dec));
	else
		twice_add_twice(&t->sum, p->sum);
}

static int
mean_overflown(const struct accum_input *in, int scale, struct err *err)
{
	return err_set(err,
		"the average of '%s' is a decimal(%d,%d), which has too few "
		"digits in front of its point: make it a double first",
		in->field.path, NUMERIC_DIGITS, scale);
}

static int
mean_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	const struct accum_input *in = accum_in(s, a);
	const struct mean *m = accum_at(a, b);
	int scale = in->scale + 4;
	__int128 x;

	if (m->n == 0)
		return 0;
	if (!in->decimal) {
		*r->v = value_double(twice_div(m->sum, (double)m->n).hi);
		return 0;
	}
	if (scale > NUMERIC_DIGITS)
		scale = NUMERIC_DIGITS;
	if (!numeric_average(wide_get(&m->dec), m->n, scale - in->scale, &x))
		return mean_overflown(in, scale, r->err);
	*r->v = decimal_value(x, scale, r->tmp);
	return 0;
}

static bool
mean_empty(const struct accum *a, const struct blob *b)
{
	return ((const struct mean *)accum_at(a, b))->n == 0;
}

/* {"count":3,"sum":as of sum} */
static void
mean_show(const struct accums *s, const struct accum *a, const struct blob *b,
	struct buf *out)
{
	const struct accum_input *in = accum_in(s, a);
	const struct mean *m = accum_at(a, b);

	buf_printf(out, "{\"count\":%lld,\"sum\":", (long long)m->n);
	if (in->decimal)
		accum_text_put_wide(out, &m->dec, in);
	else
		accum_text_put_twice(out, m->sum);
	buf_byte(out, '}');
}

static int
mean_take(const struct accum_taking *t, const struct value *v)
{
	static const char *const names[] = {"count", "sum", NULL};
	struct mean *m = accum_at(t->a, t->b);
	struct value sum;

	if (accum_text_object(t, v, names, &m->n) == -1 ||
		entry_get(v, "sum", &sum, t->err) == -1)
		return -1;
	return t->in->decimal ? accum_text_get_wide(t, &sum, &m->dec)
			      : accum_text_get_twice(t, &sum, &m->sum);
}

/* ---- the kinds ---- */

static int
try_sum_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	struct err err;
	struct accum_answer mine = {r->part, r->v, r->tmp, &err};

	if (sum_result(s, a, b, &mine) < 0)
		*r->v = value_null();
	return 0;
}

static int
try_mean_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	struct err err;
	struct accum_answer mine = {r->part, r->v, r->tmp, &err};

	if (mean_result(s, a, b, &mine) < 0)
		*r->v = value_null();
	return 0;
}

#define SUM                                                           \
	.number = true, .alone = true, .distinct = true,              \
	.size = sizeof(struct sum), .type = sum_type, .add = sum_add, \
	.merge = sum_merge, .empty = sum_empty, .show = sum_show,     \
	.take = sum_take, .sums = true, .logs = true
#define MEAN                                                             \
	.number = true, .alone = true, .distinct = true,                 \
	.size = sizeof(struct mean), .type = mean_type, .add = mean_add, \
	.merge = mean_merge, .empty = mean_empty, .show = mean_show,     \
	.take = mean_take, .sums = true, .logs = true

const struct accum_kind accum_sum_kinds[] = {
	{.name = "sum", .result = sum_result, SUM},
	{.name = "avg", .result = mean_result, MEAN},
	{.name = "try_sum", .result = try_sum_result, SUM},
	{.name = "try_avg", .result = try_mean_result, MEAN}, {0}};
