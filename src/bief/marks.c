/*
 * marks: see marks.h.
 */
#include <string.h>

#include "marks.h"
#include "state.h"

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

/* The combined one, then that of each input. */
int
marks_save(const struct marks *m, struct state *s, const char *key,
	struct err *err)
{
	size_t size = (size_t)(m->n + 1) * sizeof(int64_t);
	bool made;
	state_ref r = state_make(s, key, strlen(key), size, &made, err);
	char *p;

	if (r == STATE_NONE)
		return -1;
	p = state_change(s, r);
	memcpy(p, &m->now, sizeof(m->now));
	memcpy(p + sizeof(m->now), m->at, size - sizeof(m->now));
	return 0;
}

void
marks_restore(struct marks *m, const struct state *s, const char *key)
{
	state_ref r = state_find(s, key, strlen(key));
	const char *p;
	size_t n;

	if (r == STATE_NONE)
		return;
	p = state_value(s, r, &n);
	if (n != (size_t)(m->n + 1) * sizeof(int64_t))
		return;
	memcpy(&m->now, p, sizeof(m->now));
	memcpy(m->at, p + sizeof(m->now), n - sizeof(m->now));
}
