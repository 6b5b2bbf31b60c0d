/*
 * delta_schema: see delta_schema.h.
 */
#include "delta/delta_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "value/json.h"
#include "value/list.h"
#include "types/schema.h"

/* What Parquet in a table without column mapping cannot have in a name. */
#define NOT_IN_NAMES " ,;{}()\n\t="

static const char *const names[] = {
	[TYPE_UNKNOWN] = "string",
	[TYPE_NULL] = "string",
	[TYPE_BOOLEAN] = "boolean",
	[TYPE_BYTE] = "byte",
	[TYPE_SHORT] = "short",
	[TYPE_INT] = "integer",
	[TYPE_LONG] = "long",
	[TYPE_FLOAT] = "float",
	[TYPE_DOUBLE] = "double",
	[TYPE_STRING] = "string",
	[TYPE_BINARY] = "binary",
	[TYPE_TIMESTAMP] = "timestamp",
	[TYPE_DATE] = "date",
};

static void
put_type(const struct type *t, struct buf *out)
{
	switch (t == NULL ? TYPE_UNKNOWN : t->kind) {
	case TYPE_STRUCT:
		delta_schema_print(t->fields, out);
		break;
	case TYPE_ARRAY:
		buf_str(out, "{\"type\":\"array\",\"elementType\":");
		put_type(t->elem, out);
		buf_str(out, ",\"containsNull\":true}");
		break;
	case TYPE_MAP:
		buf_str(out, "{\"type\":\"map\",\"keyType\":");
		put_type(t->key, out);
		buf_str(out, ",\"valueType\":");
		put_type(t->elem, out);
		buf_str(out, ",\"valueContainsNull\":true}");
		break;
	case TYPE_DECIMAL:
		buf_printf(out, "\"decimal(%d,%d)\"", t->precision, t->scale);
		break;
	default:
		buf_printf(out, "\"%s\"",
			t != NULL && t->kind <= TYPE_DATE ? names[t->kind]
							  : "string");
	}
}

void
delta_schema_print(const struct schema *s, struct buf *out)
{
	buf_str(out, "{\"type\":\"struct\",\"fields\":[");
	for (size_t i = 0; i < s->n; i++) {
		buf_str(out, i > 0 ? ",{\"name\":" : "{\"name\":");
		json_quote(out, s->f[i].name, strlen(s->f[i].name));
		buf_str(out, ",\"type\":");
		put_type(s->f[i].type, out);
		buf_str(out, ",\"nullable\":true,\"metadata\":{}}");
	}
	buf_str(out, "]}");
}

static int
check_type(const struct type *t, struct err *err)
{
	if (t == NULL)
		return 0;
	if (t->kind == TYPE_ARRAY)
		return check_type(t->elem, err);
	if (t->kind == TYPE_MAP)
		return check_type(t->elem, err);
	return t->kind == TYPE_STRUCT ? delta_schema_check(t->fields, err) : 0;
}

static int
check_name(const struct schema *s, size_t i, struct err *err)
{
	const char *name = s->f[i].name;
	char show[100];

	err_quote(show, sizeof(show), name, strlen(name));
	if (*name == '\0' || strpbrk(name, NOT_IN_NAMES) != NULL)
		return err_as(err, STATUS_USAGE,
			"'%s' cannot be a column of a Delta table: blanks and "
			",;{}()= are not allowed in names; give it another "
			"one by pick",
			show);
	for (size_t k = 0; k < i; k++)
		if (strcasecmp(s->f[k].name, name) == 0)
			return err_as(err, STATUS_USAGE,
				"'%s' and '%s' would be the same column of a "
				"Delta table: rename one of them by pick",
				s->f[k].name, show);
	return 0;
}

int
delta_schema_check(const struct schema *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++)
		if (check_name(s, i, err) < 0 ||
			check_type(s->f[i].type, err) < 0)
			return -1;
	return 0;
}

