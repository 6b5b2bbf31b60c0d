/*
 * jq_eval: the tree walked for one record.
 *
 * An expression of jq has any number of results.  Most nodes have one exactly
 * (single): jq_eval_one() gives it.  For the others jq_eval_each() hands each result to a
 * function, which goes on with the rest of the program.  Where several parts of
 * a node have several results, the order is jq's: the right side of an operator
 * is the outer loop.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "expr/jq/jq_impl.h"
#include "value/json.h"
#include "text/number.h"

#define TEXT_MAX (64 << 20) /* bytes that a repeated string may have */

/* ---- values into text ---- */

/* ---- fields of the record ---- */

static void
get_record_field(struct jq_run *run, struct jq_node *n, struct value *out)
{
	const struct record *r = run->r;

	if (n->shape != r->shape->id) {
		n->shape = r->shape->id;
		n->index = jq_value_place(run, r->shape, n->name, n->nname);
	}
	if (n->index < 0)
		*out = value_null();
	else if (r->v[n->index].type == VALUE_DOUBLE ||
		r->v[n->index].type == VALUE_REAL)
		*out = jq_value_load(&r->v[n->index]);
	else
		*out = r->v[n->index];
}

#define INDEX_SHOWN 30 /* a longer name jq does not show */

static int
refuse_index(
	struct jq_run *run, const struct value *of, const char *name, size_t n)
{
	if (n >= INDEX_SHOWN)
		return err_set(run->err, "Cannot index %s with string",
			jq_value_type_name(of));
	return err_set(run->err, "Cannot index %s with string \"%.*s\"",
		jq_value_type_name(of), (int)n, name);
}

static int
get_field(struct jq_run *run, struct jq_node *n, const struct value *of,
	struct value *out)
{
	if (jq_is_record(of)) {
		get_record_field(run, n, out);
		return 0;
	}
	if (of->type == VALUE_OBJECT) {
		if (!json_get(of, n->name, n->nname, out))
			*out = value_null();
		return 0;
	}
	*out = value_null();
	if (of->type == VALUE_NULL)
		return 0;
	return refuse_index(run, of, n->name, n->nname);
}

/* ---- elements ---- */

int
jq_eval_each_element(struct jq_run *run, const struct value *of, bool opt,
	jq_emit *emit, void *arg)
{
	struct jq_member *m;
	struct json_iter it;
	struct value key, v;
	size_t i, n;
	int rc = 0;

	if (jq_type(of) == JQ_LIST) {
		json_iter(&it, of);
		while (rc == 0 && json_next(&it, &key, &v))
			rc = emit(run, arg, &v);
		return rc;
	}
	if (jq_type(of) == JQ_DICT) {
		m = jq_value_members(run, of, &n);
		for (i = 0; rc == 0 && i < n; i++)
			rc = emit(run, arg, &m[i].v);
		return rc;
	}
	return opt ? 0 : jq_run_refuse(run, "Cannot iterate over ", of, "");
}

static size_t
count_elements(const struct value *array)
{
	struct json_iter it;
	struct value key, v;
	size_t n = 0;

	json_iter(&it, array);
	while (json_next(&it, &key, &v))
		n++;
	return n;
}

static void
get_element(
	const struct value *array, const struct value *at, struct value *out)
{
	double place = jq_value_double(at);
	struct json_iter it;
	struct value key;

	*out = value_null();
	if (!(place == trunc(place)))
		return;
	if (place < 0)
		place += (double)count_elements(array);
	if (place < 0)
		return;
	json_iter(&it, array);
	while (json_next(&it, &key, out))
		if (place-- == 0)
			return;
	*out = value_null();
}

static int
index_value(struct jq_run *run, const struct value *of, const struct value *at,
	struct value *out)
{
	enum jq_type t = jq_type(of), k = jq_type(at);
	struct value whole = *of;
	const char *s;
	size_t n;

