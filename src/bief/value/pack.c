/*
 * pack: what is sent is laid out so that it needs one pass each: the size is
 * known before the first byte is written.
 */
#include "value/pack.h"

#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/copy.h"
#include "floor/hash.h"
#include "floor/mem.h"
#include "value/json.h"
#include "value/pack_impl.h"

struct pack_shape {
	uint64_t id;     /* 0: the place in the table is free */
	uint32_t number; /* PACK_TRANSIENT: not kept */
	bool known;      /* it has been sent */
};

void
pack_init(struct pack *p)
{
	memset(p, 0, sizeof *p);
	p->mask = 31;
	p->shapes = mem_zalloc((p->mask + 1) * sizeof *p->shapes);
	p->transient = mem_zalloc(sizeof *p->transient);
	p->transient->number = PACK_TRANSIENT;
}

void
pack_release(struct pack *p)
{
	free(p->shapes);
	free(p->transient);
	memset(p, 0, sizeof *p);
}

static struct pack_shape *
pack_place(struct pack_shape *shapes, uint32_t mask, uint64_t id)
{
	uint32_t i = (uint32_t)hash_finish(id) & mask;

	while (shapes[i].id != 0 && shapes[i].id != id)
		i = (i + 1) & mask;
	return &shapes[i];
}

static void
pack_grow(struct pack *p)
{
	uint32_t mask = p->mask * 2 + 1;
	struct pack_shape *to = mem_zalloc(((size_t)mask + 1) * sizeof *to);

	for (uint32_t i = 0; i <= p->mask; i++)
		if (p->shapes[i].id != 0)
			*pack_place(to, mask, p->shapes[i].id) = p->shapes[i];
	free(p->shapes);
	p->shapes = to;
	p->mask = mask;
}

static size_t
pack_names_bytes(const struct shape *shape)
{
	size_t n = 0;

	for (uint32_t i = 0; i < shape->n; i++)
		n += shape->names[i].n;
	return n;
}

/* A shape that was not the last one. */
static struct pack_shape *
pack_look_up(struct pack *p, const struct shape *shape)
{
	struct pack_shape *s = pack_place(p->shapes, p->mask, shape->id);

	if (!shape->transient && s->id != 0)
		return s;
	if (shape->transient || p->n >= PACK_SHAPES || p->names > PACK_NAMES) {
		s = p->transient;
		s->known = false;
		s->id = shape->id;
		return s;
	}
	if (p->n >= p->mask / 2) {
		pack_grow(p);
		s = pack_place(p->shapes, p->mask, shape->id);
	}
	s->id = shape->id;
	p->n++;
	p->names += pack_cost(pack_names_bytes(shape), shape->n);
	return s;
}

static inline struct pack_shape *
pack_shape_of(struct pack *p, const struct shape *shape)
{
	if (p->last == NULL || p->last->id != shape->id ||
		p->last == p->transient)
		p->last = pack_look_up(p, shape);
	return p->last;
}

static size_t
pack_shape_size(const struct shape *shape)
{
	return pack_align(sizeof(struct pack_names) +
		shape->n * sizeof(uint32_t) + pack_names_bytes(shape));
}

/* Does its text stand in the line? */
static inline bool
pack_inside(const struct value *v, const char *line, uint32_t nline)
{
	uintptr_t at = (uintptr_t)v->s - (uintptr_t)line;

	return at <= nline && v->n <= nline - at;
}

static inline uint32_t
pack_line(const struct record *r)
{
	return r->line != NULL ? r->nline : 0;
}

/* The record without what may stand in front of it. */
static size_t
pack_record_size(const struct record *r)
{
	uint32_t nline = pack_line(r), fields = 0;
	size_t n = sizeof(struct pack_head) + nline;

	if (r->windows != NULL)
		n += sizeof *r->windows;
	if (r->shape != NULL)
		fields = r->shape->n;
	n += fields * sizeof(struct value);
	for (uint32_t i = 0; i < fields; i++)
		if (value_has_text(&r->v[i]) &&
			!pack_inside(&r->v[i], r->line, nline))
			n += r->v[i].n;
	return pack_align(n);
}

size_t
pack_size(struct pack *p, const struct record *r)
{
	const struct pack_shape *s;

	if (r->shape == NULL)
		return pack_record_size(r);
	s = pack_shape_of(p, r->shape);
	return (s->known ? 0 : pack_shape_size(r->shape)) + pack_record_size(r);
}

static char *
pack_bytes(char *to, const void *from, size_t n)
{
	if (n > 0)
		memcpy(to, from, n);
	return to + n;
}

/* They have their numbers in the order in which they are sent: what only the size
 * was asked of may have been too long. */
