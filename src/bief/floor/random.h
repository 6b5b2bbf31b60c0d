/*
 * random: numbers that look random and follow from a seed, the same everywhere
 * (splitmix64).
 */
#ifndef BIEF_RANDOM_H
#define BIEF_RANDOM_H

#include <stdint.h>

static inline uint64_t
random_next(uint64_t *x)
{
	uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* One of 0 .. n - 1; n is small, so that none is noticeably more likely. */
static inline uint32_t
random_below(uint64_t *x, uint32_t n)
{
	return (uint32_t)((random_next(x) >> 32) * n >> 32);
}

#endif
