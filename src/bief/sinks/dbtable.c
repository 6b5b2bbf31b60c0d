/*
 * dbtable: results in SQLite.
 */
#include "sinks/dbtable.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/buf.h"
#include "sinks/dbcolumn.h"
#include "sinks/dbfile.h"
#include "floor/err.h"
#include "value/json.h"
#include "value/record.h"
#include "types/schema.h"
#include "io/sqlite.h"
#include "value/value.h"

struct column {
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
	struct column *columns; /* column i is ci of the temporary table */
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

/* "table 'counts' in 'events.db': ..." */
static int
in_table(const struct dbtable *t, struct err *err)
{
	char table[100], path[200];

	err_quote(table, sizeof table, t->o.table, strlen(t->o.table));
	err_quote(path, sizeof path, t->o.path, strlen(t->o.path));
	return err_in(err, "table '%s' in '%s'", table, path);
}

/* Run the statement in t->sql. */
static int
run(struct dbtable *t, struct err *err)
{
	return sqlite_exec(t->db, buf_cstr(&t->sql), err);
}

static struct buf *
sql(struct dbtable *t, const char *begin)
{
	buf_clear(&t->sql);
	buf_str(&t->sql, begin);
	return &t->sql;
}

/* The column of a name, or t->n. */
static size_t
find_column(const struct dbtable *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (strcasecmp(t->columns[i].name, name) == 0)
			break;
	return i;
}

static void
drop_column(struct column *c)
{
	free(c->name);
	free(c->type);
}

/* The column of a name, made at the end where there is none; SQLite does not
 * tell upper from lower case. */
static size_t
column_at(struct dbtable *t, const char *name)
{
	struct column *c;
	size_t i = find_column(t, name);

	if (i < t->n)
		return i;
	if (t->n == t->room) {
		t->room = t->room * 2 + 16;
		t->columns = mem_realloc(
			t->columns, t->room * sizeof *t->columns);
	}
	c = &t->columns[t->n];
	*c = (struct column){.name = mem_dup(name, strlen(name))};
	return t->n++;
}

static struct column *
column(struct dbtable *t, const char *name)
{
	size_t at = column_at(t, name);

	return &t->columns[at];
}

/* A table may say that its columns take values as they are: ANY means that in
 * a strict one only. */
static bool
is_strict(struct dbtable *t)
{
	struct err none;
	int64_t strict = 0;

	sqlite_text(sql(t,
			    "SELECT strict FROM pragma_table_list WHERE "
			    "schema = 'out' AND name = "),
		t->o.table);
	return sqlite_int(t->db, buf_cstr(&t->sql), 0, &strict, &none) == 0 &&
		strict;
}

static int
read_columns(struct dbtable *t, struct err *err)
{
	struct sqlite3_stmt *s;
	const char *name;
	size_t n;
	int rc;

	sqlite_name(sql(t, "PRAGMA out.table_info("), t->o.table);
	buf_byte(&t->sql, ')');
	s = sqlite_prepare(t->db, buf_cstr(&t->sql), err);
	if (s == NULL)
		return -1;
	while ((rc = sqlite_step(t->db, s, err)) == 1) {
		struct column *c;
		enum affinity a;

		name = sqlite_column_text(t->db, s, 1, &n);
		c = column(t, name);
		name = sqlite_column_text(t->db, s, 2, &n);
		a = strcasecmp(name, "any") == 0 && is_strict(t)
			? AFFINITY_NONE
			: dbcolumn_affinity(name);
		t->changed |= t->rows > 0 && a != c->affinity;
		c->affinity = a;
		free(c->type);
		c->type = mem_dup(name, n);
		c->made = true;
		t->exists = true;
	}
	sqlite_finalize(t->db, s);
	return rc;
}

/* Append WHERE ...: the row that tells of our batches. */
static void
put_where(struct dbtable *t)
{
	buf_str(&t->sql, " WHERE name = ");
	sqlite_text(&t->sql, t->o.table);
	buf_str(&t->sql, " AND checkpoint = ");
	sqlite_text(&t->sql, t->o.identity);
	buf_str(&t->sql, " AND sink = ");
	sqlite_text(&t->sql, t->o.sink);
}

/* A run without a checkpoint would break what the table's own promises. */
static int
check_owner(struct dbtable *t, struct err *err)
{
	int64_t owned = 0;

	if (sqlite_int(t->db,
		    "SELECT 1 FROM out.sqlite_master WHERE name = "
		    "'_bief_batches'",
		    0, &owned, err) != 0)
		return -1;
	if (!owned)
		return 0;
	sqlite_text(sql(t, "SELECT 1 FROM out._bief_batches WHERE name = "),
		t->o.table);
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &owned, err) != 0)
		return -1;
	if (!owned)
		return 0;
	return err_as(err, STATUS_USAGE,
		"it belongs to a pipeline with a checkpoint, and this one has "
		"none: take another table, or give the source its "
		"--checkpoint");
}

