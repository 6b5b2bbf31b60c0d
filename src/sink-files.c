/*
 * sink-files: write each batch as files of a directory, all of it or nothing.
 *
 * Time: none.
 * Watermark: ends here.
 * State: none of its own; the log in the directory tells which batches it has.
 * Restart: with a checkpoint, batches that the log has are skipped.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "text/number.h"
#include "value/path.h"
#include "value/value.h"
#include "types/schema.h"
#include "parquet/columns.h"
#include "parquet/sample.h"
#include "runtime/options/fields.h"
#include "runtime/stage.h"
#include "sinks/outdir.h"
#include "sinks/outparquet.h"
#include "sinks/plaintext.h"

#define PATH_MOST 4000 /* of a subdirectory; the system takes 4096 in all */

enum { FORMAT_JSON, FORMAT_CSV, FORMAT_PARQUET };
enum { UNTOLD = -1 };

struct sink_files {
	/* options */
	int format;
	struct list by;
	const char *sep;
	bool stamp;
	int mode; /* UNTOLD, or 0: append */
	/* state */
	struct outdir *dir;
	struct fields part; /* of by */
	struct list parts;  /* what they are called */
	bool skip;          /* the directory has this batch already */
	struct buf sub;     /* subdirectory of a record */
	struct buf tmp;
	struct plaintext rows; /* CSV */
	struct outparquet *parquet;
	struct sample sample;
	struct schema *schema;  /* of the batch; NULL: records are kept */
	struct columns columns; /* of it */
};

#define AT(member) offsetof(struct sink_files, member)

static const struct opt sink_files_opts[] = {
	{"format", 0, OPT_ENUM, AT(format), "json|csv|parquet",
		"JSON lines, CSV with a header, or Parquet"},
	{"partition-by", 0, OPT_LIST, AT(by), "FIELD,...",
		"a subdirectory FIELD=VALUE for each value"},
	{"sep", 0, OPT_STRING, AT(sep), "CHAR",
		"CSV: what stands between cells (,)"},
	{"stamp", 0, OPT_FLAG, AT(stamp), NULL,
		"the time of the batch in the names of its files",
		.free = true},
	{"mode", 'm', OPT_ENUM, AT(mode), "append",
		"add to a directory that another checkpoint has written to"},
	OPT_END};

static void
sink_files_defaults(void *self)
{
	((struct sink_files *)self)->mode = UNTOLD;
}

static char
separator(const struct sink_files *s)
{
	if (s->sep == NULL)
		return ',';
	if (strcmp(s->sep, "\\t") == 0)
		return '\t';
	return s->sep[0] != '\0' && s->sep[1] == '\0' ? s->sep[0] : '\0';
}

static int
sink_files_open(struct stage *st)
{
	struct sink_files *s = STAGE(st, sink_files);

	buf_init(&s->sub);
	buf_init(&s->tmp);
	sample_init(&s->sample, st->shapes);
	plaintext_init(&s->rows, PLAINTEXT_CSV, separator(s));
	fields_init(&s->part, &s->by, false, st);
	if (st->noperands != 1)
		return err_as(st->err, STATUS_USAGE,
			st->noperands == 0 ? "which directory? %s DIR"
					   : "one directory at a time: %s DIR",
			st->op->name);
	if (strcmp(st->operands[0], "-") == 0)
		return err_as(st->err, STATUS_USAGE,
			"'-' is no directory: a "
			"stream leaves by standard output where no sink "
			"follows%s (a directory of that name is ./-)",
			s->format == FORMAT_CSV ? ", as JSON; for CSV there "
						  "say sink-table --style csv"
				: s->format == FORMAT_PARQUET
				? ", as JSON; a Parquet file stands in a directory"
				: "");
	if (separator(s) == '\0' || (s->sep != NULL && s->format != FORMAT_CSV))
		return err_as(st->err, STATUS_USAGE,
			"--sep is one character, for --format csv");
	return 0;
}

static void
name_parts(struct sink_files *s)
{
	for (size_t i = 0; i < s->part.n; i++) {
		char *name = path_name(s->part.f[i].path);

		list_add(&s->parts, name, false);
		free(name);
	}
}

static int
sink_files_plan(struct stage *st, struct plan *p)
{
	struct sink_files *s = STAGE(st, sink_files);

	/* Without batches a complete result is like an appended one. */
	if (p->stream && !p->whole &&
		(p->mode == MODE_UPDATE || p->mode == MODE_COMPLETE))
		return err_as(st->err, STATUS_USAGE,
			"files are only ever added, but what comes is made in "
			"mode %s: say --mode append to agg (with a watermark), "
			"or keep the result by sink-table --db",
			plan_mode_name(p->mode));
	if (fields_bind(&s->part, p, st->err) < 0)
		return -1;
	name_parts(s);
	plaintext_fields(&s->rows, p->fields);
	return 0;
}

