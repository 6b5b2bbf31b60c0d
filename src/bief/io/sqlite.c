/*
 * sqlite: libsqlite3, by its names.
 */
#include "io/sqlite.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "value/value.h"

#define LIBRARY "libsqlite3.so.0"
#define WAIT_MS 60000 /* for the lock of another program */
#define PAUSE_US 2000

/* Of its interface, which does not change. */
enum { OK = 0, BUSY = 5, ROW = 100, DONE = 101 };
enum { READONLY = 1, READWRITE = 2, CREATE = 4 };
enum { LIMIT_COLUMN = 2 };
enum { INTEGER = 1, FLOAT = 2, TEXT = 3, NIL = 5 };
#define TRANSIENT ((void (*)(void *)) - 1)

struct sqlite3;

struct sqlite {
	struct sqlite3 *db;
	int (*open_v2)(const char *, struct sqlite3 **, int, const char *);
	int (*close)(struct sqlite3 *);
	const char *(*errmsg)(struct sqlite3 *);
	int (*exec)(struct sqlite3 *, const char *,
		int (*)(void *, int, char **, char **), void *, char **);
	int (*busy_timeout)(struct sqlite3 *, int);
	int (*get_autocommit)(struct sqlite3 *);
	int (*limit)(struct sqlite3 *, int, int);
	int (*prepare_v2)(struct sqlite3 *, const char *, int,
		struct sqlite_stmt **, const char **);
	int (*step)(struct sqlite_stmt *);
	int (*reset)(struct sqlite_stmt *);
	int (*finalize)(struct sqlite_stmt *);
	int (*clear_bindings)(struct sqlite_stmt *);
	int (*bind_null)(struct sqlite_stmt *, int);
	int (*bind_int64)(struct sqlite_stmt *, int, int64_t);
	int (*bind_double)(struct sqlite_stmt *, int, double);
	int (*bind_text)(
		struct sqlite_stmt *, int, const char *, int, void (*)(void *));
	int (*column_count)(struct sqlite_stmt *);
	const char *(*column_name)(struct sqlite_stmt *, int);
	int (*column_type)(struct sqlite_stmt *, int);
	int64_t (*column_int64)(struct sqlite_stmt *, int);
	double (*column_double)(struct sqlite_stmt *, int);
	const char *(*column_text)(struct sqlite_stmt *, int);
	int (*column_bytes)(struct sqlite_stmt *, int);
};

struct symbol {
	const char *name;
	size_t at;
};

#define SYMBOL(name)                                            \
	{                                                       \
		"sqlite3_" #name, offsetof(struct sqlite, name) \
	}

static const struct symbol symbols[] = {
	SYMBOL(open_v2),
	SYMBOL(close),
	SYMBOL(errmsg),
	SYMBOL(exec),
	SYMBOL(busy_timeout),
	SYMBOL(get_autocommit),
	SYMBOL(limit),
	SYMBOL(prepare_v2),
	SYMBOL(step),
	SYMBOL(reset),
	SYMBOL(finalize),
	SYMBOL(clear_bindings),
	SYMBOL(bind_null),
	SYMBOL(bind_int64),
	SYMBOL(bind_double),
	SYMBOL(bind_text),
	SYMBOL(column_count),
	SYMBOL(column_name),
	SYMBOL(column_type),
	SYMBOL(column_int64),
	SYMBOL(column_double),
	SYMBOL(column_text),
	SYMBOL(column_bytes),
};

static int
sqlite_load(struct sqlite *db, struct err *err)
{
	void *lib = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	size_t i;

	if (lib == NULL)
		return err_set(err,
			"cannot load SQLite: %s (install libsqlite3-0)",
			dlerror());
	for (i = 0; i < sizeof symbols / sizeof *symbols; i++) {
		void *p = dlsym(lib, symbols[i].name);

		if (p == NULL)
			return err_set(err, "cannot use '%s': it has no '%s'",
				LIBRARY, symbols[i].name);
		memcpy((char *)db + symbols[i].at, &p, sizeof p);
	}
	return 0;
}

