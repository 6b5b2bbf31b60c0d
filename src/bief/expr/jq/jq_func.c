/*
 * jq_func: the functions of jq that run natively, and our own.
 *
 * A function is here when many use it and its meaning can be had exactly; the
 * odd corners of one are left to libjq (JQ_ASK).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expr/jq/jq_impl.h"
#include "value/json.h"

#define ONE(name)                                              \
	static int name(struct jq_run *run, struct jq_node *n, \
		const struct value *in, const struct value *a, \
		struct value *out)
#define EACH(name)                                             \
	static int name(struct jq_run *run, struct jq_node *n, \
		const struct value *in, jq_emit *emit, void *arg)

static bool
is_text(const struct value *v)
{
	return jq_type(v) == JQ_STRING;
}

/* ---- choosing ---- */

struct choice {
	const struct value *in;
	jq_emit *emit;
	void *arg;
};

static int
emit_if_true(struct jq_run *run, void *arg, const struct value *v)
{
	struct choice *c = arg;

	return jq_truth(v) ? c->emit(run, c->arg, c->in) : 0;
}

EACH(fn_select)
{
	struct choice c = {in, emit, arg};

	return jq_eval_each(run, n->args[0], in, emit_if_true, &c);
}

EACH(fn_empty)
{
	return 0;
}

struct map {
	struct jq_node *f;
	struct buf *text;
};

static int
map_one(struct jq_run *run, void *arg, const struct value *v)
{
	struct map *m = arg;

	return jq_eval_each(run, m->f, v, jq_put_append, m->text);
}

EACH(fn_map)
{
	struct map m = {n->args[0], jq_value_take(run)};
	struct value out;
	int rc;

	buf_byte(m.text, '[');
	rc = jq_eval_each_element(run, in, false, map_one, &m);
	if (rc != 0)
		return rc;
	out = jq_run_finish(run, ']');
	return emit(run, arg, &out);
}

struct membership {
	struct jq_node *set;
	const struct value *v;
	bool found; /* v is in the set */
	bool any;   /* so was one before */
};

static int
is_same(struct jq_run *run, void *arg, const struct value *v)
{
	struct membership *m = arg;

	m->found = jq_value_equal(run, m->v, v);
	return m->found ? JQ_STOP : 0;
}

static int
look_up(struct jq_run *run, void *arg, const struct value *v)
{
	struct membership *m = arg;
	int rc;

	m->v = v;
	m->found = false;
	rc = jq_eval_each(run, m->set, v, is_same, m);
	m->any |= m->found;
	return rc == JQ_STOP ? 0 : rc;
}

/* IN(set), IN(values; set) */
EACH(fn_in)
{
	struct membership m = {.set = n->args[n->nargs - 1]};
	struct value out;
	int rc;

	if (n->nargs == 1)
		rc = look_up(run, &m, in);
	else
		rc = jq_eval_each(run, n->args[0], in, look_up, &m);
	if (rc != 0)
		return rc;
	out = value_bool(m.any);
	return emit(run, arg, &out);
}

/* ---- any value ---- */

ONE(fn_not)
{
	*out = value_bool(!jq_truth(in));
	return 0;
}

ONE(fn_type)
{
	const char *name = jq_value_type_name(in);

	*out = value_json_string(name, strlen(name), false);
	return 0;
}

ONE(fn_tostring)
{
	*out = is_text(in) ? *in : jq_value_tostring(run, in);
	return 0;
}

ONE(fn_tojson)
{
	*out = jq_value_tostring(run, in);
	return 0;
}

static size_t
count_codepoints(const char *s, size_t n)
{
	size_t i, count = 0;

	for (i = 0; i < n; i++)
		count += ((unsigned char)s[i] & 0xC0) != 0x80;
	return count;
}

static int
count_one(struct jq_run *run, void *arg, const struct value *v)
{
	++*(int64_t *)arg;
	return 0;
}

