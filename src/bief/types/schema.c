/*
 * schema: the grammar of Spark's DDL, as accepted here
 *
 *	schema:  fields | "struct" "<" [fields] ">" | JSON form
 *	fields:  field ("," field)*
 *	field:   name [":"] type ["not" "null"] ["comment" string]
 *	type:    word ["(" arguments ")"]
 *	         | "array" "<" type ">" | "map" "<" type "," type ">"
 *	         | "struct" "<" [fields] ">"
 *	name:    letters, digits and "_", or anything in backquotes (`` is `),
 *	         also nothing
 *
 * Words are known in any case.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "io/file.h"
#include "value/json.h"
#include "floor/near.h"
#include "value/path.h"
#include "types/schema.h"
#include "value/value.h"

#define FILE_MOST (16 << 20) /* bytes of a schema in a file */
#define SCHEMA_DEPTH 100     /* nesting of types that is accepted */
#define TOO_DEEP "nested deeper than 100 levels, the limit of a schema"
#define HEADER_DEPTH 2000 /* and that a header may tell of */

static const struct {
	const char *name;
	enum type_kind kind;
} words[] = {
	{"boolean", TYPE_BOOLEAN},
	{"bool", TYPE_BOOLEAN},
	{"tinyint", TYPE_BYTE},
	{"byte", TYPE_BYTE},
	{"smallint", TYPE_SHORT},
	{"short", TYPE_SHORT},
	{"int", TYPE_INT},
	{"integer", TYPE_INT},
	{"bigint", TYPE_LONG},
	{"long", TYPE_LONG},
	{"float", TYPE_FLOAT},
	{"real", TYPE_FLOAT},
	{"double", TYPE_DOUBLE},
	{"decimal", TYPE_DECIMAL},
	{"dec", TYPE_DECIMAL},
	{"numeric", TYPE_DECIMAL},
	{"string", TYPE_STRING},
	{"varchar", TYPE_STRING},
	{"char", TYPE_STRING},
	{"character", TYPE_STRING},
	{"binary", TYPE_BINARY},
	{"timestamp", TYPE_TIMESTAMP},
	{"timestamp_ltz", TYPE_TIMESTAMP},
	{"date", TYPE_DATE},
	{"void", TYPE_NULL},
	{"null", TYPE_NULL},
	{"array", TYPE_ARRAY},
	{"map", TYPE_MAP},
	{"struct", TYPE_STRUCT},
};
#define NWORDS (sizeof(words) / sizeof(words[0]))

/* A type that is not known before data flows: nobody may ask for it, but a
 * stream's header tells of it. */
static const char unknown_word[] = "unknown";

static const char *const units[] = {"s", "ms", "us", "ns"};

/* Types and schemas as values. */

struct type *
type_new(enum type_kind kind)
{
	struct type *t = mem_zalloc(sizeof(*t));

	t->kind = kind;
	t->unit = UNIT_S;
	if (kind == TYPE_DECIMAL)
		t->precision = 10;
	return t;
}

struct type *
type_copy(const struct type *t)
{
	struct type *c;

	if (t == NULL)
		return NULL;
	c = mem_alloc(sizeof(*c));
	*c = *t;
	c->key = type_copy(t->key);
	c->elem = type_copy(t->elem);
	c->fields = schema_copy(t->fields);
	return c;
}

void
type_free(struct type *t)
{
	if (t == NULL)
		return;
	type_free(t->key);
	type_free(t->elem);
	schema_free(t->fields);
	free(t);
}

bool
type_numeric(const struct type *t)
{
	return t != NULL && t->kind >= TYPE_BYTE && t->kind <= TYPE_DECIMAL;
}

struct schema *
schema_new(void)
{
	return mem_zalloc(sizeof(struct schema));
}

struct schema *
schema_copy(const struct schema *s)
{
	struct schema *c;

	if (s == NULL)
		return NULL;
	c = schema_new();
	for (size_t i = 0; i < s->n; i++)
		schema_add(c, s->f[i].name, type_copy(s->f[i].type));
	return c;
}

void
schema_free(struct schema *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++) {
		free(s->f[i].name);
		type_free(s->f[i].type);
	}
	free(s->f);
	free(s);
}

