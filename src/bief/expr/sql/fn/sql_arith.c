/*
 * sql_arith: arithmetic on numbers, times and intervals, and bits.
 *
 * The rules of types and the values are apart: a rule is asked once where types
 * are known, a value is made for each record, and finds the kinds that the rule
 * has left it, no others.
 */
#include <assert.h>
#include <math.h>

#include "expr/sql/sql_impl.h"

enum { ADD, SUBTRACT, MULTIPLY, DIVIDE, REMAINDER, INTEGRAL, PMOD };
#define TRY 16 /* beside one of them: null where a result does not fit */
enum { AND, OR, XOR, LEFT, RIGHT, RIGHT_UNSIGNED };

/* Arithmetic: types. */

/* What Spark gives to a sum, product ... of decimals. */
static struct ty
decimal_result(int op, struct ty a, struct ty b)
{
	int range = a.p - a.s > b.p - b.s ? a.p - a.s : b.p - b.s;
	int p = 0, s = a.s > b.s ? a.s : b.s, least;

	switch (op) {
	case ADD:
	case SUBTRACT:
		p = range + s + 1;
		break;
	case MULTIPLY:
		p = a.p + b.p + 1;
		s = a.s + b.s;
		break;
	case DIVIDE:
		s = a.s + b.p + 1 > 6 ? a.s + b.p + 1 : 6;
		p = a.p - a.s + b.s + s;
		break;
	case REMAINDER:
	case PMOD:
		p = (a.p - a.s < b.p - b.s ? a.p - a.s : b.p - b.s) + s;
		break;
	case INTEGRAL:
		return ty(TYPE_LONG);
	default:
		assert(false);
	}
	if (p > NUMERIC_DIGITS) {
		/* Digits in front of the point come first, six behind it are
		 * kept. */
		least = s < 6 ? s : 6;
		s = NUMERIC_DIGITS - (p - s) > least ? NUMERIC_DIGITS - (p - s)
						     : least;
		p = NUMERIC_DIGITS;
	}
	return ty_decimal(p, s);
}

static struct ty
decimal_of_arg(const struct sql_rule *r, int i)
{
	const struct sql_node *n = r->node->arg[i];

	/* A literal counts with the digits that it has. */
	if (n->op == SQL_LITERAL && ty_integral(r->arg[i]))
		return ty_decimal(numeric_digits(n->lit.i), 0);
	return sql_types_decimal(r->arg[i]);
}

static int
number_rule(struct sql_rule *r, int op)
{
	struct ty *a = &r->arg[0], *b = &r->arg[1], t;

	if ((a->kind == TYPE_DECIMAL || b->kind == TYPE_DECIMAL) &&
		!ty_fraction(*a) && !ty_fraction(*b)) {
		*a = decimal_of_arg(r, 0);
		*b = decimal_of_arg(r, 1);
		r->result = decimal_result(op, *a, *b);
		return 0;
	}
	if (op == DIVIDE || a->kind == TYPE_DECIMAL || b->kind == TYPE_DECIMAL)
		t = ty(TYPE_DOUBLE);
	else
		t = a->kind > b->kind ? *a : *b;
	if (op == INTEGRAL)
		t = ty(TYPE_LONG);
	*a = *b = r->result = t;
	return 0;
}

/* A date or a time and an interval or days. */
static bool
shift_rule(struct sql_rule *r, struct ty *t, struct ty *by)
{
	if (ty_interval(*by) && t->kind == TYPE_STRING) {
		/* Text is read as a time and written again. */
		*t = ty(TYPE_TIMESTAMP);
		r->result = ty(TYPE_STRING);
		return true;
	}
	if (!ty_time(*t))
		return false;
	if (ty_interval(*by)) {
		if (t->kind == TYPE_DATE && by->kind == TYPE_DAYS &&
			by->s != UNIT_DAY)
			*t = ty(TYPE_TIMESTAMP);
	} else if (t->kind != TYPE_DATE || !ty_integral(*by)) {
		return false;
	} else {
		*by = ty(TYPE_INT);
	}
	r->result = *t;
	return true;
}

