/*
 * reader: the lines of one file, which may be a pipe, compressed, or one that
 * is followed: then it is known by what it is, not by its name, so that a
 * rotation loses no line.
 */
#include "sources/reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "io/file.h"
#include "io/inflate.h"
#include "parquet/parquet_text.h"

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
	parquet_text_free(r->parquet);
	r->parquet = NULL;
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
reader_fail(const struct reader *r, const char *what, struct err *err)
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

	if (!r->z && !r->parquet) {
		do
			got = read(r->fd, p, n);
		while (got < 0 && errno == EINTR);
		if (got < 0 && errno != EAGAIN && errno != ESTALE) {
			reader_fail(r, "read", err);
			errno = EIO;
		}
		return got;
	}
	got = r->parquet ? parquet_text_read(r->parquet, p, n, err)
			 : inflate_read(r->z, r->fd, p, n, err);
	if (got == 0 && r->parquet) /* its bytes were read in another order */
		lseek(r->fd, 0, SEEK_END);
	if (got < 0 && errno != EAGAIN) {
		int why = errno;
		char q[300];

		err_in(err, "'%s'",
			err_quote(q, sizeof(q), r->path, strlen(r->path)));
		errno = why == EBADMSG ? EBADMSG : EIO;
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

	if (fstat(r->fd, &s) < 0)
		return reader_fail(r, "open", err);
	if (S_ISDIR(s.st_mode)) {
		errno = EISDIR;
		return reader_fail(r, "read", err);
	}
	r->waits = !S_ISREG(s.st_mode);
	r->inode = s.st_ino;
	if (S_ISFIFO(s.st_mode))
		fcntl(r->fd, F_SETPIPE_SZ, PIPE_BYTES);
	if (start > 0 && (r->z || r->parquet || r->waits)) {
		if (read_to(r, start, err) < 0)
			return -1;
	} else if (start > 0 && lseek(r->fd, (off_t)start, SEEK_SET) < 0) {
		return reader_fail(r, "go on in", err);
	}
	lines_clear(&r->lines, start);
	r->lines.skip = cut;
	return 0;
}

/* Its columns are at its end: a directory or a pipe has none. */
static int
open_parquet(struct reader *r, struct err *err)
{
	struct stat s;
	char q[300];
	int why;

	if (fstat(r->fd, &s) < 0 || !S_ISREG(s.st_mode))
		return 0;
	r->parquet = parquet_text_new(r->fd, err);
	why = errno;
	if (r->parquet)
		return 0;
	err_in(err, "'%s'", err_quote(q, sizeof(q), r->path, strlen(r->path)));
	errno = why;
	return -1;
}

int
reader_open(struct reader *r, const char *path, uint64_t start, bool cut,
	struct err *err)
{
	enum inflate_kind kind = inflate_kind(path);

	r->path = mem_dup(path, strlen(path));
	r->ended = false;
	r->stop = UINT64_MAX;
	r->grows = false;
	r->seen_ns = 0;
	r->lines.name = strcmp(path, READER_STDIN) == 0 ? "standard input"
							: r->path;
	lines_clear(&r->lines, 0);
	r->fd = strcmp(path, READER_STDIN) == 0
		? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
		: file_open(path);
	if (r->fd < 0 && (errno == ENOENT || errno == ESTALE)) {
		reader_close(r);
		return 0;
	}
	if (r->fd < 0) {
		reader_fail(r, "open", err);
		goto fail;
	}
	if (kind != INFLATE_NONE && !(r->z = inflate_new(kind, err)))
		goto fail;
	if (parquet_text_is(path) && open_parquet(r, err) < 0)
		goto fail;
	if (go_to(r, start, cut, err) < 0)
		goto fail;
	return 1;
fail:
	reader_close(r);
	return -1;
}

void
reader_identify(const struct reader *r, uint64_t place, struct identity *id)
{
	identity_take(id, r->fd, place, !r->waits && !r->z && !r->parquet);
}

bool
reader_is(const struct reader *r, const struct identity *id, uint64_t place,
	bool cut)
{
	return r->waits || r->z || r->parquet ||
		identity_holds(id, r->fd, place, cut);
}

static int64_t
mtime_ns(const struct stat *s)
{
	return (int64_t)s->st_mtim.tv_sec * 1000000000 + s->st_mtim.tv_nsec;
}

/*
 * At the end of a file that grows: remember it as it is, or see that it has been
 * truncated and written again since the last time, which its length need not
 * show.
 */
static bool
still_there(struct reader *r)
{
	uint64_t place = lines_end(&r->lines);
	struct stat s;

	if (!r->grows || r->waits || r->z || r->parquet || fstat(r->fd, &s) < 0)
		return true;
	if (r->seen_ns != 0 && mtime_ns(&s) != r->seen_ns &&
		r->seen_at == place &&
		!identity_holds(&r->seen, r->fd, place, false))
		return false;
	return true;
}

static void
see_end(struct reader *r)
{
	uint64_t place = lines_end(&r->lines);
	struct stat s;

	if (!r->grows || r->waits || r->z || r->parquet ||
		fstat(r->fd, &s) < 0 ||
		(r->seen_ns == mtime_ns(&s) && r->seen_at == place))
		return;
	identity_take(&r->seen, r->fd, place, true);
	r->seen_ns = r->seen.sums ? mtime_ns(&s) : 0;
	r->seen_at = place;
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
	if (!still_there(r))
		return READER_CHANGED;
	p = lines_room(&r->lines, LINES_BLOCK, &room);
	got = read_once(r, p, room < upto ? room : (size_t)upto, err);
	if (got > 0) {
		lines_filled(&r->lines, (size_t)got);
		return READER_SOME;
	}
	if (got == 0) {
		see_end(r);
		return READER_END;
	}
	return errno == EAGAIN     ? READER_WAIT
		: errno == ESTALE  ? READER_GONE
		: errno == EBADMSG ? READER_DAMAGED
				   : -1;
}

