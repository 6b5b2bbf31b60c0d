/*
 * accum_take: accumulators of the text that accum_show.c has made.
 */
#include <stdlib.h>
#include <string.h>

#include "accum_impl.h"
#include "numeric.h"
#include "entry.h"
#include "err.h"
#include "json.h"
#include "set.h"
#include "sketch.h"

/* What is being read: an accumulator's text, and where it goes. */
struct taking {
	struct accums *s;
	const struct accum *a;
	struct accum_input *in;
	struct blob *b;
	const char *name;
	struct err *err;
};

static int
wrong(const struct taking *t, const char *what)
{
	return entry_wrong(t->err, t->name, what);
}

static int
get_double(const struct taking *t, const struct value *v, double *d)
{
	struct value n = value_number(v, true);

	if (n.type != VALUE_INT && n.type != VALUE_DOUBLE)
		return wrong(t, "a number");
	*d = n.type == VALUE_INT ? (double)n.i : n.d;
	return 0;
}

static int
get_twice(const struct taking *t, const struct value *v, struct twice *to)
{
	struct json_iter it;
	struct value key, hi, lo, more;

	to->lo = 0;
	if (v->type != VALUE_ARRAY)
		return get_double(t, v, &to->hi);
	json_iter(&it, v);
	if (!json_next(&it, &key, &hi) || !json_next(&it, &key, &lo) ||
		json_next(&it, &key, &more))
		return wrong(t, "a number, or two");
	return get_double(t, &hi, &to->hi) == -1 ? -1 :
		get_double(t, &lo, &to->lo);
}

static int
get_wide(const struct taking *t, const struct value *v, struct wide *w)
{
	__int128 x;

	if (v->type != VALUE_NUMBER || !numeric_read(v->s, v->n,
			NUMERIC_DIGITS, t->in->decimal ? t->in->scale : 0, &x))
		return wrong(t, "a number of up to 38 digits");
	w->lo = (uint64_t)x;
	w->hi = (int64_t)(x >> 64);
	return 0;
}

static bool
is_integer(const struct value *v)
{
	return v->type == VALUE_NUMBER && memchr(v->s, '.', v->n) == NULL &&
		memchr(v->s, 'e', v->n) == NULL &&
		memchr(v->s, 'E', v->n) == NULL;
}

static int
take_sum(const struct taking *t, const struct value *v, struct sum *to)
{
	bool wide = t->in->decimal || is_integer(v);

	to->kind = wide ? SUM_WIDE : SUM_DOUBLE;
	return wide ? get_wide(t, v, &to->i) : get_twice(t, v, &to->d);
}

/* The members of an object; the count is not negative. */
static int
get_object(const struct taking *t, const struct value *v,
	const char *const *names, int64_t *count)
{
	if (v->type != VALUE_OBJECT)
		return wrong(t, "an object");
	if (entry_only(v, names, t->err) == -1)
		return -1;
	if (count == NULL)
		return 0;
	if (entry_get_int(v, "count", count, t->err) == -1)
		return -1;
	return *count > 0 ? 0 : entry_wrong(t->err, "count", "above 0");
}

static int
take_mean(const struct taking *t, const struct value *v, struct mean *m)
{
	static const char *const names[] = {"count", "sum", NULL};
	struct value sum;

	if (get_object(t, v, names, &m->n) == -1 ||
		entry_get(v, "sum", &sum, t->err) == -1)
		return -1;
	return t->in->decimal ? get_wide(t, &sum, &m->dec)
			      : get_twice(t, &sum, &m->sum);
}

static int
take_moments(const struct taking *t, const struct value *v, struct moments *m)
{
	static const char *const names[] = {"count", "shift", "sum",
		"squares", NULL},
		*const stats[] = {"count", "shift", "sum", "squares", "min",
			"max", NULL};
	struct value shift, s, q, min, max;

	if (get_object(t, v, t->a->fn == ACCUM_STATS ? stats : names,
		    &m->n) == -1 ||
		entry_get(v, "shift", &shift, t->err) == -1 ||
		entry_get(v, "sum", &s, t->err) == -1 ||
		entry_get(v, "squares", &q, t->err) == -1 ||
		get_double(t, &shift, &m->shift) == -1 ||
		get_twice(t, &s, &m->s) == -1 || get_twice(t, &q, &m->q) == -1)
		return -1;
	if (t->a->fn != ACCUM_STATS)
		return 0;
	if (entry_get(v, "min", &min, t->err) == -1 ||
		entry_get(v, "max", &max, t->err) == -1)
		return -1;
	return get_double(t, &min, &((struct stats *)m)->min) == -1 ? -1 :
		get_double(t, &max, &((struct stats *)m)->max);
}