static bool
interval_rule(struct sql_rule *r, int op)
{
	struct ty *a = &r->arg[0], *b = &r->arg[1], *t;

	if ((op == ADD || op == SUBTRACT) && ty_interval(*a) &&
		a->kind == b->kind) {
		r->result = *a;
		r->result.p = a->p < b->p ? a->p : b->p;
		r->result.s = a->s > b->s ? a->s : b->s;
		return true;
	}
	t = op == MULTIPLY && ty_interval(*b) ? b : a;
	if ((op != MULTIPLY && op != DIVIDE) || !ty_interval(*t))
		return false;
	r->result = t->kind == TYPE_DAYS ? ty_days(UNIT_DAY, UNIT_SECOND) : *t;
	if (t->kind == TYPE_YEARS) {
		r->result.p = UNIT_YEAR;
		r->result.s = UNIT_MONTH;
	}
	t = t == a ? b : a;
	if (!ty_numeric(*t) && t->kind != TYPE_STRING && t->kind != TYPE_NULL)
		return false;
	if (t->kind == TYPE_FLOAT || t->kind == TYPE_STRING)
		*t = ty(TYPE_DOUBLE);
	return true;
}

/* A null beside a time or an interval: it says what null the result is. */
static bool
null_rule(struct sql_rule *r, int op)
{
	struct ty *a = &r->arg[0], *b = &r->arg[1];
	struct ty t = a->kind == TYPE_NULL ? *b : *a;

	if ((a->kind != TYPE_NULL && b->kind != TYPE_NULL) ||
		(op != ADD && op != SUBTRACT))
		return false;
	if (ty_interval(t))
		r->result = t;
	else if (t.kind == TYPE_DATE && (op == ADD || b->kind == TYPE_NULL))
		r->result = t;
	else if (ty_time(t) && op == SUBTRACT)
		r->result = ty_days(
			UNIT_DAY, t.kind == TYPE_DATE ? UNIT_DAY : UNIT_SECOND);
	else
		return false;
	return true;
}

static bool
difference_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0], *b = &r->arg[1];
	bool days;

	if (!ty_time(*a) && !ty_time(*b))
		return false;
	if ((!ty_time(*a) && a->kind != TYPE_STRING) ||
		(!ty_time(*b) && b->kind != TYPE_STRING))
		return false;
	days = a->kind != TYPE_TIMESTAMP && b->kind != TYPE_TIMESTAMP;
	*a = *b = ty(days ? TYPE_DATE : TYPE_TIMESTAMP);
	r->result = days ? ty_days(UNIT_DAY, UNIT_DAY)
			 : ty_days(UNIT_DAY, UNIT_SECOND);
	return true;
}

static int
arithmetic_rule(struct sql_rule *r)
{
	static const char *const takes[] = {
		"adds numbers, or an interval to a time",
		"takes numbers, times or intervals apart", "multiplies numbers",
		"divides numbers", "divides numbers", "divides numbers",
		"divides numbers"};
	struct ty *a = &r->arg[0], *b = &r->arg[1];
	int op = r->node->fn->tag & ~TRY;

	if (a->kind == TYPE_UNKNOWN || b->kind == TYPE_UNKNOWN) {
		r->open = true;
		/* t + interval, x / 2 */
		if (op == DIVIDE && (ty_fraction(*a) || ty_fraction(*b)))
			r->result = ty(TYPE_DOUBLE);
		return 0;
	}
	if (a->kind == TYPE_NULL && b->kind == TYPE_NULL)
		*a = *b = ty(TYPE_DOUBLE);
	if (sql_interval_rule(r, "+-*/    "[op]) || null_rule(r, op) ||
		interval_rule(r, op) ||
		((op == ADD || op == SUBTRACT) && shift_rule(r, a, b)) ||
		(op == ADD && shift_rule(r, b, a)) ||
		(op == SUBTRACT && difference_rule(r)))
		return 0;
	if (a->kind == TYPE_NULL)
		*a = b->kind == TYPE_STRING ? ty(TYPE_DOUBLE) : *b;
	if (b->kind == TYPE_NULL)
		*b = *a;
	if (a->kind == TYPE_STRING)
		*a = ty(TYPE_DOUBLE);
	if (b->kind == TYPE_STRING)
		*b = ty(TYPE_DOUBLE);
	if (ty_numeric(*a) && ty_numeric(*b))
		return number_rule(r, op);
	return sql_types_mismatch(r, takes[op]);
}

