#include "value/record.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/err.h"
#include "value/json.h"
#include "floor/near.h"
#include "text/simd.h"

bool
record_reserved(const char *name, size_t n)
{
	return json_same(name, n, "#bief", 5);
}

/*
 * Shapes are a tree: a shape is its parent and one more name.  A child is found
 * by a hash of its parent and name.  All memory comes from an arena.
 *
 * To the reader a shape is also a guess: likely is the child that was taken
 * last, other the one before it, and edge the bytes that stood between the
 * value before and the value of the shape's last name: `, "time": `.  Where the
 * line has the same bytes the name need not be looked at.
 */
struct chunk {
	struct chunk *next;
	size_t n, cap;
	char bytes[];
};

/* Names of several shapes, each of which has the first few. */
struct shape_block {
	uint32_t n, cap;
	struct shape_name names[];
};

struct shapes {
	struct chunk *chunks;
	size_t bytes;
	uint32_t count;
	uint32_t
		branches; /* made by readers, where there was a child already */
	struct shape **hash; /* none when transient */
	uint32_t mask;
	struct shape *empty;
	uint64_t last_id;
	struct shapes *ids; /* whose last_id counts */
};

#define CHUNK_SIZE 65536
#define NAME_PADDING 16 /* readable bytes behind key and edge */

static void *
arena_take(struct shapes *s, size_t n)
{
	struct chunk *c = s->chunks;
	void *p;

	n = (n + 7) & ~(size_t)7;
	if (c == NULL || c->cap - c->n < n) {
		size_t cap = n > CHUNK_SIZE ? n : CHUNK_SIZE;

		c = mem_alloc(sizeof *c + cap);
		c->cap = cap;
		c->n = 0;
		c->next = s->chunks;
		s->chunks = c;
	}
	p = c->bytes + c->n;
	c->n += n;
	s->bytes += n;
	return p;
}

/* Forget everything but one chunk. */
static void
arena_clear(struct shapes *s)
{
	struct chunk *c;

	while ((c = s->chunks) != NULL && c->next != NULL) {
		s->chunks = c->next;
		free(c);
	}
	if (c != NULL && c->cap > CHUNK_SIZE) {
		s->chunks = NULL;
		free(c);
	} else if (c != NULL)
		c->n = 0;
	s->bytes = 0;
	s->count = 0;
}

struct shapes *
shapes_new(void)
{
	struct shapes *s = mem_zalloc(sizeof *s);

	s->ids = s;
	s->mask = 255;
	s->hash = mem_zalloc((s->mask + 1) * sizeof(struct shape *));
	s->empty = arena_take(s, sizeof *s->empty);
	memset(s->empty, 0, sizeof *s->empty);
	s->empty->id = ++s->last_id;
	s->empty->owner = s;
	return s;
}

/* Shapes for one record, with ids that no shape of like has. */
static struct shapes *
shapes_transient(struct shapes *like)
{
	struct shapes *s = mem_zalloc(sizeof *s);

	s->ids = like;
	return s;
}

