/*
 * identity: see identity.h. Checksums cover a few hundred bytes, so that a
 * look costs the same for a file of any size.
 */
#include "sources/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"

#define WINDOW 512 /* bytes of a checksum */

static int64_t
birth(int dir, const char *path, int flags)
{
	struct statx s;

	if (statx(dir, path, flags, STATX_BTIME, &s) < 0 ||
		!(s.stx_mask & STATX_BTIME))
		return 0;
	return (int64_t)s.stx_btime.tv_sec * 1000000000 + s.stx_btime.tv_nsec;
}

int64_t
identity_birth(int fd)
{
	return birth(fd, "", AT_EMPTY_PATH);
}

int64_t
identity_birth_of(const char *path)
{
	return birth(AT_FDCWD, path, 0);
}

/* The checksum of bytes from a place on; false if they cannot be read. */
static bool
sum(int fd, uint64_t from, size_t n, uint32_t *out)
{
	char bytes[WINDOW];
	size_t got = 0;
	ssize_t k;

	while (got < n) {
		k = pread(fd, bytes + got, n - got, (off_t)(from + got));
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		got += (size_t)k;
	}
	*out = file_checksum(bytes, n);
	return true;
}

static bool
sums(int fd, uint64_t place, uint32_t *head, uint32_t *tail)
{
	size_t n = place < WINDOW ? (size_t)place : WINDOW;

	return sum(fd, 0, n, head) && sum(fd, place - n, n, tail);
}

void
identity_take(struct identity *id, int fd, uint64_t place, bool with_sums)
{
	memset(id, 0, sizeof(*id));
	id->birth_ns = identity_birth(fd);
	id->sums = with_sums && sums(fd, place, &id->head, &id->tail);
}

bool
identity_holds(const struct identity *id, int fd, uint64_t place, bool cut)
{
	uint32_t head, tail;
	char before;

	if (place == 0)
		return true;
	if (id->sums)
		return sums(fd, place, &head, &tail) && head == id->head &&
			tail == id->tail;
	return cut ||
		(pread(fd, &before, 1, (off_t)(place - 1)) == 1 &&
			(before == '\n' || before == '\r'));
}

bool
identity_born_anew(const struct identity *id, int fd)
{
	int64_t now = id->birth_ns == 0 ? 0 : identity_birth(fd);

	return now != 0 && now != id->birth_ns;
}

int
identity_writers(int fd)
{
	int why;

	/* Whoever opens it now would have us stopped by SIGIO. */
	if (fcntl(fd, F_SETSIG, SIGURG) < 0)
		return IDENTITY_UNKNOWN;
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
		fcntl(fd, F_SETLEASE, F_UNLCK);
		return IDENTITY_AT_REST;
	}
	why = errno;
	return why == EAGAIN ? IDENTITY_WRITTEN : IDENTITY_UNKNOWN;
}

int
identity_writers_of(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), is;

	if (fd < 0)
		return IDENTITY_UNKNOWN;
	is = identity_writers(fd);
	close(fd);
	return is;
}
