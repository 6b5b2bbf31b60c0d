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
	free(rows->sorted);
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

/* Many are large: they come in large pages. */
void
rows_expect(struct rows *rows, size_t n)
{
	if (n <= rows->cap || rows->n > 0)
		return;
	free(rows->r);
	rows->cap = n;
	rows->r = mem_large(n * sizeof *rows->r);
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

/* For places. */
struct rows_order {
	const struct rows *rows;
	const struct groups *g;
};

static int
rows_compare(const void *x, const void *y, void *arg)
{
	const struct rows_order *o = arg;
	const struct groups *g = o->g;
	const struct row *a = &o->rows->r[*(const uint32_t *)x];
	const struct row *b = &o->rows->r[*(const uint32_t *)y];
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

/* The numbers that rows are compared by first, the last one first. */
#define NUMBERS 4

static inline uint64_t
rows_word(const struct row *r, int i)
{
	const uint64_t sign = UINT64_C(1) << 63;

	switch (i) {
	case 0:
		return r->order;
	case 1:
		return (uint64_t)r->w.end ^ sign;
	case 2:
		return (uint64_t)r->w.start ^ sign;
	default:
		return r->w.there;
	}
}

struct rows_place {
	uint64_t word;
	uint32_t at;
};

/* By one byte, from a to b. */
static void
sort_byte(const struct rows_place *a, struct rows_place *b, size_t n, int shift)
{
	size_t at[256] = {0}, sum = 0;

	for (size_t i = 0; i < n; i++)
		at[a[i].word >> shift & 255]++;
	for (int i = 0; i < 256; i++) {
		size_t many = at[i];

		at[i] = sum;
		sum += many;
	}
	for (size_t i = 0; i < n; i++)
		b[at[a[i].word >> shift & 255]++] = a[i];
}

/* Groups often come in their order, of time above all. */
static bool
in_order(const struct rows *rows)
{
	int k;

	for (size_t i = 1; i < rows->n; i++) {
		const struct row *a = &rows->r[i - 1], *b = &rows->r[i];

		for (k = NUMBERS - 1; k > 0; k--)
			if (rows_word(a, k) != rows_word(b, k))
				break;
		if (rows_word(a, k) > rows_word(b, k))
			return false;
	}
	return true;
}

/* By the numbers alone, byte by byte, those that differ. */
static void
sort_numbers(struct rows *rows)
{
	size_t n = rows->n;
	struct rows_place *a = mem_large(n * sizeof *a), *t;
	struct rows_place *b = mem_large(n * sizeof *b);
	uint64_t differ[NUMBERS] = {0};

	for (size_t i = 0; i < n; i++) {
		a[i].at = (uint32_t)i;
		for (int k = 0; k < NUMBERS; k++)
			differ[k] |= rows_word(&rows->r[i], k) ^
				rows_word(&rows->r[0], k);
	}
	for (int k = 0; k < NUMBERS; k++) {
		for (size_t i = 0; i < n && differ[k] != 0; i++)
			a[i].word = rows_word(&rows->r[a[i].at], k);
		for (int shift = 0; shift < 64; shift += 8) {
			if ((differ[k] >> shift & 255) == 0)
				continue;
			sort_byte(a, b, n, shift);
			t = a;
			a = b;
			b = t;
		}
	}
	for (size_t i = 0; i < n; i++)
		rows->sorted[i] = a[i].at;
	free(a);
	free(b);
}

static bool
same_numbers(const struct rows *rows, size_t i, size_t k)
{
	const struct row *a = rows_sorted(rows, i), *b = rows_sorted(rows, k);

	return a->order == b->order && a->w.end == b->w.end &&
		a->w.start == b->w.start && a->w.there == b->w.there;
}

/* Those of the same numbers are compared. */
static void
sort_same(struct rows *rows, struct rows_order *o)
{
	size_t i, k;

	for (i = 0; i < rows->n; i = k) {
		for (k = i + 1; k < rows->n && same_numbers(rows, i, k);)
			k++;
		if (k - i > 1)
			qsort_r(rows->sorted + i, k - i, sizeof *rows->sorted,
				rows_compare, o);
	}
}

void
rows_sort(struct rows *rows, const struct groups *g)
{
	struct rows_order o = {rows, g};
	size_t i, n = 0;

	if (rows->n == 0)
		return;
	rows_number(rows, g);
	free(rows->sorted);
	rows->sorted = mem_large(rows->n * sizeof *rows->sorted);
	for (i = 0; i < rows->n; i++)
		rows->sorted[i] = (uint32_t)i;
	if (!in_order(rows))
		sort_numbers(rows);
	sort_same(rows, &o);
	for (i = 1; i < rows->n; i++) {
		if (same_numbers(rows, n, i) &&
			rows_compare(&rows->sorted[n], &rows->sorted[i], &o) ==
				0)
			continue;
		rows->sorted[++n] = rows->sorted[i];
	}
	rows->n = n + 1;
}
