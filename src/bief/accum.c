/*
 * accum: see accum.h.
 *
 * The list of all kinds, what a field's value is to them, and what several of
 * them have in common.
 */
#include <string.h>

#include "accum.h"
#include "buf.h"
#include "err.h"
#include "kept.h"
#include "numeric.h"
#include "near.h"
#include "schema.h"

/* In the order in which they are told. */
static const struct accum_kind *const families[] = {accum_count_kinds,
	accum_sum_kinds, accum_extreme_kinds, accum_moments_kinds,
	accum_place_kinds, accum_quantile_kinds, accum_distinct_kinds,
	accum_collect_kinds, accum_stats_kinds, NULL};

/* ---- names ---- */

/* The i-th of all kinds; NULL behind the last. */
static const struct accum_kind *
kind_at(size_t i)
{
	for (size_t f = 0; families[f] != NULL; f++)
		for (const struct accum_kind *k = families[f];
			k->name != NULL; k++)
			if (i-- == 0)
				return k;
	return NULL;
}

/* Those of one name first. */
static void
names_print(struct buf *out)
{
	const struct accum_kind *k;
	size_t start = out->n;

	for (int many = 0; many < 2; many++)
		for (size_t i = 0; (k = kind_at(i)) != NULL; i++)
			if ((k->named != NULL) == many)
				buf_printf(out, "%s%s",
					out->n > start ? ", " : "", k->name);
}

static const char *
nearest_name(const char *name)
{
	size_t best = SIZE_MAX, distance;
	const struct accum_kind *k;
	const char *near = NULL;

	for (size_t i = 0; (k = kind_at(i)) != NULL; i++) {
		if (k->named != NULL || !near_enough(name, k->name))
			continue;
		distance = near_distance(name, k->name);
		if (distance < best) {
			best = distance;
			near = k->name;
		}
	}
	return near;
}

static void
unknown_name(const char *name, struct err *err)
{
	const char *near = nearest_name(name);
	struct buf all;

	if (near != NULL) {
		err_as(err, STATUS_USAGE,
			"no aggregate function '%s' (did you mean '%s'?)",
			name, near);
		return;
	}
	buf_init(&all);
	names_print(&all);
	err_as(err, STATUS_USAGE, "no aggregate function '%s': it is one of %s",
		name, buf_cstr(&all));
	buf_release(&all);
}

/* Of text of so many columns. */
#define HELP_WIDTH 76

void
accum_help(struct buf *out)
{
	struct buf names;
	char *save = NULL, *word;
	size_t column = 0;

	buf_init(&names);
	names_print(&names);
	buf_cstr(&names);
	buf_str(out, "\nfunctions:\n");
	for (word = strtok_r(names.p, " ", &save); word != NULL;
		word = strtok_r(NULL, " ", &save)) {
		if (column > 0 && column + strlen(word) > HELP_WIDTH) {
			buf_byte(out, '\n');
			column = 0;
		}
		buf_printf(out, "%s%s", column == 0 ? "  " : " ", word);
		column += strlen(word) + 1;
	}
	buf_str(out, "\n  count of records needs no field; FUNC:* takes all "
		"that are numbers\n");
	buf_release(&names);
}

const struct accum_kind *
accum_find(const char *name, double *p, struct err *err)
{
	const struct accum_kind *k;

	for (size_t i = 0; (k = kind_at(i)) != NULL; i++) {
		*p = k->p;
		if (k->named != NULL ? k->named(name, p)
				     : strcmp(k->name, name) == 0)
			return k;
	}
	unknown_name(name, err);
	return NULL;
}

/* ---- what comes in ---- */

bool
accum_is_number(const struct value *v)
{
	return v->type == VALUE_INT || v->type == VALUE_DOUBLE ||
		v->type == VALUE_NUMBER || v->type == VALUE_REAL;
}

static int
no_number(const struct accum_input *in, struct err *err)
{
	struct buf b;
	char quoted[200];

	buf_init(&b);
	value_print(in->raw, &b);
	err_quote(quoted, sizeof quoted, b.p, b.n);
	buf_release(&b);
	return err_set(err, "the field '%s' is not a number: %s",
		in->field.path, quoted);
}

static bool
read_decimal(struct accum_input *in)
{
	struct buf b;
	bool got;

	if (!accum_is_number(in->raw))
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
	return in->num.type == VALUE_INT || in->num.type == VALUE_DOUBLE;
}

int
accum_read(struct accum_input *in, const struct value *v, bool lenient,
	struct err *err)
{
	in->raw = v == NULL || v->type == VALUE_NULL ? NULL : v;
	if (in->raw == NULL)
		return 0;
	if (!in->number && !in->decimal) {
		in->num = in->compared && accum_is_number(v)
			? value_number(v, false)
			: *v;
		return 0;
	}
	if (in->decimal ? read_decimal(in) : read_number(in))
		return 0;
	if (!lenient)
		return no_number(in, err);
	in->raw = NULL;
	return 0;
}

/* ---- types ---- */

struct type *
accum_type_long(const struct type *t, int part)
{
	return type_new(TYPE_LONG);
}

struct type *
accum_type_double(const struct type *t, int part)
{
	return type_new(TYPE_DOUBLE);
}

struct type *
accum_type_same(const struct type *t, int part)
{
	return t == NULL ? NULL : type_copy(t);
}

struct type *
accum_type_array(const struct type *t, int part)
{
	struct type *array = type_new(TYPE_ARRAY);

	array->elem = t == NULL ? type_new(TYPE_UNKNOWN) : type_copy(t);
	return array;
}

/* ---- what begins with a struct kept ---- */

bool
accum_kept_empty(const struct accum *a, const struct blob *b)
{
	return !((const struct kept *)accum_at(a, b))->set;
}

int
accum_kept_result(const struct accums *s, const struct accum *a,
	struct blob *b, struct accum_answer *r)
{
	if (!accum_kept_empty(a, b))
		*r->v = kept_value(b, a->at);
	return 0;
}

int
accum_kept_take(const struct accum_taking *t, const struct value *v,
	bool whole)
{
	const struct value null = value_null(), *num = &null;

	if (accum_read(t->in, v, false, t->err) == -1)
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
accum_var_empty(const struct accum *a, const struct blob *b)
{
	return ((const struct var *)accum_at(a, b))->n == 0;
}

void *
accum_var_take(const struct accum_taking *t, size_t size)
{
	void *p = blob_room(t->b, &t->s->form, t->a->at, size);

	memset(p, 0, size);
	blob_var(t->b, t->a->at)->n = (uint32_t)size;
	return p;
}
