/*
 * pack: random records of all types, with and without a line, one by one and
 * many at once, in shapes that are kept and that are not, come back as they were, in any number of them;
 * and damaged messages are refused.
 */
#include "value/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/random.h"
#include "value/json.h"
#include "value/shape_impl.h"
#include "value/unpack.h"

#define FIELDS 12

static int failures;
static uint64_t seed = 1;
static struct shapes *mine, *theirs, *passing;

static void
check(bool ok, const char *what)
{
	if (!ok && failures++ < 10)
		fprintf(stderr, "pack: %s\n", what);
}

static uint32_t
below(uint32_t n)
{
	return random_below(&seed, n);
}

static char text[4096];

/* Text of up to 40 bytes, somewhere. */
static struct value
random_text(enum value_type type)
{
	uint32_t n = below(4) == 0 ? below(40) : below(9);
	char *at = text + below(sizeof text - 40);

	for (uint32_t i = 0; i < n; i++)
		at[i] = (char)('a' + below(26));
	return (struct value){.s = at,
		.n = n,
		.type = (uint8_t)type,
		.flags = type == VALUE_STRING && below(5) == 0 ? VALUE_ESCAPED
							       : 0};
}

static struct value
random_value(void)
{
	enum value_type type = below(VALUE_OBJECT + 1);

	switch (type) {
	case VALUE_NULL:
		return value_null();
	case VALUE_BOOL:
		return value_bool(below(2));
	case VALUE_DOUBLE:
		return value_double((double)below(1000) / 7);
	case VALUE_INT:
	case VALUE_TIME:
	case VALUE_DATE:
		return (struct value){.i = (int64_t)random_next(&seed) >> 20,
			.type = (uint8_t)type};
	default:
		return random_text(type);
	}
}

static struct shape *
random_shape(void)
{
	struct shape *s = shape_empty(mine);
	uint32_t n = below(FIELDS);
	bool kept = below(5) > 0;

	shape_set_clear(passing);
	for (uint32_t i = 0; i < n; i++) {
		char name[20];
		int k = snprintf(name, sizeof name, "f%u", below(3) + i);

		s = kept ? shape_extend(s, name, (size_t)k)
			 : shape_make(passing, s, name, (size_t)k);
	}
	return s;
}

/* A line in which some of the values stand. */
static void
random_line(struct record *r, struct buf *line)
{
	buf_clear(line);
	buf_need(line, 10000);
	buf_byte(line, '{');
	for (uint32_t i = 0; i < r->shape->n; i++) {
		struct value *v = &r->v[i];

		buf_byte(line, '"');
		if (v->type == VALUE_STRING) {
			const char *at = line->p + line->n;

			buf_add(line, v->s, v->n);
			v->s = at;
		}
	}
	buf_str(line, "} ");
	r->line = line->p;
	r->nline = (uint32_t)line->n;
	r->kept = below(r->shape->n + 1);
}

static bool
same_value(const struct value *a, const struct value *b)
{
	if (a->type != b->type || a->flags != b->flags)
		return false;
	if (a->type == VALUE_NUMBER || a->type == VALUE_REAL ||
		a->type == VALUE_STRING || a->type >= VALUE_ARRAY)
		return a->n == b->n &&
			(a->n == 0 || memcmp(a->s, b->s, a->n) == 0);
	return a->i == b->i;
}

static void
compare(const struct record *a, const struct record *b)
{
	check(b->number == a->number, "the number");
	check((a->windows == NULL) == (b->windows == NULL), "windows");
	if (a->windows != NULL && b->windows != NULL)
		check(memcmp(a->windows, b->windows, sizeof *a->windows) == 0,
			"the set of windows");
	if (a->line == NULL)
		check(b->line == NULL, "a line from nowhere");
	else
		check(b->line != NULL && b->nline == a->nline &&
				b->kept == a->kept &&
				memcmp(a->line, b->line, a->nline) == 0,
			"the line");
	check(b->shape->n == a->shape->n &&
			b->shape->transient == a->shape->transient,
		"the shape");
	for (uint32_t i = 0; i < a->shape->n && i < b->shape->n; i++) {
		const struct shape_name *x = &a->shape->names[i];

		check(b->shape->names[i].n == x->n &&
				memcmp(b->shape->names[i].s, x->s, x->n) == 0,
			"a name");
		check(same_value(&b->v[i], &a->v[i]), "a value");
	}
}

