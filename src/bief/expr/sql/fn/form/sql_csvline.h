/*
 * sql_csvline: one row of CSV in a string, as Spark's from_csv takes it apart
 * and to_csv puts it together: line ends are characters, and a quote is escaped
 * by a backslash.
 */
#ifndef BIEF_SQL_CSVLINE_H
#define BIEF_SQL_CSVLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"

struct sql_csvline_style {
	const char *sep, *null, *empty; /* empty: of a quoted cell */
	char quote, escape, comment;    /* '\0': there is none */
	bool trim_front, trim_behind, quote_all;
};

struct sql_csvline_cell {
	size_t at, n; /* in text */
	bool quoted;
};

struct sql_csvline {
	struct buf text;
	struct sql_csvline_cell *cell;
	size_t n, cap;
};

/* Cells as they are, quotes taken away. */
void sql_csvline_split(struct sql_csvline *l,
	const struct sql_csvline_style *style, const char *s, size_t n);
void sql_csvline_release(struct sql_csvline *l);
/* Append a cell, in quotes where it must be; s is NULL: null. */
void sql_csvline_put(const struct sql_csvline_style *style, const char *s,
	size_t n, struct buf *out);

#endif