/* Arithmetic: values. */

/* Is the result beyond its type? */
static bool
overflows(int op, int kind, int64_t a, int64_t b)
{
	int64_t r;

	switch (op) {
	case ADD:
		return __builtin_add_overflow(a, b, &r) ||
			datum_wrap(r, kind) != r;
	case SUBTRACT:
		return __builtin_sub_overflow(a, b, &r) ||
			datum_wrap(r, kind) != r;
	case MULTIPLY:
		return __builtin_mul_overflow(a, b, &r) ||
			datum_wrap(r, kind) != r;
	}
	return false;
}

static void
make_whole(int op, int kind, int64_t a, int64_t b, struct datum *out)
{
	uint64_t r = 0, x = (uint64_t)a, y = (uint64_t)b;

	if (op > MULTIPLY && b == 0) {
		*out = datum_null();
		return;
	}
	switch (op) {
	case ADD:
		r = x + y;
		break;
	case SUBTRACT:
		r = x - y;
		break;
	case MULTIPLY:
		r = x * y;
		break;
	case INTEGRAL:
		r = b == -1 ? -x : (uint64_t)(a / b);
		break;
	case REMAINDER:
		r = b == -1 ? 0 : (uint64_t)(a % b);
		break;
	case PMOD:
		a = b == -1 ? 0 : a % b;
		r = a < 0 ? (uint64_t)((a + b) % b) : (uint64_t)a;
		break;
	default:
		assert(false); /* "/" makes no integers */
	}
	*out = datum_int(kind, datum_wrap((int64_t)r, kind));
}

static void
make_real(int op, int kind, double a, double b, struct datum *out)
{
	double r = 0;

	if (op > MULTIPLY && b == 0) {
		*out = datum_null();
		return;
	}
	switch (op) {
	case ADD:
		r = a + b;
		break;
	case SUBTRACT:
		r = a - b;
		break;
	case MULTIPLY:
		r = a * b;
		break;
	case DIVIDE:
		r = a / b;
		break;
	case REMAINDER:
		r = fmod(a, b);
		break;
	case PMOD:
		r = fmod(a, b);
		if (r < 0)
			r = fmod(r + b, b);
		break;
	default:
		assert(false); /* "div" makes bigints */
	}
	*out = datum_double(kind == TYPE_FLOAT ? (double)(float)r : r);
	out->kind = (uint8_t)kind;
}

static void
make_decimal(int op, struct ty t, const struct datum *da,
	const struct datum *db, struct datum *out)
{
	numeric a = datum_decimal(da), b = datum_decimal(db), r = 0;
	int sa = da->s, sb = db->s;
	bool ok = false;

	assert(da->kind == TYPE_DECIMAL);
	assert(db->kind == TYPE_DECIMAL);
	*out = datum_null();
	if (op > MULTIPLY && b == 0)
		return;
	switch (op) {
	case ADD:
		ok = numeric_add(a, sa, b, sb, t.p, t.s, &r);
		break;
	case SUBTRACT:
		ok = numeric_add(a, sa, -b, sb, t.p, t.s, &r);
		break;
	case MULTIPLY:
		ok = numeric_multiply(a, sa, b, sb, t.p, t.s, &r);
		break;
	case DIVIDE:
		ok = numeric_divide(a, sa, b, sb, t.p, t.s, &r);
		break;
	case REMAINDER:
		ok = numeric_remainder(a, sa, b, sb, t.p, t.s, &r);
		break;
	case PMOD:
		ok = numeric_remainder(a, sa, b, sb, t.p, t.s, &r);
		if (ok && r < 0)
			ok = numeric_add(
				     r, t.s, b, sb, NUMERIC_DIGITS, t.s, &r) &&
				numeric_remainder(r, t.s, b, sb, t.p, t.s, &r);
		break;
	case INTEGRAL: {
		numeric rest;

		/* Cut, not rounded: take the remainder away first. */
		ok = numeric_remainder(a, sa, b, sb, NUMERIC_DIGITS,
			     sa > sb ? sa : sb, &rest) &&
			numeric_add(a, sa, -rest, sa > sb ? sa : sb,
				NUMERIC_DIGITS, sa > sb ? sa : sb, &r) &&
			numeric_divide(r, sa > sb ? sa : sb, b, sb,
				NUMERIC_DIGITS, 0, &r);
		if (ok)
			*out = datum_int(TYPE_LONG, (int64_t)r);
		return;
	}
	}
	if (ok)
		*out = datum_from_decimal(r, t.p, t.s);
}

