/*
 * sql_literal: values that stand in an expression: numbers with Spark's
 * suffixes, intervals in their three spellings, date '...' and its like.
 */
#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "time/date.h"
#include "time/time.h"
#include "time/zone.h"
#include "expr/sql/parse/sql_parser.h"

struct sql_node *
sql_literal(struct sql_parser *p, struct datum d, const char *from)
{
	struct sql_node *n = sql_tree_node(p->x, SQL_LITERAL, from);

	n->lit = d;
	n->to = p->p;
	return n;
}

struct sql_node *
sql_literal_text(struct sql_parser *p, const char *s, const char *from)
{
	return sql_literal(p, datum_string(s, (uint32_t)strlen(s)), from);
}

/* What the letters behind a number say of its type. */
static int
number_kind(const char *s, size_t n, const char *suffix, const char *end)
{
	if (suffix < end)
		switch (*suffix | 32) {
		case 'l':
			return TYPE_LONG;
		case 's':
			return TYPE_SHORT;
		case 'y':
			return TYPE_BYTE;
		case 'd':
			return TYPE_DOUBLE;
		case 'f':
			return TYPE_FLOAT;
		case 'b':
			return TYPE_DECIMAL;
		}
	return memchr(s, 'e', n) != NULL || memchr(s, 'E', n) != NULL
		? TYPE_DOUBLE
		: TYPE_UNKNOWN;
}

/* Does v, or -v, fit into an integer type?  The least value has no positive
 * counterpart: "-128Y". */
static bool
number_fits(numeric v, int kind, bool negative)
{
	const numeric least = kind == TYPE_BYTE ? INT8_MIN
		: kind == TYPE_SHORT            ? INT16_MIN
		: kind == TYPE_INT              ? INT32_MIN
						: INT64_MIN;

	return v <= -least - (negative ? 0 : 1);
}

/* An integer, a decimal or, with an exponent, a double. */
struct sql_node *
sql_literal_number(struct sql_parser *p)
{
	const char *s = p->t.from, *end = p->t.to;
	int digits, scale, kind, sign = p->negative ? -1 : 1;
	struct datum d = datum_null();
	numeric v;
	size_t n;

	while (end > s && isalpha((unsigned char)end[-1]))
		end--;
	n = (size_t)(end - s);
	kind = number_kind(s, n, end, p->t.to);
	if (!numeric_parse(s, n, &v, &digits, &scale)) {
		if (kind != TYPE_DOUBLE && kind != TYPE_FLOAT)
			return sql_tok_refuse(p, s, "more than 38 digits");
		v = 0;
	}
	if (kind == TYPE_UNKNOWN)
		kind = memchr(s, '.', n) != NULL ? TYPE_DECIMAL
			: v == (int32_t)v        ? TYPE_INT
			: v == (int64_t)v        ? TYPE_LONG
						 : TYPE_DECIMAL;
	if (kind == TYPE_DOUBLE || kind == TYPE_FLOAT) {
		char *text = arena_text(&p->x->arena, s, n);

		d = datum_double(sign *
			(kind == TYPE_FLOAT ? (double)strtof(text, NULL)
					    : strtod(text, NULL)));
		d.kind = (uint8_t)kind;
	} else if (kind == TYPE_DECIMAL) {
		d = datum_from_decimal(sign * v, digits, scale);
	} else if (scale > 0 || !number_fits(v, kind, p->negative)) {
		return sql_tok_refuse(p, s, "out of range");
	} else {
		d = datum_int(kind, (int64_t)(sign * v));
	}
	p->negative = false;
	if (sql_tok_next(p) < 0)
		return NULL;
	return sql_literal(p, d, s);
}

/* Intervals. */

/* What intervals are written in, the largest first of each kind. */
enum { YEAR, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, MILLI, MICRO, NUNITS };

static const struct {
	const char *name;
	int kind, unit;
	int64_t size; /* months or microseconds */
} units[NUNITS] = {
	[YEAR] = {"year", TYPE_YEARS, UNIT_YEAR, 12},
	[MONTH] = {"month", TYPE_YEARS, UNIT_MONTH, 1},
	[WEEK] = {"week", TYPE_DAYS, UNIT_DAY, 7 * 86400 * TIME_SECOND},
	[DAY] = {"day", TYPE_DAYS, UNIT_DAY, 86400 * TIME_SECOND},
	[HOUR] = {"hour", TYPE_DAYS, UNIT_HOUR, 3600 * TIME_SECOND},
	[MINUTE] = {"minute", TYPE_DAYS, UNIT_MINUTE, 60 * TIME_SECOND},
	[SECOND] = {"second", TYPE_DAYS, UNIT_SECOND, TIME_SECOND},
	[MILLI] = {"millisecond", TYPE_DAYS, UNIT_SECOND, 1000},
	[MICRO] = {"microsecond", TYPE_DAYS, UNIT_SECOND, 1},
};

/* -1: no unit. */
int
sql_literal_unit(const char *s, size_t n)
{
	for (int i = 0; i < NUNITS; i++) {
		size_t len = strlen(units[i].name);

		if (strncasecmp(s, units[i].name, len < n ? len : n) == 0 &&
			(n == len || (n == len + 1 && (s[len] | 32) == 's')))
			return i;
	}
	return -1;
}

