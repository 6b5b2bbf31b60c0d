/*
 * chain: the stages of one process, and how records and batches go through
 * them.
 *
 * A stream without control lines may be cut into batches by a stage in the
 * middle (--batch, --trigger, a watermark).  So a chain has a first part without
 * batches, all of it one batch at its end, and a second part with batches.
 */
#include "runtime/chain.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "time/time.h"
#include "value/json.h"
#include "value/record_read.h"
#include "io/stream/output.h"
#include "io/stream/pipe.h"
#include "io/stream/stream.h"
#include "recovery/state/state.h"
#include "runtime/phase.h"
#include "runtime/report/progress.h"
#include "runtime/recover/recover.h"
#include "runtime/report/refuse.h"
#include "runtime/report/say.h"
#include "runtime/report/tell.h"

/* A stage that makes batches opens one for its first record. */
int
chain_open_batch(struct stage *st)
{
	struct batch b = {.watermark = WATERMARK_NONE};

	if (chain_settle(st->chain) < 0)
		return -1;
	b.number = st->in.resume++;
	/* Spark's batches are timed in milliseconds. */
	b.time_us = recover_time(st, time_now() / 1000 * 1000);
	st->priv->in_batch = 0;
	return chain_begin(st, &b);
}

int
chain_close_batch(struct stage *st, bool last)
{
	struct batch b;

	if (chain_settle(st->chain) < 0)
		return -1;
	b = st->now;
	b.last = last;
	return chain_end(st, &b);
}

static bool
blank(const struct record *r)
{
	uint32_t i = 0;

	while (i < r->nline &&
		(r->line[i] == ' ' || r->line[i] == '\t' || r->line[i] == '\r'))
		i++;
	return i == r->nline;
}

static int
give_as_text(struct stage *st, struct record *r)
{
	struct record t = {.number = r->number};
	size_t n;

	buf_clear(&st->priv->text);
	t.line = record_text(r, &n, &st->priv->text);
	t.nline = (uint32_t)n;
	if (t.line == st->priv->text.p) {
		buf_need(&st->priv->text, JSON_PADDING);
		t.line = st->priv->text.p;
	}
	return st->op->record(st, &t);
}

/* What stands in st->err, and what may have been forgotten. */
static int
refuse_unread(struct stage *st, const struct record *r)
{
	char why[sizeof(st->err->text) + 100];

	snprintf(why, sizeof(why), "%s%s", st->err->text,
		record_read_seems(r->line, r->nline) != NULL
			? ""
			: "; a parser (parse-json, parse-csv, parse-text) "
			  "belongs in front");
	return refuse(st, r, why);
}

static int
give_as_record(struct stage *st, struct record *r)
{
	if (r->shape == NULL) {
		if (r->nline == 0 || (r->line[0] <= ' ' && blank(r)))
			return 0;
		if (record_read(&st->priv->reader, r, st->err) < 0)
			return refuse_unread(st, r);
	}
	if (r->shape->id != st->shape_id) {
		int clash = refuse_clash(st, r);

		if (clash != 0)
			return clash < 0 ? -1 : 0;
	}
	return st->op->record(st, r);
}

int
chain_give(struct stage *st, struct record *r)
{
	struct stage_private *p = st->priv;
	int ret;

	/* The batch begins before its first record, which counts in it. */
	if (p->batcher && st->now.number < 0 && !recover_skips(&p->recovery) &&
		chain_open_batch(st) < 0)
		return -1;
	r->number = ++st->records_in;
	if (recover_skips(&p->recovery))
		return 0;
	phase_check_record(st);
	if (!st->text)
		ret = give_as_record(st, r);
	else if (r->shape != NULL)
		ret = give_as_text(st, r);
	else
		ret = st->op->record(st, r);
	if (ret == 0 && st->state != NULL)
		ret = state_check(st->state, st->err);
	if (ret < 0)
		return chain_failed(st);
	if (p->per_batch > 0 && ++p->in_batch >= p->per_batch)
		return chain_close_batch(st, false);
	return 0;
}

bool
chain_makes_batches(const struct stage *st)
{
	const struct stage_private *p = st->priv;

	return p->batcher && st->op->sink == NULL &&
		!recover_skips(&p->recovery) &&
		(st->state == NULL || p->common.max_state == 0);
}

