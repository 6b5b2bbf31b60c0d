/*
 * join_pair: see join_pair.h.
 */
#include "join/join_pair.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/mem.h"
#include "value/json.h"

void
join_pair_init(struct join_pair *p, const struct list *on)
{
	memset(p, 0, sizeof(*p));
	p->on = on;
}

void
join_pair_release(struct join_pair *p)
{
	list_free(&p->names[0]);
	list_free(&p->names[1]);
	list_free(&p->own[0]);
	list_free(&p->own[1]);
	list_free(&p->given);
	slots_release(&p->slots);
	buf_release(&p->name);
	free(p->from);
	free(p->other);
}

void
join_pair_name(struct join_pair *p, int side, const char *name)
{
	list_add(&p->names[side], name, false);
}

static void
add_plain(struct join_pair *p, struct list *names, const struct shape_name *n)
{
	struct value v = value_json_string(
		n->s, n->n, memchr(n->s, '\\', n->n) != NULL);
	size_t k;
	const char *s;
	char *name;

	buf_clear(&p->name);
	s = value_string(&v, &k, &p->name);
	name = mem_dup(s, k);
	list_add(names, name, false);
	free(name);
}

bool
join_pair_learn(struct join_pair *p, int side, const struct record *r)
{
	if (p->fixed[side] || p->learned[side] == r->shape->id)
		return false;
	p->learned[side] = r->shape->id;
	p->out = NULL;
	list_free(&p->names[side]);
	for (uint32_t i = 0; i < r->shape->n; i++)
		add_plain(p, &p->names[side], &r->shape->names[i]);
	return true;
}

static bool
listed(const struct list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->s[i], name) == 0)
			return true;
	return false;
}

/* Place of the name, or of the only one that differs in case alone; -1. */
static int64_t
place_like(const struct list *l, const char *name)
{
	int64_t at = -1;

	for (size_t i = l->n; i-- > 0;)
		if (strcmp(l->s[i], name) == 0)
			return (int64_t)i;
	for (size_t i = 0; i < l->n; i++) {
		if (strcasecmp(l->s[i], name) != 0)
			continue;
		if (at >= 0)
			return -1;
		at = (int64_t)i;
	}
	return at;
}

/* The field of the other side that is the same because they are joined on it;
 * -1: it stands alone. */
static int64_t
twin_of(const struct join_pair *p, const struct list *list, size_t i,
	const struct list *other)
{
	int64_t twin;

	for (size_t k = 0; k < p->on->n; k++) {
		if (place_like(list, p->on->s[k]) != (int64_t)i)
			continue;
		twin = place_like(other, p->on->s[k]);
		if (twin >= 0)
			return twin;
	}
	return -1;
}

/* right_ before it as often as it must be: no field is to have that name. */
static const char *
right_of(struct join_pair *p, const struct list *left, const struct list *right,
	size_t i)
{
	const char *name = right->s[i];

	if (i == 0)
		list_free(&p->given);
	if (twin_of(p, right, i, left) >= 0)
		return NULL;
	buf_clear(&p->name);
	buf_str(&p->name, name);
	if (listed(left, name)) {
		do {
			buf_need(&p->name, 7);
			memmove(p->name.p + 6, p->name.p, p->name.n);
			memcpy(p->name.p, "right_", 6);
			p->name.n += 6;
		} while (listed(left, buf_cstr(&p->name)) ||
			listed(right, buf_cstr(&p->name)) ||
			listed(&p->given, buf_cstr(&p->name)));
	}
	list_add(&p->given, buf_cstr(&p->name), false);
	return p->given.s[p->given.n - 1];
}

const char *
join_pair_right(struct join_pair *p, size_t i)
{
	return right_of(p, &p->names[0], &p->names[1], i);
}

/* The fields of a side: those of the record, or those that it would have. */
static const struct list *
names_of(struct join_pair *p, int side, const struct record *r)
{
	if (r == NULL || p->fixed[side])
		return &p->names[side];
	list_free(&p->own[side]);
	for (uint32_t i = 0; i < r->shape->n; i++)
		add_plain(p, &p->own[side], &r->shape->names[i]);
	return &p->own[side];
}

/* 2 * index + side of a field, -1 if the record has none of that name. */
static int64_t
place(const struct record *r, int side, const char *name)
{
	struct buf b;
	int i;

	if (r == NULL)
		return -1;
	buf_init(&b);
	json_quote(&b, name, strlen(name));
	i = shape_find(r->shape, b.p + 1, b.n - 2);
	buf_release(&b);
	return i < 0 ? -1 : 2 * (int64_t)i + side;
}

static void
add_output(struct join_pair *p, const char *name, int64_t from, int64_t other)
{
	struct buf b;

	buf_init(&b);
	json_quote(&b, name, strlen(name));
	p->out = shape_extend(p->out, b.p + 1, b.n - 2);
	buf_release(&b);
	p->from = mem_realloc(p->from, (p->nout + 1) * sizeof(*p->from));
	p->other = mem_realloc(p->other, (p->nout + 1) * sizeof(*p->other));
	p->from[p->nout] = from;
	p->other[p->nout++] = other;
}

/* Which value goes where, for a pair of shapes. */
static void
layout(struct join_pair *p, struct shapes *shapes, const struct record *l,
	const struct record *r)
{
	const struct list *left, *right;
	uint64_t a = l != NULL ? l->shape->id : UINT64_MAX,
		 b = r != NULL ? r->shape->id : UINT64_MAX;

	if (p->out != NULL && p->shape[0] == a && p->shape[1] == b &&
		!p->out->transient)
		return;
	p->shape[0] = a;
	p->shape[1] = b;
	p->out = shape_empty(shapes);
	p->nout = 0;
	left = names_of(p, 0, l);
	right = names_of(p, 1, r);
	for (size_t i = 0; i < left->n; i++) {
		const char *name = left->s[i];
		int64_t twin = twin_of(p, left, i, right);

		add_output(p, name, place(l, 0, name),
			twin >= 0 ? place(r, 1, right->s[twin]) : -1);
	}
	for (size_t i = 0; i < right->n; i++) {
		const char *name = right_of(p, left, right, i);

		if (name != NULL)
			add_output(p, name, place(r, 1, right->s[i]), -1);
	}
}

static const struct value *
at(const struct record *l, const struct record *r, int64_t place)
{
	if (place < 0)
		return NULL;
	return (place & 1) ? &r->v[place >> 1] : &l->v[place >> 1];
}

void
join_pair_make(struct join_pair *p, struct shapes *shapes,
	const struct record *left, const struct record *right,
	struct record *out)
{
	layout(p, shapes, left, right);
	record_new(out, p->out, &p->slots);
	for (uint32_t i = 0; i < p->nout; i++) {
		const struct value *v = at(left, right, p->from[i]);

		if (v == NULL)
			v = at(left, right, p->other[i]);
		if (v != NULL)
			out->v[i] = *v;
	}
}
