/*
 * run: the loops.  A process is driven by its input, by a source, or by several
 * inputs (merge.c); each loop gives what comes to the chain (chain.c), and
 * writes what is buffered before it waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/chain.h"
#include "io/child.h"
#include "io/file.h"
#include "value/json.h"
#include "runtime/loop.h"
#include "time/time.h"
#include "value/value.h"

#define SILENCE_US (2 * TIME_SECOND) /* after a signal, then we stop */
#define OPERATOR_FDS 64            /* descriptors that operators may wait for */
#define ALIVE_US (TIME_SECOND / 2) /* a source with a checkpoint says so */
#define LOOK_US 100000 /* a source that never waits is interrupted so often */
#define TELL_US 50000  /* bief ps learns of counts so often, at least */

/* Signals belong to the process, so these do too. */
static volatile sig_atomic_t stops, terminated, asked_statistics, asked_reload;
static int wake[2] = {-1, -1};
static int64_t term_us; /* when SIGTERM was first asked about */

static void
on_signal(int sig)
{
	int saved = errno;

	if (sig == SIGINT || sig == SIGTERM)
		file_stop = 1;
	if (sig == SIGUSR1)
		asked_statistics = 1;
	else if (sig == SIGHUP)
		asked_reload = 1;
	else if (++stops > 1) {
		child_kill_all();
		vitals_forget();
		_exit(128 + sig);
	}
	if (sig == SIGTERM)
		terminated = 1;
	if (write(wake[1], "", 1) < 0)
		errno = 0;
	errno = saved;
}

static void
catch_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGUSR1, SIGHUP};
	struct sigaction a = {.sa_handler = on_signal};

	file_stop = 0;
	term_us = 0;
	stops = terminated = asked_statistics = asked_reload = 0;
	if (wake[0] < 0 && pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0)
		return;
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &a, NULL);
}

bool
signals_stopping(void)
{
	return stops > 0;
}

bool
signals_terminated(void)
{
	if (terminated && term_us == 0)
		term_us = time_monotonic();
	return terminated;
}

bool
signals_term_past(void)
{
	return signals_terminated() && time_monotonic() - term_us > SILENCE_US;
}

bool
stage_stopping(void)
{
	return signals_stopping();
}

void
loop_signals(struct chain *c)
{
	if (asked_statistics) {
		asked_statistics = 0;
		for (int i = 0; i < c->n; i++)
			say_statistics(&c->stages[i]);
	}
	if (asked_reload) {
		asked_reload = 0;
		for (int i = 0; i < c->n; i++)
			c->stages[i].hups++;
	}
}

/* On a terminal: why is there no answer yet? */
static void
hint(struct chain *c)
{
	for (int i = 0; i < c->n; i++) {
		struct stage *st = &c->stages[i];

		if ((st->op->keeper != NULL || st->op->sink != NULL) &&
			st->now.whole && st->records_in > 0 &&
			st->records_out == 0 && isatty(STDERR_FILENO)) {
			say(st,
				"waiting for the end of the input; for "
				"answers while it runs give --trigger 5s to "
				"the source, or --batch N here");
			st->now.whole = false;
			return;
		}
	}
}

/*
 * While a source with a checkpoint waits, it says now and then that it lives.
 * This goes through the whole pipeline, so that a program whose reader has died
 * learns it although it watches for nothing (tee).
 */
static bool
says_alive(const struct chain *c)
{
	return c->planned && c->stages[0].priv->recovery.on &&
		(c->stages[0].op->source != NULL);
}

bool
loop_silent(struct loop_silence *s, bool heard)
{
	if (heard || !s->told)
		s->since_us = time_monotonic();
	s->told = stops > 0;
	return s->told && time_monotonic() - s->since_us > SILENCE_US;
}

