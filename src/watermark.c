/*
 * watermark: say how late records may be.
 *
 * Time: the field of --on, a timestamp.
 * Watermark: its own: the largest time seen less the delay, after each batch.
 * State: that time, and the watermark.
 * Restart: goes on with the watermark of the last committed batch.
 */
#include <string.h>

#include "floor/buf.h"
#include "runtime/stage.h"
#include "window/wm.h"

struct watermark {
	const char *on;
	struct wm wm;
	struct field field;
	bool of_window; /* --on window: its end less a microsecond */
};

static const struct opt watermark_opts[] = {
	{"on", 0, OPT_STRING, offsetof(struct watermark, on), "FIELD",
		"the event time"},
	{"delay", 0, OPT_STRING, offsetof(struct watermark, wm.delay), "D",
		"how much later than the latest a record may come",
		.free = true},
	{"idle", 0, OPT_DURATION, offsetof(struct watermark, wm.idle_us), "D",
		"let time go on with the clock after a pause of D",
		.free = true},
	{"future", 0, OPT_DURATION, offsetof(struct watermark, wm.future_us),
		"D", "ignore times more than D ahead of the clock",
		.free = true},
	{"flush", 0, OPT_FLAG, offsetof(struct watermark, wm.flush), NULL,
		"close everything when the input ends", .free = true},
	OPT_END};

static void
watermark_defaults(void *self)
{
	wm_defaults(&((struct watermark *)self)->wm);
}

static int
watermark_open(struct stage *st)
{
	struct watermark *w = STAGE(st, watermark);

	if (w->on == NULL || w->wm.delay == NULL)
		return err_as(st->err, STATUS_USAGE,
			"--%s is missing: watermark --on FIELD --delay D",
			w->on == NULL ? "on" : "delay");
	w->of_window = strcmp(w->on, "window") == 0;
	field_init(&w->field, w->of_window ? "window_end" : w->on);
	stage_watch(st, &w->field);
	return wm_open(&w->wm, "delay", st->err);
}

static int
watermark_plan(struct stage *st, struct plan *p)
{
	struct watermark *w = STAGE(st, watermark);

	if (plan_bind(p, &w->field, NULL, st->err) < 0)
		return -1;
	st->looks = LOOKS_PASSING;
	return wm_plan(&w->wm, &w->field, w->of_window, p, st->err);
}

static int
watermark_begin(struct stage *st, struct batch *b)
{
	return wm_begin(&STAGE(st, watermark)->wm, st, b);
}

static int
watermark_record(struct stage *st, struct record *r)
{
	struct watermark *w = STAGE(st, watermark);
	const struct value *v = record_get(r, &w->field);
	int64_t us;

	w->wm.any = true;
	if (v != NULL && v->type == VALUE_TIME)
		wm_see(&w->wm, v->i - w->of_window);
	else if (!value_is_null(v)) {
		if (value_get_time(v, &us) == 0)
			wm_see(&w->wm, us - w->of_window);
		else if (stage_reject(st, r,
				 "the field '%s' is no timestamp of the form "
				 "2016-07-26T02:45:07Z: parse-json --schema "
				 "'%s timestamp' makes one",
				 w->on, w->on) < 0)
			return -1;
		else if (!stage_kept(st))
			return 0;
	}
	return stage_emit(st, r);
}

/* How many of n records have a time, or none, where the first has it. */
static size_t
see_times(struct watermark *w, const struct value *v, size_t stride, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++, v += stride) {
		if (v->type == VALUE_TIME)
			wm_see(&w->wm, v->i - w->of_window);
		else if (v->type != VALUE_NULL)
			break;
	}
	return i;
}

static int
watermark_records(
	struct stage *st, const struct record *like, size_t stride, size_t n)
{
	struct watermark *w = STAGE(st, watermark);
	struct record r = *like, one;
	int at = field_index(&w->field, like);
	size_t many;

	for (; n > 0; n -= many, r.v += many * stride) {
		many = at < 0 ? 0 : see_times(w, r.v + at, stride, n);
		w->wm.any |= many > 0;
		if (many == 0) {
			many = 1;
			one = r;
			one.number = ++st->records_in;
			if (watermark_record(st, &one) < 0)
				return -1;
			continue;
		}
		st->records_in += many;
		if (stage_emit_records(st, &r, stride, many) < 0)
			return -1;
	}
	return 0;
}

static int
watermark_batch(struct stage *st, struct batch *b)
{
	return wm_batch(&STAGE(st, watermark)->wm, st, b);
}

static int
watermark_eof(struct stage *st, struct batch *b)
{
	return wm_eof(&STAGE(st, watermark)->wm, st, b);
}

/* ---- on threads ---- */

static void
watermark_give(struct stage *clone, struct buf *out)
{
	wm_give(&STAGE(clone, watermark)->wm, out);
}

static int
watermark_gather(struct stage *st, int by, const char *p, size_t n)
{
	wm_gather(&STAGE(st, watermark)->wm, p, n);
	return 0;
}

static const struct spread watermark_spread = {
	.give = watermark_give, .take = watermark_gather};

/* ---- for bief state ---- */

static void
watermark_explain(struct stage *st, struct buf *out)
{
	buf_str(out, "the largest time seen, and the watermark");
}

static int
watermark_show(struct stage *st, state_ref r, struct buf *out)
{
	return wm_show(st, r, out);
}

static void
watermark_close(struct stage *st)
{
	field_release(&STAGE(st, watermark)->field);
}

static const struct keeper watermark_keeper = {
	.explain = watermark_explain,
	.show = watermark_show,
	.take = wm_take,
	.rows = stage_no_rows,
};

const struct op op_watermark = {
	.name = "watermark",
	.about = "say how late records may be",
	.synopsis = "--on FIELD --delay D",
	.opts = watermark_opts,
	.size = sizeof(struct watermark),
	.defaults = watermark_defaults,
	.open = watermark_open,
	.plan = watermark_plan,
	.begin = watermark_begin,
	.record = watermark_record,
	.records = watermark_records,
	.batch = watermark_batch,
	.eof = watermark_eof,
	.keeper = &watermark_keeper,
	.spread = &watermark_spread,
	.close = watermark_close,
};
