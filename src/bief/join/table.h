/*
 * table: a static table in memory, found by key.
 *
 * It is read from CSV, JSON lines or a database, whole, and never changes: to read
 * it again is to make a new one.  Rows with a null in their key are left out,
 * since nothing ever matches them.
 */
#ifndef BIEF_TABLE_H
#define BIEF_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct list;
struct schema;
struct stat;
struct value;
struct zone;

struct table_options {
	const char *path; /* a file, FILE:TABLE of SQLite, or
	                     postgres://...?table=NAME */
	char sep;         /* of CSV */
	bool header;      /* of CSV: the first line holds the names */
	const struct schema *schema; /* names and types, or NULL: inferred */
	const struct zone *zone;     /* of times that name none */
	const struct list *keys;     /* columns */
	const struct list *nulls;    /* of CSV: texts that are null, or NULL */
	/* Limits, 0: none; and whether it is time to end, NULL: never. */
	size_t max_line, max_state;
	bool (*stopping)(void);
	/* A row that cannot be taken: 1 to keep it, with null in what is wrong,
	 * 0 to leave it out, -1 with a message.  NULL: the latter. */
	int (*reject)(void *arg, const char *text, size_t n, const char *why);
	void *arg;
};

struct table {
	struct schema *fields; /* of the payload: all columns but the keys */
	size_t width;          /* of the payload */
	size_t rows;
	bool unique; /* no two rows have the same key */
	struct table_private *priv;
};

/* NULL with a message that names the file. */
struct table *table_load(const struct table_options *o, struct err *err);
void table_free(struct table *t);
/* Has what it was read from changed since, or gone? */
bool table_changed(const struct table *t);
/* The file that it was read from, as it was; false: it was none. */
bool table_seen(const struct table *t, struct stat *seen);
/* Is it the same, and unchanged? */
bool table_same(const struct stat *a, const struct stat *b);
/* What a table of this path is called in messages: table 'FILE', or table
 * 'NAME' of database ..., without passwords; in out, which is initialised. */
void table_describe(const char *path, struct buf *out);
/* Can it be read again?  Not what came by a pipe. */
bool table_again(const struct table *t);
/* Are the columns and types of the payload the same? */
bool table_alike(const struct table *a, const struct table *b);

/*
 * Append the bytes of part i of a key (from 0) to look for.  False: this value
 * matches nothing.  Numbers are compared by all their digits, 1 and 1.0 alike;
 * text with a column of numbers by the number that it spells, a number with a
 * column of text by its spelling.
 */
bool table_key(const struct table *t, size_t i, const struct value *v,
	struct buf *key);

#define TABLE_NONE UINT32_MAX
/* The first row of a key; the next one of the same key, in their order. */
uint32_t table_find(const struct table *t, const void *key, size_t n);
uint32_t table_next(const struct table *t, uint32_t row);
/* Its payload: width values. */
const struct value *table_row(const struct table *t, uint32_t row);

#endif