int
reader_look(const struct reader *r, uint64_t *inode, struct err *err)
{
	struct stat s;

	if (fstat(r->fd, &s) < 0)
		return reader_fail(r, "look at", err);
	if (S_ISREG(s.st_mode) && (uint64_t)s.st_size < lines_end(&r->lines))
		return READER_CUT;
	if (stat(r->path, &s) < 0)
		return errno == ENOENT ? READER_MISSING
				       : reader_fail(r, "look at", err);
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
		if (fstatat(dirfd(d), e->d_name, &s, 0) < 0 ||
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

/* A file of the directory, as old as it seems. */
struct generation {
	uint64_t inode;
	int64_t birth_ns, mtime_ns;
	char *name;
};

/* Digits and what parts them, as rotations put behind a name. */
static bool
is_turn(const char *s, size_t n)
{
	if (n < 2 || strchr(".-_", s[0]) == NULL)
		return false;
	if ((n == 4 && memcmp(s, ".old", 4) == 0) ||
		(n == 5 && memcmp(s, ".prev", 5) == 0))
		return true;
	return strcspn(s, "0123456789") < n &&
		strspn(s, "0123456789.-_:TZ+") >= n;
}

/* Is this what a file of that name is called when it has been rotated: log.1,
 * log-20261121; app-20261121.log or app.1.log? */
static bool
is_rotated(const char *name, const char *base)
{
	const char *dot = strrchr(base, '.');
	size_t n = strlen(name), m = strlen(base), stem, ext;

	if (n > m && memcmp(name, base, m) == 0 && is_turn(name + m, n - m))
		return true;
	if (dot == NULL || dot == base || n <= m)
		return false;
	stem = (size_t)(dot - base);
	ext = m - stem;
	return memcmp(name, base, stem) == 0 &&
		strcmp(name + n - ext, dot) == 0 && is_turn(name + stem, n - m);
}

/* The number that a rotated name ends with; -1: it is a date, or none. */
static long
turn_number(const char *name, const char *base)
{
	size_t m = strlen(base);
	long n;
	char *end;

	if (strlen(name) <= m + 1 || strlen(name) > m + 5 || name[m] != '.')
		return -1;
	n = strtol(name + m + 1, &end, 10);
	return *end == '\0' ? n : -1;
}

/* Files are born within the same tick of the clock; then the names tell. */
static bool
is_older(const struct generation *a, const struct generation *b,
	const char *base)
{
	long i, k;

	if (a->birth_ns != b->birth_ns)
		return a->birth_ns < b->birth_ns;
	if (a->mtime_ns != b->mtime_ns)
		return a->mtime_ns < b->mtime_ns;
	i = turn_number(a->name, base);
	k = turn_number(b->name, base);
	return i >= 0 && k >= 0 ? i > k : strcmp(a->name, b->name) < 0;
}

static bool
reader_look_at(int dir, const char *name, struct generation *g)
{
	struct statx s;

	if (statx(dir, name, 0, STATX_BASIC_STATS | STATX_BTIME, &s) < 0 ||
		!S_ISREG(s.stx_mode))
		return false;
	g->inode = s.stx_ino;
	g->birth_ns = s.stx_mask & STATX_BTIME
		? (int64_t)s.stx_btime.tv_sec * 1000000000 + s.stx_btime.tv_nsec
		: 0;
	g->mtime_ns = (int64_t)s.stx_mtime.tv_sec * 1000000000 +
		s.stx_mtime.tv_nsec;
	g->name = mem_dup(name, strlen(name));
	return true;
}

/* The rotated files of base in a directory. */
static size_t
generations(const char *dir, const char *base, struct generation **out)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t n = 0;

	*out = NULL;
	while (d && (e = readdir(d)) != NULL) {
		if (!is_rotated(e->d_name, base))
			continue;
		*out = mem_realloc(*out, (n + 1) * sizeof(**out));
		n += reader_look_at(dirfd(d), e->d_name, &(*out)[n]);
	}
	if (d)
		closedir(d);
	return n;
}

uint64_t
reader_between(const char *path, uint64_t inode, int64_t birth_ns)
{
	const char *base = strrchr(path, '/') + 1;
	char *dir = mem_dup(path, (size_t)(base - path));
	struct generation *all, *last = NULL, *next = NULL;
	size_t n = generations(dir, base, &all), i;
	struct stat now = {0};
	uint64_t found;

	(void)stat(path, &now);
	for (i = 0; i < n; i++)
		if (all[i].inode == inode)
			last = &all[i];
	for (i = 0; i < n && (last || birth_ns != 0); i++) {
		struct generation *g = &all[i];

		if (g == last || g->inode == now.st_ino || g->birth_ns == 0 ||
			(last ? is_older(g, last, base)
			      : g->birth_ns < birth_ns))
			continue;
		if (!next || is_older(g, next, base))
			next = g;
	}
	found = next ? next->inode : 0;
	for (i = 0; i < n; i++)
		free(all[i].name);
	free(all);
	free(dir);
	return found;
}
