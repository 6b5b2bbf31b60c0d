/*
 * reader: the lines of one file.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "inflate.h"
#include "reader.h"

#define PIPE_BYTES (1 << 20)

void
reader_init(struct reader *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = -1;
	lines_init(&r->lines);
}

void
reader_close(struct reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	inflate_free(r->z);
	r->z = NULL;
	free(r->path);
	r->path = NULL;
	r->lines.name = NULL;
}

void
reader_release(struct reader *r)
{
	reader_close(r);
	lines_release(&r->lines);
}

static int
fail(const struct reader *r, const char *what, struct err *err)
{
	char q[300];

	return err_sys(err, "cannot %s '%s'", what,
		err_quote(q, sizeof(q), r->lines.name, strlen(r->lines.name)));
}

/* Once into the buffer.  >= 0, or -1: message, unless errno is EAGAIN. */
static ssize_t
read_once(struct reader *r, char *p, size_t n, struct err *err)
{
	ssize_t got;

	if (!r->z) {
		do
			got = read(r->fd, p, n);
		while (got < 0 && errno == EINTR);
		if (got < 0 && errno != EAGAIN && errno != ESTALE) {
			fail(r, "read", err);
			errno = EIO;
		}
		return got;
	}
	errno = EIO;
	got = inflate_read(r->z, r->fd, p, n, err);
	if (got < 0 && errno != EAGAIN) {
		char q[300];

		err_in(err, "'%s'", err_quote(q, sizeof(q), r->path,
			strlen(r->path)));
		errno = EIO;
	}
	return got;
}

/* A compressed file or a pipe has no other way to a place. */
static int
read_to(struct reader *r, uint64_t start, struct err *err)
{
	size_t room;
	ssize_t got;

	while (start > 0) {
		char *p = lines_room(&r->lines, LINES_BLOCK, &room);

		got = read_once(r, p, start < room ? (size_t)start : room, err);
		if (got < 0)
			return -1;
		if (got == 0) {
			err_set(err, "it is shorter than it was");
			return err_in(err, "cannot go on in '%s'", r->path);
		}
		start -= (uint64_t)got;
	}
	return 0;
}

static int
go_to(struct reader *r, uint64_t start, bool cut, struct err *err)
{
	struct stat s;

	if (fstat(r->fd, &s) != 0)
		return fail(r, "open", err);
	if (S_ISDIR(s.st_mode)) {
		errno = EISDIR;
		return fail(r, "read", err);
	}
	r->waits = !S_ISREG(s.st_mode);
	r->inode = s.st_ino;
	if (S_ISFIFO(s.st_mode))
		fcntl(r->fd, F_SETPIPE_SZ, PIPE_BYTES);
	if (start > 0 && (r->z || r->waits)) {
		if (read_to(r, start, err) != 0)
			return -1;
	} else if (start > 0 && lseek(r->fd, (off_t)start, SEEK_SET) < 0) {
		return fail(r, "go on in", err);
	}
	lines_clear(&r->lines, start);
	r->lines.skip = cut;
	return 0;
}

int
reader_open(struct reader *r, const char *path, uint64_t start, bool cut,
	struct err *err)
{
	enum inflate_kind kind = inflate_kind(path);

	r->path = mem_dup(path, strlen(path));
	r->ended = false;
	r->stop = UINT64_MAX;
	r->lines.name = strcmp(path, READER_STDIN) == 0 ? "standard input"
							: r->path;
	lines_clear(&r->lines, 0);
	r->fd = strcmp(path, READER_STDIN) == 0
			? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			: open(path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0 && (errno == ENOENT || errno == ESTALE)) {
		reader_close(r);
		return 0;
	}
	if (r->fd < 0) {
		fail(r, "open", err);
		goto fail;
	}
	if (kind != INFLATE_NONE && !(r->z = inflate_new(kind, err)))
		goto fail;
	if (go_to(r, start, cut, err) != 0)
		goto fail;
	return 1;
fail:
	reader_close(r);
	return -1;
}

int
reader_fill(struct reader *r, struct err *err)
{
	struct pollfd fd = {.fd = r->fd, .events = POLLIN};
	uint64_t upto = r->stop - lines_end(&r->lines);
	size_t room;
	ssize_t got;
	char *p;

	if (upto == 0)
		return READER_STOP;
	if (r->waits && poll(&fd, 1, 0) == 0)
		return READER_WAIT;
	p = lines_room(&r->lines, LINES_BLOCK, &room);
	got = read_once(r, p, room < upto ? room : (size_t)upto, err);
	if (got > 0) {
		lines_filled(&r->lines, (size_t)got);
		return READER_SOME;
	}
	if (got == 0)
		return READER_END;
	return errno == EAGAIN ? READER_WAIT : errno == ESTALE ? READER_GONE : -1;
}

int
reader_look(const struct reader *r, uint64_t *inode, struct err *err)
{
	struct stat s;

	if (fstat(r->fd, &s) != 0)
		return fail(r, "look at", err);
	if (S_ISREG(s.st_mode) && (uint64_t)s.st_size < lines_end(&r->lines))
		return READER_CUT;
	if (stat(r->path, &s) != 0)
		return errno == ENOENT ? READER_MISSING
				       : fail(r, "look at", err);
	*inode = s.st_ino;
	return s.st_ino == r->inode ? READER_SAME : READER_REPLACED;
}

char *
reader_find(const char *path, uint64_t inode)
{
	size_t n = (size_t)(strrchr(path, '/') + 1 - path);
	char *dir = mem_dup(path, n), *found = NULL;
	DIR *d = opendir(dir);
	struct dirent *e;
	struct stat s;

	while (d && !found && (e = readdir(d)) != NULL) {
		if (fstatat(dirfd(d), e->d_name, &s, 0) != 0 ||
			s.st_ino != inode)
			continue;
		found = mem_alloc(n + strlen(e->d_name) + 1);
		memcpy(found, dir, n);
		memcpy(found + n, e->d_name, strlen(e->d_name) + 1);
	}
	if (d)
		closedir(d);
	free(dir);
	return found;
}
