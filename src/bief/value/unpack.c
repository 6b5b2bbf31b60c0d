/*
 * unpack: what comes in is checked while places are made pointers again.
 */
#include "value/unpack.h"

#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "value/pack_impl.h"
#include "value/shape_impl.h"

struct unpack_shape {
	struct shape *shape;
	uint32_t nsent;
	uint32_t *sent; /* NULL: all */
};

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
	for (uint32_t i = 0; u->known != NULL && i < u->n + 1; i++)
		free(u->known[i].sent);
	free(u->known);
	shape_set_free(u->transient);
	slots_release(&u->slots);
	memset(u, 0, sizeof *u);
}

/* Where the shape of that number is to be, or NULL: they come in order. */
static struct unpack_shape *
unpack_place(struct unpack *u, uint32_t number, size_t cost)
{
	u->last = NULL;
	if (number == PACK_TRANSIENT) {
		if (u->transient == NULL)
			u->transient = shape_set_transient(u->shapes);
		shape_set_clear(u->transient);
		u->known[0].shape = NULL;
		return &u->known[0];
	}
	if (number != u->n || number >= PACK_SHAPES || u->names > PACK_NAMES)
		return NULL;
	u->names += cost;
	if (u->n + 1 == u->cap) {
		u->cap = u->cap < 16 ? 16 : u->cap * 2;
		u->known = mem_realloc(u->known, u->cap * sizeof *u->known);
	}
	memset(&u->known[++u->n], 0, sizeof *u->known);
	return &u->known[u->n];
}

/* Take over which fields are sent: ascending places of them. */
static bool
unpack_sent(struct unpack_shape *s, const uint32_t *sent, uint32_t nsent,
	uint32_t n)
{
	uint32_t least = 0;

	free(s->sent);
	s->sent = NULL;
	s->nsent = 0;
	if (nsent == UINT32_MAX)
		return true;
	s->sent = mem_alloc((nsent + 1) * sizeof *s->sent);
	for (; s->nsent < nsent; s->nsent++) {
		uint32_t i = sent[s->nsent];

		if (i < least || i >= n)
			return false;
		s->sent[s->nsent] = i;
		least = i + 1;
	}
	return true;
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
	struct unpack_shape *s;
	struct pack_names h;
	const uint32_t *lengths = (const uint32_t *)(p + sizeof h), *sent;
	uint64_t numbers, nsent;

	if (size < sizeof h)
		return PACK_DAMAGED;
	memcpy(&h, p, sizeof h);
	nsent = h.nsent == UINT32_MAX ? 0 : h.nsent;
	numbers = ((uint64_t)h.n + nsent) * sizeof(uint32_t);
	if (nsent > h.n || numbers > size || h.bytes > size ||
		sizeof h + numbers + h.bytes > size)
		return PACK_DAMAGED;
	sent = lengths + h.n;
	if ((s = unpack_place(u, h.shape, pack_cost(h.bytes, h.n))) == NULL ||
		!unpack_sent(s, sent, h.nsent, h.n) ||
		(s->shape = unpack_names(u, h.shape == PACK_TRANSIENT, lengths,
			 h.n, p + sizeof h + numbers, h.bytes)) == NULL)
		return PACK_DAMAGED;
	return PACK_SHAPE;
}

/* All values of the shape are null but those that are sent. */
static void
unpack_blank(struct unpack *u, const struct unpack_shape *s)
{
	struct value *v = slots_need(&u->slots, s->shape->n);

	for (uint32_t i = 0; i < s->shape->n; i++)
		v[i] = value_null();
}

/* A place is made a pointer again; false: it is none. */
static inline bool
unpack_value(struct value *v, const char *p, size_t size)
{
	if (v->type > VALUE_OBJECT)
		return false;
	if (pack_has_text(v)) {
		uint64_t at = (uint64_t)v->i;

		v->s = p + at;
		return at <= size && v->n <= size - at;
	}
	return true;
}

/* h.n values at from. */
static bool
unpack_values(struct unpack *u, struct unpack_shape *s, const char *from,
	const char *p, size_t size)
{
	struct value *v = u->slots.v;
	bool good = true;

	if (s->sent == NULL) {
		memcpy(v, from, s->shape->n * sizeof *v);
		for (uint32_t i = 0; i < s->shape->n; i++)
			good &= unpack_value(&v[i], p, size);
		return good;
	}
	for (uint32_t i = 0; i < s->nsent; i++, from += sizeof *v) {
		struct value *to = &v[s->sent[i]];

		memcpy(to, from, sizeof *to);
		good &= unpack_value(to, p, size);
	}
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

/* The shape of a record, whose values have their room; NULL: there is none. */
static struct unpack_shape *
unpack_known(struct unpack *u, const struct pack_head *h)
{
	uint32_t place = h->shape == PACK_TRANSIENT ? 0 : h->shape + 1;
	struct unpack_shape *s = &u->known[place];

	if (u->last != NULL && s == u->last)
		return s;
	if (place > u->n || s->shape == NULL)
		return NULL;
	unpack_blank(u, s);
	u->last = s;
	return s;
}

static unsigned
unpack_record(struct unpack *u, const char *p, size_t size, struct record *r)
{
	struct unpack_shape *s = NULL;
	struct pack_head h;
	size_t at = sizeof h;

	if (size < sizeof h)
		return PACK_DAMAGED;
	memcpy(&h, p, sizeof h);
	memset(r, 0, sizeof *r);
	r->number = h.number;
	if (h.shape != PACK_NO_SHAPE) {
		if ((s = unpack_known(u, &h)) == NULL ||
			h.n != (s->sent != NULL ? s->nsent : s->shape->n))
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
	if (s == NULL)
		return PACK_RECORD;
	r->shape = s->shape;
	r->kept = h.kept;
	r->v = u->slots.v;
	r->room = u->slots.cap;
	if (h.kept > s->shape->n ||
		(r->line != NULL && h.kept < s->shape->n &&
			!unpack_closed(r)) ||
		!unpack_values(u, s, p + sizeof h, p, size))
		return PACK_DAMAGED;
	return PACK_RECORD;
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
	return m.kind == PACK_SHAPE ? unpack_shape(u, p, m.size) : m.kind;
}