void
schema_insert(struct schema *s, size_t at, const char *name, struct type *type)
{
	/* The room doubles: it is a power of two, seen from n. */
	if ((s->n & (s->n - 1)) == 0)
		s->f = mem_realloc(
			s->f, (s->n ? s->n * 2 : 1) * sizeof(s->f[0]));
	memmove(s->f + at + 1, s->f + at, (s->n - at) * sizeof(s->f[0]));
	s->f[at].name = mem_dup(name, strlen(name));
	s->f[at].type = type != NULL ? type : type_new(TYPE_UNKNOWN);
	s->n++;
}

void
schema_add(struct schema *s, const char *name, struct type *type)
{
	schema_insert(s, s->n, name, type);
}

void
schema_remove(struct schema *s, size_t at)
{
	struct schema *r = schema_new();

	for (size_t i = 0; i < s->n; i++) {
		if (i == at) {
			type_free(s->f[i].type);
		} else {
			schema_add(r, s->f[i].name, s->f[i].type);
		}
		free(s->f[i].name);
	}
	free(s->f);
	*s = *r;
	free(r);
}

int
schema_find(const struct schema *s, const char *name, size_t n)
{
	if (s == NULL)
		return -1;
	for (size_t i = s->n; i-- > 0;)
		if (strlen(s->f[i].name) == n &&
			memcmp(s->f[i].name, name, n) == 0)
			return (int)i;
	return -1;
}

int
schema_like(const struct schema *s, const char *name, size_t n)
{
	int at = schema_find(s, name, n);

	if (at >= 0 || s == NULL)
		return at;
	for (size_t i = 0; i < s->n; i++) {
		if (strlen(s->f[i].name) != n ||
			strncasecmp(s->f[i].name, name, n) != 0)
			continue;
		if (at >= 0 && strcmp(s->f[i].name, s->f[at].name) != 0)
			return -2;
		at = (int)i;
	}
	return at;
}

/* One step from a value of type *t, which becomes that of what is there; the
 * step as the schema has it goes to out.  0, -1, -2 */
static int
type_step(const struct type **t, const struct path_step *step, struct path *out)
{
	static const struct type unknown = {.kind = TYPE_UNKNOWN};
	const struct type *from = *t;
	int i;

	if (from->kind == TYPE_STRUCT && step->s != NULL) {
		i = schema_like(from->fields, step->s, step->n);
		if (i < 0)
			return i;
		*t = from->fields->f[i].type;
		path_add_name(out, from->fields->f[i].name,
			strlen(from->fields->f[i].name));
		return 0;
	}
	if (from->kind == TYPE_UNKNOWN)
		*t = &unknown;
	else if (from->kind == (step->s != NULL ? TYPE_MAP : TYPE_ARRAY))
		*t = from->elem;
	else
		return -1;
	if (step->s != NULL)
		path_add_name(out, step->s, step->n);
	else
		path_add_index(out, step->i);
	return 0;
}

/* The steps of a path; i is the place of the first. */
static int
path_locate(const struct schema *s, const struct path *p, int i,
	struct schema_place *at, struct buf *name)
{
	const struct type *t = s->f[i].type;
	struct path out = {0};
	int ret = 0;

	path_add_name(&out, s->f[i].name, strlen(s->f[i].name));
	for (int k = 1; k < p->n && ret == 0; k++)
		ret = type_step(&t, &p->step[k], &out);
	if (ret == 0)
		at->type = t;
	if (ret == 0 && name != NULL)
		path_print(&out, name);
	path_release(&out);
	return ret;
}

int
schema_locate(const struct schema *s, const char *path, struct schema_place *at,
	struct buf *name)
{
	int i = schema_find(s, path, strlen(path)), first = -1, ret;
	struct path p;

