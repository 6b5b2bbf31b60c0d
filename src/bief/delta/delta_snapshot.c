/*
 * delta_snapshot: see delta_snapshot.h.
 */
#include "delta/delta_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/hash.h"
#include "floor/mem.h"
#include "value/json.h"
#include "value/value.h"
#include "types/schema.h"
#include "types/schema_parse.h"
#include "parquet/parquet_read.h"
#include "delta/delta_log.h"

/* ---- files by their paths ---- */

static void
grow(struct delta_files_of *o)
{
	o->mask = o->mask * 4 + 63;
	free(o->hash);
	o->hash = mem_zalloc((o->mask + 1) * sizeof(*o->hash));
	for (size_t i = 0; i < o->n; i++) {
		struct delta_file *f = o->f[i];
		size_t at = hash_bytes(f->path, strlen(f->path)) & o->mask;

		f->next = o->hash[at];
		o->hash[at] = f;
	}
}

static void
free_file(struct delta_file *f)
{
	free(f->path);
	free(f->action);
	free(f);
}

static void
take_out(struct delta_files_of *o, const char *path)
{
	struct delta_file **at, *f;

	if (o->hash == NULL)
		return;
	at = &o->hash[hash_bytes(path, strlen(path)) & o->mask];
	while (*at != NULL && strcmp((*at)->path, path) != 0)
		at = &(*at)->next;
	f = *at;
	if (f == NULL)
		return;
	*at = f->next;
	o->f[f->at] = o->f[--o->n];
	o->f[f->at]->at = f->at;
	free_file(f);
}

static void
put_in(struct delta_files_of *o, const char *path, const struct value *action,
	int64_t time_ms)
{
	struct delta_file *f = mem_zalloc(sizeof(*f));
	size_t at;

	take_out(o, path);
	if (o->hash == NULL || o->n > o->mask)
		grow(o);
	if (o->n == o->room) {
		o->room = o->room * 2 + 16;
		o->f = mem_realloc(o->f, o->room * sizeof(*o->f));
	}
	f->path = mem_dup(path, strlen(path));
	f->action = mem_zalloc(action->n + JSON_PADDING);
	memcpy(f->action, action->s, action->n);
	f->n = action->n;
	f->time_ms = time_ms;
	f->at = o->n;
	o->f[o->n++] = f;
	at = hash_bytes(path, strlen(path)) & o->mask;
	f->next = o->hash[at];
	o->hash[at] = f;
}

static void
release_files(struct delta_files_of *o)
{
	for (size_t i = 0; i < o->n; i++)
		free_file(o->f[i]);
	free(o->f);
	free(o->hash);
	memset(o, 0, sizeof(*o));
}

/* ---- members ---- */

static bool
member(const struct value *object, const char *name, enum value_type type,
	struct value *v)
{
	return json_get(object, name, strlen(name), v) && v->type == type;
}

/* A member's plain text, allocated; NULL. */
static char *
member_text(const struct value *object, const char *name)
{
	struct value v;
	struct buf tmp;
	const char *s;
	char *copy;
	size_t n;

	if (!member(object, name, VALUE_STRING, &v))
		return NULL;
	buf_init(&tmp);
	s = value_string(&v, &n, &tmp);
	copy = mem_dup(s, n);
	buf_release(&tmp);
	return copy;
}

static char *
padded(const struct value *v)
{
	char *p = mem_zalloc(v->n + JSON_PADDING);

	memcpy(p, v->s, v->n);
	return p;
}

/* ---- what we can do with the table ---- */

static void
not_written(struct delta_log *l, const char *what, int n)
{
	if (l->writable)
		snprintf(l->why, sizeof(l->why), "%.*s", n, what);
	l->writable = false;
}

static bool
among(const struct value *v, const char *const *words)
{
	for (; *words != NULL; words++)
		if (json_same(v->s, v->n, *words, strlen(*words)))
			return true;
	return false;
}

static int
check_reader(struct delta_log *l, const struct value *protocol, int64_t version,
	struct err *err)
{
	struct value list, key, v;
	struct json_iter it;

	if (version <= 1)
		return 0;
	if (version == 2)
		return err_as(err, STATUS_USAGE,
			"table '%s' has column mapping (version 2 for "
			"readers), which is not read",
			l->dir);
	if (version > 3 ||
		!member(protocol, "readerFeatures", VALUE_ARRAY, &list))
		return err_as(err, STATUS_USAGE,
			"table '%s' asks for version %lld of its readers, and "
			"this one has version 1",
			l->dir, (long long)version);
	json_iter(&it, &list);
	if (json_next(&it, &key, &v))
		return err_as(err, STATUS_USAGE,
			"table '%s' has the feature %.*s, which is not read",
			l->dir, (int)v.n, v.s);
	return 0;
}

