/*
 * sink-delta: keep a stream's result in a Delta table.
 *
 * Time: none.
 * Watermark: ends here.
 * State: none of its own; the table's log tells which batches it has.
 * Restart: with a checkpoint, batches that the log has are skipped.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "value/path.h"
#include "types/schema.h"
#include "parquet/sample.h"
#include "runtime/options/fields.h"
#include "runtime/stage.h"
#include "sinks/deltatable.h"
#include "sinks/result.h"

enum { COMPRESS_ZSTD, COMPRESS_NONE };

struct sink_delta {
	/* options */
	struct result result;
	struct list by;
	bool merge_schema;
	int compress;
	int64_t retain_us; /* RESULT_UNTOLD */
	/* state */
	struct deltatable *to;
	struct fields part; /* of by */
	struct list parts;  /* what they are called */
	bool skip;          /* the table has this batch already */
	struct sample sample;
};

#define AT(member) offsetof(struct sink_delta, member)

static const struct opt sink_delta_opts[] = {
	{"mode", 'm', OPT_ENUM, AT(result.told), "append|update|complete",
		"what the batches are: new rows, changed rows, all rows"},
	{"key", 0, OPT_LIST, AT(result.key), "FIELD,...",
		"with update: the fields that tell rows apart"},
	{"partition-by", 0, OPT_LIST, AT(by), "FIELD,...",
		"a subdirectory FIELD=VALUE for each value"},
	{"merge-schema", 0, OPT_FLAG, AT(merge_schema), NULL,
		"add columns that the table does not have"},
	{"compress", 0, OPT_ENUM, AT(compress), "zstd|none",
		"how data files are compressed (zstd)", .free = true},
	{"retain", 0, OPT_DURATION, AT(retain_us), "D",
		"delete files that no version of this long needs",
		.free = true},
	OPT_END};

static void
sink_delta_defaults(void *self)
{
	struct sink_delta *s = self;

	s->result.told = RESULT_UNTOLD;
	s->retain_us = RESULT_UNTOLD;
}

static int
sink_delta_open(struct stage *st)
{
	struct sink_delta *s = STAGE(st, sink_delta);

	sample_init(&s->sample, st->shapes);
	fields_init(&s->part, &s->by, false, st);
	if (st->noperands != 1 || *st->operands[0] == '\0')
		return err_as(st->err, STATUS_USAGE,
			st->noperands <= 1 ? "which directory? %s DIR"
					   : "one table at a time: %s DIR",
			st->op->name);
	if (strcmp(st->operands[0], "-") == 0)
		return err_as(st->err, STATUS_USAGE,
			"'-' is no directory (one of that name is ./-)");
	if (strstr(st->operands[0], "://") != NULL)
		return err_as(st->err, STATUS_USAGE,
			"'%s' is no directory of this machine, and others are "
			"not written to: mount it",
			st->operands[0]);
	if (s->result.key.n > 0 && s->result.told + 1 != MODE_UPDATE)
		return err_as(
			st->err, STATUS_USAGE, "--key is for --mode update");
	return 0;
}

static int
sink_delta_plan(struct stage *st, struct plan *p)
{
	struct sink_delta *s = STAGE(st, sink_delta);

	if (result_find_mode(st, &s->result, p) < 0 ||
		result_find_keys(st, &s->result, p) < 0 ||
		fields_bind(&s->part, p, st->err) < 0)
		return -1;
	for (size_t i = 0; i < s->part.n; i++) {
		char *name = path_name(s->part.f[i].path);

		list_add(&s->parts, name, false);
		free(name);
	}
	return 0;
}

static void
say(void *arg, const char *what)
{
	stage_warn(arg, "%s (tried again with the next batch)", what);
}

/* Where all types are known, what does not fit is refused before data flow. */
static int
know_columns(struct stage *st)
{
	struct sink_delta *s = STAGE(st, sink_delta);

	return sample_wanted(st->in.fields)
		? 0
		: deltatable_columns(s->to, st->in.fields, false, st->err);
}

