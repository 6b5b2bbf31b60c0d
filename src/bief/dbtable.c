/*
 * dbtable: results in SQLite.
 */
#include "dbtable.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "err.h"
#include "json.h"
#include "record.h"
#include "schema.h"
#include "sqlite.h"
#include "value.h"

/* What kinds of values a column had before it was made. */
enum {
	SEEN_INT = 1,
	SEEN_LONG = 2,
	SEEN_REAL = 4,
	SEEN_NAN = 8,
	SEEN_TEXT = 16
};

#define EXACT (INT64_C(1) << 53) /* integers up to here are doubles */

struct column {
	char *name; /* plain */
	const char *declared; /* NULL: by what was seen */
	unsigned seen;
	bool made; /* it is in the table */
	bool used; /* the stream has it: others are left alone */
	bool text; /* numbers are kept as they are spelled */
};

struct dbtable {
	struct dbtable_options o;
	struct sqlite *db;
	struct column *columns; /* column i is ci of the temporary table */
	size_t n, room;
	size_t staged; /* columns that the temporary table has */
	struct sqlite_stmt *stage; /* INSERT into it */
	uint64_t id; /* of the shape that place is right for */
	int *place;  /* its fields' columns; -1: one of that name follows */
	size_t nplace;
	uint64_t rows;  /* in the temporary table */
	int64_t newest; /* batch that is there under the identity; -1 */
	bool known;     /* the identity is in _bief_batches */
	int64_t writing;
	bool staging;  /* a transaction on the temporary table is open */
	bool exists;   /* the table does */
	size_t indexed; /* so many keys are unique together */
	bool open;     /* what was written waits for its commit */
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
		t->columns =
			mem_realloc(t->columns, t->room * sizeof *t->columns);
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

/* The type of a column whose fields have this type. */
static const char *
declared(const struct type *type)
{
	switch (type == NULL ? TYPE_UNKNOWN : type->kind) {
	case TYPE_BOOLEAN:
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
	case TYPE_LONG:
		return "INTEGER";
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		return "REAL";
	case TYPE_UNKNOWN:
	case TYPE_NULL:
		return NULL;
	default:
		return "TEXT";
	}
}

/*
 * The type of a column from its first batch.  One that had several kinds, or
 * nothing but nulls, gets none: it keeps what it is given as it is.
 */
static const char *
column_type(const struct column *c)
{
	if (c->declared != NULL)
		return c->declared;
	if (c->seen == SEEN_TEXT)
		return "TEXT";
	if (c->seen == SEEN_INT || c->seen == (SEEN_INT | SEEN_LONG) ||
		c->seen == SEEN_LONG)
		return "INTEGER";
	if (c->seen != 0 && (c->seen & (SEEN_TEXT | SEEN_LONG)) == 0)
		return "REAL";
	return "";
}

static unsigned
kind(const struct value *v)
{
	struct value number;

	if (v->type == VALUE_BOOL)
		return SEEN_INT;
	if (value_is_null(v))
		return 0;
	number = value_number(v, true);
	if (number.type == VALUE_INT)
		return number.i > EXACT || number.i < -EXACT ? SEEN_LONG
							     : SEEN_INT;
	if (number.type != VALUE_DOUBLE || sqlite_exact(v))
		return SEEN_TEXT;
	return v->type == VALUE_STRING ? SEEN_NAN : SEEN_REAL;
}

static int
read_columns(struct dbtable *t, struct err *err)
{
	struct sqlite_stmt *s;
	const char *name;
	size_t n;
	int rc;

	sqlite_name(sql(t, "PRAGMA main.table_info("), t->o.table);
	buf_byte(&t->sql, ')');
	s = sqlite_prepare(t->db, buf_cstr(&t->sql), err);
	if (s == NULL)
		return -1;
	while ((rc = sqlite_step(t->db, s, err)) == 1) {
		struct column *c;

		name = sqlite_column_text(t->db, s, 1, &n);
		c = column(t, name);
		name = sqlite_column_text(t->db, s, 2, &n);
		c->text = strcasestr(name, "char") != NULL ||
			  strcasestr(name, "text") != NULL;
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

	if (sqlite_int(t->db, "SELECT 1 FROM main.sqlite_master WHERE name = "
			      "'_bief_batches'", 0, &owned, err) != 0)
		return -1;
	if (!owned)
		return 0;
	sqlite_text(sql(t, "SELECT 1 FROM main._bief_batches WHERE name = "),
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

/* What the table says of its batches, and what it has to say. */
static int
read_batches(struct dbtable *t, struct err *err)
{
	int64_t others = 0, known = 0, made = 0;

	if (t->o.identity == NULL)
		return check_owner(t, err);
	if (sqlite_exec(t->db,
		    "CREATE TABLE IF NOT EXISTS main._bief_batches ("
		    "name TEXT NOT NULL, checkpoint TEXT NOT NULL, "
		    "sink TEXT NOT NULL, batch INTEGER NOT NULL, "
		    "made INTEGER NOT NULL, "
		    "PRIMARY KEY (name, checkpoint, sink))",
		    err) != 0)
		return -1;
	sqlite_text(sql(t, "SELECT count(*) FROM main._bief_batches "
			   "WHERE checkpoint <> "),
		t->o.identity);
	buf_str(&t->sql, " AND name = ");
	sqlite_text(&t->sql, t->o.table);
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &others, err) != 0)
		return -1;
	sql(t, "SELECT batch FROM main._bief_batches");
	put_where(t);
	if (sqlite_int(t->db, buf_cstr(&t->sql), -2, &known, err) != 0)
		return -1;
	sql(t, "SELECT made FROM main._bief_batches");
	put_where(t);
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &made, err) != 0)
		return -1;
	if ((made && !t->exists) ||
		(t->o.committed >= 0 && known < t->o.committed) ||
		(known != -2 && known < t->o.start))
		return err_as(err, STATUS_DAMAGED,
			"it is gone, or older than the checkpoint, which has "
			"committed batch %lld to it: put it back, or start "
			"with a new checkpoint",
			(long long)(known > t->o.start ? known : t->o.start));
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
	sqlite_name(sql(t, "SELECT 1 FROM main."), t->o.table);
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

static void
made(struct column *c)
{
	c->made = true;
	c->text = strcmp(column_type(c), "TEXT") == 0;
}

/* Make the table, or give it the columns that it lacks. */
static int
make_columns(struct dbtable *t, struct err *err)
{
	struct column *c;
	size_t i;

	if (!t->exists) {
		sqlite_name(sql(t, "CREATE TABLE main."), t->o.table);
		for (i = 0; i < t->n; i++) {
			c = &t->columns[i];
			buf_str(&t->sql, i == 0 ? " (" : ", ");
			sqlite_name(&t->sql, c->name);
			buf_printf(&t->sql, " %s", column_type(c));
			made(c);
		}
		buf_byte(&t->sql, ')');
		t->exists = true;
		return run(t, err);
	}
	for (i = 0; i < t->n; i++) {
		c = &t->columns[i];
		if (c->made)
			continue;
		sqlite_name(sql(t, "ALTER TABLE main."), t->o.table);
		buf_str(&t->sql, " ADD COLUMN ");
		sqlite_name(&t->sql, c->name);
		buf_printf(&t->sql, " %s", column_type(c));
		if (run(t, err) != 0)
			return -1;
		made(c);
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
 * UNIQUE alone does not say; an empty blob is no value that a record has.
 */
static void
put_keys(struct dbtable *t)
{
	const char *comma = "(";
	size_t i;

	for (i = 0; i < t->o.keys->n; i++) {
		if (find_column(t, t->o.keys->s[i]) == t->n)
			continue;
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
	put_index((sql(t, "CREATE UNIQUE INDEX "), t));
	buf_str(&t->sql, " ON ");
	sqlite_name(&t->sql, t->o.table);
	buf_byte(&t->sql, ' ');
	put_keys(t);
	buf_init(&text);
	buf_str(&text, buf_cstr(&t->sql));
	sqlite_text(sql(t, "SELECT 1 FROM main.sqlite_master WHERE sql = "),
		buf_cstr(&text));
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &same, err) != 0)
		goto failed;
	if (!same) {
		put_index((sql(t, "DROP INDEX IF EXISTS main."), t));
		if (run(t, err) != 0)
			goto failed;
		if (sqlite_exec(t->db, buf_cstr(&text), err) != 0) {
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
	sqlite_name(sql(t, "SELECT 1 FROM main."), t->o.table);
	buf_str(&t->sql, " LIMIT 1");
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &any, err) != 0)
		return -1;
	for (size_t i = 0; any && i < t->o.keys->n; i++)
		if (find_column(t, t->o.keys->s[i]) == t->n)
			return err_as(err, STATUS_USAGE,
				"it has rows, but no column '%s' to tell them "
				"apart", t->o.keys->s[i]);
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
	sqlite_text(sql(t, "SELECT 1 FROM main.sqlite_master WHERE name = "),
		buf_cstr(&t->tmp));
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &any, err) != 0)
		return -1;
	return !any ? 0 : err_as(err, STATUS_USAGE,
		"its rows have a key, from mode update, and what comes now is "
		"appended: go back to mode update, or take another table");
}

