/*
 * chart_axis: where an axis begins and ends, and its ticks: round numbers, or
 * moments that a clock and a calendar have.
 */
#ifndef BIEF_CHART_AXIS_H
#define BIEF_CHART_AXIS_H

#include <stdbool.h>
#include <stddef.h>

enum chart_axis_kind { AXIS_NUMBER, AXIS_TIME, AXIS_TEXT };

#define CHART_AXIS_TICKS 24
#define CHART_AXIS_TEXT 40 /* bytes of a tick's text, the final NUL too */

struct chart_tick {
	double at;
	char text[CHART_AXIS_TEXT]; /* times: a second line may follow LF */
};

struct chart_axis {
	enum chart_axis_kind kind;
	double lo, hi; /* hi > lo */
	struct chart_tick tick[CHART_AXIS_TICKS];
	size_t n;
};

/* Ticks for values from lo to hi, about so many; the axis ends at ticks if
 * round.  Nothing is known (lo > hi): 0 to 1. */
void chart_axis_numbers(
	struct chart_axis *a, double lo, double hi, int about, bool round);
/* lo and hi are seconds of the wall clock since 1970. */
void chart_axis_times(struct chart_axis *a, double lo, double hi, int about);
/* A number as people write it: 1234.5, 12M, 1.5e-09; the bytes. */
size_t chart_axis_print(double d, char out[CHART_AXIS_TEXT]);

#endif