static void
absolute(const struct value *v, struct value *out)
{
	struct jq_value_number x = jq_value_number(v);

	if (x.exact && x.i != INT64_MIN)
		*out = value_int(x.i < 0 ? -x.i : x.i);
	else
		*out = value_double(fabs(jq_value_double(v)));
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
		absolute(in, out);
		return 0;
	case JQ_STRING:
		s = jq_value_string(run, in, &len);
		count = (int64_t)count_codepoints(s, len);
		break;
	case JQ_LIST:
		jq_eval_each_element(run, in, false, count_one, &count);
		break;
	case JQ_DICT:
		jq_value_members(run, in, &len);
		count = (int64_t)len;
		break;
	default:
		return jq_run_refuse(run, "", in, " has no length");
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
		return jq_run_refuse(run, "", in, " has no keys");
	text = jq_value_take(run);
	buf_byte(text, '[');
	if (jq_type(in) == JQ_LIST) {
		jq_eval_each_element(run, in, false, count_one, &count);
		for (i = 0; i < count; i++) {
			v = value_int(i);
			jq_put_append(run, text, &v);
		}
	} else {
		m = jq_value_members(run, in, &len);
		jq_value_members_sort(m, len);
		for (i = 0; i < (int64_t)len; i++)
			jq_put_append(run, text, &m[i].key);
	}
	*out = jq_run_finish(run, ']');
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
	if (jq_type(in) == JQ_DICT && is_text(a)) {
		s = jq_value_string(run, a, &len);
		m = jq_value_members(run, in, &count);
		for (i = 0; i < count && !out->i; i++)
			out->i = m[i].n == len && memcmp(m[i].s, s, len) == 0;
		return 0;
	}
	if (jq_type(in) == JQ_LIST && jq_type(a) == JQ_NUMBER) {
		place = jq_value_double(a);
		if (!(place >= 0 && place < 0x1p31))
			return JQ_ASK;
		jq_eval_each_element(run, in, false, count_one, &n_elements);
		*out = value_bool((int64_t)place < n_elements);
		return 0;
	}
	return err_set(run->err, "Cannot check whether %s has a %s key",
		jq_value_type_name(in), jq_value_type_name(a));
}

/* ---- containment ---- */

/* jq looks for C strings: up to a NUL. */
static bool
string_contains(
	struct jq_run *run, const struct value *a, const struct value *b)
{
	size_t n, m;
	const char *s = jq_value_string(run, a, &n),
		   *t = jq_value_string(run, b, &m);

	return memmem(s, strnlen(s, n), t, strnlen(t, m)) != NULL;
}

static bool contains(
	struct jq_run *run, const struct value *a, const struct value *b);

static bool
array_contains(struct jq_run *run, const struct value *a, const struct value *b)
{
	struct json_iter i, j;
	struct value key, x, y;
	bool found;

	json_iter(&j, b);
	while (json_next(&j, &key, &y)) {
		found = false;
		json_iter(&i, a);
		while (!found && json_next(&i, &key, &x))
			found = contains(run, &x, &y);
		if (!found)
			return false;
	}
	return true;
}

static bool
object_contains(
	struct jq_run *run, const struct value *a, const struct value *b)
{
	struct jq_member *x, *y;
	size_t n, m, i, j;

	x = jq_value_members(run, a, &n);
	y = jq_value_members(run, b, &m);
	for (j = 0; j < m; j++) {
		for (i = 0; i < n; i++)
			if (x[i].n == y[j].n &&
				memcmp(x[i].s, y[j].s, y[j].n) == 0)
				break;
		if (i == n || !contains(run, &x[i].v, &y[j].v))
			return false;
	}
	return true;
}

static bool
contains(struct jq_run *run, const struct value *a, const struct value *b)
{
	if (jq_type(a) != jq_type(b))
		return false;
	switch (jq_type(a)) {
	case JQ_DICT:
		return object_contains(run, a, b);
	case JQ_LIST:
		return array_contains(run, a, b);
	case JQ_STRING:
		return string_contains(run, a, b);
	default:
		return jq_value_equal(run, a, b);
	}
}

static int
check_contains(struct jq_run *run, const struct value *a, const struct value *b,
	struct value *out)
{
	if (jq_type(a) != jq_type(b))
		return jq_run_refuse2(
			run, a, b, "cannot have their containment checked");
	*out = value_bool(contains(run, a, b));
	return 0;
}

ONE(fn_contains)
{
	return check_contains(run, in, a, out);
}

ONE(fn_inside)
{
	return check_contains(run, a, in, out);
}

/* ---- strings ---- */

static bool
starts_with(const char *s, size_t n, const char *t, size_t m)
{
	return n >= m && memcmp(s, t, m) == 0;
}

static bool
ends_with(const char *s, size_t n, const char *t, size_t m)
{
	return n >= m && memcmp(s + n - m, t, m) == 0;
}

ONE(fn_startswith)
{
	const char *s, *t;
	size_t len, m;

	if (!is_text(in) || !is_text(a))
		return err_set(run->err, "startswith() requires string inputs");
	s = jq_value_string(run, in, &len);
	t = jq_value_string(run, a, &m);
	*out = value_bool(starts_with(s, len, t, m));
	return 0;
}

ONE(fn_endswith)
{
	const char *s, *t;
	size_t len, m;

	if (!is_text(in) || !is_text(a))
		return err_set(run->err, "endswith() requires string inputs");
	s = jq_value_string(run, in, &len);
	t = jq_value_string(run, a, &m);
	*out = value_bool(ends_with(s, len, t, m));
	return 0;
}

ONE(fn_ltrimstr)
{
	const char *s, *t;
	size_t len, m;

	*out = *in;
	if (!is_text(in) || !is_text(a))
		return 0;
	s = jq_value_string(run, in, &len);
	t = jq_value_string(run, a, &m);
	if (starts_with(s, len, t, m))
		*out = jq_value_substring(run, in, s + m, len - m);
	return 0;
}

