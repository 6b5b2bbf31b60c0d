/*
 * control: control lines are read, and each must stand where it may.
 *
 * They come from another process, perhaps through a foreign one, so nothing in
 * them is believed: numbers that do not ascend, an end without a beginning, a
 * time that is none are told as damage, for a batch that is cut wrongly would be
 * a wrong answer without a word.
 */
#include "runtime/loop/control.h"

#include <string.h>

#include "floor/err.h"
#include "time/duration.h"
#include "time/time.h"
#include "value/json.h"
#include "value/value.h"

#define DAMAGED (INT64_MIN + 1) /* no time of a control line */
#define BATCH_TIME_MOST (INT64_MAX - DURATION_MOST) /* an interval fits in */

static int64_t
time_member(const struct value *object, const char *name, int64_t absent)
{
	struct value v;
	int64_t us;

	if (!json_get(object, name, strlen(name), &v))
		return absent;
	if (v.type == VALUE_TIME)
		return v.i;
	return v.type == VALUE_STRING && value_get_time(&v, &us) == 0 ? us
								      : DAMAGED;
}

/* No more than the watermark, and nothing without one. */
static bool
fresh_member(const struct value *object, struct batch *b)
{
	int64_t fresh = time_member(object, "fresh", b->watermark);

	return fresh != DAMAGED &&
		!__builtin_sub_overflow(b->watermark, fresh, &b->lag_us) &&
		b->lag_us >= 0;
}

static int
damaged(const char *line, size_t n, struct err *err)
{
	char text[100];

	err_quote(text, sizeof(text), line, n);
	return err_set(err, "a control line is damaged: '%s'", text);
}

int
control_read(const char *line, size_t n, struct value *body, struct err *err)
{
	struct json_error why;
	struct value v;
	const char *end = line + n, *p = json_read(line, end, 0, &v, &why);

	if (p == NULL || json_space(p, end) != end || v.type != VALUE_OBJECT ||
		!json_get(&v, "#bief", 5, body) || body->type != VALUE_OBJECT)
		return damaged(line, n, err);
	return 0;
}

int
control_failed(const char *line, size_t n)
{
	struct value body;
	struct err err;
	int64_t status;

	if (control_read(line, n, &body, &err) < 0 ||
		!value_member_int(&body, "failed", &status))
		return 0;
	return status >= STATUS_FAILED && status <= STATUS_DAMAGED
		? (int)status
		: STATUS_FAILED;
}

int
control_take(struct control_place *at, const char *line, size_t n,
	struct control_event *e, struct err *err)
{
	struct value body, empty;

	memset(e, 0, sizeof(*e));
	if (control_read(line, n, &body, err) < 0)
		return -1;
	if (at->eof)
		return err_set(err, "the stream goes on behind its end");
	if (json_get(&body, "stream", 6, &empty))
		return err_set(err,
			"a second header: two streams stand one "
			"behind the other (union reads several)");
	e->batch.watermark = time_member(&body, "watermark", WATERMARK_NONE);
	e->batch.time_us = time_member(&body, "time", 0);
	e->batch.idle = json_get(&body, "idle", 4, &empty) &&
		empty.type == VALUE_BOOL && empty.i;
	if (e->batch.watermark == DAMAGED || !fresh_member(&body, &e->batch) ||
		e->batch.time_us > BATCH_TIME_MOST ||
		e->batch.time_us < -BATCH_TIME_MOST)
		return damaged(line, n, err);
	if (value_member_int(&body, "begin", &e->batch.number)) {
		e->kind = EVENT_BEGIN;
		if (e->batch.number < 0 || e->batch.number > BATCH_MOST)
			return damaged(line, n, err);
		if (at->open)
			return err_set(err,
				"batch %lld begins before batch "
				"%lld has ended",
				(long long)e->batch.number,
				(long long)at->number);
		if (at->any && e->batch.number - 1 != at->number)
			return err_set(err,
				"batch %lld follows batch %lld: "
				"the stream is out of order",
				(long long)e->batch.number,
				(long long)at->number);
		at->open = at->any = true;
		at->number = e->batch.number;
		at->time_us = e->batch.time_us;
	} else if (value_member_int(&body, "end", &e->batch.number)) {
		e->kind = EVENT_END;
		e->batch.time_us = at->time_us;
		e->batch.empty = json_get(&body, "empty", 5, &empty) &&
			empty.type == VALUE_BOOL && empty.i;
		if (!at->open || e->batch.number != at->number)
			return err_set(err,
				"the end of batch %lld, which has "
				"not begun",
				(long long)e->batch.number);
		at->open = false;
	} else if (json_get(&body, "begin", 5, &empty) ||
		json_get(&body, "end", 3, &empty)) {
		return damaged(line, n, err);
	} else if (json_get(&body, "eof", 3, &empty)) {
		if (at->open)
			return err_set(err,
				"the stream ends inside of batch "
				"%lld: what sent it has died",
				(long long)at->number);
		e->kind = EVENT_EOF;
		at->eof = true;
	} else if (json_get(&body, "file", 4, &empty)) {
		e->kind = EVENT_FILE;
	} else if ((e->status = control_failed(line, n)) != 0)
		e->kind = EVENT_FAILED;
	else
		e->kind = EVENT_OTHER;
	return 0;
}
