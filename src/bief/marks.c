/*
 * marks: see marks.h.
 */
#include <string.h>

#include "marks.h"

void
marks_init(struct marks *m, const struct plan *in, int n, enum policy policy)
{
	memset(m, 0, sizeof(*m));
	m->n = n;
	m->policy = policy;
	m->now = WATERMARK_NONE;
	for (int i = 0; i < n; i++)
		m->has[i] = in[i].delay_us >= 0;
}

void
marks_put(struct marks *m, int input, int64_t watermark)
{
	if (watermark != WATERMARK_NONE && watermark > m->at[input])
		m->at[input] = watermark;
}

int64_t
marks_get(struct marks *m)
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
	return m->now;
}
