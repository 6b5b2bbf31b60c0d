/*
 * stow: the pointer to the shape, NULL in front of text.  Then for each value a
 * byte: its type in the lower half, and what follows in the upper:
 *
 *	nothing     null
 *	1 byte      a boolean
 *	8 bytes     an integer, a double, a time, a date
 *	1 byte, or 4 with LONG, and so many bytes: what is text
 */
#include "value/stow.h"

#include <string.h>

#include "floor/buf.h"
#include "floor/copy.h"
#include "value/value.h"

#define LONG 0x10
#define FLAGS 5 /* the flags of the value begin here */

static inline char *
stow_value(char *p, const struct value *v)
{
	unsigned head = v->type | (unsigned)v->flags << FLAGS;

	if (value_has_text(v)) {
		*p = (char)(v->n > 255 ? head | LONG : head);
		if (v->n > 255) {
			memcpy(p + 1, &v->n, 4);
			p += 5;
		} else {
			p[1] = (char)v->n;
			p += 2;
		}
		return copy_short(p, v->s, v->n);
	}
	*p++ = (char)head;
	if (v->type == VALUE_BOOL)
		*p++ = v->i != 0;
	if (v->type > VALUE_BOOL) {
		memcpy(p, &v->i, 8);
		p += 8;
	}
	return p;
}

void
stow_put(const struct record *r, struct buf *out)
{
	const struct shape *shape = r->shape;
	size_t room = sizeof(shape);
	char *p;

	if (r->line != NULL || shape == NULL || shape->transient) {
		memset(buf_need(out, sizeof(shape)), 0, sizeof(shape));
		out->n += sizeof(shape);
		record_print(r, out);
		return;
	}
	for (uint32_t i = 0; i < shape->n; i++)
		room += 9 + (value_has_text(&r->v[i]) ? r->v[i].n : 0);
	p = buf_need(out, room);
	memcpy(p, &shape, sizeof(shape));
	p += sizeof(shape);
	for (uint32_t i = 0; i < shape->n; i++)
		p = stow_value(p, &r->v[i]);
	out->n = (size_t)(p - out->p);
}

static inline const char *
unstow_value(const char *p, struct value *v)
{
	unsigned head = (unsigned char)*p++;

	*v = (struct value){.type = head & 0xF, .flags = head >> FLAGS};
	if (value_has_text(v)) {
		v->n = (unsigned char)*p;
		if (head & LONG)
			memcpy(&v->n, p, 4);
		p += head & LONG ? 4 : 1;
		v->s = p;
		return p + v->n;
	}
	if (v->type == VALUE_BOOL)
		v->i = *p++;
	if (v->type > VALUE_BOOL) {
		memcpy(&v->i, p, 8);
		p += 8;
	}
	return p;
}

void
stow_get(struct record *r, const char *p, size_t n, struct slots *slots)
{
	struct shape *shape;

	memcpy(&shape, p, sizeof(shape));
	p += sizeof(shape);
	if (shape == NULL) {
		*r = (struct record){
			.line = p, .nline = (uint32_t)(n - sizeof(shape))};
		return;
	}
	*r = (struct record){.shape = shape, .v = slots_need(slots, shape->n)};
	r->room = slots->cap;
	for (uint32_t i = 0; i < shape->n; i++)
		p = unstow_value(p, &r->v[i]);
}
