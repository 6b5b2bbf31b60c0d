/*
 * datum: from a record's values and back.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "datum.h"
#include "err.h"
#include "expr.h"
#include "json.h"
#include "number.h"
#include "time.h"

void
datum_ctx_init(struct datum_ctx *c)
{
	*c = (struct datum_ctx){0};
	buf_init(&c->text);
	buf_init(&c->more);
}

void
datum_ctx_release(struct datum_ctx *c)
{
	arena_release(&c->arena);
	buf_release(&c->text);
	buf_release(&c->more);
	if (c->locale != (locale_t)0)
		freelocale(c->locale);
}

bool
datum_too_long(struct datum_ctx *c, size_t n)
{
	if (n <= DATUM_TEXT_MAX)
		return false;
	if (!c->broken)
		err_set(c->err, "the value would be larger than %d MiB",
			DATUM_TEXT_MAX >> 20);
	return c->broken = true;
}

/* Types. */

struct ty
ty_from(const struct type *t)
{
	if (t == NULL)
		return ty(TYPE_UNKNOWN);
	return (struct ty){(uint8_t)t->kind, (uint8_t)t->precision,
		(uint8_t)t->scale, t};
}

const struct type *
ty_type(struct arena *a, struct ty t)
{
	struct type *r;

	if (t.t != NULL)
		return t.t;
	if (t.kind == TYPE_UNKNOWN)
		return NULL;
	r = arena_zero(a, sizeof(*r));
	r->kind = (enum type_kind)t.kind;
	r->precision = t.p;
	r->scale = t.s;
	return r;
}

static struct type *
keep_type(struct arena *a, const struct type *t)
{
	struct schema *f;
	struct type *r;

	if (t == NULL)
		return NULL;
	r = memcpy(arena_get(a, sizeof(*r)), t, sizeof(*r));
	r->key = keep_type(a, t->key);
	r->elem = keep_type(a, t->elem);
	if (t->fields == NULL)
		return r;
	f = arena_zero(a, sizeof(*f));
	f->n = t->fields->n;
	f->f = arena_get(a, f->n * sizeof(*f->f));
	for (size_t i = 0; i < f->n; i++) {
		f->f[i].name = arena_text(a, t->fields->f[i].name,
			strlen(t->fields->f[i].name));
		f->f[i].type = keep_type(a, t->fields->f[i].type);
	}
	r->fields = f;
	return r;
}

struct ty
ty_keep(struct arena *a, const struct type *t)
{
	return ty_from(keep_type(a, t));
}

static bool
same_type(const struct type *a, const struct type *b)
{
	if (a == b)
		return true;
	if (a == NULL || b == NULL || a->kind != b->kind)
		return false;
	if (a->kind == TYPE_DECIMAL)
		return a->precision == b->precision && a->scale == b->scale;
	if (!same_type(a->elem, b->elem) || !same_type(a->key, b->key))
		return false;
	if (a->fields == NULL || b->fields == NULL)
		return a->fields == b->fields;
	if (a->fields->n != b->fields->n)
		return false;
	for (size_t i = 0; i < a->fields->n; i++)
		if (strcmp(a->fields->f[i].name, b->fields->f[i].name) != 0 ||
			!same_type(a->fields->f[i].type, b->fields->f[i].type))
			return false;
	return true;
}

bool
ty_equal(struct ty a, struct ty b)
{
	if (a.kind != b.kind)
		return false;
	if (a.kind == TYPE_DECIMAL || a.kind > TYPE_STRUCT)
		return a.p == b.p && a.s == b.s;
	return !ty_nested(a) || same_type(a.t, b.t);
}

void
ty_print(struct ty t, struct buf *out)
{
	struct type plain = {.kind = (enum type_kind)t.kind,
		.precision = t.p, .scale = t.s};

	if (t.kind == TYPE_NULL)
		buf_str(out, "null");
	else if (ty_nested(t) && t.t == NULL)
		buf_str(out, t.kind == TYPE_ARRAY ? "array" :
			t.kind == TYPE_MAP ? "map" : "struct");
	else
		type_print(t.t != NULL ? t.t : &plain, out);
}

