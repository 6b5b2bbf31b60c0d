#include "types/fromjson.h"

#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "text/simd.h"
#include "time/time.h"
#include "value/json.h"
#include "types/fromjson_impl.h"
#include "types/type.h"

/* Keys that no field has are remembered by their hash, the last one wins. */
#define UNKNOWN 64

struct fromjson {
	struct fromvalue value;
	struct target *target;
	size_t n;
	uint32_t *table; /* hash to field + 1 */
	uint32_t mask;
	bool root;
	struct node start, head, end; /* head: the first key */
	struct node unknown[UNKNOWN];
	const struct target *field; /* that was malformed first */
	struct buf why;
	struct buf corrupt; /* the text, as a value */
};

static uint32_t
hash(const char *s, size_t n)
{
	uint32_t h = (uint32_t)n;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 0x01000193;
	return h ^ h >> 15;
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

/*
 * Read from behind a value (or from the text's beginning) to the next value or
 * behind the end of the object, and learn what stood there.  *node is the node
 * of the last key, and becomes that of this one.
 */
static const char *
next_key(struct fromjson *f, const char *start, struct node **node)
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

/* The number of k digits at p, below 2^63. */
static inline int64_t
digits_value(const char *p, unsigned k)
{
	uint64_t x, total = 0;

	for (; k >= 8; k -= 8, p += 8) {
		memcpy(&x, p, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		x -= UINT64_C(0x3030303030303030);
		x = x * 10 + (x >> 8);
		x = ((x & UINT64_C(0x000000FF000000FF)) *
				    UINT64_C(0x000F424000000064) +
			    (x >> 16 & UINT64_C(0x000000FF000000FF)) *
				    UINT64_C(0x0000271000000001)) >>
			32;
#else
		x = 0;
		for (int i = 0; i < 8; i++)
			x = x * 10 + (uint64_t)(p[i] - '0');
#endif
		total = total * 100000000 + x;
	}
	for (; k > 0; k--, p++)
		total = total * 10 + (uint64_t)(*p - '0');
	return (int64_t)total;
}

static inline const char *
quick_real(const char *start, const char *end, struct value *v)
{
	const char *p = start + (*start == '-');
	uint32_t m = simd_nondigit(p);
	unsigned k = m == 0 ? 32 : (unsigned)__builtin_ctz(m);

	if (k == 0 || k == 32 || (*p == '0' && k > 1))
		return NULL;
	if (p[k] != '.') {
		/* -0 is 0. */
		if (*p == '0' && p > start)
			return NULL;
		p += k;
	} else {
		p += k + 1;
		m = simd_nondigit(p);
		k = m == 0 ? 32 : (unsigned)__builtin_ctz(m);
		if (k == 0 || k == 32)
			return NULL;
		p += k;
	}
	if (!ends_number(*p) || p >= end)
		return NULL;
	*v = (struct value){
		.s = start, .n = (uint32_t)(p - start), .type = VALUE_REAL};
	return p;
}

/* A text of the stream's own form. */
static const char *
quick_iso(const struct fromjson *f, const char *p, const char *end,
	struct value *v)
{
	struct value text;
	const char *q = quick_string(p, end, &text);
	int64_t us;

	if (q == NULL || f->value.pattern != NULL ||
		time_parse_iso(text.s, text.n, &us) < 0)
		return NULL;
	*v = value_time(us);
	return q;
}

static inline const char *
quick_time(const struct fromjson *f, const char *start, const char *end,
	const struct target *t, struct value *v)
{
	const char *p = start + (*start == '-');
	uint32_t m = simd_nondigit(p);
	unsigned k = m == 0 ? 32 : (unsigned)__builtin_ctz(m);
	int64_t i;

	if (*start == '"')
		return quick_iso(f, start, end, v);
	if (!digits_fit(t, p, k) || (*p == '0' && k > 1))
		return NULL;
	if (!ends_number(p[k]) || p + k >= end)
		return NULL;
	i = digits_value(p, k);
	if (!fromvalue_time(t->type, p > start ? -i : i, v))
		return NULL;
	return p + k;
}

static inline const char *
quick_value(const struct fromjson *f, const char *p, const char *end,
	const struct target *t, struct value *v)
{
	switch (t->quick) {
	case QUICK_STRING:
		return quick_string(p, end, v);
	case QUICK_INT:
		return quick_int(p, end, t, v);
	case QUICK_REAL:
		return quick_real(p, end, v);
	case QUICK_TIME:
		return quick_time(f, p, end, t, v);
	default:
		return NULL;
	}
}

/* A value of a field in general. */
static const char *
field_value(struct fromjson *f, const char *start, const struct target *t,
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

/* A value that no field wants.  What is JSON and too short to reach a limit
 * need not be read token by token. */
static const char *
skip_value(struct fromjson *f, const char *p)
{
	struct json_error e;
	struct value v;
	const char *q = json_read(p, f->value.l.end, 1, &v, &e);

	if (q != NULL && q - p < LENIENT_DIGITS)
		return q;
	return lenient_value(&f->value.l, p, 1, NULL);
}

static int
read_object(struct fromjson *f, const char *p, struct value *v)
{
	const char *end = f->value.l.end, *q;
	struct node *node = &f->start, *next;
	struct value ignored;
	const struct target *t;

	for (;;) {
		next = node->next;
		if (next != NULL && next->n != 0 && node_matches(next, p)) {
			p += next->n;
			node = next;
		} else {
			p = next_key(f, p, &node);
			if (p == NULL)
				return -1;
		}
		if (p > end || (p == end && node->index != NODE_END)) {
			lenient_early(&f->value.l);
			return -1;
		}
		if (node->index == NODE_END)
			return 0;
		if (node->index == NODE_SKIP) {
			q = quick_string(p, end, &ignored);
			if (q == NULL)
				q = skip_value(f, p);
		} else {
			t = &f->target[node->index];
			q = quick_value(f, p, end, t, &v[node->index]);
			if (q == NULL)
				q = field_value(f, p, t, &v[node->index]);
		}
		if (q == NULL)
			return -1;
		p = q;
	}
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
		return field_value(f, p, &f->target[0], v) != NULL ? 0 : -1;
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
	memset(v, 0, f->n * sizeof(*v));
	if ((f->root ? read_root : read_object)(f, text, v) < 0) {
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
