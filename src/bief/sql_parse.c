/*
 * sql_parse: from text to a tree
 *
 *	expression: or
 *	or:         and ("or" and)*
 *	and:        not ("and" not)*
 *	not:        ("not" | "!") not | predicate
 *	predicate:  compare (["not"] ("between" | "in" | "like" ...) | "is" ...)*
 *	compare:    bits (("=" | "==" | "<=>" | "<>" | "!=" | "<" ...) bits)*
 *	bits:       "|" over "^" over "&" over shifts over "+ - ||" over
 *	            "* / % div" over unary "- + ~"
 *	primary:    literal | name | function | case | cast | interval | (...)
 *	            followed by "[" index "]", "." name, "::" type
 *
 * Words are known in any case; a word of the grammar is also good as a name
 * where it cannot be taken for the former.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "number.h"
#include "sql_impl.h"
#include "time.h"

#define SQL_DEPTH 400 /* nesting that is accepted */
#define SQL_ARGS 10000

enum token_kind { T_END, T_WORD, T_QUOTED, T_STRING, T_NUMBER, T_OP };

struct token {
	enum token_kind kind;
	const char *from, *to;
	const char *s; /* of names and strings: what is meant */
	uint32_t n;
};

struct parser {
	struct sql *x;
	struct err *err;
	const char *p; /* behind the token */
	struct token t;
	int depth;
	bool negative; /* a minus that belongs to the number here */
};

/* Trees. */

struct sql_node *
sql_node(struct sql *x, enum sql_op op, const char *from)
{
	struct sql_node *n = arena_zero(&x->arena, sizeof(*n));

	n->op = op;
	n->from = n->to = from;
	n->index = -1;
	n->all = x->nodes;
	x->nodes = n;
	return n;
}

static void
set_args(struct sql *x, struct sql_node *n, struct sql_node *const *arg,
	int narg)
{
	n->narg = narg;
	n->arg = arena_get(&x->arena, (size_t)narg * sizeof(*arg));
	if (narg > 0)
		memcpy(n->arg, arg, (size_t)narg * sizeof(*arg));
}

static struct sql_node *
sql_call(struct sql *x, const char *fn, const char *from, int narg, ...)
{
	struct sql_node *n = sql_node(x, SQL_CALL, from), *arg[3];
	va_list ap;

	n->fn = sql_fn_find(fn, strlen(fn));
	va_start(ap, narg);
	for (int i = 0; i < narg; i++)
		arg[i] = va_arg(ap, struct sql_node *);
	va_end(ap);
	set_args(x, n, arg, narg);
	return n;
}

/* Messages. */

int
sql_refuse(const struct sql *x, const char *at, struct err *err,
	const char *fmt, ...)
{
	const char *from = at, *to;
	char what[300], line[400];
	size_t column = 0;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	while (from > x->text && from[-1] != '\n' && at - from < 60)
		from--;
	while (from > x->text && ((unsigned char)*from & 0xC0) == 0x80)
		from--;
	to = at + strcspn(at, "\n");
	if (to - at > 40)
		to = at + 40;
	while (*to != '\0' && ((unsigned char)*to & 0xC0) == 0x80)
		to++;
	for (const char *p = from; p < at; p++)
		column += ((unsigned char)*p & 0xC0) != 0x80;
	err_quote(line, sizeof(line), from, (size_t)(to - from));
	return err_as(err, STATUS_USAGE, "sql: %s\n  %s\n  %*s^", what, line,
		(int)column, "");
}

/* NULL, to be returned. */
static struct sql_node *
refuse(struct parser *p, const char *at, const char *what)
{
	sql_refuse(p->x, at, p->err, "%s", what);
	return NULL;
}

static struct sql_node *
expected(struct parser *p, const char *what)
{
	char word[60];

	if (p->t.kind == T_END)
		sql_refuse(p->x, p->t.from, p->err,
			"expected %s, but the text ends here", what);
	else
		sql_refuse(p->x, p->t.from, p->err, "expected %s, not '%s'",
			what, err_quote(word, sizeof(word), p->t.from,
				(size_t)(p->t.to - p->t.from)));
	return NULL;
}

/* Words. */

static bool
name_char(unsigned char c)
{
	return isalnum(c) || c == '_' || c >= 0x80;
}

/* Behind blanks and comments; -1 when a comment has no end. */
static int
skip(struct parser *p)
{
	const char *q = p->p;

	for (;;) {
		while (isspace((unsigned char)*q))
			q++;
		if (q[0] == '-' && q[1] == '-') {
			q += strcspn(q, "\n");
		} else if (q[0] == '/' && q[1] == '*') {
			const char *end = strstr(q + 2, "*/");

			if (end == NULL) {
				refuse(p, q, "a comment without an end");
				return -1;
			}
			q = end + 2;
		} else {
			p->p = q;
			return 0;
		}
	}
}

static void
add_utf8(struct buf *b, unsigned c)
{
	if (c < 0x80) {
		buf_byte(b, (char)c);
	} else if (c < 0x800) {
		buf_byte(b, (char)(0xC0 | c >> 6));
		buf_byte(b, (char)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		buf_byte(b, (char)(0xE0 | c >> 12));
		buf_byte(b, (char)(0x80 | (c >> 6 & 63)));
		buf_byte(b, (char)(0x80 | (c & 63)));
	} else {
		buf_byte(b, (char)(0xF0 | c >> 18));
		buf_byte(b, (char)(0x80 | (c >> 12 & 63)));
		buf_byte(b, (char)(0x80 | (c >> 6 & 63)));
		buf_byte(b, (char)(0x80 | (c & 63)));
	}
}

/* n hexadecimal digits; true when they are there. */
static bool
hex_digits(const char *s, int n, unsigned *out)
{
	*out = 0;
	for (int i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)s[i]))
			return false;
		*out = *out * 16 + (unsigned)(isdigit((unsigned char)s[i])
				? s[i] - '0' : (s[i] | 32) - 'a' + 10);
	}
	return *out <= 0x10FFFF;
}

