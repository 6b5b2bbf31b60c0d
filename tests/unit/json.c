/* json: what is accepted and what is refused; walking; escapes. */
#include "value/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"

static int failures;

static void
check(bool ok, const char *what, const char *text)
{
	if (!ok) {
		fprintf(stderr, "json: %s: %s\n", what, text);
		failures++;
	}
}

/* A copy of text with padding of the given byte. */
static char *
padded(const char *text, size_t n, char pad)
{
	char *p = malloc(n + JSON_PADDING);

	memcpy(p, text, n);
	memset(p + n, pad, JSON_PADDING);
	return p;
}

/* True if the whole text is one value, whatever follows in memory. */
static bool
valid(const char *text, size_t n)
{
	static const char pads[] = {0, '"', '}', '0', '\n', '{', '\\', 'l'};
	int yes = 0;

	for (size_t i = 0; i < sizeof pads; i++) {
		char *p = padded(text, n, pads[i]);
		struct json_error e;
		struct value v;
		const char *q = json_read(p, p + n, 0, &v, &e);

		if (q != NULL && json_space(q, p + n) == p + n)
			yes++;
		else if (q == NULL)
			check(e.at >= p && e.at <= p + n, "place", text);
		free(p);
	}
	check(yes == 0 || yes == sizeof pads, "padding shows", text);
	return yes != 0;
}

