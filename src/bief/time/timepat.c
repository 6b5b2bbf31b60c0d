/*
 * timepat: what java.time's DateTimeFormatter does with a pattern that Spark has
 * prepared: strict, any case, a fraction of one up to so many digits.
 */
#include "time/timepat.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "time/date.h"
#include "time/time.h"
#include "time/timefmt.h"
#include "time/zone.h"

#define ITEMS 64
#define DAY (INT64_C(86400) * TIME_SECOND)
#define MANY 19 /* digits of a number whose width is open */
#define OFFSET_MAX (18 * 3600)
#define YEAR_MAX 5800000 /* days of its dates fit 32 bits */

/* The fields that a text may tell. */
enum field {
	ERA,
	YEAR,
	YEAR_OF_ERA,
	MONTH,
	DAY_OF_MONTH,
	DAY_OF_YEAR,
	HOUR,
	CLOCK,
	HALF_HOUR,
	HALF_CLOCK,
	HALF,
	MINUTE,
	SECOND,
	NANO,
	OFFSET,
	FIELDS
};

/* What may stand in front of a number. */
enum sign { NONE, MINUS, EXCEEDS /* a plus, where it is wider than least */ };

/*
 * letter: of the pattern, or '\'' for one byte of text, '[' and ']'.
 * A number takes from least to most digits, and leaves behind digits to the
 * numbers of fixed width that follow it without a gap.
 */
struct item {
	char letter;
	char text;
	uint8_t count;
	uint8_t to; /* of '[': where its ']' stands */
	uint8_t field, least, most, behind, sign;
};

struct timepat {
	struct item item[ITEMS];
	int n;
	int open; /* the number that the next one is adjacent to, or -1 */
	bool era; /* a G stands in it: y counts from the era on */
};

/* What the text has told so far. */
struct parts {
	int64_t v[FIELDS];
	uint32_t told; /* a bit for each field */
	const struct zone *zone;
};

static const char *const months[] = {"January", "February", "March", "April",
	"May", "June", "July", "August", "September", "October", "November",
	"December"};
static const char *const weekdays[] = {"Monday", "Tuesday", "Wednesday",
	"Thursday", "Friday", "Saturday", "Sunday"};
static const char *const halves[] = {"AM", "PM"};
static const char *const eras[] = {"BC", "AD"};
static const char *const long_eras[] = {"Before Christ", "Anno Domini"};

static bool
known(char letter, int count)
{
	if (letter == 'u')
		letter = 'y';
	/* Spark does not read these. */
	return strchr("FQq", letter) == NULL && timefmt_knows(letter, count);
}

static bool
numeric(const struct item *it)
{
	return strchr("yudDHhKkmsS", it->letter) != NULL ||
		(strchr("ML", it->letter) != NULL && it->count <= 2);
}

static int
timepat_refuse(struct err *err, const char *pattern, const char *why)
{
	char text[200];

	err_quote(text, sizeof(text), pattern, strlen(pattern));
	return err_as(
		err, STATUS_USAGE, "timestamp pattern '%s': %s", text, why);
}

static enum field
field_of(char letter, bool era)
{
	switch (letter) {
	case 'y':
		return era ? YEAR_OF_ERA : YEAR;
	case 'u':
		return YEAR;
	case 'M':
	case 'L':
		return MONTH;
	case 'd':
		return DAY_OF_MONTH;
	case 'D':
		return DAY_OF_YEAR;
	case 'H':
		return HOUR;
	case 'k':
		return CLOCK;
	case 'K':
		return HALF_HOUR;
	case 'h':
		return HALF_CLOCK;
	case 'm':
		return MINUTE;
	case 's':
		return SECOND;
	case 'S':
		return NANO;
	}
	return FIELDS;
}

/* How many digits a number has, and which sign. */
static void
set_width(struct item *it)
{
	bool year = it->letter == 'y' || it->letter == 'u';

	it->least = it->count;
	it->most = it->count;
	it->sign = NONE;
	if (it->letter == 'S') {
		it->least = 1;
	} else if (it->letter == 'D' && it->count > 1) {
		it->most = 3;
	} else if (it->count == 1 || (year && it->count != 2)) {
		it->most = MANY;
		it->sign = it->count > 3 ? EXCEEDS : MINUS;
	}
}

/* A number of fixed width takes its digits from the open one in front. */
static void
join_number(struct timepat *t, struct item *it)
{
	bool fixed = it->least == it->most && it->sign == NONE;

	if (it->letter == 'S' && !fixed)
		t->open = -1;
	else if (t->open >= 0 && fixed)
		t->item[t->open].behind += it->most;
	else
		t->open = t->n;
}

