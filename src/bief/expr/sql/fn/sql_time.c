/*
 * sql_time: functions of dates and timestamps, in the evaluation's zone: parts,
 * truncation, arithmetic, making.
 */
#include <assert.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "time/date.h"
#include "time/time.h"
#include "time/timefmt.h"
#include "time/timepat.h"
#include "time/zone.h"
#include "expr/expr.h"
#include "expr/sql/sql_impl.h"

#define DAY DATUM_DAY

static int64_t
floor_mod(int64_t a, int64_t b)
{
	return a - time_floor_div(a, b) * b;
}

static bool
text_is_word(const struct datum *d, const char *word)
{
	return strlen(word) == d->n && strncasecmp(d->str, word, d->n) == 0;
}

/* Units by their names, those of date_trunc and extract. */
enum unit {
	U_NONE,
	U_YEAR,
	U_YEAR_OF_WEEK,
	U_QUARTER,
	U_MONTH,
	U_WEEK,
	U_DAY,
	U_DAY_OF_WEEK,
	U_ISO_DAY,
	U_DAY_OF_YEAR,
	U_HOUR,
	U_MINUTE,
	U_SECOND,
	U_MILLI,
	U_MICRO
};

static const struct {
	const char *name;
	enum unit unit;
} units[] = {
	{"year", U_YEAR},
	{"y", U_YEAR},
	{"years", U_YEAR},
	{"yr", U_YEAR},
	{"yrs", U_YEAR},
	{"yyyy", U_YEAR},
	{"yy", U_YEAR},
	{"yearofweek", U_YEAR_OF_WEEK},
	{"quarter", U_QUARTER},
	{"qtr", U_QUARTER},
	{"month", U_MONTH},
	{"mon", U_MONTH},
	{"mons", U_MONTH},
	{"months", U_MONTH},
	{"mm", U_MONTH},
	{"week", U_WEEK},
	{"w", U_WEEK},
	{"weeks", U_WEEK},
	{"day", U_DAY},
	{"d", U_DAY},
	{"days", U_DAY},
	{"dd", U_DAY},
	{"dayofweek", U_DAY_OF_WEEK},
	{"dow", U_DAY_OF_WEEK},
	{"dayofweek_iso", U_ISO_DAY},
	{"dow_iso", U_ISO_DAY},
	{"doy", U_DAY_OF_YEAR},
	{"dayofyear", U_DAY_OF_YEAR},
	{"hour", U_HOUR},
	{"h", U_HOUR},
	{"hours", U_HOUR},
	{"hr", U_HOUR},
	{"hrs", U_HOUR},
	{"minute", U_MINUTE},
	{"m", U_MINUTE},
	{"min", U_MINUTE},
	{"mins", U_MINUTE},
	{"minutes", U_MINUTE},
	{"second", U_SECOND},
	{"s", U_SECOND},
	{"sec", U_SECOND},
	{"seconds", U_SECOND},
	{"secs", U_SECOND},
	{"millisecond", U_MILLI},
	{"milliseconds", U_MILLI},
	{"microsecond", U_MICRO},
	{"microseconds", U_MICRO},
};

static enum unit
time_unit(const struct datum *d)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (text_is_word(d, units[i].name))
			return units[i].unit;
	return U_NONE;
}

/* Parts. */

/* The week of ISO 8601 and the year that it belongs to. */
static int
week_of_year(int64_t days, int64_t *year)
{
	/* The Thursday of the week decides. */
	int64_t thursday = days - floor_mod(days + 3, 7) + 3;
	int m, d;

	date_to_civil(thursday, year, &m, &d);
	return (int)((thursday - date_from_civil(*year, 1, 1)) / 7) + 1;
}

