/* Values: text, comparison, key bytes. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "time/time.h"
#include "value/value.h"
#include "value/key.h"

static struct value
number(const char *s)
{
	return (struct value){
		.s = s, .n = (uint32_t)strlen(s), .type = VALUE_NUMBER};
}

static struct value
typed(enum value_type type, const char *s)
{
	return (struct value){.s = s, .n = (uint32_t)strlen(s), .type = type};
}

static struct value
string(const char *s)
{
	return value_json_string(s, strlen(s), strchr(s, '\\') != NULL);
}

static struct value
date(int32_t days)
{
	return (struct value){.i = days, .type = VALUE_DATE};
}

static struct value
moment(const char *s)
{
	int64_t us;

	assert(time_parse_iso(s, strlen(s), &us) == 0);
	return value_time(us);
}

static void
prints(struct value v, const char *want)
{
	struct buf b;

	buf_init(&b);
	value_print(&v, &b);
	if (strcmp(buf_cstr(&b), want) != 0) {
		fprintf(stderr, "%s, not %s\n", b.p, want);
		abort();
	}
	buf_release(&b);
}

static void
printing(void)
{
	struct buf b;

	prints(value_null(), "null");
	prints(value_bool(true), "true");
	prints(value_bool(false), "false");
	prints(value_int(INT64_MIN), "-9223372036854775808");
	prints(value_double(7), "7.0");
	prints(value_double(NAN), "\"NaN\"");
	prints(value_double(INFINITY), "\"Infinity\"");
	prints(value_double(-INFINITY), "\"-Infinity\"");
	prints(number("1.50"), "1.50");
	prints(typed(VALUE_REAL, "1.50"), "1.5");
	prints(typed(VALUE_REAL, "7"), "7.0");
	prints(string("a\\n"), "\"a\\n\"");
	prints(string(""), "\"\"");
	prints(moment("2016-07-26T02:45:07.500Z"),
		"\"2016-07-26T02:45:07.5Z\"");
	prints(date(0), "\"1970-01-01\"");
	prints(typed(VALUE_ARRAY, "[1, 2]"), "[1, 2]");
	prints(typed(VALUE_OBJECT, "{}"), "{}");
	buf_init(&b);
	value_print(NULL, &b);
	assert(strcmp(buf_cstr(&b), "null") == 0);
	buf_release(&b);
}

static void
text(const char *plain, size_t n, const char *json)
{
	struct buf a, b;
	struct value v;
	const char *back;
	size_t len;

	buf_init(&a);
	buf_init(&b);
	v = value_text(plain, n, &a);
	assert(v.n == strlen(json));
	assert(memcmp(v.s, json, v.n) == 0);
	assert(!(v.flags & VALUE_ESCAPED) == (v.s == plain));
	back = value_string(&v, &len, &b);
	assert(len == n);
	assert(memcmp(back, plain, n) == 0);
	buf_release(&a);
	buf_release(&b);
}

static void
decoded(const char *json, const char *plain, size_t n)
{
	struct value v = string(json);
	const char *s;
	struct buf b;
	size_t len;

	buf_init(&b);
	s = value_string(&v, &len, &b);
	if (len != n || memcmp(s, plain, n) != 0) {
		fprintf(stderr, "%s decoded as %.*s\n", json, (int)len, s);
		abort();
	}
	buf_release(&b);
}

static void
texts(void)
{
	char long_text[100];

	text("abc", 3, "abc");
	text("", 0, "");
	text("a\"b\\c", 5, "a\\\"b\\\\c");
	text("\b\t\n\v\f\r", 6, "\\b\\t\\n\\u000b\\f\\r");
	text("\0\x1f\x7f", 3, "\\u0000\\u001f\x7f");
	text("\xc3\xa9\xf0\x9f\x98\x80 long enough \xc3\xa9", 21,
		"\xc3\xa9\xf0\x9f\x98\x80 long enough \xc3\xa9");
	for (size_t i = 0; i < 40; i++) {
		char want[102];

		memset(long_text, 'x', 40);
		long_text[i] = '"';
		memset(want, 'x', 41);
		want[41] = '\0';
		memcpy(want + i, "\\\"", 2);
		text(long_text, 40, want);
	}
	decoded("\\u00e9\\n\\\"q\\\"\\/", "\xc3\xa9\n\"q\"/", 7);
	decoded("\\ud83d\\ude00", "\xf0\x9f\x98\x80", 4);
	decoded("\\uD83D\\uDE00x", "\xf0\x9f\x98\x80x", 5);
	decoded("\\ud83dx", "\xef\xbf\xbdx", 4);
	decoded("\\ude00", "\xef\xbf\xbd", 3);
	decoded("\\ud83d\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80", 7);
	decoded("\\ud83d\\n", "\xef\xbf\xbd\n", 4);
	decoded("\\u0000a", "\0a", 2);
	decoded("\\u07ff\\u0800", "\xdf\xbf\xe0\xa0\x80", 5);
}

static void
looks(void)
{
	struct value v;
	int64_t us;

	v = number("12");
	v = value_number(&v, false);
	assert(v.type == VALUE_INT);
	assert(v.i == 12);
	v = number("12.0");
	v = value_number(&v, false);
	assert(v.type == VALUE_DOUBLE);
	v = number("9223372036854775808");
	v = value_number(&v, false);
	assert(v.type == VALUE_DOUBLE);
	assert(v.d == 0x1p63);
	v = typed(VALUE_REAL, "12");
	v = value_number(&v, false);
	assert(v.type == VALUE_DOUBLE);
	v = string("NaN");
	assert(value_number(&v, false).type == VALUE_STRING);
	assert(isnan(value_number(&v, true).d));
	assert(value_is_nan(&v));
	v = string("\\u004eaN");
	assert(value_is_nan(&v));
	v = string("nan");
	assert(!value_is_nan(&v));
	v = value_double(NAN);
	assert(value_is_nan(&v));
	assert(!value_is_nan(NULL));
	assert(value_is_null(NULL));
	v = value_null();
	assert(value_is_null(&v));
	v = string("2016-07-26T02:45:07Z");
	assert(value_get_time(&v, &us) == 0);
	assert(us == INT64_C(1469501107000000));
	v = string("2016-07-26T02\\u003a45:07Z");
	assert(value_get_time(&v, &us) == 0);
	v = string("2016-07-26T02:45:07");
	assert(value_get_time(&v, &us) < 0);
	v = value_int(7);
	assert(value_get_time(&v, &us) < 0);
}

/* clang-format off */
/* The values of a group are equal; of two groups the first is the smaller. */
#define END {.type = 255}
static struct value order[200];

