/*
 * merge: a chain whose first operator reads several inputs.
 *
 * Batch n of one meets batch n of the other, the rows of the first input
 * before those of the second, each in its order.  A line is handed on at once
 * when it is its input's turn and waits in that input's spool otherwise; an
 * input whose batch is complete is not read until the others have caught up.
 *
 * Inputs without control lines: with --batch N a batch takes N lines of each;
 * with --trigger D what has come by the tick; without either each line is
 * handed on as it comes, TURN lines of each input at a time.
 */
#include "runtime/loop/merge.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/mem.h"
#include "time/time.h"
#include "value/json.h"
#include "value/value.h"
#include "io/file.h"
#include "io/stream/input.h"
#include "io/stream/output.h"
#include "io/stream/stream.h"
#include "recovery/state/state.h"
#include "runtime/chain.h"
#include "runtime/loop/control.h"
#include "runtime/loop/loop.h"
#include "runtime/loop/soon.h"
#include "runtime/plan/plan_chain.h"
#include "runtime/report/say.h"
#include "runtime/loop/signals.h"
#include "runtime/report/tell.h"
#include "runtime/report/vitals.h"

#define TURN 1000

struct side {
	struct input in;
	struct input_spec spec;
	struct control_place at;
	struct plan plan;
	bool known;       /* its first line has been looked at */
	bool stream;      /* it has control lines */
	bool whole;       /* and has them for nothing: it is read as if not */
	bool began, done; /* of the batch that is being gathered */
	bool over;        /* nothing more will come */
	bool ended;       /* ... and the operator knows */
	bool cut;
	struct batch begin, end; /* its own lines */
	int64_t taken;           /* lines of this batch */
	struct buf spool;        /* lines that wait: each ended by LF */
	struct soon soon;        /* those whose turn it is */
};

struct merge {
	struct chain *c;
	struct stage *st;
	struct side side[INPUTS_MAX];
	int n;
	bool stream;  /* the inputs have control lines */
	bool open;    /* a batch has begun in the chain */
	int failed;   /* status of a program in front that has */
	bool unbegun; /* an input was cut off before its first line */
	struct loop_silence silence;
};

static int
open_side(struct merge *m, int i)
{
	struct side *s = &m->side[i];
	const char *path = s->spec.path;
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : file_open(path);

	if (fd < 0)
		return err_as(&m->c->err, STATUS_USAGE, "cannot open '%s': %s",
			path, strerror(errno));
	if (output_feeds(&m->c->out, fd))
		return err_as(&m->c->err, STATUS_USAGE,
			"'%s' is the input and the output", path);
	vitals_input(m->c->vitals, fd);
	input_init(&s->in, fd, chain_max_line(m->st));
	soon_init(&s->soon, m->st, i, path);
	buf_init(&s->spool);
	plan_init(&s->plan);
	return fd == STDIN_FILENO ? 0 : input_unpack(&s->in, path, &m->c->err);
}

/* Hand on what waits of input i. */
static int
drain(struct merge *m, int i)
{
	struct buf *b = &m->side[i].spool;
	size_t at = 0;

	while (at < b->n) {
		char *lf = memchr(b->p + at, '\n', b->n - at);
		size_t n = (size_t)(lf - (b->p + at));

		if (soon_take(&m->side[i].soon, b->p + at, n) < 0)
			return -1;
		at += n + 1;
	}
	if (soon_give(&m->side[i].soon) < 0)
		return -1;
	buf_clear(b);
	return 0;
}

static void
spool(struct side *s, const char *line, size_t n)
{
	buf_add(&s->spool, line, n);
	buf_byte(&s->spool, '\n');
	buf_need(&s->spool, JSON_PADDING);
}

/* What waits counts as state. */
static int
check_room(struct merge *m)
{
	size_t bytes = state_bytes(m->st->state);

	for (int i = 0; i < m->n; i++)
		bytes += m->side[i].spool.n;
	return stage_room(m->st, bytes);
}

/* Is it the turn of input i: has a batch begun, and are those before done? */
static bool
turn(const struct merge *m, int i)
{
	if (m->st->now.whole)
		return true;
	if (!m->open)
		return false;
	while (--i >= 0)
		if (!m->side[i].done)
			return false;
	return true;
}

