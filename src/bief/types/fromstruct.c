/*
 * fromstruct: objects within records, of which most have their keys in the order
 * of the type's fields, written as the keys of the last one were.
 *
 * What stands between values is compared with what stood there the last time,
 * and what is appended in front of each is at hand.  An object that is not so is
 * left to fromvalue.c, and then the next ones are for a while, so that what is
 * nested is not read again and again.
 */
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "value/json.h"
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

void
fromstruct_target(struct target *t, const struct schema_field *f)
{
	t->name = f->name;
	t->n = strlen(f->name);
	t->type = f->type;
	t->asked = FIELD_ALL;
	switch (f->type->kind) {
	case TYPE_STRING:
		t->quick = QUICK_STRING;
		break;
	case TYPE_BYTE: /* 127 */
		t->quick = QUICK_INT;
		t->digits = 2;
		t->limit = '1';
		break;
	case TYPE_SHORT: /* 32767 */
		t->quick = QUICK_INT;
		t->digits = 4;
		t->limit = '3';
		break;
	case TYPE_INT: /* 2147483647 */
		t->quick = QUICK_INT;
		t->digits = 9;
		t->limit = '2';
		break;
	case TYPE_LONG: /* 9223372036854775807 */
		t->quick = QUICK_INT;
		t->digits = 18;
		t->limit = '9';
		break;
	case TYPE_DOUBLE:
		t->quick = QUICK_REAL;
		break;
	case TYPE_TIMESTAMP:
		t->quick = QUICK_TIME;
		t->digits = 18; /* nanoseconds since 2001 have 19 */
		t->limit = '9';
		break;
	default:
		t->quick = QUICK_NONE;
	}
}

/* What stands in front of each field. */
static void
write_names(struct fromstruct *x)
{
	buf_clear(&x->names);
	for (size_t i = 0; i < x->s->n; i++) {
		const struct target *t = &x->target[i];

		if (t->asked != FIELD_UNASKED) {
			buf_byte(&x->names, x->names.n == 0 ? '{' : ',');
			json_quote(&x->names, t->name, t->n);
			buf_byte(&x->names, ':');
		}
		x->at[i + 1] = (uint32_t)x->names.n;
	}
}

static struct fromstruct *
make(const struct schema *s)
{
	struct fromstruct *x = mem_zalloc(sizeof(*x));

	x->s = s;
	x->at = mem_zalloc((s->n + 1) * sizeof(*x->at));
	x->target = mem_zalloc((s->n + 1) * sizeof(*x->target));
	for (size_t i = 0; i < s->n; i++) {
		struct target *t = &x->target[i];

		fromstruct_target(t, &s->f[i]);
		x->twice |= schema_find(s, t->name, t->n) != (int)i;
	}
	write_names(x);
	return x;
}

void
fromstruct_free(struct fromstruct *x)
{
	buf_release(&x->names);
	free(x->at);
	free(x->target);
	free(x);
}

static struct fromstruct *
find(struct fromvalue *f, const struct schema *s)
{
	for (size_t i = 0; i < f->nstructs; i++)
		if (f->structs[i]->s == s)
			return f->structs[i];
	f->structs = mem_realloc(
		f->structs, (f->nstructs + 1) * sizeof(*f->structs));
	f->structs[f->nstructs] = make(s);
	return f->structs[f->nstructs++];
}

void
fromstruct_ask(struct fromvalue *f, const struct type *t,
	enum field_asked asked,
	enum field_asked (*asks)(const void *, const char *), const void *arg)
{
	struct fromstruct *x;

	while (t->kind == TYPE_ARRAY || t->kind == TYPE_MAP) {
		/* Its keys are no names of the schema. */
		if (t->kind == TYPE_MAP && asked == FIELD_WITHIN)
			asked = FIELD_ALL;
		t = t->elem;
	}
	if (t->kind != TYPE_STRUCT)
		return;
	x = find(f, t->fields);
	for (size_t i = 0; i < x->s->n; i++) {
		struct target *field = &x->target[i];

		field->asked = asked == FIELD_WITHIN ? asks(arg, field->name)
						     : asked;
		fromstruct_ask(f, field->type, field->asked, asks, arg);
	}
	write_names(x);
}

/*
 * From behind a value, or from the object's beginning, to the next value or
 * behind the end, and learn what stood there.  NULL: it is odd.
 */
static const char *
learn(struct fromvalue *f, struct fromstruct *x, const char *start,
	struct node **node)
{
	bool first = *node == &x->start;
	struct lenient_string key;
	const char *p = start + first;
	struct node *next = &x->end;
	int index = NODE_END;

	p = lenient_space(&f->l, p);
	if (p >= f->l.end)
		return NULL;
	if (*p == '}') {
		p++;
	} else {
		if (!first && *p++ != ',')
			return NULL;
		p = lenient_key(&f->l, p, &key);
		if (p == NULL || key.escaped || key.odd)
			return NULL;
		p = lenient_space(&f->l, p);
		index = schema_find(x->s, key.s, key.n);
		next = index >= 0 ? &x->target[index].node
				  : &x->other[x->others++ % OTHERS];
		if (index < 0)
			index = NODE_SKIP;
	}
	node_learn(next, start, (size_t)(p - start), index);
	(*node)->next = next;
	*node = next;
	return p;
}

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

/* At once, if it looks as most do. */
static inline const char *
read_quickly(const struct fromvalue *f, const struct target *t, const char *p)
{
	struct value v;

	if (t->quick == QUICK_STRING)
		return quick_string(p, f->l.end, &v);
	return t->quick == QUICK_INT ? quick_int(p, f->l.end, t, &v) : NULL;
}

/* A field that nobody asks for: nothing of it stays. */
static const char *
pass_field(
	struct fromvalue *f, const struct target *t, const char *p, int depth)
{
	size_t at = f->nested.n;
	const char *q = read_quickly(f, t, p);

	if (q == NULL)
		q = f->member(f, p, t->type, depth + 1);
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
	q = read_quickly(f, t, p);
	if (q == NULL)
		return f->member(f, p, t->type, depth + 1);
	buf_add(&f->nested, p, (size_t)(q - p));
	return q;
}

static const char *
skip(struct fromvalue *f, const char *p, int depth)
{
	struct json_error e;
	struct value ignored;
	const char *q = quick_string(p, f->l.end, &ignored);

	if (q == NULL) {
		q = json_read(p, f->l.end, depth + 1, &ignored, &e);
		if (q == NULL || q - p >= LENIENT_DIGITS)
			q = lenient_value(&f->l, p, depth + 1, NULL);
	}
	return q;
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
		} else if ((p = learn(f, x, p, &node)) == NULL) {
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

const char *
fromstruct_read(
	struct fromvalue *f, const char *p, const struct schema *s, int depth)
{
	struct fromstruct *x = find(f, s);
	size_t at = f->nested.n;
	const char *q = NULL;

	f->twice |= x->twice;
	if (x->rest > 0)
		x->rest--;
	else if (s->n > 0 && !x->twice &&
		(q = read_fields(f, x, p, depth)) == NULL)
		x->rest = REST;
	if (q == NULL) {
		f->nested.n = at;
		f->l.what = NULL;
	}
	return q;
}