/* What operators wait for: fds from the n-th on; how many there are then. */
static int
operators_wait(struct chain *c, struct pollfd *fds, int n, int64_t *deadline)
{
	for (int i = 0; i < c->n; i++) {
		struct stage *st = &c->stages[i];

		st->priv->nfds = 0;
		if (st->op->waiter == NULL || !c->planned)
			continue;
		st->priv->nfds = st->op->waiter->wait(
			st, fds + n, LOOP_FDS + OPERATOR_FDS - n, deadline);
		if (st->priv->nfds < 0) {
			c->failed = st;
			return -1;
		}
		n += st->priv->nfds;
	}
	return n;
}

static int
operators_pull(struct chain *c, const struct pollfd *fds, int n)
{
	for (int i = 0; i < c->n; i++) {
		struct stage *st = &c->stages[i];
		bool ready = false;

		for (int k = 0; k < st->priv->nfds; k++)
			ready = ready || fds[n + k].revents != 0;
		n += st->priv->nfds;
		if (ready && st->op->waiter->pull(st) < 0) {
			c->failed = st;
			return -1;
		}
	}
	return 0;
}

/* poll(), but a process that waits for long can be seen by bief ps. */
static int
poll_seen(struct chain *c, struct pollfd *fds, nfds_t n, int timeout)
{
	int64_t due = vitals_due(c->vitals);
	int first = (int)((due + 999) / 1000), ready;

	if (due < 0 || (timeout >= 0 && timeout <= first))
		return poll(fds, n, timeout);
	ready = poll(fds, n, first);
	if (ready != 0)
		return ready;
	vitals_look(c->vitals);
	return poll(fds, n, timeout < 0 ? -1 : timeout - first);
}

int
loop_wait(struct chain *c, struct pollfd *fds, int inputs, int64_t deadline)
{
	static const char alive[] = "{\"#bief\":{\"alive\":1}}";
	struct pollfd all[LOOP_FDS + OPERATOR_FDS + 2];
	int64_t now = time_now(), tick = chain_deadline(c);
	int timeout = -1, ready, n;
	char drain[64];

	if (says_alive(c) && time_monotonic() - c->alive_us > ALIVE_US) {
		c->alive_us = time_monotonic();
		chain_pass(c, alive, strlen(alive));
	}
	if (inputs > 0)
		memcpy(all, fds, (size_t)inputs * sizeof(*fds));
	n = operators_wait(c, all, inputs, &deadline);
	if (n < 0 || output_flush(&c->out, &c->err) < 0)
		return -1;
	chain_tell(c, c->held ? VITALS_OUTPUT : VITALS_INPUT);
	all[n] = (struct pollfd){.fd = wake[0], .events = POLLIN};
	all[n + 1] = (struct pollfd){.fd = c->out.pipe ? c->out.fd : -1};
	if (tick < deadline)
		deadline = tick;
	if (says_alive(c) && deadline > now + ALIVE_US)
		deadline = now + ALIVE_US;
	if (deadline != INT64_MAX)
		timeout = deadline <= now ? 0
			: deadline - now > TIME_SECOND * 3600
			? 3600000
			: (int)((deadline - now + 999) / 1000);
	else if (isatty(STDERR_FILENO) && c->planned)
		timeout = 3000;
	ready = poll_seen(c, all, (nfds_t)n + 2, timeout);
	/* Before anything else can change errno. */
	if (ready < 0 && errno != EINTR)
		return err_sys(&c->err, "cannot wait");
	chain_tell(c, VITALS_BUSY);
	if (ready == 0 && deadline == INT64_MAX)
		hint(c);
	if (inputs > 0)
		memcpy(fds, all, (size_t)inputs * sizeof(*fds));
	if (ready > 0 && operators_pull(c, all, inputs) < 0)
		return -1;
	if (ready > 0 && (all[n].revents & POLLIN))
		while (read(wake[0], drain, sizeof(drain)) > 0)
			;
	if (ready > 0 && (all[n + 1].revents & (POLLERR | POLLHUP)))
		raise(SIGPIPE);
	loop_signals(c);
	return 0;
}

