/*
 * sql_numform: Spark's formats of numbers, such as '$99,999.99' or 'S000D0', of
 * to_char and to_number.
 */
#ifndef BIEF_SQL_NUMFORM_H
#define BIEF_SQL_NUMFORM_H

#include <stdbool.h>
#include <stddef.h>

#include "floor/buf.h"
#include "text/numeric.h"

struct err;

enum sql_numform_kind {
	NUMFORM_DIGITS,   /* 9: up to so many */
	NUMFORM_ZEROS,    /* 0: as many */
	NUMFORM_COMMA,    /* , or G */
	NUMFORM_POINT,    /* . or D */
	NUMFORM_CURRENCY, /* $ */
	NUMFORM_SIGN,     /* S */
	NUMFORM_MINUS,    /* MI */
	NUMFORM_OPEN,     /* of PR, in front ... */
	NUMFORM_CLOSE     /* ... and behind */
};

struct sql_numform_token {
	enum sql_numform_kind kind;
	int n; /* digits */
};

#define SQL_NUMFORM_MOST 128 /* tokens */

struct sql_numform {
	struct sql_numform_token token[SQL_NUMFORM_MOST];
	int n;
	int before, after; /* digits around the point */
};

/* -1 with a message, STATUS_USAGE. */
int sql_numform_read(
	struct sql_numform *f, const char *s, size_t n, struct err *err);
/* Append the number, of a scale, in the format. */
void sql_numform_print(
	const struct sql_numform *f, numeric v, int scale, struct buf *out);
/* A text of that format as a number of the scale f->after; false: it is none. */
bool sql_numform_parse(
	const struct sql_numform *f, const char *s, size_t n, numeric *v);

#endif
