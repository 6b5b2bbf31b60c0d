/*
 * kept: a value of a record that outlives it, in a blob: a number as such, text
 * as it was written.
 */
#ifndef BIEF_KEPT_H
#define BIEF_KEPT_H

#include <stdint.h>

#include "value/value.h"
#include "recovery/blob.h"

/* A value that is kept; stands in the fixed part. */
struct kept {
	union {
		int64_t i;
		double d;
	};
	uint8_t set;
	uint8_t type;  /* of i or d, or VALUE_STRING and such: text alone */
	uint8_t as;    /* type that the text has; 0: there is none */
	uint8_t flags; /* of the text */
	struct var text;
};

/*
 * Keep a value (num is the same as a number, if it is one) at the place of a
 * struct kept, and look at it (text points into the blob).
 */
void kept_put(struct blob *b, const struct blob_form *f, uint32_t at,
	const struct value *v, const struct value *num);
struct value kept_value(const struct blob *b, uint32_t at);
/* How the kept value compares with another. */
int kept_compare(const struct blob *b, uint32_t at, const struct value *v,
	const struct value *num);

#endif
