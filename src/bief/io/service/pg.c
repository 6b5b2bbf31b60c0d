/*
 * pg: libpq, by its own header.
 */
#include "io/service/pg.h"

#include <postgresql/libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/dl.h"
#include "floor/err.h"
#include "floor/mem.h"

#define NAMES(X)                     \
	X(PQclear)                   \
	X(PQcmdTuples)               \
	X(PQconndefaults)            \
	X(PQconnectdbParams)         \
	X(PQconnectionNeedsPassword) \
	X(PQconnectionUsedPassword)  \
	X(PQconninfoFree)            \
	X(PQconninfoParse)           \
	X(PQerrorMessage)            \
	X(PQexec)                    \
	X(PQfinish)                  \
	X(PQfname)                   \
	X(PQfreemem)                 \
	X(PQftype)                   \
	X(PQgetResult)               \
	X(PQgetisnull)               \
	X(PQgetlength)               \
	X(PQgetvalue)                \
	X(PQnfields)                 \
	X(PQntuples)                 \
	X(PQputCopyData)             \
	X(PQputCopyEnd)              \
	X(PQresultErrorField)        \
	X(PQresultErrorMessage)      \
	X(PQresultStatus)            \
	X(PQsendQuery)               \
	X(PQserverVersion)           \
	X(PQsetNoticeProcessor)      \
	X(PQsetSingleRowMode)        \
	X(PQstatus)

static struct {
	NAMES(DL_POINTER)
} pq;
static const struct dl library = {DL_PQ, "tables of PostgreSQL",
	(const char *const[]){NAMES(DL_NAME) NULL}};

struct pg {
	PGconn *conn;
};

#define RESULT(rows) ((const PGresult *)(rows))

/* ---- messages ---- */

/* As one line. */
static void
pg_put_line(struct buf *out, const char *text)
{
	size_t n = strlen(text);

	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
		n--;
	for (size_t i = 0; i < n; i++) {
		if (strchr(" \t\r\n", text[i]) == NULL)
			buf_byte(out, text[i]);
		else if (out->n == 0 || out->p[out->n - 1] != ' ')
			buf_byte(out, ' ');
	}
}

static int
say(struct err *err, struct buf *text)
{
	err_set(err, "%s", buf_cstr(text));
	buf_release(text);
	return -1;
}

static int
lost(struct pg *pg, struct err *err)
{
	struct buf text;

	buf_init(&text);
	buf_str(&text, "the connection to the server was lost: ");
	pg_put_line(&text, pq.PQerrorMessage(pg->conn));
	return say(err, &text);
}

static void
put_field(struct buf *text, const PGresult *r, int field, const char *between)
{
	const char *s = pq.PQresultErrorField(r, field);

	if (s == NULL)
		return;
	buf_str(text, between);
	pg_put_line(text, s);
}

/* What the server says about a statement, and where in the data. */
static int
refused(struct pg *pg, const PGresult *r, struct err *err)
{
	struct buf text;
	const char *where = pq.PQresultErrorField(r, PG_DIAG_CONTEXT);

	if (pq.PQstatus(pg->conn) == CONNECTION_BAD)
		return lost(pg, err);
	buf_init(&text);
	put_field(&text, r, PG_DIAG_MESSAGE_PRIMARY, "");
	if (text.n == 0)
		pg_put_line(&text, pq.PQresultErrorMessage(r));
	put_field(&text, r, PG_DIAG_MESSAGE_DETAIL, ": ");
	put_field(&text, r, PG_DIAG_MESSAGE_HINT, ": ");
	if (where != NULL && strncmp(where, "COPY ", 5) == 0)
		put_field(&text, r, PG_DIAG_CONTEXT, ": ");
	return say(err, &text);
}

/* What went wrong when there is no answer to look at. */
static int
pg_failed(struct pg *pg, struct err *err)
{
	struct buf text;

	if (pq.PQstatus(pg->conn) == CONNECTION_BAD)
		return lost(pg, err);
	buf_init(&text);
	pg_put_line(&text, pq.PQerrorMessage(pg->conn));
	return say(err, &text);
}

/* ---- connections ---- */

static bool
is_name(const char *conninfo)
{
	return strchr(conninfo, '=') == NULL && strstr(conninfo, "://") == NULL;
}

