/*
 * schema_json: schemas as Spark writes them to JSON (StructType.json), which is
 * how a schema comes out of a job of Spark's.  Types within may be names, with
 * the arguments of DDL.
 */
#include "types/schema_json.h"

#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"
#include "value/value.h"
#include "types/ddl.h"
#include "types/schema.h"

static int
schema_json_refuse(struct err *err, const char *what)
{
	return err_as(err, STATUS_USAGE, "schema: %s", what);
}

/* A member that is a string, as plain text in out. */
static int
schema_json_text(const struct value *object, const char *name, struct buf *out,
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
		return schema_json_refuse(err, "a name holds a NUL character");
	return 0;
}

static int schema_json_type(
	const struct value *v, int depth, struct type **out, struct err *err);

static int
schema_json_fields(const struct value *object, int depth, struct schema *s,
	struct err *err)
{
	struct value list, v, type;
	struct json_iter it;
	struct type *t;
	struct buf name;
	int rc = 0;

	if (!json_get(object, "fields", 6, &list) || list.type != VALUE_ARRAY)
		return schema_json_refuse(
			err, "a struct has no list \"fields\"");
	buf_init(&name);
	json_iter(&it, &list);
	while (rc == 0 && json_next(&it, NULL, &v)) {
		if (v.type != VALUE_OBJECT) {
			rc = schema_json_refuse(
				err, "a field is not an object");
			break;
		}
		rc = schema_json_text(&v, "name", &name, err);
		if (rc == 0 && schema_find(s, name.p, name.n) >= 0)
			rc = err_as(err, STATUS_USAGE,
				"schema: field '%s' stands twice", name.p);
		if (rc == 0 && !json_get(&v, "type", 4, &type))
			rc = err_as(err, STATUS_USAGE,
				"schema: field '%s' has no type", name.p);
		if (rc == 0)
			rc = schema_json_type(&type, depth, &t, err);
		if (rc == 0)
			schema_add(s, name.p, t);
	}
	buf_release(&name);
	return rc;
}

/* A type given as an object: struct, array or map. */
static int
schema_json_child(const struct value *v, int depth, const char *kind,
	struct type **out, struct err *err)
{
	struct type *t;
	struct value part;

	if (strcmp(kind, "struct") == 0) {
		t = type_new(TYPE_STRUCT);
		t->fields = schema_new();
		if (schema_json_fields(v, depth, t->fields, err) < 0)
			goto err;
	} else if (strcmp(kind, "array") == 0) {
		t = type_new(TYPE_ARRAY);
		if (!json_get(v, "elementType", 11, &part)) {
			schema_json_refuse(
				err, "an array has no \"elementType\"");
			goto err;
		}
		if (schema_json_type(&part, depth, &t->elem, err) < 0)
			goto err;
	} else if (strcmp(kind, "map") == 0) {
		t = type_new(TYPE_MAP);
		if (!json_get(v, "keyType", 7, &part)) {
			schema_json_refuse(err, "a map has no \"keyType\"");
			goto err;
		}
		if (schema_json_type(&part, depth, &t->key, err) < 0)
			goto err;
		if (!json_get(v, "valueType", 9, &part)) {
			schema_json_refuse(err, "a map has no \"valueType\"");
			goto err;
		}
		if (schema_json_type(&part, depth, &t->elem, err) < 0)
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
schema_json_type(
	const struct value *v, int depth, struct type **out, struct err *err)
{
	struct buf text;
	int rc;

	if (depth > DDL_DEPTH)
		return schema_json_refuse(err, DDL_TOO_DEEP);
	buf_init(&text);
	if (v->type == VALUE_OBJECT) {
		rc = schema_json_text(v, "type", &text, err);
		if (rc == 0)
			rc = schema_json_child(v, depth + 1, text.p, out, err);
	} else if (v->type == VALUE_STRING) {
		json_unquote(&text, v->s, v->n);
		*out = ddl_parse_type(buf_cstr(&text), err);
		rc = *out == NULL ? -1 : 0;
	} else {
		rc = schema_json_refuse(
			err, "a type is neither text nor an object");
	}
	buf_release(&text);
	return rc;
}

struct schema *
schema_json_parse(const char *text, struct err *err)
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
		schema_json_refuse(err, "text follows the JSON object");
	} else if (schema_json_text(&v, "type", &kind, err) == 0) {
		if (strcmp(kind.p, "struct") == 0)
			rc = schema_json_fields(&v, 0, s, err);
		else
			schema_json_refuse(
				err, "the type of a record is \"struct\"");
	}
	buf_release(&kind);
	free(padded);
	if (rc < 0) {
		schema_free(s);
		return NULL;
	}
	return s;
}
