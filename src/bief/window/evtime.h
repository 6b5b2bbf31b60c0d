/*
 * evtime: the event time of the records of a stream with a watermark.
 *
 * The plan names the field.  Behind an aggregation by windows it is "window":
 * a row counts as late by the end of its window.
 */
#ifndef BIEF_EVTIME_H
#define BIEF_EVTIME_H

#include <stdbool.h>
#include <stdint.h>

#include "value/record.h"

struct plan;

struct evtime {
	struct field field;
	bool known;    /* the stream has a watermark */
	bool window;   /* field is the window's end */
	bool any_case; /* names are not known before data flows */
};

void evtime_init(struct evtime *e, const struct plan *p);
/* The same where a window made of the event time stands for it, as the key of
 * a join.  False: the records have no such window. */
bool evtime_of_window(struct evtime *e, const struct plan *p);
void evtime_release(struct evtime *e);
/* The time of a key; false: it is null. */
bool evtime_get(struct evtime *e, const struct record *r, int64_t *us);
/* Is this field (of --by) the event time? */
bool evtime_is(const struct evtime *e, const char *name);

#endif
