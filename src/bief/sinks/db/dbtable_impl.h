/*
 * dbtable_impl: what the parts of dbtable share.  Statements are built in t->sql,
 * names in t->tmp.
 */
#ifndef BIEF_DBTABLE_IMPL_H
#define BIEF_DBTABLE_IMPL_H

#include "floor/buf.h"
#include "value/record.h"
#include "io/sqlite.h"
#include "sinks/db/dbcolumn.h"
#include "sinks/db/dbfile.h"
#include "sinks/db/dbtable.h"

struct dbtable_column {
	char *name;           /* plain */
	char *type;           /* what the table says; NULL: nothing */
	const char *declared; /* by the header; NULL: values keep their types */
	enum affinity affinity;
	bool made;  /* it is in the table */
	bool used;  /* the stream has it: others are left alone */
	bool exact; /* a key whose values' types are part of it */
};

struct dbtable {
	struct dbtable_options o;
	struct sqlite *db; /* the rows of a batch; and, attached to it, "out" */
	struct dbfile file;
	bool attached;
	struct dbtable_column
		*columns; /* column i is ci of the temporary table */
	size_t n, room;
	size_t staged;              /* columns that the temporary table has */
	struct sqlite3_stmt *stage; /* INSERT into it */
	uint64_t id;                /* of the shape that place is right for */
	int *place; /* its fields' columns; -1: one of that name follows */
	size_t nplace;
	uint64_t rows;  /* in the temporary table */
	int64_t newest; /* batch that is there under the identity; -1 */
	bool known;     /* the identity is in _bief_batches */
	int64_t writing;
	bool staging;   /* a transaction on the temporary table is open */
	bool exists;    /* the table does */
	size_t indexed; /* so many keys are unique together */
	bool open;      /* what was written waits for its commit */
	bool same;      /* ... and is no other result than the one before */
	bool changed;   /* a column is not as the rows were made for */
	struct buf tmp, sql;
};

/* ---- dbtable_sql.c ---- */

/* Run the statement in t->sql. */
int dbtable_sql_run(struct dbtable *t, struct err *err);
struct buf *dbtable_sql(struct dbtable *t, const char *begin);

/* ---- dbtable_columns.c ---- */

/* The column of a name, or t->n. */
size_t dbtable_columns_find(const struct dbtable *t, const char *name);
void dbtable_columns_drop(struct dbtable_column *c);
/* The column of a name, made at the end where there is none; SQLite does not
 * tell upper from lower case. */
size_t dbtable_columns_at(struct dbtable *t, const char *name);
int dbtable_columns_read(struct dbtable *t, struct err *err);
/* Make the table, or give it the columns that it lacks. */
int dbtable_columns_make(struct dbtable *t, struct err *err);
/* A column that the stream has.  The types of a key's values are part of it,
 * where no header says that they are all of one. */
void dbtable_columns_use(struct dbtable *t, size_t at);
/* The columns that are known before the first record. */
void dbtable_columns_expect(struct dbtable *t);

/* ---- dbtable_keys.c ---- */

/* Keys that are columns: what may be one, but no record has, is none. */
size_t dbtable_keys_count(const struct dbtable *t);
/*
 * The keys as they stand in the index: a null is a key like others, which
 * UNIQUE alone does not say; an empty blob is no value that a record has.  To
 * SQLite 1 and 1.0 are equal: where a column holds both the type tells them
 * apart.
 */
void dbtable_keys_put(struct dbtable *t);
/* The index that makes the keys unique; another one of its name is of an
 * earlier run with other keys. */
int dbtable_keys_make(struct dbtable *t, struct err *err);
/* Rows that a key is to tell apart must have it. */
int dbtable_keys_check(struct dbtable *t, struct err *err);
/* Rows to which others are added would meet those of their keys. */
int dbtable_keys_check_none(struct dbtable *t, struct err *err);

/* ---- dbtable_batches.c ---- */

int dbtable_batches_lost(
	const struct dbtable *t, int64_t batch, struct err *err);
/* What the table says of its batches, and what it has to say. */
int dbtable_batches_read(struct dbtable *t, struct err *err);
/* Rows that are there, and nobody knows what to do with them. */
int dbtable_batches_check_rows(struct dbtable *t, struct err *err);
/* The table is written from now on. */
int dbtable_batches_begin(struct dbtable *t, struct err *err);
int dbtable_batches_put(struct dbtable *t, int64_t batch, struct err *err);

/* ---- dbtable_stage.c ---- */

/* 0; 1: the record cannot be a row, and why; -1. */
int dbtable_stage_add(
	struct dbtable *t, const struct record *r, struct err *err);

#endif
