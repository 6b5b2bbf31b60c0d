/*
 * wm: a watermark, for the programs that make one.
 */
#ifndef BIEF_WM_H
#define BIEF_WM_H

#include <stdbool.h>
#include <stdint.h>

#include "recovery/state/state.h"

struct batch;
struct buf;
struct err;
struct field;
struct plan;
struct stage;
struct value;

struct wm {
	/* options; durations below 0: not asked for */
	const char *delay;
	int64_t idle_us, future_us;
	bool flush;

	int unit; /* of the field, if it is a number: enum time_unit; -1 */
	int64_t delay_us;
	bool once;      /* closing lags behind by a batch */
	int64_t newest; /* event time in this batch; INT64_MIN: none */
	int64_t oldest;
	__int128 sum; /* of the times seen, so many: */
	uint64_t seen;
	int64_t limit; /* of --future: what is above does not count */
	bool any;      /* a record came in this batch */
	bool flushing; /* the input has ended */
	bool anew;     /* the first batch after a clean start comes */
};

void wm_defaults(struct wm *w);
/* "10s", "1 month" (31 days); not negative. */
int wm_open(struct wm *w, const char *option, struct err *err);
/* The watermark on a field that is bound (plan_bind), into the plan; window: it
 * is that of the windows there are. */
int wm_plan(struct wm *w, const struct field *f, bool window, struct plan *p,
	struct err *err);
int wm_begin(struct wm *w, struct stage *st, struct batch *b);
/* On threads: what a clone has seen, which it forgets; into the stage's. */
void wm_give(struct wm *w, struct buf *out);
void wm_gather(struct wm *w, const char *p, size_t n);
int wm_batch(struct wm *w, struct stage *st, struct batch *b);
/* With --flush: one more batch, which closes everything. */
int wm_eof(struct wm *w, struct stage *st, struct batch *b);

/* For bief state: show() and take(). */
int wm_show(const struct stage *st, state_ref r, struct buf *out);
int wm_take(struct stage *st, const struct value *object, state_ref *made);

static inline void
wm_see(struct wm *w, int64_t us)
{
	if (us > w->limit)
		return;
	if (us > w->newest)
		w->newest = us;
	if (us < w->oldest)
		w->oldest = us;
	w->sum += us;
	w->seen++;
}

#endif
