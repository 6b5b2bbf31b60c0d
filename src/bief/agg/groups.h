/*
 * groups: the keys of an aggregation's state.
 *
 * Key bytes: the kind; for grouping sets 2 bytes, a bit for each column that is
 * rolled up; with windows a byte (0: no window, 1: a window) and two times;
 * then the key fields that are not rolled up, by key_encode().
 */
#ifndef BIEF_GROUPS_H
#define BIEF_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "recovery/state/state.h"
#include "window/span.h"

#define GROUP_PLAIN 'g'    /* a group; its window: start and end */
#define GROUP_SLICE 's'    /* part of some windows: start of the slice, 0 */
#define GROUP_SESSION 't'  /* start, 0; the end stands in the value */
#define GROUP_SESSIONS 'i' /* no window: the sessions of a key */
#define GROUP_META 'm'     /* not a group */

#define GROUP_KEYS 64 /* key fields at most */

/* Is the column of this bit left out?  Sets have no more columns than a mask
 * has bits, other keys may. */
static inline bool
groups_left_out(uint16_t mask, size_t bit)
{
	return bit < 16 && (mask >> bit & 1);
}

struct groups {
	bool windowed, sets;
	uint32_t nkeys;    /* key fields */
	uint32_t window;   /* place of the window's byte */
	uint32_t head;     /* bytes before the key fields */
	uint64_t decimals; /* key fields that are decimals, kept as text */
};

void groups_init(struct groups *g, bool windowed, bool sets, uint32_t nkeys);
/* Begin a key: the fields are to be appended. */
void groups_begin(const struct groups *g, struct buf *key, char kind,
	uint16_t mask, const struct span *w);
/* The same fields in another window or of another kind. */
void groups_turn(
	const struct groups *g, char *key, char kind, const struct span *w);
/* Of an entry of the state, or of its key. */
char groups_kind(const struct state *s, state_ref r);
struct span groups_span(const struct groups *g, const char *key);
uint16_t groups_mask(const struct groups *g, const char *key);

#endif
