/*
 * fromvalue: what each type takes and what it makes of it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "text/base64.h"
#include "text/number.h"
#include "text/numeric.h"
#include "time/date.h"
#include "time/time.h"
#include "time/timepat.h"
#include "value/json.h"
#include "types/fromjson_impl.h"
#include "types/schema.h"

static void
own(struct value *v, enum value_type type, struct fromvalue *f, size_t at)
{
	*v = (struct value){.i = (int64_t)at,
		.n = (uint32_t)(f->text.n - at),
		.type = type,
		.flags = IN_TEXT};
	/* An empty text has a place, too. */
	buf_need(&f->text, 1);
	f->owned = true;
	if (type == VALUE_STRING && memchr(f->text.p + at, '\\', v->n) != NULL)
		v->flags |= VALUE_ESCAPED;
}

static bool
float_word(const char *s, size_t n, double *d)
{
	static const struct {
		const char *word;
		double value;
	} words[] = {
		{"NaN", NAN},
		{"Infinity", INFINITY},
		{"+Infinity", INFINITY},
		{"+INF", INFINITY},
		{"-Infinity", -INFINITY},
		{"-INF", -INFINITY},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == n &&
			memcmp(words[i].word, s, n) == 0) {
			*d = words[i].value;
			return true;
		}
	return false;
}

/* Four characters of base 64 at s, of which the last ones may be padding, to
 * bytes. */
static bool
fromvalue_take_group(const char *s, struct buf *out)
{
	int pad = s[3] != '=' ? 0 : s[2] != '=' ? 1 : 2;
	unsigned bits = 0;
	int v;

	for (int i = 0; i < 4; i++) {
		v = i < 4 - pad ? base64_digit(s[i]) : 0;
		if (v < 0)
			return false;
		bits = bits << 6 | (unsigned)v;
	}
	for (int i = 0; i < 3 - pad; i++)
		buf_byte(out, (char)(bits >> (16 - 8 * i)));
	return true;
}

/* Base 64 as Jackson takes it, groups of four with blanks between them, as it
 * is written without. */
static bool
binary(struct fromvalue *f, const char *s, size_t n, struct value *v)
{
	const char *end = s + n;
	size_t at = f->text.n;

	buf_clear(&f->digits);
	for (;;) {
		while (s < end && (unsigned char)*s <= ' ')
			s++;
		if (s == end)
			break;
		if (end - s < 4 || !fromvalue_take_group(s, &f->digits))
			return false;
		s += 4;
	}
	base64_encode(f->digits.p, f->digits.n, &f->text);
	own(v, VALUE_STRING, f, at);
	return true;
}

static bool
decimal(struct fromvalue *f, const char *s, size_t n, const struct type *t,
	struct value *v)
{
	char text[48];
	size_t len, at = f->text.n;

	len = numeric_spell(s, n, t->precision, t->scale, text);
	if (len == 0)
		return false;
	buf_add(&f->text, text, len);
	own(v, VALUE_NUMBER, f, at);
	return true;
}

static bool
time_text(struct fromvalue *f, const char *s, size_t n, struct value *v)
{
	int64_t us;

	if (f->pattern != NULL) {
		if (timepat_parse(f->pattern, s, n, f->zone, &us) < 0)
			return false;
	} else if (time_parse_iso(s, n, &us) < 0 &&
		time_parse(s, n, f->zone, f->now_us, &us) < 0) {
		return false;
	}
	*v = value_time(us);
	return true;
}

/* Days since 1970 as text, which Spark takes since its beginnings. */
static bool
day_count(const char *s, size_t n, int32_t *days)
{
	int64_t i;

	if (n > 1 && s[0] == '+' && s[1] != '-') {
		s++;
		n--;
	}
	if (n == 0 || number_int(s, n, &i) < 0 || i != (int32_t)i)
		return false;
	*days = (int32_t)i;
	return true;
}