int
chain_give_in_batches(
	struct stage *st, const struct record *r, size_t stride, size_t n)
{
	struct stage_private *p = st->priv;
	struct record some = *r;
	size_t part;

	for (; n > 0; n -= part, some.v += part * stride) {
		struct record one = some;

		if (st->now.number < 0 && chain_open_batch(st) < 0)
			return -1;
		part = n;
		if (p->per_batch > 0 &&
			part > (size_t)(p->per_batch - p->in_batch))
			part = (size_t)(p->per_batch - p->in_batch);
		if (st->op->records(st, &one, stride, part) < 0)
			return chain_failed(st);
		p->in_batch += (int64_t)part;
		if (p->per_batch > 0 && p->in_batch >= p->per_batch &&
			chain_close_batch(st, false) < 0)
			return -1;
	}
	return 0;
}

int
chain_give_line(struct stage *st, const char *line, size_t n)
{
	struct record r = {.line = line, .nline = (uint32_t)n};

	if (!st->straight || !st->text)
		return chain_give(st, &r);
	r.number = ++st->records_in;
	return st->op->record(st, &r) < 0 ? chain_failed(st) : 0;
}

/* Are they data all of them, none of them too long? */
static bool
are_plain(const struct stage *st, const char *p, const uint32_t *lf, size_t n)
{
	size_t most = chain_max_line(st);
	uint32_t from = 0;

	for (size_t i = 0; i < n; from = lf[i++] + 1)
		if (lf[i] - from > most ||
			stream_line(p + from, lf[i] - from) != STREAM_DATA)
			return false;
	return true;
}

bool
chain_takes_lines(
	const struct stage *st, const char *p, const uint32_t *lf, size_t n)
{
	return st->op->lines != NULL && st->straight && st->text &&
		are_plain(st, p, lf, n);
}

int
chain_give_lines(struct stage *st, const char *p, const uint32_t *lf, size_t n)
{
	return st->op->lines(st, p, lf, n) < 0 ? chain_failed(st) : 0;
}

int
chain_give_forged(struct stage *st, const char *line, size_t n)
{
	struct record r = {
		.line = line, .nline = (uint32_t)n, .number = ++st->records_in};

	if (recover_skips(&st->priv->recovery))
		return 0;
	return refuse_forged(st, &r) < 0 ? chain_failed(st) : 0;
}

int
chain_give_long(struct stage *st, const char *line, size_t n)
{
	st->records_in++;
	refuse_too_long(st, line, n);
	return chain_on_error(st) == ON_ERROR_FAIL ? chain_failed(st) : 0;
}

void
chain_file_end(struct stage *st)
{
	chain_settle(st->chain);
	st->chain->aside.news++;
	if (st->op->file_end != NULL && !recover_skips(&st->priv->recovery))
		st->op->file_end(st);
}

static void
print_watermark(struct buf *out, const struct batch *b)
{
	char time[TIME_MAX];

	if (b->watermark == WATERMARK_NONE)
		return;
	buf_printf(out, ",\"watermark\":\"%.*s\"",
		(int)time_format_iso(b->watermark, time), time);
	if (b->lag_us > 0)
		buf_printf(out, ",\"fresh\":\"%.*s\"",
			(int)time_format_iso(b->watermark - b->lag_us, time),
			time);
	if (b->idle)
		buf_str(out, ",\"idle\":true");
}

/* The stage that the batches of this one reach next: none behind --plain. */
static struct stage *
reached(const struct stage *st)
{
	return st->priv->stream_out ? st->next : NULL;
}

int
chain_begin(struct stage *st, struct batch *b)
{
	struct chain *c = st->chain;
	bool out = false;

	if (chain_settle(c) < 0)
		return -1;
	c->aside.news++;
	st->priv->busy_us = vitals_busy_us(c->vitals);
	for (; st != NULL; st = reached(st)) {
		out = st->next == NULL;
		struct stage_private *p = st->priv;

		st->now = *b;
		phase_enter(st, PHASE_BATCH);
		if (recover_begin(st, b) < 0)
			return chain_failed(st);
		p->started_us = time_monotonic();
		p->batch_in = st->records_in;
		p->batch_out = st->records_out;
		p->batch_late = st->late;
		if (st->op->begin != NULL && st->op->begin(st, b) < 0)
			return chain_failed(st);
		st->now = *b;
	}
	if (out && chain_writes_control(c)) {
		char time[TIME_MAX];

		buf_printf(&c->out.b,
			"{\"#bief\":{\"begin\":%lld,\"time\":\"%.*s\"",
			(long long)b->number,
			(int)time_format_iso(b->time_us, time), time);
		print_watermark(&c->out.b, b);
		buf_str(&c->out.b, "}}\n");
		/* Those behind can say the sooner what is to be done for them. */
		if (c->ring != NULL)
			return output_flush(&c->out, &c->err);
	}
	return 0;
}

