/*
 * window: put records into windows of time.
 *
 * Time: the field of --on, or the windows of --on window; with --batches, the
 * arrival.
 * Watermark: passes it on, or makes one (--watermark, --batches).
 * State: the watermark's; with --batches, the records of the last batches.
 * Restart: goes on with what the last committed batch left.
 *
 * It is long because there are three kinds of windows, of a size, of a gap and
 * of batches, whose options exclude each other, and because a time may be of
 * several types: all of that is looked at where a record gets its window.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "time/duration.h"
#include "time/time.h"
#include "time/zone.h"
#include "runtime/stage.h"
#include "window/arrival.h"
#include "window/span.h"
#include "window/timefield.h"
#include "window/wm.h"

struct window {
	/* options */
	const char *on, *session_field;
	int64_t size, slide, start, session;
	int unit; /* of numbers, enum time_unit; -1: not given */
	struct wm wm;
	struct arrival arrival;

	struct field field, gap;
	bool of_window; /* --on window */
	struct window_set set;
	bool give_sets; /* what follows takes a record for all its windows */
	struct span last;
	struct time_text time_text;
	/* the times of last as they go out */
	struct value start_value, end_value;
	char start_text[TIME_MAX], end_text[TIME_MAX];
	struct record_add add_start, add_end;
	struct slots slots;
	struct buf tmp;
};

#define NOT_GIVEN INT64_MIN
/* Sizes and gaps, and times that can be in a window, so that their sums are
 * times. */
#define SIZE_MAX_US (10000 * DURATION_YEAR)
#define DAY_US (86400 * TIME_SECOND)
#define DATE_MOST \
	(INT64_MAX / DAY_US - 2) /* in days; a zone's offset fits in */
#define FARTHEST (INT64_MAX - 2 * SIZE_MAX_US)

static const struct opt window_opts[] = {
	{"on", 0, OPT_STRING, offsetof(struct window, on), "FIELD",
		"the event time; 'window' is that of the windows there are"},
	{"size", 0, OPT_DURATION, offsetof(struct window, size), "D",
		"length of a window", .most = SIZE_MAX_US},
	{"slide", 0, OPT_DURATION, offsetof(struct window, slide), "D",
		"a window begins every D (default: the size)"},
	{"start", 0, OPT_DURATION, offsetof(struct window, start), "D",
		"windows begin so much after multiples of the slide",
		.least = INT64_MIN},
	{"session", 0, OPT_DURATION, offsetof(struct window, session), "GAP",
		"sessions, which end after a pause of GAP",
		.most = SIZE_MAX_US},
	{"session-field", 0, OPT_STRING, offsetof(struct window, session_field),
		"FIELD", "sessions with a gap that each record tells"},
	{"watermark", 0, OPT_STRING, offsetof(struct window, wm.delay), "D",
		"a watermark on the same field, as of watermark --delay D",
		.free = true},
	{"unit", 0, OPT_ENUM, offsetof(struct window, unit), "s|ms|us|ns",
		"unit of times that are numbers since 1970"},
	{"batches", 0, OPT_STRING, offsetof(struct window, arrival.length),
		"LENGTH", "by arrival: the records of the last batches"},
	{"every", 0, OPT_STRING, offsetof(struct window, arrival.every),
		"SLIDE", "such a window every so many batches (default 1)"},
	OPT_END};

static void
window_defaults(void *self)
{
	struct window *w = self;

	wm_defaults(&w->wm);
	w->size = w->slide = w->start = w->session = NOT_GIVEN;
	w->unit = -1;
}

static int
refuse_usage(struct stage *st, const char *text)
{
	return err_as(st->err, STATUS_USAGE, "%s", text);
}

