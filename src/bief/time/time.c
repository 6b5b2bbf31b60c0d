/*
 * time: timestamps, dates, durations.  Zones are in zone.c.
 */
#include "time/time.h"

#include <ctype.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "floor/err.h"
#include "text/number.h"
#include "time/date.h"

#define DAY (INT64_C(86400) * TIME_SECOND)

static inline bool
is_digit(char c)
{
	return (unsigned char)(c - '0') <= 9;
}

static inline unsigned
month_days(int64_t y, unsigned m)
{
	static const uint8_t days[] = {
		0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[m] +
		(m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));
}

static bool
civil_valid(int64_t y, unsigned m, unsigned d)
{
	return m >= 1 && m <= 12 && d >= 1 && d <= month_days(y, m);
}

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
		if (!is_digit(s[i]))
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
	if (!civil_valid(y, month, day) || hour > 23 || minute > 59 ||
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

	for (i = 1; i < n && i < 8 && is_digit(s[i]); i++)
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
	if (!is_digit(s[0]))
		return s[0] == '-' || s[0] == '+' ? iso_signed(s, n, us) : -1;
	if (!is_digit(s[1]) || !is_digit(s[2]) || !is_digit(s[3]))
		return -1;
	return iso_rest((s[0] - '0') * 1000 + (s[1] - '0') * 100 +
			(s[2] - '0') * 10 + (s[3] - '0'),
		s + 4, n - 4, us);
}

/* Spark ignores these around a time or a date. */
static inline bool
is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f;
}

static void
trim(const char **s, const char **end)
{
	while (*s < *end && is_blank(**s))
		(*s)++;
	while (*end > *s && is_blank((*end)[-1]))
		(*end)--;
}

/*
 * Digits, from least to most of them; *p moves behind them.  -1 if their number
 * is not allowed.
 */
static int32_t
take_number(const char **p, const char *end, int least, int most)
{
	int32_t v = 0;
	int count = 0;

	for (; *p < end && is_digit(**p); (*p)++, count++) {
		if (count == most)
			return -1;
		v = v * 10 + (**p - '0');
	}
	return count < least ? -1 : v;
}

/* [+-]y[-M[-d]] */
struct civil {
	int32_t y, m, d;
	int parts; /* how many of them there are */
};

static int
take_date(const char **p, const char *end, int most, struct civil *c)
{
	bool neg = false;

	*c = (struct civil){.m = 1, .d = 1, .parts = 1};
	if (*p < end && (**p == '-' || **p == '+'))
		neg = *(*p)++ == '-';
	c->y = take_number(p, end, 4, most);
	if (c->y < 0)
		return -1;
	if (*p < end && **p == '-') {
		++*p;
		c->m = take_number(p, end, 1, 2);
		c->parts = 2;
		if (*p < end && **p == '-') {
			++*p;
			c->d = take_number(p, end, 1, 2);
			c->parts = 3;
		}
	}
	if (neg)
		c->y = -c->y;
	return c->m > 0 && c->d > 0 &&
			civil_valid(c->y, (unsigned)c->m, (unsigned)c->d)
		? 0
		: -1;
}

/* The digits behind the point; those after the sixth are cut. */
static int32_t
take_fraction(const char **p, const char *end)
{
	int32_t v = 0;
	int count = 0;

	for (; *p < end && is_digit(**p); (*p)++, count++)
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
		part[count] = take_number(p, end, 1, 2);
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
		(s + 19 < end && is_digit(s[19])))
		return false;
	c->y = (int32_t)(pair(year, 0) * 100 + pair(year, 2));
	c->m = (int32_t)pair(date, 3);
	c->d = (int32_t)pair(date, 6);
	*clock = (int64_t)((pair(time, 0) * 60 + pair(time, 3)) * 60 +
			 pair(time, 6)) *
		TIME_SECOND;
	return pair(time, 0) <= 23 && pair(time, 3) <= 59 &&
		pair(time, 6) <= 59 &&
		civil_valid(c->y, (unsigned)c->m, (unsigned)c->d);
}

