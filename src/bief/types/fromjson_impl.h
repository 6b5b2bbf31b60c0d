/*
 * fromjson_impl: private to fromjson.c (records) and fromvalue.c (values).
 */
#ifndef BIEF_FROMJSON_IMPL_H
#define BIEF_FROMJSON_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "value/lenient.h"
#include "value/value.h"

struct type;
struct timepat;
struct zone;

struct json_span {
	size_t at, n; /* in nested */
};

/* What is needed to read one value. */
struct fromvalue {
	struct lenient l;
	const struct zone *zone;
	const struct timepat *pattern, *date_pattern;
	int64_t now_us;
	/* text that values of this record own, by offset */
	struct buf text;
	bool owned; /* one does */
	struct buf nested;
	struct buf plain, digits; /* scratch */
	struct json_span *spans;
	size_t nspans, capspans;
	/* what did not fit first */
	bool malformed;
	const struct type *misfit;
	const char *value;
	size_t nvalue;
};

/* Values whose text stands in text or nested have its offset, not its address,
 * until the record is complete. */
#define IN_TEXT 0x80
#define IN_NESTED 0x40

/*
 * The value that begins at p (below the end).  *fits tells whether it is one of
 * type t; only then v is set.  Returns the place behind it, or NULL: a syntax
 * error.
 */
const char *fromvalue_read(struct fromvalue *f, const char *p,
	const struct type *t, int depth, struct value *v, bool *fits);
/* The object at p as the one element of an array of structs. */
const char *fromvalue_one(struct fromvalue *f, const char *p,
	const struct type *t, struct value *v);
/* Remember what did not fit, if it is the first such thing. */
void fromvalue_misfit(struct fromvalue *f, const struct type *t, const char *at,
	const char *end);
/* The time that an integer of the type's unit is; false: out of range. */
bool fromvalue_time(const struct type *t, int64_t i, struct value *v);
void fromvalue_release(struct fromvalue *f);

#endif
