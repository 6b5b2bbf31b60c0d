/*
 * shape: shapes are a tree: a shape is its parent and one more name.  A child is
 * found by a hash of its parent and name.  Names of shapes that follow each
 * other stand in one block, each of them has the first few of it.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "value/json.h"
#include "value/shape_impl.h"

/* Names of several shapes, each of which has the first few. */
struct shape_block {
	uint32_t n, cap;
	struct shape_name names[];
};

bool
shape_reserved(const char *name, size_t n)
{
	return json_same(name, n, "#bief", 5);
}

static void *
shape_alloc(struct shapes *s, size_t n)
{
	s->bytes += n;
	return arena_get(&s->arena, n);
}

void
shape_set_clear(struct shapes *s)
{
	arena_clear(&s->arena);
	s->bytes = 0;
	s->count = 0;
}

struct shapes *
shape_set_new(void)
{
	struct shapes *s = mem_zalloc(sizeof *s);

	s->ids = s;
	s->mask = 255;
	s->hash = mem_zalloc((s->mask + 1) * sizeof(struct shape *));
	s->empty = shape_alloc(s, sizeof *s->empty);
	memset(s->empty, 0, sizeof *s->empty);
	s->empty->id = ++s->last_id;
	s->empty->owner = s;
	return s;
}

/* Shapes for one record, with ids that no shape of like has. */
struct shapes *
shape_set_transient(struct shapes *like)
{
	struct shapes *s = mem_zalloc(sizeof *s);

	s->ids = like;
	return s;
}

void
shape_set_free(struct shapes *s)
{
	if (s == NULL)
		return;
	arena_release(&s->arena);
	free(s->hash);
	free(s);
}

struct shape *
shape_empty(struct shapes *s)
{
	return s->empty;
}

static uint32_t
shape_hash(const struct shape *parent, const char *name, size_t n)
{
	uint64_t h = parent->id * UINT64_C(0x9E3779B97F4A7C15) + n, w;

	for (; n >= 8; n -= 8, name += 8) {
		memcpy(&w, name, 8);
		h = (h ^ w) * UINT64_C(0xFF51AFD7ED558CCD);
		h ^= h >> 32;
	}
	w = 0;
	memcpy(&w, name, n);
	h = (h ^ w) * UINT64_C(0xFF51AFD7ED558CCD);
	return (uint32_t)(h >> 32);
}

static inline bool
shape_ends_in(const struct shape *shape, const char *name, size_t n)
{
	const struct shape_name *x = &shape->names[shape->n - 1];

	return x->n == n && memcmp(x->s, name, n) == 0;
}

/* The child of this name, or NULL. */
struct shape *
shape_child(struct shape *shape, const char *name, size_t n)
{
	struct shapes *s = shape->owner;
	struct shape *c;

	if (shape->transient)
		return NULL;
	if (shape->likely != NULL && shape_ends_in(shape->likely, name, n))
		return shape->likely;
	c = s->hash[shape_hash(shape, name, n) & s->mask];
	while (c != NULL && (c->parent != shape || !shape_ends_in(c, name, n)))
		c = c->hash_next;
	return c;
}

static void
shape_hash_grow(struct shapes *s)
{
	uint32_t mask = s->mask * 4 + 3;
	struct shape **hash = mem_zalloc(((size_t)mask + 1) * sizeof *hash);

	for (uint32_t i = 0; i <= s->mask; i++) {
		struct shape *c, *next;

		for (c = s->hash[i]; c != NULL; c = next) {
			const struct shape_name *x = &c->names[c->n - 1];
			uint32_t h = shape_hash(c->parent, x->s, x->n) & mask;

			next = c->hash_next;
			c->hash_next = hash[h];
			hash[h] = c;
		}
	}
	free(s->hash);
	s->hash = hash;
	s->mask = mask;
}

/* Place for the names of a child: behind its parent's where that is free. */
static struct shape_block *
shape_block_for(struct shapes *s, const struct shape *parent)
{
	struct shape_block *b = parent->block;
	uint32_t cap;

	if (b != NULL && parent->owner == s && b->n == parent->n &&
		b->n < b->cap)
		return b;
	cap = parent->n < 4 ? 8 : parent->n * 2;
	b = shape_alloc(s, sizeof *b + cap * sizeof b->names[0]);
	b->cap = cap;
	b->n = parent->n;
	if (parent->n > 0)
		memcpy(b->names, parent->names, parent->n * sizeof b->names[0]);
	return b;
}

