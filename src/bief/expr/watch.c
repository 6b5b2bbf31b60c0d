/*
 * watch: see watch.h. What has been met is looked for no more, so that a
 * record costs nothing once all paths are known to exist.
 */
#include "expr/watch.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/buf.h"
#include "floor/mem.h"
#include "floor/near.h"
#include "value/json.h"

struct watched {
	struct field field;      /* what is said of it */
	struct watch_step *step; /* owned */
	size_t n;
	bool any_case;
	uint64_t shape; /* records of this one do not have its first name */
	struct buf tmp;
};

/* ---- paths ---- */

/* a.b[].c; one of the names may be another. */
static void
print_path(const struct watched *w, size_t other, const char *name, size_t n,
	struct buf *out)
{
	size_t i;

	for (i = 0; i < w->n; i++) {
		if (w->step[i].name == NULL) {
			buf_str(out, "[]");
			continue;
		}
		if (i > 0)
			buf_byte(out, '.');
		if (i == other)
			buf_add(out, name, n);
		else
			buf_add(out, w->step[i].name, w->step[i].n);
	}
	buf_cstr(out);
}

void
watch_add(struct watch *watch, const struct watch_step *step, size_t n,
	bool any_case)
{
	struct watched *w = mem_zalloc(sizeof(*w));
	struct buf path;
	size_t i;

	w->step = mem_zalloc(n * sizeof(*w->step));
	w->n = n;
	w->any_case = any_case;
	buf_init(&w->tmp);
	for (i = 0; i < n; i++)
		if (step[i].name != NULL) {
			w->step[i].name = mem_dup(step[i].name, step[i].n);
			w->step[i].n = step[i].n;
		}
	buf_init(&path);
	print_path(w, n, NULL, 0, &path);
	w->field.path = mem_dup(path.p, path.n);
	buf_release(&path);
	watch->w = mem_realloc(watch->w, (watch->n + 1) * sizeof(*watch->w));
	watch->w[watch->n++] = w;
	watch->unmet++;
}

struct field *
watch_field(struct watch *watch, size_t i)
{
	return &watch->w[i]->field;
}

void
watch_release(struct watch *watch)
{
	size_t i, k;

	for (i = 0; i < watch->n; i++) {
		struct watched *w = watch->w[i];

		for (k = 0; k < w->n; k++)
			free((char *)w->step[k].name);
		free(w->step);
		free(w->field.path);
		free(w->field.near);
		buf_release(&w->tmp);
		free(w);
	}
	free(watch->w);
	memset(watch, 0, sizeof(*watch));
}

/* ---- names ---- */

/* A name as it stands in JSON, plain; until the next one. */
static const char *
watch_plain(struct watched *w, const char *s, size_t n, size_t *len)
{
	buf_clear(&w->tmp);
	json_unquote(&w->tmp, s, n);
	*len = w->tmp.n;
	return buf_cstr(&w->tmp);
}

static bool
same(const struct watched *w, const char *a, size_t n, const char *b, size_t m)
{
	return n == m &&
		(w->any_case ? strncasecmp(a, b, n) == 0
			     : memcmp(a, b, n) == 0);
}

/* The name may have been meant for that of step i; the first such is kept. */
static void
consider(struct watched *w, size_t i, const char *name, size_t n)
{
	struct buf path;

	if (w->field.near != NULL || w->step[i].n < 3 || strlen(name) != n ||
		!near_enough(w->step[i].name, name))
		return;
	buf_init(&path);
	print_path(w, i, name, n, &path);
	w->field.near = mem_dup(path.p, path.n);
	buf_release(&path);
}

/* ---- looking ---- */

static bool has(struct watched *w, const struct value *v, size_t i);

static bool
any_has(struct watched *w, const struct value *v, size_t i)
{
	struct json_iter it;
	struct value key, x;

	if (v->type != VALUE_ARRAY && v->type != VALUE_OBJECT)
		return false;
	json_iter(&it, v);
	while (json_next(&it, &key, &x))
		if (has(w, &x, i))
			return true;
	return false;
}

/* Does the value have the rest of the path, from step i on? */
static bool
has(struct watched *w, const struct value *v, size_t i)
{
	struct json_iter it;
	struct value key, x;
	const char *name;
	size_t n;

	if (i == w->n)
		return true;
	if (w->step[i].name == NULL)
		return any_has(w, v, i + 1);
	if (w->any_case && v->type == VALUE_ARRAY)
		return any_has(w, v, i);
	if (v->type != VALUE_OBJECT)
		return false;
	json_iter(&it, v);
	while (json_next(&it, &key, &x)) {
		name = watch_plain(w, key.s, key.n, &n);
		if (same(w, name, n, w->step[i].name, w->step[i].n)) {
			if (has(w, &x, i + 1))
				return true;
		} else {
			consider(w, i, name, n);
		}
	}
	return false;
}

/* The first two steps as one name: a.b, window_start. */
static bool
is_joined(const struct watched *w, const char *name, size_t n)
{
	const struct watch_step *a = &w->step[0], *b = &w->step[1];

	return w->any_case && w->n > 1 && b->name != NULL &&
		n == a->n + 1 + b->n && same(w, name, a->n, a->name, a->n) &&
		(name[a->n] == '.' || name[a->n] == '_') &&
		same(w, name + a->n + 1, b->n, b->name, b->n);
}

static bool
record_has(struct watched *w, const struct record *r)
{
	bool first = false;
	const char *name;
	uint32_t i;
	size_t n;

	if (w->shape == r->shape->id)
		return false;
	for (i = 0; i < r->shape->n; i++) {
		name = watch_plain(
			w, r->shape->names[i].s, r->shape->names[i].n, &n);
		if (same(w, name, n, w->step[0].name, w->step[0].n)) {
			first = true;
			if (has(w, &r->v[i], 1))
				return true;
		} else if (is_joined(w, name, n)) {
			first = true;
			if (has(w, &r->v[i], 2))
				return true;
		}
	}
	if (first)
		return false;
	w->shape = r->shape->id;
	for (i = 0; i < r->shape->n && w->field.near == NULL; i++) {
		name = watch_plain(
			w, r->shape->names[i].s, r->shape->names[i].n, &n);
		consider(w, 0, name, n);
	}
	return false;
}

void
watch_look_at(struct watch *watch, const struct record *r)
{
	size_t i;

	for (i = 0; i < watch->n; i++) {
		struct watched *w = watch->w[i];

		if (w->field.seen)
			continue;
		w->field.id = r->shape->id;
		w->field.seen = record_has(w, r);
		watch->unmet -= w->field.seen;
	}
}
