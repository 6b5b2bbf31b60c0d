/*
 * sql_math: functions of numbers.  Where Spark computes by a formula of its
 * own, so do we: the last digits of a logarithm or an area sine are part of the
 * answer.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text/number.h"
#include "expr/sql/sql_impl.h"

/* double to double */

static double
cotangent(double x)
{
	return 1 / tan(x);
}

static double
secant(double x)
{
	return 1 / cos(x);
}

static double
cosecant(double x)
{
	return 1 / sin(x);
}

static double
real_sign(double x)
{
	return x > 0 ? 1 : x < 0 ? -1 : x;
}

static double
real_degrees(double x)
{
	return x * (180 / M_PI);
}

static double
real_radians(double x)
{
	return x * (M_PI / 180);
}

/* cbrt(3) of some C libraries is a unit off: 27 has a root. */
static double
cube_root(double x)
{
	return (double)cbrtl(x);
}

/* By the formulas that Spark has, which differ from the C library's in the last
 * digits, and more for large negative numbers. */
static double
area_sine(double x)
{
	if (isinf(x) && x < 0)
		return x;
	return x > 0 && isinf(x * x) ? log(x) + M_LN2
				     : log(x + sqrt(x * x + 1));
}

static double
area_cosine(double x)
{
	return x > 0 && isinf(x * x) ? log(x) + M_LN2
				     : log(x + sqrt(x * x - 1));
}

static double
area_tangent(double x)
{
	return 0.5 * (log1p(x) - log1p(-x));
}

static double (*const real_fns[])(double) = {sqrt, cube_root, exp, expm1, sin,
	cos, tan, cotangent, secant, cosecant, asin, acos, atan, sinh, cosh,
	tanh, area_sine, area_cosine, area_tangent, real_degrees, real_radians,
	real_sign, rint};

enum {
	SQRT,
	CBRT,
	EXP,
	EXPM1,
	SIN,
	COS,
	TAN,
	COT,
	SEC,
	CSC,
	ASIN,
	ACOS,
	ATAN,
	SINH,
	COSH,
	TANH,
	ASINH,
	ACOSH,
	ATANH,
	DEGREES,
	RADIANS,
	SIGN,
	RINT
};

static int
run_real(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_double(real_fns[n->fn->tag](a[0].d));
	return 0;
}

/* Logarithms of what has none are null. */
static int
run_log(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	double x = a[n->narg - 1].d;

	*out = datum_null();
	if (n->fn->tag == 1 ? x <= -1 : x <= 0)
		return 0;
	switch (n->fn->tag) {
	case 1:
		*out = datum_double(log1p(x));
		break;
	case 2:
		*out = datum_double(log(x) / M_LN2);
		break;
	case 10:
		*out = datum_double(log10(x));
		break;
	default:
		if (n->narg == 1)
			*out = datum_double(log(x));
		else if (a[0].d > 0)
			*out = datum_double(log(x) / log(a[0].d));
	}
	return 0;
}

enum { POWER, ATAN2, HYPOT };

/* As Java's: 1 to the power of NaN or infinity is NaN. */
static double
java_power(double x, double y)
{
	if (isnan(y) || (isinf(y) && fabs(x) == 1))
		return NAN;
	return pow(x, y);
}

static int
run_real2(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	double x = a[0].d, y = a[1].d;

	*out = datum_double(n->fn->tag == POWER ? java_power(x, y)
			: n->fn->tag == ATAN2   ? atan2(x, y)
						: hypot(x, y));
	return 0;
}

static int
run_number(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_double(n->fn->tag == 0 ? M_PI : M_E);
	return 0;
}

/* Rounding. */

static int
run_abs(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = a[0];
	if (ty_fraction(datum_ty(a)))
		out->d = fabs(a->d);
	else if (a->kind == TYPE_DECIMAL && a->high < 0)
		*out = datum_from_decimal(-datum_decimal(a), a->p, a->s);
	else if (a->kind != TYPE_DECIMAL && a->i < 0) {
		if (a->kind > TYPE_STRUCT &&
			!ty_interval_fits(a->kind, -(numeric)a->i))
			return err_set(c->err, "the interval is too long");
		out->i = datum_wrap((int64_t) - (uint64_t)a->i, a->kind);
	}
	return 0;
}

static int
abs_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0];

	r->open = a->kind == TYPE_UNKNOWN;
	if (a->kind == TYPE_STRING)
		*a = ty(TYPE_DOUBLE);
	if (!r->open && !ty_numeric(*a) && a->kind != TYPE_NULL &&
		a->kind <= TYPE_STRUCT)
		return sql_types_mismatch(r, "takes a number");
	r->result = *a;
	return 0;
}

