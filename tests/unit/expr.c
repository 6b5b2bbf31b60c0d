/*
 * expr: what its callers may count on, in jq's language.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "expr/expr.h"
#include "value/json.h"
#include "value/record.h"
#include "types/schema.h"
#include "types/schema_parse.h"
#include "value/record_read.h"

static struct record_reader reader;
static char line[1000];
static struct record record;

static void
read_record(const char *text)
{
	struct err err;

	memset(line, 0, sizeof(line));
	memcpy(line, text, strlen(text));
	record = (struct record){.line = line, .nline = (uint32_t)strlen(line)};
	if (record_read(&reader, &record, &err) < 0)
		abort();
}

static int
append(void *arg, const struct value *v)
{
	struct buf *out = arg;

	if (out->n > 0)
		buf_byte(out, ' ');
	value_print(v, out);
	return 0;
}

/* The results, with a space between them, or "error: ...". */
static void
check(const char *text, bool native, const char *expected)
{
	struct expr_env env = {.batch_us = INT64_C(1500000)};
	struct value v;
	struct expr *x;
	struct buf out;
	struct err err;
	int n = -1, rc;

	buf_init(&out);
	x = jq_expr(text, NULL, &err);
	assert(x != NULL);
	assert(expr_native(x) == native);
	if (expr_eval(x, &record, &env, append, &out, &err) < 0)
		buf_printf(&out, "%serror: %s", out.n > 0 ? " " : "", err.text);
	if (strcmp(buf_cstr(&out), expected) != 0) {
		fprintf(stderr, "%s\ngives %s\nnot   %s\n", text, out.p,
			expected);
		exit(1);
	}
	/* The short way tells the same. */
	rc = expr_one(x, &record, &env, &v, &n, &err);
	if (strstr(expected, "error: ") == NULL) {
		assert(rc == 0);
		buf_clear(&out);
		if (n > 0)
			append(&out, &v);
		assert(strncmp(buf_cstr(&out), expected, out.n) == 0);
		assert((n == 0) == (*expected == '\0'));
		assert((n == 1) == (strlen(expected) == out.n && n > 0));
	}
	expr_free(x);
	buf_release(&out);
}

static int
stop(void *arg, const struct value *v)
{
	++*(int *)arg;
	return -1;
}

static void
check_stop(const char *text)
{
	struct expr_env env = {.batch_us = 0};
	struct err err;
	struct expr *x = jq_expr(text, NULL, &err);
	int n = 0;

	assert(expr_eval(x, &record, &env, stop, &n, &err) == -1);
	assert(n == 1);
	expr_free(x);
}

static void
check_type(const char *text, const struct schema *fields, const char *expected)
{
	struct err err;
	struct expr *x = jq_expr(text, fields, &err);
	struct buf out;

	assert(x != NULL);
	buf_init(&out);
	if (expr_type(x)->kind != TYPE_UNKNOWN)
		type_print(expr_type(x), &out);
	if (strcmp(buf_cstr(&out), expected) != 0) {
		fprintf(stderr, "%s is %s, not %s\n", text, out.p, expected);
		exit(1);
	}
	buf_release(&out);
	expr_free(x);
}

