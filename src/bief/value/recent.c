/*
 * recent: see recent.h.
 *
 * What is asked for each record is inline in the header; here is what happens
 * when a group is not found.
 *
 * Where the rows hold references to entries of the state, whoever deletes one
 * must have cleared the table before the next record.
 */
#include "value/recent.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"

/* Bits of the number of pairs. */
#define BITS_FIRST 7
#define BITS_MOST 15
/* Rows that move before what was counted is given out: each is listed twice. */
#define MOVES_MOST(bits) ((uint32_t)1 << (bits))
#define LINE_BYTES 64 /* of the cache */
#define AHEAD 16      /* rows for which memory is asked */
#define LINE_WORDS (LINE_BYTES / (uint32_t)sizeof(uint64_t))

static void
table_new(struct recent *t, uint32_t bits)
{
	size_t n = ((size_t)1 << bits) + RECENT_PAIRS - 1;
	size_t bytes = n * t->pair * sizeof *t->rows + LINE_BYTES;

	t->shift = 64 - bits;
	t->memory = mem_large(bytes);
	memset(t->memory, 0, bytes);
	t->rows = (uint64_t *)(t->memory +
		(-(uintptr_t)t->memory & (LINE_BYTES - 1)));
	t->used = mem_alloc(n * sizeof *t->used);
	t->counted = mem_alloc(
		(2 * n + 1 + 2 * MOVES_MOST(bits)) * sizeof *t->counted);
	t->nused = t->groups = t->ncounted = t->moves = 0;
}

void
recent_init(struct recent *t, bool windowed, size_t fields,
	void (*flush)(void *, recent_ref, uint32_t), void *arg)
{
	assert(fields <= RECENT_FIELDS);
	t->words = (windowed ? 2 : 0) + 2 * (uint32_t)fields;
	t->pair = (2 * (t->words + 1) + LINE_WORDS - 1) & ~(LINE_WORDS - 1);
	t->flush = flush;
	t->arg = arg;
	table_new(t, BITS_FIRST);
}

void
recent_release(struct recent *t)
{
	free(t->memory);
	free(t->used);
	free(t->counted);
	t->memory = NULL;
	t->used = t->counted = NULL;
}

static uint64_t *
used_pair(const struct recent *t, uint32_t i)
{
	return t->rows + (size_t)t->used[i] * t->pair;
}

static void
row_flush(const struct recent *t, uint64_t *group)
{
	if (*group >> 32 == 0)
		return;
	t->flush(t->arg, (recent_ref)*group, (uint32_t)(*group >> 32));
	*group = (recent_ref)*group;
}

void
recent_flush(struct recent *t)
{
	for (uint32_t i = 0; i < t->ncounted; i++) {
		if (i + AHEAD < t->ncounted)
			__builtin_prefetch(t->rows + t->counted[i + AHEAD], 1);
		row_flush(t, t->rows + t->counted[i]);
	}
	t->ncounted = t->moves = 0;
}

size_t
recent_take(struct recent *t, uint64_t *out)
{
	size_t n = 0;

	for (uint32_t i = 0; i < t->ncounted; i++) {
		uint64_t *group = t->rows + t->counted[i];

		if (i + AHEAD < t->ncounted)
			__builtin_prefetch(t->rows + t->counted[i + AHEAD], 1);
		out[n] = *group;
		n += *group >> 32 != 0; /* rows that moved are there twice */
		*group = (recent_ref)*group;
	}
	t->ncounted = t->moves = 0;
	return n;
}

void
recent_clear(struct recent *t)
{
	recent_flush(t);
	for (uint32_t i = 0; i < t->nused; i++)
		memset(used_pair(t, i), 0, t->pair * sizeof *t->rows);
	t->nused = t->groups = 0;
}

/* Into the first row of the pair; what was there goes to the second, and what
 * was there gives way. */
static void
put(struct recent *t, uint64_t *row, const uint64_t *key, uint64_t group)
{
	uint32_t size = t->words + 1;
	uint64_t *other = row + size;

	if (recent_is_free(row, t->words)) {
		t->used[t->nused++] = (uint32_t)((size_t)(row - t->rows) /
			t->pair);
		t->groups++;
	} else if (recent_is_free(other, t->words)) {
		t->groups++;
	} else {
		row_flush(t, recent_group(t, other));
	}
	if (t->moves++ == MOVES_MOST(64 - t->shift))
		recent_flush(t);
	memcpy(other, row, size * sizeof *row);
	if (other[t->words] >> 32 != 0)
		t->counted[t->ncounted++] = (uint32_t)(recent_group(t, other) -
			t->rows);
	memcpy(row, key, t->words * sizeof *row);
	*recent_group(t, row) = group;
}

static void
put_again(struct recent *t, const uint64_t *row)
{
	bool hit;

	if (!recent_is_free(row, t->words))
		put(t, recent_find(t, row, &hit), row, row[t->words]);
}

static void
grow(struct recent *t, uint32_t bits)
{
	struct recent old;

	recent_flush(t);
	old = *t;
	table_new(t, bits);
	for (uint32_t i = 0; i < old.nused; i++) {
		put_again(t, used_pair(&old, i));
		put_again(t, used_pair(&old, i) + t->words + 1);
	}
	recent_release(&old);
}

void
recent_put(struct recent *t, uint64_t *row, const uint64_t *key, recent_ref ref)
{
	uint32_t bits = 64 - t->shift;
	bool hit;

	assert(ref != 0);
	if (t->groups >> bits != 0 && bits < BITS_MOST) {
		grow(t, bits + 2);
		row = recent_find(t, key, &hit);
	}
	put(t, row, key, ref);
}
