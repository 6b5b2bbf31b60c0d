/*
 * time: timestamps, and the clocks.
 *
 * A timestamp is a signed 64-bit count of microseconds since
 * 1970-01-01T00:00:00Z.  Rules: bief-stream(5).
 */
#ifndef BIEF_TIME_H
#define BIEF_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone;

#define TIME_SECOND INT64_C(1000000)
#define TIME_MAX 40 /* bytes that the formatting functions may write */

/* The stream's own form, exactly: 2016-07-26T02:45:07[.f{1,6}]Z.  0 or -1. */
int time_parse_iso(const char *s, size_t n, int64_t *us);
/* Any text that Spark casts to a timestamp, z where it names no zone, now_us
 * for text that has a time of day alone.  0 or -1. */
int time_parse(const char *s, size_t n, const struct zone *z, int64_t now_us,
	int64_t *us);
/* Each returns the bytes written (no final NUL). */
size_t time_format_iso(int64_t us, char *out);
/* yyyy-MM-dd HH:mm:ss[.fraction without trailing zeros] in a zone. */
size_t time_format_show(int64_t us, const struct zone *z, char *out);

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
