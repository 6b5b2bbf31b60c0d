/*
 * fromjson: JSON text to the fields of a schema, as Spark's from_json does.
 *
 * A key that the schema does not have is skipped, a field that the text does
 * not have is null.  A value that does not fit its type leaves that field null,
 * a syntax error before the end of the object all of them; either makes the
 * text malformed.  What follows the object is not looked at.  Blank text gives
 * nulls and is not malformed.
 *
 * Lines of one stream look alike, so the reader remembers what followed each
 * key the last time and compares that first.
 */
#ifndef BIEF_FROMJSON_H
#define BIEF_FROMJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value/value.h"

struct schema;
struct timepat;
struct zone;

struct fromjson;

struct fromjson_options {
	const struct zone *zone;       /* of times that name none */
	const struct timepat *pattern; /* of times in text; NULL: Spark's own */
	const struct timepat *date_pattern; /* of dates */
	unsigned flags;                     /* of lenient.h */
	int corrupt;                        /* field that no key fills, or -1 */
	bool root; /* the schema's one field, an array or a map, is the whole
	            * text; an object for an array of structs is one of one */
};

/* The schema is not copied and must live as long. */
struct fromjson *fromjson_new(
	const struct schema *schema, const struct fromjson_options *o);
void fromjson_free(struct fromjson *f);

/*
 * Read a text of n bytes, behind which JSON_PADDING bytes are readable, into
 * one value for each field of the schema.  now_us is the time of the batch,
 * for a time of day without its date.  Returns 0, or -1 when the text is
 * malformed.  Text of the values lies in the text that was read or in f, until
 * the next call.
 */
int fromjson_read(struct fromjson *f, const char *text, size_t n,
	int64_t now_us, struct value *v);

/* Has the record that was read last text that lies in f? */
bool fromjson_owns(const struct fromjson *f);

/* What was wrong with the text that was read last, for a message. */
const char *fromjson_why(struct fromjson *f);

/* Any bytes as a string value (U+FFFD where they are not UTF-8); it lives
 * until the next fromjson_read(). */
struct value fromjson_text(struct fromjson *f, const char *text, size_t n);

#endif
