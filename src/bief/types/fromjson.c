#include "types/fromjson.h"

#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "text/simd.h"
#include "time/time.h"
#include "value/json.h"
#include "types/fromjson_object.h"
#include "types/type.h"

static uint32_t
hash(const char *s, size_t n)
{
	uint32_t h = (uint32_t)n;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 0x01000193;
	return h ^ h >> 15;
}

static int
object_plain(struct fromjson *f, const char *p, struct value *v)
{
	return read_object(f, p, v);
}

struct fromjson *
fromjson_new(const struct schema *schema, const struct fromjson_options *o)
{
	struct fromjson *f = mem_zalloc(sizeof(*f));
	uint32_t size = 4;

	while (size < 2 * schema->n)
		size *= 2;
	f->mask = size - 1;
	f->table = mem_zalloc(size * sizeof(f->table[0]));
	f->n = schema->n;
	f->target = mem_zalloc((schema->n + 1) * sizeof(f->target[0]));
	for (size_t i = 0; i < schema->n; i++) {
		struct target *t = &f->target[i];
		uint32_t h;

		fromstruct_target(t, &schema->f[i]);
		h = hash(t->name, t->n) & f->mask;
		while (f->table[h] != 0)
			h = (h + 1) & f->mask;
		if ((int)i != o->corrupt)
			f->table[h] = (uint32_t)i + 1;
	}
	f->value.member = fromvalue_member;
	f->value.zone = o->zone;
	f->value.pattern = o->pattern;
	f->value.date_pattern = o->date_pattern;
	f->value.l.flags = o->flags | LENIENT_UTF16;
	f->root = o->root;
	f->end.index = NODE_END;
	f->object = fromjson_avx2_there() ? fromjson_avx2 : object_plain;
	f->all = f->n > 64   ? 0
		: f->n == 64 ? UINT64_MAX
			     : (UINT64_C(1) << f->n) - 1;
	return f;
}

void
fromjson_free(struct fromjson *f)
{
	if (f == NULL)
		return;
	fromvalue_release(&f->value);
	buf_release(&f->why);
	buf_release(&f->corrupt);
	free(f->table);
	free(f->target);
	free(f);
}

/* The record. */

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
fromjson_key(struct fromjson *f, const char *start, struct node **node)
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
	h = hash(s, n);
	index = find_target(f, s, n, h);
	next = first         ? &f->head
		: index >= 0 ? &f->target[index].node
			     : &f->unknown[h % UNKNOWN];
	node_learn(next, start, (size_t)(p - start), index);
	(*node)->next = next;
	*node = next;
	return p;
}

const char *
fromjson_field(struct fromjson *f, const char *start, const struct target *t,
	struct value *v)
{
	struct value x;
	const char *p;
	bool fits = false;

	if (!f->value.malformed)
		f->field = t;
	p = fromvalue_read(&f->value, start, t->type, 1, &x, &fits);
	if (p == NULL)
		return NULL;
	if (fits)
		*v = x;
	else
		fromvalue_misfit(&f->value, t->type, start, p);
	return p;
}

/* What is JSON and too short to reach a limit need not be read token by
 * token. */
const char *
fromjson_skip(struct fromjson *f, const char *p)
{
	struct json_error e;
	struct value v;
	const char *q = json_read(p, f->value.l.end, 1, &v, &e);

	if (q != NULL && q - p < LENIENT_DIGITS)
		return q;
	return lenient_value(&f->value.l, p, 1, NULL);
}

static int
read_root(struct fromjson *f, const char *p, struct value *v)
{
	const struct type *t = f->target[0].type;
	bool wrap;

	p = lenient_space(&f->value.l, p);
	wrap = p < f->value.l.end && *p == '{' && t->kind == TYPE_ARRAY &&
		t->elem->kind == TYPE_STRUCT;
	if (!wrap)
		return fromjson_field(f, p, &f->target[0], v) != NULL ? 0 : -1;
	if (fromvalue_one(&f->value, p, t, v) == NULL)
		return -1;
	return 0;
}

static bool
is_blank(const char *p, const char *end)
{
	while (p < end && (unsigned char)*p <= ' ')
		p++;
	return p == end;
}

int
fromjson_read(struct fromjson *f, const char *text, size_t n, int64_t now_us,
	struct value *v)
{
	f->value.l = (struct lenient){
		.begin = text, .end = text + n, .flags = f->value.l.flags};
	f->value.now_us = now_us;
	f->value.malformed = false;
	f->field = NULL;
	f->value.owned = false;
	f->value.nspans = 0;
	buf_clear(&f->value.text);
	buf_clear(&f->value.nested);
	if (f->root || f->all == 0)
		memset(v, 0, f->n * sizeof(*v));
	if ((f->root ? read_root : f->object)(f, text, v) < 0) {
		memset(v, 0, f->n * sizeof(*v));
		f->value.malformed = !is_blank(text, text + n);
		return f->value.malformed ? -1 : 0;
	}
	if (f->value.owned || f->value.nested.n > 0) {
		for (size_t i = 0; i < f->n; i++) {
			if (v[i].flags & IN_TEXT)
				v[i].s = f->value.text.p + v[i].i;
			else if (v[i].flags & IN_NESTED)
				v[i].s = f->value.nested.p + v[i].i;
			v[i].flags &= VALUE_ESCAPED | VALUE_SINGLE;
		}
	}
	return f->value.malformed ? -1 : 0;
}

bool
fromjson_owns(const struct fromjson *f)
{
	return f->value.owned || f->value.nested.n > 0;
}

const char *
fromjson_why(struct fromjson *f)
{
	char text[100];

	buf_clear(&f->why);
	if (f->value.l.what != NULL) {
		buf_printf(&f->why, "%s at byte %zu", f->value.l.what,
			(size_t)(f->value.l.at - f->value.l.begin) + 1);
		return buf_cstr(&f->why);
	}
	err_quote(text, sizeof(text), f->field->name, f->field->n);
	buf_printf(&f->why, "field '%s' holds no ", text);
	type_print(f->value.misfit, &f->why);
	err_quote(text, sizeof(text), f->value.value, f->value.nvalue);
	buf_printf(&f->why, ": %s", text);
	return buf_cstr(&f->why);
}

struct value
fromjson_text(struct fromjson *f, const char *text, size_t n)
{
	if (!json_utf8(text, n)) {
		buf_clear(&f->value.plain);
		json_repair(&f->value.plain, text, n);
		text = f->value.plain.p;
		n = f->value.plain.n;
	}
	buf_clear(&f->corrupt);
	return value_text(text, n, &f->corrupt);
}
