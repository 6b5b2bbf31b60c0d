/* simd: each block function against its plain twin. */
#include "simd.h"

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
	check(simd_special(p) == simd_special_plain(p), "special");
	check(simd_nondigit(p) == simd_nondigit_plain(p), "nondigit");
	check(simd_equal16(p, q) == simd_equal16_plain(p, q), "equal16");
	check(simd_byte(p, q[0]) == simd_byte_plain(p, q[0]), "byte");
}

static void
spans(const char *p, size_t n)
{
	uint32_t a[300], b[300];
	size_t max = (size_t)rand() % 200, k = simd_lines(p, n, a, max);

	check(k == simd_lines_plain(p, n, b, max), "number of lines");
	check(memcmp(a, b, k * sizeof a[0]) == 0, "lines");
	check(simd_span(p, n) == simd_span_plain(p, n), "span");
}

int
main(void)
{
	static const char often[] = "\n\"\\09/:\x1f\x20\x7f\x80\xff\xc3";
	char text[1024];

	srand(1);
	for (int round = 0; round < 20000; round++) {
		size_t n = (size_t)rand() % 300;
		char *p;

		for (size_t i = 0; i < sizeof text; i++)
			text[i] = round % 3 == 0 ? (char)rand() :
				rand() % (round % 50 + 1) != 0 ? 'a' :
				often[(size_t)rand() % (sizeof often - 1)];
		blocks(text + n, text + n + 64);
		p = malloc(n); /* what is read behind it shows with SAN=1 */
		memcpy(p, text, n);
		spans(p, n);
		free(p);
	}
	return failures != 0;
}