struct ty
ty_array(struct arena *a, struct ty elem)
{
	struct type *t = arena_zero(a, sizeof(*t));

	t->kind = TYPE_ARRAY;
	t->elem = (struct type *)ty_type(a, elem);
	return (struct ty){.kind = TYPE_ARRAY, .t = t};
}

struct ty
ty_map(struct arena *a, struct ty key, struct ty elem)
{
	struct type *t = arena_zero(a, sizeof(*t));

	t->kind = TYPE_MAP;
	t->key = (struct type *)ty_type(a, key);
	t->elem = (struct type *)ty_type(a, elem);
	return (struct ty){.kind = TYPE_MAP, .t = t};
}

struct ty
ty_struct(struct arena *a, const char *const *names, const struct ty *fields,
	size_t n)
{
	struct type *t = arena_zero(a, sizeof(*t));

	t->kind = TYPE_STRUCT;
	t->fields = arena_zero(a, sizeof(*t->fields));
	t->fields->n = n;
	t->fields->f = arena_zero(a, n * sizeof(*t->fields->f));
	for (size_t i = 0; i < n; i++) {
		t->fields->f[i].name =
			arena_text(a, names[i], strlen(names[i]));
		t->fields->f[i].type = (struct type *)ty_type(a, fields[i]);
	}
	return (struct ty){.kind = TYPE_STRUCT, .t = t};
}

struct ty
ty_elem(struct ty t)
{
	return ty_from(t.t != NULL ? t.t->elem : NULL);
}

struct ty
ty_key(struct ty t)
{
	return ty_from(t.t != NULL ? t.t->key : NULL);
}

/* In. */

struct datum
datum_from_buf(struct datum_ctx *c, const struct buf *b)
{
	return datum_string(arena_text(&c->arena, b->p, b->n), b->n);
}

/* Without point and exponent. */
static bool
is_whole(const struct value *v)
{
	for (uint32_t i = 0; i < v->n; i++)
		if (v->s[i] > '9' || v->s[i] == '.')
			return false;
	return true;
}

static void
load_number(const struct value *v, struct datum *out)
{
	int64_t i;
	numeric d;
	int p, s;

	if (v->type == VALUE_REAL || !is_whole(v))
		*out = datum_double(number_double(v->s, v->n));
	else if (number_int(v->s, v->n, &i) == 0)
		*out = datum_int(TYPE_LONG, i);
	else if (v->n <= NUMERIC_DIGITS + (size_t)(*v->s == '-') &&
		numeric_parse(v->s, v->n, &d, &p, &s))
		*out = datum_from_decimal(d, p, 0);
	else
		*out = datum_double(number_double(v->s, v->n));
}

static void
load_string(struct datum_ctx *c, const struct value *v, struct datum *out)
{
	struct buf b;
	size_t n;

	if ((v->flags & VALUE_ESCAPED) == 0) {
		*out = datum_string(v->s, v->n);
		return;
	}
	buf_init(&b);
	out->str = value_string(v, &n, &b);
	*out = datum_string(arena_text(&c->arena, out->str, n), n);
	buf_release(&b);
}

