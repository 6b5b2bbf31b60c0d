/*
 * wide: an integer of 128 bits in flat memory, where places are aligned to 64
 * and a compiler would want 128.
 */
#ifndef BIEF_WIDE_H
#define BIEF_WIDE_H

#include <stdint.h>

struct wide {
	uint64_t lo;
	int64_t hi;
};

static inline __int128
wide_get(const struct wide *w)
{
	return (__int128)((unsigned __int128)(uint64_t)w->hi << 64 | w->lo);
}

static inline void
wide_set(struct wide *w, __int128 x)
{
	w->lo = (uint64_t)x;
	w->hi = (int64_t)(x >> 64);
}

/* Wraps: numbers of 38 digits, or as many records as there can be of 64 bits,
 * do not get there. */
static inline void
wide_add(struct wide *w, __int128 x)
{
	wide_set(w,
		(__int128)((unsigned __int128)wide_get(w) +
			(unsigned __int128)x));
}

#endif
