/*
 * sheet: the rows that charts are drawn from, the newest of them, with the
 * fields that charts need as columns.
 *
 * Numbers and times are kept as such, all else as text.  A row may have a key:
 * then a later one of the same key takes its place.
 */
#ifndef BIEF_SHEET_H
#define BIEF_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct field;
struct record;
struct state;
struct zone;

#define SHEET_COLUMNS 1000 /* of a record with all its fields, at most */

enum sheet_kind {
	SHEET_NONE, /* the record had no such field */
	SHEET_NULL,
	SHEET_INT,
	SHEET_DOUBLE, /* NaN and infinities, too */
	SHEET_TIME,   /* i: microseconds */
	SHEET_DATE,   /* i: microseconds of its midnight */
	SHEET_TEXT    /* s, n: owned */
};

struct sheet_cell {
	union {
		int64_t i;
		double d;
		char *s;
	};
	uint32_t n;
	uint8_t kind; /* enum sheet_kind */
};

struct sheet_column {
	char *name;          /* plain */
	struct field *field; /* NULL: one of the others, with all */
	bool window_end;     /* of a window that is named by its start */
};

struct sheet {
	struct sheet_column *column;
	size_t ncolumns;
	bool all;    /* fields that nobody asked for become columns, too */
	size_t keep; /* rows at most; the oldest go */
	size_t rows;
	uint64_t gone;     /* rows that have had to go */
	uint64_t left_out; /* fields beyond SHEET_COLUMNS */
	/* private */
	struct sheet_cell *cell;
	size_t stride, cap, first;
	struct state *keys;
	uint64_t shape; /* that place is right for */
	int *place;
};

void sheet_init(struct sheet *s, size_t keep);
void sheet_release(struct sheet *s);
/* The column of a field, as an option names it; made if need be. */
size_t sheet_want(struct sheet *s, const char *path);
/* Forget the rows. */
void sheet_clear(struct sheet *s);
/* key (n 0: none).  0, or -1 with a message. */
int sheet_add(struct sheet *s, const struct record *r, const struct buf *key,
	struct err *err);
const struct sheet_cell *sheet_get(
	const struct sheet *s, size_t row, size_t column);

/* As a number: a text that spells one, too, a time as seconds of the wall clock
 * in the zone.  False: it is none, or beyond what can be drawn. */
#define SHEET_MOST 1e300
bool sheet_number(
	const struct sheet_cell *c, const struct zone *zone, double *d);
/* Append its text; nothing of a null. */
void sheet_text(
	const struct sheet_cell *c, const struct zone *zone, struct buf *out);

#endif
