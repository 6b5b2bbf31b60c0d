/*
 * ddl: the grammar of Spark's DDL, as accepted here
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
#include "types/ddl.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "types/schema.h"

#define HEADER_DEPTH 2000 /* and that a header may tell of */

struct ddl {
	const char *text; /* the whole of it, for messages */
	const char *p;
	int depth;
	bool header; /* of a stream: whatever is printed is read */
	struct err *err;
};

static int
ddl_refuse(struct ddl *r, const char *at, const char *what)
{
	return err_caret(
		r->err, r->text, (size_t)(at - r->text), "schema: %s", what);
}

static void
ddl_space(struct ddl *r)
{
	while (isspace((unsigned char)*r->p))
		r->p++;
}

static bool
ddl_is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' ||
		(unsigned char)c >= 0x80;
}

static bool
ddl_take(struct ddl *r, char c)
{
	ddl_space(r);
	if (*r->p != c)
		return false;
	r->p++;
	return true;
}

/* The length of the word that begins here. */
static size_t
ddl_word(const char *p)
{
	size_t n = 0;

	while (ddl_is_name(p[n]))
		n++;
	return n;
}

static bool
ddl_take_word(struct ddl *r, const char *word)
{
	size_t n;

	ddl_space(r);
	n = ddl_word(r->p);
	if (n != strlen(word) || strncasecmp(r->p, word, n) != 0)
		return false;
	r->p += n;
	return true;
}

static int
ddl_read_name(struct ddl *r, struct buf *name)
{
	const char *start;
	size_t n;

	ddl_space(r);
	start = r->p;
	buf_clear(name);
	if (ddl_take(r, '`')) {
		for (;; r->p++) {
			if (*r->p == '\0')
				return ddl_refuse(r, start,
					"this backquote is not closed");
			if (*r->p == '`' && *++r->p != '`')
				break;
			buf_byte(name, *r->p);
		}
		buf_cstr(name);
		return 0;
	}
	n = ddl_word(r->p);
	if (n == 0)
		return ddl_refuse(r, r->p,
			*r->p == '\0'
				? "expected a field's name, found the end"
				: "expected a field's name (others than letters, digits "
				  "and _ in backquotes)");
	buf_add(name, r->p, n);
	buf_cstr(name);
	r->p += n;
	return 0;
}

static int ddl_read_type(struct ddl *r, struct type **out);

static int
ddl_read_int(struct ddl *r, int *out)
{
	ddl_space(r);
	if (!isdigit((unsigned char)*r->p))
		return ddl_refuse(r, r->p, "expected a number");
	for (*out = 0; isdigit((unsigned char)*r->p) && *out < 100000; r->p++)
		*out = *out * 10 + (*r->p - '0');
	return 0;
}

/* ( precision [, scale] ) */
static int
ddl_read_decimal(struct ddl *r, struct type *t)
{
	const char *at = r->p;

	if (ddl_read_int(r, &t->precision) < 0)
		return -1;
	if (ddl_take(r, ',') && ddl_read_int(r, &t->scale) < 0)
		return -1;
	if (t->precision < 1 || t->precision > 38)
		return ddl_refuse(r, at, "a decimal has 1 to 38 digits");
	if (t->scale > t->precision)
		return ddl_refuse(
			r, at, "a decimal has no more places than digits");
	return 0;
}

/* What stands in parentheses behind a type's name. */
static int
ddl_read_arguments(struct ddl *r, struct type *t)
{
	int n;

	if (t->kind == TYPE_DECIMAL) {
		if (ddl_read_decimal(r, t) < 0)
			return -1;
	} else if (t->kind == TYPE_STRING) {
		if (ddl_read_int(r, &n) < 0)
			return -1;
	} else if (t->kind == TYPE_TIMESTAMP) {
		for (n = 0; n < 4 && !ddl_take_word(r, type_units[n]); n++)
			continue;
		if (n == 4)
			return ddl_refuse(
				r, r->p, "expected the unit s, ms, us or ns");
		t->unit = (enum time_unit)n;
	} else {
		return ddl_refuse(r, r->p - 1, "this type takes no arguments");
	}
	if (!ddl_take(r, ')'))
		return ddl_refuse(r, r->p, "expected ')'");
	return 0;
}

static int
ddl_read_comment(struct ddl *r)
{
	char quote;
	const char *start;

	ddl_space(r);
	start = r->p;
	quote = *r->p;
	if (quote != '\'' && quote != '"')
		return ddl_refuse(r, r->p, "expected the comment in quotes");
	for (r->p++; *r->p != quote; r->p++) {
		if (*r->p == '\\' && r->p[1] != '\0')
			r->p++;
		if (*r->p == '\0')
			return ddl_refuse(r, start, "this quote is not closed");
	}
	r->p++;
	return 0;
}

