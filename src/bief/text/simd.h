/*
 * simd: bytes looked at by the block.
 *
 * The small masks stand here so that the scanners' loops hold no call; they use
 * what every x86-64 has (SSE2).  What walks much text is chosen at run time
 * (AVX2, AVX-512).  Each has a plain twin, which other machines run and the
 * tests compare.
 *
 * Bit i of a mask stands for byte p[i].
 */
#ifndef BIEF_SIMD_H
#define BIEF_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* -DSIMD_PLAIN: the plain twins everywhere.  A file that is compiled for AVX2
 * throughout (simd_avx2.h) has the masks by it. */
#if defined(__SSE2__) && !defined(SIMD_PLAIN)
#define SIMD_SSE2 1
#include <emmintrin.h>
#endif

#define SIMD_BLOCK 32 /* bytes that special, stop and nondigit read */

uint32_t simd_special_plain(const char *p);
uint32_t simd_stop_plain(const char *p, uint32_t *high);
uint32_t simd_nondigit_plain(const char *p);
uint32_t simd_equal16_plain(const char *a, const char *b);
uint64_t simd_byte_plain(const char *p, char c);
struct simd_nest simd_nest_plain(const char *p);
void simd_short_plain(const char *p, size_t n, uint64_t w[2]);

/* Bytes at which a JSON string must be looked at: '"', '\', below 0x20, and
 * 0x80 and above. */
static inline uint32_t
simd_special(const char *p)
{
#if defined(SIMD_AVX2)
	__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);

	/* As signed numbers the bytes from 0x80 are below 0x20 too. */
	return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(
		_mm256_or_si256(_mm256_cmpeq_epi8(a, _mm256_set1_epi8('"')),
			_mm256_cmpeq_epi8(a, _mm256_set1_epi8('\\'))),
		_mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), a)));
#elif defined(SIMD_SSE2)
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i slash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(0x20);
	__m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i b = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));

	/* As signed numbers the bytes from 0x80 are below 0x20 too. */
	a = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(a, quote),
				 _mm_cmpeq_epi8(a, slash)),
		_mm_cmplt_epi8(a, space));
	b = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(b, quote),
				 _mm_cmpeq_epi8(b, slash)),
		_mm_cmplt_epi8(b, space));
	return (uint32_t)_mm_movemask_epi8(a) |
		(uint32_t)_mm_movemask_epi8(b) << 16;
#else
	return simd_special_plain(p);
#endif
}

/* The same without those from 0x80 on, which are in *high. */
static inline uint32_t
simd_stop(const char *p, uint32_t *high)
{
#ifdef SIMD_SSE2
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i slash = _mm_set1_epi8('\\');
	const __m128i last = _mm_set1_epi8(0x1F);
	__m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i b = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));

	*high = (uint32_t)_mm_movemask_epi8(a) |
		(uint32_t)_mm_movemask_epi8(b) << 16;
	a = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(a, quote),
				 _mm_cmpeq_epi8(a, slash)),
		_mm_cmpeq_epi8(_mm_min_epu8(a, last), a));
	b = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(b, quote),
				 _mm_cmpeq_epi8(b, slash)),
		_mm_cmpeq_epi8(_mm_min_epu8(b, last), b));
	return (uint32_t)_mm_movemask_epi8(a) |
		(uint32_t)_mm_movemask_epi8(b) << 16;
#else
	return simd_stop_plain(p, high);
#endif
}

/* Bytes that are not '0' to '9'. */
static inline uint32_t
simd_nondigit(const char *p)
{
#if defined(SIMD_AVX2)
	__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);

	a = _mm256_add_epi8(a, _mm256_set1_epi8((char)(0x80 - '0')));
	return (uint32_t)_mm256_movemask_epi8(
		_mm256_cmpgt_epi8(a, _mm256_set1_epi8((char)(0x80 + 9))));
#elif defined(SIMD_SSE2)
	/* Moves '0'..'9' to the ten lowest signed numbers. */
	const __m128i shift = _mm_set1_epi8((char)(0x80 - '0'));
	const __m128i last = _mm_set1_epi8((char)(0x80 + 9));
	__m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i b = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));

	a = _mm_cmpgt_epi8(_mm_add_epi8(a, shift), last);
	b = _mm_cmpgt_epi8(_mm_add_epi8(b, shift), last);
	return (uint32_t)_mm_movemask_epi8(a) |
		(uint32_t)_mm_movemask_epi8(b) << 16;
#else
	return simd_nondigit_plain(p);
#endif
}

/* Bytes of 16 that are equal in a and b. */
static inline uint32_t
simd_equal16(const char *a, const char *b)
{
#ifdef SIMD_SSE2
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(
		_mm_loadu_si128((const __m128i *)(const void *)a),
		_mm_loadu_si128((const __m128i *)(const void *)b)));
#else
	return simd_equal16_plain(a, b);
#endif
}

/* The same of 32. */
static inline uint32_t
simd_equal32(const char *a, const char *b)
{
#if defined(SIMD_AVX2)
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(
		_mm256_loadu_si256((const __m256i *)(const void *)a),
		_mm256_loadu_si256((const __m256i *)(const void *)b)));