static void
time_shift(struct datum_ctx *c, const struct datum *t, const struct datum *by,
	int sign, struct datum *out)
{
	int64_t n;

	*out = datum_int(t->kind, t->i);
	if (__builtin_mul_overflow(by->i, sign, &n)) {
		*out = datum_null();
		return;
	}
	if (by->kind == TYPE_YEARS &&
		(n > SQL_MONTHS_MAX || n < -SQL_MONTHS_MAX)) {
		*out = datum_null();
		return;
	}
	if (t->kind == TYPE_TIMESTAMP)
		*out = by->kind == TYPE_YEARS
			? sql_clock_shift(c, t->i, n, 0, 0)
			: sql_clock_shift(
				  c, t->i, 0, n / DATUM_DAY, n % DATUM_DAY);
	else if (by->kind == TYPE_YEARS)
		out->i = sql_clock_months(t->i, n);
	else
		out->i = (int32_t)(t->i +
			(by->kind == TYPE_DAYS ? n / DATUM_DAY : n));
}

/* Dates by days, times by their wall clocks. */
static numeric
time_difference(
	struct datum_ctx *c, const struct datum *a, const struct datum *b)
{
	return a->kind == TYPE_DATE ? (numeric)(a->i - b->i) * DATUM_DAY
				    : sql_clock_span(c, b->i, a->i);
}

/* An interval: an error where it is too long, or null for try_... */
static int
interval_set(struct datum_ctx *c, const struct sql_node *n, numeric v,
	struct datum *out)
{
	struct ty t = sql_result(n);

	if (!ty_interval_fits(t.kind, v)) {
		*out = datum_null();
		return (n->fn->tag & TRY) != 0
			? 0
			: err_set(c->err, "the interval is too long");
	}
	*out = datum_int(t.kind, (int64_t)v);
	out->p = t.p;
	out->s = t.s;
	return 0;
}

/* Rounded half away from zero. */
static bool
interval_scale_real(int op, int64_t v, double by, numeric *r)
{
	double x = op == MULTIPLY ? (double)v * by : (double)v / by;

	x = round(x);
	*r = fabs(x) < 1e37 ? (numeric)x : 0;
	return fabs(x) < 1e37;
}

static numeric
divide_half_away(numeric v, numeric by)
{
	numeric r = v / by, rest = v % by, most = by < 0 ? -by : by;

	rest = rest < 0 ? -rest : rest;
	if (rest >= most - rest)
		r += (v < 0) == (by < 0) ? 1 : -1;
	return r;
}

/* An interval times or through a number. */
static int
interval_scale(struct datum_ctx *c, const struct sql_node *n,
	const struct datum *v, const struct datum *by, struct datum *out)
{
	int op = n->fn->tag & ~TRY;
	struct ty t = datum_ty(by);
	numeric r = 0;
	bool ok = true;

	*out = datum_null();
	if (op == DIVIDE &&
		(ty_fraction(t) ? by->d == 0
				: t.kind == TYPE_DECIMAL
				? datum_decimal(by) == 0
				: by->i == 0))
		return (n->fn->tag & TRY) != 0
			? 0
			: err_set(c->err,
				  "an interval is divided by zero "
				  "(try_divide gives null)");
	if (ty_fraction(t))
		ok = interval_scale_real(op, v->i, by->d, &r);
	else if (t.kind == TYPE_DECIMAL && op == MULTIPLY)
		ok = numeric_multiply(v->i, 0, datum_decimal(by), by->s,
			NUMERIC_DIGITS, 0, &r);
	else if (t.kind == TYPE_DECIMAL)
		ok = numeric_divide(v->i, 0, datum_decimal(by), by->s,
			NUMERIC_DIGITS, 0, &r);
	else
		r = op == MULTIPLY ? (numeric)v->i * by->i
				   : divide_half_away(v->i, by->i);
	/* What has no number at all is too long as well. */
	return interval_set(c, n, ok ? r : (numeric)1 << 64, out);
}

