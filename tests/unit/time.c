/* Times, dates, zones and durations. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "floor/err.h"
#include "time/time.h"
#include "time/date.h"
#include "time/duration.h"
#include "time/zone.h"

static uint64_t seed = 11;

static uint64_t
pick(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static const struct zone *
zone(const char *name)
{
	return zone_open(name, strlen(name));
}

static void
fail(const char *what, const char *got, const char *want)
{
	fprintf(stderr, "%s: %s, not %s\n", what, got, want);
	abort();
}

/* Text in a zone, at 2026-11-21T23:30:00Z; want is "" where it is refused. */
static void
parse_in(const char *text, const char *zone_text, const char *want)
{
	char out[TIME_MAX + 1] = "";
	int64_t us, now;

	assert(time_parse_iso("2026-11-21T23:30:00Z", 20, &now) == 0);
	if (time_parse(text, strlen(text), zone(zone_text), now, &us) == 0)
		out[time_format_iso(us, out)] = '\0';
	if (strcmp(out, want) != 0)
		fail(text, out, want);
}

static void
parse(const char *text, const char *want)
{
	parse_in(text, "UTC", want);
}

static void
spark_texts(void)
{
	parse("2016-07-26", "2016-07-26T00:00:00Z");
	parse("2016-07-26T02:45:07Z", "2016-07-26T02:45:07Z");
	parse("2016-07-26 02:45:07", "2016-07-26T02:45:07Z");
	parse("2016-07-26T02:45:07.123456789Z", "2016-07-26T02:45:07.123456Z");
	parse("2016-07-26T02:45:07+02:00", "2016-07-26T00:45:07Z");
	parse("2016-07-26T02:45", "2016-07-26T02:45:00Z");
	parse("2016-07-26T02", "2016-07-26T02:00:00Z");
	parse("2016-7-6", "2016-07-06T00:00:00Z");
	parse("2016-7-6 1:2:3", "2016-07-06T01:02:03Z");
	parse("2016-07-26T02:45:07.5", "2016-07-26T02:45:07.5Z");
	parse("2016-07-26T02:45:07.", "2016-07-26T02:45:07Z");
	parse("2016-07-26T02:45:07.Z", "2016-07-26T02:45:07Z");
	parse("2016", "2016-01-01T00:00:00Z");
	parse("2016-07", "2016-07-01T00:00:00Z");
	parse(" 2016-07-26T02:45:07Z \t", "2016-07-26T02:45:07Z");
	parse("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z");
	parse("2016-07-26T02:45:07 Europe/Paris", "2016-07-26T00:45:07Z");
	parse("2016-07-26T02:45:07Europe/Paris", "2016-07-26T00:45:07Z");
	parse("2016-07-26T02:45:07-0330", "2016-07-26T06:15:07Z");
	parse("2016-07-26T02:45:07+2:00", "2016-07-26T00:45:07Z");
	parse("2016-07-26T02:45:07+02:5", "2016-07-26T00:40:07Z");
	parse("2016-07-26T02:45:07+2", "2016-07-26T00:45:07Z");
	parse("2016-07-26T02:45:07 UTC+2", "2016-07-26T00:45:07Z");
	parse("2016-07-26T02:45:07 GMT-03:30", "2016-07-26T06:15:07Z");
	parse("2016-07-26T02:45:07PST", "2016-07-26T09:45:07Z");
	parse("2016-07-26T02:45:07EST", "2016-07-26T07:45:07Z");
	parse("12:30", "2026-11-21T12:30:00Z");
	parse("T12:30:05.25", "2026-11-21T12:30:05.25Z");
	parse("T1", "2026-11-21T01:00:00Z");
	parse("12:30:00+01:00", "2026-11-22T11:30:00Z");
	parse_in("12:30", "Asia/Tokyo", "2026-11-22T03:30:00Z");
	parse("+2016-07-26", "2016-07-26T00:00:00Z");
	parse("-0044-03-15", "-0044-03-15T00:00:00Z");
	parse("123456-01-01", "+123456-01-01T00:00:00Z");
	parse("294247-01-10T04:00:54.775807Z",
		"+294247-01-10T04:00:54.775807Z");
	parse("-290308-12-21T19:59:05.224192Z",
		"-290308-12-21T19:59:05.224192Z");
}

