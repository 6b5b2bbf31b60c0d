/*
 * accum_rows: many records counted in at once, function by function.
 */
#ifndef BIEF_ACCUM_ROWS_H
#define BIEF_ACCUM_ROWS_H

#include <stddef.h>

#include "text/number.h"
#include "value/value.h"
#include "agg/accum/accums.h"

struct accum;
struct record;

#define ACCUM_ROWS_MOST 1024

/* Records of one shape, whose values stand at v, at v + stride ... */
struct accum_rows {
	const struct value *v;
	size_t stride, n;
};

/*
 * How many of them, from the first one on, can be counted in so?  Functions that
 * look at a number or count are needed, and values that are numbers, or null,
 * without another look at them.  like is the first record.
 */
size_t accum_rows_plain(struct accums *s, const struct record *like,
	const struct accum_rows *r);
/* Count each of these in the bytes of its blob: in all accumulators, or in
 * one. */
void accum_rows_add(
	struct accums *s, const struct accum_rows *r, char *const *blobs);
void accum_rows_add_to(struct accums *s, const struct accum *a,
	const struct accum_rows *r, char *const *blobs);
/* An input's value, as a number where it is looked at as one. */
static inline struct value
accum_rows_number(const struct accum_input *in, const struct value *v)
{
	if (!in->compared)
		return *v;
	if (v->type == VALUE_REAL)
		return value_double(number_double(v->s, v->n));
	return v->type == VALUE_NUMBER ? value_number(v, false) : *v;
}

#endif
