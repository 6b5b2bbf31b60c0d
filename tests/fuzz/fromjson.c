/*
 * from_json: each line of the input is read twice, by a reader that has seen
 * the lines before and by a fresh one: both must say the same, whatever bytes
 * follow the line, and what they say must be JSON.  One of whom only some fields
 * are asked for finds the same faults.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "types/fromjson.h"
#include "value/json.h"
#include "value/lenient.h"
#include "types/schema.h"
#include "time/time.h"
#include "value/value.h"
#include "floor/mem.h"
#include "time/zone.h"
#include "types/schema_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

static const char schema[] =
	"a string, b boolean, c tinyint, d smallint, e int, f bigint, g float, "
	"h double, i decimal(10,2), j timestamp, k timestamp(ns), l date, "
	"m binary, n array<int>, o map<string,double>, "
	"p struct<q:int,r:array<struct<s:string,t:timestamp>>>, u void, "
	"v array<map<string,array<string>>>, _corrupt_record string";
#define FIELDS 19

/* What is wrong with the line, ended by LF; then its values as JSON. */
static void
read_line(struct fromjson *f, const char *p, size_t n, char padding,
	struct buf *out)
{
	struct value v[FIELDS], checked;
	char *text = mem_alloc(n + JSON_PADDING);
	struct json_error e;
	size_t from;
	int rc;

	memcpy(text, p, n);
	memset(text + n, padding, JSON_PADDING);
	rc = fromjson_read(f, text, n, 0, v);
	if (rc < 0) {
		MUST(*fromjson_why(f) != '\0');
		buf_str(out, fromjson_why(f));
	}
	buf_byte(out, '\n');
	v[FIELDS - 1] = fromjson_text(f, text, n);
	for (int i = 0; i < FIELDS; i++) {
		from = out->n;
		value_print(&v[i], out);
		memset(buf_need(out, JSON_PADDING), 0, JSON_PADDING);
		MUST(json_read(out->p + from, out->p + out->n, 0, &checked,
			     &e) == out->p + out->n);
		buf_byte(out, ',');
	}
	free(text);
}

/* Some are asked for, some not. */
static enum field_asked
asks(const void *arg, const char *name)
{
	return (enum field_asked)((*name + *(const int *)arg) % 3);
}

/* What is asked for changes nothing of what fits. */
static void
read_less(const struct schema *s, const struct fromjson_options *o,
	const char *p, const char *end)
{
	struct fromjson *all = fromjson_new(s, o), *f = fromjson_new(s, o);
	int arg = (int)((end - p) % 3);
	struct buf a, b;
	const char *q;
	size_t n;

	buf_init(&a);
	buf_init(&b);
	fromjson_ask(f, asks, &arg);
	for (; p < end; p = q < end ? q + 1 : end) {
		q = memchr(p, '\n', (size_t)(end - p));
		if (q == NULL)
			q = end;
		buf_clear(&a);
		buf_clear(&b);
		read_line(all, p, (size_t)(q - p), '7', &a);
		read_line(f, p, (size_t)(q - p), '7', &b);
		n = (size_t)((char *)memchr(a.p, '\n', a.n) - a.p) + 1;
		MUST(b.n >= n && memcmp(a.p, b.p, n) == 0);
	}
	fromjson_free(all);
	fromjson_free(f);
	buf_release(&a);
	buf_release(&b);
}

static void
read_lines(const char *p, size_t size, unsigned flags)
{
	struct fromjson_options o = {
		.zone = zone_utc, .corrupt = FIELDS - 1, .flags = flags};
	const char *end = p + size;
	struct schema *s;
	struct fromjson *f, *fresh;
	struct buf a, b;
	struct err err;

	buf_init(&a);
	buf_init(&b);
	s = schema_parse(schema, &err);
	MUST(s != NULL && s->n == FIELDS);
	f = fromjson_new(s, &o);
	while (p < end) {
		const char *q = memchr(p, '\n', (size_t)(end - p));

		if (q == NULL)
			q = end;
		buf_clear(&a);
		buf_clear(&b);
		read_line(f, p, (size_t)(q - p), '7', &a);
		fresh = fromjson_new(s, &o);
		read_line(fresh, p, (size_t)(q - p), '"', &b);
		fromjson_free(fresh);
		MUST(a.n == b.n && memcmp(a.p, b.p, a.n) == 0);
		p = q < end ? q + 1 : end;
	}
	fromjson_free(f);
	read_less(s, &o, end - size, end);
	schema_free(s);
	buf_release(&a);
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_lines((const char *)data, size, 0);
	read_lines((const char *)data, size,
		LENIENT_COMMENTS | LENIENT_NAMES | LENIENT_ZEROS |
			LENIENT_ESCAPES | LENIENT_CONTROLS);
	read_lines(
		(const char *)data, size, LENIENT_NO_SINGLE | LENIENT_NO_WORDS);
	return 0;
}
