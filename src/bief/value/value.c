/*
 * value: one value of a record.
 */
#include "value/value.h"

#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "floor/buf.h"
#include "text/number.h"
#include "time/date.h"
#include "time/time.h"
#include "value/json.h"

#define SMALL 192 /* an escaped time or "NaN" has at most so many bytes */

/* What must not stand as it is between quotes in JSON. */
static inline bool
needs_escape(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\';
}

/* The length of the part in front that needs no escape. */
static size_t
plain_length(const char *s, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t tops = ones << 7;
	size_t i = 0;
	uint64_t w, quote, slash, bad;

	for (; i + 8 <= n; i += 8) {
		memcpy(&w, s + i, 8);
		quote = w ^ ones * '"';
		slash = w ^ ones * '\\';
		bad = ((w - ones * 0x20) | (quote - ones) | (slash - ones)) &
			~w & tops;
		if (bad)
			break;
	}
	while (i < n && !needs_escape((unsigned char)s[i]))
		i++;
	return i;
}

static void
add_escaped(struct buf *out, const char *s, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	/* What stands behind the backslash for 8 to 13. */
	static const char letters[] = "btn\0fr";
	size_t run;

	for (;;) {
		run = plain_length(s, n);
		buf_add(out, s, run);
		if (run == n)
			return;
		unsigned char c = (unsigned char)s[run];
		char *p = buf_need(out, 6);

		p[0] = '\\';
		if (c == '"' || c == '\\') {
			p[1] = (char)c;
			out->n += 2;
		} else if (c >= 8 && c <= 13 && letters[c - 8]) {
			p[1] = letters[c - 8];
			out->n += 2;
		} else {
			memcpy(p + 1, "u00", 3);
			p[4] = hex[c >> 4];
			p[5] = hex[c & 15];
			out->n += 6;
		}
		s += run + 1;
		n -= run + 1;
	}
}

struct value
value_text(const char *s, size_t n, struct buf *tmp)
{
	if (plain_length(s, n) == n)
		return value_json_string(s, n, false);
	buf_clear(tmp);
	add_escaped(tmp, s, n);
	return value_json_string(tmp->p, tmp->n, true);
}

/* Four hexadecimal digits, or -1. */
static int
hex4(const char *s, const char *end)
{
	int v = 0;

	if (end - s < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = s[i] | 0x20;

		if (c >= '0' && c <= '9')
			v = v * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v * 16 + (c - 'a' + 10);
		else
			return -1;
	}
	return v;
}

static char *
put_utf8(char *o, unsigned c)
{
	if (c < 0x80) {
		*o++ = (char)c;
	} else if (c < 0x800) {
		*o++ = (char)(0xc0 | c >> 6);
		*o++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*o++ = (char)(0xe0 | c >> 12);
		*o++ = (char)(0x80 | (c >> 6 & 0x3f));
		*o++ = (char)(0x80 | (c & 0x3f));
	} else {
		*o++ = (char)(0xf0 | c >> 18);
		*o++ = (char)(0x80 | (c >> 12 & 0x3f));
		*o++ = (char)(0x80 | (c >> 6 & 0x3f));
		*o++ = (char)(0x80 | (c & 0x3f));
	}
	return o;
}

/*
 * The character of \u, s being behind the u; *s moves behind it.  A broken one,
 * which only damaged state can hold, must not give more bytes than it has.
 */
static unsigned
unescape_u(const char **s, const char *end)
{
	int c = hex4(*s, end), low;

	if (c < 0)
		return '?';
	*s += 4;
	if (c < 0xd800 || c > 0xdfff)
		return (unsigned)c;
	if (c < 0xdc00 && end - *s >= 6 && (*s)[0] == '\\' && (*s)[1] == 'u') {
		low = hex4(*s + 2, end);
		if (low >= 0xdc00 && low <= 0xdfff) {
			*s += 6;
			return 0x10000U + (((unsigned)c & 0x3ff) << 10) +
				((unsigned)low & 0x3ff);
		}
	}
	return 0xfffd;
}

/* Plain text of JSON text; out has room for n bytes.  Returns its length. */
static size_t
unescape(const char *s, size_t n, char *out)
{
	const char *end = s + n, *back;
	char *o = out;

	while ((back = memchr(s, '\\', (size_t)(end - s))) != NULL &&
		back + 1 < end) {
		memcpy(o, s, (size_t)(back - s));
		o += back - s;
		s = back + 2;
		switch (back[1]) {
		case 'b':
			*o++ = '\b';
			break;
		case 'f':
			*o++ = '\f';
			break;
		case 'n':
			*o++ = '\n';
			break;
		case 'r':
			*o++ = '\r';
			break;
		case 't':
			*o++ = '\t';
			break;
		case 'u':
			o = put_utf8(o, unescape_u(&s, end));
			break;
		default:
			*o++ = back[1];
		}
	}
	memcpy(o, s, (size_t)(end - s));
	return (size_t)(o - out) + (size_t)(end - s);
}

