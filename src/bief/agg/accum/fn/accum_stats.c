/*
 * accum_stats: stats, the one function with several results. A struct stats:
 * the parts come from one accumulator, so that they agree with each other.
 */
#include <math.h>

#include "floor/buf.h"
#include "runtime/entry.h"
#include "agg/accum/accum.h"
#include "agg/accum/fn/accum_moments.h"
#include "agg/accum/accum_text.h"

struct stats {
	struct moments m;
	double min, max;
};

enum stats_part { PART_COUNT, PART_MEAN, PART_STDEV, PART_MAX, PART_MIN };

static const char *const stats_parts[] = {[PART_COUNT] = "count",
	[PART_MEAN] = "mean",
	[PART_STDEV] = "stdev",
	[PART_MAX] = "max",
	[PART_MIN] = "min",
	NULL};

static struct type *
stats_type(const struct type *t, int part)
{
	return part == PART_COUNT ? accum_kit_long(t, part)
				  : accum_kit_double(t, part);
}

static void
stats_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	struct stats *t = accum_at(a, b);
	double x = accum_double(&accum_in(s, a)->num);

	if (t->m.n == 0)
		t->min = t->max = x;
	/* NaN is above all. */
	if (isnan(x) || x > t->max)
		t->max = x;
	if (isnan(t->min) || x < t->min)
		t->min = x;
	accum_moments_add(&t->m, x);
}

static void
stats_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	struct stats *t = accum_at(a, to);
	const struct stats *p = accum_at(a, from);

	if (p->m.n == 0)
		return;
	if (t->m.n == 0 || isnan(p->max) || p->max > t->max)
		t->max = p->max;
	if (t->m.n == 0 || isnan(t->min) || p->min < t->min)
		t->min = p->min;
	accum_moments_merge(&t->m, &p->m);
}

static int
stats_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	const struct stats *t = accum_at(a, b);
	enum stats_part part = (enum stats_part)r->part;

	if (part == PART_COUNT)
		*r->v = value_int(t->m.n);
	else if (t->m.n > 0)
		*r->v = value_double(part == PART_MEAN
				? accum_moments_mean(&t->m)
				: part == PART_STDEV
				? sqrt(accum_moments_variance(&t->m, t->m.n))
				: part == PART_MAX ? t->max
						   : t->min);
	return 0;
}

static bool
stats_empty(const struct accum *a, const struct blob *b)
{
	return ((const struct stats *)accum_at(a, b))->m.n == 0;
}

/* As stddev, with "min" and "max". */
static void
stats_show(const struct accums *s, const struct accum *a, const struct blob *b,
	struct buf *out)
{
	const struct stats *t = accum_at(a, b);

	accum_moments_show(&t->m, out);
	buf_str(out, ",\"min\":");
	accum_text_put_double(out, t->min);
	buf_str(out, ",\"max\":");
	accum_text_put_double(out, t->max);
	buf_byte(out, '}');
}

static int
stats_take(const struct accum_taking *t, const struct value *v)
{
	static const char *const names[] = {
		"count", "shift", "sum", "squares", "min", "max", NULL};
	struct stats *to = accum_at(t->a, t->b);
	struct value min, max;

	if (accum_text_object(t, v, names, &to->m.n) == -1 ||
		accum_moments_take(t, v, &to->m) == -1 ||
		entry_get(v, "min", &min, t->err) == -1 ||
		entry_get(v, "max", &max, t->err) == -1 ||
		accum_text_get_double(t, &min, &to->min) == -1)
		return -1;
	return accum_text_get_double(t, &max, &to->max);
}

const struct accum_kind accum_stats_kinds[] = {
	{.name = "stats",
		.parts = stats_parts,
		.number = true,
		.logs = true,
		.size = sizeof(struct stats),
		.type = stats_type,
		.add = stats_add,
		.merge = stats_merge,
		.result = stats_result,
		.empty = stats_empty,
		.show = stats_show,
		.take = stats_take},
	{0}};
