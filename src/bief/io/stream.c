/*
 * stream: see stream.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "io/eol.h"
#include "floor/err.h"
#include "value/json.h"
#include "text/simd.h"
#include "io/inflate.h"
#include "io/stream.h"
#include "value/record.h"

#define INPUT_BLOCK (256 * 1024)
#define PIPE_BYTES (1024 * 1024)

enum stream_line
stream_line_slow(const char *line, size_t n)
{
	const char *end = line + n, *p = json_space(line, end), *name;
	struct json_error e;
	struct value v;
	bool escaped;

	if (p >= end || *p != '{')
		return STREAM_DATA;
	p = json_space(p + 1, end);
	if (p >= end || *p != '"')
		return STREAM_DATA;
	name = p + 1;
	if ((p = json_string_scan(name, end, &escaped, &e)) == NULL ||
		!record_reserved(name, (size_t)(p - name)))
		return STREAM_DATA;
	p = json_space(p + 1, end);
	if (p >= end || *p != ':')
		return STREAM_DATA;
	if (memcmp(line, "{\"#bief\":", STREAM_LEAST) != 0)
		return STREAM_FORGED;
	/* What is broken is a control line that was damaged. */
	p = json_read(p + 1, end, 0, &v, &e);
	if (p == NULL || (p = json_space(p, end)) >= end || *p != ',')
		return STREAM_CONTROL;
	return STREAM_FORGED;
}

static void
widen_pipe(int fd)
{
	struct stat s;

	if (fstat(fd, &s) == 0 && S_ISFIFO(s.st_mode))
		fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
}

void
input_init(struct input *in, int fd, size_t max_line)
{
	memset(in, 0, sizeof(*in));
	in->fd = fd;
	in->max_line = max_line;
	in->fresh = true;
	if (fd >= 0)
		widen_pipe(fd);
}

void
input_next(struct input *in, int fd)
{
	in->fd = fd;
	in->eof = false;
	in->fresh = true;
	inflate_free(in->z);
	in->z = NULL;
}

int
input_unpack(struct input *in, const char *path, struct err *err)
{
	enum inflate_kind kind = inflate_kind_of(path, in->fd);

	if (kind == INFLATE_NONE)
		return 0;
	in->z = inflate_new(kind, err);
	return in->z != NULL ? 0 : -1;
}

void
input_release(struct input *in)
{
	free(in->p);
	in->p = NULL;
	inflate_free(in->z);
	in->z = NULL;
}

static enum line
hand_out(struct input *in, size_t end, const char **line, size_t *n)
{
	*line = in->p + in->start;
	*n = end - in->start;
	if (*n > 0 && (*line)[*n - 1] == '\r')
		--*n;
	return LINE_GOOD;
}

/* Forget the rest of a line that was too long; true when its end is here. */
static bool
skip(struct input *in)
{
	const char *p = in->p + in->start, *lf;
	size_t n = in->end - in->start;

	lf = in->cr ? eol_first(p, n) : memchr(p, '\n', n);
	if (lf == NULL) {
		in->held = !in->eof && eol_held(p, n);
		in->start = in->scanned = in->end - in->held;
		in->skipping = !in->eof;
		return false;
	}
	in->start = (size_t)(lf - in->p) + 1;
	in->skipping = false;
	return true;
}

/* Look for ends of lines behind what was scanned. */
static void
scan(struct input *in)
{
	if (in->scanned < in->start)
		in->scanned = in->start;
	in->base = in->scanned;
	in->next = 0;
	in->nlf = (in->cr ? eol_lines : simd_lines)(in->p + in->base,
		in->end - in->base, in->lf, sizeof(in->lf) / sizeof(in->lf[0]));
	in->held = in->nlf == 0 && in->cr &&
		eol_held(in->p + in->base, in->end - in->base);
	in->scanned = in->nlf > 0 ? in->base + in->lf[in->nlf - 1] + 1
				  : in->end - in->held;
}