/* Keep a value as if it stood in a record. */
static int
take_kept(const struct taking *t, const struct value *v)
{
	const struct value null = value_null();

	if (accum_read(t->in, v, false, t->err) == -1)
		return -1;
	if (((t->in->decimal && v->type == VALUE_NUMBER) || value_is_big(v)) &&
		(t->a->fn == ACCUM_MIN || t->a->fn == ACCUM_MAX))
		kept_put(t->b, &t->s->form, t->a->at, v, v);
	else
		kept_put(t->b, &t->s->form, t->a->at, v,
			t->in->raw != NULL ? &t->in->num : &null);
	return 0;
}

static int
take_placed(const struct taking *t, const struct value *v)
{
	static const char *const names[] = {"value", "batch", "record", NULL};
	const int64_t most = INT64_C(1) << ACCUM_SEQ_BITS;
	int64_t batch, record;
	struct value kept;

	if (get_object(t, v, names, NULL) == -1 ||
		entry_get(v, "value", &kept, t->err) == -1 ||
		entry_get_int(v, "batch", &batch, t->err) == -1 ||
		entry_get_int(v, "record", &record, t->err) == -1 ||
		take_kept(t, &kept) == -1)
		return -1;
	if (batch < 0 || batch >= INT64_MAX / most || record < 0 ||
		record >= most)
		return wrong(t, "a place in the input");
	((struct placed *)(t->b->p + t->a->at))->seq =
		(uint64_t)batch << ACCUM_SEQ_BITS | (uint64_t)record;
	return 0;
}

/* A var of that size, zeroed. */
static void *
take_room(const struct taking *t, size_t size)
{
	void *p = blob_room(t->b, &t->s->form, t->a->at, size);

	memset(p, 0, size);
	blob_var(t->b, t->a->at)->n = (uint32_t)size;
	return p;
}

static int
take_bucket(const struct taking *t, const struct value *pair, int64_t level,
	struct sketch_bucket *b)
{
	struct json_iter it;
	struct value key, x, n, more;
	double d = 0;

	if (pair->type != VALUE_ARRAY)
		return wrong(t, "made of buckets [VALUE,COUNT]");
	json_iter(&it, pair);
	if (!json_next(&it, &key, &x) || !json_next(&it, &key, &n) ||
		json_next(&it, &key, &more) || get_double(t, &x, &d) == -1)
		return wrong(t, "made of buckets [VALUE,COUNT]");
	n = value_number(&n, false);
	if (n.type != VALUE_INT || n.i <= 0)
		return wrong(t, "made of buckets [VALUE,COUNT]");
	*b = (struct sketch_bucket){sketch_quantile_key(d, (uint32_t)level),
		(uint64_t)n.i};
	return 0;
}

static int
take_quantile(const struct taking *t, const struct value *v)
{
	static const char *const names[] = {"level", "buckets", NULL};
	struct sketch_bucket b[SKETCH_BUCKETS];
	struct sketch_quantile *q;
	struct json_iter it;
	struct value buckets, key, pair;
	int64_t level;
	size_t n = 0, size;

	if (get_object(t, v, names, NULL) == -1 ||
		entry_get_int(v, "level", &level, t->err) == -1 ||
		entry_get_nested(v, "buckets", VALUE_ARRAY, &buckets,
			t->err) == -1)
		return -1;
	if (level < 0 || level > 63)
		return entry_wrong(t->err, "level", "from 0 to 63");
	json_iter(&it, &buckets);
	for (; json_next(&it, &key, &pair); n++) {
		if (n == SKETCH_BUCKETS)
			return wrong(t, "of 2048 buckets at most");
		if (take_bucket(t, &pair, level, &b[n]) == -1)
			return -1;
		if (n > 0 && b[n].key <= b[n - 1].key)
			return wrong(t, "made of different buckets in order");
	}
	size = sizeof(*q) + n * sizeof(*b);
	q = take_room(t, size < SKETCH_QUANTILE_MIN ? SKETCH_QUANTILE_MIN :
						      size);
	q->level = (uint32_t)level;
	q->sorted = q->used = (uint32_t)n;
	memcpy(q->b, b, n * sizeof(*b));
	return 0;
}

