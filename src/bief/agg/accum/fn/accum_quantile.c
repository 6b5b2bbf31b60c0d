/*
 * accum_quantile: median, percentile, percentile_approx, p0 to p100.  A struct
 * var with a sketch_quantile.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "text/numeric.h"
#include "value/json.h"
#include "types/type.h"
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
	const struct value *num = &accum_in(s, a)->num;
	struct sketch_quantile *q = quantile_room(b, &s->form, a->at);

	if (num->type == VALUE_INT)
		q->whole |= q->used == 0;
	else
		q->whole = 0;
	sketch_quantile_add(q, accum_double(num));
}

static void
quantile_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	const struct sketch_quantile *q = blob_at(from, accum_at(a, from));
	struct sketch_quantile *t;

	if (accum_kit_var_empty(a, from))
		return;
	t = quantile_room(to, &s->form, a->at);
	t->whole = q->whole && (t->used == 0 || t->whole);
	for (uint32_t i = 0; i < q->used; i++)
		sketch_quantile_merge(quantile_room(to, &s->form, a->at), q, i);
}

static struct sketch_quantile *
quantile_of(const struct accum *a, struct blob *b)
{
	return blob_at(b, accum_at(a, b));
}

static int
quantile_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	if (!accum_kit_var_empty(a, b))
		*r->v = value_double(
			sketch_quantile_at(quantile_of(a, b), a->p));
	return 0;
}

/* An array of what one of the others gives for each share. */
static int
array_of(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r,
	struct value one(const struct accums *, const struct accum *,
		struct blob *, double, struct buf *))
{
	struct buf tmp;
	struct value v;

	if (accum_kit_var_empty(a, b))
		return 0;
	buf_init(&tmp);
	buf_clear(r->tmp);
	for (size_t i = 0; i < a->nshares; i++) {
		buf_clear(&tmp);
		v = one(s, a, b, a->shares[i], &tmp);
		buf_byte(r->tmp, i == 0 ? '[' : ',');
		value_print(&v, r->tmp);
	}
	buf_byte(r->tmp, ']');
	buf_release(&tmp);
	*r->v = (struct value){
		.s = r->tmp->p, .n = (uint32_t)r->tmp->n, .type = VALUE_ARRAY};
	return 0;
}

static struct value
between_at(const struct accums *s, const struct accum *a, struct blob *b,
	double p, struct buf *tmp)
{
	return value_double(sketch_quantile_at(quantile_of(a, b), p));
}

static int
quantiles_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	return array_of(s, a, b, r, between_at);
}

static struct type *
doubles_type(const struct type *t, int part)
{
	struct type *array = type_new(TYPE_ARRAY);

	array->elem = type_new(TYPE_DOUBLE);
	return array;
}

/* ---- percentile_approx: a value of the data, of its type ---- */

/* A text that is a number is a double, as in Spark. */
static struct type *
element_type(const struct type *t, int part)
{
	return t != NULL && t->kind == TYPE_STRING ? type_new(TYPE_DOUBLE)
						   : accum_kit_same(t, part);
}

static struct type *
elements_type(const struct type *t, int part)
{
	struct type *array = type_new(TYPE_ARRAY);

	array->elem = element_type(t, part);
	if (array->elem == NULL)
		array->elem = type_new(TYPE_UNKNOWN);
	return array;
}

/* With the digits that a decimal has. */
static struct value
decimal_at(double d, int scale, struct buf *tmp)
{
	struct value v = value_double(d);
	__int128 x;

	value_print(&v, tmp);
	if (!numeric_read(tmp->p, tmp->n, NUMERIC_DIGITS, scale, &x))
		return v;
	buf_clear(tmp);
	tmp->n = numeric_print(x, scale, buf_need(tmp, NUMERIC_MAX));
	return (struct value){
		.s = tmp->p, .n = (uint32_t)tmp->n, .type = VALUE_NUMBER};
}

static struct value
element_at(const struct accums *s, const struct accum *a, struct blob *b,
	double p, struct buf *tmp)
{
	const struct accum_input *in = accum_in(s, a);
	struct sketch_quantile *q = quantile_of(a, b);
	double d = sketch_quantile_element(q, p);

	if (in->decimal)
		return decimal_at(d, in->scale, tmp);
	if (!q->whole)
		return value_double(d);
	return value_int(d >= 0x1p63  ? INT64_MAX
			: d < -0x1p63 ? INT64_MIN
				      : (int64_t)d);
}

static int
element_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	if (!accum_kit_var_empty(a, b)) {
		buf_clear(r->tmp);
		*r->v = element_at(s, a, b, a->p, r->tmp);
	}
	return 0;
}

static int
elements_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	return array_of(s, a, b, r, element_at);
}

/* ---- for bief state ---- */

/* {"level":0,"whole":1,"buckets":[[VALUE,COUNT],...]}; whole: of integers */
static void
quantile_show(const struct accums *s, const struct accum *a,
	const struct blob *b, struct buf *out)
{
	const struct sketch_quantile *from = blob_at(b, accum_at(a, b));
	size_t size = sizeof(*from) + from->used * sizeof(*from->b);
	struct sketch_quantile *q = mem_alloc(size);

	memcpy(q, from, size);
	sketch_quantile_settle(q);
	buf_printf(out, "{\"level\":%u,%s\"buckets\":[", q->level,
		q->whole ? "\"whole\":1," : "");
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
	static const char *const names[] = {"level", "whole", "buckets", NULL};
	struct sketch_bucket b[SKETCH_BUCKETS];
	struct sketch_quantile *q;
	struct value buckets, any;
	int64_t level, whole = 0;
	size_t size;
	int n;

	if (accum_text_object(t, v, names, NULL) == -1 ||
		entry_get_int(v, "level", &level, t->err) == -1 ||
		(json_get(v, "whole", 5, &any) &&
			entry_get_int(v, "whole", &whole, t->err) == -1) ||
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
	q->whole = whole != 0;
	q->sorted = q->used = (uint32_t)n;
	memcpy(q->b, b, (size_t)n * sizeof(*b));
	return 0;
}

#define QUANTILE                                                              \
	.number = true, .logs = true, .size = ACCUM_VAR_SIZE, .varies = true, \
	.add = quantile_add, .merge = quantile_merge,                         \
	.empty = accum_kit_var_empty, .show = quantile_show,                  \
	.take = quantile_take
#define BETWEEN .type = accum_kit_double, .result = quantile_result, QUANTILE

static const struct accum_kind percentile_array = {.share = true,
	.behind = "1",
	.type = doubles_type,
	.result = quantiles_result,
	QUANTILE};
static const struct accum_kind approx_array = {.share = true,
	.behind = "10000",
	.type = elements_type,
	.result = elements_result,
	QUANTILE};

const struct accum_kind accum_quantile_kinds[] = {
	{.name = "median", .p = 0.5, .distinct = true, BETWEEN},
	{.name = "percentile",
		.behind = "1",
		.share = true,
		.array = &percentile_array,
		BETWEEN},
	{.name = "percentile_approx",
		.behind = "10000",
		.share = true,
		.array = &approx_array,
		.type = element_type,
		.result = element_result,
		QUANTILE},
	{.name = "p0 to p100", .named = quantile_named, BETWEEN}, {0}};