const char *
value_string(const struct value *v, size_t *n, struct buf *tmp)
{
	if (!(v->flags & VALUE_ESCAPED)) {
		*n = v->n;
		return v->s;
	}
	buf_clear(tmp);
	tmp->n = *n = unescape(v->s, v->n, buf_need(tmp, v->n + 1));
	return tmp->p;
}

/* Is this text a time?  Sets *us. */
bool
value_iso(const char *s, size_t n, int64_t *us)
{
	return n >= VALUE_ISO_LEAST && n <= VALUE_ISO_MOST && s[n - 1] == 'Z' &&
		time_parse_iso(s, n, us) == 0;
}

/*
 * The text of a string that could be a time or "NaN", in small where it has
 * escapes; NULL if it is too long for that.
 */
static inline const char *
short_text(const struct value *v, char small[SMALL], size_t *n)
{
	*n = v->n;
	if (!(v->flags & VALUE_ESCAPED))
		return v->s;
	if (v->n > SMALL)
		return NULL;
	*n = unescape(v->s, v->n, small);
	return small;
}

bool
value_digits(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] == '.' || (s[i] | 0x20) == 'e')
			return false;
	return true;
}

struct value
value_number(const struct value *v, bool nan)
{
	char small[SMALL];
	const char *s;
	int64_t i;
	double d;
	size_t n;

	switch (v->type) {
	case VALUE_NUMBER:
		if (number_int(v->s, v->n, &i) == 0)
			return value_int(i);
		return value_double(number_double(v->s, v->n));
	case VALUE_REAL:
		return value_double(number_double(v->s, v->n));
	case VALUE_STRING:
		if (nan && (s = short_text(v, small, &n)) != NULL &&
			number_special(s, n, &d))
			return value_double(d);
	}
	return *v;
}

int
value_get_time(const struct value *v, int64_t *us)
{
	char small[SMALL];
	const char *s;
	size_t n;

	if (v->type == VALUE_TIME) {
		*us = v->i;
		return 0;
	}
	if (v->type != VALUE_STRING)
		return -1;
	s = short_text(v, small, &n);
	return s != NULL && value_iso(s, n, us) ? 0 : -1;
}

int
value_time_learn(struct time_text *t, const struct value *v, int64_t *us)
{
	if (value_get_time(v, us) < 0)
		return -1;
	t->n = 0;
	if (v->type == VALUE_STRING && v->flags == 0 && v->n >= 16 &&
		v->n <= sizeof(t->text)) {
		t->n = v->n;
		t->us = *us;
		memcpy(t->text, v->s, v->n);
	}
	return 0;
}

bool
value_is_null(const struct value *v)
{
	return v == NULL || v->type == VALUE_NULL;
}

bool
value_is_big(const struct value *v)
{
	int64_t i;

	return v->type == VALUE_NUMBER && value_digits(v->s, v->n) &&
		number_int(v->s, v->n, &i) < 0;
}

bool
value_is_nan(const struct value *v)
{
	struct value d;

	if (v == NULL)
		return false;
	d = v->type == VALUE_STRING ? value_number(v, true) : *v;
	return d.type == VALUE_DOUBLE && isnan(d.d);
}

static void
print_double(double d, struct buf *out)
{
	if (isfinite(d)) {
		out->n += number_print_double(d, buf_need(out, NUMBER_MAX));
		return;
	}
	buf_str(out,
		isnan(d)        ? "\"NaN\""
			: d > 0 ? "\"Infinity\""
				: "\"-Infinity\"");
}

void
value_print(const struct value *v, struct buf *out)
{
	char *p;

	switch (v == NULL ? VALUE_NULL : (enum value_type)v->type) {
	case VALUE_NULL:
		buf_add(out, "null", 4);
		break;
	case VALUE_BOOL:
		buf_str(out, v->i ? "true" : "false");
		break;
	case VALUE_INT:
		out->n += number_print_int(v->i, buf_need(out, NUMBER_MAX));
		break;
	case VALUE_DOUBLE:
		print_double(v->d, out);
		break;
	case VALUE_REAL:
		out->n += number_print_real(
			v->s, v->n, buf_need(out, NUMBER_MAX));
		break;
	case VALUE_STRING:
		p = buf_need(out, (size_t)v->n + 2);
		*p++ = '"';
		memcpy(p, v->s, v->n);
		p[v->n] = '"';
		out->n += (size_t)v->n + 2;
		break;
	case VALUE_TIME:
	case VALUE_DATE:
		p = buf_need(out, TIME_MAX + 2);
		*p++ = '"';
		p += v->type == VALUE_TIME ? time_format_iso(v->i, p)
					   : date_format((int32_t)v->i, p);
		*p++ = '"';
		out->n = (size_t)(p - out->p);
		break;
	case VALUE_NUMBER:
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		buf_add(out, v->s, v->n);
	}
}

bool
value_member_int(const struct value *object, const char *name, int64_t *i)
{
	struct value v;

	if (!json_get(object, name, strlen(name), &v))
		return false;
	v = value_number(&v, false);
	*i = v.i;
	return v.type == VALUE_INT;
}
