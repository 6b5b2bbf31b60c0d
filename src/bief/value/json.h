/*
 * json: RFC 8259 text, checked and walked in place.
 */
#ifndef BIEF_JSON_H
#define BIEF_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/simd.h"
#include "value/value.h"

#define JSON_DEPTH 1000 /* nesting that is accepted */

/* Why text was refused, for messages; at is where. */
struct json_error {
	const char *what; /* "expected ':'", "invalid UTF-8", ... */
	const char *at;
};

/*
 * Read one JSON value that begins at p (white space skipped in front) and ends
 * before end.  Fills *v (numbers as VALUE_NUMBER, the rest as it is, nested
 * text checked) and returns the place behind it, or NULL with *e.  depth is
 * the nesting that p already stands in.
 *
 * At least JSON_PADDING readable bytes must follow end (their content does not
 * matter): the scanners read whole blocks.
 */
#define JSON_PADDING 64
const char *json_read(const char *p, const char *end, int depth,
	struct value *v, struct json_error *e);

/* Skip spaces, tabs, CR and LF. */
const char *json_space(const char *p, const char *end);

/* From behind the opening quote to the closing one (returned), or NULL.
 * Sets *escaped.  Checks control characters, escapes and UTF-8. */
const char *json_string(
	const char *p, const char *end, bool *escaped, struct json_error *e);

/* Behind the number that begins at p, or NULL. */
const char *json_number(const char *p, const char *end);

/*
 * Walk an array or an object that json_read() has checked.  Usage:
 *
 *	struct json_iter it;
 *	struct value key, v;
 *	json_iter(&it, value);
 *	while (json_next(&it, &key, &v)) ...        key is set for objects only
 */
struct json_iter {
	const char *p, *end;
	bool object;
	uint8_t flags; /* VALUE_SINGLE, of what is in it, too */
};
void json_iter(struct json_iter *it, const struct value *v);
bool json_next(struct json_iter *it, struct value *key, struct value *v);
/* The same of an array that is a member of an object, whose end need not be found
 * first; false: there is none, or it takes a closer look. */
bool json_iter_member(struct json_iter *it, const struct value *object,
	const char *name, size_t n);

/* The member of an object by its (plain) name, the last one of several. */
bool json_get(const struct value *object, const char *name, size_t n,
	struct value *v);
/* The value that begins so many bytes from where the array or object does. */
bool json_within(const struct value *nested, size_t at, struct value *v);

/* Append plain text as a JSON string, quotes included. */
struct buf;
void json_quote(struct buf *out, const char *s, size_t n);
/* Escapes as Jackson writes them: hexadecimal digits that are capital letters,
 * from p to end, in place. */
void json_capitals(char *p, const char *end);
/* The same of a text that may be no UTF-8: what is not becomes U+FFFD. */
void json_quote_any(struct buf *out, const char *s, size_t n);
/* Append ,"key":"text" (key as it is); nothing if text is NULL. */
void json_member(struct buf *out, const char *key, const char *text);
/* Append the plain text of a JSON string's inside. */
void json_unquote(struct buf *out, const char *s, size_t n);

/* The same as json_quote without the quotes. */
void json_escape(struct buf *out, const char *s, size_t n);

/* True if the inside of a JSON string stands for this plain text. */
bool json_same(const char *inside, size_t ninside, const char *plain, size_t n);

/* True if the bytes are UTF-8 (no surrogates, nothing overlong). */
bool json_utf8(const char *s, size_t n);
/* Append them with U+FFFD for each byte that is not. */
void json_repair(struct buf *out, const char *s, size_t n);

/*
 * The scanners' inner loop, for record.c: as json_read(), with p where the
 * value begins.  The place returned may lie up to SIMD_BLOCK bytes behind end
 * when a number or a word runs into it: who calls must check that the value is
 * followed by what must follow, before end.
 */
const char *json_string_slow(
	const char *p, const char *end, bool *escaped, struct json_error *e);
const char *json_number_slow(
	const char *p, const char *end, struct json_error *e);
const char *json_word(
	const char *p, const char *end, struct value *v, struct json_error *e);
const char *json_nested(const char *p, const char *end, int depth,
	struct value *v, struct json_error *e);

/* From behind the opening quote to the closing one. */
static inline const char *
json_string_scan(
	const char *p, const char *end, bool *escaped, struct json_error *e)
{
	uint32_t m = simd_special(p);
	const char *q = p + (m != 0 ? __builtin_ctz(m) : SIMD_BLOCK);

	*escaped = false;
	if (__builtin_expect(m != 0 && *q == '"' && q < end, 1))
		return q;
	return json_string_slow(p, end, escaped, e);
}

/* Behind a number; one of the usual length and form without a loop. */
static inline const char *
json_number_scan(const char *p, const char *end, struct json_error *e)
{
	const char *s = p + (*p == '-');
	uint32_t m = simd_nondigit(s);
	int n = m != 0 ? __builtin_ctz(m) : 0;

	if (__builtin_expect(n == 0 || (n > 1 && *s == '0'), 0))
		return json_number_slow(p, end, e);
	if (s[n] == '.') {
		int point = n;

		m &= m - 1;
		n = m != 0 ? __builtin_ctz(m) : 0;
		if (__builtin_expect(n <= point + 1, 0))
			return json_number_slow(p, end, e);
	}
	if (__builtin_expect((s[n] | 0x20) == 'e', 0))
		return json_number_slow(p, end, e);
	return s + n;
}

static inline const char *
json_scan(const char *p, const char *end, int depth, struct value *v,
	struct json_error *e)
{
	const char *q;
	bool escaped;
	char c = *p;

	if (c == '"') {
		q = json_string_scan(p + 1, end, &escaped, e);
		if (q == NULL)
			return NULL;
		*v = value_json_string(p + 1, (size_t)(q - p - 1), escaped);
		return q + 1;
	}
	if ((unsigned char)(c - '0') < 10 || c == '-') {
		q = json_number_scan(p, end, e);
		*v = (struct value){
			.s = p, .n = (uint32_t)(q - p), .type = VALUE_NUMBER};
		return q;
	}
	if (c == '{' || c == '[')
		return json_nested(p, end, depth, v, e);
	return json_word(p, end, v, e);
}

#endif
