#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "time.h"
#include "timepat.h"

#define ITEMS 64

/* letter: of the pattern, or '\'' for one byte of text, '[' and ']'. */
struct item {
	char letter;
	char text;
	uint8_t count;
	uint8_t to; /* of '[': where its ']' stands */
};

struct timepat {
	struct item item[ITEMS];
	int n;
};

/* What the text has told so far. */
struct parts {
	int64_t year;
	int month, day, yday; /* yday: 0 none told */
	int hour, half;       /* half: of the day, -1 none told */
	int minute, second;
	int64_t fraction_us;
	const struct zone *zone;
	bool has_offset;
	int offset; /* seconds */
};

static const char *const months[] = {"January", "February", "March", "April",
	"May", "June", "July", "August", "September", "October", "November",
	"December"};
static const char *const weekdays[] = {"Monday", "Tuesday", "Wednesday",
	"Thursday", "Friday", "Saturday", "Sunday"};

/* The highest count of a letter that is known; 0: none. */
static int
most(char letter)
{
	switch (letter) {
	case 'y':
	case 'u':
		return 9;
	case 'M':
	case 'L':
	case 'E':
		return 4;
	case 'd':
	case 'H':
	case 'h':
	case 'K':
	case 'k':
	case 'm':
	case 's':
	case 'V':
		return 2;
	case 'D':
	case 'X':
	case 'x':
	case 'Z':
	case 'z':
		return 3;
	case 'S':
		return 9;
	case 'a':
		return 1;
	}
	return 0;
}

static bool
numeric(const struct item *it)
{
	return strchr("yudDHhKkmsS", it->letter) != NULL ||
		(strchr("ML", it->letter) != NULL && it->count <= 2);
}

static int
refuse(struct err *err, const char *pattern, const char *why)
{
	char text[200];

	err_quote(text, sizeof(text), pattern, strlen(pattern));
	return err_as(err, STATUS_USAGE, "timestamp pattern '%s': %s", text,
		why);
}

static int
add(struct timepat *t, char letter, char text, int count)
{
	if (t->n == ITEMS)
		return -1;
	t->item[t->n++] = (struct item){letter, text, (uint8_t)count, 0};
	return 0;
}

/* '...' at *p: text, '' a quote. */
static int
add_quoted(struct timepat *t, const char **p)
{
	const char *q = *p + 1;

	if (*q == '\'') {
		*p = q + 1;
		return add(t, '\'', '\'', 1);
	}
	for (; *q != '\0'; q++) {
		if (*q == '\'' && *++q != '\'') {
			*p = q;
			return 0;
		}
		if (add(t, '\'', *q, 1) < 0)
			return -1;
	}
	return -1;
}

static int
compile(struct timepat *t, const char *pattern, struct err *err)
{
	const char *p = pattern;
	int open[ITEMS], depth = 0, n;

	while (*p != '\0') {
		if (*p == '\'') {
			if (add_quoted(t, &p) < 0)
				return refuse(err, pattern,
					"a quote is not closed");
			continue;
		}
		for (n = 1; isalpha((unsigned char)*p) && p[n] == *p; n++)
			continue;
		if (isalpha((unsigned char)*p) && n > most(*p)) {
			char why[80];

			snprintf(why, sizeof(why), "'%.*s' is not supported",
				n > 20 ? 20 : n, p);
			return refuse(err, pattern, why);
		}
		if (t->n == ITEMS)
			return refuse(err, pattern, "it is too long");
		if (*p == '[')
			open[depth++] = t->n;
		if (*p == ']') {
			if (depth == 0)
				return refuse(err, pattern,
					"']' without '['");
			t->item[open[--depth]].to = (uint8_t)t->n;
		}
		if (strchr("{}#", *p) != NULL)
			return refuse(err, pattern,
				"{, } and # must be quoted");
		add(t, isalpha((unsigned char)*p) || *p == '[' || *p == ']' ?
			*p : '\'', *p, n);
		p += n;
	}
	if (depth > 0)
		return refuse(err, pattern, "'[' without ']'");
	if (t->n == 0)
		return refuse(err, pattern, "it is empty");
	return 0;
}

