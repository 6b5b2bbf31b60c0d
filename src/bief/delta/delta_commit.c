/*
 * delta_commit: see delta_commit.h.
 */
#include "delta/delta_commit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/err.h"
#include "value/json.h"
#include "value/record.h"
#include "value/record_read.h"
#include "io/file.h"
#include "types/schema.h"
#include "types/schema_parse.h"
#include "parquet/columns.h"
#include "parquet/parquet_write.h"
#include "delta/delta_log.h"

#define DIGITS 20 /* of a version in names */

/* What a checkpoint has: a column for each kind of action. */
static const char checkpoint_schema[] =
	"txn struct<appId:string,version:bigint,lastUpdated:bigint>,"
	"add struct<path:string,partitionValues:map<string,string>,size:bigint,"
	"modificationTime:bigint,dataChange:boolean,stats:string,"
	"tags:map<string,string>>,"
	"remove struct<path:string,deletionTimestamp:bigint,dataChange:boolean,"
	"extendedFileMetadata:boolean,partitionValues:map<string,string>,"
	"size:bigint>,"
	"metaData struct<id:string,name:string,description:string,"
	"format:struct<provider:string,options:map<string,string>>,"
	"schemaString:string,partitionColumns:array<string>,"
	"configuration:map<string,string>,createdTime:bigint>,"
	"protocol struct<minReaderVersion:int,minWriterVersion:int,"
	"readerFeatures:array<string>,writerFeatures:array<string>>";

static int
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -1;
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

/* A file under a name that no reader looks at, durable. */
static int
write_hidden(const char *path, const char *p, size_t n, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int rc;

	if (fd < 0)
		return err_sys(err, "cannot make '%s'", path);
	rc = write_all(fd, p, n) < 0 || fsync(fd) < 0
		? err_sys(err, "cannot write '%s'", path)
		: 0;
	if (close(fd) < 0 && rc == 0)
		rc = err_sys(err, "cannot write '%s'", path);
	if (rc < 0)
		unlink(path);
	return rc;
}

/* Give it its name, unless somebody has it: 0, 1 or -1. */
static int
put_if_absent(const char *hidden, const char *path, struct err *err)
{
	int rc = link(hidden, path);

	/* Some file systems know no links. */
	if (rc != 0 && (errno == EPERM || errno == ENOSYS || errno == ENOTSUP))
		rc = renameat2(
			AT_FDCWD, hidden, AT_FDCWD, path, RENAME_NOREPLACE);
	if (rc == 0)
		return 0;
	return errno == EEXIST
		? 1
		: err_sys(err, "cannot link '%s' to '%s'", hidden, path);
}

static int
sync_log(const struct delta_log *l, struct err *err)
{
	struct buf path;
	int rc;

	buf_init(&path);
	buf_printf(&path, "%s/_delta_log", l->dir);
	rc = file_sync_dir(buf_cstr(&path), err);
	buf_release(&path);
	return rc;
}

int
delta_commit_try(struct delta_log *l, const struct buf *actions, bool *there,
	struct err *err)
{
	long long version = (long long)l->version + 1;
	struct buf path, hidden;
	int rc;

	buf_init(&path);
	buf_init(&hidden);
	buf_printf(&path, "%s/_delta_log/%0*lld.json", l->dir, DIGITS, version);
	buf_printf(&hidden, "%s/_delta_log/.%0*lld.json.%ld.tmp", l->dir,
		DIGITS, version, (long)getpid());
	rc = write_hidden(buf_cstr(&hidden), actions->p, actions->n, err);
	if (rc == 0) {
		rc = put_if_absent(hidden.p, buf_cstr(&path), err);
		unlink(hidden.p);
	}
	*there = rc == 0;
	if (rc == 0)
		rc = sync_log(l, err);
	buf_release(&path);
	buf_release(&hidden);
	return rc != 0 ? rc : delta_log_refresh(l, err);
}

void
delta_commit_remove(const struct delta_file *f, int64_t now_ms, struct buf *out)
{
	struct value action, values;
	struct json_error why;
	int64_t size = 0;

	buf_str(out, "{\"remove\":{\"path\":");
	json_quote(out, f->path, strlen(f->path));
	buf_printf(out, ",\"deletionTimestamp\":%lld,\"dataChange\":true",
		(long long)now_ms);
	if (json_read(f->action, f->action + f->n, 0, &action, &why) != NULL &&
		value_member_int(&action, "size", &size) &&
		json_get(&action, "partitionValues", 15, &values) &&
		values.type == VALUE_OBJECT)
		buf_printf(out,
			",\"extendedFileMetadata\":true,"
			"\"partitionValues\":%.*s,\"size\":%lld",
			(int)values.n, values.s, (long long)size);
	buf_str(out, "}}\n");
}

/* ---- checkpoints ---- */