static char *
pack_put_shape(struct pack *p, struct pack_shape *s, const struct shape *shape,
	char *to)
{
	struct pack_names h = {
		.m = {(uint32_t)pack_shape_size(shape), PACK_SHAPE, 0},
		.n = shape->n,
		.bytes = (uint32_t)pack_names_bytes(shape)};
	char *at = to + sizeof h;

	if (s != p->transient)
		s->number = p->sent++;
	h.shape = s->number;
	memcpy(to, &h, sizeof h);
	for (uint32_t i = 0; i < shape->n; i++)
		at = pack_bytes(at, &shape->names[i].n, sizeof(uint32_t));
	for (uint32_t i = 0; i < shape->n; i++)
		at = pack_bytes(at, shape->names[i].s, shape->names[i].n);
	s->known = true;
	return to + h.m.size;
}

/* Its values, the first of them at *at, and the texts, from *text on. */
struct pack_at {
	char *message, *value, *text;
	const char *line; /* where it was, and is now */
	uint64_t line_at;
	uint32_t nline;
};

/* Its text is in no line that goes with it. */
static inline void
pack_apart(struct pack_at *a, const struct value *from)
{
	struct value v = *from;

	if (value_has_text(&v)) {
		v.i = a->text - a->message;
		a->text = copy_short(a->text, from->s, v.n);
	}
	memcpy(a->value, &v, sizeof v);
	a->value += sizeof v;
}

static inline void
pack_value(struct pack_at *a, const struct value *from)
{
	struct value v = *from;

	if (!value_has_text(&v) || !pack_inside(&v, a->line, a->nline)) {
		pack_apart(a, from);
		return;
	}
	v.i = (int64_t)(a->line_at + (uint64_t)(from->s - a->line));
	memcpy(a->value, &v, sizeof v);
	a->value += sizeof v;
}

void
pack_put(struct pack *p, const struct record *r, char *to)
{
	struct pack_shape *s = r->shape != NULL ? p->last : NULL;
	struct pack_head h = {.m = {0, PACK_RECORD, 0},
		.shape = PACK_NO_SHAPE,
		.nline = pack_line(r),
		.number = r->number};
	struct pack_at a = {.line = r->line, .nline = h.nline};

	if (s != NULL && !s->known)
		to = pack_put_shape(p, s, r->shape, to);
	if (s != NULL) {
		h.shape = s->number;
		h.n = r->shape->n;
	}
	if (r->line != NULL) {
		h.m.flags |= PACK_LINE;
		h.kept = r->kept;
	}
	a.message = to;
	a.value = to + sizeof h;
	a.text = a.value + h.n * sizeof(struct value);
	if (r->windows != NULL) {
		h.m.flags |= PACK_WINDOWS;
		a.text = pack_bytes(a.text, r->windows, sizeof *r->windows);
	}
	a.line_at = (uint64_t)(a.text - to);
	a.text = pack_bytes(a.text, r->line, h.nline);
	for (uint32_t i = 0; i < h.n; i++)
		pack_value(&a, &r->v[i]);
	h.m.size = (uint32_t)pack_align((size_t)(a.text - to));
	memcpy(to, &h, sizeof h);
}

size_t
pack_rows_size(struct pack *p, const struct record *r, size_t stride, size_t n)
{
	const struct value *v = r->v;
	uint32_t fields = r->shape->n;
	const struct pack_shape *s;
	size_t size = sizeof(struct pack_rows) +
		n * fields * sizeof(struct value);

	if (r->line != NULL || r->windows != NULL || fields == 0)
		return 0;
	s = pack_shape_of(p, r->shape);
	if (s == p->transient)
		return 0;
	for (size_t i = 0; i < n; i++, v += stride)
		for (uint32_t k = 0; k < fields; k++)
			if (value_has_text(&v[k]))
				size += v[k].n;
	return (s->known ? 0 : pack_shape_size(r->shape)) + pack_align(size);
}

void
pack_put_rows(struct pack *p, const struct record *r, size_t stride, size_t n,
	char *to)
{
	struct pack_shape *s = p->last;
	struct pack_rows h = {
		.m = {0, PACK_ROWS, 0}, .n = r->shape->n, .rows = (uint32_t)n};
	const struct value *v = r->v;
	struct pack_at a = {.line = NULL};

	if (!s->known)
		to = pack_put_shape(p, s, r->shape, to);
	h.shape = s->number;
	a.message = to;
	a.value = to + sizeof h;
	a.text = a.value + n * h.n * sizeof(struct value);
	for (size_t i = 0; i < n; i++, v += stride)
		for (uint32_t k = 0; k < h.n; k++)
			pack_apart(&a, &v[k]);
	h.m.size = (uint32_t)pack_align((size_t)(a.text - to));
	memcpy(to, &h, sizeof h);
}

void
pack_add(struct pack *p, const struct record *r, struct buf *out)
{
	size_t n = pack_size(p, r);

	pack_put(p, r, buf_need(out, n + JSON_PADDING));
	out->n += n;
}
