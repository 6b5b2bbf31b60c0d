/*
 * jq_match: what regular expressions find: test, match, capture, scan, split.
 */
#include <errno.h>

#include "value/json.h"
#include "expr/jq/fn/jq_fn.h"

static int64_t
jq_match_character(struct jq_finder *f, size_t byte)
{
	if (byte < f->byte)
		f->byte = f->character = 0;
	f->character += jq_put_count(f->s + f->byte, byte - f->byte);
	f->byte = byte;
	return (int64_t)f->character;
}

static int
jq_match_test(struct jq_run *run, struct jq_node *n, const struct value *in,
	const struct value *pattern, const struct value *flags,
	struct value *out)
{
	struct jq_finder f;
	int rc;

	rc = jq_regex_first(run, &f, n, in, pattern, flags);
	if (rc < 0)
		return rc;
	rc = regex_search(n->regex, f.s, f.len, 0, NULL, run->err);
	if (rc < 0)
		return err_in(run->err, "Regex failure");
	*out = value_bool(rc == 1);
	return 0;
}

/* [pattern, flags] in one value; 0 or -1. */
static int
jq_match_pattern(struct jq_run *run, const struct value *v,
	struct value *pattern, struct value *flags)
{
	struct json_iter it;
	struct value key;

	*pattern = *v;
	*flags = value_null();
	if (jq_is_text(v))
		return 0;
	if (jq_type(v) == JQ_LIST) {
		json_iter(&it, v);
		if (json_next(&it, &key, pattern)) {
			if (!json_next(&it, &key, flags))
				*flags = value_null();
			return 0;
		}
	}
	return err_set(
		run->err, "%s not a string or array", jq_value_type_name(v));
}

ONE(fn_test)
{
	struct value pattern, flags;

	if (n->nargs == 2)
		return jq_match_test(run, n, in, &a[0], &a[1], out);
	if (jq_match_pattern(run, &a[0], &pattern, &flags) < 0)
		return -1;
	return jq_match_test(run, n, in, &pattern, &flags, out);
}

static void
jq_match_member(struct buf *text, const char *name, const struct value *v)
{
	if (text->p[text->n - 1] != '{')
		buf_byte(text, ',');
	buf_printf(text, "\"%s\":", name);
	value_print(v, text);
}

static void
jq_match_capture(struct jq_run *run, struct jq_finder *f,
	const struct regex_match *m, int group, struct buf *text)
{
	size_t beg = (size_t)m->beg[group], end = (size_t)m->end[group], n;
	struct value offset, length, string, name = value_null();
	const char *s = regex_group(f->n->regex, group, &n);

	if (s != NULL)
		name = jq_value_from_string(run, s, n);
	if (m->beg[group] < 0) {
		offset = value_int(-1);
		length = value_int(0);
		string = value_null();
	} else {
		offset = value_int(jq_match_character(f, beg));
		length = value_int(
			(int64_t)jq_put_count(f->s + beg, end - beg));
		string = jq_value_from_string(run, f->s + beg, end - beg);
	}
	if (group > 1)
		buf_byte(text, ',');
	buf_byte(text, '{');
	jq_match_member(text, "offset", &offset);
	/* jq's order of the members differs for a group that is empty. */
	if (m->beg[group] == m->end[group])
		jq_match_member(text, "string", &string);
	jq_match_member(text, "length", &length);
	if (m->beg[group] != m->end[group])
		jq_match_member(text, "string", &string);
	jq_match_member(text, "name", &name);
	buf_byte(text, '}');
}

static struct value
jq_match_make(
	struct jq_run *run, struct jq_finder *f, const struct regex_match *m)
{
	struct buf *text = jq_run_take(run);
	size_t beg = (size_t)m->beg[0], end = (size_t)m->end[0];
	struct value v;
	int i;

	buf_byte(text, '{');
	v = value_int(jq_match_character(f, beg));
	jq_match_member(text, "offset", &v);
	v = value_int((int64_t)jq_put_count(f->s + beg, end - beg));
	jq_match_member(text, "length", &v);
	v = jq_value_from_string(run, f->s + beg, end - beg);
	jq_match_member(text, "string", &v);
	buf_str(text, ",\"captures\":[");
	for (i = 1; i < m->n && end > beg; i++)
		jq_match_capture(run, f, m, i, text);
	buf_byte(text, ']');
	return jq_value_finish(run, '}');
}

struct finding {
	struct jq_node *n;
	const struct value *in;
	struct value (*make)(struct jq_run *run, struct jq_finder *f,
		const struct regex_match *m);
	jq_emit *emit;
	void *arg;
};

static int
jq_match_each(struct jq_run *run, const struct finding *k,
	const struct value *pattern, const struct value *flags)
{
	struct regex_match m;
	struct jq_finder f;
	struct value v;
	int rc;

	rc = jq_regex_first(run, &f, k->n, k->in, pattern, flags);
	if (rc < 0)
		return rc;
	while ((rc = jq_regex_next(run, &f, &m)) == 1) {
		v = k->make(run, &f, &m);
		rc = k->emit(run, k->arg, &v);
		if (rc != 0)
			return rc;
	}
	return rc;
}

