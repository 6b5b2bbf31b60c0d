/*
 * jq_binary: the operators that compute.  Numbers stay integers while the result
 * is exact, else they are doubles as jq's are.
 */
#include <string.h>

#include "value/json.h"
#include "expr/jq/jq_impl.h"

#define TEXT_MAX (64 << 20) /* bytes that a repeated string may have */

static bool
jq_binary_compares(enum jq_op op, int c)
{
	switch (op) {
	case JQ_EQ:
		return c == 0;
	case JQ_NE:
		return c != 0;
	case JQ_LT:
		return c < 0;
	case JQ_LE:
		return c <= 0;
	case JQ_GT:
		return c > 0;
	default:
		return c >= 0;
	}
}

/* As the machine converts: what does not fit is the least integer. */
static int64_t
jq_binary_integer(const struct jq_value_number *x)
{
	if (x->exact)
		return x->i;
	return x->d >= -0x1p63 && x->d < 0x1p63 ? (int64_t)x->d : INT64_MIN;
}

static struct value
jq_binary_minus_zero(void)
{
	return (struct value){.s = "-0", .n = 2, .type = VALUE_NUMBER};
}

/* a op b for two integers; false if the result is none. */
static bool
jq_binary_compute_exact(enum jq_op op, int64_t a, int64_t b, struct value *out)
{
	int64_t x;

	switch (op) {
	case JQ_ADD:
		if (__builtin_add_overflow(a, b, &x))
			return false;
		break;
	case JQ_SUB:
		if (__builtin_sub_overflow(a, b, &x))
			return false;
		break;
	case JQ_MUL:
		if (__builtin_mul_overflow(a, b, &x))
			return false;
		break;
	default:
		if (b == -1 || a % b != 0)
			return b == -1 && a != INT64_MIN &&
				jq_binary_compute_exact(JQ_MUL, a, -1, out);
		x = a / b;
		break;
	}
	*out = value_int(x);
	if (x == 0 && op >= JQ_MUL && (a < 0 || b < 0))
		*out = jq_binary_minus_zero();
	return true;
}

static int
jq_binary_compute(struct jq_run *run, enum jq_op op, const struct value *a,
	const struct value *b, struct value *out)
{
	struct jq_value_number x = jq_value_number(a), y = jq_value_number(b);
	double d, e;
	int64_t i, j;

	if (op == JQ_MOD) {
		i = jq_binary_integer(&x);
		j = jq_binary_integer(&y);
		if (j == 0)
			return jq_refuse_two(run, a, b,
				"cannot be divided (remainder) because the "
				"divisor is zero");
		*out = value_int(j == -1 ? 0 : i % j);
		return 0;
	}
	if (op == JQ_DIV && (y.exact ? y.i == 0 : y.d == 0))
		return jq_refuse_two(run, a, b,
			"cannot be divided because the divisor is zero");
	if (x.exact && y.exact && jq_binary_compute_exact(op, x.i, y.i, out))
		return 0;
	d = x.exact ? (double)x.i : x.d;
	e = y.exact ? (double)y.i : y.d;
	switch (op) {
	case JQ_ADD:
		d += e;
		break;
	case JQ_SUB:
		d -= e;
		break;
	case JQ_MUL:
		d *= e;
		break;
	default:
		d /= e;
		break;
	}
	*out = value_double(d);
	return 0;
}

void
jq_binary_join(struct jq_run *run, const struct value *a, const struct value *b,
	struct value *out)
{
	struct value x = *a, y = *b;
	const char *s;
	size_t n;
	char *p;

	/* Text as between quotes joins as plain text does. */
	if (x.type != VALUE_STRING) {
		s = jq_value_string(run, a, &n);
		x = value_json_string(s, n, false);
	}
	if (y.type != VALUE_STRING) {
		s = jq_value_string(run, b, &n);
		y = value_json_string(s, n, false);
	}
	n = (size_t)x.n + y.n;
	p = jq_run_alloc(run, n);
	memcpy(p, x.s, x.n);
	memcpy(p + x.n, y.s, y.n);
	*out = value_json_string(
		p, n, ((x.flags | y.flags) & VALUE_ESCAPED) != 0);
}

static void
jq_binary_add_arrays(struct jq_run *run, const struct value *a,
	const struct value *b, struct value *out)
{
	struct buf *text = jq_run_take(run);

	buf_byte(text, '[');
	jq_access_each(run, a, false, jq_put_append, text);
	jq_access_each(run, b, false, jq_put_append, text);
	*out = jq_value_finish(run, ']');
}

/* The members of both; what is in both is b's, at a's place. */
static void
jq_binary_add_objects(struct jq_run *run, const struct value *a,
	const struct value *b, struct value *out)
{
	struct jq_member *x, *y, *m;
	size_t n, k, i, j, len;

	x = jq_member_list(run, a, &n);
	y = jq_member_list(run, b, &k);
	m = jq_run_alloc(run, (n + k) * sizeof(*m));
	if (n > 0)
		memcpy(m, x, n * sizeof(*m));
	len = n;
	for (i = 0; i < k; i++) {
		for (j = 0; j < n; j++)
			if (m[j].n == y[i].n &&
				memcmp(m[j].s, y[i].s, y[i].n) == 0)
				break;
		if (j < n)
			m[j].v = y[i].v;
		else
			m[len++] = y[i];
	}
	jq_member_object(run, m, len, out);
}

