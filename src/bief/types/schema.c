/*
 * schema: fields and where names and paths lead in them.  Names are looked for
 * one after the other: a schema is small, and looked into once per pipeline.
 */
#include "types/schema.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "floor/near.h"
#include "value/json.h"
#include "value/path.h"
#include "value/shape.h"

struct schema *
schema_new(void)
{
	return mem_zalloc(sizeof(struct schema));
}

struct schema *
schema_copy(const struct schema *s)
{
	return type_copy_fields(s);
}

void
schema_free(struct schema *s)
{
	type_free_fields(s);
}

void
schema_insert(struct schema *s, size_t at, const char *name, struct type *type)
{
	/* The room doubles: it is a power of two, seen from n. */
	if ((s->n & (s->n - 1)) == 0)
		s->f = mem_realloc(
			s->f, (s->n ? s->n * 2 : 1) * sizeof(s->f[0]));
	memmove(s->f + at + 1, s->f + at, (s->n - at) * sizeof(s->f[0]));
	s->f[at].name = mem_dup(name, strlen(name));
	s->f[at].type = type != NULL ? type : type_new(TYPE_UNKNOWN);
	s->n++;
}

void
schema_add(struct schema *s, const char *name, struct type *type)
{
	schema_insert(s, s->n, name, type);
}

void
schema_remove(struct schema *s, size_t at)
{
	struct schema *r = schema_new();

	for (size_t i = 0; i < s->n; i++) {
		if (i == at) {
			type_free(s->f[i].type);
		} else {
			schema_add(r, s->f[i].name, s->f[i].type);
		}
		free(s->f[i].name);
	}
	free(s->f);
	*s = *r;
	free(r);
}

int
schema_find(const struct schema *s, const char *name, size_t n)
{
	if (s == NULL)
		return -1;
	for (size_t i = s->n; i-- > 0;)
		if (strlen(s->f[i].name) == n &&
			memcmp(s->f[i].name, name, n) == 0)
			return (int)i;
	return -1;
}

int
schema_like(const struct schema *s, const char *name, size_t n)
{
	int at = schema_find(s, name, n);

	if (at >= 0 || s == NULL)
		return at;
	for (size_t i = 0; i < s->n; i++) {
		if (strlen(s->f[i].name) != n ||
			strncasecmp(s->f[i].name, name, n) != 0)
			continue;
		if (at >= 0 && strcmp(s->f[i].name, s->f[at].name) != 0)
			return -2;
		at = (int)i;
	}
	return at;
}

/* One step from a value of type *t, which becomes that of what is there; the
 * step as the schema has it goes to out.  0, -1, -2 */
static int
type_step(const struct type **t, const struct path_step *step, struct path *out)
{
	static const struct type unknown = {.kind = TYPE_UNKNOWN};
	const struct type *from = *t;
	int i;

	if (from->kind == TYPE_STRUCT && step->s != NULL) {
		i = schema_like(from->fields, step->s, step->n);
		if (i < 0)
			return i;
		*t = from->fields->f[i].type;
		path_add_name(out, from->fields->f[i].name,
			strlen(from->fields->f[i].name));
		return 0;
	}
	if (from->kind == TYPE_UNKNOWN)
		*t = &unknown;
	else if (from->kind == (step->s != NULL ? TYPE_MAP : TYPE_ARRAY))
		*t = from->elem;
	else
		return -1;
	if (step->s != NULL)
		path_add_name(out, step->s, step->n);
	else
		path_add_index(out, step->i);
	return 0;
}

/* The steps of a path; i is the place of the first. */
static int
path_locate(const struct schema *s, const struct path *p, int i,
	struct schema_place *at, struct buf *name)
{
	const struct type *t = s->f[i].type;
	struct path out = {0};
	int ret = 0;

	path_add_name(&out, s->f[i].name, strlen(s->f[i].name));
	for (int k = 1; k < p->n && ret == 0; k++)
		ret = type_step(&t, &p->step[k], &out);
	if (ret == 0)
		at->type = t;
	if (ret == 0 && name != NULL)
		path_print(&out, name);
	path_release(&out);
	return ret;
}

int
schema_locate(const struct schema *s, const char *path, struct schema_place *at,
	struct buf *name)
{
	int i = schema_find(s, path, strlen(path)), first = -1, ret;
	struct path p;

