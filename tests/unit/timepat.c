/* timepat: patterns, and times read by them. */
#include "time/timepat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "time/time.h"
#include "time/zone.h"

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
	/* A fraction has one digit, or more, up to so many. */
	check("HH:mm:ss.SSSSSS", "10:11:12.1", "1970-01-01T10:11:12.1Z");
	check("HH:mm:ss.SSS", "10:11:12.12", "1970-01-01T10:11:12.12Z");
	check("HH:mm:ss.SSS", "10:11:12.", "");
	check("HH:mm:ss.SSS", "10:11:12.1234", "");
	check("HH:mm:ss[.SSS]", "10:11:12", "1970-01-01T10:11:12Z");
	check("HH:mm:ss[.SSS]", "10:11:12.5", "1970-01-01T10:11:12.5Z");
	check("HH:mm:ss.SSSSSSSSS", "10:11:12.123456789",
		"1970-01-01T10:11:12.123456Z");
	check("ss.SSSX", "12.5Z", "1970-01-01T00:00:12.5Z");
	/* So it leaves no digits to what stands in front of it. */
	check("yyyyMMddHHmmssSSS", "20160726024507123", "");
	check("yyyyMMddHHmmssS", "201607260245071", "2016-07-26T02:45:07.1Z");
	check("yyyyMMddHHmmss.SSS", "20160726024507.12",
		"2016-07-26T02:45:07.12Z");
	check("yyyyMMdd", "0020160726", "");
	check("yyyyMMdd", "+120160726", "+12016-07-26T00:00:00Z");
	check("yyyy-MM-dd", "+2016-07-26", "");
	check("yyyy-MM-dd", "12016-07-26", "");
	check("yyyy-MM-dd", "-0044-03-15", "-0044-03-15T00:00:00Z");
	check("y-M-d", "-44-3-15", "-0044-03-15T00:00:00Z");
	check("y-M-d", "+44-3-15", "");
	check("yyMMdd", "160726", "2016-07-26T00:00:00Z");
	check("yy", "-16", "");
	check("d/M/y", "6/-7/16", "");
	/* Fields that are told twice agree. */
	check("yyyy MM yyyy", "2016 07 2016", "2016-07-01T00:00:00Z");
	check("yyyy MM yyyy", "2016 07 2017", "");
	check("yyyy-MM-DDD", "2020-10-350", "");
	check("yyyy-MM-DDD", "2020-12-350", "2020-12-15T00:00:00Z");
	check("DD", "100", "1970-04-10T00:00:00Z");
	check("DD", "366", "");
	check("dd-DDD", "30-365", "");
	check("HH hh a", "14 02 PM", "1970-01-01T14:00:00Z");
	check("HH a", "14 AM", "");
	check("hh", "12", "1970-01-01T00:00:00Z");
	check("hh", "13", "");
	check("a", "PM", "1970-01-01T12:00:00Z");
	check("kk", "24", "1970-01-01T00:00:00Z");
	check("HH", "24", "");
	/* Eras, offsets. */
	check("G yyyy", "BC 0044", "-0043-01-01T00:00:00Z");
	check("yyyy GGGG", "2016 Anno Domini", "2016-01-01T00:00:00Z");
	check("HH O", "12 GMT+2", "1970-01-01T10:00:00Z");
	check("HH O", "12 GMT", "1970-01-01T12:00:00Z");
	check("HH OOOO", "12 GMT-02:30", "1970-01-01T14:30:00Z");
	check("HH ZZZZ", "12 GMT-02:30", "1970-01-01T14:30:00Z");
	check("HH ZZZZZ", "12 -02:30", "1970-01-01T14:30:00Z");
	check("HH XXXX", "12 -023015", "1970-01-01T14:30:15Z");
	check("HH XXXXX", "12 -02:30:15", "1970-01-01T14:30:15Z");
	check("HH XXXXX", "12 -02:30", "1970-01-01T14:30:00Z");
	check("HH xx", "12 -0230", "1970-01-01T14:30:00Z");
	check("HH XXX", "12 -18:01", "");
	check("HH XXX", "12 -18:00", "1970-01-02T06:00:00Z");
	check("yyyy-MM-dd HH z", "2016-07-26 12 PDT", "2016-07-26T19:00:00Z");
	check("HH VV'!'", "12 Etc/UTC!", "1970-01-01T12:00:00Z");
	check("yyyy-MM-dd VV X", "2016-07-26 Europe/Paris +01",
		"2016-07-25T22:00:00Z");
	check("[yyyy", "2016", "2016-01-01T00:00:00Z");
	check("[yyyy-]MM[-dd", "07", "1970-07-01T00:00:00Z");
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
	check("yyyyyyy", "2016", "!");
	check("ddd", "026", "!");
	check("V", "Z", "!");
	check("OO", "GMT", "!");
	check("w", "1", "!");
	check("]yyyy", "2016", "!");
	check("{yyyy}", "2016", "!");
	check("", "", "!");
	return failures > 0;
}
