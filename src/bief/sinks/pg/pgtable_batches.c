/*
 * pgtable_batches: _bief_batches, the table in which a database says which
 * batches it has, and of whom; what it says decides whether anything may be
 * written.
 */
#include <assert.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "io/service/pg.h"
#include "sinks/batches.h"
#include "sinks/pg/pgtable_impl.h"

/* ---- which batches are there ---- */

static void
pgtable_batches_table(struct pgtable *t)
{
	pgtable_sql_beside(t, &t->sql, "_bief_batches");
}

static void
pgtable_batches_where(struct pgtable *t)
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
pgtable_batches_exist(struct pgtable *t, int64_t *has, struct err *err)
{
	buf_clear(&t->tmp);
	pgtable_sql_beside(t, &t->tmp, "_bief_batches");
	pg_literal(pgtable_sql(t, "SELECT (to_regclass("), buf_cstr(&t->tmp));
	buf_str(&t->sql, ") IS NOT NULL)::int");
	return pgtable_sql_number(t, 0, has, err);
}

/* A run without a checkpoint would break what the table's own promises. */
static int
pgtable_batches_check_owner(struct pgtable *t, struct err *err)
{
	int64_t owned = 0;

	if (pgtable_batches_exist(t, &owned, err) < 0)
		return -1;
	if (!owned)
		return 0;
	pgtable_sql(t, "SELECT 1 FROM ");
	pgtable_batches_table(t);
	buf_str(&t->sql, " WHERE name = ");
	pg_literal(&t->sql, t->name);
	buf_str(&t->sql, " LIMIT 1");
	if (pgtable_sql_number(t, 0, &owned, err) < 0)
		return -1;
	return owned ? batches_owned(err) : 0;
}

/* What _bief_batches says of this checkpoint, or BATCHES_NONE. */
static int
pgtable_batches_number(
	struct pgtable *t, const char *what, int64_t *out, struct err *err)
{
	buf_printf(pgtable_sql(t, "SELECT "), "%s FROM ", what);
	pgtable_batches_table(t);
	pgtable_batches_where(t);
	buf_str(&t->sql, " FOR UPDATE");
	return pgtable_sql_number(t, BATCHES_NONE, out, err);
}

int
pgtable_batches_read(struct pgtable *t, struct err *err)
{
	struct batches b = {.exists = t->exists,
		.told = t->o.told,
		.committed = t->o.committed,
		.start = t->o.start,
		.lost = t->o.lost};
	int64_t others = 0, made;

	if (t->o.identity == NULL)
		return pgtable_batches_check_owner(t, err);
	pgtable_sql(t, "CREATE TABLE IF NOT EXISTS ");
	pgtable_batches_table(t);
	buf_str(&t->sql,
		" (name text, checkpoint text, sink text, batch "
		"bigint NOT NULL, made boolean NOT NULL, PRIMARY KEY "
		"(name, checkpoint, sink))");
	if (pgtable_sql_run(t, err) < 0)
		return -1;
	pgtable_sql(t, "SELECT count(*) FROM ");
	pgtable_batches_table(t);
	buf_str(&t->sql, " WHERE name = ");
	pg_literal(&t->sql, t->name);
	buf_str(&t->sql, " AND checkpoint <> ");
	pg_literal(&t->sql, t->o.identity);
	if (pgtable_sql_number(t, 0, &others, err) < 0 ||
		pgtable_batches_number(t, "batch", &b.newest, err) < 0 ||
		pgtable_batches_number(t, "made::int", &made, err) < 0)
		return -1;
	b.made = made == 1;
	b.others = others > 0;
	return batches_judge(&b, &t->known, &t->newest, err);
}

int
pgtable_batches_add(struct pgtable *t, struct err *err)
{
	if (t->o.identity == NULL || t->known)
		return 0;
	pgtable_sql(t, "INSERT INTO ");
	pgtable_batches_table(t);
	buf_str(&t->sql, " VALUES (");
	pg_literal(&t->sql, t->name);
	buf_str(&t->sql, ", ");
	pg_literal(&t->sql, t->o.identity);
	buf_str(&t->sql, ", ");
	pg_literal(&t->sql, t->o.sink);
	buf_printf(&t->sql, ", %lld, %s)", (long long)t->newest,
		t->exists ? "true" : "false");
	t->known = true;
	return pgtable_sql_run(t, err);
}

/* Rows that are there, and nobody knows what to do with them. */
int
pgtable_batches_check_rows(struct pgtable *t, struct err *err)
{
	int64_t any = 0;

	if (!t->exists || t->o.told || t->known ||
		(t->o.mode != MODE_NONE && t->o.identity == NULL))
		return 0;
	buf_add(pgtable_sql(t, "SELECT 1 FROM "), t->full.p, t->full.n);
	buf_str(&t->sql, " LIMIT 1");
	if (pgtable_sql_number(t, 0, &any, err) < 0)
		return -1;
	return any ? batches_rows(err) : 0;
}

int
pgtable_batches_put(struct pgtable *t, struct err *err)
{
	int64_t n;

	assert(t->o.identity != NULL); /* else there is no such table */
	pgtable_sql(t, "UPDATE ");
	pgtable_batches_table(t);
	buf_printf(&t->sql, " SET batch = %lld, made = %s",
		(long long)t->writing,
		t->exists || t->rows > 0 ? "true" : "false");
	pgtable_batches_where(t);
	buf_printf(&t->sql, " AND batch < %lld", (long long)t->writing);
	n = pg_exec(t->pg, buf_cstr(&t->sql), err);
	return n < 0 ? -1 : n > 0;
}