static int64_t
date_part(enum unit u, int64_t days)
{
	int64_t y, week_year;
	int m, d;

	date_to_civil(days, &y, &m, &d);
	switch (u) {
	case U_YEAR:
		return y;
	case U_QUARTER:
		return (m + 2) / 3;
	case U_MONTH:
		return m;
	case U_DAY:
		return d;
	case U_DAY_OF_WEEK:
		return floor_mod(days + 4, 7) + 1;
	case U_ISO_DAY:
		return floor_mod(days + 3, 7) + 1;
	case U_DAY_OF_YEAR:
		return days - date_from_civil(y, 1, 1) + 1;
	case U_WEEK:
		return week_of_year(days, &week_year);
	case U_YEAR_OF_WEEK:
		week_of_year(days, &week_year);
		return week_year;
	default:
		assert(false); /* parts of the day are time_part()'s */
		return 0;
	}
}

static int64_t
time_part(struct datum_ctx *c, enum unit u, int64_t us)
{
	int64_t s;

	assert(u >= U_HOUR);
	assert(u <= U_SECOND);
	sql_clock_day(c, us, &s);
	s /= TIME_SECOND;
	return u == U_HOUR ? s / 3600 : u == U_MINUTE ? s / 60 % 60 : s % 60;
}

static int
run_date_part(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_int(TYPE_INT, date_part((enum unit)n->fn->tag, a->i));
	return 0;
}

static int
run_time_part(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_int(TYPE_INT, time_part(c, (enum unit)n->fn->tag, a->i));
	return 0;
}

/* weekday: Monday is 0 */
static int
run_weekday(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_int(TYPE_INT, floor_mod(a->i + 3, 7));
	return 0;
}

static int
run_name(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	buf_clear(&c->text);
	timefmt_print_date(n->fn->tag == 0 ? "EEE" : "MMM", 3, a->i, &c->text);
	*out = datum_from_buf(c, &c->text);
	return 0;
}

static char
interval_unit(enum unit u)
{
	switch (u) {
	case U_YEAR:
		return 'y';
	case U_MONTH:
		return 'M';
	case U_DAY:
		return 'd';
	case U_HOUR:
		return 'h';
	case U_MINUTE:
		return 'm';
	case U_SECOND:
		return 's';
	default:
		return '\0';
	}
}

/* date_part('year', t): what it gives hangs on the word. */
static int
extract_rule(struct sql_rule *r)
{
	const struct sql_node *u = r->node->arg[0];
	enum unit unit;

	if (u->op != SQL_LITERAL || u->lit.kind != TYPE_STRING)
		return err_as(r->err, STATUS_USAGE,
			"'%s' wants the part in quotes", r->node->fn->name);
	unit = time_unit(&u->lit);
	if (unit == U_NONE || unit >= U_MILLI)
		return err_as(r->err, STATUS_USAGE,
			"no part of a time is called '%.40s'", u->lit.str);
	if (ty_interval(r->arg[1]) || r->arg[1].kind == TYPE_CALENDAR)
		return sql_interval_part_rule(r, interval_unit(unit));
	r->arg[1] = ty(unit >= U_HOUR ? TYPE_TIMESTAMP : TYPE_DATE);
	r->result = unit == U_SECOND ? ty_decimal(8, 6) : ty(TYPE_INT);
	return 0;
}

static int
run_date_part_of(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	enum unit u = time_unit(&a[0]);

	if (ty_interval(datum_ty(&a[1])) || a[1].kind == TYPE_CALENDAR)
		*out = sql_interval_part(&a[1], interval_unit(u));
	else if (u == U_SECOND)
		*out = datum_from_decimal(
			floor_mod(a[1].i, 60 * TIME_SECOND), 8, 6);
	else if (u >= U_HOUR)
		*out = datum_int(TYPE_INT, time_part(c, u, a[1].i));
	else
		*out = datum_int(TYPE_INT, date_part(u, a[1].i));
	return 0;
}

/* Truncation. */

