/*
 * delta_log: see delta_log.h.  Reading; what is written is in delta_commit.c.
 */
#include "delta/delta_log.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"
#include "value/value.h"
#include "io/file.h"
#include "delta/delta_snapshot.h"

#define DIGITS 20 /* of a version in names */
#define COMMIT_MOST ((size_t)1 << 30)
#define VERSION_MOST ((int64_t)1 << 62)

/* What stands in the log's directory. */
struct listing {
	int64_t first, last; /* commits; -1 */
	int64_t checkpoint;  /* the newest whose parts are all there; -1 */
	int64_t upto;        /* look at no later ones */
	int parts;           /* of it; 0: it is one file */
};

/* ---- names ---- */

static void
log_path(const char *dir, int64_t version, const char *end, struct buf *out)
{
	buf_clear(out);
	buf_printf(out, "%s/_delta_log/%0*lld%s", dir, DIGITS,
		(long long)version, end);
	buf_cstr(out);
}

static bool
plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || strchr("-._~/=+@,:", c) != NULL;
}

void
delta_log_escape(const char *path, struct buf *out)
{
	for (; *path != '\0'; path++)
		if (plain((unsigned char)*path))
			buf_byte(out, *path);
		else
			buf_printf(out, "%%%02X", (unsigned char)*path);
}

static int
hex(char c)
{
	return c >= '0' && c <= '9'    ? c - '0'
		: c >= 'a' && c <= 'f' ? c - 'a' + 10
		: c >= 'A' && c <= 'F' ? c - 'A' + 10
				       : -1;
}

void
delta_log_place(const char *dir, const char *path, size_t n, struct buf *out)
{
	size_t i = 0;

	buf_clear(out);
	if (n > 7 && memcmp(path, "file://", 7) == 0)
		i = 7;
	else if (n > 6 && memcmp(path, "file:/", 6) == 0)
		i = 5;
	else if (n == 0 || *path != '/')
		buf_printf(out, "%s/", dir);
	for (; i < n; i++) {
		int high = path[i] == '%' && i + 2 < n ? hex(path[i + 1]) : -1;
		int low = high >= 0 ? hex(path[i + 2]) : -1;

		buf_byte(out, low >= 0 ? (char)(high << 4 | low) : path[i]);
		i += low >= 0 ? 2 : 0;
	}
	buf_cstr(out);
}

/* The version in a name, and what follows it; -1. */
static int64_t
name_version(const char *name, const char **rest)
{
	int64_t v = 0;

	for (int i = 0; i < DIGITS; i++) {
		if (name[i] < '0' || name[i] > '9' || v > VERSION_MOST / 10)
			return -1;
		v = v * 10 + (name[i] - '0');
	}
	*rest = name + DIGITS;
	return v;
}

static void
list_name(struct listing *l, const char *name)
{
	const char *rest;
	int64_t v = name_version(name, &rest);
	int part, parts;
	char tail;

	if (v < 0 || v > l->upto)
		return;
	if (strcmp(rest, ".json") == 0) {
		if (l->first < 0 || v < l->first)
			l->first = v;
		if (v > l->last)
			l->last = v;
	} else if (strcmp(rest, ".checkpoint.parquet") == 0 &&
		v >= l->checkpoint) {
		l->checkpoint = v;
		l->parts = 0;
	} else if (sscanf(rest, ".checkpoint.%10d.%10d.parque%c", &part, &parts,
			   &tail) == 3 &&
		part == parts && v > l->checkpoint) {
		l->checkpoint = v; /* the last part is written last */
		l->parts = parts;
	}
}

static int
list(const char *dir, struct listing *l, struct err *err)
{
	struct dirent *e;
	struct buf path;
	DIR *d;

	buf_init(&path);
	buf_printf(&path, "%s/_delta_log", dir);
	l->first = l->last = l->checkpoint = -1;
	d = opendir(buf_cstr(&path));
	buf_release(&path);
	if (d == NULL)
		return errno == ENOENT
			? 0
			: err_sys(err, "cannot read the log of table '%s'",
				  dir);
	while ((e = readdir(d)) != NULL)
		list_name(l, e->d_name);
	closedir(d);
	return 0;
}

/* ---- versions ---- */

struct lines {
	const char *path;
	int (*each)(void *arg, const char *name, size_t n,
		const struct value *action, struct err *err);
	void *arg;
};

/* A line is an object with one member. */
static int
read_line(
	const struct lines *o, const char *p, const char *end, struct err *err)
{
	struct value line, key, action;
	struct json_error why;
	struct json_iter it;

	if (json_space(p, end) == end)
		return 0;
	if (json_read(p, end, 0, &line, &why) == NULL ||
		line.type != VALUE_OBJECT)
		return err_as(err, STATUS_DAMAGED,
			"'%s' is damaged: a line is no JSON object", o->path);
	json_iter(&it, &line);
	while (json_next(&it, &key, &action))
		if (action.type == VALUE_OBJECT &&
			o->each(o->arg, key.s, key.n, &action, err) < 0)
			return -1;
	return 0;
}

/* Objects, with or without ends of lines between them. */
static int
read_lines(const struct lines *o, const struct buf *text, struct err *err)
{
	const char *p = text->p, *end = text->p + text->n;

	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));

		if (lf == NULL)
			lf = end;
		if (read_line(o, p, lf, err) < 0)
			return -1;
		p = lf + 1;
	}
	return 0;
}