static void
spark_refuses(void)
{
	static const char *const texts[] = {"", " ", "a", "12", "1.5", "true",
		"NaN", "2016-02-30", "2016-07-26T25:00:00Z",
		"2020-01-01T12:30Z", "2020-01-01T12Z", "2020-01-01Z",
		"2020-01-01 ab", "201-01-01", "1234567-01-01", "2016-007-01",
		"2016-07-001", "2016-00-01", "2016-13-01", "2016-01-00",
		"2016-01-32", "2017-02-29", "2016-", "2016-01-", "2016-01-01T",
		"2016-01-01X", "2016 01:00:00",
		"2016-01-01T1:", "2016-01-01T1:2:", "2016-01-01T1:60:00",
		"2016-01-01T1:00:60", "2016-01-01T001:00:00",
		"2016-01-01T01:00:00z", "2016-01-01T01:00:00 Mars/Base",
		"2016-01-01T01:00:00 ../UTC", "2016-01-01T01:00:00+19:00",
		"2016-01-01T01:00:00+1234567", "2016-01-01T01:00:00+330",
		"2016-01-01T01:00:00+", "2016-01-01T01:00:00ZZ", "-12:30",
		"+12:30", " T12:30", "T", "12:", ":12", "T12-30", "123:00",
		"294247-01-10T04:00:54.775808Z",
		"-290308-12-21T19:59:05.224191Z", "999999-12-31",
		"294247-01-10T04:00:54.775807-01:00",
		"2016-07-26T02:45:07 \xff", "1,5", "--2016-01-01", "2016/07/26",
		"26-07-2016"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		parse(texts[i], "");
}

static void
date(const char *text, const char *want)
{
	char out[TIME_MAX + 1] = "";
	int32_t days;

	if (date_parse(text, strlen(text), &days) == 0)
		out[date_format(days, out)] = '\0';
	if (strcmp(out, want) != 0)
		fail(text, out, want);
}

static void
dates(void)
{
	int64_t y;
	int m, d;

	date("2016-07-26", "2016-07-26");
	date(" 2016-7-6 ", "2016-07-06");
	date("2016", "2016-01-01");
	date("2016-07", "2016-07-01");
	date("2016-07-26T25:00:00Z", "2016-07-26");
	date("2016-07-26 what follows", "2016-07-26");
	date("1234567-01-01", "+1234567-01-01");
	date("-0001-01-01", "-0001-01-01");
	date("12345678-01-01", "");
	date("2016-02-30", "");
	date("2016-07 x", "");
	date("2016 x", "");
	date("2016-07-26Z", "");
	date("12:30:00", "");
	date("12", "");
	date("", "");
	for (int64_t days = -800000; days < 800000; days++) {
		date_to_civil(days, &y, &m, &d);
		assert(date_from_civil(y, m, d) == days);
		assert(m >= 1);
		assert(m <= 12);
		assert(d >= 1);
		assert(d <= 31);
	}
	assert(date_from_civil(1970, 1, 1) == 0);
	assert(date_from_civil(2000, 2, 29) == 11016);
	assert(date_from_civil(0, 3, 1) == -719468);
}

static void
iso(void)
{
	static const char *const good[] = {"2016-07-26T02:45:07Z",
		"0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z",
		"2000-02-29T00:00:00.000001Z", "-0001-01-01T00:00:00Z",
		"+10000-01-01T00:00:00Z", "-290308-12-21T19:59:05.224192Z",
		"1969-12-31T23:59:59.9Z"};
	static const char *const bad[] = {"2016-07-26T02:45:07",
		"2016-07-26 02:45:07Z", "2016-07-26T02:45:07.Z",
		"2016-07-26T02:45:07.1234567Z", "2016-07-26T02:45:07z",
		"2016-07-26T24:00:00Z", "2016-07-26T23:60:00Z",
		"2016-07-26T23:59:60Z", "2016-02-30T00:00:00Z",
		"2100-02-29T00:00:00Z", "2016-13-01T00:00:00Z",
		"2016-00-01T00:00:00Z", "2016-01-00T00:00:00Z",
		"+2016-07-26T02:45:07Z", "-0000-07-26T02:45:07Z",
		"+010000-01-01T00:00:00Z", "2016-07-26T02:45:0\xf7Z",
		"2016-07-26T02:45:07.5", "2016-07-26T02:45:07.5x",
		"2016-07-26T02:45:07.5ZZ", "a016-07-26T02:45:07Z",
		"2016-07-26T0:45:07ZZZ", "2016-07-26T02:45:07.a5Z",
		"+999999-01-01T00:00:00Z", "", "Z"};
	char out[TIME_MAX + 1];
	int64_t us, again;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert(time_parse_iso(good[i], strlen(good[i]), &us) == 0);
		out[time_format_iso(us, out)] = '\0';
		if (strcmp(out, good[i]) != 0)
			fail(good[i], out, good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (time_parse_iso(bad[i], strlen(bad[i]), &us) == 0)
			fail("accepted", bad[i], "");
	assert(time_parse_iso("2016-07-26T02:45:07.500Z", 24, &us) == 0);
	assert(us == INT64_C(1469501107500000));
	for (int i = 0; i < 200000; i++) {
		us = (int64_t)pick() >> pick() % 30;
		if (i % 2)
			us -= us % TIME_SECOND;
		size_t n = time_format_iso(us, out);
		assert(time_parse_iso(out, n, &again) == 0);
		assert(again == us);
		assert(time_parse(out, n, zone_utc, 0, &again) == 0);
		assert(again == us);
	}
}

static void
show(const char *text, const char *zone_text, const char *want)
{
	char out[TIME_MAX + 1];
	int64_t us;

	assert(time_parse_iso(text, strlen(text), &us) == 0);
	out[time_format_show(us, zone(zone_text), out)] = '\0';
	if (strcmp(out, want) != 0)
		fail(text, out, want);
}

static void
zones(void)
{
	static const char *const names[] = {"Europe/Paris", "America/New_York",
		"Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo",
		"Africa/Casablanca", "Pacific/Apia", "Europe/Dublin",
		"America/Nuuk", "Asia/Gaza", "Antarctica/Troll"};
	char text[TIME_MAX + 1];

	if (zone("Europe/Paris") == NULL) {
		fprintf(stderr, "no time zone files: zones are not tested\n");
		return;
	}
	assert(zone("Europe/Paris") == zone("Europe/Paris"));
	assert(strcmp(zone_name(zone("Europe/Paris")), "Europe/Paris") == 0);
	assert(zone("UTC") == zone_utc);
	assert(zone("Z") == zone_utc);
	assert(zone("") == NULL);
	assert(zone("../etc/passwd") == NULL);
	assert(zone("Europe") == NULL);
	assert(zone("europe/paris") == NULL);
	assert(zone("posix/Europe/Paris") == NULL);
	assert(zone("zone.tab") == NULL);
	assert(zone("iso3166") == NULL);
	assert(zone_open("Europe/Paris\0x", 14) == NULL);
	assert(zone_offset(zone("GMT+2"), 0) == 7200);
	assert(zone_offset(zone("+02:00"), 0) == 7200);
	assert(zone_offset(zone("UTC-03:30"), 0) == -12600);
	show("2016-07-26T02:45:07.25Z", "Europe/Paris",
		"2016-07-26 04:45:07.25");
	show("2016-12-31T23:45:07Z", "Europe/Paris", "2017-01-01 00:45:07");
	show("2050-07-26T02:45:07Z", "Europe/Paris", "2050-07-26 04:45:07");
	show("2050-01-26T02:45:07Z", "America/New_York", "2050-01-25 21:45:07");
	show("2050-01-26T02:45:07Z", "Australia/Sydney", "2050-01-26 13:45:07");
	show("2050-07-26T02:45:07Z", "Australia/Sydney", "2050-07-26 12:45:07");
	/* A gap: later by its length; an overlap: the earlier moment. */
	parse_in("2016-03-27T02:30:00", "Europe/Paris", "2016-03-27T01:30:00Z");
	parse_in("2016-03-27T01:59:59", "Europe/Paris", "2016-03-27T00:59:59Z");
	parse_in("2016-03-27T03:00:00", "Europe/Paris", "2016-03-27T01:00:00Z");
	parse_in("2016-10-30T02:30:00", "Europe/Paris", "2016-10-30T00:30:00Z");
	parse_in("2016-10-30T03:00:00", "Europe/Paris", "2016-10-30T02:00:00Z");
	parse_in("2045-03-26T02:30:00", "Europe/Paris", "2045-03-26T01:30:00Z");
	parse_in("2011-12-30T12:00:00", "Pacific/Apia", "2011-12-30T22:00:00Z");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct zone *z = zone(names[i]);

		assert(z != NULL);
		setenv("TZ", names[i], 1);
		tzset();
		for (int k = 0; k < 20000; k++) {
			/* 1850 to 2110 */
			time_t t = (time_t)(pick() % 8200000000) - 3786912000;
			struct tm tm;

			localtime_r(&t, &tm);
			if (zone_offset(z, t * TIME_SECOND) == tm.tm_gmtoff)
				continue;
			text[time_format_iso(t * TIME_SECOND, text)] = '\0';
			fail(names[i], text, "as localtime");
		}
	}
}

static void
duration(const char *text, int32_t months, int64_t us)
{
	struct duration d;
	struct err err;

	if (duration_parse(text, strlen(text), &d, &err) < 0)
		fail(text, err.text, "accepted");
	if (d.months != months || d.us != us)
		fail(text, "another value", "right");
}

static void
refused(const char *text, const char *hint)
{
	struct err err = {.text = "accepted"};
	int64_t us;

	if (duration_us(text, strlen(text), &us, &err) < 0 &&
		strstr(err.text, hint) != NULL)
		return;
	fail(text, err.text, hint);
}

static void
durations(void)
{
	const int64_t s = TIME_SECOND, m = 60 * s, h = 60 * m, day = 24 * h;
	char out[TIME_MAX + 1];
	int64_t us, again;
	struct err err;

	duration("10s", 0, 10 * s);
	duration("5m", 0, 5 * m);
	duration("1h30m", 0, 90 * m);
	duration("10 minutes", 0, 10 * m);
	duration("1 day 2 hours", 0, 26 * h);
	duration("interval 5 seconds", 0, 5 * s);
	duration("INTERVAL 1 Hour", 0, h);
	duration(" 250ms ", 0, 250000);
	duration("100us", 0, 100);
	duration("100\xc2\xb5s", 0, 100);
	duration("1 week", 0, 7 * day);
	duration("1 month", 1, 0);
	duration("1mo", 1, 0);
	duration("1 year 2 months 3 days", 14, 3 * day);
	duration("1.5s", 0, 1500000);
	duration("1.5h", 0, 90 * m);
	duration("0.0000019s", 0, 1);
	duration(".5s", 0, 500000);
	duration("0s", 0, 0);
	duration("-5s", 0, -5 * s);
	duration("-1h30m", 0, -90 * m);
	duration("1 day -2 hours", 0, 22 * h);
	duration("-1 day +2 hours", 0, -22 * h);
	duration("10 M", 0, 10 * m);
	duration("106751991d", 0, 106751991 * day);
	refused("10", "lacks a unit");
	refused("", "not a duration");
	refused(" ", "not a duration");
	refused("abc", "not a duration");
	refused("10 parsecs", "'parsecs'");
	refused("10s,", "not a duration");
	refused("1 month", "use days");
	refused("1.5 months", "fraction");
	refused("106751992d", "out of range");
	refused("99999999999999999999s", "out of range");
	refused("-1 day 2 hours", "sign");
	refused("interval", "not a duration");
	for (int i = 0; i < 100000; i++) {
		us = (int64_t)pick() >> pick() % 60;
		size_t n = duration_format(us, out);
		assert(n < TIME_MAX);
		if (duration_us(out, n, &again, &err) < 0) {
			/* The very least one cannot be read part by part. */
			assert(us == INT64_MIN);
			continue;
		}
		assert(again == us);
	}
	out[duration_format(90 * m, out)] = '\0';
	assert(strcmp(out, "1h30m") == 0);
	out[duration_format(250000, out)] = '\0';
	assert(strcmp(out, "250ms") == 0);
	out[duration_format(0, out)] = '\0';
	assert(strcmp(out, "0s") == 0);
}

static void
clocks(void)
{
	int64_t us;

	setenv("BIEF_CLOCK", "2026-11-21T08:00:00.5Z", 1);
	assert(time_parse_iso("2026-11-21T08:00:00.5Z", 22, &us) == 0);
	assert(time_now() == us);
	/* It is asked for once. */
	unsetenv("BIEF_CLOCK");
	assert(time_now() == us);
	us = time_monotonic();
	assert(time_monotonic() >= us);
}

int
main(void)
{
	iso();
	dates();
	spark_texts();
	spark_refuses();
	zones();
	durations();
	clocks();
	return 0;
}
