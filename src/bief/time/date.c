/*
 * date: see date.h.  Below zones and times, which both reckon with it.
 */
#include "time/date.h"

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
