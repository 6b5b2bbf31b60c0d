/*
 * logsplit: see logsplit.h: what web servers write.
 */
#include "types/logsplit.h"

#include <string.h>

#include "text/simd.h"
#include "time/date.h"
#include "time/time.h"
#include "value/json.h"

int
logsplit_word(struct logsplit *l, struct cell *c)
{
	const char *p = l->p;
	bool plain = true;

	if (p >= l->end || *p == ' ')
		return -1;
	for (; p < l->end && *p != ' '; p++)
		plain &= (unsigned char)*p > ' ' && *p != '"' && *p != '\\';
	*c = (struct cell){l->p, (size_t)(p - l->p), true, plain};
	l->p = p < l->end ? p + 1 : p;
	return 0;
}

void
logsplit_dash(struct cell *c)
{
	if (c->n == 1 && *c->s == '-')
		*c = (struct cell){0};
}

static int
hex(char c)
{
	return c >= '0' && c <= '9'                      ? c - '0'
		: (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
							 : -1;
}

/* One escape of Apache's or nginx's; the place behind it. */
static const char *
decode_escape(const char *p, const char *end, struct buf *out)
{
	static const char names[] = "nrtbvf", means[] = "\n\r\t\b\v\f";
	const char *name;

	if (end - p > 3 && p[1] == 'x' && hex(p[2]) >= 0 && hex(p[3]) >= 0) {
		buf_byte(out, (char)(hex(p[2]) << 4 | hex(p[3])));
		return p + 4;
	}
	if (end - p < 2) {
		buf_byte(out, *p);
		return p + 1;
	}
	name = strchr(names, p[1]);
	buf_byte(
		out, name != NULL && p[1] != '\0' ? means[name - names] : p[1]);
	return p + 2;
}

/* A part with escapes, decoded; as it is where that would be no UTF-8. */
static void
unescape(struct logsplit *l, struct cell *c)
{
	size_t from = l->text->n;
	const char *p = c->s, *end = p + c->n;

	while (p < end)
		if (*p == '\\')
			p = decode_escape(p, end, l->text);
		else
			buf_byte(l->text, *p++);
	if (json_utf8(l->text->p + from, l->text->n - from))
		*c = (struct cell){l->text->p + from, l->text->n - from, true};
	else
		l->text->n = from;
}

/* The quote that closes what begins here, or NULL; *plain: nothing in between
 * needs an escape in JSON; *escapes: a backslash stands there. */
static const char *
find_closing(const char *p, const char *end, bool *plain, bool *escapes)
{
	uint32_t stops, high;

	*plain = true;
	*escapes = false;
	while (p < end) {
		stops = simd_stop(p, &high);
		if (stops == 0) {
			p += SIMD_BLOCK;
			continue;
		}
		p += __builtin_ctz(stops);
		if (p >= end)
			break;
		if (*p == '"')
			return p;
		*plain = false;
		*escapes |= *p == '\\';
		p += 1 + (*p == '\\');
	}
	return NULL;
}

/* What stands in quotes here; the place moves behind them and a blank. */
static int
split_quoted(struct logsplit *l, struct cell *c)
{
	bool plain, escapes;
	const char *close;

	if (l->p >= l->end || *l->p != '"')
		return -1;
	close = find_closing(l->p + 1, l->end, &plain, &escapes);
	if (close == NULL)
		return -1;
	*c = (struct cell){l->p + 1, (size_t)(close - l->p - 1), true, plain};
	if (escapes)
		unescape(l, c);
	l->p = close + 1;
	if (l->p < l->end && *l->p == ' ')
		l->p++;
	return 0;
}

/* METHOD PATH PROTOCOL; what is none is all path. */
static void
split_request(const struct cell *request, struct cell *c)
{
	const char *s = request->s, *end = s + request->n, *p = s, *last;

	while (p < end && *p >= 'A' && *p <= 'Z')
		p++;
	if (p == s || p == end || *p != ' ') {
		c[1] = *request;
		logsplit_dash(&c[1]);
		return;
	}
	c[0] = (struct cell){s, (size_t)(p - s), true, true};
	last = memrchr(p, ' ', (size_t)(end - p));
	if (last > p && end - last > 5 && memcmp(last + 1, "HTTP/", 5) == 0) {
		c[2] = (struct cell){last + 1, (size_t)(end - last - 1), true,
			request->plain};
		end = last;
	}
	c[1] = (struct cell){
		p + 1, (size_t)(end - p - 1), true, request->plain};
}

enum {
	HOST,
	IDENT,
	USER,
	TIME,
	METHOD,
	PATH,
	PROTOCOL,
	STATUS,
	SIZE,
	REFERER,
	AGENT,
	REST
};

/* A name of a user may hold blanks: it ends where the time begins. */
static int
split_user(struct logsplit *l, struct cell *c)
{
	const char *p = l->p, *q;

	for (q = p;; q++) {
		q = memchr(q, '[', (size_t)(l->end - q));
		if (q == NULL)
			return -1;
		if (q > p && q[-1] == ' ')
			break;
	}
	*c = (struct cell){p, (size_t)(q - p - 1), true};
	logsplit_dash(c);
	l->p = q + 1;
	return 0;
}

static const char *
split_common(struct logsplit *l)
{
	struct cell *c = l->cell, request;
	const char *close;

	if (logsplit_word(l, &c[HOST]) < 0 || logsplit_word(l, &c[IDENT]) < 0)
		return "no host, identity and user at its beginning";
	logsplit_dash(&c[HOST]);
	logsplit_dash(&c[IDENT]);
	if (split_user(l, &c[USER]) < 0)
		return "no time in brackets behind the user";
	close = memchr(l->p, ']', (size_t)(l->end - l->p));
	if (close == NULL)
		return "the bracket around the time is not closed";
	c[TIME] = (struct cell){l->p, (size_t)(close - l->p), true};
	l->p = close + 1 + (close + 1 < l->end && close[1] == ' ');
	if (split_quoted(l, &request) < 0)
		return "no request in quotes behind the time";
	split_request(&request, &c[METHOD]);
	if (logsplit_word(l, &c[STATUS]) < 0 || logsplit_word(l, &c[SIZE]) < 0)
		return "no status and size behind the request";
	logsplit_dash(&c[STATUS]);
	logsplit_dash(&c[SIZE]);
	return NULL;
}

const char *
logsplit_common(struct logsplit *l)
{
	const char *why = split_common(l);

	if (why == NULL && l->p < l->end)
		why = "text behind the size: is it --format combined?";
	return why;
}

const char *
logsplit_combined(struct logsplit *l)
{
	const char *why = split_common(l);
	struct cell *c = l->cell;

	if (why != NULL)
		return why;
	if (l->p == l->end)
		return "nothing behind the size: is it --format common?";
	if (split_quoted(l, &c[REFERER]) < 0 || split_quoted(l, &c[AGENT]) < 0)
		return "no referer and agent in quotes behind the size";
	logsplit_dash(&c[REFERER]);
	logsplit_dash(&c[AGENT]);
	if (l->p < l->end)
		c[REST] = (struct cell){l->p, (size_t)(l->end - l->p), true};
	return NULL;
}

/* So many digits; or -1. */
static int
digits(const char *p, int n)
{
	int i = 0;

	for (; n > 0; n--, p++) {
		if (*p < '0' || *p > '9')
			return -1;
		i = 10 * i + *p - '0';
	}
	return i;
}

unsigned
logsplit_month(const char *p)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (unsigned m = 0; m < 12; m++)
		if (memcmp(names + 3 * m, p, 3) == 0)
			return m + 1;
	return 0;
}