static int
lost(const struct dbtable *t, int64_t batch, struct err *err)
{
	if (t->o.lost != NULL)
		*t->o.lost = true;
	return err_as(err, STATUS_DAMAGED,
		"it is gone, or older than the "
		"checkpoint, which has committed batch %lld to it: put it "
		"back, or start with a new checkpoint",
		(long long)batch);
}

/* What the table says of its batches, and what it has to say. */
static int
read_batches(struct dbtable *t, struct err *err)
{
	int64_t others = 0, known = 0, made = 0;

	if (t->o.identity == NULL)
		return check_owner(t, err);
	if (sqlite_exec(t->db,
		    "CREATE TABLE IF NOT EXISTS out._bief_batches ("
		    "name TEXT NOT NULL, checkpoint TEXT NOT NULL, "
		    "sink TEXT NOT NULL, batch INTEGER NOT NULL, "
		    "made INTEGER NOT NULL, "
		    "PRIMARY KEY (name, checkpoint, sink))",
		    err) != 0)
		return -1;
	sqlite_text(sql(t,
			    "SELECT count(*) FROM out._bief_batches "
			    "WHERE checkpoint <> "),
		t->o.identity);
	buf_str(&t->sql, " AND name = ");
	sqlite_text(&t->sql, t->o.table);
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &others, err) != 0)
		return -1;
	sql(t, "SELECT batch FROM out._bief_batches");
	put_where(t);
	if (sqlite_int(t->db, buf_cstr(&t->sql), -2, &known, err) != 0)
		return -1;
	sql(t, "SELECT made FROM out._bief_batches");
	put_where(t);
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &made, err) != 0)
		return -1;
	if ((made && !t->exists) ||
		(t->o.committed >= 0 && known < t->o.committed) ||
		(known != -2 && known < t->o.start))
		return lost(t, known > t->o.start ? known : t->o.start, err);
	if (known == -2 && others > 0 && !t->o.told)
		return err_as(err, STATUS_DAMAGED,
			"it belongs to another checkpoint: take another table, "
			"or say --mode to write to it all the same");
	t->known = known != -2;
	t->newest = t->known ? known : t->o.start;
	return 0;
}

/* Rows that are there, and nobody knows what to do with them. */
static int
check_rows(struct dbtable *t, struct err *err)
{
	int64_t any = 0;

	if (!t->exists || t->o.told || t->known ||
		(t->o.mode != MODE_NONE && t->o.identity == NULL))
		return 0;
	sqlite_name(sql(t, "SELECT 1 FROM out."), t->o.table);
	buf_str(&t->sql, " LIMIT 1");
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &any, err) != 0)
		return -1;
	if (!any)
		return 0;
	return err_as(err, STATUS_USAGE,
		"it has rows already: say --mode append to add to them, "
		"--mode update --key FIELD,... to change them, or --mode "
		"complete to replace them");
}

