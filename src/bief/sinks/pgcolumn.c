/*
 * pgcolumn: see pgcolumn.h.
 */
#include "sinks/pgcolumn.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "text/base64.h"
#include "text/number.h"
#include "time/date.h"
#include "time/time.h"
#include "value/json.h"
#include "value/value.h"
#include "types/schema.h"

#define EXACT (INT64_C(1) << 53)      /* integers up to here are doubles */
#define EXACT_REAL (INT64_C(1) << 24) /* and floats */
#define DIGITS_MOST 131072            /* of a numeric, before its point */
#define SAFE 15 /* characters: such a number is no infinite double */
#define TIME_LEAST INT64_C(-210866803200000000) /* 4714-11-24 BC */

/* What an unknown column has seen. */
enum {
	SEEN_BOOLEAN = 1,
	SEEN_NUMBER = 2,
	SEEN_SPECIAL = 4, /* NaN, Infinity */
	SEEN_TIME = 8,
	SEEN_NESTED = 16,
	SEEN_TEXT = 32
};

/* ---- types ---- */

char *
pgcolumn_declared(const struct type *type)
{
	static const char *const names[] = {[TYPE_BOOLEAN] = "boolean",
		[TYPE_BYTE] = "smallint",
		[TYPE_SHORT] = "smallint",
		[TYPE_INT] = "integer",
		[TYPE_LONG] = "bigint",
		[TYPE_FLOAT] = "real",
		[TYPE_DOUBLE] = "double precision",
		[TYPE_STRING] = "text",
		[TYPE_BINARY] = "bytea",
		[TYPE_TIMESTAMP] = "timestamp with time zone",
		[TYPE_DATE] = "date",
		[TYPE_ARRAY] = "jsonb",
		[TYPE_MAP] = "jsonb",
		[TYPE_STRUCT] = "jsonb"};
	const char *name;
	struct buf text;
	char *declared;

	if (type == NULL || type->kind == TYPE_UNKNOWN ||
		type->kind == TYPE_NULL)
		return NULL;
	if (type->kind == TYPE_DECIMAL) {
		buf_init(&text);
		buf_printf(
			&text, "numeric(%d,%d)", type->precision, type->scale);
		declared = mem_dup(text.p, text.n);
		buf_release(&text);
		return declared;
	}
	name = type->kind < sizeof names / sizeof *names ? names[type->kind]
							 : NULL;
	if (name == NULL)
		name = "text";
	return mem_dup(name, strlen(name));
}

static const struct {
	const char *name;
	enum pgcolumn_kind kind;
	int64_t least, most;
} kinds[] = {
	{"bool", PGCOLUMN_BOOLEAN, 0, 0},
	{"int2", PGCOLUMN_INTEGER, INT16_MIN, INT16_MAX},
	{"int4", PGCOLUMN_INTEGER, INT32_MIN, INT32_MAX},
	{"int8", PGCOLUMN_INTEGER, INT64_MIN, INT64_MAX},
	{"float4", PGCOLUMN_REAL, 0, 0},
	{"float8", PGCOLUMN_DOUBLE, 0, 0},
	{"numeric", PGCOLUMN_NUMERIC, 0, 0},
	{"text", PGCOLUMN_TEXT, 0, 0},
	{"varchar", PGCOLUMN_TEXT, 0, 0},
	{"bpchar", PGCOLUMN_TEXT, 0, 0},
	{"bytea", PGCOLUMN_BYTEA, 0, 0},
	{"timestamp", PGCOLUMN_TIMESTAMP, 0, 0},
	{"timestamptz", PGCOLUMN_TIMESTAMP, 0, 0},
	{"date", PGCOLUMN_DATE, 0, 0},
	{"json", PGCOLUMN_JSON, 0, 0},
	{"jsonb", PGCOLUMN_JSONB, 0, 0},
};

