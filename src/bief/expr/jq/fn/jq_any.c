/*
 * jq_any: functions that take a value of any kind and do what its kind has for
 * that: length, keys, has, tostring ...
 */
#include <string.h>

#include "value/json.h"
#include "expr/jq/fn/jq_fn.h"

ONE(fn_type)
{
	const char *name = jq_value_type_name(in);

	*out = value_json_string(name, strlen(name), false);
	return 0;
}

ONE(fn_tostring)
{
	*out = jq_is_text(in) ? *in : jq_dump_tostring(run, in);
	return 0;
}

ONE(fn_tojson)
{
	*out = jq_dump_tostring(run, in);
	return 0;
}

static int
jq_any_count_one(struct jq_run *run, void *arg, const struct value *v)
{
	++*(int64_t *)arg;
	return 0;
}

ONE(fn_length)
{
	const char *s;
	size_t len;
	int64_t count = 0;

	switch (jq_type(in)) {
	case JQ_NULL:
		break;
	case JQ_NUMBER:
		jq_math_absolute(in, out);
		return 0;
	case JQ_STRING:
		s = jq_value_string(run, in, &len);
		count = (int64_t)jq_put_count(s, len);
		break;
	case JQ_LIST:
		jq_access_each(run, in, false, jq_any_count_one, &count);
		break;
	case JQ_DICT:
		jq_member_list(run, in, &len);
		count = (int64_t)len;
		break;
	default:
		return jq_refuse(run, "", in, " has no length");
	}
	*out = value_int(count);
	return 0;
}

ONE(fn_keys)
{
	struct buf *text;
	struct jq_member *m;
	struct value v;
	int64_t i, count = 0;
	size_t len;

	if (jq_type(in) != JQ_LIST && jq_type(in) != JQ_DICT)
		return jq_refuse(run, "", in, " has no keys");
	text = jq_run_take(run);
	buf_byte(text, '[');
	if (jq_type(in) == JQ_LIST) {
		jq_access_each(run, in, false, jq_any_count_one, &count);
		for (i = 0; i < count; i++) {
			v = value_int(i);
			jq_put_append(run, text, &v);
		}
	} else {
		m = jq_member_list(run, in, &len);
		jq_member_sort(m, len);
		for (i = 0; i < (int64_t)len; i++)
			jq_put_append(run, text, &m[i].key);
	}
	*out = jq_value_finish(run, ']');
	return 0;
}

ONE(fn_has)
{
	struct jq_member *m;
	const char *s;
	size_t len, count, i;
	int64_t n_elements = 0;
	double place;

	*out = value_bool(false);
	if (in->type == VALUE_NULL)
		return 0;
	if (jq_type(in) == JQ_DICT && jq_is_text(a)) {
		s = jq_value_string(run, a, &len);
		m = jq_member_list(run, in, &count);
		for (i = 0; i < count && !out->i; i++)
			out->i = m[i].n == len && memcmp(m[i].s, s, len) == 0;
		return 0;
	}
	if (jq_type(in) == JQ_LIST && jq_type(a) == JQ_NUMBER) {
		place = jq_value_double(a);
		if (!(place >= 0 && place < 0x1p31))
			return JQ_ASK;
		jq_access_each(run, in, false, jq_any_count_one, &n_elements);
		*out = value_bool((int64_t)place < n_elements);
		return 0;
	}
	return err_set(run->err, "Cannot check whether %s has a %s key",
		jq_value_type_name(in), jq_value_type_name(a));
}

ONE(fn_tonumber)
{
	const char *s;
	size_t len;

	*out = *in;
	if (jq_type(in) == JQ_NUMBER)
		return 0;
	if (!jq_is_text(in))
		return jq_refuse(run, "", in, " cannot be parsed as a number");
	s = jq_value_string(run, in, &len);
	/* jq reads more than JSON has: " 1", +1, .5, nan. */
	if (len == 0 || len > 300 || json_number(s, s + len) != s + len)
		return JQ_ASK;
	*out = (struct value){.s = s, .n = (uint32_t)len, .type = VALUE_NUMBER};
	if (memchr(s, 'e', len) != NULL || memchr(s, 'E', len) != NULL)
		*out = value_double(jq_value_double(out));
	return 0;
}

const struct jq_func jq_any_funcs[] = {
	{"has", 1, fn_has, NULL, 0, TYPE_BOOLEAN},
	{"keys", 0, fn_keys, NULL, 0, TYPE_UNKNOWN},
	{"length", 0, fn_length, NULL, 0, TYPE_UNKNOWN},
	{"tojson", 0, fn_tojson, NULL, 0, TYPE_STRING},
	{"tonumber", 0, fn_tonumber, NULL, 0, TYPE_UNKNOWN},
	{"tostring", 0, fn_tostring, NULL, 0, TYPE_STRING},
	{"type", 0, fn_type, NULL, 0, TYPE_STRING},
	{NULL, 0, NULL, NULL, 0, TYPE_UNKNOWN},
};
