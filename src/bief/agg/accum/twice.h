/*
 * twice: a double of twice the precision, for sums whose order is not to show.
 *
 * In a header, for it is what a sum costs per record.  What is not finite has
 * no lower part: it would be NaN.
 */
#ifndef BIEF_TWICE_H
#define BIEF_TWICE_H

#include <math.h>

struct twice {
	double hi, lo;
};

static inline void
twice_add(struct twice *t, double x)
{
	double s = t->hi + x, b = s - t->hi;
	double e = (t->hi - (s - b)) + (x - b) + t->lo;

	if (!isfinite(s)) {
		*t = (struct twice){s, 0};
		return;
	}
	t->hi = s + e;
	t->lo = e - (t->hi - s);
}

static inline void
twice_add_twice(struct twice *t, struct twice x)
{
	twice_add(t, x.hi);
	twice_add(t, x.lo);
}

static inline struct twice
twice_mul(struct twice a, struct twice b)
{
	double p = a.hi * b.hi;
	double e = fma(a.hi, b.hi, -p) + (a.hi * b.lo + a.lo * b.hi);
	struct twice t = {p, 0};

	if (isfinite(p))
		twice_add(&t, e);
	return t;
}

static inline struct twice
twice_div(struct twice a, double n)
{
	double q = a.hi / n;
	double rest = fma(-q, n, a.hi) + a.lo;
	struct twice t = {q, 0};

	if (isfinite(q))
		twice_add(&t, rest / n);
	return t;
}

static inline struct twice
twice_of_integer(__int128 x)
{
	double hi = (double)x;

	return (struct twice){hi, (double)(x - (__int128)hi)};
}

#endif
