/*
 * simd_avx2: to be included first, by a file all of which is compiled for AVX2,
 * and only called where __builtin_cpu_supports() says so (simd_avx2_there).
 * Elsewhere such a file is what it would be without.
 */
#ifndef BIEF_SIMD_AVX2_H
#define BIEF_SIMD_AVX2_H

#include <stdbool.h>

#if defined(__x86_64__) && !defined(SIMD_PLAIN)
#define SIMD_AVX2 1
#include <immintrin.h>
#ifdef __clang__
#pragma clang attribute push( \
	__attribute__((target("avx2,bmi"))), apply_to = function)
#else
#pragma GCC target("avx2,bmi")
#endif
#endif

static inline bool
simd_avx2_there(void)
{
#ifdef SIMD_AVX2
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
#else
	return false;
#endif
}

/* At the end of the file. */
#if defined(SIMD_AVX2) && defined(__clang__)
#define SIMD_AVX2_END _Pragma("clang attribute pop")
#else
#define SIMD_AVX2_END
#endif

#endif