/* hh:mm:ss in seconds; or -1. */
static int
clock_of_day(const char *p)
{
	int h = digits(p, 2), m = digits(p + 3, 2), s = digits(p + 6, 2);

	if (h < 0 || m < 0 || s < 0 || h > 23 || m > 59 || s > 60 ||
		p[2] != ':' || p[5] != ':')
		return -1;
	return h * 3600 + m * 60 + s;
}

int
logsplit_access_time(const char *s, size_t n, int64_t *us)
{
	int d, y, clock, zone;
	unsigned m;

	if (n != 26 || s[2] != '/' || s[6] != '/' || s[11] != ':' ||
		s[20] != ' ' || (s[21] != '+' && s[21] != '-'))
		return -1;
	d = digits(s, 2);
	m = logsplit_month(s + 3);
	y = digits(s + 7, 4);
	clock = clock_of_day(s + 12);
	zone = digits(s + 22, 4);
	if (m == 0 || y < 0 || d < 0 || clock < 0 || zone < 0 ||
		!date_valid(y, m, (unsigned)d))
		return -1;
	zone = zone / 100 * 3600 + zone % 100 * 60;
	*us = (date_days(y, m, (unsigned)d) * 86400 + clock +
		      (s[21] == '+' ? -zone : zone)) *
		TIME_SECOND;
	return 0;
}
