/*
 * accum_extreme: min, max.  A struct kept.
 *
 * Values of any type are compared, numbers as such; one that has more digits
 * than a double is kept as it was written.
 */
#include "agg/accum/fn/accum_extreme.h"

#include "floor/buf.h"
#include "text/numeric.h"
#include "value/key.h"
#include "recovery/kept.h"
#include "agg/accum/accum.h"

/* Decimals may have more digits than a double. */
static int
compare_decimals(
	const struct blob *b, uint32_t at, const struct value *v, int scale)
{
	struct value old = kept_value(b, at);
	__int128 x, y;

	if (!numeric_read(old.s, old.n, NUMERIC_DIGITS, scale, &x) ||
		!numeric_read(v->s, v->n, NUMERIC_DIGITS, scale, &y))
		return key_compare(&old, v);
	return (x > y) - (x < y);
}

int
accum_extreme_compare(const struct accum_input *in, const struct blob *b,
	uint32_t at, const struct value *v, const struct value **num)
{
	const struct kept *k = (const struct kept *)(b->p + at);
	bool decimal = in->decimal && v->type == VALUE_NUMBER;

	if (decimal || ((*num)->type == VALUE_DOUBLE && value_is_big(v)))
		*num = v; /* is kept as text, and compared in every digit */
	if (!k->set)
		return 0;
	return decimal && k->as == VALUE_NUMBER
		? compare_decimals(b, at, v, in->scale)
		: kept_compare(b, at, v, *num);
}

void
accum_extreme_kept(
	const struct blob *b, uint32_t at, struct value *v, struct value *num)
{
	const struct kept *k = (const struct kept *)(b->p + at);

	*num = *v = kept_value(b, at);
	if (k->type == VALUE_INT || k->type == VALUE_DOUBLE) {
		num->i = k->i;
		num->type = k->type;
	}
}

/* Keep the value if it is further than what is kept in a direction: -1 for min,
 * 1 for max. */
static inline void
extreme_put(const struct accums *s, const struct accum *a, struct blob *b,
	const struct value *v, const struct value *num, int direction)
{
	const struct kept *k = accum_at(a, b);
	int c = accum_extreme_compare(accum_in(s, a), b, a->at, v, &num);

	if (k->set && (direction < 0 ? c <= 0 : c >= 0))
		return;
	kept_put(b, &s->form, a->at, v, num);
}

static void
extreme_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from, int direction)
{
	const struct kept *k = accum_at(a, from);
	struct value v, num;

	if (!k->set)
		return;
	accum_extreme_kept(from, a->at, &v, &num);
	extreme_put(s, a, to, &v, &num, direction);
}

static void
min_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	const struct accum_input *in = accum_in(s, a);

	extreme_put(s, a, b, in->raw, &in->num, -1);
}

static void
max_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	const struct accum_input *in = accum_in(s, a);

	extreme_put(s, a, b, in->raw, &in->num, 1);
}

static void
min_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	extreme_merge(s, a, to, from, -1);
}

static void
max_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	extreme_merge(s, a, to, from, 1);
}

/* The value. */
static void
extreme_show(const struct accums *s, const struct accum *a,
	const struct blob *b, struct buf *out)
{
	struct value v = kept_value(b, a->at);

	value_print(&v, out);
}

static int
extreme_take(const struct accum_taking *t, const struct value *v)
{
	return accum_kit_kept_take(t, v,
		value_is_big(v) || (t->in->decimal && v->type == VALUE_NUMBER));
}

#define EXTREME                                                       \
	.compared = true, .alone = true, .size = sizeof(struct kept), \
	.varies = true, .var = offsetof(struct kept, text),           \
	.type = accum_kit_same, .result = accum_kit_kept_result,      \
	.empty = accum_kit_kept_empty, .show = extreme_show,          \
	.take = extreme_take, .runs = true

const struct accum_kind accum_extreme_kinds[] = {
	{.name = "min", .add = min_add, .merge = min_merge, EXTREME},
	{.name = "max", .add = max_add, .merge = max_merge, EXTREME}, {0}};