/* While it has its hands full. */
static void
tell_now_and_then(struct chain *c, int64_t now)
{
	if (now - c->vitals->updated_us >= TELL_US)
		chain_tell(c, VITALS_BUSY);
}

/* Batches by the clock in the middle of the chain. */
static int
loop_ticks(struct chain *c)
{
	for (int i = 0; i < c->n; i++)
		if (c->stages[i].priv->next_tick != 0 &&
			chain_tick(&c->stages[i]) < 0)
			return -1;
	return 0;
}

/* ---- driven by the input ---- */

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

struct feed {
	struct chain *c;
	struct stage *first;
	struct input in;
	struct control_place at;
	bool stream;  /* there was a header */
	bool failed;  /* a program in front has */
	bool over;    /* the input goes on, but we do not */
	char **files; /* OP_FILES: those still to come, NULL ends them */
};

static int
feed_failed(struct feed *f, int status)
{
	f->failed = true;
	chain_quit(f->c, (enum status)status);
	return 0;
}

static int
feed_control(struct feed *f, const char *line, size_t n)
{
	struct control_event e;

	if (control_take(&f->at, line, n, &e, &f->c->err) < 0) {
		f->c->failed = f->first;
		return -1;
	}
	if (e.kind == EVENT_BEGIN)
		return chain_begin(f->first, &e.batch);
	if (e.kind == EVENT_END)
		return chain_end(f->first, &e.batch);
	if (e.kind == EVENT_FAILED)
		return feed_failed(f, e.status);
	if (e.kind == EVENT_FILE)
		chain_file_end(f->first);
	if (e.kind == EVENT_OTHER)
		chain_pass(f->c, line, n);
	return 0;
}

static int
feed_first(struct feed *f, const char *line, size_t n)
{
	struct plan p;
	struct value body;
	int ret;

	plan_init(&p);
	f->stream = line != NULL && stream_line(line, n) == STREAM_CONTROL;
	if (f->stream) {
		if (control_read(line, n, &body, &f->c->err) < 0 ||
			plan_parse(&p, &body, &f->c->err) < 0) {
			f->c->failed = f->first;
			return -1;
		}
	}
	ret = chain_plan(f->c, &p);
	plan_release(&p);
	return ret;
}

static int
feed_line(struct feed *f, const char *line, size_t n)
{
	enum stream_line kind = stream_line(line, n);
	int status;

	if (!f->c->planned) {
		if (kind == STREAM_CONTROL &&
			(status = control_failed(line, n)) != 0)
			return feed_failed(f, status);
		if (feed_first(f, line, n) < 0)
			return -1;
		if (f->stream)
			return 0;
	}
	if (kind == STREAM_CONTROL) {
		if (f->stream)
			return feed_control(f, line, n);
		f->c->failed = f->first;
		if (f->first->priv->common.trigger != NULL &&
			f->first->records_in == 0)
			return err_as(&f->c->err, STATUS_USAGE,
				"the stream has batches already: leave "
				"--trigger to its source");
		return err_set(&f->c->err,
			"line %llu is a control line, but "
			"the stream has no header: a program in front of this "
			"one has swallowed it (see thru)",
			(unsigned long long)f->first->records_in + 1);
	}
	if (f->stream && !f->at.open) {
		f->c->failed = f->first;
		return err_set(&f->c->err, "a record outside of any batch");
	}
	return kind == STREAM_DATA ? chain_give_line(f->first, line, n)
				   : chain_give_forged(f->first, line, n);
}

/*
 * Is this the end, although the input has none?  Who has had enough does not
 * ask for more.  SIGTERM ends a filter at the next line; where there are batches
 * at the end of one, if what is in front has not come to its own end by then.
 */
static bool
feed_over(struct feed *f)
{
	if (f->c->enough)
		f->over = true;
	else if (signals_terminated() && f->c->planned && !f->at.open)
		f->over = !f->stream || signals_term_past();
	return f->over;
}

