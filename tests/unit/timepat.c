/* timepat: patterns, and times read by them. */
#include "timepat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "time.h"

static int failures;

static void
check(const char *pattern, const char *text, const char *want)
{
	struct err err;
	struct timepat *t = timepat_new(pattern, &err);
	char got[TIME_MAX + 1] = "";
	int64_t us;

	if (t == NULL)
		snprintf(got, sizeof(got), "!");
	else if (timepat_parse(t, text, strlen(text), zone_utc, &us) == 0)
		got[time_format_iso(us, got)] = '\0';
	if (strcmp(got, want) != 0) {
		fprintf(stderr, "timepat: '%s' of '%s' is '%s', not '%s'\n",
			text, pattern, got, want);
		failures++;
	}
	timepat_free(t);
}

int
main(void)
{
	check("dd/MM/yyyy HH:mm", "26/08/2015 18:00", "2015-08-26T18:00:00Z");
	check("dd/MM/yyyy HH:mm", "26/08/2015 18:0", "");
	check("dd/MM/yyyy HH:mm", "31/02/2015 18:00", "");
	check("dd/MM/yyyy HH:mm", "26/08/2015 18:00 ", "");
	check("yyyy-MM-dd'T'HH:mm:ss.SSSSSS", "1970-01-01T00:00:00.123456",
		"1970-01-01T00:00:00.123456Z");
	check("yyyyMMddHHmmss", "20160726024507", "2016-07-26T02:45:07Z");
	check("yyyyMMddHHmmssSSS", "20160726024507123",
		"2016-07-26T02:45:07.123Z");
	check("d/M/yy", "6/7/16", "2016-07-06T00:00:00Z");
	check("Hmm", "1205", "1970-01-01T12:05:00Z");
	check("Hmm", "905", "1970-01-01T09:05:00Z");
	check("dd/MMM/yyyy:HH:mm:ss Z", "10/Oct/2000:13:55:36 -0700",
		"2000-10-10T20:55:36Z");
	check("EEEE d MMMM yyyy h:mm a", "Tuesday 26 July 2016 2:45 PM",
		"2016-07-26T14:45:00Z");
	check("yyyy-MM-dd HH:mm:ssXXX", "2016-07-26 02:45:07+02:00",
		"2016-07-26T00:45:07Z");
	check("yyyy-MM-dd HH:mm:ssX", "2016-07-26 02:45:07Z",
		"2016-07-26T02:45:07Z");
	check("yyyy-MM-dd HH:mm:ss VV", "2016-07-26 02:45:07 Europe/Paris",
		"2016-07-26T00:45:07Z");
	check("yyyy-MM-dd[ HH:mm[:ss]]", "2016-07-26", "2016-07-26T00:00:00Z");
	check("yyyy-MM-dd[ HH:mm[:ss]]", "2016-07-26 02:45",
		"2016-07-26T02:45:00Z");
	check("yyyy-MM-dd[ HH:mm[:ss]]", "2016-07-26 02:45:07",
		"2016-07-26T02:45:07Z");
	check("yyyy-DDD", "2016-060", "2016-02-29T00:00:00Z");
	check("h 'o''clock' a", "12 o'clock AM", "1970-01-01T00:00:00Z");
	check("YYYY", "2016", "!");
	check("yyyy-MM-dd'T", "2016", "!");
	check("QQQ", "Q1", "!");
	check("[yyyy", "2016", "!");
	check("", "", "!");
	return failures > 0;
}
