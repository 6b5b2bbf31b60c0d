/*
 * sqlite: libsqlite3, opened with the first database.
 */
#include "io/service/sqlite.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/dl.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "value/value.h"

#define WAIT_MS 60000 /* for the lock of another program */
#define PAUSE_US 2000

#define NAMES(X)                  \
	X(sqlite3_open_v2)        \
	X(sqlite3_close)          \
	X(sqlite3_errmsg)         \
	X(sqlite3_exec)           \
	X(sqlite3_busy_timeout)   \
	X(sqlite3_get_autocommit) \
	X(sqlite3_limit)          \
	X(sqlite3_prepare_v2)     \
	X(sqlite3_step)           \
	X(sqlite3_reset)          \
	X(sqlite3_finalize)       \
	X(sqlite3_clear_bindings) \
	X(sqlite3_bind_null)      \
	X(sqlite3_bind_int64)     \
	X(sqlite3_bind_double)    \
	X(sqlite3_bind_text)      \
	X(sqlite3_column_count)   \
	X(sqlite3_column_name)    \
	X(sqlite3_column_type)    \
	X(sqlite3_column_int64)   \
	X(sqlite3_column_double)  \
	X(sqlite3_column_text)    \
	X(sqlite3_column_bytes)

static struct {
	NAMES(DL_POINTER)
} lib;
static const struct dl library = {DL_SQLITE, "SQLite databases",
	(const char *const[]){NAMES(DL_NAME) NULL}};

struct sqlite {
	sqlite3 *db;
};

/* What SQLite says went wrong; it names the lock, but not who has to act. */
static int
sqlite_failed(struct sqlite *db, int rc, struct err *err)
{
	if ((rc & 0xFF) == SQLITE_BUSY)
		return err_set(err,
			"another program has kept it locked for a "
			"minute: let that one end its transaction, then start "
			"again");
	return err_set(err, "%s", lib.sqlite3_errmsg(db->db));
}

/*
 * Another program makes the database one with a WAL, recovers it, or leaves it
 * as the last: that takes a moment, for which SQLite does not wait by itself.
 * Try again, then, outside of a transaction, which would have to be begun again;
 * since is when the first try began.
 */
static bool
again(struct sqlite *db, int rc, int64_t since)
{
	if (rc != SQLITE_BUSY || !lib.sqlite3_get_autocommit(db->db) ||
		time_monotonic() - since >= WAIT_MS * (TIME_SECOND / 1000))
		return false;
	usleep(PAUSE_US);
	return true;
}

struct sqlite *
sqlite_open(const char *path, bool write, struct err *err)
{
	struct sqlite *db = mem_zalloc(sizeof *db);
	char quoted[200];

	if (dl_open(&library, &lib, err) < 0) {
		free(db);
		return NULL;
	}
	if (path == NULL)
		path = "";
	err_quote(quoted, sizeof quoted, path, strlen(path));
	if (lib.sqlite3_open_v2(path, &db->db,
		    write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
			  : SQLITE_OPEN_READONLY,
		    NULL) != SQLITE_OK) {
		err_set(err, "cannot open '%s': %s", quoted,
			db->db != NULL ? lib.sqlite3_errmsg(db->db)
				       : "out of memory");
		sqlite_close(db);
		return NULL;
	}
	lib.sqlite3_busy_timeout(db->db, WAIT_MS);
	return db;
}

void
sqlite_close(struct sqlite *db)
{
	if (db == NULL)
		return;
	if (db->db != NULL)
		lib.sqlite3_close(db->db);
	free(db);
}

int
sqlite_exec(struct sqlite *db, const char *sql, struct err *err)
{
	int64_t since = time_monotonic();
	int rc;

	do
		rc = lib.sqlite3_exec(db->db, sql, NULL, NULL, NULL);
	while (again(db, rc, since));
	return rc == SQLITE_OK ? 0 : sqlite_failed(db, rc, err);
}

int
sqlite_int(struct sqlite *db, const char *sql, int64_t none, int64_t *out,
	struct err *err)
{
	sqlite3_stmt *s = sqlite_prepare(db, sql, err);
	int rc;

	if (s == NULL)
		return -1;
	rc = sqlite_step(db, s, err);
	*out = rc == 1 && lib.sqlite3_column_type(s, 0) != SQLITE_NULL
		? lib.sqlite3_column_int64(s, 0)
		: none;
	sqlite_finalize(db, s);
	return rc < 0 ? -1 : 0;
}

sqlite3_stmt *
sqlite_prepare(struct sqlite *db, const char *sql, struct err *err)
{
	sqlite3_stmt *s = NULL;
	int64_t since = time_monotonic();
	int rc;

	do
		rc = lib.sqlite3_prepare_v2(db->db, sql, -1, &s, NULL);
	while (again(db, rc, since));
	if (rc != SQLITE_OK)
		sqlite_failed(db, rc, err);
	return rc == SQLITE_OK ? s : NULL;
}

