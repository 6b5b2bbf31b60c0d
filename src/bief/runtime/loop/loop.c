/*
 * loop: what the loops share that drive a chain, be it by its input, a source or
 * several inputs.
 *
 * Everything that a process waits for, it waits for in loop_wait: input, the
 * descriptors of its operators, the clock, signals, and that its reader goes
 * away.  So nothing is held back while it waits, and nothing is overheard.
 */
#include "runtime/loop/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "time/time.h"
#include "io/stream/output.h"
#include "io/stream/stream.h"
#include "runtime/chain.h"
#include "runtime/loop/link_out.h"
#include "runtime/report/line.h"
#include "runtime/report/say.h"
#include "runtime/loop/signals.h"
#include "runtime/report/tell.h"
#include "runtime/report/vitals.h"

#define SILENCE_US (2 * TIME_SECOND) /* after a signal, then we stop */
#define OPERATOR_FDS 64            /* descriptors that operators may wait for */
#define ALIVE_US (TIME_SECOND / 2) /* a source with a checkpoint says so */
#define HINT_US (3 * TIME_SECOND)
#define TELL_US 50000 /* bief ps learns of counts so often, at least */

void
loop_signals(struct chain *c)
{
	if (signals_statistics())
		for (int i = 0; i < c->n; i++)
			say_statistics(&c->stages[i]);
	if (signals_reload())
		for (int i = 0; i < c->n; i++)
			c->stages[i].hups++;
}

/* The first that keeps its answer for the end, and has something to keep. */
static struct stage *
holder(struct chain *c)
{
	for (int i = 0; i < c->n; i++) {
		struct stage *st = &c->stages[i];

		if ((st->op->flags & OP_HOLDS) && st->now.whole &&
			st->records_in > 0 && st->records_out == 0)
			return st;
	}
	return NULL;
}

/* Is it likely to go on for ever?  So it is when the source says so, or when it
 * was mostly waited for: what has an end comes as fast as it can. */
static bool
seems_endless(const struct chain *c, int64_t passed)
{
	const struct op *first = c->stages[0].op;
	int64_t waited = c->vitals->spent_us[VITALS_INPUT] - c->hint.waited_us;

	return (first->source != NULL && first->source->live) ||
		waited >= passed / 4 * 3;
}

/* On a terminal: why is there no answer yet? */
static void
hint(struct chain *c, int64_t now)
{
	struct stage *st;

	if (c->hint.off || !c->planned)
		return;
	if (c->hint.since_us == 0) {
		c->hint.off = !line_terminal();
		c->hint.since_us = now;
		c->hint.waited_us = c->vitals->spent_us[VITALS_INPUT];
	}
	if (now - c->hint.since_us < HINT_US || (st = holder(c)) == NULL ||
		!seems_endless(c, now - c->hint.since_us))
		return;
	c->hint.off = true;
	say(st,
		"waiting for the end of the input; for answers while it runs "
		"give --trigger 5s to the source, or --batch N here");
}

/* Microseconds after which to wake up for the terminal; INT64_MAX: none. */
static int64_t
next_look(struct chain *c, int64_t now)
{
	int64_t pause = ticker_pause(c, now), left;

	hint(c, now);
	ticker_look(c, now);
	if (c->hint.off || c->hint.since_us == 0)
		return pause;
	left = c->hint.since_us + HINT_US - now;
	if (left <= 0)
		left = HINT_US;
	return left < pause ? left : pause;
}

/*
 * While a source with a checkpoint waits, it says now and then that it lives.
 * This goes through the whole pipeline, so that a program whose reader has died
 * learns it although it watches for nothing (tee).
 */
static bool
says_alive(const struct chain *c)
{
	return c->planned &&
		c->stages[0].priv->recovery.role == RECOVERY_SOURCE;
}

bool
loop_silent(struct loop_silence *s, bool heard)
{
	bool before = s->told;
	int64_t now;

	s->told = signals_stopping();
	if (!s->told)
		return false;
	now = time_monotonic();
	if (heard || !before)
		s->since_us = now;
	return now - s->since_us > SILENCE_US;
}

