/*
 * accum_distinct: count_distinct, approx_count_distinct.  A struct var, with a
 * set of the values' key bytes (of several fields, one behind the other), or
 * with a sketch_distinct of their hashes.
 */
#include <string.h>

#include "floor/buf.h"
#include "floor/hash.h"
#include "value/json.h"
#include "value/key.h"
#include "recovery/state/set.h"
#include "runtime/entry.h"
#include "agg/accum/accum.h"
#include "agg/accum/accum_text.h"
#include "agg/accum/sketch.h"

/* ---- count_distinct ---- */

/* Of several none is null. */
static void
distinct_add(
	struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	buf_clear(&s->key);
	key_encode(accum_in(s, a)->raw, &s->key);
	for (size_t i = 0; i < a->nmore; i++) {
		if (accum_more(s, a, i)->raw == NULL)
			return;
		key_encode(accum_more(s, a, i)->raw, &s->key);
	}
	set_add(b, &s->form, a->at, s->key.p, s->key.n, NULL, 0);
}

static void
distinct_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	set_merge(to, &s->form, a->at, from);
}

static int
distinct_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	*r->v = value_int(set_count(b, a->at));
	return 0;
}

/* An array of values. */
static void
distinct_show(const struct accums *s, const struct accum *a,
	const struct blob *b, struct buf *out)
{
	struct set_item item;
	char c = '[';

	if (set_count(b, a->at) == 0)
		buf_byte(out, '[');
	for (uint32_t at = 0; set_next(b, a->at, &at, &item); c = ',') {
		struct value v;

		buf_byte(out, c);
		key_decode(&v, item.key, item.nkey);
		value_print(&v, out);
	}
	buf_byte(out, ']');
}

static int
distinct_take(const struct accum_taking *t, const struct value *v)
{
	struct buf *code = &t->s->key;
	struct json_iter it;
	struct value key, item;

	if (v->type != VALUE_ARRAY)
		return accum_text_wrong(t, "an array");
	json_iter(&it, v);
	while (json_next(&it, &key, &item)) {
		buf_clear(code);
		key_encode(&item, code);
		set_add(t->b, &t->s->form, t->a->at, code->p, code->n, NULL, 0);
	}
	return 0;
}

/* ---- count_distinct of several ---- */

/* An array of arrays. */
static void
several_show(const struct accums *s, const struct accum *a,
	const struct blob *b, struct buf *out)
{
	struct set_item item;
	struct value v;
	size_t start = out->n;

	for (uint32_t at = 0; set_next(b, a->at, &at, &item);) {
		const char *p = item.key, *end = p + item.nkey;

		buf_byte(out, out->n == start ? '[' : ',');
		for (size_t i = 0; i <= a->nmore; i++) {
			p += key_decode(&v, p, (size_t)(end - p));
			buf_byte(out, i == 0 ? '[' : ',');
			value_print(&v, out);
		}
		buf_byte(out, ']');
	}
	buf_str(out, out->n == start ? "[]" : "]");
}

static int
several_take(const struct accum_taking *t, const struct value *v)
{
	struct buf *code = &t->s->key;
	struct json_iter it, values;
	struct value key, item, one;
	size_t n;

	if (v->type != VALUE_ARRAY)
		return accum_text_wrong(t, "an array");
	json_iter(&it, v);
	while (json_next(&it, &key, &item)) {
		if (item.type != VALUE_ARRAY)
			return accum_text_wrong(t, "made of arrays");
		buf_clear(code);
		json_iter(&values, &item);
		for (n = 0; json_next(&values, &key, &one); n++)
			key_encode(&one, code);
		if (n != t->a->nmore + 1)
			return accum_text_wrong(
				t, "made of arrays of a value for each field");
		set_add(t->b, &t->s->form, t->a->at, code->p, code->n, NULL, 0);
	}
	return 0;
}

/* ---- approx_count_distinct ---- */

