/*
 * datum_print: the text of CAST(x AS STRING), which is also what functions of
 * strings are given, what concat_ws puts together and what format_string shows.
 * It is not the text that goes into a stream: see datum_store.c.
 */
#include <assert.h>
#include <stdlib.h>

#include "text/number.h"
#include "time/date.h"
#include "time/time.h"
#include "expr/expr.h"
#include "expr/sql/datum/datum.h"

static void
print_years(const struct datum *d, struct buf *out)
{
	uint64_t m = d->i < 0 ? -(uint64_t)d->i : (uint64_t)d->i;
	const char *sign = d->i < 0 ? "-" : "";

	if (d->p == UNIT_YEAR && d->s == UNIT_YEAR)
		buf_printf(out, "INTERVAL '%s%lu' YEAR", sign, m / 12);
	else if (d->p == UNIT_MONTH)
		buf_printf(out, "INTERVAL '%s%lu' MONTH", sign, m);
	else
		buf_printf(out, "INTERVAL '%s%lu-%lu' YEAR TO MONTH", sign,
			m / 12, m % 12);
}

static void
print_days(const struct datum *d, struct buf *out)
{
	static const char *const names[] = {"DAY", "HOUR", "MINUTE", "SECOND"};
	static const int64_t size[] = {86400, 3600, 60, 1};
	uint64_t us = d->i < 0 ? -(uint64_t)d->i : (uint64_t)d->i, n;

	buf_printf(out, "INTERVAL '%s", d->i < 0 ? "-" : "");
	for (int u = d->p; u <= d->s; u++) {
		n = us / (uint64_t)(size[u] * TIME_SECOND);
		us -= n * (uint64_t)(size[u] * TIME_SECOND);
		if (u > d->p)
			buf_byte(out, u == UNIT_HOUR ? ' ' : ':');
		buf_printf(
			out, u > d->p || u == UNIT_SECOND ? "%02lu" : "%lu", n);
	}
	if (d->s == UNIT_SECOND && us > 0) {
		buf_printf(out, ".%06lu", us);
		while (out->p[out->n - 1] == '0')
			out->n--;
	}
	buf_printf(out, "' %s", names[d->p]);
	if (d->s > d->p)
		buf_printf(out, " TO %s", names[d->s]);
}

static void
print_part(int64_t n, const char *unit, size_t start, struct buf *out)
{
	if (n != 0)
		buf_printf(out, "%s%ld %s", out->n > start ? " " : "", (long)n,
			unit);
}

/* 1 years 2 months 3 days 4 hours 5 minutes 6.7 seconds */
static void
print_calendar(const struct datum *d, struct buf *out)
{
	const int64_t minute = 60 * TIME_SECOND, hour = 60 * minute;
	int64_t months = d->high >> 32, us = d->i % minute;
	size_t start = out->n;

	print_part(months / 12, "years", start, out);
	print_part(months % 12, "months", start, out);
	print_part((int32_t)d->high, "days", start, out);
	print_part(d->i / hour, "hours", start, out);
	print_part(d->i % hour / minute, "minutes", start, out);
	if (us == 0 && out->n > start)
		return;
	buf_printf(out, "%s%s%ld", out->n > start ? " " : "", us < 0 ? "-" : "",
		labs(us / TIME_SECOND));
	if (us % TIME_SECOND != 0) {
		buf_printf(out, ".%06ld", labs(us % TIME_SECOND));
		while (out->p[out->n - 1] == '0')
			out->n--;
	}
	buf_str(out, " seconds");
}

static void
print_items(struct datum_ctx *c, const struct datum *d, struct buf *out)
{
	struct datum o = *d;
	size_t n;

	if (datum_open(c, &o) < 0) {
		buf_str(out, "null");
		return;
	}
	n = o.kind == TYPE_MAP ? 2 * (size_t)o.n : o.n;
	buf_byte(out, o.kind == TYPE_ARRAY ? '[' : '{');
	for (size_t i = 0; i < n && !datum_too_long(c, out->n); i++) {
		if (i > 0)
			buf_str(out,
				o.kind == TYPE_MAP && i % 2 == 1 ? " -> "
								 : ", ");
		if (o.items[i].kind == TYPE_NULL)
			buf_str(out, "null");
		else
			datum_print(c, &o.items[i], out);
	}
	buf_byte(out, o.kind == TYPE_ARRAY ? ']' : '}');
}

/* As Java's BigDecimal: with an exponent below 1e-6. */
static void
print_decimal(const struct datum *d, struct buf *out)
{
	char text[NUMERIC_MAX];
	numeric v = datum_decimal(d);
	int digits = numeric_digits(v), at;
	size_t n;

	if (d->s == 0 || digits - 1 - d->s >= -6) {
		n = numeric_print(v, d->s, text);
		buf_add(out, text, n);
		return;
	}
	n = numeric_print(v, 0, text);
	at = v < 0 ? 2 : 1;
	buf_add(out, text, (size_t)at);
	if (digits > 1) {
		buf_byte(out, '.');
		buf_add(out, text + at, n - (size_t)at);
	}
	buf_printf(out, "E%d", digits - 1 - d->s);
}

void
datum_print(struct datum_ctx *c, const struct datum *d, struct buf *out)
{
	char *p = buf_need(out, NUMBER_MAX + TIME_MAX);

	switch ((int)d->kind) {
	case TYPE_NULL:
		buf_str(out, "null");
		break;
	case TYPE_BOOLEAN:
		buf_str(out, d->i ? "true" : "false");
		break;
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
		out->n += number_print_int(d->i, p);
		break;
	case TYPE_FLOAT:
		out->n += number_print_java_float((float)d->d, p);
		break;
	case TYPE_DOUBLE:
		out->n += number_print_java(d->d, p);
		break;
	case TYPE_DECIMAL:
		print_decimal(d, out);
		break;
	case TYPE_STRING:
	case TYPE_BINARY:
		buf_add(out, d->str, d->n);
		break;
	case TYPE_TIMESTAMP:
		out->n += time_format_show(d->i, c->env->zone, p);
		break;
	case TYPE_DATE:
		out->n += date_format((int32_t)d->i, p);
		break;
	case TYPE_YEARS:
		print_years(d, out);
		break;
	case TYPE_CALENDAR:
		print_calendar(d, out);
		break;
	case TYPE_DAYS:
		print_days(d, out);
		break;
	default:
		assert(ty_nested(datum_ty(d)));
		print_items(c, d, out);
	}
}
