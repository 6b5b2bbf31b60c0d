/*
 * jq_contain: contains and inside, which look into arrays and objects as far as
 * these go.
 */
#include <string.h>

#include "value/json.h"
#include "expr/jq/fn/jq_fn.h"

/* jq looks for C strings: up to a NUL. */
static bool
jq_contain_string(
	struct jq_run *run, const struct value *a, const struct value *b)
{
	size_t n, m;
	const char *s = jq_value_string(run, a, &n),
		   *t = jq_value_string(run, b, &m);

	return memmem(s, strnlen(s, n), t, strnlen(t, m)) != NULL;
}

static bool jq_contain(
	struct jq_run *run, const struct value *a, const struct value *b);

static bool
jq_contain_array(
	struct jq_run *run, const struct value *a, const struct value *b)
{
	struct json_iter i, j;
	struct value key, x, y;
	bool found;

	json_iter(&j, b);
	while (json_next(&j, &key, &y)) {
		found = false;
		json_iter(&i, a);
		while (!found && json_next(&i, &key, &x))
			found = jq_contain(run, &x, &y);
		if (!found)
			return false;
	}
	return true;
}

static bool
jq_contain_object(
	struct jq_run *run, const struct value *a, const struct value *b)
{
	struct jq_member *x, *y;
	size_t n, m, i, j;

	x = jq_member_list(run, a, &n);
	y = jq_member_list(run, b, &m);
	for (j = 0; j < m; j++) {
		for (i = 0; i < n; i++)
			if (x[i].n == y[j].n &&
				memcmp(x[i].s, y[j].s, y[j].n) == 0)
				break;
		if (i == n || !jq_contain(run, &x[i].v, &y[j].v))
			return false;
	}
	return true;
}

static bool
jq_contain(struct jq_run *run, const struct value *a, const struct value *b)
{
	if (jq_type(a) != jq_type(b))
		return false;
	switch (jq_type(a)) {
	case JQ_DICT:
		return jq_contain_object(run, a, b);
	case JQ_LIST:
		return jq_contain_array(run, a, b);
	case JQ_STRING:
		return jq_contain_string(run, a, b);
	default:
		return jq_order_equal(run, a, b);
	}
}

static int
jq_contain_check(struct jq_run *run, const struct value *a,
	const struct value *b, struct value *out)
{
	if (jq_type(a) != jq_type(b))
		return jq_refuse_two(
			run, a, b, "cannot have their containment checked");
	*out = value_bool(jq_contain(run, a, b));
	return 0;
}

ONE(fn_contains)
{
	return jq_contain_check(run, in, a, out);
}

ONE(fn_inside)
{
	return jq_contain_check(run, a, in, out);
}

const struct jq_func jq_contain_funcs[] = {
	{"contains", 1, fn_contains, NULL, 0, TYPE_BOOLEAN},
	{"inside", 1, fn_inside, NULL, 0, TYPE_BOOLEAN},
	{NULL, 0, NULL, NULL, 0, TYPE_UNKNOWN},
};
