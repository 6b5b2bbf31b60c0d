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
	fromstruct_init(&f->value, fromjson_avx2_there());
	for (size_t i = 0; i < schema->n; i++) {
		struct target *t = &f->target[i];
		uint32_t h;

		fromstruct_target(&f->value, t, &schema->f[i]);
		h = fromjson_object_hash(t->name, t->n) & f->mask;
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
	f->object = fromjson_avx512_there() ? fromjson_avx512
		: fromjson_avx2_there()     ? fromjson_avx2
					    : object_plain;
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
	free(f->forms);
	free(f);
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
		return fromjson_general_value(f, p, &f->target[0], v) != NULL
			? 0
			: -1;
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

/* Up to how many digits is a number a time, whichever it is? */
static uint8_t
sure_digits(enum time_unit unit)
{
	switch (unit) {
	case UNIT_NS:
		return UINT8_MAX;
	case UNIT_US:
		return 18;
	case UNIT_MS:
		return 15;
	default:
		return 12;
	}
}

void
fromjson_ask(struct fromjson *f, fromjson_asks *asks, const void *arg)
{
	for (size_t i = 0; i < f->n; i++) {
		struct target *t = &f->target[i];

		t->asked = asks(arg, t->name);
		if (t->quick == QUICK_TIME && t->asked == FIELD_UNASKED)
			t->pass = sure_digits(t->type->unit);
		fromstruct_ask(&f->value, t, asks, arg);
	}
}

void
fromjson_begin(struct fromjson *f)
{
	f->value.owned = false;
	buf_clear(&f->value.text);
	buf_clear(&f->value.nested);
}

int
fromjson_more(struct fromjson *f, const char *text, size_t n, int64_t now_us,
	struct value *v)
{
	f->value.l = (struct lenient){
		.begin = text, .end = text + n, .flags = f->value.l.flags};
	f->value.now_us = now_us;
	f->value.malformed = false;
	f->field = NULL;
	f->value.nspans = 0;
	if (f->root || f->all == 0)
		memset(v, 0, f->n * sizeof(*v));
	if ((f->root ? read_root : f->object)(f, text, v) < 0) {
		memset(v, 0, f->n * sizeof(*v));
		f->value.malformed = !is_blank(text, text + n);
	}
	return f->value.malformed ? -1 : 0;
}

void
fromjson_settle(
	const struct fromjson *f, struct value *v, size_t stride, size_t n)
{
	if (!f->value.owned && f->value.nested.n == 0)
		return;
	for (; n > 0; n--, v += stride)
		for (size_t i = 0; i < f->n; i++) {
			if (v[i].flags & IN_TEXT)
				v[i].s = f->value.text.p + v[i].i;
			else if (v[i].flags & IN_NESTED)
				v[i].s = f->value.nested.p + v[i].i;
			v[i].flags &= VALUE_ESCAPED | VALUE_SINGLE;
		}
}

size_t
fromjson_held(const struct fromjson *f)
{
	return f->value.text.n + f->value.nested.n;
}

int
fromjson_read(struct fromjson *f, const char *text, size_t n, int64_t now_us,
	struct value *v)
{
	int ret;

	fromjson_begin(f);
	ret = fromjson_more(f, text, n, now_us, v);
	fromjson_settle(f, v, 0, 1);
	return ret;
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