void
shapes_free(struct shapes *s)
{
	struct chunk *c;

	if (s == NULL)
		return;
	while ((c = s->chunks) != NULL) {
		s->chunks = c->next;
		free(c);
	}
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
last_name_is(const struct shape *shape, const char *name, size_t n)
{
	const struct shape_name *x = &shape->names[shape->n - 1];

	return x->n == n && memcmp(x->s, name, n) == 0;
}

/* The child of this name, or NULL. */
static struct shape *
shape_child(struct shape *shape, const char *name, size_t n)
{
	struct shapes *s = shape->owner;
	struct shape *c;

	if (shape->transient)
		return NULL;
	if (shape->likely != NULL && last_name_is(shape->likely, name, n))
		return shape->likely;
	c = s->hash[shape_hash(shape, name, n) & s->mask];
	while (c != NULL && (c->parent != shape || !last_name_is(c, name, n)))
		c = c->hash_next;
	return c;
}

static void
hash_grow(struct shapes *s)
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
block_for(struct shapes *s, const struct shape *parent)
{
	struct shape_block *b = parent->block;
	uint32_t cap;

	if (b != NULL && parent->owner == s && b->n == parent->n &&
		b->n < b->cap)
		return b;
	cap = parent->n < 4 ? 8 : parent->n * 2;
	b = arena_take(s, sizeof *b + cap * sizeof b->names[0]);
	b->cap = cap;
	b->n = parent->n;
	if (parent->n > 0)
		memcpy(b->names, parent->names, parent->n * sizeof b->names[0]);
	return b;
}

static struct shape *
shape_make(struct shapes *s, struct shape *parent, const char *name, size_t n)
{
	struct shape *c = arena_take(s, sizeof *c);
	struct shape_name *x;
	char *key;

	memset(c, 0, sizeof *c);
	c->id = ++s->ids->last_id;
	c->n = parent->n + 1;
	c->transient = s->hash == NULL;
	c->escaped = parent->escaped || memchr(name, '\\', n) != NULL;
	c->reserved = parent->n > 0 ? parent->reserved
				    : record_reserved(name, n);
	c->parent = parent;
	c->owner = s;
	c->block = block_for(s, parent);
	c->names = c->block->names;
	x = &c->names[c->block->n++];
	key = arena_take(s, n + 4 + NAME_PADDING);
	memset(key + n + 4, 0, NAME_PADDING);
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

static struct shape *
shape_intern(struct shape *parent, const char *name, size_t n)
{
	struct shapes *s = parent->owner;
	struct shape *c = shape_make(s, parent, name, n), **slot;

	if (s->count > s->mask)
		hash_grow(s);
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
extend_like(struct shape *like, struct shape *base, const char *name, size_t n)
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
		s = extend_like(shape, s, name, n);
	for (uint32_t i = at + 1; i < shape->n; i++)
		s = extend_like(shape, s, shape->names[i].s, shape->names[i].n);
	return s;
}

/* The same name in spite of escapes. */
static bool
same_escaped(const struct shape_name *a, const char *name, size_t n)
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
		if (escaped && same_escaped(x, name, n))
			return (int)i;
	}
	return -1;
}

void
record_slots_release(struct slots *s)
{
	free(s->v);
	s->v = NULL;
	s->cap = 0;
}

struct value *
record_slots_need(struct slots *s, uint32_t n)
{
	if (s->cap < n + RECORD_SPARE) {
		uint32_t cap = s->cap < 16 ? 32 : s->cap * 2;

		if (cap < n + RECORD_SPARE)
			cap = n + RECORD_SPARE;
		s->v = mem_realloc(s->v, cap * sizeof s->v[0]);
		s->cap = cap;
	}
	return s->v;
}

/* Is this name, in any case, that plain text? */
static bool
like_name(const struct shape_name *a, const struct buf *plain)
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

		if (!like_name(x, &plain))
			continue;
		if (at < 0)
			at = (int)i;
		else if (shape_find(shape, x->s, x->n) != at)
			at = -2;
	}
	buf_release(&plain);
	return at;
}

/*
 * Field names.
 */

void
field_init(struct field *f, const char *path)
{
	struct buf b;

	memset(f, 0, sizeof *f);
	f->path = mem_dup(path, strlen(path));
	f->index = f->step_index = -1;
	buf_init(&b);
	json_escape(&b, path, strlen(path));
	f->name = mem_dup(buf_cstr(&b), b.n);
	f->nname = (uint32_t)b.n;
	buf_release(&b);
	if (strpbrk(path, ".[\"") != NULL)
		path_init(&f->steps, path);
}

void
field_init_window(struct field *f, const char *name)
{
	field_init(f, name);
	f->pair = true;
}

void
field_settle(struct field *f, const char *path, bool whole)
{
	struct field old = *f;

	field_init(f, path);
	field_release(&old);
	f->exact = true;
	if (whole)
		path_release(&f->steps);
}