static bool
date_text(const struct fromvalue *f, const char *s, size_t n, int32_t *days)
{
	if (f->date_pattern == NULL)
		return date_parse(s, n, days) == 0 || day_count(s, n, days);
	return timepat_parse_date(f->date_pattern, s, n, days) == 0;
}

/* A decimal in text: commas part thousands. */
static bool
decimal_text(struct fromvalue *f, const char *s, size_t n, const struct type *t,
	struct value *v)
{
	if (memchr(s, ',', n) == NULL)
		return decimal(f, s, n, t, v);
	buf_clear(&f->digits);
	for (size_t i = 0; i < n; i++)
		if (s[i] != ',')
			buf_byte(&f->digits, s[i]);
	return f->digits.n > 0 && decimal(f, f->digits.p, f->digits.n, t, v);
}

/* Does the plain text fit the type, which is none of text? */
static bool
from_plain(struct fromvalue *f, const struct type *t, const char *s, size_t n,
	struct value *v)
{
	int32_t days;
	double d;

	switch (t->kind) {
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		if ((f->l.flags & LENIENT_NO_WORDS) != 0 ||
			!float_word(s, n, &d))
			return false;
		*v = value_double(d);
		return true;
	case TYPE_DECIMAL:
		return decimal_text(f, s, n, t, v);
	case TYPE_TIMESTAMP:
		return n > 0 && time_text(f, s, n, v);
	case TYPE_DATE:
		if (!date_text(f, s, n, &days))
			return false;
		*v = (struct value){.i = days, .type = VALUE_DATE};
		return true;
	case TYPE_NULL:
		*v = value_null();
		return true;
	default:
		return false;
	}
}

static bool
from_string(struct fromvalue *f, const struct type *t,
	const struct lenient_string *s, struct value *v)
{
	const char *plain = s->s;
	size_t n = s->n, at = f->text.n;

	if (t->kind != TYPE_STRING && s->escaped) {
		buf_clear(&f->plain);
		lenient_plain(s, &f->plain);
		plain = f->plain.p;
		n = f->plain.n;
	}
	if (t->kind != TYPE_STRING && t->kind != TYPE_BINARY)
		return from_plain(f, t, plain, n, v);
	if (t->kind == TYPE_BINARY)
		return binary(f, plain, n, v);
	if (s->odd) {
		lenient_json(s, &f->text);
		own(v, VALUE_STRING, f, at);
	} else {
		*v = value_json_string(s->s, s->n, s->escaped);
	}
	return true;
}

static bool
from_integer(
	const struct type *t, const struct lenient_number *n, struct value *v)
{
	int64_t i;

	if (!n->integer || number_int(n->s, n->n, &i) < 0)
		return false;
	switch (t->kind) {
	case TYPE_BYTE:
		/* A byte of Jackson's: up to 255, which wraps. */
		if (i < INT8_MIN || i > UINT8_MAX)
			return false;
		i = (int8_t)i;
		break;
	case TYPE_SHORT:
		if (i != (int16_t)i)
			return false;
		break;
	case TYPE_INT:
		if (i != (int32_t)i)
			return false;
		break;
	default:
		break;
	}
	*v = value_int(i);
	return true;
}

/* A number of seconds; one beyond all times is null, and not what holds it. */
static bool
from_seconds(struct fromvalue *f, const struct type *t,
	const struct lenient_number *n, struct value *v)
{
	int64_t i;

	if (!n->integer || number_int(n->s, n->n, &i) < 0)
		return false;
	if (!fromvalue_time(t, i, v)) {
		*v = value_null();
		fromvalue_misfit(f, t, n->s, n->s + n->n);
	}
	return true;
}

/* A number's text, as the inside of a JSON string. */
static void
number_string(struct fromvalue *f, const struct lenient_number *n)
{
	size_t at = f->text.n;

	lenient_number_text(n, &f->text);
	if (f->text.p[at] != '"')
		return;
	buf_clear(&f->plain);
	buf_add(&f->plain, f->text.p + at + 1, f->text.n - at - 2);
	f->text.n = at;
	buf_printf(&f->text, "\\\"%s\\\"", buf_cstr(&f->plain));
}

