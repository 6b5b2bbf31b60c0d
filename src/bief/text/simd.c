#include "text/simd.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(SIMD_PLAIN)
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
simd_stop_plain(const char *p, uint32_t *high)
{
	*high = 0;
	for (int i = 0; i < SIMD_BLOCK; i++)
		*high |= (uint32_t)((unsigned char)p[i] >= 0x80) << i;
	return simd_special_plain(p) & ~*high;
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

void
simd_short_plain(const char *p, size_t n, uint64_t w[2])
{
	char b[16] = {0};

	memcpy(b, p, n);
	memcpy(w, b, sizeof b);
}

uint64_t
simd_byte_plain(const char *p, char c)
{
	uint64_t m = 0;

	for (int i = 0; i < 64; i++)
		m |= (uint64_t)(p[i] == c) << i;
	return m;
}

struct simd_nest
simd_nest_plain(const char *p)
{
	struct simd_nest m = {0, 0, 0, 0};

	for (int i = 63; i >= 0; i--) {
		m.quote = m.quote << 1 | (p[i] == '"');
		m.slash = m.slash << 1 | (p[i] == '\\');
		m.open = m.open << 1 | (p[i] == '{' || p[i] == '[');
		m.close = m.close << 1 | (p[i] == '}' || p[i] == ']');
	}
	return m;
}

/* From offset i on, behind k that were found before. */
static size_t
lines_from(
	const char *p, size_t n, size_t i, uint32_t *at, size_t k, size_t max)
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

/* Bytes of the UTF-8 sequence at p; 0 if there is none. */
static inline size_t
sequence(const unsigned char *p, size_t n)
{
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xC2 || n < 2 || (p[1] & 0xC0) != 0x80)
		return 0;
	if (p[0] < 0xE0)
		return 2;
	if (n < 3 || (p[2] & 0xC0) != 0x80)
		return 0;
	if (p[0] < 0xF0) {
		if (p[0] == 0xE0 && p[1] < 0xA0) /* overlong */
			return 0;
		if (p[0] == 0xED && p[1] >= 0xA0) /* surrogate */
			return 0;
		return 3;
	}
	if (n < 4 || (p[3] & 0xC0) != 0x80 || p[0] > 0xF4)
		return 0;
	if (p[0] == 0xF0 && p[1] < 0x90)
		return 0;
	if (p[0] == 0xF4 && p[1] >= 0x90) /* above U+10FFFF */
		return 0;
	return 4;
}

size_t
simd_utf8_place(const char *p, size_t n)
{
	size_t i = 0, k;
	uint64_t w;

	while (i < n) {
		while (n - i >= 8) {
			memcpy(&w, p + i, 8);
			if (w & UINT64_C(0x8080808080808080))
				break;
			i += 8;
		}
		for (int j = 0; j < 8 && i < n; j++, i += k)
			if ((k = sequence(
				     (const unsigned char *)p + i, n - i)) == 0)
				return i;
	}
	return n;
}

#ifdef SIMD_X86

/* Write the offsets of a block's bits; there is room for 64 of them.  Most
 * blocks have two at most: without a branch. */
__attribute__((target("bmi,popcnt"))) static inline size_t
lines_bits(uint64_t m, uint32_t base, uint32_t *at, size_t k)
{
	size_t end = k + (size_t)__builtin_popcountll(m);

	at[k] = base + (uint32_t)_tzcnt_u64(m);
	m &= m - 1;
	at[k + 1] = base + (uint32_t)_tzcnt_u64(m);
	for (k += 2; k < end; k++) {
		m &= m - 1;
		at[k] = base + (uint32_t)_tzcnt_u64(m);
	}
	return end;
}

__attribute__((target("avx2,bmi,popcnt"))) static size_t
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
			     _mm256_cmpeq_epi8(b, lf))
			<< 32;
		k = lines_bits(m, (uint32_t)i, at, k);
	}
	return k > 0 ? k : lines_from(p, n, i, at, k, max);
}

