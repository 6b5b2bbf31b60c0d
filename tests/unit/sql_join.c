/* sql_join: how conditions over two inputs are taken apart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "expr/expr.h"
#include "value/json.h"
#include "value/record.h"
#include "types/schema.h"
#include "expr/sql/sql.h"
#include "time/time.h"
#include "time/zone.h"
#include "types/schema_parse.h"
#include "value/record_read.h"

static const char left[] = "lk string, lt timestamp, ln int, x int, "
			   "window_end timestamp";
static const char right[] = "rk string, rt timestamp, rn double, x int, "
			    "Window_End timestamp";
static int failures;

static const char *
or_dash(const char *s)
{
	return s != NULL ? s : "-";
}

static void
describe(const struct sql_join *j, struct buf *out)
{
	for (size_t i = 0; i < j->nkeys; i++)
		buf_printf(out, "key %s%s%s; ", or_dash(j->keys[i].field[0]),
			j->keys[i].null_safe ? "<=>" : "=",
			or_dash(j->keys[i].field[1]));
	for (size_t i = 0; i < j->nbounds; i++)
		buf_printf(out, "%s-%s%s%s%ld; ", j->bounds[i].field[0],
			j->bounds[i].field[1], j->bounds[i].upper ? "<" : ">",
			j->bounds[i].strict ? "" : "=",
			(long)j->bounds[i].c_us);
	if (j->one_sided[0])
		buf_str(out, "left; ");
	if (j->one_sided[1])
		buf_str(out, "right; ");
	if (j->rest)
		buf_str(out, "rest; ");
	for (int s = 0; s < 2; s++)
		for (size_t i = 0; i < j->nnot_null[s]; i++)
			buf_printf(out, "%s ", j->not_null[s][i]);
}

static void
check(const char *text, const char *want)
{
	struct schema *l, *r;
	struct sql_join *j;
	struct err err;
	struct buf b;

	buf_init(&b);
	l = schema_parse(left, &err);
	r = schema_parse(right, &err);
	j = sql_join_new(text, NULL, 0, l, r, &err);
	schema_free(l);
	schema_free(r);
	if (j == NULL)
		buf_printf(&b, "!%.*s", (int)strcspn(err.text, "\n"), err.text);
	else
		describe(j, &b);
	if (strcmp(buf_cstr(&b), want) != 0) {
		fprintf(stderr, "sql_join: %s\n  gives '%s'\n  not   '%s'\n",
			text, b.p, want);
		failures++;
	}
	sql_join_free(j);
	buf_release(&b);
}

/* Both sides' key values of left.a = right.b, as JSON. */
static void
check_key(const char *a, const char *b, const char *want)
{
	struct expr_env env = {.zone = zone_utc};
	struct shapes *shapes = shape_set_new();
	struct record_reader rr[2];
	struct sql_join *j;
	struct buf out, line;
	struct value v;
	struct err err;

	j = sql_join_new("left.a = right.b and left.a + right.b > 0", NULL, 0,
		NULL, NULL, &err);
	buf_init(&out);
	for (int s = 0; s < 2; s++) {
		struct record r = {0};

		buf_init(&line);
		buf_printf(&line, "{\"%s\":%s}", s == 0 ? "a" : "b",
			s == 0 ? a : b);
		buf_need(&line, JSON_PADDING);
		r.line = line.p;
		r.nline = (uint32_t)line.n;
		record_read_init(&rr[s], shapes);
		if (record_read(&rr[s], &r, &err) != 0 ||
			sql_join_key(j, 0, s, &r, &env, &v, &err) != 0)
			buf_str(&out, err.text);
		else
			value_print(&v, &out);
		buf_byte(&out, ' ');
		buf_release(&line);
		record_read_release(&rr[s]);
	}
	if (strcmp(buf_cstr(&out), want) != 0) {
		fprintf(stderr, "sql_join: keys %s, %s\n  give '%s'\n", a, b,
			out.p);
		failures++;
	}
	sql_join_free(j);
	shape_set_free(shapes);
	buf_release(&out);
}

int
main(void)
{
	check("lk = rk", "key lk=rk; lk rk ");
	check("rk = left.LK", "key lk=rk; lk rk ");
	check("lk <=> rk", "key lk<=>rk; ");
	check("lk = rk and lt = rt",
		"key lk=rk; key lt=rt; lt-rt<=0; lt-rt>=0; lk lt rk rt ");
	check("lk = rk and lt > rt - interval 3 seconds and "
	      "lt < rt + interval 8 seconds",
		"key lk=rk; lt-rt>-3000000; lt-rt<8000000; rest; lk lt rk rt ");
	check("rt between lt - interval 5 seconds and lt + interval 5 seconds",
		"lt-rt<=5000000; lt-rt>=-5000000; rest; lt rt ");
	check("interval 1 hour + left.lt >= right.rt",
		"lt-rt>=-3600000000; rest; lt rt ");
	check("cast(lt as bigint) - 10 < cast(rt as bigint)",
		"lt-rt<10000000; rest; lt rt ");
	check("lt - rt < interval 2 minutes", "lt-rt<120000000; rest; lt rt ");
	check("lt < rt + interval 1 month", "rest; lt rt ");
	check("left.window_end = right.window_end",
		"key window_end=Window_End; window_end-Window_End<=0; "
		"window_end-Window_End>=0; window_end Window_End ");
	check("left.window.end < rt", "window_end-rt<0; rest; window_end rt ");
	check("ln < rn", "rest; ln rn ");
	check("ln > 3 and rn is not null and lk = rk",
		"key lk=rk; left; right; ln lk rn rk ");
	check("lk = rk or ln = 1", "rest; ");
	check("ln + 1 = rn", "key -=rn; ln rn ");
	check("upper(lk) = concat(rk, 'x')", "key -=-; lk rk ");
	check("coalesce(lk, 'x') = rk", "key -=rk; rk ");
	check("true", "left; ");
	check("x = 1",
		"!sql: both inputs have a field 'x': say left.x or "
		"right.x");
	check("lk = rkk", "!sql: no field 'rkk' (did you mean 'rk'?)");
	check("left.rk = rk", "!sql: no field 'rk' (did you mean 'lk'?)");
	check("lk", "!sql: no condition, which is true or false");
	check_key("1", "1.0", "1 1 ");
	check_key("1.5", "1.50", "1.5 1.5 ");
	check_key("-0.0", "0", "0 0 ");
	check_key("\"a\\u0062\"", "\"ab\"", "\"ab\" \"ab\" ");
	check_key("null", "\"2016-07-26T02:45:07Z\"",
		"null \"2016-07-26T02:45:07Z\" ");
	return failures > 0;
}
