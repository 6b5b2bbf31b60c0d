/*
 * timefmt: patterns are read anew each time; they are short.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "err.h"
#include "time.h"
#include "timefmt.h"

#define DAY (86400 * TIME_SECOND)

static const char *const months[] = {"January", "February", "March", "April",
	"May", "June", "July", "August", "September", "October", "November",
	"December"};
/* 1970-01-01 was a Thursday. */
static const char *const weekdays[] = {"Thursday", "Friday", "Saturday",
	"Sunday", "Monday", "Tuesday", "Wednesday"};

/* A piece of a pattern. */
struct piece {
	char letter; /* '\0': text; '[' and ']' */
	int count;
	const char *s; /* text */
	size_t n;
};

/* The next piece; false at the end.  An open quote ends with the pattern. */
static bool
next_piece(const char **p, const char *end, struct piece *out)
{
	const char *s = *p;

	if (s == end)
		return false;
	*out = (struct piece){.s = s, .n = 1};
	if (isalpha((unsigned char)*s)) {
		out->letter = *s;
		while (s < end && *s == out->letter)
			s++;
		out->count = (int)(s - *p);
	} else if (*s == '\'' && s + 1 < end && s[1] == '\'') {
		s += 2; /* '' is a quote */
	} else if (*s == '\'') {
		out->s = ++s;
		while (s < end && *s != '\'')
			s++;
		out->n = (size_t)(s - out->s);
		s += s < end;
	} else if (*s == '[' || *s == ']') {
		out->letter = *s++;
	} else {
		s++;
	}
	*p = s;
	return true;
}

int
timefmt_check(const char *pattern, size_t n, struct err *err)
{
	const char *p = pattern, *end = pattern + n;
	struct piece t;
	int open = 0;

	while (next_piece(&p, end, &t)) {
		open += (t.letter == '[') - (t.letter == ']');
		if (open < 0 || open > 8)
			break;
		if (t.letter == '\0' || t.letter == '[' || t.letter == ']')
			continue;
		if (strchr("GyMLdDQqEFahHkKmsSVzOXxZ", t.letter) == NULL)
			return err_as(err, STATUS_USAGE,
				"'%c' means nothing in a pattern of time",
				t.letter);
		if (t.count > (t.letter == 'S' ? 9 : t.letter == 'y' ? 6 : 5))
			return err_as(err, STATUS_USAGE,
				"too many '%c' in a pattern of time",
				t.letter);
	}
	if (open != 0)
		return err_as(err, STATUS_USAGE,
			"brackets do not match in a pattern of time");
	return 0;
}

/* A moment, taken apart. */
struct moment {
	int64_t year, days, us; /* us: of the day */
	int month, day, offset;
	const struct zone *zone;
};

static void
print_offset(int offset, const struct piece *t, struct buf *out)
{
	int h = abs(offset) / 3600, m = abs(offset) / 60 % 60;
	int s = abs(offset) % 60, style = t->count;
	char sign = offset < 0 ? '-' : '+';

	if (offset == 0 && (t->letter == 'X' ||
				   (t->letter == 'Z' && style == 5))) {
		buf_byte(out, 'Z');
		return;
	}
	if (t->letter == 'Z')
		style = style < 4 ? 2 : 3;
	buf_printf(out, "%c%02d", sign, h);
	if (style == 1 && m == 0)
		return;
	buf_printf(out, style == 3 || style == 5 ? ":%02d" : "%02d", m);
	if (s != 0 && style > 3)
		buf_printf(out, style == 5 ? ":%02d" : "%02d", s);
}

static void
print_gmt(int offset, bool full, struct buf *out)
{
	int h = abs(offset) / 3600, m = abs(offset) / 60 % 60;

	buf_str(out, "GMT");
	if (offset == 0)
		return;
	if (full)
		buf_printf(out, "%c%02d:%02d", offset < 0 ? '-' : '+', h, m);
	else
		buf_printf(out, m != 0 ? "%c%d:%02d" : "%c%d",
			offset < 0 ? '-' : '+', h, m);
}

static void
print_zone(const struct moment *m, const struct piece *t, struct buf *out)
{
	switch (t->letter) {
	case 'V':
	case 'z':
		buf_str(out, zone_name(m->zone));
		break;
	case 'O':
		print_gmt(m->offset, t->count == 4, out);
		break;
	case 'Z':
		if (t->count == 4) {
			print_gmt(m->offset, true, out);
			break;
		}
		/* FALLTHROUGH */
	default:
		print_offset(m->offset, t, out);
	}
}

