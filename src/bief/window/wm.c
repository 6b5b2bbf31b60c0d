/*
 * wm: see wm.h.
 *
 * Kept: struct kept, under an empty key.  Spark makes a second batch, without
 * data, when the watermark has moved; ours closes by the new watermark at the
 * end of the batch that moved it.  With the trigger "once" Spark has no such
 * batch: what is closed, and then what is late, lags behind.
 */
#include "window/wm.h"

#include <assert.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "time/duration.h"
#include "time/time.h"
#include "recovery/state/state.h"
#include "runtime/entry.h"
#include "runtime/plan/plan.h"
#include "runtime/stage.h"

#define MILLISECOND INT64_C(1000)
#define DAY (INT64_C(86400) * TIME_SECOND)
#define YEARS_MAX 10000                     /* of a delay */
#define FOREVER INT64_C(253402300799999000) /* 9999-12-31T23:59:59.999Z */

#define NEVER INT64_MIN      /* no record with a time has come ... */
#define IDLE (INT64_MIN + 1) /* ... for longer than --idle */

struct kept {
	int64_t closed; /* by the batch before */
	int64_t now;    /* the watermark after it */
	int64_t newest; /* event time of all; NEVER, IDLE */
	int64_t heard;  /* time of the last batch with records */
	/* The same as the first two, of the records since the newest clean
	 * start alone: see marks.h. */
	int64_t fresh_closed, fresh;
};

void
wm_defaults(struct wm *w)
{
	w->idle_us = w->future_us = w->delay_us = -1;
	w->limit = INT64_MAX;
	w->unit = -1;
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
				"watermark: give --%s",
				option);
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

/* What a field is to be in a schema, to be an event time. */
static void
advise(const struct wm *w, const struct type *t, const char *path,
	struct buf *out)
{
	static const char *const units[] = {"", "(ms)", "(us)", "(ns)"};

	buf_printf(out, "parse-json --schema '%s timestamp%s'", path,
		units[w->unit < 0 ? 0 : w->unit]);
	if (w->unit < 0 && type_numeric(t))
		buf_str(out, ", or timestamp(ms), (us) or (ns) as it counts");
}

static int
check_type(const struct wm *w, const struct field *f, const struct type *t,
	struct err *err)
{
	struct buf b, how;

	if (t == NULL || t->kind == TYPE_TIMESTAMP || t->kind == TYPE_UNKNOWN)
		return 0;
	buf_init(&b);
	buf_init(&how);
	type_print(t, &b);
	advise(w, t, f->path, &how);
	err_as(err, STATUS_USAGE,
		"the field '%s' is of type %s, not a timestamp: a watermark "
		"needs an event time (%s)",
		f->path, buf_cstr(&b), buf_cstr(&how));
	buf_release(&b);
	buf_release(&how);
	return -1;
}

int
wm_plan(struct wm *w, const struct field *f, bool window, struct plan *p,
	struct err *err)
{
	const char *field = window ? "window" : f->path;
	const struct type *t = p->fields == NULL
		? NULL
		: schema_type(p->fields, f->path);

	if (check_type(w, f, t, err) == -1)
		return -1;
	if (p->delay_us >= 0 && p->event_time == NULL)
		return err_as(err, STATUS_USAGE,
			"the stream has a watermark already, on a field that "
			"is gone or has other values since: leave that one out");
	if (p->delay_us >= 0)
		return err_as(err, STATUS_USAGE,
			"the stream has a watermark already, on '%s': leave "
			"out that one, or this",
			p->event_time);
	if (w->flush && p->checkpoint != NULL)
		return err_as(err, STATUS_USAGE,
			"--flush ends the stream for good: it cannot go with "
			"a checkpoint");
	w->once = p->trigger == TRIGGER_ONCE;
	w->anew = p->anew > p->last;
	p->stream = 1;
	p->whole = false;
	p->delay_us = w->delay_us;
	p->idle_us = w->idle_us;
	p->event_time = mem_dup(field, strlen(field));
	return 0;
}

static struct kept *
wm_kept(struct stage *st, bool change)
{
	bool made;
	state_ref r = state_find(st->state, "", 0);
	struct kept *k;
	size_t n;

	if (r == STATE_NONE) {
		r = state_make(st->state, "", 0, sizeof *k, &made, st->err);
		if (r == STATE_NONE)
			return NULL;
		k = state_value(st->state, r, NULL);
		k->newest = NEVER;
	}
	k = state_value(st->state, r, &n);
	if (n != sizeof *k) {
		err_as(st->err, STATUS_DAMAGED,
			"the watermark in the checkpoint is not of this form");
		return NULL;
	}
	return change ? state_change(st->state, r) : k;
}

/* The watermark into a batch. */
static void
wm_tell(const struct wm *w, const struct kept *k, struct batch *b)
{
	b->watermark = w->once ? k->closed : k->now;
	b->lag_us = b->watermark - (w->once ? k->fresh_closed : k->fresh);
	b->idle = k->newest == IDLE;
}

static void
wm_forget(struct wm *w)
{
	w->newest = INT64_MIN;
	w->oldest = INT64_MAX;
	w->sum = 0;
	w->seen = 0;
	w->any = false;
}

int
wm_begin(struct wm *w, struct stage *st, struct batch *b)
{
	struct kept *k = wm_kept(st, w->anew);

	if (k == NULL)
		return -1;
	if (w->anew)
		k->fresh_closed = k->fresh = 0;
	w->anew = false;
	wm_tell(w, k, b);
	wm_forget(w);
	w->limit = w->future_us >= 0 ? b->time_us + w->future_us : INT64_MAX;
	return 0;
}