static void
check_writer(struct delta_log *l, const struct value *protocol, int64_t version)
{
	static const char *const known[] = {"appendOnly", "invariants", NULL};
	static const char *const names[] = {"check constraints",
		"generated columns or a change data feed", "column mapping",
		"identity columns"};
	struct value list, key, v;
	struct json_iter it;
	char text[80];

	if (version <= 2)
		return;
	if (version == 7 &&
		member(protocol, "writerFeatures", VALUE_ARRAY, &list)) {
		json_iter(&it, &list);
		while (json_next(&it, &key, &v))
			if (!among(&v, known)) {
				snprintf(text, sizeof(text), "the feature %.*s",
					(int)v.n, v.s);
				not_written(l, text, (int)strlen(text));
			}
		return;
	}
	snprintf(text, sizeof(text), "version %lld for writers (%s)",
		(long long)version,
		version < 7 ? names[version - 3] : "a newer one");
	not_written(l, text, (int)strlen(text));
}

static int
take_protocol(
	struct delta_log *l, const struct value *protocol, struct err *err)
{
	int64_t reader = 0, writer = 0;

	if (!value_member_int(protocol, "minReaderVersion", &reader) ||
		!value_member_int(protocol, "minWriterVersion", &writer))
		return err_as(err, STATUS_DAMAGED,
			"the log of table '%s' is damaged: its protocol has no "
			"versions",
			l->dir);
	free(l->protocol);
	l->protocol = padded(protocol);
	l->writable = true;
	check_writer(l, protocol, writer);
	return check_reader(l, protocol, reader, err);
}

static bool
is_true(const struct value *v)
{
	return v->type == VALUE_BOOL ? v->i
				     : v->type == VALUE_STRING && v->n == 4 &&
			strncasecmp(v->s, "true", 4) == 0;
}

static void
take_configuration(struct delta_log *l, const struct value *metadata)
{
	struct value all, key, v;
	struct json_iter it;

	l->append_only = false;
	if (!member(metadata, "configuration", VALUE_OBJECT, &all))
		return;
	json_iter(&it, &all);
	while (json_next(&it, &key, &v)) {
		if (json_same(key.s, key.n, "delta.appendOnly", 16))
			l->append_only = is_true(&v);
		if (key.n > 18 && memcmp(key.s, "delta.constraints.", 18) == 0)
			not_written(l, "check constraints", 17);
		if (json_same(key.s, key.n, "delta.enableChangeDataFeed", 26) &&
			is_true(&v))
			not_written(l, "a change data feed", 18);
	}
}

static void
take_list(struct list *to, const struct value *from, const char *name)
{
	struct value all, key, v;
	struct json_iter it;
	struct buf tmp;

	list_free(to);
	*to = (struct list){0};
	if (!member(from, name, VALUE_ARRAY, &all))
		return;
	buf_init(&tmp);
	json_iter(&it, &all);
	while (json_next(&it, &key, &v)) {
		buf_clear(&tmp);
		json_unquote(&tmp, v.s, v.type == VALUE_STRING ? v.n : 0);
		list_add(to, buf_cstr(&tmp), false);
	}
	buf_release(&tmp);
}

/* Columns that the schema says cannot be null. */
static void
take_required(struct delta_log *l, const char *text, size_t n)
{
	struct value schema, fields, key, f, nullable;
	struct json_error why;
	struct json_iter it;

	list_free(&l->required);
	l->required = (struct list){0};
	if (json_read(text, text + n, 0, &schema, &why) == NULL ||
		!member(&schema, "fields", VALUE_ARRAY, &fields))
		return;
	json_iter(&it, &fields);
	while (json_next(&it, &key, &f)) {
		char *name = member_text(&f, "name");

		if (name != NULL &&
			member(&f, "nullable", VALUE_BOOL, &nullable) &&
			!nullable.i)
			list_add(&l->required, name, false);
		free(name);
	}
}

