/*
 * sql_types: types that go together: what two values are compared as, what the
 * branches of a CASE become.
 *
 * The binder, the evaluator and half of the functions ask; none of them is
 * asked from here, so that a rule of types can be read, and relied on, without
 * them.
 */
#include <assert.h>
#include <string.h>

#include "floor/err.h"
#include "expr/sql/sql_impl.h"

struct ty
sql_types_decimal(struct ty t)
{
	switch ((int)t.kind) {
	case TYPE_BYTE:
		return ty_decimal(3, 0);
	case TYPE_SHORT:
		return ty_decimal(5, 0);
	case TYPE_INT:
		return ty_decimal(10, 0);
	case TYPE_LONG:
		return ty_decimal(20, 0);
	}
	return t;
}

static struct ty
wider_decimal(struct ty a, struct ty b)
{
	int scale, range;

	a = sql_types_decimal(a);
	b = sql_types_decimal(b);
	scale = a.s > b.s ? a.s : b.s;
	range = a.p - a.s > b.p - b.s ? a.p - a.s : b.p - b.s;
	if (range + scale > NUMERIC_DIGITS)
		scale = range >= NUMERIC_DIGITS ? 0 : NUMERIC_DIGITS - range;
	return ty_decimal(
		range + scale > NUMERIC_DIGITS ? NUMERIC_DIGITS : range + scale,
		scale);
}

static struct ty
wider_number(struct ty a, struct ty b)
{
	if (a.kind == TYPE_DECIMAL && b.kind == TYPE_DECIMAL)
		return wider_decimal(a, b);
	if (a.kind == TYPE_DECIMAL || b.kind == TYPE_DECIMAL)
		return ty_fraction(a) || ty_fraction(b) ? ty(TYPE_DOUBLE)
							: wider_decimal(a, b);
	return a.kind > b.kind ? a : b;
}

static struct ty
wider_interval(struct ty a, struct ty b)
{
	a.p = a.p < b.p ? a.p : b.p;
	a.s = a.s > b.s ? a.s : b.s;
	return a;
}

static bool wider(
	struct arena *m, struct ty a, struct ty b, bool text, struct ty *out);

/* Of arrays, maps and structs. */
static bool
wider_nested(
	struct arena *m, struct ty a, struct ty b, bool text, struct ty *out)
{
	struct ty elem, key, fields[64];
	const char *names[64];
	size_t n;

	if (a.t == NULL || b.t == NULL) {
		*out = (struct ty){.kind = a.kind};
		return true;
	}
	if (a.kind == TYPE_STRUCT) {
		n = a.t->fields->n;
		if (n != b.t->fields->n || n > 64)
			return false;
		for (size_t i = 0; i < n; i++) {
			names[i] = a.t->fields->f[i].name;
			if (!wider(m, ty_from(a.t->fields->f[i].type),
				    ty_from(b.t->fields->f[i].type), text,
				    &fields[i]))
				return false;
		}
		*out = ty_struct(m, names, fields, n);
		return true;
	}
	if (!wider(m, ty_elem(a), ty_elem(b), text, &elem))
		return false;
	if (a.kind == TYPE_ARRAY) {
		*out = ty_array(m, elem);
		return true;
	}
	if (!wider(m, ty_key(a), ty_key(b), text, &key))
		return false;
	*out = ty_map(m, key, elem);
	return true;
}

static bool
wider(struct arena *m, struct ty a, struct ty b, bool text, struct ty *out)
{
	*out = a;
	if (ty_equal(a, b) || b.kind == TYPE_NULL)
		return true;
	*out = b;
	if (a.kind == TYPE_NULL)
		return true;
	if (a.kind == TYPE_UNKNOWN || b.kind == TYPE_UNKNOWN)
		*out = ty(TYPE_UNKNOWN);
	else if (ty_numeric(a) && ty_numeric(b))
		*out = wider_number(a, b);
	else if (ty_time(a) && ty_time(b))
		*out = ty(TYPE_TIMESTAMP);
	else if (ty_interval(a) && a.kind == b.kind)
		*out = wider_interval(a, b);
	else if (ty_nested(a) && a.kind == b.kind)
		return wider_nested(m, a, b, text, out);
	else if (text && (a.kind == TYPE_STRING || b.kind == TYPE_STRING) &&
		!ty_nested(a) && !ty_nested(b) && a.kind != TYPE_BINARY &&
		b.kind != TYPE_BINARY && a.kind != TYPE_BOOLEAN &&
		b.kind != TYPE_BOOLEAN)
		*out = ty(TYPE_STRING);
	else
		return false;
	return true;
}

bool
sql_types_wider(struct arena *m, struct ty a, struct ty b, struct ty *out)
{
	return wider(m, a, b, true, out);
}

bool
sql_types_tightest(struct arena *m, struct ty a, struct ty b, struct ty *out)
{
	return wider(m, a, b, false, out);
}

/* A string beside t is read as this. */
static bool
compare_with_text(struct ty t, struct ty *out)
{
	if (ty_nested(t) || ty_interval(t))
		return false;
	*out = t.kind == TYPE_DECIMAL ? ty(TYPE_DOUBLE)
		: t.kind == TYPE_NULL ? ty(TYPE_STRING)
				      : t;
	return true;
}