void
field_release(struct field *f)
{
	path_release(&f->steps);
	free(f->path);
	free(f->name);
	free(f->near);
	f->path = f->name = f->near = NULL;
}

const char *
field_last(const struct field *f, size_t *n, struct buf *tmp)
{
	buf_clear(tmp);
	for (int i = f->steps.n; i-- > 0;)
		if (f->steps.step[i].s != NULL) {
			buf_add(tmp, f->steps.step[i].s, f->steps.step[i].n);
			*n = tmp->n;
			return buf_cstr(tmp);
		}
	buf_str(tmp, f->path);
	*n = tmp->n;
	return buf_cstr(tmp);
}

bool
field_whole(const struct field *f, const struct shape *shape)
{
	return shape_find(shape, f->name, f->nname) >= 0 ||
		(!f->exact && f->steps.n > 0 &&
			shape_like(shape, f->name, f->nname) >= 0);
}

/* A name of this shape that the field's may have been meant for. */
static void
field_nearest(struct field *f, const struct shape *shape)
{
	char name[64];

	if (strlen(f->path) < 3) /* every short name is like it */
		return;
	for (uint32_t i = 0; i < shape->n && f->near == NULL; i++) {
		const struct shape_name *s = &shape->names[i];

		if (s->n >= sizeof(name))
			continue;
		memcpy(name, s->s, s->n);
		name[s->n] = '\0';
		if (near_enough(f->path, name))
			f->near = mem_dup(name, s->n);
	}
}

typedef int find_fn(const struct shape *shape, const char *name, size_t n);

/* The whole name, or the first step of the path. */
static void
field_seek(struct field *f, const struct shape *shape, find_fn *find)
{
	struct buf b;
	int at = find(shape, f->name, f->nname);

	if (at == -1 && f->steps.n > 0) {
		buf_init(&b);
		json_escape(&b, f->steps.step[0].s, f->steps.step[0].n);
		at = f->step_index = find(shape, buf_cstr(&b), b.n);
		buf_release(&b);
		if (f->steps.n > 1 && at >= 0)
			at = -1;
	}
	f->clash = at == -2;
	f->index = at;
}

/* Find out where the field is in records of this shape. */
static void
field_resolve(struct field *f, const struct shape *shape)
{
	f->id = shape->id;
	f->step_index = -1;
	f->index = f->pair ? shape_find(shape, "window", 6) : -1;
	if (f->index < 0)
		field_seek(f, shape, shape_find);
	if (f->index < 0 && f->step_index < 0 && !f->exact)
		field_seek(f, shape, shape_like);
	if (f->index >= 0 || f->step_index >= 0 || f->clash)
		f->seen = true;
	else if (!f->seen && f->near == NULL)
		field_nearest(f, shape);
}

bool
field_clashes(struct field *f, const struct record *r)
{
	if (f->id != r->shape->id)
		field_resolve(f, r->shape);
	return f->clash;
}

/* A member, in another case where there is one such. */
static bool
member_get(const struct value *object, const struct path_step *s, bool exact,
	struct value *v)
{
	struct shape_name name;
	struct json_iter it;
	struct value key, x;
	struct buf plain = {.p = s->s, .n = s->n};
	int n = 0;

	if (json_get(object, s->s, s->n, v))
		return true;
	if (exact)
		return false;
	json_iter(&it, object);
	while (json_next(&it, &key, &x)) {
		name = (struct shape_name){.s = key.s, .n = key.n};
		if (!like_name(&name, &plain))
			continue;
		*v = x;
		n++;
	}
	return n == 1;
}

static bool
array_get(const struct value *array, int64_t at, struct value *v)
{
	struct json_iter it;
	int64_t n = 0;

	if (at < 0) {
		json_iter(&it, array);
		while (json_next(&it, NULL, v))
			n++;
		at += n;
		if (at < 0)
			return false;
	}
	json_iter(&it, array);
	while (json_next(&it, NULL, v))
		if (at-- == 0)
			return true;
	return false;
}