ONE(fn_rtrimstr)
{
	const char *s, *t;
	size_t len, m;

	*out = *in;
	if (!is_text(in) || !is_text(a))
		return 0;
	s = jq_value_string(run, in, &len);
	t = jq_value_string(run, a, &m);
	if (ends_with(s, len, t, m))
		*out = jq_value_substring(run, in, s, len - m);
	return 0;
}

static int
change_case(struct jq_run *run, const struct value *in, char first, char last,
	struct value *out)
{
	const char *s;
	size_t i, len;
	char *to;

	if (!is_text(in))
		return err_set(run->err, "explode input must be a string");
	s = jq_value_string(run, in, &len);
	to = jq_value_alloc(run, len);
	for (i = 0; i < len; i++)
		to[i] = s[i] >= first && s[i] <= last ? s[i] ^ 0x20 : s[i];
	*out = jq_value_substring(run, in, to, len);
	return 0;
}

ONE(fn_downcase)
{
	return change_case(run, in, 'A', 'Z', out);
}

ONE(fn_upcase)
{
	return change_case(run, in, 'a', 'z', out);
}

/* The first place, in bytes.  (jq itself never ends on an empty text.) */
ONE(fn_index)
{
	const char *s, *t, *p;
	size_t len, m;

	*out = value_null();
	if (in->type == VALUE_NULL && is_text(a))
		return 0;
	if (!is_text(in) || !is_text(a))
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
find_all(struct jq_run *run, const struct value *in, const struct value *a,
	struct value *out, bool last)
{
	const char *s, *t, *p;
	struct buf *text;
	struct value v = value_null();
	size_t len, m;

	*out = v;
	if (in->type == VALUE_NULL && is_text(a))
		return 0;
	if (!is_text(in) || !is_text(a))
		return JQ_ASK;
	s = jq_value_string(run, in, &len);
	t = jq_value_string(run, a, &m);
	text = jq_value_take(run);
	buf_byte(text, '[');
	for (p = s;
		m > 0 && (p = memmem(p, (size_t)(s + len - p), t, m)) != NULL;
		p += m) {
		v = value_int(p - s);
		jq_put_append(run, text, &v);
	}
	*out = jq_run_finish(run, ']');
	if (last)
		*out = v;
	return 0;
}

ONE(fn_indices)
{
	return find_all(run, in, a, out, false);
}

ONE(fn_rindex)
{
	return find_all(run, in, a, out, true);
}

ONE(fn_split)
{
	if (!is_text(in) || !is_text(a))
		return err_set(
			run->err, "split input and separator must be strings");
	return jq_put_split(run, in, a, out);
}

/* What join makes of an element, as plain text. */
static int
join_element(struct jq_run *run, const struct value *v, struct buf *text)
{
	struct value s = *v;
	const char *p;
	size_t n;

	if (v->type == VALUE_NULL)
		return 0;
	if (jq_type(v) >= JQ_LIST)
		return JQ_ASK;
	if (!is_text(v))
		s = jq_value_tostring(run, v);
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
	if (is_text(a))
		sep = jq_value_string(run, a, &nsep);
	text = jq_value_take(run);
	json_iter(&it, in);
	while (rc == 0 && json_next(&it, &key, &v)) {
		/* The separator is looked at when there is something before. */
		if (count++ > 0) {
			if (!is_text(a) && a->type != VALUE_NULL)
				return JQ_ASK;
			buf_add(text, sep, nsep);
		}
		rc = join_element(run, &v, text);
	}
	if (rc != 0)
		return rc;
	p = text->n > 0 ? memcpy(jq_value_alloc(run, text->n), text->p, text->n)
			: "";
	jq_value_give(run);
	*out = jq_value_from_string(run, p, text->n);
	return 0;
}

ONE(fn_tonumber)
{
	const char *s;
	size_t len;

	*out = *in;
	if (jq_type(in) == JQ_NUMBER)
		return 0;
	if (!is_text(in))
		return jq_run_refuse(
			run, "", in, " cannot be parsed as a number");
	s = jq_value_string(run, in, &len);
	/* jq reads more than JSON has: " 1", +1, .5, nan. */
	if (len == 0 || len > 300 || json_number(s, s + len) != s + len)
		return JQ_ASK;
	*out = (struct value){.s = s, .n = (uint32_t)len, .type = VALUE_NUMBER};
	if (memchr(s, 'e', len) != NULL || memchr(s, 'E', len) != NULL)
		*out = value_double(jq_value_double(out));
	return 0;
}

/* ---- numbers ---- */

static int
compute(struct jq_run *run, const struct value *in, double (*f)(double),
	struct value *out)
{
	if (jq_type(in) != JQ_NUMBER)
		return jq_run_refuse(run, "", in, " number required");
	if (jq_value_number(in).exact)
		*out = *in;
	else
		*out = jq_value_from_double(f(jq_value_double(in)), true);
	return 0;
}

ONE(fn_floor)
{
	return compute(run, in, floor, out);
}

ONE(fn_ceil)
{
	return compute(run, in, ceil, out);
}

ONE(fn_round)
{
	return compute(run, in, round, out);
}

ONE(fn_fabs)
{
	if (jq_type(in) != JQ_NUMBER)
		return jq_run_refuse(run, "", in, " number required");
	absolute(in, out);
	return 0;
}

ONE(fn_sqrt)
{
	if (jq_type(in) != JQ_NUMBER)
		return jq_run_refuse(run, "", in, " number required");
	*out = value_double(sqrt(jq_value_double(in)));
	if (jq_value_number(in).exact)
		*out = jq_value_from_double(out->d, true);
	return 0;
}

/* ---- regular expressions ---- */

static int
read_flags(struct jq_run *run, const struct value *flags, unsigned *options,
	bool *global)
{
	static const char letters[] = "xsnpil";
	static const unsigned bits[] = {REGEX_EXTEND, REGEX_SINGLE_LINE,
		REGEX_NOT_EMPTY, REGEX_DOT_ALL | REGEX_SINGLE_LINE,
		REGEX_IGNORE_CASE, REGEX_LONGEST};
	const char *s, *letter;
	size_t i, n;

	*options = 0;
	if (flags->type == VALUE_NULL)
		return 0;
	if (!is_text(flags))
		return jq_run_refuse(run, "", flags, " is not a string");
	s = jq_value_string(run, flags, &n);
	for (i = 0; i < n; i++) {
		if (s[i] == 'g') {
			*global = true;
			continue;
		}
		letter = s[i] != '\0' ? strchr(letters, s[i]) : NULL;
		if (letter == NULL)
			return err_set(run->err,
				"%.*s is not a valid modifier string",
				(int)(n < 500 ? n : 500), s);
		*options |= bits[letter - letters];
	}
	return 0;
}

/* The compiled pattern; the node keeps the last one. */
static int
get_regex(struct jq_run *run, struct jq_node *n, const struct value *pattern,
	unsigned options)
{
	const char *s;
	size_t len;

	s = jq_value_string(run, pattern, &len);
	if (n->regex != NULL && n->options == options && n->npattern == len &&
		memcmp(n->pattern, s, len) == 0)
		return 0;
	regex_free(n->regex);
	n->regex = regex_new(s, len, REGEX_PERL, options, run->err);
	if (n->regex == NULL)
		return err_in(run->err, "Regex failure");
	free(n->pattern);
	n->pattern = mem_dup(s, len);
	n->npattern = len;
	n->options = options;
	return 0;
}

static bool
is_literal(const struct jq_node *n)
{
	return n->kind == JQ_LITERAL && n->name != NULL;
}

/* A pattern that stands in the program and is none fails on every record. */
int
jq_func_check_patterns(const struct jq_tree *t, struct err *err)
{
	struct jq_run run;
	struct jq_node *n;
	unsigned options;
	uint32_t flags;
	bool global;
	int rc = 0;

	jq_run_init(&run);
	jq_run_begin(&run, NULL, NULL, err);
	for (n = t->all; n != NULL && rc == 0; n = n->next) {
		if (n->kind != JQ_CALL || !(n->func->flags & JQ_REGEX) ||
			n->nargs == 0 || !is_literal(n->args[0]))
			continue;
		options = 0;
		flags = n->func->flags & JQ_REPLACE ? 2 : 1;
		if (n->nargs > flags &&
			(!is_literal(n->args[flags]) ||
				read_flags(&run, &n->args[flags]->v, &options,
					&global) < 0))
			continue;
		if (get_regex(&run, n, &n->args[0]->v, options) < 0) {
			struct err what = *err;

			rc = err_caret(err, t->text, n->args[0]->at,
				"expression: %s", what.text);
		}
	}
	jq_run_release(&run);
	return rc;
}

/* The matches of a pattern in a string, one after the other. */
struct finder {
	struct jq_node *n;
	const char *s;
	size_t len;
	size_t start; /* where to look next */
	bool global, done;
	/* how many characters stand before a byte */
	size_t byte, character;
};

static int
find_first(struct jq_run *run, struct finder *f, struct jq_node *n,
	const struct value *in, const struct value *pattern,
	const struct value *flags)
{
	unsigned options;

	memset(f, 0, sizeof(*f));
	f->n = n;
	if (!is_text(in))
		return jq_run_refuse(run, "", in,
			" cannot be matched, as it is not a string");
	if (!is_text(pattern))
		return jq_run_refuse(run, "", pattern, " is not a string");
	if (read_flags(run, flags, &options, &f->global) < 0 ||
		get_regex(run, n, pattern, options) < 0)
		return -1;
	f->s = jq_value_string(run, in, &f->len);
	return 0;
}

/* 1: *m is the next match; 0: there is none; -1. */
static int
find_next(struct jq_run *run, struct finder *f, struct regex_match *m)
{
	int rc;

	if (f->done)
		return 0;
	rc = regex_search(f->n->regex, f->s, f->len, f->start, m, run->err);
	if (rc < 0)
		return err_in(run->err, "Regex failure");
	if (rc == 0)
		return 0;
	/* An empty match may be found again from the next character on: so
	 * jq has it. */
	if (m->beg[0] == m->end[0])
		f->start = (size_t)(jq_put_next(
					    f->s + f->start, f->s + f->len) -
			f->s);
	else
		f->start = (size_t)m->end[0];
	f->done = !f->global || f->start >= f->len;
	return 1;
}

static int64_t
character_at(struct finder *f, size_t byte)
{
	if (byte < f->byte)
		f->byte = f->character = 0;
	f->character += count_codepoints(f->s + f->byte, byte - f->byte);
	f->byte = byte;
	return (int64_t)f->character;
}

static int
test(struct jq_run *run, struct jq_node *n, const struct value *in,
	const struct value *pattern, const struct value *flags,
	struct value *out)
{
	struct finder f;
	int rc;

	rc = find_first(run, &f, n, in, pattern, flags);
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
read_pattern(struct jq_run *run, const struct value *v, struct value *pattern,
	struct value *flags)
{
	struct json_iter it;
	struct value key;

	*pattern = *v;
	*flags = value_null();
	if (is_text(v))
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
		return test(run, n, in, &a[0], &a[1], out);
	if (read_pattern(run, &a[0], &pattern, &flags) < 0)
		return -1;
	return test(run, n, in, &pattern, &flags, out);
}

static void
add_member(struct buf *text, const char *name, const struct value *v)
{
	if (text->p[text->n - 1] != '{')
		buf_byte(text, ',');
	buf_printf(text, "\"%s\":", name);
	value_print(v, text);
}

static void
add_capture(struct jq_run *run, struct finder *f, const struct regex_match *m,
	int group, struct buf *text)
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
		offset = value_int(character_at(f, beg));
		length = value_int(
			(int64_t)count_codepoints(f->s + beg, end - beg));
		string = jq_value_from_string(run, f->s + beg, end - beg);
	}
	if (group > 1)
		buf_byte(text, ',');
	buf_byte(text, '{');
	add_member(text, "offset", &offset);
	/* jq's order of the members differs for a group that is empty. */
	if (m->beg[group] == m->end[group])
		add_member(text, "string", &string);
	add_member(text, "length", &length);
	if (m->beg[group] != m->end[group])
		add_member(text, "string", &string);
	add_member(text, "name", &name);
	buf_byte(text, '}');
}

