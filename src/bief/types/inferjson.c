#include "types/inferjson.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "value/json.h"
#include "value/lenient.h"
#include "value/value.h"
#include "types/schema.h"

#define DIGITS 38 /* of a decimal, at most */

/* Numbers. */

/* The decimal that a number is, with commas between thousands; NULL: it is no
 * number, or has too many digits. */
static struct type *
decimal_type(const char *s, size_t n)
{
	const char *p = s, *end = s + n;
	int digits = 0, scale = 0, exp = 0, seen = 0;
	bool point = false;
	struct type *t;
	char *stop;

	if (p < end && (*p == '-' || *p == '+'))
		p++;
	for (; p < end &&
		(isdigit((unsigned char)*p) || *p == ',' ||
			(*p == '.' && !point));
		p++) {
		point |= *p == '.';
		if (!isdigit((unsigned char)*p))
			continue;
		seen++;
		digits += digits > 0 || *p != '0';
		scale += point;
	}
	if (p < end && seen > 0 && (*p == 'e' || *p == 'E')) {
		exp = (int)strtol(p + 1, &stop, 10);
		p = stop > p + 1 ? stop : p;
	}
	scale -= exp;
	if (digits < scale || digits == 0)
		digits = scale > 1 ? scale : 1;
	if (p != end || seen == 0 || scale < 0 || digits > DIGITS)
		return NULL;
	t = type_new(TYPE_DECIMAL);
	t->precision = digits;
	t->scale = scale;
	return t;
}

static struct type *
number_type(const struct value *v, const struct inferjson_style *style)
{
	bool whole = memchr(v->s, '.', v->n) == NULL &&
		memchr(v->s, 'e', v->n) == NULL &&
		memchr(v->s, 'E', v->n) == NULL;
	struct type *t = NULL;

	if (style->texts)
		return type_new(TYPE_STRING);
	if (whole && value_number(v, false).type == VALUE_INT)
		return type_new(TYPE_LONG);
	if (whole || style->decimals)
		t = decimal_type(v->s, v->n);
	return t != NULL ? t : type_new(TYPE_DOUBLE);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct schema_field *)a)->name,
		((const struct schema_field *)b)->name);
}

static void
sort_fields(struct schema *s)
{
	if (s->n > 1)
		qsort(s->f, s->n, sizeof(s->f[0]), by_name);
}

/* Putting types together; the results take the place of a, b is given up. */

static struct type *merge(struct type *a, struct type *b);

static struct type *
keep(struct type *a, struct type *b)
{
	type_free(b);
	return a;
}

static struct type *
merge_decimals(struct type *a, struct type *b)
{
	int range = a->precision - a->scale;

	if (b->precision - b->scale > range)
		range = b->precision - b->scale;
	if (b->scale > a->scale)
		a->scale = b->scale;
	a->precision = range + a->scale;
	if (a->precision > DIGITS)
		*a = (struct type){.kind = TYPE_DOUBLE};
	return keep(a, b);
}

static struct type *
merge_structs(struct type *a, struct type *b)
{
	for (size_t i = 0; i < b->fields->n; i++) {
		struct schema_field *f = &b->fields->f[i];
		int at = schema_find(a->fields, f->name, strlen(f->name));

		if (at < 0)
			schema_add(a->fields, f->name, f->type);
		else
			a->fields->f[at].type = merge(
				a->fields->f[at].type, f->type);
		f->type = NULL;
	}
	sort_fields(a->fields);
	return keep(a, b);
}

static struct type *
merge(struct type *a, struct type *b)
{
	if (b->kind == TYPE_NULL)
		return keep(a, b);
	if (a->kind == TYPE_NULL)
		return keep(b, a);
	if (a->kind > b->kind)
		return merge(b, a);
	if (b->kind == TYPE_DECIMAL && a->kind == TYPE_LONG)
		*a = (struct type){.kind = TYPE_DECIMAL, .precision = 20};
	if (a->kind == b->kind) {
		if (a->kind == TYPE_DECIMAL)
			return merge_decimals(a, b);
		if (a->kind == TYPE_STRUCT)
			return merge_structs(a, b);
		if (a->kind == TYPE_ARRAY) {
			a->elem = merge(a->elem, b->elem);
			b->elem = NULL;
		}
		return keep(a, b);
	}
	if (a->kind == TYPE_LONG && b->kind == TYPE_DOUBLE)
		return keep(b, a);
	if (a->kind == TYPE_DOUBLE && b->kind == TYPE_DECIMAL)
		return keep(a, b);
	type_free(a);
	type_free(b);
	return type_new(TYPE_STRING);
}

/* Values. */

static struct type *infer(
	const struct value *v, const struct inferjson_style *style);