	if (t == JQ_DICT && k == JQ_STRING) {
		jq_value_text(run, &whole);
		s = jq_value_string(run, at, &n);
		if (!json_get(&whole, s, n, out))
			*out = value_null();
		return 0;
	}
	if (t == JQ_LIST && k == JQ_NUMBER) {
		get_element(of, at, out);
		return 0;
	}
	if (k == JQ_DICT || (t == JQ_LIST && k == JQ_LIST))
		return JQ_ASK;
	*out = value_null();
	if (t == JQ_NULL && (k == JQ_STRING || k == JQ_NUMBER))
		return 0;
	if (k != JQ_STRING)
		return err_set(run->err, "Cannot index %s with %s",
			jq_value_type_name(of), jq_value_type_name(at));
	s = jq_value_string(run, at, &n);
	return refuse_index(run, of, s, n);
}

/* jq's rounding of the ends: the start down, the end up. */
static int
slice_bounds(const struct value *from, const struct value *to, size_t len,
	size_t *start, size_t *end)
{
	double n = (double)len, a = 0, b = n, up;

	if (from->type != VALUE_NULL) {
		if (jq_type(from) != JQ_NUMBER)
			return -1;
		a = jq_value_double(from);
	}
	if (to->type != VALUE_NULL) {
		if (jq_type(to) != JQ_NUMBER)
			return -1;
		b = jq_value_double(to);
	}
	if (isnan(a) || isnan(b))
		return JQ_ASK;
	if (a < 0)
		a += n;
	if (b < 0)
		b += n;
	a = a < 0 ? 0 : a > n ? n : a;
	up = b > n ? n : b < 0 ? 0 : ceil(b);
	*start = (size_t)a;
	*end = up < floor(a) ? *start : (size_t)up;
	return 0;
}

static void
slice_array(struct jq_run *run, const struct value *array, size_t start,
	size_t end, struct value *out)
{
	struct buf *text = jq_value_take(run);
	struct json_iter it;
	struct value key, v;
	size_t i;

	buf_byte(text, '[');
	json_iter(&it, array);
	for (i = 0; i < end && json_next(&it, &key, &v); i++)
		if (i >= start)
			jq_put_append(run, text, &v);
	*out = jq_run_finish(run, ']');
}

static size_t
count_characters(const char *s, size_t n)
{
	size_t i, count = 0;

	for (i = 0; i < n; i++)
		count += ((unsigned char)s[i] & 0xC0) != 0x80;
	return count;
}

static const char *
skip_characters(const char *p, const char *end, size_t n)
{
	for (; n > 0 && p < end; n--)
		for (p++; p < end && ((unsigned char)*p & 0xC0) == 0x80;)
			p++;
	return p;
}

static int
slice_value(struct jq_run *run, const struct value *of,
	const struct value *from, const struct value *to, struct value *out)
{
	size_t start, end, len;
	const char *s, *p, *q;
	int rc;

	switch (jq_type(of)) {
	case JQ_NULL:
		*out = value_null();
		return 0;
	case JQ_LIST:
		rc = slice_bounds(from, to, count_elements(of), &start, &end);
		if (rc == 0)
			slice_array(run, of, start, end, out);
		break;
	case JQ_STRING:
		s = jq_value_string(run, of, &len);
		rc = slice_bounds(
			from, to, count_characters(s, len), &start, &end);
		if (rc != 0)
			break;
		p = skip_characters(s, s + len, start);
		q = skip_characters(p, s + len, end - start);
		*out = jq_value_substring(run, of, p, (size_t)(q - p));
		break;
	default:
		return err_set(run->err, "Cannot index %s with object",
			jq_value_type_name(of));
	}
	if (rc == -1)
		return err_set(run->err,
			"Start and end indices of an %s slice must be numbers",
			jq_value_type_name(of));
	return rc;
}

/* ---- operators ---- */

static bool
compares(enum jq_op op, int c)
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
to_integer(const struct jq_value_number *x)
{
	if (x->exact)
		return x->i;
	return x->d >= -0x1p63 && x->d < 0x1p63 ? (int64_t)x->d : INT64_MIN;
}

static struct value
minus_zero(void)
{
	return (struct value){.s = "-0", .n = 2, .type = VALUE_NUMBER};
}

/* a op b for two integers; false if the result is none. */
static bool
compute_exact(enum jq_op op, int64_t a, int64_t b, struct value *out)
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
				compute_exact(JQ_MUL, a, -1, out);
		x = a / b;
		break;
	}
	*out = value_int(x);
	if (x == 0 && op >= JQ_MUL && (a < 0 || b < 0))
		*out = minus_zero();
	return true;
}

