/*
 * pgtable_columns: the columns: those that the table has (there), and those that
 * the stream has (columns), from the header or with records.  A column of both
 * has the table's type; one that is not there yet gets its type from its values.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "io/service/pg.h"
#include "sinks/pg/pgcolumn.h"
#include "sinks/pg/pgtable_impl.h"

/* ---- columns ---- */

struct pgcolumn *
pgtable_columns_find(struct pgcolumn *c, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(c[i].name, name) == 0)
			return &c[i];
	return NULL;
}

void
pgtable_columns_free(struct pgcolumn *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(c[i].name);
		free(c[i].type);
	}
}

/* What the catalog says of a type, into a column. */
static void
pgtable_columns_become(struct pgcolumn *c, struct pg_rows *rows, int row)
{
	struct pgcolumn_said said = {.type = pg_text(rows, row, 1, NULL),
		.name = pg_text(rows, row, 2, NULL),
		.category = *pg_text(rows, row, 3, NULL),
		.modifier = (int)strtol(pg_text(rows, row, 4, NULL), NULL, 10)};

	pgcolumn_become(c, &said);
	c->full = *pg_text(rows, row, 5, NULL) == 't';
}

/* The columns of the table, if it exists. */
int
pgtable_columns_read(struct pgtable *t, struct err *err)
{
	struct pg_rows *rows;

	pgtable_columns_free(t->there, t->nthere);
	free(t->there);
	t->there = NULL;
	t->nthere = 0;
	pg_literal(pgtable_sql(t,
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
		pgtable_columns_become(c, rows, i);
		c->infinite = pg_version(t->pg) >= 140000;
		t->nthere++;
	}
	pg_free(rows);
	return 0;
}

static int
pgtable_columns_none(struct pgtable *t, const char *name, struct err *err)
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
int
pgtable_columns_add(
	struct pgtable *t, const char *name, size_t n, struct err *err)
{
	struct pgcolumn *c,
		*own = pgtable_columns_find(t->there, t->nthere, name);
	char text[100];

	if (strlen(name) != n || n == 0 || n > PGTABLE_NAME_MOST)
		return err_as(err, STATUS_USAGE,
			"field '%s' cannot be a "
			"column: the name %s",
			err_quote(text, sizeof text, name, n),
			n == 0 ? "is empty"
				: n > PGTABLE_NAME_MOST
				? "has more than 63 bytes"
				: "has a NUL");
	if (own == NULL && t->exists && !t->o.add_columns)
		return pgtable_columns_none(t, name, err);
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

size_t
pgtable_columns_at(const struct pgtable *t, const char *name)
{
	const struct pgcolumn *c = pgtable_columns_find(t->columns, t->n, name);

	return c == NULL ? t->n : (size_t)(c - t->columns);
}

/* The columns that are known before the first record. */
int
pgtable_columns_expect(struct pgtable *t, struct err *err)
{
	const struct schema *fields = t->o.fields;

	for (size_t i = 0; fields != NULL && i < fields->n; i++) {
		const struct schema_field *f = &fields->f[i];
		struct pgcolumn *c;
		struct buf type;

		if (pgtable_columns_at(t, f->name) == t->n &&
			pgtable_columns_add(t, f->name, strlen(f->name), err) <
				0)
			return -1;
		c = &t->columns[pgtable_columns_at(t, f->name)];
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

void
pgtable_columns_put(struct pgtable *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_str(&t->sql, i == 0 ? "" : ", ");
		pg_name(&t->sql, t->columns[i].name);
	}
}

/* The type that a column gets when it is made. */
static const char *
pgtable_columns_type(const struct pgcolumn *c)
{
	return c->type != NULL ? c->type : pgcolumn_needs(c);
}

/* Make the table, or the columns that it lacks. */
int
pgtable_columns_make(struct pgtable *t, struct err *err)
{
	bool changed = !t->exists;

	buf_add(pgtable_sql(t, t->exists ? "ALTER TABLE " : "CREATE TABLE "),
		t->full.p, t->full.n);
	for (size_t i = 0, made = 0; i < t->n; i++) {
		struct pgcolumn *c = &t->columns[i];

		if (pgtable_columns_find(t->there, t->nthere, c->name) != NULL)
			continue;
		buf_str(&t->sql, made++ > 0 ? ", " : t->exists ? " " : " (");
		buf_str(&t->sql, t->exists ? "ADD COLUMN " : "");
		pg_name(&t->sql, c->name);
		buf_printf(&t->sql, " %s", pgtable_columns_type(c));
		changed = true;
	}
	if (!changed)
		return 0;
	buf_str(&t->sql, t->exists ? "" : t->n > 0 ? ")" : " ()");
	if (pgtable_sql_run(t, err) < 0 || pgtable_columns_read(t, err) < 0)
		return -1;
	for (size_t i = 0; i < t->n; i++) {
		struct pgcolumn *c = &t->columns[i],
				*own = pgtable_columns_find(
					t->there, t->nthere, c->name);
		char *name = c->name;

		if (own == NULL) /* another table has come */
			return pgtable_columns_none(t, name, err);
		free(c->type);
		*c = *own;
		c->name = name;
		c->type = mem_dup(own->type, strlen(own->type));
	}
	return 0;
}
