/*
 * lenient: JSON as Spark reads it, token by token.
 *
 * Beyond RFC 8259: strings in single quotes, \' in strings, and the bare words
 * NaN, [+-]Infinity, [+-]INF, unless flags refuse them; what else flags allow.
 * Limits: nesting of 1000, numbers of 1000 digits, strings of 20,000,000
 * characters.
 */
#ifndef BIEF_LENIENT_H
#define BIEF_LENIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "value/json.h"

struct buf;

#define LENIENT_DIGITS 1000

/* flags */
#define LENIENT_COMMENTS 1   /* of Java's kinds, where white space may stand */
#define LENIENT_NAMES 2      /* names without quotes */
#define LENIENT_ZEROS 4      /* numbers with leading zeros */
#define LENIENT_ESCAPES 8    /* a backslash before any character */
#define LENIENT_CONTROLS 16  /* control characters in strings */
#define LENIENT_NO_SINGLE 32 /* no single quotes */
#define LENIENT_NO_WORDS 64  /* no NaN and no infinity, as a string neither */
/* flags of what lenient_value() appends */
#define LENIENT_UTF16 128 /* \uXXXX for halves of surrogate pairs and pairs */
#define LENIENT_INFINITE 256 /* numbers that are not finite are 1e999 */

/* A text; JSON_PADDING bytes behind end are readable. */
struct lenient {
	const char *begin, *end;
	unsigned flags;
	const char *what, *at; /* why a reading function returned NULL */
};

struct lenient_string {
	const char *s; /* the inside, in the text */
	size_t n;
	bool escaped;
	bool odd; /* not the inside of a JSON string as it stands: it was in
	           * single quotes, or has half a surrogate pair */
};

struct lenient_number {
	const char *s; /* the token */
	size_t n;
	bool integer;
	bool finite; /* else value is NaN or infinite */
	bool zeros;  /* leading zeros stand behind the sign */
	double value;
};

/*
 * All reading functions begin at a token's first byte, below end, and return
 * the place behind it, or NULL with l->what and l->at.
 */
const char *lenient_string(
	struct lenient *l, const char *p, struct lenient_string *s);
const char *lenient_number(
	struct lenient *l, const char *p, struct lenient_number *n);
/* True for a byte with which a number may begin. */
bool lenient_is_number(char c);
/* true, false or null; which is its first letter. */
const char *lenient_word(struct lenient *l, const char *p);
/*
 * Any value, which stands in depth arrays and objects.  With out, append it as
 * Spark writes JSON (compactly), else skip it.
 */
const char *lenient_value(
	struct lenient *l, const char *p, int depth, struct buf *out);

/* The key of an object and the colon behind it; white space in front. */
const char *lenient_key(
	struct lenient *l, const char *p, struct lenient_string *s);

/* Skip white space, and comments where they are allowed. */
const char *lenient_comment(const struct lenient *l, const char *p);
static inline const char *
lenient_space(const struct lenient *l, const char *p)
{
	p = json_space(p, l->end);
	return p < l->end && *p == '/' ? lenient_comment(l, p) : p;
}

/* White space, then the byte c, else "expected ..." (what). */
const char *lenient_expect(
	struct lenient *l, const char *p, char c, const char *what);
/* Set the error; returns NULL. */
const char *lenient_refuse(struct lenient *l, const char *at, const char *what);
const char *lenient_early(struct lenient *l);

/* Append a string's plain text; the inside of a JSON string that says it. */
void lenient_plain(const struct lenient_string *s, struct buf *out);
void lenient_json(const struct lenient_string *s, struct buf *out);
/*
 * Append the text of a number as it goes into a string: integers as they are
 * (-0 is 0), others as Java prints a double, what is not finite in quotes.
 */
void lenient_number_text(const struct lenient_number *n, struct buf *out);

#endif
