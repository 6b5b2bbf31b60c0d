/*
 * shred: see shred.h.
 */
#include "parquet/shred.h"

#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "text/base64.h"
#include "text/numeric.h"
#include "time/date.h"
#include "value/json.h"
#include "value/value.h"
#include "types/type.h"
#include "parquet/chunk.h"
#include "parquet/node.h"

#define FIELDS 32 /* of a struct that are found without memory of their own */

static int put(struct shred *s, const struct node *k, const struct value *v,
	int rep, int def, struct err *err);

/* All that is under a node is not there. */
static void
put_nothing(struct shred *s, const struct node *k, int rep, int def)
{
	if (k->kids == NULL)
		chunk_level(&s->chunks[k->leaf], rep, def);
	for (size_t i = 0; i < k->n; i++)
		put_nothing(s, &k->kids[i], rep, def);
}

static int
misfit(const struct node *k, const struct value *v, struct err *err)
{
	struct buf text, type;
	char show[80];

	buf_init(&text);
	buf_init(&type);
	value_print(v, &text);
	type_print(k->type, &type);
	err_set(err, "'%s' is no %s: %s", k->name, buf_cstr(&type),
		err_quote(show, sizeof(show), text.p, text.n));
	buf_release(&text);
	buf_release(&type);
	return 1;
}

static bool
whole(const struct node *k, const struct value *v, int64_t *i)
{
	struct value n = value_number(v, false);

	*i = n.i;
	if (n.type != VALUE_INT)
		return false;
	switch (k->type->kind) {
	case TYPE_BYTE:
		return n.i >= INT8_MIN && n.i <= INT8_MAX;
	case TYPE_SHORT:
		return n.i >= INT16_MIN && n.i <= INT16_MAX;
	case TYPE_INT:
		return n.i >= INT32_MIN && n.i <= INT32_MAX;
	default:
		return true;
	}
}

static bool
real(const struct value *v, double *d)
{
	struct value n = value_number(v, true);

	*d = n.type == VALUE_INT ? (double)n.i : n.d;
	return n.type == VALUE_INT || n.type == VALUE_DOUBLE;
}

static bool
put_decimal(struct shred *s, const struct node *k, const struct value *v)
{
	struct chunk *c = &s->chunks[k->leaf];
	char big[16];
	numeric n;
	int64_t i;

	buf_clear(&s->tmp);
	value_print(v, &s->tmp);
	if (v->type == VALUE_STRING || v->type == VALUE_BOOL ||
		!numeric_read(s->tmp.p, s->tmp.n, k->type->precision,
			k->type->scale, &n))
		return false;
	i = (int64_t)n;
	for (int at = 0; at < k->width; at++)
		big[at] = (char)(n >> 8 * (k->width - 1 - at));
	chunk_fixed(c, k->physical == PHYSICAL_FIXED ? big : (char *)&i);
	return true;
}

static bool
put_day(struct chunk *c, const struct value *v)
{
	int32_t days = (int32_t)v->i;

	if (v->type != VALUE_DATE &&
		(v->type != VALUE_STRING || date_parse(v->s, v->n, &days) < 0))
		return false;
	chunk_fixed(c, &days);
	return true;
}

static bool
put_binary(struct shred *s, struct chunk *c, const struct value *v)
{
	const char *p;
	size_t n;

	if (v->type != VALUE_STRING)
		return false;
	p = value_string(v, &n, &s->tmp);
	if (p == s->tmp.p) { /* no base 64 has escapes but of '/' */
		struct buf out;
		bool is;

		buf_init(&out);
		is = base64_decode(p, n, &out);
		if (is)
			chunk_text(c, out.p != NULL ? out.p : "", out.n);
		buf_release(&out);
		return is;
	}
	buf_clear(&s->tmp);
	buf_need(&s->tmp, 1);
	if (!base64_decode(p, n, &s->tmp))
		return false;
	chunk_text(c, s->tmp.p, s->tmp.n);
	return true;
}

/* What is no text is so as JSON has it. */
static void
put_text(struct shred *s, struct chunk *c, const struct value *v)
{
	const char *p;
	size_t n;

	if (v->type == VALUE_STRING) {
		p = value_string(v, &n, &s->tmp);
		chunk_text(c, p, n);
		return;
	}
	buf_clear(&s->tmp);
	value_print(v, &s->tmp);
	p = s->tmp.p;
	n = s->tmp.n;
	if (*p == '"') { /* a time */
		p++;
		n -= 2;
	}
	chunk_text(c, p, n);
}