const struct value *
field_find(struct field *f, const struct record *r)
{
	struct value v;

	if (f->id != r->shape->id)
		field_resolve(f, r->shape);
	if (f->index >= 0)
		return &r->v[f->index];
	if (f->step_index < 0)
		return NULL;
	v = r->v[f->step_index];
	for (int i = 1; i < f->steps.n; i++) {
		const struct path_step *s = &f->steps.step[i];

		if (s->s != NULL) {
			if (v.type != VALUE_OBJECT ||
				!member_get(&v, s, f->exact, &f->found))
				return NULL;
		} else if (v.type != VALUE_ARRAY ||
			!array_get(&v, s->i, &f->found))
			return NULL;
		v = f->found;
	}
	return &f->found;
}

int
field_index(struct field *f, const struct record *r)
{
	if (f->id != r->shape->id)
		field_resolve(f, r->shape);
	return f->index;
}

/*
 * Reading.
 */

void
record_reader_init(struct record_reader *rr, struct shapes *shapes)
{
	memset(rr, 0, sizeof *rr);
	rr->shapes = shapes;
	record_slots_need(&rr->slots, 0);
}

void
record_reader_release(struct record_reader *rr)
{
	record_slots_release(&rr->slots);
	shapes_free(rr->transient);
	rr->transient = NULL;
}

/* Do the bytes at p begin with the edge? */
static inline bool
edge_matches(const struct shape *c, const char *p, const char *end)
{
	const char *edge = c->edge;
	uint32_t n = c->nedge;

	if ((ptrdiff_t)n > end - p || n == 0)
		return false;
	for (; n > 16; n -= 16, edge += 16, p += 16)
		if (simd_equal16(edge, p) != 0xFFFF)
			return false;
	return ((simd_equal16(edge, p) + 1) & ((1u << n) - 1)) == 0;
}

/* Remember how the last name of c is spelled, unless it is strange. */
static void
edge_learn(struct shape *c, const char *p, size_t n)
{
	uint32_t max = c->names[c->n - 1].n + 6;

	if (c->transient || n > max)
		return;
	if (c->edge == NULL) {
		c->edge = arena_take(c->owner, max + NAME_PADDING);
		memset(c->edge, 0, max + NAME_PADDING);
	}
	memcpy(c->edge, p, n);
	c->nedge = (uint32_t)n;
}

static void
likely_set(struct shape *parent, struct shape *c)
{
	if (parent->likely != c) {
		parent->other = parent->likely;
		parent->likely = c;
	}
}

/* The shape of cur and a name that was not guessed. */
static struct shape *
reader_extend(
	struct record_reader *rr, struct shape *cur, const char *name, size_t n)
{
	struct shapes *s = rr->shapes;
	struct shape *c;

	if (cur->transient)
		return shape_make(rr->transient, cur, name, n);
	if ((c = shape_child(cur, name, n)) == NULL) {
		if ((cur->likely != NULL && ++s->branches > SHAPES_MAX) ||
			s->bytes >= SHAPES_BYTES) {
			if (rr->transient == NULL)
				rr->transient = shapes_transient(s);
			return shape_make(rr->transient, cur, name, n);
		}
		c = shape_intern(cur, name, n);
	}
	likely_set(cur, c);
	return c;
}

static const char *
refuse(struct json_error *e, const char *what, const char *at)
{
	e->what = what;
	e->at = at;
	return NULL;
}

static const char forged[] = RECORD_RESERVED_TEXT;

/*
 * The next name, looked at: p is behind the value before it.  Returns where its
 * value begins; or the place of the closing brace, with *cur as it was; or
 * NULL.
 */
