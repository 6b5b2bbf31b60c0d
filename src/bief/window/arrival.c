/*
 * arrival: see arrival.h.
 *
 * Kept: under the key "" struct kept; under the number of each batch that can
 * still be in a window, struct held and its records, a line each.
 */
#include "window/arrival.h"

#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "time/duration.h"
#include "time/time.h"
#include "value/json.h"
#include "value/record_read.h"
#include "recovery/state/state.h"
#include "runtime/entry.h"
#include "runtime/plan/plan.h"
#include "runtime/stage.h"

struct kept {
	int64_t batches; /* so far */
	int64_t fired;   /* end of the last window */
};

struct held {
	int64_t end; /* of the batch */
};

static int
arrival_take_one(const char *option, const char *text, int64_t *n, int64_t *us,
	struct err *err)
{
	struct err why;

	*us = 0;
	if (opt_number(text, n) < 0) {
		if (duration_us(text, strlen(text), us, &why) == -1)
			return err_as(err, STATUS_USAGE, "--%s: %s", option,
				why.text);
		*n = *us;
	}
	if (*n > OPT_MOST || *us > DURATION_MOST)
		return err_as(err, STATUS_USAGE, "--%s: '%s' is too long",
			option, text);
	if (*n > 0)
		return 0;
	return err_as(err, STATUS_USAGE,
		"--%s: '%s' is not a number of batches or a duration above 0",
		option, text);
}

int
arrival_open(struct arrival *a, struct stage *st)
{
	if (arrival_take_one("batches", a->length, &a->nlength, &a->length_us,
		    st->err) == -1)
		return -1;
	if (a->every == NULL) {
		a->nevery = a->length_us > 0 ? 0 : 1;
		a->every_us = 0;
	} else if (arrival_take_one("every", a->every, &a->nevery, &a->every_us,
			   st->err) == -1)
		return -1;
	record_read_init(&a->reader, st->shapes);
	return 0;
}

static int
to_batches(const char *option, int64_t us, int64_t interval, int64_t *n,
	struct err *err)
{
	char text[TIME_MAX];
	size_t len;

	if (us == 0)
		return 0;
	if (interval == 0)
		return err_as(err, STATUS_USAGE,
			"--%s: without a trigger there is no batch of a known "
			"length: give a number of batches, or --trigger D to "
			"the source",
			option);
	len = duration_format(interval, text);
	if (us % interval != 0)
		return err_as(err, STATUS_USAGE,
			"--%s: not a multiple of the trigger's interval, %.*s",
			option, (int)len, text);
	*n = us / interval;
	return 0;
}

static bool
too_long(const char *option, int64_t batches, int64_t interval, struct err *err)
{
	if (interval == 0 || batches <= DURATION_MOST / interval)
		return false;
	err_as(err, STATUS_USAGE,
		"--%s: so many batches of the trigger's "
		"interval are longer than time",
		option);
	return true;
}

int
arrival_plan(struct arrival *a, struct stage *st, struct plan *p)
{
	if (p->delay_us >= 0)
		return err_as(st->err, STATUS_USAGE,
			"windows by arrival have no use for a watermark on "
			"'%s'",
			p->event_time);
	a->interval_us = p->trigger == TRIGGER_INTERVAL ? p->interval_us : 0;
	if (to_batches("batches", a->length_us, a->interval_us, &a->nlength,
		    st->err) == -1 ||
		to_batches("every", a->every_us, a->interval_us, &a->nevery,
			st->err) == -1)
		return -1;
	if (a->nevery == 0)
		a->nevery = 1;
	if (too_long("batches", a->nlength, a->interval_us, st->err) ||
		too_long("every", a->nevery, a->interval_us, st->err))
		return -1;
	p->stream = 1;
	p->arrival = true;
	p->delay_us = 0;
	free(p->event_time);
	free(p->window_on);
	p->event_time = mem_dup("window", 6);
	p->window_on = mem_dup("window", 6);
	p->window_us = a->length_us > 0 ? a->length_us
		: a->interval_us > 0    ? a->nlength * a->interval_us
					: 1;
	p->slide_us = a->interval_us > 0 ? a->nevery * a->interval_us
					 : p->window_us;
	p->start_us = 0;
	return 0;
}

static state_ref
entry(struct stage *st, const void *key, size_t n, size_t size)
{
	bool made;

	return state_make(st->state, key, n, size, &made, st->err);
}

static struct kept *
arrival_kept(struct stage *st)
{
	state_ref r = entry(st, "", 0, sizeof(struct kept));

	return r == STATE_NONE ? NULL : state_change(st->state, r);
}

/* A batch is known by its end. */
static int64_t
batch_end(const struct arrival *a, const struct batch *b)
{
	if (a->interval_us > 0)
		return (time_floor_div(b->time_us, a->interval_us) + 1) *
			a->interval_us;
	return b->time_us;
}

int
arrival_begin(struct arrival *a, struct stage *st, struct batch *b)
{
	struct kept *k = arrival_kept(st);
	int64_t n, end = batch_end(a, b);
	state_ref r;

	if (k == NULL)
		return -1;
	b->watermark = k->fired;
	n = ++k->batches;
	if (end <= k->fired) /* a clock that stands still */
		end = k->fired + 1;
	r = entry(st, &n, sizeof n, sizeof(struct held));
	if (r == STATE_NONE)
		return -1;
	((struct held *)state_change(st->state, r))->end = end;
	return 0;
}