static struct value
make_match(struct jq_run *run, struct finder *f, const struct regex_match *m)
{
	struct buf *text = jq_value_take(run);
	size_t beg = (size_t)m->beg[0], end = (size_t)m->end[0];
	struct value v;
	int i;

	buf_byte(text, '{');
	v = value_int(character_at(f, beg));
	add_member(text, "offset", &v);
	v = value_int((int64_t)count_codepoints(f->s + beg, end - beg));
	add_member(text, "length", &v);
	v = jq_value_from_string(run, f->s + beg, end - beg);
	add_member(text, "string", &v);
	buf_str(text, ",\"captures\":[");
	for (i = 1; i < m->n && end > beg; i++)
		add_capture(run, f, m, i, text);
	buf_byte(text, ']');
	return jq_run_finish(run, '}');
}

struct finding {
	struct jq_node *n;
	const struct value *in;
	struct value (*make)(struct jq_run *run, struct finder *f,
		const struct regex_match *m);
	jq_emit *emit;
	void *arg;
};

static int
each_match(struct jq_run *run, const struct finding *k,
	const struct value *pattern, const struct value *flags)
{
	struct regex_match m;
	struct finder f;
	struct value v;
	int rc;

	rc = find_first(run, &f, k->n, k->in, pattern, flags);
	if (rc < 0)
		return rc;
	while ((rc = find_next(run, &f, &m)) == 1) {
		v = k->make(run, &f, &m);
		rc = k->emit(run, k->arg, &v);
		if (rc != 0)
			return rc;
	}
	return rc;
}