#else
	return simd_equal16(a, b) | simd_equal16(a + 16, b + 16) << 16;
#endif
}

/* Bytes of 64 that are c. */
static inline uint64_t
simd_byte(const char *p, char c)
{
#ifdef SIMD_SSE2
	const __m128i x = _mm_set1_epi8(c);
	uint64_t m = 0;

	for (int i = 3; i >= 0; i--)
		m = m << 16 |
			(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(x,
				_mm_loadu_si128(
					(const __m128i *)(const void *)(p +
						16 * i))));
	return m;
#else
	return simd_byte_plain(p, c);
#endif
}

/* What nested JSON is made of, in 64 bytes. */
struct simd_nest {
	uint64_t quote, slash; /* '"', '\\' */
	uint64_t open, close;  /* brackets and braces, also those in strings */
};

static inline struct simd_nest
simd_nest(const char *p)
{
#ifdef SIMD_SSE2
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i slash = _mm_set1_epi8('\\');
	/* A brace is its bracket and this bit. */
	const __m128i brace = _mm_set1_epi8(0x20);
	const __m128i open = _mm_set1_epi8('{');
	const __m128i close = _mm_set1_epi8('}');
	struct simd_nest m = {0, 0, 0, 0};

	for (int i = 3; i >= 0; i--) {
		__m128i x = _mm_loadu_si128(
			(const __m128i *)(const void *)(p + 16 * i));
		__m128i y = _mm_or_si128(x, brace);

		m.quote = m.quote << 16 |
			(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(x, quote));
		m.slash = m.slash << 16 |
			(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(x, slash));
		m.open = m.open << 16 |
			(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(y, open));
		m.close = m.close << 16 |
			(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(y, close));
	}
	return m;
#else
	return simd_nest_plain(p);
#endif
}

/* gcc has a macro for it, clang a question. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIMD_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SIMD_SANITIZED
#endif

/* n bytes, n <= 16, as two words, with zeros behind them. */
static inline void
simd_short(const char *p, size_t n, uint64_t w[2])
{
#if defined(SIMD_SSE2) && !defined(SIMD_SANITIZED)
	static const char keep[32] = {
		-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
	__m128i x;

	/* 16 bytes that do not reach the next page can be read. */
	if (((uintptr_t)p & 4095) <= 4096 - 16) {
		x = _mm_and_si128(
			_mm_loadu_si128((const __m128i *)(const void *)p),
			_mm_loadu_si128((
				const __m128i *)(const void *)(keep + 16 - n)));
		w[0] = (uint64_t)_mm_cvtsi128_si64(x);
		w[1] = (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(x, x));
		return;
	}
#endif
	simd_short_plain(p, n, w);
}

/* Bytes of n, n < 64, that are c. */
static inline uint64_t
simd_byte_few(const char *p, size_t n, char c)
{
	char copy[64];

#if defined(SIMD_SSE2) && !defined(SIMD_SANITIZED)
	/* The same of 64. */
	if (((uintptr_t)p & 4095) <= 4096 - 64)
		return simd_byte(p, c) & ~(UINT64_MAX << n);
#endif
	memset(copy, ~c, sizeof(copy));
	memcpy(copy, p, n);
	return simd_byte(copy, c);
}

/*
 * Find the first LFs in p[0..n): their offsets go to at, at most max of them;
 * returns how many, 0 only if there is none.  Behind the last of them there may
 * be more.  No byte outside is read.  n is below 4 GiB.
 */
size_t simd_lines(const char *p, size_t n, uint32_t *at, size_t max);
size_t simd_lines_plain(const char *p, size_t n, uint32_t *at, size_t max);

/*
 * The first byte of p[0..n) that simd_special would mark; n if there is none.
 * No byte outside is read.
 */
size_t simd_span(const char *p, size_t n);
size_t simd_span_plain(const char *p, size_t n);

/*
 * True if the bytes are UTF-8 (no surrogates, nothing overlong).  No byte
 * outside is read.  simd_utf8_place() is where they are not, n if they are.
 */
bool simd_utf8(const char *p, size_t n);
size_t simd_utf8_place(const char *p, size_t n);

/*
 * The separators in p[0..n): their offsets go to at, where there is room for
 * n + 2; returns how many.  *met says what else is there; a byte that is the
 * separator is no blank and no control character.  No byte outside is read.  n
 * is below 4 GiB.
 */
struct simd_row {
	char sep, quote;
};
#define SIMD_QUOTE 1
#define SIMD_CONTROL 2 /* below 0x20 */
#define SIMD_BLANK 4   /* ' ' */
#define SIMD_ESCAPE 8  /* '"' or '\\', which JSON has to escape */
#define SIMD_HIGH 16   /* 0x80 and above */
size_t simd_cells(const char *p, size_t n, const struct simd_row *row,
	uint32_t *at, unsigned *met);
size_t simd_cells_plain(const char *p, size_t n, const struct simd_row *row,
	uint32_t *at, unsigned *met);

#endif
