/*
 * dbtable: opening the database, as it is there or as one that is made, and a
 * batch into it.
 */
#include "sinks/db/dbtable.h"

#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "value/record.h"
#include "io/sqlite.h"
#include "sinks/db/dbtable_impl.h"

/* "table 'counts' in 'events.db': ..." */
static int
dbtable_say(const struct dbtable *t, struct err *err)
{
	char table[100], path[200];

	err_quote(table, sizeof table, t->o.table, strlen(t->o.table));
	err_quote(path, sizeof path, t->o.path, strlen(t->o.path));
	return err_in(err, "table '%s' in '%s'", table, path);
}

/* Begin a transaction that changes the table. */
static int
dbtable_begin(struct dbtable *t, struct err *err)
{
	return sqlite_exec(t->db, "BEGIN IMMEDIATE", err);
}

/* What is known before the first record. */
static int
dbtable_prepare(struct dbtable *t, struct err *err)
{
	const struct schema *fields = t->o.fields;

	if (dbtable_columns_read(t, err) != 0 ||
		dbtable_batches_read(t, err) < 0 ||
		dbtable_batches_check_rows(t, err) < 0 ||
		dbtable_keys_check_none(t, err) < 0 ||
		dbtable_keys_check(t, err) < 0)
		return -1;
	dbtable_columns_expect(t);
	if (fields != NULL && fields->n > 0 && dbtable_columns_make(t, err) < 0)
		return -1;
	if (t->o.mode == MODE_UPDATE && t->exists &&
		dbtable_keys_make(t, err) < 0)
		return -1;
	if (t->o.identity == NULL || t->known)
		return 0;
	return dbtable_batches_begin(t, err);
}

/* In a transaction of its own. */
static int
dbtable_look(struct dbtable *t, struct err *err)
{
	struct err undone = {0};

	if (dbtable_begin(t, err) < 0)
		return -1;
	if (dbtable_prepare(t, err) == 0)
		return sqlite_exec(t->db, "COMMIT", err);
	sqlite_exec(t->db, "ROLLBACK", &undone);
	return -1;
}

/* ---- the file ---- */

/* Where a path does not begin so, it could mean something else to SQLite. */
static int
dbtable_attach(struct dbtable *t, const char *path, struct err *err)
{
	buf_clear(&t->tmp);
	buf_printf(&t->tmp, "%s%s", *path == '/' ? "" : "./", path);
	sqlite_text(dbtable_sql(t, "ATTACH "), buf_cstr(&t->tmp));
	buf_str(&t->sql, " AS out");
	if (dbtable_sql_run(t, err) < 0)
		return -1;
	t->attached = true;
	dbtable_sql(
		t, "PRAGMA out.journal_mode = WAL; PRAGMA out.synchronous = ");
	buf_str(&t->sql, t->o.identity != NULL ? "FULL" : "NORMAL");
	return dbtable_sql_run(t, err);
}

/* The last to leave has the file for itself for a moment: let there be nothing
 * left to do then. */
static void
dbtable_leave(struct dbtable *t)
{
	struct err none;

	if (t->attached && t->file.there && !t->open)
		sqlite_exec(t->db, "PRAGMA out.wal_checkpoint(PASSIVE)", &none);
}

static int
dbtable_detach(struct dbtable *t, struct err *err)
{
	dbtable_leave(t);
	t->attached = false;
	return sqlite_exec(t->db, "DETACH out", err);
}

static int
dbtable_not_same(struct err *err)
{
	return err_set(err,
		"the database was deleted, renamed or replaced "
		"while it was in use, and what is written now would be lost: "
		"put it back, then start again");
}

/* The database that is there. */
static int
dbtable_open_there(struct dbtable *t, struct err *err)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		t->columns[i].made = false;
	t->exists = t->known = t->changed = false;
	t->indexed = 0;
	dbfile_tidy(&t->file);
	if (dbtable_attach(t, t->o.path, err) < 0 ||
		dbfile_know(&t->file, err) < 0 || dbtable_look(t, err) < 0)
		return -1;
	return !t->changed
		? 0
		: err_set(err,
			  "another program has made it in "
			  "the meantime, with columns of other types: start again");
}

