/*
 * pgtable_sql: statements are put together in one buffer of the table's, for
 * names of tables and columns are no parameters to PostgreSQL.
 */

#include "floor/buf.h"
#include "floor/err.h"
#include "io/service/pg.h"
#include "sinks/pg/pgtable_impl.h"

struct buf *
pgtable_sql(struct pgtable *t, const char *begin)
{
	buf_clear(&t->sql);
	buf_str(&t->sql, begin);
	return &t->sql;
}

int
pgtable_sql_run(struct pgtable *t, struct err *err)
{
	return pg_exec(t->pg, buf_cstr(&t->sql), err) < 0 ? -1 : 0;
}

int
pgtable_sql_number(
	struct pgtable *t, int64_t none, int64_t *out, struct err *err)
{
	return pg_int(t->pg, buf_cstr(&t->sql), none, out, err);
}

/* Append a name in the table's schema. */
void
pgtable_sql_beside(struct pgtable *t, struct buf *out, const char *name)
{
	if (t->schema != NULL) {
		pg_name(out, t->schema);
		buf_byte(out, '.');
	}
	pg_name(out, name);
}
