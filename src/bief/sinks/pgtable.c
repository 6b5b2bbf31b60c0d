/*
 * pgtable: results in PostgreSQL.
 *
 * It is long because all of it is about one transaction: what the table is, what
 * is sent, and what is done when the server goes.
 */
#include "sinks/pgtable.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "floor/banned.h"
#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "value/json.h"
#include "value/record.h"
#include "io/pg.h"
#include "types/schema.h"
#include "runtime/say.h"
#include "sinks/pgcolumn.h"

#define GATHER ((size_t)8 << 20)
#define NAME_MOST 63 /* bytes: what is longer PostgreSQL cuts */
#define PAUSE_US \
	(TIME_SECOND / 10) /* between two tries to connect, at first  \
				     */
#define PAUSE_MOST_US (5 * TIME_SECOND)

/* Rows that have the first n columns: up to where they stand in the text. */
struct part {
	size_t columns, end;
};

struct pgtable {
	struct pgtable_options o;
	struct pg *pg;
	char *schema, *name; /* of the table; the first may be NULL */
	struct buf full;     /* both, as in SQL */
	/* the table */
	struct pgcolumn
		*there; /* its columns, of which names and types count */
	size_t nthere;
	bool exists;
	bool keyed;     /* a unique index has the keys */
	bool known;     /* the identity is in _bief_batches */
	int64_t newest; /* batch that is there under the identity; -1 */
	/* the rows */
	struct pgcolumn *columns; /* that the stream has, in a row's order */
	size_t n, room;
	uint64_t id; /* of the shape that from is right for */
	int *from;   /* each column's field in it; -1: none */
	size_t nfrom;
	struct buf text; /* that are gathered */
	struct part *parts;
	size_t nparts, roomparts;
	uint64_t rows; /* of the batch */
	bool nulls;    /* a key of one is null */
	/* the transaction */
	int64_t writing;
	bool open;
	bool sent; /* what was gathered is not all here any more */
	bool copying;
	bool cleared;  /* of a complete result: the old one is gone */
	size_t staged; /* columns of the temporary table; 0: there is none */
	bool same;     /* there is nothing to write */
	struct buf sql, tmp;
};

static struct buf *
sql(struct pgtable *t, const char *begin)
{
	buf_clear(&t->sql);
	buf_str(&t->sql, begin);
	return &t->sql;
}

static int
run(struct pgtable *t, struct err *err)
{
	return pg_exec(t->pg, buf_cstr(&t->sql), err) < 0 ? -1 : 0;
}

static int
number(struct pgtable *t, int64_t none, int64_t *out, struct err *err)
{
	return pg_int(t->pg, buf_cstr(&t->sql), none, out, err);
}

static int
in_table(const struct pgtable *t, struct err *err)
{
	char table[150];

	err_quote(table, sizeof table, t->o.table, strlen(t->o.table));
	return err_in(err, "table '%s'", table);
}

/* ---- names ---- */

/* A part of a name, plain or "quoted"; behind it is *end.  NULL: it is none. */
static char *
name_part(const char *s, const char **end)
{
	struct buf b;
	char *name;

	buf_init(&b);
	if (*s != '"') {
		*end = s + strcspn(s, ".");
		buf_add(&b, s, (size_t)(*end - s));
	} else {
		for (s++; *s != '\0' && (*s != '"' || s[1] == '"'); s++) {
			s += *s == '"';
			buf_byte(&b, *s);
		}
		*end = s + (*s == '"');
		if (*s != '"')
			buf_clear(&b);
	}
	name = b.n == 0 || b.n > NAME_MOST ? NULL : mem_dup(b.p, b.n);
	buf_release(&b);
	return name;
}

static int
parse_name(const char *table, char **schema, char **name, struct err *err)
{
	const char *end;
	char text[150];

	*schema = NULL;
	*name = name_part(table, &end);
	if (*name != NULL && *end == '.') {
		*schema = *name;
		*name = name_part(end + 1, &end);
	}
	if (*name != NULL && *end == '\0' && strncmp(*name, "_bief_", 6) != 0)
		return 0;
	err_quote(text, sizeof text, table, strlen(table));
	if (*name != NULL && *end == '\0')
		err_as(err, STATUS_USAGE,
			"'%s' is a name of bief's own: take "
			"another one",
			text);
	else
		err_as(err, STATUS_USAGE,
			"'%s' is no name of a table: "
			"expected NAME or SCHEMA.NAME, of up to %d bytes each; "
			"a point in a name stands in quotes, '\"a.b\"'",
			text, NAME_MOST);
	free(*schema);
	free(*name);
	*schema = *name = NULL;
	return -1;
}

