/*
 * jq_value_text: functions of texts.  Text as it stands between quotes is worked on as it
 * is where that makes no difference.
 */
#include <string.h>

#include "value/json.h"
#include "expr/jq/fn/jq_fn.h"

static bool
jq_text_starts_with(const char *s, size_t n, const char *t, size_t m)
{
	return n >= m && memcmp(s, t, m) == 0;
}

static bool
jq_text_ends_with(const char *s, size_t n, const char *t, size_t m)
{
	return n >= m && memcmp(s + n - m, t, m) == 0;
}

ONE(fn_startswith)
{
	const char *s, *t;
	size_t len, m;

	if (!jq_is_text(in) || !jq_is_text(a))
		return err_set(run->err, "startswith() requires string inputs");
	s = jq_value_string(run, in, &len);
	t = jq_value_string(run, a, &m);
	*out = value_bool(jq_text_starts_with(s, len, t, m));
	return 0;
}

ONE(fn_endswith)
{
	const char *s, *t;
	size_t len, m;

	if (!jq_is_text(in) || !jq_is_text(a))
		return err_set(run->err, "endswith() requires string inputs");
	s = jq_value_string(run, in, &len);
	t = jq_value_string(run, a, &m);
	*out = value_bool(jq_text_ends_with(s, len, t, m));
	return 0;
}

ONE(fn_ltrimstr)
{
	const char *s, *t;
	size_t len, m;

	*out = *in;
	if (!jq_is_text(in) || !jq_is_text(a))
		return 0;
	s = jq_value_string(run, in, &len);
	t = jq_value_string(run, a, &m);
	if (jq_text_starts_with(s, len, t, m))
		*out = jq_value_substring(run, in, s + m, len - m);
	return 0;
}

ONE(fn_rtrimstr)
{
	const char *s, *t;
	size_t len, m;

	*out = *in;
	if (!jq_is_text(in) || !jq_is_text(a))
		return 0;
	s = jq_value_string(run, in, &len);
	t = jq_value_string(run, a, &m);
	if (jq_text_ends_with(s, len, t, m))
		*out = jq_value_substring(run, in, s, len - m);
	return 0;
}

static int
jq_text_change_case(struct jq_run *run, const struct value *in, char first,
	char last, struct value *out)
{
	const char *s;
	size_t i, len;
	char *to;

	if (!jq_is_text(in))
		return err_set(run->err, "explode input must be a string");
	s = jq_value_string(run, in, &len);
	to = jq_run_alloc(run, len);
	for (i = 0; i < len; i++)
		to[i] = s[i] >= first && s[i] <= last ? s[i] ^ 0x20 : s[i];
	*out = jq_value_substring(run, in, to, len);
	return 0;
}

ONE(fn_downcase)
{
	return jq_text_change_case(run, in, 'A', 'Z', out);
}

ONE(fn_upcase)
{
	return jq_text_change_case(run, in, 'a', 'z', out);
}

/* The first place, in bytes.  (jq itself never ends on an empty text.) */
ONE(fn_index)
{
	const char *s, *t, *p;
	size_t len, m;

	*out = value_null();
	if (in->type == VALUE_NULL && jq_is_text(a))
		return 0;
	if (!jq_is_text(in) || !jq_is_text(a))
		return JQ_ASK;
	s = jq_value_string(run, in, &len);
	t = jq_value_string(run, a, &m);
	p = m > 0 ? memmem(s, len, t, m) : NULL;
	if (p != NULL)
		*out = value_int(p - s);
	return 0;
}

/* All places, which do not overlap, or the last; of an empty text there are none.
 * (libjq never ends on it.) */
static int
jq_text_find_all(struct jq_run *run, const struct value *in,
	const struct value *a, struct value *out, bool last)
{
	const char *s, *t, *p;
	struct buf *text;
	struct value v = value_null();
	size_t len, m;

	*out = v;
	if (in->type == VALUE_NULL && jq_is_text(a))
		return 0;
	if (!jq_is_text(in) || !jq_is_text(a))
		return JQ_ASK;
	s = jq_value_string(run, in, &len);
	t = jq_value_string(run, a, &m);
	text = jq_run_take(run);
	buf_byte(text, '[');
	for (p = s;
		m > 0 && (p = memmem(p, (size_t)(s + len - p), t, m)) != NULL;
		p += m) {
		v = value_int(p - s);
		jq_put_append(run, text, &v);
	}
	*out = jq_value_finish(run, ']');
	if (last)
		*out = v;
	return 0;
}

ONE(fn_indices)
{
	return jq_text_find_all(run, in, a, out, false);
}

ONE(fn_rindex)
{
	return jq_text_find_all(run, in, a, out, true);
}

ONE(fn_split)
{
	if (!jq_is_text(in) || !jq_is_text(a))
		return err_set(
			run->err, "split input and separator must be strings");
	return jq_put_split(run, in, a, out);
}

/* What join makes of an element, as plain text. */
static int
jq_text_join_element(
	struct jq_run *run, const struct value *v, struct buf *text)
{
	struct value s = *v;
	const char *p;
	size_t n;

	if (v->type == VALUE_NULL)
		return 0;
	if (jq_type(v) >= JQ_LIST)
		return JQ_ASK;
	if (!jq_is_text(v))
		s = jq_dump_tostring(run, v);
	p = jq_value_string(run, &s, &n);
	buf_add(text, p, n);
	return 0;
}

ONE(fn_join)
{
	struct json_iter it;
	struct value key, v;
	struct buf *text;
	const char *sep = "", *p;
	size_t nsep = 0, count = 0;
	int rc = 0;

	if (jq_type(in) != JQ_LIST)
		return JQ_ASK;
	if (jq_is_text(a))
		sep = jq_value_string(run, a, &nsep);
	text = jq_run_take(run);
	json_iter(&it, in);
	while (rc == 0 && json_next(&it, &key, &v)) {
		/* The separator is looked at when there is something before. */
		if (count++ > 0) {
			if (!jq_is_text(a) && a->type != VALUE_NULL)
				return JQ_ASK;
			buf_add(text, sep, nsep);
		}
		rc = jq_text_join_element(run, &v, text);
	}
	if (rc != 0)
		return rc;
	p = text->n > 0 ? memcpy(jq_run_alloc(run, text->n), text->p, text->n)
			: "";
	jq_run_give(run);
	*out = jq_value_from_string(run, p, text->n);
	return 0;
}

const struct jq_func jq_text_funcs[] = {
	{"ascii_downcase", 0, fn_downcase, NULL, 0, TYPE_STRING},
	{"ascii_upcase", 0, fn_upcase, NULL, 0, TYPE_STRING},
	{"endswith", 1, fn_endswith, NULL, 0, TYPE_BOOLEAN},
	{"index", 1, fn_index, NULL, 0, TYPE_UNKNOWN},
	{"indices", 1, fn_indices, NULL, 0, TYPE_UNKNOWN},
	{"join", 1, fn_join, NULL, 0, TYPE_STRING},
	{"ltrimstr", 1, fn_ltrimstr, NULL, 0, TYPE_UNKNOWN},
	{"rindex", 1, fn_rindex, NULL, 0, TYPE_UNKNOWN},
	{"rtrimstr", 1, fn_rtrimstr, NULL, 0, TYPE_UNKNOWN},
	{"split", 1, fn_split, NULL, 0, TYPE_UNKNOWN},
	{"startswith", 1, fn_startswith, NULL, 0, TYPE_BOOLEAN},
	{NULL, 0, NULL, NULL, 0, TYPE_UNKNOWN},
};
