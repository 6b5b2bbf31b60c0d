#include "value/lenient.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "floor/buf.h"
#include "text/number.h"
#include "value/json.h"

#define MAX_STRING 20000000

const char *
lenient_refuse(struct lenient *l, const char *at, const char *what)
{
	l->what = what;
	l->at = at < l->end ? at : l->end;
	return NULL;
}

const char *
lenient_early(struct lenient *l)
{
	return lenient_refuse(l, l->end, "it ends too early");
}

const char *
lenient_comment(const struct lenient *l, const char *p)
{
	const char *q;

	while ((l->flags & LENIENT_COMMENTS) != 0 && l->end - p >= 2 &&
		p[0] == '/') {
		if (p[1] == '/') {
			q = memchr(p, '\n', (size_t)(l->end - p));
			p = q != NULL ? q + 1 : l->end;
		} else if (p[1] == '*') {
			q = memmem(p + 2, (size_t)(l->end - p) - 2, "*/", 2);
			p = q != NULL ? q + 2 : l->end;
		} else {
			break;
		}
		p = json_space(p, l->end);
	}
	return p;
}

const char *
lenient_expect(struct lenient *l, const char *p, char c, const char *what)
{
	p = lenient_space(l, p);
	if (p >= l->end)
		return lenient_early(l);
	return *p == c ? p + 1 : lenient_refuse(l, p, what);
}

static bool
is_hex(const char *p)
{
	for (int i = 0; i < 4; i++)
		if (!((p[i] >= '0' && p[i] <= '9') ||
			    ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'f')))
			return false;
	return true;
}

/* The code unit of an escape \uXXXX whose backslash is at p. */
static unsigned
code_unit(const char *p)
{
	unsigned u = 0;

	for (int i = 2; i < 6; i++)
		u = u << 4 |
			(p[i] <= '9' ? (unsigned)(p[i] - '0')
				     : (unsigned)((p[i] | 0x20) - 'a' + 10));
	return u;
}

/*
 * How many bytes the escape at p takes with the other half of a surrogate pair;
 * half a pair alone: *half.
 */
static size_t
escape_length(const char *p, const char *end, bool *half)
{
	unsigned u;

	*half = false;
	if (end - p < 6 || p[1] != 'u')
		return 2;
	u = code_unit(p);
	if (u < 0xD800 || u > 0xDFFF)
		return 6;
	if (u < 0xDC00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
		u = code_unit(p + 6);
		if (u >= 0xDC00 && u <= 0xDFFF)
			return 12;
	}
	*half = true;
	return 6;
}

