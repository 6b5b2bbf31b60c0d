/*
 * ty: types of datums.
 *
 * A schema's types are trees on the heap with an owner; a binder and a cast
 * pass types around by the dozen and throw them away, so here a type is a small
 * value.  Only what is nested points to a tree, which is an arena's or a
 * schema's.
 */
#include "expr/sql/datum/ty.h"

#include <string.h>

struct ty
ty_from(const struct type *t)
{
	if (t == NULL)
		return ty(TYPE_UNKNOWN);
	return (struct ty){
		(uint8_t)t->kind, (uint8_t)t->precision, (uint8_t)t->scale, t};
}

const struct type *
ty_type(struct arena *a, struct ty t)
{
	struct type *r;

	if (t.t != NULL)
		return t.t;
	if (t.kind == TYPE_UNKNOWN)
		return NULL;
	r = arena_zero(a, sizeof(*r));
	r->kind = (enum type_kind)t.kind;
	r->precision = t.p;
	r->scale = t.s;
	return r;
}

static struct type *
keep_tree(struct arena *a, const struct type *t)
{
	struct schema *f;
	struct type *r;

	if (t == NULL)
		return NULL;
	r = memcpy(arena_get(a, sizeof(*r)), t, sizeof(*r));
	r->key = keep_tree(a, t->key);
	r->elem = keep_tree(a, t->elem);
	if (t->fields == NULL)
		return r;
	f = arena_zero(a, sizeof(*f));
	f->n = t->fields->n;
	f->f = arena_get(a, f->n * sizeof(*f->f));
	for (size_t i = 0; i < f->n; i++) {
		f->f[i].name = arena_text(
			a, t->fields->f[i].name, strlen(t->fields->f[i].name));
		f->f[i].type = keep_tree(a, t->fields->f[i].type);
	}
	r->fields = f;
	return r;
}

struct ty
ty_keep(struct arena *a, const struct type *t)
{
	return ty_from(keep_tree(a, t));
}

static bool
same_tree(const struct type *a, const struct type *b)
{
	if (a == b)
		return true;
	if (a == NULL || b == NULL || a->kind != b->kind)
		return false;
	if (a->kind == TYPE_DECIMAL)
		return a->precision == b->precision && a->scale == b->scale;
	if (!same_tree(a->elem, b->elem) || !same_tree(a->key, b->key))
		return false;
	if (a->fields == NULL || b->fields == NULL)
		return a->fields == b->fields;
	if (a->fields->n != b->fields->n)
		return false;
	for (size_t i = 0; i < a->fields->n; i++)
		if (strcmp(a->fields->f[i].name, b->fields->f[i].name) != 0 ||
			!same_tree(a->fields->f[i].type, b->fields->f[i].type))
			return false;
	return true;
}

bool
ty_equal(struct ty a, struct ty b)
{
	if (a.kind != b.kind)
		return false;
	if (a.kind == TYPE_DECIMAL || a.kind > TYPE_STRUCT)
		return a.p == b.p && a.s == b.s;
	return !ty_nested(a) || same_tree(a.t, b.t);
}

void
ty_print(struct ty t, struct buf *out)
{
	struct type plain = {
		.kind = (enum type_kind)t.kind, .precision = t.p, .scale = t.s};

	if (t.kind == TYPE_NULL)
		buf_str(out, "null");
	else if (ty_nested(t) && t.t == NULL)
		buf_str(out,
			t.kind == TYPE_ARRAY         ? "array"
				: t.kind == TYPE_MAP ? "map"
						     : "struct");
	else
		type_print(t.t != NULL ? t.t : &plain, out);
}

struct ty
ty_array(struct arena *a, struct ty elem)
{
	struct type *t = arena_zero(a, sizeof(*t));

	t->kind = TYPE_ARRAY;
	t->elem = (struct type *)ty_type(a, elem);
	return (struct ty){.kind = TYPE_ARRAY, .t = t};
}

struct ty
ty_map(struct arena *a, struct ty key, struct ty elem)
{
	struct type *t = arena_zero(a, sizeof(*t));

	t->kind = TYPE_MAP;
	t->key = (struct type *)ty_type(a, key);
	t->elem = (struct type *)ty_type(a, elem);
	return (struct ty){.kind = TYPE_MAP, .t = t};
}

struct ty
ty_struct(struct arena *a, const char *const *names, const struct ty *fields,
	size_t n)
{
	struct type *t = arena_zero(a, sizeof(*t));

	t->kind = TYPE_STRUCT;
	t->fields = arena_zero(a, sizeof(*t->fields));
	t->fields->n = n;
	t->fields->f = arena_zero(a, n * sizeof(*t->fields->f));
	for (size_t i = 0; i < n; i++) {
		t->fields->f[i].name = arena_text(
			a, names[i], strlen(names[i]));
		t->fields->f[i].type = (struct type *)ty_type(a, fields[i]);
	}
	return (struct ty){.kind = TYPE_STRUCT, .t = t};
}

struct ty
ty_elem(struct ty t)
{
	return ty_from(t.t != NULL ? t.t->elem : NULL);
}

struct ty
ty_key(struct ty t)
{
	return ty_from(t.t != NULL ? t.t->key : NULL);
}