static int
compute(struct jq_run *run, enum jq_op op, const struct value *a,
	const struct value *b, struct value *out)
{
	struct jq_value_number x = jq_value_number(a), y = jq_value_number(b);
	double d, e;
	int64_t i, j;

	if (op == JQ_MOD) {
		i = to_integer(&x);
		j = to_integer(&y);
		if (j == 0)
			return jq_run_refuse2(run, a, b,
				"cannot be divided (remainder) because the "
				"divisor is zero");
		*out = value_int(j == -1 ? 0 : i % j);
		return 0;
	}
	if (op == JQ_DIV && (y.exact ? y.i == 0 : y.d == 0))
		return jq_run_refuse2(run, a, b,
			"cannot be divided because the divisor is zero");
	if (x.exact && y.exact && compute_exact(op, x.i, y.i, out))
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

static void
add_strings(struct jq_run *run, const struct value *a, const struct value *b,
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
	p = jq_value_alloc(run, n);
	memcpy(p, x.s, x.n);
	memcpy(p + x.n, y.s, y.n);
	*out = value_json_string(
		p, n, ((x.flags | y.flags) & VALUE_ESCAPED) != 0);
}

static void
add_arrays(struct jq_run *run, const struct value *a, const struct value *b,
	struct value *out)
{
	struct buf *text = jq_value_take(run);

	buf_byte(text, '[');
	jq_eval_each_element(run, a, false, jq_put_append, text);
	jq_eval_each_element(run, b, false, jq_put_append, text);
	*out = jq_run_finish(run, ']');
}

static void
join_members(struct jq_run *run, const struct jq_member *m, size_t n,
	struct value *out)
{
	struct buf *text = jq_value_take(run);
	size_t i;

	buf_byte(text, '{');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_byte(text, ',');
		value_print(&m[i].key, text);
		buf_byte(text, ':');
		value_print(&m[i].v, text);
	}
	*out = jq_run_finish(run, '}');
}

/* The members of both; what is in both is b's, at a's place. */
static void
add_objects(struct jq_run *run, const struct value *a, const struct value *b,
	struct value *out)
{
	struct jq_member *x, *y, *m;
	size_t n, k, i, j, len;

	x = jq_value_members(run, a, &n);
	y = jq_value_members(run, b, &k);
	m = jq_value_alloc(run, (n + k) * sizeof(*m));
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
	join_members(run, m, len, out);
}

static int
add(struct jq_run *run, const struct value *a, const struct value *b,
	struct value *out)
{
	enum jq_type t = jq_type(a);

	if (t == JQ_NULL || b->type == VALUE_NULL) {
		*out = t == JQ_NULL ? *b : *a;
		return 0;
	}
	if (t != jq_type(b))
		return jq_run_refuse2(run, a, b, "cannot be added");
	switch (t) {
	case JQ_NUMBER:
		return compute(run, JQ_ADD, a, b, out);
	case JQ_STRING:
		add_strings(run, a, b, out);
		return 0;
	case JQ_LIST:
		add_arrays(run, a, b, out);
		return 0;
	case JQ_DICT:
		add_objects(run, a, b, out);
		return 0;
	default:
		return jq_run_refuse2(run, a, b, "cannot be added");
	}
}

static bool
has_element(
	struct jq_run *run, const struct value *array, const struct value *v)
{
	struct json_iter it;
	struct value key, x;

	json_iter(&it, array);
	while (json_next(&it, &key, &x))
		if (jq_value_equal(run, &x, v))
			return true;
	return false;
}

static int
subtract(struct jq_run *run, const struct value *a, const struct value *b,
	struct value *out)
{
	struct json_iter it;
	struct value key, v;
	struct buf *text;

	if (jq_type(a) == JQ_NUMBER && jq_type(b) == JQ_NUMBER)
		return compute(run, JQ_SUB, a, b, out);
	if (jq_type(a) != JQ_LIST || jq_type(b) != JQ_LIST)
		return jq_run_refuse2(run, a, b, "cannot be subtracted");
	text = jq_value_take(run);
	buf_byte(text, '[');
	json_iter(&it, a);
	while (json_next(&it, &key, &v))
		if (!has_element(run, b, &v))
			jq_put_append(run, text, &v);
	*out = jq_run_finish(run, ']');
	return 0;
}