static int
feed_lines(struct feed *f)
{
	const char *line;
	size_t n;
	enum line got;

	while (!f->failed && !feed_over(f) &&
		(got = input_line(&f->in, &line, &n)) != LINE_NONE)
		if ((got == LINE_GOOD ? feed_line(f, line, n)
				      : chain_give_long(f->first, line, n)) < 0)
			return -1;
	return 0;
}

/* What is written must not come again. */
static int
feed_check(struct feed *f, const char *path)
{
	if (!output_feeds(&f->c->out, f->in.fd))
		return 0;
	f->c->failed = f->first;
	return err_as(&f->c->err, STATUS_USAGE,
		"'%s' is the input and the output", path);
}

/* The next of the files that a program was given; 0: there is none. */
static int
feed_next_file(struct feed *f)
{
	const char *path;

	if (f->files == NULL || *f->files == NULL)
		return 0;
	path = *f->files++;
	if (f->c->planned)
		chain_file_end(f->first);
	vitals_input_closed(f->c->vitals, f->in.fd);
	if (f->in.fd > STDERR_FILENO)
		close(f->in.fd);
	input_next(&f->in,
		strcmp(path, "-") == 0 ? STDIN_FILENO
				       : open(path, O_RDONLY | O_CLOEXEC));
	vitals_input(f->c->vitals, f->in.fd);
	if (f->in.fd < 0) {
		f->c->failed = f->first;
		return err_sys(&f->c->err, "cannot open '%s'", path);
	}
	if (f->in.fd != STDIN_FILENO &&
		input_unpack(&f->in, path, &f->c->err) < 0) {
		f->c->failed = f->first;
		return -1;
	}
	return feed_check(f, path) < 0 ? -1 : 1;
}

static int
feed_end(struct feed *f)
{
	if (!f->c->planned && !f->failed && f->in.eof)
		f->failed = chain_unbegun(f->first, f->in.fd);
	if (f->failed)
		return output_flush(&f->c->out, &f->c->err);
	if (!f->c->planned && feed_first(f, NULL, 0) < 0)
		return -1;
	if (f->stream && !f->at.eof && !f->over) {
		chain_cut(f->first);
		return output_flush(&f->c->out, &f->c->err);
	}
	return chain_finish(f->first);
}

static int
feed_run(struct feed *f)
{
	struct chain *c = f->c;
	struct loop_silence silence = {.told = false};
	struct pollfd in;
	int got;

	if ((f->first->op->flags & OP_FILES) && f->first->noperands > 0) {
		f->files = f->first->operands;
		if (feed_next_file(f) < 0)
			return -1;
	} else if (feed_check(f, "-") < 0) {
		return -1;
	}
	/* Batches by the clock begin with the program, not with its input. */
	if (f->first->priv->common.trigger != NULL &&
		feed_first(f, NULL, 0) < 0)
		return -1;
	for (;;) {
		bool silent;

		in = (struct pollfd){.fd = f->in.fd, .events = POLLIN};
		if (poll(&in, 1, 0) == 0 &&
			loop_wait(c, &in, 1,
				stops ? time_now() + SILENCE_US : INT64_MAX) <
				0)
			return -1;
		loop_signals(c);
		if (loop_ticks(c) < 0)
			return -1;
		silent = loop_silent(&silence, in.revents != 0);
		/* What is in front may still work at the batch. */
		if ((silent && !f->at.open) || f->at.eof || f->failed)
			break;
		if (in.revents == 0)
			continue;
		tell_now_and_then(c, time_monotonic());
		got = input_fill(&f->in, &c->err);
		if (got < 0) {
			c->failed = f->first;
			return f->files == NULL
				? -1
				: err_in(&c->err, "'%s'", f->files[-1]);
		}
		if (feed_lines(f) < 0)
			return -1;
		if (f->over)
			break;
		if (got == 0 && (got = feed_next_file(f)) <= 0) {
			if (got < 0)
				return -1;
			break;
		}
	}
	return feed_end(f);
}

