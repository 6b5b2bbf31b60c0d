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

/* Are the values at this offset as accums_read() would leave them? */
static bool
is_plain(const struct accums *s, size_t at)
{
	for (size_t i = 0; i < s->ninputs; i++) {
		uint8_t type = s->in[i].rows[at].type;

		if (s->in[i].compared && type != VALUE_DOUBLE &&
			type != VALUE_INT && type != VALUE_NULL)
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
	while (n < r->n && is_plain(s, n * r->stride))
		n++;
	return n;
}

static void
add_column(struct accums *s, const struct accum *a, const struct accum_rows *r,
	char *const *blobs)
{
	struct accum_input *in = accum_in(s, a);
	const struct value *v = in->rows;
	struct blob b = {0};

	for (size_t i = 0; i < r->n; i++, v += r->stride) {
		if (v->type == VALUE_NULL)
			continue;
		in->raw = v;
		in->num = *v;
		b.p = blobs[i];
		a->kind->add(s, a, &b, 0);
	}
}

void
accum_rows_add(struct accums *s, const struct accum_rows *r, char *const *blobs)
{
	struct blob b = {0};

	for (size_t k = 0; k < s->n; k++) {
		const struct accum *a = &s->a[k];

		if (a->input >= 0) {
			add_column(s, a, r, blobs);
			continue;
		}
		for (size_t i = 0; i < r->n; i++) {
			b.p = blobs[i];
			a->kind->add(s, a, &b, 0);
		}
	}
}