__attribute__((target("avx512bw,bmi,popcnt"))) static size_t
lines_avx512(const char *p, size_t n, uint32_t *at, size_t max)
{
	const __m512i lf = _mm512_set1_epi8('\n');
	size_t i, k = 0;

	for (i = 0; n - i >= 64 && max - k >= 64; i += 64)
		k = lines_bits(
			_mm512_cmpeq_epi8_mask(_mm512_loadu_si512(p + i), lf),
			(uint32_t)i, at, k);
	return k > 0 ? k : lines_from(p, n, i, at, k, max);
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

/*
 * UTF-8 by tables (Keiser and Lemire, "Validating UTF-8 in less than one
 * instruction per byte"): each kind of error shows in the first byte's two
 * halves and the second byte's upper half.  A bit for each kind; the error is
 * there where all three tables have it.
 */
#define SHORT 1 /* a lead byte without enough behind it */
#define LONG 2  /* a continuation without a lead */
#define OVERLONG_3 4
#define LARGE 8 /* above U+10FFFF */
#define SURROGATE 16
#define OVERLONG_2 32
#define LARGE_1000 64 /* LARGE, for second bytes below 0x90 */
#define OVERLONG_4 64
#define TWO 128 /* two continuations: is a third byte due? */
#define CARRY (SHORT | LONG | TWO)
#define BIG (CARRY | LARGE | LARGE_1000)
#define SECOND (LONG | OVERLONG_2 | TWO)
#define TABLE(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)

struct utf8 {
	__m256i before, error;
};

__attribute__((target("avx2"))) static inline void
utf8_block(struct utf8 *u, __m256i x)
{
	const __m256i first_high = TABLE(LONG, LONG, LONG, LONG, LONG, LONG,
		LONG, LONG, (char)TWO, (char)TWO, (char)TWO, (char)TWO,
		SHORT | OVERLONG_2, SHORT, SHORT | OVERLONG_3 | SURROGATE,
		SHORT | LARGE | LARGE_1000);
	const __m256i first_low = TABLE(
		(char)(CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4),
		(char)(CARRY | OVERLONG_2), (char)CARRY, (char)CARRY,
		(char)(CARRY | LARGE), (char)BIG, (char)BIG, (char)BIG,
		(char)BIG, (char)BIG, (char)BIG, (char)BIG, (char)BIG,
		(char)(BIG | SURROGATE), (char)BIG, (char)BIG);
	const __m256i second_high = TABLE(SHORT, SHORT, SHORT, SHORT, SHORT,
		SHORT, SHORT, SHORT,
		(char)(SECOND | OVERLONG_3 | LARGE_1000 | OVERLONG_4),
		(char)(SECOND | OVERLONG_3 | LARGE),
		(char)(SECOND | SURROGATE | LARGE),
		(char)(SECOND | SURROGATE | LARGE), SHORT, SHORT, SHORT, SHORT);
	const __m256i low = _mm256_set1_epi8(15);
	__m256i joint = _mm256_permute2x128_si256(u->before, x, 0x21);
	__m256i prev1 = _mm256_alignr_epi8(x, joint, 15);
	__m256i prev2 = _mm256_alignr_epi8(x, joint, 14);
	__m256i prev3 = _mm256_alignr_epi8(x, joint, 13);
	__m256i kinds = _mm256_and_si256(
		_mm256_and_si256(
			_mm256_shuffle_epi8(first_high,
				_mm256_and_si256(
					_mm256_srli_epi16(prev1, 4), low)),
			_mm256_shuffle_epi8(
				first_low, _mm256_and_si256(prev1, low))),
		_mm256_shuffle_epi8(second_high,
			_mm256_and_si256(_mm256_srli_epi16(x, 4), low)));
	/* Third and fourth bytes must be the second of two continuations. */
	__m256i due = _mm256_or_si256(
		_mm256_subs_epu8(prev2, _mm256_set1_epi8(0xE0 - 0x80)),
		_mm256_subs_epu8(prev3, _mm256_set1_epi8(0xF0 - 0x80)));

	due = _mm256_and_si256(due, _mm256_set1_epi8((char)0x80));
	u->error = _mm256_or_si256(u->error, _mm256_xor_si256(due, kinds));
	u->before = x;
}

__attribute__((target("avx2"))) static bool
utf8_avx2(const char *p, size_t n)
{
	struct utf8 u = {_mm256_setzero_si256(), _mm256_setzero_si256()};
	char last[32] = {0};
	size_t i;

	for (i = 0; n - i >= 32; i += 32)
		utf8_block(&u, _mm256_loadu_si256((const void *)(p + i)));
	/* At least one zero follows, which shows a sequence that is cut. */
	memcpy(last, p + i, n - i);
	utf8_block(&u, _mm256_loadu_si256((const void *)last));
	return _mm256_testz_si256(u.error, u.error);
}

bool
simd_utf8(const char *p, size_t n)
{
	if (n >= 32 && __builtin_cpu_supports("avx2"))
		return utf8_avx2(p, n);
	return simd_utf8_place(p, n) == n;
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

bool
simd_utf8(const char *p, size_t n)
{
	return simd_utf8_place(p, n) == n;
}

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
