/* sortkey: bytes compare as the values do; and stow: a record comes back. */
#include "value/sortkey.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "value/json.h"
#include "value/key.h"
#include "value/record_read.h"
#include "value/stow.h"

static int failures;

/* JSON texts of values, many of them near to others. */
static const char *const texts[] = {"null", "true", "false", "0", "-0", "0.0",
	"-0.0", "1", "1.0", "1e0", "-1", "0.5", "-0.5", "2", "10", "1e-300",
	"-1e-300", "5e-324", "-5e-324", "1e308", "-1e308", "1e400", "-1e400",
	"9007199254740992", "9007199254740993", "9007199254740994",
	"9007199254740992.0", "9007199254740994.0", "-9007199254740993",
	"-9007199254740992.0", "9223372036854775807", "9223372036854775806",
	"9223372036854774784", "9223372036854774784.0", "9223372036854775808",
	"9223372036854775808.0", "9223372036854775809", "-9223372036854775808",
	"-9223372036854775807", "-9223372036854775808.0",
	"-9223372036854775809", "-9223372036854775809.0", "9223372036854777856",
	"9223372036854777855", "18446744073709551616", "18446744073709551616.0",
	"18446744073709551617", "-18446744073709551616",
	"-18446744073709551615", "-18446744073709551617",
	"-18446744073709551616.0", "100000000000000000000", "1e20",
	"100000000000000000001", "99999999999999999999",
	"-100000000000000000000", "\"NaN\"", "\"Infinity\"", "\"-Infinity\"",
	"\"\"", "\"a\"", "\"a\\u0000\"", "\"a\\u0000b\"", "\"a\\u0001\"",
	"\"ab\"", "\"b\"", "\"\xC3\xA9\"", "\"\\u00e9\"",
	"\"\xF0\x9F\x98\x80\"", "\"NaM\"", "\"Na\"", "\"2026-01-02T03:04:05Z\"",
	"\"2026-01-02T03:04:05.000001Z\"", "\"2026-01-02T03:04:06Z\"",
	"\"1969-12-31T23:59:59Z\"", "\"2026-01-02\"", "\"2026-01-02T03:04:05\"",
	"[]", "[1]", "[ 1 ]", "[1,2]", "[\"a\"]", "{}", "{\"a\":1}",
	"{ \"a\" : 1 }", "{\"a\":1,\"b\":2}"};
#define TEXTS (sizeof texts / sizeof *texts)

static struct value
read_text(const char *text, struct buf *b)
{
	struct json_error e;
	struct value v;

	buf_clear(b);
	buf_need(b, strlen(text) + JSON_PADDING);
	memset(b->p, 0, strlen(text) + JSON_PADDING);
	buf_str(b, text);
	json_read(b->p, b->p + b->n, 0, &v, &e);
	return v;
}

/* 309 digits and more, at random. */
static struct value
long_number(struct buf *b)
{
	buf_clear(b);
	buf_need(b, 400 + JSON_PADDING);
	if (rand() % 2)
		buf_byte(b, '-');
	buf_byte(b, (char)('1' + rand() % 9));
	for (int n = 17 + rand() % (rand() % 4 ? 10 : 310); n > 0; n--)
		buf_byte(b, rand() % 8 ? '0' : (char)('0' + rand() % 10));
	return (struct value){
		.s = b->p, .n = (uint32_t)b->n, .type = VALUE_NUMBER};
}