	if (s == NULL)
		return -1;
	path_init(&p, path);
	if (i < 0 && p.n > 0)
		first = schema_find(s, p.step[0].s, p.step[0].n);
	if (i < 0 && first < 0)
		i = schema_like(s, path, strlen(path));
	if (i == -1 && first < 0 && p.n > 0)
		first = schema_like(s, p.step[0].s, p.step[0].n);
	at->whole = i >= 0;
	if (i >= 0) {
		at->type = s->f[i].type;
		if (name != NULL)
			buf_str(name, s->f[i].name);
		ret = 0;
	} else if (i == -1 && first >= 0)
		ret = path_locate(s, &p, first, at, name);
	else
		ret = i == -1 ? first : i;
	path_release(&p);
	return ret;
}

const struct type *
schema_type(const struct schema *s, const char *path)
{
	struct schema_place at;

	return schema_locate(s, path, &at, NULL) == 0 ? at.type : NULL;
}

const char *
schema_nearest(const struct schema *s, const char *name)
{
	const char *best = NULL;
	size_t d, least = SIZE_MAX;

	for (size_t i = 0; s != NULL && i < s->n; i++) {
		d = near_distance(name, s->f[i].name);
		if (d < least && near_enough(name, s->f[i].name)) {
			least = d;
			best = s->f[i].name;
		}
	}
	return best;
}

static const struct type *
other_keys(const struct type *t)
{
	const struct type *found;

	if (t == NULL)
		return NULL;
	if (t->kind == TYPE_MAP && t->key->kind != TYPE_STRING)
		return t;
	found = other_keys(t->elem);
	for (size_t i = 0;
		found == NULL && t->fields != NULL && i < t->fields->n; i++)
		found = other_keys(t->fields->f[i].type);
	return found;
}

int
schema_string_keys(const struct schema *s, struct err *err)
{
	const struct type *t;
	struct buf b;

	for (size_t i = 0; i < s->n; i++) {
		t = other_keys(s->f[i].type);
		if (t == NULL)
			continue;
		buf_init(&b);
		type_print(t, &b);
		err_as(err, STATUS_USAGE,
			"schema: field '%s': %s: the keys of "
			"a map are strings here",
			s->f[i].name, buf_cstr(&b));
		buf_release(&b);
		return -1;
	}
	return 0;
}

void
schema_print(const struct schema *s, struct buf *out)
{
	type_print_fields(s, " ", ", ", out);
}

int
schema_corrupt(struct schema *s, const char *name, int *at, struct err *err)
{
	const char *field = name != NULL ? name : "_corrupt_record";

	*at = schema_find(s, field, strlen(field));
	if (*at < 0 && name != NULL) {
		schema_add(s, name, type_new(TYPE_STRING));
		*at = (int)s->n - 1;
	}
	if (*at >= 0 && s->f[*at].type->kind != TYPE_STRING)
		return err_as(err, STATUS_USAGE,
			"field '%s' takes malformed text and must be a string",
			field);
	return 0;
}

bool
schema_equal(const struct schema *a, const struct schema *b)
{
	struct buf x, y;
	bool same;

	buf_init(&x);
	buf_init(&y);
	schema_print(a, &x);
	schema_print(b, &y);
	same = strcmp(buf_cstr(&x), buf_cstr(&y)) == 0;
	buf_release(&x);
	buf_release(&y);
	return same;
}

struct schema *
schema_parsed(const struct schema *kept, const struct schema *own)
{
	struct schema *out = kept != NULL ? schema_copy(kept) : schema_new();

	for (size_t i = 0; i < own->n; i++) {
		const char *name = own->f[i].name;
		struct type *t = type_copy(own->f[i].type);
		int at = schema_find(out, name, strlen(name));

		t->unit = UNIT_S;
		if (at >= 0) {
			type_free(out->f[at].type);
			out->f[at].type = t;
		} else {
			schema_add(out, name, t);
		}
	}
	return out;
}

struct shape *
schema_shape(const struct schema *s, struct shapes *shapes)
{
	struct shape *shape = shape_empty(shapes);
	struct buf name;

	buf_init(&name);
	for (size_t i = 0; i < s->n; i++) {
		buf_clear(&name);
		json_escape(&name, s->f[i].name, strlen(s->f[i].name));
		shape = shape_extend(shape, buf_cstr(&name), name.n);
	}
	buf_release(&name);
	return shape;
}
