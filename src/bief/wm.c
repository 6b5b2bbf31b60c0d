/*
 * wm: see wm.h.
 *
 * Kept: struct kept, under an empty key.  Spark makes a second batch, without
 * data, when the watermark has moved; ours closes by the new watermark at the
 * end of the batch that moved it.  With the trigger "once" Spark has no such
 * batch: what is closed, and then what is late, lags behind.
 */
#include <string.h>

#include "err.h"
#include "plan.h"
#include "run.h"
#include "state.h"
#include "time.h"
#include "wm.h"

#define MILLISECOND INT64_C(1000)
#define DAY (INT64_C(86400) * TIME_SECOND)
#define YEARS_MAX 10000 /* of a delay */
#define FOREVER INT64_C(253402300799999000) /* 9999-12-31T23:59:59.999Z */

struct kept {
	int64_t closed; /* by the batch before */
	int64_t now;    /* the watermark after it */
	int64_t newest; /* event time of all, INT64_MIN: none */
	int64_t heard;  /* time of the last batch with records */
};

void
wm_defaults(struct wm *w)
{
	w->idle_us = w->future_us = w->delay_us = -1;
	w->limit = INT64_MAX;
	w->newest = INT64_MIN;
}

int
wm_open(struct wm *w, const char *option, struct err *err)
{
	struct duration d;
	struct err why;

	if (w->delay == NULL) {
		if (w->idle_us >= 0 || w->future_us >= 0 || w->flush)
			return err_as(err, STATUS_USAGE,
				"--idle, --future and --flush belong to a "
				"watermark: give --%s", option);
		return 0;
	}
	if (duration_parse(w->delay, strlen(w->delay), &d, &why) == -1)
		return err_as(err, STATUS_USAGE, "--%s: %s", option, why.text);
	if (d.months > 12 * YEARS_MAX || d.us > YEARS_MAX * 366 * DAY)
		return err_as(err, STATUS_USAGE,
			"--%s: longer than %d years: '%s'", option, YEARS_MAX,
			w->delay);
	w->delay_us = d.us + d.months * 31 * DAY;
	if (d.months < -12 * YEARS_MAX || w->delay_us < 0)
		return err_as(err, STATUS_USAGE,
			"--%s: a delay is not negative: '%s'", option,
			w->delay);
	return 0;
}

int
wm_plan(struct wm *w, const char *field, struct plan *p, struct err *err)
{
	const char *path = strcmp(field, "window") == 0 ? "window_end" : field;
	const struct type *t = p->fields == NULL
		? NULL
		: schema_type(p->fields, path);
	struct buf b;

	if (plan_field(p, path, err) == -1)
		return -1;
	if (t != NULL && t->kind != TYPE_TIMESTAMP &&
		t->kind != TYPE_UNKNOWN) {
		buf_init(&b);
		type_print(t, &b);
		err_as(err, STATUS_USAGE,
			"the field '%s' is of type %s, not a timestamp: a "
			"watermark needs an event time (parse-json --schema "
			"'%s timestamp')",
			field, buf_cstr(&b), field);
		buf_release(&b);
		return -1;
	}
	if (p->delay_us >= 0)
		return err_as(err, STATUS_USAGE,
			"the stream has a watermark already, on '%s'",
			p->event_time == NULL ? "a field that is gone"
					      : p->event_time);
	if (w->flush && p->checkpoint != NULL)
		return err_as(err, STATUS_USAGE,
			"--flush ends the stream for good: it cannot go with "
			"a checkpoint");
	w->once = p->trigger == TRIGGER_ONCE;
	p->stream = 1;
	p->delay_us = w->delay_us;
	p->event_time = mem_dup(field, strlen(field));
	return 0;
}

static struct kept *
kept(struct stage *st, bool change)
{
	bool made;
	state_ref r = state_find(st->state, "", 0);
	struct kept *k;

	if (r == STATE_NONE) {
		r = state_make(st->state, "", 0, sizeof *k, &made, st->err);
		if (r == STATE_NONE)
			return NULL;
		k = state_value(st->state, r, NULL);
		k->newest = INT64_MIN;
	}
	return change ? state_change(st->state, r)
		      : state_value(st->state, r, NULL);
}

int
wm_begin(struct wm *w, struct stage *st, struct batch *b)
{
	const struct kept *k = kept(st, false);

	if (k == NULL)
		return -1;
	b->watermark = w->once ? k->closed : k->now;
	w->newest = INT64_MIN;
	w->any = false;
	w->limit = w->future_us >= 0 ? b->time_us + w->future_us : INT64_MAX;
	return 0;
}

/* Event time goes on with the clock after a pause. */
static int64_t
newest_time(const struct wm *w, const struct kept *k, const struct batch *b)
{
	if (w->idle_us >= 0 && !w->any && k->newest != INT64_MIN &&
		b->time_us - k->heard >= w->idle_us)
		return time_add(k->newest, b->time_us - k->heard);
	return k->newest;
}

int
wm_batch(struct wm *w, struct stage *st, struct batch *b)
{
	const struct kept *old = kept(st, false);
	struct kept k;
	int64_t newest, mark;

	if (old == NULL)
		return -1;
	k = *old;
	if (w->newest > k.newest)
		k.newest = w->newest;
	if (w->any)
		k.heard = b->time_us;
	k.closed = old->now;
	newest = newest_time(w, &k, b);
	/* It begins at 1970. */
	if (newest > 0) {
		mark = time_floor_div(newest, MILLISECOND) * MILLISECOND -
			w->delay_us / MILLISECOND * MILLISECOND;
		if (mark > k.now)
			k.now = mark;
	}
	if (w->flushing)
		k.closed = k.now = FOREVER;
	b->watermark = w->once ? k.closed : k.now;
	if (memcmp(&k, old, sizeof k) != 0)
		memcpy(kept(st, true), &k, sizeof k);
	return 0;
}

int
wm_eof(struct wm *w, struct stage *st, struct batch *b)
{
	if (!w->flush)
		return 0;
	w->flushing = true;
	b->watermark = FOREVER;
	return 1;
}