static int
repeat(struct jq_run *run, const struct value *s, double times,
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
	to = jq_value_alloc(run, len * n);
	for (i = 0; i < n; i++)
		memcpy(to + i * len, p, len);
	*out = jq_value_substring(run, s, to, len * n);
	return 0;
}

static int
multiply(struct jq_run *run, const struct value *a, const struct value *b,
	struct value *out)
{
	enum jq_type t = jq_type(a), u = jq_type(b);

	if (t == JQ_NUMBER && u == JQ_NUMBER)
		return compute(run, JQ_MUL, a, b, out);
	if (t == JQ_STRING && u == JQ_NUMBER)
		return repeat(run, a, jq_value_double(b), out);
	if (t == JQ_NUMBER && u == JQ_STRING)
		return repeat(run, b, jq_value_double(a), out);
	if (t == JQ_DICT && u == JQ_DICT)
		return JQ_ASK;
	return jq_run_refuse2(run, a, b, "cannot be multiplied");
}

int
jq_eval_binary(struct jq_run *run, enum jq_op op, const struct value *a,
	const struct value *b, struct value *out)
{
	switch (op) {
	case JQ_ADD:
		return add(run, a, b, out);
	case JQ_SUB:
		return subtract(run, a, b, out);
	case JQ_MUL:
		return multiply(run, a, b, out);
	case JQ_DIV:
	case JQ_MOD:
		if (jq_type(a) == JQ_NUMBER && jq_type(b) == JQ_NUMBER)
			return compute(run, op, a, b, out);
		if (op == JQ_DIV && jq_type(a) == JQ_STRING &&
			jq_type(b) == JQ_STRING)
			return jq_put_split(run, a, b, out);
		return jq_run_refuse2(run, a, b,
			op == JQ_DIV ? "cannot be divided"
				     : "cannot be divided (remainder)");
	case JQ_EQ:
	case JQ_NE:
		*out = value_bool(jq_value_equal(run, a, b) == (op == JQ_EQ));
		return 0;
	default:
		*out = value_bool(compares(op, jq_value_compare(run, a, b)));
		return 0;
	}
}

static int
negate(struct jq_run *run, const struct value *a, struct value *out)
{
	struct jq_value_number x;

	if (jq_type(a) != JQ_NUMBER)
		return jq_run_refuse(run, "", a, " cannot be negated");
	x = jq_value_number(a);
	if (!x.exact || x.i == INT64_MIN)
		*out = value_double(x.exact ? 0x1p63 : -x.d);
	else
		*out = x.i == 0 ? minus_zero() : value_int(-x.i);
	return 0;
}

/* ---- making strings, arrays, objects ---- */

/* The parts of a string joined; those in odd places are anything. */
static int
join_parts(
	struct jq_run *run, struct value *parts, uint32_t n, struct value *out)
{
	struct value v = value_json_string("", 0, false);
	uint32_t i;

	for (i = 0; i < n; i++) {
		if (jq_type(&parts[i]) != JQ_STRING)
			parts[i] = jq_value_tostring(run, &parts[i]);
		add_strings(run, &v, &parts[i], &v);
	}
	*out = v;
	return 0;
}

/* jq looks at a key when it has its value, before the members that follow. */
static int
check_key(struct jq_run *run, const struct value *parts, uint32_t i)
{
	const struct value *key = &parts[i & ~1u];

	if (i % 2 == 0 || jq_type(key) == JQ_STRING)
		return 0;
	return jq_run_refuse(run, "Cannot use ", key, " as object key");
}

static int
make_object(struct jq_run *run, const struct jq_node *n, struct value *parts,
	struct value *out)
{
	struct jq_member *m;
	uint32_t i;
	size_t k;

