/*
 * lines: see lines.h. A block is searched for its last line end only; the
 * lines in it are found by those behind, who look at every byte anyway.
 */
#include "sources/lines.h"

#include <string.h>

#include "floor/err.h"
#include "value/json.h"
#include "io/stream/eol.h"
#include "runtime/stage.h"

/* As much of a refused line as goes to --rejects. */
#define KEPT ((size_t)64 << 10)

void
lines_init(struct lines *l)
{
	memset(l, 0, sizeof(*l));
	l->fresh = true;
	buf_init(&l->b);
}

void
lines_release(struct lines *l)
{
	buf_release(&l->b);
}

void
lines_clear(struct lines *l, uint64_t offset)
{
	buf_clear(&l->b);
	l->at = l->scanned = 0;
	l->offset = offset;
	l->skip = l->cr = l->known = false;
	l->fresh = offset == 0;
}

char *
lines_room(struct lines *l, size_t block, size_t *room)
{
	size_t left = lines_left(l);

	if (l->at > 0) {
		memmove(l->b.p, l->b.p + l->at, left);
		l->b.n = left;
		l->at = 0;
	}
	if (l->cr)
		l->cr = eol_cr(l->b.p, left);
	/* One more byte for the LF that lines_finish may put. */
	if (l->b.cap < left + block / 2 + JSON_PADDING + 1)
		buf_need(&l->b, block + left + JSON_PADDING + 1);
	*room = l->b.cap - l->b.n - JSON_PADDING - 1;
	return l->b.p + l->b.n;
}

void
lines_filled(struct lines *l, size_t n)
{
	size_t mark;

	if (!l->cr)
		l->cr = eol_cr(l->b.p + l->b.n, n);
	l->known = false;
	l->b.n += n;
	if (!l->fresh)
		return;
	mark = eol_mark(l->b.p + l->at, lines_left(l), &l->fresh);
	l->at += mark;
	l->offset += mark;
}

bool
lines_stop(struct lines *l)
{
	if (l->known || !eol_held(l->b.p + l->at, lines_left(l)))
		return false;
	l->scanned = 0;
	return l->known = true;
}

/* Is the last byte a CR of which it is not known whether it is an end? */
static bool
held(const struct lines *l)
{
	return l->cr && !l->known && eol_held(l->b.p + l->at, lines_left(l));
}

/* The last end that is there, or NULL. */
static const char *
last_end(struct lines *l)
{
	size_t left = lines_left(l);
	const char *p = l->b.p + l->at + l->scanned, *lf = NULL;

	if (left > l->scanned && l->known)
		return p + left - l->scanned - 1;
	if (left > l->scanned)
		lf = l->cr ? eol_last(p, left - l->scanned)
			   : memrchr(p, '\n', left - l->scanned);
	if (!lf)
		l->scanned = left - held(l);
	return lf;
}

/* The first end of n bytes, or NULL. */
static const char *
first_end(const struct lines *l, const char *p, size_t n)
{
	const char *lf;

	if (!l->cr)
		return memchr(p, '\n', n);
	lf = eol_first(p, n);
	return !lf && l->known && eol_held(p, n) ? p + n - 1 : lf;
}

bool
lines_whole(struct lines *l)
{
	return last_end(l) != NULL;
}

static void
advance(struct lines *l, size_t n)
{
	l->at += n;
	l->offset += n;
	l->scanned = 0;
}

/* Drop the rest of a refused line, as far as it is there. */
static void
skip(struct lines *l)
{
	const char *p = l->b.p + l->at;
	size_t left = lines_left(l);
	const char *lf;

	if (!l->skip || left == 0)
		return;
	lf = first_end(l, p, left);
	advance(l, lf ? (size_t)(lf + 1 - p) : left - held(l));
	l->skip = lf == NULL;
}

void
lines_finish(struct lines *l)
{
	if (l->skip)
		skip(l);
	if (l->skip)
		advance(l, lines_left(l));
	l->skip = false;
	if (held(l))
		l->b.p[l->b.n - 1] = '\n';
	else if (lines_left(l) > 0 && l->b.p[l->b.n - 1] != '\n')
		buf_byte(&l->b, '\n');
	buf_need(&l->b, JSON_PADDING);
}

static int
lines_refuse_line(struct lines *l, struct stage *st, size_t n, const char *why)
{
	struct record r = {
		.line = l->b.p + l->at, .nline = n < KEPT ? n : KEPT};
	uint64_t offset = l->offset;
	char name[200];

	advance(l, n);
	return stage_reject(st, &r, "'%s': the line at byte %llu %s",
		err_quote(name, sizeof(name), l->name, strlen(l->name)),
		(unsigned long long)offset, why);
}

#define TOO_LONG "is too long (--max-line sets the limit)"

int
lines_drop(struct lines *l, struct stage *st, const char *why)
{
	l->skip = true;
	return lines_refuse_line(l, st, lines_left(l) - held(l), why);
}

void
lines_trim(struct lines *l)
{
	char rest = '\r';
	bool is = lines_left(l) == 1 && l->b.p[l->at] == rest;

	if (lines_left(l) > is)
		return;
	buf_release(&l->b);
	buf_init(&l->b);
	l->at = l->scanned = 0;
	if (is)
		buf_byte(&l->b, rest);
}

/* Refuse the line that has begun but not ended, if it is too long already. */
static int
lines_bound(struct lines *l, struct stage *st)
{
	return lines_left(l) <= stage_max_line(st)
		? 0
		: lines_drop(l, st, TOO_LONG);
}

/* Bytes of the first *limit lines among n bytes that end with a line. */
static size_t
first_lines(const struct lines *l, const char *p, size_t n, uint64_t *limit)
{
	const char *at = p, *end = p + n, *lf;

	/* That the last byte is an end is known, also of a CR. */
	for (; *limit > 0 && at < end; --*limit) {
		lf = first_end(l, at, (size_t)(end - at));
		at = lf ? lf + 1 : end;
	}
	return (size_t)(at - p);
}

int
lines_block(struct lines *l, struct stage *st, uint64_t *limit, const char **p,
	size_t *n)
{
	const char *lf;

	skip(l);
	*p = l->b.p + l->at;
	lf = last_end(l);
	if (!lf)
		return lines_bound(l, st);
	*n = (size_t)(lf + 1 - *p);
	if (limit)
		*n = first_lines(l, *p, *n, limit);
	advance(l, *n);
	return *n > 0;
}

int
lines_emit(struct lines *l, struct stage *st, uint64_t *limit)
{
	const char *p;
	size_t n;
	int rc;

	while ((rc = lines_block(l, st, limit, &p, &n)) > 0)
		if (stage_emit_lines(st, p, n) < 0)
			return -1;
	return rc;
}

int
lines_next(struct lines *l, struct stage *st, const char **line, size_t *n)
{
	const char *p, *lf;
	size_t left;

	for (;;) {
		skip(l);
		p = l->b.p + l->at;
		left = lines_left(l);
		lf = left > 0 ? first_end(l, p, left) : NULL;
		if (!lf)
			return lines_bound(l, st);
		*n = (size_t)(lf - p);
		if (*n <= stage_max_line(st))
			break;
		l->skip = true;
		if (lines_refuse_line(l, st, *n, TOO_LONG) < 0)
			return -1;
	}
	advance(l, *n + 1);
	*line = p;
	return 1;
}

int
lines_refuse(struct lines *l, struct stage *st, const char *why)
{
	skip(l);
	l->skip = false;
	return lines_left(l) > 0 ? lines_refuse_line(l, st, lines_left(l), why)
				 : 0;
}
