/*
 * dbfile: files of databases.
 */
#include "dbfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "err.h"
#include "file.h"

/* The part of a path up to its last slash, that one too. */
static size_t
directory(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

bool
dbfile_exists(const struct dbfile *f)
{
	struct stat s;

	return stat(f->path, &s) == 0;
}

static int
cannot(const struct dbfile *f, const char *what, struct err *err)
{
	char path[200];

	return err_sys(err, "cannot %s '%s'", what,
		err_quote(path, sizeof path, f->path, strlen(f->path)));
}

int
dbfile_make(struct dbfile *f, struct err *err)
{
	struct buf name;
	int fd;

	buf_init(&name);
	buf_add(&name, f->path, directory(f->path));
	buf_printf(&name, ".bief-%ld.tmp", (long)getpid());
	f->tmp = mem_dup(buf_cstr(&name), name.n);
	buf_release(&name);
	unlink(f->tmp); /* of a process that was killed */
	fd = open(f->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0) {
		free(f->tmp);
		f->tmp = NULL;
		return cannot(f, "open", err);
	}
	close(fd);
	return 0;
}

int
dbfile_know(struct dbfile *f, struct err *err)
{
	struct stat s;

	if (stat(f->path, &s) != 0)
		return cannot(f, "open", err);
	f->dev = s.st_dev;
	f->inode = s.st_ino;
	f->there = true;
	return 0;
}

bool
dbfile_same(const struct dbfile *f)
{
	struct stat s;

	return stat(f->path, &s) == 0 && s.st_dev == f->dev &&
		s.st_ino == f->inode;
}

void
dbfile_drop(struct dbfile *f)
{
	if (f->tmp != NULL)
		unlink(f->tmp);
	free(f->tmp);
	f->tmp = NULL;
}

/* Some file systems have no links, and some cannot rename without replacing
 * either: there, look first. */
static int
give_name(const struct dbfile *f)
{
	if (link(f->tmp, f->path) == 0)
		return 0;
	if (errno == EEXIST)
		return -1;
	if (renameat2(AT_FDCWD, f->tmp, AT_FDCWD, f->path,
		    RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EEXIST)
		return -1;
	if (!dbfile_exists(f))
		return rename(f->tmp, f->path);
	errno = EEXIST;
	return -1;
}

int
dbfile_publish(struct dbfile *f, struct err *err)
{
	char *dir = mem_dup(f->path, directory(f->path));
	bool taken = false;
	int ret = give_name(f);

	if (ret != 0 && errno == EEXIST)
		taken = true;
	else if (ret != 0)
		cannot(f, "make", err);
	else if (dbfile_know(f, err) != 0 ||
		file_sync_dir(*dir != '\0' ? dir : ".", err) != 0)
		ret = -1;
	free(dir);
	dbfile_drop(f);
	return taken ? 1 : ret;
}
