/*
 * unpack: what comes in is checked while places are made pointers again.
 */
#include "value/unpack.h"

#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "value/pack_impl.h"
#include "value/shape_impl.h"

#define UNPACK_SPARE 6 /* values that may be added to each of several */

void
unpack_init(struct unpack *u, struct shapes *shapes)
{
	memset(u, 0, sizeof *u);
	u->shapes = shapes;
	u->known = mem_zalloc(sizeof *u->known); /* the transient one */
	u->cap = 1;
}

void
unpack_release(struct unpack *u)
{
	free(u->known);
	shape_set_free(u->transient);
	slots_release(&u->slots);
	memset(u, 0, sizeof *u);
}

/* Where the shape of that number is to be, or NULL: they come in order. */
static struct shape **
unpack_place(struct unpack *u, uint32_t number, size_t cost)
{
	if (number == PACK_TRANSIENT) {
		if (u->transient == NULL)
			u->transient = shape_set_transient(u->shapes);
		shape_set_clear(u->transient);
		u->known[0] = NULL;
		return &u->known[0];
	}
	if (number != u->n || number >= PACK_SHAPES || u->names > PACK_NAMES)
		return NULL;
	u->names += cost;
	if (u->n + 1 == u->cap) {
		u->cap = u->cap < 16 ? 16 : u->cap * 2;
		u->known = mem_realloc(u->known, u->cap * sizeof *u->known);
	}
	u->known[++u->n] = NULL;
	return &u->known[u->n];
}

/* The shape of these names. */
static struct shape *
unpack_names(struct unpack *u, bool transient, const uint32_t *lengths,
	uint32_t n, const char *at, size_t bytes)
{
	struct shape *shape = shape_empty(u->shapes);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t length = lengths[i];

		if (length > bytes)
			return NULL;
		shape = transient ? shape_make(u->transient, shape, at, length)
				  : shape_extend(shape, at, length);
		at += length;
		bytes -= length;
	}
	return shape;
}

static unsigned
unpack_shape(struct unpack *u, const char *p, size_t size)
{
	const uint32_t *lengths;
	struct pack_names h;
	struct shape **to;
	uint64_t numbers;

	if (size < sizeof h)
		return PACK_DAMAGED;
	memcpy(&h, p, sizeof h);
	lengths = (const uint32_t *)(p + sizeof h);
	numbers = (uint64_t)h.n * sizeof(uint32_t);
	if (sizeof h + numbers + h.bytes > size ||
		(to = unpack_place(u, h.shape, pack_cost(h.bytes, h.n))) ==
			NULL)
		return PACK_DAMAGED;
	*to = unpack_names(u, h.shape == PACK_TRANSIENT, lengths, h.n,
		p + sizeof h + numbers, h.bytes);
	return *to != NULL ? PACK_SHAPE : PACK_DAMAGED;
}

/* A place is made a pointer again; false: it is none. */
static inline bool
unpack_value(struct value *v, const char *p, size_t size)
{
	if (v->type > VALUE_OBJECT)
		return false;
	if (value_has_text(v)) {
		uint64_t at = (uint64_t)v->i;
		bool good = at <= size && v->n <= size - at;

		v->s = p + (good ? at : 0);
		return good;
	}
	return true;
}

/* n values at from. */
static bool
unpack_values(struct value *v, uint32_t n, const char *from, const char *p,
	size_t size)
{
	bool good = true;

	memcpy(v, from, n * sizeof *v);
	for (uint32_t i = 0; i < n; i++)
		good &= unpack_value(&v[i], p, size);
	return good;
}

/* What is printed behind kept fields of a line begins at its last brace. */
static bool
unpack_closed(const struct record *r)
{
	uint32_t n = r->nline;

	while (n > 0 && r->line[n - 1] != '}')
		n--;
	return n > 0;
}

static bool
unpack_windows(struct unpack *u, const char *at, struct record *r)
{
	memcpy(&u->windows, at, sizeof u->windows);
	r->windows = &u->windows;
	return u->windows.size > 0 && u->windows.slide > 0;
}

