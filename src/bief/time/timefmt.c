/*
 * timefmt: patterns are read anew each time; they are short.
 */
#include "time/timefmt.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "text/number.h"
#include "time/date.h"
#include "time/time.h"
#include "time/zone.h"

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
	} else if (memchr("[]{}#", *s, 5) != NULL) {
		out->letter = *s++; /* {}# have no meaning yet */
	} else {
		s++;
	}
	*p = s;
	return true;
}

bool
timefmt_knows(char letter, int count)
{
	switch (letter) {
	case 'y':
		return count <= 6;
	case 'G':
	case 'M':
	case 'L':
	case 'Q':
	case 'q':
	case 'E':
	case 'z':
		return count <= 4;
	case 'D':
		return count <= 3;
	case 'd':
	case 'h':
	case 'H':
	case 'k':
	case 'K':
	case 'm':
	case 's':
		return count <= 2;
	case 'a':
	case 'F':
		return count == 1;
	case 'S':
		return count <= 9;
	case 'V':
		return count == 2;
	case 'O':
		return count == 1 || count == 4;
	case 'X':
	case 'x':
	case 'Z':
		return count <= 5;
	}
	return false;
}

int
timefmt_check(const char *pattern, size_t n, struct err *err)
{
	const char *p = pattern, *end = pattern + n;
	struct piece t;
	int open = 0;

	while (next_piece(&p, end, &t)) {
		open += (t.letter == '[') - (t.letter == ']');
		if (open < 0)
			break;
		if (t.letter == '\0' || t.letter == '[' || t.letter == ']' ||
			timefmt_knows(t.letter, t.count))
			continue;
		if (strchr("GyMLdDQqEFahHkKmsSVzOXxZ", t.letter) == NULL)
			return err_as(err, STATUS_USAGE,
				"'%c' means nothing in a pattern of time",
				t.letter);
		return err_as(err, STATUS_USAGE,
			"'%c' does not stand %d "
			"times in a pattern of time",
			t.letter, t.count);
	}
	if (open < 0)
		return err_as(err, STATUS_USAGE,
			"brackets do not match in a pattern of time");
	return 0;
}

/* A moment, taken apart. */
struct moment {
	int64_t year, days, us; /* us: of the day */
	int month, day, offset;
	const struct zone *zone;
	int64_t utc; /* microseconds since 1970 */
	bool era;    /* years count from the era on */
};

static void
print_offset(int offset, const struct piece *t, struct buf *out)
{
	int h = abs(offset) / 3600, m = abs(offset) / 60 % 60;
	int s = abs(offset) % 60, style = t->count;
	char sign = offset < 0 ? '-' : '+';

	if (offset == 0 &&
		(t->letter == 'X' || (t->letter == 'Z' && style == 5))) {
		buf_byte(out, 'Z');
		return;
	}
	if (t->letter == 'Z')
		style = style < 4 ? 2 : 5;
	/* Nothing is left of less than a minute. */
	if (h + m == 0 && style < 4)
		sign = '+';
	if (h + m == 0 && style < 4 && t->letter == 'X') {
		buf_byte(out, 'Z');
		return;
	}
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
	int s = abs(offset) % 60;

	buf_str(out, "GMT");
	if (offset == 0)
		return;
	buf_printf(out, full ? "%c%02d" : "%c%d", offset < 0 ? '-' : '+', h);
	if (full || m != 0 || s != 0)
		buf_printf(out, ":%02d", m);
	if (s != 0)
		buf_printf(out, ":%02d", s);
}

static void
print_zone(const struct moment *m, const struct piece *t, struct buf *out)
{
	switch (t->letter) {
	case 'z':
		buf_str(out,
			t->count < 4 ? zone_abbreviation(m->zone, m->utc)
				     : zone_name(m->zone));
		break;
	case 'V':
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
	char text[NUMBER_MAX];
	int n;

	if (v < 0) {
		buf_printf(out, "%0*ld", width, (long)v);
		return;
	}
	n = (int)number_print_int(v, text);
	for (; width > n; width--)
		buf_byte(out, '0');
	buf_add(out, text, (size_t)n);
}

/* Of four letters and more with a plus where it is wider than they are. */
static void
print_year(const struct moment *m, int count, struct buf *out)
{
	static const int64_t exceeds[] = {
		1, 10, 100, 1000, 10000, 100000, 1000000};
	int64_t year = m->year;

	if (m->era && year <= 0)
		year = 1 - year;
	if (count == 2) {
		print_number((year < 0 ? -year : year) % 100, 2, out);
		return;
	}
	if (year < 0 || (count > 3 && year >= exceeds[count]))
		buf_byte(out, year < 0 ? '-' : '+');
	print_number(year < 0 ? -year : year, count, out);
}

static void
print_date(const struct moment *m, const struct piece *t, struct buf *out)
{
	int week_day = (int)((m->days % 7 + 7) % 7);
	const char *name = months[m->month - 1];

	switch (t->letter) {
	case 'G':
		buf_str(out,
			t->count < 4          ? m->year > 0 ? "AD" : "BC"
				: m->year > 0 ? "Anno Domini"
					      : "Before Christ");
		break;
	case 'y':
		print_year(m, t->count, out);
		break;
	case 'M':
	case 'L':
		if (t->count < 3)
			print_number(m->month, t->count, out);
		else
			buf_add(out, name,
				t->count == 3           ? 3
					: t->count == 5 ? 1
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
				m->month < 4            ? "st"
					: m->month < 7  ? "nd"
					: m->month < 10 ? "rd"
							: "th");
		break;
	case 'E':
		buf_add(out, weekdays[week_day],
			t->count < 4            ? 3
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

static void
print_pieces(const char *pattern, size_t n, struct moment *m, struct buf *out)
{
	const char *p = pattern, *end = pattern + n;
	struct piece t;

	date_to_civil(m->days, &m->year, &m->month, &m->day);
	if (memchr(pattern, 'G', n) != NULL) {
		while (next_piece(&p, end, &t))
			m->era |= t.letter == 'G';
		p = pattern;
	}
	while (next_piece(&p, end, &t)) {
		if (t.letter == '\0')
			buf_add(out, t.s, t.n);
		else if (strchr("GyMLdDQqEF", t.letter) != NULL)
			print_date(m, &t, out);
		else if (strchr("VzOXxZ", t.letter) != NULL)
			print_zone(m, &t, out);
		else if (t.letter != '[' && t.letter != ']')
			print_time(m, &t, out);
	}
}

void
timefmt_print(const char *pattern, size_t n, int64_t us, const struct zone *z,
	struct buf *out)
{
	struct moment m = {.zone = z, .utc = us};

	m.days = zone_day(z, us, &m.us);
	/* Exact although each of the two may wrap. */
	m.offset = (int)((int64_t)((uint64_t)m.days * DAY + (uint64_t)m.us -
				 (uint64_t)us) /
		TIME_SECOND);
	print_pieces(pattern, n, &m, out);
}

void
timefmt_print_date(const char *pattern, size_t n, int64_t days, struct buf *out)
{
	struct moment m = {.zone = zone_utc, .days = days};

	print_pieces(pattern, n, &m, out);
}
