/*
 * accum_text: see accum_text.h.
 *
 * Apart from the functions, of which several hold such numbers, so that they
 * look the same in all of them.
 */
#include "agg/accum/accum_text.h"

#include "floor/buf.h"
#include "text/numeric.h"
#include "value/json.h"
#include "runtime/entry.h"
#include "agg/accum/accum.h"

void
accum_text_put_double(struct buf *out, double d)
{
	struct value v = value_double(d);

	value_print(&v, out);
}

void
accum_text_put_doubles(
	struct buf *out, const char *const *names, const double *d)
{
	for (; *names != NULL; names++, d++) {
		buf_printf(out, ",\"%s\":", *names);
		accum_text_put_double(out, *d);
	}
}

int
accum_text_get_doubles(const struct accum_taking *t, const struct value *object,
	const char *const *names, double *d)
{
	struct value v;

	for (; *names != NULL; names++, d++)
		if (entry_get(object, *names, &v, t->err) == -1 ||
			accum_text_get_double(t, &v, d) == -1)
			return -1;
	return 0;
}

void
accum_text_put_twice(struct buf *out, struct twice t)
{
	if (t.lo == 0) {
		accum_text_put_double(out, t.hi);
		return;
	}
	buf_byte(out, '[');
	accum_text_put_double(out, t.hi);
	buf_byte(out, ',');
	accum_text_put_double(out, t.lo);
	buf_byte(out, ']');
}

void
accum_text_put_wide(
	struct buf *out, const struct wide *w, const struct accum_input *in)
{
	out->n += numeric_print(wide_get(w), in->decimal ? in->scale : 0,
		buf_need(out, NUMERIC_MAX));
}

void
accum_text_put_place(struct buf *out, uint64_t seq)
{
	buf_printf(out, ",\"batch\":%llu,\"record\":%llu",
		(unsigned long long)(seq >> ACCUMS_SEQ_BITS),
		(unsigned long long)(seq &
			((UINT64_C(1) << ACCUMS_SEQ_BITS) - 1)));
}

int
accum_text_get_place(
	const struct accum_taking *t, const struct value *object, uint64_t *seq)
{
	const int64_t most = INT64_C(1) << ACCUMS_SEQ_BITS;
	int64_t batch, record;

	if (entry_get_int(object, "batch", &batch, t->err) == -1 ||
		entry_get_int(object, "record", &record, t->err) == -1)
		return -1;
	if (batch < 0 || batch >= INT64_MAX / most || record < 0 ||
		record >= most)
		return accum_text_wrong(t, "a place in the input");
	*seq = (uint64_t)batch << ACCUMS_SEQ_BITS | (uint64_t)record;
	return 0;
}

int
accum_text_wrong(const struct accum_taking *t, const char *what)
{
	return entry_wrong(t->err, t->name, what);
}

int
accum_text_get_double(
	const struct accum_taking *t, const struct value *v, double *d)
{
	struct value n = value_number(v, true);

	if (n.type != VALUE_INT && n.type != VALUE_DOUBLE)
		return accum_text_wrong(t, "a number");
	*d = accum_double(&n);
	return 0;
}

int
accum_text_get_twice(
	const struct accum_taking *t, const struct value *v, struct twice *to)
{
	struct json_iter it;
	struct value key, hi, lo, more;

	to->lo = 0;
	if (v->type != VALUE_ARRAY)
		return accum_text_get_double(t, v, &to->hi);
	json_iter(&it, v);
	if (!json_next(&it, &key, &hi) || !json_next(&it, &key, &lo) ||
		json_next(&it, &key, &more))
		return accum_text_wrong(t, "a number, or two");
	return accum_text_get_double(t, &hi, &to->hi) == -1
		? -1
		: accum_text_get_double(t, &lo, &to->lo);
}

int
accum_text_get_wide(
	const struct accum_taking *t, const struct value *v, struct wide *w)
{
	int scale = t->in->decimal ? t->in->scale : 0;
	__int128 x;

	if (v->type != VALUE_NUMBER ||
		!numeric_read(v->s, v->n, NUMERIC_DIGITS, scale, &x))
		return accum_text_wrong(t, "a number of up to 38 digits");
	wide_set(w, x);
	return 0;
}

int
accum_text_object(const struct accum_taking *t, const struct value *v,
	const char *const *names, int64_t *count)
{
	if (v->type != VALUE_OBJECT)
		return accum_text_wrong(t, "an object");
	if (entry_only(v, names, t->err) == -1)
		return -1;
	if (count == NULL)
		return 0;
	if (entry_get_int(v, "count", count, t->err) == -1)
		return -1;
	return *count > 0 ? 0 : entry_wrong(t->err, "count", "above 0");
}
