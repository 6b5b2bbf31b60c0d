/*
 * recover: see recover.h.
 *
 * The chain calls for every stage, and does not ask what it is; so this alone
 * tells the roles apart, and each role's file knows of no other.
 */
#include "runtime/recover/recover.h"

#include <assert.h>
#include <stddef.h>

#include "floor/mem.h"
#include "time/duration.h"
#include "time/time.h"
#include "recovery/numbers.h"
#include "recovery/state/state.h"
#include "runtime/chain.h"
#include "runtime/recover/recover_join.h"
#include "runtime/recover/recover_sink.h"
#include "runtime/recover/recover_source.h"
#include "runtime/recover/recover_stage.h"

void
recover_init(struct recovery *r)
{
	*r = (struct recovery){.role = RECOVERY_NONE};
}

void
recover_release(struct recovery *r)
{
	switch (r->role) {
	case RECOVERY_NONE:
		break;
	case RECOVERY_SOURCE:
		recover_source_free(r->source);
		break;
	case RECOVERY_STAGE:
		recover_stage_free(r->stage);
		break;
	case RECOVERY_SINK:
		recover_sink_free(r->sink);
	}
	recover_init(r);
}

int
recover_open(struct stage *st, const struct plan *in, int n, struct plan *p)
{
	const struct op *op = st->op;

	if (p->checkpoint == NULL || p->explain ||
		(op->keeper == NULL && op->sink == NULL))
		return 0;
	/* Who makes batches in the middle has no stream in front of it, so
	 * nobody told it of a checkpoint; its batches could not be run again. */
	assert(!st->priv->batcher);
	assert(st->in.stream);
	recover_join_name(st, p);
	if (recover_join_same(st, p) < 0)
		return -1;
	return op->sink != NULL ? recover_sink_open(st, p)
				: recover_stage_open(st, in, n, p);
}

int
recover_ready(struct stage *st)
{
	return st->priv->recovery.role == RECOVERY_SINK ? recover_sink_ready(st)
							: 0;
}

int64_t
recover_time(const struct stage *st, int64_t now_us)
{
	const struct recovery *r = &st->priv->recovery;

	/* Only who makes batches asks; see recover_open. */
	assert(r->role == RECOVERY_NONE || r->role == RECOVERY_SOURCE);
	return r->role == RECOVERY_SOURCE ? recover_source_time(st, now_us)
					  : now_us;
}

int
recover_begin(struct stage *st, const struct batch *b)
{
	switch (st->priv->recovery.role) {
	case RECOVERY_SOURCE:
		recover_source_begin(st, b);
		return 0;
	case RECOVERY_STAGE:
		recover_stage_begin(st, b);
		return 0;
	case RECOVERY_SINK:
		return recover_sink_begin(st, b);
	default:
		return 0;
	}
}

int
recover_mark(struct stage *st, const struct batch *b)
{
	return st->priv->recovery.role == RECOVERY_SOURCE
		? recover_source_end(st, b)
		: 0;
}

int
recover_end(struct stage *st, const struct batch *b)
{
	switch (st->priv->recovery.role) {
	case RECOVERY_STAGE:
		return recover_stage_end(st, b);
	case RECOVERY_SINK:
		return recover_sink_end(st, b);
	default:
		return 0;
	}
}

int
recover_finish(struct stage *st)
{
	switch (st->priv->recovery.role) {
	case RECOVERY_SOURCE:
		return recover_source_finish(st);
	case RECOVERY_STAGE:
		recover_stage_finish(st);
		return 0;
	case RECOVERY_SINK:
		recover_sink_finish(st);
		return 0;
	default:
		return 0;
	}
}
