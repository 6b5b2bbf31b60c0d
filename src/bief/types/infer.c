#include "types/infer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "text/number.h"
#include "time/date.h"
#include "time/time.h"
#include "time/zone.h"
#include "value/elements.h"
#include "value/json.h"
#include "value/lenient.h"
#include "value/value.h"
#include "io/stream/input.h"
#include "types/schema.h"

static void
become(struct type *t, enum type_kind kind)
{
	type_free(t->key);
	type_free(t->elem);
	schema_free(t->fields);
	*t = (struct type){.kind = kind};
}

#define DIGITS 38      /* of a decimal, at most */
#define LONG_DIGITS 20 /* of the decimal that holds every bigint, in Spark */

/* The narrowest scalar type that holds both. */
static enum type_kind
widen(enum type_kind a, enum type_kind b)
{
	if (a == b || b == TYPE_UNKNOWN)
		return a;
	if (a == TYPE_UNKNOWN)
		return b;
	if (a > b)
		return widen(b, a);
	if (a >= TYPE_BYTE && b <= TYPE_DOUBLE)
		return b;
	if (a >= TYPE_BYTE && b == TYPE_DECIMAL)
		return a >= TYPE_FLOAT ? TYPE_DOUBLE : b;
	if (a == TYPE_TIMESTAMP && b == TYPE_DATE)
		return a;
	return TYPE_STRING;
}

/* digits: of a whole number that is a decimal because it is large. */
static void
infer_scalar(struct type *t, enum type_kind kind, int digits)
{
	enum type_kind before = t->kind;

	if (t->kind < TYPE_ARRAY)
		t->kind = widen(t->kind, kind);
	else if (kind != TYPE_UNKNOWN)
		become(t, TYPE_STRING);
	if (t->kind != TYPE_DECIMAL || kind == TYPE_UNKNOWN)
		return;
	if (kind != before && before != TYPE_UNKNOWN && digits < LONG_DIGITS)
		digits = LONG_DIGITS;
	if (t->precision < digits)
		t->precision = digits;
}

/* A whole number of s that 64 bits do not hold: its type. */
static enum type_kind
large(const char *s, size_t n, int *digits)
{
	size_t i = n > 0 && (*s == '-' || *s == '+');

	*digits = n - i <= DIGITS ? (int)(n - i) : 0;
	return *digits > 0 ? TYPE_DECIMAL : TYPE_DOUBLE;
}

static bool
is_whole(const char *s, size_t n)
{
	for (size_t i = n > 0 && (*s == '-' || *s == '+'); i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return n > 0;
}

/* A text of ten digits and dashes at least; else it is no time. */
static bool
dated(const char *s, size_t n)
{
	if (n < 10 || s[4] != '-' || s[7] != '-')
		return false;
	for (int i = 0; i < 10; i++)
		if (i != 4 && i != 7 && (s[i] < '0' || s[i] > '9'))
			return false;
	return true;
}

static enum type_kind
text_kind(const char *s, size_t n)
{
	int32_t days;
	int64_t us;

	if (!dated(s, n))
		return TYPE_STRING;
	if (n == 10)
		return date_parse(s, n, &days) == 0 ? TYPE_DATE : TYPE_STRING;
	if (n >= 16 && time_parse(s, n, zone_utc, 0, &us) == 0)
		return TYPE_TIMESTAMP;
	return TYPE_STRING;
}

static enum type_kind
string_kind(const struct value *v)
{
	const char *s;
	struct buf tmp;
	enum type_kind kind;
	size_t n;

	buf_init(&tmp);
	s = value_string(v, &n, &tmp);
	kind = text_kind(s, n);
	buf_release(&tmp);
	return kind;
}

static void
infer_object(struct type *t, const struct value *v)
{
	struct json_iter it;
	struct value key, x;
	struct buf name;
	int i;

	if (t->kind == TYPE_UNKNOWN) {
		become(t, TYPE_STRUCT);
		t->fields = schema_new();
	}
	if (t->kind != TYPE_STRUCT) {
		become(t, TYPE_STRING);
		return;
	}
	buf_init(&name);
	json_iter(&it, v);
	while (json_next(&it, &key, &x)) {
		buf_clear(&name);
		json_unquote(&name, key.s, key.n);
		buf_cstr(&name);
		/* DDL has no way to say a NUL. */
		if (strlen(name.p) != name.n)
			continue;
		i = schema_find(t->fields, name.p, name.n);
		if (i < 0) {
			schema_add(t->fields, name.p, NULL);
			i = (int)t->fields->n - 1;
		}
		infer_value(t->fields->f[i].type, &x);
	}
	buf_release(&name);
}

static void
infer_array(struct type *t, const struct value *v)
{
	struct json_iter it;
	struct value x;

	if (t->kind == TYPE_UNKNOWN) {
		become(t, TYPE_ARRAY);
		t->elem = type_new(TYPE_UNKNOWN);
	}
	if (t->kind != TYPE_ARRAY) {
		become(t, TYPE_STRING);
		return;
	}
	json_iter(&it, v);
	while (json_next(&it, NULL, &x))
		infer_value(t->elem, &x);
}

static void
infer_number(struct type *t, const struct value *v)
{
	enum type_kind kind = TYPE_DOUBLE;
	int digits = 0;

	if (value_number(v, false).type == VALUE_INT)
		kind = TYPE_LONG;
	else if (v->type == VALUE_NUMBER && is_whole(v->s, v->n))
		kind = large(v->s, v->n, &digits);
	infer_scalar(t, kind, digits);
}

void
infer_value(struct type *t, const struct value *v)
{
	switch (v->type) {
	case VALUE_NULL:
		return;
	case VALUE_BOOL:
		infer_scalar(t, TYPE_BOOLEAN, 0);
		return;
	case VALUE_STRING:
		infer_scalar(t, string_kind(v), 0);
		return;
	case VALUE_OBJECT:
		infer_object(t, v);
		return;
	case VALUE_ARRAY:
		infer_array(t, v);
		return;
	default:
		infer_number(t, v);
	}
}

static bool
same_word(const char *s, size_t n, const char *word)
{
	return n == strlen(word) && strncasecmp(s, word, n) == 0;
}

static size_t
digits_at(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= '0' && s[i] <= '9')
		i++;
	return i;
}

