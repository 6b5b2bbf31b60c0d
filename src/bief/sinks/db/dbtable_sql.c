/*
 * dbtable_sql: statements are put together in one buffer of the table's, for names of
 * tables and columns are no parameters to SQLite.
 */
#include "floor/err.h"
#include "sinks/db/dbtable_impl.h"

/* Run the statement in t->sql. */
int
dbtable_sql_run(struct dbtable *t, struct err *err)
{
	return sqlite_exec(t->db, buf_cstr(&t->sql), err);
}

struct buf *
dbtable_sql(struct dbtable *t, const char *begin)
{
	buf_clear(&t->sql);
	buf_str(&t->sql, begin);
	return &t->sql;
}