/* Begin a transaction that changes the table. */
static int
begin(struct dbtable *t, struct err *err)
{
	return sqlite_exec(t->db, "BEGIN IMMEDIATE", err);
}

static const char *
column_type(const struct column *c)
{
	return c->declared != NULL ? c->declared : "";
}

/* Make the table, or give it the columns that it lacks. */
static int
make_columns(struct dbtable *t, struct err *err)
{
	struct column *c;
	size_t i;

	if (!t->exists) {
		sqlite_name(sql(t, "CREATE TABLE out."), t->o.table);
		for (i = 0; i < t->n; i++) {
			c = &t->columns[i];
			buf_str(&t->sql, i == 0 ? " (" : ", ");
			sqlite_name(&t->sql, c->name);
			buf_printf(&t->sql, " %s", column_type(c));
			c->made = true;
		}
		buf_byte(&t->sql, ')');
		t->exists = true;
		return run(t, err);
	}
	for (i = 0; i < t->n; i++) {
		c = &t->columns[i];
		if (c->made)
			continue;
		sqlite_name(sql(t, "ALTER TABLE out."), t->o.table);
		buf_str(&t->sql, " ADD COLUMN ");
		sqlite_name(&t->sql, c->name);
		buf_printf(&t->sql, " %s", column_type(c));
		if (run(t, err) != 0)
			return -1;
		c->made = true;
	}
	return 0;
}

/* Keys that are columns: what may be one, but no record has, is none. */
static size_t
count_keys(const struct dbtable *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->o.keys->n; i++)
		n += find_column(t, t->o.keys->s[i]) < t->n;
	return n;
}

/*
 * The keys as they stand in the index: a null is a key like others, which
 * UNIQUE alone does not say; an empty blob is no value that a record has.  To
 * SQLite 1 and 1.0 are equal: where a column holds both the type tells them
 * apart.
 */
static void
put_keys(struct dbtable *t)
{
	const char *comma = "(";
	size_t i, at;

	for (i = 0; i < t->o.keys->n; i++) {
		at = find_column(t, t->o.keys->s[i]);
		if (at == t->n)
			continue;
		if (t->columns[at].affinity == AFFINITY_NONE) {
			buf_printf(&t->sql, "%stypeof(", comma);
			sqlite_name(&t->sql, t->o.keys->s[i]);
			buf_byte(&t->sql, ')');
			comma = ", ";
		}
		buf_printf(&t->sql, "%sifnull(", comma);
		sqlite_name(&t->sql, t->o.keys->s[i]);
		buf_str(&t->sql, ", x'')");
		comma = ", ";
	}
	buf_byte(&t->sql, ')');
}

static void
put_index(struct dbtable *t)
{
	buf_clear(&t->tmp);
	buf_printf(&t->tmp, "_bief_key_%s", t->o.table);
	sqlite_name(&t->sql, buf_cstr(&t->tmp));
}

/* The index that makes the keys unique; another one of its name is of an
 * earlier run with other keys. */
static int
make_index(struct dbtable *t, struct err *err)
{
	int64_t same = 0;
	struct buf text;

	if (t->indexed == count_keys(t))
		return 0;
	buf_init(&text);
	sql(t, "");
	put_index(t);
	buf_str(&t->sql, " ON ");
	sqlite_name(&t->sql, t->o.table);
	buf_byte(&t->sql, ' ');
	put_keys(t);
	buf_str(&text, buf_cstr(&t->sql));
	buf_clear(&t->tmp);
	buf_printf(&t->tmp, "CREATE UNIQUE INDEX %s", buf_cstr(&text));
	sqlite_text(sql(t, "SELECT 1 FROM out.sqlite_master WHERE sql = "),
		buf_cstr(&t->tmp));
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &same, err) != 0)
		goto failed;
	if (!same) {
		sql(t, "DROP INDEX IF EXISTS out.");
		put_index(t);
		if (run(t, err) != 0)
			goto failed;
		buf_str(sql(t, "CREATE UNIQUE INDEX out."), buf_cstr(&text));
		if (run(t, err) != 0) {
			err_in(err, "the keys do not tell its rows apart");
			goto failed;
		}
	}
	t->indexed = count_keys(t);
	buf_release(&text);
	return 0;