	if (s == NULL)
		return -1;
	path_init(&p, path);
	if (i < 0 && p.n > 0)
		first = schema_find(s, p.step[0].s, p.step[0].n);
	if (i < 0 && first < 0)
		i = schema_like(s, path, strlen(path));
	if (i == -1 && first < 0 && p.n > 0)
		first = schema_like(s, p.step[0].s, p.step[0].n);
	at->whole = i >= 0;
	if (i >= 0) {
		at->type = s->f[i].type;
		if (name != NULL)
			buf_str(name, s->f[i].name);
		ret = 0;
	} else if (i == -1 && first >= 0)
		ret = path_locate(s, &p, first, at, name);
	else
		ret = i == -1 ? first : i;
	path_release(&p);
	return ret;
}

const struct type *
schema_type(const struct schema *s, const char *path)
{
	struct schema_place at;

	return schema_locate(s, path, &at, NULL) == 0 ? at.type : NULL;
}

const char *
schema_nearest(const struct schema *s, const char *name)
{
	const char *best = NULL;
	size_t d, least = SIZE_MAX;

	for (size_t i = 0; s != NULL && i < s->n; i++) {
		d = near_distance(name, s->f[i].name);
		if (d < least && near_enough(name, s->f[i].name)) {
			least = d;
			best = s->f[i].name;
		}
	}
	return best;
}

static const struct type *
other_keys(const struct type *t)
{
	const struct type *found;

	if (t == NULL)
		return NULL;
	if (t->kind == TYPE_MAP && t->key->kind != TYPE_STRING)
		return t;
	found = other_keys(t->elem);
	for (size_t i = 0;
		found == NULL && t->fields != NULL && i < t->fields->n; i++)
		found = other_keys(t->fields->f[i].type);
	return found;
}

int
schema_string_keys(const struct schema *s, struct err *err)
{
	const struct type *t;
	struct buf b;

	for (size_t i = 0; i < s->n; i++) {
		t = other_keys(s->f[i].type);
		if (t == NULL)
			continue;
		buf_init(&b);
		type_print(t, &b);
		err_as(err, STATUS_USAGE,
			"schema: field '%s': %s: the keys of "
			"a map are strings here",
			s->f[i].name, buf_cstr(&b));
		buf_release(&b);
		return -1;
	}
	return 0;
}

/* Printing. */

static bool
plain_name(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && *s != '_')
			return false;
	return true;
}

static void
name_print(const char *s, struct buf *out)
{
	if (plain_name(s)) {
		buf_str(out, s);
		return;
	}
	buf_byte(out, '`');
	for (; *s != '\0'; s++) {
		if (*s == '`')
			buf_byte(out, '`');
		buf_byte(out, *s);
	}
	buf_byte(out, '`');
}

static void
fields_print(const struct schema *s, const char *colon, const char *comma,
	struct buf *out)
{
	for (size_t i = 0; s != NULL && i < s->n; i++) {
		if (i > 0)
			buf_str(out, comma);
		name_print(s->f[i].name, out);
		buf_str(out, colon);
		type_print(s->f[i].type, out);
	}
}

void
schema_print(const struct schema *s, struct buf *out)
{
	fields_print(s, " ", ", ", out);
}

/* interval year to month, interval day */
static void
interval_print(const struct type *t, struct buf *out)
{
	static const char *const names[][4] = {
		{"year", "month"}, {"day", "hour", "minute", "second"}};
	const char *const *unit = names[t->kind == TYPE_DAYS];

	buf_printf(out, "interval %s", unit[t->precision]);
	if (t->scale > t->precision)
		buf_printf(out, " to %s", unit[t->scale]);
}

void
type_print(const struct type *t, struct buf *out)
{
	const char *name = unknown_word;

	if (t != NULL && t->kind > TYPE_STRUCT) {
		interval_print(t, out);
		return;
	}
	for (size_t i = 0; t != NULL && i < NWORDS; i++)
		if (words[i].kind == t->kind) {
			name = words[i].name;
			break;
		}
	buf_str(out, name);
	if (t == NULL)
		return;
	if (t->kind == TYPE_DECIMAL)
		buf_printf(out, "(%d,%d)", t->precision, t->scale);
	if (t->kind == TYPE_TIMESTAMP && t->unit != UNIT_S)
		buf_printf(out, "(%s)", units[t->unit]);
	if (t->kind == TYPE_ARRAY || t->kind == TYPE_MAP) {
		buf_byte(out, '<');
		if (t->kind == TYPE_MAP) {
			type_print(t->key, out);
			buf_byte(out, ',');
		}
		type_print(t->elem, out);
		buf_byte(out, '>');
	}
	if (t->kind == TYPE_STRUCT) {
		buf_byte(out, '<');
		fields_print(t->fields, ":", ",", out);
		buf_byte(out, '>');
	}
}

