/*
 * simd_cells: where the cells of a line end, and what else is in it, in one
 * pass; see simd.h.
 */
#include "text/simd.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(SIMD_PLAIN)
#include <immintrin.h>
#define SIMD_X86 1
#endif

/* From offset i on, behind k that were found before. */
static size_t
cells_from(const char *p, size_t n, size_t i, const struct simd_row *row,
	uint32_t *at, size_t k, unsigned *met)
{
	for (; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (p[i] == row->sep)
			at[k++] = (uint32_t)i;
		else if (c < 0x20)
			*met |= SIMD_CONTROL;
		else if (c == ' ')
			*met |= SIMD_BLANK;
		if (c >= 0x80)
			*met |= SIMD_HIGH;
		if (c == '"' || c == '\\')
			*met |= SIMD_ESCAPE;
		if (p[i] == row->quote)
			*met |= SIMD_QUOTE;
	}
	return k;
}

size_t
simd_cells_plain(const char *p, size_t n, const struct simd_row *row,
	uint32_t *at, unsigned *met)
{
	*met = 0;
	return cells_from(p, n, 0, row, at, 0, met);
}

#ifdef SIMD_X86

/* Write the offsets of a block's bits, two at least, where there is room for
 * them: most blocks have a few. */
__attribute__((target("bmi,popcnt"))) static inline size_t
cells_bits(uint64_t m, uint32_t base, uint32_t *at, size_t k)
{
	size_t end = k + (size_t)__builtin_popcountll(m);

	for (; k < end; k += 2) {
		at[k] = base + (uint32_t)_tzcnt_u64(m);
		m &= m - 1;
		at[k + 1] = base + (uint32_t)_tzcnt_u64(m);
		m &= m - 1;
	}
	return end;
}

struct cells_avx2 {
	__m256i sep, quote, control, escape, blank, high;
};

/* One block's bytes to what was met so far; which of them are separators. */
__attribute__((target("avx2"))) static inline uint32_t
cells_block(struct cells_avx2 *met, const struct cells_avx2 *is, __m256i x)
{
	__m256i sep = _mm256_cmpeq_epi8(x, is->sep);
	__m256i low = _mm256_cmpeq_epi8(_mm256_min_epu8(x, is->control), x);

	met->quote = _mm256_or_si256(
		met->quote, _mm256_cmpeq_epi8(x, is->quote));
	met->control = _mm256_or_si256(
		met->control, _mm256_andnot_si256(sep, low));
	met->blank = _mm256_or_si256(met->blank,
		_mm256_andnot_si256(sep, _mm256_cmpeq_epi8(x, is->blank)));
	met->escape = _mm256_or_si256(met->escape,
		_mm256_or_si256(_mm256_cmpeq_epi8(x, is->escape),
			_mm256_cmpeq_epi8(x, _mm256_set1_epi8('"'))));
	met->high = _mm256_or_si256(met->high, x);
	return (uint32_t)_mm256_movemask_epi8(sep);
}

__attribute__((target("avx2"))) static inline unsigned
cells_met(const struct cells_avx2 *met)
{
	return (_mm256_movemask_epi8(met->quote) != 0 ? SIMD_QUOTE : 0U) |
		(_mm256_movemask_epi8(met->control) != 0 ? SIMD_CONTROL : 0U) |
		(_mm256_movemask_epi8(met->escape) != 0 ? SIMD_ESCAPE : 0U) |
		(_mm256_movemask_epi8(met->blank) != 0 ? SIMD_BLANK : 0U) |
		(_mm256_movemask_epi8(met->high) != 0 ? SIMD_HIGH : 0U);
}

__attribute__((target("avx2,bmi,popcnt"))) static size_t
cells_avx2(const char *p, size_t n, const struct simd_row *row, uint32_t *at,
	unsigned *met)
{
	const __m256i none = _mm256_setzero_si256();
	const struct cells_avx2 is = {.sep = _mm256_set1_epi8(row->sep),
		.quote = _mm256_set1_epi8(row->quote),
		.control = _mm256_set1_epi8(0x1F),
		.escape = _mm256_set1_epi8('\\'),
		.blank = _mm256_set1_epi8(' ')};
	struct cells_avx2 so_far = {none, none, none, none, none, none};
	size_t i, k = 0;

	for (i = 0; n - i >= 64; i += 64) {
		uint64_t m = cells_block(&so_far, &is,
			_mm256_loadu_si256((const void *)(p + i)));

		m |= (uint64_t)cells_block(&so_far, &is,
			     _mm256_loadu_si256((const void *)(p + i + 32)))
			<< 32;
		k = cells_bits(m, (uint32_t)i, at, k);
	}
	for (; n - i >= 32; i += 32)
		k = cells_bits(
			cells_block(&so_far, &is,
				_mm256_loadu_si256((const void *)(p + i))),
			(uint32_t)i, at, k);
	*met = cells_met(&so_far);
	return cells_from(p, n, i, row, at, k, met);
}

/* Bytes behind the end are not read: a load leaves them out. */
__attribute__((target("avx512bw,bmi,popcnt"))) static size_t
cells_avx512(const char *p, size_t n, const struct simd_row *row, uint32_t *at,
	unsigned *met)
{
	const __m512i sep = _mm512_set1_epi8(row->sep);
	const __m512i quote = _mm512_set1_epi8(row->quote);
	const __m512i space = _mm512_set1_epi8(' ');
	const __m512i slash = _mm512_set1_epi8('\\');
	const __m512i mark = _mm512_set1_epi8('"');
	uint64_t quotes = 0, controls = 0, blanks = 0, escapes = 0, high = 0;
	size_t k = 0;

	for (size_t i = 0; i < n; i += 64) {
		uint64_t in = n - i >= 64 ? ~UINT64_C(0)
					  : (UINT64_C(1) << (n - i)) - 1;
		__m512i x = _mm512_maskz_loadu_epi8(in, p + i);
		uint64_t m = _mm512_cmpeq_epi8_mask(x, sep) & in;

		quotes |= _mm512_cmpeq_epi8_mask(x, quote) & in;
		controls |= _mm512_cmplt_epu8_mask(x, space) & in & ~m;
		blanks |= _mm512_cmpeq_epi8_mask(x, space) & ~m;
		escapes |= _mm512_cmpeq_epi8_mask(x, slash) |
			_mm512_cmpeq_epi8_mask(x, mark);
		high |= _mm512_movepi8_mask(x);
		k = cells_bits(m, (uint32_t)i, at, k);
	}
	*met = (quotes != 0 ? SIMD_QUOTE : 0U) |
		(controls != 0 ? SIMD_CONTROL : 0U) |
		(blanks != 0 ? SIMD_BLANK : 0U) |
		(escapes != 0 ? SIMD_ESCAPE : 0U) |
		(high != 0 ? SIMD_HIGH : 0U);
	return k;
}

size_t
simd_cells(const char *p, size_t n, const struct simd_row *row, uint32_t *at,
	unsigned *met)
{
	if (__builtin_cpu_supports("avx512bw"))
		return cells_avx512(p, n, row, at, met);
	if (__builtin_cpu_supports("avx2"))
		return cells_avx2(p, n, row, at, met);
	return simd_cells_plain(p, n, row, at, met);
}

#else

size_t
simd_cells(const char *p, size_t n, const struct simd_row *row, uint32_t *at,
	unsigned *met)
{
	return simd_cells_plain(p, n, row, at, met);
}

#endif
