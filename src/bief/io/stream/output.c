/*
 * output: what is written is gathered and leaves in large pieces, whole lines
 * and those of a batch together; the runtime is told of each write, for that is
 * where a process waits for those behind it.
 */
#include "io/stream/output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/err.h"
#include "io/stream/pipe.h"

void
output_init(struct output *out, int fd)
{
	struct stat s;

	memset(out, 0, sizeof(*out));
	out->fd = fd;
	buf_init(&out->b);
	out->terminal = isatty(fd) == 1;
	out->pipe = fstat(fd, &s) == 0 &&
		(S_ISFIFO(s.st_mode) || S_ISSOCK(s.st_mode));
	pipe_widen(fd);
}

void
output_release(struct output *out)
{
	buf_release(&out->b);
}

void
output_file(const struct output *out, uint64_t *device, uint64_t *inode)
{
	struct stat s;
	bool is = fstat(out->fd, &s) == 0 && S_ISREG(s.st_mode);

	*device = is ? s.st_dev : 0;
	*inode = is ? s.st_ino : 0;
}

bool
output_feeds(const struct output *out, int fd)
{
	uint64_t device, inode;
	struct stat s;

	output_file(out, &device, &inode);
	return inode != 0 && fstat(fd, &s) == 0 && s.st_ino == inode &&
		s.st_dev == device;
}

static int
output_write_all(struct output *out, const char *p, size_t n, struct err *err)
{
	if (out->divert != NULL)
		return out->divert(out->link, p, n, err);
	while (n > 0) {
		size_t part = out->before != NULL ? out->before(out->arg, n)
						  : n;
		ssize_t put = write(out->fd, p, part);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_sys(err, "cannot write the output");
		if (out->after != NULL)
			out->after(out->arg, (size_t)put);
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

int
output_flush(struct output *out, struct err *err)
{
	size_t n = out->b.n;

	if (out->held > 0)
		return n <= out->held ? 0 : err_set(err, "there is no room");
	out->b.n = 0;
	return output_write_all(out, out->b.p, n, err);
}

int
output_write(struct output *out, const char *p, size_t n, struct err *err)
{
	if (out->held > 0) {
		buf_add(&out->b, p, n);
		return output_flush(out, err);
	}
	if (output_flush(out, err) < 0)
		return -1;
	return output_write_all(out, p, n, err);
}
