/* Accumulators: results, merging in any division, widening, many groups. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agg/accum/accums.h"
#include "text/numeric.h"
#include "floor/err.h"
#include "value/record.h"
#include "value/record_read.h"

static const char *const specs[] = {"count", "count:x", "sum:x", "avg:x",
	"min:x", "max:x", "stddev:x", "var_pop:x", "first:x", "last:x",
	"median:x", "p90:x", "count_distinct:x", "approx_count_distinct:x",
	"collect_set:x", "st=stats:x", "min:s", "max:s", "first:s", "last:s",
	"count_distinct:s", "collect_set:s", "sum_distinct:x", "mode:x",
	"mode:s", "max_by:s,x", "min_by:x,s", "count:x,s", "count_distinct:x,s",
	"percentile:x,0.1,0.9", "percentile_approx:x,0.1,0.9", "try_sum:x",
	"fs=first:s,true", "lx=last:x,true", "sd=stddev(distinct x)"};

static struct value
pick_number(unsigned i)
{
	unsigned k = i * 2654435761u >> 16;

	switch (k % 7) {
	case 0:
		return value_null();
	case 1:
		return value_double((double)(k % 1000) / 8 + 1e9);
	default:
		return value_int((int64_t)(k % 5000) - 2500);
	}
}

static struct value
pick_text(unsigned i, char *text)
{
	int n = snprintf(text, 40, "text %u",
		(i * 2654435761u >> 20) % 300 * 1000003u % 997);

	return i % 11 == 0 ? value_null()
			   : value_json_string(text, (size_t)n, false);
}

static void
print(struct accums *s, struct blob *b, struct buf *out)
{
	struct value v;
	struct buf tmp;
	struct err err;
	size_t i;

	buf_init(&tmp);
	buf_clear(out);
	for (i = 0; i < s->nresults; i++) {
		buf_clear(&tmp);
		assert(accums_result(s, i, b, &v, &tmp, &err) == 0);
		buf_printf(out, "%s=", s->out[i].name);
		value_print(&v, out);
		buf_byte(out, ' ');
	}
	buf_release(&tmp);
}

/* All records in one blob, and divided over five that are merged. */
static void
division(void)
{
	struct shapes *shapes = shape_set_new();
	struct shape *shape = shape_extend(
		shape_extend(shape_empty(shapes), "x", 1), "s", 1);
	struct slots slots = {0};
	struct accums s;
	struct blob whole, parts[5], all;
	struct buf bufs[7], one, two;
	struct record r;
	struct err err;
	char text[40];
	unsigned i;

	accums_init(&s);
	memset(bufs, 0, sizeof bufs);
	for (i = 0; i < sizeof specs / sizeof *specs; i++)
		assert(accums_parse(&s, specs[i], &err) == 0);
	blob_buf(&whole, &bufs[5], s.form.fixed);
	blob_buf(&all, &bufs[6], s.form.fixed);
	for (i = 0; i < 5; i++)
		blob_buf(&parts[i], &bufs[i], s.form.fixed);
	for (i = 0; i < 20000; i++) {
		record_new(&r, shape, &slots);
		r.v[0] = pick_number(i);
		r.v[1] = pick_text(i, text);
		assert(accums_read(&s, &r, false, &err) == 0);
		accums_add(&s, &whole, i);
		accums_add(&s, &parts[i * 7 % 5], i);
	}
	for (i = 5; i-- > 0;)
		accums_merge(&s, &all, &parts[i]);
	buf_init(&one);
	buf_init(&two);
	print(&s, &whole, &one);
	print(&s, &all, &two);
	assert(strcmp(buf_cstr(&one), buf_cstr(&two)) == 0);
	for (i = 0; i < 7; i++)
		buf_release(&bufs[i]);
	buf_release(&one);
	buf_release(&two);
	slots_release(&slots);
	accums_release(&s);
	shape_set_free(shapes);
}

static void
expect(const char *spec, const char *values, const char *want)
{
	struct shapes *shapes = shape_set_new();
	struct record_reader reader;
	struct accums s;
	struct blob b;
	struct buf mem = {0}, out = {0}, line = {0};
	struct err err;
	const char *p;

	record_read_init(&reader, shapes);
	accums_init(&s);
	assert(accums_parse(&s, spec, &err) == 0);
	blob_buf(&b, &mem, s.form.fixed);
	for (p = values; *p != '\0'; p += strcspn(p, " "), p += *p == ' ') {
		struct record r = {.number = 0};

		buf_clear(&line);
		buf_printf(&line, "{\"x\":%.*s}", (int)strcspn(p, " "), p);
		r.nline = (uint32_t)line.n;
		memset(buf_need(&line, 64), 0, 64);
		r.line = line.p;
		assert(record_read(&reader, &r, &err) == 0);
		assert(accums_read(&s, &r, false, &err) == 0);
		accums_add(&s, &b, 1);
	}
	print(&s, &b, &out);
	out.p[out.n - 1] = '\0';
	if (strcmp(strchr(out.p, '=') + 1, want) != 0) {
		fprintf(stderr, "%s of %s: %s, not %s\n", spec, values, out.p,
			want);
		abort();
	}
	buf_release(&mem);
	buf_release(&out);
	buf_release(&line);
	record_read_release(&reader);
	accums_release(&s);
	shape_set_free(shapes);
}

