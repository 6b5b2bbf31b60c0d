/*
 * parse-parquet: hand on the rows of Parquet files.
 *
 * Time: none.
 * Watermark: none.
 * State: its position: which file, and how many rows of it.
 * Restart: goes on behind the last row of the last batch.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"
#include "types/schema.h"
#include "io/file.h"
#include "io/tempfile.h"
#include "parquet/parquet_read.h"
#include "runtime/stage.h"

#define ROWS 256 /* that are read at once */
#define CALLS 8  /* so often in one pull */

struct parse_parquet {
	/* options */
	struct list columns;
	int64_t max_records;
	/* state */
	struct schema *schema; /* of the first file, or what was asked for */
	struct parquet_reader *file;
	int *from; /* the file's column for each of the schema; -1 */
	struct shape *shape;
	struct value *v; /* rows */
	size_t stride;
	int64_t at, row;           /* the file, its rows so far */
	int64_t stop_at, stop_row; /* of a batch run again; -1 */
	int64_t taken;             /* rows of the batch */
	struct buf kept; /* int: what pipes among the operands had; -1 */
};

static const struct opt parse_parquet_opts[] = {
	{"columns", 0, OPT_LIST, offsetof(struct parse_parquet, columns),
		"NAME,...", "these columns alone"},
	{"max-records", 0, OPT_INT, offsetof(struct parse_parquet, max_records),
		"N", "take at most N rows into a batch", .least = 1,
		.free = true},
	OPT_END};

static void
parse_parquet_defaults(void *self)
{
	struct parse_parquet *s = self;

	s->stop_at = -1;
	buf_init(&s->kept);
}

static int
parse_parquet_open(struct stage *st)
{
	struct parse_parquet *s = STAGE(st, parse_parquet);
	int none = -1;

	if (st->noperands == 0)
		return err_as(st->err, STATUS_USAGE,
			"which files? %s FILE ... (- is standard input)",
			st->op->name);
	for (size_t i = 0; i < st->noperands; i++)
		buf_add(&s->kept, &none, sizeof(none));
	return 0;
}

/* All that comes to a file without a name: 0, or -1 with a message. */
static int
spool_into(int fd, int in, const char *name, struct err *err)
{
	char block[65536];
	ssize_t n;

	while ((n = read(in, block, sizeof(block))) != 0 || stage_stopping()) {
		if (n <= 0 && stage_stopping())
			return err_set(err,
				"stopped before the end of %s had come", name);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || file_put(fd, block, (size_t)n) < 0)
			return err_sys(
				err, "cannot keep what comes on %s", name);
	}
	return 0;
}

/* The footer is at the end, which a pipe has to come to first. */
static int
spool(struct stage *st, const char *path, const char *name)
{
	int fd = tempfile_open(tempfile_dir()), in = STDIN_FILENO, ret;

	if (fd < 0)
		return err_sys(st->err,
			"cannot keep %s in '%s' (TMPDIR says where)", name,
			tempfile_dir());
	if (strcmp(path, "-") != 0 && (in = file_open(path)) < 0) {
		close(fd);
		return err_sys(st->err, "cannot open %s", name);
	}
	ret = spool_into(fd, in, name, st->err);
	if (in != STDIN_FILENO)
		close(in);
	if (ret < 0)
		close(fd);
	return ret < 0 ? -1 : fd;
}

/* The first operand of that name: standard input twice is the same twice. */
static size_t
first_of(struct stage *st, size_t i)
{
	size_t k = 0;

	while (strcmp(st->operands[k], st->operands[i]) != 0)
		k++;
	return k;
}