static void
one(struct pack *p, struct unpack *u, struct buf *line, struct buf *out)
{
	struct window_set set = {1, 2, 3, 4};
	struct value v[FIELDS];
	struct record a = {.shape = random_shape(), .v = v}, b;
	size_t size, at = 0;
	unsigned kind;

	for (uint32_t i = 0; i < a.shape->n; i++)
		v[i] = random_value();
	a.number = below(1000);
	if (below(2))
		random_line(&a, line);
	if (below(10) == 0)
		a.windows = &set;
	buf_clear(out);
	pack_add(p, &a, out);
	do {
		kind = unpack_next(u, out->p + at, out->n - at, &size, &b);
		at += size;
	} while (kind == PACK_SHAPE && at < out->n);
	check(kind == PACK_RECORD && at == out->n, "not a record, and all");
	if (kind == PACK_RECORD)
		compare(&a, &b);
}

/* Every byte changed, every length cut: never read beyond the message. */
static void
damage(const struct buf *whole)
{
	for (size_t i = 0; i < whole->n; i++) {
		struct record r;
		struct unpack u;
		size_t size = 0;
		char *p = malloc(whole->n + JSON_PADDING);

		memcpy(p, whole->p, whole->n);
		memset(p + whole->n, 0, JSON_PADDING);
		p[i] = (char)(p[i] + 1 + (char)below(255));
		unpack_init(&u, theirs);
		for (size_t at = 0; at < whole->n; at += size) {
			struct buf text_of;
			unsigned kind = unpack_next(
				&u, p + at, whole->n - at, &size, &r);

			if (kind == PACK_DAMAGED)
				break;
			buf_init(&text_of);
			for (size_t k = 0; kind == PACK_RECORD ||
				(kind == PACK_ROWS && k < u.rows);
				k++) {
				record_print(&r, &text_of);
				r.v += kind == PACK_ROWS ? u.stride : 0;
				if (kind == PACK_RECORD)
					break;
			}
			buf_release(&text_of);
		}
		unpack_release(&u);
		free(p);
	}
}

static void
records(void)
{
	struct pack p;
	struct unpack u;
	struct buf line, out;

	pack_init(&p);
	unpack_init(&u, theirs);
	buf_init(&line);
	buf_init(&out);
	for (int i = 0; i < 50000; i++)
		one(&p, &u, &line, &out);
	pack_release(&p);
	pack_init(&p);
	for (int i = 0; i < 200; i++) {
		struct value v[FIELDS];
		struct record a = {.shape = random_shape(), .v = v};

		for (uint32_t k = 0; k < a.shape->n; k++)
			v[k] = random_value();
		if (below(2))
			random_line(&a, &line);
		buf_clear(&out);
		pack_release(&p);
		pack_init(&p);
		pack_add(&p, &a, &out);
		damage(&out);
	}
	pack_release(&p);
	unpack_release(&u);
	buf_release(&line);
	buf_release(&out);
}

/* Several that differ in their values, with some between them that are not of
 * them; they come back with room for more. */
