/*
 * sink-pg: keep the result in a table of a PostgreSQL database.
 *
 * Time: none.
 * Watermark: ends here.
 * State: none of its own; the table is the state.
 * Restart: with a checkpoint, batches that the table has are skipped.
 */
#include <stddef.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "io/service/pg.h"
#include "runtime/stage.h"
#include "sinks/pg/pgtable.h"
#include "sinks/result.h"

struct sink_pg {
	/* options */
	struct result result; /* --mode, --key */
	bool add_columns;
	int64_t wait_us;
	/* state */
	struct pgtable *to;
	bool skip; /* it has this batch already */
};

#define AT(member) offsetof(struct sink_pg, member)

static const struct opt sink_pg_opts[] = {
	{"mode", 'm', OPT_ENUM, AT(result.told), "append|update|complete",
		"what the batches are: new rows, changed rows, all rows"},
	{"key", 0, OPT_LIST, AT(result.key), "FIELD,...",
		"with update: the fields that tell rows apart"},
	{"add-columns", 0, OPT_FLAG, AT(add_columns), NULL,
		"give the table columns for the fields that it lacks"},
	{"wait", 0, OPT_DURATION, AT(wait_us), "D",
		"wait so long for a server that cannot be reached (0s)"},
	OPT_END};

static void
sink_pg_defaults(void *self)
{
	struct sink_pg *s = self;

	s->result.told = RESULT_UNTOLD;
}

static int
sink_pg_open(struct stage *st)
{
	struct sink_pg *s = STAGE(st, sink_pg);

	if (st->noperands != 2)
		return err_as(st->err, STATUS_USAGE,
			"expected a database and a table: sink-pg "
			"postgres://HOST/DATABASE TABLE");
	if (s->result.key.n > 0 && s->result.told + 1 != MODE_UPDATE)
		return err_as(
			st->err, STATUS_USAGE, "--key is for --mode update");
	if (pgtable_check(st->operands[1], st->err) < 0)
		return -1;
	return pg_check(st->operands[0], st->err);
}

static int
sink_pg_plan(struct stage *st, struct plan *p)
{
	struct sink_pg *s = STAGE(st, sink_pg);

	if (result_find_mode(st, &s->result, p) < 0)
		return -1;
	return result_find_keys(st, &s->result, p);
}

static void
say(void *arg, const char *what)
{
	stage_warn(arg, "%s: trying again", what);
}

/* The table is opened when the sink has its place in the checkpoint. */
static int
sink_pg_restore(struct stage *st)
{
	struct sink_pg *s = STAGE(st, sink_pg);
	bool lost = false;
	struct pgtable_options o = {.conninfo = st->operands[0],
		.table = st->operands[1],
		.mode = s->result.mode,
		.told = s->result.told != RESULT_UNTOLD,
		.keys = &s->result.keys,
		.fields = st->in.fields,
		.add_columns = s->add_columns,
		.wait_us = s->wait_us,
		.stopping = stage_stopping,
		.say = say,
		.arg = st,
		.identity = st->in.identity,
		.sink = st->out.stage,
		.lost = &lost};

	o.committed = stage_committed(st, &o.start);
	s->to = pgtable_open(&o, st->err);
	if (s->to == NULL && lost)
		stage_elsewhere(st);
	return s->to == NULL ? -1 : 0;
}

static void
sink_pg_target(struct stage *st, struct buf *what, struct buf *path)
{
	buf_printf(what, "table %s of ", st->operands[1]);
	pg_describe(st->operands[0], what);
}

static int
sink_pg_begin(struct stage *st, struct batch *b)
{
	struct sink_pg *s = STAGE(st, sink_pg);

	s->skip = pgtable_begin(s->to, b->number);
	return 0;
}

static int
sink_pg_record(struct stage *st, struct record *r)
{
	struct sink_pg *s = STAGE(st, sink_pg);
	int ret;

	if (s->skip)
		return 0;
	if (s->result.keys.n > 0 && result_check(st, &s->result, r) < 0)
		return -1;
	ret = pgtable_add(s->to, r, st->err);
	return ret == 1 ? stage_reject(st, r, "%s", st->err->text) : ret;
}

static int
sink_pg_batch(struct stage *st, struct batch *b)
{
	struct sink_pg *s = STAGE(st, sink_pg);

	if (s->skip)
		return 0;
	if (result_check_seen(st, &s->result) < 0)
		return -1;
	return pgtable_write(s->to, b->empty, st->err);
}

static int
sink_pg_commit(struct stage *st, const struct batch *b)
{
	struct sink_pg *s = STAGE(st, sink_pg);

	return s->skip ? 0 : pgtable_commit(s->to, st->err);
}

static void
sink_pg_close(struct stage *st)
{
	struct sink_pg *s = STAGE(st, sink_pg);

	pgtable_close(s->to);
	result_release(&s->result);
}

static const struct sink sink_pg_sink = {
	.restore = sink_pg_restore,
	.commit = sink_pg_commit,
	.target = sink_pg_target,
};

const struct op op_sink_pg = {
	.name = "sink-pg",
	.about = "keep the result in a table of PostgreSQL",
	.synopsis = "CONNINFO TABLE [--mode append|update|complete] "
		    "[--key FIELD,...]",
	.opts = sink_pg_opts,
	.size = sizeof(struct sink_pg),
	.flags = OP_OPERANDS | OP_WORDS | OP_HOLDS,
	.defaults = sink_pg_defaults,
	.open = sink_pg_open,
	.plan = sink_pg_plan,
	.begin = sink_pg_begin,
	.record = sink_pg_record,
	.batch = sink_pg_batch,
	.sink = &sink_pg_sink,
	.close = sink_pg_close,
};
