/*
 * The record scanner: each line of the input is a record.  What is accepted
 * must be printed as it was, must come out the same when its values are
 * printed and parsed again, and must be one value to json_read() too; what is
 * refused must be refused whatever records came before.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "value/json.h"
#include "value/record.h"
#include "floor/buf.h"
#include "value/record_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

static int
parse(struct record_reader *rr, const char *p, size_t n, struct record *r)
{
	struct err err;

	memset(r, 0, sizeof *r);
	r->line = p;
	r->nline = (uint32_t)n;
	return record_read(rr, r, &err);
}

/* By another way: a value that is an object, and nothing behind it. */
static bool
is_object(const char *p, size_t n)
{
	struct json_error e;
	struct value v;
	const char *q = json_read(p, p + n, 0, &v, &e);

	return q != NULL && v.type == VALUE_OBJECT &&
		json_space(q, p + n) == p + n;
}

static void
walk(const struct value *v, int depth)
{
	struct json_iter it;
	struct value k, x;
	struct buf b;
	size_t n;

	buf_init(&b);
	if (v->type == VALUE_STRING)
		MUST(value_string(v, &n, &b) != NULL || n == 0);
	buf_release(&b);
	if (v->type != VALUE_ARRAY && v->type != VALUE_OBJECT)
		return;
	json_iter(&it, v);
	while (depth < 20 && json_next(&it, &k, &x))
		walk(&x, depth + 1);
}

static void
one(struct record_reader *rr, struct shapes *shapes, const char *p, size_t n)
{
	struct slots slots = {0};
	struct record_reader fresh;
	struct record r, again;
	struct buf out, copy;
	int rc = parse(rr, p, n, &r);

	MUST((rc == 0) == is_object(p, n));
	record_read_init(&fresh, shapes);
	MUST(parse(&fresh, p, n, &again) == rc);
	if (rc == 0) {
		buf_init(&out);
		buf_init(&copy);
		MUST(again.shape == r.shape || again.shape->transient ||
			r.shape->transient);
		for (uint32_t i = 0; i < r.shape->n; i++)
			walk(&r.v[i], 0);
		record_print(&r, &out);
		MUST(out.n == n && memcmp(out.p, p, n) == 0);
		record_own(&r, &slots);
		buf_clear(&out);
		record_print(&r, &out);
		n = out.n;
		buf_need(&out, JSON_PADDING);
		MUST(parse(&fresh, out.p, n, &again) == 0);
		record_own(&again, &fresh.slots);
		record_print(&again, &copy);
		MUST(copy.n == n && memcmp(copy.p, out.p, n) == 0);
		buf_release(&out);
		buf_release(&copy);
	}
	slots_release(&slots);
	record_read_release(&fresh);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shapes *shapes = shape_set_new();
	struct record_reader rr;
	const uint8_t *end = data + size, *lf;

	record_read_init(&rr, shapes);
	for (; data < end; data = lf + 1) {
		char *line;
		size_t n;

		lf = memchr(data, '\n', (size_t)(end - data));
		if (lf == NULL)
			lf = end;
		n = (size_t)(lf - data);
		line = malloc(n + JSON_PADDING);
		memcpy(line, data, n);
		memset(line + n, n % 2 ? '"' : '7', JSON_PADDING);
		one(&rr, shapes, line, n);
		free(line);
	}
	record_read_release(&rr);
	shape_set_free(shapes);
	return 0;
}