/* f(pattern), f([pattern, flags]), f(pattern; flags) */
static int
match(struct jq_run *run, const struct finding *k)
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
	if (n->nargs == 1 && read_pattern(run, &v, &pattern, &flags) < 0)
		return -1;
	return each_match(run, k, &pattern, &flags);
}

EACH(fn_match)
{
	struct finding k = {n, in, make_match, emit, arg};

	return match(run, &k);
}

/* split(pattern; flags): what lies between the matches. */
ONE(fn_split_regex)
{
	struct value g = value_json_string("g", 1, false), flags, part;
	struct regex_match m;
	struct buf *text;
	struct finder f;
	size_t from = 0;
	int rc;

	rc = jq_eval_binary(run, JQ_ADD, &g, &a[1], &flags);
	if (rc == 0)
		rc = find_first(run, &f, n, in, &a[0], &flags);
	if (rc != 0)
		return rc;
	text = jq_value_take(run);
	buf_byte(text, '[');
	while ((rc = find_next(run, &f, &m)) == 1) {
		part = jq_value_substring(
			run, in, f.s + from, (size_t)m.beg[0] - from);
		jq_put_append(run, text, &part);
		from = (size_t)m.end[0];
	}
	if (rc < 0)
		return rc;
	part = jq_value_substring(run, in, f.s + from, f.len - from);
	jq_put_append(run, text, &part);
	*out = jq_run_finish(run, ']');
	return 0;
}