static int
check_size(struct stage *st)
{
	struct window *w = STAGE(st, window);

	if (w->size == NOT_GIVEN)
		return refuse_usage(st,
			"--size is missing: window --on FIELD --size D, or "
			"--session GAP");
	if (w->slide == NOT_GIVEN)
		w->slide = w->size;
	if (w->start == NOT_GIVEN)
		w->start = 0;
	if (w->size <= 0)
		return refuse_usage(st, "--size: a window is longer than 0");
	if (w->slide <= 0)
		return refuse_usage(st, "--slide: a step is longer than 0");
	if (w->slide > w->size)
		return refuse_usage(st,
			"--slide is longer than --size: records between the "
			"windows would be in none");
	if (w->start >= w->slide || w->start <= -w->slide)
		return refuse_usage(
			st, "--start is not shorter than the slide");
	w->set = (struct window_set){0, w->size, w->slide, w->start};
	return 0;
}

static bool
is_session(const struct window *w)
{
	return w->session != NOT_GIVEN || w->session_field != NULL;
}

static int
check_session(struct stage *st)
{
	struct window *w = STAGE(st, window);

	if (w->size != NOT_GIVEN || w->slide != NOT_GIVEN ||
		w->start != NOT_GIVEN)
		return refuse_usage(
			st, "sessions have no --size, --slide, --start");
	if (w->session != NOT_GIVEN && w->session_field != NULL)
		return refuse_usage(
			st, "--session and --session-field: one of them");
	if (w->session_field == NULL && w->session <= 0)
		return refuse_usage(st, "--session: a gap is longer than 0");
	return 0;
}

static int
check_arrival(struct stage *st)
{
	struct window *w = STAGE(st, window);

	if (w->on != NULL || w->size != NOT_GIVEN || w->slide != NOT_GIVEN ||
		w->start != NOT_GIVEN || is_session(w) || w->wm.delay != NULL ||
		w->unit >= 0)
		return refuse_usage(st,
			"--batches stands alone, or with --every: such "
			"windows look at no field");
	return arrival_open(&w->arrival, st);
}

static int
window_open(struct stage *st)
{
	struct window *w = STAGE(st, window);

	record_add_init(&w->add_start, "window_start");
	record_add_init(&w->add_end, "window_end");
	if (w->arrival.length != NULL)
		return check_arrival(st);
	if (w->arrival.every != NULL)
		return refuse_usage(st, "--every needs --batches");
	if (w->on == NULL)
		return refuse_usage(
			st, "--on is missing: the field with the time");
	w->of_window = strcmp(w->on, "window") == 0;
	field_init(&w->field, w->of_window ? "window_end" : w->on);
	stage_watch(st, &w->field);
	st->untimed_what = "usable time";
	if (w->session_field != NULL) {
		st->untimed_what = "usable time or gap";
		field_init(&w->gap, w->session_field);
		stage_watch(st, &w->gap);
	}
	if ((is_session(w) ? check_session(st) : check_size(st)) < 0)
		return -1;
	return wm_open(&w->wm, "watermark", st->err);
}

/* ---- the plan ---- */

static void
plan_window_field(struct schema *s, const char *name)
{
	int at = schema_find(s, name, strlen(name));

	if (at < 0) {
		schema_add(s, name, type_new(TYPE_TIMESTAMP));
		return;
	}
	type_free(s->f[at].type);
	s->f[at].type = type_new(TYPE_TIMESTAMP);
}

static void
plan_windows(struct window *w, struct plan *p)
{
	const char *on = w->of_window ? "window" : w->field.path;

	if (plan_take_time(p, on))
		on = p->event_time;
	/* Windows of windows carry the watermark if those do. */
	if (!w->of_window || p->window_on == NULL) {
		free(p->window_on);
		p->window_on = mem_dup(on, strlen(on));
	}
	p->window_us = p->slide_us = p->start_us = p->session_us = 0;
	p->arrival = false;
	if (is_session(w)) {
		p->session_us = w->session_field != NULL ? -1 : w->session;
		return;
	}
	p->window_us = w->size;
	p->slide_us = w->slide;
	p->start_us = w->start;
}

