/*
 * duration: as people write them, read as Spark reads intervals where the two
 * could differ: a sign, a fraction, words.
 */
#include "time/duration.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "floor/err.h"
#include "text/number.h"
#include "time/scan.h"
#include "time/time.h"

#define DAY (INT64_C(86400) * TIME_SECOND)

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

	while (r->p < r->end && scan_blank(*r->p))
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
	while (r->p < r->end && scan_digit(*r->p))
		r->p++;
	count = (size_t)(r->p - start);
	if (count > 0 && number_int(start, count, whole) < 0)
		return -1;
	if (r->p == r->end || *r->p != '.')
		return count > 0 ? 0 : -1;
	for (r->p++; r->p < r->end && scan_digit(*r->p); r->p++, count++)
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
			name == r->p || !scan_digit(*name)
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
		scan_blank(r.p[8])) {
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