void
pgcolumn_become(struct pgcolumn *c, const struct pgcolumn_said *said)
{
	/* A modifier is 4 more than a length, or (precision, scale). */
	int modifier = said->modifier - 4;

	free(c->type);
	c->type = mem_dup(said->type, strlen(said->type));
	c->kind = said->category == 'A' ? PGCOLUMN_ARRAY : PGCOLUMN_OTHER;
	c->precision = c->scale = c->chars = 0;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(kinds[i].name, said->name) != 0)
			continue;
		c->kind = kinds[i].kind;
		c->least = kinds[i].least;
		c->most = kinds[i].most;
	}
	if (c->kind == PGCOLUMN_NUMERIC && modifier >= 0) {
		c->precision = modifier >> 16;
		c->scale = ((modifier & 0x7FF) ^ 1024) - 1024;
	} else if (c->kind == PGCOLUMN_TEXT && modifier >= 0) {
		c->chars = modifier;
	}
}

const char *
pgcolumn_needs(const struct pgcolumn *c)
{
	switch (c->seen) {
	case SEEN_BOOLEAN:
		return "boolean";
	case SEEN_NUMBER:
		return "numeric";
	case SEEN_NUMBER | SEEN_SPECIAL:
		return c->infinite ? "numeric" : "double precision";
	case SEEN_TIME:
		return "timestamp with time zone";
	case SEEN_NESTED:
		return "jsonb";
	default:
		return "text";
	}
}

static bool
is_any(enum pgcolumn_kind kind)
{
	return kind == PGCOLUMN_UNKNOWN || kind == PGCOLUMN_TEXT ||
		kind == PGCOLUMN_JSON || kind == PGCOLUMN_JSONB ||
		kind == PGCOLUMN_OTHER;
}

bool
pgcolumn_fits(const struct pgcolumn *c, const struct type *type)
{
	enum pgcolumn_kind kind = c->kind;
	bool real = kind == PGCOLUMN_REAL || kind == PGCOLUMN_DOUBLE ||
		kind == PGCOLUMN_NUMERIC;

	if (type == NULL || is_any(kind))
		return true;
	switch (type->kind) {
	case TYPE_UNKNOWN:
	case TYPE_NULL:
		return true;
	case TYPE_BOOLEAN:
		return kind == PGCOLUMN_BOOLEAN;
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
		return kind == PGCOLUMN_INTEGER || real;
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		return real;
	case TYPE_DECIMAL:
		return real || (kind == PGCOLUMN_INTEGER && type->scale == 0);
	case TYPE_BINARY:
		return kind == PGCOLUMN_BYTEA;
	case TYPE_TIMESTAMP:
		return kind == PGCOLUMN_TIMESTAMP;
	case TYPE_DATE:
		return kind == PGCOLUMN_DATE || kind == PGCOLUMN_TIMESTAMP;
	case TYPE_STRING:
		return kind == PGCOLUMN_TIMESTAMP || kind == PGCOLUMN_DATE;
	case TYPE_ARRAY:
		return kind == PGCOLUMN_ARRAY;
	default:
		return false;
	}
}

/* ---- text ---- */

void
pgcolumn_escape(struct buf *out, const char *s, size_t n)
{
	char *to = buf_need(out, 2 * n);
	const char *end = s + n;

	for (; s < end; s++) {
		char c = *s;

		if (__builtin_expect(
			    c == '\\' || (c >= '\t' && c <= '\r'), 0)) {
			*to++ = '\\';
			c = c == '\\' ? '\\' : "tnvfr"[c - '\t'];
		}
		*to++ = c;
	}
	out->n = (size_t)(to - out->p);
}

static int
refuse(const struct pgcolumn *c, const struct value *v, struct err *err,
	const char *why)
{
	char name[100], text[100], type[80];
	struct buf b;

	buf_init(&b);
	value_print(v, &b);
	err_set(err, "column '%s' is %s and cannot hold %s: %s",
		err_quote(name, sizeof name, c->name, strlen(c->name)),
		c->type == NULL ? "new"
				: err_quote(type, sizeof type, c->type,
					  strlen(c->type)),
		err_quote(text, sizeof text, b.p, b.n), why);
	buf_release(&b);
	return 1;
}

