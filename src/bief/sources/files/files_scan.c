/*
 * files_scan: all that there is under an operand, directory by directory.
 */
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "sources/files/filename.h"
#include "sources/files/files_impl.h"

/* A directory on the way to what is looked at. */
struct files_way {
	dev_t device;
	ino_t inode;
	const struct files_way *up;
};

static int files_scan_directory(struct files *f, const char *dir,
	size_t operand, const struct files_way *up, struct err *err);

/* Is this a directory NAME=VALUE, of which the files count? */
static bool
files_scan_is_partition(const struct files *f, const char *path,
	const char *name, size_t operand)
{
	const char *eq = strchr(name, '=');
	struct stat s;

	return f->how.partitions && eq && eq > name &&
		f->operands[operand].kind == FILES_DIRECTORY &&
		stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

int
files_scan_name(struct files *f, const char *dir, const char *name,
	size_t operand, const struct files_way *up, struct err *err)
{
	struct buf b;
	int rc = 0;

	if (filename_hidden(name))
		return 0;
	buf_init(&b);
	buf_str(&b, strcmp(dir, "/") == 0 ? "" : dir);
	buf_byte(&b, '/');
	buf_str(&b, name);
	if (files_scan_is_partition(f, buf_cstr(&b), name, operand))
		rc = files_scan_directory(f, buf_cstr(&b), operand, up, err);
	else
		files_find(f, buf_cstr(&b), operand);
	buf_release(&b);
	return rc;
}

/* Is the directory on the way to itself? */
static bool
files_scan_loop(int fd, struct files_way *here, const struct files_way *up)
{
	struct stat s;

	if (fstat(fd, &s) < 0)
		return false;
	*here = (struct files_way){s.st_dev, s.st_ino, up};
	for (; up != NULL; up = up->up)
		if (up->device == s.st_dev && up->inode == s.st_ino)
			return true;
	return false;
}

static int
files_scan_directory(struct files *f, const char *dir, size_t operand,
	const struct files_way *up, struct err *err)
{
	struct files_way here = {.up = up};
	struct dirent *e;
	char q[300];
	DIR *d = opendir(dir);
	int rc = 0;

	if (!d)
		return err_sys(err, "cannot read the directory '%s'",
			filename_quoted(dir, q));
	if (files_scan_loop(dirfd(d), &here, up)) {
		files_find_tell(f, FILES_LOOP, dir);
		closedir(d);
		return 0;
	}
	for (errno = 0; rc == 0 && (e = readdir(d)) != NULL; errno = 0)
		rc = files_scan_name(f, dir, e->d_name, operand, &here, err);
	if (rc == 0 && errno != 0)
		rc = err_sys(err, "cannot read the directory '%s'",
			filename_quoted(dir, q));
	closedir(d);
	return rc;
}

int
files_scan_match(
	struct files *f, const char *path, size_t operand, struct err *err)
{
	const char *slash = strrchr(path, '/');
	struct stat s;
	char *real;
	int rc = 0;

	if (stat(path, &s) < 0)
		return 0;
	if (S_ISDIR(s.st_mode)) {
		real = realpath(path, NULL);
		if (real)
			rc = files_scan_directory(f, real, operand, NULL, err);
		free(real);
		return rc;
	}
	if (filename_hidden(slash ? slash + 1 : path))
		return 0;
	real = filename_absolute(path);
	if (real)
		files_find(f, real, operand);
	free(real);
	return 0;
}

static int
files_scan_glob(struct files *f, size_t operand, struct err *err)
{
	struct files_operand *o = &f->operands[operand];
	char q[300];
	glob_t g;
	size_t i;
	int rc = glob(o->path, 0, NULL, &g);

	if (rc == GLOB_NOMATCH && !f->how.watch)
		return err_set(err, "no file matches '%s'",
			filename_quoted(o->path, q));
	if (rc != 0 && rc != GLOB_NOMATCH)
		return err_set(err, "cannot look for '%s'",
			filename_quoted(o->path, q));
	for (i = 0, rc = 0; i < g.gl_pathc && rc == 0; i++)
		rc = files_scan_match(f, g.gl_pathv[i], operand, err);
	globfree(&g);
	return rc;
}

int
files_scan(struct files *f, size_t operand, struct err *err)
{
	struct files_operand *o = &f->operands[operand];
	struct stat s;
	struct file *file;
	char q[300];

	o->old = 0;
	if (o->kind == FILES_DIRECTORY)
		return files_scan_directory(f, o->path, operand, NULL, err);
	if (o->kind == FILES_GLOB)
		return files_scan_glob(f, operand, err);
	if (o->looked)
		return 0;
	o->looked = true;
	if (stat(o->path, &s) < 0)
		return err_sys(
			err, "cannot open '%s'", filename_quoted(o->path, q));
	if (files_find_output(f, o->path, &s))
		return err_as(err, STATUS_USAGE,
			"'%s' is the input and the "
			"output",
			filename_quoted(o->path, q));
	if (f->how.patient_plain &&
		files_find_unfinished(f, o->path, &s, operand))
		return 0;
	file = files_table_new(o->path, files_find_mtime(&s), operand);
	file->size = s.st_size;
	/* Named twice it is read twice, as by cat; unless a checkpoint has it. */
	if (files_table_enter(f, file) ||
		!f->table[files_table_place(f, o->path)]->known)
		files_table_enqueue(f, file);
	else
		files_table_drop(file);
	return 0;
}
