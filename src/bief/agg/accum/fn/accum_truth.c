/*
 * accum_truth: bool_and, bool_or.  An int64: an enum truth.
 */
#include "floor/buf.h"
#include "types/type.h"
#include "agg/accum/accum.h"
#include "agg/accum/accum_text.h"

/* None until there was a value. */
enum truth { TRUTH_NONE, TRUTH_FALSE, TRUTH_TRUE };

static struct type *
truth_type(const struct type *t, int part)
{
	return type_new(TYPE_BOOLEAN);
}

static void
and_put(const struct accum *a, struct blob *b, int64_t truth)
{
	int64_t *at = accum_at(a, b);

	if (*at == TRUTH_NONE || (truth != TRUTH_NONE && truth < *at))
		*at = truth;
}

static void
or_put(const struct accum *a, struct blob *b, int64_t truth)
{
	int64_t *at = accum_at(a, b);

	if (truth > *at)
		*at = truth;
}

static int64_t
truth_of(const struct accums *s, const struct accum *a)
{
	return accum_in(s, a)->raw->i ? TRUTH_TRUE : TRUTH_FALSE;
}

static void
and_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	and_put(a, b, truth_of(s, a));
}

static void
or_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	or_put(a, b, truth_of(s, a));
}

static void
and_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	and_put(a, to, *(const int64_t *)accum_at(a, from));
}

static void
or_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	or_put(a, to, *(const int64_t *)accum_at(a, from));
}

static bool
truth_empty(const struct accum *a, const struct blob *b)
{
	return *(const int64_t *)accum_at(a, b) == TRUTH_NONE;
}

static int
truth_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	if (!truth_empty(a, b))
		*r->v = value_bool(
			*(const int64_t *)accum_at(a, b) == TRUTH_TRUE);
	return 0;
}

static void
truth_show(const struct accums *s, const struct accum *a, const struct blob *b,
	struct buf *out)
{
	buf_str(out,
		*(const int64_t *)accum_at(a, b) == TRUTH_TRUE ? "true"
							       : "false");
}

static int
truth_take(const struct accum_taking *t, const struct value *v)
{
	if (v->type != VALUE_BOOL)
		return accum_text_wrong(t, "true or false");
	*(int64_t *)accum_at(t->a, t->b) = v->i ? TRUTH_TRUE : TRUTH_FALSE;
	return 0;
}

#define TRUTH                                                             \
	.truth = true, .runs = true, .size = sizeof(int64_t),             \
	.type = truth_type, .result = truth_result, .empty = truth_empty, \
	.show = truth_show, .take = truth_take

const struct accum_kind accum_truth_kinds[] = {
	{.name = "bool_and", .add = and_add, .merge = and_merge, TRUTH},
	{.name = "bool_or", .add = or_add, .merge = or_merge, TRUTH}, {0}};