int
pg_check(const char *conninfo, struct err *err)
{
	PQconninfoOption *all;
	char *why = NULL;
	struct buf text;

	if (dl_open(&library, &pq, err) < 0)
		return -1;
	if (is_name(conninfo) && *conninfo != '\0')
		return 0;
	all = *conninfo == '\0' ? NULL : pq.PQconninfoParse(conninfo, &why);
	if (all != NULL) {
		pq.PQconninfoFree(all);
		return 0;
	}
	/* (What libpq says may hold all of it, with the password.) */
	buf_init(&text);
	pg_put_line(&text, why == NULL ? "it is empty" : why);
	pq.PQfreemem(why);
	err_as(err, STATUS_USAGE,
		"the connection string is wrong: %s: expected "
		"postgres://USER@HOST:PORT/DATABASE, 'host=HOST "
		"dbname=DATABASE' "
		"or the name of a database",
		strstr(conninfo, "password") == NULL &&
				strchr(conninfo, '@') == NULL
			? buf_cstr(&text)
			: "libpq cannot read it");
	buf_release(&text);
	return -1;
}

static const char *
option(const PQconninfoOption *all, const char *name)
{
	for (; all != NULL && all->keyword != NULL; all++)
		if (strcmp(all->keyword, name) == 0)
			return all->val;
	return NULL;
}

void
pg_describe(const char *conninfo, struct buf *out)
{
	PQconninfoOption *given, *defaults;
	const char *word[4];
	static const char *const names[4] = {"dbname", "host", "port", "user"};
	struct err none;

	if (dl_open(&library, &pq, &none) < 0)
		return;
	given = is_name(conninfo) ? NULL : pq.PQconninfoParse(conninfo, NULL);
	defaults = pq.PQconndefaults();
	for (int i = 0; i < 4; i++) {
		word[i] = option(given, names[i]);
		if (i == 0 && is_name(conninfo))
			word[i] = conninfo;
		if (i == 1 && word[i] == NULL)
			word[i] = option(given, "hostaddr");
		if (word[i] == NULL)
			word[i] = option(defaults, names[i]);
	}
	buf_printf(out, "database %s at %s:%s",
		word[0] != NULL           ? word[0]
			: word[3] != NULL ? word[3]
					  : "",
		word[1] != NULL ? word[1] : "localhost",
		word[2] != NULL ? word[2] : "5432");
	pq.PQconninfoFree(given);
	pq.PQconninfoFree(defaults);
}

static void
ignore(void *arg, const char *message)
{
}

static void
unreachable(struct pg *pg, struct err *err)
{
	struct buf text;

	buf_init(&text);
	pg_put_line(&text, pq.PQerrorMessage(pg->conn));
	buf_cstr(&text);
	if (pq.PQconnectionNeedsPassword(pg->conn))
		buf_str(&text, ": give one by PGPASSWORD or ~/.pgpass");
	else if (pq.PQconnectionUsedPassword(pg->conn) &&
		strstr(text.p, "password") != NULL)
		buf_str(&text,
			": the password is that of the connection "
			"string, PGPASSWORD or ~/.pgpass");
	else if (strstr(text.p, "database \"") != NULL &&
		strstr(text.p, "does not exist") != NULL)
		buf_str(&text, ": make it (createdb), or name another one");
	say(err, &text);
}

struct pg *
pg_open(const char *conninfo, struct err *err)
{
	/* What stands behind dbname, which holds all of it, is ours to say. */
	const char *keys[] = {"connect_timeout", "tcp_user_timeout", "dbname",
		"client_encoding", "fallback_application_name", NULL};
	const char *values[] = {"10", "60000", conninfo, "UTF8", "bief", NULL};
	int first = getenv("PGCONNECT_TIMEOUT") != NULL;
	struct pg *pg;

	if (dl_open(&library, &pq, err) < 0)
		return NULL;
	pg = mem_zalloc(sizeof *pg);
	pg->conn = pq.PQconnectdbParams(keys + first, values + first, 1);
	if (pg->conn == NULL || pq.PQstatus(pg->conn) != CONNECTION_OK) {
		unreachable(pg, err);
		pg_close(pg);
		return NULL;
	}
	pq.PQsetNoticeProcessor(pg->conn, ignore, NULL);
	if (pg_exec(pg,
		    "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; "
		    "SET standard_conforming_strings = on; "
		    "SET extra_float_digits = 3; SET bytea_output = 'hex'",
		    err) < 0) {
		pg_close(pg);
		return NULL;
	}
	return pg;
}

void
pg_close(struct pg *pg)
{
	if (pg == NULL)
		return;
	pq.PQfinish(pg->conn);
	free(pg);
}

bool
pg_lost(const struct pg *pg)
{
	return pq.PQstatus(pg->conn) == CONNECTION_BAD;
}

int
pg_version(const struct pg *pg)
{
	return pq.PQserverVersion(pg->conn);
}

/* ---- statements ---- */

