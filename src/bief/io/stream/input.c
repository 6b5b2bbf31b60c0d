/*
 * input: blocks are read into one buffer that grows with its longest line, and
 * lines are handed out in place.  Their ends are looked for many at a time, with
 * vectors, for most lines are short.
 */
#include "io/stream/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "text/simd.h"
#include "value/json.h"
#include "io/inflate.h"
#include "io/stream/eol.h"
#include "io/stream/pipe.h"

#define INPUT_BLOCK (256 * 1024)

void
input_init(struct input *in, int fd, size_t max_line)
{
	memset(in, 0, sizeof(*in));
	in->fd = fd;
	in->max_line = max_line;
	in->fresh = true;
	if (fd >= 0)
		pipe_widen(fd);
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
	free(in->lent ? in->own : in->p);
	in->p = in->own = NULL;
	inflate_free(in->z);
	in->z = NULL;
}

static enum line
input_hand_out(struct input *in, size_t end, const char **line, size_t *n)
{
	*line = in->p + in->start;
	*n = end - in->start;
	if (*n > 0 && (*line)[*n - 1] == '\r')
		--*n;
	return LINE_GOOD;
}

/* Forget the rest of a line that was too long; true when its end is here. */
static bool
input_skip(struct input *in)
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
input_scan(struct input *in)
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
		if (in->skipping && !input_skip(in))
			return LINE_NONE;
		input_scan(in);
	}
	if (in->next < in->nlf) {
		size_t at = in->base + in->lf[in->next++];

		input_hand_out(in, at, line, n);
		in->start = at + 1;
		return *n > in->max_line ? LINE_TOO_LONG : LINE_GOOD;
	}
	if (in->end - in->start > in->max_line) {
		input_hand_out(in, in->end, line, n);
		in->start = in->end - in->held;
		in->skipping = true;
		return LINE_TOO_LONG;
	}
	if (in->eof && in->end > in->start) {
		input_hand_out(in, in->end, line, n);
		in->start = in->end;
		return LINE_GOOD;
	}
	return LINE_NONE;
}

size_t
input_lines(struct input *in, const char **p)
{
	const char *lf;

	if (in->cr || in->skipping || in->end == in->start)
		return 0;
	*p = in->p + in->start;
	lf = memrchr(*p, '\n', in->end - in->start);
	return lf != NULL ? (size_t)(lf + 1 - *p) : 0;
}

void
input_used(struct input *in, size_t n)
{
	in->start += n;
	in->scanned = in->start;
	in->nlf = in->next = 0;
}

size_t
input_found(struct input *in, const char **p, const uint32_t **lf)
{
	if (in->cr || in->skipping)
		return 0;
	if (in->next == in->nlf)
		input_scan(in);
	if (in->next > 0 || in->base != in->start)
		return 0;
	*p = in->p + in->base;
	*lf = in->lf;
	return in->nlf;
}

/* What was read: does it begin with a mark, are there CRs? */
static void
input_look_at(struct input *in, size_t got)
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
input_read_some(struct input *in, char *p, size_t n, struct err *err)
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

/* What is left of the lines goes to the front. */
static void
input_compact(struct input *in)
{
	if (in->start == 0)
		return;
	memmove(in->p, in->p + in->start, in->end - in->start);
	in->scanned = in->scanned > in->start && in->next == in->nlf
		? in->scanned - in->start
		: 0;
	in->nlf = in->next = 0;
	in->end -= in->start;
	in->start = 0;
}

static void
input_need(struct input *in, size_t n)
{
	size_t cap = in->cap == 0 ? INPUT_BLOCK : in->cap;

	while (cap - in->end < n)
		cap *= 2;
	if (cap == in->cap)
		return;
	in->p = mem_realloc(in->p, cap + JSON_PADDING);
	memset(in->p + cap, 0, JSON_PADDING);
	in->cap = cap;
}

int
input_fill(struct input *in, struct err *err)
{
	ssize_t got;

	input_compact(in);
	if (in->cr)
		in->cr = eol_cr(in->p, in->end);
	input_need(in, INPUT_BLOCK / 2);
	got = input_read_some(in, in->p + in->end, in->cap - in->end, err);
	if (got < 0)
		return -1;
	if (got == 0) {
		in->eof = true;
		return 0;
	}
	input_look_at(in, (size_t)got);
	return 1;
}

/* Behind what waits for its end. */
static void
input_append(struct input *in, const char *p, size_t n)
{
	input_compact(in);
	if (in->cr)
		in->cr = eol_cr(in->p, in->end);
	input_need(in, n);
	memcpy(in->p + in->end, p, n);
	input_look_at(in, n);
}

void
input_lend(struct input *in, const char *p, size_t n)
{
	if (in->start < in->end || in->skipping || in->fresh) {
		input_append(in, p, n);
		return;
	}
	in->lent = true;
	in->own = in->p;
	in->own_cap = in->cap;
	in->p = (char *)p;
	in->cap = in->end = n;
	in->start = in->scanned = in->base = in->nlf = in->next = 0;
	in->cr = eol_cr(p, n);
	in->held = false;
}

void
input_lean(struct input *in)
{
	if (in->lent || in->start < in->end)
		return;
	free(in->p);
	in->p = NULL;
	in->cap = in->start = in->end = in->scanned = 0;
	in->base = in->nlf = in->next = 0;
	in->held = false;
}

void
input_settle(struct input *in)
{
	const char *rest = in->p + in->start;
	size_t n = in->end - in->start;

	if (!in->lent)
		return;
	in->lent = false;
	in->p = in->own;
	in->cap = in->own_cap;
	in->start = in->end = in->scanned = in->base = in->nlf = in->next = 0;
	in->held = false;
	if (n > 0)
		input_append(in, rest, n);
}