/* What operators wait for: fds from the n-th on; how many there are then. */
static int
operators_wait(struct chain *c, struct pollfd *fds, int n, int64_t *deadline)
{
	for (int i = 0; i < c->n; i++) {
		struct stage *st = &c->stages[i];

		st->priv->nfds = 0;
		/* Who accepts connections does so before there is input. */
		if (st->op->waiter == NULL ||
			(!c->planned && !(st->op->flags & OP_READY)))
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

static bool
any_ready(const struct pollfd *fds, int n)
{
	for (int i = 0; i < n; i++)
		if (fds[i].revents != 0)
			return true;
	return false;
}

int
loop_flush(struct chain *c)
{
	return chain_settle(c) < 0 ? -1 : output_flush(&c->out, &c->err);
}

int
loop_wait(struct chain *c, struct pollfd *fds, int inputs, int64_t deadline)
{
	static const char alive[] = "{\"#bief\":{\"alive\":1}}";
	struct pollfd all[LOOP_FDS + OPERATOR_FDS + 2 + LINK_FDS];
	int64_t now = time_now(), tick = chain_deadline(c), look;
	int timeout = -1, ready, links, n;

	if (chain_settle(c) < 0)
		return -1;
	if (says_alive(c) && time_monotonic() - c->alive_us > ALIVE_US) {
		c->alive_us = time_monotonic();
		chain_pass(c, alive, strlen(alive));
	}
	if (inputs > 0)
		memcpy(all, fds, (size_t)inputs * sizeof(*fds));
	n = operators_wait(c, all, inputs, &deadline);
	if (n < 0 || output_flush(&c->out, &c->err) < 0)
		return -1;
	tell_doing(c, c->held ? VITALS_OUTPUT : VITALS_INPUT);
	all[n] = (struct pollfd){.fd = signals_fd(), .events = POLLIN};
	all[n + 1] = (struct pollfd){
		.fd = c->out.pipe && !link_out_hears(c->link) ? c->out.fd : -1};
	links = link_out_fds(c->link, all + n + 2);
	if (tick < deadline)
		deadline = tick;
	if (says_alive(c) && deadline > now + ALIVE_US)
		deadline = now + ALIVE_US;
	look = next_look(
		c, c->vitals != NULL ? c->vitals->since_us : time_monotonic());
	if (deadline > now && deadline - now > look)
		deadline = now + look;
	if (deadline != INT64_MAX)
		timeout = deadline <= now ? 0
			: deadline - now > TIME_SECOND * 3600
			? 3600000
			: (int)((deadline - now + 999) / 1000);
	ready = vitals_poll(c->vitals, all, n + 2 + links, timeout);
	/* Before anything else can change errno. */
	if (ready < 0 && errno != EINTR)
		return err_sys(&c->err, "cannot wait");
	vitals_go_on(c->vitals);
	if (inputs > 0)
		memcpy(fds, all, (size_t)inputs * sizeof(*fds));
	if (ready > 0 && operators_pull(c, all, inputs) < 0)
		return -1;
	if (ready > 0 && (all[n].revents & POLLIN))
		signals_drain();
	if (ready > 0 && (all[n + 1].revents & (POLLERR | POLLHUP)))
		raise(SIGPIPE);
	if (ready > 0 && any_ready(all + n + 2, links))
		link_out_look(c->link);
	loop_signals(c);
	return 0;
}

/* While it has its hands full. */
void
loop_tell(struct chain *c, int64_t now)
{
	if (now - c->vitals->updated_us >= TELL_US) {
		tell_doing(c, VITALS_BUSY);
		hint(c, now);
	}
	ticker_look(c, now);
}

/* Batches by the clock in the middle of the chain. */
int
loop_ticks(struct chain *c)
{
	for (int i = 0; i < c->n; i++)
		if (c->stages[i].priv->next_tick != 0 &&
			chain_tick(&c->stages[i]) < 0)
			return -1;
	return 0;
}

int64_t
loop_silence_due(void)
{
	return signals_stopping() ? time_now() + SILENCE_US : INT64_MAX;
}
