/*
 * dbcolumn: what a column of SQLite makes of the values that it is given.
 *
 * A column with a type has an affinity, by which SQLite changes values: in an
 * INTEGER one the text 007 becomes 7.  So columns get a type only where the
 * header says what all their values are; and what a table's own column would
 * change is found here, before SQLite does it.
 */
#ifndef BIEF_DBCOLUMN_H
#define BIEF_DBCOLUMN_H

#include <stdbool.h>

struct buf;
struct type;
struct value;

enum affinity {
	AFFINITY_NONE, /* everything stays as it is */
	AFFINITY_TEXT,
	AFFINITY_REAL,
	AFFINITY_INTEGER /* and NUMERIC */
};

/* The affinity that a declared type brings, by SQLite's rules. */
enum affinity dbcolumn_affinity(const char *declared);
/* What to declare for fields of a type; NULL: nothing. */
const char *dbcolumn_declared(const struct type *type);
/*
 * Does the value keep what it says in such a column?  7 may become 7.0 or '7';
 * but exact (of a key, where 7, 7.0 and '7' are three) not even that.
 */
bool dbcolumn_keeps(
	enum affinity a, bool exact, const struct value *v, struct buf *tmp);

#endif
