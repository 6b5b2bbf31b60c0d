/*
 * draw: records as the table that Spark's console sink prints, and as DStreams
 * print them.
 *
 * Widths are Spark's: a character counts as many as it has UTF-16 units, an
 * East Asian wide one counts 2; truncation counts UTF-16 units alone.
 */
#ifndef BIEF_DRAW_H
#define BIEF_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"

struct record;
struct schema;
struct type;
struct value;
struct zone;

struct draw_column;
struct draw_cell;

/* A table under way.  The first two may be changed before the first record. */
struct draw {
	uint64_t rows; /* shown at most; 20 unless changed */
	size_t cut;    /* cells are cut to this, 20 unless changed; 0: whole
	                  and aligned left */
	/* private */
	bool terminal;
	const struct zone *zone;
	struct draw_column *columns;
	size_t ncolumns, room;
	uint64_t id; /* of the shape that place is right for */
	int *place;  /* its fields' columns; -1: one of that name follows */
	size_t nplace;
	uint64_t seen; /* records since the last draw_clear */
	struct draw_cell *cells;
	size_t ncells, cells_room;
	size_t *row; /* where each row's cells begin */
	size_t nrows, rows_room;
	struct buf text;
};

/*
 * The columns are fields (NULL: nothing is known of them; it must outlive d),
 * then what other names appear, in the order in which they do.  For a terminal
 * what it would take as a command is replaced.
 */
void draw_init(struct draw *d, const struct schema *fields,
	const struct zone *zone, bool terminal);
void draw_release(struct draw *d);
/* Forget the rows, keep the columns. */
void draw_clear(struct draw *d);
void draw_record(struct draw *d, const struct record *r);
/* Frame, names, rows, and what follows: lines of text. */
void draw_print(struct draw *d, struct buf *out);
static inline bool
draw_empty(const struct draw *d)
{
	return d->seen == 0;
}
static inline bool
draw_has_columns(const struct draw *d)
{
	return d->ncolumns > 0;
}

/* A record as Python's str() shows a tuple (of one field: that field). */
void draw_python(struct buf *out, const struct record *r);
/* Columns that text takes. */
size_t draw_width(const char *s, size_t n);

#endif
