/*
 * fromjson_avx2: the loop of fromjson_object.h for processors with AVX2.
 */
#include "text/simd_avx2.h"

#include "types/fromjson_object.h"

int
fromjson_avx2(struct fromjson *f, const char *p, struct value *v)
{
	return read_object(f, p, v);
}

bool
fromjson_avx2_there(void)
{
	return simd_avx2_there();
}

SIMD_AVX2_END
