/*
 * jq_date: dates as jq 1.6 has them, which is as the C library has them:
 * seconds since 1970, and arrays [year, month from 0, day, hour, minute,
 * second, day of the week, day of the year].
 */
#include <string.h>
#include <time.h>

#include "time/date.h"
#include "value/json.h"
#include "expr/jq/jq_impl.h"

/* n digits, or -1. */
static int
jq_date_digits(const char *s, int n)
{
	int i, v = 0;

	for (i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v;
}

/* strptime("%Y-%m-%dT%H:%M:%SZ") | mktime, for the form that all write. */
int
jq_date_from(struct jq_run *run, const struct value *in, struct value *out)
{
	int year, month, day, hour, minute, second;
	const char *s;
	size_t n;

	if (jq_type(in) != JQ_STRING)
		return err_set(run->err,
			"strptime/1 requires string inputs and arguments");
	s = jq_value_string(run, in, &n);
	if (n != 20 || s[4] != '-' || s[7] != '-' || s[10] != 'T' ||
		s[13] != ':' || s[16] != ':' || s[19] != 'Z')
		return JQ_ASK;
	year = jq_date_digits(s, 4);
	month = jq_date_digits(s + 5, 2);
	day = jq_date_digits(s + 8, 2);
	hour = jq_date_digits(s + 11, 2);
	minute = jq_date_digits(s + 14, 2);
	second = jq_date_digits(s + 17, 2);
	if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31 ||
		hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
		second < 0 || second > 59)
		return JQ_ASK;
	*out = value_int(
		(date_from_civil(year, month, 1) + INT64_C(0) + day - 1) *
			86400 +
		hour * 3600 + minute * 60 + second);
	return 0;
}

static struct value
broken_down(struct jq_run *run, const struct tm *tm)
{
	struct buf *text = jq_run_take(run);

	buf_printf(text, "[%d,%d,%d,%d,%d,%d,%d,%d", tm->tm_year + 1900,
		tm->tm_mon, tm->tm_mday, tm->tm_hour, tm->tm_min, tm->tm_sec,
		tm->tm_wday, tm->tm_yday);
	return jq_value_finish(run, ']');
}

/* True if all conversions of a format are plain parts of date and time. */
static bool
plain_format(const char *format, const char *letters)
{
	for (; *format != '\0'; format++)
		if (*format == '%' &&
			(*++format == '\0' || strchr(letters, *format) == NULL))
			return false;
	return true;
}

int
jq_date_strptime(struct jq_run *run, const struct value *in,
	const struct value *format, struct value *out)
{
	char text[64], form[64];
	const char *s, *f, *end;
	size_t n, m;
	struct tm tm;

	if (jq_type(in) != JQ_STRING || jq_type(format) != JQ_STRING)
		return err_set(run->err,
			"strptime/1 requires string inputs and arguments");
	s = jq_value_string(run, in, &n);
	f = jq_value_string(run, format, &m);
	if (n >= sizeof(text) || m >= sizeof(form) ||
		memchr(s, '\0', n) != NULL || memchr(f, '\0', m) != NULL)
		return JQ_ASK;
	memcpy(text, s, n);
	text[n] = '\0';
	memcpy(form, f, m);
	form[m] = '\0';
	if (!plain_format(form, "YmdHMSeTFDybBjRZ%"))
		return JQ_ASK;
	memset(&tm, 0, sizeof(tm));
	tm.tm_wday = 8; /* as jq marks that they are not known */
	tm.tm_yday = 367;
	end = strptime(text, form, &tm);
	if (end == NULL)
		return err_set(run->err,
			"date \"%s\" does not match format "
			"\"%s\"",
			text, form);
	if (*end != '\0')
		return JQ_ASK;
	*out = broken_down(run, &tm);
	return 0;
}

/* The first six numbers of a broken-down time; -1 if it is none of ours. */
static int
read_parts(const struct value *in, struct tm *tm)
{
	struct json_iter it;
	struct value key, v;
	struct jq_value_number x;
	int parts[8], i;

	json_iter(&it, in);
	for (i = 0; i < 8; i++) {
		if (!json_next(&it, &key, &v) || jq_type(&v) != JQ_NUMBER)
			return -1;
		x = jq_value_number(&v);
		if (!x.exact || x.i < -100000 || x.i > 100000)
			return -1;
		parts[i] = (int)x.i;
	}
	memset(tm, 0, sizeof(*tm));
	tm->tm_year = parts[0] - 1900;
	tm->tm_mon = parts[1];
	tm->tm_mday = parts[2];
	tm->tm_hour = parts[3];
	tm->tm_min = parts[4];
	tm->tm_sec = parts[5];
	tm->tm_wday = parts[6];
	tm->tm_yday = parts[7];
	return 0;
}

int
jq_date_mktime(struct jq_run *run, const struct value *in, struct value *out)
{
	struct tm tm;

	if (jq_type(in) != JQ_LIST)
		return err_set(run->err, "mktime requires array inputs");
	if (read_parts(in, &tm) < 0)
		return JQ_ASK;
	*out = value_int((int64_t)timegm(&tm));
	return 0;
}

static int
refuse_time(struct jq_run *run, const struct value *v)
{
	return jq_refuse(run, "", v,
		" are seconds since 1970 of no year that "
		"there is");
}

int
jq_date_strftime(struct jq_run *run, const struct value *in, const char *format,
	struct value *out)
{
	struct jq_value_number x;
	char text[512];
	struct tm tm;
	time_t t;
	size_t n;

	if (jq_type(in) == JQ_NUMBER) {
		/* libjq stops dead on what is no time. */
		x = jq_value_number(in);
		t = x.exact ? (time_t)x.i : 0;
		if (!x.exact && x.d > -0x1p62 && x.d < 0x1p62)
			t = (time_t)x.d;
		else if (!x.exact)
			return refuse_time(run, in);
		if (gmtime_r(&t, &tm) == NULL)
			return refuse_time(run, in);
	} else if (jq_type(in) == JQ_LIST) {
		if (read_parts(in, &tm) < 0)
			return JQ_ASK;
	} else {
		return err_set(
			run->err, "strftime/1 requires parsed datetime inputs");
	}
	if (!plain_format(format, "YmdHMSeTFDybBjRaAuwyIpCGgVUW%"))
		return JQ_ASK;
	n = strftime(text, sizeof(text), format, &tm);
	if (n == 0)
		return JQ_ASK;
	*out = jq_value_from_string(
		run, memcpy(jq_run_alloc(run, n), text, n), n);
	return 0;
}
