/*
 * groups: see groups.h.
 */
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "groups.h"

void
groups_init(struct groups *g, bool windowed, bool sets, uint32_t nkeys)
{
	memset(g, 0, sizeof *g);
	g->windowed = windowed;
	g->sets = sets;
	g->nkeys = nkeys;
	g->window = sets ? 3 : 1;
	g->head = g->window + (windowed ? 17 : 0);
}

static void
put_span(char *p, const struct span *w)
{
	p[0] = w->there;
	memcpy(p + 1, &w->start, 8);
	memcpy(p + 9, &w->end, 8);
}

void
groups_begin(const struct groups *g, struct buf *key, char kind, uint16_t mask,
	const struct span *w)
{
	char *p;

	buf_clear(key);
	p = buf_need(key, g->head);
	p[0] = kind;
	if (g->sets)
		memcpy(p + 1, &mask, 2);
	if (g->windowed)
		put_span(p + g->window, w);
	key->n = g->head;
}

void
groups_turn(const struct groups *g, char *key, char kind, const struct span *w)
{
	key[0] = kind;
	put_span(key + g->window, w);
}

struct span
groups_span(const struct groups *g, const char *key)
{
	struct span w = {false, 0, 0};

	if (!g->windowed || !key[g->window])
		return w;
	w.there = true;
	memcpy(&w.start, key + g->window + 1, 8);
	memcpy(&w.end, key + g->window + 9, 8);
	return w;
}

uint16_t
groups_mask(const struct groups *g, const char *key)
{
	uint16_t mask = 0;

	if (g->sets)
		memcpy(&mask, key + 1, 2);
	return mask;
}

void
rows_release(struct rows *rows)
{
	free(rows->r);
	memset(rows, 0, sizeof *rows);
}

void
rows_clear(struct rows *rows)
{
	rows->n = 0;
}

void
rows_add(struct rows *rows, struct row r)
{
	if (rows->n == rows->cap) {
		rows->cap = rows->cap * 2 + 64;
		rows->r = mem_realloc(rows->r, rows->cap * sizeof *rows->r);
	}
	rows->r[rows->n++] = r;
}

void
row_fields(const struct row *r, const struct groups *g, struct value *v)
{
	const char *p = r->key + g->head, *end = r->key + r->nkey;
	unsigned columns = g->nkeys + g->windowed;
	uint16_t mask = groups_mask(g, r->key);
	uint32_t i;

	for (i = 0; i < g->nkeys; i++) {
		unsigned bit = columns - 1 - (i + g->windowed);

		if (group_left_out(mask, bit))
			v[i] = value_null();
		else
			p += value_decode(&v[i], p, (size_t)(end - p));
		if (g->decimals >> i & 1 && v[i].type == VALUE_STRING)
			v[i].type = VALUE_NUMBER;
	}
}

static int
compare_fields(const struct row *a, const struct row *b,
	const struct groups *g)
{
	struct value v[GROUP_KEYS], w[GROUP_KEYS];
	uint32_t i;
	int c;

	row_fields(a, g, v);
	row_fields(b, g, w);
	for (i = 0; i < g->nkeys; i++)
		if ((c = value_compare(&v[i], &w[i])) != 0)
			return c;
	return 0;
}

static int
compare_rows(const void *x, const void *y, void *arg)
{
	const struct groups *g = arg;
	const struct row *a = x, *b = y;
	int c;

	if (a->w.there != b->w.there)
		return a->w.there - b->w.there;
	if (a->w.start != b->w.start)
		return a->w.start < b->w.start ? -1 : 1;
	if (a->w.end != b->w.end)
		return a->w.end < b->w.end ? -1 : 1;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	c = compare_fields(a, b, g);
	if (c != 0)
		return c;
	/* Equal but for their spelling (1 and 1.0), or for what is null. */
	return memcmp(a->key + 1, b->key + 1, g->window - 1) ?:
		(a->nkey > b->nkey) - (a->nkey < b->nkey) ?:
		memcmp(a->key + g->head, b->key + g->head, a->nkey - g->head);
}

/*
 * Numbers that sort as the first key fields do, so that few keys must be looked
 * at: possible where these are null or text that is not escaped and no time.
 */
static void
order_by_text(struct rows *rows, const struct groups *g)
{
	struct value v[GROUP_KEYS];
	size_t i;
	int64_t us;

	for (i = 0; i < rows->n; i++)
		rows->r[i].order = 0;
	if (g->nkeys == 0)
		return;
	for (i = 0; i < rows->n; i++) {
		struct row *r = &rows->r[i];
		uint64_t order = 0;
		uint32_t k;

		row_fields(r, g, v);
		if (v[0].type == VALUE_NULL)
			continue;
		if (v[0].type != VALUE_STRING ||
			(v[0].flags & VALUE_ESCAPED) ||
			value_get_time(&v[0], &us) == 0)
			break;
		for (k = 0; k < 7; k++)
			order = order << 8 |
				(k < v[0].n ? (uint8_t)v[0].s[k] : 0);
		r->order = order | UINT64_C(1) << 63;
	}
	if (i < rows->n)
		for (i = 0; i < rows->n; i++)
			rows->r[i].order = 0;
}

void
rows_sort(struct rows *rows, const struct groups *g)
{
	size_t i, n = 0;

	if (rows->n == 0)
		return;
	order_by_text(rows, g);
	qsort_r(rows->r, rows->n, sizeof *rows->r, compare_rows, (void *)g);
	for (i = 1; i < rows->n; i++) {
		if (compare_rows(&rows->r[n], &rows->r[i], (void *)g) == 0)
			continue;
		rows->r[++n] = rows->r[i];
	}
	rows->n = n + 1;
}
