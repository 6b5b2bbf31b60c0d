/*
 * chart_axis: see chart_axis.h.
 */
#include "sinks/chart_axis.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "time/date.h"

#define DAY 86400.0
#define MONTH (30.4 * DAY)

size_t
chart_axis_print(double d, char out[CHART_AXIS_TEXT])
{
	static const struct {
		double from;
		char unit;
	} units[] = {{1e12, 'T'}, {1e9, 'G'}, {1e6, 'M'}};
	double size = fabs(d);

	if (size >= 1e15 || (size > 0 && size < 1e-4))
		return (size_t)snprintf(out, CHART_AXIS_TEXT, "%.3g", d);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (size >= units[i].from)
			return (size_t)snprintf(out, CHART_AXIS_TEXT, "%.4g%c",
				d / units[i].from, units[i].unit);
	return (size_t)snprintf(
		out, CHART_AXIS_TEXT, size >= 1000 ? "%.7g" : "%.4g", d);
}

static double
round_step(double rough)
{
	double power = pow(10, floor(log10(rough)));
	double f = rough / power;

	return power * (f <= 1.0 + 1e-9 ? 1 : f <= 2 ? 2 : f <= 5 ? 5 : 10);
}

void
chart_axis_numbers(
	struct chart_axis *a, double lo, double hi, int about, bool round)
{
	double step, first;

	a->kind = AXIS_NUMBER;
	a->n = 0;
	if (!(lo <= hi)) {
		lo = 0;
		hi = 1;
	}
	if (hi - lo <= fabs(hi) * 1e-12) { /* one value */
		double by = lo == 0 ? 1 : fabs(lo) * 0.1;

		lo -= by;
		hi += by;
	}
	/* Without an overflow at the ends of what doubles are. */
	step = round_step(hi / about - lo / about);
	if (round && isfinite(step)) {
		lo = floor(lo / step + 1e-9) * step;
		hi = ceil(hi / step - 1e-9) * step;
	}
	a->lo = lo;
	a->hi = hi;
	first = ceil(lo / step - 1e-9);
	for (int i = 0; a->n < CHART_AXIS_TICKS; i++) {
		struct chart_tick *t = &a->tick[a->n];

		t->at = (first + i) * step;
		if (!(t->at <= hi + step * 1e-9))
			break;
		if (fabs(t->at) < step * 1e-9)
			t->at = 0;
		chart_axis_print(t->at, t->text);
		a->n++;
	}
}

/* The beginning of a month, months since 1970. */
static double
month_start(int64_t months)
{
	int64_t y = 1970 + (months >= 0 ? months : months - 11) / 12;

	return (double)date_days(
		       y, (unsigned)(months - (y - 1970) * 12 + 1), 1) *
		DAY;
}

static int64_t
month_of(double at)
{
	int64_t y;
	unsigned m, d;

	date_civil((int64_t)floor(at / DAY), &y, &m, &d);
	return (y - 1970) * 12 + m - 1;
}

/* The text of a tick; what is the same in all of them stands in the first one's
 * second line, and where it changes. */
static void
time_text(struct chart_axis *a, double step)
{
	char last[CHART_AXIS_TEXT] = "";

	for (size_t i = 0; i < a->n; i++) {
		struct chart_tick *t = &a->tick[i];
		int64_t day = (int64_t)floor(t->at / DAY), y;
		double s = t->at - (double)day * DAY;
		char date[CHART_AXIS_TEXT];
		unsigned m, d;

		date_civil(day, &y, &m, &d);
		if (step >= 365 * DAY) {
			snprintf(t->text, sizeof t->text, "%lld", (long long)y);
			continue;
		}
		if (step >= 28 * DAY) {
			snprintf(t->text, sizeof t->text, "%04lld-%02u",
				(long long)y, m);
			continue;
		}
		if (step >= DAY)
			snprintf(date, sizeof date, "%lld", (long long)y);
		else
			snprintf(date, sizeof date, "%04lld-%02u-%02u",
				(long long)y, m, d);
		if (step >= DAY)
			snprintf(t->text, 12, "%02u-%02u", m, d);
		else if (step >= 60)
			snprintf(t->text, 12, "%02d:%02d", (int)(s / 3600),
				(int)(s / 60) % 60);
		else if (step >= 1)
			snprintf(t->text, 12, "%02d:%02d:%02d", (int)(s / 3600),
				(int)(s / 60) % 60, (int)s % 60);
		else
			snprintf(t->text, 12, "%02d:%06.3f", (int)(s / 60) % 60,
				fmod(s, 60));
		if (strcmp(date, last) != 0) {
			size_t n = strlen(t->text);

			snprintf(t->text + n, sizeof t->text - n, "\n%.20s",
				date);
		}
		memcpy(last, date, sizeof last);
	}
}

/* Steps of months, at their beginnings. */
static void
month_ticks(struct chart_axis *a, int64_t step)
{
	int64_t m = month_of(a->lo);

	m -= ((m % step) + step) % step;
	for (; a->n < CHART_AXIS_TICKS && month_start(m) <= a->hi; m += step)
		if (month_start(m) >= a->lo)
			a->tick[a->n++].at = month_start(m);
	time_text(a, (double)step * 30.5 * DAY);
}

void
chart_axis_times(struct chart_axis *a, double lo, double hi, int about)
{
	static const double steps[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600,
		900, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600, DAY,
		2 * DAY, 7 * DAY, 14 * DAY};
	static const int months[] = {1, 2, 3, 6, 12, 24, 60, 120, 240, 600,
		1200, 6000, 12000, 60000, 120000, 1200000};
	double rough, step = 0, at;

	a->kind = AXIS_TIME;
	a->n = 0;
	if (!(lo <= hi))
		lo = hi = 0;
	if (hi - lo < 1e-3) {
		lo -= 30;
		hi += 30;
	}
	a->lo = lo;
	a->hi = hi;
	rough = (hi - lo) / about;
	for (size_t i = 0; i < sizeof steps / sizeof *steps && step == 0; i++)
		if (steps[i] >= rough)
			step = steps[i];
	if (rough < 1)
		step = round_step(rough);
	for (size_t i = 0; i < sizeof months / sizeof *months && step == 0; i++)
		if (months[i] * MONTH >= rough) {
			month_ticks(a, months[i]);
			return;
		}
	if (step == 0)
		return;
	for (at = ceil(lo / step) * step; at <= hi && a->n < CHART_AXIS_TICKS;
		at += step)
		a->tick[a->n++].at = at;
	time_text(a, step);
}