struct shape *
shape_make(struct shapes *s, struct shape *parent, const char *name, size_t n)
{
	struct shape *c = shape_alloc(s, sizeof *c);
	struct shape_name *x;
	char *key;

	memset(c, 0, sizeof *c);
	c->id = ++s->ids->last_id;
	c->n = parent->n + 1;
	c->transient = s->hash == NULL;
	c->escaped = parent->escaped || memchr(name, '\\', n) != NULL;
	c->reserved = parent->n > 0 ? parent->reserved
				    : shape_reserved(name, n);
	c->parent = parent;
	c->owner = s;
	c->block = shape_block_for(s, parent);
	c->names = c->block->names;
	x = &c->names[c->block->n++];
	key = shape_alloc(s, n + 4 + SHAPE_PADDING);
	memset(key + n + 4, 0, SHAPE_PADDING);
	key[0] = ',';
	key[1] = '"';
	memcpy(key + 2, name, n);
	key[n + 2] = '"';
	key[n + 3] = ':';
	x->key = key;
	x->s = key + 2;
	x->n = (uint32_t)n;
	s->count++;
	return c;
}

struct shape *
shape_intern(struct shape *parent, const char *name, size_t n)
{
	struct shapes *s = parent->owner;
	struct shape *c = shape_make(s, parent, name, n), **slot;

	if (s->count > s->mask)
		shape_hash_grow(s);
	slot = &s->hash[shape_hash(parent, name, n) & s->mask];
	c->hash_next = *slot;
	*slot = c;
	return c;
}

struct shape *
shape_extend(struct shape *shape, const char *name, size_t n)
{
	struct shape *c = shape_child(shape, name, n);

	if (c != NULL)
		return c;
	if (shape->transient)
		return shape_make(shape->owner, shape, name, n);
	return shape_intern(shape, name, n);
}

/* base and one more name, for as long as like lives. */
static struct shape *
shape_extend_like(
	struct shape *like, struct shape *base, const char *name, size_t n)
{
	if (like->transient && !base->transient) {
		struct shape *c = shape_child(base, name, n);

		return c != NULL ? c : shape_make(like->owner, base, name, n);
	}
	return shape_extend(base, name, n);
}

struct shape *
shape_rename(struct shape *shape, uint32_t at, const char *name, size_t n)
{
	struct shape *s = shape;

	while (s->n > at)
		s = s->parent;
	if (name != NULL)
		s = shape_extend_like(shape, s, name, n);
	for (uint32_t i = at + 1; i < shape->n; i++)
		s = shape_extend_like(
			shape, s, shape->names[i].s, shape->names[i].n);
	return s;
}

/* The same name in spite of escapes. */
static bool
shape_name_same(const struct shape_name *a, const char *name, size_t n)
{
	struct buf plain;
	bool same;

	buf_init(&plain);
	json_unquote(&plain, name, n);
	same = json_same(a->s, a->n, plain.p, plain.n);
	buf_release(&plain);
	return same;
}

int
shape_find(const struct shape *shape, const char *name, size_t n)
{
	bool escaped = shape->escaped || memchr(name, '\\', n) != NULL;

	for (uint32_t i = shape->n; i-- > 0;) {
		const struct shape_name *x = &shape->names[i];

		if (x->n == n && memcmp(x->s, name, n) == 0)
			return (int)i;
		if (escaped && shape_name_same(x, name, n))
			return (int)i;
	}
	return -1;
}

/* Is this name, in any case, that plain text? */
bool
shape_name_like(const struct shape_name *a, const struct buf *plain)
{
	struct buf b;
	bool like;

	if (memchr(a->s, '\\', a->n) == NULL)
		return a->n == plain->n &&
			strncasecmp(a->s, plain->p, a->n) == 0;
	buf_init(&b);
	json_unquote(&b, a->s, a->n);
	like = b.n == plain->n && strncasecmp(b.p, plain->p, b.n) == 0;
	buf_release(&b);
	return like;
}

int
shape_like(const struct shape *shape, const char *name, size_t n)
{
	struct buf plain;
	int at = -1;

	buf_init(&plain);
	buf_need(&plain, n + 1);
	json_unquote(&plain, name, n);
	for (uint32_t i = shape->n; i-- > 0 && at != -2;) {
		const struct shape_name *x = &shape->names[i];

		if (!shape_name_like(x, &plain))
			continue;
		if (at < 0)
			at = (int)i;
		else if (shape_find(shape, x->s, x->n) != at)
			at = -2;
	}
	buf_release(&plain);
	return at;
}

/* Remember how the last name of c is spelled, unless it is strange. */
void
shape_edge_learn(struct shape *c, const char *p, size_t n)
{
	uint32_t max = c->names[c->n - 1].n + 6;

	if (c->transient || n > max)
		return;
	if (c->edge == NULL) {
		c->edge = shape_alloc(c->owner, max + SHAPE_PADDING);
		memset(c->edge, 0, max + SHAPE_PADDING);
	}
	memcpy(c->edge, p, n);
	c->nedge = (uint32_t)n;
}
