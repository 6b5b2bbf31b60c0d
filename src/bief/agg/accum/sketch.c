/*
 * sketch: see sketch.h.
 *
 * Quantiles: a double's bits, turned over for negative ones, are an integer of
 * the same order; dropping its last bits merges neighbours.  How many are
 * dropped (the level) depends on the set of values alone: a level is left only
 * when the values seen so far have too many buckets in it, and so would all.
 *
 * Distinct values: the estimator is Ertl's ("New cardinality estimation
 * algorithms for HyperLogLog sketches", 2017), which needs no tables.
 */
#include "agg/accum/sketch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BITS 12 /* of a hash choose a register */

static uint64_t
double_to_key(double x)
{
	uint64_t b;

	if (isnan(x))
		x = NAN;
	memcpy(&b, &x, 8);
	if (isnan(x))
		b = UINT64_C(0x7ff8000000000000);
	if (x == 0)
		b = 0;
	return b >> 63 ? ~b : b | UINT64_C(1) << 63;
}

static double
key_to_double(uint64_t key)
{
	uint64_t b = key >> 63 ? key & ~(UINT64_C(1) << 63) : ~key;
	double x;

	memcpy(&x, &b, 8);
	return x;
}

/* What a bucket stands for: its middle. */
static double
bucket_value(const struct sketch_quantile *q, uint32_t i)
{
	uint64_t key = q->b[i].key;
	double low, middle;

	if (q->level == 0)
		return key_to_double(key);
	if (key == double_to_key(NAN) >> q->level)
		return NAN;
	low = key_to_double(key << q->level);
	middle = key_to_double(key << q->level | UINT64_C(1) << (q->level - 1));
	return isnan(middle) || isinf(low) ? low : middle;
}