/* Reading DDL. */

struct reader {
	const char *text; /* the whole of it, for messages */
	const char *p;
	int depth;
	bool header; /* of a stream: whatever is printed is read */
	struct err *err;
};

static int
refuse(struct reader *r, const char *at, const char *what)
{
	return err_caret(
		r->err, r->text, (size_t)(at - r->text), "schema: %s", what);
}

static void
skip_space(struct reader *r)
{
	while (isspace((unsigned char)*r->p))
		r->p++;
}

static bool
is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' ||
		(unsigned char)c >= 0x80;
}

static bool
take(struct reader *r, char c)
{
	skip_space(r);
	if (*r->p != c)
		return false;
	r->p++;
	return true;
}

/* The length of the word that begins here. */
static size_t
word_length(const char *p)
{
	size_t n = 0;

	while (is_name(p[n]))
		n++;
	return n;
}

static bool
take_word(struct reader *r, const char *word)
{
	size_t n;

	skip_space(r);
	n = word_length(r->p);
	if (n != strlen(word) || strncasecmp(r->p, word, n) != 0)
		return false;
	r->p += n;
	return true;
}

static int
read_name(struct reader *r, struct buf *name)
{
	const char *start;
	size_t n;

	skip_space(r);
	start = r->p;
	buf_clear(name);
	if (take(r, '`')) {
		for (;; r->p++) {
			if (*r->p == '\0')
				return refuse(r, start,
					"this backquote is not closed");
			if (*r->p == '`' && *++r->p != '`')
				break;
			buf_byte(name, *r->p);
		}
		buf_cstr(name);
		return 0;
	}
	n = word_length(r->p);
	if (n == 0)
		return refuse(r, r->p,
			*r->p == '\0'
				? "expected a field's name, found the end"
				: "expected a field's name (others than letters, digits "
				  "and _ in backquotes)");
	buf_add(name, r->p, n);
	buf_cstr(name);
	r->p += n;
	return 0;
}

static int read_type(struct reader *r, struct type **out);

static int
read_int(struct reader *r, int *out)
{
	skip_space(r);
	if (!isdigit((unsigned char)*r->p))
		return refuse(r, r->p, "expected a number");
	for (*out = 0; isdigit((unsigned char)*r->p) && *out < 100000; r->p++)
		*out = *out * 10 + (*r->p - '0');
	return 0;
}

/* ( precision [, scale] ) */
static int
read_decimal(struct reader *r, struct type *t)
{
	const char *at = r->p;

	if (read_int(r, &t->precision) < 0)
		return -1;
	if (take(r, ',') && read_int(r, &t->scale) < 0)
		return -1;
	if (t->precision < 1 || t->precision > 38)
		return refuse(r, at, "a decimal has 1 to 38 digits");
	if (t->scale > t->precision)
		return refuse(
			r, at, "a decimal has no more places than digits");
	return 0;
}

/* What stands in parentheses behind a type's name. */
static int
read_arguments(struct reader *r, struct type *t)
{
	int n;

	if (t->kind == TYPE_DECIMAL) {
		if (read_decimal(r, t) < 0)
			return -1;
	} else if (t->kind == TYPE_STRING) {
		if (read_int(r, &n) < 0)
			return -1;
	} else if (t->kind == TYPE_TIMESTAMP) {
		for (n = 0; n < 4 && !take_word(r, units[n]); n++)
			continue;
		if (n == 4)
			return refuse(
				r, r->p, "expected the unit s, ms, us or ns");
		t->unit = (enum time_unit)n;
	} else {
		return refuse(r, r->p - 1, "this type takes no arguments");
	}
	if (!take(r, ')'))
		return refuse(r, r->p, "expected ')'");
	return 0;
}

