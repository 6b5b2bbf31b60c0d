/*
 * sql_interval: parts of intervals, their sign, and calendar intervals, which
 * have months, days and microseconds each by itself: what make_interval gives.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "floor/err.h"
#include "expr/sql/datum/datum_interval.h"
#include "expr/sql/sql_impl.h"

#define HOUR_US (INT64_C(3600) * TIME_SECOND)

/* ---- calendar intervals ---- */

struct calendar {
	int64_t months, days, us;
};

static struct calendar
calendar_of(const struct datum *d)
{
	return (struct calendar){d->high >> 32, (int32_t)d->high, d->i};
}

/* make_interval(years, months, weeks, days, hours, minutes, seconds) */
static int
make_rule(struct sql_rule *r)
{
	for (int i = 0; i < r->n; i++)
		r->arg[i] = i < 6 ? ty(TYPE_INT) : ty_decimal(18, 6);
	r->result = ty(TYPE_CALENDAR);
	return 0;
}

static int
run_make(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	int64_t v[6] = {0};
	numeric us;

	for (int i = 0; i < n->narg && i < 6; i++)
		v[i] = a[i].i;
	us = (numeric)v[4] * HOUR_US + (numeric)v[5] * 60 * TIME_SECOND;
	if (n->narg > 6)
		us += datum_decimal(&a[6]);
	*out = datum_interval_calendar(
		(numeric)v[0] * 12 + v[1], (numeric)v[2] * 7 + v[3], us);
	return 0;
}

/* ---- arithmetic with them ---- */

/* t + c, c + t, t - c, c + c, c - c, c * n, n * c, c / n */
bool
sql_interval_rule(struct sql_rule *r, char op)
{
	struct ty *a = &r->arg[0], *b = &r->arg[1];
	bool first = a->kind == TYPE_CALENDAR,
	     second = b->kind == TYPE_CALENDAR;
	struct ty *other = first ? b : a;

	if (!first && !second)
		return false;
	r->result = ty(TYPE_CALENDAR);
	if (op == '*' || op == '/') {
		if ((first && second) || (op == '/' && second) ||
			(!ty_numeric(*other) && other->kind != TYPE_STRING &&
				other->kind != TYPE_NULL))
			return false;
		*other = ty(TYPE_DOUBLE);
		return true;
	}
	if ((op != '+' && op != '-') || (first && second))
		return op == '+' || op == '-';
	if (other->kind == TYPE_STRING)
		*other = ty(TYPE_TIMESTAMP);
	if (!ty_time(*other) || (op == '-' && first))
		return other->kind == TYPE_NULL;
	r->result = *other;
	return true;
}

/* A date has no hours: those of the interval make whole days of it, or none. */
static void
shift(struct datum_ctx *c, const struct datum *t, struct calendar v,
	struct datum *out)
{
	struct datum d = *t;

	*out = datum_null();
	if (v.months > SQL_MONTHS_MAX || v.months < -SQL_MONTHS_MAX)
		return;
	if (t->kind == TYPE_DATE && v.us == 0) {
		*out = datum_int(TYPE_DATE,
			(int32_t)(sql_clock_months(t->i, v.months) + v.days));
		return;
	}
	if (datum_cast(c, &d, ty(TYPE_TIMESTAMP)) == 0 && d.kind != TYPE_NULL)
		*out = sql_clock_shift(c, d.i, v.months, v.days, v.us);
	if (out->kind != TYPE_NULL)
		datum_cast(c, out, ty(t->kind));
}

/* Whole months stay months, parts of a day become hours. */
static struct datum
scale(struct calendar v, double by)
{
	double months = trunc((double)v.months * by);
	double days = (double)v.days * by, whole = trunc(days);
	double us = round((double)v.us * by + (days - whole) * DATUM_DAY);

	if (!(fabs(months) < 1e15) || !(fabs(whole) < 1e15) ||
		!(fabs(us) < 9e18))
		return datum_null();
	return datum_interval_calendar(
		(numeric)months, (numeric)whole, (numeric)us);
}

