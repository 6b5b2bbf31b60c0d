/*
 * date: the calendar, and days as text.  Below zones and times, which both
 * reckon with it.
 */
#include "time/date.h"

#include <string.h>

#include "text/number.h"
#include "time/scan.h"

/*
 * The calendar counts eras of 400 years, each of 146097 days, from March, so
 * that the leap day comes last (H. Hinnant: "chrono-compatible low-level date
 * algorithms").
 */
int64_t
date_days(int64_t y, unsigned m, unsigned d)
{
	int64_t era;
	unsigned yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = (unsigned)(y - era * 400);
	doy = (153 * (m + (m > 2 ? -3U : 9U)) + 2) / 5 + d - 1;
	return era * 146097 + (int64_t)(yoe * 365 + yoe / 4 - yoe / 100 + doy) -
		719468;
}

void
date_civil(int64_t days, int64_t *y, unsigned *m, unsigned *d)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned doe = (unsigned)(z - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;

	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = era * 400 + yoe + (*m <= 2);
}

int32_t
date_from_civil(int64_t y, int m, int d)
{
	return (int32_t)date_days(y, (unsigned)m, (unsigned)d);
}

void
date_to_civil(int64_t days, int64_t *y, int *m, int *d)
{
	unsigned month, day;

	date_civil(days, y, &month, &day);
	*m = (int)month;
	*d = (int)day;
}

int
date_take(const char **p, const char *end, int most, struct civil *c)
{
	bool neg = false;

	*c = (struct civil){.m = 1, .d = 1, .parts = 1};
	if (*p < end && (**p == '-' || **p == '+'))
		neg = *(*p)++ == '-';
	c->y = scan_number(p, end, 4, most);
	if (c->y < 0)
		return -1;
	if (*p < end && **p == '-') {
		++*p;
		c->m = scan_number(p, end, 1, 2);
		c->parts = 2;
		if (*p < end && **p == '-') {
			++*p;
			c->d = scan_number(p, end, 1, 2);
			c->parts = 3;
		}
	}
	if (neg)
		c->y = -c->y;
	return c->m > 0 && c->d > 0 &&
			date_valid(c->y, (unsigned)c->m, (unsigned)c->d)
		? 0
		: -1;
}

int
date_parse(const char *s, size_t n, int32_t *days)
{
	const char *p = s, *end = s + n;
	struct civil c;

	scan_trim(&p, &end);
	if (p == end || date_take(&p, end, 7, &c) < 0)
		return -1;
	/* Behind a whole date a blank or T ends it: the rest does not count. */
	if (p < end && (c.parts < 3 || (*p != ' ' && *p != 'T')))
		return -1;
	*days = (int32_t)date_days(c.y, (unsigned)c.m, (unsigned)c.d);
	return 0;
}

/* yyyy-MM-dd; a year beyond four digits, or below 0, has a sign. */
static char *
date_put_new(char *p, int64_t days)
{
	unsigned m, d;
	int64_t y;

	date_civil(days, &y, &m, &d);
	if (y >= 0 && y <= 9999) {
		p = number_put2(p, (unsigned)y / 100);
		p = number_put2(p, (unsigned)y % 100);
	} else {
		*p++ = y < 0 ? '-' : '+';
		y = y < 0 ? -y : y;
		for (int64_t k = 1000; y < k; k /= 10)
			*p++ = '0';
		p += number_print_int(y, p);
	}
	*p++ = '-';
	p = number_put2(p, m);
	*p++ = '-';
	return number_put2(p, d);
}

/*
 * Times of one stream lie close together, so the text of the last day
 * is kept.  (It depends on nothing but the day.)
 */
char *
date_put(char *p, int64_t days)
{
	static _Thread_local struct {
		int64_t days;
		size_t n; /* 0: none yet */
		char text[16];
	} last;

	if (last.n == 0 || last.days != days) {
		last.n = (size_t)(date_put_new(last.text, days) - last.text);
		last.days = days;
	}
	memcpy(p, last.text, sizeof(last.text));
	return p + last.n;
}

size_t
date_format(int32_t days, char *out)
{
	return (size_t)(date_put(out, days) - out);
}
