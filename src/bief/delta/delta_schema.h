/*
 * delta_schema: the columns of a Delta table, and records that are to go into
 * them.
 */
#ifndef BIEF_DELTA_SCHEMA_H
#define BIEF_DELTA_SCHEMA_H

#include <stdbool.h>

struct buf;
struct err;
struct list;
struct schema;

/* Append the schemaString of a log, which is Spark's JSON of a schema. */
void delta_schema_print(const struct schema *s, struct buf *out);

/* Can it be a table's?  0 or -1 with a message. */
int delta_schema_check(const struct schema *s, struct err *err);
int delta_schema_check_parts(
	const struct schema *s, const struct list *parts, struct err *err);

/*
 * Put what comes into a table of these columns.  What it does not have is added
 * to it where that is allowed: true is returned in *changed.  -1 with a message.
 */
#define DELTA_SCHEMA_ADD 1     /* columns may be added */
#define DELTA_SCHEMA_GUESSED 2 /* types were: rows will tell if they fit */
int delta_schema_merge(struct schema *table, const struct schema *comes,
	unsigned how, bool *changed, struct err *err);

#endif
