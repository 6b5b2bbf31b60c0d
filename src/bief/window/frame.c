/*
 * frame: see frame.h.
 *
 * Windows reach an aggregation as fields of its records, so that they can come
 * from another process, or from anywhere.
 */
#include "window/frame.h"

#include <string.h>

#include "types/schema.h"

void
frame_init(struct frame *f)
{
	memset(f, 0, sizeof *f);
	field_init(&f->start, "window_start");
	field_init(&f->end, "window_end");
	record_add_init(&f->add_start, "window_start");
	record_add_init(&f->add_end, "window_end");
}

void
frame_release(struct frame *f)
{
	field_release(&f->start);
	field_release(&f->end);
	record_add_release(&f->add_start);
	record_add_release(&f->add_end);
	slots_release(&f->slots);
}

bool
frame_is_known(const struct schema *fields)
{
	return schema_find(fields, "window_start", 12) >= 0 &&
		schema_find(fields, "window_end", 10) >= 0;
}

bool
frame_is_in(struct frame *f, const struct record *r)
{
	return record_get(r, &f->start) != NULL &&
		record_get(r, &f->end) != NULL;
}

bool
frame_is_first(struct frame *f, const struct record *r)
{
	return field_index(&f->start, r) == 0;
}

int
frame_get(struct frame *f, const struct record *r, struct span *w)
{
	const struct value *s = record_get(r, &f->start);
	const struct value *e = record_get(r, &f->end);

	*w = (struct span){false, 0, 0};
	if (value_is_null(s) || value_is_null(e))
		return 0;
	if (time_text_get(&f->start_text, s, &w->start) == -1 ||
		time_text_get(&f->end_text, e, &w->end) == -1)
		return -1;
	w->there = true;
	return 0;
}

void
frame_put(struct frame *f, struct record *copy, const struct span *w)
{
	record_own(copy, &f->slots);
	record_add(copy, &f->add_start, value_time(w->start), &f->slots);
	record_add(copy, &f->add_end, value_time(w->end), &f->slots);
}