/* What is known before the first record. */
static int
prepare(struct dbtable *t, struct err *err)
{
	const struct schema *fields = t->o.fields;
	size_t i;

	if (read_columns(t, err) != 0 || read_batches(t, err) != 0 ||
		check_rows(t, err) != 0 || check_index(t, err) != 0 ||
		check_columns(t, err) != 0)
		return -1;
	for (i = 0; fields != NULL && i < fields->n; i++) {
		struct column *c = column(t, fields->f[i].name);

		c->declared = declared(fields->f[i].type);
		c->used = true;
	}
	for (i = 0; t->o.told && t->o.mode == MODE_UPDATE && i < t->o.keys->n;
		i++)
		column(t, t->o.keys->s[i])->used = true;
	if (fields != NULL && fields->n > 0 && make_columns(t, err) != 0)
		return -1;
	if (t->o.mode == MODE_UPDATE && t->exists && make_index(t, err) != 0)
		return -1;
	if (t->o.identity == NULL)
		return 0;
	if (t->known)
		return 0;
	sqlite_text(sql(t, "INSERT INTO main._bief_batches VALUES ("),
		t->o.table);
	buf_str(&t->sql, ", ");
	sqlite_text(&t->sql, t->o.identity);
	buf_str(&t->sql, ", ");
	sqlite_text(&t->sql, t->o.sink);
	buf_printf(&t->sql, ", %lld, %d)", (long long)t->newest, t->exists);
	return run(t, err);
}