static int
read_comment(struct reader *r)
{
	char quote;
	const char *start;

	skip_space(r);
	start = r->p;
	quote = *r->p;
	if (quote != '\'' && quote != '"')
		return refuse(r, r->p, "expected the comment in quotes");
	for (r->p++; *r->p != quote; r->p++) {
		if (*r->p == '\\' && r->p[1] != '\0')
			r->p++;
		if (*r->p == '\0')
			return refuse(r, start, "this quote is not closed");
	}
	r->p++;
	return 0;
}

static int
read_field(struct reader *r, struct schema *s, struct buf *name)
{
	const char *start;
	struct type *t = NULL;

	skip_space(r);
	start = r->p;
	if (read_name(r, name) < 0)
		return -1;
	if (!r->header && schema_find(s, name->p, name->n) >= 0)
		return refuse(r, start, "this field stands twice");
	take(r, ':');
	if (read_type(r, &t) < 0)
		return -1;
	schema_add(s, name->p, t);
	if (take_word(r, "not") && !take_word(r, "null"))
		return refuse(r, r->p, "expected NULL after NOT");
	if (take_word(r, "comment"))
		return read_comment(r);
	return 0;
}

/* Fields, up to what cannot follow one. */
static int
read_fields(struct reader *r, struct schema *s)
{
	struct buf name;
	int rc = 0;

	buf_init(&name);
	do
		rc = read_field(r, s, &name);
	while (rc == 0 && take(r, ','));
	buf_release(&name);
	return rc;
}

/* < ... > of array, map and struct. */
static int
read_inside(struct reader *r, struct type *t)
{
	if (!take(r, '<'))
		return refuse(r, r->p, "expected '<'");
	if (t->kind == TYPE_STRUCT) {
		t->fields = schema_new();
		if (take(r, '>'))
			return 0;
		if (read_fields(r, t->fields) < 0)
			return -1;
	} else {
		if (t->kind == TYPE_MAP) {
			if (read_type(r, &t->key) < 0)
				return -1;
			if (!take(r, ','))
				return refuse(r, r->p, "expected ','");
		}
		if (read_type(r, &t->elem) < 0)
			return -1;
	}
	if (!take(r, '>'))
		return refuse(r, r->p, "expected ',' or '>'");
	return 0;
}