/* An interval under construction. */
struct interval {
	bool any;
	int kind, from, to;
	int64_t value;
};

/* Add n units, n as text with an optional fraction of seconds. */
static const char *
interval_add(
	struct interval *v, const char *s, size_t n, bool negative, int unit)
{
	numeric d, size = units[unit].size;
	int p, scale;

	assert(unit >= 0);
	assert(unit < NUNITS);
	while (n > 0 && isspace((unsigned char)s[n - 1]))
		n--;
	while (n > 0 && isspace((unsigned char)*s)) {
		s++;
		n--;
	}
	if (!numeric_parse(s, n, &d, &p, &scale))
		return "expected a number in front of the unit";
	if (scale > 0 && units[unit].unit != UNIT_SECOND)
		return "only seconds may have a fraction";
	if (v->any && v->kind != units[unit].kind)
		return "an interval of months and years has no smaller units";
	if (__builtin_mul_overflow(d, negative ? -size : size, &d))
		return "the interval is too long";
	for (; scale > 0; scale--)
		d /= 10;
	if (__builtin_add_overflow(d, (numeric)v->value, &d) ||
		!ty_interval_fits(units[unit].kind, d))
		return "the interval is too long";
	v->value = (int64_t)d;
	v->from = v->any && v->from < units[unit].unit ? v->from
						       : units[unit].unit;
	v->to = v->any && v->to > units[unit].unit ? v->to : units[unit].unit;
	v->kind = units[unit].kind;
	v->any = true;
	return NULL;
}

/* "-" in front of '1 day 2 hours', whose value is known by now. */
static const char *
interval_negate(struct interval *v)
{
	if (!ty_interval_fits(v->kind, -(numeric)v->value))
		return "the interval is too long";
	v->value = -v->value;
	return NULL;
}

/* '1 day 2 hours', '-3 minutes' */
static const char *
interval_text(struct interval *v, const char *s, size_t n)
{
	const char *end = s + n, *number, *word, *why;
	bool negative;
	int unit;

	while (s < end && isspace((unsigned char)*s))
		s++;
	if (end - s > 8 && strncasecmp(s, "interval", 8) == 0)
		s += 8;
	for (;;) {
		while (s < end && isspace((unsigned char)*s))
			s++;
		if (s == end)
			return v->any ? NULL : "an empty interval";
		negative = *s == '-';
		if (*s == '-' || *s == '+')
			s++;
		while (s < end && isspace((unsigned char)*s))
			s++;
		for (number = s;
			s < end && (isdigit((unsigned char)*s) || *s == '.');)
			s++;
		n = (size_t)(s - number);
		while (s < end && isspace((unsigned char)*s))
			s++;
		for (word = s; s < end && isalpha((unsigned char)*s);)
			s++;
		unit = sql_literal_unit(word, (size_t)(s - word));
		if (unit < 0)
			return "expected a unit such as minutes in the "
			       "interval";
		why = interval_add(v, number, n, negative, unit);
		if (why != NULL)
			return why;
	}
}

/* 24 hours, 60 minutes or seconds, 12 months behind a larger unit. */
static bool
interval_is_beyond(const char *s, const char *end, int unit)
{
	int64_t v = 0;

	for (; s < end && isdigit((unsigned char)*s) && v < 1000; s++)
		v = 10 * v + *s - '0';
	return v >= (unit == MONTH ? 12 : unit == HOUR ? 24 : 60);
}

/* The unit of the next part: of years months, of days hours and so on. */
static int
interval_unit_behind(int unit)
{
	return unit == YEAR || (unit >= DAY && unit < SECOND) ? unit + 1 : unit;
}

/* '1-2' YEAR TO MONTH, '1 02:03:04.5' DAY TO SECOND and their parts. */
static const char *
interval_range(struct interval *v, const char *s, size_t n, int from, int to)
{
	const char *end = s + n, *p, *why;
	bool negative = false;
	int unit = from;

	if (s < end && (*s == '-' || *s == '+'))
		negative = *s++ == '-';
	if (from == to)
		return interval_add(v, s, (size_t)(end - s), negative, from);
	for (;; s = p + 1) {
		for (p = s; p < end && strchr("-: ", *p) == NULL;)
			p++;
		if (unit != from && interval_is_beyond(s, p, unit))
			return "a part of the interval is out of its range";
		why = interval_add(v, s, (size_t)(p - s), negative, unit);
		if (why != NULL || p == end)
			break;
		if (unit == to)
			return "the interval has more parts than units";
		unit = interval_unit_behind(unit);
	}
	if (why == NULL && unit != to)
		return "the interval has fewer parts than units";
	return why;
}

