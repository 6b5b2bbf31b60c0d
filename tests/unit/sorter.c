/* sorter: rows of all kinds of keys, within bounds of memory and without, against
 * a sort that compares them two by two. */
#include "io/sort/sorter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"

struct made {
	struct buf key;
	uint32_t number;
};

static struct made *rows;
static size_t nrows, given, wrong;

/* A key ends with 00 01, and holds 00 only as 00 ff. */
static void
make_key(struct buf *key, int kind)
{
	static const char *const words[] = {"walk", "run", "stand", "bike"};
	uint32_t n = (uint32_t)rand();

	buf_clear(key);
	switch (kind) {
	case 0: /* few */
		buf_str(key, words[n % 4]);
		break;
	case 1: /* many, behind much that they have in common */
		buf_printf(key, "all of them begin with so much %09u", n);
		break;
	case 2: /* two fields */
		buf_str(key, words[n % 4]);
		buf_add(key, "\0\1", 2);
		buf_printf(key, "%07u", n % 5000);
		break;
	case 3: /* bytes */
		for (n %= 12; n > 0; n--) {
			buf_byte(key, (char)rand());
			if (key->p[key->n - 1] == '\0')
				buf_byte(key, (char)0xFF);
		}
		break;
	default: /* one within the other */
		for (n %= 2000; n > 0; n--)
			buf_byte(key, 'a');
	}
	buf_add(key, "\0\1", 2);
}

static int
by_key(const void *a, const void *b)
{
	const struct made *x = a, *y = b;
	int c = sort_rows_compare(
		x->key.p, (uint32_t)x->key.n, y->key.p, (uint32_t)y->key.n);

	return c != 0 ? c : (x->number > y->number) - (x->number < y->number);
}

static int
take_row(void *arg, const struct sort_row *r)
{
	uint32_t number;

	memcpy(&number, sort_row_data(r), sizeof number);
	if (given >= nrows || number != rows[given].number)
		wrong++;
	given++;
	return 0;
}

static void
sort_some(
	struct sorter *s, size_t n, int kind, uint64_t limit, struct buf *bytes)
{
	struct err err;

	nrows = n;
	for (size_t i = 0; i < n; i++) {
		make_key(&rows[i].key, kind);
		rows[i].number = (uint32_t)i;
		buf_clear(bytes);
		buf_add(bytes, &rows[i].number, sizeof rows[i].number);
		for (int more = rand() % 40; more > 0; more--)
			buf_byte(bytes, 'x');
		if (sorter_wants(s, &rows[i].key) &&
			sorter_add(s, &rows[i].key, bytes, &err) < 0)
			abort();
	}
	qsort(rows, n, sizeof *rows, by_key);
	given = wrong = 0;
	if (sorter_give(s, take_row, NULL, &err) < 0)
		abort();
	if (wrong > 0 || given != (limit < n ? limit : n)) {
		fprintf(stderr,
			"sorter: %zu rows of kind %d, limit %llu, memory %zu: "
			"%zu given, %zu wrong\n",
			n, kind, (unsigned long long)limit, s->most, given,
			wrong);
		exit(1);
	}
}

int
main(void)
{
	static const size_t sizes[] = {0, 1, 2, 30, 600, 1500, 30000};
	static const uint64_t limits[] = {SORTER_ALL, 0, 1, 100, 20000};
	static const size_t memories[] = {SIZE_MAX, 1, 3000, 100000};
	struct buf bytes;

	srand(1);
	buf_init(&bytes);
	rows = mem_zalloc(30000 * sizeof *rows);
	for (size_t l = 0; l < 5; l++)
		for (size_t m = 0; m < 4; m++) {
			struct sorter s;

			/* The same one again and again, as for batches. */
			sorter_init(&s, limits[l], memories[m], "/tmp");
			for (size_t n = 0; n < 7; n++)
				for (int kind = 0; kind < 5; kind++)
					if (sizes[n] <= 600 ||
						(memories[m] > 1 && kind < 4))
						sort_some(&s, sizes[n], kind,
							limits[l], &bytes);
			sorter_release(&s);
		}
	for (size_t i = 0; i < 30000; i++)
		buf_release(&rows[i].key);
	free(rows);
	buf_release(&bytes);
	return 0;
}
