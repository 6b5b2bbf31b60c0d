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

#include "value/field.h"
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
 * From now on what nobody asks for is read, to find out whether it fits, and
 * not kept: null, and within another value perhaps not there.  asks: about a
 * field, or one within another, by its name.
 */
typedef enum field_asked fromjson_asks(const void *arg, const char *name);
void fromjson_ask(struct fromjson *f, fromjson_asks *asks, const void *arg);

/*
 * Read a text of n bytes, behind which JSON_PADDING bytes are readable, into
 * one value for each field of the schema.  now_us is the time of the batch,
 * for a time of day without its date.  Returns 0, or -1 when the text is
 * malformed.  Text of the values lies in the text that was read or in f, until
 * the next call.
 */
int fromjson_read(struct fromjson *f, const char *text, size_t n,
	int64_t now_us, struct value *v);

/*
 * The same for several texts: begin forgets those before; each is read with
 * more, whose values are no good before they have been settled: v of the first,
 * stride, how many.  held: bytes that lie in f.
 */
void fromjson_begin(struct fromjson *f);
int fromjson_more(struct fromjson *f, const char *text, size_t n,
	int64_t now_us, struct value *v);
void fromjson_settle(
	const struct fromjson *f, struct value *v, size_t stride, size_t n);
size_t fromjson_held(const struct fromjson *f);

/* What was wrong with the text that was read last, for a message. */
const char *fromjson_why(struct fromjson *f);

/* Any bytes as a string value (U+FFFD where they are not UTF-8); it lives
 * until the next fromjson_read(). */
struct value fromjson_text(struct fromjson *f, const char *text, size_t n);

#endif
