/* schema: what is read and how it prints, what is refused and where. */
#include "types/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "types/schema_parse.h"

static int failures;

/* text prints as want; or, when want begins with '!', is refused so. */
static void
check(const char *text, const char *want)
{
	struct schema *s;
	struct err err;
	struct buf b;

	buf_init(&b);
	err.text[0] = '\0';
	s = schema_parse(text, &err);
	if (s != NULL)
		schema_print(s, &b);
	else
		buf_printf(&b, "!%s", err.text);
	if (strcmp(buf_cstr(&b), want) != 0) {
		fprintf(stderr, "schema: '%s'\n  gives '%s'\n  not '%s'\n",
			text, b.p, want);
		failures++;
	}
	schema_free(s);
	buf_release(&b);
}

static void
check_type(const char *ddl, const char *path, const char *want)
{
	struct err err;
	struct schema *s = schema_parse(ddl, &err);
	const struct type *t = schema_type(s, path);
	struct buf b;

	buf_init(&b);
	if (t != NULL)
		type_print(t, &b);
	if (strcmp(buf_cstr(&b), want) != 0) {
		fprintf(stderr, "schema: %s of '%s' is '%s', not '%s'\n", path,
			ddl, b.p, want);
		failures++;
	}
	schema_free(s);
	buf_release(&b);
}

static void
check_editing(void)
{
	struct schema *s = schema_new(), *c;
	struct buf b;

	for (int i = 0; i < 9; i++)
		schema_insert(
			s, 0, (char[]){(char)('i' - i), 0}, type_new(TYPE_INT));
	schema_remove(s, 8);
	schema_remove(s, 0);
	schema_add(s, "x", NULL);
	c = schema_copy(s);
	schema_free(s);
	buf_init(&b);
	schema_print(c, &b);
	if (strcmp(buf_cstr(&b),
		    "b int, c int, d int, e int, f int, g int, "
		    "h int, x unknown") != 0 ||
		schema_find(c, "h", 1) != 6) {
		fprintf(stderr, "schema: editing gives '%s'\n", b.p);
		failures++;
	}
	schema_free(c);
	buf_release(&b);
}

/* A schema with every type, alone and in others, under names of all sorts. */
static struct type *
make_type(enum type_kind kind, int depth)
{
	static const char *const names[] = {
		"", "a", "a", "struct", "not", "`", "a b", "1", "x:y", "\n"};
	struct type *t = type_new(kind);

	if (kind == TYPE_DECIMAL)
		t->scale = 3;
	if (kind == TYPE_TIMESTAMP)
		t->unit = (enum time_unit)(depth % 4);
	if (kind == TYPE_MAP)
		t->key = type_new(TYPE_STRING);
	if (kind == TYPE_ARRAY || kind == TYPE_MAP)
		t->elem = make_type(TYPE_UNKNOWN, 0);
	if (kind != TYPE_STRUCT)
		return t;
	t->fields = schema_new();
	for (int k = TYPE_UNKNOWN; k <= TYPE_STRUCT && depth > 0; k++) {
		struct type *e = make_type((enum type_kind)k, depth - 1), *a;

		a = type_new(TYPE_ARRAY);
		a->elem = type_copy(e);
		schema_add(t->fields, names[k % 10], e);
		schema_add(t->fields, names[(k + depth) % 10], a);
	}
	return t;
}