static int
run_times(struct datum_ctx *c, const struct sql_node *n, struct datum *a,
	struct datum *b, struct datum *out)
{
	int op = n->fn->tag & ~TRY;
	struct ty t = sql_result(n);
	bool first = ty_interval(datum_ty(a));

	if (a->kind == TYPE_CALENDAR || b->kind == TYPE_CALENDAR)
		return sql_interval_run(
			c, n, "+-*/" [op], (struct datum[2]) { *a, *b }, out);
	if (op == MULTIPLY || op == DIVIDE)
		return interval_scale(c, n, first ? a : b, first ? b : a, out);
	if (ty_interval(t) && ty_time(datum_ty(a)))
		return interval_set(c, n, time_difference(c, a, b), out);
	if (ty_interval(t))
		return interval_set(c, n,
			op == ADD ? (numeric)a->i + b->i : (numeric)a->i - b->i,
			out);
	if (ty_time(datum_ty(a)))
		time_shift(c, a, b, op == ADD ? 1 : -1, out);
	else
		time_shift(c, b, a, 1, out);
	return t.kind == TYPE_STRING ? datum_cast(c, out, t) : 0;
}

static int
run_arithmetic(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct ty t = sql_result(n);
	int op = n->fn->tag & ~TRY;

	assert(n->narg == 2);
	switch ((int)t.kind) {
	case TYPE_LONG:
		if (a[0].kind == TYPE_DECIMAL) {
			make_decimal(op, t, &a[0], &a[1], out);
			return 0;
		}
		/* FALLTHROUGH */
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
		/* The rule has made both of one kind. */
		assert(ty_integral(datum_ty(&a[0])));
		assert(ty_integral(datum_ty(&a[1])));
		if ((n->fn->tag & TRY) != 0 &&
			overflows(op, t.kind, a[0].i, a[1].i)) {
			*out = datum_null();
			return 0;
		}
		make_whole(op, t.kind, a[0].i, a[1].i, out);
		return 0;
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		assert(ty_fraction(datum_ty(&a[0])));
		assert(ty_fraction(datum_ty(&a[1])));
		make_real(op, t.kind, a[0].d, a[1].d, out);
		return 0;
	case TYPE_DECIMAL:
		make_decimal(op, t, &a[0], &a[1], out);
		return 0;
	}
	return run_times(c, n, &a[0], &a[1], out);
}

static int
sign_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0];

	if (a->kind == TYPE_UNKNOWN) {
		r->open = true;
		return 0;
	}
	if (a->kind == TYPE_STRING)
		*a = ty(TYPE_DOUBLE);
	if (!ty_numeric(*a) && !ty_interval(*a) && a->kind != TYPE_CALENDAR &&
		a->kind != TYPE_NULL)
		return sql_types_mismatch(r, "takes a number");
	r->result = *a;
	return 0;
}

static int
run_negative(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = a[0];
	if (n->fn->tag == 1)
		return 0; /* + */
	if (a->kind == TYPE_DECIMAL)
		*out = datum_from_decimal(-datum_decimal(a), a->p, a->s);
	else if (ty_fraction(datum_ty(a)))
		out->d = -a->d;
	else if (a->kind == TYPE_CALENDAR)
		*out = sql_interval_negative(a);
	else if (ty_interval(datum_ty(a)))
		return interval_set(c, n, -(numeric)a->i, out);
	else
		out->i = datum_wrap((int64_t) - (uint64_t)a->i, a->kind);
	return 0;
}

/* Bits. */