/* The escape behind a backslash; returns the place behind it. */
static const char *
escape(const char *s, struct buf *b)
{
	static const char from[] = "0bnrtZ", to[] = "\0\b\n\r\t\032";
	const char *at;
	unsigned c;

	if (*s == 'u' && hex_digits(s + 1, 4, &c)) {
		add_utf8(b, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
		return s + 5;
	}
	if (*s == 'U' && hex_digits(s + 1, 8, &c)) {
		add_utf8(b, c);
		return s + 9;
	}
	if (s[0] >= '0' && s[0] <= '1' && s[1] >= '0' && s[1] <= '7' &&
		s[2] >= '0' && s[2] <= '7') {
		add_utf8(b, (unsigned)(s[0] - '0') << 6 |
				(unsigned)(s[1] - '0') << 3 |
				(unsigned)(s[2] - '0'));
		return s + 3;
	}
	at = strchr(from, *s);
	if (at != NULL && *s != '\0')
		buf_byte(b, to[at - from]);
	else if (*s == '%' || *s == '_')
		buf_printf(b, "\\%c", *s); /* LIKE wants to see them */
	else
		buf_byte(b, *s);
	return s + 1;
}

/* A string that begins at q; raw ones know no escapes. */
static int
read_string(struct parser *p, const char *q, bool raw)
{
	char quote = *q;
	struct buf b;

	buf_init(&b);
	for (q++;;) {
		if (*q == '\0') {
			buf_release(&b);
			refuse(p, p->t.from, "a string without an end");
			return -1;
		}
		if (*q == quote && (raw || q[1] != quote))
			break;
		if (*q == quote) {
			buf_byte(&b, quote);
			q += 2;
		} else if (*q == '\\' && !raw && q[1] != '\0') {
			q = escape(q + 1, &b);
		} else {
			buf_byte(&b, *q++);
		}
	}
	p->t.kind = T_STRING;
	p->t.n = (uint32_t)b.n;
	p->t.s = arena_text(&p->x->arena, b.p, b.n);
	p->p = q + 1;
	buf_release(&b);
	return 0;
}

static int
read_quoted(struct parser *p)
{
	const char *q = p->p + 1;
	struct buf b;

	buf_init(&b);
	for (; *q != '\0' && (*q != '`' || q[1] == '`'); q++) {
		q += *q == '`';
		buf_byte(&b, *q);
	}
	p->t.kind = T_QUOTED;
	p->t.n = (uint32_t)b.n;
	p->t.s = arena_text(&p->x->arena, b.p, b.n);
	buf_release(&b);
	if (*q == '\0') {
		refuse(p, p->t.from, "a name without a closing backquote");
		return -1;
	}
	p->p = q + 1;
	return 0;
}

/* Digits, point, exponent and one of Spark's suffixes. */
static void
read_number(struct parser *p)
{
	const char *q = p->p;

	while (isdigit((unsigned char)*q))
		q++;
	if (*q == '.' && !(name_char((unsigned char)q[1]) &&
			!isdigit((unsigned char)q[1]) && (q[1] | 32) != 'e' &&
			strchr("dDfFbB", q[1]) == NULL))
		for (q++; isdigit((unsigned char)*q);)
			q++;
	if ((*q == 'e' || *q == 'E') &&
		isdigit((unsigned char)q[1 + (q[1] == '-' || q[1] == '+')])) {
		q += 2;
		while (isdigit((unsigned char)*q))
			q++;
	}
	if ((q[0] | 32) == 'b' && (q[1] | 32) == 'd' &&
		!name_char((unsigned char)q[2]))
		q += 2;
	else if (*q != '\0' && strchr("lLsSyYdDfF", *q) != NULL &&
		!name_char((unsigned char)q[1]))
		q++;
	p->t.kind = T_NUMBER;
	p->p = q;
}

static void
read_op(struct parser *p)
{
	static const char *const ops[] = {">>>", "<=>", "<=", ">=", "<>", "!=",
		"==", "||", "::", "->", "<<", ">>", "!<", "!>"};

	p->t.kind = T_OP;
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		size_t n = strlen(ops[i]);

		if (strncmp(p->p, ops[i], n) == 0) {
			p->p += n;
			return;
		}
	}
	p->p++;
}

static int
next(struct parser *p)
{
	const char *q;
	int r = 0;

	if (skip(p) != 0)
		return -1;
	q = p->p;
	p->t = (struct token){.kind = T_END, .from = q, .to = q};
	if (*q == '\0')
		return 0;
	if (*q == '\'' || *q == '"') {
		r = read_string(p, q, false);
	} else if ((*q == 'r' || *q == 'R') && (q[1] == '\'' || q[1] == '"')) {
		r = read_string(p, q + 1, true);
	} else if (*q == '`') {
		r = read_quoted(p);
	} else if (isdigit((unsigned char)*q) ||
		(*q == '.' && isdigit((unsigned char)q[1]))) {
		read_number(p);
	}
	if (p->t.kind == T_END && r == 0 && name_char((unsigned char)*q)) {
		p->t.kind = T_WORD;
	} else if (p->t.kind == T_NUMBER && *q != '.' &&
		name_char((unsigned char)*p->p)) {
		p->t.kind = T_WORD; /* 2nd is a name */
		p->p = q;
	} else if (p->t.kind == T_END && r == 0) {
		read_op(p);
	}
	if (p->t.kind == T_WORD) {
		while (name_char((unsigned char)*p->p))
			p->p++;
		p->t.s = arena_text(&p->x->arena, q, (size_t)(p->p - q));
		p->t.n = (uint32_t)(p->p - q);
	}
	p->t.to = p->p;
	return r;
}

static bool
is_word(const struct token *t, const char *word)
{
	return t->kind == T_WORD && strcasecmp(t->s, word) == 0;
}

static bool
at_word(struct parser *p, const char *word)
{
	return is_word(&p->t, word);
}

static bool
at_op(struct parser *p, const char *op)
{
	return p->t.kind == T_OP &&
		(size_t)(p->t.to - p->t.from) == strlen(op) &&
		memcmp(p->t.from, op, strlen(op)) == 0;
}

/* 1 taken, 0 something else stands there, -1. */
static int
take_word(struct parser *p, const char *word)
{
	if (!at_word(p, word))
		return 0;
	return next(p) == 0 ? 1 : -1;
}

static int
take_op(struct parser *p, const char *op)
{
	if (!at_op(p, op))
		return 0;
	return next(p) == 0 ? 1 : -1;
}

static int
need_op(struct parser *p, const char *op, const char *what)
{
	if (!at_op(p, op)) {
		expected(p, what);
		return -1;
	}
	return next(p);
}

static int
need_word(struct parser *p, const char *word)
{
	if (!at_word(p, word)) {
		expected(p, word);
		return -1;
	}
	return next(p);
}

/* What comes behind the token, without taking it. */
static struct token
peek(struct parser *p)
{
	struct parser q = *p;
	struct err quiet;

	q.err = &quiet;
	if (next(&q) != 0)
		q.t.kind = T_END;
	return q.t;
}

static bool
peek_op(struct parser *p, const char *op)
{
	struct token t = peek(p);

	return t.kind == T_OP && (size_t)(t.to - t.from) == strlen(op) &&
		memcmp(t.from, op, strlen(op)) == 0;
}

/* Expressions. */

static struct sql_node *parse_expression(struct parser *p);
static struct sql_node *parse_bits(struct parser *p, int level);

struct nodes {
	struct sql_node **p;
	int n, cap;
};

static void
nodes_add(struct parser *p, struct nodes *l, struct sql_node *n)
{
	struct sql_node **more;

	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 4;
		more = arena_get(&p->x->arena,
			(size_t)l->cap * sizeof(*more));
		if (l->n > 0)
			memcpy(more, l->p, (size_t)l->n * sizeof(*more));
		l->p = more;
	}
	l->p[l->n++] = n;
}

static int
check_arity(struct parser *p, const struct sql_fn *fn, const char *from, int n)
{
	int min, max;

	sql_fn_arity(fn, &min, &max);
	if (n >= min && (max < 0 || n <= max))
		return 0;
	if (max < 0)
		sql_refuse(p->x, from, p->err,
			"'%s' takes at least %d argument%s, not %d", fn->name,
			min, min == 1 ? "" : "s", n);
	else if (min == max)
		sql_refuse(p->x, from, p->err,
			"'%s' takes %d argument%s, not %d", fn->name, min,
			min == 1 ? "" : "s", n);
	else
		sql_refuse(p->x, from, p->err,
			"'%s' takes %d to %d arguments, not %d", fn->name, min,
			max, n);
	return -1;
}