static size_t
fill_order(void)
{
	size_t n = 0;
#define ADD(v) order[n++] = (v)
#define NEXT order[n++] = (struct value)END
	ADD(value_null()); NEXT;
	ADD(value_bool(false)); NEXT;
	ADD(value_bool(true)); NEXT;
	ADD(value_double(-INFINITY)); ADD(string("-Infinity"));
	ADD(number("-1e400")); NEXT;
	ADD(number("-1e300")); ADD(value_double(-1e300)); NEXT;
	ADD(number("-9223372036854775809")); NEXT;
	ADD(value_int(INT64_MIN)); ADD(number("-9223372036854775808"));
	ADD(value_double(-0x1p63)); NEXT;
	ADD(value_double(-1.5)); ADD(number("-1.50")); NEXT;
	ADD(value_int(-1)); ADD(number("-1.0")); NEXT;
	ADD(value_int(0)); ADD(value_double(-0.0)); ADD(value_double(0));
	ADD(number("-0")); ADD(number("-0.0")); ADD(number("0e5")); NEXT;
	ADD(value_double(5e-324)); NEXT;
	ADD(value_int(7)); ADD(number("7")); ADD(number("7.0"));
	ADD(value_double(7)); ADD(typed(VALUE_REAL, "7")); NEXT;
	ADD(value_double(7.5)); NEXT;
	ADD(value_double(9007199254740992.0)); NEXT;
	ADD(value_int(9007199254740993)); NEXT;
	ADD(value_int(INT64_MAX)); NEXT;
	ADD(value_double(0x1p63)); ADD(number("9223372036854775808")); NEXT;
	ADD(number("9223372036854775809")); NEXT;
	ADD(number("99999999999999999999")); NEXT;
	ADD(value_double(1e20)); ADD(number("100000000000000000000")); NEXT;
	ADD(value_double(INFINITY)); ADD(number("1e400"));
	ADD(string("Infinity")); NEXT;
	ADD(value_double(NAN)); ADD(value_double(-NAN)); ADD(string("NaN"));
	ADD(string("N\\u0061N")); NEXT;
	ADD(moment("1969-12-31T23:59:59Z"));
	ADD(string("1969-12-31T23:59:59Z")); NEXT;
	ADD(moment("2016-07-26T02:45:07Z"));
	ADD(string("2016-07-26T02:45:07Z"));
	ADD(string("2016-07-26T02:45:07.000Z"));
	ADD(string("2016\\u002d07-26T02:45:07Z")); NEXT;
	ADD(moment("2016-07-26T02:45:07.5Z"));
	ADD(string("2016-07-26T02:45:07.50Z")); NEXT;
	ADD(moment("+10000-01-01T00:00:00Z"));
	ADD(string("+10000-01-01T00:00:00Z")); NEXT;
	ADD(string("")); NEXT;
	ADD(string("\\u0000")); NEXT;
	ADD(date(0)); ADD(string("1970-01-01")); NEXT;
	ADD(string("2016-07-26T02:45:07")); NEXT;
	ADD(string("2016-07-26T02:45:07X")); NEXT;
	ADD(string("a")); ADD(string("\\u0061")); NEXT;
	ADD(string("a\\\"b")); ADD(string("\\u0061\\u0022b")); NEXT;
	ADD(string("a/b")); ADD(string("a\\/b")); NEXT;
	ADD(string("aa")); NEXT;
	ADD(string("long enough to need a length of four bytes: more than sixty"
		"-three of them")); NEXT;
	ADD(string("\xc3\xa9")); ADD(string("\\u00e9")); NEXT;
	ADD(string("\xef\xbf\xbd")); ADD(string("\\ud800"));
	ADD(string("\\udc00")); NEXT;
	ADD(string("\xf0\x9f\x98\x80")); ADD(string("\\ud83d\\ude00")); NEXT;
	ADD(typed(VALUE_ARRAY, "[]")); NEXT;
	ADD(typed(VALUE_OBJECT, "{\"a\":1}")); NEXT;
	return n;
}
/* clang-format on */

