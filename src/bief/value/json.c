#include "value/json.h"

#include <ctype.h>
#include <string.h>

#include "floor/buf.h"
#include "text/simd.h"

static const char *
json_refuse(struct json_error *e, const char *what, const char *at)
{
	e->what = what;
	e->at = at;
	return NULL;
}

const char *
json_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

bool
json_utf8(const char *s, size_t n)
{
	return simd_utf8(s, n);
}

void
json_repair(struct buf *out, const char *s, size_t n)
{
	for (;;) {
		size_t good = simd_utf8_place(s, n);

		buf_add(out, s, good);
		if (good == n)
			return;
		buf_str(out, "\xEF\xBF\xBD");
		s += good + 1;
		n -= good + 1;
	}
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits of \uXXXX, or -1. */
static int
hex4(const char *p)
{
	int x = 0;

	for (int i = 0; i < 4; i++) {
		int d = hex_digit(p[i]);

		if (d < 0)
			return -1;
		x = x << 4 | d;
	}
	return x;
}

/* Behind the escape whose backslash stands at p, or NULL. */
static const char *
escape_next(const char *p, const char *end)
{
	if (end - p < 2)
		return NULL;
	switch (p[1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return p + 2;
	case 'u':
		return end - p >= 6 && hex4(p + 2) >= 0 ? p + 6 : NULL;
	}
	return NULL;
}

const char *
json_string_slow(
	const char *p, const char *end, bool *escaped, struct json_error *e)
{
	const char *start = p, *q;
	uint32_t high, any = 0, m;

	for (;;) {
		m = simd_stop(p, &high);
		any |= m != 0 ? high & (m ^ (m - 1)) : high;
		p += m != 0 ? __builtin_ctz(m) : SIMD_BLOCK;
		if (p >= end)
			return json_refuse(
				e, "a string without its closing quote", end);
		if (m == 0)
			continue;
		if (*p == '"')
			break;
		if (*p != '\\')
			return json_refuse(
				e, "control character in a string", p);
		*escaped = true;
		if ((q = escape_next(p, end)) == NULL)
			return json_refuse(e, "invalid escape", p);
		if ((p = q) >= end)
			return json_refuse(
				e, "a string without its closing quote", end);
	}
	if (any != 0 && !simd_utf8(start, (size_t)(p - start)))
		return json_refuse(e, "invalid UTF-8",
			start + simd_utf8_place(start, (size_t)(p - start)));
	return p;
}

const char *
json_string(const char *p, const char *end, bool *escaped, struct json_error *e)
{
	*escaped = false;
	return json_string_slow(p, end, escaped, e);
}

static const char *
json_digits(const char *p, const char *end)
{
	const char *q = p;

	while (q < end && *q >= '0' && *q <= '9')
		q++;
	return q == p ? NULL : q;
}

const char *
json_number(const char *p, const char *end)
{
	if (p < end && *p == '-')
		p++;
	if (p < end && *p == '0')
		p++;
	else if ((p = json_digits(p, end)) == NULL)
		return NULL;
	if (p < end && *p == '.')
		if ((p = json_digits(p + 1, end)) == NULL)
			return NULL;
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = json_digits(p, end);
	}
	return p;
}

const char *
json_number_slow(const char *p, const char *end, struct json_error *e)
{
	const char *q = json_number(p, end);

	if (q == NULL || (q < end && *q >= '0' && *q <= '9'))
		return json_refuse(e, "invalid number", p);
	return q;
}

const char *
json_word(const char *p, const char *end, struct value *v, struct json_error *e)
{
	if (end - p >= 4 && memcmp(p, "null", 4) == 0) {
		*v = value_null();
		return p + 4;
	}
	if (end - p >= 4 && memcmp(p, "true", 4) == 0) {
		*v = value_bool(true);
		return p + 4;
	}
	if (end - p >= 5 && memcmp(p, "false", 5) == 0) {
		*v = value_bool(false);
		return p + 5;
	}
	if (p >= end)
		return json_refuse(e, "it ends too early", end);
	return json_refuse(e, "expected a value", p);
}

/* "name" and its colon; returns where the value may begin. */
static const char *
nested_key(const char *p, const char *end, struct json_error *e)
{
	bool escaped;

	if (p >= end)
		return json_refuse(e, "it ends too early", end);
	if (*p != '"')
		return json_refuse(e, "expected a name in quotes", p);
	if ((p = json_string_scan(p + 1, end, &escaped, e)) == NULL)
		return NULL;
	p = json_space(p + 1, end);
	if (p >= end || *p != ':')
		return json_refuse(e, "expected ':'", p);
	return p + 1;
}

/*
 * One bit for each open bracket: 1 is an object.
 */
struct nest {
	uint64_t bits[JSON_DEPTH / 64 + 1];
	int n;
};

static inline bool
nest_object(const struct nest *t)
{
	return t->bits[(t->n - 1) / 64] >> ((t->n - 1) % 64) & 1;
}

static inline void
nest_push(struct nest *t, bool object)
{
	uint64_t bit = UINT64_C(1) << (t->n % 64);

	if (object)
		t->bits[t->n / 64] |= bit;
	else
		t->bits[t->n / 64] &= ~bit;
	t->n++;
}

/* Behind what closes brackets at p; the comma and key that follow are read. */
static const char *
nested_after(
	const char *p, const char *end, struct nest *t, struct json_error *e)
{
	while (t->n > 0) {
		bool object = nest_object(t);

		p = json_space(p, end);
		if (p >= end)
			return json_refuse(e, "it ends too early", end);
		if (*p == ',') {
			p = json_space(p + 1, end);
			return object ? nested_key(p, end, e) : p;
		}
		if (*p != (object ? '}' : ']'))
			return json_refuse(e,
				object ? "expected ',' or '}'"
				       : "expected ',' or ']'",
				p);
		p++;
		t->n--;
	}
	return p;
}

/* The array or object at p, checked; returns the place behind it. */
static const char *
nested(const char *p, const char *end, int depth, struct json_error *e)
{
	struct nest t;
	struct value v;

	t.n = 0;
	do {
		p = json_space(p, end);
		if (p >= end)
			return json_refuse(e, "it ends too early", end);
		if (*p == '{' || *p == '[') {
			bool object = *p == '{';

			if (t.n + depth >= JSON_DEPTH)
				return json_refuse(
					e, "nested deeper than 1000", p);
			nest_push(&t, object);
			p = json_space(p + 1, end);
			if (p < end && *p == (object ? '}' : ']')) {
				t.n--;
				p++;
			} else {
				if (object)
					p = nested_key(p, end, e);
				if (p == NULL)
					return NULL;
				continue;
			}
		} else if ((p = json_scan(p, end, depth, &v, e)) == NULL)
			return NULL;
		if ((p = nested_after(p, end, &t, e)) == NULL)
			return NULL;
	} while (t.n > 0);
	return p;
}

const char *
json_nested(const char *p, const char *end, int depth, struct value *v,
	struct json_error *e)
{
	const char *q = nested(p, end, depth, e);

	if (q == NULL)
		return NULL;
	*v = (struct value){.s = p,
		.n = (uint32_t)(q - p),
		.type = *p == '{' ? VALUE_OBJECT : VALUE_ARRAY};
	return q;
}

const char *
json_read(const char *p, const char *end, int depth, struct value *v,
	struct json_error *e)
{
	const char *q;

	p = json_space(p, end);
	if (p >= end)
		return json_refuse(e, "it ends too early", end);
	q = json_scan(p, end, depth, v, e);
	if (q > end) {
		/* A number ran on into what follows the text. */
		q = json_number_slow(p, end, e);
		v->n = (uint32_t)(q - p);
	}
	return q;
}

/*
 * Walking: the text is known to be valid, but nothing may be readable behind
 * it.  What is not (a key of a damaged state) ends the walk, within the text.
 */

/* From behind the opening quote to the closing one. */
static const char *
walk_string(const char *p, const char *end, bool *escaped)
{
	*escaped = false;
	for (;; p++) {
		if (end - p >= SIMD_BLOCK) {
			uint32_t m = simd_special(p);

			p += m != 0 ? __builtin_ctz(m) : SIMD_BLOCK - 1;
		}
		if (p >= end || *p == '"')
			return p;
		if (*p == '\\') {
			*escaped = true;
			p++;
		}
	}
}

/* Where a walk through nested JSON is, between blocks of 64 bytes. */
struct walk {
	size_t depth;
	uint64_t inside;  /* a string: all bits, or none */
	uint64_t escaped; /* the first byte of the next block: 1 */
};

/* The bytes that a backslash is in front of. */
static uint64_t
walk_escapes(struct walk *w, uint64_t slash)
{
	uint64_t escaped = w->escaped, first;

	w->escaped = 0;
	for (slash &= ~escaped; slash != 0; slash &= ~(first | first << 1)) {
		first = slash & (0 - slash);
		escaped |= first << 1;
		w->escaped = first >> 63;
	}
	return escaped;
}

/* The bytes that stand in strings, opening quotes among them. */
static inline uint64_t
walk_inside(struct walk *w, uint64_t quotes)
{
	for (unsigned i = 1; i < 64; i *= 2)
		quotes ^= quotes << i;
	quotes ^= w->inside;
	w->inside = 0 - (quotes >> 63);
	return quotes;
}

/* How many bytes of a block there are up to what closes all; 0: it goes on. */
static inline size_t
walk_block(struct walk *w, const char *p)
{
	struct simd_nest m = simd_nest(p);
	uint64_t any;

	if ((m.slash | w->escaped) != 0)
		m.quote &= ~walk_escapes(w, m.slash);
	any = (m.open | m.close) & ~walk_inside(w, m.quote);
	for (; any != 0; any &= any - 1) {
		if (m.open & any & (0 - any))
			w->depth++;
		else if (--w->depth == 0)
			return (size_t)__builtin_ctzll(any) + 1;
	}
	return 0;
}

static const char *
walk_nested(const char *p, const char *end)
{
	struct walk w = {0, 0, 0};
	char last[64] = {0};
	size_t n;

	for (; end - p >= 64; p += 64)
		if ((n = walk_block(&w, p)) != 0)
			return p + n;
	memcpy(last, p, (size_t)(end - p));
	n = walk_block(&w, last);
	return n != 0 ? p + n : end;
}

static const char *
walk_value(const char *p, const char *end, struct value *v)
{
	const char *q;
	bool escaped;

	switch (*p) {
	case '"':
		q = walk_string(p + 1, end, &escaped);
		*v = value_json_string(p + 1, (size_t)(q - p - 1), escaped);
		return q + 1;
	case '{':
	case '[':
		q = walk_nested(p, end);
		*v = (struct value){.s = p,
			.n = (uint32_t)(q - p),
			.type = *p == '{' ? VALUE_OBJECT : VALUE_ARRAY};
		return q;
	case 'n':
		*v = value_null();
		return p + 4;
	case 't':
		*v = value_bool(true);
		return p + 4;
	case 'f':
		*v = value_bool(false);
		return p + 5;
	}
	if ((q = json_number(p, end)) == NULL)
		return end + 1;
	*v = (struct value){
		.s = p, .n = (uint32_t)(q - p), .type = VALUE_NUMBER};
	return q;
}

void
json_iter(struct json_iter *it, const struct value *v)
{
	it->object = v->type == VALUE_OBJECT;
	it->p = v->s + 1;
	it->end = v->s + v->n;
	it->flags = v->flags & VALUE_SINGLE;
}

/* Where the next value begins; NULL: there is none. */
static inline const char *
walk_key(const struct json_iter *it, struct value *key)
{
	const char *p = json_space(it->p, it->end), *q;
	bool escaped;

	if (p < it->end && *p == ',')
		p = json_space(p + 1, it->end);
	if (p >= it->end || *p == '}' || *p == ']')
		return NULL;
	if (!it->object)
		return p;
	q = walk_string(p + 1, it->end, &escaped);
	if (q >= it->end)
		return NULL;
	if (key != NULL)
		*key = value_json_string(p + 1, (size_t)(q - p - 1), escaped);
	p = json_space(q + 1, it->end);
	if (p < it->end)
		p = json_space(p + 1, it->end);
	return p < it->end ? p : NULL;
}

bool
json_next(struct json_iter *it, struct value *key, struct value *v)
{
	const char *p = walk_key(it, key);

	if (p == NULL)
		return false;
	it->p = walk_value(p, it->end, v);
	if (v->type >= VALUE_ARRAY)
		v->flags = it->flags;
	return it->p <= it->end;
}

bool
json_within(const struct value *nested, size_t at, struct value *v)
{
	const char *end = nested->s + nested->n;

	if (walk_value(nested->s + at, end, v) > end)
		return false;
	if (v->type >= VALUE_ARRAY)
		v->flags = nested->flags & VALUE_SINGLE;
	return true;
}

bool
json_same(const char *inside, size_t ninside, const char *plain, size_t n)
{
	struct buf b;
	bool same;

	if (memchr(inside, '\\', ninside) == NULL)
		return ninside == n && memcmp(inside, plain, n) == 0;
	if (ninside < n)
		return false;
	buf_init(&b);
	json_unquote(&b, inside, ninside);
	same = b.n == n && memcmp(buf_cstr(&b), plain, n) == 0;
	buf_release(&b);
	return same;
}

static bool
walk_is(const struct value *key, const char *name, size_t n)
{
	return !(key->flags & VALUE_ESCAPED)
		? key->n == n && memcmp(key->s, name, n) == 0
		: json_same(key->s, key->n, name, n);
}

bool
json_iter_member(struct json_iter *it, const struct value *object,
	const char *name, size_t n)
{
	struct json_iter o;
	struct value key = value_null(), v;
	const char *p;

	json_iter(&o, object);
	if (o.flags == 0)
		return false;
	while ((p = walk_key(&o, &key)) != NULL && !walk_is(&key, name, n)) {
		o.p = walk_value(p, o.end, &v);
		if (o.p > o.end)
			return false;
	}
	if (p == NULL || *p != '[')
		return false;
	*it = (struct json_iter){.p = p + 1, .end = o.end, .flags = o.flags};
	return true;
}

bool
json_get(
	const struct value *object, const char *name, size_t n, struct value *v)
{
	struct json_iter it;
	struct value key = value_null(), x;
	bool found = false;

	json_iter(&it, object);
	while (json_next(&it, &key, &x)) {
		if (walk_is(&key, name, n)) {
			*v = x;
			found = true;
			if (it.flags != 0)
				break;
		}
	}
	return found;
}

static void
quote_byte(struct buf *out, char c)
{
	static const char hex[] = "0123456789abcdef";
	char e[6] = {'\\', c, '0', '0', 0, 0};
	size_t n = 2;

	switch (c) {
	case '"':
	case '\\':
		break;
	case '\b':
		e[1] = 'b';
		break;
	case '\f':
		e[1] = 'f';
		break;
	case '\n':
		e[1] = 'n';
		break;
	case '\r':
		e[1] = 'r';
		break;
	case '\t':
		e[1] = 't';
		break;
	default:
		e[1] = 'u';
		e[4] = hex[c >> 4 & 15];
		e[5] = hex[c & 15];
		n = 6;
	}
	buf_add(out, e, n);
}

void
json_escape(struct buf *out, const char *s, size_t n)
{
	size_t from = 0, i = 0;

	while (i < n) {
		i += simd_span(s + i, n - i);
		if (i >= n)
			break;
		if ((unsigned char)s[i] >= 0x80) {
			i++;
			continue;
		}
		buf_add(out, s + from, i - from);
		quote_byte(out, s[i]);
		from = ++i;
	}
	buf_add(out, s + from, n - from);
}

void
json_quote(struct buf *out, const char *s, size_t n)
{
	buf_byte(out, '"');
	json_escape(out, s, n);
	buf_byte(out, '"');
}

void
json_capitals(char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p != '\\' || *++p != 'u')
			continue;
		for (int i = 1; i < 5; i++)
			p[i] = (char)toupper((unsigned char)p[i]);
		p += 4;
	}
}

