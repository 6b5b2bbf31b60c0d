/*
 * fromstruct_avx2: the loops of fromstruct_object.h for processors with AVX2.
 */
#include "text/simd_avx2.h"

#include "types/fromstruct_object.h"

const char *
fromstruct_avx2_object(
	struct fromvalue *f, struct fromstruct *x, const char *p, int depth)
{
	return read_object(f, x, p, depth);
}

const char *
fromstruct_avx2_value(
	struct fromvalue *f, const char *p, const struct target *t, int depth)
{
	return read_within(f, p, t, depth);
}

SIMD_AVX2_END