failed:
	buf_release(&text);
	return -1;
}

/* Rows that a key is to tell apart must have it. */
static int
check_columns(struct dbtable *t, struct err *err)
{
	int64_t any = 0;

	if (!t->exists || !t->o.told || t->o.mode != MODE_UPDATE)
		return 0;
	sqlite_name(sql(t, "SELECT 1 FROM out."), t->o.table);
	buf_str(&t->sql, " LIMIT 1");
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &any, err) != 0)
		return -1;
	for (size_t i = 0; any && i < t->o.keys->n; i++)
		if (find_column(t, t->o.keys->s[i]) == t->n)
			return err_as(err, STATUS_USAGE,
				"it has rows, but no column '%s' to tell them "
				"apart",
				t->o.keys->s[i]);
	return 0;
}

/* Rows to which others are added would meet those of their keys. */
static int
check_index(struct dbtable *t, struct err *err)
{
	int64_t any = 0;

	if (!t->exists || t->o.told || t->o.mode != MODE_APPEND)
		return 0;
	buf_clear(&t->tmp);
	buf_printf(&t->tmp, "_bief_key_%s", t->o.table);
	sqlite_text(sql(t, "SELECT 1 FROM out.sqlite_master WHERE name = "),
		buf_cstr(&t->tmp));
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &any, err) != 0)
		return -1;
	return !any
		? 0
		: err_as(err, STATUS_USAGE,
			  "its rows have a key, from mode update, and what comes now is "
			  "appended: go back to mode update, or take another table");
}

/* A column that the stream has.  The types of a key's values are part of it,
 * where no header says that they are all of one. */
static void
use_column(struct dbtable *t, size_t at)
{
	struct column *c = &t->columns[at];

	if (c->used)
		return;
	c->used = true;
	for (size_t i = 0; i < t->o.keys->n; i++)
		c->exact |= t->o.mode == MODE_UPDATE && c->declared == NULL &&
			strcasecmp(t->o.keys->s[i], c->name) == 0;
}

/* The columns that are known before the first record. */
static void
expect_columns(struct dbtable *t)
{
	const struct schema *fields = t->o.fields;
	struct column *c;
	size_t i, at;

	for (i = 0; fields != NULL && i < fields->n; i++) {
		at = column_at(t, fields->f[i].name);
		c = &t->columns[at];
		c->declared = dbcolumn_declared(fields->f[i].type);
		if (!c->made && c->declared != NULL)
			c->affinity = dbcolumn_affinity(c->declared);
		use_column(t, at);
	}
	for (i = 0; t->o.told && t->o.mode == MODE_UPDATE && i < t->o.keys->n;
		i++)
		use_column(t, column_at(t, t->o.keys->s[i]));
}

/* What is known before the first record. */
static int
prepare(struct dbtable *t, struct err *err)
{
	const struct schema *fields = t->o.fields;

	if (read_columns(t, err) != 0 || read_batches(t, err) != 0 ||
		check_rows(t, err) != 0 || check_index(t, err) != 0 ||
		check_columns(t, err) != 0)
		return -1;
	expect_columns(t);
	if (fields != NULL && fields->n > 0 && make_columns(t, err) != 0)
		return -1;
	if (t->o.mode == MODE_UPDATE && t->exists && make_index(t, err) != 0)
		return -1;
	if (t->o.identity == NULL)
		return 0;
	if (t->known)
		return 0;
	sqlite_text(
		sql(t, "INSERT INTO out._bief_batches VALUES ("), t->o.table);
	buf_str(&t->sql, ", ");
	sqlite_text(&t->sql, t->o.identity);
	buf_str(&t->sql, ", ");
	sqlite_text(&t->sql, t->o.sink);
	buf_printf(&t->sql, ", %lld, %d)", (long long)t->newest, t->exists);
	return run(t, err);
}