struct snapshot {
	struct parquet_writer *w;
	struct columns columns;
	struct record_reader reader;
	struct shapes *shapes;
	struct buf line;
	int64_t rows;
};

/* An action as a row: the other columns are null. */
static int
put_action(struct snapshot *o, const char *name, const char *action, size_t n,
	struct err *err)
{
	struct record r;

	buf_clear(&o->line);
	buf_printf(&o->line, "{\"%s\":", name);
	buf_add(&o->line, action, n);
	buf_byte(&o->line, '}');
	buf_need(&o->line, JSON_PADDING);
	r = (struct record){.line = o->line.p, .nline = (uint32_t)o->line.n};
	if (record_read(&o->reader, &r, err) < 0 ||
		parquet_write_row(o->w, columns_values(&o->columns, &r), err) !=
			0)
		return err_in(err, "cannot write a checkpoint of the log");
	o->rows++;
	return 0;
}

static int
put_txn(struct snapshot *o, const struct delta_txn *t, struct err *err)
{
	struct buf text;
	int rc;

	buf_init(&text);
	buf_str(&text, "{\"appId\":");
	json_quote(&text, t->app, strlen(t->app));
	buf_printf(&text, ",\"version\":%lld", (long long)t->version);
	if (t->time_ms > 0)
		buf_printf(
			&text, ",\"lastUpdated\":%lld", (long long)t->time_ms);
	buf_byte(&text, '}');
	rc = put_action(o, "txn", text.p, text.n, err);
	buf_release(&text);
	return rc;
}

static int
put_all(struct snapshot *o, const struct delta_log *l, int64_t keep_ms,
	struct err *err)
{
	size_t i;

	if (put_action(o, "protocol", l->protocol, strlen(l->protocol), err) <
			0 ||
		put_action(o, "metaData", l->metadata, strlen(l->metadata),
			err) < 0)
		return -1;
	for (i = 0; i < l->ntxns; i++)
		if (put_txn(o, &l->txns[i], err) < 0)
			return -1;
	for (i = 0; i < l->files.n; i++)
		if (put_action(o, "add", l->files.f[i]->action,
			    l->files.f[i]->n, err) < 0)
			return -1;
	for (i = 0; i < l->removed.n; i++)
		if (l->removed.f[i]->time_ms >= keep_ms &&
			put_action(o, "remove", l->removed.f[i]->action,
				l->removed.f[i]->n, err) < 0)
			return -1;
	return parquet_write_end(o->w, err);
}

/* A new file in the place of an old one. */
static int
replace(const struct delta_log *l, const char *name, const char *p, size_t n,
	struct err *err)
{
	struct buf path, hidden;
	int rc;

	buf_init(&path);
	buf_init(&hidden);
	buf_printf(&path, "%s/_delta_log/%s", l->dir, name);
	buf_printf(&hidden, "%s/_delta_log/.%s.%ld.tmp", l->dir, name,
		(long)getpid());
	rc = write_hidden(buf_cstr(&hidden), p, n, err);
	if (rc == 0 && rename(hidden.p, buf_cstr(&path)) < 0) {
		rc = err_sys(
			err, "cannot rename '%s' to '%s'", hidden.p, path.p);
		unlink(hidden.p);
	}
	buf_release(&path);
	buf_release(&hidden);
	return rc;
}

static int
put_checkpoint(struct snapshot *o, const struct delta_log *l, struct err *err)
{
	char name[80], last[100];
	size_t n;
	const char *p = parquet_write_take(o->w, &n);

	snprintf(name, sizeof(name), "%0*lld.checkpoint.parquet", DIGITS,
		(long long)l->version);
	if (replace(l, name, p, n, err) < 0 || sync_log(l, err) < 0)
		return -1;
	snprintf(last, sizeof(last), "{\"version\":%lld,\"size\":%lld}",
		(long long)l->version, (long long)o->rows);
	return replace(l, "_last_checkpoint", last, strlen(last), err) < 0
		? -1
		: sync_log(l, err);
}

int
delta_commit_checkpoint(struct delta_log *l, int64_t keep_ms, struct err *err)
{
	struct schema *s = schema_parse(checkpoint_schema, err);
	struct snapshot o = {0};
	int rc = -1;

	if (s == NULL)
		return -1;
	o.shapes = shape_set_new();
	record_read_init(&o.reader, o.shapes);
	columns_init(&o.columns, s);
	o.w = parquet_write_new(s, CODEC_ZSTD, err);
	if (o.w != NULL && put_all(&o, l, keep_ms, err) == 0)
		rc = put_checkpoint(&o, l, err);
	parquet_write_free(o.w);
	columns_release(&o.columns);
	record_read_release(&o.reader);
	shape_set_free(o.shapes);
	buf_release(&o.line);
	schema_free(s);
	return rc;
}
