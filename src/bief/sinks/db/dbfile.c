/*
 * dbfile: files of databases, see dbfile.h. rename(2) would replace one that
 * another process has made meanwhile, so the name is given by link(2).
 */
#include "sinks/db/dbfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "io/file.h"

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

/* A file of SQLite's, and what it keeps beside it. */
static void
remove_all(int dir, const char *name)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	struct buf path;

	buf_init(&path);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		buf_clear(&path);
		buf_printf(&path, "%s%s", name, ends[i]);
		unlinkat(dir, buf_cstr(&path), 0);
	}
	buf_release(&path);
}

static bool
is_temporary(const char *name)
{
	size_t n = strlen(name);

	return n > 10 && n < 100 && strncmp(name, ".bief-", 6) == 0 &&
		strcmp(name + n - 4, ".tmp") == 0;
}

void
dbfile_tidy(const struct dbfile *f)
{
	char *path = mem_dup(f->path, directory(f->path));
	DIR *d = opendir(*path != '\0' ? path : ".");
	struct dirent *e;
	int fd;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (!is_temporary(e->d_name))
			continue;
		fd = openat(dirfd(d), e->d_name,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			remove_all(dirfd(d), e->d_name);
		close(fd);
	}
	if (d != NULL)
		closedir(d);
	free(path);
}

/* Somebody who tidies up may come before the lock; then try again. */
static int
make_locked(const char *path)
{
	struct stat s;
	int fd;

	for (;;) {
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd < 0 || flock(fd, LOCK_EX) < 0 || fstat(fd, &s) < 0 ||
			s.st_nlink > 0)
			return fd;
		close(fd);
	}
}

/* (The same number may be that of another process, in another container.) */
int
dbfile_make(struct dbfile *f, struct err *err)
{
	struct buf name;

	buf_init(&name);
	dbfile_tidy(f);
	for (int i = 0; i < 100; i++) {
		buf_clear(&name);
		buf_add(&name, f->path, directory(f->path));
		buf_printf(&name, ".bief-%ld.%d.tmp", (long)getpid(), i);
		f->lock = make_locked(buf_cstr(&name));
		if (f->lock >= 0 || errno != EEXIST)
			break;
	}
	if (f->lock >= 0)
		f->tmp = mem_dup(buf_cstr(&name), name.n);
	buf_release(&name);
	return f->lock >= 0 ? 0 : cannot(f, "open", err);
}

int
dbfile_know(struct dbfile *f, struct err *err)
{
	struct stat s;

	if (stat(f->path, &s) < 0)
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
	if (f->tmp == NULL)
		return;
	remove_all(AT_FDCWD, f->tmp);
	close(f->lock);
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
	if (renameat2(AT_FDCWD, f->tmp, AT_FDCWD, f->path, RENAME_NOREPLACE) ==
		0)
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
	else if (dbfile_know(f, err) < 0 ||
		file_sync_dir(*dir != '\0' ? dir : ".", err) < 0)
		ret = -1;
	free(dir);
	dbfile_drop(f);
	return taken ? 1 : ret;
}