#define OTHER_TYPE                                                       \
	"give the field that type (parse-json --schema), or write to a " \
	"table whose column has another one"

static size_t
characters(const char *s, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += ((unsigned char)s[i] & 0xC0) != 0x80;
	return count;
}

static int
put_text(struct pgcolumn *c, const struct value *v, const char *s, size_t n,
	struct buf *out, struct err *err)
{
	if (v->flags & VALUE_ESCAPED && memchr(s, '\0', n) != NULL)
		return refuse(c, v, err, "PostgreSQL has no text with NUL");
	if (c->chars > 0 && n > (size_t)c->chars &&
		characters(s, n) > (size_t)c->chars)
		return refuse(c, v, err, "it is too long");
	pgcolumn_escape(out, s, n);
	return 0;
}

/* The text that the stream has for a value; strings without their quotes. */
static int
put_spelling(struct pgcolumn *c, const struct value *v, struct buf *out,
	struct buf *tmp, struct err *err)
{
	const char *p;
	size_t n;

	if (v->type == VALUE_STRING) {
		p = value_string(v, &n, tmp);
		return put_text(c, v, p, n, out, err);
	}
	buf_clear(tmp);
	value_print(v, tmp);
	p = tmp->p;
	n = tmp->n;
	if (n >= 2 && *p == '"') { /* of a time, NaN: no escapes inside */
		p++;
		n -= 2;
	}
	return put_text(c, v, p, n, out, err);
}

/* ---- numbers ---- */

static int
put_integer(struct pgcolumn *c, const struct value *v, struct buf *out,
	struct err *err)
{
	struct value number = *v;
	int64_t i;

	if (v->type == VALUE_NUMBER && number_int(v->s, v->n, &i) == 0)
		number = value_int(i);
	else
		number = value_number(v, false);
	if (number.type == VALUE_DOUBLE && number.d == trunc(number.d) &&
		fabs(number.d) <= (double)EXACT)
		number = value_int((int64_t)number.d);
	if (number.type == VALUE_DOUBLE || value_is_big(v))
		return refuse(c, v, err,
			fabs(number.d) > (double)c->most ? "it is too large"
							 : OTHER_TYPE);
	if (number.type != VALUE_INT)
		return refuse(c, v, err, OTHER_TYPE);
	if (number.i < c->least || number.i > c->most)
		return refuse(c, v, err, "it is too large");
	out->n += number_print_int(number.i, buf_need(out, NUMBER_MAX));
	return 0;
}

static void
put_double(double d, struct buf *out)
{
	if (isnan(d))
		buf_str(out, "NaN");
	else if (isinf(d))
		buf_str(out, d < 0 ? "-Infinity" : "Infinity");
	else
		out->n += number_print_double(d, buf_need(out, NUMBER_MAX));
}

static int
put_floating(struct pgcolumn *c, const struct value *v, struct buf *out,
	struct err *err)
{
	bool real = c->kind == PGCOLUMN_REAL;
	int64_t exact = real ? EXACT_REAL : EXACT;
	struct value n;

	if (!real && v->n <= SAFE &&
		(v->type == VALUE_REAL || v->type == VALUE_NUMBER) &&
		memchr(v->s, 'e', v->n) == NULL &&
		memchr(v->s, 'E', v->n) == NULL) {
		buf_add(out, v->s, v->n);
		return 0;
	}
	n = value_number(v, true);
	if (n.type == VALUE_INT && n.i >= -exact && n.i <= exact) {
		out->n += number_print_int(n.i, buf_need(out, NUMBER_MAX));
		return 0;
	}
	if (n.type == VALUE_INT)
		return refuse(c, v, err,
			"its last digits would be lost: give "
			"the field that type (parse-json --schema), or write "
			"to a column that is numeric");
	if (n.type != VALUE_DOUBLE)
		return refuse(c, v, err, OTHER_TYPE);
	if (isinf(n.d) && v->type != VALUE_STRING && v->type != VALUE_DOUBLE)
		return refuse(c, v, err, "it is too large");
	if (real && isfinite(n.d) && fabs(n.d) > (double)FLT_MAX)
		return refuse(c, v, err, "it is too large");
	/* What is too small is 0 in a real, as where it came from. */
	put_double(real && isfinite(n.d) ? (double)(float)n.d : n.d, out);
	return 0;
}

