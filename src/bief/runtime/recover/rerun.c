/*
 * rerun: see rerun.h.
 *
 * This stands above the chain and the loop, which it drives: they know nothing
 * of it.  What a source knows of its checkpoint is in recover_source.c.
 */
#include "runtime/recover/rerun.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recovery/checkpoint.h"
#include "recovery/metadata.h"
#include "recovery/offset.h"
#include "recovery/place.h"
#include "recovery/target.h"
#include "runtime/chain.h"
#include "runtime/loop/loop.h"
#include "runtime/recover/recover_source.h"
#include "runtime/report/say.h"
#include "runtime/loop/signals.h"
#include "time/time.h"
#include "floor/mem.h"

#define AHEAD 16 /* batches that a source may be ahead of a sink */
#define PATIENCE_US (3 * TIME_SECOND)
#define POLL_US 5000

/* ---- an earlier run ---- */

static int
stopped_waiting(struct stage *st, const char *who)
{
	return err_set(st->err,
		"stopped while it waited for '%s' of "
		"an earlier run",
		who);
}

/* One look; it is waited for who is at work. */
static int
wait_for(struct stage *st, const char *dir, const char *who, int64_t since,
	bool *said)
{
	if (signals_stopping())
		return stopped_waiting(st, who);
	if (!*said && time_monotonic() - since > PATIENCE_US) {
		*said = true;
		say(st,
			"waiting for '%s' of an earlier run, which is "
			"still at work with the checkpoint '%s'",
			who, dir);
	}
	return loop_wait(st->chain, NULL, 0, time_now() + POLL_US);
}

static int
wait_for_quiet(struct stage *st, const char *dir)
{
	int64_t since = time_monotonic();
	bool said = false;
	char *who;
	int ret = 0;

	while (ret == 0 && (who = place_busy(dir)) != NULL) {
		ret = wait_for(st, dir, who, since, &said);
		free(who);
	}
	return ret;
}

int
rerun_open(struct stage *st, struct plan *p)
{
	if (st->priv->common.checkpoint == NULL)
		return 0;
	if (st->op->source->mark == NULL || st->op->source->seek == NULL)
		return err_as(st->err, STATUS_USAGE,
			"--checkpoint: this source cannot be read again");
	if (p->trigger == TRIGGER_NONE)
		p->trigger = TRIGGER_AVAILABLE;
	p->stream = 1;
	if (p->explain)
		return 0;
	/* Locked first: from then on nobody begins another run. */
	if (recover_source_lock(st, p) < 0 ||
		wait_for_quiet(st, p->checkpoint) < 0)
		return -1;
	return recover_source_open(st, p);
}

/* ---- its sinks ---- */

/* The first of the checkpoint's sinks that has not come; NULL: all have. */
static int
missing_sink(struct stage *st, const struct list *there, char **missing)
{
	struct metadata m;

	*missing = NULL;
	if (metadata_read(st->out.checkpoint, &m, st->err) != 0)
		return -1;
	for (size_t i = 0; *missing == NULL && i < m.sinks.n; i++)
		if (!list_has(there, m.sinks.s[i]))
			*missing = mem_dup(m.sinks.s[i], strlen(m.sinks.s[i]));
	metadata_release(&m);
	return 0;
}

/* "this checkpoint writes directory out: ", where that is known. */
static const char *
sink_writes(const char *dir, const char *sink, char *out, size_t size)
{
	struct buf place;
	char *words = NULL, quoted[200];
	struct err none;

	*out = '\0';
	buf_init(&place);
	buf_printf(&place, "%s/commits/", dir);
	place_name(sink, &place);
	if (target_load(buf_cstr(&place), NULL, &words, &none) == 0)
		snprintf(out, size, "this checkpoint writes %s: ",
			err_quote(quoted, sizeof quoted, words, strlen(words)));
	free(words);
	buf_release(&place);
	return out;
}

/* A sink that has committed and does not come is not left behind in silence. */
static int
sink_is_gone(struct stage *st, const char *sink)
{
	const char *dir = st->out.checkpoint;
	char writes[300];

	return err_as(st->err, STATUS_DAMAGED,
		"%sthe pipeline has changed: "
		"the sink '%s' of the checkpoint '%s' is not there: put it "
		"back, or give it up: bief state %s forget %s",
		sink_writes(dir, sink, writes, sizeof writes), sink, dir, dir,
		sink);
}