void
sqlite_finalize(struct sqlite *db, sqlite3_stmt *s)
{
	if (s != NULL)
		lib.sqlite3_finalize(s);
}

int
sqlite_step(struct sqlite *db, sqlite3_stmt *s, struct err *err)
{
	/* The many steps of a transaction do not look at the clock. */
	int64_t since = lib.sqlite3_get_autocommit(db->db) ? time_monotonic()
							   : 0;
	int rc;

	/* (A row that has come holds a lock: no later one is refused.) */
	while (rc = lib.sqlite3_step(s), again(db, rc, since))
		lib.sqlite3_reset(s);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		sqlite_failed(db, rc, err);
	lib.sqlite3_reset(s);
	return rc == SQLITE_DONE ? 0 : -1;
}

bool
sqlite_exact(const struct value *v)
{
	return v->type == VALUE_NUMBER && memchr(v->s, '.', v->n) == NULL &&
		memchr(v->s, 'e', v->n) == NULL &&
		memchr(v->s, 'E', v->n) == NULL &&
		value_number(v, false).type != VALUE_INT;
}

static int
sqlite_bound(struct sqlite *db, int rc, struct err *err)
{
	return rc == SQLITE_OK ? 0 : sqlite_failed(db, rc, err);
}

static int
bind_text(struct sqlite *db, sqlite3_stmt *s, int i, const char *p, size_t n,
	struct err *err)
{
	return sqlite_bound(db,
		lib.sqlite3_bind_text(
			s, i, n == 0 ? "" : p, (int)n, SQLITE_TRANSIENT),
		err);
}

/* The text that the stream has for it. */
static int
bind_spelling(struct sqlite *db, sqlite3_stmt *s, int i, const struct value *v,
	struct buf *tmp, struct err *err)
{
	size_t n;
	const char *p = value_spelling(v, &n, tmp);

	return bind_text(db, s, i, p, n, err);
}

int
sqlite_bind(struct sqlite *db, sqlite3_stmt *s, int i, const struct value *v,
	bool spelling, struct buf *tmp, struct err *err)
{
	struct value number;
	const char *p;
	size_t n;

	if (value_is_null(v))
		return sqlite_bound(db, lib.sqlite3_bind_null(s, i), err);
	if (v->type == VALUE_STRING) {
		p = value_string(v, &n, tmp);
		return bind_text(db, s, i, p, n, err);
	}
	if (spelling)
		return bind_spelling(db, s, i, v, tmp, err);
	if (v->type == VALUE_BOOL)
		return sqlite_bound(
			db, lib.sqlite3_bind_int64(s, i, v->i), err);
	number = value_number(v, false);
	if (number.type == VALUE_INT)
		return sqlite_bound(
			db, lib.sqlite3_bind_int64(s, i, number.i), err);
	if (number.type == VALUE_DOUBLE && isfinite(number.d) &&
		!sqlite_exact(v))
		return sqlite_bound(
			db, lib.sqlite3_bind_double(s, i, number.d), err);
	return bind_spelling(db, s, i, v, tmp, err);
}

int
sqlite_most_columns(struct sqlite *db)
{
	return lib.sqlite3_limit(db->db, SQLITE_LIMIT_COLUMN, -1);
}

void
sqlite_clear(struct sqlite *db, sqlite3_stmt *s)
{
	lib.sqlite3_clear_bindings(s);
}

int
sqlite_columns(struct sqlite *db, sqlite3_stmt *s)
{
	return lib.sqlite3_column_count(s);
}

const char *
sqlite_column_name(struct sqlite *db, sqlite3_stmt *s, int i)
{
	return lib.sqlite3_column_name(s, i);
}

const char *
sqlite_column_text(struct sqlite *db, sqlite3_stmt *s, int i, size_t *n)
{
	const char *p = (const char *)lib.sqlite3_column_text(s, i);

	*n = (size_t)lib.sqlite3_column_bytes(s, i);
	return p == NULL ? "" : p;
}

void
sqlite_column(struct sqlite *db, sqlite3_stmt *s, int i, struct value *v,
	struct buf *tmp)
{
	const char *p;
	size_t n;

	switch (lib.sqlite3_column_type(s, i)) {
	case SQLITE_NULL:
		*v = value_null();
		break;
	case SQLITE_INTEGER:
		*v = value_int(lib.sqlite3_column_int64(s, i));
		break;
	case SQLITE_FLOAT:
		*v = value_double(lib.sqlite3_column_double(s, i));
		break;
	default:
		p = sqlite_column_text(db, s, i, &n);
		*v = value_text(p, n, tmp);
		break;
	}
}

void
sqlite_name(struct buf *sql, const char *name)
{
	buf_doubled(sql, name, '"');
}

void
sqlite_text(struct buf *sql, const char *text)
{
	buf_doubled(sql, text, '\'');
}