/* Digits before the point of a number's text, 0 for 0.07; less for 0.007. */
static int64_t
whole_digits(const char *s, size_t n)
{
	const char *end = s + n, *point = NULL, *first = NULL, *e;
	int64_t exponent = 0;

	for (e = s; e < end && *e != 'e' && *e != 'E'; e++) {
		if (*e == '.')
			point = e;
		else if (first == NULL && *e >= '1' && *e <= '9')
			first = e;
	}
	if (first == NULL)
		return 0;
	if (e < end)
		exponent = strtoll(e + 1 + (e[1] == '+'), NULL, 10);
	if (point == NULL)
		point = e;
	if (exponent > INT32_MAX || exponent < INT32_MIN)
		return exponent;
	return point - first + (point < first) + exponent;
}

static int
put_numeric(struct pgcolumn *c, const struct value *v, struct buf *out,
	struct buf *tmp, struct err *err)
{
	struct value n = value_number(v, true);
	int64_t most = c->precision > 0 ? c->precision - c->scale : DIGITS_MOST,
		digits;
	size_t at = out->n;

	if (n.type != VALUE_INT && n.type != VALUE_DOUBLE)
		return refuse(c, v, err, OTHER_TYPE);
	if (n.type == VALUE_DOUBLE && isinf(n.d) && v->type != VALUE_NUMBER &&
		v->type != VALUE_REAL && (!c->infinite || c->precision > 0))
		return refuse(c, v, err,
			"only a numeric without precision, "
			"of PostgreSQL 14 or newer, can");
	if (n.type == VALUE_DOUBLE && !isfinite(n.d) &&
		v->type != VALUE_NUMBER && v->type != VALUE_REAL) {
		put_double(n.d, out);
		return 0;
	}
	if (v->type == VALUE_NUMBER || v->type == VALUE_REAL ||
		v->type == VALUE_STRING)
		buf_add(out, v->s, v->n);
	else
		value_print(v, out);
	/* (strtoll wants an end.) */
	buf_cstr(out);
	digits = whole_digits(out->p + at, out->n - at);
	if (digits > most || digits < -16000)
		return refuse(c, v, err,
			digits > most ? "it is too large" : "it is too small");
	return 0;
}

/* ---- times ---- */

/* 4 digits of a year behind Christ, as most have. */
static bool
is_plain(const char *s, size_t n)
{
	return n >= 10 && *s >= '0' && *s <= '9' && s[4] == '-' &&
		memcmp(s, "0000", 4) != 0;
}

/* A time or date in ISO's form, with any year: +12345-01-01, and year -44 is 45
 * BC. */
static void
put_iso(const char *s, size_t n, struct buf *out)
{
	const char *end = s + n, *rest;
	bool before = *s == '-';
	int64_t year = 0;

	if (is_plain(s, n)) {
		buf_add(out, s, n);
		return;
	}
	for (rest = s + (*s == '-' || *s == '+'); *rest >= '0' && *rest <= '9';
		rest++)
		year = year * 10 + (*rest - '0');
	before |= year == 0;
	buf_printf(out, "%04lld%.*s%s", (long long)(before ? year + 1 : year),
		(int)(end - rest), rest, before ? " BC" : "");
}

