/*
 * recent: the groups of the records that came last, by their window and the
 * fields as they stand in the records, so that most records need neither key
 * bytes nor a search in the state.
 *
 * A row is the window (two words), two words for each field, and a word with
 * the group in its lower half.  The upper half is for who counts there; before
 * a row is given to another group it is told so.  The table grows while there
 * are more groups than rows.
 */
#ifndef BIEF_RECENT_H
#define BIEF_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/hash.h"
#include "text/simd.h"
#include "value/value.h"
#include "recovery/state/state.h"

#define RECENT_FIELDS 3 /* at most */
#define RECENT_WORDS (2 + 2 * RECENT_FIELDS)

struct recent {
	uint64_t *rows;
	uint32_t words; /* of a row, without the last one */
	uint32_t shift; /* 64 less the bits of the number of a pair of rows */
	uint32_t *used; /* pairs in which there are groups */
	uint32_t nused;
	uint32_t misses; /* since the table has had this size */
	/* what was counted in a row */
	void (*flush)(void *arg, state_ref ref, uint32_t count);
	void *arg;
};

/* For records with so many fields, and a window or not. */
void recent_init(struct recent *t, bool windowed, size_t fields,
	void (*flush)(void *, state_ref, uint32_t), void *arg);
void recent_release(struct recent *t);
/* Give out what was counted. */
void recent_flush(struct recent *t);
/* The same, and forget all groups. */
void recent_clear(struct recent *t);
/* Change a pair of rows; row is the first. */
void recent_swap(struct recent *t, uint64_t *row);
/* Put a group that was not found into its row. */
void recent_put(
	struct recent *t, uint64_t *row, const uint64_t *key, state_ref ref);

/* The words of a field; false: it is too long, or its text may differ where it
 * is the same value. */
static inline bool
recent_field(uint64_t w[2], const struct value *v)
{
	if (v->type == VALUE_STRING || v->type == VALUE_NUMBER) {
		if (v->n > 15 || v->flags != 0)
			return false;
		simd_short(v->s, v->n, w);
		w[1] |= (uint64_t)(v->type << 4 | v->n) << 56;
		return true;
	}
	w[0] = (uint64_t)v->i;
	w[1] = (uint64_t)v->type << 60;
	return v->type != VALUE_REAL && v->type < VALUE_ARRAY;
}

/* The word of a row that ends it: count << 32 | ref. */
static inline uint64_t *
recent_group(const struct recent *t, uint64_t *row)
{
	return row + t->words;
}

static inline bool
recent_is(const struct recent *t, const uint64_t *key, const uint64_t *row)
{
	uint64_t differ = 0;

	for (uint32_t i = 0; i < t->words; i += 2)
		differ |= (key[i] ^ row[i]) | (key[i + 1] ^ row[i + 1]);
	return differ == 0 && (state_ref)row[t->words] != STATE_NONE;
}

/* The row of a group (*hit), or the one to put it in.  It may stand in two; the
 * first of them is the one that was asked for last. */
static inline uint64_t *
recent_find(struct recent *t, const uint64_t *key, bool *hit)
{
	uint64_t h = 0, *row;

	for (uint32_t i = 0; i < t->words; i += 2)
		h = hash_mix(key[i] ^ h ^ UINT64_C(0x9e3779b97f4a7c15),
			key[i + 1] ^ UINT64_C(0xa0761d6478bd642f));
	row = t->rows + (h >> t->shift) * 2 * (t->words + 1);
	*hit = true;
	if (recent_is(t, key, row))
		return row;
	recent_swap(t, row);
	*hit = recent_is(t, key, row);
	return row;
}

#endif
