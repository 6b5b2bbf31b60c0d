/*
 * accum_kit: what several kinds of accumulators have in common: what a field's
 * value is to them, the types of their results, what they keep.
 */
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "text/numeric.h"
#include "value/json.h"
#include "types/type.h"
#include "recovery/kept.h"
#include "agg/accum/accum.h"

/* ---- what comes in ---- */

bool
accum_kit_is_number(const struct value *v)
{
	return v->type == VALUE_INT || v->type == VALUE_DOUBLE ||
		v->type == VALUE_NUMBER || v->type == VALUE_REAL;
}

/* Text that is a number is what a parser without a schema makes of one. */
static const char *
advice(const struct value *v)
{
	const char *p = v->s, *end = p + v->n;

	if (v->type != VALUE_STRING)
		return "";
	p += p < end && *p == '-';
	return p < end && json_number(p, end) == end
		? "; it is text: give the parser its type, as by "
		  "parse-csv --schema"
		: "";
}

/* The value is none of those that it must be. */
static int
no_number(const struct accum_input *in, struct err *err)
{
	struct buf b;
	char quoted[200];

	buf_init(&b);
	value_print(in->raw, &b);
	err_quote(quoted, sizeof quoted, b.p, b.n);
	buf_release(&b);
	return err_set(err, "the field '%s' is not %s: %s%s", in->field.path,
		in->truth              ? "true or false"
			: in->integral ? "an integer"
				       : "a number",
		quoted, in->truth ? "" : advice(in->raw));
}

static bool
read_decimal(struct accum_input *in)
{
	struct buf b;
	bool got;

	if (!accum_kit_is_number(in->raw))
		return false;
	buf_init(&b);
	value_print(in->raw, &b);
	got = numeric_read(b.p, b.n, NUMERIC_DIGITS, in->scale, &in->dec);
	buf_release(&b);
	if (got)
		in->num = value_number(in->raw, false);
	return got;
}

static bool
read_number(struct accum_input *in)
{
	in->num = value_number(in->raw, !in->text);
	return in->num.type == VALUE_INT ||
		(in->num.type == VALUE_DOUBLE && !in->integral);
}

static bool
read_any(struct accum_input *in)
{
	in->num = in->compared && accum_kit_is_number(in->raw)
		? value_number(in->raw, false)
		: *in->raw;
	return !in->truth || in->raw->type == VALUE_BOOL;
}

int
accum_kit_read(struct accum_input *in, const struct value *v, bool lenient,
	struct err *err)
{
	bool got;

	in->raw = v == NULL || v->type == VALUE_NULL ? NULL : v;
	if (in->raw == NULL)
		return 0;
	if (in->decimal)
		got = read_decimal(in);
	else if (in->number)
		got = read_number(in);
	else
		got = read_any(in);
	if (got)
		return 0;
	if (!lenient)
		return no_number(in, err);
	in->raw = NULL;
	return 0;
}

/* ---- types ---- */

struct type *
accum_kit_long(const struct type *t, int part)
{
	return type_new(TYPE_LONG);
}

struct type *
accum_kit_double(const struct type *t, int part)
{
	return type_new(TYPE_DOUBLE);
}

struct type *
accum_kit_same(const struct type *t, int part)
{
	return t == NULL ? NULL : type_copy(t);
}

struct type *
accum_kit_array(const struct type *t, int part)
{
	struct type *array = type_new(TYPE_ARRAY);

	array->elem = t == NULL ? type_new(TYPE_UNKNOWN) : type_copy(t);
	return array;
}

/* ---- what begins with a struct kept ---- */

bool
accum_kit_kept_empty(const struct accum *a, const struct blob *b)
{
	return !((const struct kept *)accum_at(a, b))->set;
}

int
accum_kit_kept_result(const struct accums *s, const struct accum *a,
	struct blob *b, struct accum_answer *r)
{
	if (!accum_kit_kept_empty(a, b))
		*r->v = kept_value(b, a->at);
	return 0;
}

int
accum_kit_kept_take(
	const struct accum_taking *t, const struct value *v, bool whole)
{
	const struct value null = value_null(), *num = &null;

	if (accum_kit_read(t->in, v, false, t->err) == -1)
		return -1;
	if (whole)
		num = v;
	else if (t->in->raw != NULL)
		num = &t->in->num;
	kept_put(t->b, &t->s->form, t->a->at, v, num);
	return 0;
}

/* ---- what is a struct var ---- */

bool
accum_kit_var_empty(const struct accum *a, const struct blob *b)
{
	return ((const struct var *)accum_at(a, b))->n == 0;
}

void *
accum_kit_var_take(const struct accum_taking *t, size_t size)
{
	void *p = blob_room(t->b, &t->s->form, t->a->at, size);

	memset(p, 0, size);
	blob_var(t->b, t->a->at)->n = (uint32_t)size;
	return p;
}