/* Where batches are made: did this one have any input? */
static bool
is_empty(const struct stage *st, const struct batch *b)
{
	const struct stage_private *p = st->priv;

	if (st->op->source != NULL)
		return st->records_out == p->batch_out;
	if (p->batcher)
		return st->records_in == p->batch_in;
	return b->empty;
}

/* Microseconds since *last, which becomes now. */
static int64_t
lap(int64_t *last)
{
	int64_t now = time_monotonic(), took = now - *last;

	*last = now;
	return took;
}

/* What every stage does at the end of a batch, whole or not. */
static int
end_stage(struct stage *st, struct batch *b)
{
	bool skip = recover_skips(&st->priv->recovery);
	int64_t last = time_monotonic();

	if (recover_mark(st, b) < 0)
		return chain_failed(st);
	st->priv->took.wal_us = lap(&last);
	if (!skip && st->op->batch != NULL && st->op->batch(st, b) < 0)
		return chain_failed(st);
	/* A sink that prints has committed when its words have left. */
	if (!skip && (st->op->sink != NULL) &&
		output_flush(&st->chain->out, st->err) < 0)
		return chain_failed(st);
	if (!skip && st->op->sink != NULL && st->op->sink->commit != NULL &&
		st->op->sink->commit(st, b) < 0)
		return chain_failed(st);
	st->priv->took.batch_us = lap(&last);
	if (recover_end(st, b) < 0)
		return chain_failed(st);
	st->priv->took.commit_us = lap(&last);
	if (progress_batch(st, b) < 0)
		return chain_failed(st);
	if (st->state != NULL)
		state_settle(st->state);
	st->now.watermark = b->watermark;
	return 0;
}

/* Of a source the loop knows better. */
static void
check_pace(struct stage *st, const struct batch *b)
{
	int64_t spent = vitals_busy_us(st->chain->vitals) - st->priv->busy_us;

	if (st->in.trigger == TRIGGER_INTERVAL && st->in.interval_us > 0 &&
		st->op->source == NULL && spent > st->in.interval_us)
		say_slow(st, b->number, spent, false);
}

int
chain_end(struct stage *st, struct batch *b)
{
	struct chain *c = st->chain;
	struct stage *first = st;
	bool out = false;

	if (chain_settle(c) < 0)
		return -1;
	b->empty = is_empty(st, b);
	for (; st != NULL; st = reached(st)) {
		out = st->next == NULL;
		if (end_stage(st, b) < 0)
			return -1;
		/* A parser may have held back what it hands on now. */
		if (st->text && st->records_out != st->priv->batch_out)
			b->empty = false;
		st->priv->next_number = b->number + 1;
		st->now.number = -1;
		phase_enter(st, PHASE_READY);
	}
	if (out && chain_writes_control(c)) {
		buf_printf(&c->out.b, "{\"#bief\":{\"end\":%lld",
			(long long)b->number);
		print_watermark(&c->out.b, b);
		if (b->empty)
			buf_str(&c->out.b, ",\"empty\":true");
		buf_str(&c->out.b, "}}\n");
	}
	check_pace(first, b);
	tell_doing(c, VITALS_BUSY);
	return output_flush(&c->out, &c->err);
}

static int
finish_stage(struct stage *st)
{
	struct batch b = {.time_us = st->now.time_us,
		.watermark = WATERMARK_NONE,
		.whole = true,
		.last = true};

	if (!st->in.stream)
		return end_stage(st, &b);
	if (st->priv->batcher && st->now.number >= 0 &&
		chain_close_batch(st, true) < 0)
		return -1;
	if (st->op->eof != NULL) {
		int more;

		b = (struct batch){.number = st->priv->next_number,
			.time_us = time_now(),
			.last = true,
			.watermark = st->now.watermark};
		more = st->op->eof(st, &b);
		if (more < 0)
			return chain_failed(st);
		if (more > 0) {
			int64_t end = b.watermark;

			b.watermark = st->now.watermark;
			if (chain_begin(st, &b) < 0)
				return -1;
			b.watermark = end;
			return chain_end(st, &b);
		}
	}
	return 0;
}

