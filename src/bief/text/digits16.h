/*
 * digits16: sixteen digits as a number, for processors with SSE4.1.
 */
#ifndef BIEF_DIGITS16_H
#define BIEF_DIGITS16_H

#include <stdint.h>

#include "text/simd.h"

#ifdef SIMD_SSE2

#include <immintrin.h>

/* Bytes from 0 to 9, the first the highest: neighbours are put together. */
static inline __attribute__((target("sse4.1"))) uint64_t
digits16(__m128i x)
{
	x = _mm_maddubs_epi16(x, _mm_set1_epi16(0x010A)); /* 10, 1 */
	x = _mm_madd_epi16(x, _mm_set1_epi32(0x00010064));
	x = _mm_packus_epi32(x, x);
	x = _mm_madd_epi16(x, _mm_set1_epi32(0x00012710));
	return (uint64_t)(uint32_t)_mm_cvtsi128_si32(x) * 100000000 +
		(uint32_t)_mm_extract_epi32(x, 1);
}

#endif
#endif
