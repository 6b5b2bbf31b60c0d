/*
 * span: see span.h. Everything is floor division of times by the slide, taken
 * from the start that windows are counted from; times before 1970 are
 * negative, where C's own division would round to the other side.
 */
#include "window/span.h"

#include "time/time.h"

int64_t
span_newest(const struct window_set *w, int64_t t)
{
	return time_floor_div(t - w->start, w->slide) * w->slide + w->start;
}

int64_t
span_oldest(const struct window_set *w, int64_t t)
{
	/* The first start that is later than t - size. */
	return span_newest(w, t - w->size) + w->slide;
}

int64_t
span_slice(const struct window_set *w, int64_t t)
{
	int64_t begin = span_newest(w, t), edge = begin + w->size % w->slide;

	return t < edge || edge == begin ? begin : edge;
}

int64_t
span_next(const struct window_set *w, int64_t slice)
{
	int64_t begin = span_newest(w, slice);
	int64_t edge = begin + w->size % w->slide;

	return slice < edge ? edge : begin + w->slide;
}