static bool
trunc_days(enum unit u, int64_t days, int64_t *out)
{
	int64_t y;
	int m, d;

	date_to_civil(days, &y, &m, &d);
	switch (u) {
	case U_YEAR:
		*out = date_from_civil(y, 1, 1);
		return true;
	case U_QUARTER:
		*out = date_from_civil(y, (m - 1) / 3 * 3 + 1, 1);
		return true;
	case U_MONTH:
		*out = date_from_civil(y, m, 1);
		return true;
	case U_WEEK:
		*out = days - floor_mod(days + 3, 7);
		return true;
	case U_DAY:
		*out = days;
		return true;
	default:
		return false;
	}
}

/* Letters alone are units of extract, not of truncation. */
static bool
unit_is_long(const struct datum *d)
{
	return d->n > 1;
}

static int
run_date_trunc(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	static const int64_t sizes[] = {[U_HOUR] = 3600 * TIME_SECOND,
		[U_MINUTE] = 60 * TIME_SECOND,
		[U_SECOND] = TIME_SECOND,
		[U_MILLI] = 1000,
		[U_MICRO] = 1};
	enum unit u = unit_is_long(&a[0]) ? time_unit(&a[0]) : U_NONE;
	struct sql_wall w = {.us = a[1].i};
	int64_t days;

	w.days = sql_clock_day(c, w.us, &w.rest);
	*out = datum_null();
	if (u >= U_HOUR)
		*out = sql_clock_moved(
			c->env->zone, &w, w.days, w.rest - w.rest % sizes[u]);
	else if (u == U_DAY)
		*out = sql_clock_moved(c->env->zone, &w, w.days, 0);
	else if (trunc_days(u, w.days, &days))
		*out = datum_moment(c->env->zone, days, 0);
	return 0;
}

static int
run_trunc(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	enum unit u = unit_is_long(&a[1]) ? time_unit(&a[1]) : U_NONE;
	int64_t days;

	*out = datum_null();
	if (u != U_DAY && trunc_days(u, a[0].i, &days))
		*out = datum_int(TYPE_DATE, days);
	return 0;
}

/* Arithmetic of days and months. */

static int
run_date_add(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_int(TYPE_DATE,
		(int32_t)(a[0].i + (n->fn->tag == 0 ? a[1].i : -a[1].i)));
	return 0;
}

static int
run_datediff(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_int(TYPE_INT, a[0].i - a[1].i);
	return 0;
}

static int
run_add_months(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_null();
	if (a[1].i <= SQL_MONTHS_MAX && a[1].i >= -SQL_MONTHS_MAX)
		*out = datum_int(TYPE_DATE, sql_clock_months(a[0].i, a[1].i));
	return 0;
}

static int64_t
month_end_of(int64_t days)
{
	int64_t y;
	int m, d;

	date_to_civil(days, &y, &m, &d);
	return date_from_civil(m == 12 ? y + 1 : y, m == 12 ? 1 : m + 1, 1) - 1;
}

static int
run_last_day(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_int(TYPE_DATE, month_end_of(a->i));
	return 0;
}

static int
run_next_day(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	static const char *const names[] = {"monday", "tuesday", "wednesday",
		"thursday", "friday", "saturday", "sunday"};
	struct datum d = a[1];

	*out = datum_null();
	for (int i = 0; i < 7; i++)
		if ((d.n == 2 || d.n == 3 || d.n == strlen(names[i])) &&
			strncasecmp(d.str, names[i], d.n) == 0)
			*out = datum_int(TYPE_DATE,
				a[0].i + 1 + floor_mod(i - 4 - a[0].i, 7));
	return 0;
}

/* Seconds since the beginning of a day, which may have 23 or 25 hours. */
static int64_t
day_passed(struct datum_ctx *c, const struct datum *t, int64_t day,
	int64_t us_of_day)
{
	struct datum start = datum_moment(c->env->zone, day, 0);

	return (start.kind == TYPE_NULL ? us_of_day : t->i - start.i) /
		TIME_SECOND;
}

