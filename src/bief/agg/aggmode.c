/*
 * aggmode: see aggmode.h.  Spark's rules: what it refuses is refused (modes.h),
 * and where its sessions of complete mode drop by the watermark of the batch
 * before, so do these.
 */
#include "agg/aggmode.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "value/list.h"
#include "recovery/state/state.h"
#include "runtime/entry.h"
#include "runtime/plan/modes.h"
#include "runtime/plan/plan.h"
#include "runtime/stage.h"

/* The watermark at the beginning of the batch before (lag). */
static const char meta_lag[2] = {GROUP_META, 'l'};

static enum mode
default_mode(
	const struct aggmode *m, const struct query *q, const struct plan *p)
{
	if (p->aggregated && p->mode == MODE_APPEND)
		return MODE_APPEND;
	if (p->arrival && m->windows_timed)
		return MODE_APPEND;
	if (q->session)
		return p->delay_us >= 0 ? MODE_APPEND : MODE_COMPLETE;
	return MODE_UPDATE;
}

static int
check_mode(const struct aggmode *m, const struct query *q, const struct plan *p,
	struct err *err)
{
	struct modes_agg what = {.mode = m->mode,
		.timed = m->windows_timed || m->time_key >= 0,
		.session = q->session,
		.keyed = q->nkeys > 0};

	return modes_agg(p, &what, err);
}

static void
aggmode_set_text(char **to, const char *text)
{
	free(*to);
	*to = text == NULL ? NULL : mem_dup(text, strlen(text));
}

void
aggmode_out(const struct aggmode *m, const struct query *q, struct plan *p)
{
	query_plan_fields(q, p);
	query_plan_keys(q, p);
	list_add(&p->stateful, "agg", false);
	p->aggregated = true;
	p->mode = m->mode;
	if (m->asked >= 0 && !p->whole)
		p->asked = m->mode;
	p->session_us = 0;
	list_free(&p->times);
	p->arrival &= m->windows_timed && m->mode == MODE_APPEND;
	if (m->windows_timed) {
		aggmode_set_text(&p->event_time, "window");
		aggmode_set_text(&p->window_on, "window");
	} else if (m->time_key >= 0) {
		aggmode_set_text(&p->event_time, q->names[m->time_key]);
	} else {
		aggmode_set_text(&p->event_time, NULL);
		p->delay_us = -1;
	}
	if (q->decided && !q->g.windowed) {
		p->window_us = p->slide_us = p->start_us = 0;
		aggmode_set_text(&p->window_on, NULL);
	}
}

void
aggmode_times(struct aggmode *m, const struct query *q, struct plan *p)
{
	m->windows_timed = q->decided && q->g.windowed && p->delay_us >= 0 &&
		p->event_time != NULL && p->window_on != NULL &&
		strcmp(p->event_time, p->window_on) == 0;
	m->time_key = -1;
	for (size_t i = 0; i < q->nkeys && p->delay_us >= 0; i++)
		if (plan_same(p, q->keys[i].path, p->event_time))
			m->time_key = (int)i;
	for (size_t i = 0; i < q->nkeys && m->time_key < 0 && !m->windows_timed;
		i++)
		if (plan_take_time(p, q->keys[i].path))
			m->time_key = (int)i;
}

int
aggmode_plan(struct aggmode *m, const struct query *q, const struct plan *p,
	struct err *err)
{
	m->mode = p->whole      ? MODE_COMPLETE
		: m->asked >= 0 ? (enum mode)(m->asked + 1)
				: default_mode(m, q, p);
	/* Spark closes sessions by batches without data, but in this mode
	 * there is none: lateness is one batch behind. */
	m->lag = q->session && m->mode == MODE_COMPLETE &&
		p->trigger != TRIGGER_ONCE;
	return check_mode(m, q, p, err);
}

void
aggmode_restore_begun(struct aggmode *m, const struct state *state)
{
	state_ref r = state_find(state, meta_lag, sizeof meta_lag);
	const void *begun;
	size_t n;

	if (r == STATE_NONE)
		return;
	begun = state_value(state, r, &n);
	assert(n == sizeof m->begun);
	memcpy(&m->begun, begun, n);
}

int
aggmode_save_begun(struct aggmode *m, struct stage *st)
{
	bool made;
	state_ref r = state_make(st->state, meta_lag, sizeof meta_lag,
		sizeof m->begun, &made, st->err);

	if (r == STATE_NONE)
		return -1;
	m->begun = st->now.watermark;
	memcpy(state_change(st->state, r), &m->begun, sizeof m->begun);
	return 0;
}

int
aggmode_show_begun(const struct stage *st, state_ref r, struct buf *out)
{
	int64_t us;

	if (r != state_find(st->state, meta_lag, sizeof meta_lag))
		return 1;
	memcpy(&us, state_value(st->state, r, NULL), sizeof us);
	entry_kind(out, "watermark");
	buf_str(out, ",\"value\":");
	entry_time(out, us);
	return 0;
}

int
aggmode_take_begun(
	struct stage *st, const struct value *object, state_ref *made)
{
	int64_t us;

	if (entry_get_time(object, "value", &us, st->err) < 0)
		return -1;
	return entry_put(st, meta_lag, sizeof meta_lag, &us, sizeof us, made);
}