static bool
from_number(struct fromvalue *f, const struct type *t,
	const struct lenient_number *n, struct value *v)
{
	size_t at = f->text.n;
	double d;

	switch (t->kind) {
	case TYPE_STRING:
		number_string(f, n);
		own(v, VALUE_STRING, f, at);
		return true;
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
		return from_integer(t, n, v);
	case TYPE_TIMESTAMP:
		return from_seconds(f, t, n, v);
	case TYPE_FLOAT:
		d = n->finite ? number_double(n->s, n->n) : n->value;
		*v = value_double((double)(float)d);
		if (n->integer && d == 0)
			*v = value_double(0);
		return true;
	case TYPE_DOUBLE:
		if (!n->finite)
			*v = value_double(n->value);
		else if (n->integer && n->s[0] == '-' && n->s[1] == '0')
			*v = value_double(0);
		else if (n->zeros)
			*v = value_double(number_double(n->s, n->n));
		else
			*v = (struct value){.s = n->s,
				.n = (uint32_t)n->n,
				.type = VALUE_REAL};
		return true;
	case TYPE_DECIMAL:
		return n->finite && decimal(f, n->s, n->n, t, v);
	case TYPE_NULL:
		*v = value_null();
		return true;
	default:
		return false;
	}
}

static bool
from_word(struct fromvalue *f, const struct type *t, const char *s, size_t n,
	struct value *v)
{
	if (*s == 'n' || t->kind == TYPE_NULL) {
		*v = value_null();
		return true;
	}
	if (t->kind == TYPE_STRING)
		*v = value_json_string(s, n, false);
	else if (t->kind == TYPE_BOOLEAN)
		*v = value_bool(*s == 't');
	else
		return false;
	return true;
}

/* Reading values in general. */

void
fromvalue_misfit(struct fromvalue *f, const struct type *t, const char *at,
	const char *end)
{
	if (!f->malformed) {
		f->misfit = t;
		f->value = at;
		f->nvalue = (size_t)(end - at);
	}
	f->malformed = true;
}

static const char *read_nested(struct fromvalue *f, const char *p,
	const struct type *t, int depth, bool *fits);

const char *
fromvalue_read(struct fromvalue *f, const char *p, const struct type *t,
	int depth, struct value *v, bool *fits)
{
	struct lenient_string s;
	struct lenient_number n;
	const char *start;
	size_t at = f->nested.n;

	if (depth == 1)
		f->twice = false;
	p = start = lenient_space(&f->l, p);
	if (p >= f->l.end)
		return lenient_early(&f->l);
	switch (*p) {
	case '"':
	case '\'':
		p = lenient_string(&f->l, p, &s);
		if (p != NULL)
			*fits = from_string(f, t, &s, v);
		return p;
	case '{':
	case '[':
		if (t->kind == TYPE_STRING) {
			buf_clear(&f->plain);
			p = lenient_value(&f->l, p, depth, &f->plain);
			at = f->text.n;
			json_quote(&f->text, f->plain.p, f->plain.n);
			own(v, VALUE_STRING, f, at);
			/* Without the quotes. */
			v->i++;
			v->n -= 2;
			*fits = true;
			return p;
		}
		p = read_nested(f, p, t, depth, fits);
		if (t->kind == TYPE_NULL) {
			*v = value_null();
			return p;
		}
		*v = (struct value){.i = (int64_t)at,
			.n = (uint32_t)(f->nested.n - at),
			.type = *start == '{' ? VALUE_OBJECT : VALUE_ARRAY,
			.flags = f->twice ? IN_NESTED
					  : IN_NESTED | VALUE_SINGLE};
		return p;
	case 't':
	case 'f':
	case 'n':
		p = lenient_word(&f->l, p);
		if (p != NULL)
			*fits = from_word(f, t, start, (size_t)(p - start), v);
		return p;
	}
	if (!lenient_is_number(*p))
		return lenient_refuse(&f->l, p, "expected a value");
	p = lenient_number(&f->l, p, &n);
	if (p != NULL)
		*fits = from_number(f, t, &n, v);
	return p;
}