struct timepat *
timepat_new(const char *pattern, struct err *err)
{
	struct timepat *t = mem_zalloc(sizeof(*t));

	if (compile(t, pattern, err) < 0) {
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

static int
take_digits(const char **s, const char *end, int least, int max, int64_t *out)
{
	const char *p = *s;

	*out = 0;
	while (p < end && isdigit((unsigned char)*p) && p - *s < max)
		*out = *out * 10 + (*p++ - '0');
	if (p - *s < least)
		return -1;
	*s = p;
	return 0;
}

static int
digits_ahead(const char *s, const char *end)
{
	int n = 0;

	while (s + n < end && isdigit((unsigned char)s[n]))
		n++;
	return n;
}

/* Digits that the numbers of fixed width right behind item i need. */
static int
reserved(const struct timepat *t, int i)
{
	int n = 0;

	while (++i < t->n && numeric(&t->item[i]) &&
		(t->item[i].count > 1 || t->item[i].letter == 'S'))
		n += t->item[i].count;
	return n;
}

static int
take_number(const struct timepat *t, int i, const char **s, const char *end,
	int64_t *out)
{
	const struct item *it = &t->item[i];
	int least = it->count, max = it->count;
	bool year = it->letter == 'y' || it->letter == 'u', minus = false;

	if (year && it->count != 2 && *s < end &&
		(**s == '-' || (**s == '+' && it->count > 3))) {
		minus = **s == '-';
		if (**s == '+')
			max = 9;
		++*s;
	}
	if ((it->count == 1 && it->letter != 'S') || (year && max == 3)) {
		max = digits_ahead(*s, end) - reserved(t, i);
		if (max > 9)
			max = 9;
	}
	if (take_digits(s, end, least, max, out) < 0)
		return -1;
	if (year && it->count == 2)
		*out += 2000;
	if (minus)
		*out = -*out;
	return 0;
}

/* One of n names, whole or its first three letters, any case. */
static int
take_name(const char **s, const char *end, const char *const *names, int n,
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

/* +HH, +HHmm, +HH:mm as the letter and its count say. */
static int
take_offset(const struct item *it, const char **s, const char *end,
	struct parts *x)
{
	int64_t h, m = 0;
	bool colon = it->count == 3 && it->letter != 'Z', minus;

	x->has_offset = true;
	if (it->letter == 'X' && *s < end && (**s | 0x20) == 'z') {
		++*s;
		x->offset = 0;
		return 0;
	}
	if (*s >= end || (**s != '+' && **s != '-'))
		return -1;
	minus = *(*s)++ == '-';
	if (take_digits(s, end, 2, 2, &h) < 0)
		return -1;
	if (colon && (*s >= end || *(*s)++ != ':'))
		return -1;
	if (take_digits(s, end, 2, 2, &m) < 0 &&
		(it->letter == 'Z' || it->count > 1))
		return -1;
	if (h > 18 || m > 59)
		return -1;
	x->offset = (int)(h * 3600 + m * 60) * (minus ? -1 : 1);
	return 0;
}

static int
take_zone(const char **s, const char *end, struct parts *x)
{
	const char *p = *s;

	while (p < end && (isalnum((unsigned char)*p) ||
		strchr("/_+-:", *p) != NULL) && *p != '\0')
		p++;
	x->zone = zone_open(*s, (size_t)(p - *s));
	*s = p;
	return x->zone != NULL ? 0 : -1;
}

static int
set_number(const struct item *it, int64_t i, struct parts *x)
{
	switch (it->letter) {
	case 'y':
	case 'u':
		x->year = i;
		return i < -290000 || i > 290000 ? -1 : 0;
	case 'M':
	case 'L':
		x->month = (int)i;
		return i < 1 || i > 12 ? -1 : 0;
	case 'd':
		x->day = (int)i;
		return i < 1 || i > 31 ? -1 : 0;
	case 'D':
		x->yday = (int)i;
		return i < 1 || i > 366 ? -1 : 0;
	case 'H':
		x->hour = (int)i;
		return i > 23 ? -1 : 0;
	case 'k':
		x->hour = (int)(i % 24);
		return i < 1 || i > 24 ? -1 : 0;
	case 'K':
		x->hour = (int)i;
		return i > 11 ? -1 : 0;
	case 'h':
		x->hour = (int)(i % 12);
		return i < 1 || i > 12 ? -1 : 0;
	case 'm':
		x->minute = (int)i;
		return i > 59 ? -1 : 0;
	case 's':
		x->second = (int)i;
		return i > 59 ? -1 : 0;
	}
	/* S: so many digits after the point. */
	for (int n = it->count; n < 6; n++)
		i *= 10;
	for (int n = it->count; n > 6; n--)
		i /= 10;
	x->fraction_us = i;
	return 0;
}

static int
take_item(const struct timepat *t, int i, const char **s, const char *end,
	struct parts *x)
{
	static const char *const halves[] = {"AM ", "PM "};
	const struct item *it = &t->item[i];
	int64_t number;
	int k;

	if (numeric(it))
		return take_number(t, i, s, end, &number) < 0 ? -1 :
			set_number(it, number, x);
	switch (it->letter) {
	case 'M':
	case 'L':
		k = take_name(s, end, months, 12, it->count == 4);
		x->month = k + 1;
		return k < 0 ? -1 : 0;
	case 'E':
		return take_name(s, end, weekdays, 7, it->count == 4) < 0 ?
			-1 : 0;
	case 'a':
		for (k = 0; k < 2; k++)
			if (end - *s >= 2 &&
				strncasecmp(*s, halves[k], 2) == 0) {
				*s += 2;
				x->half = k;
				return 0;
			}
		return -1;
	case 'X':
	case 'x':
	case 'Z':
		return take_offset(it, s, end, x);
	case 'V':
	case 'z':
		return take_zone(s, end, x);
	}
	if (*s >= end || tolower((unsigned char)**s) !=
		tolower((unsigned char)it->text))
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
		if (t->item[i].letter == '[') {
			struct parts y = *x;
			const char *q = *s;

			if (take_items(t, i + 1, t->item[i].to, &q, end,
				&y) == 0) {
				*x = y;
				*s = q;
			}
			i = t->item[i].to;
		} else if (take_item(t, i, s, end, x) < 0) {
			return -1;
		}
	}
	return 0;
}

int
timepat_parse(const struct timepat *t, const char *s, size_t n,
	const struct zone *zone, int64_t *us)
{
	struct parts x = {.year = 1970, .month = 1, .day = 1, .half = -1,
		.zone = zone};
	const char *end = s + n;
	int64_t year;
	int32_t days;
	int month, day;

	if (take_items(t, 0, t->n, &s, end, &x) < 0 || s != end)
		return -1;
	days = date_from_civil(x.year, x.month, x.day);
	if (x.yday > 0)
		days = date_from_civil(x.year, 1, 1) + x.yday - 1;
	date_to_civil(days, &year, &month, &day);
	if (year != x.year || (x.yday == 0 && day != x.day))
		return -1;
	if (x.half == 1 && x.hour < 12)
		x.hour += 12;
	*us = ((int64_t)days * 86400 + x.hour * 3600 + x.minute * 60 +
		x.second) * TIME_SECOND + x.fraction_us;
	if (x.has_offset)
		*us -= x.offset * TIME_SECOND;
	else
		*us = zone_to_utc(x.zone, *us);
	return 0;
}
