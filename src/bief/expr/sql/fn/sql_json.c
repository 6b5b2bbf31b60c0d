/*
 * sql_json: functions that look into JSON text; sql_schema.c has those that
 * read and write it by a schema.  They stay on the text, as Spark's do: what
 * get_json_object() gives is a piece of it, spelled anew, not a value.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "value/json.h"
#include "value/lenient.h"
#include "expr/sql/sql_impl.h"

/* A copy of a text, with the padding that scanners want. */
static const char *
text_padded(struct datum_ctx *c, const char *s, size_t n)
{
	char *p = arena_zero(&c->arena, n + JSON_PADDING);

	if (n > 0)
		memcpy(p, s, n);
	return p;
}

/* What these functions read: control characters in strings, but no bare words
 * for numbers that are none; not quite what from_json reads. */
#define SYNTAX (LENIENT_CONTROLS | LENIENT_NO_WORDS | LENIENT_UTF16)

/* The text as a value; false if it is no JSON, as Spark takes it. */
static bool
text_as_json(struct datum_ctx *c, const struct datum *d, struct value *v)
{
	const char *p = text_padded(c, d->str, d->n);
	struct lenient l = {.begin = p, .end = p + d->n, .flags = SYNTAX};
	struct json_error e;
	struct buf b;
	bool good;

	if (json_read(p, l.end, 0, v, &e) != NULL)
		return true;
	buf_init(&b);
	good = lenient_value(&l, p, 0, &b) != NULL;
	if (good) {
		p = text_padded(c, b.p, b.n);
		good = json_read(p, p + b.n, 0, v, &e) != NULL;
	}
	buf_release(&b);
	return good;
}

/*
 * Steps of a path.  The evaluation follows Spark's, which follows Hive's: [*]
 * with one match gives it without brackets, [*][*] makes one flat array.
 */
enum step_kind { STEP_KEY, STEP_INDEX, STEP_ALL };

struct step {
	enum step_kind kind;
	const char *name;
	size_t n;
	int64_t index;
};

enum style { RAW, QUOTED, FLAT };

#define STEPS 64

/* How many steps; -1: no path. */
static int
path_read(const char *p, size_t len, struct step *s)
{
	const char *end = p + len, *q;
	int n = 0;

	if (p == end || *p++ != '$')
		return -1;
	for (; p < end; n++) {
		if (n == STEPS)
			return -1;
		s[n] = (struct step){STEP_KEY, NULL, 0, 0};
		if (*p == '.') {
			s[n].name = ++p;
			while (p < end && *p != '.' && *p != '[')
				p++;
			s[n].n = (size_t)(p - s[n].name);
			if (s[n].n == 0)
				return -1;
			continue;
		}
		if (*p++ != '[' || p == end)
			return -1;
		q = memchr(p, ']', (size_t)(end - p));
		if (q == NULL)
			return -1;
		if (*p == '\'') {
			if (q - p < 2 || q[-1] != '\'')
				return -1;
			s[n].name = p + 1;
			s[n].n = (size_t)(q - p) - 2;
		} else if (q == p + 1 && *p == '*') {
			s[n].kind = STEP_ALL;
		} else {
			s[n].kind = STEP_INDEX;
			if (p == q)
				return -1;
			for (; p < q; p++) {
				if (!isdigit((unsigned char)*p) ||
					s[n].index > INT32_MAX)
					return -1;
				s[n].index = s[n].index * 10 + (*p - '0');
			}
		}
		p = q + 1;
	}
	return n;
}

/* A value as Spark writes it: without blanks, numbers as Java prints them. */
static void
path_copy(const struct value *v, struct buf *out)
{
	struct lenient l = {.begin = v->s, .end = v->s + v->n, .flags = SYNTAX};

	switch (v->type) {
	case VALUE_STRING:
		l.begin--;
		l.end++;
		/* fall through */
	case VALUE_NUMBER:
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		lenient_value(&l, l.begin, 0, out);
		break;
	default:
		value_print(v, out);
	}
}

static void
path_comma(struct buf *out, enum style style)
{
	if (style != RAW && out->n > 0 && out->p[out->n - 1] != '[')
		buf_byte(out, ',');
}

static bool path_follow(const struct value *v, const struct step *s, int n,
	enum style style, struct buf *out);

static bool
path_end(const struct value *v, enum style style, struct buf *out)
{
	struct value e, key;
	struct json_iter it;
	bool found = false;

	if (v->type == VALUE_STRING && style == RAW) {
		json_unquote(out, v->s, v->n);
		return true;
	}
	if (v->type == VALUE_ARRAY && style == FLAT) {
		json_iter(&it, v);
		while (json_next(&it, &key, &e))
			found |= path_follow(&e, NULL, 0, FLAT, out);
		return found;
	}
	path_comma(out, style);
	path_copy(v, out);
	return true;
}

