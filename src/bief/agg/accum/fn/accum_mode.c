/*
 * accum_mode: mode: the value that comes most often; of several the least, so
 * that the order of the input does not show.  A set of the values' key bytes,
 * and beside each how often it came, and its JSON text.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "value/json.h"
#include "value/key.h"
#include "recovery/state/set.h"
#include "agg/accum/accum.h"
#include "agg/accum/accum_text.h"
#include "agg/accum/fn/accum_collect.h"

static int64_t
times_of(const struct set_item *item)
{
	int64_t times;

	memcpy(&times, item->more, sizeof(times));
	return times;
}

static void
count_key(struct blob *b, const struct blob_form *f, uint32_t at,
	const struct set_item *item)
{
	char *more = set_more(b, at, item->key, item->nkey);
	int64_t times;

	if (more == NULL) {
		set_add(b, f, at, item->key, item->nkey, item->more,
			item->nmore);
		return;
	}
	memcpy(&times, more, sizeof(times));
	times += times_of(item);
	memcpy(more, &times, sizeof(times));
}

/* So many times this value. */
static void
count_value(struct accums *s, const struct accum *a, struct blob *b,
	const struct value *v, int64_t times)
{
	struct set_item item;

	buf_clear(&s->key);
	buf_clear(&s->text);
	key_encode(v, &s->key);
	buf_add(&s->text, (const char *)&times, sizeof(times));
	value_print(v, &s->text);
	item = (struct set_item){
		s->key.p, s->text.p, (uint32_t)s->key.n, (uint32_t)s->text.n};
	count_key(b, &s->form, a->at, &item);
}

/* Zero has no sign. */
static void
mode_add(struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	const struct accum_input *in = accum_in(s, a);
	struct value zero = value_double(0);
	bool minus = in->num.type == VALUE_DOUBLE && in->num.d == 0;

	count_value(s, a, b, minus ? &zero : in->raw, 1);
}

static void
mode_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	struct set_item item;

	for (uint32_t at = 0; set_next(from, a->at, &at, &item);)
		count_key(to, &s->form, a->at, &item);
}

/* Does x go before y?  Where both come as often the least does, or with DESC
 * the largest. */
static bool
goes_before(const struct set_item *x, const struct set_item *y, int order)
{
	struct value v, w;
	int c;

	if (times_of(x) != times_of(y))
		return times_of(x) > times_of(y);
	key_decode(&v, x->key, x->nkey);
	key_decode(&w, y->key, y->nkey);
	c = key_compare(&v, &w);
	return order < 0 ? c > 0 : c < 0;
}

static int
mode_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	struct set_item item, best = {NULL, NULL, 0, 0};
	struct value *values;
	size_t n;

	for (uint32_t at = 0; set_next(b, a->at, &at, &item);)
		if (best.key == NULL || goes_before(&item, &best, a->order))
			best = item;
	if (best.key == NULL)
		return 0;
	buf_clear(r->tmp);
	buf_byte(r->tmp, '[');
	buf_add(r->tmp, best.more + sizeof(int64_t),
		best.nmore - sizeof(int64_t));
	buf_byte(r->tmp, ']');
	values = accum_collect_values(r->tmp, 0, &n);
	*r->v = values[0];
	free(values);
	return 0;
}

/* [[VALUE,TIMES],...] in the order in which they came. */
static void
mode_show(const struct accums *s, const struct accum *a, const struct blob *b,
	struct buf *out)
{
	struct set_item item;
	char c = '[';

	for (uint32_t at = 0; set_next(b, a->at, &at, &item); c = ',') {
		buf_printf(out, "%c[%.*s,%lld]", c,
			(int)(item.nmore - sizeof(int64_t)),
			item.more + sizeof(int64_t),
			(long long)times_of(&item));
	}
	buf_byte(out, ']');
}

static int
mode_take(const struct accum_taking *t, const struct value *v)
{
	struct json_iter it, pair;
	struct value key, item, x, n, more;

	if (v->type != VALUE_ARRAY)
		return accum_text_wrong(t, "an array");
	json_iter(&it, v);
	while (json_next(&it, &key, &item)) {
		if (item.type != VALUE_ARRAY)
			return accum_text_wrong(t, "made of [VALUE,TIMES]");
		json_iter(&pair, &item);
		if (!json_next(&pair, &key, &x) ||
			!json_next(&pair, &key, &n) ||
			json_next(&pair, &key, &more))
			return accum_text_wrong(t, "made of [VALUE,TIMES]");
		n = value_number(&n, false);
		if (n.type != VALUE_INT || n.i < 1)
			return accum_text_wrong(t, "made of [VALUE,TIMES]");
		count_value(t->s, t->a, t->b, &x, n.i);
	}
	return 0;
}

const struct accum_kind accum_mode_kinds[] = {
	{.name = "mode",
		.compared = true,
		.flag = true,
		.ordered = true,
		.size = ACCUM_VAR_SIZE,
		.varies = true,
		.type = accum_kit_same,
		.add = mode_add,
		.merge = mode_merge,
		.result = mode_result,
		.empty = accum_kit_var_empty,
		.show = mode_show,
		.take = mode_take},
	{0}};
