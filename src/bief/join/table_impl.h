/*
 * table_impl: a table while it is read, private to table.c and table_read.c.
 */
#ifndef BIEF_TABLE_IMPL_H
#define BIEF_TABLE_IMPL_H

#include <sys/stat.h>

#include "value/value.h"
#include "join/table.h"

/* Text that values point to. */
struct chunk {
	struct chunk *next;
	size_t n, cap;
	char bytes[];
};

/* A key, and the rows that have it. */
struct entry {
	uint32_t hash;
	uint32_t n; /* bytes of the key */
	const char *key;
	uint32_t first, last;
};

struct table_private {
	struct chunk *chunks;
	size_t bytes;           /* of them */
	struct schema *columns; /* all, in order */
	size_t stride;          /* values from row to row while it is read */
	size_t rows, room;
	struct value *values;
	size_t *key; /* columns of the key */
	size_t nkeys;
	struct value *payload;
	uint32_t *next; /* row of the same key */
	struct entry *entries;
	uint32_t mask;
	bool csv;         /* it is that */
	struct stat seen; /* of the file */
	char *path;
	struct sqlite *db; /* kept open to learn of changes */
	struct pg *pg;     /* the same, of PostgreSQL */
	int64_t version;
};

/* Read all of it: columns with their types, rows of values. */
int table_read(struct table_private *p, const struct table_options *o,
	struct err *err);
/* Copy text to stay; JSON_PADDING bytes behind it may be read. */
const char *table_read_keep(struct table_private *p, const char *s, size_t n);
/* The same for all text of a value. */
struct value table_read_kept(struct table_private *p, struct value v);
/* The column of a name, made at the end. */
size_t table_read_column(struct table_private *p, const char *name, size_t n);
/* A new row of nulls. */
struct value *table_read_row(struct table_private *p);
/* Is there room for what was kept, and no word to stop?  0 or -1. */
int table_read_check(const struct table_private *p,
	const struct table_options *o, struct err *err);
/* The types of columns that have none, by their values. */
void table_read_types(struct table_private *p, const struct table_options *o);
/* A number that tells of changes to the database that is open. */
int64_t table_read_version(struct table_private *p);

/* Tables of PostgreSQL: is that the name of one?  postgres://...?table=NAME */
bool table_pg_is(const char *path);
/* Append what the table is called in messages: no password. */
void table_pg_describe(const char *path, struct buf *out);
int table_pg_read(struct table_private *p, const struct table_options *o,
	struct err *err);
int64_t table_pg_version(struct table_private *p);

#endif
