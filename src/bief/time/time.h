/*
 * time: timestamps, dates, durations, zones.
 *
 * A timestamp is a signed 64-bit count of microseconds since
 * 1970-01-01T00:00:00Z; a date a count of days.  Rules:
 * bief-stream(5).
 */
#ifndef BIEF_TIME_H
#define BIEF_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define TIME_SECOND INT64_C(1000000)
#define TIME_MAX 40 /* bytes that the formatting functions may write */

/* A zone; opened zones are cached for the life of the process. */
struct zone;
extern const struct zone *const zone_utc;
/* "UTC", "Z", "+02:00", "GMT+2", "Europe/Paris" ...; NULL if there is none. */
const struct zone *zone_open(const char *name, size_t n);
const char *zone_name(const struct zone *z);
/* The names of a fixed offset alone ("+02:00", "UTC-3", "Z"): sets *seconds. */
int zone_fixed(const char *name, size_t n, int32_t *seconds);
/* Offset to UTC in seconds at a moment of UTC, east positive. */
int32_t zone_offset(const struct zone *z, int64_t us);
/*
 * Local wall clock to UTC: in a gap later by the gap's length, of two the
 * earlier moment (as java.time does).
 */
int64_t zone_to_utc(const struct zone *z, int64_t local_us);
/*
 * The same of a day and microseconds behind its beginning; -1 where that lies
 * beyond all timestamps.  And back: a wall clock always has a day, even where
 * its microseconds since 1970 would be too many.
 */
int zone_moment(
	const struct zone *z, int64_t days, int64_t us_of_day, int64_t *us);
int64_t zone_day(const struct zone *z, int64_t us, int64_t *us_of_day);
/* "PST", "CEST"; the zone's name where it has no letters for it. */
const char *zone_abbreviation(const struct zone *z, int64_t us);

/* The stream's own form, exactly: 2016-07-26T02:45:07[.f{1,6}]Z.  0 or -1. */
int time_parse_iso(const char *s, size_t n, int64_t *us);
/* Any text that Spark casts to a timestamp, z where it names no zone, now_us
 * for text that has a time of day alone.  0 or -1. */
int time_parse(const char *s, size_t n, const struct zone *z, int64_t now_us,
	int64_t *us);
/* Any text that Spark casts to a date. */
int date_parse(const char *s, size_t n, int32_t *days);

/* Each returns the bytes written (no final NUL). */
size_t time_format_iso(int64_t us, char *out);
/* yyyy-MM-dd HH:mm:ss[.fraction without trailing zeros] in a zone. */
size_t time_format_show(int64_t us, const struct zone *z, char *out);
size_t date_format(int32_t days, char *out);

static inline int64_t
time_floor_div(int64_t a, int64_t b)
{
	int64_t q = a / b;

	return q - (a % b != 0 && (a % b < 0) != (b < 0));
}

/* A moment and a duration; the ends of time where it goes beyond them. */
static inline int64_t
time_add(int64_t us, int64_t by_us)
{
	int64_t sum;

	if (__builtin_add_overflow(us, by_us, &sum))
		return by_us < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

/* What options and headers take at most, 21,000 years: it can be added to a
 * time of our days, and holds a watermark's delay of 10,000 years and as many in
 * months of 31 days. */
#define DURATION_YEAR (INT64_C(31556952) * TIME_SECOND)
#define DURATION_MOST (21000 * DURATION_YEAR)

/*
 * Durations as people write them: "10s", "5m", "1h30m", "10 minutes",
 * "1 day 2 hours", "250ms", "100us", "1 week", "1 month", "interval 5 seconds",
 * a sign, a fraction ("1.5s").  Units: us, ms, s, m/min, h, d, w, mo/month, y
 * and their long forms, any case.  Returns 0, or -1 with a message that says
 * what was expected.  months and us may both be set.
 */
struct duration {
	int32_t months;
	int64_t us;
};
int duration_parse(
	const char *s, size_t n, struct duration *d, struct err *err);
/* Without months, which are refused; in microseconds. */
int duration_us(const char *s, size_t n, int64_t *us, struct err *err);
/* "1h30m", "10s", "250ms"; returns the bytes written. */
size_t duration_format(int64_t us, char *out);

/*
 * The wall clock, microseconds since 1970, and a clock for intervals.  All
 * reading of clocks goes through these two; BIEF_CLOCK=2026-11-21T08:00:00Z in
 * the environment stops the first, for tests; BIEF_CLOCK=./file makes it the
 * time of modification of that file, which a test can move.
 */
int64_t time_now(void);
int64_t time_monotonic(void);
/*
 * Is it time for a tick, at most a step ahead when it was set?  If it is further
 * ahead the clock has been set back since, and nobody will wait for it to come
 * round again.
 */
bool time_due(int64_t tick, int64_t step);

#endif
