/*
 * accum_shape: skewness, kurtosis: the moments about the mean up to the fourth,
 * by the formulas that Spark has, so that the digits are its own.
 */
#include <math.h>

#include "floor/buf.h"
#include "runtime/entry.h"
#include "agg/accum/accum.h"
#include "agg/accum/accum_text.h"

struct skew_sums {
	int64_t n;
	double mean, m2, m3, m4;
};

static void
skew_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	struct skew_sums *t = accum_at(a, b);
	double x = accum_double(&accum_in(s, a)->num);
	double n = (double)++t->n;
	double d = x - t->mean, dn = d / n, d2 = d * d, dn2 = dn * dn;

	t->mean += dn;
	t->m2 += d * (d - dn);
	t->m3 = t->m3 - 3.0 * dn * t->m2 + d * (d2 - dn2);
	t->m4 = t->m4 - 4.0 * dn * t->m3 - 6.0 * dn2 * t->m2 +
		d * (d * d2 - dn * dn2);
}

static void
skew_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	struct skew_sums *t = accum_at(a, to);
	const struct skew_sums *p = accum_at(a, from);
	double m = (double)t->n, k = (double)p->n, n = m + k;
	double d = p->mean - t->mean, dn = n == 0 ? 0 : d / n;
	double m2 = t->m2 + p->m2 + d * dn * m * k;
	double m3 = t->m3 + p->m3 + dn * dn * d * m * k * (m - k) +
		3.0 * dn * (m * p->m2 - k * t->m2);

	t->m4 = t->m4 + p->m4 +
		dn * dn * dn * d * m * k * (m * m - m * k + k * k) +
		6.0 * dn * dn * (m * m * p->m2 + k * k * t->m2) +
		4.0 * dn * (m * p->m3 - k * t->m3);
	t->m2 = m2;
	t->m3 = m3;
	t->mean += dn * k;
	t->n += p->n;
}

static bool
skew_empty(const struct accum *a, const struct blob *b)
{
	return ((const struct skew_sums *)accum_at(a, b))->n == 0;
}

/* Where all values are one there is no shape. */
static int
skewness_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	const struct skew_sums *t = accum_at(a, b);

	if (t->n > 0 && t->m2 != 0)
		*r->v = value_double(sqrt((double)t->n) * t->m3 /
			sqrt(t->m2 * t->m2 * t->m2));
	return 0;
}

static int
kurtosis_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	const struct skew_sums *t = accum_at(a, b);

	if (t->n > 0 && t->m2 != 0)
		*r->v = value_double(
			(double)t->n * t->m4 / (t->m2 * t->m2) - 3.0);
	return 0;
}

static const char *const skew_names[] = {
	"count", "mean", "m2", "m3", "m4", NULL};

/* {"count":3,"mean":DOUBLE,"m2":DOUBLE,"m3":DOUBLE,"m4":DOUBLE} */
static void
skew_show(const struct accums *s, const struct accum *a, const struct blob *b,
	struct buf *out)
{
	const struct skew_sums *t = accum_at(a, b);

	buf_printf(out, "{\"count\":%lld", (long long)t->n);
	accum_text_put_doubles(out, skew_names + 1, &t->mean);
	buf_byte(out, '}');
}

static int
skew_take(const struct accum_taking *t, const struct value *v)
{
	struct skew_sums *to = accum_at(t->a, t->b);

	return accum_text_object(t, v, skew_names, &to->n) == -1
		? -1
		: accum_text_get_doubles(t, v, skew_names + 1, &to->mean);
}

#define SHAPE                                                       \
	.number = true, .logs = true, .distinct = true,             \
	.size = sizeof(struct skew_sums), .type = accum_kit_double, \
	.add = skew_add, .merge = skew_merge, .empty = skew_empty,  \
	.show = skew_show, .take = skew_take

const struct accum_kind accum_shape_kinds[] = {
	{.name = "skewness", .result = skewness_result, SHAPE},
	{.name = "kurtosis", .result = kurtosis_result, SHAPE}, {0}};
