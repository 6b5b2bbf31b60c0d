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

#include "hash.h"
#include "simd.h"
#include "state.h"
#include "value.h"

#define RECENT_FIELDS 3 /* at most */
#define RECENT_WORDS (2 + 2 * RECENT_FIELDS)

struct recent {
	uint64_t *rows;
	uint32_t words; /* of a row, without the last one */
	uint32_t shift; /* 64 less the bits of a row's number */
	uint32_t *used;
	uint32_t nused;
	uint32_t misses; /* since the table has had this size */
	/* what was counted in a row */
	void (*flush)(void *arg, state_ref ref, uint32_t count);
	void *arg;
};

struct recent_key {
	uint64_t w[RECENT_WORDS];
	uint32_t n;
};

/* For records with so many fields, and a window or not. */
void recent_init(struct recent *t, bool windowed, size_t fields,
	void (*flush)(void *, state_ref, uint32_t), void *arg);
void recent_release(struct recent *t);
/* Give out what was counted. */
void recent_flush(struct recent *t);
/* The same, and forget all groups. */
void recent_clear(struct recent *t);
/* A row for a group that was not found; row is where it was looked for. */
void recent_put(struct recent *t, uint64_t *row, const struct recent_key *k,
	state_ref ref);

static inline void
recent_window(struct recent_key *k, int64_t start, int64_t end)
{
	k->w[0] = (uint64_t)start;
	k->w[1] = (uint64_t)end;
	k->n = 2;
}

/* Add a field; false: it is too long, or its text may differ where it is the
 * same value. */
static inline bool
recent_field(struct recent_key *k, const struct value *v)
{
	uint64_t *w = &k->w[k->n];

	k->n += 2;
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

static inline uint64_t *
recent_find(const struct recent *t, const struct recent_key *k, bool *hit)
{
	uint64_t h = 0, differ = 0, *row;
	uint32_t i;

	for (i = 0; i < t->words; i += 2)
		h = hash_mix(k->w[i] ^ h ^ UINT64_C(0x9e3779b97f4a7c15),
			k->w[i + 1] ^ UINT64_C(0xa0761d6478bd642f));
	row = t->rows + (h >> t->shift) * (t->words + 1);
	for (i = 0; i < t->words; i++)
		differ |= k->w[i] ^ row[i];
	*hit = differ == 0 && (uint32_t)row[i] != STATE_NONE;
	return row;
}

/* The word of a row that ends it: count << 32 | ref. */
static inline uint64_t *
recent_group(const struct recent *t, uint64_t *row)
{
	return row + t->words;
}

#endif