/* Another number and its unit; "- 2" alone is an operator's. */
static bool
interval_goes_on(struct sql_parser *p)
{
	const char *word;
	struct sql_token t;

	if (p->t.kind == TOK_NUMBER || p->t.kind == TOK_STRING)
		return true;
	t = sql_tok_peek(p);
	if (!sql_tok_at_op(p, "-") || t.kind != TOK_NUMBER)
		return false;
	word = t.to + strspn(t.to, " \t\n");
	return sql_literal_unit(word,
		       strspn(word,
			       "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) >= 0;
}

/* "to second", where it stands. */
static int
interval_end(struct sql_parser *p, int *to)
{
	int r = sql_tok_take(p, "to");

	if (r != 1)
		return r;
	*to = p->t.kind == TOK_WORD ? sql_literal_unit(p->t.s, p->t.n) : -1;
	if (*to < 0) {
		sql_tok_expected(p, "a unit");
		return -1;
	}
	return sql_tok_next(p);
}

/* What v holds by now, unless something was wrong with it. */
static int
interval_settle(struct sql_parser *p, struct interval *v, bool negative,
	const char *at, const char *why)
{
	if (why == NULL && negative)
		why = interval_negate(v);
	if (why == NULL)
		return 0;
	sql_tok_refuse(p, at, why);
	return -1;
}

/*
 * One part, in one of three forms: 3 days, '1-2' year to month, '1 day 2 hours'
 * The last is the whole interval: then 1, else 0 or -1.
 */
static int
interval_part(struct sql_parser *p, struct interval *v)
{
	bool negative = sql_tok_at_op(p, "-"), text;
	const char *at = p->t.from;
	struct sql_token number;
	int unit, to;

	if ((negative || sql_tok_at_op(p, "+")) && sql_tok_next(p) < 0)
		return -1;
	number = p->t;
	text = number.kind == TOK_STRING;
	if (sql_tok_next(p) < 0)
		return -1;
	unit = p->t.kind == TOK_WORD ? sql_literal_unit(p->t.s, p->t.n) : -1;
	if (unit < 0 && text && !v->any)
		return interval_settle(p, v, negative, at,
			       interval_text(v, number.s, number.n)) == 0
			? 1
			: -1;
	if (unit < 0) {
		sql_tok_expected(p, "a unit such as minutes");
		return -1;
	}
	to = unit;
	if (sql_tok_next(p) < 0 || interval_end(p, &to) != 0)
		return -1;
	if (text)
		return interval_settle(p, v, negative, at,
			interval_range(v, number.s, number.n, unit, to));
	return interval_settle(p, v, false, at,
		interval_add(v, number.from, (size_t)(number.to - number.from),
			negative, unit));
}

static int
parse_interval_parts(struct sql_parser *p, struct interval *v)
{
	int r;

	do
		r = interval_part(p, v);
	while (r == 0 && interval_goes_on(p));
	return r < 0 ? -1 : 0;
}

struct sql_node *
sql_literal_interval(struct sql_parser *p, const char *from)
{
	struct interval v = {0};
	struct datum d;

	if (sql_tok_next(p) < 0 || parse_interval_parts(p, &v) < 0)
		return NULL;
	d = datum_int(v.kind, v.value);
	d.p = (uint8_t)v.from;
	d.s = (uint8_t)v.to;
	return sql_literal(p, d, from);
}

/* Zone and clock are known when it is evaluated. */
static struct sql_node *
parse_time_text(struct sql_parser *p, int kind, const char *from)
{
	struct sql_node *n = sql_literal(
		p, datum_string(p->t.s, p->t.n), p->t.from);

	return sql_tok_next(p) == 0 ? sql_tree_cast(p->x, n, ty(kind), from)
				    : NULL;
}

/* date '...', timestamp '...', x'...' */
struct sql_node *
sql_literal_typed(struct sql_parser *p)
{
	struct sql_token word = p->t;
	struct datum d = datum_null();
	int32_t days;

	if (sql_tok_next(p) < 0)
		return NULL;
	if (sql_tok_is(&word, "date")) {
		if (sql_clock_is_word(p->t.s, p->t.n))
			return parse_time_text(p, TYPE_DATE, word.from);
		if (date_parse(p->t.s, p->t.n, &days) < 0)
			return sql_tok_refuse(p, p->t.from, "no date");
		d = datum_int(TYPE_DATE, days);
	} else if (sql_tok_is(&word, "x")) {
		char *out = arena_zero(&p->x->arena, p->t.n / 2 + 1);
		unsigned c;

		if (p->t.n % 2 != 0)
			return sql_tok_refuse(
				p, p->t.from, "an odd number of digits");
		for (uint32_t i = 0; i < p->t.n; i += 2) {
			if (!sql_tok_hex(p->t.s + i, 2, &c))
				return sql_tok_refuse(
					p, p->t.from, "no hexadecimal digits");
			out[i / 2] = (char)c;
		}
		d = datum_string(out, p->t.n / 2);
		d.kind = TYPE_BINARY;
	} else {
		int64_t us;

		if (!sql_clock_is_word(p->t.s, p->t.n) &&
			time_parse(p->t.s, p->t.n, zone_utc, 0, &us) < 0)
			return sql_tok_refuse(p, p->t.from, "no timestamp");
		return parse_time_text(p, TYPE_TIMESTAMP, word.from);
	}
	if (sql_tok_next(p) < 0)
		return NULL;
	return sql_literal(p, d, word.from);
}
