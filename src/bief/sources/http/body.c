/*
 * body: pieces and whole answers end in the same lines, so that --timestamp and
 * --max-line mean the same for both.
 */
#include "sources/http/body.h"

#include <string.h>

#include "sources/http/splitter.h"
#include "sources/http/webline.h"

void
body_init(struct body *b)
{
	lines_init(&b->lines);
	answer_init(&b->last);
}

void
body_release(struct body *b)
{
	splitter_free(b->splitter);
	lines_release(&b->lines);
	answer_release(&b->last);
	buf_release(&b->text);
}

void
body_again(struct body *b)
{
	lines_clear(&b->lines, 0);
	b->pass_over = 0;
}

void
body_begin(struct body *b, const struct http *h)
{
	if (answer_same(&b->last, h))
		b->pass_over = b->last.bytes;
	else
		b->last.bytes = 0;
	answer_take(&b->last, h);
	lines_clear(&b->lines, b->pass_over);
}

/* The whole lines that are there. */
static int
body_put(struct body *b, struct stage *st)
{
	const char *p;
	size_t n;
	int rc;

	if (b->to->timestamp == NULL) {
		while ((rc = lines_block(&b->lines, st, NULL, &p, &n)) > 0)
			buf_add(&b->to->out, p, n);
		return rc;
	}
	while ((rc = lines_next(&b->lines, st, &p, &n)) > 0)
		webline_value(b->to, p, n - (n > 0 && p[n - 1] == '\r'));
	return rc;
}

static void
body_fill(struct body *b, const char *p, size_t n)
{
	size_t room;

	memcpy(lines_room(&b->lines, n, &room), p, n);
	lines_filled(&b->lines, n);
}

int
body_feed(struct body *b, struct stage *st, const char *p, size_t n)
{
	size_t over = b->pass_over < n ? (size_t)b->pass_over : n;
	int rc;

	b->pass_over -= over;
	body_fill(b, p + over, n - over);
	rc = body_put(b, st);
	b->last.bytes = b->lines.offset;
	return rc;
}

int
body_end(struct body *b, struct stage *st)
{
	lines_finish(&b->lines);
	if (body_put(b, st) < 0)
		return -1;
	b->last.bytes = b->lines.offset;
	return 0;
}

int
body_cut(struct body *b, struct stage *st)
{
	return lines_stop(&b->lines) ? body_feed(b, st, "", 0) : 0;
}

bool
body_resumes(const struct body *b)
{
	return b->last.etag.n > 0 || b->last.modified.n > 0;
}

int
body_whole(struct body *b, struct stage *st, const struct http *h,
	const char *p, size_t n)
{
	answer_take(&b->last, h);
	if (b->changed && answer_same_body(&b->last, p, n))
		return 0;
	answer_take_body(&b->last, p, n);
	if (n == 0)
		return 0;
	lines_clear(&b->lines, 0);
	if (b->splitter == NULL) {
		body_fill(b, p, n);
		lines_finish(&b->lines);
		return body_put(b, st);
	}
	if (b->to->timestamp == NULL)
		return splitter_run(b->splitter, p, n, &b->to->out);
	buf_clear(&b->text);
	if (splitter_run(b->splitter, p, n, &b->text) < 0)
		return -1;
	body_fill(b, b->text.p, b->text.n);
	return body_put(b, st);
}