static int
take_line(struct merge *m, int i, const char *line, size_t n)
{
	if (m->side[i].stream && !m->side[i].at.open)
		return err_set(&m->c->err, "%s: a record outside of any batch",
			m->side[i].spec.path);
	m->side[i].taken++;
	if (turn(m, i) && m->side[i].spool.n == 0)
		return soon_take(&m->side[i].soon, line, n);
	spool(&m->side[i], line, n);
	return check_room(m);
}

static int
mixed(struct merge *m, const struct side *s)
{
	return err_as(&m->c->err, STATUS_USAGE,
		"'%s' has a control line but no header, or batches that the "
		"other inputs have not: give all sources the same --trigger",
		s->spec.path);
}

static int
take_control(struct merge *m, struct side *s, const char *line, size_t n)
{
	struct control_event e;

	if (!s->stream && !s->whole)
		return mixed(m, s);
	if (control_take(&s->at, line, n, &e, &m->c->err) < 0)
		return err_in(&m->c->err, "%s", s->spec.path);
	if (s->whole && (e.kind == EVENT_BEGIN || e.kind == EVENT_END))
		return 0;
	if (e.kind == EVENT_BEGIN) {
		s->begin = e.batch;
		s->began = true;
	} else if (e.kind == EVENT_END) {
		s->end = e.batch;
		s->done = true;
	} else if (e.kind == EVENT_EOF) {
		s->over = true;
	} else if (e.kind == EVENT_FAILED) {
		m->failed = e.status;
	} else if (e.kind != EVENT_FILE)
		chain_pass(m->c, line, n);
	return 0;
}

static int
look_at_first(struct merge *m, struct side *s, const char *line, size_t n)
{
	enum stream_line kind = stream_line(line, n);
	struct value body;

	s->stream = kind == STREAM_CONTROL;
	if (s->stream && (m->failed = control_failed(line, n)) != 0)
		return 0;
	s->known = true;
	if (kind == STREAM_FORGED)
		return chain_give_forged(m->st, line, n);
	if (!s->stream) {
		s->taken++;
		spool(s, line, n);
		return 0;
	}
	if (control_read(line, n, &body, &m->c->err) < 0 ||
		plan_parse(&s->plan, &body, &m->c->err) < 0)
		return err_in(&m->c->err, "%s", s->spec.path);
	if (s->plan.whole) {
		s->whole = true;
		s->stream = false;
		plan_release(&s->plan); /* of lines alone nothing is known */
	}
	if (m->c->planned && s->stream)
		return mixed(m, s);
	return 0;
}

/* A line that is none of a record, behind those that were. */
static int
take_odd(struct merge *m, struct side *s, enum line got, enum stream_line kind,
	const char *line, size_t n)
{
	if (soon_give(&s->soon) < 0)
		return -1;
	if (got == LINE_TOO_LONG)
		return chain_give_long(m->st, line, n);
	return kind == STREAM_CONTROL ? take_control(m, s, line, n)
				      : chain_give_forged(m->st, line, n);
}

/* Lines of one input, as many as may be taken now. */
static int
take_lines(struct merge *m, int i)
{
	struct side *s = &m->side[i];
	int64_t most = m->stream             ? INT64_MAX
		: m->st->priv->per_batch > 0 ? m->st->priv->per_batch - s->taken
					     : TURN;
	const char *line;
	size_t n;
	enum line got;

	/* What waits comes before them. */
	if (s->spool.n > 0 && turn(m, i) && drain(m, i) < 0)
		return -1;
	while (!s->done && !s->over && most > 0 && !m->failed &&
		(got = input_line(&s->in, &line, &n)) != LINE_NONE) {
		enum stream_line kind = stream_line(line, n);
		int ret;

		if (!s->known && got == LINE_GOOD &&
			(!m->c->planned || kind == STREAM_CONTROL))
			return look_at_first(m, s, line, n);
		s->known = true;
		if (got == LINE_GOOD && kind == STREAM_DATA) {
			ret = take_line(m, i, line, n);
			most--;
		} else {
			ret = take_odd(m, s, got, kind, line, n);
		}
		if (ret < 0)
			return -1;
	}
	if (soon_give(&s->soon) < 0)
		return -1;
	if (s->in.eof && s->in.start == s->in.end && !s->over) {
		s->over = true;
		s->cut = s->stream || s->whole;
	}
	if (!m->stream && m->st->priv->per_batch > 0 &&
		s->taken >= m->st->priv->per_batch)
		s->done = true;
	return 0;
}