/* Append the value as JSON to f->nested; nothing where it does not fit. */
static const char *
read_element(struct fromvalue *f, const char *p, const struct type *t,
	int depth, bool *fits)
{
	struct value v;
	size_t at;

	p = fromvalue_read(f, p, t, depth, &v, fits);
	if (p == NULL || !*fits || v.flags & IN_NESTED)
		return p;
	if (v.flags & IN_TEXT) {
		at = (size_t)v.i;
		v.s = f->text.p + at;
		v.flags &= (uint8_t)~IN_TEXT;
	}
	value_print(&v, &f->nested);
	return p;
}

const char *
fromvalue_member(
	struct fromvalue *f, const char *p, const struct type *t, int depth)
{
	const char *q;
	bool fits;

	q = read_element(f, p, t, depth, &fits);
	if (q != NULL && !fits) {
		fromvalue_misfit(f, t, lenient_space(&f->l, p), q);
		buf_add(&f->nested, "null", 4);
	}
	return q;
}

/* Behind a comma: true; behind what closes: false; *p is NULL on an error. */
static bool
more(struct fromvalue *f, const char **p, char close)
{
	const char *q = lenient_space(&f->l, *p);

	if (q >= f->l.end) {
		*p = lenient_early(&f->l);
		return false;
	}
	if (*q != ',' && *q != close)
		*p = lenient_refuse(&f->l, q,
			close == '}' ? "expected ',' or '}'"
				     : "expected ',' or ']'");
	else
		*p = q + 1;
	return *q == ',';
}

/* True if what opens at *p is closed at once; moves *p. */
static bool
empty(struct fromvalue *f, const char **p, char close)
{
	*p = lenient_space(&f->l, *p + 1);
	if (*p >= f->l.end || **p != close)
		return false;
	++*p;
	return true;
}

static const char *
read_array(struct fromvalue *f, const char *p, const struct type *t, int depth,
	bool *fits)
{
	bool ok;

	*fits = true;
	buf_byte(&f->nested, '[');
	if (!empty(f, &p, ']')) {
		for (;;) {
			p = read_element(f, p, t->elem, depth + 1, &ok);
			if (p == NULL)
				return NULL;
			*fits &= ok;
			if (!more(f, &p, ']'))
				break;
			buf_byte(&f->nested, ',');
		}
	}
	buf_byte(&f->nested, ']');
	return p;
}

static const char *
read_map(struct fromvalue *f, const char *p, const struct type *t, int depth,
	bool *fits)
{
	struct lenient_string key;
	bool ok;

	*fits = true;
	f->twice = true;
	buf_byte(&f->nested, '{');
	if (!empty(f, &p, '}')) {
		for (;;) {
			if ((p = lenient_key(&f->l, p, &key)) == NULL)
				return NULL;
			buf_byte(&f->nested, '"');
			lenient_json(&key, &f->nested);
			buf_str(&f->nested, "\":");
			p = read_element(f, p, t->elem, depth + 1, &ok);
			if (p == NULL)
				return NULL;
			*fits &= ok;
			if (!more(f, &p, '}'))
				break;
			buf_byte(&f->nested, ',');
		}
	}
	buf_byte(&f->nested, '}');
	return p;
}

/* The field of a struct that a key names, or -1. */
static int
struct_field(struct fromvalue *f, const struct schema *s,
	const struct lenient_string *key)
{
	if (!key->escaped)
		return schema_find(s, key->s, key->n);
	buf_clear(&f->plain);
	lenient_plain(key, &f->plain);
	return schema_find(s, f->plain.p, f->plain.n);
}