static void
print_number(int64_t v, int width, struct buf *out)
{
	buf_printf(out, "%0*ld", width, (long)v);
}

static void
print_date(const struct moment *m, const struct piece *t, struct buf *out)
{
	int64_t era_year = m->year > 0 ? m->year : 1 - m->year;
	int week_day = (int)((m->days % 7 + 7) % 7);
	const char *name = months[m->month - 1];

	switch (t->letter) {
	case 'G':
		buf_str(out, t->count < 4
				? m->year > 0 ? "AD" : "BC"
				: m->year > 0 ? "Anno Domini"
					      : "Before Christ");
		break;
	case 'y':
		if (t->count == 2) {
			print_number(era_year % 100, 2, out);
			break;
		}
		if (t->count > 3 && era_year > 9999)
			buf_byte(out, '+');
		print_number(era_year, t->count, out);
		break;
	case 'M':
	case 'L':
		if (t->count < 3)
			print_number(m->month, t->count, out);
		else
			buf_add(out, name, t->count == 3 ? 3
					: t->count == 5	 ? 1
							 : strlen(name));
		break;
	case 'd':
		print_number(m->day, t->count, out);
		break;
	case 'D':
		print_number(m->days - date_from_civil(m->year, 1, 1) + 1,
			t->count, out);
		break;
	case 'Q':
	case 'q':
		if (t->count < 3)
			print_number((m->month + 2) / 3, t->count, out);
		else
			buf_printf(out, t->count == 3 ? "Q%d" : "%d%s quarter",
				(m->month + 2) / 3,
				m->month < 4 ? "st" : m->month < 7 ? "nd"
					: m->month < 10 ? "rd" : "th");
		break;
	case 'E':
		buf_add(out, weekdays[week_day], t->count < 4 ? 3
				: t->count == 5 ? 1
						: strlen(weekdays[week_day]));
		break;
	case 'F':
		print_number((m->day - 1) % 7 + 1, t->count, out);
		break;
	}
}

static void
print_time(const struct moment *m, const struct piece *t, struct buf *out)
{
	int64_t s = m->us / TIME_SECOND;
	int hour = (int)(s / 3600);
	char digits[16];

	switch (t->letter) {
	case 'a':
		buf_str(out, hour < 12 ? "AM" : "PM");
		break;
	case 'H':
		print_number(hour, t->count, out);
		break;
	case 'k':
		print_number(hour == 0 ? 24 : hour, t->count, out);
		break;
	case 'K':
		print_number(hour % 12, t->count, out);
		break;
	case 'h':
		print_number(hour % 12 == 0 ? 12 : hour % 12, t->count, out);
		break;
	case 'm':
		print_number(s / 60 % 60, t->count, out);
		break;
	case 's':
		print_number(s % 60, t->count, out);
		break;
	case 'S':
		for (int i = 0; i < 9; i++)
			digits[i] = '0';
		for (int64_t i = 5, us = m->us % TIME_SECOND; i >= 0; i--) {
			digits[i] = (char)('0' + us % 10);
			us /= 10;
		}
		buf_add(out, digits, (size_t)t->count);
		break;
	}
}

void
timefmt_print(const char *pattern, size_t n, int64_t us, const struct zone *z,
	struct buf *out)
{
	const char *p = pattern, *end = pattern + n;
	struct moment m = {.zone = z};
	struct piece t;

	m.offset = zone_offset(z, us);
	us += m.offset * TIME_SECOND;
	m.days = time_floor_div(us, DAY);
	m.us = us - m.days * DAY;
	date_to_civil(m.days, &m.year, &m.month, &m.day);
	while (next_piece(&p, end, &t)) {
		if (t.letter == '\0')
			buf_add(out, t.s, t.n);
		else if (strchr("GyMLdDQqEF", t.letter) != NULL)
			print_date(&m, &t, out);
		else if (strchr("VzOXxZ", t.letter) != NULL)
			print_zone(&m, &t, out);
		else if (t.letter != '[' && t.letter != ']')
			print_time(&m, &t, out);
	}
}

/* Reading. */

struct reading {
	int64_t year, us;
	int month, day, day_of_year, week_day, quarter;
	int hour, half, half_hour, minute, second; /* -1: not there */
	bool before; /* Christ */
	bool has_offset;
	int offset;
	const struct zone *zone;
};

