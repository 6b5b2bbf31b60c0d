/*
 * record: changing and printing.  The line that a record has come as is kept as
 * long as it says the same, and what was added is printed behind it.
 */
#include "value/record.h"

#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/copy.h"
#include "floor/mem.h"
#include "value/json.h"

void
record_new(struct record *r, struct shape *shape, struct slots *slots)
{
	memset(r, 0, sizeof *r);
	r->shape = shape;
	r->v = slots_need(slots, shape->n);
	r->room = slots->cap;
	for (uint32_t i = 0; i < shape->n; i++)
		r->v[i] = value_null();
}

/* The values, moved to slots. */
static void
record_move(struct record *r, struct slots *slots)
{
	struct value *from = r->v;

	if (from == slots->v) {
		r->v = slots_need(slots, r->shape->n);
	} else {
		r->v = slots_need(slots, r->shape->n);
		memcpy(r->v, from, r->shape->n * sizeof from[0]);
	}
	r->room = slots->cap;
}

void
record_own(struct record *r, struct slots *slots)
{
	record_move(r, slots);
	r->line = NULL;
	r->nline = 0;
	r->kept = 0;
}

void
record_add_init(struct record_add *a, const char *plain_name)
{
	struct buf b;

	memset(a, 0, sizeof *a);
	buf_init(&b);
	json_escape(&b, plain_name, strlen(plain_name));
	a->name = mem_dup(buf_cstr(&b), b.n);
	a->nname = (uint32_t)b.n;
	buf_release(&b);
}

void
record_add_release(struct record_add *a)
{
	free(a->name);
	a->name = NULL;
}

static void
meet_shape(struct record_add *a, struct shape *shape)
{
	a->index = shape_find(shape, a->name, a->nname);
	a->out = a->index >= 0 ? NULL : shape_extend(shape, a->name, a->nname);
	a->id = shape->id;
}

void
record_add_shape(struct record *r, struct record_add *a)
{
	if (a->id != r->shape->id)
		meet_shape(a, r->shape);
	r->shape = a->out;
}

uint32_t
record_add(struct record *r, struct record_add *a, struct value v,
	struct slots *slots)
{
	struct shape *shape = r->shape;

	if (a->id != shape->id)
		meet_shape(a, shape);
	if (a->out == NULL) {
		record_own(r, slots);
		r->v[a->index] = v;
		return (uint32_t)a->index;
	}
	if (shape->n >= r->room)
		record_move(r, slots);
	r->v[shape->n] = v;
	r->shape = a->out;
	return shape->n;
}

void
record_set(struct record *r, uint32_t index, struct value v)
{
	r->v[index] = v;
	r->line = NULL;
	r->nline = 0;
	r->kept = 0;
}

/* ,"name": with some bytes more than that written behind. */
static inline char *
record_put_key(char *to, const struct shape_name *x)
{
	uint32_t n = x->n + 4;

	for (uint32_t i = 0; i < n; i += 16)
		memcpy(to + i, x->key + i, 16);
	return to + n;
}

/* Values that are printed as the text that they have. */
#define HAS_TEXT                                                       \
	(1u << VALUE_NUMBER | 1u << VALUE_STRING | 1u << VALUE_ARRAY | \
		1u << VALUE_OBJECT)

/* Fields from i on. */
static void
record_put_fields(const struct record *r, uint32_t i, struct buf *out)
{
	for (; i < r->shape->n; i++) {
		const struct shape_name *x = &r->shape->names[i];
		const struct value *v = &r->v[i];
		char *p = buf_need(out,
			(size_t)x->n + 8 + SHAPE_PADDING +
				(HAS_TEXT >> v->type & 1 ? v->n : 0));
		char *q = record_put_key(p, x);

		switch (v->type) {
		case VALUE_NUMBER:
		case VALUE_ARRAY:
		case VALUE_OBJECT:
			q = copy_short(q, v->s, v->n);
			break;
		case VALUE_STRING:
			*q++ = '"';
			q = copy_short(q, v->s, v->n);
			*q++ = '"';
			break;
		case VALUE_NULL:
			q = copy_short(q, "null", 4);
			break;
		default:
			out->n += (size_t)(q - p);
			value_print(v, out);
			continue;
		}
		out->n += (size_t)(q - p);
	}
}

void
record_print(const struct record *r, struct buf *out)
{
	uint32_t n = r->nline, kept = r->kept;
	size_t start;

	if (r->shape == NULL || (r->line != NULL && kept == r->shape->n)) {
		buf_add(out, r->line, n);
		return;
	}
	if (r->line != NULL) {
		while (r->line[n - 1] != '}')
			n--;
		buf_add(out, r->line, n - 1);
	} else {
		kept = 0;
	}
	start = out->n;
	record_put_fields(r, kept, out);
	if (r->line == NULL && out->n == start) {
		buf_byte(out, '{');
	} else if (r->line == NULL) {
		out->p[start] = '{'; /* in place of the first comma */
	} else if (kept == 0 && out->n > start) {
		memmove(out->p + start, out->p + start + 1, out->n - start - 1);
		out->n--;
	}
	buf_byte(out, '}');
}

const char *
record_text(const struct record *r, size_t *n, struct buf *tmp)
{
	if (r->line != NULL && (r->shape == NULL || r->kept == r->shape->n)) {
		*n = r->nline;
		return r->line;
	}
	buf_clear(tmp);
	record_print(r, tmp);
	buf_need(tmp, JSON_PADDING);
	*n = tmp->n;
	return tmp->p;
}