static struct type *
object_type(const struct value *v, const struct inferjson_style *style)
{
	struct type *t = type_new(TYPE_STRUCT);
	struct value key, x;
	struct json_iter it;
	struct buf name;

	t->fields = schema_new();
	buf_init(&name);
	json_iter(&it, v);
	while (json_next(&it, &key, &x)) {
		buf_clear(&name);
		json_unquote(&name, key.s, key.n);
		buf_cstr(&name);
		if (name.n > 0 && strlen(name.p) == name.n &&
			schema_find(t->fields, name.p, name.n) < 0)
			schema_add(t->fields, name.p, infer(&x, style));
	}
	buf_release(&name);
	sort_fields(t->fields);
	return t;
}

static struct type *
array_type(const struct value *v, const struct inferjson_style *style)
{
	struct type *t = type_new(TYPE_ARRAY);
	struct json_iter it;
	struct value x;

	t->elem = type_new(TYPE_NULL);
	json_iter(&it, v);
	while (json_next(&it, NULL, &x))
		t->elem = merge(t->elem, infer(&x, style));
	return t;
}

static struct type *
infer(const struct value *v, const struct inferjson_style *style)
{
	struct type *t = NULL;

	switch (v->type) {
	case VALUE_NULL:
		return type_new(TYPE_NULL);
	case VALUE_BOOL:
		return type_new(style->texts ? TYPE_STRING : TYPE_BOOLEAN);
	case VALUE_STRING:
		if (style->decimals && !style->texts)
			t = decimal_type(v->s, v->n);
		return t != NULL ? t : type_new(TYPE_STRING);
	case VALUE_OBJECT:
		return object_type(v, style);
	case VALUE_ARRAY:
		return array_type(v, style);
	default:
		return number_type(v, style);
	}
}

/* What is null becomes string, or nothing; so does what holds nothing.  False:
 * nothing is left. */
static bool
settle(struct type *t, const struct inferjson_style *style)
{
	size_t i = 0;

	if (t->kind == TYPE_ARRAY)
		return settle(t->elem, style);
	if (t->kind == TYPE_NULL && !style->drop_nulls)
		t->kind = TYPE_STRING;
	if (t->kind != TYPE_STRUCT)
		return t->kind != TYPE_NULL;
	while (i < t->fields->n)
		if (settle(t->fields->f[i].type, style))
			i++;
		else
			schema_remove(t->fields, i);
	return t->fields->n > 0;
}

struct type *
inferjson_read(struct lenient *l, const struct inferjson_style *style)
{
	const char *p = l->begin;
	struct type *t = NULL, *inner;
	struct json_error e;
	struct buf text;
	struct value v;

	/* What holds nothing is a null. */
	if (lenient_space(l, p) == l->end)
		return type_new(TYPE_STRING);
	l->flags |= LENIENT_INFINITE;
	buf_init(&text);
	if (json_read(p, l->end, 0, &v, &e) == NULL) {
		if (lenient_value(l, p, 0, &text) == NULL)
			goto done;
		buf_need(&text, JSON_PADDING);
		if (json_read(text.p, text.p + text.n, 0, &v, &e) == NULL) {
			lenient_refuse(l, p, "expected a value");
			goto done;
		}
	}
	t = infer(&v, style);
	inner = t->kind == TYPE_ARRAY ? t->elem : t;
	if (!settle(t, style) && inner->kind != TYPE_STRUCT) {
		type_free(t);
		t = type_new(TYPE_STRING);
	}
done:
	buf_release(&text);
	return t;
}

/* Spark's spelling. */

static void
print_name(const char *s, struct buf *out)
{
	bool plain = !isdigit((unsigned char)*s);

	for (const char *p = s; *p != '\0'; p++)
		plain &= isalnum((unsigned char)*p) || *p == '_';
	if (!plain)
		buf_byte(out, '`');
	for (; *s != '\0'; s++) {
		if (*s == '`')
			buf_byte(out, '`');
		buf_byte(out, *s);
	}
	if (!plain)
		buf_byte(out, '`');
}

void
inferjson_print(const struct type *t, struct buf *out)
{
	switch (t->kind) {
	case TYPE_ARRAY:
		buf_str(out, "ARRAY<");
		inferjson_print(t->elem, out);
		buf_byte(out, '>');
		return;
	case TYPE_STRUCT:
		buf_str(out, "STRUCT<");
		for (size_t i = 0; i < t->fields->n; i++) {
			if (i > 0)
				buf_str(out, ", ");
			print_name(t->fields->f[i].name, out);
			buf_str(out, ": ");
			inferjson_print(t->fields->f[i].type, out);
		}
		buf_byte(out, '>');
		return;
	case TYPE_DECIMAL:
		buf_printf(out, "DECIMAL(%d,%d)", t->precision, t->scale);
		return;
	case TYPE_LONG:
		buf_str(out, "BIGINT");
		return;
	case TYPE_DOUBLE:
		buf_str(out, "DOUBLE");
		return;
	case TYPE_BOOLEAN:
		buf_str(out, "BOOLEAN");
		return;
	default:
		buf_str(out, "STRING");
	}
}
