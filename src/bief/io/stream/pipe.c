/*
 * pipe: what Linux knows of a pipe beside its bytes: how much it holds, and its
 * mode bits, which nobody else looks at, so that they can carry a word.
 */
#include "io/stream/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define PIPE_BYTES (1024 * 1024)

void
pipe_widen(int fd)
{
	struct stat s;

	if (fstat(fd, &s) == 0 && S_ISFIFO(s.st_mode))
		fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
}

/* The mode of a pipe without a name, or 0. */
static mode_t
pipe_mode(int fd)
{
	struct statfs fs;
	struct stat s;

	if (fstatfs(fd, &fs) < 0 || fs.f_type != PIPEFS_MAGIC ||
		fstat(fd, &s) < 0)
		return 0;
	return s.st_mode & 07777;
}

static void
pipe_put(int fd, mode_t bits)
{
	mode_t mode = pipe_mode(fd);

	/* Best effort: a pipe may be somebody else's. */
	if (mode != 0 && fchmod(fd, (mode & 0777) | bits) < 0)
		errno = 0;
}

void
pipe_mark_begin(int fd)
{
	pipe_put(fd, S_ISVTX);
}

void
pipe_mark_end(int fd, int status)
{
	pipe_put(fd,
		status == 0 ? 0
			    : S_ISVTX | (status & 1 ? S_ISGID : 0) |
				(status & 2 ? S_ISUID : 0));
}

int
pipe_mark(int fd)
{
	mode_t mode = pipe_mode(fd);

	if (!(mode & S_ISVTX))
		return MARK_ENDED;
	if (!(mode & (S_ISUID | S_ISGID)))
		return MARK_KILLED;
	return (mode & S_ISGID ? 1 : 0) | (mode & S_ISUID ? 2 : 0);
}