/* In a transaction of its own. */
static int
look(struct dbtable *t, struct err *err)
{
	struct err undone = {0};

	if (begin(t, err) != 0)
		return -1;
	if (prepare(t, err) == 0)
		return sqlite_exec(t->db, "COMMIT", err);
	sqlite_exec(t->db, "ROLLBACK", &undone);
	return -1;
}

/* ---- the file ---- */

/* Where a path does not begin so, it could mean something else to SQLite. */
static int
attach(struct dbtable *t, const char *path, struct err *err)
{
	buf_clear(&t->tmp);
	buf_printf(&t->tmp, "%s%s", *path == '/' ? "" : "./", path);
	sqlite_text(sql(t, "ATTACH "), buf_cstr(&t->tmp));
	buf_str(&t->sql, " AS out");
	if (run(t, err) != 0)
		return -1;
	t->attached = true;
	sql(t, "PRAGMA out.journal_mode = WAL; PRAGMA out.synchronous = ");
	buf_str(&t->sql, t->o.identity != NULL ? "FULL" : "NORMAL");
	return run(t, err);
}

/* The last to leave has the file for itself for a moment: let there be nothing
 * left to do then. */
static void
leave(struct dbtable *t)
{
	struct err none;

	if (t->attached && t->file.there && !t->open)
		sqlite_exec(t->db, "PRAGMA out.wal_checkpoint(PASSIVE)", &none);
}

static int
detach(struct dbtable *t, struct err *err)
{
	leave(t);
	t->attached = false;
	return sqlite_exec(t->db, "DETACH out", err);
}

static int
not_same(struct err *err)
{
	return err_set(err,
		"the database was deleted, renamed or replaced "
		"while it was in use, and what is written now would be lost: "
		"put it back, then start again");
}

/* The database that is there. */
static int
open_there(struct dbtable *t, struct err *err)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		t->columns[i].made = false;
	t->exists = t->known = t->changed = false;
	t->indexed = 0;
	dbfile_tidy(&t->file);
	if (attach(t, t->o.path, err) != 0 || dbfile_know(&t->file, err) != 0 ||
		look(t, err) != 0)
		return -1;
	return !t->changed
		? 0
		: err_set(err,
			  "another program has made it in "
			  "the meantime, with columns of other types: start again");
}

/* Before something is written: to the database, or to what becomes it. */
static int
reach(struct dbtable *t, struct err *err)
{
	if (t->file.there && !dbfile_same(&t->file))
		return not_same(err);
	if (t->attached)
		return 0;
	if (t->file.there)
		return attach(t, t->o.path, err);
	if (dbfile_exists(&t->file)) {
		dbfile_drop(&t->file);
		return open_there(t, err);
	}
	return attach(t, t->file.tmp, err) != 0 ? -1 : look(t, err);
}

/* What was made is the database now: 0; 1, another one is, which was opened. */
static int
publish(struct dbtable *t, struct err *err)
{
	int ret;

	/* All of it has to be in the file that gets the name: when SQLite closes
	 * it, it does not say what went wrong. */
	if (sqlite_exec(t->db, "PRAGMA out.wal_checkpoint(TRUNCATE)", err) !=
			0 ||
		detach(t, err) != 0)
		return -1;
	ret = dbfile_publish(&t->file, err);
	if (ret == 1 && open_there(t, err) != 0)
		ret = -1;
	return ret;
}

