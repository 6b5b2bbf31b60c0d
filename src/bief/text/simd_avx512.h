/*
 * simd_avx512: to be included first, by a file all of which is compiled for
 * AVX-512 with the byte instructions of Ice Lake, and only called where
 * simd_avx512_there() says so.  The masks of simd.h are those for AVX2 there.
 * Elsewhere such a file has nothing to compile: SIMD_AVX512 is not defined.
 */
#ifndef BIEF_SIMD_AVX512_H
#define BIEF_SIMD_AVX512_H

#include <stdbool.h>

#if defined(__x86_64__) && !defined(SIMD_PLAIN)
#define SIMD_AVX512 1
#define SIMD_AVX2 1
#include <immintrin.h>
#ifdef __clang__
#pragma clang attribute push(                                              \
	__attribute__((                                                    \
		target("avx2,bmi,popcnt,avx512bw,avx512vl,avx512vbmi2"))), \
	apply_to = function)
#else
#pragma GCC target("avx2,bmi,popcnt,avx512bw,avx512vl,avx512vbmi2")
#endif
#endif

static inline bool
simd_avx512_there(void)
{
#ifdef SIMD_AVX512
	return __builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512vl") &&
		__builtin_cpu_supports("avx512vbmi2") &&
		__builtin_cpu_supports("bmi") &&
		__builtin_cpu_supports("popcnt");
#else
	return false;
#endif
}

/* At the end of the file. */
#if defined(SIMD_AVX512) && defined(__clang__)
#define SIMD_AVX512_END _Pragma("clang attribute pop")
#else
#define SIMD_AVX512_END
#endif

#endif