static int
jq_binary_add(struct jq_run *run, const struct value *a, const struct value *b,
	struct value *out)
{
	enum jq_type t = jq_type(a);

	if (t == JQ_NULL || b->type == VALUE_NULL) {
		*out = t == JQ_NULL ? *b : *a;
		return 0;
	}
	if (t != jq_type(b))
		return jq_refuse_two(run, a, b, "cannot be added");
	switch (t) {
	case JQ_NUMBER:
		return jq_binary_compute(run, JQ_ADD, a, b, out);
	case JQ_STRING:
		jq_binary_join(run, a, b, out);
		return 0;
	case JQ_LIST:
		jq_binary_add_arrays(run, a, b, out);
		return 0;
	case JQ_DICT:
		jq_binary_add_objects(run, a, b, out);
		return 0;
	default:
		return jq_refuse_two(run, a, b, "cannot be added");
	}
}

static bool
jq_binary_has(
	struct jq_run *run, const struct value *array, const struct value *v)
{
	struct json_iter it;
	struct value key, x;

	json_iter(&it, array);
	while (json_next(&it, &key, &x))
		if (jq_order_equal(run, &x, v))
			return true;
	return false;
}

static int
jq_binary_subtract(struct jq_run *run, const struct value *a,
	const struct value *b, struct value *out)
{
	struct json_iter it;
	struct value key, v;
	struct buf *text;

	if (jq_type(a) == JQ_NUMBER && jq_type(b) == JQ_NUMBER)
		return jq_binary_compute(run, JQ_SUB, a, b, out);
	if (jq_type(a) != JQ_LIST || jq_type(b) != JQ_LIST)
		return jq_refuse_two(run, a, b, "cannot be subtracted");
	text = jq_run_take(run);
	buf_byte(text, '[');
	json_iter(&it, a);
	while (json_next(&it, &key, &v))
		if (!jq_binary_has(run, b, &v))
			jq_put_append(run, text, &v);
	*out = jq_value_finish(run, ']');
	return 0;
}

static int
jq_binary_repeat(struct jq_run *run, const struct value *s, double times,
	struct value *out)
{
	size_t n, i, len;
	const char *p;
	char *to;

	*out = value_null();
	if (!(times > 0))
		return 0;
	n = times - 1 < TEXT_MAX ? (size_t)(times - 1) + 1 : TEXT_MAX;
	p = jq_value_string(run, s, &len);
	if (len == 0)
		n = 1;
	if (len * n >= TEXT_MAX)
		return err_set(run->err, "Repeat string result too long");
	to = jq_run_alloc(run, len * n);
	for (i = 0; i < n; i++)
		memcpy(to + i * len, p, len);
	*out = jq_value_substring(run, s, to, len * n);
	return 0;
}

static int
jq_binary_multiply(struct jq_run *run, const struct value *a,
	const struct value *b, struct value *out)
{
	enum jq_type t = jq_type(a), u = jq_type(b);

	if (t == JQ_NUMBER && u == JQ_NUMBER)
		return jq_binary_compute(run, JQ_MUL, a, b, out);
	if (t == JQ_STRING && u == JQ_NUMBER)
		return jq_binary_repeat(run, a, jq_value_double(b), out);
	if (t == JQ_NUMBER && u == JQ_STRING)
		return jq_binary_repeat(run, b, jq_value_double(a), out);
	if (t == JQ_DICT && u == JQ_DICT)
		return JQ_ASK;
	return jq_refuse_two(run, a, b, "cannot be multiplied");
}

int
jq_binary(struct jq_run *run, enum jq_op op, const struct value *a,
	const struct value *b, struct value *out)
{
	switch (op) {
	case JQ_ADD:
		return jq_binary_add(run, a, b, out);
	case JQ_SUB:
		return jq_binary_subtract(run, a, b, out);
	case JQ_MUL:
		return jq_binary_multiply(run, a, b, out);
	case JQ_DIV:
	case JQ_MOD:
		if (jq_type(a) == JQ_NUMBER && jq_type(b) == JQ_NUMBER)
			return jq_binary_compute(run, op, a, b, out);
		if (op == JQ_DIV && jq_type(a) == JQ_STRING &&
			jq_type(b) == JQ_STRING)
			return jq_put_split(run, a, b, out);
		return jq_refuse_two(run, a, b,
			op == JQ_DIV ? "cannot be divided"
				     : "cannot be divided (remainder)");
	case JQ_EQ:
	case JQ_NE:
		*out = value_bool(jq_order_equal(run, a, b) == (op == JQ_EQ));
		return 0;
	default:
		*out = value_bool(jq_binary_compares(op, jq_order(run, a, b)));
		return 0;
	}
}

int
jq_binary_negate(struct jq_run *run, const struct value *a, struct value *out)
{
	struct jq_value_number x;

	if (jq_type(a) != JQ_NUMBER)
		return jq_refuse(run, "", a, " cannot be negated");
	x = jq_value_number(a);
	if (!x.exact || x.i == INT64_MIN)
		*out = value_double(x.exact ? 0x1p63 : -x.d);
	else
		*out = x.i == 0 ? jq_binary_minus_zero() : value_int(-x.i);
	return 0;
}