static const char *
reader_name(struct record_reader *rr, struct shape **cur, const char *p,
	const char *end, struct json_error *e)
{
	const char *from = p, *name, *close;
	bool first = (*cur)->n == 0, escaped;

	p = json_space(p, end);
	if (p >= end)
		return refuse(e, "it ends too early", end);
	if (!first && *p == '}')
		return p;
	if (*p != (first ? '{' : ','))
		return refuse(e,
			first ? "not a JSON object" : "expected ',' or '}'", p);
	p = json_space(p + 1, end);
	if (first && p < end && *p == '}')
		return p;
	if (p >= end || *p != '"')
		return refuse(e, "expected a name in quotes", p);
	name = p + 1;
	if ((close = json_string_scan(name, end, &escaped, e)) == NULL)
		return NULL;
	p = json_space(close + 1, end);
	if (p >= end || *p != ':')
		return refuse(e, "expected ':'", p);
	if (first && record_reserved(name, (size_t)(close - name)))
		return refuse(e, forged, name);
	p = json_space(p + 1, end);
	if (p >= end)
		return refuse(e, "it ends too early", end);
	*cur = reader_extend(rr, *cur, name, (size_t)(close - name));
	edge_learn(*cur, from, (size_t)(p - from));
	return p;
}

/* The second guess. */
static struct shape *
reader_other(struct shape *cur, const char *p, const char *end)
{
	struct shape *c = cur->other;

	if (c == NULL || !edge_matches(c, p, end))
		return NULL;
	likely_set(cur, c);
	return c;
}

/* The edge of c ends before p, but more blanks follow than it has. */
static const char *
reader_space(struct shape *c, const char *p, const char *end)
{
	const char *from = p - c->nedge;

	p = json_space(p, end);
	edge_learn(c, from, (size_t)(p - from));
	return p;
}

/* Find the fields of line..end; returns the closing brace, or NULL. */
static const char *
reader_fields(struct record_reader *rr, struct record *r, const char *p,
	const char *end, struct json_error *e)
{
	struct shape *cur = rr->shapes->empty, *next;
	struct value *v = rr->slots.v, *last = v + rr->slots.cap - RECORD_SPARE;

	for (;;) {
		next = cur->likely;
		if (next == NULL || !edge_matches(next, p, end))
			next = reader_other(cur, p, end);
		if (next != NULL) {
			p += next->nedge;
			if (__builtin_expect((unsigned char)*p <= ' ', 0))
				p = reader_space(next, p, end);
			cur = next;
		} else {
			next = cur;
			p = reader_name(rr, &cur, p, end, e);
			if (p == NULL)
				return NULL;
			if (cur == next)
				break;
		}
		if (v == last) {
			size_t n = (size_t)(v - rr->slots.v);

			record_slots_need(&rr->slots, (uint32_t)n + 1);
			v = rr->slots.v + n;
			last = rr->slots.v + rr->slots.cap - RECORD_SPARE;
		}
		if ((p = json_scan(p, end, 1, v, e)) == NULL)
			return NULL;
		v++;
		if (*p == '}' && p < end)
			break;
	}
	r->shape = cur;
	return p;
}

/* Only blanks behind what was looked at? */
static bool
only(const char *p, const char *end, char c)
{
	while (p < end && *p == c)
		p++;
	return json_space(p, end) == end;
}

const char *
record_seems(const char *line, size_t n)
{
	static const struct {
		const char *magic;
		size_t n;
		const char *seems;
	} kinds[] = {{"\x1f\x8b", 2,
			     "it is compressed (gzip -dc in front, or "
			     "let stream-files read the file)"},
		{"\x28\xb5\x2f\xfd", 4,
			"it is compressed (zstd -dc in front, or "
			"let stream-files read the file)"},
		{"\xfd"
		 "7zXZ",
			5, "it is compressed (xz -dc in front)"},
		{"BZh", 3, "it is compressed (bzip2 -dc in front)"},
		{"PK\3\4", 4, "it is compressed (unzip -p in front)"},
		{"\xff\xfe", 2, "it is UTF-16 (iconv -f UTF-16 in front)"},
		{"\xfe\xff", 2, "it is UTF-16 (iconv -f UTF-16 in front)"}};
	const char *end = line + n, *p = json_space(line, end);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (n >= kinds[i].n &&
			memcmp(line, kinds[i].magic, kinds[i].n) == 0)
			return kinds[i].seems;
	if (p < end && *p == '[')
		return "it is an array (jq -c '.[]' makes records of one)";
	if (p < end && *p == '{' && json_space(p + 1, end) == end)
		return "an object over many lines (jq -c . makes a line of it)";
	if ((n >= 4 && memcmp(line, "+---", 4) == 0) ||
		(n >= 5 && only(line, end, '-')))
		return "it is what sink-table shows, not records (inside "
		       ">( ), send that to >&2)";
	return NULL;
}

