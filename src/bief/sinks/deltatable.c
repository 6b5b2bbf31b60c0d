/*
 * deltatable: see deltatable.h.
 */
#include "sinks/deltatable.h"

#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "value/json.h"
#include "value/list.h"
#include "value/record.h"
#include "parquet/columns.h"
#include "delta/delta_commit.h"
#include "delta/delta_files.h"
#include "delta/delta_log.h"
#include "delta/delta_merge.h"
#include "delta/delta_schema.h"
#include "delta/delta_vacuum.h"
#include "runtime/options/version.h"

#define DAY_MS (24 * INT64_C(3600000))
#define KEEP_MS (7 * DAY_MS) /* that a removed file is remembered */

struct deltatable {
	struct deltatable_options o;
	struct delta_log *log;
	char *app; /* who we are, in its log; NULL: nobody */
	/* of the batch */
	struct schema *schema; /* of the table with it; NULL: not known yet */
	bool changed;          /* ... has columns that the log has not */
	struct list parts;
	struct columns columns;
	struct delta_files *files;
	struct delta_merge *merge;
	struct buf removed; /* actions */
	uint64_t nremoved;
	bool write; /* there is something to commit */
	bool due;   /* a checkpoint of the log is */
};

static int64_t
now_ms(void)
{
	return time_floor_div(time_now(), 1000);
}

/* ---- what is there ---- */

static int
lost(const struct deltatable *t, struct err *err)
{
	*t->o.lost = true;
	return err_as(err, STATUS_DAMAGED,
		"what the checkpoint has committed to table '%s', up to batch "
		"%lld, is gone: put it back, or start with a new checkpoint",
		t->o.path, (long long)t->o.committed);
}

static int
check_mark(const struct deltatable *t, struct err *err)
{
	struct value mark, id;
	struct json_error why;
	int64_t version = -1;
	struct buf text;
	int rc = 0;

	if (t->o.committed < 0 || t->o.mark == NULL)
		return 0;
	buf_init(&text);
	buf_str(&text, t->o.mark);
	buf_need(&text, JSON_PADDING);
	if (json_read(text.p, text.p + text.n, 0, &mark, &why) == NULL ||
		!value_member_int(&mark, "version", &version) ||
		!json_get(&mark, "table", 5, &id))
		rc = err_as(err, STATUS_DAMAGED,
			"the last commit does not tell a version of the table");
	else if (version >= 0 &&
		(t->log->version < version ||
			!json_same(id.s, id.n, t->log->id, strlen(t->log->id))))
		rc = lost(t, err);
	buf_release(&text);
	return rc;
}

static bool
same_list(const struct list *a, const struct list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcasecmp(a->s[i], b->s[i]) != 0)
			return false;
	return true;
}

static int
check_parts(const struct deltatable *t, struct err *err)
{
	const struct delta_log *l = t->log;

	if (l->version < 0 || t->o.parts->n == 0 ||
		same_list(t->o.parts, &l->parts))
		return 0;
	if (l->parts.n == 0)
		return err_as(err, STATUS_USAGE,
			"--partition-by: table '%s' is not partitioned, which "
			"cannot change: leave it away, or write to another "
			"table",
			t->o.path);
	return err_as(err, STATUS_USAGE,
		"--partition-by: table '%s' is partitioned by '%s'%s, which "
		"cannot change: say so, or write to another table",
		t->o.path, l->parts.s[0], l->parts.n > 1 ? " and more" : "");
}

static int
check_table(struct deltatable *t, struct err *err)
{
	const struct delta_log *l = t->log;
	bool replaces = t->o.mode == MODE_COMPLETE || t->o.mode == MODE_UPDATE;

	if (check_mark(t, err) < 0 || delta_log_writable(l, err) < 0 ||
		check_parts(t, err) < 0)
		return -1;
	if (replaces && l->append_only)
		return err_as(err, STATUS_USAGE,
			"table '%s' is append-only (delta.appendOnly), and a "
			"result in mode %s would change rows",
			t->o.path, plan_mode_name(t->o.mode));
	if (!replaces || t->o.told || l->files.n == 0 ||
		(t->app != NULL && delta_log_batch(l, t->app) >= 0))
		return 0;
	return err_as(err, STATUS_USAGE,
		"table '%s' has rows that are not of this pipeline, and the "
		"result would replace them: say --mode %s if that is meant, or "
		"take another directory",
		t->o.path, plan_mode_name(t->o.mode));
}

