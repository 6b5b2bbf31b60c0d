/*
 * json: RFC 8259 text, checked and walked in place.
 */
#ifndef BIEF_JSON_H
#define BIEF_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value.h"

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
const char *json_string(const char *p, const char *end, bool *escaped,
	struct json_error *e);

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
};
void json_iter(struct json_iter *it, const struct value *v);
bool json_next(struct json_iter *it, struct value *key, struct value *v);

/* The member of an object by its (plain) name, the last one of several. */
bool json_get(const struct value *object, const char *name, size_t n,
	struct value *v);

/* Append plain text as a JSON string, quotes included. */
struct buf;
void json_quote(struct buf *out, const char *s, size_t n);
/* Append the plain text of a JSON string's inside. */
void json_unquote(struct buf *out, const char *s, size_t n);

/* True if the bytes are UTF-8 (no surrogates, nothing overlong). */
bool json_utf8(const char *s, size_t n);

#endif