/* As it is spelled. */
static void
load_any(struct datum_ctx *c, const struct value *v, struct datum *out)
{
	const char *name;
	char text[TIME_MAX];
	int64_t us;
	size_t n;

	switch ((enum value_type)v->type) {
	case VALUE_NULL:
		*out = datum_null();
		return;
	case VALUE_BOOL:
		*out = datum_bool(v->i != 0);
		return;
	case VALUE_INT:
		*out = datum_int(TYPE_LONG, v->i);
		return;
	case VALUE_DOUBLE:
		if (!isfinite(v->d)) { /* spelled as a string */
			name = isnan(v->d) ? "NaN" :
				v->d > 0 ? "Infinity" : "-Infinity";
			*out = datum_string(name, strlen(name));
			out->flags = DATUM_LOOSE;
			return;
		}
		*out = datum_double(v->d);
		return;
	case VALUE_NUMBER:
	case VALUE_REAL:
		load_number(v, out);
		return;
	case VALUE_STRING:
		if (v->n >= 20 && v->n <= 27 && v->s[v->n - 1] == 'Z' &&
			time_parse_iso(v->s, v->n, &us) == 0) {
			*out = datum_int(TYPE_TIMESTAMP, us);
			return;
		}
		load_string(c, v, out);
		out->flags = DATUM_LOOSE;
		return;
	case VALUE_TIME:
		*out = datum_int(TYPE_TIMESTAMP, v->i);
		return;
	case VALUE_DATE:
		n = date_format((int32_t)v->i, text);
		*out = datum_string(arena_text(&c->arena, text, n), n);
		out->flags = DATUM_LOOSE;
		return;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		*out = (struct datum){
			.kind = v->type == VALUE_ARRAY ? TYPE_ARRAY
						       : TYPE_STRUCT,
			.flags = DATUM_JSON, .n = v->n, .str = v->s};
	}
}

static int
load_refuse(struct datum_ctx *c, const struct value *v, struct ty want)
{
	char quoted[80];
	struct buf b, t;

	buf_init(&b);
	buf_init(&t);
	value_print(v, &b);
	ty_print(want, &t);
	err_set(c->err, "is no %s: %s", buf_cstr(&t),
		err_quote(quoted, sizeof(quoted), b.p, b.n));
	buf_release(&b);
	buf_release(&t);
	return -1;
}

/* Text for a string field, whatever stands there. */
static void
load_text(struct datum_ctx *c, const struct value *v, struct datum *out)
{
	struct buf b;

	if (v->type == VALUE_STRING) {
		load_string(c, v, out);
		return;
	}
	buf_init(&b);
	value_print(v, &b);
	if (b.n >= 2 && b.p[0] == '"')
		*out = datum_string(
			arena_text(&c->arena, b.p + 1, b.n - 2), b.n - 2);
	else
		*out = datum_from_buf(c, &b);
	buf_release(&b);
}

static bool
int_fits(int kind, int64_t i)
{
	switch (kind) {
	case TYPE_BYTE:
		return i == (int8_t)i;
	case TYPE_SHORT:
		return i == (int16_t)i;
	case TYPE_INT:
		return i == (int32_t)i;
	}
	return true;
}

/* A whole number, also one that a foreign tool spelled 7.0. */
static bool
load_int(struct datum *d, int kind)
{
	numeric v;

	if (d->kind == TYPE_DOUBLE && d->d == floor(d->d) &&
		fabs(d->d) < 9e18)
		*d = datum_int(TYPE_LONG, (int64_t)d->d);
	else if (d->kind == TYPE_DECIMAL) {
		v = datum_decimal(d);
		return kind == TYPE_LONG && v == (int64_t)v;
	}
	if (d->kind != TYPE_LONG || !int_fits(kind, d->i))
		return false;
	d->kind = (uint8_t)kind;
	return true;
}

static bool
load_real(struct datum *d, int kind)
{
	double x;

	if (d->kind == TYPE_LONG)
		x = (double)d->i;
	else if (d->kind == TYPE_DECIMAL)
		x = numeric_double(datum_decimal(d), d->s);
	else if (d->kind == TYPE_DOUBLE)
		x = d->d;
	else if (d->kind != TYPE_STRING || !number_special(d->str, d->n, &x))
		return false;
	*d = datum_double(kind == TYPE_FLOAT ? (double)(float)x : x);
	d->kind = (uint8_t)kind;
	return true;
}

