/*
 * time: moments as text, and the clocks.  The stream's own form is by far the
 * most frequent; it is read eight bytes at a time, and what does not fit is left
 * to the slower reader of all that Spark casts.
 */
#include "time/time.h"

#include <ctype.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "text/number.h"
#include "time/date.h"
#include "time/scan.h"
#include "time/zone.h"

#define DAY (INT64_C(86400) * TIME_SECOND)

/* days and the microseconds of the day to a timestamp; -1 if out of range. */
static int
time_combine(int64_t days, int64_t us_of_day, int64_t *us)
{
	/* Added in this order the last day before the range still fits. */
	if (days < 0) {
		days++;
		us_of_day -= DAY;
	}
	if (__builtin_mul_overflow(days, DAY, us))
		return -1;
	return __builtin_add_overflow(*us, us_of_day, us) ? -1 : 0;
}

static inline uint64_t
load8(const char *p)
{
	uint64_t w;

	memcpy(&w, p, 8);
	return le64toh(w);
}

/*
 * Eight bytes of digits and fixed characters at once.  form shows the bytes, '0'
 * for a digit; over has 'v' for a digit and DEL for the others, so that added to
 * what differs from the form it reaches the top bit where that is more than 9,
 * or 0.  False if the bytes are not of the form.
 */
static inline bool
match8(uint64_t w, const char form[8], const char over[8], uint64_t *digits)
{
	uint64_t x = w ^ load8(form);

	*digits = x;
	return ((x | (x + load8(over))) & UINT64_C(0x8080808080808080)) == 0;
}

/* The two digits at byte i of what match8() has found. */
static inline unsigned
pair(uint64_t x, int i)
{
	return (unsigned)(x >> (8 * i) & 15) * 10 +
		(unsigned)(x >> (8 * i + 8) & 15);
}

