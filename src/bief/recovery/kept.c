/*
 * kept: see kept.h.
 *
 * It stands apart from the blob, which knows of bytes only: what is kept of a
 * value is a matter of how values are printed and compared.  A value that would
 * be printed as it was written is kept without its text.
 */
#include "recovery/kept.h"

#include <math.h>
#include <string.h>

#include "value/key.h"

/* A string that a VALUE_TIME prints in just the same way. */
static bool
is_plain_time(const struct value *v, int64_t *us)
{
	if (v->n < 20 || v->n > 27 || v->s[v->n - 1] != 'Z' || v->s[0] < '0' ||
		v->s[0] > '9')
		return false;
	if (v->n > 20 && v->s[v->n - 2] == '0')
		return false;
	return value_get_time(v, us) == 0;
}

static bool
has_text(const struct value *v)
{
	switch (v->type) {
	case VALUE_NUMBER:
	case VALUE_REAL:
	case VALUE_STRING:
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		return true;
	default:
		return false;
	}
}

void
kept_put(struct blob *b, const struct blob_form *f, uint32_t at,
	const struct value *v, const struct value *num)
{
	const uint32_t text = at + (uint32_t)offsetof(struct kept, text);
	struct kept *k = (struct kept *)(b->p + at);
	int64_t us;

	k->set = 1;
	k->as = 0;
	k->flags = 0;
	k->type = num->type;
	if (!has_text(num))
		k->i = num->i; /* or d, or nothing */
	if (!has_text(v))
		return;
	if (v->type == VALUE_REAL && num->type == VALUE_DOUBLE)
		return;
	if (v->type == VALUE_NUMBER && num->type == VALUE_INT &&
		!(v->n == 2 && v->s[0] == '-' && v->s[1] == '0'))
		return;
	if (v->type == VALUE_STRING && is_plain_time(v, &us)) {
		k->type = VALUE_TIME;
		k->i = us;
		return;
	}
	k->as = v->type;
	k->flags = v->flags;
	memcpy(blob_room(b, f, text, v->n), v->s, v->n);
	blob_var(b, text)->n = v->n;
}

struct value
kept_value(const struct blob *b, uint32_t at)
{
	const struct kept *k = (const struct kept *)(b->p + at);

	if (k->as != 0)
		return (struct value){.s = blob_at(b, &k->text),
			.n = k->text.n,
			.type = k->as,
			.flags = k->flags};
	return (struct value){.i = k->i, .type = k->type};
}

static int
compare_doubles(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return (a > b) - (a < b);
}

int
kept_compare(const struct blob *b, uint32_t at, const struct value *v,
	const struct value *num)
{
	const struct kept *k = (const struct kept *)(b->p + at);
	struct value old;

	if (k->type == num->type) {
		if (num->type == VALUE_INT || num->type == VALUE_TIME)
			return (k->i > num->i) - (k->i < num->i);
		if (num->type == VALUE_DOUBLE)
			return compare_doubles(k->d, num->d);
	}
	/* "NaN" and such are numbers beside numbers. */
	old = kept_value(b, at);
	if (old.type == VALUE_STRING && v->type != VALUE_STRING)
		old = value_number(&old,
			num->type == VALUE_INT || num->type == VALUE_DOUBLE);
	else if (v->type == VALUE_STRING &&
		(k->type == VALUE_INT || k->type == VALUE_DOUBLE)) {
		struct value special = value_number(v, true);

		old.i = k->i;
		old.type = k->type;
		return key_compare(&old, &special);
	}
	return key_compare(&old, v);
}