int
chain_finish(struct stage *st)
{
	struct chain *c = st->chain;

	if (chain_settle(c) < 0)
		return -1;
	ticker_close(c);
	for (; st != NULL; st = st->next) {
		st->priv->ended = true;
		if (finish_stage(st) < 0)
			return -1;
		if (recover_finish(st) < 0)
			return chain_failed(st);
		phase_enter(st, PHASE_ENDED);
	}
	if (chain_writes_control(c))
		buf_str(&c->out.b, "{\"#bief\":{\"eof\":1}}\n");
	return output_flush(&c->out, &c->err);
}

/* What comes behind the stage that has failed ends too, in silence: one message
 * is enough.  The next process learns it by a control line. */
static void
quit(struct chain *c, struct stage *st, enum status status, bool control)
{
	for (; st != NULL; st = st->next) {
		c->status[st->place] = status;
		st->priv->failed = true;
	}
	st = chain_last(c);
	if (control && st->op->sink == NULL && !c->out.terminal &&
		!st->priv->common.plain)
		buf_printf(&c->out.b, "{\"#bief\":{\"failed\":%d}}\n",
			(int)status);
}

void
chain_quit(struct chain *c, enum status status)
{
	chain_settle(c);
	quit(c, &c->stages[0], status, true);
}

void
chain_quit_behind(struct stage *st, enum status status)
{
	quit(st->chain, st->next, status, false);
}

bool
chain_unbegun(struct stage *st, int fd)
{
	int mark = pipe_mark(fd);

	if (mark == MARK_ENDED)
		return false;
	if (mark == MARK_KILLED)
		say(st,
			"the input was cut off before it began: what sent it "
			"has died");
	quit(st->chain, st,
		mark == MARK_KILLED ? STATUS_FAILED : (enum status)mark, false);
	return true;
}

void
chain_cut(struct stage *st)
{
	say(st, "the input was cut off in the middle: what sent it has died");
	quit(st->chain, st, STATUS_FAILED, true);
}

void
chain_pass(struct chain *c, const char *line, size_t n)
{
	if (!c->planned || !chain_writes_control(c) || chain_settle(c) < 0)
		return;
	buf_add(&c->out.b, line, n);
	buf_byte(&c->out.b, '\n');
}

void
chain_fail(struct chain *c)
{
	while (c->failed != NULL) {
		struct stage *st = c->failed;
		bool stream = st->in.stream || st->priv->stream_out;

		c->failed = NULL;
		say(st, "%s", c->err.text);
		c->status[st->place] = c->err.status;
		st->priv->failed = true;
		if (stream || !c->planned) {
			quit(c, st->next, c->err.status, stream);
			break;
		}
		c->err.status = STATUS_FAILED;
		/* To what follows it looks like an end of input. */
		if (st->next != NULL && !st->next->priv->ended)
			chain_finish(st->next);
	}
	output_flush(&c->out, &c->err);
}

int
chain_tick(struct stage *st)
{
	struct stage_private *p = st->priv;
	int64_t now = time_now(), step = st->in.interval_us;

	if (p->next_tick == 0 ||
		!time_due(p->next_tick, step > 0 ? step : TICK_0_US))
		return 0;
	if (chain_settle(st->chain) < 0)
		return -1;
	if (st->now.number >= 0 && chain_close_batch(st, false) < 0)
		return -1;
	if (step == 0)
		p->next_tick = now + TICK_0_US;
	else
		p->next_tick = time_floor_div(now, step) * step + step;
	return chain_open_batch(st);
}

int64_t
chain_deadline(const struct chain *c)
{
	int64_t first = INT64_MAX;

	for (int i = 0; i < c->n; i++)
		if (c->stages[i].priv->next_tick != 0 &&
			c->stages[i].priv->next_tick < first)
			first = c->stages[i].priv->next_tick;
	return first;
}
