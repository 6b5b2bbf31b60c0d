/*
 * datum: what an evaluation works with, what is inside nested values, order,
 * and copies.
 *
 * Arrays and objects stay JSON text until somebody looks into them: most are
 * only passed on.
 */
#include "expr/sql/datum/datum.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "floor/err.h"
#include "text/number.h"
#include "value/json.h"

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

/* Nested values. */

static int
open_struct(struct datum_ctx *c, struct datum *d, const struct value *v)
{
	const struct schema *fields = d->t->fields;
	struct datum *items = arena_get(&c->arena, fields->n * sizeof(*items));
	struct value member;

	for (size_t i = 0; i < fields->n; i++) {
		const char *name = fields->f[i].name;

		if (!json_get(v, name, strlen(name), &member))
			items[i] = datum_null();
		else if (datum_load(c, &member, ty_from(fields->f[i].type),
				 &items[i]) < 0)
			return -1;
	}
	*d = datum_items(TYPE_STRUCT, items, fields->n, d->t);
	return 0;
}

/* An object of which nothing is known becomes a struct of what it has. */
static void
open_unknown(struct datum_ctx *c, struct datum *d, const struct datum_list *l)
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
	*d = datum_items(
		TYPE_STRUCT, items, n, ty_struct(&c->arena, names, types, n).t);
}

/* What a key's text stands for: keys are strings in JSON whatever they are in
 * the map. */
static void
open_key_value(struct datum_ctx *c, const struct datum *key, struct ty want,
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
	open_key_value(c, key, want, &v);
	return datum_load(c, &v, want, key);
}

int
datum_open(struct datum_ctx *c, struct datum *d)
{
	struct value v, key, e;
	struct datum_list l = {0};
	struct json_iter it;
	struct ty elem, kt;

	if ((d->flags & DATUM_JSON) == 0)
		return 0;
	v = (struct value){.s = d->str,
		.n = d->n,
		.type = d->kind == TYPE_ARRAY ? VALUE_ARRAY : VALUE_OBJECT};
	if (d->kind == TYPE_STRUCT && d->t != NULL && d->t->fields != NULL)
		return open_struct(c, d, &v);
	elem = ty_elem(datum_ty(d));
	kt = ty_key(datum_ty(d));
	json_iter(&it, &v);
	while (json_next(&it, &key, &e)) {
		if (d->kind != TYPE_ARRAY) {
			struct datum *k = datum_list_add(c, &l);

			datum_load_string(c, &key, k);
			if (open_key(c, k, kt) < 0)
				return -1;
		}
		if (datum_load(c, &e, elem, datum_list_add(c, &l)) < 0)
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
field_is(const char *a, const char *b, size_t n)
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
			if (!field_is(fields->f[i].name, name, n))
				continue;
			if ((d->flags & DATUM_JSON) == 0) {
				*out = d->items[i];
				return 0;
			}
			v = (struct value){
				.s = d->str, .n = d->n, .type = VALUE_OBJECT};
			name = fields->f[i].name;
			if (!json_get(&v, name, strlen(name), &e))
				return 0;
			return datum_load(
				c, &e, ty_from(fields->f[i].type), out);
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
compare_as_double(const struct datum *d)
{
	if (d->kind == TYPE_DECIMAL)
		return numeric_double(datum_decimal(d), d->s);
	return ty_integral(datum_ty(d)) ? (double)d->i : d->d;
}

static int
compare_two_numbers(const struct datum *a, const struct datum *b)
{
	numeric x, y;

	if (ty_fraction(datum_ty(a)) || ty_fraction(datum_ty(b)))
		return compare_double(
			compare_as_double(a), compare_as_double(b));
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

	if (datum_open(c, &a) < 0 || datum_open(c, &b) < 0) {
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
datum_compare(struct datum_ctx *c, const struct datum *a, const struct datum *b)
{
	size_t n;
	int r;

	if (a->kind == TYPE_NULL || b->kind == TYPE_NULL)
		return (a->kind != TYPE_NULL) - (b->kind != TYPE_NULL);
	if (ty_numeric(datum_ty(a)) && ty_numeric(datum_ty(b))) {
		if (ty_integral(datum_ty(a)) && ty_integral(datum_ty(b)))
			return a->i < b->i ? -1 : a->i > b->i;
		return compare_two_numbers(a, b);
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
		r.t = ty_keep(a, d->t).t;
	}
	return r;
}