static int
run_months_between(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	int64_t x, y, yx, yy, months, s;
	int64_t dx = sql_clock_day(c, a[0].i, &x),
		dy = sql_clock_day(c, a[1].i, &y);
	int mx, my, d1, d2;
	double r;

	date_to_civil(dx, &yx, &mx, &d1);
	date_to_civil(dy, &yy, &my, &d2);
	months = (yx - yy) * 12 + mx - my;
	if (d1 == d2 || (month_end_of(dx) == dx && month_end_of(dy) == dy)) {
		*out = datum_double((double)months);
		return 0;
	}
	s = (d1 - d2) * INT64_C(86400) + day_passed(c, &a[0], dx, x) -
		day_passed(c, &a[1], dy, y);
	r = (double)months + (double)s / (31 * 86400.0);
	if (n->narg < 3 || a[2].i != 0)
		r = rint(r * 1e8) / 1e8;
	*out = datum_double(r);
	return 0;
}

static int
months_between_rule(struct sql_rule *r)
{
	r->arg[0] = r->arg[1] = ty(TYPE_TIMESTAMP);
	if (r->n > 2 && r->arg[2].kind > TYPE_BOOLEAN)
		return sql_types_mismatch(r, "takes two times and a condition");
	r->result = ty(TYPE_DOUBLE);
	return 0;
}

/* timestampadd(unit, n, t), timestampdiff(unit, a, b) */

static const int64_t unit_sizes[] = {[U_WEEK] = 7 * DAY,
	[U_DAY] = DAY,
	[U_DAY_OF_YEAR] = DAY,
	[U_HOUR] = 3600 * TIME_SECOND,
	[U_MINUTE] = 60 * TIME_SECOND,
	[U_SECOND] = TIME_SECOND,
	[U_MILLI] = 1000,
	[U_MICRO] = 1};

static int
unit_rule(struct sql_rule *r)
{
	const struct sql_node *n = r->node->arg[0];
	enum unit u = n->op == SQL_LITERAL && n->lit.kind == TYPE_STRING &&
			unit_is_long(&n->lit)
		? time_unit(&n->lit)
		: U_NONE;
	bool add = r->node->fn->tag == 0;

	if (u == U_NONE || u == U_YEAR_OF_WEEK || u == U_DAY_OF_WEEK ||
		u == U_ISO_DAY)
		return err_as(r->err, STATUS_USAGE,
			"'%s' wants a unit such as day", r->node->fn->name);
	r->arg[1] = ty(add ? TYPE_LONG : TYPE_TIMESTAMP);
	r->arg[2] = ty(TYPE_TIMESTAMP);
	r->result = ty(add ? TYPE_TIMESTAMP : TYPE_LONG);
	return 0;
}

static int
run_timestampadd(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	enum unit u = time_unit(&a[0]);
	int64_t by = a[1].i;

	assert(u != U_NONE); /* unit_rule() has looked */
	*out = datum_null();
	if (u <= U_MONTH) {
		if (__builtin_mul_overflow(by,
			    u == U_YEAR              ? 12
				    : u == U_QUARTER ? 3
						     : 1,
			    &by) ||
			by > SQL_MONTHS_MAX || by < -SQL_MONTHS_MAX)
			return 0;
		*out = sql_clock_shift(c, a[2].i, by, 0, 0);
	} else if (!__builtin_mul_overflow(by, unit_sizes[u], &by)) {
		*out = u < U_HOUR ? sql_clock_shift(c, a[2].i, 0, by / DAY, 0)
				  : sql_clock_shift(c, a[2].i, 0, 0, by);
	}
	return 0;
}