/* A table is made as soon as its columns are known. */
static int
open_new(struct dbtable *t, struct err *err)
{
	if (t->o.committed >= 0)
		return lost(t, t->o.committed, err);
	t->newest = t->o.start;
	expect_columns(t);
	if (dbfile_make(&t->file, err) != 0)
		return -1;
	if (t->o.fields == NULL || t->o.fields->n == 0)
		return 0;
	return reach(t, err) != 0 || (!t->file.there && publish(t, err) < 0)
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
		(dbfile_exists(&t->file) ? open_there(t, err)
					 : open_new(t, err)) == 0)
		return t;
	in_table(t, err);
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
		leave(t);
	}
	sqlite_close(t->db);
	dbfile_drop(&t->file);
	for (i = 0; i < t->n; i++)
		drop_column(&t->columns[i]);
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

/* Two fields of a record that are one column: of one name the last one counts,
 * of names that only SQLite takes for one none can. */
static int
same_column(struct dbtable *t, const struct shape *shape, uint32_t k,
	uint32_t i, struct err *err)
{
	const struct shape_name *a = &shape->names[k], *b = &shape->names[i];
	char one[100], other[100];

	if (a->n != b->n || memcmp(a->s, b->s, b->n) != 0)
		return err_set(err,
			"fields '%s' and '%s' are one column to "
			"SQLite: rename one",
			err_quote(one, sizeof one, a->s, a->n),
			err_quote(other, sizeof other, b->s, b->n));
	t->place[k] = -1;
	return 0;
}

static int
place_fields(struct dbtable *t, const struct shape *shape, struct err *err)
{
	size_t at, most = (size_t)sqlite_most_columns(t->db);
	uint32_t i, k;

	for (i = 0; i < shape->n; i++) {
		buf_clear(&t->tmp);
		json_unquote(&t->tmp, shape->names[i].s, shape->names[i].n);
		buf_cstr(&t->tmp);
		if (memchr(t->tmp.p, '\0', t->tmp.n) != NULL)
			return err_set(err,
				"a field's name holds a NUL, which "
				"no column's can: rename it");
		at = column_at(t, t->tmp.p);
		if (at >= most)
			return err_set(err,
				"its fields are more than the %zu "
				"columns that a table of SQLite can have: pick "
				"those that are needed",
				most);
		for (k = 0; k < i; k++)
			if (t->place[k] == (int)at &&
				same_column(t, shape, k, i, err) != 0)
				return -1;
		t->place[i] = (int)at;
	}
	return 0;
}

/* Where the fields of a shape go.  1: nowhere, and nothing has changed. */
static int
places(struct dbtable *t, const struct shape *shape, struct err *err)
{
	size_t before = t->n;
	uint32_t i;

	if (shape->n > t->nplace) {
		t->nplace = shape->n;
		t->place = mem_realloc(t->place, shape->n * sizeof *t->place);
	}
	t->id = 0;
	if (place_fields(t, shape, err) != 0) {
		while (t->n > before)
			drop_column(&t->columns[--t->n]);
		return 1;
	}
	if (t->n == 0) {
		err_set(err, "it has no fields, and a row needs a column");
		return 1;
	}
	for (i = 0; i < shape->n; i++)
		if (t->place[i] >= 0)
			use_column(t, (size_t)t->place[i]);
	t->id = shape->id;
	return 0;
}

/* Give the temporary table a place for each column: one that has rows grows,
 * one that has none is made anew, all at once. */
static int
grow_stage(struct dbtable *t, struct err *err)
{
	size_t i;

	if (t->rows == 0) {
		sql(t, "DROP TABLE temp.stage; CREATE TEMP TABLE stage (c0");
		for (i = 1; i < t->n; i++)
			buf_printf(&t->sql, ", c%zu", i);
		buf_byte(&t->sql, ')');
		if (run(t, err) != 0)
			return -1;
		t->staged = t->n;
	}
	for (; t->staged < t->n; t->staged++) {
		sql(t, "ALTER TABLE temp.stage ADD COLUMN ");
		buf_printf(&t->sql, "c%zu", t->staged);
		if (run(t, err) != 0)
			return -1;
	}
	return 0;
}