/* Before something is written: to the database, or to what becomes it. */
static int
dbtable_reach(struct dbtable *t, struct err *err)
{
	if (t->file.there && !dbfile_same(&t->file))
		return dbtable_not_same(err);
	if (t->attached)
		return 0;
	if (t->file.there)
		return dbtable_attach(t, t->o.path, err);
	if (dbfile_exists(&t->file)) {
		dbfile_drop(&t->file);
		return dbtable_open_there(t, err);
	}
	return dbtable_attach(t, t->file.tmp, err) < 0 ? -1
						       : dbtable_look(t, err);
}

/* What was made is the database now: 0; 1, another one is, which was opened. */
static int
dbtable_publish(struct dbtable *t, struct err *err)
{
	int ret;

	/* All of it has to be in the file that gets the name: when SQLite closes
	 * it, it does not say what went wrong. */
	if (sqlite_exec(t->db, "PRAGMA out.wal_checkpoint(TRUNCATE)", err) !=
			0 ||
		dbtable_detach(t, err) < 0)
		return -1;
	ret = dbfile_publish(&t->file, err);
	if (ret == 1 && dbtable_open_there(t, err) < 0)
		ret = -1;
	return ret;
}

/* A table is made as soon as its columns are known. */
static int
dbtable_open_new(struct dbtable *t, struct err *err)
{
	if (t->o.committed >= 0)
		return dbtable_batches_lost(t, t->o.committed, err);
	t->newest = t->o.start;
	dbtable_columns_expect(t);
	if (dbfile_make(&t->file, err) < 0)
		return -1;
	if (t->o.fields == NULL || t->o.fields->n == 0)
		return 0;
	return dbtable_reach(t, err) < 0 ||
			(!t->file.there && dbtable_publish(t, err) < 0)
		? -1
		: 0;
}

struct dbtable *
dbtable_open(const struct dbtable_options *o, struct err *err)
{
	struct dbtable *t = mem_zalloc(sizeof *t);

	t->o = *o;
	t->newest = -1;
	t->file.path = o->path;
	buf_init(&t->tmp);
	buf_init(&t->sql);
	t->staged = 1;
	t->db = sqlite_open(NULL, true, err);
	if (t->db != NULL &&
		sqlite_exec(t->db, "CREATE TEMP TABLE stage (c0)", err) == 0 &&
		(dbfile_exists(&t->file) ? dbtable_open_there(t, err)
					 : dbtable_open_new(t, err)) == 0)
		return t;
	dbtable_say(t, err);
	dbtable_close(t);
	return NULL;
}

void
dbtable_close(struct dbtable *t)
{
	size_t i;

	if (t == NULL)
		return;
	if (t->db != NULL) {
		sqlite_finalize(t->db, t->stage);
		dbtable_leave(t);
	}
	sqlite_close(t->db);
	dbfile_drop(&t->file);
	for (i = 0; i < t->n; i++)
		dbtable_columns_drop(&t->columns[i]);
	free(t->columns);
	free(t->place);
	buf_release(&t->tmp);
	buf_release(&t->sql);
	free(t);
}

bool
dbtable_has(const struct dbtable *t, int64_t batch)
{
	return t->o.identity != NULL && batch <= t->newest;
}

int
dbtable_add(struct dbtable *t, const struct record *r, struct err *err)
{
	int ret = dbtable_stage_add(t, r, err);

	return ret < 0 ? dbtable_say(t, err) : ret;
}

/* Append a list of the columns that the stream has. */
static void
dbtable_put_columns(
	struct dbtable *t, const char *(*form)(struct dbtable *, size_t))
{
	const char *comma = "";
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (!t->columns[i].used)
			continue;
		buf_str(&t->sql, comma);
		buf_str(&t->sql, form(t, i));
		comma = ", ";
	}
}

static const char *
dbtable_as_name(struct dbtable *t, size_t i)
{
	buf_clear(&t->tmp);
	sqlite_name(&t->tmp, t->columns[i].name);
	return buf_cstr(&t->tmp);
}

static const char *
dbtable_as_stage(struct dbtable *t, size_t i)
{
	buf_clear(&t->tmp);
	buf_printf(&t->tmp, i < t->staged ? "c%zu" : "NULL", i);
	return buf_cstr(&t->tmp);
}

static const char *
dbtable_as_change(struct dbtable *t, size_t i)
{
	buf_clear(&t->tmp);
	sqlite_name(&t->tmp, t->columns[i].name);
	buf_str(&t->tmp, " = excluded.");
	sqlite_name(&t->tmp, t->columns[i].name);
	return buf_cstr(&t->tmp);
}