	for (i = 0; i < n->nargs; i += 2) {
		if (!jq_put_settle(run, &parts[i + 1]))
			return JQ_ASK;
	}
	k = n->nargs / 2;
	m = jq_value_alloc(run, k * sizeof(*m));
	for (i = 0; i < k; i++) {
		m[i].key = parts[2 * i];
		m[i].v = parts[2 * i + 1];
		if (!n->distinct)
			m[i].s = jq_value_string(run, &m[i].key, &m[i].n);
	}
	if (!n->distinct)
		k = jq_value_members_unique(run, m, k);
	join_members(run, m, k, out);
	return 0;
}

static int
make_array(struct jq_run *run, struct jq_node *n, const struct value *in,
	struct value *out)
{
	struct buf *text = jq_value_take(run);
	int rc = 0;

	buf_byte(text, '[');
	if (n->a != NULL)
		rc = jq_eval_each(run, n->a, in, jq_put_append, text);
	if (rc == 0)
		*out = jq_run_finish(run, ']');
	return rc;
}

/* ---- single nodes ---- */

#define PARTS 16 /* of an object or a string that need no memory */

static int
one_parts(struct jq_run *run, struct jq_node *n, const struct value *in,
	struct value *out)
{
	struct value few[PARTS], *parts = few;
	uint32_t i;
	int rc;

	if (n->nargs > PARTS)
		parts = jq_value_alloc(run, n->nargs * sizeof(*parts));
	if (n->kind == JQ_OBJECT) {
		for (i = 0; i < n->nargs; i++) {
			rc = jq_eval_one(run, n->args[i], in, &parts[i]);
			if (rc == 0)
				rc = check_key(run, parts, i);
			if (rc != 0)
				return rc;
		}
		return make_object(run, n, parts, out);
	}
	for (i = n->nargs; i-- > 0;) {
		rc = jq_eval_one(run, n->args[i], in, &parts[i]);
		if (rc != 0)
			return rc;
	}
	return join_parts(run, parts, n->nargs, out);
}

static int
keep_result(struct jq_run *run, void *arg, const struct value *v)
{
	*(struct value *)arg = *v;
	return 0;
}

static int
one_call(struct jq_run *run, struct jq_node *n, const struct value *in,
	struct value *out)
{
	struct value a[3];
	uint32_t i;
	int rc;

	if (n->func->each != NULL)
		return n->func->each(run, n, in, keep_result, out);
	for (i = n->nargs; i-- > 0;) {
		rc = jq_eval_one(run, n->args[i], in, &a[i]);
		if (rc != 0)
			return rc;
	}
	return n->func->one(run, n, in, a, out);
}

/* and, or: the right side is looked at when it decides. */
static int
one_logic(struct jq_run *run, struct jq_node *n, const struct value *in,
	struct value *out)
{
	struct value v;
	int rc = jq_eval_one(run, n->a, in, &v);

	if (rc != 0)
		return rc;
	if (jq_truth(&v) != (n->kind == JQ_AND)) {
		*out = value_bool(n->kind == JQ_OR);
		return 0;
	}
	rc = jq_eval_one(run, n->b, in, &v);
	*out = value_bool(rc == 0 && jq_truth(&v));
	return rc;
}

static int
one_slice(struct jq_run *run, struct jq_node *n, const struct value *in,
	struct value *out)
{
	struct value a, from = value_null(), to = value_null();
	int rc = 0;

	if (n->b != NULL)
		rc = jq_eval_one(run, n->b, in, &from);
	if (rc == 0 && n->c != NULL)
		rc = jq_eval_one(run, n->c, in, &to);
	if (rc == 0)
		rc = jq_eval_one(run, n->a, in, &a);
	return rc == 0 ? slice_value(run, &a, &from, &to, out) : rc;
}

/* The right side first, as jq does: which error is seen depends on it. */
static int
one_pair(struct jq_run *run, struct jq_node *n, const struct value *in,
	struct value *out)
{
	struct value a, b;
	int rc = jq_eval_one(run, n->b, in, &b);

	if (rc == 0)
		rc = jq_eval_one(run, n->a, in, &a);
	if (rc != 0)
		return rc;
	if (n->kind == JQ_INDEX)
		return index_value(run, &a, &b, out);
	return jq_eval_binary(run, (enum jq_op)n->op, &a, &b, out);
}