struct deltatable *
deltatable_open(const struct deltatable_options *o, struct err *err)
{
	struct deltatable *t = mem_zalloc(sizeof(*t));
	struct buf app;

	t->o = *o;
	if (o->identity != NULL) {
		buf_init(&app);
		buf_str(&app, o->identity);
		if (o->sink != NULL)
			buf_printf(&app, "/%s", o->sink);
		t->app = mem_dup(app.p, app.n);
		buf_release(&app);
	}
	t->log = delta_log_open(o->path, true, err);
	if (t->log != NULL && check_table(t, err) == 0)
		return t;
	deltatable_close(t);
	return NULL;
}

/* Forget the batch; its files stay if they were kept. */
static void
forget(struct deltatable *t)
{
	delta_files_free(t->files);
	delta_merge_free(t->merge);
	columns_release(&t->columns);
	schema_free(t->schema);
	list_free(&t->parts);
	t->parts = (struct list){0};
	t->files = NULL;
	t->merge = NULL;
	t->schema = NULL;
	t->changed = t->write = false;
	buf_clear(&t->removed);
	t->nremoved = 0;
}

void
deltatable_close(struct deltatable *t)
{
	if (t == NULL)
		return;
	forget(t);
	buf_release(&t->removed);
	delta_log_free(t->log);
	free(t->app);
	free(t);
}

bool
deltatable_has(const struct deltatable *t, int64_t batch)
{
	return t->app != NULL && batch <= delta_log_batch(t->log, t->app);
}

/* ---- columns ---- */

/* Columns that a table is partitioned by, as they are spelled in it. */
static int
take_parts(struct deltatable *t, struct err *err)
{
	const struct list *from = t->log->version >= 0 ? &t->log->parts
						       : t->o.parts;

	for (size_t i = 0; i < from->n; i++) {
		int at = schema_like(t->schema, from->s[i], strlen(from->s[i]));

		list_add(&t->parts,
			at >= 0 ? t->schema->f[at].name : from->s[i], false);
	}
	return delta_schema_check_parts(t->schema, &t->parts, err);
}

static int
merge_schemas(struct deltatable *t, const struct schema *comes, bool guessed,
	struct schema **out, bool *changed, struct err *err)
{
	*changed = false;
	if (t->log->version < 0) {
		*out = schema_copy(comes);
		return 0;
	}
	*out = schema_copy(t->log->schema);
	if (delta_schema_merge(*out, comes,
		    (t->o.merge_schema ? DELTA_SCHEMA_ADD : 0) |
			    (guessed ? DELTA_SCHEMA_GUESSED : 0),
		    changed, err) == 0)
		return 0;
	err_in(err, "table '%s'", t->o.path);
	schema_free(*out);
	*out = NULL;
	return -1;
}

static int
new_files(struct deltatable *t, struct err *err)
{
	delta_files_free(t->files);
	t->files = delta_files_new(
		t->o.path, t->schema, &t->parts, t->o.codec, err);
	return t->files != NULL ? 0 : -1;
}

int
deltatable_columns(struct deltatable *t, const struct schema *comes,
	bool guessed, struct err *err)
{
	forget(t);
	if (merge_schemas(t, comes, guessed, &t->schema, &t->changed, err) <
			0 ||
		delta_schema_check(t->schema, err) < 0 ||
		take_parts(t, err) < 0 || new_files(t, err) < 0)
		return -1;
	columns_init(&t->columns, t->schema);
	if (t->o.mode != MODE_UPDATE)
		return 0;
	t->merge = delta_merge_new(t->schema, t->o.keys, t->o.shapes, err);
	return t->merge != NULL ? 0 : -1;
}

bool
deltatable_has_columns(const struct deltatable *t)
{
	return t->schema != NULL;
}

/* ---- rows ---- */

static int
check_required(struct deltatable *t, const struct value *const *values,
	struct err *err)
{
	const struct list *names = &t->log->required;

	for (size_t i = 0; i < names->n; i++) {
		int at = schema_find(
			t->schema, names->s[i], strlen(names->s[i]));

		if (at >= 0 &&
			(values[at] == NULL || value_is_null(values[at]))) {
			err_set(err,
				"'%s' is null, which the table does not "
				"allow",
				names->s[i]);
			return 1;
		}
	}
	return 0;
}

int
deltatable_add(struct deltatable *t, const struct record *r, struct err *err)
{
	const struct value *const *v = columns_values(&t->columns, r);

	if (t->columns.unknown >= 0) {
		const struct shape_name
			*n = &r->shape->names[t->columns.unknown];

		err_set(err,
			"it has a field '%.*s' that the batch began without: "
			"give parse-json a schema, or pick the fields",
			(int)n->n, n->s);
		return 1;
	}
	if (t->log->required.n > 0 && check_required(t, v, err) != 0)
		return 1;
	return t->merge != NULL ? delta_merge_add(t->merge, r, v, err)
				: delta_files_row(t->files, v, err);
}

