/*
 * sample: records that are kept until it is known which columns they have.
 *
 * Where no header tells the types, a file that has them cannot begin before
 * some records have come: all of a batch, if they are not too many.
 */
#ifndef BIEF_SAMPLE_H
#define BIEF_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>

#include "floor/buf.h"
#include "value/record.h"
#include "value/record_read.h"

struct schema;
struct type;

#define SAMPLE_MOST ((size_t)32 << 20) /* bytes */

struct sample {
	struct buf lines;
	struct buf numbers; /* of the lines in the input */
	size_t at, n, i;
	struct record_reader reader;
};

/* Is there anything in it that only records can tell?  NULL: all. */
bool sample_wanted(const struct schema *known);

void sample_init(struct sample *s, struct shapes *shapes);
void sample_release(struct sample *s);
void sample_clear(struct sample *s);
bool sample_add(struct sample *s, const struct record *r); /* true: is full */

/* What the records have: what is known (or NULL), made whole. */
struct schema *sample_schema(struct sample *s, const struct schema *known);
/* The records again, one after the other; false behind the last. */
bool sample_next(struct sample *s, struct record *r);

#endif
