/*
 * pgtable_stage: the rows that were gathered go over by COPY: into the table, or,
 * where keys are to be met, into a temporary one, and from there by INSERT ... ON
 * CONFLICT.  Column i of that is ci, whatever the name: a batch can bring new
 * columns in its midst.
 */

#include "floor/buf.h"
#include "floor/err.h"
#include "io/service/pg.h"
#include "sinks/pg/pgtable_impl.h"

/* The temporary table that an update's rows go to, by their order. */
static int
pgtable_stage_make(struct pgtable *t, size_t n, struct err *err)
{
	if (t->staged == 0) {
		buf_str(pgtable_sql(t, "CREATE TEMPORARY TABLE "),
			"_bief_stage (n bigint) ON COMMIT DROP");
		if (pgtable_sql_run(t, err) < 0)
			return -1;
	}
	for (; t->staged < n; t->staged++) {
		buf_printf(pgtable_sql(t, "ALTER TABLE pg_temp._bief_stage "),
			"ADD COLUMN c%zu %s", t->staged,
			t->columns[t->staged].type);
		if (pgtable_sql_run(t, err) < 0)
			return -1;
	}
	return 0;
}

/* Begin a COPY of the first n columns. */
static int
pgtable_stage_copy(struct pgtable *t, size_t n, struct err *err)
{
	if (t->o.mode == MODE_UPDATE) {
		if (pgtable_stage_make(t, n, err) < 0)
			return -1;
		pgtable_sql(t, "COPY pg_temp._bief_stage (n");
		for (size_t i = 0; i < n; i++)
			buf_printf(&t->sql, ", c%zu", i);
	} else {
		buf_add(pgtable_sql(t, "COPY "), t->full.p, t->full.n);
		buf_str(&t->sql, " (");
		pgtable_columns_put(t, n);
	}
	buf_str(&t->sql, ") FROM STDIN");
	if (pg_copy(t->pg, buf_cstr(&t->sql), err) < 0)
		return -1;
	t->copying = true;
	return 0;
}

int
pgtable_stage_end(struct pgtable *t, struct err *err)
{
	if (!t->copying)
		return 0;
	t->copying = false;
	return pg_copy_end(t->pg, err);
}

/* The old result, where a new one comes in its place. */
int
pgtable_stage_clear(struct pgtable *t, struct err *err)
{
	bool one = t->o.mode == MODE_UPDATE && pgtable_keys_count(t) == 0;

	if (t->cleared || !t->exists || (t->o.mode != MODE_COMPLETE && !one))
		return 0;
	t->cleared = true;
	buf_add(pgtable_sql(t, "DELETE FROM "), t->full.p, t->full.n);
	return pgtable_sql_run(t, err);
}

/* Send what is gathered; the last COPY stays open. */
int
pgtable_stage_send(struct pgtable *t, struct err *err)
{
	size_t at = 0;

	if (t->nparts > 0 && !t->copying &&
		(pgtable_columns_make(t, err) < 0 ||
			pgtable_stage_clear(t, err) < 0))
		return -1;
	for (size_t i = 0; i < t->nparts; i++) {
		const struct pgtable_part *p = &t->parts[i];

		if (!t->copying && pgtable_stage_copy(t, p->columns, err) < 0)
			return -1;
		if (pg_copy_data(t->pg, t->text.p + at, p->end - at, err) < 0) {
			t->copying = false;
			return -1;
		}
		at = p->end;
		if (i + 1 < t->nparts && pgtable_stage_end(t, err) < 0)
			return -1;
	}
	return 0;
}

void
pgtable_stage_forget(struct pgtable *t)
{
	buf_clear(&t->text);
	t->nparts = 0;
}

/* Of rows whose key holds a null, which ON CONFLICT takes for another each
 * time, the old ones go first. */
static int
pgtable_stage_drop_nulls(struct pgtable *t, struct err *err)
{
	buf_add(pgtable_sql(t, "DELETE FROM "), t->full.p, t->full.n);
	buf_str(&t->sql, " t USING pg_temp._bief_stage s WHERE (false");
	for (size_t i = 0; i < t->n; i++)
		if (pgtable_keys_has(t, i))
			buf_printf(&t->sql, " OR s.c%zu IS NULL", i);
	buf_byte(&t->sql, ')');
	for (size_t i = 0; i < t->n; i++)
		if (pgtable_keys_has(t, i)) {
			buf_str(&t->sql, " AND t.");
			pg_name(&t->sql, t->columns[i].name);
			buf_printf(&t->sql, " IS NOT DISTINCT FROM s.c%zu", i);
		}
	return pgtable_sql_run(t, err);
}

static void
pgtable_stage_columns(struct pgtable *t, bool keys)
{
	const char *comma = "";

	for (size_t i = 0; i < t->n; i++) {
		if (keys && !pgtable_keys_has(t, i))
			continue;
		buf_printf(&t->sql, "%sc%zu", comma, i);
		comma = ", ";
	}
}

/* Rows from the temporary table to the real one: of each key the last. */
int
pgtable_stage_merge(struct pgtable *t, struct err *err)
{
	const char *comma = " DO UPDATE SET ";
	bool keyed = pgtable_keys_count(t) > 0;

	if (pgtable_stage_make(t, t->n, err) < 0 ||
		pgtable_keys_make(t, err) < 0 ||
		(keyed && t->nulls && pgtable_stage_drop_nulls(t, err) < 0))
		return -1;
	buf_add(pgtable_sql(t, "INSERT INTO "), t->full.p, t->full.n);
	buf_str(&t->sql, " (");
	pgtable_columns_put(t, t->n);
	buf_str(&t->sql, ") SELECT ");
	pgtable_stage_columns(t, false);
	buf_str(&t->sql, " FROM (SELECT ");
	if (keyed) {
		buf_str(&t->sql, "DISTINCT ON (");
		pgtable_stage_columns(t, true);
		buf_str(&t->sql, ") ");
	}
	buf_str(&t->sql, "* FROM pg_temp._bief_stage ORDER BY ");
	if (keyed) {
		pgtable_stage_columns(t, true);
		buf_str(&t->sql, ", ");
	}
	buf_str(&t->sql, "n DESC) s ORDER BY n");
	if (keyed) {
		buf_str(&t->sql, " ON CONFLICT (");
		pgtable_keys_put(t);
		buf_byte(&t->sql, ')');
		for (size_t i = 0; i < t->n; i++) {
			if (pgtable_keys_has(t, i))
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
	return pgtable_sql_run(t, err);
}
