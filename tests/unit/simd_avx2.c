/* simd_avx2: the masks of a file that is compiled for AVX2 are the plain ones. */
#include "text/simd_avx2.h"

#include <stdio.h>
#include <stdlib.h>

#include "text/simd.h"

static int
compare(const char *p, const char *q)
{
	uint32_t equal = simd_equal16_plain(p, q) |
		simd_equal16_plain(p + 16, q + 16) << 16;

	if (simd_special(p) == simd_special_plain(p) &&
		simd_nondigit(p) == simd_nondigit_plain(p) &&
		simd_equal32(p, q) == equal)
		return 0;
	fprintf(stderr, "simd_avx2: a mask differs\n");
	return 1;
}

int
main(void)
{
	static const char some[] = "\"\\\x1f 0/9:a\x7f\x80\xff";
	char text[96];

	if (!simd_avx2_there())
		return 0;
	for (int i = 0; i < 100000; i++) {
		for (size_t k = 0; k < sizeof(text); k++)
			text[k] = rand() % 3 == 0
				? (char)rand()
				: some[(size_t)rand() % sizeof(some)];
		if (compare(text, text + 1 + rand() % 3) != 0)
			return 1;
	}
	return 0;
}

SIMD_AVX2_END
