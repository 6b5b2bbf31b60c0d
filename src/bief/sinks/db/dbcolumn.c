/*
 * dbcolumn: affinities, by the rules of SQLite's documentation (Datatypes In
 * SQLite, 3.1), which look for pieces of words in what was declared.
 */
#include "sinks/db/dbcolumn.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "text/number.h"
#include "value/value.h"
#include "io/sqlite.h"
#include "types/type.h"

#define EXACT (INT64_C(1) << 53) /* integers up to here are doubles */

enum affinity
dbcolumn_affinity(const char *declared)
{
	if (strcasestr(declared, "int") != NULL)
		return AFFINITY_INTEGER;
	if (strcasestr(declared, "char") != NULL ||
		strcasestr(declared, "clob") != NULL ||
		strcasestr(declared, "text") != NULL)
		return AFFINITY_TEXT;
	if (*declared == '\0' || strcasestr(declared, "blob") != NULL)
		return AFFINITY_NONE;
	if (strcasestr(declared, "real") != NULL ||
		strcasestr(declared, "floa") != NULL ||
		strcasestr(declared, "doub") != NULL)
		return AFFINITY_REAL;
	return AFFINITY_INTEGER;
}

const char *
dbcolumn_declared(const struct type *type)
{
	switch (type == NULL ? TYPE_UNKNOWN : type->kind) {
	case TYPE_BOOLEAN:
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
		return "INTEGER";
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		return "REAL";
	case TYPE_UNKNOWN:
	case TYPE_NULL:
		return NULL;
	default:
		return "TEXT";
	}
}

/* Would SQLite read this text as a number?  Blanks may stand around it. */
static bool
reads_as_number(const char *s)
{
	static const char blank[] = " \t\n\v\f\r", digit[] = "0123456789";
	size_t whole, part = 0;

	s += strspn(s, blank);
	s += *s == '-' || *s == '+';
	whole = strspn(s, digit);
	s += whole;
	if (*s == '.')
		part = strspn(++s, digit);
	s += part;
	if (whole + part == 0)
		return false;
	if (*s == 'e' || *s == 'E') {
		s += 1 + (s[1] == '-' || s[1] == '+');
		if (*s < '0' || *s > '9')
			return false;
		s += strspn(s, digit);
	}
	s += strspn(s, blank);
	return *s == '\0';
}

static bool
is_double(int64_t i)
{
	return i >= -EXACT && i <= EXACT;
}

/* Text that is a number to SQLite keeps what it says if that number is
 * spelled so. */
static bool
text_keeps(enum affinity a, const char *s, size_t n)
{
	char text[NUMBER_MAX];
	int64_t i;
	double d;

	if (strlen(s) != n || !reads_as_number(s))
		return true;
	if (strchr(" \t\n\v\f\r+", *s) != NULL)
		return false;
	if (number_int(s, n, &i) == 0)
		return number_print_int(i, text) == n &&
			memcmp(text, s, n) == 0 &&
			(a == AFFINITY_INTEGER || is_double(i));
	d = strtod(s, NULL);
	return isfinite(d) && number_print_double(d, text) == n &&
		memcmp(text, s, n) == 0 && (d != 0 || !signbit(d));
}

/* (NaN and infinities are text that is no number.) */
static bool
double_keeps(enum affinity a, bool exact, double d)
{
	if (!isfinite(d) || a == AFFINITY_REAL)
		return true;
	return !exact || d != trunc(d);
}

bool
dbcolumn_keeps(
	enum affinity a, bool exact, const struct value *v, struct buf *tmp)
{
	struct value number;
	const char *s;
	size_t n;

	if (a == AFFINITY_NONE || value_is_null(v))
		return true;
	if (v->type == VALUE_STRING) {
		if (a == AFFINITY_TEXT)
			return true;
		s = value_string(v, &n, tmp);
		if (s != tmp->p) {
			buf_clear(tmp);
			buf_add(tmp, s, n);
		}
		s = buf_cstr(tmp);
		return exact ? !reads_as_number(s) : text_keeps(a, s, n);
	}
	if (v->type == VALUE_BOOL)
		return !exact || a == AFFINITY_INTEGER;
	number = value_number(v, false);
	if (number.type != VALUE_INT && number.type != VALUE_DOUBLE)
		return true; /* other text, to no number alike */
	if (a == AFFINITY_TEXT)
		return !exact;
	if (sqlite_exact(v))
		return false;
	if (number.type == VALUE_DOUBLE)
		return (isfinite(number.d) || v->type == VALUE_DOUBLE) &&
			double_keeps(a, exact, number.d);
	return a == AFFINITY_INTEGER || (!exact && is_double(number.i));
}