static bool
wants_more(const struct merge *m, const struct side *s)
{
	return !s->over && !s->done && !(s->known && !m->c->planned);
}

/* Nothing more is taken. */
static void
end_sides(struct merge *m)
{
	for (int i = 0; i < m->n; i++)
		m->side[i].over = true;
}

/* Wait for and read the inputs that may give something now, but none that has
 * been read further than its lines have been taken. */
static int
read_sides(struct merge *m)
{
	struct pollfd fds[INPUTS_MAX];
	int which[INPUTS_MAX], n = 0;
	bool rest = false, heard = false;

	/* The next of a slow input is not waited for. */
	if (m->c->enough && !m->stream) {
		end_sides(m);
		return 0;
	}
	for (int i = 0; i < m->n; i++) {
		if (!wants_more(m, &m->side[i]))
			continue;
		if (input_rest(&m->side[i].in)) {
			rest = true;
			continue;
		}
		which[n] = i;
		fds[n++] = (struct pollfd){
			.fd = m->side[i].in.fd, .events = POLLIN};
	}
	if (n == 0 && (rest || !m->st->priv->next_tick))
		return 0;
	if (poll(fds, (nfds_t)n, 0) <= 0 && !rest &&
		loop_wait(m->c, fds, n,
			signals_stopping() ? time_now() + 2 * TIME_SECOND
					   : INT64_MAX) < 0)
		return -1;
	loop_signals(m->c);
	tell_doing(m->c, VITALS_BUSY);
	for (int k = 0; k < n; k++) {
		struct side *s = &m->side[which[k]];

		if (fds[k].revents == 0)
			continue;
		heard = true;
		if (input_fill(&s->in, &m->c->err) < 0)
			return err_in(&m->c->err, "%s", s->spec.path);
	}
	/* Of a stream with batches the end comes, or it is cut off. */
	if ((loop_silent(&m->silence, heard || rest) || m->c->enough ||
		    (signals_terminated() && m->c->planned)) &&
		!m->stream)
		end_sides(m);
	return 0;
}

/* Take the lines that are there. */
static int
take_all(struct merge *m)
{
	for (int i = 0; i < m->n; i++)
		if (wants_more(m, &m->side[i]) && take_lines(m, i) < 0)
			return -1;
	return 0;
}

static bool
all(const struct merge *m, bool (*is)(const struct side *))
{
	for (int i = 0; i < m->n; i++)
		if (!is(&m->side[i]))
			return false;
	return true;
}

static bool
is_known(const struct side *s)
{
	return s->known || s->over;
}

/* Enough to begin: one input without control lines means that none has any. */
static bool
may_plan(const struct merge *m)
{
	for (int i = 0; i < m->n; i++)
		if (m->side[i].known && !m->side[i].stream)
			return true;
	return all(m, is_known);
}

static bool
is_over(const struct side *s)
{
	return s->over && s->spool.n == 0;
}

static bool
has_begun(const struct side *s)
{
	return s->began || s->over;
}

static bool
is_done(const struct side *s)
{
	return s->done || s->over;
}

static bool
is_whole(const struct side *s)
{
	return !s->cut;
}

/* All of them must be of one checkpoint, and of one run. */
static int
same_checkpoint(struct merge *m)
{
	const struct plan *a = &m->side[0].plan;

	for (int i = 0; i < m->n; i++) {
		const struct plan *b = &m->side[i].plan;

		if (b->checkpoint == NULL && a->checkpoint == NULL)
			continue;
		if (m->side[i].over && !m->side[i].known)
			return err_set(&m->c->err,
				"the input '%s' was cut off "
				"before it began: what sent it has died",
				m->side[i].spec.path);
		if (b->checkpoint == NULL || a->checkpoint == NULL ||
			strcmp(a->identity, b->identity) != 0)
			return err_as(&m->c->err, STATUS_USAGE,
				"the sources "
				"of '%s' and '%s' have not the same "
				"--checkpoint: give both one",
				m->side[0].spec.path, m->side[i].spec.path);
		if (a->committed != b->committed)
			return err_set(&m->c->err,
				"an earlier run was still "
				"at work with the checkpoint '%s': start again",
				a->checkpoint);
	}
	return 0;
}

