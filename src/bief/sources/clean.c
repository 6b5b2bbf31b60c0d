/*
 * clean: see clean.h.  A file is touched only if it is still what was read: one
 * that has been changed since then, or that somebody writes, stays, for what
 * was added to it has not been read.
 */
#include "sources/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "runtime/stage.h"
#include "sources/files/files.h"

#define NUMBERS 10000 /* names that are tried in the archive */
#define ARCHIVE "archive="

bool
clean_is_glob(const char *path)
{
	return strpbrk(path, "*?[") != NULL;
}

static bool
same_directory(const char *path, const char *dir)
{
	char *real = realpath(path, NULL);
	bool same = real != NULL && strcmp(real, dir) == 0;

	free(real);
	return same;
}

bool
clean_reads_from(const char *operand, const char *dir)
{
	const char *slash = strrchr(operand, '/');
	char *in;
	glob_t found;
	bool same = same_directory(operand, dir);

	if (same || !clean_is_glob(operand))
		return same;
	in = slash == NULL ? mem_dup(".", 1)
			   : mem_dup(operand, (size_t)(slash + 1 - operand));
	if (glob(in, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc && !same; i++)
			same = same_directory(found.gl_pathv[i], dir);
		globfree(&found);
	}
	free(in);
	return same;
}

/* The directory of "archive=DIR"; NULL: there is none. */
static const char *
archive_dir(const struct clean *c)
{
	size_t n = strlen(ARCHIVE);

	return c->how != NULL && strncmp(c->how, ARCHIVE, n) == 0 ? c->how + n
								  : NULL;
}

int
clean_check(struct clean *c, struct err *err)
{
	if (c->how != NULL && strcmp(c->how, "off") == 0)
		c->how = NULL;
	if (c->how == NULL || strcmp(c->how, "delete") == 0 ||
		archive_dir(c) != NULL)
		return 0;
	return err_as(err, STATUS_USAGE,
		"--clean is 'off', 'delete' or 'archive=DIR', not '%s'",
		c->how);
}

/* What is archived must not come again. */
int
clean_check_operands(
	const struct clean *c, char *const *operands, size_t n, struct err *err)
{
	const char *dir = archive_dir(c);
	char *real = dir == NULL ? NULL : realpath(dir, NULL);
	bool read = false;

	for (size_t i = 0; real != NULL && i < n && !read; i++)
		read = clean_reads_from(operands[i], real);
	free(real);
	if (!read)
		return 0;
	return err_as(err, STATUS_USAGE,
		"--clean archives into '%s', which is read from: name another "
		"directory",
		dir);
}

int
clean_open(struct clean *c, struct err *err)
{
	const char *dir = archive_dir(c);

	if (dir == NULL)
		return 0;
	if (mkdir(dir, 0777) == 0 || errno == EEXIST)
		c->archive = realpath(dir, NULL);
	if (c->archive == NULL)
		return err_sys(err, "cannot archive to '%s'", dir);
	return 0;
}

void
clean_release(struct clean *c)
{
	free(c->archive);
}

/* Under a name that nothing has: with a number if need be. */
static int
move_numbered(const char *path, struct buf *to)
{
	size_t n = to->n;
	int rc = -1;

	for (int i = 0; rc < 0 && i < NUMBERS; i++) {
		to->n = n;
		if (i > 0)
			buf_printf(to, ".%d", i);
		rc = renameat2(AT_FDCWD, path, AT_FDCWD, buf_cstr(to),
			RENAME_NOREPLACE);
		if (rc < 0 && errno == EINVAL) /* the file system cannot */
			rc = access(to->p, F_OK) == 0 ? -1
						      : rename(path, to->p);
		else if (rc < 0 && errno != EEXIST)
			break;
	}
	return rc;
}

/* Move a file to its place in the archive. */
static int
archive_file(const struct clean *c, const struct files *files, const char *path)
{
	const char *below = files_under(files, path);
	struct buf to;
	char *p;
	int rc = 0;

	buf_init(&to);
	buf_printf(&to, "%s/%s", c->archive,
		below ? below : strrchr(path, '/') + 1);
	p = buf_cstr(&to) + strlen(c->archive) + 1;
	for (; rc == 0 && (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		rc = mkdir(to.p, 0777) < 0 && errno != EEXIST ? -1 : 0;
		*p = '/';
	}
	if (rc == 0)
		rc = move_numbered(path, &to);
	buf_release(&to);
	return rc;
}

/* Is it still what was read? */
static bool
is_unchanged(const struct file *f)
{
	struct stat sb;

	return stat(f->path, &sb) == 0 &&
		f->mtime_ns ==
		(int64_t)sb.st_mtim.tv_sec * 1000000000 + sb.st_mtim.tv_nsec &&
		identity_writers_of(f->path) != IDENTITY_WRITTEN;
}

void
clean_settled(
	struct clean *c, struct stage *st, struct files *files, int64_t number)
{
	struct file *f;
	int rc;

	while ((f = files_settled(files, number)) != NULL) {
		if (!is_unchanged(f))
			continue;
		rc = c->archive ? archive_file(c, files, f->path)
				: unlink(f->path);
		if (rc < 0 && errno != ENOENT)
			stage_warn(st, "cannot %s '%s': %s",
				c->archive ? "archive" : "delete", f->path,
				strerror(errno));
	}
}
