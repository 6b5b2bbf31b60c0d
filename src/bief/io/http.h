/*
 * http: one request at a time to one URL, over libcurl, which is opened when it
 * is first needed.
 *
 * Nothing blocks: http_step does what can be done now, http_fd and http_due say
 * what to wait for.  Certificates are checked, proxies come from the
 * environment, and redirects are followed; what the headers' file holds goes
 * to the origin of the URL alone.
 */
#ifndef BIEF_HTTP_H
#define BIEF_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"

struct err;
struct http;

struct http_options {
	const char *headers; /* a file, "Name: value" a line; NULL */
	const char *ca;      /* a file of authorities; NULL: the system's */
	int64_t stall_us;    /* give up when nothing has come for so long; 0 */
};

struct http_request {
	const char *const *headers; /* "Name: value"; NULL ends them; NULL */
	const char *body;           /* POST it; NULL: GET */
	size_t nbody;
	bool packed; /* the answer may be compressed on its way */
};

/* NULL with a message, STATUS_USAGE for an URL or a file that is none. */
struct http *http_new(
	const char *url, const struct http_options *o, struct err *err);
void http_free(struct http *h);

/* Begin; a request under way is given up.  The body has to live until it is
 * done.  0 or -1. */
int http_begin(struct http *h, const struct http_request *q, struct err *err);
/* Give up what is under way. */
void http_stop(struct http *h);

enum http_event {
	HTTP_WAIT, /* nothing now: wait */
	HTTP_SOME, /* there is more in http_body */
	HTTP_DONE  /* the answer is complete; what is left is in http_body */
};
/* enum http_event, or -1: there was no answer, or not all of it; see
 * http_lasting. */
int http_step(struct http *h, struct err *err);
/* -1: will another try fail just so? */
bool http_lasting(const struct http *h);
/* Readable when there is something to do; and when (time_monotonic). */
int http_fd(const struct http *h);
int64_t http_due(const struct http *h);

/* What has come of the body, for the caller to take and clear. */
struct buf *http_body(struct http *h);
/* The status, 0 before it is known, and headers of the answer; NULL: not
 * there. */
int http_status(const struct http *h);
const char *http_type(const struct http *h); /* without parameters */
const char *http_etag(const struct http *h);
const char *http_modified(const struct http *h);
/* How long to stay away: Retry-After; 0: nothing is asked for. */
int64_t http_retry_after_us(struct http *h);
/* The URL as messages show it: without what may be secret. */
const char *http_name(const struct http *h);

/* May a request with this status be answered better another time? */
bool http_passing(int status);
/* A message for an answer that is none of 2xx: its status, and the first line
 * of its body, which may have come in parts. */
int http_refused(struct http *h, struct err *err);

#endif
