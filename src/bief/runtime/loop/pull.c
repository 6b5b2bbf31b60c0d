/*
 * pull: a chain that is driven by a source, in the rhythm of its trigger.
 */
#include "runtime/loop/pull.h"

#include <poll.h>

#include "time/time.h"
#include "runtime/chain.h"
#include "runtime/loop/loop.h"
#include "runtime/plan/plan_chain.h"
#include "runtime/recover/rerun.h"
#include "runtime/report/say.h"
#include "runtime/loop/signals.h"
#include "runtime/report/vitals.h"

#define LOOK_US 100000 /* a source that never waits is interrupted so often */

static int
pull_wait(struct stage *st, int64_t until)
{
	struct pollfd fds[LOOP_FDS];
	int64_t deadline = INT64_MAX;
	int n = 0;

	if (st->op->source->wait != NULL)
		n = st->op->source->wait(st, fds, LOOP_FDS, &deadline);
	if (n < 0)
		return chain_failed(st);
	return loop_wait(
		st->chain, fds, n, deadline < until ? deadline : until);
}

static int
pull_once(struct stage *st)
{
	int got;

	/* Before a batch may begin, be it by its first record. */
	if (st->now.number < 0 && st->out.stream &&
		rerun_ahead(st, st->in.resume) < 0)
		return chain_failed(st);
	got = st->op->source->pull(st);
	return got < 0 ? chain_failed(st) : got;
}

/* Until nothing is there, the batch is full, or the source has ended. */
static int
pull_drain(struct stage *st, int64_t until)
{
	int64_t step = st->out.interval_us;
	int64_t looked = time_monotonic();
	int got;

	while ((got = pull_once(st)) == PULL_MORE) {
		int64_t now = time_monotonic();

		if (st->chain->enough)
			return PULL_END;
		loop_tell(st->chain, now);
		if (now - looked < LOOK_US && until == INT64_MAX)
			continue;
		looked = now;
		loop_signals(st->chain);
		if (loop_ticks(st->chain) < 0)
			return -1;
		if (signals_stopping() ||
			(until != INT64_MAX && time_due(until, step)))
			return PULL_WAIT;
	}
	return got;
}

static int
pull_plain(struct stage *st)
{
	int got;

	while (!signals_stopping()) {
		if ((got = pull_drain(st, INT64_MAX)) < 0)
			return -1;
		if (got == PULL_END)
			break;
		if (got == PULL_WAIT && !signals_stopping() &&
			(pull_wait(st, INT64_MAX) < 0 ||
				loop_ticks(st->chain) < 0))
			return -1;
	}
	return 0;
}

/* What is available: of a live source all that it says is still to come. */
static int
pull_all(struct stage *st)
{
	bool more = st->op->source->live && st->out.trigger != TRIGGER_INTERVAL;
	int got;

	while ((got = pull_drain(st, INT64_MAX)) == PULL_WAIT && more &&
		!signals_stopping())
		if (pull_wait(st, INT64_MAX) < 0)
			return -1;
	return got;
}

/* available-now, once, and an interval of 0: no batch without data. */
static int
pull_available(struct stage *st)
{
	enum trigger_kind kind = st->out.trigger;
	int got;

	do {
		if ((got = pull_all(st)) < 0)
			return -1;
		if (kind == TRIGGER_ONCE && got == PULL_BATCH &&
			!signals_stopping())
			continue;
		if (st->now.number >= 0 && chain_close_batch(st, false) < 0)
			return -1;
		if (kind == TRIGGER_INTERVAL && got == PULL_WAIT &&
			!signals_stopping() && pull_wait(st, INT64_MAX) < 0)
			return -1;
	} while (!signals_stopping() && got != PULL_END &&
		(kind == TRIGGER_INTERVAL || got == PULL_BATCH));
	/* A signal may have come just when a batch was to be gone on with. */
	return st->now.number >= 0 ? chain_close_batch(st, false) : 0;
}

/* Part of a batch that stays open until its tick. */
static int
pull_live(struct stage *st, int64_t tick)
{
	int64_t step = st->out.interval_us;
	int got;

	do {
		if ((got = pull_drain(st, tick)) < 0 || got == PULL_END)
			return got;
		if (!time_due(tick, step) && !signals_stopping() &&
			pull_wait(st, tick) < 0)
			return -1;
	} while (!time_due(tick, step) && !signals_stopping());
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
pull_interval(struct stage *st)
{
	int64_t step = st->out.interval_us, start = time_now(),
		tick = time_floor_div(start, step) * step + step;
	int got;

	for (;;) {
		const struct vitals *v = st->chain->vitals;
		int64_t busy = vitals_busy_us(v),
			blocked = v->spent_us[VITALS_OUTPUT], number;

		if (rerun_ahead(st, st->in.resume) < 0)
			return chain_failed(st);
		if (chain_open_batch(st) < 0)
			return -1;
		number = st->now.number;
		got = st->op->source->live ? pull_live(st, tick)
					   : pull_drain(st, INT64_MAX);
		if (got < 0 || chain_close_batch(st, false) < 0)
			return -1;
		if (got == PULL_END || signals_stopping())
			return 0;
		check_pace(st, number, start, busy, blocked);
		while (!time_due(tick, step) && !signals_stopping())
			if (loop_wait(st->chain, NULL, 0, tick) < 0)
				return -1;
		if (signals_stopping())
			return 0;
		start = time_now();
		tick = time_floor_div(start, step) * step + step;
	}
}

int
pull_run(struct chain *c)
{
	struct stage *st = &c->stages[0];
	struct plan p;
	int ret;

	plan_init(&p);
	ret = plan_chain(c, &p);
	plan_release(&p);
	if (ret < 0)
		return -1;
	if (rerun_wait_sinks(st) < 0 || rerun_batches(st) < 0) {
		if (c->failed == NULL)
			c->failed = st;
		return -1;
	}
	switch (st->out.trigger) {
	case TRIGGER_NONE:
		ret = pull_plain(st);
		break;
	case TRIGGER_INTERVAL:
		ret = st->out.interval_us > 0 ? pull_interval(st)
					      : pull_available(st);
		break;
	default:
		ret = pull_available(st);
	}
	return ret < 0 ? -1 : chain_finish(st);
}