int
pgtable_check(const char *table, struct err *err)
{
	char *schema, *name;
	int ret = parse_name(table, &schema, &name, err);

	free(schema);
	free(name);
	return ret;
}

/* Append a name in the table's schema. */
static void
put_beside(struct pgtable *t, struct buf *out, const char *name)
{
	if (t->schema != NULL) {
		pg_name(out, t->schema);
		buf_byte(out, '.');
	}
	pg_name(out, name);
}

/* ---- columns ---- */

static struct pgcolumn *
find_column(struct pgcolumn *c, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(c[i].name, name) == 0)
			return &c[i];
	return NULL;
}

static void
free_columns(struct pgcolumn *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(c[i].name);
		free(c[i].type);
	}
}

/* What the catalog says of a type, into a column. */
static void
become(struct pgcolumn *c, struct pg_rows *rows, int row)
{
	struct pgcolumn_said said = {.type = pg_text(rows, row, 1, NULL),
		.name = pg_text(rows, row, 2, NULL),
		.category = *pg_text(rows, row, 3, NULL),
		.modifier = (int)strtol(pg_text(rows, row, 4, NULL), NULL, 10)};

	pgcolumn_become(c, &said);
	c->full = *pg_text(rows, row, 5, NULL) == 't';
}

/* The columns of the table, if it exists. */
static int
read_columns(struct pgtable *t, struct err *err)
{
	struct pg_rows *rows;

	free_columns(t->there, t->nthere);
	free(t->there);
	t->there = NULL;
	t->nthere = 0;
	pg_literal(sql(t,
			   "SELECT a.attname, format_type(a.atttypid, "
			   "a.atttypmod), CASE WHEN t.typnamespace = "
			   "'pg_catalog'::regnamespace THEN t.typname ELSE '' "
			   "END, t.typcategory, a.atttypmod, a.attnotnull "
			   "FROM pg_class c LEFT JOIN pg_attribute a ON "
			   "a.attrelid = c.oid AND a.attnum > 0 AND NOT "
			   "a.attisdropped LEFT JOIN pg_type t ON t.oid = "
			   "a.atttypid WHERE c.oid = to_regclass("),
		buf_cstr(&t->full));
	buf_str(&t->sql, ") ORDER BY a.attnum");
	rows = pg_query(t->pg, buf_cstr(&t->sql), err);
	if (rows == NULL)
		return -1;
	t->exists = pg_count(rows) > 0;
	t->there = mem_zalloc(((size_t)pg_count(rows) + 1) * sizeof *t->there);
	for (int i = 0; i < pg_count(rows); i++) {
		struct pgcolumn *c = &t->there[t->nthere];
		const char *name = pg_text(rows, i, 0, NULL);

		if (name == NULL) /* a table without columns */
			continue;
		c->name = mem_dup(name, strlen(name));
		become(c, rows, i);
		c->infinite = pg_version(t->pg) >= 140000;
		t->nthere++;
	}
	pg_free(rows);
	return 0;
}

static int
no_column(struct pgtable *t, const char *name, struct err *err)
{
	char text[100];

	return err_as(err, STATUS_USAGE,
		"it has no column '%s': leave the "
		"field out (pick, derive), add the column, or say "
		"--add-columns",
		err_quote(text, sizeof text, name, strlen(name)));
}

/* A column for a field of that name, at the end; the table's own, or a new one.
 * 0, or -1: it cannot be. */
static int
add_column(struct pgtable *t, const char *name, size_t n, struct err *err)
{
	struct pgcolumn *c, *own = find_column(t->there, t->nthere, name);
	char text[100];

	if (strlen(name) != n || n == 0 || n > NAME_MOST)
		return err_as(err, STATUS_USAGE,
			"field '%s' cannot be a "
			"column: the name %s",
			err_quote(text, sizeof text, name, n),
			n == 0                  ? "is empty"
				: n > NAME_MOST ? "has more than 63 bytes"
						: "has a NUL");
	if (own == NULL && t->exists && !t->o.add_columns)
		return no_column(t, name, err);
	if (t->n == t->room) {
		t->room = t->room * 2 + 16;
		t->columns = mem_realloc(
			t->columns, t->room * sizeof *t->columns);
	}
	c = &t->columns[t->n++];
	*c = own != NULL ? *own : (struct pgcolumn){0};
	c->name = mem_dup(name, n);
	if (own != NULL)
		c->type = mem_dup(own->type, strlen(own->type));
	c->infinite = pg_version(t->pg) >= 140000;
	return 0;
}

static size_t
column_at(const struct pgtable *t, const char *name)
{
	const struct pgcolumn *c = find_column(t->columns, t->n, name);

	return c == NULL ? t->n : (size_t)(c - t->columns);
}