static int
take_distinct(const struct taking *t, const struct value *v)
{
	static const char *const names[] = {"hashes", "registers", NULL};
	struct sketch_distinct *d;
	struct value any;
	struct buf b;
	bool dense;
	int ret = -1;

	if (get_object(t, v, names, NULL) == -1)
		return -1;
	dense = json_get(v, "registers", 9, &any);
	buf_init(&b);
	if (entry_get_hex(v, dense ? "registers" : "hashes", &b, t->err) == -1)
		goto out;
	if (dense ? b.n != SKETCH_REGISTERS :
		    b.n % 8 != 0 || b.n > SKETCH_FEW * 8) {
		wrong(t, "of that many digits");
		goto out;
	}
	d = take_room(t, dense ? sizeof(*d) : b.n < 64 ? SKETCH_DISTINCT_MIN :
							 8 + b.n);
	d->dense = dense;
	if (dense) {
		memcpy(d->reg, b.p, b.n);
	} else {
		uint64_t hash;

		for (size_t i = 0; i < b.n; i += 8) {
			memcpy(&hash, b.p + i, 8);
			sketch_distinct_add(d, hash);
		}
	}
	ret = 0;
out:
	buf_release(&b);
	return ret;
}

static int
take_values(const struct taking *t, const struct value *v)
{
	struct json_iter it;
	struct value key, item;
	struct buf text, code;
	bool list = t->a->fn == ACCUM_LIST && !t->s->sequenced;

	if (v->type != VALUE_ARRAY)
		return wrong(t, "an array");
	buf_init(&text);
	buf_init(&code);
	json_iter(&it, v);
	while (json_next(&it, &key, &item)) {
		if (list && text.n > 0)
			buf_byte(&text, ',');
		if (!list)
			buf_clear(&text);
		if (t->a->fn != ACCUM_COUNT_DISTINCT)
			value_print(&item, &text);
		if (list)
			continue;
		if (t->a->fn == ACCUM_LIST) {
			list_add(t->b, &t->s->form, t->a->at, 0, text.p,
				text.n);
			continue;
		}
		buf_clear(&code);
		value_encode(&item, &code);
		set_add(t->b, &t->s->form, t->a->at, code.p, code.n, text.p,
			text.n);
	}
	if (list && text.n > 0)
		memcpy(take_room(t, text.n), text.p, text.n);
	buf_release(&text);
	buf_release(&code);
	return 0;
}

static int
take_one(const struct taking *t, const struct value *v)
{
	char *p = t->b->p + t->a->at;
	struct value n;

	if (v->type == VALUE_NULL && accum_is_empty(t->a, p))
		return 0;
	switch (t->a->fn) {
	case ACCUM_COUNT:
	case ACCUM_COUNT_FIELD:
		n = value_number(v, false);
		*(int64_t *)p = n.i;
		return n.type == VALUE_INT && n.i >= 0 ? 0 :
			wrong(t, "a count");
	case ACCUM_SUM:
		return take_sum(t, v, (struct sum *)p);
	case ACCUM_AVG:
		return take_mean(t, v, (struct mean *)p);
	case ACCUM_MIN:
	case ACCUM_MAX:
		return take_kept(t, v);
	case ACCUM_FIRST:
	case ACCUM_LAST:
		return take_placed(t, v);
	case ACCUM_QUANTILE:
		return take_quantile(t, v);
	case ACCUM_APPROX:
		return take_distinct(t, v);
	case ACCUM_COUNT_DISTINCT:
	case ACCUM_LIST:
	case ACCUM_SET:
		return take_values(t, v);
	default:
		return take_moments(t, v, (struct moments *)p);
	}
}

int
accums_take(struct accums *s, struct blob *b, const struct value *object,
	struct err *err)
{
	const char **names = mem_zalloc((s->n + 1) * sizeof(*names));
	int ret;

	for (size_t i = 0; i < s->n; i++)
		names[i] = accum_name(s, i);
	ret = entry_only(object, names, err);
	for (size_t i = 0; ret == 0 && i < s->n; i++) {
		struct taking t = {.s = s, .a = &s->a[i], .b = b,
			.name = names[i], .err = err};
		struct value v;

		if (t.a->input >= 0)
			t.in = &s->in[t.a->input];
		ret = entry_get(object, names[i], &v, err);
		if (ret == 0)
			ret = take_one(&t, &v);
	}
	free(names);
	return ret;
}