/* The directory is opened when the sink has its place in the checkpoint. */
static int
sink_files_restore(struct stage *st)
{
	static const char *const suffixes[] = {".json", ".csv", ".parquet"};
	struct sink_files *s = STAGE(st, sink_files);
	bool lost = false;
	struct outdir_options o = {.path = st->operands[0],
		.suffix = suffixes[s->format],
		.identity = st->in.identity,
		.told = s->mode != UNTOLD,
		.lost = &lost};
	const char *entry = stage_committed_mark(st);
	int64_t start;

	o.committed = stage_committed(st, &start);
	o.entry = -1;
	if (entry != NULL && number_int(entry, strlen(entry), &o.entry) < 0)
		return err_as(st->err, STATUS_DAMAGED,
			"the last commit does "
			"not tell an entry of the log");
	s->dir = outdir_open(&o, st->err);
	if (s->dir == NULL && lost)
		stage_elsewhere(st);
	if (s->dir == NULL)
		return -1;
	if (s->stamp)
		outdir_stamp(s->dir, st->now.time_us);
	if (s->format == FORMAT_PARQUET)
		s->parquet = outparquet_new(s->dir);
	return 0;
}

static void
sink_files_target(struct stage *st, struct buf *what, struct buf *path)
{
	buf_str(what, "directory ");
	buf_str(path, st->operands[0]);
}

static int
sink_files_begin(struct stage *st, struct batch *b)
{
	struct sink_files *s = STAGE(st, sink_files);

	s->skip = outdir_has(s->dir, b->number);
	if (s->stamp)
		outdir_stamp(s->dir, b->time_us);
	return 0;
}

/* FIELD=VALUE as Hive and Spark spell it. */
static void
put_part(struct sink_files *s, const char *name, const struct value *v)
{
	static const char plain[] = "0123456789-_.,+@~ "
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *text[2] = {name, "__HIVE_DEFAULT_PARTITION__"};
	size_t n[2] = {strlen(name), strlen(text[1])}, i, k;

	buf_clear(&s->tmp);
	if (!value_is_null(v) && v->type == VALUE_STRING && v->n > 0) {
		text[1] = value_string(v, &n[1], &s->tmp);
	} else if (!value_is_null(v) && v->type != VALUE_STRING) {
		value_print(v, &s->tmp);
		text[1] = s->tmp.p;
		n[1] = s->tmp.n;
		if (*text[1] == '"') { /* a time */
			text[1]++;
			n[1] -= 2;
		}
	}
	for (i = 0; i < 2; i++) {
		for (k = 0; k < n[i]; k++) {
			unsigned char c = (unsigned char)text[i][k];

			if (c >= 0x80 ||
				(c != '\0' && strchr(plain, c) != NULL))
				buf_byte(&s->sub, (char)c);
			else
				buf_printf(&s->sub, "%%%02X", c);
		}
		if (i == 0)
			buf_byte(&s->sub, '=');
	}
}

/* The record's subdirectory; 1: it is refused, for no file system could have
 * one of its name. */
static int
find_part(struct stage *st, const struct record *r)
{
	struct sink_files *s = STAGE(st, sink_files);
	size_t i, begin;

	buf_clear(&s->sub);
	for (i = 0; i < s->part.n; i++) {
		if (i > 0)
			buf_byte(&s->sub, '/');
		begin = s->sub.n;
		put_part(s, s->parts.s[i], record_get(r, &s->part.f[i]));
		if (s->sub.n - begin > outdir_most(s->dir))
			return stage_reject(st, r,
				       "the value of '%s' makes a "
				       "name of %zu bytes, and a directory's "
				       "can have "
				       "%zu: partition by something shorter",
				       s->by.s[i], s->sub.n - begin,
				       outdir_most(s->dir)) < 0
				? -1
				: 1;
	}
	if (s->sub.n < PATH_MOST)
		return 0;
	return stage_reject(st, r,
		       "the path of its partition has %zu bytes, and "
		       "can have %d: partition by less",
		       s->sub.n, PATH_MOST) < 0
		? -1
		: 1;
}

/* A row of Parquet: the fields that name its directory are told by that. */
static int
put_row(struct stage *st, struct record *r)
{
	struct sink_files *s = STAGE(st, sink_files);
	const struct value *const *v;
	struct outfile *f;
	bool made;
	int ret;

	v = columns_values(&s->columns, r);
	if (s->columns.unknown >= 0)
		return stage_reject(st, r,
			"it has a field '%.*s' that the first records did not "
			"have: give parse-json a schema, or pick the fields",
			(int)r->shape->names[s->columns.unknown].n,
			r->shape->names[s->columns.unknown].s);
	ret = find_part(st, r);
	if (ret != 0)
		return ret < 0 ? -1 : 0;
	f = outdir_file(s->dir, buf_cstr(&s->sub), s->sub.n, &made);
	ret = outparquet_add(s->parquet, f, s->schema, v, st->err);
	return ret == 1 ? stage_reject(st, r, "%s", st->err->text) : ret;
}