static int
by_key(const void *a, const void *b)
{
	const struct sketch_bucket *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

/* Equal neighbours become one. */
static uint32_t
unite_buckets(struct sketch_bucket *b, uint32_t n)
{
	uint32_t i, out = 0;

	for (i = 1; i < n; i++) {
		if (b[i].key == b[out].key)
			b[out].count += b[i].count;
		else
			b[++out] = b[i];
	}
	return n == 0 ? 0 : out + 1;
}

/* Merge the new buckets, which are in order, into the sorted ones, from the
 * end; there is room for both. */
static uint32_t
merge_fresh(struct sketch_bucket *b, uint32_t sorted, uint32_t fresh)
{
	struct sketch_bucket tail[SKETCH_BUCKETS + 256];
	uint32_t i = sorted, j = fresh, out = sorted + fresh;

	memcpy(tail, b + sorted, fresh * sizeof *b);
	while (j > 0) {
		if (i > 0 && b[i - 1].key > tail[j - 1].key)
			b[--out] = b[--i];
		else
			b[--out] = tail[--j];
	}
	return unite_buckets(b, sorted + fresh);
}

static void
raise_level(struct sketch_quantile *q)
{
	uint32_t i;

	q->level++;
	for (i = 0; i < q->used; i++)
		q->b[i].key >>= 1;
}

void
sketch_quantile_settle(struct sketch_quantile *q)
{
	uint32_t fresh = q->used - q->sorted;

	if (fresh > 0) {
		qsort(q->b + q->sorted, fresh, sizeof *q->b, by_key);
		fresh = unite_buckets(q->b + q->sorted, fresh);
		q->sorted = q->used = merge_fresh(q->b, q->sorted, fresh);
	}
	while (q->sorted > SKETCH_BUCKETS) {
		raise_level(q);
		q->sorted = q->used = unite_buckets(q->b, q->sorted);
	}
}

size_t
sketch_quantile_room(struct sketch_quantile *q, size_t size)
{
	uint32_t cap;

	if (size < SKETCH_QUANTILE_MIN)
		return SKETCH_QUANTILE_MIN;
	cap = (uint32_t)((size - sizeof *q) / sizeof *q->b);
	if (q->used < cap)
		return size;
	sketch_quantile_settle(q);
	if (q->used <= cap / 2 || size >= SKETCH_QUANTILE_MAX)
		return size;
	size += cap * sizeof *q->b;
	return size < SKETCH_QUANTILE_MAX ? size : SKETCH_QUANTILE_MAX;
}

void
sketch_quantile_add(struct sketch_quantile *q, double x)
{
	q->b[q->used++] = (struct sketch_bucket){
		double_to_key(x) >> q->level, 1};
}

void
sketch_quantile_merge(struct sketch_quantile *q,
	const struct sketch_quantile *from, uint32_t i)
{
	struct sketch_bucket b = from->b[i];

	while (q->level < from->level) {
		raise_level(q);
		q->sorted = q->sorted > 0 ? 1 : 0; /* equal ones may be many */
	}
	b.key >>= q->level - from->level;
	q->b[q->used++] = b;
}

double
sketch_quantile_least(const struct sketch_quantile *q, uint32_t i)
{
	double x = key_to_double(q->b[i].key << q->level);

	/* There are no values between NaN and the infinity below it, nor
	 * below the negative one. */
	if (sketch_quantile_key(x, q->level) != q->b[i].key)
		return -INFINITY;
	return x;
}

uint64_t
sketch_quantile_key(double x, uint32_t level)
{
	return double_to_key(x) >> level;
}

/* The value of rank i from 0. */
static double
rank_value(const struct sketch_quantile *q, uint64_t rank)
{
	uint64_t seen = 0;
	uint32_t i;

	for (i = 0; i + 1 < q->sorted; i++) {
		seen += q->b[i].count;
		if (rank < seen)
			break;
	}
	return bucket_value(q, i);
}

double
sketch_quantile_at(struct sketch_quantile *q, double p)
{
	uint64_t n = 0, rank;
	double at, low, high, part;
	uint32_t i;

	sketch_quantile_settle(q);
	for (i = 0; i < q->sorted; i++)
		n += q->b[i].count;
	if (n == 0)
		return NAN;
	at = p * (double)(n - 1);
	rank = (uint64_t)at;
	part = at - (double)rank;
	low = rank_value(q, rank);
	if (part == 0 || rank + 1 >= n)
		return low;
	high = rank_value(q, rank + 1);
	return low == high ? low : low + (high - low) * part;
}

size_t
sketch_distinct_room(const struct sketch_distinct *s, size_t size)
{
	if (size < SKETCH_DISTINCT_MIN)
		return SKETCH_DISTINCT_MIN;
	if (s->dense || size >= sizeof *s || 8 + (s->n + 1) * 8 <= size)
		return size;
	return s->n < SKETCH_FEW ? 8 + (size - 8) * 2 : sizeof *s;
}

static void
raise_register(struct sketch_distinct *s, uint64_t hash)
{
	uint8_t rank = (uint8_t)(1 +
		__builtin_clzll(hash << BITS | UINT64_C(1) << (BITS - 1)));

	if (s->reg[hash >> (64 - BITS)] < rank)
		s->reg[hash >> (64 - BITS)] = rank;
}

static void
make_dense(struct sketch_distinct *s)
{
	uint64_t few[SKETCH_FEW];
	uint32_t i;

	memcpy(few, s->hash, s->n * sizeof *few);
	memset(s->reg, 0, sizeof s->reg);
	s->dense = 1;
	for (i = 0; i < s->n; i++)
		raise_register(s, few[i]);
}

void
sketch_distinct_add(struct sketch_distinct *s, uint64_t hash)
{
	uint32_t low = 0, high = s->n, middle;

	if (s->dense) {
		raise_register(s, hash);
		return;
	}
	while (low < high) {
		middle = (low + high) / 2;
		if (s->hash[middle] < hash)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < s->n && s->hash[low] == hash)
		return;
	if (s->n == SKETCH_FEW) {
		make_dense(s);
		raise_register(s, hash);
		return;
	}
	memmove(s->hash + low + 1, s->hash + low,
		(s->n - low) * sizeof *s->hash);
	s->hash[low] = hash;
	s->n++;
}

void
sketch_distinct_merge(
	struct sketch_distinct *to, const struct sketch_distinct *from)
{
	uint32_t i;

	if (!from->dense) {
		for (i = 0; i < from->n; i++)
			sketch_distinct_add(to, from->hash[i]);
		return;
	}
	if (!to->dense)
		make_dense(to);
	for (i = 0; i < SKETCH_REGISTERS; i++)
		if (to->reg[i] < from->reg[i])
			to->reg[i] = from->reg[i];
}

/* Sigma and tau of the paper. */

static double
sigma(double x)
{
	double y = 1, z = x, before;

	if (x == 1)
		return INFINITY;
	do {
		x *= x;
		before = z;
		z += x * y;
		y += y;
	} while (z != before);
	return z;
}

static double
tau(double x)
{
	double y = 1, z = 1 - x, before;

	if (x == 0 || x == 1)
		return 0;
	do {
		x = sqrt(x);
		before = z;
		y *= 0.5;
		z -= (1 - x) * (1 - x) * y;
	} while (z != before);
	return z / 3;
}

int64_t
sketch_distinct_count(const struct sketch_distinct *s)
{
	const int q = 64 - BITS;
	const double m = SKETCH_REGISTERS;
	uint32_t of_rank[64 - BITS + 2] = {0};
	double z;
	int i;

	if (!s->dense)
		return s->n;
	for (i = 0; i < SKETCH_REGISTERS; i++)
		of_rank[s->reg[i]]++;
	z = m * tau(1 - of_rank[q + 1] / m);
	for (i = q; i >= 1; i--)
		z = 0.5 * (z + of_rank[i]);
	z += m * sigma(of_rank[0] / m);
	return llround(m / (2 * log(2)) * m / z);
}