/* The statement that adds a row to the temporary table. */
static int
make_stage(struct dbtable *t, struct err *err)
{
	size_t i;

	sqlite_finalize(t->db, t->stage);
	t->stage = NULL;
	if (t->staged < t->n && grow_stage(t, err) != 0)
		return -1;
	sql(t, "INSERT INTO temp.stage VALUES (?");
	for (i = 1; i < t->staged; i++)
		buf_str(&t->sql, ", ?");
	buf_byte(&t->sql, ')');
	t->stage = sqlite_prepare(t->db, buf_cstr(&t->sql), err);
	return t->stage == NULL ? -1 : 0;
}

/* What the table's own column would change. */
static int
would_change(struct dbtable *t, const struct column *c, const struct value *v,
	struct err *err)
{
	char name[100], type[60], text[100];
	const char *declared = c->type != NULL ? c->type : c->declared;

	buf_clear(&t->tmp);
	value_print(v, &t->tmp);
	err_quote(name, sizeof name, c->name, strlen(c->name));
	err_quote(type, sizeof type, declared, strlen(declared));
	err_quote(text, sizeof text, t->tmp.p, t->tmp.n);
	err_set(err,
		"column '%s' is %s and would change %s%s: give the field "
		"that type (parse-json --schema), or write to a table whose "
		"column has no type",
		name, type, c->exact ? "the key " : "", text);
	return 1;
}

/* A row of the temporary table. */
static int
stage_row(struct dbtable *t, const struct record *r, struct err *err)
{
	const struct column *c;
	uint32_t i;

	for (i = 0; i < r->shape->n; i++) {
		if (t->place[i] < 0)
			continue;
		c = &t->columns[t->place[i]];
		if (!dbcolumn_keeps(c->affinity, c->exact, &r->v[i], &t->tmp))
			return would_change(t, c, &r->v[i], err);
		if (sqlite_bind(t->db, t->stage, t->place[i] + 1, &r->v[i],
			    c->affinity == AFFINITY_TEXT, &t->tmp, err) != 0)
			return -1;
	}
	return sqlite_step(t->db, t->stage, err);
}

int
dbtable_add(struct dbtable *t, const struct record *r, struct err *err)
{
	int ret;

	if (!t->staging) {
		/* of the temporary table alone: no lock is taken */
		if (sqlite_exec(t->db, "BEGIN", err) != 0)
			return in_table(t, err);
		t->staging = true;
	}
	if (t->id != r->shape->id || t->stage == NULL) {
		if (places(t, r->shape, err) != 0)
			return 1;
		if ((t->stage == NULL || t->staged < t->n) &&
			make_stage(t, err) != 0)
			return in_table(t, err);
		sqlite_clear(t->db, t->stage);
	}
	ret = stage_row(t, r, err);
	t->rows += ret == 0;
	return ret < 0 ? in_table(t, err) : ret;
}

/* Append a list of the columns that the stream has. */
static void
put_columns(struct dbtable *t, const char *(*form)(struct dbtable *, size_t))
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
as_name(struct dbtable *t, size_t i)
{
	buf_clear(&t->tmp);
	sqlite_name(&t->tmp, t->columns[i].name);
	return buf_cstr(&t->tmp);
}

static const char *
as_stage(struct dbtable *t, size_t i)
{
	buf_clear(&t->tmp);
	buf_printf(&t->tmp, i < t->staged ? "c%zu" : "NULL", i);
	return buf_cstr(&t->tmp);
}

static const char *
as_change(struct dbtable *t, size_t i)
{
	buf_clear(&t->tmp);
	sqlite_name(&t->tmp, t->columns[i].name);
	buf_str(&t->tmp, " = excluded.");
	sqlite_name(&t->tmp, t->columns[i].name);
	return buf_cstr(&t->tmp);
}

