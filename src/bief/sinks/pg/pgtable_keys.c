/*
 * pgtable_keys: what tells the rows of an updated table apart.  ON CONFLICT
 * needs a unique index on just these columns: the table's own if it has one.
 */

#include "floor/buf.h"
#include "floor/err.h"
#include "io/service/pg.h"
#include "sinks/pg/pgtable_impl.h"

/* ---- keys ---- */

size_t
pgtable_keys_count(const struct pgtable *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->o.keys->n; i++)
		n += pgtable_columns_at(t, t->o.keys->s[i]) < t->n;
	return n;
}

bool
pgtable_keys_has(const struct pgtable *t, size_t column)
{
	for (size_t i = 0; i < t->o.keys->n; i++)
		if (pgtable_columns_at(t, t->o.keys->s[i]) == column)
			return true;
	return false;
}

void
pgtable_keys_put(struct pgtable *t)
{
	const char *comma = "";

	for (size_t i = 0; i < t->n; i++) {
		if (!pgtable_keys_has(t, i))
			continue;
		buf_str(&t->sql, comma);
		pg_name(&t->sql, t->columns[i].name);
		comma = ", ";
	}
}

/* A unique index on exactly the keys: the table's own, or one that is made. */
int
pgtable_keys_make(struct pgtable *t, struct err *err)
{
	int64_t has = 0;

	if (t->keyed || pgtable_keys_count(t) == 0)
		return 0;
	pg_literal(pgtable_sql(t,
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
		if (pgtable_keys_has(t, i)) {
			buf_str(&t->sql, n++ > 0 ? ", " : "");
			pg_literal(&t->sql, t->columns[i].name);
		}
	buf_str(&t->sql, "]::text[]) k)");
	if (pgtable_sql_number(t, 0, &has, err) < 0)
		return -1;
	if (!has) {
		buf_add(pgtable_sql(t, "CREATE UNIQUE INDEX ON "), t->full.p,
			t->full.n);
		buf_str(&t->sql, " (");
		pgtable_keys_put(t);
		buf_byte(&t->sql, ')');
		if (pgtable_sql_run(t, err) < 0)
			return err_in(err,
				"the keys cannot tell its rows "
				"apart");
	}
	t->keyed = true;
	return 0;
}

/* Keys of a table that is there must be its columns. */
int
pgtable_keys_check(struct pgtable *t, struct err *err)
{
	if (!t->exists || t->o.mode != MODE_UPDATE || t->o.add_columns)
		return 0;
	for (size_t i = 0; i < t->o.keys->n; i++)
		if (pgtable_columns_find(
			    t->there, t->nthere, t->o.keys->s[i]) == NULL)
			return err_as(err, STATUS_USAGE,
				"it has no column "
				"'%s' to tell its rows apart",
				t->o.keys->s[i]);
	return 0;
}