static int
merge_rows(struct deltatable *t, struct err *err)
{
	buf_clear(&t->removed);
	return delta_merge_write(
		t->merge, t->log, t->files, now_ms(), &t->removed, err);
}

int
deltatable_write(struct deltatable *t, bool same, struct err *err)
{
	bool fresh = t->log->version < 0;
	uint64_t rows;

	if (t->schema == NULL)
		return 0;
	if (t->merge != NULL && delta_merge_rows(t->merge) > 0 &&
		merge_rows(t, err) < 0)
		return -1;
	if (delta_files_end(t->files, err) < 0)
		return -1;
	rows = delta_files_rows(t->files) +
		(t->merge != NULL ? delta_merge_rows(t->merge) : 0);
	t->write = rows > 0 || fresh || t->changed ||
		(t->o.mode == MODE_COMPLETE && !same && t->log->files.n > 0);
	return 0;
}

/* ---- the commit ---- */

static void
put_quoted(struct buf *out, const struct buf *text)
{
	json_quote(out, text->p != NULL ? text->p : "", text->n);
}

static void
put_parts(const struct deltatable *t, struct buf *out)
{
	buf_byte(out, '[');
	for (size_t i = 0; i < t->parts.n; i++) {
		if (i > 0)
			buf_byte(out, ',');
		json_quote(out, t->parts.s[i], strlen(t->parts.s[i]));
	}
	buf_byte(out, ']');
}

static void
put_operation(const struct deltatable *t, int64_t batch, struct buf *out)
{
	static const char *const names[] = {
		[MODE_NONE] = "Append",
		[MODE_APPEND] = "Append",
		[MODE_UPDATE] = "Update",
		[MODE_COMPLETE] = "Complete",
	};
	struct buf parts;

	if (t->o.batches) {
		buf_printf(out,
			"\"operation\":\"STREAMING UPDATE\","
			"\"operationParameters\":{\"outputMode\":\"%s\"",
			names[t->o.mode]);
		json_member(out, "queryId", t->o.identity);
		buf_printf(out, ",\"epochId\":\"%lld\"}", (long long)batch);
		return;
	}
	buf_init(&parts);
	put_parts(t, &parts);
	buf_printf(out,
		"\"operation\":\"%s\",\"operationParameters\":{\"mode\":\"%s\","
		"\"partitionBy\":",
		t->o.mode == MODE_UPDATE ? "MERGE" : "WRITE",
		t->o.mode == MODE_COMPLETE ? "Overwrite" : "Append");
	put_quoted(out, &parts);
	buf_byte(out, '}');
	buf_release(&parts);
}

static void
put_info(const struct deltatable *t, int64_t batch, struct buf *out)
{
	bool blind = t->o.mode != MODE_UPDATE && t->o.mode != MODE_COMPLETE;

	buf_printf(out, "{\"commitInfo\":{\"timestamp\":%lld,",
		(long long)now_ms());
	put_operation(t, batch, out);
	if (t->log->version >= 0)
		buf_printf(out, ",\"readVersion\":%lld",
			(long long)t->log->version);
	buf_printf(out,
		",\"isolationLevel\":\"Serializable\",\"isBlindAppend\":%s,"
		"\"operationMetrics\":{\"numOutputRows\":\"%llu\","
		"\"numAddedFiles\":\"%llu\",\"numRemovedFiles\":\"%llu\","
		"\"numOutputBytes\":\"%llu\"},\"engineInfo\":\"bief/%s\"}}\n",
		blind ? "true" : "false",
		(unsigned long long)delta_files_rows(t->files),
		(unsigned long long)delta_files_count(t->files),
		(unsigned long long)t->nremoved,
		(unsigned long long)delta_files_bytes(t->files), BIEF_VERSION);
}

static void
put_schema(const struct deltatable *t, struct buf *out)
{
	struct buf text;

	buf_init(&text);
	delta_schema_print(t->schema, &text);
	put_quoted(out, &text);
	buf_release(&text);
}

static void
put_new_table(const struct deltatable *t, struct buf *out)
{
	char uuid[37];

	delta_files_uuid(uuid);
	buf_printf(out,
		"{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}"
		"\n{\"metaData\":{\"id\":\"%s\",\"format\":{\"provider\":"
		"\"parquet\",\"options\":{}},\"schemaString\":",
		uuid);
	put_schema(t, out);
	buf_str(out, ",\"partitionColumns\":");
	put_parts(t, out);
	buf_printf(out, ",\"configuration\":{},\"createdTime\":%lld}}\n",
		(long long)now_ms());
}