/* The field of --on, by the name that the plan has. */
static int
bind(struct stage *st, const struct plan *p)
{
	struct window *w = STAGE(st, window);
	const struct type *t;

	if (w->of_window && p->fields != NULL &&
		schema_find(p->fields, "window_end", 10) < 0 &&
		schema_find(p->fields, "window", 6) >= 0) {
		w->of_window = false;
		field_settle(&w->field, "window", true);
	}
	if (plan_bind(p, &w->field, NULL, st->err) < 0)
		return -1;
	t = p->fields == NULL ? NULL : schema_type(p->fields, w->field.path);
	return t == NULL
		? 0
		: timefield_check(t, w->field.path, w->unit >= 0, st->err);
}

static int
window_plan(struct stage *st, struct plan *p)
{
	struct window *w = STAGE(st, window);

	if (w->arrival.length != NULL) {
		if (arrival_plan(&w->arrival, st, p) < 0)
			return -1;
	} else {
		if (bind(st, p) < 0)
			return -1;
		if (w->session_field != NULL &&
			plan_bind(p, &w->gap, NULL, st->err) < 0)
			return -1;
		w->wm.unit = w->unit;
		if (w->wm.delay != NULL &&
			wm_plan(&w->wm, &w->field, w->of_window, p, st->err) <
				0)
			return -1;
		/* An aggregation must know of sessions; without batches all
		 * of the input is one. */
		if (is_session(w) && p->stream == 0) {
			p->stream = 1;
			p->whole = true;
			p->trigger = TRIGGER_ONCE;
		}
		plan_windows(w, p);
		w->give_sets = w->slide < w->size && st->next != NULL &&
			st->next->windows;
		st->looks = LOOKS_PASSING;
	}
	if (p->fields != NULL) {
		plan_window_field(p->fields, "window_start");
		plan_window_field(p->fields, "window_end");
	}
	return 0;
}

/* ---- records ---- */

static int
window_begin(struct stage *st, struct batch *b)
{
	struct window *w = STAGE(st, window);

	if (w->arrival.length != NULL)
		return arrival_begin(&w->arrival, st, b);
	return w->wm.delay != NULL ? wm_begin(&w->wm, st, b) : 0;
}

/* A number of units since 1970; false: no time. */
static bool
number_time(const struct value *n, enum time_unit unit, int64_t *us)
{
	static const int64_t per[] = {1000000, 1000, 1};
	double d;

	if (n->type == VALUE_INT && unit == UNIT_NS) {
		*us = time_floor_div(n->i, 1000);
		return true;
	}
	if (n->type == VALUE_INT)
		return !__builtin_mul_overflow(n->i, per[unit], us);
	d = trunc(unit == UNIT_NS ? n->d / 1000 : n->d * (double)per[unit]);
	if (!(fabs(d) < 9.2e18))
		return false;
	*us = (int64_t)d;
	return true;
}

/* The time of a record: 1, 0 when it has none, 2 when it was refused, -1. */
static int
time_of(struct stage *st, const struct record *r, const struct value *v,
	int64_t *us)
{
	struct window *w = STAGE(st, window);
	struct value n;
	const char *s;
	size_t len;

	switch (v->type) {
	case VALUE_TIME:
		*us = v->i;
		return 1;
	case VALUE_DATE: /* its text would be local midnight, too */
		if (v->i > DATE_MOST || v->i < -DATE_MOST)
			return 0;
		*us = zone_to_utc(stage_zone(st), v->i * DAY_US);
		return 1;
	case VALUE_STRING:
		if (time_text_get(&w->time_text, v, us) == 0)
			return 1;
		buf_clear(&w->tmp);
		s = value_string(v, &len, &w->tmp);
		return time_parse(s, len, stage_zone(st), st->now.time_us,
			       us) == 0;
	case VALUE_INT:
	case VALUE_DOUBLE:
	case VALUE_NUMBER:
	case VALUE_REAL:
		if (w->unit >= 0) {
			n = value_number(v, false);
			return number_time(&n, (enum time_unit)w->unit, us);
		}
		return stage_reject(st, r,
			       "the field '%s' is a number: say what it "
			       "counts, --unit s, ms, us or ns",
			       w->on) < 0
			? -1
			: 2;
	default:
		return stage_reject(st, r, "the field '%s' is no time", w->on) <
				0
			? -1
			: 2;
	}
}