/* d+[.d*] or .d+, with an exponent or not: as cells are cast, but that leading
 * zeros make a text. */
static bool
is_real(const char *s, size_t n)
{
	size_t k = digits_at(s, n), i = k, after = 0;

	if (k > 1 && s[0] == '0')
		return false;
	if (i < n && s[i] == '.') {
		after = digits_at(s + i + 1, n - i - 1);
		i += 1 + after;
	}
	if (k + after == 0)
		return false;
	if (i < n && (s[i] | 0x20) == 'e') {
		i++;
		i += i < n && (s[i] == '-' || s[i] == '+');
		k = digits_at(s + i, n - i);
		if (k == 0)
			return false;
		i += k;
	}
	return i == n;
}

static bool
is_special(const char *s, size_t n)
{
	double d;

	return number_special(s, n, &d) ||
		(n == 3 && memcmp(s, "Inf", 3) == 0) ||
		(n == 4 && memcmp(s, "-Inf", 4) == 0);
}

static enum type_kind
cell_kind(const char *s, size_t n, int *digits)
{
	size_t sign = n > 0 && (s[0] == '-' || s[0] == '+');
	int64_t i;

	if (n == 0)
		return TYPE_UNKNOWN;
	if (same_word(s, n, "true") || same_word(s, n, "false"))
		return TYPE_BOOLEAN;
	if (is_real(s + sign, n - sign)) {
		if (!is_whole(s, n))
			return TYPE_DOUBLE;
		if (number_int(s[0] == '+' ? s + 1 : s, s[0] == '+' ? n - 1 : n,
			    &i) < 0)
			return large(s, n, digits);
		return i == (int32_t)i ? TYPE_INT : TYPE_LONG;
	}
	return is_special(s, n) ? TYPE_DOUBLE : text_kind(s, n);
}

void
infer_text(struct type *t, const char *s, size_t n)
{
	int digits = 0;
	enum type_kind kind = cell_kind(s, n, &digits);

	infer_scalar(t, kind, digits);
}

void
infer_finish(struct type *t)
{
	if (t->kind == TYPE_UNKNOWN)
		t->kind = TYPE_STRING;
	if (t->elem != NULL)
		infer_finish(t->elem);
	for (size_t i = 0; t->fields != NULL && i < t->fields->n; i++)
		infer_finish(t->fields->f[i].type);
}

static bool
read_object(struct type *t, const char *p, const char *end)
{
	struct json_error e;
	struct value v;

	p = json_read(p, end, 0, &v, &e);
	if (p == NULL || json_space(p, end) != end || v.type != VALUE_OBJECT)
		return false;
	infer_value(t, &v);
	return true;
}

static void
infer_line(struct type *t, const char *line, size_t n, size_t *skipped)
{
	struct lenient l = {.begin = line, .end = line + n};
	const char *p = json_space(line, l.end);
	struct buf text;

	if (p == l.end || read_object(t, p, l.end))
		return;
	/* What parse-json takes beyond JSON, such as single quotes. */
	buf_init(&text);
	p = lenient_value(&l, p, 0, &text);
	buf_need(&text, JSON_PADDING);
	if (p == NULL || json_space(p, l.end) != l.end ||
		!read_object(t, text.p, text.p + text.n))
		++*skipped;
	buf_release(&text);
}

static void
infer_elements(struct type *t, const char *line, size_t n, size_t *skipped)
{
	struct elements e;
	int what;

	elements_init(&e, line, n);
	while ((what = elements_next(&e, &line, &n)) != 0)
		if (what > 0)
			infer_line(t, line, n, skipped);
		else
			++*skipped;
}

struct schema *
infer_json_file(const char *path, size_t max_line, bool array, size_t *skipped,
	struct err *err)
{
	struct type *t = type_new(TYPE_UNKNOWN);
	struct schema *s = NULL;
	const char *line;
	struct input in;
	int fd = STDIN_FILENO, got;
	enum line what;
	size_t n;
	char q[200];

	*skipped = 0;
	err_quote(q, sizeof(q), path, strlen(path));
	if (strcmp(path, "-") != 0 &&
		(fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
		err_sys(err, "cannot open '%s'", q);
		goto done;
	}
	input_init(&in, fd, max_line);
	got = fd != STDIN_FILENO && input_unpack(&in, path, err) < 0 ? -1 : 1;
	while (got > 0) {
		got = input_fill(&in, err);
		while ((what = input_line(&in, &line, &n)) != LINE_NONE) {
			if (what == LINE_GOOD && array)
				infer_elements(t, line, n, skipped);
			else if (what == LINE_GOOD)
				infer_line(t, line, n, skipped);
			else
				++*skipped;
		}
	}
	input_release(&in);
	if (fd != STDIN_FILENO)
		close(fd);
	if (got < 0) {
		err_in(err, "'%s'", q);
	} else if (t->kind != TYPE_STRUCT || t->fields->n == 0) {
		err_set(err, "'%s' holds no JSON object with a field", q);
	} else {
		infer_finish(t);
		s = t->fields;
		t->fields = NULL;
	}
done:
	type_free(t);
	return s;
}
