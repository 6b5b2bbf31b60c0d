/*
 * blob: see blob.h.
 *
 * What is kept in a state is written as it stands, so what varies cannot be
 * allocated beside it; this is the allocator inside of one entry.  A var that
 * outgrows its room moves to the end; when holes are more than half of what
 * varies, everything moves together.
 */
#include "recovery/blob.h"

#include <assert.h>
#include <string.h>

#include "floor/buf.h"

static size_t
blob_pad(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

void
blob_state(struct blob *b, struct state *s, state_ref r)
{
	b->state = s;
	b->ref = r;
	b->buf = NULL;
	b->p = state_value(s, r, &b->n);
}

void
blob_change(struct blob *b, struct state *s, state_ref r)
{
	b->state = s;
	b->ref = r;
	b->buf = NULL;
	b->p = state_change_value(s, r, &b->n);
}

void
blob_buf(struct blob *b, struct buf *buf, size_t size)
{
	buf_clear(buf);
	memset(buf_need(buf, size + 8), 0, size);
	buf->n = size;
	b->state = NULL;
	b->buf = buf;
	b->p = buf->p;
	b->n = size;
}

static void
blob_resize(struct blob *b, size_t n)
{
	if (b->state != NULL) {
		b->p = state_resize(b->state, b->ref, n);
	} else {
		if (n > b->n)
			memset(buf_need(b->buf, n - b->n), 0, n - b->n);
		b->buf->n = n;
		b->p = b->buf->p;
	}
	b->n = n;
}

void
blob_widen(struct blob *b, const struct blob_form *before,
	const struct blob_form *now)
{
	size_t old = b->n, more = now->fixed - before->fixed, i;

	assert(now->fixed >= before->fixed);
	assert(old >= before->fixed);
	if (more == 0)
		return;
	blob_resize(b, old + more);
	memmove(b->p + now->fixed, b->p + before->fixed, old - before->fixed);
	memset(b->p + before->fixed, 0, more);
	for (i = 0; i < before->nvars; i++)
		if (blob_var(b, before->vars[i])->room > 0)
			blob_var(b, before->vars[i])->at += (uint32_t)more;
}

/* Close the holes: vars in the order in which they stand move to the front. */
static void
blob_compact(struct blob *b, const struct blob_form *f)
{
	size_t end = f->fixed, from = f->fixed;

	for (;;) {
		struct var *next = NULL;

		for (size_t i = 0; i < f->nvars; i++) {
			struct var *v = blob_var(b, f->vars[i]);

			if (v->room > 0 && v->at >= from &&
				(next == NULL || v->at < next->at))
				next = v;
		}
		if (next == NULL)
			break;
		from = next->at + next->room;
		memmove(b->p + end, b->p + next->at, next->room);
		next->at = (uint32_t)end;
		end += next->room;
	}
	memset(b->p + end, 0, b->n - end);
	blob_resize(b, end);
}

static void
blob_make_room(
	struct blob *b, const struct blob_form *f, uint32_t var, size_t room)
{
	struct var *v = blob_var(b, var);
	size_t used = 0, i, at;

	room = blob_pad(v->room == 0 ? room : room + room / 2);
	if (v->room > 0 && v->at + v->room == b->n) {
		assert(v->at + room <= UINT32_MAX);
		blob_resize(b, v->at + room);
		blob_var(b, var)->room = (uint32_t)room;
		return;
	}
	for (i = 0; i < f->nvars; i++)
		used += blob_var(b, f->vars[i])->room;
	if (b->n - f->fixed > 2 * used + 64)
		blob_compact(b, f);
	at = b->n;
	assert(at + room <= UINT32_MAX); /* struct var holds no more */
	blob_resize(b, at + room);
	v = blob_var(b, var);
	if (v->n > 0)
		memcpy(b->p + at, b->p + v->at, v->n);
	v->at = (uint32_t)at;
	v->room = (uint32_t)room;
}

void *
blob_room(struct blob *b, const struct blob_form *f, uint32_t var, size_t room)
{
	if (blob_var(b, var)->room < room)
		blob_make_room(b, f, var, room);
	return blob_at(b, blob_var(b, var));
}