static bool
has_half(const char *p, size_t n)
{
	const char *end = p + n;
	bool half;

	while ((p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		p += escape_length(p, end, &half);
		if (half)
			return true;
	}
	return false;
}

static bool
known_escape(char c)
{
	return c != '\0' && strchr("\"\\/bfnrt", c) != NULL;
}

static bool
quote_escape(const struct lenient *l, char c)
{
	return c == '\'' && (l->flags & LENIENT_NO_SINGLE) == 0;
}

/* A string that json_string() does not take. */
static const char *
odd_string(struct lenient *l, const char *start, struct lenient_string *s)
{
	const char *p;

	s->odd = *start == '\'';
	if (s->odd && (l->flags & LENIENT_NO_SINGLE) != 0)
		return lenient_refuse(l, start, "a single quote");
	for (p = start + 1;; p++) {
		if (p >= l->end)
			return lenient_refuse(
				l, start, "a string without its closing quote");
		if (*p == *start)
			break;
		if ((unsigned char)*p < 0x20) {
			if ((l->flags & LENIENT_CONTROLS) == 0)
				return lenient_refuse(
					l, p, "control character in a string");
			s->odd = true;
		}
		if (*p != '\\')
			continue;
		s->escaped = true;
		p++;
		if (l->end - p >= 5 && *p == 'u' && is_hex(p + 1)) {
			p += 4;
		} else if (p < l->end && !known_escape(*p)) {
			if (!quote_escape(l, *p) &&
				(*p == 'u' ||
					(l->flags & LENIENT_ESCAPES) == 0))
				return lenient_refuse(
					l, p - 1, "invalid escape");
			s->odd = true;
		}
	}
	s->s = start + 1;
	s->n = (size_t)(p - s->s);
	if (!json_utf8(s->s, s->n))
		return lenient_refuse(l, start, "invalid UTF-8");
	return p + 1;
}

/* More characters than Spark takes, counted as Java does. */
static bool
too_long(const struct lenient_string *s)
{
	struct buf b;
	size_t n = 0;

	buf_init(&b);
	lenient_plain(s, &b);
	for (size_t i = 0; i < b.n; i++)
		n += ((unsigned char)b.p[i] & 0xC0) !=
			0x80 + ((unsigned char)b.p[i] >= 0xF0);
	buf_release(&b);
	return n > MAX_STRING;
}

const char *
lenient_string(struct lenient *l, const char *p, struct lenient_string *s)
{
	struct json_error e;
	const char *q = NULL;

	*s = (struct lenient_string){0};
	if (*p == '"')
		q = json_string(p + 1, l->end, &s->escaped, &e);
	if (q != NULL) {
		s->s = p + 1;
		s->n = (size_t)(q - s->s);
		q++;
	} else {
		s->escaped = false;
		q = odd_string(l, p, s);
	}
	if (q != NULL && s->escaped && has_half(s->s, s->n))
		s->odd = true;
	if (q != NULL && s->n > MAX_STRING && too_long(s))
		return lenient_refuse(
			l, p, "a string of more than 20,000,000 characters");
	return q;
}

bool
lenient_is_number(char c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == 'N' ||
		c == 'I';
}

/* NaN and infinities, written bare. */
static const char *
nonfinite(struct lenient *l, const char *p, struct lenient_number *n)
{
	static const struct {
		const char *word;
		double value;
	} words[] = {
		{"NaN", NAN},
		{"Infinity", INFINITY},
		{"+Infinity", INFINITY},
		{"-Infinity", -INFINITY},
		{"+INF", INFINITY},
		{"-INF", -INFINITY},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].word);

		if ((l->flags & LENIENT_NO_WORDS) != 0)
			break;
		if ((size_t)(l->end - p) < len ||
			memcmp(p, words[i].word, len) != 0)
			continue;
		*n = (struct lenient_number){
			.s = p, .n = len, .value = words[i].value};
		return p + len;
	}
	return lenient_refuse(l, p, "invalid number");
}

/* The last zero of several before the end of the number, or the digit behind. */
static const char *
behind_zeros(const char *p, const char *end)
{
	while (end - p > 1 && *p == '0' && p[1] >= '0' && p[1] <= '9')
		p++;
	return p;
}

const char *
lenient_number(struct lenient *l, const char *p, struct lenient_number *n)
{
	const char *q = json_number(p, l->end), *sign = NULL;
	size_t digits = 0;

	if (q == NULL)
		return nonfinite(l, p, n);
	if (q < l->end && *q >= '0' && *q <= '9') {
		if ((l->flags & LENIENT_ZEROS) == 0)
			return lenient_refuse(
				l, p, "a number with a leading zero");
		sign = *p == '-' ? p : NULL;
		p = behind_zeros(p + (*p == '-'), l->end);
		q = json_number(p, l->end);
		if (q == NULL)
			return lenient_refuse(l, p, "invalid number");
	}
	if (sign != NULL)
		p = sign;
	*n = (struct lenient_number){.s = p,
		.n = (size_t)(q - p),
		.integer = true,
		.finite = true,
		.zeros = sign != NULL};
	for (; p < q; p++) {
		if (*p >= '0' && *p <= '9')
			digits++;
		else if (*p != '-' || p != n->s)
			n->integer = false;
	}
	if (digits > LENIENT_DIGITS)
		return lenient_refuse(
			l, n->s, "a number of more than 1000 digits");
	return q;
}