enum { ROUND, BROUND, FLOOR, CEIL };

/* The scale that is asked for, where it is a literal; else 0. */
static int
round_scale(const struct sql_node *n)
{
	const struct sql_node *s;

	if (n->narg < 2)
		return 0;
	s = n->arg[1];
	if (s->op != SQL_LITERAL || !ty_integral(datum_ty(&s->lit)))
		return 0;
	return s->lit.i > 38 ? 38 : s->lit.i < -38 ? -38 : (int)s->lit.i;
}

static struct ty
round_decimal_type(struct ty t, int scale)
{
	int whole = t.p - t.s + 1, p;

	if (scale < 0) {
		p = whole > 1 - scale ? whole : 1 - scale;
		return ty_decimal(p > NUMERIC_DIGITS ? NUMERIC_DIGITS : p, 0);
	}
	scale = scale < t.s ? scale : t.s;
	p = whole + scale;
	return ty_decimal(p > NUMERIC_DIGITS ? NUMERIC_DIGITS : p, scale);
}

static int
round_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0], have = *a;
	int tag = r->node->fn->tag;

	if (a->kind == TYPE_UNKNOWN) {
		r->open = true;
		return 0;
	}
	if (a->kind == TYPE_STRING || a->kind == TYPE_NULL)
		*a = ty(TYPE_DOUBLE);
	if (!ty_numeric(*a))
		return sql_types_mismatch(r, "takes a number");
	if (r->n > 1)
		r->arg[1] = ty(TYPE_INT);
	if (tag >= FLOOR && r->n > 1) {
		*a = have.kind == TYPE_STRING   ? ty_decimal(38, 18)
			: a->kind == TYPE_FLOAT ? ty_decimal(14, 7)
			: ty_fraction(*a)       ? ty_decimal(30, 15)
						: sql_types_decimal(*a);
		r->result = round_decimal_type(*a, round_scale(r->node));
	} else if (tag >= FLOOR && a->kind == TYPE_DECIMAL) {
		r->result = a->s == 0
			? *a
			: ty_decimal(a->p - a->s + 1 > NUMERIC_DIGITS
					  ? NUMERIC_DIGITS
					  : a->p - a->s + 1,
				  0);
	} else if (tag >= FLOOR) {
		r->result = ty(TYPE_LONG);
	} else if (a->kind == TYPE_DECIMAL) {
		r->result = round_decimal_type(*a, round_scale(r->node));
	} else {
		r->result = *a;
	}
	return 0;
}

/* v, of scale from, in units of 10^-to. */
static bool
round_decimal(int tag, numeric v, int from, int to, numeric *out)
{
	numeric unit, rest;

	if (to >= from)
		return numeric_rescale(v, from, to, NUMERIC_DIGITS, out);
	if (from - to > NUMERIC_DIGITS) {
		*out = tag == FLOOR && v < 0 ? -1 : tag == CEIL && v > 0;
		return true;
	}
	unit = numeric_power10(from - to);
	*out = v / unit;
	rest = v % unit;
	if (rest < 0)
		rest = -rest;
	switch (tag) {
	case ROUND:
		*out += rest >= unit - rest ? v < 0 ? -1 : 1 : 0;
		break;
	case BROUND:
		if (rest > unit - rest ||
			(rest == unit - rest && *out % 2 != 0))
			*out += v < 0 ? -1 : 1;
		break;
	case FLOOR:
		*out -= rest != 0 && v < 0;
		break;
	case CEIL:
		*out += rest != 0 && v > 0;
		break;
	}
	return true;
}

/* By the shortest digits, as Spark does. */
static double
round_real(int tag, double d, bool narrow, int scale)
{
	char text[NUMBER_MAX + NUMERIC_MAX];
	numeric v;
	int p, s;
	size_t n;

	if (!isfinite(d))
		return d;
	n = narrow ? number_print_java_float((float)d, text)
		   : number_print_double(d, text);
	if (!numeric_parse(text, n, &v, &p, &s) ||
		!round_decimal(tag, v, s, scale, &v))
		return d;
	if (scale < 0 && !numeric_rescale(v, scale, 0, NUMERIC_DIGITS, &v))
		return d;
	return numeric_double(v, scale < 0 ? 0 : scale);
}

static int
round_exact(int tag, const struct datum *a, int scale, struct ty t,
	struct datum *out)
{
	numeric v;

	*out = datum_null();
	/* Digits that it does not have need no rounding. */
	if (scale > a->s)
		scale = a->s;
	if (!round_decimal(tag, datum_decimal(a), a->s, scale, &v) ||
		!numeric_rescale(v, scale, t.s, t.p, &v))
		return 0;
	*out = datum_from_decimal(v, t.p, t.s);
	return 0;
}

