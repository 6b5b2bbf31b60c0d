/*
 * accum_extreme: how what min and max keep is compared, for max_by, too.
 */
#ifndef BIEF_ACCUM_EXTREME_H
#define BIEF_ACCUM_EXTREME_H

#include <stdint.h>

struct accum_input;
struct blob;
struct value;

/* How what is kept at a place (0: nothing is) compares with a value, which is
 * *num as a number; *num becomes what is to be kept with it. */
int accum_extreme_compare(const struct accum_input *in, const struct blob *b,
	uint32_t at, const struct value *v, const struct value **num);
/* What is kept, so that it can be kept again. */
void accum_extreme_kept(
	const struct blob *b, uint32_t at, struct value *v, struct value *num);

#endif
