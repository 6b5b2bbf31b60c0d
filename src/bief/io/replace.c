/*
 * replace: see replace.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "io/file.h"
#include "io/replace.h"
#include "floor/mem.h"

#define TRIES 1000 /* names that others may have taken */

/* The directory that a file is in. */
static char *
replace_dir(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return mem_dup(".", 1);
	return mem_dup(path, slash > path ? (size_t)(slash - path) : 1);
}

/* Where the name leads: through links, but not to what is not there yet. */
static char *
replace_target(const char *path)
{
	char *real = realpath(path, NULL), *copy;

	if (real == NULL)
		return mem_dup(path, strlen(path));
	copy = mem_dup(real, strlen(real));
	free(real);
	return copy;
}

int
replace_check(const char *path, struct err *err)
{
	char *target = replace_target(path), *dir = replace_dir(target);
	struct stat s;
	int ret = 0;

	if (stat(target, &s) == 0 && S_ISDIR(s.st_mode))
		ret = err_set(
			err, "'%s' is a directory: name a file in it", path);
	else if (stat(dir, &s) < 0 && errno == ENOENT)
		ret = err_set(err,
			"cannot write '%s': there is no directory "
			"'%s': make it first (mkdir -p)",
			path, dir);
	else if (access(target, W_OK) < 0 && errno != ENOENT)
		ret = err_sys(err, "cannot write '%s'", path);
	free(target);
	free(dir);
	return ret;
}

/* A name of our own in the directory. */
static int
replace_make(struct replace *r)
{
	char *dir = replace_dir(r->path);
	struct buf name;

	buf_init(&name);
	for (int i = 0; i < TRIES && r->fd < 0; i++) {
		buf_clear(&name);
		buf_printf(
			&name, "%s/.bief-%ld.%d.tmp", dir, (long)getpid(), i);
		r->fd = open(buf_cstr(&name),
			O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (r->fd < 0 && errno != EEXIST)
			break;
	}
	if (r->fd >= 0)
		r->tmp = mem_dup(name.p, name.n);
	buf_release(&name);
	free(dir);
	return r->fd < 0 ? -1 : 0;
}

int
replace_open(struct replace *r, const char *path, struct err *err)
{
	struct stat s;
	bool there;

	r->path = replace_target(path);
	r->tmp = NULL;
	r->fd = -1;
	there = stat(r->path, &s) == 0;
	if (there && !S_ISREG(s.st_mode))
		r->fd = open(r->path, O_WRONLY | O_CLOEXEC);
	else if (replace_make(r) == 0 && there)
		/* Who could read the old one can read the new one. */
		if (fchmod(r->fd, s.st_mode & 0777) < 0)
			errno = 0;
	if (r->fd >= 0)
		return 0;
	err_sys(err, "cannot write '%s'", path);
	replace_drop(r);
	return -1;
}

int
replace_add(struct replace *r, const void *bytes, size_t n, struct err *err)
{
	const char *p = bytes;

	while (n > 0) {
		ssize_t put = write(r->fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_sys(err, "cannot write '%s'", r->path);
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

int
replace_copy(struct replace *r, int fd, struct err *err)
{
	char block[65536];
	off_t at = 0;
	ssize_t n;

	/* Within one file system the kernel copies, where it can. */
	while ((n = copy_file_range(fd, &at, r->fd, NULL, 1 << 30, 0)) > 0)
		;
	while ((n = pread(fd, block, sizeof block, at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "cannot read '%s'", r->path);
		if (replace_add(r, block, (size_t)n, err) < 0)
			return -1;
		at += n;
	}
	return 0;
}

int
replace_commit(struct replace *r, int *fd, struct err *err)
{
	char *dir = replace_dir(r->path);
	int ret = 0;

	if (r->tmp != NULL && (fsync(r->fd) < 0 || rename(r->tmp, r->path) < 0))
		ret = err_sys(err, "cannot write '%s'", r->path);
	else if (r->tmp != NULL)
		ret = file_sync_dir(dir, err);
	free(dir);
	if (ret < 0) {
		replace_drop(r);
		return -1;
	}
	free(r->tmp);
	r->tmp = NULL;
	if (fd != NULL)
		*fd = r->fd;
	else if (close(r->fd) < 0)
		ret = err_sys(err, "cannot write '%s'", r->path);
	r->fd = -1;
	replace_drop(r);
	return ret;
}

void
replace_drop(struct replace *r)
{
	if (r->fd >= 0)
		close(r->fd);
	if (r->tmp != NULL)
		unlink(r->tmp);
	free(r->tmp);
	free(r->path);
	*r = (struct replace){.fd = -1};
}