/* The columns that are known before the first record. */
static int
expect_columns(struct pgtable *t, struct err *err)
{
	const struct schema *fields = t->o.fields;

	for (size_t i = 0; fields != NULL && i < fields->n; i++) {
		const struct schema_field *f = &fields->f[i];
		struct pgcolumn *c;
		struct buf type;

		if (column_at(t, f->name) == t->n &&
			add_column(t, f->name, strlen(f->name), err) < 0)
			return -1;
		c = &t->columns[column_at(t, f->name)];
		if (c->type == NULL)
			c->type = pgcolumn_declared(f->type);
		if (pgcolumn_fits(c, f->type))
			continue;
		buf_init(&type);
		type_print(f->type, &type);
		err_as(err, STATUS_USAGE,
			"its column '%s' is %s, but the "
			"field is %s: cast the field, change the column, or "
			"take another table",
			c->name, c->type, buf_cstr(&type));
		buf_release(&type);
		return -1;
	}
	return 0;
}

static void
put_names(struct pgtable *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_str(&t->sql, i == 0 ? "" : ", ");
		pg_name(&t->sql, t->columns[i].name);
	}
}

/* The type that a column gets when it is made. */
static const char *
type_of(const struct pgcolumn *c)
{
	return c->type != NULL ? c->type : pgcolumn_needs(c);
}

/* Make the table, or the columns that it lacks. */
static int
make_columns(struct pgtable *t, struct err *err)
{
	bool changed = !t->exists;

	buf_add(sql(t, t->exists ? "ALTER TABLE " : "CREATE TABLE "), t->full.p,
		t->full.n);
	for (size_t i = 0, made = 0; i < t->n; i++) {
		struct pgcolumn *c = &t->columns[i];

		if (find_column(t->there, t->nthere, c->name) != NULL)
			continue;
		buf_str(&t->sql, made++ > 0 ? ", " : t->exists ? " " : " (");
		buf_str(&t->sql, t->exists ? "ADD COLUMN " : "");
		pg_name(&t->sql, c->name);
		buf_printf(&t->sql, " %s", type_of(c));
		changed = true;
	}
	if (!changed)
		return 0;
	buf_str(&t->sql, t->exists ? "" : t->n > 0 ? ")" : " ()");
	if (run(t, err) < 0 || read_columns(t, err) < 0)
		return -1;
	for (size_t i = 0; i < t->n; i++) {
		struct pgcolumn *c = &t->columns[i],
				*own = find_column(
					t->there, t->nthere, c->name);
		char *name = c->name;

		if (own == NULL) /* another table has come */
			return no_column(t, name, err);
		free(c->type);
		*c = *own;
		c->name = name;
		c->type = mem_dup(own->type, strlen(own->type));
	}
	return 0;
}

/* ---- keys ---- */

static size_t
count_keys(const struct pgtable *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->o.keys->n; i++)
		n += column_at(t, t->o.keys->s[i]) < t->n;
	return n;
}

static bool
is_key(const struct pgtable *t, size_t column)
{
	for (size_t i = 0; i < t->o.keys->n; i++)
		if (column_at(t, t->o.keys->s[i]) == column)
			return true;
	return false;
}

static void
put_keys(struct pgtable *t)
{
	const char *comma = "";

	for (size_t i = 0; i < t->n; i++) {
		if (!is_key(t, i))
			continue;
		buf_str(&t->sql, comma);
		pg_name(&t->sql, t->columns[i].name);
		comma = ", ";
	}
}

/* A unique index on exactly the keys: the table's own, or one that is made. */
static int
make_key(struct pgtable *t, struct err *err)
{
	int64_t has = 0;

	if (t->keyed || count_keys(t) == 0)
		return 0;
	pg_literal(sql(t,
			   "SELECT 1 FROM pg_index x WHERE x.indisunique AND "
			   "x.indisvalid AND x.indpred IS NULL AND x.indexprs "
			   "IS NULL AND x.indrelid = to_regclass("),
		buf_cstr(&t->full));
	buf_str(&t->sql,
		") AND (SELECT array_agg(a.attname::text ORDER BY "
		"a.attname::text COLLATE \"C\") FROM pg_attribute a "
		"WHERE a.attrelid = x.indrelid AND a.attnum = "
		"ANY((x.indkey::int2[])[0:x.indnkeyatts - 1])) = "
		"(SELECT array_agg(k ORDER BY k COLLATE \"C\") FROM "
		"unnest(ARRAY[");
	for (size_t i = 0, n = 0; i < t->n; i++)
		if (is_key(t, i)) {
			buf_str(&t->sql, n++ > 0 ? ", " : "");
			pg_literal(&t->sql, t->columns[i].name);
		}
	buf_str(&t->sql, "]::text[]) k)");
	if (number(t, 0, &has, err) < 0)
		return -1;
	if (!has) {
		buf_add(sql(t, "CREATE UNIQUE INDEX ON "), t->full.p,
			t->full.n);
		buf_str(&t->sql, " (");
		put_keys(t);
		buf_byte(&t->sql, ')');
		if (run(t, err) < 0)
			return err_in(err,
				"the keys cannot tell its rows "
				"apart");
	}
	t->keyed = true;
	return 0;
}

