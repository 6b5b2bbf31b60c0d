/*
 * cell: the text of a table's cell as a value, as Spark's CSV reader casts it.
 */
#ifndef BIEF_CELL_H
#define BIEF_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value/value.h"

struct buf;
struct err;
struct schema;
struct timepat;
struct type;
struct zone;

struct cell {
	const char *s;
	size_t n;
	bool quoted;
	bool plain; /* it is known that a JSON string may hold it as it is */
};

struct cell_rules {
	const struct zone *zone;       /* of times that name none */
	const struct timepat *pattern; /* of times; NULL: Spark's own forms */
	int64_t now_us;                /* for a time of day without a date */
	bool empty_text; /* an empty cell in quotes is an empty string */
};

/* Bytes that cell_value may need of out for a cell of n bytes. */
#define CELL_ROOM(n) (6 * (n) + 64)

/*
 * An empty cell is null, but for empty_text.  A text that does not fit the type
 * gives null and false.  Text of the value lies in the cell or in out, where
 * CELL_ROOM bytes must be free (out does not move).
 */
bool cell_value(const struct cell *c, const struct type *t,
	const struct cell_rules *rules, struct buf *out, struct value *v);
/* The text as a string value. */
struct value cell_string(const char *s, size_t n, struct buf *out);
/* A schema of a table has no arrays, maps or structs.  0 or -1. */
int cell_schema(const struct schema *s, struct err *err);

#endif
