/*
 * delta_changes: see delta_changes.h.
 */
#include "delta/delta_changes.h"

#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"
#include "value/value.h"
#include "types/schema.h"
#include "types/schema_parse.h"
#include "delta/delta_log.h"

struct version {
	struct delta_changes *c;
	const struct delta_changes_options *o;
	bool removes;
};

static void
clear(struct delta_changes *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->f[i].action);
		free(c->f[i].path);
	}
	c->n = 0;
}

void
delta_changes_release(struct delta_changes *c)
{
	clear(c);
	free(c->f);
	memset(c, 0, sizeof(*c));
}

static void
add(struct delta_changes *c, const char *action, size_t n, const char *path,
	size_t npath, int64_t time_ms)
{
	struct delta_change *f;

	if (c->n == c->room) {
		c->room = c->room * 2 + 16;
		c->f = mem_realloc(c->f, c->room * sizeof(*c->f));
	}
	f = &c->f[c->n++];
	f->action = mem_zalloc(n + JSON_PADDING);
	memcpy(f->action, action, n);
	f->n = n;
	f->path = mem_dup(path, npath);
	f->time_ms = time_ms;
}

/* ---- all files ---- */

static int
by_time(const void *a, const void *b)
{
	const struct delta_change *x = a, *y = b;

	if (x->time_ms != y->time_ms)
		return x->time_ms < y->time_ms ? -1 : 1;
	return strcmp(x->path, y->path);
}

static int
read_all(struct delta_changes *c, const struct delta_changes_options *o,
	struct err *err)
{
	struct delta_log *l = delta_log_open_at(o->dir, o->version, err);

	if (l == NULL)
		return -1;
	for (size_t i = 0; i < l->files.n; i++) {
		const struct delta_file *f = l->files.f[i];
		struct json_error why;
		struct value action;
		int64_t time = 0;

		if (json_read(f->action, f->action + f->n, 0, &action, &why) !=
			NULL)
			value_member_int(&action, "modificationTime", &time);
		add(c, f->action, f->n, f->path, strlen(f->path), time);
	}
	delta_log_free(l);
	if (c->n > 0)
		qsort(c->f, c->n, sizeof(*c->f), by_time);
	return 0;
}

/* ---- those of a version ---- */

static bool
changes_data(const struct value *action)
{
	struct value v;

	return !json_get(action, "dataChange", 10, &v) ||
		v.type != VALUE_BOOL || v.i;
}

/* Other columns than those that the header told. */
static int
check_columns(
	const struct version *v, const struct value *action, struct err *err)
{
	struct value text;
	struct schema *s;
	struct buf plain;
	bool same;

	if (!json_get(action, "schemaString", 12, &text) ||
		text.type != VALUE_STRING)
		return 0;
	buf_init(&plain);
	json_unquote(&plain, text.s, text.n);
	s = schema_parse(buf_cstr(&plain), err);
	buf_release(&plain);
	if (s == NULL)
		return -1;
	/* Of a version before the newest: those that it lacks are null. */
	same = s->n <= v->o->schema->n || schema_equal(s, v->o->schema);
	schema_free(s);
	return same ? 0
		    : err_set(err,
			      "version %lld of table '%s' has other columns: "
			      "start again",
			      (long long)v->o->version, v->o->dir);
}

static int
take(void *arg, const char *name, size_t n, const struct value *action,
	struct err *err)
{
	struct version *v = arg;
	struct value path, vector;

	if (json_same(name, n, "metaData", 8))
		return check_columns(v, action, err);
	if (json_same(name, n, "remove", 6)) {
		v->removes = v->removes || changes_data(action);
		return 0;
	}
	if (!json_same(name, n, "add", 3) || !changes_data(action))
		return 0;
	if (json_get(action, "deletionVector", 14, &vector) &&
		vector.type == VALUE_OBJECT)
		return err_as(err, STATUS_USAGE,
			"table '%s' has deletion vectors, which are not read",
			v->o->dir);
	if (json_get(action, "path", 4, &path) && path.type == VALUE_STRING)
		add(v->c, action->s, action->n, path.s, path.n, 0);
	return 0;
}

/* A log that was cut in front: nothing tells what the version added. */
static int
check_cut(const struct delta_changes_options *o, struct err *err)
{
	struct delta_log *l = delta_log_open(o->dir, false, err);
	int rc = 1;

	if (l == NULL)
		return -1;
	if (l->version >= o->version)
		rc = err_as(err, STATUS_USAGE,
			"the log of table '%s' has no version %lld any more: "
			"begin without --from-version and with a new "
			"checkpoint",
			o->dir, (long long)o->version);
	else if (strcmp(l->id != NULL ? l->id : "", o->id) != 0)
		rc = err_as(err, STATUS_DAMAGED,
			"table '%s' was made anew: start with a new checkpoint",
			o->dir);
	delta_log_free(l);
	return rc;
}

int
delta_changes_read(struct delta_changes *c,
	const struct delta_changes_options *o, struct err *err)
{
	struct version v = {.c = c, .o = o};
	int rc;

	clear(c);
	if (o->snapshot)
		return read_all(c, o, err);
	rc = delta_log_version(o->dir, o->version, take, &v, err);
	if (rc == 1)
		return o->look_back ? check_cut(o, err) : 1;
	if (rc < 0)
		return -1;
	if (!v.removes || o->ignore_changes)
		return 0;
	return err_set(err,
		"version %lld of table '%s' removes or changes rows, and what "
		"was handed on cannot be taken back: say --ignore-changes to "
		"have what it adds, or begin with a new checkpoint",
		(long long)o->version, o->dir);
}