static int
take_schema(struct delta_log *l, const char *text, struct err *err)
{
	size_t n = strlen(text);
	char *copy = mem_zalloc(n + JSON_PADDING);
	int rc;

	memcpy(copy, text, n);
	schema_free(l->schema);
	l->schema = schema_parse(copy, err);
	if (l->schema != NULL)
		take_required(l, copy, n);
	if (strstr(copy, "\"delta.invariants\"") != NULL)
		not_written(l, "invariants of columns", 21);
	if (strstr(copy, "\"delta.generationExpression\"") != NULL)
		not_written(l, "generated columns", 17);
	rc = l->schema != NULL ? 0 : err_in(err, "table '%s'", l->dir);
	free(copy);
	return rc;
}

static int
take_metadata(
	struct delta_log *l, const struct value *metadata, struct err *err)
{
	char *text = member_text(metadata, "schemaString");
	int rc;

	if (text == NULL)
		return err_as(err, STATUS_DAMAGED,
			"the log of table '%s' is damaged: it does not tell "
			"the columns",
			l->dir);
	free(l->metadata);
	l->metadata = padded(metadata);
	free(l->id);
	l->id = member_text(metadata, "id");
	if (l->id == NULL)
		l->id = mem_dup("", 0);
	take_list(&l->parts, metadata, "partitionColumns");
	take_configuration(l, metadata);
	rc = take_schema(l, text, err);
	free(text);
	return rc;
}

static void
take_txn(struct delta_log *l, const struct value *txn)
{
	char *app = member_text(txn, "appId");
	int64_t version, time = 0;
	size_t i = 0;

	if (app == NULL || !value_member_int(txn, "version", &version)) {
		free(app);
		return;
	}
	value_member_int(txn, "lastUpdated", &time);
	while (i < l->ntxns && strcmp(l->txns[i].app, app) != 0)
		i++;
	if (i == l->ntxns) {
		l->txns = mem_realloc(
			l->txns, (l->ntxns + 1) * sizeof(*l->txns));
		l->txns[l->ntxns++].app = app;
	} else {
		free(app);
	}
	l->txns[i].version = version;
	l->txns[i].time_ms = time;
}

static int
take_file(struct delta_log *l, const struct value *action, bool add,
	struct err *err)
{
	char *path = member_text(action, "path");
	struct value v;
	int64_t time = 0;

	if (path == NULL)
		return err_as(err, STATUS_DAMAGED,
			"the log of table '%s' is damaged: a file has no path",
			l->dir);
	if (add && member(action, "deletionVector", VALUE_OBJECT, &v)) {
		free(path);
		return err_as(err, STATUS_USAGE,
			"table '%s' has deletion vectors, which are not read",
			l->dir);
	}
	if (add) {
		take_out(&l->removed, path);
		put_in(&l->files, path, action, 0);
	} else {
		value_member_int(action, "deletionTimestamp", &time);
		take_out(&l->files, path);
		put_in(&l->removed, path, action, time);
	}
	free(path);
	return 0;
}

int
delta_snapshot_take(void *arg, const char *name, size_t n,
	const struct value *action, struct err *err)
{
	struct delta_log *l = arg;

	if (json_same(name, n, "add", 3))
		return take_file(l, action, true, err);
	if (json_same(name, n, "remove", 6))
		return take_file(l, action, false, err);
	if (json_same(name, n, "metaData", 8))
		return take_metadata(l, action, err);
	if (json_same(name, n, "protocol", 8))
		return take_protocol(l, action, err);
	if (json_same(name, n, "txn", 3))
		take_txn(l, action);
	return 0;
}

int
delta_snapshot_read(struct delta_log *l, const char *path, struct err *err)
{
	struct parquet_reader *r = parquet_read_open(path, err);
	const struct schema *s;
	struct value *v;
	int rc = 1;

	if (r == NULL)
		return -1;
	s = parquet_read_schema(r);
	v = mem_alloc((s->n + 1) * sizeof(*v));
	while (rc == 1) {
		rc = parquet_read_row(r, v, err);
		for (size_t i = 0; rc == 1 && i < s->n; i++)
			if (v[i].type == VALUE_OBJECT &&
				delta_snapshot_take(l, s->f[i].name,
					strlen(s->f[i].name), &v[i], err) < 0)
				rc = -1;
	}
	free(v);
	parquet_read_free(r);
	return rc;
}

void
delta_snapshot_release(struct delta_log *l)
{
	release_files(&l->files);
	release_files(&l->removed);
	for (size_t i = 0; i < l->ntxns; i++)
		free(l->txns[i].app);
	free(l->txns);
	free(l->protocol);
	free(l->metadata);
	free(l->id);
	schema_free(l->schema);
	list_free(&l->parts);
	list_free(&l->required);
}
