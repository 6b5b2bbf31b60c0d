/*
 * accum_moments: stddev, stddev_pop, variance, var_pop. A struct moments, not
 * a sum of squares, which would lose all digits where values are large and
 * close together.
 */
#include "agg/accum/fn/accum_moments.h"

#include <math.h>

#include "floor/buf.h"
#include "runtime/entry.h"
#include "agg/accum/accum.h"
#include "agg/accum/accum_text.h"

void
accum_moments_add(struct moments *m, double x)
{
	struct twice d;

	if (m->n++ == 0)
		m->shift = x;
	d.hi = x - m->shift;
	d.lo = 0;
	if (isfinite(d.hi)) {
		double b = d.hi - x; /* what x - shift lost */

		d.lo = (x - (d.hi - b)) - (m->shift + b);
	}
	twice_add_twice(&m->s, d);
	twice_add_twice(&m->q, twice_mul(d, d));
}

/* Take the other's sums over to our shift. */
void
accum_moments_merge(struct moments *m, const struct moments *from)
{
	struct twice n = {(double)from->n, 0}, d, two, ds;

	if (from->n == 0)
		return;
	if (m->n == 0) {
		*m = *from;
		return;
	}
	d = (struct twice){from->shift, 0};
	twice_add(&d, -m->shift);
	m->n += from->n;
	ds = twice_mul(d, from->s);
	two = (struct twice){ds.hi * 2, ds.lo * 2};
	twice_add_twice(&m->q, from->q);
	twice_add_twice(&m->q, two);
	twice_add_twice(&m->q, twice_mul(n, twice_mul(d, d)));
	twice_add_twice(&m->s, from->s);
	twice_add_twice(&m->s, twice_mul(n, d));
}

double
accum_moments_mean(const struct moments *m)
{
	struct twice t = twice_div(m->s, (double)m->n);

	twice_add(&t, m->shift);
	return t.hi;
}

double
accum_moments_variance(const struct moments *m, int64_t n)
{
	struct twice t = twice_div(twice_mul(m->s, m->s), (double)m->n), q;

	q = m->q;
	twice_add_twice(&q, (struct twice){-t.hi, -t.lo});
	t = twice_div(q, (double)n);
	return t.hi < 0 ? 0 : t.hi;
}

void
accum_moments_show(const struct moments *m, struct buf *out)
{
	buf_printf(out, "{\"count\":%lld,\"shift\":", (long long)m->n);
	accum_text_put_double(out, m->shift);
	buf_str(out, ",\"sum\":");
	accum_text_put_twice(out, m->s);
	buf_str(out, ",\"squares\":");
	accum_text_put_twice(out, m->q);
}

int
accum_moments_take(
	const struct accum_taking *t, const struct value *v, struct moments *m)
{
	struct value shift, s, q;

	if (entry_get(v, "shift", &shift, t->err) == -1 ||
		entry_get(v, "sum", &s, t->err) == -1 ||
		entry_get(v, "squares", &q, t->err) == -1 ||
		accum_text_get_double(t, &shift, &m->shift) == -1 ||
		accum_text_get_twice(t, &s, &m->s) == -1)
		return -1;
	return accum_text_get_twice(t, &q, &m->q);
}

/* ---- the kinds ---- */

static void
moments_add(
	struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	accum_moments_add(accum_at(a, b), accum_double(&accum_in(s, a)->num));
}

static void
moments_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	accum_moments_merge(accum_at(a, to), accum_at(a, from));
}

/* The variance of a sample, of one less than there are, or of all there is;
 * false: there is none. */
static bool
moments_of(const struct accum *a, const struct blob *b, bool sample,
	double *variance)
{
	const struct moments *m = accum_at(a, b);

	if (m->n == 0 || (sample && m->n == 1))
		return false;
	*variance = accum_moments_variance(m, m->n - sample);
	return true;
}

static int
stddev_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	double variance;

	if (moments_of(a, b, true, &variance))
		*r->v = value_double(sqrt(variance));
	return 0;
}

static int
stddev_pop_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	double variance;

	if (moments_of(a, b, false, &variance))
		*r->v = value_double(sqrt(variance));
	return 0;
}

static int
variance_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	double variance;

	if (moments_of(a, b, true, &variance))
		*r->v = value_double(variance);
	return 0;
}

static int
var_pop_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	double variance;

	if (moments_of(a, b, false, &variance))
		*r->v = value_double(variance);
	return 0;
}

static bool
moments_empty(const struct accum *a, const struct blob *b)
{
	return ((const struct moments *)accum_at(a, b))->n == 0;
}

/* {"count":3,"shift":S,"sum":DOUBLE,"squares":DOUBLE}, of x - shift */
static void
moments_show(const struct accums *s, const struct accum *a,
	const struct blob *b, struct buf *out)
{
	accum_moments_show(accum_at(a, b), out);
	buf_byte(out, '}');
}

static int
moments_take(const struct accum_taking *t, const struct value *v)
{
	static const char *const names[] = {
		"count", "shift", "sum", "squares", NULL};
	struct moments *m = accum_at(t->a, t->b);

	return accum_text_object(t, v, names, &m->n) == -1
		? -1
		: accum_moments_take(t, v, m);
}

#define MOMENTS                                                             \
	.number = true, .logs = true, .distinct = true,                     \
	.size = sizeof(struct moments), .type = accum_kit_double,           \
	.add = moments_add, .merge = moments_merge, .empty = moments_empty, \
	.show = moments_show, .take = moments_take

const struct accum_kind accum_moments_kinds[] = {
	{.name = "stddev", .result = stddev_result, MOMENTS},
	{.name = "stddev_pop", .result = stddev_pop_result, MOMENTS},
	{.name = "variance", .result = variance_result, MOMENTS},
	{.name = "var_pop", .result = var_pop_result, MOMENTS}, {0}};