static int
timepat_add(struct timepat *t, char letter, char text, int count)
{
	struct item it = {
		.letter = letter, .text = text, .count = (uint8_t)count};

	if (t->n == ITEMS)
		return -1;
	it.field = (uint8_t)field_of(letter, t->era);
	if (numeric(&it)) {
		set_width(&it);
		join_number(t, &it);
	} else {
		t->open = -1;
	}
	t->item[t->n++] = it;
	return 0;
}

/* '...' at *p: text, '' a quote. */
static int
add_quoted(struct timepat *t, const char **p)
{
	const char *q = *p + 1;

	if (*q == '\'') {
		*p = q + 1;
		return timepat_add(t, '\'', '\'', 1);
	}
	for (; *q != '\0'; q++) {
		if (*q == '\'' && *++q != '\'') {
			*p = q;
			return 0;
		}
		if (timepat_add(t, '\'', *q, 1) < 0)
			return -1;
	}
	return -1;
}

/* Does the letter G stand outside of quotes? */
static bool
has_era(const char *p)
{
	bool quoted = false;

	for (; *p != '\0'; p++) {
		if (*p == '\'')
			quoted = !quoted;
		else if (*p == 'G' && !quoted)
			return true;
	}
	return false;
}

/* A letter so many times, a bracket or text at *p; moves *p. */
static int
add_piece(
	struct timepat *t, const char **p, const char *pattern, struct err *err)
{
	const char *s = *p;
	bool letter = isalpha((unsigned char)*s);
	char why[80];
	int n = 1;

	while (letter && s[n] == *s)
		n++;
	if (letter && !known(*s, n)) {
		snprintf(why, sizeof(why), "'%.*s' is not supported",
			n > 20 ? 20 : n, s);
		return timepat_refuse(err, pattern, why);
	}
	if (strchr("{}#", *s) != NULL)
		return timepat_refuse(
			err, pattern, "{, } and # must be quoted");
	if (timepat_add(
		    t, letter || *s == '[' || *s == ']' ? *s : '\'', *s, n) < 0)
		return timepat_refuse(
			err, pattern, "it has more than 64 parts");
	*p = s + n;
	return 0;
}

static int
timepat_compile(struct timepat *t, const char *pattern, struct err *err)
{
	const char *p = pattern;
	int open[ITEMS], depth = 0;

	t->open = -1;
	t->era = has_era(pattern);
	while (*p != '\0') {
		if (*p == '\'') {
			if (add_quoted(t, &p) < 0)
				return timepat_refuse(err, pattern,
					t->n == ITEMS
						? "it has more than 64 parts"
						: "a quote is not closed");
			continue;
		}
		if (*p == '[')
			open[depth++] = t->n;
		if (*p == ']') {
			if (depth == 0)
				return timepat_refuse(
					err, pattern, "']' without '['");
			t->item[open[--depth]].to = (uint8_t)t->n;
		}
		if (add_piece(t, &p, pattern, err) < 0)
			return -1;
	}
	/* What is still open ends with the pattern. */
	while (depth > 0)
		t->item[open[--depth]].to = (uint8_t)t->n;
	return t->n == 0 ? timepat_refuse(err, pattern, "it is empty") : 0;
}

struct timepat *
timepat_new(const char *pattern, struct err *err)
{
	struct timepat *t = mem_zalloc(sizeof(*t));

	if (timepat_compile(t, pattern, err) < 0) {
		free(t);
		return NULL;
	}
	return t;
}

void
timepat_free(struct timepat *t)
{
	free(t);
}

/* Reading: each function takes what it needs from *s (to end), or returns -1.*/

static bool
told(const struct parts *x, enum field f)
{
	return (x->told >> f & 1) != 0;
}

/* A field that is told twice must be told the same. */
static int
timepat_tell(struct parts *x, enum field f, int64_t v)
{
	if (told(x, f) && x->v[f] != v)
		return -1;
	x->v[f] = v;
	x->told |= UINT32_C(1) << f;
	return 0;
}

static int
digits_ahead(const char *s, const char *end, int most)
{
	int n = 0;

	while (n < most && s + n < end && isdigit((unsigned char)s[n]))
		n++;
	return n;
}

/* k digits; what passes 18 of them fits no field. */
static int64_t
digits_value(const char *s, int k)
{
	int64_t v = 0;

	for (int i = 0; i < k; i++) {
		if (v > INT64_MAX / 10 - 1)
			return INT64_MAX;
		v = v * 10 + (s[i] - '0');
	}
	return v;
}

