/*
 * plan_chain: before the first record, every stage in turn learns what comes to
 * it and says what leaves it; where there is a checkpoint it gets back what it
 * had.
 *
 * A stage that stands behind one without control lines knows nothing, whatever
 * a chain in one process could know: the answer must be the same over pipes.
 */
#include "runtime/plan/plan_chain.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/mem.h"
#include "time/duration.h"
#include "time/time.h"
#include "types/schema.h"
#include "recovery/state/state.h"
#include "runtime/chain.h"
#include "runtime/phase.h"
#include "runtime/recover/recover.h"
#include "runtime/recover/rerun.h"

#define BATCH_DEFAULT 10000 /* records, where a watermark needs batches */

/* Spark's words for triggers: what to say here, or NULL. */
static const char *
slip_of_trigger(const char *t)
{
	static const struct {
		const char *word, *say;
	} slips[] = {{"availablenow", "say available-now, of a source"},
		{"available_now", "say available-now, of a source"},
		{"available-now", "only of a source"},
		{"once", "only of a source"},
		{"processingtime", "an interval stands alone, as in 5s"},
		{"processing-time", "an interval stands alone, as in 5s"},
		{"continuous", "there is none but micro-batches, as in 100ms"}};

	for (size_t i = 0; i < sizeof(slips) / sizeof(*slips); i++)
		if (strncasecmp(t, slips[i].word, strlen(slips[i].word)) == 0)
			return slips[i].say;
	return NULL;
}

static int
take_interval(struct stage *st, struct plan *p, const char *t)
{
	const char *say = slip_of_trigger(t);

	p->trigger = TRIGGER_INTERVAL;
	if (duration_us(t, strlen(t), &p->interval_us, st->err) == 0 &&
		p->interval_us >= 0 && p->interval_us <= DURATION_MOST)
		return 0;
	if (p->interval_us < 0)
		err_set(st->err, "it is negative");
	else if (p->interval_us > DURATION_MOST)
		err_set(st->err, "it is too long");
	else if (say != NULL)
		err_set(st->err, "'%s': %s", t, say);
	st->err->status = STATUS_USAGE;
	return err_in(st->err, "--trigger");
}

/* --trigger of a stage into a plan. */
static int
take_trigger(struct stage *st, struct plan *p)
{
	const char *t = st->priv->common.trigger;

	if (t == NULL)
		return 0;
	p->stream = 1;
	if (st->op->source != NULL && strcmp(t, "once") == 0)
		p->trigger = TRIGGER_ONCE;
	else if (st->op->source != NULL && strcmp(t, "available-now") == 0)
		p->trigger = TRIGGER_AVAILABLE;
	else
		return take_interval(st, p, t);
	return 0;
}

/* What comes in, before the operator sees it: batches made here, the zone. */
static int
prepare(struct stage *st, const struct plan *before)
{
	struct stage_private *p = st->priv;

	plan_copy(&st->in, before);
	if (p->common.zone != NULL) {
		free(st->in.zone);
		st->in.zone = mem_dup(p->common.zone, strlen(p->common.zone));
	}
	if (st->op->source != NULL)
		return take_trigger(st, &st->in) < 0 ? -1
						     : rerun_open(st, &st->in);
	if (p->common.trigger == NULL && p->common.batch == 0)
		return 0;
	if (before->stream)
		return err_as(st->err, STATUS_USAGE,
			"the stream has batches already: leave --%s to its "
			"source",
			p->common.batch ? "batch" : "trigger");
	p->batcher = true;
	p->per_batch = p->common.batch;
	st->in.stream = 1;
	return p->common.batch > 0 ? 0 : take_trigger(st, &st->in);
}

/* Known before data flow: every record would be refused. */
static int
check_first(struct stage *st)
{
	const struct schema *s = st->out.fields;

	if (st->op->sink != NULL || s == NULL || s->n == 0 ||
		strcmp(s->f[0].name, "#bief") != 0)
		return 0;
	return err_as(st->err, STATUS_USAGE,
		"its records would begin with "
		"the field '#bief', as control lines do: name it otherwise, "
		"or put another in front");
}

static int
plan_stage(struct stage *st, const struct plan *in, int n)
{
	if (prepare(st, &in[0]) < 0)
		return -1;
	plan_copy(&st->out, &st->in);
	phase_enter(st, PHASE_PLANNED);
	if (st->op->merge != NULL) {
		if (st->op->merge->plan(st, in, n, &st->out) < 0)
			return -1;
	} else if (st->op->plan != NULL && st->op->plan(st, &st->out) < 0)
		return -1;
	if (check_first(st) < 0)
		return -1;
	if (!st->in.stream && st->out.stream && st->op->source == NULL) {
		st->priv->batcher = true;
		/* With the trigger once all of the input is one batch. */
		st->priv->per_batch = st->out.trigger == TRIGGER_ONCE
			? 0
			: BATCH_DEFAULT;
		st->in.stream = 1;
	}
	st->priv->stream_out = st->out.stream != 0 &&
		(!st->priv->common.plain || st->out.explain);
	return recover_open(st, in, n, &st->out);
}

/* A checkpoint has given it what it had. */
static int
restore(struct stage *st)
{
	const struct op *op = st->op;

	if (op->keeper != NULL && op->keeper->restore != NULL)
		return op->keeper->restore(st);
	return op->sink != NULL && op->sink->restore != NULL
		? op->sink->restore(st)
		: 0;
}

/* Plan the stages from st on, the input being as told. */
static int
plan_stages(struct stage *st, const struct plan *in, int n)
{
	struct chain *c = st->chain;
	struct plan nothing;

	plan_init(&nothing);
	for (; st != NULL; st = st->next, n = 1) {
		if (plan_stage(st, in, n) < 0)
			return chain_failed(st);
		/* Without control lines nothing is known further down. */
		in = st->priv->stream_out || st->out.explain ? &st->out
							     : &nothing;
		if (!st->out.explain && restore(st) < 0)
			return chain_failed(st);
		if (recover_ready(st) < 0)
			return chain_failed(st);
		phase_enter(st, PHASE_READY);
		if (!st->in.stream)
			st->now.whole = true;
		/* Sinks may have to skip a batch; state may be too much. */
		st->straight = !st->priv->batcher && st->op->sink == NULL &&
			(st->state == NULL || st->priv->common.max_state == 0);
		if (st->priv->batcher && st->priv->per_batch == 0 &&
			st->in.trigger == TRIGGER_INTERVAL)
			st->priv->next_tick = time_now();
	}
	c->planned = true;
	if (chain_writes_control(c) && !chain_last(c)->out.explain) {
		plan_print(&chain_last(c)->out, &c->out.b);
		buf_byte(&c->out.b, '\n');
	}
	return 0;
}

int
plan_chain_from(struct stage *st, const struct plan *in)
{
	return plan_stages(st, in, 1);
}

int
plan_chain_inputs(struct chain *c, const struct plan *in, int n)
{
	return plan_stages(&c->stages[0], in, n);
}

int
plan_chain(struct chain *c, struct plan *in)
{
	return plan_chain_from(&c->stages[0], in);
}