static int
run_round(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct ty t = sql_result(n);
	int64_t asked = n->narg > 1 ? a[1].i : 0;
	int scale = asked > 38 ? 38 : asked < -38 ? -38 : (int)asked;
	numeric v;

	*out = a[0];
	if (a->kind == TYPE_DECIMAL)
		return round_exact(n->fn->tag, a, scale, t, out);
	if (ty_fraction(datum_ty(a))) {
		if (n->fn->tag >= FLOOR) {
			*out = datum_double(
				n->fn->tag == FLOOR ? floor(a->d) : ceil(a->d));
			return datum_cast(c, out, ty(TYPE_LONG));
		}
		out->d = round_real(
			n->fn->tag, a->d, a->kind == TYPE_FLOAT, scale);
	} else if (scale < 0 && n->fn->tag < FLOOR) {
		round_decimal(n->fn->tag, a->i, 0, scale, &v);
		v *= scale < -19 ? 0 : numeric_power10(-scale);
		*out = datum_int(TYPE_LONG, (int64_t)v);
		return datum_cast(c, out, t);
	} else {
		out->kind = t.kind;
	}
	return 0;
}

/* Spelling of numbers. */

static void
digits_base(uint64_t v, unsigned base, bool negative, struct datum_ctx *c,
	struct datum *out)
{
	char text[72], *p = text + sizeof(text);

	do {
		*--p = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[v % base];
		v /= base;
	} while (v != 0);
	if (negative)
		*--p = '-';
	*out = datum_string(
		arena_text(&c->arena, p, (size_t)(text + sizeof(text) - p)),
		(size_t)(text + sizeof(text) - p));
}

static int
run_bin(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	digits_base((uint64_t)a[0].i, 2, false, c, out);
	return 0;
}

static int
hex_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0];

	r->open = a->kind == TYPE_UNKNOWN;
	if (ty_numeric(*a))
		*a = ty(TYPE_LONG);
	else if (ty_nested(*a))
		return sql_types_mismatch(r, "takes an integer or a string");
	else if (!r->open && a->kind != TYPE_BINARY)
		*a = ty(TYPE_STRING);
	r->result = ty(TYPE_STRING);
	return 0;
}

static int
run_hex(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	char *p;

	if (a->kind == TYPE_LONG) {
		digits_base((uint64_t)a[0].i, 16, false, c, out);
		return 0;
	}
	p = arena_get(&c->arena, 2 * (size_t)a->n + 1);
	for (uint32_t i = 0; i < a->n; i++) {
		p[2 * i] = "0123456789ABCDEF"[(unsigned char)a->str[i] >> 4];
		p[2 * i + 1] =
			"0123456789ABCDEF"[(unsigned char)a->str[i] & 15];
	}
	*out = datum_string(p, 2 * (size_t)a->n);
	return 0;
}

static int
hex_value(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	return isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10 : -1;
}

static int
run_unhex(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	char *p = arena_get(&c->arena, a->n / 2 + 1);
	uint32_t odd = a->n % 2, k = 0;
	int high, low;

	*out = datum_null();
	for (uint32_t i = 0; i < a->n; i += i == 0 && odd ? 1 : 2) {
		high = i == 0 && odd ? 0 : hex_value(a->str[i]);
		low = hex_value(a->str[i == 0 && odd ? 0 : i + 1]);
		if (high < 0 || low < 0)
			return 0;
		p[k++] = (char)(high << 4 | low);
	}
	*out = datum_string(p, k);
	out->kind = TYPE_BINARY;
	return 0;
}

/* conv('ff', 16, 10): unsigned, or with a sign where the base has one */
static int
run_conv(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	int64_t from = a[1].i, to = a[2].i < 0 ? -a[2].i : a[2].i;
	const char *s = a->str, *end = s + a->n;
	bool negative = false, over = false;
	uint64_t v = 0;
	int d;

	*out = datum_null();
	while (s < end && *s == ' ')
		s++;
	while (end > s && end[-1] == ' ')
		end--;
	if (from < 2 || from > 36 || to < 2 || to > 36 || s == end)
		return 0;
	if (*s == '-')
		negative = *s++ == '-';
	for (; s < end; s++) {
		d = isalpha((unsigned char)*s)       ? (*s | 32) - 'a' + 10
			: isdigit((unsigned char)*s) ? *s - '0'
						     : 99;
		if (d >= from)
			break;
		over |= __builtin_mul_overflow(v, (uint64_t)from, &v);
		over |= __builtin_add_overflow(v, (uint64_t)d, &v);
	}
	if (over)
		v = UINT64_MAX;
	if (negative && a[2].i > 0)
		v = (int64_t)v < 0 ? UINT64_MAX : -v;
	else if (a[2].i < 0 && (int64_t)v < 0) {
		v = -v;
		negative = true;
	}
	digits_base(v, (unsigned)to, negative && a[2].i < 0, c, out);
	return 0;
}