int
delta_log_version(const char *dir, int64_t version,
	int (*each)(void *arg, const char *name, size_t n,
		const struct value *action, struct err *err),
	void *arg, struct err *err)
{
	struct lines o = {.each = each, .arg = arg};
	struct buf path, text;
	int rc;

	buf_init(&path);
	buf_init(&text);
	log_path(dir, version, ".json", &path);
	o.path = path.p;
	if (access(path.p, F_OK) < 0 && errno == ENOENT) {
		rc = 1;
	} else {
		rc = file_read(path.p, COMMIT_MOST, &text, err);
		if (rc == 0) {
			memset(buf_need(&text, JSON_PADDING), 0, JSON_PADDING);
			rc = read_lines(&o, &text, err);
		}
	}
	buf_release(&path);
	buf_release(&text);
	return rc;
}

/* ---- the table as of a version ---- */

static int
missing(const struct delta_log *l, int64_t version, struct err *err)
{
	return err_as(err, STATUS_DAMAGED,
		"the log of table '%s' is cut: version %lld is missing, and no "
		"checkpoint stands for it",
		l->dir, (long long)version);
}

static int
read_version(struct delta_log *l, int64_t version, struct err *err)
{
	int rc = delta_log_version(
		l->dir, version, delta_snapshot_take, l, err);

	if (rc == 0)
		l->version = version;
	return rc;
}

static int
read_checkpoint(struct delta_log *l, const struct listing *at, struct err *err)
{
	struct buf path;
	char end[64] = ".checkpoint.parquet";
	int i, rc = 0;

	buf_init(&path);
	for (i = 1; rc == 0 && i <= (at->parts > 0 ? at->parts : 1); i++) {
		if (at->parts > 0)
			snprintf(end, sizeof(end),
				".checkpoint.%010d.%010d.parquet", i,
				at->parts);
		log_path(l->dir, at->checkpoint, end, &path);
		rc = delta_snapshot_read(l, path.p, err);
	}
	buf_release(&path);
	if (rc == 0)
		l->version = at->checkpoint;
	return rc;
}

static int
read_table(struct delta_log *l, int64_t upto, struct err *err)
{
	struct listing at = {.upto = upto};
	int rc;

	if (list(l->dir, &at, err) < 0)
		return -1;
	if (at.checkpoint >= 0 && read_checkpoint(l, &at, err) < 0)
		return -1;
	while (l->version < at.last) {
		rc = read_version(l, l->version + 1, err);
		if (rc != 0)
			return rc < 0 ? -1 : missing(l, l->version + 1, err);
	}
	if (l->version >= 0 && l->metadata == NULL)
		return err_as(err, STATUS_DAMAGED,
			"the log of table '%s' is damaged: it does not tell "
			"the columns",
			l->dir);
	return 0;
}

static int
make_directory(const char *dir, struct err *err)
{
	struct buf path;
	int rc = 0;

	buf_init(&path);
	buf_printf(&path, "%s/_delta_log", dir);
	if (mkdir(dir, 0777) < 0 && errno != EEXIST)
		rc = err_sys(err, "cannot make '%s'", dir);
	else if (mkdir(buf_cstr(&path), 0777) < 0 && errno != EEXIST)
		rc = err_sys(err, "cannot make '%s'", path.p);
	buf_release(&path);
	return rc == 0 ? file_sync_dir(dir, err) : -1;
}

static struct delta_log *
open_table(const char *dir, int64_t upto, struct err *err)
{
	struct delta_log *l = mem_zalloc(sizeof(*l));

	l->dir = mem_dup(dir, strlen(dir));
	l->version = -1;
	l->writable = true;
	if (read_table(l, upto, err) == 0)
		return l;
	delta_log_free(l);
	return NULL;
}

struct delta_log *
delta_log_open(const char *dir, bool make, struct err *err)
{
	if (make && make_directory(dir, err) < 0)
		return NULL;
	return open_table(dir, INT64_MAX, err);
}

struct delta_log *
delta_log_open_at(const char *dir, int64_t version, struct err *err)
{
	struct delta_log *l = open_table(dir, version, err);

	if (l == NULL || l->version == version)
		return l;
	err_as(err, STATUS_USAGE, "table '%s' has no version %lld", dir,
		(long long)version);
	delta_log_free(l);
	return NULL;
}

void
delta_log_free(struct delta_log *l)
{
	if (l == NULL)
		return;
	delta_snapshot_release(l);
	free(l->dir);
	free(l);
}

int
delta_log_refresh(struct delta_log *l, struct err *err)
{
	int rc;

	do
		rc = read_version(l, l->version + 1, err);
	while (rc == 0);
	return rc < 0 ? -1 : 0;
}

int
delta_log_writable(const struct delta_log *l, struct err *err)
{
	if (l->writable)
		return 0;
	return err_as(err, STATUS_USAGE,
		"table '%s' has %s, which is not written: write to another "
		"table",
		l->dir, l->why);
}

int64_t
delta_log_batch(const struct delta_log *l, const char *app)
{
	for (size_t i = 0; i < l->ntxns; i++)
		if (strcmp(l->txns[i].app, app) == 0)
			return l->txns[i].version;
	return -1;
}
