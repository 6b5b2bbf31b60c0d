/*
 * dbtable_stage: the temporary table that gathers the rows of a batch.  Its column i
 * is ci, whatever the name: a batch can bring new columns in its midst.
 */
#include <string.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"
#include "value/value.h"
#include "sinks/db/dbtable_impl.h"

/* Two fields of a record that are one column: of one name the last one counts,
 * of names that only SQLite takes for one none can. */
static int
dbtable_stage_same(struct dbtable *t, const struct shape *shape, uint32_t k,
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
dbtable_stage_place(
	struct dbtable *t, const struct shape *shape, struct err *err)
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
		at = dbtable_columns_at(t, t->tmp.p);
		if (at >= most)
			return err_set(err,
				"its fields are more than the %zu "
				"columns that a table of SQLite can have: pick "
				"those that are needed",
				most);
		for (k = 0; k < i; k++)
			if (t->place[k] == (int)at &&
				dbtable_stage_same(t, shape, k, i, err) < 0)
				return -1;
		t->place[i] = (int)at;
	}
	return 0;
}

/* Where the fields of a shape go.  1: nowhere, and nothing has changed. */
static int
dbtable_stage_places(
	struct dbtable *t, const struct shape *shape, struct err *err)
{
	size_t before = t->n;
	uint32_t i;

	if (shape->n > t->nplace) {
		t->nplace = shape->n;
		t->place = mem_realloc(t->place, shape->n * sizeof *t->place);
	}
	t->id = 0;
	if (dbtable_stage_place(t, shape, err) < 0) {
		while (t->n > before)
			dbtable_columns_drop(&t->columns[--t->n]);
		return 1;
	}
	if (t->n == 0) {
		err_set(err, "it has no fields, and a row needs a column");
		return 1;
	}
	for (i = 0; i < shape->n; i++)
		if (t->place[i] >= 0)
			dbtable_columns_use(t, (size_t)t->place[i]);
	t->id = shape->id;
	return 0;
}

/* Give the temporary table a place for each column: one that has rows grows,
 * one that has none is made anew, all at once. */
static int
dbtable_stage_grow(struct dbtable *t, struct err *err)
{
	size_t i;

	if (t->rows == 0) {
		dbtable_sql(t,
			"DROP TABLE temp.stage; CREATE TEMP TABLE stage (c0");
		for (i = 1; i < t->n; i++)
			buf_printf(&t->sql, ", c%zu", i);
		buf_byte(&t->sql, ')');
		if (dbtable_sql_run(t, err) < 0)
			return -1;
		t->staged = t->n;
	}
	for (; t->staged < t->n; t->staged++) {
		dbtable_sql(t, "ALTER TABLE temp.stage ADD COLUMN ");
		buf_printf(&t->sql, "c%zu", t->staged);
		if (dbtable_sql_run(t, err) < 0)
			return -1;
	}
	return 0;
}

/* The statement that adds a row to the temporary table. */
static int
dbtable_stage_make(struct dbtable *t, struct err *err)
{
	size_t i;

	sqlite_finalize(t->db, t->stage);
	t->stage = NULL;
	if (t->staged < t->n && dbtable_stage_grow(t, err) < 0)
		return -1;
	dbtable_sql(t, "INSERT INTO temp.stage VALUES (?");
	for (i = 1; i < t->staged; i++)
		buf_str(&t->sql, ", ?");
	buf_byte(&t->sql, ')');
	t->stage = sqlite_prepare(t->db, buf_cstr(&t->sql), err);
	return t->stage == NULL ? -1 : 0;
}

/* What the table's own column would change. */
static int
dbtable_stage_refuse(struct dbtable *t, const struct dbtable_column *c,
	const struct value *v, struct err *err)
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
dbtable_stage_row(struct dbtable *t, const struct record *r, struct err *err)
{
	const struct dbtable_column *c;
	uint32_t i;

	for (i = 0; i < r->shape->n; i++) {
		if (t->place[i] < 0)
			continue;
		c = &t->columns[t->place[i]];
		if (!dbcolumn_keeps(c->affinity, c->exact, &r->v[i], &t->tmp))
			return dbtable_stage_refuse(t, c, &r->v[i], err);
		if (sqlite_bind(t->db, t->stage, t->place[i] + 1, &r->v[i],
			    c->affinity == AFFINITY_TEXT, &t->tmp, err) < 0)
			return -1;
	}
	return sqlite_step(t->db, t->stage, err);
}

int
dbtable_stage_add(struct dbtable *t, const struct record *r, struct err *err)
{
	int ret;

	if (!t->staging) {
		/* of the temporary table alone: no lock is taken */
		if (sqlite_exec(t->db, "BEGIN", err) < 0)
			return -1;
		t->staging = true;
	}
	if (t->id != r->shape->id || t->stage == NULL) {
		if (dbtable_stage_places(t, r->shape, err) != 0)
			return 1;
		if ((t->stage == NULL || t->staged < t->n) &&
			dbtable_stage_make(t, err) < 0)
			return -1;
		sqlite_clear(t->db, t->stage);
	}
	ret = dbtable_stage_row(t, r, err);
	t->rows += ret == 0;
	return ret;
}