/* The shape of a record; NULL: there is none. */
static struct shape *
unpack_known(const struct unpack *u, const struct pack_head *h)
{
	uint32_t place = h->shape == PACK_TRANSIENT ? 0 : h->shape + 1;

	return place <= u->n ? u->known[place] : NULL;
}

static unsigned
unpack_record(struct unpack *u, const char *p, size_t size, struct record *r)
{
	struct shape *shape = NULL;
	struct pack_head h;
	size_t at = sizeof h;

	if (size < sizeof h)
		return PACK_DAMAGED;
	memcpy(&h, p, sizeof h);
	memset(r, 0, sizeof *r);
	r->number = h.number;
	if (h.shape != PACK_NO_SHAPE) {
		if ((shape = unpack_known(u, &h)) == NULL || h.n != shape->n)
			return PACK_DAMAGED;
		at += (size_t)h.n * sizeof(struct value);
	} else if (h.n != 0 || !(h.m.flags & PACK_LINE)) {
		return PACK_DAMAGED;
	}
	if (h.m.flags & PACK_WINDOWS)
		at += sizeof u->windows;
	if (at > size || h.nline > size - at)
		return PACK_DAMAGED;
	if ((h.m.flags & PACK_WINDOWS) &&
		!unpack_windows(u, p + at - sizeof u->windows, r))
		return PACK_DAMAGED;
	if (h.m.flags & PACK_LINE) {
		r->line = p + at;
		r->nline = h.nline;
	}
	if (shape == NULL)
		return PACK_RECORD;
	r->shape = shape;
	r->kept = h.kept;
	r->v = slots_need(&u->slots, shape->n);
	r->room = u->slots.cap;
	if (h.kept > shape->n ||
		(r->line != NULL && h.kept < shape->n && !unpack_closed(r)) ||
		!unpack_values(r->v, shape->n, p + sizeof h, p, size))
		return PACK_DAMAGED;
	return PACK_RECORD;
}

/* They have room for some values more each. */
static unsigned
unpack_rows(struct unpack *u, const char *p, size_t size, struct record *r)
{
	struct pack_rows h;
	size_t each, at = sizeof h;
	bool good = true;

	if (size < sizeof h)
		return PACK_DAMAGED;
	memcpy(&h, p, sizeof h);
	each = h.n * sizeof(struct value);
	if (h.shape >= u->n || u->known[h.shape + 1] == NULL ||
		h.n != u->known[h.shape + 1]->n || h.rows == 0 || h.n == 0 ||
		h.rows > size || each > size || h.rows * each > size - at)
		return PACK_DAMAGED;
	memset(r, 0, sizeof *r);
	r->shape = u->known[h.shape + 1];
	u->rows = h.rows;
	u->stride = h.n + UNPACK_SPARE;
	r->room = (uint32_t)u->stride;
	r->v = slots_need(&u->slots, (uint32_t)(u->rows * u->stride));
	for (size_t i = 0; i < u->rows; i++, at += each)
		good &= unpack_values(
			r->v + i * u->stride, h.n, p + at, p, size);
	return good ? PACK_ROWS : PACK_DAMAGED;
}

unsigned
unpack_next(struct unpack *u, const char *p, size_t n, size_t *size,
	struct record *r)
{
	struct pack_message m;

	if (n < sizeof m)
		return PACK_DAMAGED;
	memcpy(&m, p, sizeof m);
	if (m.size < sizeof m || m.size > n || m.size % PACK_ALIGN != 0)
		return PACK_DAMAGED;
	*size = m.size;
	if (m.kind == PACK_RECORD)
		return unpack_record(u, p, m.size, r);
	if (m.kind == PACK_ROWS)
		return unpack_rows(u, p, m.size, r);
	return m.kind == PACK_SHAPE ? unpack_shape(u, p, m.size) : m.kind;
}
