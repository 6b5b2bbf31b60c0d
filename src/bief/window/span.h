/*
 * span: which windows hold a moment, and how windows are made of slices.
 *
 * A slice is a stretch of time between two edges of windows, so all of it is in
 * the same windows.  A window is a row of slices: two at most for each slide.
 */
#ifndef BIEF_SPAN_H
#define BIEF_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "value/record.h"

/* [start, end), or no window. */
struct span {
	bool there;
	int64_t start, end;
};

/* Start of the newest window that begins at or before t, of the oldest that
 * still holds t (t is in no window when this is the later one). */
int64_t span_newest(const struct window_set *w, int64_t t);
int64_t span_oldest(const struct window_set *w, int64_t t);
/* Start of the slice that holds t, and of the one behind it. */
int64_t span_slice(const struct window_set *w, int64_t t);
int64_t span_next(const struct window_set *w, int64_t slice);

#endif