static struct parquet_reader *
open_file(struct stage *st, size_t i)
{
	struct parse_parquet *s = STAGE(st, parse_parquet);
	const char *path = st->operands[i];
	struct parquet_reader *r;
	struct buf name;
	int *kept = (int *)s->kept.p + first_of(st, i);

	if (*kept < 0 && !file_once(path))
		return parquet_read_open(path, st->err);
	buf_init(&name);
	if (strcmp(path, "-") == 0)
		buf_str(&name, "standard input");
	else
		buf_printf(&name, "'%s'", path);
	if (*kept < 0)
		*kept = spool(st, path, buf_cstr(&name));
	r = *kept < 0 ? NULL : parquet_read_file(*kept, st->err);
	if (r == NULL && *kept >= 0)
		err_in(st->err, "%s", buf_cstr(&name));
	buf_release(&name);
	return r;
}

static int
choose_columns(struct stage *st, const struct schema *all)
{
	struct parse_parquet *s = STAGE(st, parse_parquet);

	if (s->columns.n == 0) {
		s->schema = schema_copy(all);
		return 0;
	}
	s->schema = schema_new();
	for (size_t i = 0; i < s->columns.n; i++) {
		const char *name = s->columns.s[i], *near;
		int at = schema_like(all, name, strlen(name));

		if (at < 0) {
			near = schema_nearest(all, name);
			return err_as(st->err, STATUS_USAGE,
				near != NULL ? "--columns: there is no column "
					       "'%s' (did you mean '%s'?)"
					     : "--columns: there is no column "
					       "'%s'",
				name, near);
		}
		if (schema_find(s->schema, all->f[at].name,
			    strlen(all->f[at].name)) >= 0)
			return err_as(st->err, STATUS_USAGE,
				"--columns: '%s' is named twice", name);
		schema_add(
			s->schema, all->f[at].name, type_copy(all->f[at].type));
	}
	return 0;
}

/* The columns are those of the first file. */
static int
parse_parquet_plan(struct stage *st, struct plan *p)
{
	struct parse_parquet *s = STAGE(st, parse_parquet);
	struct parquet_reader *r = open_file(st, 0);
	int rc;

	if (r == NULL)
		return -1;
	rc = choose_columns(st, parquet_read_schema(r));
	parquet_read_free(r);
	if (rc < 0)
		return -1;
	s->shape = schema_shape(s->schema, st->shapes);
	if (p->stream == 0 && !p->explain)
		return 0;
	schema_free(p->fields);
	p->fields = schema_copy(s->schema);
	return 0;
}

/* A further file may have its columns in another order, and fewer or more. */
static void
find_columns(struct stage *st)
{
	struct parse_parquet *s = STAGE(st, parse_parquet);
	const struct schema *file = parquet_read_schema(s->file);
	size_t n = s->schema->n;

	s->stride = n + RECORD_SPARE;
	s->from = mem_realloc(s->from, (n + 1) * sizeof(*s->from));
	s->v = mem_realloc(s->v, ROWS * s->stride * sizeof(*s->v));
	memset(s->v, 0, ROWS * s->stride * sizeof(*s->v)); /* nulls */
	for (size_t i = 0; i < n; i++) {
		const char *name = s->schema->f[i].name;

		/* What nobody looks at need not be read. */
		s->from[i] = stage_asks(st, name) != FIELD_UNASKED
			? schema_like(file, name, strlen(name))
			: -1;
	}
	parquet_read_choose(s->file, s->from, n);
}

/* Open the next file and pass over rows that were handed on before. */
static int
next_file(struct stage *st)
{
	struct parse_parquet *s = STAGE(st, parse_parquet);
	int rc;

	s->file = open_file(st, (size_t)s->at);
	if (s->file == NULL)
		return -1;
	find_columns(st);
	rc = parquet_read_skip(s->file, (uint64_t)s->row, st->err);
	if (rc == 0)
		return err_as(st->err, STATUS_DAMAGED,
			"'%s' is shorter than it was", st->operands[s->at]);
	return rc < 0 ? -1 : 0;
}

/* Rows that still belong to the batch. */
static int64_t
room(const struct parse_parquet *s)
{
	if (s->stop_at >= 0 && s->at >= s->stop_at)
		return s->at == s->stop_at && s->row < s->stop_row
			? s->stop_row - s->row
			: 0;
	if (s->stop_at < 0 && s->max_records > 0)
		return s->max_records - s->taken;
	return INT64_MAX;
}

