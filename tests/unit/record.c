/* record: parsing, fields, adding, changing, printing, shapes. */
#include "value/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "value/json.h"
#include "floor/buf.h"
#include "value/record_read.h"

static int failures;
static struct shapes *shapes;
static struct record_reader reader;
static char text[1 << 20];

static void
check(bool ok, const char *what, const char *where)
{
	if (!ok) {
		fprintf(stderr, "record: %s: %s\n", what, where);
		failures++;
	}
}

static int
parse(struct record *r, const char *line)
{
	struct err err;
	size_t n = strlen(line);
	int rc;

	memcpy(text, line, n);
	memset(text + n, '"', JSON_PADDING);
	memset(r, 0, sizeof *r);
	r->line = text;
	r->nline = (uint32_t)n;
	rc = record_read(&reader, r, &err);
	if (rc != 0)
		check(err.text[0] != '\0', "no message", line);
	return rc;
}

static void
prints(const struct record *r, const char *expected)
{
	struct buf b;

	buf_init(&b);
	record_print(r, &b);
	check(strcmp(buf_cstr(&b), expected) == 0, b.p, expected);
	buf_release(&b);
}

/* The value of a path, as text; "-" if it is not there. */
static const char *
get(const struct record *r, const char *path)
{
	static struct buf b;
	struct field f;
	const struct value *v;

	field_init(&f, path);
	v = record_get(r, &f);
	buf_clear(&b);
	if (v == NULL)
		buf_str(&b, "-");
	else
		value_print(v, &b);
	check(v == NULL || field_index(&f, r) < 0 ||
			&r->v[field_index(&f, r)] == v,
		"index", path);
	field_release(&f);
	return buf_cstr(&b);
}

static void
has(const struct record *r, const char *path, const char *expected)
{
	const char *s = get(r, path);

	check(strcmp(s, expected) == 0, path, s);
}

static void
reading(void)
{
	static const char *const good[] = {"{}", "{ }", " {} ", "{\"a\":1}",
		"{\"a\": 1}", "{ \"a\" : 1 }", "{\"a\":1,\"b\":2}",
		"{\"a\": 1, \"b\": \"x\"}", "{\"a\":\t\r\n1,\"c\":3}",
		"{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":3}",
		"{\"a\":[{}],\"c\":{}}", "{\"a\":null,\"c\":true}\t",
		"{\"\":false}", "{\"a\":1,\"a\":2}",
		"{\"a name that is longer than sixteen bytes\":1}",
		"{\"a name that is longer than sixteen bytes\":2}",
		"{\"a name that is longer than sixteen b\xc3\xa9ts\":2}"};
	static const char *const bad[] = {"", " ", "1", "[]", "{", "{\"a\"",
		"{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{\"a\":01}",
		"{\"a\":1}}", "{\"a\":1}{", "{\"a\":1} x", "{\"a\":1 \"b\":2}",
		"{\"a\":\"1}", "{\"a\":tru}", "{\"a\":true1}", "{\"a\":1.}",
		"{,}", "{\"a\":1,\"b\":2",
		"{\"a\":1,\"b\":", "{\"a\":\"\xff\"}", "{\"\xff\":1}",
		"{\"a\":12", "{\"a\":n", "{\"a\":\"\\\"}"};
	struct record r;
	int k = 0;

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
			check(parse(&r, good[i]) == 0, "refused", good[i]);
			prints(&r, good[i]);
			check(r.kept == r.shape->n, "kept", good[i]);
			k += parse(&r,
				     bad[(size_t)(round + 7 * (int)i) %
					     (sizeof bad / sizeof bad[0])]) ==
				0;
		}
		for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
			check(parse(&r, bad[i]) != 0, "accepted", bad[i]);
	}
	check(k == 0, "accepted", "a bad line after a good one");
}

static void
fields(void)
{
	struct record r;

	check(parse(&r,
		      "{\"a\":1,\"m.x\":2,\"m\":{\"x\":3,\"y\":{\"z\":[10,"
		      "{\"b\":11}]}},\"l\":[1,2,[3]],\"caf\xc3\xa9\":5,\"a\":6,"
		      "\"t\\u0061b\":7,\"q\\\"\":8,\"s\":\"t\",\"\":9,\".d\":10}") ==
			0,
		"refused", "fields");
	has(&r, "a", "6");
	has(&r, "m.x", "2");
	has(&r, ".m.x", "3");
	has(&r, "m.y.z[0]", "10");
	has(&r, "m.y.z[1].b", "11");
	has(&r, "m.y.z[-1].b", "11");
	has(&r, "m.y.z[-2]", "10");
	has(&r, "m.y.z[2]", "-");
	has(&r, "m.y.z[-3]", "-");
	has(&r, "m[\"x\"]", "3");
	has(&r, "m.\"x\"", "3");
	has(&r, "\"m.x\"", "2");
	has(&r, "l[2][0]", "3");
	has(&r, "l.x", "-");
	has(&r, "m[0]", "-");
	has(&r, "s.x", "-");
	has(&r, "caf\xc3\xa9", "5");
	has(&r, "tab", "7");
	has(&r, ".tab", "7");
	has(&r, "q\"", "8");
	has(&r, "", "9");
	has(&r, ".d", "10");
	has(&r, "none", "-");
	has(&r, "none.x", "-");
	has(&r, "a[", "-");
	has(&r, "A", "6");
}

static void
last_names(void)
{
	static const char *const x[][2] = {{"a", "a"},
		{"meta.domain", "domain"}, {".a", "a"}, {"a.b[0]", "b"},
		{"m.\"x.y\"", "x.y"}, {"..", ".."}};
	struct field f;
	struct buf b;
	size_t n;

	buf_init(&b);
	for (size_t i = 0; i < sizeof x / sizeof x[0]; i++) {
		field_init(&f, x[i][0]);
		check(strcmp(field_last(&f, &n, &b), x[i][1]) == 0, "last",
			x[i][0]);
		field_release(&f);
	}
	buf_release(&b);
}