static int
run_factorial(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	int64_t v = 1;

	*out = datum_null();
	if (a->i < 0 || a->i > 20)
		return 0;
	for (int64_t i = 2; i <= a->i; i++)
		v *= i;
	*out = datum_int(TYPE_LONG, v);
	return 0;
}

static int
bit_count_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0];

	r->open = a->kind == TYPE_UNKNOWN;
	r->result = ty(TYPE_INT);
	if (a->kind > TYPE_BOOLEAN && !ty_integral(*a))
		return sql_types_mismatch(r, "takes an integer or a condition");
	return 0;
}

static int
run_bit_count(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_int(TYPE_INT, __builtin_popcountll((uint64_t)a->i));
	return 0;
}

static int
run_getbit(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	if (a[1].i < 0 || a[1].i > 63)
		return err_set(
			c->err, "'%s' takes a place from 0 to 63", n->fn->name);
	*out = datum_int(TYPE_BYTE, a[0].i >> a[1].i & 1);
	return 0;
}

static int
run_width_bucket(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	double v = a[0].d, low = a[1].d, high = a[2].d;
	int64_t buckets = a[3].i;
	bool down = low > high;

	*out = datum_null();
	if (buckets <= 0 || buckets == INT64_MAX || isnan(v) || low == high ||
		!isfinite(low) || !isfinite(high))
		return 0;
	if (down ? v > low : v < low)
		*out = datum_int(TYPE_LONG, 0);
	else if (down ? v <= high : v >= high)
		*out = datum_int(TYPE_LONG, buckets + 1);
	else
		*out = datum_int(TYPE_LONG,
			(int64_t)((double)buckets * (v - low) / (high - low)) +
				1);
	return 0;
}

#define REAL(name, tag)                                         \
	{                                                       \
		name, "d:d", run_real, 0, NULL, NULL, NULL, tag \
	}
#define ROUNDING(name, sig, tag)                                     \
	{                                                            \
		name, sig, run_round, 0, round_rule, NULL, NULL, tag \
	}

const struct sql_fn sql_math_fns[] = {REAL("sqrt", SQRT), REAL("cbrt", CBRT),
	REAL("exp", EXP), REAL("expm1", EXPM1), REAL("sin", SIN),
	REAL("cos", COS), REAL("tan", TAN), REAL("cot", COT), REAL("sec", SEC),
	REAL("csc", CSC), REAL("asin", ASIN), REAL("acos", ACOS),
	REAL("atan", ATAN), REAL("sinh", SINH), REAL("cosh", COSH),
	REAL("tanh", TANH), REAL("asinh", ASINH), REAL("acosh", ACOSH),
	REAL("atanh", ATANH), REAL("degrees", DEGREES),
	REAL("radians", RADIANS), REAL("rint", RINT), {"ln", "d:d", run_log},
	{"log", "d?d:d", run_log},
	{"log1p", "d:d", run_log, 0, NULL, NULL, NULL, 1},
	{"log2", "d:d", run_log, 0, NULL, NULL, NULL, 2},
	{"log10", "d:d", run_log, 0, NULL, NULL, NULL, 10},
	{"pow", "dd:d", run_real2, 0, NULL, NULL, NULL, POWER},
	{"power", "dd:d", run_real2, 0, NULL, NULL, NULL, POWER},
	{"atan2", "dd:d", run_real2, 0, NULL, NULL, NULL, ATAN2},
	{"hypot", "dd:d", run_real2, 0, NULL, NULL, NULL, HYPOT},
	{"pi", ":d", run_number},
	{"e", ":d", run_number, 0, NULL, NULL, NULL, 1},
	{"abs", "a:0", run_abs, 0, abs_rule}, ROUNDING("round", "n?i:0", ROUND),
	ROUNDING("bround", "n?i:0", BROUND), ROUNDING("floor", "n?i:0", FLOOR),
	ROUNDING("ceil", "n?i:0", CEIL), ROUNDING("ceiling", "n?i:0", CEIL),
	{"bin", "l:s", run_bin}, {"hex", "a:s", run_hex, 0, hex_rule},
	{"unhex", "s:x", run_unhex}, {"conv", "sii:s", run_conv},
	{"factorial", "i:l", run_factorial},
	{"bit_count", "a:i", run_bit_count, 0, bit_count_rule},
	{"getbit", "li:y", run_getbit}, {"bit_get", "li:y", run_getbit},
	{"width_bucket", "dddl:l", run_width_bucket}, {NULL}};
