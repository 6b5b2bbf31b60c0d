/*
 * webline: what a server sends as lines: as it is, or as records with the time of
 * arrival or with what an event says beside its data.
 */
#ifndef BIEF_WEBLINE_H
#define BIEF_WEBLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "floor/buf.h"
#include "value/list.h"

struct plan;
struct sse;

struct webline {
	bool envelope;         /* records of event, id and data */
	struct list events;    /* only those of these names; empty: all */
	const char *timestamp; /* the field for the time of arrival, or NULL */
	struct buf out;        /* lines to be passed on */
	/* private */
	char *name; /* timestamp, as in JSON */
};

/* The fields that lines will have, into the plan; before the first line. */
void webline_plan(struct webline *w, struct plan *p);
void webline_release(struct webline *w);
/* A line of text, {"value":...}, into out. */
void webline_value(struct webline *w, const char *p, size_t n);
/* An event that has ended, if it is wanted. */
void webline_event(struct webline *w, const struct sse *e);

#endif
