/*
 * inferjson: the type of one JSON text, as Spark's schema_of_json tells it.
 *
 * Whole numbers are bigint (decimal where they are too large), others double,
 * text string, also where it is a time; the fields of an object stand in the
 * order of their names.  Elements of an array are put together: what disagrees
 * is a string.
 */
#ifndef BIEF_INFERJSON_H
#define BIEF_INFERJSON_H

#include <stdbool.h>

struct buf;
struct lenient;
struct type;

struct inferjson_style {
	bool drop_nulls; /* leave out fields that hold nothing */
	bool texts;      /* what is no array and no object is a string */
	bool decimals;   /* fractions, and texts that are numbers, decimal */
};

/* NULL with l->what where the text is no JSON. */
struct type *inferjson_read(
	struct lenient *l, const struct inferjson_style *style);
/* Append a type in Spark's spelling: STRUCT<a: BIGINT>. */
void inferjson_print(const struct type *t, struct buf *out);

#endif