/* The gap of a record; 0: it has none. */
static int64_t
gap_of(struct window *w, const struct record *r)
{
	const struct value *v;
	struct err err;
	const char *s;
	size_t n;
	int64_t us;

	if (w->session_field == NULL)
		return w->session;
	v = record_get(r, &w->gap);
	if (v == NULL || v->type != VALUE_STRING)
		return 0;
	buf_clear(&w->tmp);
	s = value_string(v, &n, &w->tmp);
	return duration_us(s, n, &us, &err) == 0 && us > 0 ? us : 0;
}

static int
emit_in(struct stage *st, struct record *r, int64_t start, int64_t end)
{
	struct window *w = STAGE(st, window);

	record_add(r, &w->add_start, value_time(start), &w->slots);
	record_add(r, &w->add_end, value_time(end), &w->slots);
	return stage_emit(st, r);
}

static int
emit_windows(struct stage *st, struct record *r, int64_t us)
{
	struct window *w = STAGE(st, window);
	int64_t newest = span_newest(&w->set, us), start;

	start = span_oldest(&w->set, us);
	if (w->give_sets) {
		w->set.time = us;
		r->windows = &w->set;
		st->records_out += (uint64_t)((newest - start) / w->slide);
		return emit_in(st, r, newest, newest + w->size);
	}
	for (; start <= newest; start += w->slide) {
		struct record out = *r;

		if (emit_in(st, &out, start, start + w->size) < 0)
			return -1;
	}
	return 0;
}

/* A time for many records: as text where it is printed for each of them.  The
 * text is good until the next. */
static struct value
time_out(const struct stage *st, int64_t us, char text[TIME_MAX])
{
	if (!stage_prints(st))
		return value_time(us);
	return value_json_string(text, time_format_iso(us, text), false);
}

/* The window of a time is w->last. */
static inline void
choose_window(struct stage *st, int64_t us)
{
	struct window *w = STAGE(st, window);

	if (w->last.there && us >= w->last.start && us < w->last.end)
		return;
	w->last.there = true;
	w->last.start = span_newest(&w->set, us);
	w->last.end = w->last.start + w->size;
	w->start_value = time_out(st, w->last.start, w->start_text);
	w->end_value = time_out(st, w->last.end, w->end_text);
}

static int
window_record(struct stage *st, struct record *r)
{
	struct window *w = STAGE(st, window);
	const struct value *v;
	int64_t us, gap;
	int got;

	if (w->arrival.length != NULL)
		return arrival_record(&w->arrival, st, r);
	v = record_get(r, &w->field);
	w->wm.any = true;
	if (value_is_null(v))
		return stage_untimed(st, r, "no time in '%s'", w->on);
	got = time_of(st, r, v, &us);
	if (got == 0)
		return stage_untimed(st, r, "no time in '%s'", w->on);
	if (got != 1)
		return got < 0 ? -1 : 0;
	us -= w->of_window;
	if (us > FARTHEST || us < -FARTHEST)
		return stage_reject(
			st, r, "the time in '%s' is too far from 1970", w->on);
	wm_see(&w->wm, us);
	if (is_session(w)) {
		gap = gap_of(w, r);
		if (gap > SIZE_MAX_US)
			return stage_reject(st, r,
				"the gap in '%s' is longer than 10000 years",
				w->session_field);
		if (gap <= 0)
			return stage_untimed(
				st, r, "no gap in '%s'", w->session_field);
		return emit_in(st, r, us, us + gap);
	}
	if (w->slide < w->size)
		return emit_windows(st, r, us);
	choose_window(st, us);
	record_add(r, &w->add_start, w->start_value, &w->slots);
	record_add(r, &w->add_end, w->end_value, &w->slots);
	return stage_emit(st, r);
}