/* Whole months from one wall clock to another one. */
static int64_t
whole_months(int64_t dx, int64_t x, int64_t dy, int64_t y)
{
	int64_t yx, yy, months, rest;
	int mx, my, d1, d2;

	date_to_civil(dx, &yx, &mx, &d1);
	date_to_civil(dy, &yy, &my, &d2);
	months = (yy - yx) * 12 + my - mx;
	rest = (d2 - d1) * DAY + y - x;
	if (months > 0 && rest < 0)
		months--;
	else if (months < 0 && rest > 0)
		months++;
	return months;
}

static int
run_timestampdiff(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	enum unit u = time_unit(&a[0]);
	int64_t x, dx = sql_clock_day(c, a[1].i, &x);
	int64_t y, dy = sql_clock_day(c, a[2].i, &y);
	__int128 r;

	assert(u != U_NONE);
	if (u <= U_MONTH)
		r = whole_months(dx, x, dy, y) /
			(u == U_YEAR                     ? 12
					: u == U_QUARTER ? 3
							 : 1);
	else
		r = sql_clock_span(c, a[1].i, a[2].i) / unit_sizes[u];
	if (r != (int64_t)r)
		return err_set(c->err, "the times are too far apart for '%s'",
			n->fn->name);
	*out = datum_int(TYPE_LONG, (int64_t)r);
	return 0;
}

/* Making. */

#define DATE_YEARS 5900000 /* a date has at most */

static bool
is_valid_date(int64_t y, int64_t m, int64_t d, int64_t *days)
{
	int64_t y2;
	int m2, d2;

	if (m < 1 || m > 12 || d < 1 || d > 31 || y < -DATE_YEARS ||
		y > DATE_YEARS)
		return false;
	*days = date_from_civil(y, (int)m, (int)d);
	date_to_civil(*days, &y2, &m2, &d2);
	return m2 == m && *days == (int32_t)*days;
}

static int
run_make_date(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	int64_t days;

	*out = datum_null();
	if (is_valid_date(a[0].i, a[1].i, a[2].i, &days))
		*out = datum_int(TYPE_DATE, days);
	return 0;
}

static const struct zone *
wanted_zone(struct datum_ctx *c, const struct datum *d)
{
	const struct zone *z = zone_open(d->str, d->n);
	char word[60];

	if (z == NULL)
		err_set(c->err, "no time zone '%s'",
			err_quote(word, sizeof(word), d->str, d->n));
	return z;
}

static int
make_timestamp_rule(struct sql_rule *r)
{
	for (int i = 0; i < 5; i++)
		r->arg[i] = ty(TYPE_INT);
	r->arg[5] = ty_decimal(16, 6);
	if (r->n > 6)
		r->arg[6] = ty(TYPE_STRING);
	r->result = ty(TYPE_TIMESTAMP);
	return 0;
}

static int
run_make_timestamp(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const struct zone *z = c->env->zone;
	int64_t days, us = (int64_t)datum_decimal(&a[5]);

	*out = datum_null();
	if (n->narg > 6 && (z = wanted_zone(c, &a[6])) == NULL)
		return -1;
	if (!is_valid_date(a[0].i, a[1].i, a[2].i, &days) || a[3].i < 0 ||
		a[3].i > 23 || a[4].i < 0 || a[4].i > 59 || us < 0 ||
		us > 60 * TIME_SECOND)
		return 0;
	us += (a[3].i * 60 + a[4].i) * 60 * TIME_SECOND;
	*out = datum_moment(z, days, us);
	return 0;
}

static int
run_current(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_int(TYPE_TIMESTAMP, c->env->batch_us);
	return n->fn->tag == 0 ? 0 : datum_cast(c, out, ty(TYPE_DATE));
}

static int
run_timezone(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const char *s = zone_name(c->env->zone);

	*out = datum_string(s, strlen(s));
	return 0;
}

/* Between zones. */
static int
run_utc(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const struct zone *z = wanted_zone(c, &a[1]);
	int64_t days, rest;

	if (z == NULL)
		return -1;
	days = zone_day(n->fn->tag == 0 ? z : zone_utc, a->i, &rest);
	*out = datum_moment(n->fn->tag == 0 ? zone_utc : z, days, rest);
	return 0;
}