/* Rows from the temporary table to the real one. */
static int
copy_rows(struct dbtable *t, struct err *err)
{
	sqlite_name(sql(t, "INSERT INTO out."), t->o.table);
	buf_str(&t->sql, " (");
	put_columns(t, as_name);
	buf_str(&t->sql, ") SELECT ");
	put_columns(t, as_stage);
	buf_str(&t->sql, " FROM temp.stage WHERE true ORDER BY rowid");
	if (t->o.mode == MODE_UPDATE && count_keys(t) > 0) {
		buf_str(&t->sql, " ON CONFLICT ");
		put_keys(t);
		buf_str(&t->sql, " DO UPDATE SET ");
		put_columns(t, as_change);
	}
	return run(t, err);
}

static int
put_batch(struct dbtable *t, int64_t batch, struct err *err)
{
	sql(t, "UPDATE out._bief_batches SET batch = ");
	buf_printf(&t->sql, "%lld, made = %d", (long long)batch, t->exists);
	put_where(t);
	return run(t, err);
}

static int
write_rows(struct dbtable *t, int64_t batch, bool same, struct err *err)
{
	if (t->rows > 0 && make_columns(t, err) != 0)
		return -1;
	/* a result without keys is one row */
	if (t->exists &&
		((t->o.mode == MODE_COMPLETE && !same) ||
			(t->o.mode == MODE_UPDATE && t->rows > 0 &&
				count_keys(t) == 0))) {
		sqlite_name(sql(t, "DELETE FROM out."), t->o.table);
		if (run(t, err) != 0)
			return -1;
	}
	if (t->o.mode == MODE_UPDATE && t->exists && make_index(t, err) != 0)
		return -1;
	if (t->rows > 0 && copy_rows(t, err) != 0)
		return -1;
	return t->o.identity != NULL ? put_batch(t, batch, err) : 0;
}

/* The rows into the database, of which no reader knows yet. */
static int
put_rows(struct dbtable *t, struct err *err)
{
	struct err undone = {0};

	if (begin(t, err) != 0)
		return -1;
	t->open = true;
	if (write_rows(t, t->writing, t->same, err) == 0)
		return 0;
	sqlite_exec(t->db, "ROLLBACK", &undone);
	t->open = false;
	return -1;
}

int
dbtable_write(struct dbtable *t, int64_t batch, bool same, struct err *err)
{
	if (t->staging && sqlite_exec(t->db, "COMMIT", err) != 0)
		return in_table(t, err);
	t->staging = false;
	t->same = (same || t->o.mode != MODE_COMPLETE) && t->rows == 0;
	/* Where nothing changes the number is kept all the same, with a
	 * checkpoint, so that an old table is known. */
	if (t->same && t->o.identity == NULL)
		return 0;
	t->writing = batch;
	return reach(t, err) != 0 || put_rows(t, err) != 0 ? in_table(t, err)
							   : 0;
}

static int
commit(struct dbtable *t, struct err *err)
{
	if (sqlite_exec(t->db, "COMMIT", err) != 0)
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
	if (commit(t, err) != 0)
		return in_table(t, err);
	if (!t->file.there)
		ret = publish(t, err);
	else if (!dbfile_same(&t->file))
		ret = not_same(err);
	/* Into the one that another program has made in the meantime. */
	if (ret == 1)
		ret = put_rows(t, err) != 0 ? -1 : commit(t, err);
	if (ret != 0 ||
		(t->rows > 0 &&
			sqlite_exec(t->db, "DELETE FROM temp.stage", err) != 0))
		return in_table(t, err);
	t->rows = 0;
	t->newest = t->writing;
	return 0;
}

int
dbtable_end(struct dbtable *t, struct err *err)
{
	if (!t->file.there) {
		if (reach(t, err) != 0 ||
			(!t->file.there && publish(t, err) < 0))
			return in_table(t, err);
	} else if (!dbfile_same(&t->file)) {
		not_same(err);
		return in_table(t, err);
	}
	return 0;
}