/* Room for another hash, or for all that there may be. */
static void *
approx_room(struct blob *b, const struct blob_form *f, uint32_t at, bool whole)
{
	struct var *v = blob_var(b, at);
	size_t size = whole ? sizeof(struct sketch_distinct)
		: v->n == 0 ? SKETCH_DISTINCT_MIN
			    : sketch_distinct_room(blob_at(b, v), v->n);

	if (size <= v->n)
		return blob_at(b, v);
	blob_room(b, f, at, size);
	v = blob_var(b, at);
	memset((char *)blob_at(b, v) + v->n, 0, size - v->n);
	v->n = (uint32_t)size;
	return blob_at(b, v);
}

static void
approx_add(
	struct accums *s, const struct accum *a, struct blob *b, uint64_t seq)
{
	buf_clear(&s->key);
	key_encode(accum_in(s, a)->raw, &s->key);
	sketch_distinct_add(approx_room(b, &s->form, a->at, false),
		hash_finish(hash_bytes(s->key.p, s->key.n)));
}

static void
approx_merge(const struct accums *s, const struct accum *a, struct blob *to,
	const struct blob *from)
{
	if (!accum_kit_var_empty(a, from))
		sketch_distinct_merge(approx_room(to, &s->form, a->at, true),
			blob_at(from, accum_at(a, from)));
}

static int
approx_result(const struct accums *s, const struct accum *a, struct blob *b,
	struct accum_answer *r)
{
	*r->v = value_int(accum_kit_var_empty(a, b)
			? 0
			: sketch_distinct_count(blob_at(b, accum_at(a, b))));
	return 0;
}

/* {"hashes":HEX} or {"registers":HEX} */
static void
approx_show(const struct accums *s, const struct accum *a, const struct blob *b,
	struct buf *out)
{
	const struct sketch_distinct *d = blob_at(b, accum_at(a, b));

	buf_str(out, d->dense ? "{\"registers\":" : "{\"hashes\":");
	entry_hex(out, d->hash,
		d->dense ? sizeof(d->reg) : d->n * sizeof(*d->hash));
	buf_byte(out, '}');
}

static int
approx_fill(const struct accum_taking *t, bool dense, const struct buf *bytes)
{
	struct sketch_distinct *d;
	uint64_t hash;

	if (dense ? bytes->n != SKETCH_REGISTERS
		  : bytes->n % 8 != 0 || bytes->n > SKETCH_FEW * 8)
		return accum_text_wrong(t, "of that many digits");
	d = accum_kit_var_take(t,
		dense                   ? sizeof(*d)
			: bytes->n < 64 ? SKETCH_DISTINCT_MIN
					: 8 + bytes->n);
	d->dense = dense;
	if (dense)
		memcpy(d->reg, bytes->p, bytes->n);
	for (size_t i = 0; !dense && i < bytes->n; i += 8) {
		memcpy(&hash, bytes->p + i, 8);
		sketch_distinct_add(d, hash);
	}
	return 0;
}

static int
approx_take(const struct accum_taking *t, const struct value *v)
{
	static const char *const names[] = {"hashes", "registers", NULL};
	struct value any;
	struct buf b;
	bool dense;
	int ret = -1;

	if (accum_text_object(t, v, names, NULL) == -1)
		return -1;
	dense = json_get(v, "registers", 9, &any);
	buf_init(&b);
	if (entry_get_hex(v, dense ? "registers" : "hashes", &b, t->err) != -1)
		ret = approx_fill(t, dense, &b);
	buf_release(&b);
	return ret;
}

#define DISTINCT                                                        \
	.name = "count_distinct", .shown = "count", .different = true,  \
	.size = ACCUM_VAR_SIZE, .varies = true, .type = accum_kit_long, \
	.add = distinct_add, .merge = distinct_merge,                   \
	.result = distinct_result, .runs = true

static const struct accum_kind distinct_several = {
	.fields = -1, .show = several_show, .take = several_take, DISTINCT};

const struct accum_kind accum_distinct_kinds[] = {{.several = &distinct_several,
							  .show = distinct_show,
							  .take = distinct_take,
							  DISTINCT},
	{.name = "approx_count_distinct",
		.size = ACCUM_VAR_SIZE,
		.varies = true,
		.type = accum_kit_long,
		.add = approx_add,
		.merge = approx_merge,
		.result = approx_result,
		.empty = accum_kit_var_empty,
		.show = approx_show,
		.take = approx_take},
	{0}};
