/* schema: what is read and how it prints, what is refused and where. */
#include "schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "err.h"

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
		fprintf(stderr, "schema: %s of '%s' is '%s', not '%s'\n",
			path, ddl, b.p, want);
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
		schema_insert(s, 0, (char[]){(char)('i' - i), 0},
			type_new(TYPE_INT));
	schema_remove(s, 8);
	schema_remove(s, 0);
	schema_add(s, "x", NULL);
	c = schema_copy(s);
	schema_free(s);
	buf_init(&b);
	schema_print(c, &b);
	if (strcmp(buf_cstr(&b), "b int, c int, d int, e int, f int, g int, "
		"h int, x unknown") != 0 || schema_find(c, "h", 1) != 6) {
		fprintf(stderr, "schema: editing gives '%s'\n", b.p);
		failures++;
	}
	schema_free(c);
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
	check("a int, a string", "!schema: this field stands twice\n"
		"  a int, a string\n"
		"         ^");
	check("a decimal(39,0)", "!schema: a decimal has 1 to 38 digits\n"
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
	return failures > 0;
}