/* What SQLite says went wrong; it names the lock, but not who has to act. */
static int
failed(struct sqlite *db, int rc, struct err *err)
{
	if ((rc & 0xFF) == BUSY)
		return err_set(err,
			"another program has kept it locked for a "
			"minute: let that one end its transaction, then start "
			"again");
	return err_set(err, "%s", db->errmsg(db->db));
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
	if (rc != BUSY || !db->get_autocommit(db->db) ||
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

	if (sqlite_load(db, err) < 0) {
		free(db);
		return NULL;
	}
	if (path == NULL)
		path = "";
	err_quote(quoted, sizeof quoted, path, strlen(path));
	if (db->open_v2(path, &db->db, write ? READWRITE | CREATE : READONLY,
		    NULL) != OK) {
		err_set(err, "cannot open '%s': %s", quoted,
			db->db != NULL ? db->errmsg(db->db) : "out of memory");
		sqlite_close(db);
		return NULL;
	}
	db->busy_timeout(db->db, WAIT_MS);
	return db;
}

void
sqlite_close(struct sqlite *db)
{
	if (db == NULL)
		return;
	if (db->db != NULL)
		db->close(db->db);
	free(db);
}

int
sqlite_exec(struct sqlite *db, const char *sql, struct err *err)
{
	int64_t since = time_monotonic();
	int rc;

	do
		rc = db->exec(db->db, sql, NULL, NULL, NULL);
	while (again(db, rc, since));
	return rc == OK ? 0 : failed(db, rc, err);
}

int
sqlite_int(struct sqlite *db, const char *sql, int64_t none, int64_t *out,
	struct err *err)
{
	struct sqlite_stmt *s = sqlite_prepare(db, sql, err);
	int rc;

	if (s == NULL)
		return -1;
	rc = sqlite_step(db, s, err);
	*out = rc == 1 && db->column_type(s, 0) != NIL ? db->column_int64(s, 0)
						       : none;
	sqlite_finalize(db, s);
	return rc < 0 ? -1 : 0;
}

struct sqlite_stmt *
sqlite_prepare(struct sqlite *db, const char *sql, struct err *err)
{
	struct sqlite_stmt *s = NULL;
	int64_t since = time_monotonic();
	int rc;

	do
		rc = db->prepare_v2(db->db, sql, -1, &s, NULL);
	while (again(db, rc, since));
	if (rc != OK)
		failed(db, rc, err);
	return rc == OK ? s : NULL;
}

void
sqlite_finalize(struct sqlite *db, struct sqlite_stmt *s)
{
	if (s != NULL)
		db->finalize(s);
}

int
sqlite_step(struct sqlite *db, struct sqlite_stmt *s, struct err *err)
{
	/* The many steps of a transaction do not look at the clock. */
	int64_t since = db->get_autocommit(db->db) ? time_monotonic() : 0;
	int rc;

	/* (A row that has come holds a lock: no later one is refused.) */
	while (rc = db->step(s), again(db, rc, since))
		db->reset(s);
	if (rc == ROW)
		return 1;
	if (rc != DONE)
		failed(db, rc, err);
	db->reset(s);
	return rc == DONE ? 0 : -1;
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
	return rc == OK ? 0 : failed(db, rc, err);
}

static int
bind_text(struct sqlite *db, struct sqlite_stmt *s, int i, const char *p,
	size_t n, struct err *err)
{
	return sqlite_bound(db,
		db->bind_text(s, i, n == 0 ? "" : p, (int)n, TRANSIENT), err);
}

/* The text that the stream has for it. */
static int
bind_spelling(struct sqlite *db, struct sqlite_stmt *s, int i,
	const struct value *v, struct buf *tmp, struct err *err)
{
	const char *p;
	size_t n;

	buf_clear(tmp);
	value_print(v, tmp);
	p = tmp->p;
	n = tmp->n;
	if (n >= 2 && *p == '"') { /* of a time, NaN: no escapes inside */
		p++;
		n -= 2;
	}
	return bind_text(db, s, i, p, n, err);
}

int
sqlite_bind(struct sqlite *db, struct sqlite_stmt *s, int i,
	const struct value *v, bool spelling, struct buf *tmp, struct err *err)
{
	struct value number;
	const char *p;
	size_t n;

	if (value_is_null(v))
		return sqlite_bound(db, db->bind_null(s, i), err);
	if (v->type == VALUE_STRING) {
		p = value_string(v, &n, tmp);
		return bind_text(db, s, i, p, n, err);
	}
	if (spelling)
		return bind_spelling(db, s, i, v, tmp, err);
	if (v->type == VALUE_BOOL)
		return sqlite_bound(db, db->bind_int64(s, i, v->i), err);
	number = value_number(v, false);
	if (number.type == VALUE_INT)
		return sqlite_bound(db, db->bind_int64(s, i, number.i), err);
	if (number.type == VALUE_DOUBLE && isfinite(number.d) &&
		!sqlite_exact(v))
		return sqlite_bound(db, db->bind_double(s, i, number.d), err);
	return bind_spelling(db, s, i, v, tmp, err);
}

int
sqlite_most_columns(struct sqlite *db)
{
	return db->limit(db->db, LIMIT_COLUMN, -1);
}

void
sqlite_clear(struct sqlite *db, struct sqlite_stmt *s)
{
	db->clear_bindings(s);
}

int
sqlite_columns(struct sqlite *db, struct sqlite_stmt *s)
{
	return db->column_count(s);
}

const char *
sqlite_column_name(struct sqlite *db, struct sqlite_stmt *s, int i)
{
	return db->column_name(s, i);
}

const char *
sqlite_column_text(struct sqlite *db, struct sqlite_stmt *s, int i, size_t *n)
{
	const char *p = db->column_text(s, i);

	*n = (size_t)db->column_bytes(s, i);
	return p == NULL ? "" : p;
}

void
sqlite_column(struct sqlite *db, struct sqlite_stmt *s, int i, struct value *v,
	struct buf *tmp)
{
	const char *p;
	size_t n;

	switch (db->column_type(s, i)) {
	case NIL:
		*v = value_null();
		break;
	case INTEGER:
		*v = value_int(db->column_int64(s, i));
		break;
	case FLOAT:
		*v = value_double(db->column_double(s, i));
		break;
	default:
		p = sqlite_column_text(db, s, i, &n);
		*v = value_text(p, n, tmp);
		break;
	}
}

static void
quoted(struct buf *sql, const char *s, char quote)
{
	buf_byte(sql, quote);
	for (; *s != '\0'; s++) {
		if (*s == quote)
			buf_byte(sql, quote);
		buf_byte(sql, *s);
	}
	buf_byte(sql, quote);
}

void
sqlite_name(struct buf *sql, const char *name)
{
	quoted(sql, name, '"');
}

void
sqlite_text(struct buf *sql, const char *text)
{
	quoted(sql, text, '\'');
}
