/*
 * accum_different: another function of different values alone: sum_distinct,
 * and whatever has DISTINCT in front of its field.  A set as collect_set has;
 * the other one (accum.of) is asked when there is to be a result, and is given
 * the values in their order, so that the order of the input does not show.
 */
#include <stdlib.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "agg/accum/accum.h"
#include "agg/accum/fn/accum_collect.h"

/* All values into a blob of the one function, which is all that s has. */
static void
count_all(struct accums *s, struct blob *b, const struct value *v, size_t n)
{
	struct err err;

	for (size_t i = 0; i < n; i++)
		if (accum_kit_read(s->in, &v[i], true, &err) == 0 &&
			s->in->raw != NULL)
			s->a->kind->add(s, s->a, b, i);
}

static int
different_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	struct accum one = *a;
	struct accum_input in = *accum_in(s, a);
	uint32_t var = a->of->var;
	struct accums alone = {.n = 1, .ninputs = 1, .a = &one, .in = &in};
	struct buf memory, list;
	struct value *values;
	struct blob blob;
	size_t n;
	int ret;

	one.kind = a->of;
	one.at = 0;
	one.input = 0;
	alone.form = (struct blob_form){a->of->size, &var, a->of->varies};
	buf_init(&memory);
	buf_init(&list);
	accum_collect_sort(a, b, &list);
	values = accum_collect_values(&list, 0, &n);
	blob_buf(&blob, &memory, a->of->size);
	count_all(&alone, &blob, values, n);
	ret = a->of->result(&alone, &one, &blob, r);
	free(values);
	buf_release(&alone.key);
	buf_release(&alone.text);
	buf_release(&memory);
	buf_release(&list);
	return ret;
}

/* Of an accumulator the type is that of the other one. */
#define DIFFERENT                                                             \
	.size = ACCUM_VAR_SIZE, .varies = true, .add = accum_collect_add_set, \
	.merge = accum_collect_merge_set, .result = different_result,         \
	.empty = accum_kit_var_empty, .show = accum_collect_show_set,         \
	.take = accum_collect_take_set

const struct accum_kind accum_different_of = {DIFFERENT};

const struct accum_kind accum_different_kinds[] = {
	{.name = "sum_distinct", .different_of = "sum", DIFFERENT},
	{.name = "avg_distinct", .different_of = "avg", DIFFERENT}, {0}};