static bool
is_double(const struct value *v)
{
	struct value n = value_number(v, true);

	return n.type == VALUE_DOUBLE;
}

/* Beyond 64 bits there are integers too, which value_number does not know. */
static bool
is_big(const struct value *v)
{
	return v->type == VALUE_NUMBER && v->n > 18 &&
		memchr(v->s, 'e', v->n) == NULL;
}

static void
check_pair(const struct value *a, const struct value *b, int want)
{
	int c = key_compare(a, b), back = key_compare(b, a);
	struct buf x, y;
	bool same;

	assert((c > 0) - (c < 0) == want);
	assert((back > 0) - (back < 0) == -want);
	buf_init(&x);
	buf_init(&y);
	key_encode(a, &x);
	key_encode(b, &y);
	same = x.n == y.n && memcmp(x.p, y.p, x.n) == 0;
	if (want == 0 &&
		(is_double(a) && !is_big(a)) == (is_double(b) && !is_big(b)))
		assert(same);
	else
		assert(!same);
	buf_release(&x);
	buf_release(&y);
}

static void
check_code(const struct value *v)
{
	struct buf x, y;
	struct value back;
	char *copy;

	buf_init(&x);
	buf_init(&y);
	key_encode(v, &x);
	/* A copy of just this size, so that a read beyond it shows. */
	copy = malloc(x.n);
	memcpy(copy, x.p, x.n);
	assert(key_decode(&back, copy, x.n) == x.n);
	assert(key_compare(v, &back) == 0);
	key_encode(&back, &y);
	assert(x.n == y.n);
	assert(memcmp(x.p, y.p, x.n) == 0);
	for (size_t cut = 0; cut < x.n; cut++) {
		char *less = malloc(cut + 1);

		memcpy(less, copy, cut);
		assert(key_decode(&back, less, cut) == 0);
		free(less);
	}
	free(copy);
	buf_release(&x);
	buf_release(&y);
}

static void
decodes(struct value v, const char *want)
{
	struct value back;
	struct buf x;

	buf_init(&x);
	key_encode(&v, &x);
	assert(key_decode(&back, x.p, x.n) == x.n);
	prints(back, want);
	buf_release(&x);
}

static void
ordering(void)
{
	size_t n = fill_order(), group_a = 0, group_b;
	struct value missing = value_null();

	for (size_t i = 0; i < n; i++) {
		if (order[i].type == 255) {
			group_a++;
			continue;
		}
		check_code(&order[i]);
		group_b = 0;
		for (size_t k = 0; k < n; k++) {
			if (order[k].type == 255) {
				group_b++;
				continue;
			}
			check_pair(&order[i], &order[k],
				(group_a > group_b) - (group_a < group_b));
		}
	}
	assert(key_compare(NULL, &missing) == 0);
	assert(key_compare(NULL, NULL) == 0);
	for (int bit = 0; bit < 64; bit++)
		for (int off = -1; off <= 1; off++) {
			struct value v = value_int((
				int64_t)((UINT64_C(1) << bit) + (uint64_t)off));
			check_code(&v);
			v.i = (int64_t)(0 - (uint64_t)v.i);
			check_code(&v);
		}
	decodes(typed(VALUE_REAL, "7"), "7.0");
	decodes(number("1"), "1");
	decodes(number("1.50"), "1.5");
	decodes(value_double(-0.0), "0.0");
	decodes(string("2016-07-26T02:45:07.50Z"),
		"\"2016-07-26T02:45:07.5Z\"");
	decodes(string("NaN"), "\"NaN\"");
	decodes(date(1), "\"1970-01-02\"");
	decodes(string("\\u0061\\/\\n\\u0001"), "\"a/\\n\\u0001\"");
	decodes(number("123456789012345678901234567890"),
		"123456789012345678901234567890");
}

int
main(void)
{
	printing();
	texts();
	looks();
	ordering();
	return 0;
}