static struct value
any_value(struct buf *b)
{
	uint64_t bits = (uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^
		(uint64_t)rand();
	double d;

	switch (rand() % 8) {
	case 0:
		return long_number(b);
	case 1:
		return value_int((int64_t)(bits >> rand() % 64));
	case 2:
		memcpy(&d, &bits, 8);
		return value_double(d);
	case 3:
		return value_time((int64_t)bits >> rand() % 64);
	case 4: /* near the ends of 64 bits */
		return value_int(INT64_MAX - rand() % 3000);
	case 5:
		return (struct value){
			.i = rand() % 40000 - 20000, .type = VALUE_DATE};
	default:
		return read_text(texts[(size_t)rand() % TEXTS], b);
	}
}

static int
sign(int c)
{
	return (c > 0) - (c < 0);
}

static void
compare(const struct value *a, const struct value *b, bool down)
{
	struct buf x, y, said;
	int want = sign(key_compare(a, b)), got;
	size_t n;

	buf_init(&x);
	buf_init(&y);
	sortkey_add(a, down, &x);
	sortkey_add(b, down, &y);
	n = x.n < y.n ? x.n : y.n;
	got = sign(memcmp(x.p, y.p, n));
	if (down)
		want = -want;
	if (got != want || (want == 0 && x.n != y.n)) {
		buf_init(&said);
		value_print(a, &said);
		buf_str(&said, down ? ", down, " : ", ");
		value_print(b, &said);
		fprintf(stderr, "sortkey: %s: %d, not %d\n", buf_cstr(&said),
			got, want);
		buf_release(&said);
		failures++;
	}
	buf_release(&x);
	buf_release(&y);
}

/* A record read, put, got, and printed is the line that it was; one with values
 * of its own, too. */
static void
stow(const char *line)
{
	struct shapes *shapes = shape_set_new();
	struct record_reader reader;
	struct slots slots = {0}, own = {0};
	struct record r, back;
	struct buf b, out, text;
	struct err err;

	buf_init(&b);
	buf_init(&out);
	buf_init(&text);
	record_read_init(&reader, shapes);
	read_text(line, &text);
	for (int i = 0; i < 2; i++) {
		r = (struct record){.line = text.p, .nline = (uint32_t)text.n};
		if (record_read(&reader, &r, &err) < 0)
			abort();
		if (i == 1)
			record_own(&r, &own);
		buf_clear(&b);
		stow_put(&r, &b);
		buf_need(&b, JSON_PADDING);
		stow_get(&back, b.p, b.n, &slots);
		if ((back.shape == NULL) != (i == 0))
			failures++;
		buf_clear(&out);
		record_print(&back, &out);
		if (strcmp(buf_cstr(&out), line) != 0) {
			fprintf(stderr, "stow: '%s' comes back as '%s'\n", line,
				out.p);
			failures++;
		}
	}
	record_read_release(&reader);
	slots_release(&slots);
	slots_release(&own);
	buf_release(&b);
	buf_release(&out);
	buf_release(&text);
	shape_set_free(shapes);
}

int
main(void)
{
	struct buf a, b;
	struct value x, y;

	buf_init(&a);
	buf_init(&b);
	srand(1);
	for (size_t i = 0; i < TEXTS; i++)
		for (size_t k = 0; k < TEXTS; k++) {
			x = read_text(texts[i], &a);
			y = read_text(texts[k], &b);
			compare(&x, &y, k % 2);
		}
	for (int i = 0; i < 200000; i++) {
		x = any_value(&a);
		y = any_value(&b);
		compare(&x, &y, rand() % 2);
	}
	x = value_null();
	compare(NULL, &x, false);
	stow("{}");
	stow("{\"a\":null,\"b\":true,\"c\":false,\"d\":-12,\"e\":1.50,"
	     "\"f\":\"x\\ny\",\"g\":[1,{}],\"h\":{\"i\":1},\"j\":\"\"}");
	stow("{\"a\":\"0123456789abcdef0123456789abcdef0123456789abcdef"
	     "0123456789abcdef0123456789abcdef0123456789abcdef"
	     "0123456789abcdef0123456789abcdef0123456789abcdef"
	     "0123456789abcdef0123456789abcdef0123456789abcdef"
	     "0123456789abcdef0123456789abcdef0123456789abcdef"
	     "0123456789abcdef0123456789abcdef\",\"b\":2}");
	buf_release(&a);
	buf_release(&b);
	return failures != 0;
}