int64_t
pg_exec(struct pg *pg, const char *sql, struct err *err)
{
	PGresult *r = pq.PQexec(pg->conn, sql);
	ExecStatusType status = pq.PQresultStatus(r);
	int64_t n = 0;

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
		refused(pg, r, err);
		n = -1;
	} else {
		n = strtoll(pq.PQcmdTuples(r), NULL, 10);
	}
	pq.PQclear(r);
	return n;
}

struct pg_rows *
pg_query(struct pg *pg, const char *sql, struct err *err)
{
	PGresult *r = pq.PQexec(pg->conn, sql);

	if (pq.PQresultStatus(r) == PGRES_TUPLES_OK)
		return (struct pg_rows *)r;
	refused(pg, r, err);
	pq.PQclear(r);
	return NULL;
}

int
pg_int(struct pg *pg, const char *sql, int64_t none, int64_t *out,
	struct err *err)
{
	struct pg_rows *rows = pg_query(pg, sql, err);
	const char *text = NULL;

	if (rows == NULL)
		return -1;
	if (pg_count(rows) > 0)
		text = pg_text(rows, 0, 0, NULL);
	*out = text != NULL ? strtoll(text, NULL, 10) : none;
	pg_free(rows);
	return 0;
}

int
pg_begin(struct pg *pg, const char *sql, struct err *err)
{
	if (pq.PQsendQuery(pg->conn, sql) == 0)
		return pg_failed(pg, err);
	pq.PQsetSingleRowMode(pg->conn);
	return 0;
}

int
pg_next(struct pg *pg, struct pg_rows **row, struct err *err)
{
	PGresult *r = pq.PQgetResult(pg->conn);

	*row = (struct pg_rows *)r;
	if (r == NULL)
		return 0;
	switch (pq.PQresultStatus(r)) {
	case PGRES_SINGLE_TUPLE:
	case PGRES_TUPLES_OK: /* the last: no row, but the columns' names */
		return 1;
	default:
		refused(pg, r, err);
		pq.PQclear(r);
		*row = NULL;
		return -1;
	}
}

void
pg_free(struct pg_rows *rows)
{
	pq.PQclear((PGresult *)rows);
}

int
pg_count(const struct pg_rows *rows)
{
	return pq.PQntuples(RESULT(rows));
}

int
pg_columns(const struct pg_rows *rows)
{
	return pq.PQnfields(RESULT(rows));
}

const char *
pg_column(const struct pg_rows *rows, int column)
{
	return pq.PQfname(RESULT(rows), column);
}

uint32_t
pg_type(const struct pg_rows *rows, int column)
{
	return pq.PQftype(RESULT(rows), column);
}

const char *
pg_text(const struct pg_rows *rows, int row, int column, size_t *n)
{
	if (n != NULL)
		*n = (size_t)pq.PQgetlength(RESULT(rows), row, column);
	return pq.PQgetisnull(RESULT(rows), row, column)
		? NULL
		: pq.PQgetvalue(RESULT(rows), row, column);
}

/* ---- COPY ---- */

int
pg_copy(struct pg *pg, const char *sql, struct err *err)
{
	PGresult *r = pq.PQexec(pg->conn, sql);
	int ret = 0;

	if (pq.PQresultStatus(r) != PGRES_COPY_IN)
		ret = refused(pg, r, err);
	pq.PQclear(r);
	return ret;
}

/* The server's answer to a COPY; all answers are to be taken. */
static int
copied(struct pg *pg, struct err *err)
{
	PGresult *r;
	int ret = 0;

	while ((r = pq.PQgetResult(pg->conn)) != NULL) {
		ExecStatusType status = pq.PQresultStatus(r);

		if (status != PGRES_COMMAND_OK && ret == 0)
			ret = refused(pg, r, err);
		pq.PQclear(r);
		if (status == PGRES_COPY_IN)
			break;
	}
	return ret;
}

int
pg_copy_data(struct pg *pg, const char *p, size_t n, struct err *err)
{
	size_t part;

	for (; n > 0; p += part, n -= part) {
		part = n < (1 << 20) ? n : 1 << 20;
		if (pq.PQputCopyData(pg->conn, p, (int)part) != 1) {
			if (copied(pg, err) == 0)
				pg_failed(pg, err);
			return -1;
		}
	}
	return 0;
}

int
pg_copy_end(struct pg *pg, struct err *err)
{
	if (pq.PQputCopyEnd(pg->conn, NULL) != 1) {
		if (copied(pg, err) == 0)
			pg_failed(pg, err);
		return -1;
	}
	return copied(pg, err);
}

/* ---- SQL ---- */

void
pg_name(struct buf *sql, const char *name)
{
	buf_doubled(sql, name, '"');
}

void
pg_literal(struct buf *sql, const char *text)
{
	buf_doubled(sql, text, '\'');
}