struct dbtable *
dbtable_open(const struct dbtable_options *o, struct err *err)
{
	struct dbtable *t = mem_zalloc(sizeof *t);
	struct err undone = {0};

	t->o = *o;
	t->newest = -1;
	buf_init(&t->tmp);
	buf_init(&t->sql);
	t->db = sqlite_open(o->path, true, err);
	if (t->db == NULL) {
		dbtable_close(t);
		return NULL;
	}
	if (sqlite_exec(t->db,
		    o->identity != NULL
			    ? "PRAGMA journal_mode = WAL; "
			      "PRAGMA synchronous = FULL"
			    : "PRAGMA journal_mode = WAL; "
			      "PRAGMA synchronous = NORMAL",
		    err) != 0 ||
		sqlite_exec(t->db, "CREATE TEMP TABLE stage (c0)", err) != 0 ||
		begin(t, err) != 0)
		goto failed;
	t->staged = 1;
	if (prepare(t, err) != 0) {
		sqlite_exec(t->db, "ROLLBACK", &undone);
		goto failed;
	}
	if (sqlite_exec(t->db, "COMMIT", err) != 0)
		goto failed;
	return t;
failed:
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
	if (t->db != NULL)
		sqlite_finalize(t->db, t->stage);
	sqlite_close(t->db);
	for (i = 0; i < t->n; i++)
		free(t->columns[i].name);
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

/* Where the fields of a shape go: of one name several times, the last. */
static int
places(struct dbtable *t, const struct shape *shape, struct err *err)
{
	uint32_t i, k;

	if (shape->n > t->nplace) {
		t->nplace = shape->n;
		t->place = mem_realloc(t->place, shape->n * sizeof *t->place);
	}
	for (i = 0; i < shape->n; i++) {
		const struct shape_name *name = &shape->names[i];
		size_t at;

		buf_clear(&t->tmp);
		json_unquote(&t->tmp, name->s, name->n);
		buf_cstr(&t->tmp);
		if (memchr(t->tmp.p, '\0', t->tmp.n) != NULL)
			return err_set(err, "a field's name holds a NUL, which "
					    "no column's can: rename it");
		at = column_at(t, t->tmp.p);
		for (k = 0; k < i; k++) {
			if (t->place[k] != (int)at)
				continue;
			if (shape->names[k].n != name->n ||
				memcmp(shape->names[k].s, name->s, name->n) !=
					0)
				return err_set(err,
					"fields '%.*s' and '%.*s' are one "
					"column to SQLite: rename one",
					(int)shape->names[k].n,
					shape->names[k].s, (int)name->n,
					name->s);
			t->place[k] = -1;
		}
		t->place[i] = (int)at;
		t->columns[at].used = true;
	}
	t->id = shape->id;
	return 0;
}

/* The statement that adds a row to the temporary table. */
static int
make_stage(struct dbtable *t, struct err *err)
{
	size_t i;

	sqlite_finalize(t->db, t->stage);
	t->stage = NULL;
	for (; t->staged < t->n; t->staged++) {
		sql(t, "ALTER TABLE temp.stage ADD COLUMN ");
		buf_printf(&t->sql, "c%zu", t->staged);
		if (run(t, err) != 0)
			return -1;
	}
	sql(t, "INSERT INTO temp.stage VALUES (?");
	for (i = 1; i < t->staged; i++)
		buf_str(&t->sql, ", ?");
	buf_byte(&t->sql, ')');
	t->stage = sqlite_prepare(t->db, buf_cstr(&t->sql), err);
	return t->stage == NULL ? -1 : 0;
}

int
dbtable_add(struct dbtable *t, const struct record *r, struct err *err)
{
	struct column *c;
	uint32_t i;

	if (!t->staging) {
		/* of the temporary table alone: no lock is taken */
		if (sqlite_exec(t->db, "BEGIN", err) != 0)
			return in_table(t, err);
		t->staging = true;
	}
	if (t->id != r->shape->id || t->stage == NULL) {
		if (places(t, r->shape, err) != 0)
			return in_table(t, err);
		if ((t->stage == NULL || t->staged < t->n) &&
			make_stage(t, err) != 0)
			return in_table(t, err);
		sqlite_clear(t->db, t->stage);
	}
	for (i = 0; i < r->shape->n; i++) {
		if (t->place[i] < 0)
			continue;
		c = &t->columns[t->place[i]];
		if (!c->made && c->declared == NULL)
			c->seen |= kind(&r->v[i]);
		if (sqlite_bind(t->db, t->stage, t->place[i] + 1, &r->v[i],
			    c->text, &t->tmp, err) != 0)
			return in_table(t, err);
	}
	if (sqlite_step(t->db, t->stage, err) != 0)
		return in_table(t, err);
	t->rows++;
	return 0;
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
	sqlite_name(sql(t, "INSERT INTO main."), t->o.table);
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
	sql(t, "UPDATE main._bief_batches SET batch = ");
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
		sqlite_name(sql(t, "DELETE FROM main."), t->o.table);
		if (run(t, err) != 0)
			return -1;
	}
	if (t->o.mode == MODE_UPDATE && t->exists && make_index(t, err) != 0)
		return -1;
	if (t->rows > 0 && copy_rows(t, err) != 0)
		return -1;
	return t->o.identity != NULL ? put_batch(t, batch, err) : 0;
}

int
dbtable_write(struct dbtable *t, int64_t batch, bool same, struct err *err)
{
	struct err undone = {0};

	if (t->staging && sqlite_exec(t->db, "COMMIT", err) != 0)
		return in_table(t, err);
	t->staging = false;
	same = (same || t->o.mode != MODE_COMPLETE) && t->rows == 0;
	/* Where nothing changes the number is kept all the same, with a
	 * checkpoint, so that an old table is known. */
	if (same && t->o.identity == NULL)
		return 0;
	if (begin(t, err) != 0)
		return in_table(t, err);
	if (write_rows(t, batch, same, err) != 0 ||
		sqlite_exec(t->db, "DELETE FROM temp.stage", err) != 0) {
		sqlite_exec(t->db, "ROLLBACK", &undone);
		return in_table(t, err);
	}
	t->open = true;
	t->writing = batch;
	t->rows = 0;
	return 0;
}

int
dbtable_commit(struct dbtable *t, struct err *err)
{
	if (!t->open)
		return 0;
	if (sqlite_exec(t->db, "COMMIT", err) != 0)
		return in_table(t, err);
	t->open = false;
	t->newest = t->writing;
	return 0;
}
