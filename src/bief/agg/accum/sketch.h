/*
 * sketch: summaries of many values in little memory, which can be merged.
 * Neither the order of the values nor the way in which they were divided shows
 * in what a sketch answers.
 *
 * A sketch is flat memory that its owner provides, zeroed, and enlarges.
 */
#ifndef BIEF_SKETCH_H
#define BIEF_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Quantiles.  Doubles are counted in buckets by their leading bits, as many
 * bits as leave at most SKETCH_BUCKETS buckets.  So up to that many different
 * values the answer is exact; beyond, of values that span n powers of two, it
 * is off by a factor of at most about n / SKETCH_BUCKETS.
 */
#define SKETCH_BUCKETS 2048

struct sketch_bucket {
	uint64_t key; /* the double, mapped to keep the order, >> level */
	uint64_t count;
};
struct sketch_quantile {
	uint32_t level;
	uint32_t sorted; /* buckets in order, different ... */
	uint32_t used;   /* ... and behind them, in any order */
	uint32_t whole;  /* the owner's: they are integers */
	struct sketch_bucket b[];
};
#define SKETCH_QUANTILE_MIN \
	(sizeof(struct sketch_quantile) + 8 * sizeof(struct sketch_bucket))
#define SKETCH_QUANTILE_MAX               \
	(sizeof(struct sketch_quantile) + \
		(SKETCH_BUCKETS + 256) * sizeof(struct sketch_bucket))

/*
 * Make room for another bucket in a sketch of size bytes.  Returns the size
 * that it needs first (larger than size: enlarge, there is room then).
 */
size_t sketch_quantile_room(struct sketch_quantile *q, size_t size);
/* Room must have been made for each of these. */
void sketch_quantile_add(struct sketch_quantile *q, double x);
void sketch_quantile_merge(struct sketch_quantile *q,
	const struct sketch_quantile *from, uint32_t i); /* its bucket i */
/* Bring the buckets in order; then used is their number. */
void sketch_quantile_settle(struct sketch_quantile *q);
/* A value that falls into bucket i, as a rule the least; and the key of the
 * bucket that a value falls into at a level. */
double sketch_quantile_least(const struct sketch_quantile *q, uint32_t i);
uint64_t sketch_quantile_key(double x, uint32_t level);
/* The value at p of [0, 1], between neighbours in proportion; NaN if empty. */
double sketch_quantile_at(struct sketch_quantile *q, double p);
/* The value of the data at p, as percentile_approx of Spark has it. */
double sketch_quantile_element(struct sketch_quantile *q, double p);

/*
 * Distinct values, by their hashes: exact up to SKETCH_FEW, then HyperLogLog
 * with 4096 registers: a standard error of 1.6 %.
 */
#define SKETCH_FEW 256
#define SKETCH_REGISTERS 4096

struct sketch_distinct {
	uint32_t n;     /* hashes, in order */
	uint32_t dense; /* registers instead */
	union {
		uint64_t hash[SKETCH_FEW];
		uint8_t reg[SKETCH_REGISTERS];
	};
};
#define SKETCH_DISTINCT_MIN (8 + 8 * sizeof(uint64_t))

/* The size that it needs before another hash is added. */
size_t sketch_distinct_room(const struct sketch_distinct *s, size_t size);
void sketch_distinct_add(struct sketch_distinct *s, uint64_t hash);
/* to must be of full size. */
void sketch_distinct_merge(
	struct sketch_distinct *to, const struct sketch_distinct *from);
int64_t sketch_distinct_count(const struct sketch_distinct *s);

#endif
