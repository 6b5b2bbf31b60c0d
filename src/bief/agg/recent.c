/*
 * recent: see recent.h.
 *
 * What is asked for each record is inline in the header; here is what happens
 * when a group is not found.
 *
 * The rows hold references to entries of the state: whoever deletes one must
 * have cleared the table before the next record.
 */
#include "agg/recent.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"

/* Bits of the number of pairs. */
#define BITS_FIRST 7
#define BITS_MOST 15

static void
table_new(struct recent *t, uint32_t bits)
{
	size_t n = (size_t)1 << bits;

	t->shift = 64 - bits;
	t->rows = mem_zalloc(n * 2 * (t->words + 1) * sizeof *t->rows);
	t->used = mem_alloc(n * sizeof *t->used);
	t->nused = t->misses = 0;
}

void
recent_init(struct recent *t, bool windowed, size_t fields,
	void (*flush)(void *, state_ref, uint32_t), void *arg)
{
	assert(fields <= RECENT_FIELDS);
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

static uint64_t *
used_pair(const struct recent *t, uint32_t i)
{
	return t->rows + (size_t)t->used[i] * 2 * (t->words + 1);
}

void
recent_flush(struct recent *t)
{
	for (uint32_t i = 0; i < t->nused; i++) {
		row_flush(t, used_pair(t, i));
		row_flush(t, used_pair(t, i) + t->words + 1);
	}
}

void
recent_clear(struct recent *t)
{
	recent_flush(t);
	for (uint32_t i = 0; i < t->nused; i++)
		memset(used_pair(t, i), 0,
			2 * (t->words + 1) * sizeof *t->rows);
	t->nused = 0;
}

void
recent_swap(struct recent *t, uint64_t *row)
{
	for (uint32_t i = 0; i <= t->words; i++) {
		uint64_t w = row[i];

		row[i] = row[t->words + 1 + i];
		row[t->words + 1 + i] = w;
	}
}

void
recent_put(struct recent *t, uint64_t *row, const uint64_t *key, state_ref ref)
{
	uint32_t bits = 64 - t->shift;
	uint64_t *group = recent_group(t, row);

	if (++t->misses >> (bits + 2) != 0 && bits < BITS_MOST) {
		recent_flush(t);
		recent_release(t);
		table_new(t, bits + 2);
		return;
	}
	assert(ref != STATE_NONE);
	row_flush(t, row);
	if (*group == STATE_NONE && row[2 * t->words + 1] == STATE_NONE)
		t->used[t->nused++] = (uint32_t)((size_t)(row - t->rows) /
			(2 * (t->words + 1)));
	memcpy(row, key, t->words * sizeof *row);
	*group = ref;
}