static int
take_number(
	const struct item *it, const char **s, const char *end, struct parts *x)
{
	bool minus = *s < end && **s == '-', plus = *s < end && **s == '+';
	const char *p = *s + (minus || plus);
	int k = digits_ahead(p, end, it->most + it->behind);
	int64_t v;

	if ((minus && it->sign == NONE) || (plus && it->sign != EXCEEDS))
		return -1;
	if (it->behind > 0)
		k = k - it->behind > it->least ? k - it->behind : it->least;
	if (digits_ahead(p, end, k) < k || k < it->least)
		return -1;
	v = digits_value(p, k);
	if (minus && v == 0)
		return -1;
	if (it->sign == EXCEEDS && !minus && plus != (k > it->least))
		return -1;
	if ((it->letter == 'y' || it->letter == 'u') && it->count == 2)
		v += 2000;
	for (int i = k; it->letter == 'S' && i < 9; i++)
		v *= 10;
	*s = p + k;
	return timepat_tell(x, (enum field)it->field, minus ? -v : v);
}

/* One of n names, whole or its first letters, any case. */
static int
take_name(const char **s, const char *end, const char *const *names, int n,
	size_t letters)
{
	for (int i = 0; i < n; i++) {
		size_t len = letters > 0 ? letters : strlen(names[i]);

		if ((size_t)(end - *s) >= len &&
			strncasecmp(*s, names[i], len) == 0) {
			*s += len;
			return i;
		}
	}
	return -1;
}

/* Two digits up to 59, behind a colon where one is wanted; -1: none here. */
static int
take_pair(const char **s, const char *end, bool colon)
{
	const char *p = *s;
	int v;

	if (colon && (p == end || *p++ != ':'))
		return -1;
	if (digits_ahead(p, end, 2) < 2)
		return -1;
	v = (p[0] - '0') * 10 + p[1] - '0';
	if (v > 59)
		return -1;
	*s = p + 2;
	return v;
}

/* X x Z: +HH, minutes and seconds as the letter and its count say. */
static int
take_offset(
	const struct item *it, const char **s, const char *end, struct parts *x)
{
	int style = it->letter != 'Z' ? it->count : it->count < 4 ? 2 : 5;
	bool z = it->letter == 'X' || (it->letter == 'Z' && it->count == 5);
	bool colon = style == 3 || style == 5, minus;
	int h, m, sec = 0;

	if (z && *s < end && (**s | 0x20) == 'z') {
		++*s;
		return timepat_tell(x, OFFSET, 0);
	}
	if (*s >= end || (**s != '+' && **s != '-'))
		return -1;
	minus = *(*s)++ == '-';
	h = take_pair(s, end, false);
	/* +00 is all of an x that is zero. */
	m = h == 0 && !minus && it->letter == 'x' && style == 1
		? -1
		: take_pair(s, end, colon);
	if (h < 0 || h > 23 || (m < 0 && style > 1))
		return -1;
	if (style > 3)
		sec = take_pair(s, end, colon);
	sec = h * 3600 + (m < 0 ? 0 : m) * 60 + (sec < 0 ? 0 : sec);
	return timepat_tell(x, OFFSET, minus ? -sec : sec);
}

/* O OOOO ZZZZ: GMT, GMT+8, GMT+08:00 */
static int
take_gmt(bool full, const char **s, const char *end, struct parts *x)
{
	static const char *const gmt[] = {"GMT"};
	int h, m, sec, k;
	bool minus;

	if (take_name(s, end, gmt, 1, 0) < 0)
		return -1;
	if (*s == end || (**s != '+' && **s != '-'))
		return timepat_tell(x, OFFSET, 0);
	minus = *(*s)++ == '-';
	k = digits_ahead(*s, end, 2);
	if (k < 1 || (full && k < 2))
		return -1;
	h = (int)digits_value(*s, k);
	*s += k;
	m = take_pair(s, end, true);
	if (full && m < 0)
		return -1;
	sec = m < 0 ? -1 : take_pair(s, end, true);
	sec = h * 3600 + (m < 0 ? 0 : m) * 60 + (sec < 0 ? 0 : sec);
	return timepat_tell(x, OFFSET, minus ? -sec : sec);
}