static void
check_refused(
	const char *text, const struct schema *fields, const char *expected)
{
	struct err err;
	struct expr *x = jq_expr(text, fields, &err);

	assert(x == NULL);
	assert(err.status == STATUS_USAGE);
	if (strcmp(err.text, expected) != 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
}

static void
results(void)
{
	read_record("{\"a\":1,\"b\":2.50,\"s\":\"x\\ty\",\"l\":[1,\"z\"],"
		    "\"\\u0061c\":3,\"a\":7,\"t\":1584786731698422519}");
	check(".a", true, "7");
	check(".b, .s", true, "2.50 \"x\\ty\"");
	check(".ac", true, "3");
	check(".none.of.it", true, "null");
	check("empty", true, "");
	check(".l[]", true, "1 \"z\"");
	check(".t + 1", true, "1584786731698422520");
	check(".t / 1.0 == .t", true, "false");
	check(".b * 2, 1 / 4, 7 / 7, .a % 4", true, "5.0 0.25 1 3");
	check("-(.a - .a)", true, "-0");
	check("[.a, {k: .s}]", true, "[7,{\"k\":\"x\\ty\"}]");
	check("\"\\(.b)|\\(.l)\"", true, "\"2.5|[1,\\\"z\\\"]\"");
	check("1e308 * 10, 0 / 0", true, "1.7976931348623157e+308 null");
	check("now, batch_timestamp, event_time", true,
		"1.5 \"1970-01-01T00:00:01.5Z\" null");
	check(".l[0], (.s | keys)", true,
		"1 error: string (\"x\\ty\") has no keys");
	/* libjq, as a whole or for a corner */
	check(".a as $x | $x + 1, 0.5", false, "8 0.5");
	check("\" 5 \" | tonumber", true, "5");
	check("1, (\"q\" | tonumber)", true,
		"1 error: Invalid numeric literal at EOF at line 1, column 1 "
		"(while parsing 'q')");
	check(".l | first, last", false, "1 \"z\"");
	check("try error({a: 1}) catch .", false, "{\"a\":1}");
	check("error({a: 1})", false, "error: (not a string): {\"a\":1}");
	check("now as $n | $n, event_time", false, "1.5 null");
	check(".t | . as $t | 1", false,
		"error: field 't' holds 1584786731698422519, which libjq would "
		"round (it is beyond 2^53)");
	check_stop("1, 2");
	check_stop("1 as $x | $x, 2");
}

static void
types(void)
{
	struct err err;
	struct schema *s = schema_parse(
		"n long, d double, s string, "
		"t timestamp, m struct<user:string,k:int>, l array<double>, "
		"k map<string,long>",
		&err);

	check_type(".n", s, "bigint");
	check_type(".t", s, "timestamp");
	check_type(".m.user", s, "string");
	check_type(".l[0]", s, "double");
	check_type(".k.any", s, "bigint");
	check_type(".n + 1", s, "bigint");
	check_type(".n + .d", s, "double");
	check_type(".n / 2", s, "");
	check_type(".n > 1 and .s", s, "boolean");
	check_type("\"\\(.n)\"", s, "string");
	check_type("if .n then .s else \"x\" end", s, "string");
	check_type(".s // \"x\"", s, "string");
	check_type(".s | length", s, "");
	check_type(".n as $n | .d", s, "");
	check_type("event_time", s, "timestamp");
	check_refused(".usr", s, "expression: no field 'usr'\n  .usr\n  ^");
	check_refused(".m | .usr", s,
		"expression: no field 'usr' (did you "
		"mean 'user'?)\n  .m | .usr\n       ^");
	check_refused(". as $x | .dd", s,
		"expression: no field 'dd' (did you "
		"mean 'd'?)\n  . as $x | .dd\n            ^");
	schema_free(s);
}

static void
mistakes(void)
{
	check_refused("", NULL, "expression: it is empty");
	check_refused(".a +", NULL,
		"expression: it ends where a value is expected\n"
		"  .a +\n      ^");
	check_refused("é | 1", NULL,
		"expression: unexpected 'é', where a "
		"value is expected\n  é | 1\n  ^");
	check_refused("\"é\" == lenght", NULL,
		"expression: no function "
		"'lenght' (did you mean 'length'?)\n  \"é\" == lenght\n"
		"         ^");
	check_refused("1 / 0", NULL,
		"expression: this divides by zero\n  1 / 0\n    ^");
	check_refused("{(1): 2}", NULL,
		"expression: a key must be a string\n  {(1): 2}\n   ^");
	check_refused(
		"\"a", NULL, "expression: this string has no end\n  \"a\n  ^");
}

int
main(void)
{
	struct shapes *shapes = shape_set_new();

	record_read_init(&reader, shapes);
	results();
	types();
	mistakes();
	record_read_release(&reader);
	shape_set_free(shapes);
	return 0;
}