/* ---- many records at once ---- */

/* The place of the time, where all that is done with records of this shape, with
 * so much room, is to add one window; -1: it is not so. */
static int
plain_time(struct window *w, const struct record *like)
{
	uint32_t n = like->shape->n;

	if (w->arrival.length != NULL || w->session_field != NULL ||
		(is_session(w) ? w->session > SIZE_MAX_US
			       : w->slide < w->size && !w->give_sets) ||
		like->room < n + 2 ||
		shape_find(like->shape, w->add_start.name,
			w->add_start.nname) >= 0 ||
		shape_find(like->shape, w->add_end.name, w->add_end.nname) >= 0)
		return -1;
	return field_index(&w->field, like);
}

/* What records of these times have in common: between begin and end they are in
 * the same windows. */
struct alike {
	int64_t begin, end;
	uint64_t more; /* windows beside the newest */
};

static struct alike
choose_windows(struct stage *st, int64_t us)
{
	struct window *w = STAGE(st, window);
	int64_t newest, slice;

	if (!w->give_sets) {
		choose_window(st, us);
		return (struct alike){w->last.start, w->last.end, 0};
	}
	w->set.time = us;
	newest = span_newest(&w->set, us);
	slice = span_slice(&w->set, us);
	w->start_value = value_time(newest);
	w->end_value = value_time(newest + w->size);
	return (struct alike){slice, span_next(&w->set, slice),
		(uint64_t)((newest - span_oldest(&w->set, us)) / w->slide)};
}

/* Add their windows to records with n fields, the times of which stand at "at";
 * returns how many from the first on have a plain one, and the same windows
 * where these go as a set. */
static size_t
add_windows(struct stage *st, struct value *v, size_t stride, size_t many,
	uint32_t n, int at)
{
	struct window *w = STAGE(st, window);
	struct alike alike = {0, 0, 0};
	size_t i;

	for (i = 0; i < many; i++, v += stride) {
		int64_t us = v[at].i - w->of_window;

		if (v[at].type != VALUE_TIME || us > FARTHEST || us < -FARTHEST)
			break;
		if (us < alike.begin || us >= alike.end) {
			if ((w->give_sets || stage_prints(st)) && i > 0)
				break;
			alike = choose_windows(st, us);
		}
		wm_see(&w->wm, us);
		v[n] = w->start_value;
		v[n + 1] = w->end_value;
	}
	w->wm.any |= i > 0;
	st->records_out += i * alike.more;
	return i;
}

/* The same where each has a session of its own. */
static size_t
add_sessions(struct window *w, struct value *v, size_t stride, size_t many,
	uint32_t n, int at)
{
	size_t i;

	for (i = 0; i < many; i++, v += stride) {
		int64_t us = v[at].i - w->of_window;

		if (v[at].type != VALUE_TIME || us > FARTHEST || us < -FARTHEST)
			break;
		wm_see(&w->wm, us);
		v[n] = value_time(us);
		v[n + 1] = value_time(us + w->session);
	}
	w->wm.any |= i > 0;
	return i;
}

/* Records with these windows, in the values behind those that they had. */
static int
emit_rows(struct stage *st, const struct record *like, size_t stride, size_t n)
{
	struct window *w = STAGE(st, window);
	struct record r = *like;

	st->records_in += n;
	record_add_shape(&r, &w->add_start);
	record_add_shape(&r, &w->add_end);
	if (w->give_sets)
		r.windows = &w->set;
	return stage_emit_records(st, &r, stride, n);
}

static int
window_records(
	struct stage *st, const struct record *like, size_t stride, size_t n)
{
	struct window *w = STAGE(st, window);
	struct record r = *like;
	int at = plain_time(w, like);

