/*
 * logsplit_syslog: what syslog writes to files and sends: RFC 5424, RFC 3164
 * and the forms of rsyslog's files, which have no priority in front.
 */
#include <string.h>

#include "time/date.h"
#include "time/time.h"
#include "time/zone.h"
#include "types/logsplit.h"

enum { TIME, HOST, APP, PID, FACILITY, PRIORITY, MSGID, DATA, MESSAGE };

#define DAY (86400 * TIME_SECOND)

/* <34>: its two numbers, spelled in text. */
static int
split_priority(struct logsplit *l)
{
	unsigned n = 0;
	const char *p = l->p + 1;
	size_t from;

	if (l->p >= l->end || *l->p != '<')
		return 0;
	for (; p < l->end && *p >= '0' && *p <= '9' && n < 1000; p++)
		n = 10 * n + (unsigned)(*p - '0');
	if (p == l->p + 1 || p == l->end || *p != '>' || n > 191)
		return -1;
	from = l->text->n;
	buf_printf(l->text, "%u", n / 8);
	l->cell[FACILITY] = (struct cell){
		l->text->p + from, l->text->n - from, true};
	from = l->text->n;
	buf_printf(l->text, "%u", n % 8);
	l->cell[PRIORITY] = (struct cell){
		l->text->p + from, l->text->n - from, true};
	l->p = p + 1;
	return 0;
}

/* Structured data: "-", or elements in brackets, in which strings may hold
 * brackets. */
static int
split_data(struct logsplit *l)
{
	const char *p = l->p;
	bool within = false, string = false;

	if (p < l->end && *p == '-') {
		l->p = p + 1;
		return 0;
	}
	for (; p < l->end && (within || *p == '['); p++) {
		if (string && *p == '\\')
			p++;
		else if (*p == '"')
			string = !string;
		else if (!string && (*p == '[' || *p == ']'))
			within = *p == '[';
	}
	if (p == l->p || within || p > l->end)
		return -1;
	l->cell[DATA] = (struct cell){l->p, (size_t)(p - l->p), true};
	l->p = p;
	return 0;
}

static void
split_message(struct logsplit *l)
{
	l->cell[MESSAGE] = (struct cell){l->p, (size_t)(l->end - l->p), true};
}

static const char *
split_5424(struct logsplit *l)
{
	static const int fields[] = {TIME, HOST, APP, PID, MSGID};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		struct cell *c = &l->cell[fields[i]];

		if (logsplit_word(l, c) < 0)
			return "a field of its header is missing";
		logsplit_dash(c);
	}
	if (split_data(l) < 0)
		return "its structured data are not closed";
	if (l->p < l->end && *l->p == ' ')
		l->p++;
	if (l->end - l->p >= 3 && memcmp(l->p, "\xEF\xBB\xBF", 3) == 0)
		l->p += 3;
	split_message(l);
	return NULL;
}

/* app[pid]: in front of the message; what has no colon is all message. */
static void
split_tag(struct logsplit *l)
{
	const char *p = l->p, *name_end, *pid = NULL, *pid_end = NULL;

	while (p < l->end && *p != ' ' && *p != '[' && *p != ':')
		p++;
	name_end = p;
	if (p < l->end && *p == '[') {
		pid = p + 1;
		pid_end = memchr(pid, ']', (size_t)(l->end - pid));
		p = pid_end != NULL ? pid_end + 1 : l->end;
	}
	if (p == l->end || *p != ':' || name_end == l->p) {
		split_message(l);
		return;
	}
	l->cell[APP] = (struct cell){l->p, (size_t)(name_end - l->p), true};
	if (pid != NULL)
		l->cell[PID] = (struct cell){
			pid, (size_t)(pid_end - pid), true};
	l->p = p + 1 + (p + 1 < l->end && p[1] == ' ');
	split_message(l);
}

const char *
logsplit_syslog(struct logsplit *l)
{
	struct cell *c = l->cell;
	bool sent = l->p < l->end && *l->p == '<';

	if (split_priority(l) < 0)
		return "its priority is none";
	if (sent && l->end - l->p > 2 && l->p[0] == '1' && l->p[1] == ' ') {
		l->p += 2;
		return split_5424(l);
	}
	if (l->p < l->end && *l->p >= '0' && *l->p <= '9') {
		if (logsplit_word(l, &c[TIME]) < 0)
			return "no time at its beginning";
	} else {
		int64_t us;

		if (l->end - l->p < 16 || l->p[15] != ' ' ||
			logsplit_syslog_time(l->p, 15, zone_utc, 0, &us) < 0)
			return "no time at its beginning";
		c[TIME] = (struct cell){l->p, 15, true};
		l->p += 16;
	}
	if (logsplit_word(l, &c[HOST]) < 0)
		return "no host behind the time";
	split_tag(l);
	return NULL;
}

static int
two_digits(const char *p)
{
	int tens = *p == ' ' ? 0 : *p - '0', ones = p[1] - '0';

	return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1
							    : 10 * tens + ones;
}

int
logsplit_syslog_time(const char *s, size_t n, const struct zone *z,
	int64_t now_us, int64_t *us)
{
	int d, hour, minute, second;
	unsigned m, ignored;
	int64_t y, of_day;

	if (n != 15 || s[3] != ' ' || s[6] != ' ' || s[9] != ':' ||
		s[12] != ':')
		return -1;
	m = logsplit_month(s);
	d = two_digits(s + 4);
	hour = two_digits(s + 7);
	minute = two_digits(s + 10);
	second = two_digits(s + 13);
	if (m == 0 || d < 1 || hour < 0 || hour > 23 || minute < 0 ||
		minute > 59 || second < 0 || second > 60)
		return -1;
	/* Clocks differ: what is not a day ahead is of this year.  The 29th of
	 * February may be eight years ago. */
	date_civil(zone_day(z, now_us, &of_day), &y, &ignored, &ignored);
	for (int64_t year = y + 1; year > y - 9; year--)
		if (date_valid(year, m, (unsigned)d) &&
			zone_moment(z, date_days(year, m, (unsigned)d),
				(hour * 3600 + minute * 60 + second) *
					TIME_SECOND,
				us) == 0 &&
			*us <= now_us + DAY)
			return 0;
	return -1;
}