/* A number of min to max digits. */
static const char *
read_number(const char *s, const char *end, int min, int max, int64_t *out)
{
	int n = 0;

	for (*out = 0; s < end && n < max && isdigit((unsigned char)*s); n++)
		*out = *out * 10 + (*s++ - '0');
	return n >= min ? s : NULL;
}

/* One of some names, short or whole; -1 none. */
static int
read_name(const char **s, const char *end, const char *const *names, int n,
	bool whole)
{
	for (int i = 0; i < n; i++) {
		size_t len = whole ? strlen(names[i]) : 3;

		if ((size_t)(end - *s) >= len &&
			strncasecmp(*s, names[i], len) == 0) {
			*s += len;
			return i;
		}
	}
	return -1;
}

/* +02, +0200, +02:00, Z */
static const char *
read_offset(const char *s, const char *end, const struct piece *t,
	struct reading *r)
{
	bool colon = t->letter == 'Z' ? t->count == 5
				      : t->count == 3 || t->count == 5;
	int64_t h, m = 0;
	int sign;

	r->has_offset = true;
	r->offset = 0;
	if (s < end && (*s == 'Z' || *s == 'z') &&
		(t->letter == 'X' || t->count == 5))
		return s + 1;
	if (s == end || (*s != '+' && *s != '-'))
		return NULL;
	sign = *s++ == '-' ? -1 : 1;
	s = read_number(s, end, 2, 2, &h);
	if (s == NULL)
		return NULL;
	if (!(t->letter != 'Z' && t->count == 1 &&
		    (s == end || !isdigit((unsigned char)*s)))) {
		if (colon && (s == end || *s++ != ':'))
			return NULL;
		s = read_number(s, end, 2, 2, &m);
		if (s == NULL)
			return NULL;
	}
	r->offset = sign * (int)(h * 3600 + m * 60);
	return h <= 18 && m < 60 ? s : NULL;
}

static const char *
read_zone(const char *s, const char *end, const struct piece *t,
	struct reading *r)
{
	const char *p = s;

	if (strchr("XxZ", t->letter) != NULL &&
		!(t->letter == 'Z' && t->count == 4))
		return read_offset(s, end, t, r);
	while (p < end && (isalnum((unsigned char)*p) ||
				  strchr("/_+-:", *p) != NULL))
		p++;
	r->zone = zone_open(s, (size_t)(p - s));
	return r->zone != NULL ? p : NULL;
}

static const char *
read_date(const char *s, const char *end, const struct piece *t, bool packed,
	struct reading *r)
{
	int64_t v = 0;
	int i, digits = t->count < 2 ? 2 : t->count;

	switch (t->letter) {
	case 'G':
		if (end - s < 2)
			return NULL;
		r->before = strncasecmp(s, "BC", 2) == 0;
		return r->before || strncasecmp(s, "AD", 2) == 0 ? s + 2
								  : NULL;
	case 'y':
		if (t->count == 2) {
			s = read_number(s, end, 2, 2, &v);
			v += 2000;
		} else {
			if (s < end && *s == '+')
				s++;
			s = read_number(s, end, t->count > 3 ? t->count : 1,
				packed ? t->count : 6, &v);
		}
		r->year = v;
		return s;
	case 'M':
	case 'L':
		if (t->count > 2) {
			i = read_name(&s, end, months, 12, t->count == 4);
			r->month = i + 1;
			return i >= 0 ? s : NULL;
		}
		s = read_number(s, end, t->count, 2, &v);
		r->month = (int)v;
		return v >= 1 && v <= 12 ? s : NULL;
	case 'E':
		i = read_name(&s, end, weekdays, 7, t->count == 4);
		r->week_day = i;
		return i >= 0 ? s : NULL;
	case 'd':
		s = read_number(s, end, t->count, digits, &v);
		r->day = (int)v;
		return v >= 1 && v <= 31 ? s : NULL;
	case 'D':
		s = read_number(s, end, t->count, 3, &v);
		r->day_of_year = (int)v;
		return v >= 1 && v <= 366 ? s : NULL;
	case 'Q':
	case 'q':
		if (t->count == 3 && s < end && (*s | 32) == 'q')
			s++;
		s = read_number(s, end, 1, digits, &v);
		r->quarter = (int)v;
		return v >= 1 && v <= 4 ? s : NULL;
	}
	return read_number(s, end, 1, digits, &v);
}

static const char *
read_time(const char *s, const char *end, const struct piece *t,
	struct reading *r)
{
	const char *from = s;
	int64_t v;