int
jq_eval_one(struct jq_run *run, struct jq_node *n, const struct value *in,
	struct value *out)
{
	struct value v;
	int rc;

	switch (n->kind) {
	case JQ_SELF:
		*out = *in;
		return 0;
	case JQ_LITERAL:
		*out = n->v;
		return 0;
	case JQ_FIELD:
		rc = jq_eval_one(run, n->a, in, &v);
		return rc == 0 ? get_field(run, n, &v, out) : rc;
	case JQ_SLICE:
		return one_slice(run, n, in, out);
	case JQ_PIPE:
		rc = jq_eval_one(run, n->a, in, &v);
		return rc == 0 ? jq_eval_one(run, n->b, &v, out) : rc;
	case JQ_NEGATE:
		rc = jq_eval_one(run, n->a, in, &v);
		return rc == 0 ? negate(run, &v, out) : rc;
	case JQ_AND:
	case JQ_OR:
		return one_logic(run, n, in, out);
	case JQ_DEFAULT:
		rc = jq_eval_one(run, n->a, in, out);
		return rc != 0 || jq_truth(out)
			? rc
			: jq_eval_one(run, n->b, in, out);
	case JQ_IF:
		rc = jq_eval_one(run, n->a, in, &v);
		if (rc != 0)
			return rc;
		return jq_eval_one(run, jq_truth(&v) ? n->b : n->c, in, out);
	case JQ_ARRAY:
		return make_array(run, n, in, out);
	case JQ_OBJECT:
	case JQ_FORMAT:
		return one_parts(run, n, in, out);
	case JQ_CALL:
		return one_call(run, n, in, out);
	default: /* JQ_INDEX, JQ_BINARY */
		return one_pair(run, n, in, out);
	}
}

/* ---- nodes of several results ---- */

/* What is left to do when a part of a node has a result. */
struct rest {
	struct jq_node *n;
	const struct value *in;
	jq_emit *emit;
	void *arg;
	struct value *parts; /* the results of the parts so far */
	uint32_t left;       /* parts to come */
	bool found;          /* //: a result that counts */
};

/* The parts of a node in the order of jq's loops, the outermost first. */
static struct jq_node *
part_of(const struct jq_node *n, uint32_t i)
{
	switch (n->kind) {
	case JQ_OBJECT:
		return n->args[i];
	case JQ_FORMAT:
		return n->args[n->nargs - 1 - i];
	case JQ_SLICE:
		return i == 0 ? n->b : i == 1 ? n->c : n->a;
	case JQ_FIELD:
	case JQ_EACH:
	case JQ_NEGATE:
		return n->a;
	default: /* JQ_INDEX, JQ_BINARY */
		return i == 0 ? n->b : n->a;
	}
}

static uint32_t
count_parts(const struct jq_node *n)
{
	switch (n->kind) {
	case JQ_OBJECT:
	case JQ_FORMAT:
		return n->nargs;
	case JQ_SLICE:
		return 3;
	case JQ_FIELD:
	case JQ_EACH:
	case JQ_NEGATE:
		return 1;
	default:
		return 2;
	}
}

/* The parts are put into their own order, and copied: they are changed, and the
 * next result needs them too. */
static int
finish_list(struct jq_run *run, const struct rest *k, struct value *out)
{
	const struct jq_node *n = k->n;
	struct value *copy = jq_value_alloc(run, n->nargs * sizeof(*copy));
	uint32_t i;

	if (n->kind == JQ_OBJECT) {
		memcpy(copy, k->parts, n->nargs * sizeof(*copy));
		return make_object(run, n, copy, out);
	}
	for (i = 0; i < n->nargs; i++)
		copy[i] = k->parts[n->nargs - 1 - i];
	return join_parts(run, copy, n->nargs, out);
}

