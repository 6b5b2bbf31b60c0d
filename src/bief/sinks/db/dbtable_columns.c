/*
 * dbtable_columns: the columns: those that the table has, those that the header
 * tells of, and those that records bring.  They get one number each, which is the
 * same in the temporary table.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "sinks/db/dbtable_impl.h"

/* The column of a name, or t->n. */
size_t
dbtable_columns_find(const struct dbtable *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (strcasecmp(t->columns[i].name, name) == 0)
			break;
	return i;
}

void
dbtable_columns_drop(struct dbtable_column *c)
{
	free(c->name);
	free(c->type);
}

/* The column of a name, made at the end where there is none; SQLite does not
 * tell upper from lower case. */
size_t
dbtable_columns_at(struct dbtable *t, const char *name)
{
	struct dbtable_column *c;
	size_t i = dbtable_columns_find(t, name);

	if (i < t->n)
		return i;
	if (t->n == t->room) {
		t->room = t->room * 2 + 16;
		t->columns = mem_realloc(
			t->columns, t->room * sizeof *t->columns);
	}
	c = &t->columns[t->n];
	*c = (struct dbtable_column){.name = mem_dup(name, strlen(name))};
	return t->n++;
}

static struct dbtable_column *
dbtable_columns_get(struct dbtable *t, const char *name)
{
	size_t at = dbtable_columns_at(t, name);

	return &t->columns[at];
}

/* A table may say that its columns take values as they are: ANY means that in
 * a strict one only. */
static bool
dbtable_columns_strict(struct dbtable *t)
{
	struct err none;
	int64_t strict = 0;

	sqlite_text(dbtable_sql(t,
			    "SELECT strict FROM pragma_table_list WHERE "
			    "schema = 'out' AND name = "),
		t->o.table);
	return sqlite_int(t->db, buf_cstr(&t->sql), 0, &strict, &none) == 0 &&
		strict;
}

int
dbtable_columns_read(struct dbtable *t, struct err *err)
{
	struct sqlite3_stmt *s;
	const char *name;
	size_t n;
	int rc;

	sqlite_name(dbtable_sql(t, "PRAGMA out.table_info("), t->o.table);
	buf_byte(&t->sql, ')');
	s = sqlite_prepare(t->db, buf_cstr(&t->sql), err);
	if (s == NULL)
		return -1;
	while ((rc = sqlite_step(t->db, s, err)) == 1) {
		struct dbtable_column *c;
		enum affinity a;

		name = sqlite_column_text(t->db, s, 1, &n);
		c = dbtable_columns_get(t, name);
		name = sqlite_column_text(t->db, s, 2, &n);
		a = strcasecmp(name, "any") == 0 && dbtable_columns_strict(t)
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

static const char *
dbtable_columns_type(const struct dbtable_column *c)
{
	return c->declared != NULL ? c->declared : "";
}

/* Make the table, or give it the columns that it lacks. */
int
dbtable_columns_make(struct dbtable *t, struct err *err)
{
	struct dbtable_column *c;
	size_t i;

	if (!t->exists) {
		sqlite_name(dbtable_sql(t, "CREATE TABLE out."), t->o.table);
		for (i = 0; i < t->n; i++) {
			c = &t->columns[i];
			buf_str(&t->sql, i == 0 ? " (" : ", ");
			sqlite_name(&t->sql, c->name);
			buf_printf(&t->sql, " %s", dbtable_columns_type(c));
			c->made = true;
		}
		buf_byte(&t->sql, ')');
		t->exists = true;
		return dbtable_sql_run(t, err);
	}
	for (i = 0; i < t->n; i++) {
		c = &t->columns[i];
		if (c->made)
			continue;
		sqlite_name(dbtable_sql(t, "ALTER TABLE out."), t->o.table);
		buf_str(&t->sql, " ADD COLUMN ");
		sqlite_name(&t->sql, c->name);
		buf_printf(&t->sql, " %s", dbtable_columns_type(c));
		if (dbtable_sql_run(t, err) < 0)
			return -1;
		c->made = true;
	}
	return 0;
}

/* A column that the stream has.  The types of a key's values are part of it,
 * where no header says that they are all of one. */
void
dbtable_columns_use(struct dbtable *t, size_t at)
{
	struct dbtable_column *c = &t->columns[at];

	if (c->used)
		return;
	c->used = true;
	for (size_t i = 0; i < t->o.keys->n; i++)
		c->exact |= t->o.mode == MODE_UPDATE && c->declared == NULL &&
			strcasecmp(t->o.keys->s[i], c->name) == 0;
}

/* The columns that are known before the first record. */
void
dbtable_columns_expect(struct dbtable *t)
{
	const struct schema *fields = t->o.fields;
	struct dbtable_column *c;
	size_t i, at;

	for (i = 0; fields != NULL && i < fields->n; i++) {
		at = dbtable_columns_at(t, fields->f[i].name);
		c = &t->columns[at];
		c->declared = dbcolumn_declared(fields->f[i].type);
		if (!c->made && c->declared != NULL)
			c->affinity = dbcolumn_affinity(c->declared);
		dbtable_columns_use(t, at);
	}
	for (i = 0; t->o.told && t->o.mode == MODE_UPDATE && i < t->o.keys->n;
		i++)
		dbtable_columns_use(t, dbtable_columns_at(t, t->o.keys->s[i]));
}