enum line
input_line(struct input *in, const char **line, size_t *n)
{
	if (in->next == in->nlf) {
		if (in->skipping && !skip(in))
			return LINE_NONE;
		scan(in);
	}
	if (in->next < in->nlf) {
		size_t at = in->base + in->lf[in->next++];

		hand_out(in, at, line, n);
		in->start = at + 1;
		return *n > in->max_line ? LINE_TOO_LONG : LINE_GOOD;
	}
	if (in->end - in->start > in->max_line) {
		hand_out(in, in->end, line, n);
		in->start = in->end - in->held;
		in->skipping = true;
		return LINE_TOO_LONG;
	}
	if (in->eof && in->end > in->start) {
		hand_out(in, in->end, line, n);
		in->start = in->end;
		return LINE_GOOD;
	}
	return LINE_NONE;
}

/* What was read: does it begin with a mark, are there CRs? */
static void
look_at(struct input *in, size_t got)
{
	const char *p = in->p + in->end;

	in->end += got;
	if (!in->cr)
		in->cr = eol_cr(p, got);
	if (in->fresh)
		in->start += eol_mark(
			in->p + in->start, in->end - in->start, &in->fresh);
}

static ssize_t
read_some(struct input *in, char *p, size_t n, struct err *err)
{
	ssize_t got;

	do
		got = in->z != NULL ? inflate_read(in->z, in->fd, p, n, err)
				    : read(in->fd, p, n);
	while (got < 0 &&
		(errno == EINTR || (in->z != NULL && errno == EAGAIN)));
	return got >= 0 || in->z != NULL
		? got
		: err_sys(err, "cannot read the input");
}

int
input_fill(struct input *in, struct err *err)
{
	ssize_t got;

	if (in->start > 0) {
		memmove(in->p, in->p + in->start, in->end - in->start);
		in->scanned = in->scanned > in->start && in->next == in->nlf
			? in->scanned - in->start
			: 0;
		in->nlf = in->next = 0;
		in->end -= in->start;
		in->start = 0;
	}
	if (in->cr)
		in->cr = eol_cr(in->p, in->end);
	if (in->cap - in->end < INPUT_BLOCK / 2) {
		size_t cap = in->cap == 0 ? INPUT_BLOCK : in->cap * 2;

		in->p = mem_realloc(in->p, cap + JSON_PADDING);
		memset(in->p + cap, 0, JSON_PADDING);
		in->cap = cap;
	}
	got = read_some(in, in->p + in->end, in->cap - in->end, err);
	if (got < 0)
		return -1;
	if (got == 0) {
		in->eof = true;
		return 0;
	}
	look_at(in, (size_t)got);
	return 1;
}

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
	widen_pipe(fd);
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
write_all(struct output *out, const char *p, size_t n, struct err *err)
{
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

	out->b.n = 0;
	return write_all(out, out->b.p, n, err);
}

int
output_write(struct output *out, const char *p, size_t n, struct err *err)
{
	if (output_flush(out, err) < 0)
		return -1;
	return write_all(out, p, n, err);
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
mark(int fd, mode_t bits)
{
	mode_t mode = pipe_mode(fd);

	/* Best effort: a pipe may be somebody else's. */
	if (mode != 0 && fchmod(fd, (mode & 0777) | bits) < 0)
		errno = 0;
}

void
output_mark_begin(int fd)
{
	mark(fd, S_ISVTX);
}

void
output_mark_end(int fd, int status)
{
	mark(fd,
		status == 0 ? 0
			    : S_ISVTX | (status & 1 ? S_ISGID : 0) |
				(status & 2 ? S_ISUID : 0));
}

int
input_mark(int fd)
{
	mode_t mode = pipe_mode(fd);

	if (!(mode & S_ISVTX))
		return MARK_ENDED;
	if (!(mode & (S_ISUID | S_ISGID)))
		return MARK_KILLED;
	return (mode & S_ISGID ? 1 : 0) | (mode & S_ISUID ? 2 : 0);
}
