/*
 * recent: see recent.h.
 */
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "recent.h"

#define BITS_FIRST 8
#define BITS_MOST 16

static void
table_new(struct recent *t, uint32_t bits)
{
	size_t n = (size_t)1 << bits;

	t->shift = 64 - bits;
	t->rows = mem_zalloc(n * (t->words + 1) * sizeof *t->rows);
	t->used = mem_alloc(n * sizeof *t->used);
	t->nused = t->misses = 0;
}

void
recent_init(struct recent *t, bool windowed, size_t fields,
	void (*flush)(void *, state_ref, uint32_t), void *arg)
{
	t->words = (windowed ? 2 : 0) + 2 * (uint32_t)fields;
	t->flush = flush;
	t->arg = arg;
	table_new(t, BITS_FIRST);
}

void
recent_release(struct recent *t)
{
	free(t->rows);
	free(t->used);
	t->rows = NULL;
	t->used = NULL;
}

static void
row_flush(struct recent *t, uint64_t *row)
{
	uint64_t *group = recent_group(t, row);

	if (*group >> 32 != 0)
		t->flush(t->arg, (state_ref)*group, (uint32_t)(*group >> 32));
	*group = (state_ref)*group;
}

void
recent_flush(struct recent *t)
{
	for (uint32_t i = 0; i < t->nused; i++)
		row_flush(t, t->rows + (size_t)t->used[i] * (t->words + 1));
}

void
recent_clear(struct recent *t)
{
	recent_flush(t);
	for (uint32_t i = 0; i < t->nused; i++)
		*recent_group(t, t->rows +
			(size_t)t->used[i] * (t->words + 1)) = STATE_NONE;
	t->nused = 0;
}

void
recent_put(struct recent *t, uint64_t *row, const struct recent_key *k,
	state_ref ref)
{
	uint32_t bits = 64 - t->shift;
	uint64_t *group = recent_group(t, row);

	if (++t->misses >> (bits + 1) != 0 && bits < BITS_MOST) {
		recent_flush(t);
		recent_release(t);
		table_new(t, bits + 2);
		return;
	}
	if ((state_ref)*group == STATE_NONE)
		t->used[t->nused++] =
			(uint32_t)((size_t)(row - t->rows) / (t->words + 1));
	else
		row_flush(t, row);
	memcpy(row, k->w, t->words * sizeof *row);
	*group = ref;
}
