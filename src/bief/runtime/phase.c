/*
 * phase: the order of an operator's calls as a table, so that it is asserted in
 * one place and not trusted in many.
 */
#include "runtime/phase.h"

#include <assert.h>

#include "runtime/chain.h"

#define FROM(phase) (1u << (phase))

static const unsigned phase_from[] = {
	[PHASE_OPENED] = FROM(PHASE_NEW),
	[PHASE_PLANNED] = FROM(PHASE_OPENED),
	[PHASE_READY] = FROM(PHASE_PLANNED) | FROM(PHASE_BATCH),
	[PHASE_BATCH] = FROM(PHASE_READY),
	[PHASE_ENDED] = FROM(PHASE_READY),
};

void
phase_enter(struct stage *st, enum phase to)
{
	enum phase *at = &st->priv->phase;

	assert(phase_from[to] & FROM(*at));
	/* A number says that a batch is open, and nothing else may. */
	assert((to == PHASE_BATCH) == (st->now.number >= 0));
	*at = to;
}

void
phase_check_record(const struct stage *st)
{
	assert(st->priv->phase == (st->in.stream ? PHASE_BATCH : PHASE_READY));
}

void
phase_stand_in(struct stage *st)
{
	st->priv->phase = st->in.stream ? PHASE_BATCH : PHASE_READY;
}
