/*
 * sorter: rows stand in an arena; what is sorted is an array of their places.
 * With a limit the rows beyond it are thrown away from time to time, and no row
 * is taken from then on that would come behind those which are left.
 */
#include "io/sort/sorter.h"

#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "value/json.h"

#define FIRST 64           /* entries */
#define KEPT_LEAST 1000    /* rows that are gathered before some are left out */
#define AHEAD 8            /* rows that are fetched before they are given */
#define LINE 64            /* bytes that a processor fetches at once */
#define FETCHED (3 * LINE) /* of a row: most of it */

void
sorter_init(struct sorter *s, uint64_t limit, size_t most, const char *dir)
{
	*s = (struct sorter){.limit = limit, .most = most};
	arena_init(&s->rows);
	arena_init(&s->other);
	buf_init(&s->worst);
	/* While runs are merged nothing else is in memory. */
	sort_runs_init(&s->runs, dir, limit, most);
}

void
sorter_release(struct sorter *s)
{
	free(s->e);
	free(s->tmp);
	arena_release(&s->rows);
	arena_release(&s->other);
	buf_release(&s->worst);
	sort_runs_release(&s->runs);
}

static void
sorter_sort(struct sorter *s)
{
	if (s->ncap < s->n) {
		free(s->tmp);
		s->ncap = s->n;
		s->tmp = mem_alloc(s->ncap * sizeof(*s->tmp));
	}
	sort_rows(s->e, s->tmp, s->n);
}

/* A place for a row, behind which JSON_PADDING bytes can be read. */
static struct sort_row *
sorter_place(struct arena *a, size_t size)
{
	char *p = arena_get(a, size + JSON_PADDING);

	a->p -= JSON_PADDING;
	return (struct sort_row *)(void *)p;
}

/* Sort, and leave out what is beyond the limit; the rest moves to the other
 * arena. */
static void
sorter_trim(struct sorter *s)
{
	struct arena empty = s->other;

	sorter_sort(s);
	if (s->n > s->limit)
		s->n = s->limit;
	for (size_t i = 0; i < s->n; i++) {
		const struct sort_row *r = s->e[i].row;
		size_t size = sort_row_size(r->nkey, r->n);

		s->e[i].row = memcpy(sorter_place(&empty, size), r, size);
		s->e[i].prefix = sort_rows_prefix(r, 0);
	}
	s->other = s->rows;
	s->rows = empty;
	arena_clear(&s->other);
	if (s->n < s->limit || s->n == 0)
		return;
	buf_clear(&s->worst);
	buf_add(&s->worst, s->e[s->n - 1].row->bytes, s->e[s->n - 1].row->nkey);
}

size_t
sorter_memory(const struct sorter *s)
{
	return arena_used(&s->rows) + s->n * (sizeof(*s->e) + sizeof(*s->tmp));
}

static int
sorter_spill(struct sorter *s, struct err *err)
{
	sorter_sort(s);
	if (sort_runs_add(&s->runs, s->e, s->n, err) < 0)
		return -1;
	s->n = 0;
	arena_clear(&s->rows);
	return 0;
}

/* Rows that are worth a look at which of them go. */
static bool
sorter_gathered(const struct sorter *s)
{
	return s->limit < SORTER_ALL / 2 && s->n >= KEPT_LEAST &&
		s->n >= 2 * s->limit;
}

int
sorter_add(struct sorter *s, const struct buf *key, const struct buf *bytes,
	struct err *err)
{
	struct sort_row *r;

	/* The last one of the limit stays in front of one that is equal. */
	if (s->limit == 0 ||
		(s->worst.n > 0 &&
			sort_rows_compare(key->p, (uint32_t)key->n, s->worst.p,
				(uint32_t)s->worst.n) >= 0))
		return 0;
	r = sorter_place(&s->rows, sort_row_size(key->n, bytes->n));
	r->nkey = (uint32_t)key->n;
	r->n = (uint32_t)bytes->n;
	memcpy(r->bytes, key->p, key->n);
	if (bytes->n > 0)
		memcpy(r->bytes + key->n, bytes->p, bytes->n);
	if (s->n == s->cap) {
		s->cap = s->cap > 0 ? 2 * s->cap : FIRST;
		s->e = mem_realloc(s->e, s->cap * sizeof(*s->e));
	}
	s->e[s->n++] = (struct sort_entry){sort_rows_prefix(r, 0), r};
	if (sorter_gathered(s))
		sorter_trim(s);
	if (s->most == SIZE_MAX || sorter_memory(s) <= s->most)
		return 0;
	return sorter_spill(s, err);
}

static int
sorter_give_kept(struct sorter *s, sort_row_fn *row, void *arg)
{
	size_t n = s->n < s->limit ? s->n : s->limit;
	int ret = 0;

	sorter_sort(s);
	for (size_t i = 0; i < n && ret == 0; i++) {
		const char *next = i + AHEAD < n
			? (const char *)s->e[i + AHEAD].row
			: NULL;

		for (size_t k = 0; next != NULL && k < FETCHED; k += LINE)
			__builtin_prefetch(next + k);
		ret = row(arg, s->e[i].row);
	}
	return ret;
}

/* Memory for the next rows, if they are few. */
static void
sorter_clear(struct sorter *s)
{
	s->n = 0;
	arena_clear(&s->rows);
	buf_clear(&s->worst);
	sort_runs_clear(&s->runs);
}

int
sorter_give(struct sorter *s, sort_row_fn *row, void *arg, struct err *err)
{
	int ret = 0;

	if (sort_runs_any(&s->runs)) {
		ret = s->n > 0 ? sorter_spill(s, err) : 0;
		arena_release(&s->rows);
		if (ret == 0)
			ret = sort_runs_merge(&s->runs, row, arg, err);
	} else {
		ret = sorter_give_kept(s, row, arg);
	}
	sorter_clear(s);
	return ret < 0 ? -1 : 0;
}