/* Names of zones that a text may have where z stands, beside their ids. */
static const char *
zone_of_name(const char *s, size_t n)
{
	static const struct {
		char name[5];
		const char *id;
	} names[] = {{"EST", "America/New_York"}, {"EDT", "America/New_York"},
		{"CST", "America/Chicago"}, {"CDT", "America/Chicago"},
		{"MST", "America/Denver"}, {"MDT", "America/Denver"},
		{"PST", "America/Los_Angeles"}, {"PDT", "America/Los_Angeles"},
		{"AKST", "America/Anchorage"}, {"AKDT", "America/Anchorage"},
		{"HST", "Pacific/Honolulu"}, {"CET", "Europe/Paris"},
		{"CEST", "Europe/Paris"}, {"BST", "Europe/London"},
		{"EEST", "Europe/Bucharest"}, {"JST", "Asia/Tokyo"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i].name) == n &&
			strncasecmp(names[i].name, s, n) == 0)
			return names[i].id;
	return NULL;
}

/* V z: the longest text that names a zone. */
static int
take_zone(
	const struct item *it, const char **s, const char *end, struct parts *x)
{
	const char *p = *s, *id;

	while (p < end && p - *s < 64 &&
		(isalnum((unsigned char)*p) || memchr("/_+-:", *p, 5) != NULL))
		p++;
	for (; p > *s; p--) {
		/* A name does not end within a word. */
		if (p < end && isalnum((unsigned char)*p) &&
			isalnum((unsigned char)p[-1]))
			continue;
		id = it->letter == 'z' ? zone_of_name(*s, (size_t)(p - *s))
				       : NULL;
		x->zone = id != NULL ? zone_open(id, strlen(id))
				     : zone_open(*s, (size_t)(p - *s));
		if (x->zone != NULL)
			break;
	}
	*s = p;
	return x->zone != NULL ? 0 : -1;
}

static int
take_text(
	const struct item *it, const char **s, const char *end, struct parts *x)
{
	size_t letters = it->count < 4 ? 3 : 0;
	int k;

	switch (it->letter) {
	case 'M':
	case 'L':
		k = take_name(s, end, months, 12, letters);
		return k < 0 ? -1 : timepat_tell(x, MONTH, k + 1);
	case 'E': /* not compared with the date */
		return take_name(s, end, weekdays, 7, letters) < 0 ? -1 : 0;
	case 'a':
		k = take_name(s, end, halves, 2, 0);
		return k < 0 ? -1 : timepat_tell(x, HALF, k);
	default:
		k = take_name(s, end, it->count < 4 ? eras : long_eras, 2, 0);
		return k < 0 ? -1 : timepat_tell(x, ERA, k);
	}
}

static int
take_item(
	const struct item *it, const char **s, const char *end, struct parts *x)
{
	if (numeric(it))
		return take_number(it, s, end, x);
	switch (it->letter) {
	case 'M':
	case 'L':
	case 'E':
	case 'a':
	case 'G':
		return take_text(it, s, end, x);
	case 'Z':
		if (it->count == 4)
			return take_gmt(true, s, end, x);
		/* FALLTHROUGH */
	case 'X':
	case 'x':
		return take_offset(it, s, end, x);
	case 'O':
		return take_gmt(it->count == 4, s, end, x);
	case 'V':
	case 'z':
		return take_zone(it, s, end, x);
	}
	if (*s >= end ||
		tolower((unsigned char)**s) != tolower((unsigned char)it->text))
		return -1;
	++*s;
	return 0;
}

/* Items i to n; a part in [ ] that does not fit is left out. */
static int
take_items(const struct timepat *t, int i, int n, const char **s,
	const char *end, struct parts *x)
{
	for (; i < n; i++) {
		if (t->item[i].letter == ']')
			continue;
		if (t->item[i].letter == '[') {
			struct parts y = *x;
			const char *q = *s;

			if (take_items(t, i + 1, t->item[i].to, &q, end, &y) ==
				0) {
				*x = y;
				*s = q;
			}
			i = t->item[i].to;
		} else if (take_item(&t->item[i], s, end, x) < 0) {
			return -1;
		}
	}
	return 0;
}

/* Putting together. */

static bool
in_ranges(const struct parts *x)
{
	static const struct {
		int64_t least, most;
	} range[FIELDS] = {[ERA] = {0, 1},
		[YEAR] = {-YEAR_MAX, YEAR_MAX},
		[YEAR_OF_ERA] = {1, YEAR_MAX},
		[MONTH] = {1, 12},
		[DAY_OF_MONTH] = {1, 31},
		[DAY_OF_YEAR] = {1, 366},
		[HOUR] = {0, 23},
		[CLOCK] = {1, 24},
		[HALF_HOUR] = {0, 11},
		[HALF_CLOCK] = {1, 12},
		[HALF] = {0, 1},
		[MINUTE] = {0, 59},
		[SECOND] = {0, 59},
		[NANO] = {0, 999999999},
		[OFFSET] = {-OFFSET_MAX, OFFSET_MAX}};

	for (int f = 0; f < FIELDS; f++)
		if (told(x, (enum field)f) &&
			(x->v[f] < range[f].least || x->v[f] > range[f].most))
			return false;
	return true;
}