/* Arrays and the like are compared as they are: of one type, but that numbers
 * may differ.  What is not known is taken to fit. */
static bool
compare_nested(struct ty a, struct ty b)
{
	struct ty t;

	if (a.kind == TYPE_NULL || b.kind == TYPE_NULL)
		return true;
	if (!ty_nested(a) || a.kind != b.kind)
		return a.kind == b.kind || a.kind == TYPE_UNKNOWN ||
			b.kind == TYPE_UNKNOWN ||
			(!ty_nested(a) && !ty_nested(b) &&
				a.kind != TYPE_STRING &&
				b.kind != TYPE_STRING &&
				sql_types_compare(a, b, &t));
	if (a.t == NULL || b.t == NULL)
		return true;
	if (a.kind != TYPE_STRUCT)
		return compare_nested(ty_elem(a), ty_elem(b)) &&
			(a.kind == TYPE_ARRAY ||
				compare_nested(ty_key(a), ty_key(b)));
	if (a.t->fields->n != b.t->fields->n)
		return false;
	for (size_t i = 0; i < a.t->fields->n; i++)
		if (!compare_nested(ty_from(a.t->fields->f[i].type),
			    ty_from(b.t->fields->f[i].type)))
			return false;
	return true;
}

bool
sql_types_compare(struct ty a, struct ty b, struct ty *out)
{
	*out = a;
	if (a.kind == TYPE_CALENDAR || b.kind == TYPE_CALENDAR)
		return false; /* is a month longer than 30 days? */
	if (ty_nested(a) && ty_nested(b))
		return compare_nested(a, b);
	if (a.kind == TYPE_UNKNOWN || b.kind == TYPE_UNKNOWN) {
		*out = ty(TYPE_UNKNOWN);
		return true;
	}
	if (a.kind == TYPE_STRING && b.kind != TYPE_STRING)
		return compare_with_text(b, out);
	if (b.kind == TYPE_STRING && a.kind != TYPE_STRING)
		return compare_with_text(a, out);
	if (ty_numeric(a) && ty_numeric(b)) {
		*out = wider_number(a, b);
		return true;
	}
	if (a.kind == TYPE_NULL) {
		*out = b;
		return true;
	}
	if (b.kind == TYPE_NULL || (a.kind == b.kind && !ty_time(a)))
		return true;
	if (ty_time(a) && ty_time(b)) {
		*out = a.kind == b.kind ? a : ty(TYPE_TIMESTAMP);
		return true;
	}
	if ((a.kind == TYPE_BOOLEAN && ty_numeric(b)) ||
		(b.kind == TYPE_BOOLEAN && ty_numeric(a))) {
		*out = a.kind == TYPE_BOOLEAN ? b : a;
		return true;
	}
	return false;
}

int
sql_types_mismatch(struct sql_rule *r, const char *what)
{
	struct buf b;

	buf_init(&b);
	for (int i = 0; i < r->n; i++) {
		buf_str(&b, i == 0 ? "" : i == r->n - 1 ? " and " : ", ");
		if (r->arg[i].kind == TYPE_UNKNOWN)
			buf_str(&b, "something");
		else
			ty_print(r->arg[i], &b);
	}
	err_as(r->err, STATUS_USAGE, "'%s' %s, not %s", r->node->fn->name, what,
		buf_cstr(&b));
	buf_release(&b);
	return -1;
}

int
sql_types_text(struct sql_rule *r)
{
	if (r->arg[0].kind > TYPE_NULL && r->arg[0].kind != TYPE_STRING)
		return sql_types_mismatch(r, "takes a string");
	r->arg[0] = r->result = ty(TYPE_STRING);
	return 0;
}

/* The argument behind i of those that are brought together. */
static int
common_next(const struct sql_rule *r, int first, int step, int i)
{
	/* An else stands where a condition would. */
	if (step == 2 && first == 1 && i == r->n - 2)
		return r->n - 1;
	return i + step;
}

static bool
holds_text(struct ty t)
{
	while (t.kind == TYPE_ARRAY)
		t = ty_elem(t);
	return t.kind == TYPE_STRING;
}

int
sql_types_common(
	struct sql_rule *r, int first, int step, bool text, struct ty *common)
{
	assert(step > 0);
	assert(first >= 0);
	*common = ty(TYPE_NULL);
	/* Strings first: with one of them a date and a number are text. */
	for (int k = 0; k < 2; k++)
		for (int i = first; i < r->n;
			i = common_next(r, first, step, i))
			if (r->arg[i].kind == TYPE_UNKNOWN)
				r->open = true;
			else if (holds_text(r->arg[i]) == (k == 0) &&
				!(text ? sql_types_wider : sql_types_tightest)(
					r->arena, *common, r->arg[i], common))
				return sql_types_mismatch(r, "wants one type");
	for (int i = first; !r->open && i < r->n;
		i = common_next(r, first, step, i))
		r->arg[i] = *common;
	return 0;
}
