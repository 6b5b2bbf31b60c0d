/*
 * accum_count: count, of several fields too; count_if.  An int64.
 *
 * Of records it is a kind of its own: there is no field to look at, and
 * whoever has nothing else to count need not come here for each of them
 * (accums_count).
 */
#include "floor/buf.h"
#include "agg/accum/accum.h"
#include "agg/accum/accum_text.h"

static void
count_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	++*(int64_t *)accum_at(a, b);
}

static void
count_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	*(int64_t *)accum_at(a, to) += *(const int64_t *)accum_at(a, from);
}

static int
count_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	*r->v = value_int(*(const int64_t *)accum_at(a, b));
	return 0;
}

static void
count_show(const struct accums *s, const struct accum *a, const struct blob *b,
	struct buf *out)
{
	buf_printf(out, "%lld", (long long)*(const int64_t *)accum_at(a, b));
}

static int
count_take(const struct accum_taking *t, const struct value *v)
{
	struct value n = value_number(v, false);

	if (n.type != VALUE_INT || n.i < 0)
		return accum_text_wrong(t, "a count");
	*(int64_t *)accum_at(t->a, t->b) = n.i;
	return 0;
}

/* Where none of the fields is null. */
static void
several_add(
	struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	for (size_t i = 0; i < a->nmore; i++)
		if (accum_more(s, a, i)->raw == NULL)
			return;
	++*(int64_t *)accum_at(a, b);
}

static void
if_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	*(int64_t *)accum_at(a, b) += accum_in(s, a)->raw->i;
}

#define COUNT                                                                  \
	.size = sizeof(int64_t), .type = accum_kit_long, .merge = count_merge, \
	.result = count_result, .show = count_show, .take = count_take,        \
	.runs = true

static const struct accum_kind count_records = {
	.name = "count", .alone = true, .add = count_add, COUNT};
static const struct accum_kind count_several = {
	.name = "count", .fields = -1, .add = several_add, COUNT};

const struct accum_kind accum_count_kinds[] = {
	{.name = "count",
		.bare = &count_records,
		.alone = true,
		.several = &count_several,
		.add = count_add,
		COUNT},
	{.name = "count_if", .truth = true, .add = if_add, COUNT}, {0}};