static int
emit_rows(struct stage *st, int n)
{
	struct parse_parquet *s = STAGE(st, parse_parquet);
	struct record r = {
		.shape = s->shape, .v = s->v, .room = (uint32_t)s->stride};

	s->row += n;
	s->taken += n;
	return stage_emit_records(st, &r, s->stride, (size_t)n);
}

static int
read_rows(struct stage *st)
{
	struct parse_parquet *s = STAGE(st, parse_parquet);
	int64_t most;

	for (int i = 0; i < CALLS && (most = room(s)) > 0; i++) {
		int n = parquet_read_rows(s->file, s->v, s->stride,
			most < ROWS ? (size_t)most : ROWS, st->err);

		if (n < 0 || emit_rows(st, n) < 0)
			return -1;
		if (n == 0) {
			parquet_read_free(s->file);
			s->file = NULL;
			s->at++;
			s->row = 0;
			break;
		}
	}
	return PULL_MORE;
}

static int
parse_parquet_pull(struct stage *st)
{
	struct parse_parquet *s = STAGE(st, parse_parquet);

	stage_ready(st);
	if (room(s) <= 0) {
		s->stop_at = -1;
		s->taken = 0;
		return PULL_BATCH;
	}
	if (s->file != NULL)
		return read_rows(st);
	if (s->at >= (int64_t)st->noperands)
		return PULL_END;
	return next_file(st) < 0 ? -1 : PULL_MORE;
}

static int
parse_parquet_mark(struct stage *st, struct buf *out)
{
	struct parse_parquet *s = STAGE(st, parse_parquet);

	buf_printf(out, "{\"file\":%lld,\"row\":%lld}", (long long)s->at,
		(long long)s->row);
	return 0;
}

static int
read_mark(struct stage *st, const char *text, int64_t *file, int64_t *row)
{
	struct json_error why;
	struct value mark;
	struct buf b;
	bool is;

	buf_init(&b);
	buf_str(&b, text);
	buf_need(&b, JSON_PADDING);
	is = json_read(b.p, b.p + b.n, 0, &mark, &why) != NULL &&
		value_member_int(&mark, "file", file) &&
		value_member_int(&mark, "row", row);
	buf_release(&b);
	return is ? 0
		  : err_as(st->err, STATUS_DAMAGED,
			    "the position of the source is damaged");
}

static int
parse_parquet_seek(struct stage *st, const char *from, const char *to)
{
	struct parse_parquet *s = STAGE(st, parse_parquet);

	parquet_read_free(s->file);
	s->file = NULL;
	s->at = s->row = 0;
	s->stop_at = -1;
	if (from && read_mark(st, from, &s->at, &s->row) < 0)
		return -1;
	return to ? read_mark(st, to, &s->stop_at, &s->stop_row) : 0;
}

static void
parse_parquet_close(struct stage *st)
{
	struct parse_parquet *s = STAGE(st, parse_parquet);

	parquet_read_free(s->file);
	schema_free(s->schema);
	free(s->v);
	free(s->from);
	for (size_t i = 0; i < s->kept.n / sizeof(int); i++)
		if (((int *)s->kept.p)[i] >= 0)
			close(((int *)s->kept.p)[i]);
	buf_release(&s->kept);
}

static const struct source parse_parquet_source = {
	.pull = parse_parquet_pull,
	.mark = parse_parquet_mark,
	.seek = parse_parquet_seek,
};

const struct op op_parse_parquet = {
	.name = "parse-parquet",
	.about = "hand on the rows of Parquet files",
	.synopsis = "[--columns NAME,...] [--max-records N] FILE ...",
	.opts = parse_parquet_opts,
	.size = sizeof(struct parse_parquet),
	.flags = OP_OPERANDS | OP_SPOOLS,
	.defaults = parse_parquet_defaults,
	.open = parse_parquet_open,
	.plan = parse_parquet_plan,
	.source = &parse_parquet_source,
	.close = parse_parquet_close,
};
