/*
 * csvvalues: the values of a row of CSV, by a schema or as strings.
 */
#ifndef BIEF_CSVVALUES_H
#define BIEF_CSVVALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "floor/buf.h"
#include "value/value.h"
#include "io/csvrow.h"
#include "types/cell.h"

struct list;
struct schema;

struct csvvalues {
	struct csvrow_reader *rows;
	const struct list *nulls;    /* texts that are null */
	const struct schema *schema; /* NULL: all are strings */
	int corrupt; /* field of the schema that is no column, or -1 */
	bool ragged; /* rows may have fewer cells than columns, or more */
	struct cell_rules rules; /* now_us is of the batch */
	/* private */
	bool repaired;     /* a cell was not UTF-8 */
	struct buf text;   /* of the values of a row */
	struct buf mended; /* its cells that were not UTF-8 */
	struct buf clean;  /* scratch */
};

/*
 * The n values of the row's record, which live until the next call; there are
 * so many columns.  Returns what is wrong with the row, or NULL.
 */
const char *csvvalues_read(
	struct csvvalues *o, size_t columns, struct value *v, size_t n);
/* The row as it came, for the field of malformed text; until the next call of
 * csvvalues_read. */
struct value csvvalues_raw(struct csvvalues *o);
void csvvalues_release(struct csvvalues *o);

#endif