/* Rows from the temporary table to the real one. */
static int
dbtable_copy_rows(struct dbtable *t, struct err *err)
{
	sqlite_name(dbtable_sql(t, "INSERT INTO out."), t->o.table);
	buf_str(&t->sql, " (");
	dbtable_put_columns(t, dbtable_as_name);
	buf_str(&t->sql, ") SELECT ");
	dbtable_put_columns(t, dbtable_as_stage);
	buf_str(&t->sql, " FROM temp.stage WHERE true ORDER BY rowid");
	if (t->o.mode == MODE_UPDATE && dbtable_keys_count(t) > 0) {
		buf_str(&t->sql, " ON CONFLICT ");
		dbtable_keys_put(t);
		buf_str(&t->sql, " DO UPDATE SET ");
		dbtable_put_columns(t, dbtable_as_change);
	}
	return dbtable_sql_run(t, err);
}

static int
dbtable_write_rows(struct dbtable *t, int64_t batch, bool same, struct err *err)
{
	if (t->rows > 0 && dbtable_columns_make(t, err) < 0)
		return -1;
	/* a result without keys is one row */
	if (t->exists &&
		((t->o.mode == MODE_COMPLETE && !same) ||
			(t->o.mode == MODE_UPDATE && t->rows > 0 &&
				dbtable_keys_count(t) == 0))) {
		sqlite_name(dbtable_sql(t, "DELETE FROM out."), t->o.table);
		if (dbtable_sql_run(t, err) < 0)
			return -1;
	}
	if (t->o.mode == MODE_UPDATE && t->exists &&
		dbtable_keys_make(t, err) < 0)
		return -1;
	if (t->rows > 0 && dbtable_copy_rows(t, err) < 0)
		return -1;
	return t->o.identity != NULL ? dbtable_batches_put(t, batch, err) : 0;
}

/* The rows into the database, of which no reader knows yet. */
static int
dbtable_put_rows(struct dbtable *t, struct err *err)
{
	struct err undone = {0};

	if (dbtable_begin(t, err) < 0)
		return -1;
	t->open = true;
	if (dbtable_write_rows(t, t->writing, t->same, err) == 0)
		return 0;
	sqlite_exec(t->db, "ROLLBACK", &undone);
	t->open = false;
	return -1;
}

int
dbtable_write(struct dbtable *t, int64_t batch, bool same, struct err *err)
{
	if (t->staging && sqlite_exec(t->db, "COMMIT", err) < 0)
		return dbtable_say(t, err);
	t->staging = false;
	t->same = (same || t->o.mode != MODE_COMPLETE) && t->rows == 0;
	/* Where nothing changes the number is kept all the same, with a
	 * checkpoint, so that an old table is known. */
	if (t->same && t->o.identity == NULL)
		return 0;
	t->writing = batch;
	return dbtable_reach(t, err) < 0 || dbtable_put_rows(t, err) < 0
		? dbtable_say(t, err)
		: 0;
}

static int
dbtable_commit_rows(struct dbtable *t, struct err *err)
{
	if (sqlite_exec(t->db, "COMMIT", err) < 0)
		return -1;
	t->open = false;
	return 0;
}

int
dbtable_commit(struct dbtable *t, struct err *err)
{
	int ret = 0;

	if (!t->open)
		return 0;
	if (dbtable_commit_rows(t, err) < 0)
		return dbtable_say(t, err);
	if (!t->file.there)
		ret = dbtable_publish(t, err);
	else if (!dbfile_same(&t->file))
		ret = dbtable_not_same(err);
	/* Into the one that another program has made in the meantime. */
	if (ret == 1)
		ret = dbtable_put_rows(t, err) < 0
			? -1
			: dbtable_commit_rows(t, err);
	if (ret != 0 ||
		(t->rows > 0 &&
			sqlite_exec(t->db, "DELETE FROM temp.stage", err) < 0))
		return dbtable_say(t, err);
	t->rows = 0;
	t->newest = t->writing;
	return 0;
}

int
dbtable_end(struct dbtable *t, struct err *err)
{
	if (!t->file.there) {
		if (dbtable_reach(t, err) < 0 ||
			(!t->file.there && dbtable_publish(t, err) < 0))
			return dbtable_say(t, err);
	} else if (!dbfile_same(&t->file)) {
		dbtable_not_same(err);
		return dbtable_say(t, err);
	}
	return 0;
}