const char *
lenient_word(struct lenient *l, const char *p)
{
	const char *word = *p == 't' ? "true" : *p == 'f' ? "false" : "null";
	size_t n = strlen(word);

	if ((size_t)(l->end - p) < n || memcmp(p, word, n) != 0)
		return lenient_refuse(l, p, "expected a value");
	return p + n;
}

void
lenient_plain(const struct lenient_string *s, struct buf *out)
{
	if (s->escaped)
		json_unquote(out, s->s, s->n);
	else
		buf_add(out, s->s, s->n);
}

void
lenient_json(const struct lenient_string *s, struct buf *out)
{
	if (!s->odd) {
		buf_add(out, s->s, s->n);
		return;
	}
	for (const char *p = s->s, *end = p + s->n; p < end;) {
		size_t n = 1;
		bool half = false;

		if (*p == '\\')
			n = escape_length(p, end, &half);
		if (half)
			buf_byte(out, '?');
		else if (n == 1)
			json_escape(out, p, 1);
		else if (n == 2 && !known_escape(p[1]))
			json_escape(out, p + 1, 1);
		else
			buf_add(out, p, n);
		p += n;
	}
}

/* As Java prints a double; what is not finite stands in quotes, also inside the
 * string that it becomes. */
void
lenient_number_text(const struct lenient_number *n, struct buf *out)
{
	const char *s = n->s, *end = s + n->n;
	double d;

	if (n->finite && n->integer) {
		if (*s == '-')
			s = behind_zeros(s + 1, end);
		if (*n->s == '-' && *s != '0')
			buf_byte(out, '-');
		buf_add(out, s, (size_t)(end - s));
		return;
	}
	d = n->finite ? number_double(n->s, n->n) : n->value;
	if (!isfinite(d))
		buf_byte(out, '"');
	buf_need(out, NUMBER_MAX);
	out->n += number_print_java(d, out->p + out->n);
	if (!isfinite(d))
		buf_byte(out, '"');
}