/* Without an era the year in it tells nothing, as Java resolves strictly. */
static int
resolve_year(struct parts *x)
{
	int64_t y = x->v[YEAR_OF_ERA];

	if (!told(x, YEAR_OF_ERA))
		return 0;
	if (told(x, ERA))
		return timepat_tell(x, YEAR, x->v[ERA] == 1 ? y : 1 - y);
	if (told(x, YEAR))
		return timepat_tell(x, YEAR, x->v[YEAR] > 0 ? y : 1 - y);
	return 0;
}

/* The date; month and day of the month must agree with the day of the year. */
static int
resolve_date(struct parts *x, int64_t *days)
{
	int64_t year, y;
	int month, day;

	if (resolve_year(x) < 0)
		return -1;
	year = told(x, YEAR) ? x->v[YEAR] : 1970;
	month = told(x, MONTH) ? (int)x->v[MONTH] : 1;
	day = told(x, DAY_OF_MONTH) ? (int)x->v[DAY_OF_MONTH] : 1;
	*days = told(x, DAY_OF_YEAR)
		? date_from_civil(year, 1, 1) + x->v[DAY_OF_YEAR] - 1
		: date_from_civil(year, month, day);
	date_to_civil(*days, &y, &month, &day);
	if (y != year || (told(x, MONTH) && month != x->v[MONTH]) ||
		(told(x, DAY_OF_MONTH) && day != x->v[DAY_OF_MONTH]))
		return -1;
	return 0;
}

/* The hour by each of its letters, which must agree; without a half of the day
 * it is the first one. */
static int
resolve_hour(struct parts *x, int64_t *hour)
{
	if (told(x, CLOCK) && timepat_tell(x, HOUR, x->v[CLOCK] % 24) < 0)
		return -1;
	if (told(x, HALF_CLOCK) &&
		timepat_tell(x, HALF_HOUR, x->v[HALF_CLOCK] % 12) < 0)
		return -1;
	if (told(x, HALF) && told(x, HALF_HOUR) &&
		timepat_tell(x, HOUR, x->v[HALF] * 12 + x->v[HALF_HOUR]) < 0)
		return -1;
	if (told(x, HOUR)) {
		*hour = x->v[HOUR];
		if ((told(x, HALF) && *hour / 12 != x->v[HALF]) ||
			(told(x, HALF_HOUR) && *hour % 12 != x->v[HALF_HOUR]))
			return -1;
	} else if (told(x, HALF_HOUR)) {
		*hour = x->v[HALF_HOUR];
	} else {
		*hour = told(x, HALF) ? x->v[HALF] * 12 : 0;
	}
	return 0;
}

/* The wall clock that a text tells: a day and the microseconds of it. */
static int
timepat_resolve(const struct timepat *t, const char *s, size_t n,
	struct parts *x, int64_t *days, int64_t *us_of_day)
{
	const char *end = s + n;
	int64_t hour;

	if (take_items(t, 0, t->n, &s, end, x) < 0 || s != end)
		return -1;
	if (!in_ranges(x) || resolve_date(x, days) < 0 ||
		resolve_hour(x, &hour) < 0)
		return -1;
	*us_of_day = (hour * 3600 + x->v[MINUTE] * 60 + x->v[SECOND]) *
			TIME_SECOND +
		x->v[NANO] / 1000;
	return 0;
}

int
timepat_parse(const struct timepat *t, const char *s, size_t n,
	const struct zone *zone, int64_t *us)
{
	struct parts x = {.told = 0};
	int64_t days, rest;

	if (timepat_resolve(t, s, n, &x, &days, &rest) < 0)
		return -1;
	if (x.zone != NULL || !told(&x, OFFSET))
		return zone_moment(
			x.zone != NULL ? x.zone : zone, days, rest, us);
	return zone_moment(
		zone_utc, days, rest - x.v[OFFSET] * TIME_SECOND, us);
}

int
timepat_parse_date(
	const struct timepat *t, const char *s, size_t n, int32_t *days)
{
	struct parts x = {.told = 0};
	int64_t day, rest;

	if (timepat_resolve(t, s, n, &x, &day, &rest) < 0)
		return -1;
	*days = (int32_t)day;
	return 0;
}
