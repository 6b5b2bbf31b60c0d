/*
 * jq_order: jq's order of all values.  Integers are compared with doubles as the
 * numbers that they are; texts that are times compare as times, as everywhere
 * else in bief.
 */
#include <math.h>
#include <string.h>

#include "value/json.h"
#include "expr/jq/jq_impl.h"

/* An integer against a double that is not NaN, exactly. */
static int
jq_order_int_double(int64_t i, double d)
{
	int64_t whole;

	if (d >= 0x1p63)
		return -1;
	if (d < -0x1p63)
		return 1;
	whole = (int64_t)d;
	if (i != whole)
		return i < whole ? -1 : 1;
	d -= (double)whole;
	return d > 0 ? -1 : d < 0;
}

static int
jq_order_numbers(const struct value *a, const struct value *b)
{
	struct jq_value_number x = jq_value_number(a), y = jq_value_number(b);

	if (x.exact && y.exact)
		return x.i < y.i ? -1 : x.i > y.i;
	/* To jq NaN is less than any number, itself too. */
	if (!x.exact && isnan(x.d))
		return -1;
	if (!y.exact && isnan(y.d))
		return 1;
	if (x.exact)
		return jq_order_int_double(x.i, y.d);
	if (y.exact)
		return -jq_order_int_double(y.i, x.d);
	return x.d < y.d ? -1 : x.d > y.d;
}

/* False for most strings that are no time of the stream's form. */
static bool
jq_order_maybe_time(const struct value *v)
{
	return v->type == VALUE_TIME ||
		(v->type == VALUE_STRING && v->n >= 20 && v->n <= 32 &&
			v->s[v->n - 1] == 'Z');
}

static int
jq_order_strings(
	struct jq_run *run, const struct value *a, const struct value *b)
{
	const char *s, *t;
	int64_t x, y;
	size_t n, m;
	int c;

	if (jq_order_maybe_time(a) && jq_order_maybe_time(b) &&
		value_get_time(a, &x) == 0 && value_get_time(b, &y) == 0)
		return x < y ? -1 : x > y;
	s = jq_value_string(run, a, &n);
	t = jq_value_string(run, b, &m);
	c = memcmp(s, t, n < m ? n : m);
	return c != 0 ? c : n < m ? -1 : n > m;
}

static int
jq_order_arrays(
	struct jq_run *run, const struct value *a, const struct value *b)
{
	struct json_iter i, j;
	struct value key, x, y;
	bool more, more_b;
	int c;

	json_iter(&i, a);
	json_iter(&j, b);
	for (;;) {
		more = json_next(&i, &key, &x);
		more_b = json_next(&j, &key, &y);
		if (!more || !more_b)
			return more - more_b;
		c = jq_order(run, &x, &y);
		if (c != 0)
			return c;
	}
}

/* First their sorted keys, as arrays, then the values in that order. */
static int
jq_order_objects(
	struct jq_run *run, const struct value *a, const struct value *b)
{
	struct jq_member *x, *y;
	size_t n, m, i;
	int c;

	x = jq_member_list(run, a, &n);
	y = jq_member_list(run, b, &m);
	jq_member_sort(x, n);
	jq_member_sort(y, m);
	for (i = 0; i < n && i < m; i++) {
		c = jq_member_compare(&x[i], &y[i]);
		if (c != 0)
			return c;
	}
	if (n != m)
		return n < m ? -1 : 1;
	for (i = 0; i < n; i++) {
		c = jq_order(run, &x[i].v, &y[i].v);
		if (c != 0)
			return c;
	}
	return 0;
}

int
jq_order(struct jq_run *run, const struct value *a, const struct value *b)
{
	enum jq_type s = jq_type(a), t = jq_type(b);

	if (s != t)
		return s < t ? -1 : 1;
	switch (s) {
	case JQ_NUMBER:
		return jq_order_numbers(a, b);
	case JQ_STRING:
		return jq_order_strings(run, a, b);
	case JQ_LIST:
		return jq_order_arrays(run, a, b);
	case JQ_DICT:
		return jq_order_objects(run, a, b);
	default:
		return 0;
	}
}

bool
jq_order_equal(struct jq_run *run, const struct value *a, const struct value *b)
{
	if (a->type == VALUE_STRING && b->type == VALUE_STRING &&
		!((a->flags | b->flags) & VALUE_ESCAPED)) {
		if (a->n == b->n && memcmp(a->s, b->s, a->n) == 0)
			return true;
		if (!jq_order_maybe_time(a) || !jq_order_maybe_time(b))
			return false;
	}
	return jq_order(run, a, b) == 0;
}
