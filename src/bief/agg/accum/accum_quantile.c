/*
 * accum_quantile: median, p0 to p100.  A struct var with a sketch_quantile.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "value/json.h"
#include "runtime/entry.h"
#include "agg/accum/accum.h"
#include "agg/accum/accum_text.h"
#include "agg/accum/sketch.h"

/* pN, where N may have a fraction. */
static bool
quantile_named(const char *name, double *p)
{
	char *end;

	if (name[0] != 'p' || name[1] < '0' || name[1] > '9')
		return false;
	*p = strtod(name + 1, &end) / 100;
	return *end == '\0' && *p <= 1;
}

/* Room for another bucket, by bytes that the sketch asks for. */
static void *
quantile_room(struct blob *b, const struct blob_form *f, uint32_t at)
{
	struct var *v = blob_var(b, at);
	size_t size = v->n == 0 ? SKETCH_QUANTILE_MIN
				: sketch_quantile_room(blob_at(b, v), v->n);

	if (size == v->n)
		return blob_at(b, v);
	blob_room(b, f, at, size);
	v = blob_var(b, at);
	if (v->n == 0)
		memset(blob_at(b, v), 0, size);
	v->n = (uint32_t)size;
	return blob_at(b, v);
}

static void
quantile_add(
	struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	sketch_quantile_add(quantile_room(b, &s->form, a->at),
		accum_double(&accum_in(s, a)->num));
}

static void
quantile_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	const struct sketch_quantile *q = blob_at(from, accum_at(a, from));

	if (accum_kit_var_empty(a, from))
		return;
	for (uint32_t i = 0; i < q->used; i++)
		sketch_quantile_merge(quantile_room(to, &s->form, a->at), q, i);
}

static int
quantile_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	if (!accum_kit_var_empty(a, b))
		*r->v = value_double(
			sketch_quantile_at(blob_at(b, accum_at(a, b)), a->p));
	return 0;
}

/* {"level":0,"buckets":[[VALUE,COUNT],...]} */
static void
quantile_show(const struct accums *s, const struct accum *a,
	const struct blob *b, struct buf *out)
{
	const struct sketch_quantile *from = blob_at(b, accum_at(a, b));
	size_t size = sizeof(*from) + from->used * sizeof(*from->b);
	struct sketch_quantile *q = mem_alloc(size);

	memcpy(q, from, size);
	sketch_quantile_settle(q);
	buf_printf(out, "{\"level\":%u,\"buckets\":[", q->level);
	for (uint32_t i = 0; i < q->used; i++) {
		buf_str(out, i > 0 ? ",[" : "[");
		accum_text_put_double(out, sketch_quantile_least(q, i));
		buf_printf(out, ",%llu]", (unsigned long long)q->b[i].count);
	}
	buf_str(out, "]}");
	free(q);
}

static int
take_bucket(const struct accum_taking *t, const struct value *pair,
	int64_t level, struct sketch_bucket *b)
{
	struct json_iter it;
	struct value key, x, n, more;
	double d = 0;

	if (pair->type != VALUE_ARRAY)
		return accum_text_wrong(t, "made of buckets [VALUE,COUNT]");
	json_iter(&it, pair);
	if (!json_next(&it, &key, &x) || !json_next(&it, &key, &n) ||
		json_next(&it, &key, &more) ||
		accum_text_get_double(t, &x, &d) == -1)
		return accum_text_wrong(t, "made of buckets [VALUE,COUNT]");
	n = value_number(&n, false);
	if (n.type != VALUE_INT || n.i <= 0)
		return accum_text_wrong(t, "made of buckets [VALUE,COUNT]");
	*b = (struct sketch_bucket){
		sketch_quantile_key(d, (uint32_t)level), (uint64_t)n.i};
	return 0;
}

/* All buckets into b; how many there are, or -1. */
static int
take_buckets(const struct accum_taking *t, const struct value *array,
	int64_t level, struct sketch_bucket b[SKETCH_BUCKETS])
{
	struct json_iter it;
	struct value key, pair;
	int n = 0;

	json_iter(&it, array);
	for (; json_next(&it, &key, &pair); n++) {
		if (n == SKETCH_BUCKETS)
			return accum_text_wrong(t, "of 2048 buckets at most");
		if (take_bucket(t, &pair, level, &b[n]) == -1)
			return -1;
		if (n > 0 && b[n].key <= b[n - 1].key)
			return accum_text_wrong(
				t, "made of different buckets in order");
	}
	return n;
}

static int
quantile_take(const struct accum_taking *t, const struct value *v)
{
	static const char *const names[] = {"level", "buckets", NULL};
	struct sketch_bucket b[SKETCH_BUCKETS];
	struct sketch_quantile *q;
	struct value buckets;
	int64_t level;
	size_t size;
	int n;

	if (accum_text_object(t, v, names, NULL) == -1 ||
		entry_get_int(v, "level", &level, t->err) == -1 ||
		entry_get_nested(v, "buckets", VALUE_ARRAY, &buckets, t->err) ==
			-1)
		return -1;
	if (level < 0 || level > 63)
		return entry_wrong(t->err, "level", "from 0 to 63");
	n = take_buckets(t, &buckets, level, b);
	if (n == -1)
		return -1;
	size = sizeof(*q) + (size_t)n * sizeof(*b);
	if (size < SKETCH_QUANTILE_MIN)
		size = SKETCH_QUANTILE_MIN;
	q = accum_kit_var_take(t, size);
	q->level = (uint32_t)level;
	q->sorted = q->used = (uint32_t)n;
	memcpy(q->b, b, (size_t)n * sizeof(*b));
	return 0;
}

#define QUANTILE                                                \
	.number = true, .size = ACCUM_VAR_SIZE, .varies = true, \
	.type = accum_kit_double, .add = quantile_add,          \
	.merge = quantile_merge, .result = quantile_result,     \
	.empty = accum_kit_var_empty, .show = quantile_show,    \
	.take = quantile_take

const struct accum_kind accum_quantile_kinds[] = {
	{.name = "median", .p = 0.5, QUANTILE},
	{.name = "p0 to p100", .named = quantile_named, QUANTILE}, {0}};