/* Replace what was appended since at by the fields in the schema's order. */
static void
order_fields(struct fromvalue *f, const struct schema *s, size_t at,
	const struct json_span *span)
{
	struct buf *b = &f->nested;
	size_t from = b->n;

	buf_byte(b, '{');
	for (size_t i = 0; i < s->n; i++) {
		if (i > 0)
			buf_byte(b, ',');
		json_quote(b, s->f[i].name, strlen(s->f[i].name));
		buf_byte(b, ':');
		if (span[i].n == 0) {
			buf_str(b, "null");
			continue;
		}
		buf_need(b, span[i].n);
		buf_add(b, b->p + span[i].at, span[i].n);
	}
	buf_byte(b, '}');
	memmove(b->p + at, b->p + from, b->n - from);
	b->n = at + (b->n - from);
}

static const char *
read_struct(struct fromvalue *f, const char *p, const struct type *t, int depth)
{
	struct lenient_string key;
	size_t at = f->nested.n, base = f->nspans;
	const char *value;
	bool ok;

	value = fromstruct_read(f, p, t->fields, depth);
	if (value != NULL)
		return value;
	f->nspans += t->fields->n;
	if (f->nspans > f->capspans) {
		f->capspans = f->nspans * 2;
		f->spans = mem_realloc(
			f->spans, f->capspans * sizeof(f->spans[0]));
	}
	memset(f->spans + base, 0, t->fields->n * sizeof(f->spans[0]));
	if (!empty(f, &p, '}')) {
		do {
			size_t from = f->nested.n;
			int i;

			if ((p = value = lenient_key(&f->l, p, &key)) == NULL)
				return NULL;
			i = struct_field(f, t->fields, &key);
			if (i < 0) {
				p = lenient_value(&f->l, p, depth + 1, NULL);
				if (p == NULL)
					return NULL;
				continue;
			}
			p = read_element(
				f, p, t->fields->f[i].type, depth + 1, &ok);
			if (p == NULL)
				return NULL;
			if (ok)
				f->spans[base + (size_t)i] = (struct json_span){
					from, f->nested.n - from};
			else
				fromvalue_misfit(f, t->fields->f[i].type,
					lenient_space(&f->l, value), p);
		} while (more(f, &p, '}'));
		if (p == NULL)
			return NULL;
	}
	order_fields(f, t->fields, at, f->spans + base);
	f->nspans = base;
	return p;
}

static const char *
read_nested(struct fromvalue *f, const char *p, const struct type *t, int depth,
	bool *fits)
{
	size_t at = f->nested.n;

	if (depth >= JSON_DEPTH)
		return lenient_refuse(&f->l, p, "nested deeper than 1000");
	*fits = true;
	if (t->kind == TYPE_ARRAY && *p == '[')
		p = read_array(f, p, t, depth, fits);
	else if (t->kind == TYPE_MAP && *p == '{')
		p = read_map(f, p, t, depth, fits);
	else if (t->kind == TYPE_STRUCT && *p == '{')
		p = read_struct(f, p, t, depth);
	else {
		*fits = t->kind == TYPE_NULL;
		p = lenient_value(&f->l, p, depth, NULL);
	}
	if (!*fits)
		f->nested.n = at;
	return p;
}

const char *
fromvalue_one(struct fromvalue *f, const char *p, const struct type *t,
	struct value *v)
{
	size_t at = f->nested.n;
	bool fits;

	buf_byte(&f->nested, '[');
	p = read_element(f, p, t->elem, 1, &fits);
	buf_byte(&f->nested, ']');
	*v = (struct value){.i = (int64_t)at,
		.n = (uint32_t)(f->nested.n - at),
		.type = VALUE_ARRAY,
		.flags = IN_NESTED};
	return p;
}

void
fromvalue_release(struct fromvalue *f)
{
	buf_release(&f->text);
	buf_release(&f->nested);
	buf_release(&f->plain);
	buf_release(&f->digits);
	free(f->spans);
	for (size_t i = 0; i < f->nstructs; i++)
		fromstruct_free(f->structs[i]);
	free(f->structs);
}
