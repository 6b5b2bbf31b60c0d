/*
 * shown: lines are gathered before they are printed, for a state has no order
 * that anybody would want to read, or could compare.
 */
#include "command/state/shown.h"

#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "value/json.h"
#include "value/key.h"

void
shown_release(struct shown *l)
{
	buf_release(&l->text);
	free(l->v);
	free(l->keys);
}

struct shown_line *
shown_begin(struct shown *l)
{
	if (l->n == l->cap) {
		l->cap = l->cap * 2 + 64;
		l->v = mem_realloc(l->v, l->cap * sizeof(*l->v));
	}
	l->v[l->n] = (struct shown_line){.at = l->text.n};
	return &l->v[l->n];
}

void
shown_end(struct shown *l)
{
	buf_byte(&l->text, '\n');
	l->v[l->n].n = l->text.n - l->v[l->n].at;
	l->n++;
}

static void
shown_add_key(struct shown *l, struct shown_line *s, struct value v)
{
	if (l->nkeys == l->keys_cap) {
		l->keys_cap = l->keys_cap * 2 + 256;
		l->keys = mem_realloc(l->keys, l->keys_cap * sizeof(*l->keys));
	}
	l->keys[l->nkeys++] = v;
	s->nkey++;
}

/* What a line is ordered by. */
static void
shown_find_keys(struct shown *l, struct shown_line *s)
{
	const char *p = l->text.p + s->entry;
	struct value entry, v, name;
	struct json_error why;
	struct json_iter it;

	s->key = l->nkeys;
	s->nkey = 0;
	if (json_read(p, p + s->nentry, 0, &entry, &why) == NULL ||
		entry.type != VALUE_OBJECT)
		return;
	if (json_get(&entry, "kind", 4, &v))
		shown_add_key(l, s, v);
	if (!json_get(&entry, "key", 3, &v))
		return;
	if (v.type != VALUE_OBJECT) {
		shown_add_key(l, s, v);
		return;
	}
	json_iter(&it, &v);
	while (json_next(&it, &name, &v))
		shown_add_key(l, s, v);
}

static int
shown_order(const void *x, const void *y, void *arg)
{
	const struct shown *l = arg;
	const struct shown_line *a = x, *b = y;
	size_t n = a->n < b->n ? a->n : b->n;
	int c;

	for (uint32_t i = 0; i < a->nkey && i < b->nkey; i++) {
		c = key_compare(&l->keys[a->key + i], &l->keys[b->key + i]);
		if (c != 0)
			return c;
	}
	if (a->nkey != b->nkey)
		return a->nkey < b->nkey ? -1 : 1;
	c = memcmp(l->text.p + a->at, l->text.p + b->at, n);
	return c != 0 ? c : (a->n > b->n) - (a->n < b->n);
}

void
shown_print(struct shown *l, struct buf *out)
{
	memset(buf_need(&l->text, JSON_PADDING), 0, JSON_PADDING);
	for (size_t i = 0; i < l->n; i++)
		shown_find_keys(l, &l->v[i]);
	if (l->n > 0)
		qsort_r(l->v, l->n, sizeof(*l->v), shown_order, l);
	for (size_t i = 0; i < l->n; i++)
		buf_add(out, l->text.p + l->v[i].at, l->v[i].n);
}
