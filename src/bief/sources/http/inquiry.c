/*
 * inquiry: a failure is told once, and so is its end: a server that is away for
 * hours is worth two lines.
 */
#include "sources/http/inquiry.h"

#include <assert.h>
#include <string.h>

#include "floor/err.h"
#include "time/time.h"
#include "io/service/http.h"
#include "runtime/stage.h"

void
inquiry_release(struct inquiry *q)
{
	http_free(q->http);
}

int
inquiry_ask(struct inquiry *q, const struct http_request *r, struct err *err)
{
	assert(q->phase != INQUIRY_OVER);
	q->asked = time_monotonic();
	q->phase = INQUIRY_ASKED;
	return http_begin(q->http, r, err);
}

void
inquiry_pause(struct inquiry *q, int64_t until)
{
	http_stop(q->http);
	q->phase = INQUIRY_PAUSED;
	q->due = until;
}

void
inquiry_works(struct inquiry *q, struct stage *st)
{
	if (q->failed)
		stage_warn(st, "connected to '%s'", http_name(q->http));
	q->failed = false;
	stage_ready(st);
}

int
inquiry_again(struct inquiry *q, struct stage *st, int64_t least_us, bool usual)
{
	char why[sizeof(st->err->text)];
	int64_t pause = retry_pause(&q->retry, least_us);

	if (pause < 0) {
		memcpy(why, st->err->text, sizeof(why));
		return err_set(st->err,
			"%s (given up after %lld tries more, "
			"see --retries and --reconnect)",
			why, (long long)q->retry.limit);
	}
	if (!q->failed && !usual)
		stage_warn(st, "%s: trying again%s", st->err->text,
			q->for_ever ? " until it works" : "");
	q->failed = q->failed || !usual;
	inquiry_pause(q, time_monotonic() + pause);
	return 0;
}

int
inquiry_refused(struct inquiry *q, struct stage *st)
{
	int status = http_status(q->http);

	http_refused(q->http, st->err);
	if (!http_passing(status))
		return -1;
	return inquiry_again(q, st, http_retry_after_us(q->http), false);
}

int64_t
inquiry_due(const struct inquiry *q)
{
	return q->phase == INQUIRY_PAUSED ? q->due : http_due(q->http);
}