/* [T]h[:m[:s]] instead of a date?  T counts in the very first place only. */
static bool
is_clock(const char *s, const char *p, const char *end)
{
	if (p == s && *p == 'T')
		return true;
	if (!is_digit(*p))
		return false;
	while (p < end && is_digit(*p))
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
	else if (take_date(p, end, 6, c) < 0)
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
	trim(&p, &end);
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

int
date_parse(const char *s, size_t n, int32_t *days)
{
	const char *p = s, *end = s + n;
	struct civil c;

	trim(&p, &end);
	if (p == end || take_date(&p, end, 7, &c) < 0)
		return -1;
	/* Behind a whole date a blank or T ends it: the rest does not count. */
	if (p < end && (c.parts < 3 || (*p != ' ' && *p != 'T')))
		return -1;
	*days = (int32_t)date_days(c.y, (unsigned)c.m, (unsigned)c.d);
	return 0;
}

static inline char *
put2(char *p, unsigned v)
{
	memcpy(p, number_pairs + 2 * v, 2);
	return p + 2;
}

/* yyyy-MM-dd; a year beyond four digits, or below 0, has a sign. */
static char *
put_new_date(char *p, int64_t days)
{
	unsigned m, d;
	int64_t y;

	date_civil(days, &y, &m, &d);
	if (y >= 0 && y <= 9999) {
		p = put2(p, (unsigned)y / 100);
		p = put2(p, (unsigned)y % 100);
	} else {
		*p++ = y < 0 ? '-' : '+';
		y = y < 0 ? -y : y;
		for (int64_t k = 1000; y < k; k /= 10)
			*p++ = '0';
		p += number_print_int(y, p);
	}
	*p++ = '-';
	p = put2(p, m);
	*p++ = '-';
	return put2(p, d);
}

/*
 * The same; times of one stream lie close together, so the text of the last day
 * is kept.  (It depends on nothing but the day.)
 */
static inline char *
put_date(char *p, int64_t days)
{
	static _Thread_local struct {
		int64_t days;
		size_t n; /* 0: none yet */
		char text[16];
	} last;

	if (last.n == 0 || last.days != days) {
		last.n = (size_t)(put_new_date(last.text, days) - last.text);
		last.days = days;
	}
	memcpy(p, last.text, sizeof(last.text));
	return p + last.n;
}

/* The date, between and HH:mm:ss[.f] without trailing zeros. */
static inline char *
put_time(char *p, int64_t days, int64_t us_of_day, char between)
{
	unsigned second = (unsigned)(us_of_day / TIME_SECOND);
	unsigned us = (unsigned)(us_of_day % TIME_SECOND);

	p = put_date(p, days);
	*p++ = between;
	p = put2(p, second / 3600);
	*p++ = ':';
	p = put2(p, second / 60 % 60);
	*p++ = ':';
	p = put2(p, second % 60);
	if (us == 0)
		return p;
	*p = '.';
	put2(p + 1, us / 10000);
	put2(p + 3, us / 100 % 100);
	put2(p + 5, us % 100);
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
	char *p = put_time(out, days, rest, 'T');

	*p++ = 'Z';
	return (size_t)(p - out);
}

size_t
time_format_show(int64_t us, const struct zone *z, char *out)
{
	int64_t rest, days = zone_day(z, us, &rest);

	return (size_t)(put_time(out, days, rest, ' ') - out);
}

size_t
date_format(int32_t days, char *out)
{
	return (size_t)(put_date(out, days) - out);
}

#define MINUTE (60 * TIME_SECOND)
#define HOUR (60 * MINUTE)

/* A unit of a duration: months or microseconds, and how it is spelled. */
static const struct unit {
	int64_t us;
	int months;
	const char *names; /* the short form first; each ends in a blank */
} units[] = {
	{1, 0, "us usec usecs micro micros microsecond microseconds "},
	{1000, 0, "ms msec msecs milli millis millisecond milliseconds "},
	{TIME_SECOND, 0, "s sec secs second seconds "},
	{MINUTE, 0, "m min mins minute minutes "},
	{HOUR, 0, "h hr hrs hour hours "},
	{DAY, 0, "d day days "},
	{7 * DAY, 0, "w week weeks "},
	{0, 1, "mo mon month months "},
	{0, 12, "y yr yrs year years "},
};
#define UNITS (sizeof(units) / sizeof(*units))

static bool
unit_named(const char *names, const char *s, size_t n)
{
	size_t len;

	for (; *names; names += len + 1) {
		len = (size_t)(strchr(names, ' ') - names);
		if (len == n && strncasecmp(names, s, n) == 0)
			return true;
	}
	return false;
}

static const struct unit *
unit_find(const char *s, size_t n)
{
	for (size_t i = 0; i < UNITS; i++)
		if (unit_named(units[i].names, s, n))
			return &units[i];
	/* The micro sign and the Greek letter that looks like it. */
	if (n == 3 && s[2] == 's' &&
		(memcmp(s, "\xc2\xb5", 2) == 0 ||
			memcmp(s, "\xce\xbc", 2) == 0))
		return &units[0];
	return NULL;
}

/* A duration's text while it is read. */
struct reading {
	const char *p, *end;
	char sign;    /* the last one seen, '\0' before the first */
	bool spaced;  /* blanks stood in front of this part */
	bool was_neg; /* a part before had a minus */
};

static bool
skip_blanks(struct reading *r)
{
	const char *start = r->p;

	while (r->p < r->end && is_blank(*r->p))
		r->p++;
	return r->p > start;
}

/* digits[.digits]: the whole part, and the fraction over 10^*places. */
static int
read_amount(struct reading *r, int64_t *whole, int64_t *fraction, int *places)
{
	const char *start = r->p;
	size_t count;

	*whole = *fraction = *places = 0;
	while (r->p < r->end && is_digit(*r->p))
		r->p++;
	count = (size_t)(r->p - start);
	if (count > 0 && number_int(start, count, whole) < 0)
		return -1;
	if (r->p == r->end || *r->p != '.')
		return count > 0 ? 0 : -1;
	for (r->p++; r->p < r->end && is_digit(*r->p); r->p++, count++)
		if (*places < 18) {
			*fraction = *fraction * 10 + (*r->p - '0');
			++*places;
		}
	return count > 0 ? 0 : -1;
}

/* Add amount times unit; -1 if it is out of range, -2 for half a month. */
static int
add_part(struct duration *d, const struct unit *u, bool neg, int64_t whole,
	int64_t fraction, int places)
{
	__int128 part;
	int64_t us, months;

	if (u->months != 0) {
		if (fraction != 0)
			return -2;
		if (__builtin_mul_overflow(
			    neg ? -whole : whole, (int64_t)u->months, &months))
			return -1;
		return __builtin_add_overflow(d->months, months, &d->months)
			? -1
			: 0;
	}
	part = (__int128)fraction * u->us;
	for (; places > 0; places--)
		part /= 10;
	part += (__int128)whole * u->us;
	if (part > INT64_MAX)
		return -1;
	us = neg ? -(int64_t)part : (int64_t)part;
	return __builtin_add_overflow(d->us, us, &d->us) ? -1 : 0;
}

/*
 * The sign of a part.  One in front holds for what is written together with it
 * ("-1h30m"), but in words, where Spark gives it to the first part alone, every
 * part must have its own.
 */
static int
read_sign(struct reading *r, bool *neg)
{
	if (r->p < r->end && (*r->p == '-' || *r->p == '+')) {
		r->sign = *r->p++;
		skip_blanks(r);
	} else if (r->spaced && r->was_neg) {
		return -1;
	}
	*neg = r->sign == '-';
	r->was_neg |= *neg;
	return 0;
}

static int
read_part(struct reading *r, struct duration *d, const char *text,
	struct err *err)
{
	int64_t whole, fraction;
	const struct unit *u;
	const char *name;
	char unit[40];
	int places, rc;
	bool neg;

	if (read_sign(r, &neg) < 0)
		return err_set(err,
			"duration '%s' is ambiguous: give every "
			"part its own sign",
			text);
	name = r->p;
	if (read_amount(r, &whole, &fraction, &places) < 0)
		return err_set(err,
			name == r->p || !is_digit(*name)
				? "'%s' is not a duration: a number and a unit are "
				  "expected, as in 10s, 5m, 1h30m or '10 minutes'"
				: "duration '%s' is out of range",
			text);
	skip_blanks(r);
	name = r->p;
	while (r->p < r->end &&
		(isalpha((unsigned char)*r->p) || (*r->p & 0x80)))
		r->p++;
	if (name == r->p)
		return err_set(err,
			"duration '%s' lacks a unit: write %llds "
			"for seconds, or ms, m, h, d",
			text, (long long)whole);
	u = unit_find(name, (size_t)(r->p - name));
	if (u == NULL)
		return err_set(err,
			"duration '%s' has an unknown unit '%s': "
			"use us, ms, s, m, h, d, w, mo or y",
			text,
			err_quote(unit, sizeof(unit), name,
				(size_t)(r->p - name)));
	rc = add_part(d, u, neg, whole, fraction, places);
	if (rc == -2)
		return err_set(
			err, "duration '%s' has a fraction of a month", text);
	if (rc < 0)
		return err_set(err, "duration '%s' is out of range", text);
	r->spaced = skip_blanks(r);
	return 0;
}

int
duration_parse(const char *s, size_t n, struct duration *d, struct err *err)
{
	struct reading r = {.p = s, .end = s + n};
	char text[80];

	*d = (struct duration){0};
	err_quote(text, sizeof(text), s, n);
	skip_blanks(&r);
	if (r.end - r.p > 8 && strncasecmp(r.p, "interval", 8) == 0 &&
		is_blank(r.p[8])) {
		r.p += 8;
		skip_blanks(&r);
	}
	do {
		if (read_part(&r, d, text, err) < 0)
			return -1;
	} while (r.p < r.end);
	return 0;
}

int
duration_us(const char *s, size_t n, int64_t *us, struct err *err)
{
	struct duration d;
	char text[80];

	if (duration_parse(s, n, &d, err) < 0)
		return -1;
	if (d.months != 0)
		return err_set(err,
			"duration '%s' has months, which differ "
			"in length: use days",
			err_quote(text, sizeof(text), s, n));
	*us = d.us;
	return 0;
}

size_t
duration_format(int64_t us, char *out)
{
	static const struct {
		uint64_t us;
		const char *name;
	} parts[] = {{DAY, "d"}, {HOUR, "h"}, {MINUTE, "m"}, {TIME_SECOND, "s"},
		{1000, "ms"}, {1, "us"}};
	uint64_t rest = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
	char *p = out;

	if (us == 0) {
		memcpy(out, "0s", 2);
		return 2;
	}
	if (us < 0)
		*p++ = '-';
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		size_t len = strlen(parts[i].name);

		if (rest < parts[i].us)
			continue;
		p += number_print_int((int64_t)(rest / parts[i].us), p);
		memcpy(p, parts[i].name, len);
		p += len;
		rest %= parts[i].us;
	}
	return (size_t)(p - out);
}

int64_t
time_now(void)
{
	const char *fixed = getenv("BIEF_CLOCK");
	struct timespec ts;
	int64_t us;

	struct stat s;

	if (fixed != NULL && time_parse_iso(fixed, strlen(fixed), &us) == 0)
		return us;
	if (fixed != NULL && strchr(fixed, '/') != NULL && stat(fixed, &s) == 0)
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
