/*
 * accum_impl: what an accumulator holds, private to accum.c, accum_show.c and
 * accum_take.c.
 *
 * What an accumulator holds in the fixed part of a blob:
 *
 *	count             int64
 *	sum               struct sum: an exact integer of 128 bits as long as
 *	                  there are integers or decimals only, else a double of
 *	                  twice the precision
 *	avg               struct mean
 *	min, max          struct kept
 *	first, last       struct kept, then the sequence number
 *	stddev, ...       struct moments: sums of x - shift and of its square,
 *	                  in twice the precision, so that nothing cancels
 *	stats             struct moments, then smallest and largest
 *	the others        struct var: a sketch, a set, or text
 */
#ifndef BIEF_ACCUM_IMPL_H
#define BIEF_ACCUM_IMPL_H

#include "accum.h"
#include "kept.h"

/* A double of twice the precision. */
struct twice {
	double hi, lo;
};

/* 128 bits, at places that are aligned to 64. */
struct wide {
	uint64_t lo;
	int64_t hi;
};

enum sum_kind { SUM_NONE, SUM_WIDE, SUM_DOUBLE };

struct sum {
	union {
		struct wide i;
		struct twice d;
	};
	uint64_t kind;
};

struct mean {
	union {
		struct twice sum;
		struct wide dec;
	};
	int64_t n;
};

struct moments {
	int64_t n;
	double shift;
	struct twice s, q;
};

struct stats {
	struct moments m;
	double min, max;
};

struct placed {
	struct kept k;
	uint64_t seq;
};

static inline __int128
wide_get(const struct wide *w)
{
	return (__int128)((unsigned __int128)(uint64_t)w->hi << 64 | w->lo);
}

/* accum_list.c: lists of which each value knows when it came, where groups that
 * have some may become one (accums.sequenced). */
void list_add(struct blob *b, const struct blob_form *f, uint32_t at,
	uint64_t seq, const char *text, size_t n);
void list_merge(struct blob *to, const struct blob_form *f, uint32_t at,
	const struct blob *from);
/* The values, parted by commas. */
void list_print(const struct blob *b, uint32_t at, struct buf *out);

/* Has an accumulator, at its place in a blob, seen nothing? */
bool accum_is_empty(const struct accum *a, const char *p);
/* The name of its first result. */
const char *accum_name(const struct accums *s, size_t accum);
/* Look at a value of an input, as accums_read does. */
int accum_read(struct accum_input *in, const struct value *v, bool lenient,
	struct err *err);

#endif