static int
unknown_type(struct reader *r, const char *at, size_t n)
{
	char name[64], what[200];
	const char *best = NULL;

	/* Taken for a timestamp it would be moved by the zone. */
	if (n == 13 && strncasecmp(at, "timestamp_ntz", n) == 0)
		return refuse(r, at,
			"timestamp_ntz is not supported (timestamp is a moment "
			"in the stream's zone, string leaves it as it is)");
	err_quote(name, sizeof(name), at, n);
	for (char *p = name; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	for (size_t i = 0; i < NWORDS; i++)
		if (near_enough(name, words[i].name) &&
			(best == NULL ||
				near_distance(name, words[i].name) <
					near_distance(name, best)))
			best = words[i].name;
	if (best != NULL)
		snprintf(what, sizeof(what),
			"no type '%s' (did you mean '%s'?)", name, best);
	else
		snprintf(what, sizeof(what), "no type '%s'", name);
	return refuse(r, at, what);
}

static int
read_type(struct reader *r, struct type **out)
{
	size_t n, i;
	struct type *t;

	skip_space(r);
	n = word_length(r->p);
	if (n == 0)
		return refuse(r, r->p,
			*r->p == '\0' ? "expected a type, found the end"
				      : "expected a type");
	if (r->header && n == strlen(unknown_word) &&
		memcmp(r->p, unknown_word, n) == 0) {
		r->p += n;
		*out = type_new(TYPE_UNKNOWN);
		return 0;
	}
	for (i = 0; i < NWORDS; i++)
		if (strlen(words[i].name) == n &&
			strncasecmp(words[i].name, r->p, n) == 0)
			break;
	if (i == NWORDS)
		return unknown_type(r, r->p, n);
	if (++r->depth > (r->header ? HEADER_DEPTH : SCHEMA_DEPTH))
		return refuse(r, r->p, TOO_DEEP);
	r->p += n;
	*out = t = type_new(words[i].kind);
	if (t->kind >= TYPE_ARRAY) {
		if (read_inside(r, t) < 0)
			goto err;
	} else if (take(r, '(') && read_arguments(r, t) < 0) {
		goto err;
	}
	r->depth--;
	return 0;
err:
	type_free(t);
	*out = NULL;
	return -1;
}

/* True if the text is one struct type rather than a list of fields. */
static bool
is_struct(struct reader r)
{
	return take_word(&r, "struct") && take(&r, '<');
}

static struct schema *
parse_ddl(const char *text, bool header, struct err *err)
{
	struct reader r = {
		.text = text, .p = text, .header = header, .err = err};
	struct schema *s = schema_new();
	struct type *t = NULL;

	if (is_struct(r)) {
		if (read_type(&r, &t) < 0)
			goto err;
		schema_free(s);
		s = t->fields;
		t->fields = NULL;
		type_free(t);
	} else if ((!header || *text != '\0') && read_fields(&r, s) < 0) {
		goto err;
	}
	skip_space(&r);
	if (*r.p != '\0') {
		refuse(&r, r.p, "expected ',' or the end");
		goto err;
	}
	return s;
err:
	schema_free(s);
	return NULL;
}

/* Reading Spark's JSON form. */

static int
json_refuse(struct err *err, const char *what)
{
	return err_as(err, STATUS_USAGE, "schema: %s", what);
}

/* A member that is a string, as plain text in out. */
static int
json_text(const struct value *object, const char *name, struct buf *out,
	struct err *err)
{
	struct value v;

	if (!json_get(object, name, strlen(name), &v) || v.type != VALUE_STRING)
		return err_as(err, STATUS_USAGE,
			"schema: an object has no text \"%s\"", name);
	buf_clear(out);
	json_unquote(out, v.s, v.n);
	buf_cstr(out);
	if (strlen(out->p) != out->n)
		return json_refuse(err, "a name holds a NUL character");
	return 0;
}

static int json_type(
	const struct value *v, int depth, struct type **out, struct err *err);

static int
json_fields(const struct value *object, int depth, struct schema *s,
	struct err *err)
{
	struct value list, v, type;
	struct json_iter it;
	struct type *t;
	struct buf name;
	int rc = 0;

	if (!json_get(object, "fields", 6, &list) || list.type != VALUE_ARRAY)
		return json_refuse(err, "a struct has no list \"fields\"");
	buf_init(&name);
	json_iter(&it, &list);
	while (rc == 0 && json_next(&it, NULL, &v)) {
		if (v.type != VALUE_OBJECT) {
			rc = json_refuse(err, "a field is not an object");
			break;
		}
		rc = json_text(&v, "name", &name, err);
		if (rc == 0 && schema_find(s, name.p, name.n) >= 0)
			rc = err_as(err, STATUS_USAGE,
				"schema: field '%s' stands twice", name.p);
		if (rc == 0 && !json_get(&v, "type", 4, &type))
			rc = err_as(err, STATUS_USAGE,
				"schema: field '%s' has no type", name.p);
		if (rc == 0)
			rc = json_type(&type, depth, &t, err);
		if (rc == 0)
			schema_add(s, name.p, t);
	}
	buf_release(&name);
	return rc;
}

/* A type given as an object: struct, array or map. */
static int
json_child(const struct value *v, int depth, const char *kind,
	struct type **out, struct err *err)
{
	struct type *t;
	struct value part;

	if (strcmp(kind, "struct") == 0) {
		t = type_new(TYPE_STRUCT);
		t->fields = schema_new();
		if (json_fields(v, depth, t->fields, err) < 0)
			goto err;
	} else if (strcmp(kind, "array") == 0) {
		t = type_new(TYPE_ARRAY);
		if (!json_get(v, "elementType", 11, &part)) {
			json_refuse(err, "an array has no \"elementType\"");
			goto err;
		}
		if (json_type(&part, depth, &t->elem, err) < 0)
			goto err;
	} else if (strcmp(kind, "map") == 0) {
		t = type_new(TYPE_MAP);
		if (!json_get(v, "keyType", 7, &part)) {
			json_refuse(err, "a map has no \"keyType\"");
			goto err;
		}
		if (json_type(&part, depth, &t->key, err) < 0)
			goto err;
		if (!json_get(v, "valueType", 9, &part)) {
			json_refuse(err, "a map has no \"valueType\"");
			goto err;
		}
		if (json_type(&part, depth, &t->elem, err) < 0)
			goto err;
	} else {
		return err_as(
			err, STATUS_USAGE, "schema: no type \"%s\"", kind);
	}
	*out = t;
	return 0;
err:
	type_free(t);
	return -1;
}

static int
json_type(const struct value *v, int depth, struct type **out, struct err *err)
{
	struct reader r = {.err = err};
	struct buf text;
	int rc;

	if (depth > SCHEMA_DEPTH)
		return json_refuse(err, TOO_DEEP);
	buf_init(&text);
	if (v->type == VALUE_OBJECT) {
		rc = json_text(v, "type", &text, err);
		if (rc == 0)
			rc = json_child(v, depth + 1, text.p, out, err);
	} else if (v->type == VALUE_STRING) {
		json_unquote(&text, v->s, v->n);
		r.text = r.p = buf_cstr(&text);
		rc = read_type(&r, out);
		skip_space(&r);
		if (rc == 0 && *r.p != '\0') {
			rc = refuse(&r, r.p, "expected the end of the type");
			type_free(*out);
			*out = NULL;
		}
	} else {
		rc = json_refuse(err, "a type is neither text nor an object");
	}
	buf_release(&text);
	return rc;
}

static struct schema *
parse_json(const char *text, struct err *err)
{
	size_t n = strlen(text);
	char *padded = mem_zalloc(n + JSON_PADDING);
	struct schema *s = schema_new();
	struct json_error e;
	struct buf kind;
	struct value v;
	const char *end;
	int rc = -1;

	buf_init(&kind);
	memcpy(padded, text, n);
	end = json_read(padded, padded + n, 0, &v, &e);
	if (end == NULL) {
		err_as(err, STATUS_USAGE, "schema: %s at byte %zu", e.what,
			(size_t)(e.at - padded) + 1);
	} else if (json_space(end, padded + n) != padded + n) {
		json_refuse(err, "text follows the JSON object");
	} else if (json_text(&v, "type", &kind, err) == 0) {
		if (strcmp(kind.p, "struct") == 0)
			rc = json_fields(&v, 0, s, err);
		else
			json_refuse(err, "the type of a record is \"struct\"");
	}
	buf_release(&kind);
	free(padded);
	if (rc < 0) {
		schema_free(s);
		return NULL;
	}
	return s;
}

struct schema *
schema_parse(const char *text, struct err *err)
{
	const char *p = text;

	/* Names go into records, which are UTF-8. */
	if (!json_utf8(text, strlen(text))) {
		err_as(err, STATUS_USAGE, "schema: it is not UTF-8");
		return NULL;
	}
	while (isspace((unsigned char)*p))
		p++;
	return *p == '{' ? parse_json(p, err) : parse_ddl(text, false, err);
}

struct schema *
schema_parse_header(const char *text, struct err *err)
{
	return parse_ddl(text, true, err);
}

struct schema *
schema_read(const char *text, const char *file, struct err *err)
{
	struct schema *s = NULL;
	struct buf b;

	if (text != NULL)
		return schema_parse(text, err);
	buf_init(&b);
	if (file_read(file, FILE_MOST, &b, err) == 0)
		s = schema_parse(buf_cstr(&b), err);
	buf_release(&b);
	return s;
}

int
schema_corrupt(struct schema *s, const char *name, int *at, struct err *err)
{
	const char *field = name != NULL ? name : "_corrupt_record";

	*at = schema_find(s, field, strlen(field));
	if (*at < 0 && name != NULL) {
		schema_add(s, name, type_new(TYPE_STRING));
		*at = (int)s->n - 1;
	}
	if (*at >= 0 && s->f[*at].type->kind != TYPE_STRING)
		return err_as(err, STATUS_USAGE,
			"field '%s' takes malformed text and must be a string",
			field);
	return 0;
}