	if (t->letter == 'a') {
		if (end - s < 2 || (s[1] | 32) != 'm' ||
			((*s | 32) != 'a' && (*s | 32) != 'p'))
			return NULL;
		r->half = (*s | 32) == 'p';
		return s + 2;
	}
	if (t->letter == 'S') {
		s = read_number(s, end, 1, t->count, &v);
		for (int i = 0; s != NULL && i < 6 - (int)(s - from); i++)
			v *= 10;
		for (int i = 6; s != NULL && i < s - from; i++)
			v /= 10;
		r->us = v;
		return s;
	}
	s = read_number(s, end, t->count, 2, &v);
	switch (t->letter) {
	case 'H':
		r->hour = (int)v;
		return v < 24 ? s : NULL;
	case 'k':
		r->hour = (int)v % 24;
		return v >= 1 && v <= 24 ? s : NULL;
	case 'K':
		r->half_hour = (int)v;
		return v < 12 ? s : NULL;
	case 'h':
		r->half_hour = (int)v % 12;
		return v >= 1 && v <= 12 ? s : NULL;
	case 'm':
		r->minute = (int)v;
		return v < 60 ? s : NULL;
	}
	r->second = (int)v;
	return v < 60 ? s : NULL;
}

static bool
numeric_piece(const struct piece *t)
{
	if (t->letter == 'M' || t->letter == 'L')
		return t->count < 3;
	return t->letter != '\0' && strchr("ydHhkKmsSDF", t->letter) != NULL;
}

static const char *
read_piece(const char *s, const char *end, const struct piece *t,
	const char *rest, const char *pend, struct reading *r)
{
	struct piece after;

	if (t->letter == '\0')
		return (size_t)(end - s) >= t->n && memcmp(s, t->s, t->n) == 0
			? s + t->n : NULL;
	if (strchr("GyMLdDQqEF", t->letter) != NULL)
		return read_date(s, end, t,
			next_piece(&rest, pend, &after) &&
				numeric_piece(&after), r);
	if (strchr("VzOXxZ", t->letter) != NULL)
		return read_zone(s, end, t, r);
	return read_time(s, end, t, r);
}

/* Up to the closing bracket or the end; what is in brackets may be missing. */
static const char *
read_part(const char **p, const char *pend, const char *s, const char *end,
	struct reading *r)
{
	struct piece t;
	const char *q;

	while (next_piece(p, pend, &t) && t.letter != ']') {
		if (t.letter == '[') {
			struct reading kept = *r;

			q = read_part(p, pend, s, end, r);
			if (q == NULL)
				*r = kept;
			else
				s = q;
		} else if (s != NULL) {
			s = read_piece(s, end, &t, *p, pend, r);
		}
	}
	return s;
}

/* The day that was read; -1 if there is no such day. */
static int
settle_day(struct reading *r, int64_t *days)
{
	int64_t y;
	int m, d;

	if (r->before)
		r->year = 1 - r->year;
	if (r->day_of_year > 0) {
		*days = date_from_civil(r->year, 1, 1) + r->day_of_year - 1;
		date_to_civil(*days, &y, &m, &d);
		if (y != r->year)
			return -1;
	} else {
		if (r->month == 0)
			r->month = r->quarter > 0 ? 3 * r->quarter - 2 : 1;
		*days = date_from_civil(r->year, r->month, r->day);
		date_to_civil(*days, &y, &m, &d);
		if (m != r->month)
			return -1;
	}
	return r->week_day >= 0 && (*days % 7 + 7) % 7 != r->week_day ? -1
								      : 0;
}

int
timefmt_parse(const char *pattern, size_t n, const char *s, size_t ns,
	const struct zone *z, int64_t *us)
{
	struct reading r = {.year = 1970, .day = 1, .week_day = -1,
		.hour = -1, .half = -1, .half_hour = -1, .zone = z};
	const char *p = pattern, *end = s + ns;
	int64_t days, local;

	s = read_part(&p, pattern + n, s, end, &r);
	if (s != end)
		return -1;
	if (r.year > 290000 || settle_day(&r, &days) != 0)
		return -1;
	if (r.hour < 0)
		r.hour = r.half_hour >= 0
			? r.half_hour + (r.half > 0 ? 12 : 0) : 0;
	local = days * DAY +
		((r.hour * 60 + r.minute) * INT64_C(60) + r.second) *
			TIME_SECOND +
		r.us;
	*us = r.has_offset ? local - r.offset * TIME_SECOND
			   : zone_to_utc(r.zone, local);
	return 0;
}