static void
results(void)
{
	expect("count", "1 null 3", "3");
	expect("count:x", "1 null 3", "2");
	expect("sum:x", "", "null");
	expect("sum:x", "null", "null");
	expect("sum:x", "9223372036854775807 1 -1", "9223372036854775807");
	expect("sum:x", "1 2.0", "3.0");
	expect("sum:x", "1e100 1.0 -1e100", "1.0");
	expect("sum:x", "0.1 0.2 0.3", "0.6");
	expect("sum:x", "1.0 \"NaN\"", "\"NaN\"");
	expect("sum:x", "\"Infinity\" 1", "\"Infinity\"");
	expect("sum:x", "\"Infinity\" \"-Infinity\"", "\"NaN\"");
	expect("avg:x", "9007199254740993 9007199254740993",
		"9007199254740992.0");
	expect("avg:x", "1 2", "1.5");
	expect("min:x", "3 1.50 2", "1.50");
	expect("max:x", "1 null 1e1", "1e1");
	expect("max:x", "1 \"NaN\" 3", "\"NaN\"");
	expect("min:x", "1 \"-Infinity\" 3", "\"-Infinity\"");
	expect("min:x", "\"Infinity\" 3", "3");
	expect("max:x", "\"2016-07-26T02:45:07Z\" \"2016-07-26T02:45:07.5Z\"",
		"\"2016-07-26T02:45:07.5Z\"");
	expect("max:x", "\"b\" \"aa\" \"\\u00e9\" null", "\"\\u00e9\"");
	expect("first:x", "null 2", "null");
	expect("last:x", "1 [1,2]", "[1,2]");
	expect("stddev:x", "5", "null");
	expect("stddev_pop:x", "5", "0.0");
	expect("variance:x",
		"1000000000000001 1000000000000002 "
		"1000000000000003",
		"1.0");
	expect("var_pop:x", "1 2 3 4", "1.25");
	expect("variance:x", "1 \"NaN\"", "\"NaN\"");
	expect("median:x", "3 1 2", "2.0");
	expect("p25:x", "1 2 3 4 5", "2.0");
	expect("count_distinct:x", "1 2 1 null \"1\" 2", "3");
	expect("collect_list:x", "1 null \"a\" [2] 1", "[1,\"a\",[2],1]");
	expect("collect_set:x", "3 1 null 3 2", "[1,2,3]");
}

static void
decimals(void)
{
	char text[NUMERIC_MAX];
	__int128 d, q;

	assert(numeric_read("1.50", 4, 38, 2, &d));
	assert(d == 150);
	assert(numeric_read("-12", 3, 38, 3, &d));
	assert(d == -12000);
	assert(numeric_read("1.005", 5, 38, 2, &d));
	assert(d == 101);
	assert(numeric_read("1e2", 3, 38, 1, &d));
	assert(d == 1000);
	assert(numeric_read(
		"99999999999999999999999999999999999999", 38, 38, 0, &d));
	assert(numeric_digits(d) == 38);
	assert(!numeric_read(
		"99999999999999999999999999999999999999", 38, 38, 1, &d));
	assert(numeric_print(-5, 3, text) == 6);
	assert(memcmp(text, "-0.005", 6) == 0);
	assert(numeric_print(0, 0, text) == 1);
	assert(numeric_average(10, 3, 4, &q));
	assert(q == 33333);
	assert(numeric_average(-20, 3, 4, &q));
	assert(q == -66667);
}

static void
overflow(void)
{
	struct accums s;
	struct blob b;
	struct buf mem = {0}, tmp = {0};
	struct err err;
	struct value v;
	struct shapes *shapes = shape_set_new();
	struct shape *shape = shape_extend(shape_empty(shapes), "x", 1);
	struct slots slots = {0};
	struct record r;

	accums_init(&s);
	assert(accums_parse(&s, "sum:x", &err) == 0);
	assert(accums_parse(&s, "sum:x", &err) == -1); /* the same name */
	assert(accums_parse(&s, "sun:x", &err) == -1);
	assert(strstr(err.text, "did you mean 'sum'") != NULL);
	blob_buf(&b, &mem, s.form.fixed);
	record_new(&r, shape, &slots);
	r.v[0] = value_int(INT64_MIN);
	for (int i = 0; i < 2; i++) {
		assert(accums_read(&s, &r, false, &err) == 0);
		accums_add(&s, &b, 0);
	}
	assert(accums_result(&s, 0, &b, &v, &tmp, &err) == -1);
	assert(strstr(err.text, "'x'") != NULL);
	r.v[0] = value_json_string("abc", 3, false);
	assert(accums_read(&s, &r, false, &err) == -1);
	assert(accums_read(&s, &r, true, &err) == 0);
	buf_release(&mem);
	buf_release(&tmp);
	slots_release(&slots);
	accums_release(&s);
	shape_set_free(shapes);
}

int
main(void)
{
	results();
	decimals();
	division();
	overflow();
	return 0;
}