static bool
load_decimal(const struct value *v, struct ty want, struct datum *out)
{
	char text[NUMBER_MAX];
	numeric d;
	int p, s;
	bool ok;

	if (v->type == VALUE_INT)
		ok = numeric_parse(text, number_print_int(v->i, text), &d, &p,
			&s);
	else if (v->type == VALUE_DOUBLE)
		ok = isfinite(v->d) && numeric_parse(text,
			number_print_double(v->d, text), &d, &p, &s);
	else
		ok = (v->type == VALUE_NUMBER || v->type == VALUE_REAL ||
			     v->type == VALUE_STRING) &&
			numeric_parse(v->s, v->n, &d, &p, &s);
	if (!ok || !numeric_rescale(d, s, want.s, want.p, &d))
		return false;
	*out = datum_from_decimal(d, want.p, want.s);
	return true;
}

static const signed char base64_of[256] = {
	['A'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
	19, 20, 21, 22, 23, 24, 25, 26,
	['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42,
	43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
	['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, ['+'] = 63, ['/'] = 64};

static const char base64_chars[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int
datum_base64_digit(char c)
{
	return base64_of[(unsigned char)c] - 1;
}

bool
datum_base64_decode(const char *s, size_t n, struct buf *out)
{
	unsigned bits = 0;
	size_t have = 0, pad = 0, chars = 0;

	for (size_t i = 0; i < n; i++) {
		int v = base64_of[(unsigned char)s[i]];

		if (s[i] == '\r' || s[i] == '\n' || s[i] == ' ')
			continue;
		if (s[i] == '=') {
			pad++;
			continue;
		}
		if (v == 0 || pad > 0)
			return false;
		bits = bits << 6 | (unsigned)(v - 1);
		have += 6;
		chars++;
		if (have >= 8) {
			have -= 8;
			buf_byte(out, (char)(bits >> have));
		}
	}
	return chars % 4 != 1;
}

void
datum_base64(const char *s, size_t n, struct buf *out)
{
	const unsigned char *p = (const unsigned char *)s;

	for (; n > 0; p += 3, n -= n < 3 ? n : 3) {
		unsigned bits = (unsigned)p[0] << 16 |
			(n > 1 ? (unsigned)p[1] << 8 : 0) | (n > 2 ? p[2] : 0);

		buf_byte(out, base64_chars[bits >> 18]);
		buf_byte(out, base64_chars[bits >> 12 & 63]);
		buf_byte(out, n > 1 ? base64_chars[bits >> 6 & 63] : '=');
		buf_byte(out, n > 2 ? base64_chars[bits & 63] : '=');
	}
}

static int
load_binary(struct datum_ctx *c, const struct value *v, struct ty want,
	struct datum *out)
{
	struct buf b;
	bool ok;

	if (v->type != VALUE_STRING)
		return load_refuse(c, v, want);
	load_string(c, v, out);
	buf_init(&b);
	ok = datum_base64_decode(out->str, out->n, &b);
	if (ok)
		*out = datum_from_buf(c, &b);
	out->kind = TYPE_BINARY;
	buf_release(&b);
	return ok ? 0 : load_refuse(c, v, want);
}

static int
load_time(struct datum_ctx *c, const struct value *v, struct ty want,
	struct datum *out)
{
	int64_t us;
	int32_t days;

	if (value_get_time(v, &us) == 0) {
		*out = want.kind == TYPE_TIMESTAMP
			? datum_int(TYPE_TIMESTAMP, us)
			: datum_int(TYPE_DATE,
				  time_floor_div(us, 86400 * TIME_SECOND));
		return 0;
	}
	if (v->type == VALUE_DATE) {
		*out = want.kind == TYPE_DATE
			? datum_int(TYPE_DATE, v->i)
			: datum_moment(c->env->zone, v->i, 0);
		return 0;
	}
	if (v->type != VALUE_STRING)
		return load_refuse(c, v, want);
	if (want.kind == TYPE_DATE) {
		if (date_parse(v->s, v->n, &days) != 0)
			return load_refuse(c, v, want);
		*out = datum_int(TYPE_DATE, days);
		return 0;
	}
	if (time_parse(v->s, v->n, c->env->zone, c->env->batch_us, &us) != 0)
		return load_refuse(c, v, want);
	*out = datum_int(TYPE_TIMESTAMP, us);
	return 0;
}

int
datum_load(struct datum_ctx *c, const struct value *v, struct ty want,
	struct datum *out)
{
	bool ok = true;

	if (v == NULL || v->type == VALUE_NULL) {
		*out = datum_null();
		return 0;
	}
	switch ((int)want.kind) {
	case TYPE_STRING:
		load_text(c, v, out);
		return 0;
	case TYPE_DECIMAL:
		return load_decimal(v, want, out) ? 0
						  : load_refuse(c, v, want);
	case TYPE_BINARY:
		return load_binary(c, v, want, out);
	case TYPE_TIMESTAMP:
	case TYPE_DATE:
		return load_time(c, v, want, out);
	}
	load_any(c, v, out);
	switch ((int)want.kind) {
	case TYPE_UNKNOWN:
		break;
	case TYPE_BOOLEAN:
		ok = out->kind == TYPE_BOOLEAN;
		break;
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
		ok = load_int(out, want.kind);
		break;
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		ok = load_real(out, want.kind);
		break;
	case TYPE_ARRAY:
		ok = v->type == VALUE_ARRAY;
		out->t = want.t;
		break;
	case TYPE_MAP:
	case TYPE_STRUCT:
		ok = v->type == VALUE_OBJECT;
		out->kind = want.kind;
		out->t = want.t;
		break;
	}
	return ok ? 0 : load_refuse(c, v, want);
}

/* Nested values. */

struct items {
	struct datum *p;
	size_t n, cap;
};

static struct datum *
items_add(struct datum_ctx *c, struct items *l)
{
	struct datum *p;

	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? l->cap * 2 : 8;
		p = arena_get(&c->arena, l->cap * sizeof(*p));
		if (l->n > 0)
			memcpy(p, l->p, l->n * sizeof(*p));
		l->p = p;
	}
	return &l->p[l->n++];
}

static int
open_struct(struct datum_ctx *c, struct datum *d, const struct value *v)
{
	const struct schema *fields = d->t->fields;
	struct datum *items = arena_get(&c->arena,
		fields->n * sizeof(*items));
	struct value member;

	for (size_t i = 0; i < fields->n; i++) {
		const char *name = fields->f[i].name;

		if (!json_get(v, name, strlen(name), &member))
			items[i] = datum_null();
		else if (datum_load(c, &member, ty_from(fields->f[i].type),
				 &items[i]) != 0)
			return -1;
	}
	*d = datum_items(TYPE_STRUCT, items, fields->n, d->t);
	return 0;
}

/* An object of which nothing is known becomes a struct of what it has. */
static void
open_unknown(struct datum_ctx *c, struct datum *d, const struct items *l)
{
	size_t n = l->n / 2;
	struct datum *items = arena_get(&c->arena, n * sizeof(*items));
	const char **names = arena_get(&c->arena, n * sizeof(*names));
	struct ty *types = arena_get(&c->arena, n * sizeof(*types));

	for (size_t i = 0; i < n; i++) {
		names[i] = arena_text(
			&c->arena, l->p[2 * i].str, l->p[2 * i].n);
		items[i] = l->p[2 * i + 1];
		types[i] = ty(TYPE_UNKNOWN);
	}
	*d = datum_items(TYPE_STRUCT, items, n,
		ty_struct(&c->arena, names, types, n).t);
}

/* What a key's text stands for: keys are strings in JSON whatever they are in
 * the map. */
static void
key_value(struct datum_ctx *c, const struct datum *key, struct ty want,
	struct value *v)
{
	struct json_error why;
	char *text;
	double d;

	*v = value_json_string(key->str, key->n, false);
	if ((ty_numeric(want) && !number_special(key->str, key->n, &d)) ||
		want.kind == TYPE_BOOLEAN || ty_nested(want)) {
		text = arena_zero(&c->arena, key->n + JSON_PADDING);
		memcpy(text, key->str, key->n);
		json_read(text, text + key->n, 0, v, &why);
	}
}

static int
open_key(struct datum_ctx *c, struct datum *key, struct ty want)
{
	struct value v;

	if (want.kind == TYPE_STRING || want.kind == TYPE_UNKNOWN)
		return 0;
	key_value(c, key, want, &v);
	return datum_load(c, &v, want, key);
}

int
datum_open(struct datum_ctx *c, struct datum *d)
{
	struct value v, key, e;
	struct items l = {0};
	struct json_iter it;
	struct ty elem, kt;

	if ((d->flags & DATUM_JSON) == 0)
		return 0;
	v = (struct value){.s = d->str, .n = d->n,
		.type = d->kind == TYPE_ARRAY ? VALUE_ARRAY : VALUE_OBJECT};
	if (d->kind == TYPE_STRUCT && d->t != NULL && d->t->fields != NULL)
		return open_struct(c, d, &v);
	elem = ty_elem(datum_ty(d));
	kt = ty_key(datum_ty(d));
	json_iter(&it, &v);
	while (json_next(&it, &key, &e)) {
		if (d->kind != TYPE_ARRAY) {
			struct datum *k = items_add(c, &l);

			load_string(c, &key, k);
			if (open_key(c, k, kt) != 0)
				return -1;
		}
		if (datum_load(c, &e, elem, items_add(c, &l)) != 0)
			return -1;
	}
	if (d->kind == TYPE_STRUCT)
		open_unknown(c, d, &l);
	else
		*d = datum_items(d->kind, l.p,
			d->kind == TYPE_MAP ? l.n / 2 : l.n, d->t);
	return 0;
}

static bool
same_name(const char *a, const char *b, size_t n)
{
	return strncasecmp(a, b, n) == 0 && a[n] == '\0';
}

/* Of an object without a type: by its name, then without regard to case. */
static int
field_unknown(struct datum_ctx *c, const struct datum *d, const char *name,
	size_t n, struct datum *out)
{
	struct value v = {.s = d->str, .n = d->n, .type = VALUE_OBJECT};
	struct value key, e;
	struct json_iter it;

	if (json_get(&v, name, n, &e))
		return datum_load(c, &e, ty(TYPE_UNKNOWN), out);
	*out = datum_null();
	json_iter(&it, &v);
	while (json_next(&it, &key, &e))
		if (key.n == n && strncasecmp(key.s, name, n) == 0)
			return datum_load(c, &e, ty(TYPE_UNKNOWN), out);
	return 0;
}

int
datum_field(struct datum_ctx *c, const struct datum *d, const char *name,
	size_t n, struct datum *out)
{
	const struct schema *fields;
	struct value v, e;

	*out = datum_null();
	if (d->kind == TYPE_NULL)
		return 0;
	if (d->kind == TYPE_STRUCT && (d->t == NULL || d->t->fields == NULL))
		return field_unknown(c, d, name, n, out);
	if (d->kind == TYPE_STRUCT) {
		fields = d->t->fields;
		for (size_t i = 0; i < fields->n; i++) {
			if (!same_name(fields->f[i].name, name, n))
				continue;
			if ((d->flags & DATUM_JSON) == 0) {
				*out = d->items[i];
				return 0;
			}
			v = (struct value){.s = d->str, .n = d->n,
				.type = VALUE_OBJECT};
			name = fields->f[i].name;
			if (!json_get(&v, name, strlen(name), &e))
				return 0;
			return datum_load(c, &e, ty_from(fields->f[i].type),
				out);
		}
	}
	return 0;
}

/* Order. */

static int
compare_double(double a, double b)
{
	if (a < b || (isnan(b) && !isnan(a)))
		return -1;
	return a > b || (isnan(a) && !isnan(b));
}

static double
as_double(const struct datum *d)
{
	if (d->kind == TYPE_DECIMAL)
		return numeric_double(datum_decimal(d), d->s);
	return ty_integral(datum_ty(d)) ? (double)d->i : d->d;
}

static int
compare_numbers(const struct datum *a, const struct datum *b)
{
	numeric x, y;

	if (ty_fraction(datum_ty(a)) || ty_fraction(datum_ty(b)))
		return compare_double(as_double(a), as_double(b));
	x = a->kind == TYPE_DECIMAL ? datum_decimal(a) : a->i;
	y = b->kind == TYPE_DECIMAL ? datum_decimal(b) : b->i;
	return numeric_compare(x, a->kind == TYPE_DECIMAL ? a->s : 0, y,
		b->kind == TYPE_DECIMAL ? b->s : 0);
}

static int
compare_items(struct datum_ctx *c, struct datum a, struct datum b)
{
	size_t n, na, nb;
	int r;

	if (datum_open(c, &a) != 0 || datum_open(c, &b) != 0) {
		c->broken = true;
		return 0;
	}
	na = a.kind == TYPE_MAP ? 2 * a.n : a.n;
	nb = b.kind == TYPE_MAP ? 2 * b.n : b.n;
	n = na < nb ? na : nb;
	for (size_t i = 0; i < n; i++) {
		r = datum_compare(c, &a.items[i], &b.items[i]);
		if (r != 0)
			return r;
	}
	return na < nb ? -1 : na > nb;
}

int
datum_compare(struct datum_ctx *c, const struct datum *a,
	const struct datum *b)
{
	size_t n;
	int r;

	if (a->kind == TYPE_NULL || b->kind == TYPE_NULL)
		return (a->kind != TYPE_NULL) - (b->kind != TYPE_NULL);
	if (ty_numeric(datum_ty(a)) && ty_numeric(datum_ty(b))) {
		if (ty_integral(datum_ty(a)) && ty_integral(datum_ty(b)))
			return a->i < b->i ? -1 : a->i > b->i;
		return compare_numbers(a, b);
	}
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	switch ((int)a->kind) {
	case TYPE_STRING:
	case TYPE_BINARY:
		n = a->n < b->n ? a->n : b->n;
		r = n > 0 ? memcmp(a->str, b->str, n) : 0;
		if (r != 0)
			return r < 0 ? -1 : 1;
		return a->n < b->n ? -1 : a->n > b->n;
	case TYPE_ARRAY:
	case TYPE_MAP:
	case TYPE_STRUCT:
		return compare_items(c, *a, *b);
	}
	return a->i < b->i ? -1 : a->i > b->i;
}

/* Copies. */

struct datum
datum_copy(struct datum_ctx *c, struct arena *a, const struct datum *d)
{
	struct datum r = *d;
	struct datum *items;
	size_t n;

	/* What items share is copied for each of them. */
	if (datum_too_long(c, arena_used(a)))
		return datum_null();
	if (d->kind == TYPE_STRING || d->kind == TYPE_BINARY ||
		(d->flags & DATUM_JSON) != 0) {
		/* Scanners of JSON look beyond the end. */
		r.str = memset(arena_get(a, d->n + JSON_PADDING + 1), 0,
			d->n + JSON_PADDING + 1);
		if (d->n > 0)
			memcpy((char *)r.str, d->str, d->n);
	} else if (ty_nested(datum_ty(d))) {
		n = d->kind == TYPE_MAP ? 2 * (size_t)d->n : d->n;
		items = arena_get(a, n * sizeof(*items));
		for (size_t i = 0; i < n; i++)
			items[i] = datum_copy(c, a, &d->items[i]);
		r.items = items;
		/* Types made while evaluating die with the evaluation. */
		r.t = keep_type(a, d->t);
	}
	return r;
}
