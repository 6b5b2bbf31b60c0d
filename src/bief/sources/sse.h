/*
 * sse: Server-Sent Events, as the WHATWG's HTML standard (9.2.6) reads them.
 *
 * Bytes come in pieces, cut anywhere.  A line ends at LF, CR LF or CR; an event
 * ends at an empty line, and what follows the last one when the connection ends
 * is none.
 */
#ifndef BIEF_SSE_H
#define BIEF_SSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"

struct sse {
	/* Of the event that an empty line has ended. */
	struct buf type;  /* empty: "message" */
	struct buf data;  /* its lines, an LF between them */
	struct buf id;    /* the last one that was told, as in every event */
	int64_t retry_ms; /* the last that was told; -1 none */
	size_t max;       /* bytes of a line, and of an event's data */
	/* An event has data: 0 to go on, -1. */
	int (*event)(void *arg, struct sse *s);
	/* An event was dropped, for it has too much: 0 to go on, -1. */
	int (*refused)(void *arg, struct sse *s);
	void *arg;

	/* private */
	struct buf line;    /* the beginning of one that has not ended */
	struct buf next_id; /* of the event that is being read */
	bool fresh;         /* no line has come yet: there may be a mark */
	bool cr;            /* an LF would belong to the CR before */
	bool skip;          /* the line is too long: to its end */
	bool spoilt;        /* the event is refused */
	bool any;           /* it has a line of data */
};

/* Set max, event, refused and arg. */
void sse_init(struct sse *s);
void sse_release(struct sse *s);
/* Another connection: what has not ended is forgotten; the id stays. */
void sse_again(struct sse *s);
/* The id that the first request is made with. */
void sse_start_at(struct sse *s, const char *id);
/* Bytes that have come: 0, or -1 of a callback. */
int sse_feed(struct sse *s, const char *p, size_t n);

#endif