/* Numbers. */

/* timestamp_seconds takes fractions, the others integers. */
static int
timestamp_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0];

	r->result = ty(TYPE_TIMESTAMP);
	if (r->node->fn->tag != 1000000 || a->kind == TYPE_STRING) {
		if (!ty_integral(*a) && a->kind > TYPE_NULL)
			return sql_types_mismatch(r, "takes an integer");
		*a = ty(TYPE_LONG);
	} else if (a->kind == TYPE_UNKNOWN) {
		r->open = true;
	} else if (ty_integral(*a)) {
		*a = ty(TYPE_LONG);
	} else if (ty_numeric(*a) || a->kind == TYPE_NULL) {
		*a = ty(TYPE_TIMESTAMP);
	} else {
		return sql_types_mismatch(r, "takes a number");
	}
	return 0;
}

static int
run_to_micros(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_int(TYPE_TIMESTAMP, a->i);
	if (a->kind != TYPE_TIMESTAMP &&
		__builtin_mul_overflow(a->i, n->fn->tag, &out->i))
		return err_set(c->err, "'%s' meets a number beyond all times",
			n->fn->name);
	return 0;
}

static int
run_from_micros(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_int(TYPE_LONG, time_floor_div(a->i, n->fn->tag));
	return 0;
}

static int
run_unix_date(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_int(n->fn->tag == 0 ? TYPE_INT : TYPE_DATE, a->i);
	return 0;
}

/* Intervals. */

static int
dt_interval_rule(struct sql_rule *r)
{
	for (int i = 0; i < r->n; i++)
		r->arg[i] = i < 3 ? ty(TYPE_INT) : ty_decimal(18, 6);
	r->result = ty_days(UNIT_DAY, UNIT_SECOND);
	return 0;
}

static int
make_interval(struct datum_ctx *c, const struct sql_node *n, numeric v,
	struct datum *out)
{
	struct ty t = sql_result(n);

	if (!ty_interval_fits(t.kind, v))
		return err_set(c->err, "the interval is too long");
	*out = datum_int(t.kind, (int64_t)v);
	out->p = t.p;
	out->s = t.s;
	return 0;
}

static int
run_dt_interval(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	static const int64_t sizes[] = {
		DAY, 3600 * TIME_SECOND, 60 * TIME_SECOND};

	numeric v = 0;

	for (int i = 0; i < n->narg; i++)
		v += i < 3 ? (numeric)a[i].i * sizes[i] : datum_decimal(&a[i]);
	return make_interval(c, n, v, out);
}

static int
ym_interval_rule(struct sql_rule *r)
{
	for (int i = 0; i < r->n; i++)
		r->arg[i] = ty(TYPE_INT);
	r->result = (struct ty){TYPE_YEARS, UNIT_YEAR, UNIT_MONTH, NULL};
	return 0;
}

static int
run_ym_interval(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	numeric v = 0;

	for (int i = 0; i < n->narg; i++)
		v += i == 0 ? 12 * a[i].i : a[i].i;
	return make_interval(c, n, v, out);
}

#define DATE_PART(name, unit)                                         \
	{                                                             \
		name, "D:i", run_date_part, 0, NULL, NULL, NULL, unit \
	}
#define TIME_PART(name, unit)                                         \
	{                                                             \
		name, "t:i", run_time_part, 0, NULL, NULL, NULL, unit \
	}
#define TAGGED(name, sig, run, tag)                      \
	{                                                \
		name, sig, run, 0, NULL, NULL, NULL, tag \
	}