/* The table is opened when the sink has its place in the checkpoint. */
static int
sink_delta_restore(struct stage *st)
{
	struct sink_delta *s = STAGE(st, sink_delta);
	bool lost = false;
	int64_t start;
	struct deltatable_options o = {.path = st->operands[0],
		.mode = s->result.mode,
		.told = s->result.told != RESULT_UNTOLD,
		.keys = &s->result.keys,
		.parts = &s->parts,
		.merge_schema = s->merge_schema,
		.codec = s->compress == COMPRESS_ZSTD ? CODEC_ZSTD : CODEC_NONE,
		.retain_us = s->retain_us,
		.identity = st->in.identity,
		.sink = st->out.stage,
		.committed = stage_committed(st, &start),
		.mark = stage_committed_mark(st),
		.lost = &lost,
		.batches = st->in.stream != 0 && !st->in.whole,
		.shapes = st->shapes,
		.say = say,
		.stopping = stage_stopping,
		.arg = st};

	s->to = deltatable_open(&o, st->err);
	if (s->to == NULL && lost)
		stage_elsewhere(st);
	return s->to == NULL ? -1 : know_columns(st);
}

static void
sink_delta_target(struct stage *st, struct buf *what, struct buf *path)
{
	buf_str(what, "table ");
	buf_str(path, st->operands[0]);
}

static int
sink_delta_begin(struct stage *st, struct batch *b)
{
	struct sink_delta *s = STAGE(st, sink_delta);

	s->skip = deltatable_has(s->to, b->number);
	return s->skip || deltatable_has_columns(s->to) ? 0 : know_columns(st);
}

static int
add_row(struct stage *st, struct record *r)
{
	struct sink_delta *s = STAGE(st, sink_delta);
	int ret = deltatable_add(s->to, r, st->err);

	return ret == 1 ? stage_reject(st, r, "%s", st->err->text) : ret;
}

/* The columns of the batch are those of the records that were kept. */
static int
settle(struct stage *st)
{
	struct sink_delta *s = STAGE(st, sink_delta);
	struct schema *found = sample_schema(&s->sample, st->in.fields);
	struct record r;
	int ret = deltatable_columns(s->to, found, true, st->err);

	schema_free(found);
	while (ret == 0 && sample_next(&s->sample, &r))
		ret = add_row(st, &r);
	sample_clear(&s->sample);
	return ret;
}

static int
sink_delta_record(struct stage *st, struct record *r)
{
	struct sink_delta *s = STAGE(st, sink_delta);

	if (s->skip)
		return 0;
	if (s->result.keys.n > 0 && result_check(st, &s->result, r) < 0)
		return -1;
	if (deltatable_has_columns(s->to))
		return add_row(st, r);
	return sample_add(&s->sample, r) ? settle(st) : 0;
}

static int
sink_delta_batch(struct stage *st, struct batch *b)
{
	struct sink_delta *s = STAGE(st, sink_delta);

	if (s->skip)
		return 0;
	if (result_check_seen(st, &s->result) < 0 ||
		(s->sample.n > 0 && settle(st) < 0))
		return -1;
	return deltatable_write(s->to, b->empty, st->err);
}

static int
sink_delta_commit(struct stage *st, const struct batch *b)
{
	struct sink_delta *s = STAGE(st, sink_delta);

	return s->skip ? 0 : deltatable_commit(s->to, b->number, st->err);
}

/* The version that the table has: an older directory has lost it. */
static int
sink_delta_mark(struct stage *st, struct buf *out)
{
	deltatable_mark(STAGE(st, sink_delta)->to, out);
	return 0;
}

static void
sink_delta_close(struct stage *st)
{
	struct sink_delta *s = STAGE(st, sink_delta);

	deltatable_close(s->to);
	sample_release(&s->sample);
	fields_release(&s->part);
	list_free(&s->parts);
	result_release(&s->result);
}

static const struct sink sink_delta_sink = {
	.restore = sink_delta_restore,
	.commit = sink_delta_commit,
	.target = sink_delta_target,
	.mark = sink_delta_mark,
};

const struct op op_sink_delta = {
	.name = "sink-delta",
	.about = "keep a stream's result in a Delta table",
	.synopsis = "DIR [--mode append|update|complete] [--key FIELD,...] "
		    "[--partition-by FIELD,...] [--merge-schema]",
	.opts = sink_delta_opts,
	.size = sizeof(struct sink_delta),
	.flags = OP_OPERANDS | OP_HOLDS,
	.defaults = sink_delta_defaults,
	.open = sink_delta_open,
	.plan = sink_delta_plan,
	.begin = sink_delta_begin,
	.record = sink_delta_record,
	.batch = sink_delta_batch,
	.sink = &sink_delta_sink,
	.close = sink_delta_close,
};