/* A name without quotes: what Java takes for a name, and * + - # @. */
static const char *
bare_name(struct lenient *l, const char *start, struct lenient_string *s)
{
	const char *p = start;

	while (p < l->end &&
		((unsigned char)*p >= 0x80 || (*p >= '0' && *p <= '9') ||
			((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z') ||
			(*p != '\0' && strchr("_$*+-#@", *p) != NULL)))
		p++;
	if (p == start)
		return lenient_refuse(l, p, "expected a name");
	*s = (struct lenient_string){.s = start, .n = (size_t)(p - start)};
	if (!json_utf8(s->s, s->n))
		return lenient_refuse(l, start, "invalid UTF-8");
	return p;
}

const char *
lenient_key(struct lenient *l, const char *p, struct lenient_string *s)
{
	p = lenient_space(l, p);
	if (p >= l->end)
		return lenient_early(l);
	if (*p == '"' || *p == '\'')
		p = lenient_string(l, p, s);
	else if ((l->flags & LENIENT_NAMES) != 0)
		p = bare_name(l, p, s);
	else
		return lenient_refuse(l, p, "expected a name in quotes");
	return p == NULL ? NULL : lenient_expect(l, p, ':', "expected ':'");
}

/* The code point of four bytes of UTF-8 as a surrogate pair. */
static void
add_pair(const char *p, struct buf *out)
{
	unsigned u = ((unsigned)p[0] & 7) << 18 | ((unsigned)p[1] & 63) << 12 |
		((unsigned)p[2] & 63) << 6 | ((unsigned)p[3] & 63);

	u -= 0x10000;
	buf_printf(out, "\\u%04X\\u%04X", 0xD800 + (u >> 10),
		0xDC00 + (u & 0x3FF));
}

/* An escape, as what it stands for; halves of surrogate pairs stay escapes. */
static size_t
add_escape(const char *p, const char *end, struct buf *out)
{
	struct buf plain;
	bool half;
	size_t n = escape_length(p, end, &half);

	if (n == 12 || half) {
		for (size_t i = 0; i < n; i += 6)
			buf_printf(out, "\\u%04X", code_unit(p + i));
	} else if (n == 2 && !known_escape(p[1])) {
		json_escape(out, p + 1, 1);
	} else {
		buf_init(&plain);
		json_unquote(&plain, p, n);
		json_escape(out, plain.p, plain.n);
		buf_release(&plain);
	}
	return n;
}

/* As Jackson writes bytes: what is beyond 16 bits as two escapes. */
static void
quote_utf16(const struct lenient_string *s, struct buf *out)
{
	const char *p = s->s, *end = p + s->n;
	size_t at = out->n;

	buf_byte(out, '"');
	while (p < end) {
		if (*p == '\\') {
			p += add_escape(p, end, out);
		} else if ((unsigned char)*p >= 0xF0) {
			add_pair(p, out);
			p += 4;
		} else {
			json_escape(out, p++, 1);
		}
	}
	buf_byte(out, '"');
	json_capitals(out->p + at, out->p + out->n);
}

static void
quote(const struct lenient *l, const struct lenient_string *s, struct buf *out)
{
	struct buf plain;

	if ((l->flags & LENIENT_UTF16) != 0) {
		quote_utf16(s, out);
		return;
	}
	buf_init(&plain);
	lenient_plain(s, &plain);
	json_quote(out, plain.p, plain.n);
	buf_release(&plain);
}

/* The key and the colon that stand before p's value in an object. */
static const char *
copy_key(struct lenient *l, const char *p, struct buf *out)
{
	struct lenient_string s;

	p = lenient_key(l, p, &s);
	if (p == NULL)
		return NULL;
	if (out != NULL) {
		quote(l, &s, out);
		buf_byte(out, ':');
	}
	return p;
}

static const char *
copy_nested(struct lenient *l, const char *p, int depth, struct buf *out)
{
	bool object = *p == '{';
	char close = object ? '}' : ']';

	if (depth >= JSON_DEPTH)
		return lenient_refuse(l, p, "nested deeper than 1000");
	if (out != NULL)
		buf_byte(out, *p);
	p = lenient_space(l, p + 1);
	if (p < l->end && *p == close)
		goto done;
	for (;;) {
		if (object && (p = copy_key(l, p, out)) == NULL)
			return NULL;
		p = lenient_value(l, p, depth + 1, out);
		if (p == NULL)
			return NULL;
		p = lenient_space(l, p);
		if (p >= l->end)
			return lenient_early(l);
		if (*p == close)
			break;
		if (*p != ',')
			return lenient_refuse(l, p,
				object ? "expected ',' or '}'"
				       : "expected ',' or ']'");
		if (out != NULL)
			buf_byte(out, ',');
		p++;
	}
done:
	if (out != NULL)
		buf_byte(out, close);
	return p + 1;
}

static const char *
copy_string(struct lenient *l, const char *p, struct buf *out)
{
	struct lenient_string s;

	p = lenient_string(l, p, &s);
	if (p != NULL && out != NULL)
		quote(l, &s, out);
	return p;
}

static const char *
copy_number(struct lenient *l, const char *p, struct buf *out)
{
	struct lenient_number n;

	p = lenient_number(l, p, &n);
	if (p == NULL || out == NULL)
		return p;
	if (!n.finite && (l->flags & LENIENT_INFINITE) != 0)
		buf_str(out, "1e999");
	else
		lenient_number_text(&n, out);
	return p;
}

const char *
lenient_value(struct lenient *l, const char *p, int depth, struct buf *out)
{
	const char *start;

	p = start = lenient_space(l, p);
	if (p >= l->end)
		return lenient_early(l);
	if (*p == '{' || *p == '[')
		return copy_nested(l, p, depth, out);
	if (*p == '"' || *p == '\'')
		return copy_string(l, p, out);
	if (lenient_is_number(*p))
		return copy_number(l, p, out);
	p = lenient_word(l, p);
	if (p != NULL && out != NULL)
		buf_add(out, start, (size_t)(p - start));
	return p;
}