int
sql_interval_run(struct datum_ctx *c, const struct sql_node *n, char op,
	const struct datum *a, struct datum *out)
{
	bool first = a[0].kind == TYPE_CALENDAR;
	const struct datum *own = first ? &a[0] : &a[1],
			   *other = first ? &a[1] : &a[0];
	struct calendar v = calendar_of(own), w;
	int sign = op == '-' ? -1 : 1;

	if (op == '*' || op == '/') {
		if (op == '/' && other->d == 0) {
			*out = datum_null();
			return 0;
		}
		*out = scale(v, op == '/' ? 1 / other->d : other->d);
		return 0;
	}
	if (other->kind == TYPE_CALENDAR) {
		w = calendar_of(other);
		*out = datum_interval_calendar(
			(numeric)v.months + sign * w.months,
			(numeric)v.days + sign * w.days,
			(numeric)v.us + (numeric)sign * w.us);
		return 0;
	}
	v = (struct calendar){
		sign * v.months, sign * v.days, sign < 0 ? -v.us : v.us};
	shift(c, other, v, out);
	return 0;
}

struct datum
sql_interval_negative(const struct datum *d)
{
	struct calendar v = calendar_of(d);

	return datum_interval_calendar(
		-(numeric)v.months, -(numeric)v.days, -(numeric)v.us);
}

/* ---- parts ---- */

/* Has an interval that unit, a letter of "yMdhms"? */
static bool
has_unit(struct ty t, char unit)
{
	const char *units = t.kind == TYPE_CALENDAR ? "yMdhms"
		: t.kind == TYPE_YEARS              ? "yM"
						    : "dhms";
	const char *at = strchr(units, unit);

	return at != NULL &&
		(t.kind == TYPE_CALENDAR ||
			(at - units >= t.p && at - units <= t.s));
}

int
sql_interval_part_rule(struct sql_rule *r, char unit)
{
	if (unit == '\0' || !has_unit(r->arg[1], unit))
		return sql_types_mismatch(
			r, "finds no such part in this interval");
	r->result = unit == 's'              ? ty_decimal(8, 6)
		: unit == 'y' || unit == 'd' ? ty(TYPE_INT)
					     : ty(TYPE_BYTE);
	return 0;
}

struct datum
sql_interval_part(const struct datum *d, char unit)
{
	struct calendar v = {0};

	if (d->kind == TYPE_YEARS)
		v.months = d->i;
	else if (d->kind == TYPE_CALENDAR)
		v = calendar_of(d);
	else
		v = (struct calendar){0, d->i / DATUM_DAY, d->i % DATUM_DAY};
	switch (unit) {
	case 'y':
		return datum_int(TYPE_INT, v.months / 12);
	case 'M':
		return datum_int(TYPE_BYTE, v.months % 12);
	case 'd':
		return datum_int(TYPE_INT, v.days);
	case 'h':
		return datum_int(TYPE_BYTE,
			datum_wrap(v.us / HOUR_US %
					(d->kind == TYPE_CALENDAR ? 24 : 256),
				TYPE_BYTE));
	case 'm':
		return datum_int(TYPE_BYTE, v.us / (60 * TIME_SECOND) % 60);
	}
	assert(unit == 's');
	return datum_from_decimal(v.us % (60 * TIME_SECOND), 8, 6);
}

/* ---- the sign ---- */

static int
sign_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0];

	r->result = ty(TYPE_DOUBLE);
	if (ty_interval(*a))
		return 0;
	if (a->kind > TYPE_NULL && a->kind != TYPE_STRING && !ty_numeric(*a))
		return sql_types_mismatch(r, "takes a number or an interval");
	*a = ty(TYPE_DOUBLE);
	return 0;
}

static int
run_sign(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	if (ty_interval(datum_ty(a)))
		*out = datum_double((a->i > 0) - (a->i < 0));
	else
		*out = datum_double(a->d > 0 ? 1 : a->d < 0 ? -1 : a->d);
	return 0;
}

const struct sql_fn sql_interval_fns[] = {
	{"make_interval", "?iiiiiia:a", run_make, 0, make_rule},
	{"try_make_interval", "?iiiiiia:a", run_make, 0, make_rule},
	{"sign", "a:d", run_sign, 0, sign_rule},
	{"signum", "a:d", run_sign, 0, sign_rule}, {NULL}};