static struct sql_node *
call_list(struct parser *p, const char *fn, const char *from,
	const struct nodes *l)
{
	struct sql_node *n = sql_call(p->x, fn, from, 0);

	if (check_arity(p, n->fn, from, l->n) != 0)
		return NULL;
	set_args(p->x, n, l->p, l->n);
	n->to = p->t.from;
	return n;
}

static struct sql_node *
literal(struct parser *p, struct datum d, const char *from)
{
	struct sql_node *n = sql_node(p->x, SQL_LITERAL, from);

	n->lit = d;
	n->to = p->p;
	return n;
}

static struct sql_node *
literal_text(struct parser *p, const char *s, const char *from)
{
	return literal(p, datum_string(s, (uint32_t)strlen(s)), from);
}

/* What the letters behind a number say of its type. */
static int
number_kind(const char *s, size_t n, const char *suffix, const char *end)
{
	if (suffix < end)
		switch (*suffix | 32) {
		case 'l': return TYPE_LONG;
		case 's': return TYPE_SHORT;
		case 'y': return TYPE_BYTE;
		case 'd': return TYPE_DOUBLE;
		case 'f': return TYPE_FLOAT;
		case 'b': return TYPE_DECIMAL;
		}
	return memchr(s, 'e', n) != NULL || memchr(s, 'E', n) != NULL
		? TYPE_DOUBLE : TYPE_UNKNOWN;
}

/* Does v, or -v, fit into an integer type?  The least value has no positive
 * counterpart: "-128Y". */
static bool
number_fits(numeric v, int kind, bool negative)
{
	const numeric least = kind == TYPE_BYTE ? INT8_MIN
		: kind == TYPE_SHORT		? INT16_MIN
		: kind == TYPE_INT		? INT32_MIN
						: INT64_MIN;

	return v <= -least - (negative ? 0 : 1);
}

/* An integer, a decimal or, with an exponent, a double. */
static struct sql_node *
parse_number(struct parser *p)
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
			return refuse(p, s, "more than 38 digits");
		v = 0;
	}
	if (kind == TYPE_UNKNOWN)
		kind = memchr(s, '.', n) != NULL ? TYPE_DECIMAL
			: v == (int32_t)v        ? TYPE_INT
			: v == (int64_t)v        ? TYPE_LONG
						 : TYPE_DECIMAL;
	if (kind == TYPE_DOUBLE || kind == TYPE_FLOAT) {
		char *text = arena_text(&p->x->arena, s, n);

		d = datum_double(sign * (kind == TYPE_FLOAT
				? (double)strtof(text, NULL)
				: strtod(text, NULL)));
		d.kind = (uint8_t)kind;
	} else if (kind == TYPE_DECIMAL) {
		d = datum_from_decimal(sign * v, digits, scale);
	} else if (scale > 0 || !number_fits(v, kind, p->negative)) {
		return refuse(p, s, "out of range");
	} else {
		d = datum_int(kind, (int64_t)(sign * v));
	}
	p->negative = false;
	if (next(p) != 0)
		return NULL;
	return literal(p, d, s);
}

/* Intervals. */

static const struct {
	const char *name;
	int kind, unit;
	int64_t size; /* months or microseconds */
} units[] = {
	{"year", TYPE_YEARS, UNIT_YEAR, 12},
	{"month", TYPE_YEARS, UNIT_MONTH, 1},
	{"week", TYPE_DAYS, UNIT_DAY, 7 * 86400 * TIME_SECOND},
	{"day", TYPE_DAYS, UNIT_DAY, 86400 * TIME_SECOND},
	{"hour", TYPE_DAYS, UNIT_HOUR, 3600 * TIME_SECOND},
	{"minute", TYPE_DAYS, UNIT_MINUTE, 60 * TIME_SECOND},
	{"second", TYPE_DAYS, UNIT_SECOND, TIME_SECOND},
	{"millisecond", TYPE_DAYS, UNIT_SECOND, 1000},
	{"microsecond", TYPE_DAYS, UNIT_SECOND, 1},
};
#define NUNITS (int)(sizeof(units) / sizeof(units[0]))

/* -1: no unit. */
static int
find_unit(const char *s, size_t n)
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
interval_add(struct interval *v, const char *s, size_t n, bool negative,
	int unit)
{
	numeric d, size = units[unit].size;
	int p, scale;

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
		for (number = s; s < end &&
			(isdigit((unsigned char)*s) || *s == '.');)
			s++;
		n = (size_t)(s - number);
		while (s < end && isspace((unsigned char)*s))
			s++;
		for (word = s; s < end && isalpha((unsigned char)*s);)
			s++;
		unit = find_unit(word, (size_t)(s - word));
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
interval_beyond(const char *s, const char *end, int unit)
{
	int64_t v = 0;

	for (; s < end && isdigit((unsigned char)*s) && v < 1000; s++)
		v = 10 * v + *s - '0';
	return v >= (unit == 1 ? 12 : unit == 4 ? 24 : 60);
}

/* '1-2' YEAR TO MONTH, '1 02:03:04.5' DAY TO SECOND and their parts. */
static const char *
interval_range(struct interval *v, const char *s, size_t n, int from, int to)
{
	static const int order[] = {3, 4, 5, 6};
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
		if (unit != from && interval_beyond(s, p, unit))
			return "a part of the interval is out of its range";
		why = interval_add(v, s, (size_t)(p - s), negative, unit);
		if (why != NULL || p == end)
			break;
		if (unit == to)
			return "the interval has more parts than units";
		unit = unit == 0 ? 1 : unit;
		for (int i = 0; i < 3 && from != 0; i++)
			if (order[i] == unit) {
				unit = order[i + 1];
				break;
			}
	}
	if (why == NULL && unit != to)
		return "the interval has fewer parts than units";
	return why;
}

