/*
 * date: the civil calendar, proleptic Gregorian: days since 1970-01-01 and the
 * year, month and day that they are; and days as text.
 */
#ifndef BIEF_DATE_H
#define BIEF_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t date_days(int64_t y, unsigned m, unsigned d);
void date_civil(int64_t days, int64_t *y, unsigned *m, unsigned *d);
/* The same in the types that dates and patterns have. */
int32_t date_from_civil(int64_t y, int m, int d);
void date_to_civil(int64_t days, int64_t *y, int *m, int *d);

/* Days of a month. */
static inline unsigned
date_month(int64_t y, unsigned m)
{
	static const uint8_t days[] = {
		0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[m] +
		(m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));
}

static inline bool
date_valid(int64_t y, unsigned m, unsigned d)
{
	return m >= 1 && m <= 12 && d >= 1 && d <= date_month(y, m);
}

/* Any text that Spark casts to a date.  0 or -1. */
int date_parse(const char *s, size_t n, int32_t *days);
#define DATE_MAX 16 /* bytes that these two may write */
/* Returns the bytes written (no final NUL). */
size_t date_format(int32_t days, char *out);

/* ---- the same for those who read and write more than a date ---- */

/* [+-]y[-M[-d]] */
struct civil {
	int32_t y, m, d;
	int parts; /* how many of them there are */
};
/* *p moves behind it; the year has at most so many digits.  0 or -1. */
int date_take(const char **p, const char *end, int most, struct civil *c);
/* Returns the place behind it; all of DATE_MAX bytes are written. */
char *date_put(char *p, int64_t days);

#endif