/* The fraction of .f{1,6}Z, to microseconds; -1 if it is not one. */
static int
iso_fraction(const char *s, size_t n)
{
	static const int scale[] = {0, 100000, 10000, 1000, 100, 10, 1};
	int v = 0;

	if (n < 3 || n > 8 || s[0] != '.' || s[n - 1] != 'Z')
		return -1;
	for (size_t i = 1; i < n - 1; i++) {
		if (!scan_digit(s[i]))
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v * scale[n - 2];
}

/* What stands behind the year: -MM-ddTHH:mm:ss[.f]Z */
static inline int
iso_rest(int64_t y, const char *s, size_t n, int64_t *us)
{
	unsigned month, day, hour, minute, second;
	uint64_t date, clock;
	int fraction = 0;

	if (n < 16 ||
		!match8(load8(s), "-00-00T0", "\177vv\177vv\177v", &date) ||
		!match8(load8(s + 7), "00:00:00", "vv\177vv\177vv", &clock))
		return -1;
	month = pair(date, 1);
	day = pair(date, 4);
	hour = pair(clock, 0);
	minute = pair(clock, 3);
	second = pair(clock, 6);
	if (n != 16 || s[15] != 'Z') {
		fraction = iso_fraction(s + 15, n - 15);
		if (fraction < 0)
			return -1;
	}
	if (!date_valid(y, month, day) || hour > 23 || minute > 59 ||
		second > 59)
		return -1;
	return time_combine(date_days(y, month, day),
		(int64_t)((hour * 60 + minute) * 60 + second) * TIME_SECOND +
			fraction,
		us);
}

/* A year that has a sign: below 0, or of five or six digits. */
static int
iso_signed(const char *s, size_t n, int64_t *us)
{
	int64_t y = 0;
	size_t i;

	for (i = 1; i < n && i < 8 && scan_digit(s[i]); i++)
		y = y * 10 + (s[i] - '0');
	if (i < 5 || i > 7 || (i > 5 && s[1] == '0'))
		return -1;
	if (s[0] == '-' ? y == 0 : y < 10000)
		return -1;
	return iso_rest(s[0] == '-' ? -y : y, s + i, n - i, us);
}

int
time_parse_iso(const char *s, size_t n, int64_t *us)
{
	if (n < 20 || n > 30)
		return -1;
	if (!scan_digit(s[0]))
		return s[0] == '-' || s[0] == '+' ? iso_signed(s, n, us) : -1;
	if (!scan_digit(s[1]) || !scan_digit(s[2]) || !scan_digit(s[3]))
		return -1;
	return iso_rest((s[0] - '0') * 1000 + (s[1] - '0') * 100 +
			(s[2] - '0') * 10 + (s[3] - '0'),
		s + 4, n - 4, us);
}

/* The digits behind the point; those after the sixth are cut. */
static int32_t
take_fraction(const char **p, const char *end)
{
	int32_t v = 0;
	int count = 0;

	for (; *p < end && scan_digit(**p); (*p)++, count++)
		if (count < 6)
			v = v * 10 + (**p - '0');
	for (; count < 6; count++)
		v *= 10;
	return v;
}

/*
 * h[:m[:s[.digits]]], to microseconds of the day; -1 if it is none.  What may be
 * a zone (it can only follow seconds) is left behind *p.
 */
static int64_t
take_clock(const char **p, const char *end)
{
	int32_t part[3] = {0, 0, 0}, fraction = 0;
	int count = 0;

	for (;;) {
		part[count] = scan_number(p, end, 1, 2);
		if (part[count] < 0)
			return -1;
		if (++count == 3 || *p == end || **p != ':')
			break;
		++*p;
	}
	if (count < 3 && *p < end)
		return -1;
	if (*p < end && **p == '.') {
		++*p;
		fraction = take_fraction(p, end);
	}
	if (part[0] > 23 || part[1] > 59 || part[2] > 59)
		return -1;
	return ((part[0] * 60 + part[1]) * INT64_C(60) + part[2]) *
		TIME_SECOND +
		fraction;
}

/* yyyy-MM-dd HH:mm:ss in full, with a blank or T: by far the usual form. */
static bool
fixed_form(const char *s, const char *end, struct civil *c, int64_t *clock)
{
	uint64_t year, date, time;

	if (end - s < 19 || (s[10] != ' ' && s[10] != 'T') ||
		!match8(load8(s), "0000-00-", "vvvv\177vv\177", &year) ||
		!match8(load8(s + 2), "00-00-00", "vv\177vv\177vv", &date) ||
		!match8(load8(s + 11), "00:00:00", "vv\177vv\177vv", &time) ||
		(s + 19 < end && scan_digit(s[19])))
		return false;
	c->y = (int32_t)(pair(year, 0) * 100 + pair(year, 2));
	c->m = (int32_t)pair(date, 3);
	c->d = (int32_t)pair(date, 6);
	*clock = (int64_t)((pair(time, 0) * 60 + pair(time, 3)) * 60 +
			 pair(time, 6)) *
		TIME_SECOND;
	return pair(time, 0) <= 23 && pair(time, 3) <= 59 &&
		pair(time, 6) <= 59 &&
		date_valid(c->y, (unsigned)c->m, (unsigned)c->d);
}

/* [T]h[:m[:s]] instead of a date?  T counts in the very first place only. */
static bool
is_clock(const char *s, const char *p, const char *end)
{
	if (p == s && *p == 'T')
		return true;
	if (!scan_digit(*p))
		return false;
	while (p < end && scan_digit(*p))
		p++;
	return p < end && *p == ':';
}

/* A date, a date and a time of day, or that alone; *p moves behind it. */
static int
take_free(const char *s, const char **p, const char *end, bool *today,
	struct civil *c, int64_t *clock)
{
	*clock = 0;
	*today = is_clock(s, *p, end);
	if (*today)
		*p += **p == 'T';
	else if (date_take(p, end, 6, c) < 0)
		return -1;
	else if (*p == end)
		return 0;
	else if (c->parts < 3 || (**p != ' ' && **p != 'T'))
		return -1;
	else
		++*p;
	*clock = take_clock(p, end);
	return *clock < 0 ? -1 : 0;
}

int
time_parse(const char *s, size_t n, const struct zone *z, int64_t now_us,
	int64_t *us)
{
	const char *p = s, *end = s + n;
	int64_t days, clock = 0, shift = 0;
	bool today = false;
	struct civil c = {0};
	int32_t fixed;

	if (time_parse_iso(s, n, us) == 0)
		return 0;
	scan_trim(&p, &end);
	if (p == end)
		return -1;
	if (fixed_form(p, end, &c, &clock)) {
		p += 19;
		if (p < end && *p == '.') {
			p++;
			clock += take_fraction(&p, end);
		}
	} else if (take_free(s, &p, end, &today, &c, &clock) < 0) {
		return -1;
	}
	if (p < end) { /* a zone, or nothing that is allowed */
		while (p < end && (unsigned char)*p <= ' ')
			p++;
		if (zone_fixed(p, (size_t)(end - p), &fixed) == 0) {
			shift = fixed * TIME_SECOND;
			z = zone_utc;
		} else if ((z = zone_open(p, (size_t)(end - p))) == NULL) {
			return -1;
		}
	}
	if (today)
		days = time_floor_div(
			now_us + shift + zone_offset(z, now_us) * TIME_SECOND,
			DAY);
	else
		days = date_days(c.y, (unsigned)c.m, (unsigned)c.d);
	return zone_moment(z, days, clock - shift, us);
}

/* The date, between and HH:mm:ss[.f] without trailing zeros. */
static inline char *
time_put_time(char *p, int64_t days, int64_t us_of_day, char between)
{
	unsigned second = (unsigned)(us_of_day / TIME_SECOND);
	unsigned us = (unsigned)(us_of_day % TIME_SECOND);

	p = date_put(p, days);
	*p++ = between;
	p = number_put2(p, second / 3600);
	*p++ = ':';
	p = number_put2(p, second / 60 % 60);
	*p++ = ':';
	p = number_put2(p, second % 60);
	if (us == 0)
		return p;
	*p = '.';
	number_put2(p + 1, us / 10000);
	number_put2(p + 3, us / 100 % 100);
	number_put2(p + 5, us % 100);
	p += 7;
	while (p[-1] == '0')
		p--;
	return p;
}

/* Days since 1970, and what remains of the day. */
static inline int64_t
split_days(int64_t us, int64_t *us_of_day)
{
	int64_t days = us / DAY, rest = us % DAY;

	*us_of_day = rest < 0 ? rest + DAY : rest;
	return days - (rest < 0);
}

size_t
time_format_iso(int64_t us, char *out)
{
	int64_t rest, days = split_days(us, &rest);
	char *p = time_put_time(out, days, rest, 'T');

	*p++ = 'Z';
	return (size_t)(p - out);
}

size_t
time_format_show(int64_t us, const struct zone *z, char *out)
{
	int64_t rest, days = zone_day(z, us, &rest);

	return (size_t)(time_put_time(out, days, rest, ' ') - out);
}

/* BIEF_CLOCK, or nothing: asked for once, since the environment is long and
 * somebody wants to know the time at each wait. */
static const char *
time_told(void)
{
	static const char *told;
	const char *p = __atomic_load_n(&told, __ATOMIC_RELAXED);

	if (p != NULL)
		return p;
	p = getenv("BIEF_CLOCK");
	if (p == NULL)
		p = "";
	__atomic_store_n(&told, p, __ATOMIC_RELAXED);
	return p;
}

int64_t
time_now(void)
{
	const char *fixed = time_told();
	struct timespec ts;
	int64_t us;

	struct stat s;

	if (*fixed != '\0' && time_parse_iso(fixed, strlen(fixed), &us) == 0)
		return us;
	if (*fixed != '\0' && strchr(fixed, '/') != NULL &&
		stat(fixed, &s) == 0)
		return s.st_mtim.tv_sec * TIME_SECOND +
			s.st_mtim.tv_nsec / 1000;
	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * TIME_SECOND + ts.tv_nsec / 1000;
}

bool
time_due(int64_t tick, int64_t step)
{
	int64_t now = time_now();

	return now >= tick || tick - now > step;
}

int64_t
time_monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * TIME_SECOND + ts.tv_nsec / 1000;
}