static bool
get_date(const struct value *v, char out[TIME_MAX], size_t *n)
{
	int32_t days;

	if (v->type == VALUE_DATE)
		days = (int32_t)v->i;
	else if (v->type != VALUE_STRING || v->n < 10 ||
		memchr(v->s, ':', v->n) != NULL ||
		memchr(v->s, ' ', v->n) != NULL ||
		memchr(v->s, 'T', v->n) != NULL ||
		date_parse(v->s, v->n, &days) < 0)
		return false;
	*n = date_format(days, out);
	return v->type == VALUE_DATE ||
		(*n == v->n && memcmp(out, v->s, v->n) == 0);
}

static int
put_time(struct pgcolumn *c, const struct value *v, struct buf *out,
	struct err *err)
{
	char text[TIME_MAX];
	int64_t us;
	size_t n;

	if (value_get_time(v, &us) == 0) {
		if (us < TIME_LEAST)
			return refuse(c, v, err, "it is too early");
		if (v->type == VALUE_STRING && is_plain(v->s, v->n))
			buf_add(out, v->s, v->n);
		else
			put_iso(text, time_format_iso(us, text), out);
		return 0;
	}
	if (!get_date(v, text, &n))
		return refuse(c, v, err, OTHER_TYPE);
	put_iso(text, n, out);
	return 0;
}

static int
put_date(struct pgcolumn *c, const struct value *v, struct buf *out,
	struct err *err)
{
	char text[TIME_MAX];
	size_t n;

	if (!get_date(v, text, &n))
		return refuse(c, v, err, OTHER_TYPE);
	put_iso(text, n, out);
	return 0;
}

/* ---- the rest ---- */

static int
put_boolean(struct pgcolumn *c, const struct value *v, struct buf *out,
	struct err *err)
{
	bool yes = v->type == VALUE_STRING && v->n == 4 &&
		memcmp(v->s, "true", 4) == 0;
	bool no = v->type == VALUE_STRING && v->n == 5 &&
		memcmp(v->s, "false", 5) == 0;

	if (v->type != VALUE_BOOL && !yes && !no)
		return refuse(c, v, err, OTHER_TYPE);
	buf_str(out, yes || (v->type == VALUE_BOOL && v->i) ? "true" : "false");
	return 0;
}

static int
put_bytea(struct pgcolumn *c, const struct value *v, struct buf *out,
	struct buf *tmp, struct err *err)
{
	static const char hex[] = "0123456789abcdef";
	struct buf bytes;
	const char *s;
	char *to;
	size_t n;

	if (v->type != VALUE_STRING)
		return refuse(c, v, err, OTHER_TYPE);
	s = value_string(v, &n, tmp);
	buf_init(&bytes);
	if (!base64_decode(s, n, &bytes)) {
		buf_release(&bytes);
		return refuse(c, v, err, "it is no base 64");
	}
	buf_str(out, "\\\\x");
	to = buf_need(out, 2 * bytes.n);
	for (size_t i = 0; i < bytes.n; i++) {
		*to++ = hex[(unsigned char)bytes.p[i] >> 4];
		*to++ = hex[(unsigned char)bytes.p[i] & 15];
	}
	out->n += 2 * bytes.n;
	buf_release(&bytes);
	return 0;
}

/* Is there a NUL in JSON text? */
static bool
has_nul(const char *s, size_t n)
{
	const char *at = s, *end = s + n, *back;

	while ((at = memmem(at, (size_t)(end - at), "\\u0000", 6)) != NULL) {
		for (back = at; back > s && back[-1] == '\\'; back--)
			;
		if ((at - back) % 2 == 0)
			return true;
		at++;
	}
	return false;
}

static int
put_json(struct pgcolumn *c, const struct value *v, struct buf *out,
	struct buf *tmp, struct err *err)
{
	buf_clear(tmp);
	value_print(v, tmp);
	if (c->kind == PGCOLUMN_JSONB && has_nul(tmp->p, tmp->n))
		return refuse(c, v, err, "PostgreSQL has no text with NUL");
	pgcolumn_escape(out, tmp->p, tmp->n);
	return 0;
}

/* A list as PostgreSQL writes one: {1,"two",NULL,{3}}.  False: it has objects,
 * or NUL. */