void
json_member(struct buf *out, const char *key, const char *text)
{
	if (text == NULL)
		return;
	buf_printf(out, ",\"%s\":", key);
	json_quote(out, text, strlen(text));
}

/* Decode \uXXXX at s (two of them where they are a pair); returns the place
 * behind. */
static const char *
unquote_unicode(struct buf *out, const char *s, const char *end)
{
	uint32_t c = (uint32_t)hex4(s + 2);

	s += 6;
	if (c >= 0xD800 && c < 0xDC00 && end - s >= 6 && s[0] == '\\' &&
		s[1] == 'u') {
		uint32_t low = (uint32_t)hex4(s + 2);

		if (low >= 0xDC00 && low < 0xE000) {
			c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
			s += 6;
		}
	}
	buf_utf8(out, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
	return s;
}

void
json_unquote(struct buf *out, const char *s, size_t n)
{
	const char *end = s + n, *q;

	while (s < end) {
		q = memchr(s, '\\', (size_t)(end - s));
		if (q == NULL)
			q = end;
		buf_add(out, s, (size_t)(q - s));
		s = q;
		if (end - s < 2)
			return;
		switch (s[1]) {
		case 'b':
			buf_byte(out, '\b');
			break;
		case 'f':
			buf_byte(out, '\f');
			break;
		case 'n':
			buf_byte(out, '\n');
			break;
		case 'r':
			buf_byte(out, '\r');
			break;
		case 't':
			buf_byte(out, '\t');
			break;
		case 'u':
			s = unquote_unicode(out, s, end);
			continue;
		default:
			buf_byte(out, s[1]);
		}
		s += 2;
	}
}

void
json_quote_any(struct buf *out, const char *p, size_t n)
{
	struct buf clean;

	if (json_utf8(p, n)) {
		json_quote(out, p, n);
		return;
	}
	buf_init(&clean);
	json_repair(&clean, p, n);
	json_quote(out, clean.p, clean.n);
	buf_release(&clean);
}
