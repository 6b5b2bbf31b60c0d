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
#include "types/fromstruct_object.h"

static struct fromstruct *of(struct fromvalue *f, const struct schema *s);

void
fromstruct_target(
	struct fromvalue *f, struct target *t, const struct schema_field *field)
{
	t->name = field->name;
	t->n = strlen(field->name);
	t->type = field->type;
	t->asked = FIELD_ALL;
	switch (t->type->kind) {
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
	case TYPE_STRUCT:
		t->within = of(f, t->type->fields);
		break;
	case TYPE_ARRAY:
		if (t->type->elem->kind == TYPE_STRUCT)
			t->within = of(f, t->type->elem->fields);
		break;
	default:
		break;
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
make(struct fromvalue *f, const struct schema *s)
{
	struct fromstruct *x = mem_zalloc(sizeof(*x));

	x->s = s;
	x->at = mem_zalloc((s->n + 1) * sizeof(*x->at));
	x->target = mem_zalloc((s->n + 1) * sizeof(*x->target));
	for (size_t i = 0; i < s->n; i++) {
		struct target *t = &x->target[i];

		fromstruct_target(f, t, &s->f[i]);
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
of(struct fromvalue *f, const struct schema *s)
{
	struct fromstruct *x;

	for (size_t i = 0; i < f->nstructs; i++)
		if (f->structs[i]->s == s)
			return f->structs[i];
	x = make(f, s);
	f->structs = mem_realloc(
		f->structs, (f->nstructs + 1) * sizeof(*f->structs));
	return f->structs[f->nstructs++] = x;
}

/* The structs in a value of this type. */
static const struct type *
structs_of(const struct type *t)
{
	while (t->kind == TYPE_ARRAY || t->kind == TYPE_MAP)
		t = t->elem;
	return t->kind == TYPE_STRUCT ? t : NULL;
}

static bool
has_map(const struct type *t)
{
	while (t->kind == TYPE_ARRAY)
		t = t->elem;
	return t->kind == TYPE_MAP;
}

void
fromstruct_ask(struct fromvalue *f, const struct target *t,
	enum field_asked (*asks)(const void *, const char *), const void *arg)
{
	const struct type *type = structs_of(t->type);
	struct fromstruct *x;

	if (type == NULL)
		return;
	x = of(f, type->fields);
	for (size_t i = 0; i < x->s->n; i++) {
		struct target *field = &x->target[i];

		field->asked = t->asked;
		/* The keys of a map are no names of the schema. */
		if (t->asked == FIELD_WITHIN)
			field->asked = has_map(t->type)
				? FIELD_ALL
				: asks(arg, field->name);
		fromstruct_ask(f, field, asks, arg);
	}
	write_names(x);
}

void
fromstruct_init(struct fromvalue *f, bool avx2)
{
	f->object = avx2 ? fromstruct_avx2_object : read_object;
	f->within = avx2 ? fromstruct_avx2_value : read_within;
}

const char *
fromstruct_read(
	struct fromvalue *f, const char *p, const struct schema *s, int depth)
{
	return f->object(f, of(f, s), p, depth);
}
