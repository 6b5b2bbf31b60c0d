/*
 * matrix: cells by row and column, and the records that they make: a row each,
 * a field for each column, both in the order of their values.
 */
#ifndef BIEF_MATRIX_H
#define BIEF_MATRIX_H

#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "value/list.h"
#include "value/record.h"
#include "io/sort/sorter.h"

struct err;
struct state;

#define MATRIX_ROW 2 /* at most so many values are a row's key */

struct matrix {
	struct list names;   /* of the fields of a row's key */
	struct value filled; /* of a cell that is not there */
	/* private */
	size_t most;           /* --max-state; 0: none */
	struct state *taken;   /* cells that are there: row, column */
	struct state *columns; /* their numbers, as they came */
	struct sorter cells, columns_by_value;
	struct buf key, sort_key, text, name;
	/* while it is given out */
	uint32_t *place; /* of the columns, by their numbers */
	uint32_t ncolumns;
	struct shape *shape;
	struct slots slots;
	struct buf row;  /* key of the row that is gathered; empty: none */
	struct buf kept; /* its values' text */
	int (*emit)(void *arg, struct record *r);
	void *arg;
};

void matrix_init(struct matrix *m, size_t most);
void matrix_release(struct matrix *m);
/* A cell; row has a value for each of names.  0, 1 if there is one already in
 * this place, or -1. */
int matrix_add(struct matrix *m, const struct value *const *row,
	const struct value *column, const struct value *v, struct err *err);
/* All rows, then there are none.  emit returns 0, or -1, which ends it.  0 or
 * -1. */
int matrix_give(struct matrix *m, struct shapes *shapes,
	int (*emit)(void *arg, struct record *r), void *arg, struct err *err);

#endif