static int
record_refuse(
	const struct record *r, const struct json_error *e, struct err *err)
{
	char near[60];
	const char *end = r->line + r->nline,
		   *seems = record_seems(r->line, r->nline);

	if (e->what == forged)
		return err_set(err, "%s", forged);
	if (seems != NULL)
		return err_set(err, "not a JSON object: '%s': %s",
			err_quote(near, sizeof near, r->line, r->nline), seems);
	if (e->at == json_space(r->line, end))
		return err_set(err, "not a JSON object: '%s'",
			err_quote(near, sizeof near, r->line, r->nline));
	if (e->at >= end)
		return err_set(err, "invalid JSON: %s (at the end, byte %zu)",
			e->what, (size_t)r->nline);
	return err_set(err, "invalid JSON: %s at byte %zu: '%s'", e->what,
		(size_t)(e->at - r->line) + 1,
		err_quote(near, sizeof near, e->at, (size_t)(end - e->at)));
}

int
record_parse(struct record_reader *rr, struct record *r, struct err *err)
{
	const char *end = r->line + r->nline, *p;
	struct json_error e;

	if (rr->transient != NULL)
		arena_clear(rr->transient);
	p = reader_fields(rr, r, r->line, end, &e);
	if (p != NULL && p + 1 != end) {
		p = json_space(p + 1, end);
		if (p != end)
			p = refuse(&e, "text after the object", p);
	}
	if (p == NULL) {
		r->shape = NULL;
		return record_refuse(r, &e, err);
	}
	r->v = rr->slots.v;
	r->room = rr->slots.cap;
	r->kept = r->shape->n;
	return 0;
}

/*
 * Changing and printing.
 */

void
record_new(struct record *r, struct shape *shape, struct slots *slots)
{
	memset(r, 0, sizeof *r);
	r->shape = shape;
	r->v = record_slots_need(slots, shape->n);
	r->room = slots->cap;
	for (uint32_t i = 0; i < shape->n; i++)
		r->v[i] = value_null();
}

/* The values, moved to slots. */
static void
record_move(struct record *r, struct slots *slots)
{
	struct value *from = r->v;

	if (from == slots->v) {
		r->v = record_slots_need(slots, r->shape->n);
	} else {
		r->v = record_slots_need(slots, r->shape->n);
		memcpy(r->v, from, r->shape->n * sizeof from[0]);
	}
	r->room = slots->cap;
}

void
record_own(struct record *r, struct slots *slots)
{
	record_move(r, slots);
	r->line = NULL;
	r->nline = 0;
	r->kept = 0;
}

void
record_add_init(struct record_add *a, const char *plain_name)
{
	struct buf b;

	memset(a, 0, sizeof *a);
	buf_init(&b);
	json_escape(&b, plain_name, strlen(plain_name));
	a->name = mem_dup(buf_cstr(&b), b.n);
	a->nname = (uint32_t)b.n;
	buf_release(&b);
}

void
record_add_release(struct record_add *a)
{
	free(a->name);
	a->name = NULL;
}

uint32_t
record_add(struct record *r, struct record_add *a, struct value v,
	struct slots *slots)
{
	struct shape *shape = r->shape;