/* f(pattern), f([pattern, flags]), f(pattern; flags) */
static int
jq_match_all(struct jq_run *run, const struct finding *k)
{
	struct value pattern, flags = value_null(), v;
	struct jq_node *n = k->n;
	int rc = 0;

	if (n->nargs == 2)
		rc = jq_eval_one(run, n->args[1], k->in, &flags);
	if (rc == 0)
		rc = jq_eval_one(run, n->args[0], k->in, &v);
	if (rc != 0)
		return rc;
	pattern = v;
	if (n->nargs == 1 && jq_match_pattern(run, &v, &pattern, &flags) < 0)
		return -1;
	return jq_match_each(run, k, &pattern, &flags);
}

EACH(fn_match)
{
	struct finding k = {n, in, jq_match_make, emit, arg};

	return jq_match_all(run, &k);
}

/* split(pattern; flags): what lies between the matches. */
ONE(fn_split_regex)
{
	struct value g = value_json_string("g", 1, false), flags, part;
	struct regex_match m;
	struct buf *text;
	struct jq_finder f;
	size_t from = 0;
	int rc;

	rc = jq_binary(run, JQ_ADD, &g, &a[1], &flags);
	if (rc == 0)
		rc = jq_regex_first(run, &f, n, in, &a[0], &flags);
	if (rc != 0)
		return rc;
	text = jq_run_take(run);
	buf_byte(text, '[');
	while ((rc = jq_regex_next(run, &f, &m)) == 1) {
		part = jq_value_substring(
			run, in, f.s + from, (size_t)m.beg[0] - from);
		jq_put_append(run, text, &part);
		from = (size_t)m.end[0];
	}
	if (rc < 0)
		return rc;
	part = jq_value_substring(run, in, f.s + from, f.len - from);
	jq_put_append(run, text, &part);
	*out = jq_value_finish(run, ']');
	return 0;
}

/* {"name":"text"} of the named groups of a match; of an empty match jq tells
 * none. */
struct value
jq_match_names(struct jq_run *run, const struct regex *regex, const char *s,
	const struct regex_match *m)
{
	struct jq_member *x = jq_run_alloc(run, (size_t)m->n * sizeof(*x));
	struct buf *text;
	const char *name;
	size_t i, n = 0, len;

	for (i = 1; i < (size_t)m->n && m->end[0] > m->beg[0]; i++) {
		name = regex_group(regex, (int)i, &len);
		if (name == NULL)
			continue;
		x[n].key = jq_value_from_string(run, name, len);
		x[n].s = jq_value_string(run, &x[n].key, &x[n].n);
		x[n].v = m->beg[i] < 0
			? value_null()
			: jq_value_from_string(run, s + m->beg[i],
				  (size_t)(m->end[i] - m->beg[i]));
		n++;
	}
	n = jq_member_unique(run, x, n);
	text = jq_run_take(run);
	buf_byte(text, '{');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_byte(text, ',');
		value_print(&x[i].key, text);
		buf_byte(text, ':');
		value_print(&x[i].v, text);
	}
	return jq_value_finish(run, '}');
}

static struct value
jq_match_make_capture(
	struct jq_run *run, struct jq_finder *f, const struct regex_match *m)
{
	return jq_match_names(run, f->n->regex, f->s, m);
}

/* The groups if there are any, else the whole. */
static struct value
jq_match_scan(
	struct jq_run *run, struct jq_finder *f, const struct regex_match *m)
{
	struct buf *text;
	struct value v;
	int i;

	if (m->n < 2 || m->end[0] == m->beg[0])
		return jq_value_from_string(
			run, f->s + m->beg[0], (size_t)(m->end[0] - m->beg[0]));
	text = jq_run_take(run);
	buf_byte(text, '[');
	for (i = 1; i < m->n; i++) {
		v = m->beg[i] < 0 ? value_null()
				  : jq_value_from_string(run, f->s + m->beg[i],
					    (size_t)(m->end[i] - m->beg[i]));
		jq_put_append(run, text, &v);
	}
	return jq_value_finish(run, ']');
}

EACH(fn_capture)
{
	struct finding k = {n, in, jq_match_make_capture, emit, arg};

	return jq_match_all(run, &k);
}

EACH(fn_scan)
{
	struct finding k = {n, in, jq_match_scan, emit, arg};
	struct value g = value_json_string("g", 1, false), pattern;
	int rc = jq_eval_one(run, n->args[0], in, &pattern);

	return rc == 0 ? jq_match_each(run, &k, &pattern, &g) : rc;
}

const struct jq_func jq_match_funcs[] = {
	{"capture", 1, NULL, fn_capture, JQ_REGEX, TYPE_UNKNOWN},
	{"capture", 2, NULL, fn_capture, JQ_REGEX, TYPE_UNKNOWN},
	{"match", 1, NULL, fn_match, JQ_REGEX, TYPE_UNKNOWN},
	{"match", 2, NULL, fn_match, JQ_REGEX, TYPE_UNKNOWN},
	{"scan", 1, NULL, fn_scan, JQ_REGEX, TYPE_UNKNOWN},
	{"split", 2, fn_split_regex, NULL, JQ_REGEX, TYPE_UNKNOWN},
	{"test", 1, fn_test, NULL, JQ_REGEX, TYPE_BOOLEAN},
	{"test", 2, fn_test, NULL, JQ_REGEX, TYPE_BOOLEAN},
	{NULL, 0, NULL, NULL, 0, TYPE_UNKNOWN},
};