/* {"name":"text"} of the named groups of a match; of an empty match jq tells
 * none. */
static struct value
named_captures(struct jq_run *run, const struct regex *regex, const char *s,
	const struct regex_match *m)
{
	struct jq_member *x = jq_value_alloc(run, (size_t)m->n * sizeof(*x));
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
	n = jq_value_members_unique(run, x, n);
	text = jq_value_take(run);
	buf_byte(text, '{');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_byte(text, ',');
		value_print(&x[i].key, text);
		buf_byte(text, ':');
		value_print(&x[i].v, text);
	}
	return jq_run_finish(run, '}');
}

static struct value
make_capture(struct jq_run *run, struct finder *f, const struct regex_match *m)
{
	return named_captures(run, f->n->regex, f->s, m);
}

/* The groups if there are any, else the whole. */
static struct value
make_scan(struct jq_run *run, struct finder *f, const struct regex_match *m)
{
	struct buf *text;
	struct value v;
	int i;

	if (m->n < 2 || m->end[0] == m->beg[0])
		return jq_value_from_string(
			run, f->s + m->beg[0], (size_t)(m->end[0] - m->beg[0]));
	text = jq_value_take(run);
	buf_byte(text, '[');
	for (i = 1; i < m->n; i++) {
		v = m->beg[i] < 0 ? value_null()
				  : jq_value_from_string(run, f->s + m->beg[i],
					    (size_t)(m->end[i] - m->beg[i]));
		jq_put_append(run, text, &v);
	}
	return jq_run_finish(run, ']');
}

EACH(fn_capture)
{
	struct finding k = {n, in, make_capture, emit, arg};

	return match(run, &k);
}

EACH(fn_scan)
{
	struct finding k = {n, in, make_scan, emit, arg};
	struct value g = value_json_string("g", 1, false), pattern;
	int rc = jq_eval_one(run, n->args[0], in, &pattern);

	return rc == 0 ? each_match(run, &k, &pattern, &g) : rc;
}

/* ---- sub, gsub ---- */

/* What is replaced, and by what. */
struct edit {
	size_t beg, end;
	struct value captures, with;
};

struct edits {
	struct edit *e;
	size_t n, room;
};

static void
add_edit(struct jq_run *run, struct edits *list, struct finder *f, size_t from,
	const struct regex_match *m)
{
	struct edit *more;

	if (list->n == list->room) {
		list->room = list->room ? 2 * list->room : 8;
		more = jq_value_alloc(run, list->room * sizeof(*more));
		if (list->n > 0)
			memcpy(more, list->e, list->n * sizeof(*more));
		list->e = more;
	}
	list->e[list->n++] = (struct edit){from + (size_t)m->beg[0],
		from + (size_t)m->end[0],
		named_captures(run, f->n->regex, f->s + from, m), value_null()};
}

/*
 * jq 1.6 looks for the next match in what is left behind the last one, as if
 * the text began there.  1: it would find the same empty match for ever.
 */
static int
find_in_rests(struct jq_run *run, struct finder *f, struct edits *list)
{
	struct regex_match m;
	size_t from = 0;
	int rc;

	do {
		rc = regex_search(f->n->regex, f->s + from, f->len - from, 0,
			&m, run->err);
		if (rc < 0)
			return err_in(run->err, "Regex failure");
		if (rc == 0)
			return 0;
		add_edit(run, list, f, from, &m);
		if (f->global && m.end[0] == 0)
			return 1;
		from += (size_t)m.end[0];
	} while (f->global && from < f->len);
	return 0;
}

/* There the matches of the whole text are taken, as by jq 1.7. */
static int
find_in_whole(struct jq_run *run, struct finder *f, struct edits *list)
{
	struct regex_match m;
	size_t last;
	int rc;

	list->n = 0;
	while ((rc = find_next(run, f, &m)) == 1) {
		last = list->n > 0 ? list->e[list->n - 1].beg : SIZE_MAX;
		if ((size_t)m.beg[0] != last)
			add_edit(run, list, f, 0, &m);
	}
	return rc;
}

