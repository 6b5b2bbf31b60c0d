/* simd: each block function against its plain twin. */
#include "text/simd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static void
check(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "simd: %s differs\n", what);
		failures++;
	}
}

static void
blocks(const char *p, const char *q)
{
	struct simd_nest x = simd_nest(p), y = simd_nest_plain(p);
	uint32_t high, plain;

	check(simd_special(p) == simd_special_plain(p), "special");
	check(simd_stop(p, &high) == simd_stop_plain(p, &plain) &&
			high == plain,
		"stop");
	check(simd_nondigit(p) == simd_nondigit_plain(p), "nondigit");
	check(simd_equal16(p, q) == simd_equal16_plain(p, q), "equal16");
	check(memcmp(&x, &y, sizeof(x)) == 0, "nest");
	check(simd_byte(p, q[0]) == simd_byte_plain(p, q[0]), "byte");
	for (size_t n = 0; n < 64; n += 7)
		check(simd_byte_few(p, n, q[0]) ==
				(simd_byte(p, q[0]) & (((uint64_t)1 << n) - 1)),
			"byte_few");
}

static void
spans(const char *p, size_t n)
{
	uint32_t a[300], b[300];
	uint64_t v[2], w[2];
	size_t max = (size_t)rand() % 200, k = simd_lines(p, n, a, max);
	size_t all = simd_lines_plain(p, n, b, max);

	check(k <= all && (k > 0) == (all > 0), "number of lines");
	check(memcmp(a, b, k * sizeof a[0]) == 0, "lines");
	check(simd_span(p, n) == simd_span_plain(p, n), "span");
	check(simd_utf8(p, n) == (simd_utf8_place(p, n) == n), "utf8");
	if (n > 16)
		n = 16;
	simd_short(p, n, v);
	simd_short_plain(p, n, w);
	check(memcmp(v, w, sizeof v) == 0, "short");
}

static void
cells(const char *p, size_t n)
{
	static const char seps[] = ",\n\"\\09\x1f\x80 ";
	struct simd_row row = {seps[rand() % 9], seps[rand() % 9]};
	uint32_t a[302], b[302];
	unsigned x, y;
	size_t k = simd_cells(p, n, &row, a, &x);

	check(k == simd_cells_plain(p, n, &row, b, &y), "number of cells");
	check(memcmp(a, b, k * sizeof a[0]) == 0, "cells");
	check(x == y, "what cells have met");
}

/* Text of characters of all lengths, with now and then an error. */
static size_t
utf8_text(char *p, size_t max)
{
	static const char *const chars[] = {"a", "\x7f", "\xc2\x80", "\xdf\xbf",
		"\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
		"\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
	static const char *const errors[] = {"\x80", "\xbf", "\xc0\x80",
		"\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xe1\x80", "\xed\xa0\x80",
		"\xf0\x8f\xbf\xbf", "\xf1\x80\x80", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xff", "\xf8\x88\x80\x80\x80"};
	size_t n = 0, len;
	int bad = rand() % 3 == 0 ? rand() % 60 : -1;

	for (int i = 0; n + 5 < max; i++, n += len) {
		const char *c = i == bad
			? errors[(size_t)rand() %
				  (sizeof errors / sizeof *errors)]
			: chars[(size_t)rand() %
				  (sizeof chars / sizeof *chars)];

		len = strlen(c);
		memcpy(p + n, c, len);
	}
	return n;
}
int
main(void)
{
	static const char often[] = "\n\"\\09/:[]{};=\x1f\x20\x7f\x80\xff\xc3";
	char text[1024];

	srand(1);
	for (int round = 0; round < 20000; round++) {
		size_t n = (size_t)rand() % 300;
		char *p;

		for (size_t i = 0; i < sizeof text; i++)
			text[i] = round % 3 == 0 ? (char)rand()
				: rand() % (round % 50 + 1) != 0
				? 'a'
				: often[(size_t)rand() % (sizeof often - 1)];
		blocks(text + n, text + n + 64);
		p = malloc(n); /* what is read behind it shows with SAN=1 */
		memcpy(p, text, n);
		spans(p, n);
		cells(p, n);
		free(p);
	}
	for (int round = 0; round < 50000; round++) {
		size_t n = utf8_text(text, 10 + (size_t)rand() % 200);

		n -= (size_t)rand() % 4;
		check(simd_utf8(text, n) == (simd_utf8_place(text, n) == n),
			"utf8 text");
	}
	return failures != 0;
}