static void
one_of_rows(struct pack *p, struct unpack *u, bool harm)
{
	size_t n = 1 + below(40), stride, size = 0, at = 0, of;
	struct record a = {.shape = random_shape()}, b;
	unsigned kind = PACK_DAMAGED;
	struct value *v;
	struct buf out;

	stride = a.shape->n + below(4);
	a.v = v = calloc(n * stride + 1, sizeof *v);
	for (size_t i = 0; i < n * stride; i++)
		v[i] = random_value();
	buf_init(&out);
	of = pack_rows_size(p, &a, stride, n);
	check((of == 0) == (a.shape->transient || a.shape->n == 0),
		"rows of no names, or of some that pass");
	if (of > 0) {
		pack_put_rows(
			p, &a, stride, n, buf_need(&out, of + JSON_PADDING));
		out.n = of;
	}
	while (at < out.n && kind != PACK_ROWS) {
		kind = unpack_next(u, out.p + at, out.n - at, &size, &b);
		at += size;
		if (kind == PACK_DAMAGED)
			break;
	}
	check(of == 0 ||
			(kind == PACK_ROWS && at == of && u->rows == n &&
				b.room == u->stride && u->stride > a.shape->n),
		"not rows, and all");
	for (size_t i = 0; kind == PACK_ROWS && i < n; i++) {
		compare(&a, &b);
		a.v += stride;
		b.v += u->stride;
	}
	if (harm)
		damage(&out);
	buf_release(&out);
	free(v);
}

static void
rows(void)
{
	struct unpack u;
	struct pack p;

	pack_init(&p);
	unpack_init(&u, theirs);
	for (int i = 0; i < 5000; i++)
		one_of_rows(&p, &u, false);
	unpack_release(&u);
	for (int i = 0; i < 50; i++) {
		pack_release(&p);
		pack_init(&p);
		unpack_init(&u, theirs);
		one_of_rows(&p, &u, true);
		unpack_release(&u);
	}
	pack_release(&p);
}

static void
text_lines(void)
{
	struct pack p;
	struct unpack u;
	struct buf out;
	struct record a = {.line = "abc", .nline = 3, .number = 7}, b;
	size_t size;

	pack_init(&p);
	unpack_init(&u, theirs);
	buf_init(&out);
	pack_add(&p, &a, &out);
	check(unpack_next(&u, out.p, out.n, &size, &b) == PACK_RECORD &&
			size == out.n && b.shape == NULL && b.nline == 3 &&
			b.number == 7 && memcmp(b.line, "abc", 3) == 0,
		"a line of text");
	pack_release(&p);
	unpack_release(&u);
	buf_release(&out);
}

/* More shapes than are kept: the others come as transient ones. */
static void
many_shapes(void)
{
	struct shapes *set = shape_set_new(), *to = shape_set_new();
	struct pack p;
	struct unpack u;
	struct buf line, out;

	pack_init(&p);
	unpack_init(&u, to);
	buf_init(&line);
	buf_init(&out);
	for (int i = 0; i < PACK_SHAPES + 100; i++) {
		char name[20];
		struct value v = value_int(i);
		struct record a = {.v = &v}, b;
		size_t size, k;

		k = (size_t)snprintf(name, sizeof name, "n%d", i);
		a.shape = shape_extend(shape_empty(set), name, k);
		buf_clear(&out);
		/* Some are too long, as is found then. */
		if (i % 3 == 1 && i < PACK_SHAPES / 2 && pack_size(&p, &a) > 0)
			continue;
		pack_add(&p, &a, &out);
		check(unpack_next(&u, out.p, out.n, &size, &b) == PACK_SHAPE &&
				unpack_next(&u, out.p + size, out.n - size,
					&size, &b) == PACK_RECORD &&
				b.v[0].i == i && b.shape->names[0].n == k &&
				b.shape->transient == (i >= PACK_SHAPES),
			"one of many shapes");
	}
	pack_release(&p);
	unpack_release(&u);
	buf_release(&line);
	buf_release(&out);
	shape_set_free(set);
	shape_set_free(to);
}

int
main(void)
{
	mine = shape_set_new();
	theirs = shape_set_new();
	passing = shape_set_transient(mine);
	text_lines();
	records();
	rows();
	many_shapes();
	shape_set_free(passing);
	shape_set_free(mine);
	shape_set_free(theirs);
	return failures > 0;
}