/* Another number and its unit; "- 2" alone is an operator's. */
static bool
interval_goes_on(struct parser *p)
{
	const char *word;
	struct token t;

	if (p->t.kind == T_NUMBER || p->t.kind == T_STRING)
		return true;
	t = peek(p);
	if (!at_op(p, "-") || t.kind != T_NUMBER)
		return false;
	word = t.to + strspn(t.to, " \t\n");
	return find_unit(word, strspn(word, "abcdefghijklmnopqrstuvwxyz"
					    "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) >=
		0;
}

static int
parse_interval_parts(struct parser *p, struct interval *v)
{
	const char *why, *at;
	bool negative;
	struct token number;
	int unit, to;

	do {
		at = p->t.from;
		negative = at_op(p, "-");
		if ((negative || at_op(p, "+")) && next(p) != 0)
			return -1;
		number = p->t;
		if (number.kind != T_STRING) {
			number.s = number.from;
			number.n = (uint32_t)(number.to - number.from);
		}
		if (next(p) != 0)
			return -1;
		unit = p->t.kind == T_WORD ? find_unit(p->t.s, p->t.n) : -1;
		if (unit < 0 && number.kind == T_STRING && !v->any) {
			why = interval_text(v, number.s, number.n);
			if (why == NULL && negative)
				why = interval_negate(v);
			if (why != NULL)
				refuse(p, at, why);
			return why == NULL ? 0 : -1;
		}
		if (unit < 0) {
			expected(p, "a unit such as minutes");
			return -1;
		}
		to = unit;
		if (next(p) != 0)
			return -1;
		if (at_word(p, "to")) {
			if (next(p) != 0)
				return -1;
			to = p->t.kind == T_WORD ? find_unit(p->t.s, p->t.n)
						 : -1;
			if (to < 0) {
				expected(p, "a unit");
				return -1;
			}
			if (next(p) != 0)
				return -1;
		}
		why = number.kind == T_STRING
			? interval_range(v, number.s, number.n, unit, to)
			: interval_add(v, number.s, number.n, negative, unit);
		if (why == NULL && number.kind == T_STRING && negative)
			why = interval_negate(v);
		if (why != NULL) {
			refuse(p, at, why);
			return -1;
		}
	} while (interval_goes_on(p));
	return 0;
}

static struct sql_node *
parse_interval(struct parser *p, const char *from)
{
	struct interval v = {0};
	struct datum d;

	if (next(p) != 0 || parse_interval_parts(p, &v) != 0)
		return NULL;
	d = datum_int(v.kind, v.value);
	d.p = (uint8_t)v.from;
	d.s = (uint8_t)v.to;
	return literal(p, d, from);
}

/* Types, by the reader of schemas. */

static int
parse_type(struct parser *p, struct ty *out)
{
	const char *from = p->t.from, *to = p->t.to;
	struct schema *s;
	struct err err;
	struct buf b;
	int depth = 0;

	if (p->t.kind != T_WORD) {
		expected(p, "a type");
		return -1;
	}
	do {
		if (next(p) != 0)
			return -1;
		if (at_op(p, "<") || at_op(p, "("))
			depth++;
		else if (depth > 0 && (at_op(p, ">") || at_op(p, ")")))
			depth--;
		else if (depth > 1 && at_op(p, ">>"))
			depth -= 2;
		else if (depth > 2 && at_op(p, ">>>"))
			depth -= 3;
		else if (depth == 0)
			break;
		to = p->t.to;
	} while (p->t.kind != T_END);
	buf_init(&b);
	buf_str(&b, "c ");
	buf_add(&b, from, (size_t)(to - from));
	s = schema_parse(buf_cstr(&b), &err);
	buf_release(&b);
	if (s == NULL || s->n != 1) {
		char *end = strchr(err.text, '\n');

		if (s == NULL && end != NULL)
			*end = '\0';
		sql_refuse(p->x, from, p->err, "%s",
			s == NULL && strncmp(err.text, "schema: ", 8) == 0
				? err.text + 8 : "no such type");
		schema_free(s);
		return -1;
	}
	*out = ty_keep(&p->x->arena, s->f[0].type);
	schema_free(s);
	return 0;
}

static struct sql_node *
cast_node(struct parser *p, struct sql_node *arg, struct ty to,
	const char *from)
{
	struct sql_node *n = sql_node(p->x, SQL_CAST, from);

	set_args(p->x, n, &arg, 1);
	n->ty = to;
	return n;
}

/* cast(x as type), behind the bracket */
static struct sql_node *
parse_cast(struct parser *p, const char *from, bool attempt)
{
	struct sql_node *x = parse_expression(p);
	struct ty to;

	if (x == NULL || need_word(p, "as") != 0 || parse_type(p, &to) != 0 ||
		need_op(p, ")", "')'") != 0)
		return NULL;
	x = cast_node(p, x, to, from);
	x->attempt = attempt;
	return x;
}

/* case [x] when a then b ... [else c] end */
static struct sql_node *
parse_case(struct parser *p, const char *from)
{
	struct sql_node *of = NULL, *n;
	struct nodes l = {0};
	int r;

	if (next(p) != 0)
		return NULL;
	if (!at_word(p, "when")) {
		of = parse_expression(p);
		if (of == NULL)
			return NULL;
	}
	if (!at_word(p, "when"))
		return expected(p, "when");
	while ((r = take_word(p, "when")) == 1) {
		n = parse_expression(p);
		if (n == NULL)
			return NULL;
		if (of != NULL)
			n = sql_call(p->x, "=", n->from, 2, of, n);
		nodes_add(p, &l, n);
		if (need_word(p, "then") != 0)
			return NULL;
		n = parse_expression(p);
		if (n == NULL)
			return NULL;
		nodes_add(p, &l, n);
	}
	if (r == 0 && (r = take_word(p, "else")) == 1) {
		n = parse_expression(p);
		if (n == NULL)
			return NULL;
		nodes_add(p, &l, n);
	}
	if (r < 0 || need_word(p, "end") != 0)
		return NULL;
	return call_list(p, "case", from, &l);
}

/* Behind "(": expressions parted by commas, and ")". */
static int
parse_arguments(struct parser *p, struct nodes *l)
{
	struct sql_node *n;
	int r;

	if (at_op(p, ")"))
		return next(p);
	do {
		n = parse_expression(p);
		if (n == NULL)
			return -1;
		if (l->n == SQL_ARGS) {
			refuse(p, n->from, "too many of them");
			return -1;
		}
		nodes_add(p, l, n);
	} while ((r = take_op(p, ",")) == 1);
	return r < 0 ? -1 : need_op(p, ")", "',' or ')'");
}

/* Functions with a syntax of their own. */

/* extract(field from x) */
static struct sql_node *
parse_extract(struct parser *p, const char *from)
{
	struct sql_node *unit, *x;

	if (p->t.kind != T_WORD)
		return expected(p, "a part of a time, such as year");
	unit = literal_text(p, p->t.s, p->t.from);
	if (next(p) != 0 || need_word(p, "from") != 0)
		return NULL;
	x = parse_expression(p);
	if (x == NULL || need_op(p, ")", "')'") != 0)
		return NULL;
	return sql_call(p->x, "date_part", from, 2, unit, x);
}

/* position(a in b), position(a, b[, start]) */
static struct sql_node *
parse_position(struct parser *p, const char *from)
{
	struct sql_node *a = parse_bits(p, 0), *b;
	struct nodes l = {0};

	if (a == NULL)
		return NULL;
	if (at_word(p, "in")) {
		if (next(p) != 0)
			return NULL;
		b = parse_bits(p, 0);
		if (b == NULL || need_op(p, ")", "')'") != 0)
			return NULL;
		return sql_call(p->x, "locate", from, 2, a, b);
	}
	nodes_add(p, &l, a);
	if (need_op(p, ",", "','") != 0 || parse_arguments(p, &l) != 0)
		return NULL;
	return call_list(p, "locate", from, &l);
}

/* substring(x from a [for b]), behind x */
static struct sql_node *
parse_from_for(struct parser *p, const char *fn, struct nodes *l,
	const char *from)
{
	struct sql_node *n;

	if (next(p) != 0 || (n = parse_bits(p, 0)) == NULL)
		return NULL;
	nodes_add(p, l, n);
	if (at_word(p, "for")) {
		if (next(p) != 0 || (n = parse_bits(p, 0)) == NULL)
			return NULL;
		nodes_add(p, l, n);
	}
	if (need_op(p, ")", "')'") != 0)
		return NULL;
	return call_list(p, fn, from, l);
}

/* trim([both|leading|trailing] [x] from s) */
static struct sql_node *
parse_trim(struct parser *p, const char *from)
{
	const char *fn = "trim";
	struct sql_node *s, *chars = NULL;
	struct nodes l = {0};
	int r = 0;

	if ((r = take_word(p, "both")) == 0 &&
		(r = take_word(p, "leading")) == 1)
		fn = "ltrim";
	else if (r == 0 && (r = take_word(p, "trailing")) == 1)
		fn = "rtrim";
	if (r < 0)
		return NULL;
	if (r == 0 || !at_word(p, "from")) {
		chars = parse_expression(p);
		if (chars == NULL)
			return NULL;
	}
	if (at_word(p, "from")) {
		if (next(p) != 0 || (s = parse_expression(p)) == NULL ||
			need_op(p, ")", "')'") != 0)
			return NULL;
		return chars != NULL
			? sql_call(p->x, strcmp(fn, "trim") == 0 ? "btrim" : fn,
				  from, 2,
				  strcmp(fn, "trim") == 0 ? s : chars,
				  strcmp(fn, "trim") == 0 ? chars : s)
			: sql_call(p->x, fn, from, 1, s);
	}
	if (r == 1)
		return expected(p, "from");
	nodes_add(p, &l, chars);
	if (at_op(p, ",")) {
		if (next(p) != 0 || parse_arguments(p, &l) != 0)
			return NULL;
	} else if (need_op(p, ")", "',' or ')'") != 0) {
		return NULL;
	}
	return call_list(p, fn, from, &l);
}

/* overlay(x placing y from a [for b]) */
static struct sql_node *
parse_overlay(struct parser *p, const char *from)
{
	struct nodes l = {0};
	struct sql_node *n = parse_expression(p);

	if (n == NULL)
		return NULL;
	nodes_add(p, &l, n);
	if (!at_word(p, "placing")) {
		if (need_op(p, ",", "placing") != 0 ||
			parse_arguments(p, &l) != 0)
			return NULL;
		return call_list(p, "overlay", from, &l);
	}
	if (next(p) != 0 || (n = parse_bits(p, 0)) == NULL)
		return NULL;
	nodes_add(p, &l, n);
	if (!at_word(p, "from"))
		return expected(p, "from");
	return parse_from_for(p, "overlay", &l, from);
}

/* dateadd(day, 1, t), timestampdiff(hour, a, b): the unit is a bare word. */
static struct sql_node *
parse_unit_call(struct parser *p, const char *fn, const char *from)
{
	struct nodes l = {0};

	nodes_add(p, &l, literal_text(p, p->t.s, p->t.from));
	if (next(p) != 0 || need_op(p, ",", "','") != 0 ||
		parse_arguments(p, &l) != 0)
		return NULL;
	return call_list(p, fn, from, &l);
}

static bool
unit_ahead(struct parser *p)
{
	return p->t.kind == T_WORD && peek_op(p, ",") &&
		(find_unit(p->t.s, p->t.n) >= 0 ||
			strcasecmp(p->t.s, "quarter") == 0 ||
			strcasecmp(p->t.s, "dayofyear") == 0);
}

static struct sql_node *
unknown_function(struct parser *p, const struct token *name)
{
	const char *near = sql_fn_near(name->s), *hint = sql_elsewhere(name->s);
	char word[80];

	err_quote(word, sizeof(word), name->s, name->n);
	if (hint != NULL)
		sql_refuse(p->x, name->from, p->err, "'%s' %s", word, hint);
	else if (near != NULL)
		sql_refuse(p->x, name->from, p->err,
			"no function '%s' (did you mean '%s'?)", word, near);
	else
		sql_refuse(p->x, name->from, p->err, "no function '%s'", word);
	return NULL;
}

/* Names of struct(a, b.c, x + 1): as in Spark a, c, col3. */
static const char *
struct_name(struct parser *p, const struct sql_node *n, int i)
{
	char text[16];

	if (n->npart > 0)
		return n->part[n->npart - 1].s;
	snprintf(text, sizeof(text), "col%d", i + 1);
	return arena_text(&p->x->arena, text, strlen(text));
}

/* struct(x, y as name) is a named_struct. */
static struct sql_node *
parse_struct(struct parser *p, const char *from)
{
	struct nodes l = {0};
	struct sql_node *n;
	const char *name;
	int r;

	do {
		n = parse_expression(p);
		if (n == NULL)
			return NULL;
		if (l.n + 2 > SQL_ARGS)
			return refuse(p, n->from, "too many of them");
		name = struct_name(p, n, l.n / 2);
		r = take_word(p, "as");
		if (r < 0)
			return NULL;
		if (r == 1) {
			if (p->t.kind != T_WORD && p->t.kind != T_QUOTED)
				return expected(p, "a name");
			name = p->t.s;
			if (next(p) != 0)
				return NULL;
		}
		nodes_add(p, &l, literal_text(p, name, n->from));
		nodes_add(p, &l, n);
	} while ((r = take_op(p, ",")) == 1);
	if (r < 0 || need_op(p, ")", "',' or ')'") != 0)
		return NULL;
	return call_list(p, "named_struct", from, &l);
}

/* Functions that need no brackets, and those with words inside them. */
static struct sql_node *
parse_special_call(struct parser *p, const struct token *name, bool *special)
{
	static const char *const shifted[][2] = {{"dateadd", "timestampadd"},
		{"date_add", "timestampadd"}, {"timestampadd", "timestampadd"},
		{"datediff", "timestampdiff"}, {"date_diff", "timestampdiff"},
		{"timestampdiff", "timestampdiff"}};

	*special = true;
	if (is_word(name, "cast") || is_word(name, "try_cast"))
		return parse_cast(p, name->from, is_word(name, "try_cast"));
	if (is_word(name, "extract"))
		return parse_extract(p, name->from);
	if (is_word(name, "position"))
		return parse_position(p, name->from);
	if (is_word(name, "trim"))
		return parse_trim(p, name->from);
	if (is_word(name, "overlay"))
		return parse_overlay(p, name->from);
	if (is_word(name, "struct") && !at_op(p, ")"))
		return parse_struct(p, name->from);
	for (size_t i = 0; i < sizeof(shifted) / sizeof(*shifted); i++)
		if (is_word(name, shifted[i][0]) && unit_ahead(p))
			return parse_unit_call(p, shifted[i][1], name->from);
	*special = false;
	return NULL;
}

/* nullifzero(x) is nullif(x, 0), zeroifnull(x) is coalesce(x, 0). */
static struct sql_node *
with_zero(struct parser *p, const struct sql_fn *fn, const char *from,
	struct nodes *l)
{
	bool null = strcmp(fn->name, "nullifzero") == 0;

	if (check_arity(p, fn, from, l->n) != 0)
		return NULL;
	nodes_add(p, l, literal(p, datum_int(TYPE_INT, 0), from));
	return call_list(p, null ? "nullif" : "coalesce", from, l);
}

static struct sql_node *
parse_call(struct parser *p)
{
	struct token name = p->t;
	struct nodes l = {0};
	const struct sql_fn *fn;
	struct sql_node *n;
	bool special;

	if (next(p) != 0 || next(p) != 0)
		return NULL;
	n = parse_special_call(p, &name, &special);
	if (special)
		return n;
	fn = sql_fn_find(name.s, name.n);
	if (fn == NULL || ((fn->flags & SQL_OPERATOR) != 0 &&
				  !is_word(&name, "div")))
		return unknown_function(p, &name);
	if ((is_word(&name, "substring") || is_word(&name, "substr")) &&
		!at_op(p, ")")) {
		n = parse_expression(p);
		if (n == NULL)
			return NULL;
		nodes_add(p, &l, n);
		if (at_word(p, "from"))
			return parse_from_for(p, "substring", &l, name.from);
		if (need_op(p, ",", "','") != 0)
			return NULL;
	}
	if (parse_arguments(p, &l) != 0)
		return NULL;
	if ((fn->flags & SQL_ZERO) != 0)
		return with_zero(p, fn, name.from, &l);
	return call_list(p, fn->name, name.from, &l);
}

/* x -> e; (x, y) -> e */
static struct sql_node *
parse_lambda(struct parser *p)
{
	struct sql_node *n = sql_node(p->x, SQL_FUNCTION, p->t.from), *body;
	bool bracket = at_op(p, "(");
	struct sql_name *part = arena_zero(&p->x->arena, 3 * sizeof(*part));

	if (bracket && next(p) != 0)
		return NULL;
	for (;;) {
		if ((p->t.kind != T_WORD && p->t.kind != T_QUOTED) ||
			n->nvar == 3)
			return expected(p, "a name");
		part[n->nvar++] = (struct sql_name){p->t.s, p->t.n};
		if (next(p) != 0)
			return NULL;
		if (!bracket || !at_op(p, ","))
			break;
		if (next(p) != 0)
			return NULL;
	}
	if (bracket && need_op(p, ")", "')'") != 0)
		return NULL;
	n->part = part;
	if (need_op(p, "->", "'->'") != 0 ||
		(body = parse_expression(p)) == NULL)
		return NULL;
	set_args(p->x, n, &body, 1);
	return n;
}

/* Does "(" begin the arguments of a lambda? */
static bool
lambda_ahead(struct parser *p)
{
	struct parser q = *p;
	struct err quiet;

	q.err = &quiet;
	if (p->t.kind == T_WORD || p->t.kind == T_QUOTED)
		return peek_op(p, "->");
	if (!at_op(p, "("))
		return false;
	do {
		if (next(&q) != 0 ||
			(q.t.kind != T_WORD && q.t.kind != T_QUOTED) ||
			next(&q) != 0)
			return false;
	} while (at_op(&q, ","));
	return at_op(&q, ")") && peek_op(&q, "->");
}

/* (a, b) is a struct(a, b). */
static struct sql_node *
tuple(struct parser *p, const char *from, const struct nodes *l)
{
	struct nodes pairs = {0};

	for (int i = 0; i < l->n; i++) {
		const char *name = struct_name(p, l->p[i], i);

		nodes_add(p, &pairs, literal_text(p, name, l->p[i]->from));
		nodes_add(p, &pairs, l->p[i]);
	}
	return call_list(p, "named_struct", from, &pairs);
}

/* (x) or, with commas, a struct */
static struct sql_node *
parse_bracket(struct parser *p)
{
	const char *from = p->t.from;
	struct nodes l = {0};

	if (next(p) != 0)
		return NULL;
	if (at_word(p, "select"))
		return refuse(p, p->t.from, "a stream has no subqueries");
	if (parse_arguments(p, &l) != 0)
		return NULL;
	if (l.n == 0)
		return refuse(p, from, "expected an expression in the "
				       "brackets");
	return l.n == 1 ? l.p[0] : tuple(p, from, &l);
}

/* Zone and clock are known when it is evaluated. */
static struct sql_node *
parse_time_text(struct parser *p, int kind, const char *from)
{
	struct sql_node *n =
		literal(p, datum_string(p->t.s, p->t.n), p->t.from);

	return next(p) == 0 ? cast_node(p, n, ty(kind), from) : NULL;
}

/* date '...', timestamp '...', x'...' */
static struct sql_node *
parse_typed(struct parser *p)
{
	struct token word = p->t;
	struct datum d = datum_null();
	int32_t days;

	if (next(p) != 0)
		return NULL;
	if (is_word(&word, "date")) {
		if (sql_time_is_word(p->t.s, p->t.n))
			return parse_time_text(p, TYPE_DATE, word.from);
		if (date_parse(p->t.s, p->t.n, &days) != 0)
			return refuse(p, p->t.from, "no date");
		d = datum_int(TYPE_DATE, days);
	} else if (is_word(&word, "x")) {
		char *out = arena_zero(&p->x->arena, p->t.n / 2 + 1);
		unsigned c;

		if (p->t.n % 2 != 0)
			return refuse(p, p->t.from, "an odd number of digits");
		for (uint32_t i = 0; i < p->t.n; i += 2) {
			if (!hex_digits(p->t.s + i, 2, &c))
				return refuse(p, p->t.from,
					"no hexadecimal digits");
			out[i / 2] = (char)c;
		}
		d = datum_string(out, p->t.n / 2);
		d.kind = TYPE_BINARY;
	} else {
		int64_t us;

		if (!sql_time_is_word(p->t.s, p->t.n) &&
			time_parse(p->t.s, p->t.n, zone_utc, 0, &us) != 0)
			return refuse(p, p->t.from, "no timestamp");
		return parse_time_text(p, TYPE_TIMESTAMP, word.from);
	}
	if (next(p) != 0)
		return NULL;
	return literal(p, d, word.from);
}

/* A name with its parts: `a`.b.c */
static struct sql_node *
parse_name(struct parser *p)
{
	struct sql_node *n = sql_node(p->x, SQL_NAME, p->t.from);
	struct sql_name part[16];

	for (;;) {
		if (n->npart == 16)
			return refuse(p, p->t.from, "too many parts");
		part[n->npart++] = (struct sql_name){p->t.s, p->t.n};
		n->to = p->t.to;
		if (next(p) != 0)
			return NULL;
		/* A dot with a name behind it; "a.0" is none. */
		if (!at_op(p, ".") || (peek(p).kind != T_WORD &&
					      peek(p).kind != T_QUOTED))
			break;
		if (next(p) != 0)
			return NULL;
	}
	n->part = arena_get(&p->x->arena, sizeof(part));
	memcpy(n->part, part, sizeof(part));
	return n;
}

static bool
reserved(const struct token *t)
{
	static const char *const words[] = {"and", "or", "in", "is", "like",
		"ilike", "rlike", "regexp", "between", "then", "when", "else",
		"as", "escape", "div", "from", "where", "select"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (is_word(t, words[i]))
			return true;
	return false;
}

static bool
interval_ahead(struct parser *p)
{
	struct token t = peek(p);

	return t.kind == T_STRING || t.kind == T_NUMBER ||
		(t.kind == T_OP && (*t.from == '-' || *t.from == '+') &&
			isdigit((unsigned char)t.to[strspn(t.to, " ")]));
}

/* What begins with a word. */
static struct sql_node *
parse_word(struct parser *p)
{
	const char *from = p->t.from;
	struct datum d = datum_null();

	if (at_word(p, "case") && !peek_op(p, ".") && !peek_op(p, "="))
		return parse_case(p, from);
	if (at_word(p, "interval") && interval_ahead(p))
		return parse_interval(p, from);
	if (peek(p).kind == T_STRING &&
		(at_word(p, "date") || at_word(p, "timestamp") ||
			at_word(p, "timestamp_ltz") || at_word(p, "x")))
		return parse_typed(p);
	if (peek(p).kind == T_STRING && at_word(p, "timestamp_ntz"))
		return refuse(p, p->t.from, "timestamp_ntz is not supported");
	if (reserved(&p->t) && !(peek_op(p, "(") &&
				       sql_fn_find(p->t.s, p->t.n) != NULL))
		return expected(p, "an expression");
	if (at_word(p, "null") || at_word(p, "true") || at_word(p, "false")) {
		if (!at_word(p, "null"))
			d = datum_bool(at_word(p, "true"));
		if (next(p) != 0)
			return NULL;
		return literal(p, d, from);
	}
	if ((at_word(p, "current_timestamp") || at_word(p, "current_date") ||
		    at_word(p, "localtimestamp")) &&
		!peek_op(p, "(") && !peek_op(p, ".")) {
		struct sql_node *n = sql_call(p->x,
			at_word(p, "current_date") ? "current_date"
						   : "current_timestamp",
			from, 0);

		return next(p) == 0 ? n : NULL;
	}
	if (peek_op(p, "("))
		return parse_call(p);
	return parse_name(p);
}

static struct sql_node *
parse_start(struct parser *p)
{
	const char *from = p->t.from;
	struct buf b;
	struct datum d;

	if (lambda_ahead(p))
		return parse_lambda(p);
	if (p->t.kind == T_WORD)
		return parse_word(p);
	if (p->t.kind == T_QUOTED)
		return parse_name(p);
	if (p->t.kind == T_NUMBER)
		return parse_number(p);
	if (at_op(p, "("))
		return parse_bracket(p);
	if (p->t.kind != T_STRING)
		return expected(p, "an expression");
	/* Strings side by side are one. */
	buf_init(&b);
	do {
		buf_add(&b, p->t.s, p->t.n);
		if (next(p) != 0) {
			buf_release(&b);
			return NULL;
		}
	} while (p->t.kind == T_STRING);
	d = datum_string(arena_text(&p->x->arena, b.p, b.n), b.n);
	buf_release(&b);
	return literal(p, d, from);
}

static struct sql_node *
parse_primary(struct parser *p)
{
	struct sql_node *n = parse_start(p), *arg;
	struct ty to;
	int r;

	while (n != NULL) {
		if ((r = take_op(p, "[")) != 0) {
			if (r < 0 || (arg = parse_expression(p)) == NULL ||
				need_op(p, "]", "']'") != 0)
				return NULL;
			n = sql_call(p->x, "[]", n->from, 2, n, arg);
		} else if ((r = take_op(p, ".")) != 0) {
			if (r < 0 || (p->t.kind != T_WORD &&
					     p->t.kind != T_QUOTED))
				return expected(p, "a name");
			arg = sql_node(p->x, SQL_MEMBER, n->from);
			set_args(p->x, arg, &n, 1);
			arg->part = arena_get(&p->x->arena,
				sizeof(*arg->part));
			*arg->part = (struct sql_name){p->t.s, p->t.n};
			arg->npart = 1;
			n = next(p) == 0 ? arg : NULL;
		} else if ((r = take_op(p, "::")) != 0) {
			if (r < 0 || parse_type(p, &to) != 0)
				return NULL;
			n = cast_node(p, n, to, n->from);
		} else {
			break;
		}
	}
	return n;
}

/* 128Y, 32768S, 9223372036854775808L: an integer that names its type. */
static bool
suffixed(struct token t)
{
	return strchr("lLsSyY", t.to[-1]) != NULL;
}

/* The sign belongs to such a number. */
static struct sql_node *
parse_negative(struct parser *p)
{
	const char *from = p->t.from;
	struct sql_node *n;

	if (next(p) != 0)
		return NULL;
	p->negative = true;
	n = parse_primary(p);
	p->negative = false;
	if (n != NULL)
		n->from = from;
	return n;
}

static struct sql_node *
parse_unary(struct parser *p)
{
	const char *from = p->t.from;
	struct sql_node *n;
	char op = at_op(p, "-") || at_op(p, "+") || at_op(p, "~") ? *from : 0;

	if (op == 0)
		return parse_primary(p);
	if (op == '-' && peek(p).kind == T_NUMBER && suffixed(peek(p)))
		return parse_negative(p);
	if (++p->depth > SQL_DEPTH)
		return refuse(p, from, "nested too deep");
	if (next(p) != 0 || (n = parse_unary(p)) == NULL)
		return NULL;
	p->depth--;
	if (op == '+')
		return n;
	if (op == '-' && n->op == SQL_LITERAL && ty_numeric(datum_ty(&n->lit)) &&
		n->from[0] != '-' && n->from[0] != '(') {
		/* -9223372036854775808 is a bigint, not a decimal. */
		if (n->lit.kind == TYPE_DECIMAL && n->lit.s == 0 &&
			-datum_decimal(&n->lit) == INT64_MIN)
			n->lit = datum_int(TYPE_LONG, INT64_MIN);
		else if (n->lit.kind == TYPE_DECIMAL)
			n->lit = datum_from_decimal(-datum_decimal(&n->lit),
				n->lit.p, n->lit.s);
		else if (ty_fraction(datum_ty(&n->lit)))
			n->lit.d = -n->lit.d;
		else
			n->lit.i = -n->lit.i;
		if (n->lit.kind == TYPE_LONG && n->lit.i == INT32_MIN)
			n->lit.kind = TYPE_INT;
		n->from = from;
		return n;
	}
	return sql_call(p->x, op == '-' ? "negative" : "~", from, 1, n);
}

/* Binary operators, the loosest first. */
static const char *const levels[][5] = {
	{"|"}, {"^"}, {"&"}, {"<<", ">>", ">>>"}, {"+", "-", "||"},
	{"*", "/", "%"}};
#define NLEVELS (int)(sizeof(levels) / sizeof(levels[0]))

static const char *
level_op(struct parser *p, int level)
{
	for (int i = 0; i < 5 && levels[level][i] != NULL; i++)
		if (at_op(p, levels[level][i]))
			return levels[level][i];
	if (level == NLEVELS - 1 && at_word(p, "div"))
		return "div";
	return NULL;
}

static struct sql_node *
parse_bits(struct parser *p, int level)
{
	struct sql_node *a, *b;
	const char *op;
	int chain = 0;

	if (level == NLEVELS)
		return parse_unary(p);
	a = parse_bits(p, level + 1);
	while (a != NULL && (op = level_op(p, level)) != NULL) {
		if (++chain > 5 * SQL_DEPTH)
			return refuse(p, p->t.from, "too long a chain");
		if (next(p) != 0 || (b = parse_bits(p, level + 1)) == NULL)
			return NULL;
		a = sql_call(p->x, op, a->from, 2, a, b);
	}
	return a;
}

static struct sql_node *
parse_compare(struct parser *p)
{
	static const char *const ops[][2] = {{"=", "="}, {"==", "="},
		{"<=>", "<=>"}, {"<>", "!="}, {"!=", "!="}, {"<", "<"},
		{"<=", "<="}, {">", ">"}, {">=", ">="}, {"!>", "<="},
		{"!<", ">="}};
	struct sql_node *a = parse_bits(p, 0), *b;
	const char *op;

	while (a != NULL) {
		op = NULL;
		for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
			if (at_op(p, ops[i][0]))
				op = ops[i][1];
		if (op == NULL)
			break;
		if (next(p) != 0 || (b = parse_bits(p, 0)) == NULL)
			return NULL;
		a = sql_call(p->x, op, a->from, 2, a, b);
	}
	return a;
}

static struct sql_node *
negate(struct parser *p, bool negative, struct sql_node *n)
{
	if (n == NULL || !negative)
		return n;
	return sql_call(p->x, "not", n->from, 1, n);
}

static struct sql_node *
parse_between(struct parser *p, struct sql_node *x)
{
	struct sql_node *a = parse_bits(p, 0), *b;

	if (a == NULL || need_word(p, "and") != 0 ||
		(b = parse_bits(p, 0)) == NULL)
		return NULL;
	return sql_call(p->x, "and", x->from, 2,
		sql_call(p->x, ">=", x->from, 2, x, a),
		sql_call(p->x, "<=", x->from, 2, x, b));
}

static struct sql_node *
parse_in(struct parser *p, struct sql_node *x)
{
	struct nodes l = {0};

	nodes_add(p, &l, x);
	if (need_op(p, "(", "'('") != 0)
		return NULL;
	if (at_word(p, "select"))
		return refuse(p, p->t.from, "a stream has no subqueries");
	if (parse_arguments(p, &l) != 0)
		return NULL;
	if (l.n == 1)
		return refuse(p, x->to, "nothing in the list");
	return call_list(p, "in", x->from, &l);
}

/*
 * like a [escape c]; like any (a, b), like all (a, b).  A "not" in front of them
 * negates each: x not like any (a, b) is true if one does not match.
 */
static struct sql_node *
parse_like(struct parser *p, struct sql_node *x, const char *fn, bool not)
{
	struct nodes l = {0}, r = {0};
	struct sql_node *n;
	bool all = at_word(p, "all");

	if ((all || at_word(p, "any") || at_word(p, "some")) &&
		peek_op(p, "(")) {
		if (next(p) != 0 || next(p) != 0 ||
			parse_arguments(p, &l) != 0)
			return NULL;
		if (l.n == 0)
			return expected(p, "a pattern");
		for (int i = 0; i < l.n; i++)
			nodes_add(p, &r, negate(p, not, sql_call(p->x, fn,
						 x->from, 2, x, l.p[i])));
		return call_list(p, all ? "and" : "or", x->from, &r);
	}
	n = parse_bits(p, 0);
	if (n == NULL)
		return NULL;
	nodes_add(p, &l, x);
	nodes_add(p, &l, n);
	if (strcmp(fn, "rlike") != 0 && at_word(p, "escape")) {
		if (next(p) != 0)
			return NULL;
		if (p->t.kind != T_STRING || p->t.n != 1)
			return expected(p, "one character in quotes");
		nodes_add(p, &l, literal(p, datum_string(p->t.s, 1),
					 p->t.from));
		if (next(p) != 0)
			return NULL;
	}
	return negate(p, not, call_list(p, fn, x->from, &l));
}

/* is [not] null | true | false | unknown | distinct from y */
static struct sql_node *
parse_is(struct parser *p, struct sql_node *x)
{
	struct sql_node *y;
	int r = take_word(p, "not");
	bool not = r == 1, yes;

	if (r < 0)
		return NULL;
	if (at_word(p, "null") || at_word(p, "unknown"))
		return next(p) != 0 ? NULL
			: sql_call(p->x, not ? "isnotnull" : "isnull", x->from,
				  1, x);
	if (at_word(p, "true") || at_word(p, "false")) {
		yes = at_word(p, "true");
		y = literal(p, datum_bool(yes), p->t.from);
		if (next(p) != 0)
			return NULL;
		return negate(p, not,
			sql_call(p->x, "<=>", x->from, 2, x, y));
	}
	if (at_word(p, "distinct")) {
		if (next(p) != 0 || need_word(p, "from") != 0 ||
			(y = parse_bits(p, 0)) == NULL)
			return NULL;
		return negate(p, !not,
			sql_call(p->x, "<=>", x->from, 2, x, y));
	}
	return expected(p, "null, true, false or distinct from");
}

static struct sql_node *
parse_predicate(struct parser *p)
{
	struct sql_node *x = parse_compare(p);
	bool not;

	while (x != NULL) {
		if (at_word(p, "is")) {
			if (next(p) != 0)
				return NULL;
			x = parse_is(p, x);
			continue;
		}
		not = at_word(p, "not");
		if (not) {
			struct token t = peek(p);

			if (!is_word(&t, "between") && !is_word(&t, "in") &&
				!is_word(&t, "like") &&
				!is_word(&t, "ilike") &&
				!is_word(&t, "rlike") &&
				!is_word(&t, "regexp"))
				break;
			if (next(p) != 0)
				return NULL;
		}
		if (at_word(p, "between"))
			x = next(p) != 0 ? NULL
				: negate(p, not, parse_between(p, x));
		else if (at_word(p, "in"))
			x = next(p) != 0 ? NULL
				: negate(p, not, parse_in(p, x));
		else if (at_word(p, "like"))
			x = next(p) != 0 ? NULL
				: parse_like(p, x, "like", not);
		else if (at_word(p, "ilike"))
			x = next(p) != 0 ? NULL
				: parse_like(p, x, "ilike", not);
		else if (at_word(p, "rlike") || at_word(p, "regexp"))
			x = next(p) != 0 ? NULL
				: parse_like(p, x, "rlike", not);
		else
			break;
	}
	return x;
}

static struct sql_node *
parse_not(struct parser *p)
{
	const char *from = p->t.from;
	struct sql_node *n;

	if (!at_op(p, "!") && !(at_word(p, "not") && !peek_op(p, ".")))
		return parse_predicate(p);
	if (++p->depth > SQL_DEPTH)
		return refuse(p, from, "nested too deep");
	if (next(p) != 0 || (n = parse_not(p)) == NULL)
		return NULL;
	p->depth--;
	return sql_call(p->x, "not", from, 1, n);
}

static struct sql_node *
parse_logic(struct parser *p, const char *word)
{
	struct sql_node *n, *first;
	struct nodes l = {0};
	int r;

	do {
		n = strcmp(word, "or") == 0 ? parse_logic(p, "and")
					    : parse_not(p);
		if (n == NULL)
			return NULL;
		nodes_add(p, &l, n);
	} while ((r = take_word(p, word)) == 1);
	if (r < 0)
		return NULL;
	first = l.p[0];
	return l.n == 1 ? first : call_list(p, word, first->from, &l);
}

static struct sql_node *
parse_expression(struct parser *p)
{
	struct sql_node *n;

	if (++p->depth > SQL_DEPTH)
		return refuse(p, p->t.from, "nested too deep");
	n = parse_logic(p, "or");
	p->depth--;
	return n;
}

struct sql_node *
sql_parse(struct sql *x, struct err *err)
{
	struct parser p = {.x = x, .err = err, .p = x->text};
	struct sql_node *n;

	if (next(&p) != 0)
		return NULL;
	n = parse_expression(&p);
	if (n != NULL && p.t.kind != T_END)
		return expected(&p, "an operator or the end");
	return n;
}

int
sql_parse_item(struct sql *x, const char **at, struct sql_node **n,
	const char **alias, struct err *err)
{
	struct parser p = {.x = x, .err = err, .p = *at};
	const char *from;
	int r;

	*alias = NULL;
	*n = NULL;
	if (next(&p) != 0)
		return -1;
	from = p.t.from;
	if (at_op(&p, "*")) {
		*at = p.p;
		if (next(&p) != 0)
			return -1;
	} else {
		*n = parse_expression(&p);
		if (*n == NULL)
			return -1;
		(*n)->from = from;
		(*n)->to = p.t.from;
		if (take_word(&p, "as") < 0)
			return -1;
		if (p.t.kind == T_WORD || p.t.kind == T_QUOTED) {
			*alias = p.t.s;
			if (next(&p) != 0)
				return -1;
		}
	}
	r = take_op(&p, ",");
	if (r == 0 && p.t.kind != T_END) {
		expected(&p, "',' or the end");
		return -1;
	}
	*at = r == 1 ? p.t.from : p.p;
	return r;
}