/* From the last to the first, as jq does: which error is seen depends on it. */
static int
evaluate_edits(struct jq_run *run, struct finder *f, struct edits *list,
	struct jq_node *with)
{
	struct value before;
	struct edit *e;
	size_t i, from;
	int rc;

	for (i = list->n; i-- > 0;) {
		e = &list->e[i];
		from = i > 0 ? e[-1].end : 0;
		rc = jq_eval_one(run, with, &e->captures, &e->with);
		if (rc != 0)
			return rc;
		if (e->with.type == VALUE_NULL || is_text(&e->with))
			continue;
		before = jq_value_from_string(run, f->s + from, e->beg - from);
		return jq_run_refuse2(
			run, &before, &e->with, "cannot be added");
	}
	return 0;
}

static struct value
apply_edits(
	struct jq_run *run, const struct finder *f, const struct edits *list)
{
	struct buf *text = jq_value_take(run);
	const char *s;
	size_t i, n, from = 0;

	for (i = 0; i < list->n; i++) {
		buf_add(text, f->s + from, list->e[i].beg - from);
		from = list->e[i].end;
		if (list->e[i].with.type == VALUE_NULL)
			continue;
		s = jq_value_string(run, &list->e[i].with, &n);
		buf_add(text, s, n);
	}
	buf_add(text, f->s + from, f->len - from);
	s = memcpy(jq_value_alloc(run, text->n), text->p, text->n);
	n = text->n;
	jq_value_give(run);
	return jq_value_from_string(run, s, n);
}

/* sub(re; with), sub(re; with; flags), gsub */
EACH(fn_sub)
{
	struct value pattern, flags = value_null(), out = *in;
	struct edits list = {NULL, 0, 0};
	struct finder f;
	int rc = jq_eval_one(run, n->args[0], in, &pattern);

	if (rc == 0 && n->nargs == 3)
		rc = jq_eval_one(run, n->args[2], in, &flags);
	if (rc != 0)
		return rc;
	if (flags.type != VALUE_NULL && !is_text(&flags))
		return JQ_ASK;
	if (find_first(run, &f, n, in, &pattern, &flags) < 0)
		return -1;
	f.global |= n->name[0] == 'g';
	rc = find_in_rests(run, &f, &list);
	if (rc == 1)
		rc = find_in_whole(run, &f, &list);
	if (rc == 0)
		rc = evaluate_edits(run, &f, &list, n->args[1]);
	if (rc != 0)
		return rc;
	if (list.n > 0)
		out = apply_edits(run, &f, &list);
	return emit(run, arg, &out);
}

/* ---- time ---- */

ONE(fn_fromdate)
{
	return jq_date_from(run, in, out);
}

ONE(fn_todate)
{
	return jq_date_strftime(run, in, "%Y-%m-%dT%H:%M:%SZ", out);
}

ONE(fn_strptime)
{
	return jq_date_strptime(run, in, a, out);
}

ONE(fn_mktime)
{
	return jq_date_mktime(run, in, out);
}

ONE(fn_strftime)
{
	const char *s;
	size_t len;

	/* jq itself stops dead on another format. */
	if (!is_text(a))
		return err_set(run->err, "strftime/1 requires a string format");
	s = jq_value_string(run, a, &len);
	if (memchr(s, '\0', len) != NULL)
		return JQ_ASK;
	s = memcpy(jq_value_alloc(run, len + 1), s, len);
	((char *)s)[len] = '\0';
	return jq_date_strftime(run, in, s, out);
}

/* The time of the batch, so that a batch that is run again is the same. */
ONE(fn_now)
{
	*out = value_double((double)run->env->batch_us / 1e6);
	return 0;
}

ONE(fn_event_time)
{
	*out = run->env->has_event ? value_time(run->env->event_us)
				   : value_null();
	return 0;
}

ONE(fn_batch_timestamp)
{
	*out = value_time(run->env->batch_us);
	return 0;
}

