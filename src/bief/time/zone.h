/*
 * zone: time zones.
 */
#ifndef BIEF_ZONE_H
#define BIEF_ZONE_H

#include <stddef.h>
#include <stdint.h>

/* Opened zones are cached for the life of the process. */
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

#endif