	if (a->id != shape->id) {
		a->index = shape_find(shape, a->name, a->nname);
		a->out = a->index >= 0 ? NULL
				       : shape_extend(shape, a->name, a->nname);
		a->id = shape->id;
	}
	if (a->out == NULL) {
		record_own(r, slots);
		r->v[a->index] = v;
		return (uint32_t)a->index;
	}
	if (shape->n >= r->room)
		record_move(r, slots);
	r->v[shape->n] = v;
	r->shape = a->out;
	return shape->n;
}

void
record_set(struct record *r, uint32_t index, struct value v)
{
	r->v[index] = v;
	r->line = NULL;
	r->nline = 0;
	r->kept = 0;
}

/* memcpy of what is short almost always. */
static inline char *
put(char *to, const char *from, size_t n)
{
	if (n > 32)
		return (char *)memcpy(to, from, n) + n;
	if (n >= 16) {
		memcpy(to, from, 16);
		memcpy(to + n - 16, from + n - 16, 16);
	} else if (n >= 8) {
		memcpy(to, from, 8);
		memcpy(to + n - 8, from + n - 8, 8);
	} else if (n >= 4) {
		memcpy(to, from, 4);
		memcpy(to + n - 4, from + n - 4, 4);
	} else if (n > 0) {
		to[0] = from[0];
		to[n / 2] = from[n / 2];
		to[n - 1] = from[n - 1];
	}
	return to + n;
}

/* ,"name": with some bytes more than that written behind. */
static inline char *
put_key(char *to, const struct shape_name *x)
{
	uint32_t n = x->n + 4;

	for (uint32_t i = 0; i < n; i += 16)
		memcpy(to + i, x->key + i, 16);
	return to + n;
}

/* Values that are printed as the text that they have. */
#define HAS_TEXT                                                       \
	(1u << VALUE_NUMBER | 1u << VALUE_STRING | 1u << VALUE_ARRAY | \
		1u << VALUE_OBJECT)

/* Fields from i on. */
static void
print_fields(const struct record *r, uint32_t i, struct buf *out)
{
	for (; i < r->shape->n; i++) {
		const struct shape_name *x = &r->shape->names[i];
		const struct value *v = &r->v[i];
		char *p = buf_need(out,
			(size_t)x->n + 8 + NAME_PADDING +
				(HAS_TEXT >> v->type & 1 ? v->n : 0));
		char *q = put_key(p, x);

		switch (v->type) {
		case VALUE_NUMBER:
		case VALUE_ARRAY:
		case VALUE_OBJECT:
			q = put(q, v->s, v->n);
			break;
		case VALUE_STRING:
			*q++ = '"';
			q = put(q, v->s, v->n);
			*q++ = '"';
			break;
		case VALUE_NULL:
			q = put(q, "null", 4);
			break;
		default:
			out->n += (size_t)(q - p);
			value_print(v, out);
			continue;
		}
		out->n += (size_t)(q - p);
	}
}

void
record_print(const struct record *r, struct buf *out)
{
	uint32_t n = r->nline, kept = r->kept;
	size_t start;

	if (r->shape == NULL || (r->line != NULL && kept == r->shape->n)) {
		buf_add(out, r->line, n);
		return;
	}
	if (r->line != NULL) {
		while (r->line[n - 1] != '}')
			n--;
		buf_add(out, r->line, n - 1);
	} else {
		kept = 0;
	}
	start = out->n;
	print_fields(r, kept, out);
	if (r->line == NULL && out->n == start) {
		buf_byte(out, '{');
	} else if (r->line == NULL) {
		out->p[start] = '{'; /* in place of the first comma */
	} else if (kept == 0 && out->n > start) {
		memmove(out->p + start, out->p + start + 1, out->n - start - 1);
		out->n--;
	}
	buf_byte(out, '}');
}

const char *
record_text(const struct record *r, size_t *n, struct buf *tmp)
{
	if (r->line != NULL && (r->shape == NULL || r->kept == r->shape->n)) {
		*n = r->nline;
		return r->line;
	}
	buf_clear(tmp);
	record_print(r, tmp);
	buf_need(tmp, JSON_PADDING);
	*n = tmp->n;
	return tmp->p;
}
