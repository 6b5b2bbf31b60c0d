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

/* As a row is kept; with windows, as the longer one. */
struct place {
	uint64_t order; /* what the first key field sorts as */
	state_ref of;
	bool merged;
};

struct timed {
	struct place p;
	int64_t start, end; /* NO_WINDOW, if there is none */
};
#define NO_WINDOW INT64_MIN

static struct place *
place_at(const struct rows *rows, size_t i)
{
	return (struct place *)(rows->r + i * rows->size);
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
	rows->type = VALUE_NULL;
	rows->unlike = rows->unsorted = false;
}

/* What is known before the first one. */
static void
begin(struct rows *rows, const struct groups *g)
{
	size_t size = g->windowed ? sizeof(struct timed) : sizeof(struct place);

	if (size == rows->size)
		return;
	free(rows->r);
	rows->r = NULL;
	rows->cap = 0;
	rows->size = size;
}

/* Many are large: they come in large pages. */
void
rows_expect(struct rows *rows, const struct groups *g, size_t n)
{
	if (rows->n > 0)
		return;
	begin(rows, g);
	if (n <= rows->cap)
		return;
	free(rows->r);
	rows->cap = n;
	rows->r = mem_large(n * rows->size);
}

static struct row
row_of(const struct rows *rows, const struct place *p)
{
	struct row r = {.ref = p->merged ? STATE_NONE : p->of};
	const struct timed *t = (const struct timed *)p;
	size_t n;

	r.key = state_key(rows->s, p->of, &n);
	r.nkey = (uint32_t)n;
	if (rows->size == sizeof(*t) && t->start != NO_WINDOW)
		r.w = (struct span){true, t->start, t->end};
	return r;
}

struct row
rows_get(const struct rows *rows, size_t i)
{
	return row_of(rows, place_at(rows, i));
}

void
rows_fetch(const struct rows *rows, size_t i)
{
	state_fetch(rows->s, place_at(rows, i)->of);
}

