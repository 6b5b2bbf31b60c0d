/*
 * pg: PostgreSQL databases, by libpq, which is loaded when the first one is
 * opened.
 *
 * A session has its times in UTC and in ISO's form, and its text in UTF-8.
 */
#ifndef BIEF_PG_H
#define BIEF_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct pg;      /* a connection */
struct pg_rows; /* the answer of a query */

/*
 * Is it a connection string that libpq takes?  A URI (postgres://...),
 * "host=... dbname=...", or the name of a database alone.  0, or -1,
 * STATUS_USAGE.
 */
int pg_check(const char *conninfo, struct err *err);
/* Append "database 'd' at HOST:PORT": without passwords. */
void pg_describe(const char *conninfo, struct buf *out);

/* NULL with a message. */
struct pg *pg_open(const char *conninfo, struct err *err);
void pg_close(struct pg *pg);
/* Is the connection gone? */
bool pg_lost(const struct pg *pg);
int pg_version(const struct pg *pg); /* of the server: 150018 */

/* Run statements that give no rows: how many rows the last one has changed, or
 * -1. */
int64_t pg_exec(struct pg *pg, const char *sql, struct err *err);
/* The first value of the first row of a query, or none when there is no row.
 * 0 or -1. */
int pg_int(struct pg *pg, const char *sql, int64_t none, int64_t *out,
	struct err *err);

/* All rows at once; NULL with a message. */
struct pg_rows *pg_query(struct pg *pg, const char *sql, struct err *err);
/* Or one after the other: begin, then rows until none is left (1, 0, -1); they
 * are all to be taken. */
int pg_begin(struct pg *pg, const char *sql, struct err *err);
int pg_next(struct pg *pg, struct pg_rows **row, struct err *err);
void pg_free(struct pg_rows *rows);
int pg_count(const struct pg_rows *rows);
int pg_columns(const struct pg_rows *rows);
const char *pg_column(const struct pg_rows *rows, int column);
uint32_t pg_type(const struct pg_rows *rows, int column);
/* NULL: it is null.  n may be NULL. */
const char *pg_text(const struct pg_rows *rows, int row, int column, size_t *n);

/* COPY ... FROM STDIN: begin, data, end.  0 or -1; behind a failure no end is
 * needed. */
int pg_copy(struct pg *pg, const char *sql, struct err *err);
int pg_copy_data(struct pg *pg, const char *p, size_t n, struct err *err);
int pg_copy_end(struct pg *pg, struct err *err);

/* Append a name or text as it stands in SQL: "a ""b""" or 'it''s'. */
void pg_name(struct buf *sql, const char *name);
void pg_literal(struct buf *sql, const char *text);

#endif