/* An input that ended before its first line is one of the others' kind, of
 * which nothing came: its time holds up nobody. */
static void
take_after(struct side *s, const struct side *first)
{
	plan_copy(&s->plan, &first->plan);
	free(s->plan.event_time);
	s->plan.event_time = NULL;
	s->plan.delay_us = -1;
}

static int
plan_inputs(struct merge *m)
{
	struct plan in[INPUTS_MAX] = {{0}};
	const struct side *first = NULL;

	for (int i = m->n; i-- > 0;)
		if (m->side[i].stream)
			first = &m->side[i];
	for (int i = 0; i < m->n; i++) {
		struct side *s = &m->side[i];

		if (first != NULL && !s->known)
			take_after(s, first);
		in[i] = s->plan;
		if (first != NULL && s->known && !s->stream)
			return err_as(&m->c->err, STATUS_USAGE,
				"'%s' has batches and '%s' has none: give "
				"both sources the same --trigger",
				first->spec.path, s->spec.path);
		if (first != NULL && s->stream &&
			(s->plan.trigger != first->plan.trigger ||
				s->plan.interval_us != first->plan.interval_us))
			return err_as(&m->c->err, STATUS_USAGE,
				"the triggers of '%s' and '%s' are not the "
				"same: give both sources the same --trigger",
				first->spec.path, s->spec.path);
	}
	m->stream = first != NULL;
	if (same_checkpoint(m) < 0)
		return -1;
	/* The first stands for all: it tells what is common to them. */
	in[0].last = in[0].committed;
	for (int i = 1; i < m->n; i++)
		for (size_t k = 0; k < m->side[i].plan.runs.n; k++)
			list_add(&in[0].runs, m->side[i].plan.runs.s[k], false);
	m->side[0].plan = in[0];
	return plan_chain_inputs(m->c, in, m->n);
}

static int
begin_round(struct merge *m)
{
	struct batch b = {.watermark = WATERMARK_NONE};
	bool any = false;

	for (int i = 0; i < m->n; i++) {
		const struct side *s = &m->side[i];

		if (m->stream && !s->began)
			continue;
		/* The newest time, so that it is the same when the batch is
		 * run again and one that had ended takes part. */
		if (m->stream && (!any || s->begin.number > b.number))
			b.number = s->begin.number;
		if (m->stream && (!any || s->begin.time_us > b.time_us))
			b.time_us = s->begin.time_us;
		any = true;
	}
	if (!m->stream)
		b = (struct batch){.number = m->st->in.resume++,
			.time_us = time_now(),
			.watermark = WATERMARK_NONE};
	for (int i = 0; i < m->n; i++)
		if (m->side[i].began &&
			m->st->op->merge->heard(m->st, i, &m->side[i].begin) <
				0)
			return -1;
	m->open = true;
	return chain_begin(m->st, &b);
}

static int
end_round(struct merge *m)
{
	struct batch b = m->st->now;

	b.empty = m->stream || m->st->records_in == m->st->priv->batch_in;
	for (int i = 0; i < m->n; i++) {
		struct side *s = &m->side[i];

		if (s->over && s->known && !s->began)
			s->end = (struct batch){.number = b.number,
				.watermark = WATERMARK_NONE,
				.time_us = b.time_us,
				.last = true,
				.empty = true};
		if (s->done && m->stream && !s->end.empty)
			b.empty = false;

		if (s->done && m->stream &&
			m->st->op->merge->heard(m->st, i, &s->end) < 0)
			return -1;
		s->began = s->done = false;
		s->taken = 0;
	}
	m->open = false;
	return chain_end(m->st, &b);
}

/* Hand on what waits and whose turn has come. */
static int
drain_turns(struct merge *m)
{
	for (int i = 0; i < m->n; i++) {
		if (!turn(m, i))
			break;
		if (drain(m, i) < 0)
			return -1;
		if (!m->st->now.whole && !is_done(&m->side[i]))
			break;
	}
	return 0;
}