/* The columns of the batch are those of the records that were kept. */
static int
settle(struct stage *st)
{
	struct sink_files *s = STAGE(st, sink_files);
	struct record r;
	int i;

	s->schema = sample_schema(&s->sample, st->in.fields);
	columns_init(&s->columns, s->schema);
	for (size_t k = 0; k < s->parts.n; k++) {
		i = schema_like(
			s->schema, s->parts.s[k], strlen(s->parts.s[k]));
		if (i >= 0)
			columns_drop(&s->columns, s->schema, (size_t)i);
	}
	while (sample_next(&s->sample, &r))
		if (put_row(st, &r) < 0)
			return -1;
	sample_clear(&s->sample);
	return 0;
}

static int
parquet_record(struct stage *st, struct record *r)
{
	struct sink_files *s = STAGE(st, sink_files);

	if (s->schema == NULL && !sample_wanted(st->in.fields) &&
		settle(st) < 0)
		return -1;
	if (s->schema != NULL)
		return put_row(st, r);
	return sample_add(&s->sample, r) ? settle(st) : 0;
}

static int
parquet_batch(struct stage *st)
{
	struct sink_files *s = STAGE(st, sink_files);

	if (s->sample.n > 0 && settle(st) < 0)
		return -1;
	if (outparquet_end(s->parquet, st->err) < 0)
		return -1;
	columns_release(&s->columns);
	schema_free(s->schema);
	s->schema = NULL;
	return 0;
}

static int
sink_files_record(struct stage *st, struct record *r)
{
	struct sink_files *s = STAGE(st, sink_files);
	struct outfile *f;
	struct buf *out;
	const char *why;
	bool made;
	int ret;

	if (s->skip)
		return 0;
	if (s->format == FORMAT_PARQUET)
		return parquet_record(st, r);
	if (s->format == FORMAT_CSV &&
		(why = plaintext_bind(&s->rows, r)) != NULL)
		return stage_reject(st, r, "%s", why);
	ret = find_part(st, r);
	if (ret != 0)
		return ret < 0 ? -1 : 0;
	f = outdir_file(s->dir, buf_cstr(&s->sub), s->sub.n, &made);
	out = outdir_text(f);
	if (s->format == FORMAT_JSON) {
		record_print(r, out);
		buf_byte(out, '\n');
		return outdir_added(s->dir, f, st->err);
	}
	if (made)
		plaintext_header(&s->rows, out);
	plaintext_row(&s->rows, r, out);
	return outdir_added(s->dir, f, st->err);
}

static int
sink_files_batch(struct stage *st, struct batch *b)
{
	struct sink_files *s = STAGE(st, sink_files);

	if (s->skip)
		return 0;
	if (s->format == FORMAT_PARQUET && parquet_batch(st) < 0)
		return -1;
	return outdir_write(s->dir, st->err);
}

static int
sink_files_commit(struct stage *st, const struct batch *b)
{
	struct sink_files *s = STAGE(st, sink_files);

	return s->skip ? 0 : outdir_commit(s->dir, b->number, st->err);
}

/* The newest entry of the log: an older directory has lost it. */
static int
sink_files_mark(struct stage *st, struct buf *out)
{
	struct sink_files *s = STAGE(st, sink_files);

	buf_printf(out, "%lld", (long long)outdir_entry(s->dir));
	return 0;
}

static void
sink_files_close(struct stage *st)
{
	struct sink_files *s = STAGE(st, sink_files);

	outparquet_free(s->parquet);
	outdir_close(s->dir);
	columns_release(&s->columns);
	schema_free(s->schema);
	sample_release(&s->sample);
	fields_release(&s->part);
	list_free(&s->parts);
	plaintext_release(&s->rows);
	buf_release(&s->sub);
	buf_release(&s->tmp);
}

static const struct sink sink_files_sink = {
	.restore = sink_files_restore,
	.commit = sink_files_commit,
	.target = sink_files_target,
	.mark = sink_files_mark,
};

const struct op op_sink_files = {
	.name = "sink-files",
	.about = "write each batch as files of a directory",
	.synopsis =
		"DIR [--format json|csv|parquet] [--partition-by FIELD,...] "
		"[--stamp]",
	.opts = sink_files_opts,
	.size = sizeof(struct sink_files),
	.flags = OP_OPERANDS | OP_HOLDS,
	.defaults = sink_files_defaults,
	.open = sink_files_open,
	.plan = sink_files_plan,
	.begin = sink_files_begin,
	.record = sink_files_record,
	.batch = sink_files_batch,
	.sink = &sink_files_sink,
	.close = sink_files_close,
};
