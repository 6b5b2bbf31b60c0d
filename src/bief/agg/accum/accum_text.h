/*
 * accum_text: the numbers of accumulators as text, and back, for "bief state".
 *
 * A double of twice the precision is a number, or [HIGH,LOW] of which it is the
 * sum.
 */
#ifndef BIEF_ACCUM_TEXT_H
#define BIEF_ACCUM_TEXT_H

#include <stdint.h>

#include "agg/accum/twice.h"
#include "agg/accum/wide.h"

struct accum_input;
struct accum_taking;
struct buf;
struct value;

void accum_text_put_double(struct buf *out, double d);
void accum_text_put_twice(struct buf *out, struct twice t);
/* With the scale of the field, if it is a decimal. */
void accum_text_put_wide(
	struct buf *out, const struct wide *w, const struct accum_input *in);

/* So many members of an object, each with a comma in front, as names there are
 * up to NULL; and of an object. */
void accum_text_put_doubles(
	struct buf *out, const char *const *names, const double *d);
int accum_text_get_doubles(const struct accum_taking *t,
	const struct value *object, const char *const *names, double *d);
/* The members of an object that say when a record came, with a comma in front;
 * and of an object. */
void accum_text_put_place(struct buf *out, uint64_t seq);
int accum_text_get_place(const struct accum_taking *t,
	const struct value *object, uint64_t *seq);

/* Back: -1 with a message. */
int accum_text_get_double(
	const struct accum_taking *t, const struct value *v, double *d);
int accum_text_get_twice(
	const struct accum_taking *t, const struct value *v, struct twice *to);
int accum_text_get_wide(
	const struct accum_taking *t, const struct value *v, struct wide *w);
/* It is an object of no other members than these, of which "count", above 0, is
 * read if it is asked for. */
int accum_text_object(const struct accum_taking *t, const struct value *v,
	const char *const *names, int64_t *count);
/* The accumulator is not what. */
int accum_text_wrong(const struct accum_taking *t, const char *what);

#endif
