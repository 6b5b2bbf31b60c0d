/*
 * groups: the keys of an aggregation's state, and its rows in order.
 *
 * Key bytes: the kind; for grouping sets 2 bytes, a bit for each column that is
 * rolled up; with windows a byte (0: no window, 1: a window) and two times; then
 * the key fields that are not rolled up, by value_encode().
 */
#ifndef BIEF_GROUPS_H
#define BIEF_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "buf.h"
#include "span.h"
#include "state.h"
#include "value.h"

#define GROUP_PLAIN 'g'    /* a group; its window: start and end */
#define GROUP_SLICE 's'    /* part of some windows: start of the slice, 0 */
#define GROUP_SESSION 't'  /* start, 0; the end stands in the value */
#define GROUP_SESSIONS 'i' /* no window: the sessions of a key */
#define GROUP_META 'm'     /* not a group */

#define GROUP_KEYS 64 /* key fields at most */

struct groups {
	bool windowed, sets;
	uint32_t nkeys;  /* key fields */
	uint32_t window; /* place of the window's byte */
	uint32_t head;   /* bytes before the key fields */
	uint64_t decimals; /* key fields that are decimals, kept as text */
};

void groups_init(struct groups *g, bool windowed, bool sets, uint32_t nkeys);
/* Begin a key: the fields are to be appended. */
void groups_begin(const struct groups *g, struct buf *key, char kind,
	uint16_t mask, const struct span *w);
/* The same fields in another window or of another kind. */
void groups_turn(const struct groups *g, char *key, char kind,
	const struct span *w);
struct span groups_span(const struct groups *g, const char *key);
uint16_t groups_mask(const struct groups *g, const char *key);

/*
 * The groups of the records that came last, by the fields as they stand in the
 * records, so that most records need neither key bytes nor a search.
 */
#define RECENT_WORDS 6
#define RECENT_BITS 10
#define RECENT_GROUPS (1 << RECENT_BITS)

struct recent_key {
	int64_t start, end; /* of the window, or 0 */
	uint64_t w[RECENT_WORDS];
	uint32_t n; /* words */
};
struct recent {
	struct recent_key key;
	state_ref ref;
};

/* Add a field; false: it is too long. */
static inline bool
recent_field(struct recent_key *k, const struct value *v)
{
	uint64_t *w = &k->w[k->n], first = 0, last = 0;
	uint32_t n = v->n, low, high;

	if (k->n + 3 > RECENT_WORDS)
		return false;
	k->n += 3;
	w[2] = (uint64_t)v->type << 32 | (uint64_t)v->flags << 40;
	if (v->type != VALUE_STRING && v->type != VALUE_NUMBER) {
		w[0] = (uint64_t)v->i;
		w[1] = 0;
		return v->type != VALUE_REAL && v->type < VALUE_ARRAY;
	}
	w[2] |= n;
	/* Whole words are stored: reading back parts of one stalls. */
	if (n >= 8) {
		memcpy(&first, v->s, 8);
		memcpy(&last, v->s + n - 8, 8);
	} else if (n >= 4) {
		memcpy(&low, v->s, 4);
		memcpy(&high, v->s + n - 4, 4);
		first = low;
		last = high;
	} else if (n > 0) {
		first = (uint64_t)(uint8_t)v->s[0] << 16 |
			(uint64_t)(uint8_t)v->s[n / 2] << 8 |
			(uint8_t)v->s[n - 1];
	}
	w[0] = first;
	w[1] = last;
	return n <= 16;
}

static inline struct recent *
recent_find(struct recent *table, const struct recent_key *k, bool *hit)
{
	const uint64_t k1 = UINT64_C(0x9e3779b97f4a7c15);
	const uint64_t k2 = UINT64_C(0xa0761d6478bd642f);
	uint64_t h = (uint64_t)k->start, differ;
	struct recent *r;
	uint32_t i;

	for (i = 0; i < k->n; i += 3)
		h = (h << 9 | h >> 55) ^ k->w[i] * k1 ^ k->w[i + 1] * k2 ^
			k->w[i + 2];
	r = &table[h * k1 >> (64 - RECENT_BITS)];
	differ = (uint64_t)(k->start ^ r->key.start) |
		(uint64_t)(k->end ^ r->key.end);
	for (i = 0; i < k->n; i++)
		differ |= k->w[i] ^ r->key.w[i];
	*hit = differ == 0 && r->ref != STATE_NONE;
	return r;
}

/* What is to be written: a group, or a window of slices. */
struct row {
	const char *key;
	uint32_t nkey;
	state_ref ref; /* STATE_NONE: to be put together */
	struct span w;
	uint64_t order;
};

struct rows {
	struct row *r;
	size_t n, cap;
};

void rows_release(struct rows *rows);
void rows_clear(struct rows *rows);
void rows_add(struct rows *rows, struct row r);
/* Sort by window, then by key fields (nulls first), then by what is rolled up;
 * of equal rows one stays. */
void rows_sort(struct rows *rows, const struct groups *g);
/* The key fields; g->nkeys values, whose text points into the key. */
void row_fields(const struct row *r, const struct groups *g, struct value *v);

#endif
