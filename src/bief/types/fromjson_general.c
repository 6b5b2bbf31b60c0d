/*
 * fromjson_general: keys and values that do not look as the last ones did.
 */
#include <string.h>

#include "floor/buf.h"
#include "value/json.h"
#include "value/lenient.h"
#include "types/fromjson_impl.h"
#include "types/fromjson_object.h"

/* The field of a key, or NODE_SKIP. */
static int
find_target(struct fromjson *f, const char *s, size_t n, uint32_t h)
{
	uint32_t i;

	for (h &= f->mask; (i = f->table[h]) != 0; h = (h + 1) & f->mask)
		if (f->target[i - 1].n == n &&
			memcmp(f->target[i - 1].name, s, n) == 0)
			return (int)i - 1;
	return NODE_SKIP;
}

const char *
fromjson_general_key(struct fromjson *f, const char *start, struct node **node)
{
	bool first = *node == &f->start;
	struct lenient_string key;
	struct node *next;
	const char *p, *s;
	size_t n;
	uint32_t h;
	int index;

	p = first
		? lenient_expect(&f->value.l, start, '{', "expected an object")
		: start;
	if (p == NULL)
		return NULL;
	p = lenient_space(&f->value.l, p);
	if (p >= f->value.l.end)
		return lenient_early(&f->value.l);
	if (*p == '}') {
		next = first ? &f->head : &f->end;
		node_learn(next, start, (size_t)(p + 1 - start), NODE_END);
		(*node)->next = next;
		*node = next;
		return p + 1;
	}
	if (!first) {
		if (*p != ',')
			return lenient_refuse(
				&f->value.l, p, "expected ',' or '}'");
		p++;
	}
	if ((p = lenient_key(&f->value.l, p, &key)) == NULL)
		return NULL;
	p = lenient_space(&f->value.l, p);
	s = key.s;
	n = key.n;
	if (key.escaped) {
		buf_clear(&f->value.plain);
		lenient_plain(&key, &f->value.plain);
		s = f->value.plain.p;
		n = f->value.plain.n;
	}
	h = fromjson_object_hash(s, n);
	index = find_target(f, s, n, h);
	next = first         ? &f->head
		: index >= 0 ? &f->target[index].node
			     : &f->unknown[h % UNKNOWN];
	node_learn(next, start, (size_t)(p - start), index);
	(*node)->next = next;
	*node = next;
	return p;
}

/* A struct, or an array of such, that looks as most do. */
static const char *
read_nested(struct fromvalue *f, const char *p, const struct target *t,
	struct value *v)
{
	size_t at = f->nested.n;
	const char *q;

	f->twice = false;
	q = f->within(f, p, t, 1);
	*v = (struct value){.i = (int64_t)at,
		.n = (uint32_t)(f->nested.n - at),
		.type = *p == '{' ? VALUE_OBJECT : VALUE_ARRAY,
		.flags = f->twice ? IN_NESTED : IN_NESTED | VALUE_SINGLE};
	return q;
}

const char *
fromjson_general_value(struct fromjson *f, const char *start,
	const struct target *t, struct value *v)
{
	struct fromvalue *from = &f->value;
	size_t text = from->text.n, nested = from->nested.n;
	bool owned = from->owned, fits = true;
	struct value x;
	const char *p;

	if (!from->malformed)
		f->field = t;
	p = read_nested(from, start, t, &x);
	if (p == NULL)
		p = fromvalue_read(from, start, t->type, 1, &x, &fits);
	if (p == NULL)
		return NULL;
	if (!fits)
		fromvalue_misfit(
			from, t->type, lenient_space(&from->l, start), p);
	if (t->asked == FIELD_UNASKED) {
		from->text.n = text;
		from->nested.n = nested;
		from->owned = owned;
	} else if (fits) {
		*v = x;
	}
	return p;
}

/* What is JSON and too short to reach a limit need not be read token by
 * token. */
const char *
fromjson_general_skip(struct fromjson *f, const char *p)
{
	struct json_error e;
	struct value v;
	const char *q = json_read(p, f->value.l.end, 1, &v, &e);

	if (q != NULL && q - p < LENIENT_DIGITS)
		return q;
	return lenient_value(&f->value.l, p, 1, NULL);
}
