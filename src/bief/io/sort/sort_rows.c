/*
 * sort_rows: eight bytes of the keys at a time.  By these the entries are put in
 * order without a look at the rows, digit by digit from the lowest (a radix
 * sort, which is stable), of the digits that differ at all the highest ones, as
 * many as tell most rows apart; what is still together is sorted by what
 * follows.  Few entries are merged.
 */
#include "io/sort/sort_rows.h"

#include <stdbool.h>

#define FEW 24     /* are put in place one by one */
#define MERGED 512 /* so many cost less than counting digits */
#define LEVELS 64  /* of words of a key: beyond, rows are merged */
#define AHEAD 8    /* rows that are fetched before they are looked at */

struct sort_part {
	struct sort_entry *e, *tmp;
	size_t n;
	uint32_t at; /* in the keys: where their prefixes begin */
	int level;
};

static void sort_part(const struct sort_part *s);

/* Do they compare by what they have from the prefix on? */
static inline int
compare_entries(
	const struct sort_entry *a, const struct sort_entry *b, uint32_t at)
{
	const struct sort_row *x = a->row, *y = b->row;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	if (x->nkey <= at || y->nkey <= at)
		return (x->nkey > y->nkey) - (x->nkey < y->nkey);
	return sort_rows_compare(
		x->bytes + at, x->nkey - at, y->bytes + at, y->nkey - at);
}

static void
insert_entries(struct sort_entry *e, size_t n, uint32_t at)
{
	for (size_t i = 1; i < n; i++) {
		struct sort_entry x = e[i];
		size_t k = i;

		for (; k > 0 && compare_entries(&x, &e[k - 1], at) < 0; k--)
			e[k] = e[k - 1];
		e[k] = x;
	}
}

static void
merge_entries(
	struct sort_entry *e, struct sort_entry *tmp, size_t n, uint32_t at)
{
	size_t half = n / 2, i = 0, k = half, to = 0;

	if (n <= FEW) {
		insert_entries(e, n, at);
		return;
	}
	merge_entries(e, tmp, half, at);
	merge_entries(e + half, tmp, n - half, at);
	if (compare_entries(&e[half - 1], &e[half], at) <= 0)
		return;
	memcpy(tmp, e, half * sizeof(*e));
	while (i < half && k < n)
		e[to++] = compare_entries(&e[k], &tmp[i], at) < 0 ? e[k++]
								  : tmp[i++];
	memcpy(e + to, tmp + i, (half - i) * sizeof(*e));
}

/* One pass by the digit at a shift: into tmp, which is then what is sorted. */
static void
sort_digit(struct sort_part *s, unsigned shift)
{
	struct sort_entry *from = s->e, *to = s->tmp;
	size_t at[256] = {0}, sum = 0;

	for (size_t i = 0; i < s->n; i++)
		at[from[i].prefix >> shift & 0xFF]++;
	for (int d = 0; d < 256; d++) {
		size_t k = at[d];

		at[d] = sum;
		sum += k;
	}
	for (size_t i = 0; i < s->n; i++)
		to[at[from[i].prefix >> shift & 0xFF]++] = from[i];
	s->e = to;
	s->tmp = from;
}

/*
 * Sort by the highest of the digits that differ; returns the shift of the lowest
 * one that was sorted by.  What is sorted stays in its place.
 */
static unsigned
sort_digits(const struct sort_part *s, uint64_t differ)
{
	struct sort_part p = *s;
	unsigned digits[8], n = 0, most = 2;

	/* One more than would tell as many numbers apart. */
	for (size_t rows = s->n; rows > 256; rows >>= 8)
		most++;
	for (int shift = 56; shift >= 0 && n < most; shift -= 8)
		if (differ >> shift & 0xFF)
			digits[n++] = (unsigned)shift;
	for (unsigned i = n; i > 0; i--)
		sort_digit(&p, digits[i - 1]);
	if (p.e != s->e)
		memcpy(s->e, p.e, s->n * sizeof(*s->e));
	return digits[n - 1];
}

/* How many bytes from the place on all keys have in common, at least 8. */
static uint32_t
common_bytes(const struct sort_part *s)
{
	const struct sort_row *first = s->e[0].row;
	uint32_t n = first->nkey;

	for (size_t i = 1; i < s->n && n > s->at + 8; i++) {
		const struct sort_row *r = s->e[i].row;
		uint32_t k = s->at + 8;

		if (r->nkey < n)
			n = r->nkey;
		while (k < n && r->bytes[k] == first->bytes[k])
			k++;
		n = k;
	}
	return n > s->at + 8 ? n - s->at : 8;
}

/* All prefixes are the same: by those that follow. */
static void
sort_by_next(const struct sort_part *s)
{
	struct sort_part next = *s;

	next.at += common_bytes(s);
	next.level++;
	/* They all end here, or one would be the beginning of another. */
	if (s->e[0].row->nkey <= next.at)
		return;
	for (size_t i = 0; i < s->n; i++) {
		if (i + AHEAD < s->n)
			__builtin_prefetch(
				s->e[i + AHEAD].row->bytes + next.at);
		s->e[i].prefix = sort_rows_prefix(s->e[i].row, next.at);
	}
	sort_part(&next);
}

/* Those that are the same down to a digit, among themselves. */
static void
sort_equals(const struct sort_part *s, unsigned shift)
{
	struct sort_part p = *s;

	for (size_t i = 0, k; i < s->n; i = k) {
		uint64_t high = s->e[i].prefix >> shift;

		for (k = i + 1; k < s->n && s->e[k].prefix >> shift == high;)
			k++;
		p.e = s->e + i;
		p.tmp = s->tmp + i;
		p.n = k - i;
		if (p.n > 1)
			sort_part(&p);
	}
}

static void
sort_part(const struct sort_part *s)
{
	uint64_t differ = 0;

	if (s->n <= MERGED || s->level > LEVELS) {
		merge_entries(s->e, s->tmp, s->n, s->at);
		return;
	}
	for (size_t i = 1; i < s->n; i++)
		differ |= s->e[i].prefix ^ s->e[0].prefix;
	if (differ == 0)
		sort_by_next(s);
	else
		sort_equals(s, sort_digits(s, differ));
}

void
sort_rows(struct sort_entry *e, struct sort_entry *tmp, size_t n)
{
	struct sort_part s = {e, tmp, n, 0, 0};

	if (n > 1)
		sort_part(&s);
}
