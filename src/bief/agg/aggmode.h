/*
 * aggmode: when the groups of an aggregation are written, late and closed: the
 * output mode, and which of the group's columns carries the watermark.
 */
#ifndef BIEF_AGGMODE_H
#define BIEF_AGGMODE_H

#include <stdbool.h>
#include <stdint.h>

#include "value/record.h"
#include "value/value.h"
#include "recovery/state/state.h"
#include "runtime/plan/modes.h"
#include "window/span.h"
#include "agg/groups.h"
#include "agg/query.h"

struct buf;
struct err;
struct plan;
struct stage;

struct aggmode {
	int asked; /* --mode: enum mode - 1; -1: not told */
	enum mode mode;
	bool windows_timed; /* windows carry the watermark */
	int time_key;       /* of the keys, the event time; -1: none is */
	bool lag;           /* lateness is a batch behind */
	int64_t begun;      /* lag: watermark when the batch before began */
};

/* What of the query carries the watermark. */
void aggmode_times(struct aggmode *m, const struct query *q, struct plan *p);
/* Choose the mode; refuse one that cannot be.  0 or -1. */
int aggmode_plan(struct aggmode *m, const struct query *q, const struct plan *p,
	struct err *err);
/* What goes out. */
void aggmode_out(
	const struct aggmode *m, const struct query *q, struct plan *p);

static inline bool
aggmode_timed(const struct aggmode *m)
{
	return m->windows_timed || m->time_key >= 0;
}

/* Are groups freed behind the watermark? */
static inline bool
aggmode_closes(const struct aggmode *m)
{
	return m->mode != MODE_COMPLETE;
}

/* The moment that decides when a group is late or closed. */
static inline bool
aggmode_time(const struct aggmode *m, const struct query *q,
	const struct record *r, uint16_t mask, const struct span *w,
	int64_t *us)
{
	const struct value *v;

	if (m->windows_timed && w->there) {
		*us = w->end;
		return true;
	}
	if (m->time_key < 0 ||
		groups_left_out(mask, q->nkeys - 1 - (size_t)m->time_key))
		return false;
	v = record_get(r, &q->keys[m->time_key]);
	return v != NULL && value_get_time(v, us) == 0;
}

/* begun, in state: 0 or -1; show: 1 if the entry is another.  For bief state,
 * too. */
void aggmode_restore_begun(struct aggmode *m, const struct state *state);
/* Spark's next batch takes this one's watermark for what is late. */
int aggmode_save_begun(struct aggmode *m, struct stage *st);
int aggmode_show_begun(const struct stage *st, state_ref r, struct buf *out);
int aggmode_take_begun(
	struct stage *st, const struct value *object, state_ref *made);

#endif