/* 1: all that must be there are, and the checkpoint knows them; 0; -1. */
static int
sinks_are_there(struct stage *st, bool patient, int *there)
{
	const char *dir = st->out.checkpoint;
	struct list ids = {0};
	char *missing = NULL;
	int ret = 0;

	checkpoint_ready(dir, st->out.runs.s[0], &ids);
	*there = (int)ids.n;
	if (*there >= (int)st->priv->common.sinks) {
		ret = missing_sink(st, &ids, &missing);
		if (ret == 0 && missing == NULL)
			ret = metadata_add_sinks(dir, &ids, st->err) < 0 ? -1
									 : 1;
		else if (ret == 0 && !patient)
			ret = sink_is_gone(st, missing);
	}
	free(missing);
	list_free(&ids);
	return ret;
}

/* For what the sinks do: it is they who hold the source back. */
static int
wait_held(struct stage *st)
{
	int ret;

	st->chain->held = true;
	ret = loop_wait(st->chain, NULL, 0, time_now() + POLL_US);
	st->chain->held = false;
	return ret;
}

int
rerun_wait_sinks(struct stage *st)
{
	int64_t since = time_monotonic();
	bool patient = true;
	int got, there;

	if (!recover_on(&st->priv->recovery))
		return 0;
	while ((got = sinks_are_there(st, patient, &there)) == 0) {
		if (signals_stopping())
			return err_set(st->err,
				"stopped while it waited for "
				"its sinks");
		if (patient && time_monotonic() - since > PATIENCE_US) {
			patient = false;
			if (there < (int)st->priv->common.sinks)
				say(st,
					"waiting for a sink that commits to "
					"'%s': %d of %d are there (a foreign "
					"filter swallows control lines: use "
					"thru; --sinks tells how many there "
					"are)",
					st->out.checkpoint, there,
					(int)st->priv->common.sinks);
		}
		if (wait_held(st) < 0)
			return -1;
	}
	if (got < 0)
		return -1;
	recover_source_joined(st);
	return 0;
}

/* ---- batches that were recorded ---- */

/* Nothing was read between them. */
static bool
same_position(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Can all be read that the batches to be run again need?  Better now than when
 * the first of them have gone through. */
static int
try_all(struct stage *st, const char *from)
{
	struct offset to;
	int ret = 0;

	if (recover_source_recorded(st, recover_source_stored(st), &to) < 0)
		return -1;
	if (!same_position(from, to.position))
		ret = st->op->source->seek(st, from, to.position);
	offset_release(&to);
	return ret;
}

/* Everything between two positions. */
static int
read_between(struct stage *st, const char *from, const char *to)
{
	int got;

	if (same_position(from, to))
		return 0;
	if (st->op->source->seek(st, from, to) < 0)
		return -1;
	do
		got = st->op->source->pull(st);
	while (got == PULL_MORE);
	/* Less than before would be another batch of the same number. */
	if (got == PULL_WAIT || got == PULL_END)
		return err_set(st->err,
			"cannot run batch %lld again: what it had read is no "
			"longer there as far as it went",
			(long long)st->now.number);
	return got < 0 ? -1 : 0;
}

/* One recorded batch again: from where the one before ended to its end. */
static int
run_one(struct stage *st, int64_t number, const char *from,
	const struct offset *to)
{
	struct batch b = {.number = number,
		.time_us = to->time_us,
		.watermark = WATERMARK_NONE,
		.rerun = true};

	if (chain_begin(st, &b) < 0 || read_between(st, from, to->position) < 0)
		return -1;
	return chain_end(st, &b);
}

/* All of them; *at, where the newest that all sinks have ended, becomes where
 * the last of them did. */
static int
run_all(struct stage *st, struct offset *at)
{
	struct offset next;
	int ret;

	while ((ret = recover_source_next(st, &next)) == 0) {
		ret = run_one(st, st->in.resume, at->position, &next);
		offset_release(at);
		*at = next;
		if (ret < 0)
			return -1;
		st->in.resume++;
	}
	return ret < 0 ? -1 : 0;
}

int
rerun_batches(struct stage *st)
{
	struct offset at;
	int ret;

	if (!recover_on(&st->priv->recovery))
		return 0;
	if (recover_source_recorded(st, st->out.committed, &at) < 0)
		return -1;
	st->in.resume = st->out.committed + 1;
	ret = try_all(st, at.position);
	if (ret == 0) {
		recover_source_again(st, at.position);
		ret = run_all(st, &at);
	}
	if (ret == 0)
		ret = st->op->source->seek(st, at.position, NULL);
	offset_release(&at);
	if (ret < 0)
		return -1;
	recover_source_go_on(st);
	return recover_source_hear(st);
}

int
rerun_ahead(struct stage *st, int64_t number)
{
	if (!recover_on(&st->priv->recovery))
		return 0;
	while (number - recover_source_committed(st) > AHEAD) {
		if (recover_source_look(st) < 0)
			return -1;
		if (number - recover_source_committed(st) <= AHEAD ||
			signals_stopping())
			return 0;
		if (wait_held(st) < 0)
			return -1;
	}
	return 0;
}
