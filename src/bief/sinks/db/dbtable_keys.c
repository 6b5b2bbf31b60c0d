/*
 * dbtable_keys: what tells the rows of an updated table apart: an index of our
 * own, for a table that somebody else has made has none, or another.
 */
#include "floor/err.h"
#include "sinks/db/dbtable_impl.h"

/* Keys that are columns: what may be one, but no record has, is none. */
size_t
dbtable_keys_count(const struct dbtable *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->o.keys->n; i++)
		n += dbtable_columns_find(t, t->o.keys->s[i]) < t->n;
	return n;
}

/*
 * The keys as they stand in the index: a null is a key like others, which
 * UNIQUE alone does not say; an empty blob is no value that a record has.  To
 * SQLite 1 and 1.0 are equal: where a column holds both the type tells them
 * apart.
 */
void
dbtable_keys_put(struct dbtable *t)
{
	const char *comma = "(";
	size_t i, at;

	for (i = 0; i < t->o.keys->n; i++) {
		at = dbtable_columns_find(t, t->o.keys->s[i]);
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
dbtable_keys_put_index(struct dbtable *t)
{
	buf_clear(&t->tmp);
	buf_printf(&t->tmp, "_bief_key_%s", t->o.table);
	sqlite_name(&t->sql, buf_cstr(&t->tmp));
}

/* The index that makes the keys unique; another one of its name is of an
 * earlier run with other keys. */
int
dbtable_keys_make(struct dbtable *t, struct err *err)
{
	int64_t same = 0;
	struct buf text;

	if (t->indexed == dbtable_keys_count(t))
		return 0;
	buf_init(&text);
	dbtable_sql(t, "");
	dbtable_keys_put_index(t);
	buf_str(&t->sql, " ON ");
	sqlite_name(&t->sql, t->o.table);
	buf_byte(&t->sql, ' ');
	dbtable_keys_put(t);
	buf_str(&text, buf_cstr(&t->sql));
	buf_clear(&t->tmp);
	buf_printf(&t->tmp, "CREATE UNIQUE INDEX %s", buf_cstr(&text));
	sqlite_text(
		dbtable_sql(t, "SELECT 1 FROM out.sqlite_master WHERE sql = "),
		buf_cstr(&t->tmp));
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &same, err) < 0)
		goto failed;
	if (!same) {
		dbtable_sql(t, "DROP INDEX IF EXISTS out.");
		dbtable_keys_put_index(t);
		if (dbtable_sql_run(t, err) < 0)
			goto failed;
		buf_str(dbtable_sql(t, "CREATE UNIQUE INDEX out."),
			buf_cstr(&text));
		if (dbtable_sql_run(t, err) < 0) {
			err_in(err, "the keys do not tell its rows apart");
			goto failed;
		}
	}
	t->indexed = dbtable_keys_count(t);
	buf_release(&text);
	return 0;
failed:
	buf_release(&text);
	return -1;
}

/* Rows that a key is to tell apart must have it. */
int
dbtable_keys_check(struct dbtable *t, struct err *err)
{
	int64_t any = 0;

	if (!t->exists || !t->o.told || t->o.mode != MODE_UPDATE)
		return 0;
	sqlite_name(dbtable_sql(t, "SELECT 1 FROM out."), t->o.table);
	buf_str(&t->sql, " LIMIT 1");
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &any, err) < 0)
		return -1;
	for (size_t i = 0; any && i < t->o.keys->n; i++)
		if (dbtable_columns_find(t, t->o.keys->s[i]) == t->n)
			return err_as(err, STATUS_USAGE,
				"it has rows, but no column '%s' to tell them "
				"apart",
				t->o.keys->s[i]);
	return 0;
}

/* Rows to which others are added would meet those of their keys. */
int
dbtable_keys_check_none(struct dbtable *t, struct err *err)
{
	int64_t any = 0;

	if (!t->exists || t->o.told || t->o.mode != MODE_APPEND)
		return 0;
	buf_clear(&t->tmp);
	buf_printf(&t->tmp, "_bief_key_%s", t->o.table);
	sqlite_text(
		dbtable_sql(t, "SELECT 1 FROM out.sqlite_master WHERE name = "),
		buf_cstr(&t->tmp));
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &any, err) < 0)
		return -1;
	return !any
		? 0
		: err_as(err, STATUS_USAGE,
			  "its rows have a key, from mode update, and what comes now is "
			  "appended: go back to mode update, or take another table");
}
