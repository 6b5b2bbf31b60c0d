/*
 * accum_pair: corr, covar_pop, covar_samp and the regr_ functions: of two
 * fields, where neither is null, by the formulas that Spark has, so that the
 * digits are its own.
 */
#include <math.h>
#include <string.h>

#include "floor/buf.h"
#include "agg/accum/accum.h"
#include "agg/accum/accum_text.h"

struct pair {
	int64_t n;
	double x, y;                         /* means */
	double xy, xx, yy;                   /* sums of products about them */
	double sum_x, rest_x, sum_y, rest_y; /* struct twice of each */
};

static void
sum_add(double *sum, double x, double rest)
{
	struct twice t = {sum[0], sum[1]};

	twice_add_twice(&t, (struct twice){x, rest});
	sum[0] = t.hi;
	sum[1] = t.lo;
}

/* turned: x is to y what y is to x, which shows in the last digits only. */
static inline void
pair_put(struct pair *t, double x, double y, bool turned)
{
	double n = (double)++t->n, dx = x - t->x, dy = y - t->y;

	t->x += dx / n;
	t->y += dy / n;
	t->xy += turned ? dy * (x - t->x) : dx * (y - t->y);
	t->xx += dx * (x - t->x);
	t->yy += dy * (y - t->y);
	sum_add(&t->sum_x, x, 0);
	sum_add(&t->sum_y, y, 0);
}

static void
pair_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	struct pair *t = accum_at(a, to);
	const struct pair *p = accum_at(a, from);
	double m = (double)t->n, k = (double)p->n, n = m + k;
	double dx = p->x - t->x, dy = p->y - t->y;
	double dxn = n == 0 ? 0 : dx / n, dyn = n == 0 ? 0 : dy / n;

	if (t->n == 0 || p->n == 0) {
		if (p->n > 0)
			*t = *p;
		return;
	}
	t->n += p->n;
	t->x += dxn * k;
	t->y += dyn * k;
	t->xy = t->xy + p->xy + dx * dyn * m * k;
	t->xx = t->xx + p->xx + dx * dxn * m * k;
	t->yy = t->yy + p->yy + dy * dyn * m * k;
	sum_add(&t->sum_x, p->sum_x, p->rest_x);
	sum_add(&t->sum_y, p->sum_y, p->rest_y);
}

/* func(x, y) */
static void
pair_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	const struct accum_input *x = accum_in(s, a), *y = accum_more(s, a, 0);

	if (y->raw != NULL)
		pair_put(accum_at(a, b), accum_double(&x->num),
			accum_double(&y->num), false);
}

/* func(y, x), as SQL has regressions. */
static void
regr_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	const struct accum_input *y = accum_in(s, a), *x = accum_more(s, a, 0);

	if (x->raw != NULL)
		pair_put(accum_at(a, b), accum_double(&x->num),
			accum_double(&y->num), false);
}

static void
turned_add(
	struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	const struct accum_input *y = accum_in(s, a), *x = accum_more(s, a, 0);

	if (x->raw != NULL)
		pair_put(accum_at(a, b), accum_double(&x->num),
			accum_double(&y->num), true);
}

static bool
pair_empty(const struct accum *a, const struct blob *b)
{
	return ((const struct pair *)accum_at(a, b))->n == 0;
}

/* ---- results ---- */

enum measure {
	CORR,
	COVAR_POP,
	COVAR_SAMP,
	AVGX,
	AVGY,
	SXX,
	SYY,
	SXY,
	SLOPE,
	INTERCEPT,
	R2
};

/* Of n pairs, at least one; false: there is none. */
static bool
measure_line(const struct pair *t, enum measure m, double *d)
{
	double slope = t->xy / t->xx;
	double corr = t->xy / sqrt(t->xx * t->yy);

	*d = m == SLOPE          ? slope
		: m == INTERCEPT ? t->y - slope * t->x
		: t->yy == 0     ? 1
				 : corr * corr;
	return t->xx != 0;
}

static bool
measure(const struct pair *t, enum measure m, double *d)
{
	double n = (double)t->n;

	switch (m) {
	case CORR:
		*d = t->xy / sqrt(t->xx * t->yy);
		return t->n > 1 && t->xx != 0 && t->yy != 0;
	case COVAR_POP:
		*d = t->xy / n;
		return true;
	case COVAR_SAMP:
		*d = t->xy / (n - 1);
		return t->n > 1;
	case AVGX:
		*d = twice_div((struct twice){t->sum_x, t->rest_x}, n).hi;
		return true;
	case AVGY:
		*d = twice_div((struct twice){t->sum_y, t->rest_y}, n).hi;
		return true;
	case SXX:
		*d = t->xx;
		return true;
	case SYY:
		*d = t->yy;
		return true;
	case SXY:
		*d = t->xy;
		return true;
	default:
		return measure_line(t, m, d);
	}
}

static int
pair_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	const struct pair *t = accum_at(a, b);
	double d;

	if (t->n > 0 && measure(t, (enum measure)a->kind->p, &d))
		*r->v = value_double(d);
	return 0;
}

static int
count_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	*r->v = value_int(((const struct pair *)accum_at(a, b))->n);
	return 0;
}

static const char *const pair_names[] = {"count", "x", "y", "xy", "xx", "yy",
	"sum_x", "rest_x", "sum_y", "rest_y", NULL};

/* {"count":3,"x":MEAN,"y":MEAN,"xy":...}: the members of struct pair */
static void
pair_show(const struct accums *s, const struct accum *a, const struct blob *b,
	struct buf *out)
{
	const struct pair *t = accum_at(a, b);

	buf_printf(out, "{\"count\":%lld", (long long)t->n);
	accum_text_put_doubles(out, pair_names + 1, &t->x);
	buf_byte(out, '}');
}

static int
pair_take(const struct accum_taking *t, const struct value *v)
{
	struct pair *to = accum_at(t->a, t->b);

	return accum_text_object(t, v, pair_names, &to->n) == -1
		? -1
		: accum_text_get_doubles(t, v, pair_names + 1, &to->x);
}

#define BASE                                                                   \
	.number = true, .logs = true, .fields = 2,                             \
	.size = sizeof(struct pair), .merge = pair_merge, .empty = pair_empty, \
	.show = pair_show, .take = pair_take
#define PAIR \
	.type = accum_kit_double, .add = pair_add, .result = pair_result, BASE
#define TURNED \
	.type = accum_kit_double, .add = turned_add, .result = pair_result, BASE
#define REGR \
	.type = accum_kit_double, .add = regr_add, .result = pair_result, BASE

const struct accum_kind accum_pair_kinds[] = {{.name = "corr", .p = CORR, PAIR},
	{.name = "covar_pop", .p = COVAR_POP, PAIR},
	{.name = "covar_samp", .p = COVAR_SAMP, PAIR},
	{.name = "regr_count",
		.type = accum_kit_long,
		.add = regr_add,
		.result = count_result,
		BASE},
	{.name = "regr_avgx", .p = AVGX, REGR},
	{.name = "regr_avgy", .p = AVGY, REGR},
	{.name = "regr_sxx", .p = SXX, REGR},
	{.name = "regr_syy", .p = SYY, REGR},
	{.name = "regr_sxy", .p = SXY, TURNED},
	{.name = "regr_slope", .p = SLOPE, REGR},
	{.name = "regr_intercept", .p = INTERCEPT, REGR},
	{.name = "regr_r2", .p = R2, TURNED}, {0}};
