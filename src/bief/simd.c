#include "simd.h"

#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define SIMD_X86 1
#endif

static inline bool
special(unsigned char c)
{
	return c == '"' || c == '\\' || c < 0x20 || c >= 0x80;
}

uint32_t
simd_special_plain(const char *p)
{
	uint32_t m = 0;

	for (int i = 0; i < SIMD_BLOCK; i++)
		m |= (uint32_t)special((unsigned char)p[i]) << i;
	return m;
}

uint32_t
simd_nondigit_plain(const char *p)
{
	uint32_t m = 0;

	for (int i = 0; i < SIMD_BLOCK; i++)
		m |= (uint32_t)(p[i] < '0' || p[i] > '9') << i;
	return m;
}

uint32_t
simd_equal16_plain(const char *a, const char *b)
{
	uint32_t m = 0;

	for (int i = 0; i < 16; i++)
		m |= (uint32_t)(a[i] == b[i]) << i;
	return m;
}

uint64_t
simd_byte_plain(const char *p, char c)
{
	uint64_t m = 0;

	for (int i = 0; i < 64; i++)
		m |= (uint64_t)(p[i] == c) << i;
	return m;
}

/* From offset i on, behind k that were found before. */
static size_t
lines_from(const char *p, size_t n, size_t i, uint32_t *at, size_t k,
	size_t max)
{
	const char *q;

	while (k < max && i < n && (q = memchr(p + i, '\n', n - i)) != NULL) {
		at[k++] = (uint32_t)(q - p);
		i = (size_t)(q - p) + 1;
	}
	return k;
}

size_t
simd_lines_plain(const char *p, size_t n, uint32_t *at, size_t max)
{
	return lines_from(p, n, 0, at, 0, max);
}

size_t
simd_span_plain(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n && !special((unsigned char)p[i]); i++)
		;
	return i;
}

#ifdef SIMD_X86

/* Write the offsets of a block's bits; there is room for 64 of them. */
__attribute__((target("bmi"))) static inline size_t
lines_bits(uint64_t m, uint32_t base, uint32_t *at, size_t k)
{
	for (; m != 0; m &= m - 1)
		at[k++] = base + (uint32_t)__builtin_ctzll(m);
	return k;
}

__attribute__((target("avx2,bmi"))) static size_t
lines_avx2(const char *p, size_t n, uint32_t *at, size_t max)
{
	const __m256i lf = _mm256_set1_epi8('\n');
	size_t i, k = 0;

	for (i = 0; n - i >= 64 && max - k >= 64; i += 64) {
		__m256i a = _mm256_loadu_si256((const void *)(p + i));
		__m256i b = _mm256_loadu_si256((const void *)(p + i + 32));
		uint64_t m = (uint32_t)_mm256_movemask_epi8(
			_mm256_cmpeq_epi8(a, lf));

		m |= (uint64_t)(uint32_t)_mm256_movemask_epi8(
			_mm256_cmpeq_epi8(b, lf)) << 32;
		k = lines_bits(m, (uint32_t)i, at, k);
	}
	return lines_from(p, n, i, at, k, max);
}

__attribute__((target("avx512bw,bmi"))) static size_t
lines_avx512(const char *p, size_t n, uint32_t *at, size_t max)
{
	const __m512i lf = _mm512_set1_epi8('\n');
	size_t i, k = 0;

	for (i = 0; n - i >= 64 && max - k >= 64; i += 64)
		k = lines_bits(_mm512_cmpeq_epi8_mask(
			_mm512_loadu_si512(p + i), lf), (uint32_t)i, at, k);
	return lines_from(p, n, i, at, k, max);
}

__attribute__((target("avx2,bmi"))) static size_t
span_avx2(const char *p, size_t n)
{
	const __m256i quote = _mm256_set1_epi8('"');
	const __m256i slash = _mm256_set1_epi8('\\');
	const __m256i space = _mm256_set1_epi8(0x20);
	size_t i;

	for (i = 0; n - i >= 32; i += 32) {
		__m256i a = _mm256_loadu_si256((const void *)(p + i));
		uint32_t m = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(
			_mm256_or_si256(_mm256_cmpeq_epi8(a, quote),
			_mm256_cmpeq_epi8(a, slash)),
			_mm256_cmpgt_epi8(space, a)));

		if (m != 0)
			return i + (size_t)__builtin_ctz(m);
	}
	return i + simd_span_plain(p + i, n - i);
}

size_t
simd_lines(const char *p, size_t n, uint32_t *at, size_t max)
{
	if (__builtin_cpu_supports("avx512bw"))
		return lines_avx512(p, n, at, max);
	if (__builtin_cpu_supports("avx2"))
		return lines_avx2(p, n, at, max);
	return simd_lines_plain(p, n, at, max);
}

size_t
simd_span(const char *p, size_t n)
{
	if (__builtin_cpu_supports("avx2"))
		return span_avx2(p, n);
	return simd_span_plain(p, n);
}

#else

size_t
simd_lines(const char *p, size_t n, uint32_t *at, size_t max)
{
	return simd_lines_plain(p, n, at, max);
}

size_t
simd_span(const char *p, size_t n)
{
	return simd_span_plain(p, n);
}

#endif