static void
adding(void)
{
	struct slots slots = {0};
	struct record_add c, a, d;
	struct record r;

	record_add_init(&c, "c");
	record_add_init(&a, "a");
	record_add_init(&d, "d\"");
	for (int round = 0; round < 2; round++) {
		parse(&r, " {\"a\": 1, \"b\": 2 } ");
		record_add(&r, &c, value_int(3), &slots);
		prints(&r, " {\"a\": 1, \"b\": 2 ,\"c\":3}");
		has(&r, "c", "3");
		record_add(&r, &d, value_int(4), &slots);
		prints(&r, " {\"a\": 1, \"b\": 2 ,\"c\":3,\"d\\\"\":4}");
		record_add(&r, &a, value_int(5), &slots);
		prints(&r, "{\"a\":5,\"b\":2,\"c\":3,\"d\\\"\":4}");
		record_set(&r, 1, value_null());
		prints(&r, "{\"a\":5,\"b\":null,\"c\":3,\"d\\\"\":4}");
		parse(&r, "{ }");
		record_add(&r, &c, value_int(3), &slots);
		prints(&r, "{ \"c\":3}");
		parse(&r, "{\"a\": 1, \"b\": \"x\"}");
		record_own(&r, &slots);
		prints(&r, "{\"a\":1,\"b\":\"x\"}");
		record_add(&r, &c, value_int(3), &slots);
		prints(&r, "{\"a\":1,\"b\":\"x\",\"c\":3}");
		record_new(&r, shape_empty(shapes), &slots);
		prints(&r, "{}");
		record_add(&r, &a, value_int(1), &slots);
		prints(&r, "{\"a\":1}");
	}
	record_add_release(&c);
	record_add_release(&a);
	record_add_release(&d);
	slots_release(&slots);
}

/* More fields are added than there is room for. */
static void
adding_many(void)
{
	struct slots slots = {0};
	struct record_add a[100];
	struct record r;
	char name[20];

	parse(&r, "{\"a\":1}");
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "n%d", i);
		record_add_init(&a[i], name);
		record_add(&r, &a[i], value_int(i), &slots);
		record_add_release(&a[i]);
	}
	check(r.shape->n == 101, "fields", "101");
	has(&r, "n0", "0");
	has(&r, "n99", "99");
	slots_release(&slots);
}

static void
shapes_are_one(void)
{
	struct record r;
	struct shape *a, *b;

	parse(&r, "{\"x\":1,\"y\":2}");
	a = r.shape;
	parse(&r, "{\"x\" : 1,  \"z\":2}");
	b = r.shape;
	parse(&r, "{\"x\":\"3\",\"y\":null}");
	check(r.shape == a, "shape", "the same names, another shape");
	parse(&r, "{\"x\":1,\"z\":2}");
	check(r.shape == b && a->id != b->id, "shape", "other names");
	check(shape_extend(shape_extend(shape_empty(shapes), "x", 1), "y", 1) ==
			a,
		"shape", "extended");
	check(shape_find(a, "y", 1) == 1 && shape_find(a, "z", 1) == -1,
		"shape", "find");
	check(shape_rename(b, 1, "y", 1) == a, "shape", "renamed");
	check(shape_rename(a, 1, NULL, 0) == a->parent, "shape", "cut");
	check(memcmp(a->names[1].key, ",\"y\":", 5) == 0, "key", "y");
}

/* Ever new names: memory stays, answers stay right. */
static void
many_shapes(void)
{
	struct slots slots = {0};
	struct record_add c;
	struct shape *a;
	struct record r;
	uint64_t last = 0;
	char line[200], out[240];
	int transient = 0;

	record_add_init(&c, "c");
	for (int i = 0; i < 20000; i++) {
		snprintf(line, sizeof line, "{\"id\":%d,\"k%d\": %d,\"z\":0}",
			i, i, i);
		check(parse(&r, line) == 0, "refused", line);
		transient += r.shape->transient;
		check(!r.shape->transient || r.shape->id > last, "id", line);
		last = r.shape->id;
		snprintf(out, sizeof out, "k%d", i);
		check(shape_find(r.shape, out, strlen(out)) == 1, "find", out);
		prints(&r, line);
		a = shape_rename(r.shape, 0, "n", 1);
		check(a->transient == r.shape->transient && a->n == 3 &&
				shape_find(a, out, strlen(out)) == 1,
			"rename", out);
		record_add(&r, &c, value_int(7), &slots);
		snprintf(out, sizeof out, "%.*s,\"c\":7}",
			(int)strlen(line) - 1, line);
		prints(&r, out);
	}
	check(transient > 10000, "shapes", "not bounded");
	shapes_are_one();
	record_add_release(&c);
	slots_release(&slots);
}

static void
wide(void)
{
	static char line[400000];
	struct record r;
	size_t n = 0;

	for (int i = 0; i < 10000; i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n,
			"%c\"column%d\":%d", i == 0 ? '{' : ',', i, i);
	line[n] = '}';
	for (int round = 0; round < 2; round++) {
		check(parse(&r, line) == 0, "refused", "10000 fields");
		check(r.shape->n == 10000, "fields", "10000");
		has(&r, "column9999", "9999");
		prints(&r, line);
	}
}

int
main(void)
{
	shapes = shape_set_new();
	record_read_init(&reader, shapes);
	reading();
	fields();
	last_names();
	adding();
	adding_many();
	shapes_are_one();
	many_shapes();
	wide();
	record_read_release(&reader);
	shape_set_free(shapes);
	return failures != 0;
}
