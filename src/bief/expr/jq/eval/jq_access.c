/*
 * jq_access: .name, [i], [a:b] and [].  A field of the record itself is taken from
 * where the record has it: its text is not made for that.
 */
#include <math.h>

#include "value/json.h"
#include "expr/jq/jq_impl.h"

static void
jq_access_own_field(struct jq_run *run, struct jq_node *n, struct value *out)
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
jq_access_refuse(
	struct jq_run *run, const struct value *of, const char *name, size_t n)
{
	if (n >= INDEX_SHOWN)
		return err_set(run->err, "Cannot index %s with string",
			jq_value_type_name(of));
	return err_set(run->err, "Cannot index %s with string \"%.*s\"",
		jq_value_type_name(of), (int)n, name);
}

int
jq_access_field(struct jq_run *run, struct jq_node *n, const struct value *of,
	struct value *out)
{
	if (jq_is_record(of)) {
		jq_access_own_field(run, n, out);
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
	return jq_access_refuse(run, of, n->name, n->nname);
}

int
jq_access_each(struct jq_run *run, const struct value *of, bool opt,
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
		m = jq_member_list(run, of, &n);
		for (i = 0; rc == 0 && i < n; i++)
			rc = emit(run, arg, &m[i].v);
		return rc;
	}
	return opt ? 0 : jq_refuse(run, "Cannot iterate over ", of, "");
}

static size_t
jq_access_count(const struct value *array)
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
jq_access_element(
	const struct value *array, const struct value *at, struct value *out)
{
	double place = jq_value_double(at);
	struct json_iter it;
	struct value key;

	*out = value_null();
	if (!(place == trunc(place)))
		return;
	if (place < 0)
		place += (double)jq_access_count(array);
	if (place < 0)
		return;
	json_iter(&it, array);
	while (json_next(&it, &key, out))
		if (place-- == 0)
			return;
	*out = value_null();
}

int
jq_access_index(struct jq_run *run, const struct value *of,
	const struct value *at, struct value *out)
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
		jq_access_element(of, at, out);
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
	return jq_access_refuse(run, of, s, n);
}

/* jq's rounding of the ends: the start down, the end up. */
static int
jq_access_bounds(const struct value *from, const struct value *to, size_t len,
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
jq_access_slice_array(struct jq_run *run, const struct value *array,
	size_t start, size_t end, struct value *out)
{
	struct buf *text = jq_run_take(run);
	struct json_iter it;
	struct value key, v;
	size_t i;

	buf_byte(text, '[');
	json_iter(&it, array);
	for (i = 0; i < end && json_next(&it, &key, &v); i++)
		if (i >= start)
			jq_put_append(run, text, &v);
	*out = jq_value_finish(run, ']');
}

static const char *
jq_access_skip(const char *p, const char *end, size_t n)
{
	for (; n > 0 && p < end; n--)
		for (p++; p < end && ((unsigned char)*p & 0xC0) == 0x80;)
			p++;
	return p;
}

int
jq_access_slice(struct jq_run *run, const struct value *of,
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
		rc = jq_access_bounds(
			from, to, jq_access_count(of), &start, &end);
		if (rc == 0)
			jq_access_slice_array(run, of, start, end, out);
		break;
	case JQ_STRING:
		s = jq_value_string(run, of, &len);
		rc = jq_access_bounds(
			from, to, jq_put_count(s, len), &start, &end);
		if (rc != 0)
			break;
		p = jq_access_skip(s, s + len, start);
		q = jq_access_skip(p, s + len, end - start);
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
