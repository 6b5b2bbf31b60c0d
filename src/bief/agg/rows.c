/*
 * rows: see rows.h.
 *
 * The state has no order; what is written has one, so that the answer does not
 * depend on how groups came, nor on a restart.
 */
#include "agg/rows.h"

#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "value/key.h"

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
rows_fields(const struct row *r, const struct groups *g, struct value *v)
{
	const char *p = r->key + g->head, *end = r->key + r->nkey;
	unsigned columns = g->nkeys + g->windowed;
	uint16_t mask = groups_mask(g, r->key);
	uint32_t i;

	for (i = 0; i < g->nkeys; i++) {
		unsigned bit = columns - 1 - (i + g->windowed);

		if (groups_left_out(mask, bit))
			v[i] = value_null();
		else
			p += key_decode(&v[i], p, (size_t)(end - p));
		if (g->decimals >> i & 1 && v[i].type == VALUE_STRING)
			v[i].type = VALUE_NUMBER;
	}
}

static int
rows_compare_fields(
	const struct row *a, const struct row *b, const struct groups *g)
{
	struct value v[GROUP_KEYS], w[GROUP_KEYS];
	uint32_t i;
	int c;

	rows_fields(a, g, v);
	rows_fields(b, g, w);
	for (i = 0; i < g->nkeys; i++)
		if ((c = key_compare(&v[i], &w[i])) != 0)
			return c;
	return 0;
}

static int
rows_compare(const void *x, const void *y, void *arg)
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
	c = rows_compare_fields(a, b, g);
	if (c != 0)
		return c;
	/* Equal but for their spelling (1 and 1.0), or for what is null. */
	return memcmp(a->key + 1, b->key + 1, g->window - 1) ?:
		(a->nkey > b->nkey) - (a->nkey < b->nkey) ?:
		memcmp(a->key + g->head, b->key + g->head, a->nkey - g->head);
}

/* What a value of a key sorts as, among those of its type; false: there is no
 * telling by a number. */
static bool
rows_order(const struct value *v, uint64_t *order)
{
	int64_t us;

	*order = 0;
	switch (v->type) {
	case VALUE_NULL:
		return true;
	case VALUE_INT:
	case VALUE_TIME:
		*order = ((uint64_t)v->i ^ UINT64_C(1) << 63) >> 1;
		break;
	case VALUE_STRING:
		if ((v->flags & VALUE_ESCAPED) || value_get_time(v, &us) == 0)
			return false;
		for (uint32_t k = 0; k < 7; k++)
			*order = *order << 8 |
				(k < v->n ? (uint8_t)v->s[k] : 0);
		break;
	default:
		return false;
	}
	*order |= UINT64_C(1) << 63;
	return true;
}

/*
 * Numbers that sort as the first key fields do, so that few keys must be looked
 * at: possible where these are null or all of one type, integers, times or text
 * that is not escaped and no time.
 */
static void
rows_number(struct rows *rows, const struct groups *g)
{
	struct value v[GROUP_KEYS];
	uint8_t type = VALUE_NULL;
	size_t i;

	for (i = 0; i < rows->n && g->nkeys > 0; i++) {
		rows_fields(&rows->r[i], g, v);
		if (type == VALUE_NULL)
			type = v[0].type;
		if ((v[0].type != type && v[0].type != VALUE_NULL) ||
			!rows_order(&v[0], &rows->r[i].order))
			break;
	}
	if (i == rows->n)
		return;
	for (i = 0; i < rows->n; i++)
		rows->r[i].order = 0;
}

void
rows_sort(struct rows *rows, const struct groups *g)
{
	size_t i, n = 0;

	if (rows->n == 0)
		return;
	rows_number(rows, g);
	qsort_r(rows->r, rows->n, sizeof *rows->r, rows_compare, (void *)g);
	for (i = 1; i < rows->n; i++) {
		if (rows_compare(&rows->r[n], &rows->r[i], (void *)g) == 0)
			continue;
		rows->r[++n] = rows->r[i];
	}
	rows->n = n + 1;
}
