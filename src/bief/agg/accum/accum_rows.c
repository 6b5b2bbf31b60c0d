/*
 * accum_rows: see accum_rows.h.
 */
#include "agg/accum/accum_rows.h"

#include <stdint.h>

#include "floor/mem.h"
#include "value/record.h"
#include "agg/accum/accum.h"

/* Where the values of an input stand; false: it is no field of the records, nor
 * within one. */
static bool
find_column(struct accum_input *in, const struct record *like,
	const struct accum_rows *r)
{
	int at = field_index(&in->field, like);

	if (at >= 0) {
		in->rows = r->v + at;
		in->stride = r->stride;
		return true;
	}
	if (!field_nested(&in->field, like))
		return false;
	if (in->within == NULL)
		in->within = mem_alloc(ACCUM_ROWS_MOST * sizeof(*in->within));
	in->rows = in->within;
	in->stride = 1;
	return true;
}

/* Numbers that are wanted as they are. */
static bool
find_columns(
	struct accums *s, const struct record *like, const struct accum_rows *r)
{
	for (size_t i = 0; i < s->ninputs; i++) {
		struct accum_input *in = &s->in[i];

		if (in->decimal || in->integral || in->truth ||
			!find_column(in, like, r))
			return false;
	}
	return true;
}

/* What is within a field of the n-th record. */
static void
reach_within(struct accum_input *in, struct record one,
	const struct accum_rows *r, size_t n)
{
	const struct value *v;

	one.v += n * r->stride;
	v = record_get(&one, &in->field);
	in->within[n] = v != NULL ? *v : value_null();
}

/* Are the values of the n-th record numbers, or null, to accums_read(), where
 * it looks for them? */
static bool
is_plain(const struct accums *s, const struct record *like,
	const struct accum_rows *r, size_t n)
{
	const unsigned plain = 1u << VALUE_NULL | 1u << VALUE_INT |
		1u << VALUE_DOUBLE | 1u << VALUE_NUMBER | 1u << VALUE_REAL;

	for (size_t i = 0; i < s->ninputs; i++) {
		struct accum_input *in = &s->in[i];

		if (in->rows == in->within)
			reach_within(in, *like, r, n);
		if (in->compared &&
			!(plain >> in->rows[n * in->stride].type & 1))
			return false;
	}
	return true;
}

size_t
accum_rows_plain(
	struct accums *s, const struct record *like, const struct accum_rows *r)
{
	size_t n = 0;

	if (s->nstars > 0 || s->sequenced || !find_columns(s, like, r))
		return 0;
	for (size_t i = 0; i < s->n; i++)
		if (!s->a[i].kind->alone)
			return 0;
	if (s->ninputs == 0)
		return r->n;
	while (n < r->n && is_plain(s, like, r, n))
		n++;
	return n;
}

static inline void
read_row(struct accum_input *in, const struct value *v)
{
	in->raw = v->type == VALUE_NULL ? NULL : v;
	in->num = accum_rows_number(in, v);
}

static void
add_column(struct accums *s, const struct accum *a, const struct accum_rows *r,
	char *const *blobs)
{
	struct accum_input *in = accum_in(s, a);
	const struct value *v = in->rows;
	struct blob b = {0};

	for (size_t i = 0; i < r->n; i++, v += in->stride) {
		read_row(in, v);
		if (in->raw == NULL)
			continue;
		b.p = blobs[i];
		a->kind->add(s, a, &b, 0);
	}
}

void
accum_rows_add_to(struct accums *s, const struct accum *a,
	const struct accum_rows *r, char *const *blobs)
{
	struct blob b = {0};

	if (a->input >= 0) {
		add_column(s, a, r, blobs);
		return;
	}
	for (size_t i = 0; i < r->n; i++) {
		b.p = blobs[i];
		a->kind->add(s, a, &b, 0);
	}
}

void
accum_rows_add(struct accums *s, const struct accum_rows *r, char *const *blobs)
{
	for (size_t k = 0; k < s->n; k++)
		accum_rows_add_to(s, &s->a[k], r, blobs);
}
