/*
 * pgtable_impl: what the parts of pgtable share.  Statements are built in t->sql,
 * names in t->tmp.
 *
 * Functions that return int: 0, or -1 with a message (STATUS_FAILED where nothing
 * else is said).  What they ask the server fails when it is gone; pg_lost tells.
 */
#ifndef BIEF_PGTABLE_IMPL_H
#define BIEF_PGTABLE_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "value/record.h"
#include "io/service/pg.h"
#include "sinks/pg/pgcolumn.h"
#include "sinks/pg/pgtable.h"

#define PGTABLE_NAME_MOST 63 /* bytes: what is longer PostgreSQL cuts */

/* Rows that have the first n columns: up to where they stand in the text. */
struct pgtable_part {
	size_t columns, end;
};

struct pgtable {
	struct pgtable_options o;
	struct pg *pg;
	char *schema, *name; /* of the table; the first may be NULL */
	struct buf full;     /* both, as in SQL */
	/* the table */
	struct pgcolumn
		*there; /* its columns, of which names and types count */
	size_t nthere;
	bool exists;
	bool keyed;     /* a unique index has the keys */
	bool known;     /* the identity is in _bief_batches */
	int64_t newest; /* batch that is there under the identity; -1 */
	/* the rows */
	struct pgcolumn *columns; /* that the stream has, in a row's order */
	size_t n, room;
	uint64_t id; /* of the shape that from is right for */
	int *from;   /* each column's field in it; -1: none */
	size_t nfrom;
	struct buf text; /* that are gathered */
	struct pgtable_part *parts;
	size_t nparts, roomparts;
	uint64_t rows; /* of the batch */
	bool nulls;    /* a key of one is null */
	/* the transaction */
	int64_t writing;
	bool open;
	bool sent; /* what was gathered is not all here any more */
	bool copying;
	bool cleared;  /* of a complete result: the old one is gone */
	size_t staged; /* columns of the temporary table; 0: there is none */
	bool same;     /* there is nothing to write */
	struct buf sql, tmp;
};

/* ---- pgtable_name.c ---- */

/* NAME or SCHEMA.NAME taken apart; both are the caller's to free, the schema
 * NULL where none is given.  0, or -1, STATUS_USAGE: both are NULL. */
int pgtable_name_parse(
	const char *table, char **schema, char **name, struct err *err);

/* ---- pgtable_sql.c ---- */

/* t->sql, which begins anew. */
struct buf *pgtable_sql(struct pgtable *t, const char *begin);
/* Run the statement in t->sql. */
int pgtable_sql_run(struct pgtable *t, struct err *err);
/* ... which answers with one number; none: it has no row. */
int pgtable_sql_number(
	struct pgtable *t, int64_t none, int64_t *out, struct err *err);
/* Append a name in the table's schema. */
void pgtable_sql_beside(struct pgtable *t, struct buf *out, const char *name);

/* ---- pgtable_columns.c ---- */

/* The column of that name among n, or NULL. */
struct pgcolumn *pgtable_columns_find(
	struct pgcolumn *c, size_t n, const char *name);
/* What n columns hold; not the array. */
void pgtable_columns_free(struct pgcolumn *c, size_t n);
/* Of the table, if it exists: there, nthere and exists are set. */
int pgtable_columns_read(struct pgtable *t, struct err *err);
/* One more of the stream's, for a field of that name; -1, STATUS_USAGE: it
 * cannot be. */
int pgtable_columns_add(
	struct pgtable *t, const char *name, size_t n, struct err *err);
/* The stream's column of that name, or t->n. */
size_t pgtable_columns_at(const struct pgtable *t, const char *name);
/* Those that are known before the first record. */
int pgtable_columns_expect(struct pgtable *t, struct err *err);
/* Append the names of the first n, as in SQL. */
void pgtable_columns_put(struct pgtable *t, size_t n);
/* Make the table, or the columns that it lacks; then each of the stream's has
 * the type that the table says. */
int pgtable_columns_make(struct pgtable *t, struct err *err);

/* ---- pgtable_keys.c ---- */

/* Keys that are columns: what may be one, but no record has, is none. */
size_t pgtable_keys_count(const struct pgtable *t);
bool pgtable_keys_has(const struct pgtable *t, size_t column);
/* Append their names. */
void pgtable_keys_put(struct pgtable *t);
/* A unique index on exactly the keys: the table's own, or one that is made. */
int pgtable_keys_make(struct pgtable *t, struct err *err);
/* Keys of a table that is there must be its columns. */
int pgtable_keys_check(struct pgtable *t, struct err *err);

/* ---- pgtable_batches.c ---- */

/* What it says of this checkpoint: known and newest are set.  -1: also
 * STATUS_DAMAGED, the table is not as this checkpoint left it. */
int pgtable_batches_read(struct pgtable *t, struct err *err);
/* A checkpoint that it does not know yet. */
int pgtable_batches_add(struct pgtable *t, struct err *err);
/* Rows that are there, and nobody knows what to do with them. */
int pgtable_batches_check_rows(struct pgtable *t, struct err *err);
/* The batch that is written is the newest: 1; 0: it is there already; -1. */
int pgtable_batches_put(struct pgtable *t, struct err *err);

/* ---- pgtable_rows.c ---- */

/* Find the columns of a shape's fields.  0; 1: they cannot be columns, and
 * why. */
int pgtable_rows_places(
	struct pgtable *t, const struct shape *shape, struct err *err);
/* Gather a record of the shape whose places were found last.  0; 1: it cannot be
 * a row, and why. */
int pgtable_rows_put(
	struct pgtable *t, const struct record *r, struct err *err);

/* ---- pgtable_stage.c ---- */

/* Within a transaction.  Send what is gathered; the last COPY stays open. */
int pgtable_stage_send(struct pgtable *t, struct err *err);
/* End the COPY that is open, if one is. */
int pgtable_stage_end(struct pgtable *t, struct err *err);
/* Delete the old result, where a new one comes in its place; once. */
int pgtable_stage_clear(struct pgtable *t, struct err *err);
/* Rows from the temporary table to the real one: of each key the last. */
int pgtable_stage_merge(struct pgtable *t, struct err *err);
/* What was gathered has been sent, and need not be sent again. */
void pgtable_stage_forget(struct pgtable *t);

#endif