int
arrival_record(struct arrival *a, struct stage *st, const struct record *r)
{
	struct kept *k = arrival_kept(st);
	state_ref e;
	size_t size;
	char *p;

	buf_clear(&a->line);
	record_print(r, &a->line);
	buf_byte(&a->line, '\n');
	e = state_find(st->state, &k->batches, sizeof k->batches);
	state_value(st->state, e, &size);
	p = state_resize(st->state, e, size + a->line.n);
	memcpy(p + size, a->line.p, a->line.n);
	return 0;
}

static int
emit_batch(struct arrival *a, struct stage *st, state_ref e, int64_t start,
	int64_t end,
	int (*emit)(struct stage *, struct record *, int64_t, int64_t))
{
	const char *p, *lf;
	size_t size, at;

	if (e == STATE_NONE) /* bief state load has left it out */
		return 0;
	for (at = sizeof(struct held);; at = (size_t)(lf - p) + 1) {
		struct record r = {.number = 0};

		p = state_value(st->state, e, &size);
		if (at >= size)
			return 0;
		lf = memchr(p + at, '\n', size - at);
		buf_clear(&a->line);
		buf_add(&a->line, p + at, (size_t)(lf - p) - at);
		memset(buf_need(&a->line, JSON_PADDING), 0, JSON_PADDING);
		r.line = a->line.p;
		r.nline = (uint32_t)a->line.n;
		if (record_read(&a->reader, &r, st->err) == -1 ||
			emit(st, &r, start, end) == -1)
			return -1;
	}
}

int
arrival_batch(struct arrival *a, struct stage *st, struct batch *b,
	int (*emit)(struct stage *, struct record *, int64_t, int64_t))
{
	struct kept *k = arrival_kept(st);
	int64_t now = k->batches, first = now - a->nlength + 1, n, start, end;
	state_ref e = state_find(st->state, &now, sizeof now);

	if (first < 1)
		first = 1;
	end = ((struct held *)state_value(st->state, e, NULL))->end;
	e = state_find(st->state, &first, sizeof first);
	start = a->interval_us > 0 ? end - a->nlength * a->interval_us
		: e == STATE_NONE
		? end
		: ((struct held *)state_value(st->state, e, NULL))->end;
	if (now % a->nevery == 0) {
		k->fired = end;
		for (n = first; n <= now; n++)
			if (emit_batch(a, st,
				    state_find(st->state, &n, sizeof n), start,
				    end, emit) == -1)
				return -1;
	}
	b->watermark = arrival_kept(st)->fired;
	n = now - a->nlength + 1;
	e = state_find(st->state, &n, sizeof n);
	if (e != STATE_NONE)
		state_delete(st->state, e);
	return 0;
}

/* ---- for bief state ---- */

static void
show_records(const char *p, const char *end, struct buf *out)
{
	buf_str(out, ",\"records\":[");
	for (const char *lf; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		entry_record(out, p, (size_t)(lf - p));
		if (lf + 1 < end)
			buf_byte(out, ',');
	}
	buf_byte(out, ']');
}

int
arrival_show(const struct stage *st, state_ref r, struct buf *out)
{
	size_t n, size;
	const void *key = state_key(st->state, r, &n);
	const char *value = state_value(st->state, r, &size);
	int64_t number;

	if (n == 0) {
		const struct kept *k = (const void *)value;

		entry_kind(out, "batches");
		buf_printf(out, ",\"value\":{\"batches\":%lld,\"window_end\":",
			(long long)k->batches);
		entry_time(out, k->fired);
	} else {
		memcpy(&number, key, sizeof number);
		entry_kind(out, "batch");
		buf_printf(out,
			",\"key\":%lld,\"value\":{\"end\":", (long long)number);
		entry_time(
			out, ((const struct held *)(const void *)value)->end);
		show_records(value + sizeof(struct held), value + size, out);
	}
	buf_byte(out, '}');
	return 0;
}

static int
take_batch(struct arrival *a, struct stage *st, const struct value *object,
	const struct value *v, state_ref *made)
{
	static const char *const names[] = {"end", "records", NULL};
	struct value records, key, r;
	struct held h;
	struct json_iter it;
	int64_t number;

	if (entry_only(v, names, st->err) == -1 ||
		entry_get_int(object, "key", &number, st->err) == -1 ||
		entry_get_time(v, "end", &h.end, st->err) == -1 ||
		entry_get_nested(
			v, "records", VALUE_ARRAY, &records, st->err) == -1)
		return -1;
	buf_clear(&a->line);
	buf_add(&a->line, &h, sizeof h);
	json_iter(&it, &records);
	while (json_next(&it, &key, &r)) {
		if (r.type != VALUE_OBJECT)
			return entry_wrong(
				st->err, "records", "made of records");
		value_print(&r, &a->line);
		buf_byte(&a->line, '\n');
	}
	return entry_put(
		st, &number, sizeof number, a->line.p, a->line.n, made);
}

int
arrival_take(struct arrival *a, struct stage *st, const struct value *object,
	state_ref *made)
{
	static const char *const names[] = {"batches", "window_end", NULL};
	struct value v;
	struct kept k;

	if (object == NULL)
		return 0;
	if (!entry_of(object, "batch") && !entry_of(object, "batches"))
		return entry_unknown(object, st->err);
	if (entry_get_nested(object, "value", VALUE_OBJECT, &v, st->err) == -1)
		return -1;
	if (entry_of(object, "batch"))
		return take_batch(a, st, object, &v, made);
	if (entry_only(&v, names, st->err) == -1 ||
		entry_get_int(&v, "batches", &k.batches, st->err) == -1 ||
		entry_get_time(&v, "window_end", &k.fired, st->err) == -1)
		return -1;
	return entry_put(st, "", 0, &k, sizeof k, made);
}

void
arrival_close(struct arrival *a)
{
	record_read_release(&a->reader);
	buf_release(&a->line);
}
