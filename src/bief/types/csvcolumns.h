/*
 * csvcolumns: the columns of CSV: how many there are, and the names of the
 * fields that are made of them, from a schema, a header or their places.
 */
#ifndef BIEF_CSVCOLUMNS_H
#define BIEF_CSVCOLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "floor/buf.h"
#include "value/record.h"
#include "io/csvrow.h"

struct schema;

/* Zeroed: they are not known yet. */
struct csvcolumns {
	bool named; /* they are */
	size_t n;   /* cells of a row */
	struct shape *shape;
	/* private */
	struct shape *wide; /* of a row of nwide cells */
	size_t nwide;
	struct buf clean;
};

/* corrupt: the field that is no column, or -1. */
void csvcolumns_by_schema(struct csvcolumns *c, struct shapes *shapes,
	const struct schema *schema, int corrupt);
/* By the cells of the row (header), or by their places: _c0, _c1 ... */
void csvcolumns_by_row(struct csvcolumns *c, struct shapes *shapes,
	const struct csvrow_reader *rows, bool header);
/* Of a row that has more cells than there are columns. */
struct shape *csvcolumns_wide(struct csvcolumns *c, size_t n);
/* Has the header, which is the row, other names than the schema?  *why says
 * so. */
bool csvcolumns_differ(const struct csvrow_reader *rows,
	const struct schema *schema, int corrupt, struct buf *why);

#endif
