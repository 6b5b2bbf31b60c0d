/*
 * frame: the window of a record, as its fields window_start and window_end say.
 */
#ifndef BIEF_FRAME_H
#define BIEF_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "time/time.h"
#include "value/record.h"
#include "value/value.h"
#include "window/span.h"

struct schema;

struct frame {
	struct field start, end;
	struct time_text start_text, end_text;
	struct record_add add_start, add_end;
	struct slots slots; /* of a record that it was put into */
};

void frame_init(struct frame *f);
void frame_release(struct frame *f);
/* Do fields that are known say it?  Does this record? */
bool frame_is_known(const struct schema *fields);
bool frame_is_in(struct frame *f, const struct record *r);
/* Do these fields stand first, as in the results of agg? */
bool frame_is_first(struct frame *f, const struct record *r);
/* The window; none, where a field is null or not there.  -1: they are no
 * times. */
int frame_get(struct frame *f, const struct record *r, struct span *w);
/* Put another one into a record, a copy. */
void frame_put(struct frame *f, struct record *copy, const struct span *w);

/* The usual case, of a window made in the same process; false: ask frame_get.
 * (Two numbers, not a struct span: copying one that has just been written
 * stalls.) */
static inline bool
frame_times(
	struct frame *f, const struct record *r, int64_t *start, int64_t *end)
{
	const struct value *s = record_get(r, &f->start);
	const struct value *e = record_get(r, &f->end);

	if (s == NULL || e == NULL || s->type != VALUE_TIME ||
		e->type != VALUE_TIME)
		return false;
	*start = s->i;
	*end = e->i;
	return true;
}

#endif