const struct jq_func jq_func_all[] = {
	{"IN", 1, NULL, fn_in, JQ_ALWAYS | JQ_LAZY, TYPE_BOOLEAN},
	{"IN", 2, NULL, fn_in, JQ_ALWAYS | JQ_LAZY, TYPE_BOOLEAN},
	{"ascii_downcase", 0, fn_downcase, NULL, 0, TYPE_STRING},
	{"ascii_upcase", 0, fn_upcase, NULL, 0, TYPE_STRING},
	{"batch_timestamp", 0, fn_batch_timestamp, NULL, 0, TYPE_TIMESTAMP},
	{"capture", 1, NULL, fn_capture, JQ_REGEX, TYPE_UNKNOWN},
	{"capture", 2, NULL, fn_capture, JQ_REGEX, TYPE_UNKNOWN},
	{"ceil", 0, fn_ceil, NULL, 0, TYPE_UNKNOWN},
	{"contains", 1, fn_contains, NULL, 0, TYPE_BOOLEAN},
	{"empty", 0, NULL, fn_empty, JQ_LAZY, TYPE_UNKNOWN},
	{"endswith", 1, fn_endswith, NULL, 0, TYPE_BOOLEAN},
	{"event_time", 0, fn_event_time, NULL, 0, TYPE_TIMESTAMP},
	{"fabs", 0, fn_fabs, NULL, 0, TYPE_UNKNOWN},
	{"floor", 0, fn_floor, NULL, 0, TYPE_UNKNOWN},
	{"fromdate", 0, fn_fromdate, NULL, 0, TYPE_LONG},
	{"fromdateiso8601", 0, fn_fromdate, NULL, 0, TYPE_LONG},
	{"gsub", 2, NULL, fn_sub, JQ_ALWAYS | JQ_REGEX | JQ_REPLACE,
		TYPE_STRING},
	{"gsub", 3, NULL, fn_sub, JQ_ALWAYS | JQ_REGEX | JQ_REPLACE,
		TYPE_STRING},
	{"has", 1, fn_has, NULL, 0, TYPE_BOOLEAN},
	{"index", 1, fn_index, NULL, 0, TYPE_UNKNOWN},
	{"indices", 1, fn_indices, NULL, 0, TYPE_UNKNOWN},
	{"inside", 1, fn_inside, NULL, 0, TYPE_BOOLEAN},
	{"join", 1, fn_join, NULL, 0, TYPE_STRING},
	{"keys", 0, fn_keys, NULL, 0, TYPE_UNKNOWN},
	{"length", 0, fn_length, NULL, 0, TYPE_UNKNOWN},
	{"ltrimstr", 1, fn_ltrimstr, NULL, 0, TYPE_UNKNOWN},
	{"map", 1, NULL, fn_map, JQ_ALWAYS | JQ_LAZY, TYPE_UNKNOWN},
	{"match", 1, NULL, fn_match, JQ_REGEX, TYPE_UNKNOWN},
	{"match", 2, NULL, fn_match, JQ_REGEX, TYPE_UNKNOWN},
	{"mktime", 0, fn_mktime, NULL, 0, TYPE_LONG},
	{"not", 0, fn_not, NULL, 0, TYPE_BOOLEAN},
	{"now", 0, fn_now, NULL, 0, TYPE_DOUBLE},
	{"rindex", 1, fn_rindex, NULL, 0, TYPE_UNKNOWN},
	{"round", 0, fn_round, NULL, 0, TYPE_UNKNOWN},
	{"rtrimstr", 1, fn_rtrimstr, NULL, 0, TYPE_UNKNOWN},
	{"scan", 1, NULL, fn_scan, JQ_REGEX, TYPE_UNKNOWN},
	{"select", 1, NULL, fn_select, JQ_LAZY, TYPE_UNKNOWN},
	{"split", 1, fn_split, NULL, 0, TYPE_UNKNOWN},
	{"split", 2, fn_split_regex, NULL, JQ_REGEX, TYPE_UNKNOWN},
	{"sqrt", 0, fn_sqrt, NULL, 0, TYPE_UNKNOWN},
	{"startswith", 1, fn_startswith, NULL, 0, TYPE_BOOLEAN},
	{"strftime", 1, fn_strftime, NULL, 0, TYPE_STRING},
	{"strptime", 1, fn_strptime, NULL, 0, TYPE_UNKNOWN},
	{"sub", 2, NULL, fn_sub, JQ_ALWAYS | JQ_REGEX | JQ_REPLACE,
		TYPE_STRING},
	{"sub", 3, NULL, fn_sub, JQ_ALWAYS | JQ_REGEX | JQ_REPLACE,
		TYPE_STRING},
	{"test", 1, fn_test, NULL, JQ_REGEX, TYPE_BOOLEAN},
	{"test", 2, fn_test, NULL, JQ_REGEX, TYPE_BOOLEAN},
	{"todate", 0, fn_todate, NULL, 0, TYPE_STRING},
	{"todateiso8601", 0, fn_todate, NULL, 0, TYPE_STRING},
	{"tojson", 0, fn_tojson, NULL, 0, TYPE_STRING},
	{"tonumber", 0, fn_tonumber, NULL, 0, TYPE_UNKNOWN},
	{"tostring", 0, fn_tostring, NULL, 0, TYPE_STRING},
	{"type", 0, fn_type, NULL, 0, TYPE_STRING},
	{NULL, 0, NULL, NULL, 0, TYPE_UNKNOWN},
};

const struct jq_func *
jq_func_find(const char *name, size_t n, uint32_t nargs)
{
	const struct jq_func *f;

	for (f = jq_func_all; f->name != NULL; f++)
		if (f->nargs == nargs && strlen(f->name) == n &&
			memcmp(f->name, name, n) == 0)
			return f;
	return NULL;
}
