/*
 * delta_vacuum: see delta_vacuum.h.
 */
#include "delta/delta_vacuum.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/err.h"
#include "floor/hash.h"
#include "floor/mem.h"
#include "time/time.h"
#include "delta/delta_log.h"

#define DEPTH 64 /* of directories */

/* The places of files that are needed. */
struct needed {
	char **path;
	size_t mask, n;
	int64_t since_us, deleted;
};

static size_t
slot(const struct needed *o, const char *path)
{
	size_t at = hash_bytes(path, strlen(path)) & o->mask;

	while (o->path[at] != NULL && strcmp(o->path[at], path) != 0)
		at = (at + 1) & o->mask;
	return at;
}

static void
need_all(struct needed *o, const struct delta_log *l,
	const struct delta_files_of *files, int64_t since_ms)
{
	struct buf place;

	buf_init(&place);
	for (size_t i = 0; i < files->n; i++) {
		const struct delta_file *f = files->f[i];
		size_t at;

		if (f->time_ms < since_ms)
			continue;
		delta_log_place(l->dir, f->path, strlen(f->path), &place);
		at = slot(o, place.p);
		if (o->path[at] == NULL)
			o->path[at] = mem_dup(place.p, place.n);
	}
	buf_release(&place);
}

static bool
data_file(const char *name)
{
	size_t n = strlen(name);

	return n > 8 && strcmp(name + n - 8, ".parquet") == 0;
}

static int look(struct needed *o, struct buf *path, int depth, struct err *err);

static int
look_at(struct needed *o, struct buf *path, const char *name, int depth,
	struct err *err)
{
	struct stat s;

	/* Names that begin so are not the table's. */
	if ((*name == '_' && strchr(name, '=') == NULL) || *name == '.' ||
		lstat(path->p, &s) < 0)
		return 0;
	if (S_ISDIR(s.st_mode))
		return depth < DEPTH ? look(o, path, depth + 1, err) : 0;
	if (!S_ISREG(s.st_mode) || !data_file(name) ||
		o->path[slot(o, path->p)] != NULL ||
		s.st_mtim.tv_sec * TIME_SECOND + s.st_mtim.tv_nsec / 1000 >
			o->since_us)
		return 0;
	if (unlink(path->p) < 0 && errno != ENOENT)
		return err_sys(err, "cannot delete '%s'", path->p);
	o->deleted++;
	return 0;
}

static int
look(struct needed *o, struct buf *path, int depth, struct err *err)
{
	DIR *d = opendir(buf_cstr(path));
	size_t n = path->n;
	struct dirent *e;
	int rc = 0;

	if (d == NULL)
		return errno == ENOENT
			? 0
			: err_sys(err, "cannot read '%s'", path->p);
	while (rc == 0 && (e = readdir(d)) != NULL) {
		buf_printf(path, "/%s", e->d_name);
		buf_cstr(path);
		rc = look_at(o, path, e->d_name, depth, err);
		path->n = n;
	}
	closedir(d);
	return rc;
}

int64_t
delta_vacuum(const struct delta_log *l, int64_t since_us, struct err *err)
{
	struct needed o = {.mask = 63, .since_us = since_us};
	struct buf path;
	int rc;

	while (o.mask < 2 * (l->files.n + l->removed.n))
		o.mask = o.mask * 2 + 1;
	o.path = mem_zalloc((o.mask + 1) * sizeof(*o.path));
	need_all(&o, l, &l->files, INT64_MIN);
	need_all(&o, l, &l->removed, time_floor_div(since_us, 1000));
	buf_init(&path);
	buf_str(&path, l->dir);
	rc = look(&o, &path, 0, err);
	buf_release(&path);
	for (size_t i = 0; i <= o.mask; i++)
		free(o.path[i]);
	free(o.path);
	return rc < 0 ? -1 : o.deleted;
}
