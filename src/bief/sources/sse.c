/*
 * sse: see sse.h.
 */
#include <string.h>

#include "sources/sse.h"

#define RETRY_MOST_MS (3600 * 1000) /* a server may not send us away for more */

void
sse_init(struct sse *s)
{
	memset(s, 0, sizeof(*s));
	buf_init(&s->type);
	buf_init(&s->data);
	buf_init(&s->id);
	buf_init(&s->line);
	buf_init(&s->next_id);
	s->retry_ms = -1;
	s->fresh = true;
}

void
sse_release(struct sse *s)
{
	buf_release(&s->type);
	buf_release(&s->data);
	buf_release(&s->id);
	buf_release(&s->line);
	buf_release(&s->next_id);
}

static void
event_clear(struct sse *s)
{
	buf_clear(&s->type);
	buf_clear(&s->data);
	s->any = s->spoilt = false;
}

void
sse_again(struct sse *s)
{
	event_clear(s);
	buf_clear(&s->line);
	buf_clear(&s->next_id);
	buf_add(&s->next_id, s->id.p, s->id.n);
	s->fresh = true;
	s->cr = s->skip = false;
}

void
sse_start_at(struct sse *s, const char *id)
{
	buf_clear(&s->id);
	buf_str(&s->id, id);
	sse_again(s);
}

/* An empty line: the event is complete. */
static int
dispatch(struct sse *s)
{
	int ret = 0;

	buf_clear(&s->id);
	buf_add(&s->id, s->next_id.p, s->next_id.n);
	if (s->spoilt)
		ret = s->refused(s->arg, s);
	else if (s->any) {
		s->data.n--; /* the LF behind its last line */
		ret = s->event(s->arg, s);
	}
	event_clear(s);
	return ret;
}

static void
take_data(struct sse *s, const char *p, size_t n)
{
	if (s->spoilt || s->data.n + n > s->max) {
		buf_clear(&s->data);
		s->spoilt = true;
		return;
	}
	buf_add(&s->data, p, n);
	buf_byte(&s->data, '\n');
	s->any = true;
}

/* Digits alone, else it says nothing. */
static void
take_retry(struct sse *s, const char *p, size_t n)
{
	int64_t ms = 0;

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return;
		if (ms <= RETRY_MOST_MS)
			ms = ms * 10 + (p[i] - '0');
	}
	s->retry_ms = ms > RETRY_MOST_MS ? RETRY_MOST_MS : ms;
}

static bool
is(const char *p, size_t n, const char *name)
{
	return n == strlen(name) && memcmp(p, name, n) == 0;
}

static void
take_field(struct sse *s, const char *p, size_t n)
{
	const char *colon = memchr(p, ':', n), *value = p + n;
	size_t name = colon != NULL ? (size_t)(colon - p) : n, left = 0;

	if (colon != NULL) {
		value = colon + 1;
		left = n - name - 1;
		if (left > 0 && *value == ' ') {
			value++;
			left--;
		}
	}
	if (is(p, name, "data")) {
		take_data(s, value, left);
	} else if (is(p, name, "id")) {
		if (memchr(value, '\0', left) != NULL)
			return;
		buf_clear(&s->next_id);
		buf_add(&s->next_id, value, left);
	} else if (is(p, name, "event")) {
		buf_clear(&s->type);
		buf_add(&s->type, value, left);
	} else if (is(p, name, "retry")) {
		take_retry(s, value, left);
	}
}

/* A whole line, without its end. */
static int
take_line(struct sse *s, const char *p, size_t n)
{
	if (s->fresh && n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) {
		p += 3;
		n -= 3;
	}
	s->fresh = false;
	if (n == 0)
		return dispatch(s);
	if (*p != ':')
		take_field(s, p, n);
	return 0;
}

/* The line that ends here, as far as it has not come before. */
static int
end_line(struct sse *s, const char *p, size_t n)
{
	int ret = 0;

	if (s->skip || s->line.n + n > s->max) {
		/* Nobody misses a comment. */
		s->spoilt = s->spoilt ||
			(s->line.n > 0 ? *s->line.p : *p) != ':';
		s->skip = false;
		s->fresh = false;
	} else if (s->line.n > 0) {
		buf_add(&s->line, p, n);
		ret = take_line(s, s->line.p, s->line.n);
	} else {
		ret = take_line(s, p, n);
	}
	buf_clear(&s->line);
	return ret;
}

/* The beginning of a line whose end has not come. */
static void
keep(struct sse *s, const char *p, size_t n)
{
	if (s->skip)
		return;
	if (s->line.n + n > s->max) {
		s->skip = true;
		n = s->line.n == 0; /* what it begins with is asked for */
	}
	buf_add(&s->line, p, n);
}

static const char *
line_end(const char *p, const char *end, bool crs)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p)), *cr = NULL;

	if (crs)
		cr = memchr(p, '\r', (size_t)((lf != NULL ? lf : end) - p));
	return cr != NULL ? cr : lf;
}

int
sse_feed(struct sse *s, const char *p, size_t n)
{
	const char *end = p + n, *at;
	bool crs = n > 0 && memchr(p, '\r', n) != NULL;

	while (p < end) {
		if (s->cr && *p == '\n')
			p++;
		s->cr = false;
		at = p < end ? line_end(p, end, crs) : NULL;
		if (at == NULL) {
			keep(s, p, (size_t)(end - p));
			return 0;
		}
		s->cr = *at == '\r';
		if (end_line(s, p, (size_t)(at - p)) < 0)
			return -1;
		p = at + 1;
	}
	return 0;
}
