/*
 * accum_moments: the sums that deviations are computed of, which stats has too.
 */
#ifndef BIEF_ACCUM_MOMENTS_H
#define BIEF_ACCUM_MOMENTS_H

#include <stdint.h>

#include "agg/accum/twice.h"

struct accum_taking;
struct buf;
struct value;

/* Sums of x - shift and of its square, in twice the precision, so that nothing
 * cancels; shift is the first value. */
struct moments {
	int64_t n;
	double shift;
	struct twice s, q;
};

void accum_moments_add(struct moments *m, double x);
void accum_moments_merge(struct moments *m, const struct moments *from);
double accum_moments_mean(const struct moments *m);
/* Of a divisor: how many there are, or one less. */
double accum_moments_variance(const struct moments *m, int64_t n);
/* The members of an object, without its last brace; and of v, an object. */
void accum_moments_show(const struct moments *m, struct buf *out);
int accum_moments_take(
	const struct accum_taking *t, const struct value *v, struct moments *m);

#endif