/* ---- which batches are there ---- */

static void
put_batches(struct pgtable *t)
{
	put_beside(t, &t->sql, "_bief_batches");
}

static void
put_where(struct pgtable *t)
{
	buf_str(&t->sql, " WHERE name = ");
	pg_literal(&t->sql, t->name);
	buf_str(&t->sql, " AND checkpoint = ");
	pg_literal(&t->sql, t->o.identity);
	buf_str(&t->sql, " AND sink = ");
	pg_literal(&t->sql, t->o.sink);
}

/* Is there a table _bief_batches? */
static int
has_batches(struct pgtable *t, int64_t *has, struct err *err)
{
	buf_clear(&t->tmp);
	put_beside(t, &t->tmp, "_bief_batches");
	pg_literal(sql(t, "SELECT (to_regclass("), buf_cstr(&t->tmp));
	buf_str(&t->sql, ") IS NOT NULL)::int");
	return number(t, 0, has, err);
}

/* A run without a checkpoint would break what the table's own promises. */
static int
check_owner(struct pgtable *t, struct err *err)
{
	int64_t owned = 0;

	if (has_batches(t, &owned, err) < 0)
		return -1;
	if (!owned)
		return 0;
	sql(t, "SELECT 1 FROM ");
	put_batches(t);
	buf_str(&t->sql, " WHERE name = ");
	pg_literal(&t->sql, t->name);
	buf_str(&t->sql, " LIMIT 1");
	if (number(t, 0, &owned, err) < 0)
		return -1;
	return !owned ? 0
		      : err_as(err, STATUS_USAGE,
				"it belongs to a pipeline with a checkpoint, "
				"and this one has "
				"none: take another table, or give the source "
				"its "
				"--checkpoint");
}

static int
lost(const struct pgtable *t, int64_t batch, struct err *err)
{
	if (t->o.lost != NULL)
		*t->o.lost = true;
	return err_as(err, STATUS_DAMAGED,
		"it is gone, or older than the "
		"checkpoint, which has committed batch %lld to it: put it "
		"back, or start with a new checkpoint",
		(long long)batch);
}

/* What _bief_batches says of this checkpoint: -2, nothing. */
static int
read_number(struct pgtable *t, const char *what, int64_t *out, struct err *err)
{
	buf_printf(sql(t, "SELECT "), "%s FROM ", what);
	put_batches(t);
	put_where(t);
	buf_str(&t->sql, " FOR UPDATE");
	return number(t, -2, out, err);
}