	while (n > 0) {
		struct record one = r;
		size_t done = at < 0 ? 0
			: is_session(w)
			? add_sessions(w, r.v, stride, n, r.shape->n, at)
			: add_windows(st, r.v, stride, n, r.shape->n, at);

		if (done > 0 && emit_rows(st, &r, stride, done) < 0)
			return -1;
		if (done == 0) {
			done = 1;
			one.number = ++st->records_in;
			if (window_record(st, &one) < 0)
				return -1;
		}
		r.v += done * stride;
		n -= done;
	}
	return 0;
}

static int
window_batch(struct stage *st, struct batch *b)
{
	struct window *w = STAGE(st, window);

	if (w->arrival.length != NULL)
		return arrival_batch(&w->arrival, st, b, emit_in);
	return w->wm.delay != NULL ? wm_batch(&w->wm, st, b) : 0;
}

/* ---- on threads ---- */

static const char *
window_why_not(const struct stage *st)
{
	return STAGE(st, window)->arrival.length != NULL
		? "it keeps the records that come"
		: NULL;
}

static void
window_give(struct stage *clone, struct buf *out)
{
	wm_give(&STAGE(clone, window)->wm, out);
}

static int
window_gather(struct stage *st, int by, const char *p, size_t n)
{
	wm_gather(&STAGE(st, window)->wm, p, n);
	return 0;
}

static const struct spread window_spread = {
	.why_not = window_why_not, .give = window_give, .take = window_gather};

/* ---- for bief state ---- */

/* What follows has closed by the watermark, if there was one; and has its
 * windows made of so many batches. */
static void
window_form(struct stage *st, const struct plan *in, int n, struct buf *out)
{
	struct window *w = STAGE(st, window);

	if (w->wm.delay != NULL)
		buf_str(out, " --watermark\n");
	if (w->arrival.length_us > 0 || w->arrival.every_us > 0)
		buf_printf(out, " windows of %lld batches every %lld\n",
			(long long)w->arrival.nlength,
			(long long)w->arrival.nevery);
}

static void
window_explain(struct stage *st, struct buf *out)
{
	struct window *w = STAGE(st, window);

	buf_str(out,
		w->arrival.length != NULL ? "the records of the last batches"
			: w->wm.delay != NULL
			? "the largest time seen, and the watermark"
			: "nothing");
}

static int
window_show(struct stage *st, state_ref r, struct buf *out)
{
	return STAGE(st, window)->arrival.length != NULL
		? arrival_show(st, r, out)
		: wm_show(st, r, out);
}

static int
window_take(struct stage *st, const struct value *object, state_ref *made)
{
	struct window *w = STAGE(st, window);

	return w->arrival.length != NULL
		? arrival_take(&w->arrival, st, object, made)
		: wm_take(st, object, made);
}

static void
window_close(struct stage *st)
{
	struct window *w = STAGE(st, window);

	arrival_close(&w->arrival);
	field_release(&w->field);
	field_release(&w->gap);
	record_add_release(&w->add_start);
	record_add_release(&w->add_end);
	slots_release(&w->slots);
	buf_release(&w->tmp);
}

static const struct keeper window_keeper = {
	.form = window_form,
	.explain = window_explain,
	.show = window_show,
	.take = window_take,
	.rows = stage_no_rows,
};

const struct op op_window = {
	.name = "window",
	.about = "put records into windows of time",
	.synopsis = "--on FIELD --size D [--slide D] | --on FIELD "
		    "--session GAP | --batches LENGTH",
	.opts = window_opts,
	.size = sizeof(struct window),
	.defaults = window_defaults,
	.open = window_open,
	.plan = window_plan,
	.begin = window_begin,
	.record = window_record,
	.records = window_records,
	.batch = window_batch,
	.keeper = &window_keeper,
	.spread = &window_spread,
	.close = window_close,
};
