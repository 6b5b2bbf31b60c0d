/*
 * value: one value of a record.
 *
 * Text inside a value (strings, numbers not yet looked at, arrays, objects) is
 * not owned: it lives as long as the record it was reached from.  To keep it,
 * copy it.
 *
 * The spelling carries the type (bief-stream(5)): a number without point and
 * exponent is an integer, any other a double; a string of the form
 * 2016-07-26T02:45:07[.ffffff]Z compares as a time, not as text.
 */
#ifndef BIEF_VALUE_H
#define BIEF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/simd.h"

struct buf;

enum value_type {
	VALUE_NULL,
	VALUE_BOOL,   /* i: 0 or 1 */
	VALUE_INT,    /* i */
	VALUE_DOUBLE, /* d; NaN and infinities print as strings */
	VALUE_NUMBER, /* s, n: a valid JSON number as it was written */
	VALUE_REAL,   /* s, n: the same, but known to be meant as a double */
	VALUE_STRING, /* s, n: what stands between the quotes in JSON */
	VALUE_TIME,   /* i: microseconds since 1970 UTC */
	VALUE_DATE,   /* i: days since 1970 */
	VALUE_ARRAY,  /* s, n: valid JSON text, from [ to ] */
	VALUE_OBJECT  /* s, n: valid JSON text, from { to } */
};

/* flags */
#define VALUE_ESCAPED 1 /* the string's text holds backslashes */
#define VALUE_SINGLE 2  /* in no object of the text is a name twice */

struct value {
	union {
		int64_t i;
		double d;
		const char *s;
	};
	uint32_t n;
	uint8_t type; /* enum value_type */
	uint8_t flags;
};

/* Does it point to bytes: are s and n of a meaning? */
static inline bool
value_has_text(const struct value *v)
{
	const unsigned texts = 1u << VALUE_NUMBER | 1u << VALUE_REAL |
		1u << VALUE_STRING | 1u << VALUE_ARRAY | 1u << VALUE_OBJECT;

	return texts >> v->type & 1;
}

static inline struct value
value_null(void)
{
	return (struct value){.type = VALUE_NULL};
}

static inline struct value
value_bool(bool b)
{
	return (struct value){.i = b, .type = VALUE_BOOL};
}

static inline struct value
value_int(int64_t i)
{
	return (struct value){.i = i, .type = VALUE_INT};
}

static inline struct value
value_double(double d)
{
	return (struct value){.d = d, .type = VALUE_DOUBLE};
}

static inline struct value
value_time(int64_t us)
{
	return (struct value){.i = us, .type = VALUE_TIME};
}

/* Text as it stands between quotes in JSON (escapes and all). */
static inline struct value
value_json_string(const char *s, size_t n, bool escaped)
{
	return (struct value){.s = s,
		.n = (uint32_t)n,
		.type = VALUE_STRING,
		.flags = escaped ? VALUE_ESCAPED : 0};
}

/*
 * A string value of plain text (UTF-8, no escapes): where the text needs
 * escaping it is written to tmp (in place of what is there), else the value
 * points to s itself.
 */
struct value value_text(const char *s, size_t n, struct buf *tmp);

/*
 * The plain text of a VALUE_STRING: its own bytes when it has no escapes, else
 * decoded into tmp, in place of what is there (a lone surrogate becomes U+FFFD).
 * Sets *n.
 */
const char *value_string(const struct value *v, size_t *n, struct buf *tmp);

/*
 * Look at a number: VALUE_NUMBER becomes VALUE_INT (integer spelling within
 * 64 bits) or VALUE_DOUBLE, VALUE_REAL becomes VALUE_DOUBLE; the strings "NaN",
 * "Infinity", "-Infinity" become doubles when nan is true.  Anything that is
 * no number is returned as it is.
 */
struct value value_number(const struct value *v, bool nan);

/*
 * Look at a time: VALUE_TIME, or a string of the stream's own form
 * (time_parse_iso).  Returns 0 and sets *us, or -1.
 */
int value_get_time(const struct value *v, int64_t *us);

/* The same for values of which many have the text of the one before, which is
 * remembered here (zeroed at first). */
struct time_text {
	int64_t us;
	uint32_t n; /* 0, or from 16 to 32 */
	char text[32];
};
int value_time_learn(struct time_text *t, const struct value *v, int64_t *us);

static inline int
time_text_get(struct time_text *t, const struct value *v, int64_t *us)
{
	uint32_t n = t->n;

	if (v->type != VALUE_STRING || v->n != n || n == 0 || v->flags != 0 ||
		(simd_equal16(v->s, t->text) &
			simd_equal16(v->s + n - 16, t->text + n - 16)) !=
			0xFFFF)
		return value_time_learn(t, v, us);
	*us = t->us;
	return 0;
}

bool value_is_null(const struct value *v); /* also true for v == NULL */
bool value_is_nan(const struct value *v);  /* NaN, as number or as string */
bool value_is_big(
	const struct value *v); /* digits of an integer beyond 64 bits */

/* JSON text of a value (NULL prints null), as it goes into a stream. */
void value_print(const struct value *v, struct buf *out);
/* The text that a stream has for it, of a time, NaN and such without quotes; in
 * tmp.  Not of a string, whose characters value_string has. */
const char *value_spelling(const struct value *v, size_t *n, struct buf *tmp);

/* Plain text that is a time in the stream's own form, which has so many bytes. */
#define VALUE_ISO_LEAST 20
#define VALUE_ISO_MOST 30
bool value_iso(const char *s, size_t n, int64_t *us);
/* A number's text without point and exponent. */
bool value_digits(const char *s, size_t n);
/* An integer member of an object: false if it has none of that name. */
bool value_member_int(const struct value *object, const char *name, int64_t *i);

#endif
