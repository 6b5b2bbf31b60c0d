/*
 * delta_rows: the rows of a data file in the columns of its table.
 */
#ifndef BIEF_DELTA_ROWS_H
#define BIEF_DELTA_ROWS_H

#include <stdbool.h>
#include <stddef.h>

struct delta_rows;
struct err;
struct list;
struct schema;
struct value;

/* action: the object that added the file, with padding (json.h) behind it.  wanted: for each column
 * of the table, or NULL: all.  What o points to must live as long.  NULL with a
 * message. */
struct delta_rows_options {
	const char *dir;
	const struct schema *table;
	const struct list *parts;
	const char *action;
	size_t n;
	const bool *wanted;
};
struct delta_rows *delta_rows_open(
	const struct delta_rows_options *o, struct err *err);
void delta_rows_free(struct delta_rows *r);
/* A value for each column of the table, until the next call, with room for
 * RECORD_SPARE more; NULL at the end, or with *failed. */
struct value *delta_rows_next(
	struct delta_rows *r, bool *failed, struct err *err);

#endif
