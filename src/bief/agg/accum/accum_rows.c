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

/* As accums_read() would leave them. */
static bool
plain(const struct accum_input *in, const struct value *v,
	const struct accum_rows *r)
{
	bool is = v != NULL && !in->decimal && !in->integral && !in->truth;

	for (size_t i = 0; is && in->compared && i < r->n; i++, v += r->stride)
		is = v->type == VALUE_DOUBLE || v->type == VALUE_INT ||
			v->type == VALUE_NULL;
	return is;
}

bool
accum_rows_can(
	struct accums *s, const struct record *like, const struct accum_rows *r)
{
	if (s->nstars > 0 || s->sequenced)
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (!s->a[i].kind->alone)
			return false;
	for (size_t i = 0; i < s->ninputs; i++)
		if (!plain(&s->in[i], column(&s->in[i], like, r), r))
			return false;
	return true;
}

static void
add_column(struct accums *s, const struct accum *a, const struct value *v,
	const struct accum_rows *r, char *const *blobs)
{
	struct accum_input *in = accum_in(s, a);
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
accum_rows_add(struct accums *s, const struct record *like,
	const struct accum_rows *r, char *const *blobs)
{
	struct blob b = {0};

	for (size_t k = 0; k < s->n; k++) {
		const struct accum *a = &s->a[k];

		if (a->input >= 0) {
			add_column(s, a, column(accum_in(s, a), like, r), r,
				blobs);
			continue;
		}
		for (size_t i = 0; i < r->n; i++) {
			b.p = blobs[i];
			a->kind->add(s, a, &b, 0);
		}
	}
}
