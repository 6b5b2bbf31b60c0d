/*
 * pgcopy: values as they stand in the text of a COPY.
 *
 * PostgreSQL refuses a whole COPY for one value; so what it would refuse, or
 * change into something else, is found here, where a record can be refused
 * alone.  The text of a value is the same for all columns that are made for it,
 * so that rows can be gathered before it is known what the column will be.
 */
#ifndef BIEF_PGCOPY_H
#define BIEF_PGCOPY_H

struct buf;
struct err;
struct pgcolumn;
struct value;

/*
 * Append a value (NULL: null).  0, or 1 with why it cannot be in this column:
 * what was appended is to be forgotten.  tmp is used.  An unknown column
 * remembers what it has seen.
 */
int pgcopy_put(struct pgcolumn *c, const struct value *v, struct buf *out,
	struct buf *tmp, struct err *err);

#endif
