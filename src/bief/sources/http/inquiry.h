/*
 * inquiry: asking a server again and again: after a pause, or when it did not
 * work, and what is told of that.
 */
#ifndef BIEF_INQUIRY_H
#define BIEF_INQUIRY_H

#include <stdbool.h>
#include <stdint.h>

#include "io/service/retry.h"

struct err;
struct http;
struct http_request;
struct stage;

enum inquiry_phase {
	INQUIRY_FRESH,  /* nothing has been asked for */
	INQUIRY_ASKED,  /* a request is under way; its end leaves it */
	INQUIRY_PAUSED, /* until due, then ask */
	INQUIRY_OVER    /* there will be no more */
};

struct inquiry {
	struct http *http; /* freed with it */
	struct retry retry;
	bool for_ever; /* it is never given up */
	enum inquiry_phase phase;
	int64_t due, asked; /* by time_monotonic */
	/* private */
	bool failed; /* that has been told */
};

void inquiry_release(struct inquiry *q);
/* Ask now; the request as for http_begin.  0 or -1. */
int inquiry_ask(
	struct inquiry *q, const struct http_request *r, struct err *err);
void inquiry_pause(struct inquiry *q, int64_t until);
/* It works: that is told if it did not. */
void inquiry_works(struct inquiry *q, struct stage *st);
/*
 * It did not work (st->err tells why): 0, it is asked again after a pause, no
 * shorter than least_us; -1, it is given up, with the message.  What is usual is
 * not told.
 */
int inquiry_again(
	struct inquiry *q, struct stage *st, int64_t least_us, bool usual);
/* The answer is none of 2xx: the same. */
int inquiry_refused(struct inquiry *q, struct stage *st);
/* When there is something to do, if nothing comes before. */
int64_t inquiry_due(const struct inquiry *q);

#endif