/* All parts are there: the node's own work. */
static int
finish_parts(struct jq_run *run, struct rest *k)
{
	struct value *p = k->parts, out;
	struct jq_node *n = k->n;
	int rc;

	switch (n->kind) {
	case JQ_OBJECT:
	case JQ_FORMAT:
		rc = finish_list(run, k, &out);
		break;
	case JQ_SLICE:
		rc = slice_value(run, &p[2], &p[0], &p[1], &out);
		break;
	case JQ_FIELD:
		rc = get_field(run, n, &p[0], &out);
		break;
	case JQ_EACH:
		return jq_eval_each_element(
			run, &p[0], n->opt, k->emit, k->arg);
	case JQ_NEGATE:
		rc = negate(run, &p[0], &out);
		break;
	case JQ_INDEX:
		rc = index_value(run, &p[1], &p[0], &out);
		break;
	default:
		rc = jq_eval_binary(run, (enum jq_op)n->op, &p[1], &p[0], &out);
		break;
	}
	if (rc == -1 && n->opt)
		return 0;
	return rc == 0 ? k->emit(run, k->arg, &out) : rc;
}

static int each_part(struct jq_run *run, struct rest *k);

static int
part_done(struct jq_run *run, void *arg, const struct value *v)
{
	struct rest *k = arg, next = *k;
	uint32_t i = count_parts(k->n) - k->left;

	k->parts[i] = *v;
	if (k->n->kind == JQ_OBJECT && check_key(run, k->parts, i) < 0)
		return -1;
	next.left--;
	return each_part(run, &next);
}

static int
each_part(struct jq_run *run, struct rest *k)
{
	struct value none = value_null();
	struct jq_node *part;

	if (k->left == 0)
		return finish_parts(run, k);
	part = part_of(k->n, count_parts(k->n) - k->left);
	if (part == NULL) /* an end of a slice that is not given */
		return part_done(run, k, &none);
	return jq_eval_each(run, part, k->in, part_done, k);
}

static int
each_right(struct jq_run *run, void *arg, const struct value *v)
{
	struct rest *k = arg;

	return jq_eval_each(run, k->n->b, v, k->emit, k->arg);
}

static int
each_branch(struct jq_run *run, void *arg, const struct value *v)
{
	struct rest *k = arg;

	return jq_eval_each(
		run, jq_truth(v) ? k->n->b : k->n->c, k->in, k->emit, k->arg);
}

static int
each_default(struct jq_run *run, void *arg, const struct value *v)
{
	struct rest *k = arg;

	if (!jq_truth(v))
		return 0;
	k->found = true;
	return k->emit(run, k->arg, v);
}

static int
each_truth(struct jq_run *run, void *arg, const struct value *v)
{
	struct rest *k = arg;
	struct value out = value_bool(jq_truth(v));

	return k->emit(run, k->arg, &out);
}

static int
each_logic(struct jq_run *run, void *arg, const struct value *v)
{
	struct rest *k = arg;
	struct value out;

	if (jq_truth(v) == (k->n->kind == JQ_AND))
		return jq_eval_each(run, k->n->b, k->in, each_truth, k);
	out = value_bool(k->n->kind == JQ_OR);
	return k->emit(run, k->arg, &out);
}

int
jq_eval_each(struct jq_run *run, struct jq_node *n, const struct value *in,
	jq_emit *emit, void *arg)
{
	struct rest k = {.n = n, .in = in, .emit = emit, .arg = arg};
	struct value v;
	int rc;

	if (n->single) {
		rc = jq_eval_one(run, n, in, &v);
		return rc == 0 ? emit(run, arg, &v) : rc;
	}
	switch (n->kind) {
	case JQ_PIPE:
		return jq_eval_each(run, n->a, in, each_right, &k);
	case JQ_COMMA:
		rc = jq_eval_each(run, n->a, in, emit, arg);
		return rc != 0 ? rc : jq_eval_each(run, n->b, in, emit, arg);
	case JQ_AND:
	case JQ_OR:
		return jq_eval_each(run, n->a, in, each_logic, &k);
	case JQ_DEFAULT:
		rc = jq_eval_each(run, n->a, in, each_default, &k);
		if (rc != 0 || k.found)
			return rc;
		return jq_eval_each(run, n->b, in, emit, arg);
	case JQ_IF:
		return jq_eval_each(run, n->a, in, each_branch, &k);
	case JQ_CALL:
		return n->func->each(run, n, in, emit, arg);
	default:
		k.left = count_parts(n);
		k.parts = jq_value_alloc(run, k.left * sizeof(*k.parts));
		return each_part(run, &k);
	}
}