int
delta_schema_check_parts(
	const struct schema *s, const struct list *parts, struct err *err)
{
	for (size_t i = 0; i < parts->n; i++) {
		int at = schema_find(s, parts->s[i], strlen(parts->s[i]));
		enum type_kind kind;

		if (at < 0)
			return err_as(err, STATUS_USAGE,
				"--partition-by: there is no column '%s'",
				parts->s[i]);
		kind = s->f[at].type == NULL ? TYPE_STRING
					     : s->f[at].type->kind;
		if (kind == TYPE_ARRAY || kind == TYPE_MAP ||
			kind == TYPE_STRUCT)
			return err_as(err, STATUS_USAGE,
				"--partition-by: '%s' is nested, and cannot "
				"name a directory",
				parts->s[i]);
	}
	if (parts->n > 0 && parts->n == s->n)
		return err_as(err, STATUS_USAGE,
			"--partition-by: no column is left for the files");
	return 0;
}

/* Does every value of a type, or all but some that are too large, have a place
 * in another? */
static bool
goes_into(const struct type *from, const struct type *to)
{
	enum type_kind a = from == NULL ? TYPE_UNKNOWN : from->kind;
	enum type_kind b = to == NULL ? TYPE_STRING : to->kind;

	if (a == b || a == TYPE_UNKNOWN || a == TYPE_NULL)
		return true;
	if (a >= TYPE_BYTE && a <= TYPE_LONG)
		return b > a && b <= TYPE_DECIMAL;
	return a == TYPE_FLOAT && b == TYPE_DOUBLE;
}

static int
differ(const char *name, const struct type *from, const struct type *to,
	struct err *err)
{
	struct buf is, comes;

	buf_init(&is);
	buf_init(&comes);
	type_print(to, &is);
	type_print(from, &comes);
	err_as(err, STATUS_USAGE,
		"column '%s' of the table is %s, and what comes is %s: convert "
		"it (derive '%s = cast(... as %s)'), or write to another table",
		name, buf_cstr(&is), buf_cstr(&comes), name, is.p);
	buf_release(&is);
	buf_release(&comes);
	return -1;
}

static int
merge_type(const char *name, struct type *to, const struct type *from,
	unsigned how, bool *changed, struct err *err)
{
	if (from == NULL || from->kind == TYPE_UNKNOWN ||
		from->kind == TYPE_NULL)
		return 0;
	if ((how & DELTA_SCHEMA_GUESSED) &&
		(from->kind != to->kind || from->kind == TYPE_DECIMAL))
		return 0;
	if (!goes_into(from, to))
		return differ(name, from, to, err);
	if (to->kind == TYPE_ARRAY)
		return merge_type(
			name, to->elem, from->elem, how, changed, err);
	if (to->kind == TYPE_MAP)
		return merge_type(name, to->key, from->key, how, changed, err) <
				0
			? -1
			: merge_type(name, to->elem, from->elem, how, changed,
				  err);
	if (to->kind == TYPE_STRUCT)
		return delta_schema_merge(
			to->fields, from->fields, how, changed, err);
	if (to->kind == TYPE_DECIMAL && from->kind == TYPE_DECIMAL &&
		(from->scale > to->scale ||
			from->precision - from->scale >
				to->precision - to->scale))
		return differ(name, from, to, err);
	return 0;
}

int
delta_schema_merge(struct schema *table, const struct schema *comes,
	unsigned how, bool *changed, struct err *err)
{
	for (size_t i = 0; i < comes->n; i++) {
		const struct schema_field *f = &comes->f[i];
		int at = schema_like(table, f->name, strlen(f->name));

		if (at >= 0) {
			if (merge_type(table->f[at].name, table->f[at].type,
				    f->type, how, changed, err) < 0)
				return -1;
			continue;
		}
		if (!(how & DELTA_SCHEMA_ADD))
			return err_as(err, STATUS_USAGE,
				"the table has no column '%s': say "
				"--merge-schema to add it, or pick the fields "
				"that it has",
				f->name);
		schema_add(table, f->name,
			f->type == NULL ? type_new(TYPE_STRING)
					: type_copy(f->type));
		*changed = true;
	}
	return 0;
}
