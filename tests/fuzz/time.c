/*
 * Timestamps, dates and zones: the input is a text.  What is of the stream's own
 * form must be read alike by both parsers; whatever is read must come out in that
 * form and be read back the same; nothing of a text may be read beyond its end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "time/time.h"
#include "time/date.h"
#include "time/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

static void
round_trip(int64_t us)
{
	char text[TIME_MAX];
	int64_t again;
	size_t n = time_format_iso(us, text);

	MUST(n <= TIME_MAX);
	MUST(time_parse_iso(text, n, &again) == 0);
	MUST(again == us);
	MUST(time_parse(text, n, zone_utc, 0, &again) == 0);
	MUST(again == us);
}

static void
in_zone(const char *s, size_t n, const char *name)
{
	const struct zone *z = zone_open(name, strlen(name));
	char text[TIME_MAX];
	int64_t us;

	if (z == NULL ||
		time_parse(s, n, z, INT64_C(1795305600000000), &us) < 0)
		return;
	round_trip(us);
	MUST(time_format_show(us, z, text) <= TIME_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	char text[TIME_MAX];
	int64_t us, loose;
	int32_t days, again;
	size_t n;

	if (time_parse_iso(s, size, &us) == 0) {
		MUST(time_parse(s, size, zone_utc, 0, &loose) == 0);
		MUST(us == loose);
		round_trip(us);
	}
	in_zone(s, size, "UTC");
	in_zone(s, size, "Europe/Paris");
	in_zone(s, size, "-03:30");
	if (date_parse(s, size, &days) == 0) {
		n = date_format(days, text);
		MUST(n <= TIME_MAX);
		MUST(date_parse(text, n, &again) == 0);
		MUST(again == days);
	}
	return 0;
}
