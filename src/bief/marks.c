/*
 * marks: see marks.h.  Kept: the combined one, the policy, that of each input.
 */
#include <string.h>

#include "err.h"
#include "marks.h"
#include "run.h"
#include "state.h"

#define HEAD 2 /* what stands before those of the inputs */

void
marks_init(struct marks *m, const struct plan *in, int n, enum policy policy)
{
	memset(m, 0, sizeof(*m));
	m->n = n;
	m->policy = policy;
	m->now = WATERMARK_NONE;
	for (int i = 0; i < n; i++) {
		m->has[i] = in[i].delay_us >= 0;
		m->anew[i] = in[i].anew > in[i].committed;
	}
}

void
marks_put(struct marks *m, int input, const struct batch *b)
{
	int64_t fresh = b->watermark - b->lag_us;

	if (b->watermark != WATERMARK_NONE && fresh > m->at[input])
		m->at[input] = fresh;
}

int64_t
marks_get(struct marks *m, struct batch *b)
{
	int64_t best = WATERMARK_NONE;

	for (int i = 0; i < m->n; i++)
		if (m->has[i] &&
			(best == WATERMARK_NONE ||
				(m->policy == POLICY_MIN ? m->at[i] < best :
							   m->at[i] > best)))
			best = m->at[i];
	if (best != WATERMARK_NONE && best > m->now)
		m->now = best;
	b->watermark = m->now;
	b->lag_us = m->now == WATERMARK_NONE ? 0 : m->now - best;
	return m->now;
}

int
marks_save(const struct marks *m, struct stage *st, const char *key)
{
	size_t size = (size_t)(HEAD + m->n) * sizeof(int64_t);
	int64_t head[HEAD] = {m->now, m->policy};
	bool made;
	state_ref r = state_make(st->state, key, strlen(key), size, &made,
		st->err);
	char *p;

	if (r == STATE_NONE)
		return -1;
	p = state_change(st->state, r);
	memcpy(p, head, sizeof(head));
	memcpy(p + sizeof(head), m->at, size - sizeof(head));
	return 0;
}

int
marks_restore(struct marks *m, struct stage *st, const char *key)
{
	state_ref r = state_find(st->state, key, strlen(key));
	int64_t head[HEAD];
	const char *p;
	size_t n;

	if (r == STATE_NONE)
		return 0;
	p = state_value(st->state, r, &n);
	if (n != (size_t)(HEAD + m->n) * sizeof(int64_t))
		return err_as(st->err, STATUS_DAMAGED,
			"the watermarks in the checkpoint are not of this form");
	memcpy(head, p, sizeof(head));
	memcpy(m->at, p + sizeof(head), n - sizeof(head));
	m->now = head[0];
	if (head[1] != (int64_t)m->policy)
		run_warn(st, "the checkpoint goes by --policy %s: that stays",
			head[1] == POLICY_MAX ? "max" : "min");
	m->policy = (enum policy)head[1];
	for (int i = 0; i < m->n; i++)
		if (m->anew[i])
			m->at[i] = 0;
	return 0;
}