static int
ddl_read_field(struct ddl *r, struct schema *s, struct buf *name)
{
	const char *start;
	struct type *t = NULL;

	ddl_space(r);
	start = r->p;
	if (ddl_read_name(r, name) < 0)
		return -1;
	if (!r->header && schema_find(s, name->p, name->n) >= 0)
		return ddl_refuse(r, start, "this field stands twice");
	ddl_take(r, ':');
	if (ddl_read_type(r, &t) < 0)
		return -1;
	schema_add(s, name->p, t);
	if (ddl_take_word(r, "not") && !ddl_take_word(r, "null"))
		return ddl_refuse(r, r->p, "expected NULL after NOT");
	if (ddl_take_word(r, "comment"))
		return ddl_read_comment(r);
	return 0;
}

/* Fields, up to what cannot follow one. */
static int
ddl_read_fields(struct ddl *r, struct schema *s)
{
	struct buf name;
	int rc = 0;

	buf_init(&name);
	do
		rc = ddl_read_field(r, s, &name);
	while (rc == 0 && ddl_take(r, ','));
	buf_release(&name);
	return rc;
}

/* < ... > of array, map and struct. */
static int
ddl_read_inside(struct ddl *r, struct type *t)
{
	if (!ddl_take(r, '<'))
		return ddl_refuse(r, r->p, "expected '<'");
	if (t->kind == TYPE_STRUCT) {
		t->fields = schema_new();
		if (ddl_take(r, '>'))
			return 0;
		if (ddl_read_fields(r, t->fields) < 0)
			return -1;
	} else {
		if (t->kind == TYPE_MAP) {
			if (ddl_read_type(r, &t->key) < 0)
				return -1;
			if (!ddl_take(r, ','))
				return ddl_refuse(r, r->p, "expected ','");
		}
		if (ddl_read_type(r, &t->elem) < 0)
			return -1;
	}
	if (!ddl_take(r, '>'))
		return ddl_refuse(r, r->p, "expected ',' or '>'");
	return 0;
}

static int
ddl_unknown_type(struct ddl *r, const char *at, size_t n)
{
	char name[64], what[200];
	const char *best;

	/* Taken for a timestamp it would be moved by the zone. */
	if (n == 13 && strncasecmp(at, "timestamp_ntz", n) == 0)
		return ddl_refuse(r, at,
			"timestamp_ntz is not supported (timestamp is a moment "
			"in the stream's zone, string leaves it as it is)");
	err_quote(name, sizeof(name), at, n);
	for (char *p = name; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	best = type_near(name);
	if (best != NULL)
		snprintf(what, sizeof(what),
			"no type '%s' (did you mean '%s'?)", name, best);
	else
		snprintf(what, sizeof(what), "no type '%s'", name);
	return ddl_refuse(r, at, what);
}

static int
ddl_read_type(struct ddl *r, struct type **out)
{
	struct type *t;
	size_t n;
	int kind;

	ddl_space(r);
	n = ddl_word(r->p);
	if (n == 0)
		return ddl_refuse(r, r->p,
			*r->p == '\0' ? "expected a type, found the end"
				      : "expected a type");
	if (r->header && n == strlen(type_unknown) &&
		memcmp(r->p, type_unknown, n) == 0) {
		r->p += n;
		*out = type_new(TYPE_UNKNOWN);
		return 0;
	}
	if ((kind = type_named(r->p, n)) < 0)
		return ddl_unknown_type(r, r->p, n);
	if (++r->depth > (r->header ? HEADER_DEPTH : DDL_DEPTH))
		return ddl_refuse(r, r->p, DDL_TOO_DEEP);
	r->p += n;
	*out = t = type_new((enum type_kind)kind);
	if (t->kind >= TYPE_ARRAY) {
		if (ddl_read_inside(r, t) < 0)
			goto err;
	} else if (ddl_take(r, '(') && ddl_read_arguments(r, t) < 0) {
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
ddl_is_struct(struct ddl r)
{
	return ddl_take_word(&r, "struct") && ddl_take(&r, '<');
}

struct schema *
ddl_parse(const char *text, bool header, struct err *err)
{
	struct ddl r = {.text = text, .p = text, .header = header, .err = err};
	struct schema *s = schema_new();
	struct type *t = NULL;

	if (ddl_is_struct(r)) {
		if (ddl_read_type(&r, &t) < 0)
			goto err;
		schema_free(s);
		s = t->fields;
		t->fields = NULL;
		type_free(t);
	} else if ((!header || *text != '\0') && ddl_read_fields(&r, s) < 0) {
		goto err;
	}
	ddl_space(&r);
	if (*r.p != '\0') {
		ddl_refuse(&r, r.p, "expected ',' or the end");
		goto err;
	}
	return s;
err:
	schema_free(s);
	return NULL;
}

struct type *
ddl_parse_type(const char *text, struct err *err)
{
	struct ddl r = {.text = text, .p = text, .err = err};
	struct type *t = NULL;

	if (ddl_read_type(&r, &t) < 0)
		return NULL;
	ddl_space(&r);
	if (*r.p != '\0') {
		ddl_refuse(&r, r.p, "expected the end of the type");
		type_free(t);
		return NULL;
	}
	return t;
}
