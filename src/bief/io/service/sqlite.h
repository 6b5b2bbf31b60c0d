/*
 * sqlite: SQLite databases.  The library is loaded when the first one is
 * opened, so that nobody else pays for it.
 */
#ifndef BIEF_SQLITE_H
#define BIEF_SQLITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct sqlite;       /* an open database */
struct sqlite3_stmt; /* a prepared statement */
struct value;

/*
 * Open a database, to read (it must be there) or to write (it is made); one
 * without a path is private and temporary.  What another program has locked is
 * waited for, up to a minute.  NULL with a message.
 */
struct sqlite *sqlite_open(const char *path, bool write, struct err *err);
void sqlite_close(struct sqlite *db);

/* Run statements that give no rows. */
int sqlite_exec(struct sqlite *db, const char *sql, struct err *err);
/* The first column of the first row of a query, or none when there is no row.
 * Returns 0 or -1. */
int sqlite_int(struct sqlite *db, const char *sql, int64_t none, int64_t *out,
	struct err *err);

struct sqlite3_stmt *sqlite_prepare(
	struct sqlite *db, const char *sql, struct err *err);
void sqlite_finalize(struct sqlite *db, struct sqlite3_stmt *s);
/* 1: there is a row; 0: done, and ready to run again; -1: failed. */
int sqlite_step(struct sqlite *db, struct sqlite3_stmt *s, struct err *err);

/*
 * Give parameter i (from 1) a value: integers and doubles as they are, a
 * boolean as 0 or 1, all else as the text that the stream has for it; with
 * spelling, these too.  tmp is used for text and may be cleared at once.
 */
int sqlite_bind(struct sqlite *db, struct sqlite3_stmt *s, int i,
	const struct value *v, bool spelling, struct buf *tmp, struct err *err);
/* An integer beyond 64 bits: it keeps its digits, as text. */
bool sqlite_exact(const struct value *v);

/* So many columns a table can have. */
int sqlite_most_columns(struct sqlite *db);

/* Make all parameters null. */
void sqlite_clear(struct sqlite *db, struct sqlite3_stmt *s);

/* Columns of the row that is there, from 0. */
int sqlite_columns(struct sqlite *db, struct sqlite3_stmt *s);
const char *sqlite_column_name(
	struct sqlite *db, struct sqlite3_stmt *s, int i);
/* The text lives until the next step, or in tmp. */
void sqlite_column(struct sqlite *db, struct sqlite3_stmt *s, int i,
	struct value *v, struct buf *tmp);
const char *sqlite_column_text(
	struct sqlite *db, struct sqlite3_stmt *s, int i, size_t *n);

/* Append a name or text as it stands in SQL: "a ""b""" or 'it''s'. */
void sqlite_name(struct buf *sql, const char *name);
void sqlite_text(struct buf *sql, const char *text);

#endif
