/*
 * accum_rows: see accum_rows.h.
 */
#include "agg/accum/accum_rows.h"

#include <stdint.h>

#include "value/record.h"
#include "agg/accum/accum.h"

/* Where the values of an input stand; NULL: it is no field of the records. */
static const struct value *
column(struct accum_input *in, const struct record *like,
	const struct accum_rows *r)
{
	const struct value *v = record_get(like, &in->field);

	return v >= like->v && v < like->v + like->shape->n
		? r->v + (v - like->v)
		: NULL;
}

/* Numbers that are wanted as they are. */
static bool
find_columns(
	struct accums *s, const struct record *like, const struct accum_rows *r)
{
	for (size_t i = 0; i < s->ninputs; i++) {
		struct accum_input *in = &s->in[i];

		in->rows = column(in, like, r);
		if (in->rows == NULL || in->decimal || in->integral ||
			in->truth)
			return false;
	}
	return true;
}

/* Are the values at this offset numbers, or null, to accums_read(), where it
 * looks for them? */
static bool
is_plain(const struct accums *s, size_t at)
{
	const unsigned plain = 1u << VALUE_NULL | 1u << VALUE_INT |
		1u << VALUE_DOUBLE | 1u << VALUE_NUMBER | 1u << VALUE_REAL;

	for (size_t i = 0; i < s->ninputs; i++)
		if (s->in[i].compared && !(plain >> s->in[i].rows[at].type & 1))
			return false;
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
	while (n < r->n && is_plain(s, n * r->stride))
		n++;
	return n;
}

void
accum_rows_read(struct accum_input *in, const struct value *v)
{
	bool text = in->compared &&
		(v->type == VALUE_NUMBER || v->type == VALUE_REAL);

	in->raw = v->type == VALUE_NULL ? NULL : v;
	in->num = text ? value_number(v, false) : *v;
}

static void
add_column(struct accums *s, const struct accum *a, const struct accum_rows *r,
	char *const *blobs)
{
	struct accum_input *in = accum_in(s, a);
	const struct value *v = in->rows;
	struct blob b = {0};

	for (size_t i = 0; i < r->n; i++, v += r->stride) {
		accum_rows_read(in, v);
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
