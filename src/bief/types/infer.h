/*
 * infer: types from a sample.
 *
 * A type begins as TYPE_UNKNOWN and is widened by each value: whole numbers to
 * decimal where 64 bits do not hold them, numbers to double, anything else that
 * disagrees to string; objects are structs whose
 * fields stand in the order in which they were first seen.  Texts that are
 * times are timestamps, those that are dates are dates.
 */
#ifndef BIEF_INFER_H
#define BIEF_INFER_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct schema;
struct type;
struct value;

/* Widen by a JSON value (its nested text has been checked). */
void infer_value(struct type *t, const struct value *v);
/*
 * Widen by a text as it stands in a table (CSV): empty text says nothing; digits
 * with a leading zero (a post code) are text.
 */
void infer_text(struct type *t, const char *s, size_t n);
/* What is still unknown becomes string. */
void infer_finish(struct type *t);

/*
 * The schema of a file ("-" is standard input) of JSON objects, one on a line.
 * array: lines are arrays of them.  NULL with a message when it cannot be read or
 * has none; *skipped counts what is no object.
 */
struct schema *infer_json_file(const char *path, size_t max_line, bool array,
	size_t *skipped, struct err *err);

#endif