static void
grammar(void)
{
	static const char *const good[] = {"0", "-0", "1", "-1.5", "1e5",
		"1E+05", "0.1e-7", "12345678901234567890123456789012345678901",
		"1.2345678901234567890123456789012345", "true", "false", "null",
		"\"\"", "\"a\"", " \t\r\n1 \n", "[]", "{}", "[ ]", "{ }", "[1]",
		"[1,2 , 3]", "{\"a\":1}",
		"{ \"a\" : [ { } , [ ] ] , \"\" : null }",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uD800\\uabCD\"",
		"\"0123456789012345678901234567890123456789\"",
		"\"012345678901234567890123456789\\n012345678\"",
		"\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80"
		"\xf4\x8f\xbf\xbf\"",
		"[\"]\",\"}\"]", "[[[[1]]]]"};
	static const char *const bad[] = {"", " ", "-", "01", "-01", "1.", ".5",
		"1.e5", "1e", "1e+", "+1", "1x", "0x1", "NaN", "tru", "nul",
		"falsy", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"",
		"\"\\u12g4\"", "\"\n\"", "\"\x1f\"", "'a'", "[", "[1", "[1,",
		"[1,]", "[,1]", "[1 2]", "]", "{", "{\"a\"",
		"{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}",
		"{a:1}", "{\"a\" 1}", "{1:1}", "[}", "{]", "[1}", "{\"a\":1]",
		"1 2", "[[1]", "\"\x80\"", "\"\xc0\x80\"", "\"\xc1\xbf\"",
		"\"\xe0\x80\x80\"", "\"\xed\xa0\x80\"", "\"\xf0\x80\x80\x80\"",
		"\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xff\"",
		"\"\xc3\"", "\"\xe2\x82\"", "\"\xf0\x9f\x98\"",
		"1.2345678901234567890123456789012345x",
		"\"0123456789012345678901234567890123456789", "--1", "1-"};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		check(valid(good[i], strlen(good[i])), "refused", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		check(!valid(bad[i], strlen(bad[i])), "accepted", bad[i]);
	check(!valid("\"\0\"", 3), "accepted", "a NUL in a string");
}

static void
depth(void)
{
	struct buf b;

	buf_init(&b);
	for (int n = JSON_DEPTH; n <= JSON_DEPTH + 1; n++) {
		buf_clear(&b);
		for (int i = 0; i < n; i++)
			buf_str(&b, i % 2 ? "[" : "{\"a\":");
		buf_byte(&b, '1');
		for (int i = n; i-- > 0;)
			buf_byte(&b, i % 2 ? ']' : '}');
		check(valid(b.p, b.n) == (n == JSON_DEPTH), "depth", "1000");
	}
	buf_release(&b);
}

/* Each place of a string within blocks, for each kind of byte. */
static void
places(void)
{
	char text[200];

	for (size_t n = 0; n < 140; n++) {
		memset(text, 'a', sizeof text);
		text[0] = text[n + 1] = '"';
		check(valid(text, n + 2), "string of this length", "");
		for (size_t i = 1; i <= n; i++) {
			text[i] = '\n';
			check(!valid(text, n + 2), "LF in string", "");
			text[i] = '\x80';
			check(!valid(text, n + 2), "0x80 in string", "");
			text[i] = '\\';
			check(valid(text, n + 2) == false, "\\a in string", "");
			text[i] = 'a';
		}
	}
	memset(text, '1', sizeof text);
	for (size_t n = 1; n < 100; n++) {
		check(valid(text, n), "digits", "");
		for (size_t i = 1; i + 1 < n; i++) {
			text[i] = '.';
			check(valid(text, n), "digits with point", "");
			text[i] = '1';
		}
	}
}

static void
walk(void)
{
	static const char text[] =
		"{ \"a\" : 1 , \"b\\u0062\":[1,[2],{\"c\":"
		"\"]\\\"\"}, null],\"a\":\"x\\\\\", \"t\":true,\"f\":false}";
	char *p = malloc(sizeof text - 1); /* nothing readable behind */
	struct value o = {.s = p, .n = sizeof text - 1, .type = VALUE_OBJECT};
	struct value k, v;
	struct json_iter it;
	struct buf b;

	memcpy(p, text, sizeof text - 1);
	buf_init(&b);
	json_iter(&it, &o);
	while (json_next(&it, &k, &v)) {
		buf_add(&b, k.s, k.n);
		buf_printf(&b, "=%d", v.type);
		if (v.type >= VALUE_NUMBER) {
			buf_byte(&b, ' ');
			buf_add(&b, v.s, v.n);
		}
		buf_byte(&b, ';');
	}
	check(strcmp(buf_cstr(&b),
		      "a=4 1;b\\u0062=9 [1,[2],{\"c\":\"]\\\"\"},"
		      " null];a=6 x\\\\;t=1;f=1;") == 0,
		"walk", buf_cstr(&b));
	check(json_get(&o, "a", 1, &v) && v.type == VALUE_STRING, "get",
		"the last of two");
	check(json_get(&o, "bb", 2, &v) && v.type == VALUE_ARRAY, "get",
		"by a name with escapes");
	check(!json_get(&o, "c", 1, &v), "get", "what is not there");
	free(p);
	buf_release(&b);
}

/* Append a string, or something nested, of random brackets and escapes. */
static void
random_value(struct buf *b, int depth)
{
	static const char *const parts[] = {"a", "bcdefghijklmnopqrstuvwxyz",
		"[", "]", "{", "}", ",", "\\\"", "\\\\", "\\\\\\\"", "\\n"};
	int n = rand() % 20;
	bool object;

	if (depth == 0 || rand() % 4 == 0) {
		buf_byte(b, '"');
		while (n-- > 0)
			buf_str(b,
				parts[(size_t)rand() %
					(sizeof parts / sizeof *parts)]);
		buf_byte(b, '"');
		return;
	}
	n %= 5;
	object = rand() % 2 == 0;
	buf_byte(b, object ? '{' : '[');
	for (int i = 0; i < n; i++) {
		buf_str(b, i > 0 ? "," : "");
		buf_str(b, object ? "\"k]\":" : "");
		random_value(b, depth - 1);
	}
	buf_byte(b, object ? '}' : ']');
}

/* Each element ends where it was made to, wherever blocks of bytes do. */
static void
walk_random(void)
{
	struct value array = {.type = VALUE_ARRAY}, v;
	size_t end[8];
	struct json_iter it;
	struct buf b;
	char *p;

	for (int round = 0; round < 20000; round++) {
		int n = 1 + rand() % 8, i = 0;

		buf_init(&b);
		buf_byte(&b, '[');
		for (int k = 0; k < n; k++) {
			random_value(&b, rand() % 5);
			end[k] = b.n;
			buf_byte(&b, k + 1 < n ? ',' : ']');
		}
		p = malloc(b.n); /* nothing readable behind */
		memcpy(p, b.p, b.n);
		array.s = p;
		array.n = (uint32_t)b.n;
		json_iter(&it, &array);
		for (; json_next(&it, NULL, &v) && i < n; i++)
			check((size_t)(it.p - p) == end[i], "walk", b.p);
		check(i == n, "walk to the end", b.p);
		free(p);
		buf_release(&b);
	}
}

static void
quoting(void)
{
	static const char plain[] = "a\"\\/\b\f\n\r\t\0\x1f\x7f\xc3\xa9";
	static const char quoted[] =
		"\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\xc3\xa9\"";
	struct buf b;

	buf_init(&b);
	json_quote(&b, plain, sizeof plain - 1);
	check(strcmp(buf_cstr(&b), quoted) == 0, "quote", buf_cstr(&b));
	buf_clear(&b);
	json_unquote(&b, quoted + 1, sizeof quoted - 3);
	check(b.n == sizeof plain - 1 && memcmp(b.p, plain, b.n) == 0,
		"unquote", quoted);
	buf_clear(&b);
	json_unquote(&b, "\\ud83d\\ude00\\ud800x\\udc00\\ud800\\u0041", 38);
	check(strcmp(buf_cstr(&b),
		      "\xf0\x9f\x98\x80\xef\xbf\xbdx\xef\xbf\xbd"
		      "\xef\xbf\xbd"
		      "A") == 0,
		"unquote pairs", buf_cstr(&b));
	check(json_utf8("aaaaaaaaaaaaaaa\xc3\xa9", 17), "utf8", "good");
	check(!json_utf8("aaaaaaaaaaaaaaa\xc3", 16), "utf8", "cut");
	check(json_same("a\\u0062", 7, "ab", 2), "same", "escaped");
	check(!json_same("a\\u0062", 7, "ac", 2), "same", "escaped, other");
	buf_release(&b);
}

int
main(void)
{
	grammar();
	depth();
	places();
	walk();
	walk_random();
	quoting();
	return failures != 0;
}