static bool
print_array(const struct value *v, struct buf *out, struct buf *tmp)
{
	struct json_iter it;
	struct value key, each;
	const char *comma = "", *s;
	size_t n;

	buf_byte(out, '{');
	json_iter(&it, v);
	while (json_next(&it, &key, &each)) {
		buf_str(out, comma);
		comma = ",";
		if (each.type == VALUE_OBJECT)
			return false;
		if (each.type == VALUE_ARRAY) {
			if (!print_array(&each, out, tmp))
				return false;
			continue;
		}
		if (each.type != VALUE_STRING) {
			value_print(&each, out);
			continue;
		}
		s = value_string(&each, &n, tmp);
		buf_byte(out, '"');
		for (size_t i = 0; i < n; i++) {
			if (s[i] == '\0')
				return false;
			if (s[i] == '"' || s[i] == '\\')
				buf_byte(out, '\\');
			buf_byte(out, s[i]);
		}
		buf_byte(out, '"');
	}
	buf_byte(out, '}');
	return true;
}

static int
put_array(struct pgcolumn *c, const struct value *v, struct buf *out,
	struct buf *tmp, struct err *err)
{
	struct buf text;
	int ret = 0;

	if (v->type != VALUE_ARRAY)
		return refuse(c, v, err, OTHER_TYPE);
	buf_init(&text);
	if (print_array(v, &text, tmp))
		pgcolumn_escape(out, text.p, text.n);
	else
		ret = refuse(c, v, err, "it holds an object or a NUL");
	buf_release(&text);
	return ret;
}

/* What an unknown column learns of a value. */
static unsigned
look_at(const struct value *v)
{
	int64_t us;
	double d;

	switch (v->type) {
	case VALUE_BOOL:
		return SEEN_BOOLEAN;
	case VALUE_INT:
	case VALUE_NUMBER:
	case VALUE_REAL:
		return SEEN_NUMBER;
	case VALUE_DOUBLE:
		return isfinite(v->d) ? SEEN_NUMBER : SEEN_SPECIAL;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		return has_nul(v->s, v->n) ? SEEN_TEXT : SEEN_NESTED;
	case VALUE_STRING:
		if (number_special(v->s, v->n, &d))
			return SEEN_SPECIAL;
		return is_plain(v->s, v->n) && value_get_time(v, &us) == 0
			? SEEN_TIME
			: SEEN_TEXT;
	default:
		return SEEN_TEXT;
	}
}

int
pgcolumn_put(struct pgcolumn *c, const struct value *v, struct buf *out,
	struct buf *tmp, struct err *err)
{
	if (value_is_null(v)) {
		if (c->full) {
			struct value null = value_null();

			return refuse(c, &null, err, "it is NOT NULL");
		}
		buf_str(out, "\\N");
		return 0;
	}
	switch (c->kind) {
	case PGCOLUMN_UNKNOWN:
		c->seen |= look_at(v);
		return put_spelling(c, v, out, tmp, err);
	case PGCOLUMN_BOOLEAN:
		return put_boolean(c, v, out, err);
	case PGCOLUMN_INTEGER:
		return put_integer(c, v, out, err);
	case PGCOLUMN_REAL:
	case PGCOLUMN_DOUBLE:
		return put_floating(c, v, out, err);
	case PGCOLUMN_NUMERIC:
		return put_numeric(c, v, out, tmp, err);
	case PGCOLUMN_BYTEA:
		return put_bytea(c, v, out, tmp, err);
	case PGCOLUMN_TIMESTAMP:
		return put_time(c, v, out, err);
	case PGCOLUMN_DATE:
		return put_date(c, v, out, err);
	case PGCOLUMN_JSON:
	case PGCOLUMN_JSONB:
		return put_json(c, v, out, tmp, err);
	case PGCOLUMN_ARRAY:
		return put_array(c, v, out, tmp, err);
	default:
		return put_spelling(c, v, out, tmp, err);
	}
}
