/*
 * field: a name is looked for once for each shape, and where it was found is
 * kept until a record of another shape comes; so a stream of one shape costs a
 * comparison of numbers for each field that somebody asks for.
 */
#include "value/field.h"

#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "floor/near.h"
#include "value/json.h"
#include "value/record.h"

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
	free(f->lead);
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

typedef int field_find_fn(
	const struct shape *shape, const char *name, size_t n);

/* The whole name, or the first step of the path. */
static void
field_seek(struct field *f, const struct shape *shape, field_find_fn *find)
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
field_member(const struct value *object, const struct path_step *s, bool exact,
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
		if (!shape_name_like(&name, &plain))
			continue;
		*v = x;
		n++;
	}
	return n == 1;
}

static bool
field_element(const struct value *array, int64_t at, struct value *v)
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

/* What the steps before one lead to, from the field of the first of them. */
static bool
field_walk(struct field *f, const struct record *r, int to)
{
	f->found = r->v[f->step_index];
	for (int i = 1; i < to; i++) {
		const struct path_step *s = &f->steps.step[i];
		struct value v = f->found;

		if (s->s != NULL) {
			if (v.type != VALUE_OBJECT ||
				!field_member(&v, s, f->exact, &f->found))
				return false;
		} else if (v.type != VALUE_ARRAY ||
			!field_element(&v, s->i, &f->found))
			return false;
	}
	return true;
}

/* {"a":{"b": */
static void
field_make_lead(struct field *f)
{
	struct buf b;

	buf_init(&b);
	for (int i = 1; i < f->steps.n; i++) {
		const struct path_step *s = &f->steps.step[i];

		if (s->s == NULL) {
			buf_clear(&b);
			break;
		}
		buf_byte(&b, '{');
		json_quote(&b, s->s, s->n);
		buf_byte(&b, ':');
	}
	f->lead = buf_cstr(&b);
	f->nlead = b.n;
}

/* What the whole path leads to.  Where no name is twice, a value that begins as
 * it should is found by that. */
static bool
field_reach(struct field *f, const struct record *r)
{
	const struct value *v = &r->v[f->step_index];

	if (f->lead == NULL)
		field_make_lead(f);
	if (f->nlead > 0 && v->type == VALUE_OBJECT && v->n > f->nlead &&
		(v->flags & VALUE_SINGLE) &&
		memcmp(v->s, f->lead, f->nlead) == 0 &&
		json_within(v, f->nlead, &f->found))
		return true;
	return field_walk(f, r, f->steps.n);
}

const struct value *
field_find(struct field *f, const struct record *r)
{
	if (f->id != r->shape->id)
		field_resolve(f, r->shape);
	if (f->index >= 0)
		return &r->v[f->index];
	if (f->step_index < 0 || !field_reach(f, r))
		return NULL;
	return &f->found;
}

bool
field_elements(struct field *f, const struct record *r, struct json_iter *it)
{
	int last = f->steps.n - 1;
	const struct path_step *s;

	if (f->id != r->shape->id)
		field_resolve(f, r->shape);
	if (f->index >= 0 || f->step_index < 0 || last < 1)
		return false;
	s = &f->steps.step[last];
	return s->s != NULL && field_walk(f, r, last) &&
		f->found.type == VALUE_OBJECT &&
		json_iter_member(it, &f->found, s->s, s->n);
}

int
field_index(struct field *f, const struct record *r)
{
	if (f->id != r->shape->id)
		field_resolve(f, r->shape);
	return f->index;
}

enum field_asked
field_asks(const struct field *f, const char *name)
{
	const char *last = NULL, *p = f->path;
	size_t n = strlen(name);

	if (strchr(p, '\\') != NULL) /* spelled in another way */
		return FIELD_ALL;
	while ((p = strcasestr(p, name)) != NULL)
		last = p++;
	if (last == NULL)
		return FIELD_UNASKED;
	/* What follows the last name of a path. */
	last += n;
	return last[strspn(last, "[]\"-0123456789")] == '\0' ? FIELD_ALL
							     : FIELD_WITHIN;
}

bool
field_nested(struct field *f, const struct record *r)
{
	return field_index(f, r) < 0 && f->step_index >= 0;
}

bool
field_renames(const char *path)
{
	return *path != '"' && *path != '=' && strchr(path, '=') != NULL;
}