static bool
put_leaf(struct shred *s, const struct node *k, const struct value *v)
{
	struct chunk *c = &s->chunks[k->leaf];
	int64_t i;
	double d;
	float f;

	switch (k->type == NULL ? TYPE_STRING : k->type->kind) {
	case TYPE_BOOLEAN:
		if (v->type != VALUE_BOOL)
			return false;
		buf_byte(&c->values, (char)v->i);
		return true;
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
		if (!whole(k, v, &i))
			return false;
		chunk_fixed(c, &i);
		return true;
	case TYPE_FLOAT:
		if (!real(v, &d))
			return false;
		f = (float)d;
		chunk_fixed(c, &f);
		return true;
	case TYPE_DOUBLE:
		if (!real(v, &d))
			return false;
		chunk_fixed(c, &d);
		return true;
	case TYPE_DECIMAL:
		return put_decimal(s, k, v);
	case TYPE_TIMESTAMP:
		if (value_get_time(v, &i) < 0)
			return false;
		chunk_fixed(c, &i);
		return true;
	case TYPE_DATE:
		return put_day(c, v);
	case TYPE_BINARY:
		return put_binary(s, c, v);
	default:
		put_text(s, c, v);
		return true;
	}
}

static size_t
find_kid(const struct node *k, const struct value *key, size_t guess)
{
	for (size_t i = 0; i < k->n; i++) {
		size_t at = (guess + i) % k->n;

		if (json_same(key->s, key->n, k->kids[at].name,
			    strlen(k->kids[at].name)))
			return at;
	}
	return k->n;
}

static int
put_struct(struct shred *s, const struct node *k, const struct value *v,
	int rep, struct err *err)
{
	struct value few[FIELDS], *found = few, key, member;
	struct json_iter it;
	size_t guess = 0, at;
	int rc = 0;

	if (v->type != VALUE_OBJECT)
		return misfit(k, v, err);
	if (k->n > FIELDS)
		found = mem_alloc(k->n * sizeof(*found));
	for (at = 0; at < k->n; at++)
		found[at] = value_null();
	json_iter(&it, v);
	while (json_next(&it, &key, &member)) {
		at = find_kid(k, &key, guess);
		guess = at + 1;
		if (at < k->n)
			found[at] = member;
	}
	for (at = 0; rc == 0 && at < k->n; at++)
		rc = put(s, &k->kids[at], &found[at], rep, k->def, err);
	if (found != few)
		free(found);
	return rc;
}

static int
put_array(struct shred *s, const struct node *k, const struct value *v, int rep,
	struct err *err)
{
	struct json_iter it;
	struct value key, element;
	bool any = false;

	if (v->type != VALUE_ARRAY)
		return misfit(k, v, err);
	json_iter(&it, v);
	while (json_next(&it, &key, &element)) {
		if (put(s, k->kids, &element, any ? k->rep : rep, k->item,
			    err) != 0)
			return 1;
		any = true;
	}
	if (!any)
		put_nothing(s, k, rep, k->def);
	return 0;
}

static int
put_map(struct shred *s, const struct node *k, const struct value *v, int rep,
	struct err *err)
{
	struct json_iter it;
	struct value key, element;
	bool any = false;

	if (v->type != VALUE_OBJECT)
		return misfit(k, v, err);
	json_iter(&it, v);
	while (json_next(&it, &key, &element)) {
		int at = any ? k->rep : rep;

		if (put(s, &k->kids[0], &key, at, k->item, err) != 0 ||
			put(s, &k->kids[1], &element, at, k->item, err) != 0)
			return 1;
		any = true;
	}
	if (!any)
		put_nothing(s, k, rep, k->def);
	return 0;
}

/* def is the level of what is around the value. */
static int
put(struct shred *s, const struct node *k, const struct value *v, int rep,
	int def, struct err *err)
{
	if (value_is_null(v)) {
		put_nothing(s, k, rep, def);
		return 0;
	}
	if (k->kids == NULL) {
		chunk_level(&s->chunks[k->leaf], rep, k->def);
		return put_leaf(s, k, v) ? 0 : misfit(k, v, err);
	}
	switch (k->type->kind) {
	case TYPE_STRUCT:
		return put_struct(s, k, v, rep, err);
	case TYPE_ARRAY:
		return put_array(s, k, v, rep, err);
	default:
		return put_map(s, k, v, rep, err);
	}
}

int
shred_value(struct shred *s, const struct node *k, const struct value *v,
	struct err *err)
{
	return put(s, k, v, 0, 0, err);
}
