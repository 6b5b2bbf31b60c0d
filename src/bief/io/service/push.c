/*
 * push: one request of http's, waited for.  The message is shorter than http's:
 * who pushes names the place, and has other options.
 */
#include "io/service/push.h"

#include <poll.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "time/time.h"
#include "io/service/http.h"

#define STALL_US (60 * TIME_SECOND)
#define STOP_US (2 * TIME_SECOND)
#define LOOK_MS 500 /* a signal may come just before poll(2) */

/* What is being told to stop is not held up by a server that stalls: when is
 * its patience at an end?  until: as known so far. */
static int64_t
push_patience(const struct push *p, int64_t until)
{
	if (until != INT64_MAX || p->stopping == NULL || !p->stopping())
		return until;
	return time_monotonic() + STOP_US;
}

/* Until the answer is complete: 0, or -1, there is none; 1: told to stop. */
static int
push_await(struct http *h, const struct push *p, struct err *err)
{
	struct pollfd fd = {.fd = http_fd(h), .events = POLLIN};
	int64_t left, until = INT64_MAX;
	int event;

	while ((event = http_step(h, err)) != HTTP_DONE) {
		if (event < 0)
			return *http_why(h) == '\0'
				? -1
				: err_set(err, "%s", http_why(h));
		if (event == HTTP_SOME) /* nobody wants it */
			buf_clear(http_body(h));
		until = push_patience(p, until);
		if (time_monotonic() >= until)
			return err_set(err, "stopped before it had answered"),
			       1;
		left = http_due(h) - time_monotonic();
		if (left > LOOK_MS * 1000)
			left = LOOK_MS * 1000;
		if (left > 0)
			poll(&fd, 1, (int)((left + 999) / 1000));
	}
	return 0;
}

/* What the answer says, as one line. */
static int
push_refused(struct http *h, struct err *err)
{
	struct buf *b = http_body(h);
	char text[300];

	while (b->n > 0 && (unsigned char)b->p[b->n - 1] <= ' ')
		b->n--;
	return err_set(err, "it answered with status %d%s%s", http_status(h),
		b->n > 0 ? ": " : "",
		b->n > 0 ? err_quote(text, sizeof(text), b->p, b->n) : "");
}

static int
push_try(struct http *h, const struct push *p, const struct http_request *q,
	bool *again, struct err *err)
{
	int ret;

	if (http_begin(h, q, err) < 0)
		return -1;
	ret = push_await(h, p, err);
	if (ret != 0) {
		*again = ret < 0 && !http_lasting(h);
		return -1;
	}
	if (http_status(h) >= 200 && http_status(h) < 300)
		return 0;
	*again = http_passing(http_status(h));
	return push_refused(h, err);
}

int
push_send(const struct push *p, bool *again, struct err *err)
{
	struct http_options o = {.stall_us = STALL_US};
	const char *headers[2] = {NULL, NULL};
	struct http_request q = {.headers = headers, .method = p->method};
	struct http *h = http_new(p->url, &o, err);
	struct buf type;
	int ret;

	*again = false;
	if (h == NULL)
		return -1;
	buf_init(&type);
	if (p->type != NULL) {
		buf_printf(&type, "Content-Type: %s", p->type);
		headers[0] = buf_cstr(&type);
		q.body = p->n > 0 ? p->body : "";
		q.nbody = p->n;
	}
	ret = push_try(h, p, &q, again, err);
	buf_release(&type);
	http_free(h);
	return ret;
}