struct wm_seen {
	int64_t newest, oldest;
	__int128 sum;
	uint64_t seen;
	bool any;
};

void
wm_give(struct wm *w, struct buf *out)
{
	struct wm_seen s;

	memset(&s, 0, sizeof s);
	s.newest = w->newest;
	s.oldest = w->oldest;
	s.sum = w->sum;
	s.seen = w->seen;
	s.any = w->any;
	buf_add(out, &s, sizeof s);
	wm_forget(w);
}

void
wm_gather(struct wm *w, const char *p, size_t n)
{
	struct wm_seen s;

	assert(n == sizeof s);
	memcpy(&s, p, n);
	if (s.newest > w->newest)
		w->newest = s.newest;
	if (s.oldest < w->oldest)
		w->oldest = s.oldest;
	w->sum += s.sum;
	w->seen += s.seen;
	w->any |= s.any;
}

/* After a pause event time goes on with the clock. */
static bool
is_idle(const struct wm *w, const struct kept *k, const struct batch *b)
{
	return w->idle_us >= 0 && !w->any && k->newest > IDLE &&
		b->time_us - k->heard >= w->idle_us;
}

/* Before its first record an input has no time that could go on. */
static void
see_silence(const struct wm *w, struct kept *k, const struct batch *b)
{
	if (k->newest > IDLE)
		return;
	if (k->heard == 0)
		k->heard = b->time_us;
	k->newest = w->idle_us >= 0 && !w->any &&
			b->time_us - k->heard >= w->idle_us
		? IDLE
		: NEVER;
}

/* The watermark that an event time makes; it begins at 1970. */
static int64_t
mark_of(const struct wm *w, int64_t time)
{
	int64_t mark = time <= 0
		? 0
		: time_floor_div(time, MILLISECOND) * MILLISECOND -
			w->delay_us / MILLISECOND * MILLISECOND;

	return mark > 0 ? mark : 0;
}

static void
raise_to(int64_t *mark, int64_t to)
{
	if (to > *mark)
		*mark = to;
}

int
wm_batch(struct wm *w, struct stage *st, struct batch *b)
{
	const struct kept *old = wm_kept(st, false);
	struct kept k;

	if (old == NULL)
		return -1;
	st->event_times.n = w->seen;
	if (w->seen > 0)
		st->event_times = (struct event_times){.min = w->oldest,
			.max = w->newest,
			.n = w->seen,
			.avg = (int64_t)(w->sum / (__int128)w->seen)};
	k = *old;
	raise_to(&k.newest, w->newest);
	if (w->any)
		k.heard = b->time_us;
	see_silence(w, &k, b);
	k.closed = old->now;
	k.fresh_closed = old->fresh;
	raise_to(&k.now, mark_of(w, k.newest));
	raise_to(&k.fresh, mark_of(w, w->newest));
	if (is_idle(w, &k, b)) {
		raise_to(&k.now,
			mark_of(w, time_add(k.newest, b->time_us - k.heard)));
		k.fresh = k.now;
	}
	if (w->flushing)
		k.closed = k.now = k.fresh_closed = k.fresh = FOREVER;
	wm_tell(w, &k, b);
	if (memcmp(&k, old, sizeof k) != 0)
		memcpy(wm_kept(st, true), &k, sizeof k);
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

int
wm_show(const struct stage *st, state_ref r, struct buf *out)
{
	const struct kept *k = state_value(st->state, r, NULL);

	entry_kind(out, "watermark");
	buf_str(out, ",\"value\":{\"before\":");
	entry_time(out, k->closed);
	buf_str(out, ",\"watermark\":");
	entry_time(out, k->now);
	buf_str(out, ",\"newest\":");
	if (k->newest <= IDLE)
		buf_str(out, "null");
	else
		entry_time(out, k->newest);
	buf_str(out, ",\"heard\":");
	entry_time(out, k->heard);
	buf_str(out, ",\"fresh_before\":");
	entry_time(out, k->fresh_closed);
	buf_str(out, ",\"fresh\":");
	entry_time(out, k->fresh);
	buf_byte(out, '}');
	return 0;
}

int
wm_take(struct stage *st, const struct value *object, state_ref *made)
{
	static const char *const names[] = {"before", "watermark", "newest",
		"heard", "fresh_before", "fresh", NULL};
	struct value v, newest;
	struct kept k;

	if (object == NULL)
		return 0;
	if (!entry_of(object, "watermark"))
		return entry_unknown(object, st->err);
	if (entry_get_nested(object, "value", VALUE_OBJECT, &v, st->err) ==
			-1 ||
		entry_only(&v, names, st->err) == -1 ||
		entry_get_time(&v, "before", &k.closed, st->err) == -1 ||
		entry_get_time(&v, "watermark", &k.now, st->err) == -1 ||
		entry_get_time(&v, "heard", &k.heard, st->err) == -1 ||
		entry_get_time(&v, "fresh_before", &k.fresh_closed, st->err) ==
			-1 ||
		entry_get_time(&v, "fresh", &k.fresh, st->err) == -1 ||
		entry_get(&v, "newest", &newest, st->err) == -1)
		return -1;
	k.newest = NEVER;
	if (newest.type != VALUE_NULL &&
		entry_get_time(&v, "newest", &k.newest, st->err) == -1)
		return -1;
	return entry_put(st, "", 0, &k, sizeof k, made);
}
