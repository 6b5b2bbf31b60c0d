/*
 * jq_member: an object's members: a later one of the same name replaces the first,
 * in its place.  A few are compared each with each; of many an index is sorted.
 */
#include <stdlib.h>
#include <string.h>

#include "value/json.h"
#include "expr/jq/jq_impl.h"

struct jq_list {
	struct jq_member *m;
	size_t n, cap;
};

static struct jq_member *
jq_member_add(struct jq_run *run, struct jq_list *l)
{
	struct jq_member *m;

	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 16;
		m = jq_run_alloc(run, l->cap * sizeof(*m));
		if (l->n > 0)
			memcpy(m, l->m, l->n * sizeof(*m));
		l->m = m;
	}
	return &l->m[l->n++];
}

int
jq_member_compare(const void *x, const void *y)
{
	const struct jq_member *a = x, *b = y;
	int c = memcmp(a->s, b->s, a->n < b->n ? a->n : b->n);

	return c != 0 ? c : a->n < b->n ? -1 : a->n > b->n;
}

void
jq_member_sort(struct jq_member *m, size_t n)
{
	if (n > 1)
		qsort(m, n, sizeof(*m), jq_member_compare);
}

static int
jq_member_compare_place(const void *x, const void *y)
{
	const struct jq_member *const *a = x, *const *b = y;
	int c = jq_member_compare(*a, *b);

	return c != 0 ? c : *a < *b ? -1 : *a > *b;
}

#define FEW 12 /* members that are compared each with each */

size_t
jq_member_unique(struct jq_run *run, struct jq_member *m, size_t n)
{
	struct jq_member **order;
	size_t i, j, kept = 0;
	bool twice = false;

	if (n <= FEW) {
		for (i = 1; i < n && !twice; i++)
			for (j = 0; j < i && !twice; j++)
				twice = m[i].n == m[j].n &&
					memcmp(m[i].s, m[j].s, m[i].n) == 0;
		if (!twice)
			return n;
	}
	order = jq_run_alloc(run, n * sizeof(*order));
	for (i = 0; i < n; i++)
		order[i] = &m[i];
	qsort(order, n, sizeof(*order), jq_member_compare_place);
	for (i = 0; i < n; i = j)
		for (j = i + 1; j < n; j++) {
			if (jq_member_compare(order[i], order[j]) != 0)
				break;
			order[i]->v = order[j]->v;
			order[j]->s = NULL;
		}
	for (i = 0; i < n; i++)
		if (m[i].s != NULL)
			m[kept++] = m[i];
	return kept;
}

struct jq_member *
jq_member_list(struct jq_run *run, const struct value *object, size_t *n)
{
	struct value whole = *object, key, v;
	struct jq_list l = {NULL, 0, 0};
	struct jq_member *m;
	struct json_iter it;

	jq_value_text(run, &whole);
	json_iter(&it, &whole);
	while (json_next(&it, &key, &v)) {
		m = jq_member_add(run, &l);
		m->key = key;
		m->v = v;
		m->s = jq_value_string(run, &key, &m->n);
	}
	*n = jq_member_unique(run, l.m, l.n);
	return l.m;
}

void
jq_member_object(struct jq_run *run, const struct jq_member *m, size_t n,
	struct value *out)
{
	struct buf *text = jq_run_take(run);
	size_t i;

	buf_byte(text, '{');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_byte(text, ',');
		value_print(&m[i].key, text);
		buf_byte(text, ':');
		value_print(&m[i].v, text);
	}
	*out = jq_value_finish(run, '}');
}