static int
run_input(struct chain *c, int in_fd)
{
	struct feed f = {.c = c, .first = &c->stages[0]};
	int ret;

	vitals_input(c->vitals, in_fd);
	input_init(&f.in, in_fd, stage_max_line(f.first));
	ret = feed_run(&f);
	if (f.in.fd > STDERR_FILENO)
		close(f.in.fd);
	input_release(&f.in);
	return ret;
}

/* ---- driven by a source ---- */

static int
source_wait(struct stage *st, int64_t until)
{
	struct pollfd fds[LOOP_FDS];
	int64_t deadline = INT64_MAX;
	int n = 0;

	if (st->op->source->wait != NULL)
		n = st->op->source->wait(st, fds, LOOP_FDS, &deadline);
	if (n < 0) {
		st->chain->failed = st;
		return -1;
	}
	return loop_wait(
		st->chain, fds, n, deadline < until ? deadline : until);
}

static int
source_pull(struct stage *st)
{
	int got = st->op->source->pull(st);

	if (got < 0 && st->chain->failed == NULL)
		st->chain->failed = st;
	return got;
}

/* Until nothing is there, the batch is full, or the source has ended. */
static int
source_drain(struct stage *st, int64_t until)
{
	int64_t step = st->out.interval_us;
	int64_t looked = time_monotonic();
	int got;

	while ((got = source_pull(st)) == PULL_MORE) {
		int64_t now = time_monotonic();

		if (st->chain->enough)
			return PULL_END;
		tell_now_and_then(st->chain, now);
		if (now - looked < LOOK_US && until == INT64_MAX)
			continue;
		looked = now;
		loop_signals(st->chain);
		if (loop_ticks(st->chain) < 0)
			return -1;
		if (stops || (until != INT64_MAX && time_due(until, step)))
			return PULL_WAIT;
	}
	return got;
}

static int
source_plain(struct stage *st)
{
	int got;

	while (!stops) {
		if ((got = source_drain(st, INT64_MAX)) < 0)
			return -1;
		if (got == PULL_END)
			break;
		if (got == PULL_WAIT && !stops &&
			(source_wait(st, INT64_MAX) < 0 ||
				loop_ticks(st->chain) < 0))
			return -1;
	}
	return 0;
}

/* What is available: of a live source all that it says is still to come. */
static int
source_all(struct stage *st)
{
	bool more = st->op->source->live && st->out.trigger != TRIGGER_INTERVAL;
	int got;

	while ((got = source_drain(st, INT64_MAX)) == PULL_WAIT && more &&
		!stops)
		if (source_wait(st, INT64_MAX) < 0)
			return -1;
	return got;
}

/* available-now, once, and an interval of 0: no batch without data. */
static int
source_available(struct stage *st)
{
	enum trigger_kind kind = st->out.trigger;
	int got;

	do {
		if ((got = source_all(st)) < 0)
			return -1;
		if (kind == TRIGGER_ONCE && got == PULL_BATCH && !stops)
			continue;
		if (st->now.number >= 0 && chain_close_batch(st, false) < 0)
			return -1;
		if (kind == TRIGGER_INTERVAL && got == PULL_WAIT && !stops &&
			source_wait(st, INT64_MAX) < 0)
			return -1;
	} while (!stops && got != PULL_END &&
		(kind == TRIGGER_INTERVAL || got == PULL_BATCH));
	return 0;
}

/* Part of a batch that stays open until its tick. */
static int
source_live(struct stage *st, int64_t tick)
{
	int64_t step = st->out.interval_us;
	int got;

	do {
		if ((got = source_drain(st, tick)) < 0 || got == PULL_END)
			return got;
		if (!time_due(tick, step) && !stops &&
			source_wait(st, tick) < 0)
			return -1;
	} while (!time_due(tick, step) && !stops);
	return got;
}

/*
 * A batch that stays open until its tick takes what it keeps the source busy;
 * any other all the time that goes by, as in Spark, for the next one has to
 * wait.
 */