static void
check_header(void)
{
	struct type *t = make_type(TYPE_STRUCT, 3);
	struct schema *s;
	struct buf a, b;
	struct err err;

	for (int i = 0; i < 500; i++) {
		struct type *deeper = type_new(TYPE_ARRAY);

		deeper->elem = i == 0 ? type_copy(t) : t->fields->f[0].type;
		if (i == 0)
			type_free(t->fields->f[0].type);
		t->fields->f[0].type = deeper;
	}
	buf_init(&a);
	buf_init(&b);
	schema_print(t->fields, &a);
	s = schema_parse_header(buf_cstr(&a), &err);
	if (s != NULL)
		schema_print(s, &b);
	if (strcmp(buf_cstr(&a), buf_cstr(&b)) != 0) {
		fprintf(stderr,
			"schema: a header is not read as it is "
			"written: %s\n",
			s != NULL ? b.p : err.text);
		failures++;
	}
	schema_free(s);
	s = schema_parse_header("", &err);
	if (s == NULL || s->n != 0) {
		fprintf(stderr, "schema: no fields at all\n");
		failures++;
	}
	schema_free(s);
	type_free(t);
	buf_release(&a);
	buf_release(&b);
}

int
main(void)
{
	check("time timestamp, action string", "time timestamp, action string");
	check("a: INT, b:BIGINT", "a int, b bigint");
	check("a integer,b long,c short,d byte,e real,f dec,g numeric(5)",
		"a int, b bigint, c smallint, d tinyint, e float, "
		"f decimal(10,0), g decimal(5,0)");
	check("a varchar(10), b char(3), c bool, d timestamp_ltz, e void",
		"a string, b string, c boolean, d timestamp, e void");
	check("a timestamp(ns), b TIMESTAMP ( ms )",
		"a timestamp(ns), b timestamp(ms)");
	check("`a b` int, `c``d` string, \xC3\xA9t\xC3\xA9 date",
		"`a b` int, `c``d` string, `\xC3\xA9t\xC3\xA9` date");
	check("a int NOT NULL COMMENT 'it''s' , b string comment \"x\\\"y\"",
		"!schema: expected ',' or the end\n"
		"  a int NOT NULL COMMENT 'it''s' , b string comment \"x\\\"y\"\n"
		"                             ^");
	check("a int NOT NULL COMMENT 'its', b string comment \"x\\\"y\"",
		"a int, b string");
	check("m struct<a:int,b array<map<string,decimal(3,1)>>>, e struct<>",
		"m struct<a:int,b:array<map<string,decimal(3,1)>>>, e struct<>");
	check("STRUCT<a: INT, b: STRING>", "a int, b string");
	check("struct int, array string", "struct int, array string");
	check("time timestmp",
		"!schema: no type 'timestmp' (did you mean 'timestamp'?)\n"
		"  time timestmp\n"
		"       ^");
	check("a int, a string",
		"!schema: this field stands twice\n"
		"  a int, a string\n"
		"         ^");
	check("a unknown", "!schema: no type 'unknown'\n  a unknown\n    ^");
	check("a decimal(39,0)",
		"!schema: a decimal has 1 to 38 digits\n"
		"  a decimal(39,0)\n"
		"            ^");
	check("a map<int,string>", "a map<int,string>");
	check("a map<map<date,struct<b:void>>,array<binary>>",
		"a map<map<date,struct<b:void>>,array<binary>>");
	check("{\"type\":\"map\",\"keyType\":\"string\"}",
		"!schema: the type of a record is \"struct\"");
	check("a", "!schema: expected a type, found the end\n  a\n   ^");
	check("", "!schema: expected a field's name, found the end\n  \n  ^");
	check("{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":"
	      "\"long\",\"nullable\":true,\"metadata\":{}},{\"name\":\"b\","
	      "\"type\":{\"type\":\"array\",\"elementType\":{\"type\":"
	      "\"map\",\"keyType\":\"string\",\"valueType\":\"decimal(5,1)\""
	      ",\"valueContainsNull\":true},\"containsNull\":true}}]}",
		"a bigint, b array<map<string,decimal(5,1)>>");
	check("{\"type\":\"array\"}",
		"!schema: the type of a record is \"struct\"");
	check_type("m struct<a:array<struct<b:int>>>", "m.a[0].b", "int");
	check_type("m map<string,array<int>>", "m.x", "array<int>");
	check_type("`a.b` int", "a.b", "int");
	check_type("a int", "a.b", "");
	check_editing();
	check_header();
	return failures > 0;
}
