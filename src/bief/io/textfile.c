/*
 * textfile: see textfile.h.
 */
#include "io/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "floor/err.h"
#include "value/json.h"
#include "io/inflate.h"

#define BLOCK ((size_t)256 << 10)
#define PATIENCE_MS 100 /* then it looks whether it is to stop */

static bool
stopping(const struct textfile *f)
{
	return f->stopping != NULL && f->stopping();
}

static int
stopped(struct err *err)
{
	return err_set(err, "stopped while it was read");
}

static int
textfile_fail(const char *what, const char *path, struct err *err)
{
	char q[300];

	return err_sys(err, "cannot %s '%s'", what,
		err_quote(q, sizeof(q), path, strlen(path)));
}

int
textfile_open(struct textfile *f, const char *path, size_t max_line,
	bool (*stop)(void), struct err *err)
{
	enum inflate_kind kind;

	memset(f, 0, sizeof(*f));
	buf_init(&f->b);
	f->max_line = max_line;
	f->stopping = stop;
	f->fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				       : open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0)
		return errno == EINTR && stopping(f)
			? stopped(err)
			: textfile_fail("open", path, err);
	if (fstat(f->fd, &f->seen) < 0)
		return textfile_fail("open", path, err);
	kind = inflate_kind_of(path, f->fd);
	if (kind != INFLATE_NONE && (f->z = inflate_new(kind, err)) == NULL)
		return -1;
	return 0;
}

void
textfile_release(struct textfile *f)
{
	if (f->fd >= 0)
		close(f->fd);
	inflate_free(f->z);
	buf_release(&f->b);
}

/* Once into the room at the end.  > 0, 0 at the end of the file, -1. */
static ssize_t
read_once(struct textfile *f, char *p, size_t n, struct err *err)
{
	struct pollfd in = {.fd = f->fd, .events = POLLIN};
	ssize_t got;

	for (;;) {
		if (stopping(f))
			return stopped(err);
		if (!S_ISREG(f->seen.st_mode) && poll(&in, 1, PATIENCE_MS) <= 0)
			continue;
		got = f->z != NULL ? inflate_read(f->z, f->fd, p, n, err)
				   : read(f->fd, p, n);
		if (got >= 0)
			return got;
		if (errno == EINTR || errno == EAGAIN)
			continue;
		return f->z != NULL ? -1 : err_sys(err, "cannot read it");
	}
}

ssize_t
textfile_read(struct textfile *f, char *p, size_t n, struct err *err)
{
	return read_once(f, p, n, err);
}

/* More bytes behind those that are there.  0 or -1. */
static int
textfile_fill(struct textfile *f, struct err *err)
{
	struct buf *b = &f->b;
	ssize_t got;
	bool first = b->n == 0 && f->line == 0 && f->at == 0;

	if (f->at > 0) {
		memmove(b->p, b->p + f->at, b->n - f->at);
		b->n -= f->at;
		f->at = 0;
	}
	buf_need(b, BLOCK + JSON_PADDING + 1);
	got = read_once(f, b->p + b->n, BLOCK, err);
	if (got < 0)
		return -1;
	b->n += (size_t)got;
	f->eof = got == 0;
	memset(b->p + b->n, 0, JSON_PADDING);
	f->cr = memchr(b->p, '\r', b->n) != NULL;
	if (first && b->n >= 3 && memcmp(b->p, "\xEF\xBB\xBF", 3) == 0)
		f->at = 3;
	return 0;
}

/* The end of the line that begins at at: LF, or a CR that no LF follows; or
 * NULL: fill.  scanned bytes have none. */
static const char *
line_end(struct textfile *f, size_t *scanned)
{
	const char *p = f->b.p + f->at, *end = f->b.p + f->b.n;
	const char *from = p + *scanned, *lf, *cr = NULL;

	lf = memchr(from, '\n', (size_t)(end - from));
	if (f->cr)
		cr = memchr(from, '\r', (size_t)((lf ? lf : end) - from));
	if (cr != NULL && cr + 1 == end && !f->eof) {
		*scanned = (size_t)(cr - p);
		return NULL;
	}
	if (cr != NULL && cr + 1 != lf)
		return cr;
	if (lf != NULL)
		return lf;
	*scanned = (size_t)(end - p);
	return f->eof ? end : NULL;
}

static int
next(struct textfile *f, const char **line, size_t *n, const char **end,
	struct err *err)
{
	size_t scanned = 0;

	while ((*end = f->b.n > f->at ? line_end(f, &scanned) : NULL) == NULL) {
		if (f->eof)
			return 0;
		if (f->max_line > 0 && f->b.n - f->at > f->max_line)
			break;
		if (textfile_fill(f, err) < 0)
			return -1;
	}
	*line = f->b.p + f->at;
	*n = *end == NULL ? f->b.n - f->at : (size_t)(*end - *line);
	if (f->max_line > 0 && *n > f->max_line)
		return err_set(err,
			"line %zu is too long (--max-line sets "
			"the limit)",
			f->line + 1);
	return 1;
}

int
textfile_peek(struct textfile *f, const char **line, size_t *n, struct err *err)
{
	const char *end;
	int got = next(f, line, n, &end, err);

	if (got > 0 && *n > 0 && (*line)[*n - 1] == '\r')
		--*n;
	return got;
}

int
textfile_line(struct textfile *f, const char **line, size_t *n, struct err *err)
{
	const char *end;
	int got = next(f, line, n, &end, err);

	if (got <= 0)
		return got;
	f->at += *n + (end < f->b.p + f->b.n);
	f->line++;
	if (*n > 0 && (*line)[*n - 1] == '\r')
		--*n;
	return 1;
}