const struct sql_fn sql_time_fns[] = {DATE_PART("year", U_YEAR),
	DATE_PART("quarter", U_QUARTER), DATE_PART("month", U_MONTH),
	DATE_PART("day", U_DAY), DATE_PART("dayofmonth", U_DAY),
	DATE_PART("dayofweek", U_DAY_OF_WEEK),
	DATE_PART("dayofyear", U_DAY_OF_YEAR), DATE_PART("weekofyear", U_WEEK),
	TIME_PART("hour", U_HOUR), TIME_PART("minute", U_MINUTE),
	TIME_PART("second", U_SECOND), {"weekday", "D:i", run_weekday},
	TAGGED("dayname", "D:s", run_name, 0),
	TAGGED("monthname", "D:s", run_name, 1),
	{"date_part", "sa:i", run_date_part_of, 0, extract_rule},
	{"datepart", "sa:i", run_date_part_of, 0, extract_rule},
	{"date_trunc", "st:t", run_date_trunc}, {"trunc", "Ds:D", run_trunc},
	TAGGED("date_add", "Di:D", run_date_add, 0),
	TAGGED("dateadd", "Di:D", run_date_add, 0),
	TAGGED("date_sub", "Di:D", run_date_add, 1),
	{"datediff", "DD:i", run_datediff}, {"date_diff", "DD:i", run_datediff},
	{"add_months", "Di:D", run_add_months},
	{"last_day", "D:D", run_last_day}, {"next_day", "Ds:D", run_next_day},
	{"months_between", "tt?b:d", run_months_between, 0,
		months_between_rule},
	{"timestampadd", "sla:t", run_timestampadd, 0, unit_rule},
	{"timestampdiff", "saa:l", run_timestampdiff, 0, unit_rule, NULL, NULL,
		1},
	{"make_date", "iii:D", run_make_date},
	/* There is one type of times, and what is none is null. */
	{"make_timestamp", "iiiiia?s:t", run_make_timestamp, 0,
		make_timestamp_rule},
	{"make_timestamp_ltz", "iiiiia?s:t", run_make_timestamp, 0,
		make_timestamp_rule},
	{"make_timestamp_ntz", "iiiiia:t", run_make_timestamp, 0,
		make_timestamp_rule},
	{"try_make_timestamp", "iiiiia?s:t", run_make_timestamp, 0,
		make_timestamp_rule},
	{"try_make_timestamp_ltz", "iiiiia?s:t", run_make_timestamp, 0,
		make_timestamp_rule},
	{"try_make_timestamp_ntz", "iiiiia:t", run_make_timestamp, 0,
		make_timestamp_rule},
	{"make_dt_interval", "?iiia:a", run_dt_interval, 0, dt_interval_rule},
	{"make_ym_interval", "?ii:a", run_ym_interval, 0, ym_interval_rule},
	TAGGED("current_timestamp", ":t", run_current, 0),
	TAGGED("now", ":t", run_current, 0),
	TAGGED("localtimestamp", ":t", run_current, 0),
	TAGGED("current_date", ":D", run_current, 1),
	TAGGED("curdate", ":D", run_current, 1),
	{"current_timezone", ":s", run_timezone},
	TAGGED("from_utc_timestamp", "ts:t", run_utc, 0),
	TAGGED("to_utc_timestamp", "ts:t", run_utc, 1),
	{"timestamp_seconds", "a:t", run_to_micros, 0, timestamp_rule, NULL,
		NULL, 1000000},
	{"timestamp_millis", "a:t", run_to_micros, 0, timestamp_rule, NULL,
		NULL, 1000},
	{"timestamp_micros", "a:t", run_to_micros, 0, timestamp_rule, NULL,
		NULL, 1},
	TAGGED("unix_seconds", "t:l", run_from_micros, 1000000),
	TAGGED("unix_millis", "t:l", run_from_micros, 1000),
	TAGGED("unix_micros", "t:l", run_from_micros, 1),
	TAGGED("unix_date", "D:i", run_unix_date, 0),
	TAGGED("date_from_unix_date", "i:D", run_unix_date, 1), {NULL}};
