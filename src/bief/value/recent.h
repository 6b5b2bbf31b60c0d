/*
 * recent: what was found for the records that came last, a group, a row of a
 * table, an answer, by their window and fields as they stand in the records, so
 * that for most records it need not be looked for again.
 *
 * A row is the window (two words), two words for each field, and a word with
 * what was found, a number of its user's (a "group" here), in its lower half.
 * The upper half is for who counts there; before a row is given to another
 * group it is told so.  Rows stand in pairs, which begin with a line of the
 * cache; a group is in the pair that its hash says, or in one of the next.  The
 * table grows while there are more groups than half the rows; when it cannot,
 * groups that came early give way.
 */
#ifndef BIEF_RECENT_H
#define BIEF_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/hash.h"
#include "text/simd.h"
#include "value/value.h"

/* What was found; 0 is nothing. */
typedef uint32_t recent_ref;

#define RECENT_FIELDS 3 /* at most */
#define RECENT_WORDS (2 + 2 * RECENT_FIELDS)

struct recent {
	uint64_t *rows;
	char *memory;   /* which they are part of */
	uint32_t words; /* of a row, without the last one */
	uint32_t pair;  /* words from one pair of rows to the next */
	uint32_t shift; /* 64 less the bits of the number of a pair */
	uint32_t *used; /* pairs in which there are groups */
	uint32_t nused;
	uint32_t groups;   /* in all of them */
	uint32_t *counted; /* words of groups that stand for a count */
	uint32_t ncounted;
	uint32_t moves; /* of rows, since these were none */
	/* what was counted in a row */
	void (*flush)(void *arg, recent_ref ref, uint32_t count);
	void *arg;
};
#define RECENT_PAIRS 8 /* that are looked at */

/* For records with so many fields, and a window or not. */
void recent_init(struct recent *t, bool windowed, size_t fields,
	void (*flush)(void *, recent_ref, uint32_t), void *arg);
void recent_release(struct recent *t);
/* Give out what was counted. */
void recent_flush(struct recent *t);
/* The same, to out: count << 32 | ref for each; returns how many, at most
 * t->ncounted. */
size_t recent_take(struct recent *t, uint64_t *out);
/* Give it out, and forget all groups. */
void recent_clear(struct recent *t);
/* Put a group that was not found into the pair of rows that recent_pick() has
 * returned.  The rows may be elsewhere then. */
void recent_put(
	struct recent *t, uint64_t *row, const uint64_t *key, recent_ref ref);

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

/* Count n more in a group; false: it has no room for them. */
static inline bool
recent_count(struct recent *t, uint64_t *group, uint32_t n)
{
	uint64_t had = *group, has;

	if (__builtin_add_overflow(had, (uint64_t)n << 32, &has))
		return false;
	/* Whether it is the first one cannot be foreseen. */
	t->counted[t->ncounted] = (uint32_t)(group - t->rows);
	t->ncounted += had >> 32 == 0;
	*group = has;
	return true;
}

/* The pair of rows of a key with so many words. */
static inline __attribute__((always_inline)) uint64_t *
recent_place_of(const struct recent *t, const uint64_t *key, uint32_t words)
{
	uint64_t h = 0;

	for (uint32_t i = 0; i < words; i += 2)
		h = hash_mix(key[i] ^ h ^ UINT64_C(0x9e3779b97f4a7c15),
			key[i + 1] ^ UINT64_C(0xa0761d6478bd642f));
	return t->rows + (h >> t->shift) * t->pair;
}

static inline bool
recent_is_free(const uint64_t *row, uint32_t words)
{
	return (recent_ref)row[words] == 0;
}

/* The highest bit: it is not 0. */
static inline uint64_t
recent_differs(uint64_t x)
{
	return x | -x;
}

/* The row of the group, looked for from its pair on; else the pair to put it in
 * (not *hit).  Which of two rows it is cannot be foreseen, so that both are
 * looked at without asking: written so that no compiler makes it a branch. */
static inline __attribute__((always_inline)) uint64_t *
recent_pick_of(const uint64_t *key, uint64_t *row, uint32_t pair,
	uint32_t words, bool *hit)
{
	uint64_t *home = row, *other;

	*hit = true;
	for (int n = 0; n < RECENT_PAIRS; n++, row += pair) {
		uint64_t first = recent_is_free(row, words), second;

		other = row + words + 1;
		second = recent_is_free(other, words);
		for (uint32_t i = 0; i < words; i++) {
			first |= key[i] ^ row[i];
			second |= key[i] ^ other[i];
		}
		second = recent_differs(second);
		if ((recent_differs(first) & second) >> 63 == 0)
			return row + (words + 1) * (1 ^ second >> 63);
		if (recent_is_free(other, words)) {
			*hit = false;
			return row;
		}
	}
	*hit = false;
	return home;
}

static inline bool
recent_is(const uint64_t *key, const uint64_t *row, uint32_t words)
{
	uint64_t differ = recent_is_free(row, words);

	for (uint32_t i = 0; i < words; i++)
		differ |= key[i] ^ row[i];
	return differ == 0;
}

/* The same of a key; records of one group are often together, and the newest
 * group of a pair comes first. */
static inline uint64_t *
recent_find(const struct recent *t, const uint64_t *key, bool *hit)
{
	uint64_t *row = recent_place_of(t, key, t->words);

	if (recent_is(key, row, t->words)) {
		*hit = true;
		return row;
	}
	return recent_pick_of(key, row, t->pair, t->words, hit);
}

#endif