static int
read_batches(struct pgtable *t, struct err *err)
{
	int64_t others = 0, known, made;

	if (t->o.identity == NULL)
		return check_owner(t, err);
	sql(t, "CREATE TABLE IF NOT EXISTS ");
	put_batches(t);
	buf_str(&t->sql,
		" (name text, checkpoint text, sink text, batch "
		"bigint NOT NULL, made boolean NOT NULL, PRIMARY KEY "
		"(name, checkpoint, sink))");
	if (run(t, err) < 0)
		return -1;
	sql(t, "SELECT count(*) FROM ");
	put_batches(t);
	buf_str(&t->sql, " WHERE name = ");
	pg_literal(&t->sql, t->name);
	buf_str(&t->sql, " AND checkpoint <> ");
	pg_literal(&t->sql, t->o.identity);
	if (number(t, 0, &others, err) < 0 ||
		read_number(t, "batch", &known, err) < 0 ||
		read_number(t, "made::int", &made, err) < 0)
		return -1;
	if ((made == 1 && !t->exists) ||
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

static int
add_known(struct pgtable *t, struct err *err)
{
	if (t->o.identity == NULL || t->known)
		return 0;
	sql(t, "INSERT INTO ");
	put_batches(t);
	buf_str(&t->sql, " VALUES (");
	pg_literal(&t->sql, t->name);
	buf_str(&t->sql, ", ");
	pg_literal(&t->sql, t->o.identity);
	buf_str(&t->sql, ", ");
	pg_literal(&t->sql, t->o.sink);
	buf_printf(&t->sql, ", %lld, %s)", (long long)t->newest,
		t->exists ? "true" : "false");
	t->known = true;
	return run(t, err);
}

/* Rows that are there, and nobody knows what to do with them. */
static int
check_rows(struct pgtable *t, struct err *err)
{
	int64_t any = 0;

	if (!t->exists || t->o.told || t->known ||
		(t->o.mode != MODE_NONE && t->o.identity == NULL))
		return 0;
	buf_add(sql(t, "SELECT 1 FROM "), t->full.p, t->full.n);
	buf_str(&t->sql, " LIMIT 1");
	if (number(t, 0, &any, err) < 0)
		return -1;
	return !any ? 0
		    : err_as(err, STATUS_USAGE,
			      "it has rows already: say --mode append to add "
			      "to them, "
			      "--mode update --key FIELD,... to change them, "
			      "or --mode "
			      "complete to replace them");
}

/* Keys of a table that is there must be its columns. */
static int
check_keys(struct pgtable *t, struct err *err)
{
	if (!t->exists || t->o.mode != MODE_UPDATE || t->o.add_columns)
		return 0;
	for (size_t i = 0; i < t->o.keys->n; i++)
		if (find_column(t->there, t->nthere, t->o.keys->s[i]) == NULL)
			return err_as(err, STATUS_USAGE,
				"it has no column "
				"'%s' to tell its rows apart",
				t->o.keys->s[i]);
	return 0;
}

/* ---- to the server ---- */

/* One at a time makes the tables. */
#define LOCK "BEGIN; SELECT pg_advisory_xact_lock(4893087640612170)"

static int
prepare(struct pgtable *t, struct err *err)
{
	if (pg_exec(t->pg, LOCK, err) < 0 || read_columns(t, err) < 0 ||
		read_batches(t, err) < 0 || check_rows(t, err) < 0 ||
		check_keys(t, err) < 0 || expect_columns(t, err) < 0)
		return -1;
	if (t->o.fields != NULL && t->o.fields->n > 0 &&
		make_columns(t, err) < 0)
		return -1;
	if (t->o.mode == MODE_UPDATE && t->exists && t->n > 0 &&
		make_key(t, err) < 0)
		return -1;
	if (add_known(t, err) < 0)
		return -1;
	return pg_exec(t->pg, "COMMIT", err) < 0 ? -1 : 0;
}

/* A pause between two tries; false: it is not to be tried again. */
static bool
pause_for(const struct pgtable *t, int64_t *pause, int64_t since)
{
	int64_t until = time_monotonic() + *pause, left;

	if (until - since > t->o.wait_us)
		return false;
	while ((left = until - time_monotonic()) > 0 && !t->o.stopping())
		poll(NULL, 0,
			left < TIME_SECOND ? (int)(left / 1000) + 1 : 1000);
	*pause = *pause * 2 < PAUSE_MOST_US ? *pause * 2 : PAUSE_MOST_US;
	return !t->o.stopping();
}

/* Connect, waiting for the server as long as we are told to. */
static int
reach(struct pgtable *t, struct err *err)
{
	int64_t since = time_monotonic(), pause = PAUSE_US;
	bool told = false;

	pg_close(t->pg);
	t->open = t->copying = t->cleared = false;
	t->staged = 0;
	while ((t->pg = pg_open(t->o.conninfo, err)) == NULL) {
		if (err->status == STATUS_USAGE)
			return -1;
		if (!told && t->o.wait_us > 0) {
			t->o.say(t->o.arg, err->text);
			told = true;
		}
		if (!pause_for(t, &pause, since))
			return -1;
	}
	return 0;
}

struct pgtable *
pgtable_open(const struct pgtable_options *o, struct err *err)
{
	struct pgtable *t = mem_zalloc(sizeof *t);

	t->o = *o;
	t->newest = -1;
	err->status = STATUS_FAILED;
	if (parse_name(o->table, &t->schema, &t->name, err) < 0)
		goto failed;
	put_beside(t, &t->full, t->name);
	if (reach(t, err) < 0)
		goto failed;
	if (prepare(t, err) == 0)
		return t;
	in_table(t, err);
failed:
	pgtable_close(t);
	return NULL;
}

void
pgtable_close(struct pgtable *t)
{
	if (t == NULL)
		return;
	pg_close(t->pg);
	free_columns(t->there, t->nthere);
	free(t->there);
	free_columns(t->columns, t->n);
	free(t->columns);
	free(t->from);
	free(t->parts);
	free(t->schema);
	free(t->name);
	buf_release(&t->full);
	buf_release(&t->text);
	buf_release(&t->sql);
	buf_release(&t->tmp);
	free(t);
}

/* ---- a transaction ---- */

/*
 * Begin, with the batch's number, which holds up whoever else writes this one.
 * 0; 1: that one has written it; -1.
 */
static int
begin(struct pgtable *t, struct err *err)
{
	int64_t n;

	if (pg_exec(t->pg, "BEGIN", err) < 0)
		return -1;
	t->open = true;
	if (t->o.identity == NULL)
		return 0;
	sql(t, "UPDATE ");
	put_batches(t);
	buf_printf(&t->sql, " SET batch = %lld, made = %s",
		(long long)t->writing,
		t->exists || t->rows > 0 ? "true" : "false");
	put_where(t);
	buf_printf(&t->sql, " AND batch < %lld", (long long)t->writing);
	n = pg_exec(t->pg, buf_cstr(&t->sql), err);
	if (n != 0)
		return n < 0 ? -1 : 0;
	t->open = false;
	return pg_exec(t->pg, "ROLLBACK", err) < 0 ? -1 : 1;
}

/* The temporary table that an update's rows go to, by their order. */
static int
make_stage(struct pgtable *t, size_t n, struct err *err)
{
	if (t->staged == 0) {
		buf_str(sql(t, "CREATE TEMPORARY TABLE "),
			"_bief_stage (n bigint) ON COMMIT DROP");
		if (run(t, err) < 0)
			return -1;
	}
	for (; t->staged < n; t->staged++) {
		buf_printf(sql(t, "ALTER TABLE pg_temp._bief_stage "),
			"ADD COLUMN c%zu %s", t->staged,
			t->columns[t->staged].type);
		if (run(t, err) < 0)
			return -1;
	}
	return 0;
}

/* Begin a COPY of the first n columns. */
static int
begin_copy(struct pgtable *t, size_t n, struct err *err)
{
	if (t->o.mode == MODE_UPDATE) {
		if (make_stage(t, n, err) < 0)
			return -1;
		sql(t, "COPY pg_temp._bief_stage (n");
		for (size_t i = 0; i < n; i++)
			buf_printf(&t->sql, ", c%zu", i);
	} else {
		buf_add(sql(t, "COPY "), t->full.p, t->full.n);
		buf_str(&t->sql, " (");
		put_names(t, n);
	}
	buf_str(&t->sql, ") FROM STDIN");
	if (pg_copy(t->pg, buf_cstr(&t->sql), err) < 0)
		return -1;
	t->copying = true;
	return 0;
}

static int
end_copy(struct pgtable *t, struct err *err)
{
	if (!t->copying)
		return 0;
	t->copying = false;
	return pg_copy_end(t->pg, err);
}

/* The old result, where a new one comes in its place. */
static int
clear(struct pgtable *t, struct err *err)
{
	bool one = t->o.mode == MODE_UPDATE && count_keys(t) == 0;

	if (t->cleared || !t->exists || (t->o.mode != MODE_COMPLETE && !one))
		return 0;
	t->cleared = true;
	buf_add(sql(t, "DELETE FROM "), t->full.p, t->full.n);
	return run(t, err);
}

/* Send what is gathered; the last COPY stays open. */
static int
send_rows(struct pgtable *t, struct err *err)
{
	size_t at = 0;

	if (t->nparts > 0 && !t->copying &&
		(make_columns(t, err) < 0 || clear(t, err) < 0))
		return -1;
	for (size_t i = 0; i < t->nparts; i++) {
		const struct part *p = &t->parts[i];

		if (!t->copying && begin_copy(t, p->columns, err) < 0)
			return -1;
		if (pg_copy_data(t->pg, t->text.p + at, p->end - at, err) < 0) {
			t->copying = false;
			return -1;
		}
		at = p->end;
		if (i + 1 < t->nparts && end_copy(t, err) < 0)
			return -1;
	}
	return 0;
}

static void
forget(struct pgtable *t)
{
	buf_clear(&t->text);
	t->nparts = 0;
}

/* Of rows whose key holds a null, which ON CONFLICT takes for another each
 * time, the old ones go first. */
static int
drop_nulls(struct pgtable *t, struct err *err)
{
	buf_add(sql(t, "DELETE FROM "), t->full.p, t->full.n);
	buf_str(&t->sql, " t USING pg_temp._bief_stage s WHERE (false");
	for (size_t i = 0; i < t->n; i++)
		if (is_key(t, i))
			buf_printf(&t->sql, " OR s.c%zu IS NULL", i);
	buf_byte(&t->sql, ')');
	for (size_t i = 0; i < t->n; i++)
		if (is_key(t, i)) {
			buf_str(&t->sql, " AND t.");
			pg_name(&t->sql, t->columns[i].name);
			buf_printf(&t->sql, " IS NOT DISTINCT FROM s.c%zu", i);
		}
	return run(t, err);
}

static void
put_stage(struct pgtable *t, bool keys)
{
	const char *comma = "";

	for (size_t i = 0; i < t->n; i++) {
		if (keys && !is_key(t, i))
			continue;
		buf_printf(&t->sql, "%sc%zu", comma, i);
		comma = ", ";
	}
}

/* Rows from the temporary table to the real one: of each key the last. */
static int
merge(struct pgtable *t, struct err *err)
{
	const char *comma = " DO UPDATE SET ";
	bool keyed = count_keys(t) > 0;

	if (make_stage(t, t->n, err) < 0 || make_key(t, err) < 0 ||
		(keyed && t->nulls && drop_nulls(t, err) < 0))
		return -1;
	buf_add(sql(t, "INSERT INTO "), t->full.p, t->full.n);
	buf_str(&t->sql, " (");
	put_names(t, t->n);
	buf_str(&t->sql, ") SELECT ");
	put_stage(t, false);
	buf_str(&t->sql, " FROM (SELECT ");
	if (keyed) {
		buf_str(&t->sql, "DISTINCT ON (");
		put_stage(t, true);
		buf_str(&t->sql, ") ");
	}
	buf_str(&t->sql, "* FROM pg_temp._bief_stage ORDER BY ");
	if (keyed) {
		put_stage(t, true);
		buf_str(&t->sql, ", ");
	}
	buf_str(&t->sql, "n DESC) s ORDER BY n");
	if (keyed) {
		buf_str(&t->sql, " ON CONFLICT (");
		put_keys(t);
		buf_byte(&t->sql, ')');
		for (size_t i = 0; i < t->n; i++) {
			if (is_key(t, i))
				continue;
			buf_str(&t->sql, comma);
			pg_name(&t->sql, t->columns[i].name);
			buf_str(&t->sql, " = EXCLUDED.");
			pg_name(&t->sql, t->columns[i].name);
			comma = ", ";
		}
		if (*comma == ' ')
			buf_str(&t->sql, " DO NOTHING");
	}
	return run(t, err);
}

/* All of the batch, up to the commit.  0; 1: it is there; -1. */
static int
put_batch(struct pgtable *t, struct err *err)
{
	int ret = t->open ? 0 : begin(t, err);

	if (ret != 0)
		return ret;
	if (send_rows(t, err) < 0 || end_copy(t, err) < 0)
		return -1;
	if (!t->same && t->rows == 0 && clear(t, err) < 0)
		return -1;
	if (t->o.mode == MODE_UPDATE && t->rows > 0 && merge(t, err) < 0)
		return -1;
	return 0;
}

/* ---- a server that was gone ---- */

static int
tell_gone(struct pgtable *t, struct err *err)
{
	return err_in(err,
		"batch %lld was not written, start the pipeline "
		"again",
		(long long)(t->writing > 0 ? t->writing : 0));
}

/* The connection is gone: connect again, and send what was gathered again.
 * As put_batch. */
static int
again(struct pgtable *t, struct err *err)
{
	if (t->sent)
		return tell_gone(t, err);
	t->o.say(t->o.arg, err->text);
	/* The table as it is: what was made in the transaction is not. */
	if (reach(t, err) < 0 || read_columns(t, err) < 0)
		return tell_gone(t, err);
	t->keyed = false;
	return put_batch(t, err);
}

/* In front of what is sent while the batch is under way. */
static int
spill(struct pgtable *t, struct err *err)
{
	int ret = t->open ? 0 : begin(t, err);

	if (ret < 0 && pg_lost(t->pg)) {
		t->o.say(t->o.arg, err->text);
		ret = reach(t, err) < 0 ? -1 : begin(t, err);
	}
	if (ret > 0)
		return err_set(err,
			"another process writes batch %lld of this "
			"checkpoint",
			(long long)t->writing);
	t->sent = true;
	if (ret < 0 || send_rows(t, err) < 0)
		return pg_lost(t->pg) ? tell_gone(t, err) : -1;
	forget(t);
	return 0;
}

/* The COPY that is open ends with what was gathered for it. */
static int
finish_copy(struct pgtable *t, struct err *err)
{
	if (send_rows(t, err) < 0 || end_copy(t, err) < 0)
		return pg_lost(t->pg) ? tell_gone(t, err) : -1;
	forget(t);
	return 0;
}

int
pgtable_write(struct pgtable *t, bool same, struct err *err)
{
	int ret;

	t->same = (same || t->o.mode != MODE_COMPLETE) && t->rows == 0;
	/* Where nothing changes the number is kept all the same, with a
	 * checkpoint, so that an old table is known. */
	if (t->same && t->o.identity == NULL)
		return 0;
	ret = put_batch(t, err);
	if (ret < 0 && pg_lost(t->pg))
		ret = again(t, err);
	return ret < 0 ? in_table(t, err) : 0;
}

/* Whether a commit that got no answer was made is in _bief_batches. */
static int
commit_again(struct pgtable *t, struct err *err)
{
	int ret;

	if (t->o.identity == NULL) {
		err_in(err, "whether the last rows were written is not known");
		return in_table(t, err);
	}
	ret = again(t, err);
	if (ret == 0)
		ret = pg_exec(t->pg, "COMMIT", err) < 0 ? -1 : 0;
	return ret < 0 ? in_table(t, err) : 0;
}

int
pgtable_commit(struct pgtable *t, struct err *err)
{
	int ret = 0;

	if (t->open && pg_exec(t->pg, "COMMIT", err) < 0)
		ret = pg_lost(t->pg) ? commit_again(t, err) : in_table(t, err);
	if (ret < 0)
		return -1;
	if (t->writing > t->newest)
		t->newest = t->writing;
	t->open = t->sent = t->cleared = t->nulls = false;
	t->staged = 0;
	t->rows = 0;
	forget(t);
	return 0;
}

bool
pgtable_begin(struct pgtable *t, int64_t batch)
{
	t->writing = batch;
	return t->o.identity != NULL && batch <= t->newest;
}

/* ---- rows ---- */

/* The fields of a shape as columns; a name that stands twice has its last
 * value.  0, or 1 with why not. */
static int
places(struct pgtable *t, const struct shape *shape, struct err *err)
{
	size_t before = t->n, at;

	t->id = 0;
	for (uint32_t i = 0; i < shape->n; i++) {
		buf_clear(&t->tmp);
		json_unquote(&t->tmp, shape->names[i].s, shape->names[i].n);
		at = strlen(buf_cstr(&t->tmp)) == t->tmp.n
			? column_at(t, t->tmp.p)
			: t->n;
		if (at < t->n)
			continue;
		if (add_column(t, t->tmp.p, t->tmp.n, err) < 0) {
			free_columns(t->columns + before, t->n - before);
			t->n = before;
			return 1;
		}
	}
	if (t->n == 0) {
		err_set(err, "it has no fields, and a row needs a column");
		return 1;
	}
	if (t->n > t->nfrom) {
		t->nfrom = t->room;
		t->from = mem_realloc(t->from, t->nfrom * sizeof *t->from);
	}
	for (size_t i = 0; i < t->n; i++)
		t->from[i] = -1;
	for (uint32_t i = 0; i < shape->n; i++) {
		buf_clear(&t->tmp);
		json_unquote(&t->tmp, shape->names[i].s, shape->names[i].n);
		t->from[column_at(t, buf_cstr(&t->tmp))] = (int)i;
	}
	t->id = shape->id;
	return 0;
}

/* The row belongs to the part of its columns; a new one begins with each new
 * column. */
static void
count_row(struct pgtable *t)
{
	struct part *p = t->nparts > 0 ? &t->parts[t->nparts - 1] : NULL;

	if (p == NULL || p->columns != t->n) {
		if (t->nparts == t->roomparts) {
			t->roomparts = t->roomparts * 2 + 4;
			t->parts = mem_realloc(
				t->parts, t->roomparts * sizeof *t->parts);
		}
		p = &t->parts[t->nparts++];
		p->columns = t->n;
	}
	p->end = t->text.n;
	t->rows++;
}

static int
put_row(struct pgtable *t, const struct record *r, struct err *err)
{
	struct buf *out = &t->text;
	size_t before = out->n;

	if (t->o.mode == MODE_UPDATE)
		buf_printf(out, "%llu\t", (unsigned long long)t->rows);
	for (size_t i = 0; i < t->n; i++) {
		const struct value *v = t->from[i] < 0 ? NULL
						       : &r->v[t->from[i]];

		if (i > 0)
			buf_byte(out, '\t');
		if (pgcolumn_put(&t->columns[i], v, out, &t->tmp, err) != 0) {
			out->n = before;
			return 1;
		}
		if (t->o.mode == MODE_UPDATE && !t->nulls && value_is_null(v))
			t->nulls = is_key(t, i);
	}
	buf_byte(out, '\n');
	return 0;
}

int
pgtable_add(struct pgtable *t, const struct record *r, struct err *err)
{
	size_t before = t->n;

	/* (A shape that is made for one record may be at another's place.) */
	if ((t->id != r->shape->id || r->shape->transient) &&
		places(t, r->shape, err) != 0)
		return 1;
	/* Other columns: the COPY that is open has none of them. */
	if (t->n > before && t->copying && finish_copy(t, err) < 0)
		return in_table(t, err);
	if (put_row(t, r, err) != 0)
		return 1;
	count_row(t);
	if (t->text.n < GATHER)
		return 0;
	return spill(t, err) < 0 ? in_table(t, err) : 0;
}