static int
bits_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0], *b = &r->arg[r->n - 1];
	bool shifts = r->node->fn->tag >= LEFT;

	for (int i = 0; i < r->n; i++) {
		if (r->arg[i].kind == TYPE_UNKNOWN)
			r->open = true;
		else if (r->arg[i].kind == TYPE_STRING)
			r->arg[i] = ty(shifts ? TYPE_INT : TYPE_LONG);
		else if (!ty_integral(r->arg[i]) &&
			r->arg[i].kind != TYPE_NULL &&
			!(shifts && ty_numeric(r->arg[i])))
			return sql_types_mismatch(r, "takes integers");
	}
	if (r->open)
		return 0;
	if (shifts) {
		if (a->kind != TYPE_LONG)
			*a = ty(TYPE_INT);
		*b = ty(TYPE_INT);
	} else {
		*a = a->kind > b->kind ? *a : *b;
		if (a->kind == TYPE_NULL)
			*a = ty(TYPE_INT);
		*b = *a;
	}
	r->result = *a;
	return 0;
}

static int
run_bits(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	int64_t x = a[0].i, r = 0;
	int by = (int)a[1].i & (a[0].kind == TYPE_LONG ? 63 : 31);

	switch (n->fn->tag) {
	case AND:
		r = x & a[1].i;
		break;
	case OR:
		r = x | a[1].i;
		break;
	case XOR:
		r = x ^ a[1].i;
		break;
	case LEFT:
		r = (int64_t)((uint64_t)x << by);
		break;
	case RIGHT:
		r = x >> by;
		break;
	case RIGHT_UNSIGNED:
		r = a[0].kind == TYPE_LONG ? (int64_t)((uint64_t)x >> by)
					   : (int64_t)((uint32_t)x >> by);
		break;
	default:
		assert(false);
	}
	*out = datum_int(a[0].kind, datum_wrap((int64_t)r, a[0].kind));
	return 0;
}

static int
run_bit_not(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_int(a[0].kind, ~a[0].i);
	return 0;
}

#define ARITHMETIC(name, flags, tag)                                        \
	{                                                                   \
		name, "aa:a", run_arithmetic, flags, arithmetic_rule, NULL, \
			NULL, tag                                           \
	}
#define BITS(name, flags, tag)                                            \
	{                                                                 \
		name, "aa:a", run_bits, flags, bits_rule, NULL, NULL, tag \
	}

const struct sql_fn sql_arith_fns[] = {ARITHMETIC("+", SQL_OPERATOR, ADD),
	ARITHMETIC("-", SQL_OPERATOR, SUBTRACT),
	ARITHMETIC("*", SQL_OPERATOR, MULTIPLY),
	ARITHMETIC("/", SQL_OPERATOR, DIVIDE),
	ARITHMETIC("%", SQL_OPERATOR, REMAINDER),
	ARITHMETIC("mod", 0, REMAINDER),
	ARITHMETIC("div", SQL_OPERATOR, INTEGRAL), ARITHMETIC("pmod", 0, PMOD),
	ARITHMETIC("try_add", 0, TRY | ADD),
	ARITHMETIC("try_subtract", 0, TRY | SUBTRACT),
	ARITHMETIC("try_multiply", 0, TRY | MULTIPLY),
	ARITHMETIC("try_divide", 0, TRY | DIVIDE),
	ARITHMETIC("try_mod", 0, TRY | REMAINDER),
	{"negative", "a:0", run_negative, 0, sign_rule, NULL, NULL, 0},
	{"positive", "a:0", run_negative, 0, sign_rule, NULL, NULL, 1},
	BITS("&", SQL_OPERATOR, AND), BITS("|", SQL_OPERATOR, OR),
	BITS("^", SQL_OPERATOR, XOR), BITS("<<", SQL_OPERATOR, LEFT),
	BITS(">>", SQL_OPERATOR, RIGHT),
	BITS(">>>", SQL_OPERATOR, RIGHT_UNSIGNED), BITS("shiftleft", 0, LEFT),
	BITS("shiftright", 0, RIGHT),
	BITS("shiftrightunsigned", 0, RIGHT_UNSIGNED),
	{"~", "a:0", run_bit_not, SQL_OPERATOR, bits_rule, NULL, NULL, AND},
	{NULL}};