/* What the table says of itself, with other columns. */
static void
put_changed(const struct deltatable *t, struct buf *out)
{
	const char *text = t->log->metadata;
	struct value all, key, v;
	struct json_error why;
	struct json_iter it;

	json_read(text, text + strlen(text), 0, &all, &why);
	buf_str(out, "{\"metaData\":{");
	json_iter(&it, &all);
	for (bool any = false; json_next(&it, &key, &v); any = true) {
		buf_printf(
			out, "%s\"%.*s\":", any ? "," : "", (int)key.n, key.s);
		if (json_same(key.s, key.n, "schemaString", 12))
			put_schema(t, out);
		else
			value_print(&v, out);
	}
	buf_str(out, "}}\n");
}

static void
put_actions(struct deltatable *t, int64_t batch, struct buf *out)
{
	size_t i;

	if (t->o.mode == MODE_COMPLETE) {
		buf_clear(&t->removed);
		for (i = 0; i < t->log->files.n; i++)
			delta_commit_remove(
				t->log->files.f[i], now_ms(), &t->removed);
	}
	for (t->nremoved = i = 0; i < t->removed.n; i++)
		t->nremoved += t->removed.p[i] == '\n';
	put_info(t, batch, out);
	if (t->log->version < 0)
		put_new_table(t, out);
	else if (t->changed)
		put_changed(t, out);
	if (t->app != NULL) {
		buf_str(out, "{\"txn\":{\"appId\":");
		json_quote(out, t->app, strlen(t->app));
		buf_printf(out, ",\"version\":%lld,\"lastUpdated\":%lld}}\n",
			(long long)batch, (long long)now_ms());
	}
	buf_add(out, t->removed.p, t->removed.n);
	delta_files_actions(t->files, now_ms(), out);
}

/* Somebody else has committed: does what we wrote still fit? */
static int
look_again(struct deltatable *t, struct err *err)
{
	struct schema *merged = NULL;
	bool same;

	if (delta_log_refresh(t->log, err) < 0 ||
		delta_log_writable(t->log, err) < 0 ||
		merge_schemas(t, t->schema, false, &merged, &t->changed, err) <
			0)
		return -1;
	same = schema_equal(merged, t->schema);
	if (!same && t->merge == NULL) { /* columns that our files have not */
		schema_free(t->schema);
		t->schema = merged;
		merged = NULL;
	}
	schema_free(merged);
	if (!same_list(&t->parts, &t->log->parts) ||
		(!same && t->merge != NULL))
		return err_set(err,
			"table '%s' was given other columns or partitions by "
			"another program while a batch was written: start again",
			t->o.path);
	if (t->merge == NULL)
		return 0;
	return new_files(t, err) < 0 || merge_rows(t, err) < 0
		? -1
		: delta_files_end(t->files, err);
}

/* What keeps the log short and the directory small is no failure of the batch,
 * and tried again with the next one. */
static void
tidy(struct deltatable *t)
{
	int64_t now = time_now(), keep = KEEP_MS;
	struct err err;

	t->due = t->due ||
		(t->log->version > 0 &&
			t->log->version % DELTA_COMMIT_CHECKPOINT == 0);
	if (!t->due)
		return;
	if (t->o.retain_us / 1000 > keep)
		keep = t->o.retain_us / 1000;
	if (delta_commit_checkpoint(
		    t->log, time_floor_div(now, 1000) - keep, &err) < 0) {
		t->o.say(t->o.arg, err.text);
		return;
	}
	t->due = false;
	if (t->o.retain_us >= 0 &&
		delta_vacuum(t->log, now - t->o.retain_us, &err) < 0)
		t->o.say(t->o.arg, err.text);
}

int
deltatable_commit(struct deltatable *t, int64_t batch, struct err *err)
{
	struct buf actions;
	bool there;
	int rc = 1;

	if (!t->write) {
		forget(t);
		return 0;
	}
	buf_init(&actions);
	while (rc == 1) {
		buf_clear(&actions);
		put_actions(t, batch, &actions);
		rc = delta_commit_try(t->log, &actions, &there, err);
		if (there)
			delta_files_keep(t->files);
		if (rc == 1 && t->o.stopping())
			rc = err_set(err,
				"stopped while other programs were committing "
				"to table '%s'",
				t->o.path);
		if (rc == 1 && look_again(t, err) < 0)
			rc = -1;
		/* Another run of this very pipeline has been here. */
		if (rc == 1 && deltatable_has(t, batch))
			rc = 0;
	}
	buf_release(&actions);
	if (rc < 0)
		return -1;
	forget(t);
	tidy(t);
	return 0;
}

void
deltatable_mark(const struct deltatable *t, struct buf *out)
{
	buf_str(out, "{\"table\":");
	json_quote(out, t->log->id != NULL ? t->log->id : "",
		t->log->id != NULL ? strlen(t->log->id) : 0);
	buf_printf(out, ",\"version\":%lld}", (long long)t->log->version);
}
