/*
 * dbtable_batches: _bief_batches, the table in which a database says which batches
 * it has, and of whom; what it says decides whether anything may be written.
 */
#include "floor/err.h"
#include "sinks/db/dbtable_impl.h"

/* Append WHERE ...: the row that tells of our batches. */
static void
dbtable_batches_where(struct dbtable *t)
{
	buf_str(&t->sql, " WHERE name = ");
	sqlite_text(&t->sql, t->o.table);
	buf_str(&t->sql, " AND checkpoint = ");
	sqlite_text(&t->sql, t->o.identity);
	buf_str(&t->sql, " AND sink = ");
	sqlite_text(&t->sql, t->o.sink);
}

/* A run without a checkpoint would break what the table's own promises. */
static int
dbtable_batches_check_owner(struct dbtable *t, struct err *err)
{
	int64_t owned = 0;

	if (sqlite_int(t->db,
		    "SELECT 1 FROM out.sqlite_master WHERE name = "
		    "'_bief_batches'",
		    0, &owned, err) < 0)
		return -1;
	if (!owned)
		return 0;
	sqlite_text(
		dbtable_sql(t, "SELECT 1 FROM out._bief_batches WHERE name = "),
		t->o.table);
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &owned, err) < 0)
		return -1;
	if (!owned)
		return 0;
	return err_as(err, STATUS_USAGE,
		"it belongs to a pipeline with a checkpoint, and this one has "
		"none: take another table, or give the source its "
		"--checkpoint");
}

int
dbtable_batches_lost(const struct dbtable *t, int64_t batch, struct err *err)
{
	if (t->o.lost != NULL)
		*t->o.lost = true;
	return err_as(err, STATUS_DAMAGED,
		"it is gone, or older than the "
		"checkpoint, which has committed batch %lld to it: put it "
		"back, or start with a new checkpoint",
		(long long)batch);
}

/* What the table says of its batches, and what it has to say. */
int
dbtable_batches_read(struct dbtable *t, struct err *err)
{
	int64_t others = 0, known = 0, made = 0;

	if (t->o.identity == NULL)
		return dbtable_batches_check_owner(t, err);
	if (sqlite_exec(t->db,
		    "CREATE TABLE IF NOT EXISTS out._bief_batches ("
		    "name TEXT NOT NULL, checkpoint TEXT NOT NULL, "
		    "sink TEXT NOT NULL, batch INTEGER NOT NULL, "
		    "made INTEGER NOT NULL, "
		    "PRIMARY KEY (name, checkpoint, sink))",
		    err) < 0)
		return -1;
	sqlite_text(dbtable_sql(t,
			    "SELECT count(*) FROM out._bief_batches "
			    "WHERE checkpoint <> "),
		t->o.identity);
	buf_str(&t->sql, " AND name = ");
	sqlite_text(&t->sql, t->o.table);
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &others, err) < 0)
		return -1;
	dbtable_sql(t, "SELECT batch FROM out._bief_batches");
	dbtable_batches_where(t);
	if (sqlite_int(t->db, buf_cstr(&t->sql), -2, &known, err) < 0)
		return -1;
	dbtable_sql(t, "SELECT made FROM out._bief_batches");
	dbtable_batches_where(t);
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &made, err) < 0)
		return -1;
	if ((made && !t->exists) ||
		(t->o.committed >= 0 && known < t->o.committed) ||
		(known != -2 && known < t->o.start))
		return dbtable_batches_lost(
			t, known > t->o.start ? known : t->o.start, err);
	if (known == -2 && others > 0 && !t->o.told)
		return err_as(err, STATUS_DAMAGED,
			"it belongs to another checkpoint: take another table, "
			"or say --mode to write to it all the same");
	t->known = known != -2;
	t->newest = t->known ? known : t->o.start;
	return 0;
}

/* Rows that are there, and nobody knows what to do with them. */
int
dbtable_batches_check_rows(struct dbtable *t, struct err *err)
{
	int64_t any = 0;

	if (!t->exists || t->o.told || t->known ||
		(t->o.mode != MODE_NONE && t->o.identity == NULL))
		return 0;
	sqlite_name(dbtable_sql(t, "SELECT 1 FROM out."), t->o.table);
	buf_str(&t->sql, " LIMIT 1");
	if (sqlite_int(t->db, buf_cstr(&t->sql), 0, &any, err) < 0)
		return -1;
	if (!any)
		return 0;
	return err_as(err, STATUS_USAGE,
		"it has rows already: say --mode append to add to them, "
		"--mode update --key FIELD,... to change them, or --mode "
		"complete to replace them");
}

int
dbtable_batches_put(struct dbtable *t, int64_t batch, struct err *err)
{
	dbtable_sql(t, "UPDATE out._bief_batches SET batch = ");
	buf_printf(&t->sql, "%lld, made = %d", (long long)batch, t->exists);
	dbtable_batches_where(t);
	return dbtable_sql_run(t, err);
}

int
dbtable_batches_begin(struct dbtable *t, struct err *err)
{
	sqlite_text(dbtable_sql(t, "INSERT INTO out._bief_batches VALUES ("),
		t->o.table);
	buf_str(&t->sql, ", ");
	sqlite_text(&t->sql, t->o.identity);
	buf_str(&t->sql, ", ");
	sqlite_text(&t->sql, t->o.sink);
	buf_printf(&t->sql, ", %lld, %d)", (long long)t->newest, t->exists);
	return dbtable_sql_run(t, err);
}
