/* Sketches: their errors, and that order and division do not show. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor/hash.h"
#include "agg/accum/sketch.h"

static uint64_t seed = 7;

static uint64_t
pick(void)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return hash_mix(seed, UINT64_C(0x9e3779b97f4a7c15));
}

static double
pick_double(void)
{
	return exp((double)(pick() >> 11) / 9007199254740992.0 * 14 - 7);
}

static void
add(struct sketch_quantile *q, size_t *size, double x)
{
	size_t need = sketch_quantile_room(q, *size);

	assert(need <= SKETCH_QUANTILE_MAX);
	*size = need;
	sketch_quantile_add(q, x);
}

static int
by_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
few_values(void)
{
	struct sketch_quantile *q = calloc(1, SKETCH_QUANTILE_MAX);
	size_t size = 0;
	int i;

	assert(isnan(sketch_quantile_at(q, 0.5)));
	for (i = 1; i <= 4; i++)
		add(q, &size, i);
	assert(sketch_quantile_at(q, 0.5) == 2.5);
	assert(sketch_quantile_at(q, 0) == 1);
	assert(sketch_quantile_at(q, 1) == 4);
	for (i = 0; i < 100100; i++)
		add(q, &size, i % 1001);
	assert(sketch_quantile_at(q, 0.5) == 500);
	assert(sketch_quantile_at(q, 0.25) == 250);
	for (i = 0; i < 3; i++)
		add(q, &size, NAN);
	assert(isnan(sketch_quantile_at(q, 1)));
	free(q);
}

static void
many_values(void)
{
	enum { N = 200000 };
	static double x[N];
	struct sketch_quantile *all = calloc(1, SKETCH_QUANTILE_MAX),
			       *back = calloc(1, SKETCH_QUANTILE_MAX),
			       *part = calloc(1, SKETCH_QUANTILE_MAX);
	size_t a = 0, b = 0, p = 0, need;
	int i;
	uint32_t k;

	for (i = 0; i < N; i++)
		x[i] = pick_double() * (i % 3 == 0 ? -1 : 1);
	for (i = 0; i < N; i++)
		add(all, &a, x[i]);
	/* The second half backwards, then the first merged into it. */
	for (i = N; i-- > N / 2;)
		add(back, &b, x[i]);
	for (i = 0; i < N / 2; i++)
		add(part, &p, x[i]);
	for (k = 0; k < part->used; k++) {
		need = sketch_quantile_room(back, b);
		assert(need <= SKETCH_QUANTILE_MAX);
		b = need;
		sketch_quantile_merge(back, part, k);
	}
	qsort(x, N, sizeof *x, by_double);
	for (i = 0; i <= 100; i++) {
		double got = sketch_quantile_at(all, i / 100.0);
		double want = x[(int)(i / 100.0 * (N - 1))];

		assert(got == sketch_quantile_at(back, i / 100.0));
		assert(fabs(got - want) <= 0.02 * fabs(want));
	}
	free(all);
	free(back);
	free(part);
}

static void
distinct(void)
{
	struct sketch_distinct *s = calloc(1, sizeof *s),
			       *t = calloc(1, sizeof *t),
			       *u = calloc(1, sizeof *u);
	int64_t n;
	int i;

	for (i = 0; i < SKETCH_FEW; i++) {
		uint64_t h = pick();

		sketch_distinct_add(s, h);
		sketch_distinct_add(s, h);
		assert(sketch_distinct_count(s) == i + 1);
	}
	for (n = SKETCH_FEW; n < 1000000; n++) {
		uint64_t h = pick();

		sketch_distinct_add(s, h);
		sketch_distinct_add(n % 2 ? t : u, h);
		if ((n & (n - 1)) == 0) {
			double got = (double)sketch_distinct_count(s);

			assert(fabs(got - (double)n) < 0.06 * (double)n);
		}
	}
	sketch_distinct_merge(t, u);
	assert(fabs((double)sketch_distinct_count(t) - 1e6) < 6e4);
	free(s);
	free(t);
	free(u);
}

int
main(void)
{
	few_values();
	many_values();
	distinct();
	return 0;
}
