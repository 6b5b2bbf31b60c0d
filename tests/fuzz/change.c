/*
 * Records that are changed: the first line says how (two bytes each: what, and
 * where), each other line is a record.  What is printed must be a record with
 * the names and values that a plain list has after the same changes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "value/json.h"
#include "value/record.h"
#include "value/record_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

#define NAMES 6
#define FIELDS 400 /* more are left as they are */

static const char *const names[NAMES] = {"a", "b", "x.y", "\"\\\n", "",
	"\xc3\xa9t\xc3\xa9 of a longer name than sixteen bytes"};

struct list {
	struct buf name[FIELDS], value[FIELDS];
	size_t n;
};

static void
list_set(struct list *l, size_t at, const struct value *v)
{
	buf_clear(&l->value[at]);
	value_print(v, &l->value[at]);
}

static void
list_append(struct list *l, const char *name, size_t n, const struct value *v)
{
	MUST(l->n < FIELDS);
	buf_clear(&l->name[l->n]);
	buf_add(&l->name[l->n], name, n);
	list_set(l, l->n++, v);
}

static void
list_add(struct list *l, const char *plain, const struct value *v)
{
	struct buf b;

	for (size_t i = l->n; i-- > 0;)
		if (json_same(buf_cstr(&l->name[i]), l->name[i].n, plain,
			    strlen(plain))) {
			list_set(l, i, v);
			return;
		}
	buf_init(&b);
	json_escape(&b, plain, strlen(plain));
	list_append(l, b.p, b.n, v);
	buf_release(&b);
}

static struct value
some_value(const struct record *r, uint8_t which)
{
	switch (which % 7) {
	case 0:
		return value_null();
	case 1:
		return value_bool(true);
	case 2:
		return value_int(INT64_MIN);
	case 3:
		return value_double(0.1);
	case 4:
		return value_time(1469501107250000);
	case 5:
		return value_json_string("\\u00e9 and a longer text", 23, true);
	}
	return r->shape->n > 0 ? r->v[which % r->shape->n] : value_null();
}

static void
change(struct record *r, struct record_add *add, struct slots *slots,
	struct list *l, const uint8_t *how, size_t n)
{
	for (size_t i = 0; i + 1 < n; i += 2) {
		struct value v = some_value(r, how[i + 1]);
		size_t k = how[i + 1] % NAMES;

		if (how[i] % 3 == 0) {
			list_add(l, names[k], &v);
			MUST(record_add(r, &add[k], v, slots) < l->n);
		} else if (how[i] % 3 == 1) {
			record_own(r, slots);
		} else if (r->shape->n > 0) {
			k = how[i + 1] % r->shape->n;
			record_own(r, slots);
			list_set(l, k, &v);
			record_set(r, (uint32_t)k, v);
		}
		MUST(r->shape->n == l->n);
	}
}

static void
compare(const struct record *r, struct list *l, struct shapes *shapes)
{
	struct record_reader reader;
	struct record again = {0};
	struct err err;
	struct buf text, value;

	buf_init(&text);
	buf_init(&value);
	record_print(r, &text);
	memset(buf_need(&text, JSON_PADDING), 0, JSON_PADDING);
	record_read_init(&reader, shapes);
	again.line = text.p;
	again.nline = (uint32_t)text.n;
	MUST(record_read(&reader, &again, &err) == 0);
	MUST(again.shape->n == l->n);
	for (size_t i = 0; i < l->n; i++) {
		const struct shape_name *x = &again.shape->names[i];

		buf_clear(&value);
		value_print(&again.v[i], &value);
		MUST(x->n == l->name[i].n &&
			memcmp(x->s, buf_cstr(&l->name[i]), x->n) == 0);
		MUST(value.n == l->value[i].n &&
			memcmp(value.p, l->value[i].p, value.n) == 0);
	}
	record_read_release(&reader);
	buf_release(&text);
	buf_release(&value);
}

static void
one(struct record_reader *reader, struct record_add *add, struct slots *slots,
	struct list *l, const char *line, size_t nline, const uint8_t *how,
	size_t n)
{
	struct record r = {.line = line, .nline = (uint32_t)nline};
	struct err err;

	if (record_read(reader, &r, &err) < 0 || r.shape->n + NAMES > FIELDS)
		return;
	l->n = 0;
	for (uint32_t i = 0; i < r.shape->n; i++)
		list_append(
			l, r.shape->names[i].s, r.shape->names[i].n, &r.v[i]);
	change(&r, add, slots, l, how, n);
	compare(&r, l, reader->shapes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size, *how = data, *lf;
	struct shapes *shapes = shape_set_new();
	struct list *l = calloc(1, sizeof(*l));
	struct record_add add[NAMES];
	struct record_reader reader;
	struct slots slots = {0};
	size_t nhow = 0;

	record_read_init(&reader, shapes);
	for (int i = 0; i < NAMES; i++)
		record_add_init(&add[i], names[i]);
	for (; data < end; data = lf + 1) {
		size_t n;
		char *line;

		lf = memchr(data, '\n', (size_t)(end - data));
		if (lf == NULL)
			lf = end;
		n = (size_t)(lf - data);
		if (data == how) {
			nhow = n < 200 ? n : 200;
			continue;
		}
		line = malloc(n + JSON_PADDING);
		memcpy(line, data, n);
		memset(line + n, '"', JSON_PADDING);
		one(&reader, add, &slots, l, line, n, how, nhow);
		free(line);
	}
	for (int i = 0; i < NAMES; i++)
		record_add_release(&add[i]);
	for (size_t i = 0; i < FIELDS; i++) {
		buf_release(&l->name[i]);
		buf_release(&l->value[i]);
	}
	free(l);
	slots_release(&slots);
	record_read_release(&reader);
	shape_set_free(shapes);
	return 0;
}