/* The first key field of some bytes. */
static struct value
first_field(const char *key, size_t n, const struct groups *g)
{
	struct value v = value_null();

	if (!groups_left_out(groups_mask(g, key), g->nkeys - 1))
		key_decode(&v, key + g->head, n - g->head);
	if (g->decimals & 1 && v.type == VALUE_STRING)
		v.type = VALUE_NUMBER;
	return v;
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

/* For rows that are compared. */
struct rows_order {
	const struct rows *rows;
	const struct groups *g;
};

static int
rows_compare(const void *x, const void *y, void *arg)
{
	const struct rows_order *o = arg;
	const struct groups *g = o->g;
	struct row a = row_of(o->rows, x), b = row_of(o->rows, y);
	int c = rows_compare_fields(&a, &b, g);

	if (c != 0)
		return c;
	/* Equal but for their spelling (1 and 1.0), or for what is null. */
	return memcmp(a.key + 1, b.key + 1, g->window - 1) ?:
		(a.nkey > b.nkey) - (a.nkey < b.nkey) ?:
		memcmp(a.key + g->head, b.key + g->head, a.nkey - g->head);
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

/* The numbers that rows are compared by first, the last one first. */
#define NUMBERS 3

static int
numbers_of(const struct rows *rows)
{
	return rows->size == sizeof(struct timed) ? NUMBERS : 1;
}

static inline uint64_t
number_of(const struct place *p, int i)
{
	const struct timed *t = (const struct timed *)p;

	return i == 0
		? p->order
		: (uint64_t)(i == 1 ? t->end : t->start) ^ UINT64_C(1) << 63;
}

static int
compare_numbers(
	const struct rows *rows, const struct place *a, const struct place *b)
{
	for (int k = numbers_of(rows) - 1; k >= 0; k--) {
		uint64_t x = number_of(a, k), y = number_of(b, k);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

/*
 * Numbers that sort as the first key fields do, so that few keys must be looked
 * at: possible where these are null or all of one type, integers, times or text
 * that is not escaped and no time.
 */
static uint64_t
rows_number(struct rows *rows, const struct groups *g, state_ref of)
{
	struct value v;
	const char *key;
	uint64_t order;
	size_t n;

	if (rows->unlike || g->nkeys == 0)
		return 0;
	key = state_key(rows->s, of, &n);
	v = first_field(key, n, g);
	if (rows->type == VALUE_NULL)
		rows->type = v.type;
	rows->unlike = (v.type != rows->type && v.type != VALUE_NULL) ||
		!rows_order(&v, &order);
	return rows->unlike ? 0 : order;
}

/* The next place, filled. */
static const struct place *
put_next(struct rows *rows, const struct state *s, const struct groups *g,
	state_ref of, const struct span *w, bool merged)
{
	struct place *p;
	struct timed *t;

	if (rows->n == 0)
		begin(rows, g);
	if (rows->n == rows->cap) {
		rows->cap = rows->cap * 2 + 64;
		rows->r = mem_realloc(rows->r, rows->cap * rows->size);
	}
	rows->s = s;
	p = place_at(rows, rows->n);
	p->of = of;
	p->merged = merged;
	p->order = rows_number(rows, g, of);
	if (g->windowed) {
		t = (struct timed *)p;
		t->start = w->there ? w->start : NO_WINDOW;
		t->end = w->there ? w->end : NO_WINDOW;
	}
	return p;
}

void
rows_add(struct rows *rows, const struct state *s, const struct groups *g,
	state_ref of, const struct span *w, bool merged)
{
	const struct place *p = put_next(rows, s, g, of, w, merged);

	/* Groups often come in their order, of time above all. */
	if (!rows->unsorted && rows->n > 0)
		rows->unsorted = compare_numbers(rows,
					 place_at(rows, rows->n - 1), p) > 0;
	rows->n++;
}

bool
rows_follows(struct rows *rows, const struct state *s, const struct groups *g,
	state_ref of, const struct span *w)
{
	const struct place *p = put_next(rows, s, g, of, w, false);
	bool follows = !rows->unlike &&
		(rows->n == 0 ||
			compare_numbers(rows, place_at(rows, 0), p) < 0);

	memmove(rows->r, p, rows->size);
	rows->n = 1;
	return follows;
}

/* By one byte of a number, from a to b. */
static inline __attribute__((always_inline)) void
sort_byte(const char *a, char *b, size_t n, size_t size, int k, int shift)
{
	size_t at[256] = {0}, sum = 0;

	for (size_t i = 0; i < n; i++)
		at[number_of((const struct place *)(a + i * size), k) >> shift &
			255]++;
	for (int i = 0; i < 256; i++) {
		size_t many = at[i];

		at[i] = sum;
		sum += many;
	}
	for (size_t i = 0; i < n; i++) {
		const char *from = a + i * size;
		uint64_t x = number_of((const struct place *)from, k);

		memcpy(b + at[x >> shift & 255]++ * size, from, size);
	}
}

static void
sort_number(const struct rows *rows, const char *a, char *b, int k, int shift)
{
	if (rows->size == sizeof(struct place))
		sort_byte(a, b, rows->n, sizeof(struct place), 0, shift);
	else if (k == 0)
		sort_byte(a, b, rows->n, sizeof(struct timed), 0, shift);
	else if (k == 1)
		sort_byte(a, b, rows->n, sizeof(struct timed), 1, shift);
	else
		sort_byte(a, b, rows->n, sizeof(struct timed), 2, shift);
}

/* In which bits do they differ? */
static uint64_t
differ_in(const struct rows *rows, int k)
{
	uint64_t first = number_of(place_at(rows, 0), k), differ = 0;

	for (size_t i = 1; i < rows->n; i++)
		differ |= number_of(place_at(rows, i), k) ^ first;
	return differ;
}

/* By the numbers alone, byte by byte, those that differ. */
static void
sort_numbers(struct rows *rows)
{
	char *b = mem_large(rows->n * rows->size), *t;

	for (int k = 0; k < numbers_of(rows); k++) {
		uint64_t differ = differ_in(rows, k);

		for (int shift = 0; shift < 64; shift += 8) {
			if ((differ >> shift & 255) == 0)
				continue;
			sort_number(rows, rows->r, b, k, shift);
			rows->cap = rows->n;
			t = rows->r;
			rows->r = b;
			b = t;
		}
	}
	free(b);
}

static bool
same_numbers(const struct rows *rows, size_t i, size_t k)
{
	return compare_numbers(rows, place_at(rows, i), place_at(rows, k)) == 0;
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
			qsort_r(place_at(rows, i), k - i, rows->size,
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
	for (i = 0; i < rows->n && rows->unlike; i++)
		place_at(rows, i)->order = 0;
	if (rows->unsorted || rows->unlike)
		sort_numbers(rows);
	rows->unsorted = false;
	sort_same(rows, &o);
	for (i = 1; i < rows->n; i++) {
		if (same_numbers(rows, n, i) &&
			rows_compare(
				place_at(rows, n), place_at(rows, i), &o) == 0)
			continue;
		if (++n != i)
			memcpy(place_at(rows, n), place_at(rows, i),
				rows->size);
	}
	rows->n = n + 1;
}