/* Say of which inputs all has been handed on. */
static void
tell_ended(struct merge *m)
{
	const struct merger *op = m->st->op->merge;

	for (int i = 0; i < m->n; i++) {
		struct side *s = &m->side[i];

		if (s->ended || !is_over(s))
			continue;
		s->ended = true;
		if (op->ended != NULL)
			op->ended(m->st, i);
	}
}

/* One round of an input with batches, made by its source or here. */
static int
batches(struct merge *m)
{
	if (!m->open && !all(m, is_over) && (!m->stream || all(m, has_begun)) &&
		begin_round(m) < 0)
		return -1;
	if (!m->open)
		return 0;
	/* The turn passes on at the end of each input's part. */
	for (int i = 0; i < m->n; i++) {
		if (turn(m, i) && drain(m, i) < 0)
			return -1;
		if (!is_done(&m->side[i]))
			return 0;
		m->side[i].done = true;
	}
	return end_round(m);
}

/* --trigger here: the batch ends when the tick is due. */
static int
clock_tick(struct merge *m)
{
	struct stage_private *p = m->st->priv;
	int64_t step = m->st->in.interval_us, now = time_now();

	if (p->next_tick == 0 ||
		!time_due(p->next_tick, step > 0 ? step : TICK_0_US))
		return 0;
	p->next_tick = step > 0 ? time_floor_div(now, step) * step + step
				: now + TICK_0_US;
	for (int i = 0; i < m->n && m->open; i++) {
		if (drain(m, i) < 0)
			return -1;
		m->side[i].done = true;
	}
	return m->open ? end_round(m) : 0;
}

static bool
cut_off(struct merge *m)
{
	return !all(m, is_whole);
}

/* Was one of the inputs cut off before its first line? */
static bool
unbegun(struct merge *m)
{
	for (int i = 0; i < m->n && !m->unbegun; i++)
		m->unbegun = !m->side[i].known && m->side[i].over &&
			chain_unbegun(m->st, m->side[i].in.fd);
	return m->unbegun;
}

static int
round_of(struct merge *m)
{
	if (read_sides(m) < 0 || take_all(m) < 0)
		return -1;
	if (!m->c->planned && !m->failed) {
		if (!may_plan(m))
			return 0;
		if (unbegun(m))
			return 0;
		if (plan_inputs(m) < 0 || take_all(m) < 0)
			return -1;
	}
	/* What has been cut off must not pass for an end. */
	if (m->failed || cut_off(m))
		return 0;
	if (m->st->now.whole) {
		if (drain_turns(m) < 0)
			return -1;
		tell_ended(m);
		return 0;
	}
	if (clock_tick(m) < 0)
		return -1;
	return batches(m);
}

static int
run_rounds(struct merge *m)
{
	while (!(m->c->planned && all(m, is_over) && !m->open)) {
		if (round_of(m) < 0)
			return -1;
		if (m->unbegun)
			return output_flush(&m->c->out, &m->c->err);
		if (m->failed) {
			chain_quit(m->c, (enum status)m->failed);
			return output_flush(&m->c->out, &m->c->err);
		}
		if (cut_off(m)) {
			chain_cut(m->st);
			return output_flush(&m->c->out, &m->c->err);
		}
		if (m->stream && m->c->planned && !m->open &&
			signals_term_past())
			break;
	}
	return chain_finish(m->st);
}

int
merge_run(struct chain *c)
{
	struct input_spec specs[INPUTS_MAX];
	struct merge *m = mem_zalloc(sizeof(*m));
	int ret = 0;

	m->c = c;
	m->st = &c->stages[0];
	m->n = m->st->op->merge->inputs(m->st, specs, INPUTS_MAX);
	for (int i = 0; i < m->n && ret == 0; i++) {
		m->side[i].spec = specs[i];
		m->side[i].in.fd = -1;
		ret = open_side(m, i);
	}
	if (m->n < 0)
		ret = -1;
	if (ret == 0)
		ret = run_rounds(m);
	if (ret < 0 && c->failed == NULL)
		c->failed = m->st;
	for (int i = 0; i < m->n; i++) {
		struct side *s = &m->side[i];

		if (s->in.fd > STDERR_FILENO)
			close(s->in.fd);
		input_release(&s->in);
		soon_release(&s->soon);
		buf_release(&s->spool);
		plan_release(&s->plan);
	}
	free(m);
	return ret;
}
