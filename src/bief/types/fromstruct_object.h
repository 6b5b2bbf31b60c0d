/*
 * fromstruct_object: how an object within a record is read that looks as the last
 * one did.  Compiled more than once, as fromjson_object.h: fromstruct.c,
 * fromstruct_avx2.c.
 */
#ifndef BIEF_FROMSTRUCT_OBJECT_H
#define BIEF_FROMSTRUCT_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "text/number.h"
#include "value/json.h"
#include "value/lenient.h"
#include "value/value.h"
#include "types/fromjson_impl.h"
#include "types/schema.h"
#include "types/type.h"

#define REST 64  /* objects that are not tried when one was not as expected */
#define OTHERS 8 /* keys that are no fields and are remembered */

struct fromstruct {
	const struct schema *s;
	struct buf names; /* {"a": ,"b": ... of those that are asked for */
	uint32_t *at;     /* of each, and the end */
	struct target *target;
	struct node start, end, other[OTHERS];
	size_t others;
	unsigned rest;
	bool twice; /* two fields have one name */
};


/* ---- fromstruct_key.c ---- */

/*
 * From behind a value, or from the object's beginning, to the next value or
 * behind the end, and learn what stood there.  NULL: it is odd.
 */
const char *fromstruct_key(struct fromvalue *f, struct fromstruct *x,
	const char *start, struct node **node);

/* ---- fromstruct_avx2.c ---- */

const char *fromstruct_avx2_object(
	struct fromvalue *f, struct fromstruct *x, const char *p, int depth);
const char *fromstruct_avx2_value(
	struct fromvalue *f, const char *p, const struct target *t, int depth);

/* ---- its fields ---- */

/* Fields from one to the one before another, which the object does not have. */
static void
put_nulls(struct buf *out, const struct fromstruct *x, size_t from, size_t to)
{
	for (; from < to; from++) {
		if (x->target[from].asked == FIELD_UNASKED)
			continue;
		buf_add(out, x->names.p + x->at[from],
			x->at[from + 1] - x->at[from]);
		buf_add(out, "null", 4);
	}
}

static const char *read_within(
	struct fromvalue *f, const char *p, const struct target *t, int depth);

/* At once, if it is text or a number as most are; append it to out (or NULL). */
static inline __attribute__((always_inline)) const char *
put_quickly(const struct fromvalue *f, const struct target *t, const char *p,
	struct buf *out)
{
	const char *q, *end = f->l.end;
	struct value v;

	switch (t->quick) {
	case QUICK_STRING:
		q = quick_string(p, end, &v);
		break;
	case QUICK_INT:
		q = quick_int(p, end, t, &v);
		break;
	case QUICK_REAL:
		q = quick_real(p, end, &v);
		if (q != NULL && out != NULL)
			out->n += number_print_real(
				v.s, v.n, buf_need(out, NUMBER_MAX));
		return q;
	default:
		return NULL;
	}
	if (q != NULL && out != NULL)
		buf_add(out, p, (size_t)(q - p));
	return q;
}

/* What takes more; or what is odd. */
static const char *
put_slowly(
	struct fromvalue *f, const struct target *t, const char *p, int depth)
{
	const char *q = read_within(f, p, t, depth);

	return q != NULL ? q : f->member(f, p, t->type, depth);
}

/* A field that nobody asks for: nothing of it stays. */
static const char *
pass_field(
	struct fromvalue *f, const struct target *t, const char *p, int depth)
{
	size_t at = f->nested.n;
	const char *q = put_quickly(f, t, p, NULL);

	if (q == NULL)
		q = put_slowly(f, t, p, depth + 1);
	f->nested.n = at;
	return q;
}

static const char *
put_field(struct fromvalue *f, const struct fromstruct *x, const char *p,
	size_t i, int depth)
{
	const struct target *t = &x->target[i];
	const char *q, *from = x->names.p + x->at[i];
	size_t n = x->at[i + 1] - x->at[i];

	if (n == 0)
		return pass_field(f, t, p, depth);
	buf_add(&f->nested, from, n);
	q = put_quickly(f, t, p, &f->nested);
	return q != NULL ? q : put_slowly(f, t, p, depth + 1);
}

/* What is JSON and too short to reach a limit need not be read token by
 * token. */
static const char *
skip_slowly(struct fromvalue *f, const char *p, int depth)
{
	struct json_error e;
	struct value ignored;
	const char *q = json_read(p, f->l.end, depth + 1, &ignored, &e);

	if (q == NULL || q - p >= LENIENT_DIGITS)
		q = lenient_value(&f->l, p, depth + 1, NULL);
	return q;
}

static inline const char *
skip(struct fromvalue *f, const char *p, int depth)
{
	const char *q = quick_skip(f, p);

	return q != NULL && q - p < LENIENT_DIGITS ? q
						   : skip_slowly(f, p, depth);
}

static const char *
read_fields(struct fromvalue *f, struct fromstruct *x, const char *p, int depth)
{
	struct node *node = &x->start, *next;
	size_t done = 0;

	while (p != NULL) {
		next = node->next;
		if (next != NULL && next->n != 0 && node_matches(next, p)) {
			p += next->n;
			node = next;
		} else if ((p = fromstruct_key(f, x, p, &node)) == NULL) {
			return NULL;
		}
		if (node->index == NODE_END)
			break;
		if (p >= f->l.end)
			return NULL;
		if (node->index == NODE_SKIP) {
			p = skip(f, p, depth);
			continue;
		}
		if ((size_t)node->index < done)
			return NULL;
		put_nulls(&f->nested, x, done, (size_t)node->index);
		done = (size_t)node->index + 1;
		p = put_field(f, x, p, done - 1, depth);
	}
	if (p == NULL || p > f->l.end)
		return NULL;
	put_nulls(&f->nested, x, done, x->s->n);
	if (x->names.n == 0)
		buf_byte(&f->nested, '{');
	buf_byte(&f->nested, '}');
	return p;
}

static const char *
read_object(struct fromvalue *f, struct fromstruct *x, const char *p, int depth)
{
	size_t at = f->nested.n;
	const char *q = NULL;

	f->twice |= x->twice;
	if (x->rest > 0)
		x->rest--;
	else if (x->s->n > 0 && !x->twice &&
		(q = read_fields(f, x, p, depth)) == NULL)
		x->rest = REST;
	if (q == NULL) {
		f->nested.n = at;
		f->l.what = NULL;
	}
	return q;
}

/* Objects alone, with nothing but commas between them. */
static const char *
read_list(struct fromvalue *f, struct fromstruct *x, const char *p, int depth)
{
	size_t at = f->nested.n;
	char c = p[1] == ']' ? *++p : ',';

	buf_byte(&f->nested, '[');
	while (c == ',') {
		if (p[1] != '{')
			goto odd;
		p = read_object(f, x, p + 1, depth + 1);
		if (p == NULL || p >= f->l.end)
			goto odd;
		c = *p;
		buf_byte(&f->nested, c);
	}
	if (c != ']')
		goto odd;
	if (f->nested.n == at + 1)
		buf_byte(&f->nested, ']');
	if (p < f->l.end)
		return p + 1;
odd:
	f->nested.n = at;
	return NULL;
}

static const char *
read_within(
	struct fromvalue *f, const char *p, const struct target *t, int depth)
{
	if (t->within == NULL || depth >= JSON_DEPTH)
		return NULL;
	if (*p == '{' && t->type->kind == TYPE_STRUCT)
		return read_object(f, t->within, p, depth);
	if (*p == '[' && t->type->kind == TYPE_ARRAY)
		return read_list(f, t->within, p, depth);
	return NULL;
}

#endif