static bool
path_key(const struct value *v, const struct step *s, int n, enum style style,
	struct buf *out)
{
	struct value e, key;
	struct json_iter it;
	struct buf name;
	bool found = false, same;

	if (v->type != VALUE_OBJECT)
		return false;
	buf_init(&name);
	json_iter(&it, v);
	while (!found && json_next(&it, &key, &e)) {
		buf_clear(&name);
		json_unquote(&name, key.s, key.n);
		same = name.n == s->n && memcmp(name.p, s->name, s->n) == 0;
		if (same && e.type != VALUE_NULL)
			found = path_follow(&e, s + 1, n - 1, style, out);
	}
	buf_release(&name);
	return found;
}

/* Every element, each followed on; how many gave something. */
static int
path_each(const struct value *v, const struct step *s, int n, enum style style,
	struct buf *out)
{
	struct value e, key;
	struct json_iter it;
	int found = 0;

	json_iter(&it, v);
	while (json_next(&it, &key, &e))
		found += path_follow(&e, s, n, style, out);
	return found;
}

static bool
path_all(const struct value *v, const struct step *s, int n, enum style style,
	struct buf *out)
{
	struct buf inner;
	int found;

	if (n > 1 && s[1].kind == STEP_ALL) {
		path_comma(out, style);
		buf_byte(out, '[');
		found = path_each(v, s + 2, n - 2, FLAT, out);
		buf_byte(out, ']');
		return found > 0;
	}
	if (style == QUOTED) {
		path_comma(out, style);
		buf_byte(out, '[');
		found = path_each(v, s + 1, n - 1, QUOTED, out);
		buf_byte(out, ']');
		return found > 0;
	}
	buf_init(&inner);
	buf_byte(&inner, '[');
	found = path_each(
		v, s + 1, n - 1, style == RAW ? QUOTED : FLAT, &inner);
	buf_byte(&inner, ']');
	if (found > 0)
		path_comma(out, style);
	if (found > 1)
		buf_add(out, inner.p, inner.n);
	else if (found == 1)
		buf_add(out, inner.p + 1, inner.n - 2);
	buf_release(&inner);
	return found > 0;
}

static bool
path_follow(const struct value *v, const struct step *s, int n,
	enum style style, struct buf *out)
{
	struct value e, key;
	struct json_iter it;
	int64_t i = 0;

	if (n == 0)
		return path_end(v, style, out);
	if (s->kind == STEP_KEY)
		return path_key(v, s, n, style, out);
	if (v->type != VALUE_ARRAY)
		return false;
	if (s->kind == STEP_ALL)
		return path_all(v, s, n, style, out);
	json_iter(&it, v);
	while (json_next(&it, &key, &e))
		if (i++ == s->index)
			return path_follow(&e, s + 1, n - 1,
				n > 1 && s[1].kind == STEP_ALL ? QUOTED : style,
				out);
	return false;
}

static int
run_get_json_object(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct step steps[STEPS];
	struct value v;
	struct buf b;
	int k = path_read(a[1].str, a[1].n, steps);

	*out = datum_null();
	if (k < 0 || !text_as_json(c, &a[0], &v))
		return 0;
	buf_init(&b);
	if (path_follow(&v, steps, k, RAW, &b))
		*out = datum_from_buf(c, &b);
	buf_release(&b);
	return 0;
}

static int
run_array_length(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct value v, key, e;
	struct json_iter it;
	int64_t count = 0;

	*out = datum_null();
	if (!text_as_json(c, a, &v) || v.type != VALUE_ARRAY)
		return 0;
	json_iter(&it, &v);
	while (json_next(&it, &key, &e))
		count++;
	*out = datum_int(TYPE_INT, count);
	return 0;
}

static int
run_object_keys(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct value v, key, e;
	struct json_iter it;
	struct datum *items;
	size_t count = 0;
	struct buf b;

	*out = datum_null();
	if (!text_as_json(c, a, &v) || v.type != VALUE_OBJECT)
		return 0;
	json_iter(&it, &v);
	while (json_next(&it, &key, &e))
		count++;
	items = arena_get(&c->arena, count * sizeof(*items) + 1);
	buf_init(&b);
	json_iter(&it, &v);
	for (count = 0; json_next(&it, &key, &e); count++) {
		buf_clear(&b);
		json_unquote(&b, key.s, key.n);
		items[count] = datum_from_buf(c, &b);
	}
	buf_release(&b);
	*out = datum_items(TYPE_ARRAY, items, count, n->ty.t);
	return 0;
}

const struct sql_fn sql_json_fns[] = {
	{"get_json_object", "ss:s", run_get_json_object},
	{"json_array_length", "s:i", run_array_length},
	{"json_object_keys", "s:S", run_object_keys}, {NULL}};