static void
check_pace(struct stage *st, int64_t number, int64_t start, int64_t busy,
	int64_t blocked)
{
	const struct vitals *v = st->chain->vitals;
	int64_t spent = st->op->source->live ? vitals_busy_us(v) - busy
					     : time_now() - start;

	blocked = v->spent_us[VITALS_OUTPUT] - blocked;
	if (spent > st->out.interval_us)
		say_slow(st, number, spent, blocked > spent / 2);
}

static int
source_interval(struct stage *st)
{
	int64_t step = st->out.interval_us, start = time_now(),
		tick = time_floor_div(start, step) * step + step;
	int got;

	for (;;) {
		const struct vitals *v = st->chain->vitals;
		int64_t busy = vitals_busy_us(v),
			blocked = v->spent_us[VITALS_OUTPUT], number;

		if (chain_open_batch(st) < 0)
			return -1;
		number = st->now.number;
		got = st->op->source->live ? source_live(st, tick)
					   : source_drain(st, INT64_MAX);
		if (got < 0 || chain_close_batch(st, false) < 0)
			return -1;
		if (got == PULL_END || stops)
			return 0;
		check_pace(st, number, start, busy, blocked);
		while (!time_due(tick, step) && !stops)
			if (loop_wait(st->chain, NULL, 0, tick) < 0)
				return -1;
		if (stops)
			return 0;
		start = time_now();
		tick = time_floor_div(start, step) * step + step;
	}
}

static int
run_source(struct chain *c)
{
	struct stage *st = &c->stages[0];
	struct plan p;
	int ret;

	plan_init(&p);
	ret = chain_plan(c, &p);
	plan_release(&p);
	if (ret < 0)
		return -1;
	if (recover_wait_sinks(st) < 0 || recover_rerun(st) < 0) {
		if (c->failed == NULL)
			c->failed = st;
		return -1;
	}
	switch (st->out.trigger) {
	case TRIGGER_NONE:
		ret = source_plain(st);
		break;
	case TRIGGER_INTERVAL:
		ret = st->out.interval_us > 0 ? source_interval(st)
					      : source_available(st);
		break;
	default:
		ret = source_available(st);
	}
	return ret < 0 ? -1 : chain_finish(st);
}

/* ---- a chain, whatever drives it ---- */

static int
run_opened(struct chain *c, int in_fd)
{
	const struct op *first = c->stages[0].op;

	if (c->n == 1 && c->stages[0].answered)
		return output_flush(&c->out, &c->err);
	if (first->source != NULL)
		return run_source(c);
	if (first->merge != NULL)
		return merge_run(c);
	return run_input(c, in_fd);
}

int
run_chain(char ***words, int n, int in, int out, int *status)
{
	struct chain c;
	int last = -1;

	output_mark_begin(out);
	catch_signals();
	chain_open(&c, words, n, out, false, status);
	for (int i = 0; i < n; i++)
		if (c.stages[i].priv->failed)
			last = i;
	if (last >= 0) {
		/* What follows a program that did not start does not either. */
		chain_quit_behind(&c.stages[last], (enum status)status[last]);
	} else {
		chain_show(&c, words);
		if (run_opened(&c, in) < 0) {
			if (c.failed == NULL)
				c.failed = chain_last(&c);
			chain_fail(&c);
		}
	}
	/* An end without control lines looks like one, whatever the reason. */
	output_mark_end(out, c.planned ? 0 : run_status(status, n));
	chain_close(&c);
	return 0;
}

int
run_status(const int *status, int n)
{
	int i = n - 1;

	while (i > 0 && status[i] == 0)
		i--;
	return status[i];
}

const struct op *
ops_find(const char *name)
{
	for (const struct op *const *op = ops_all; *op != NULL; op++)
		if (strcmp((*op)->name, name) == 0)
			return *op;
	return NULL;
}

int
run_main(int argc, char **argv)
{
	char **words[2] = {argv, NULL};
	int status;

	(void)argc;
	run_chain(words, 1, STDIN_FILENO, STDOUT_FILENO, &status);
	return status;
}
