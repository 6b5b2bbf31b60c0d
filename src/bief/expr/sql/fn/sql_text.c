/*
 * sql_text: functions of strings: parts, search, change, putting together.
 * They count characters, or bytes where they are given binary.
 */
#include <assert.h>
#include <string.h>

#include "floor/err.h"
#include "expr/sql/sql_chars.h"
#include "expr/sql/sql_impl.h"

static void
set_part(struct datum *out, const char *s, const char *end)
{
	*out = datum_string(s, (size_t)(end - s));
}

static int
run_case(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	buf_clear(&c->text);
	sql_chars_case(c, n->fn->tag, a->str, a->n, &c->text);
	*out = datum_from_buf(c, &c->text);
	return 0;
}

/* Blanks. */

static bool
is_among(const char *s, size_t n, const struct datum *chars)
{
	const char *p = chars->str, *end = p + chars->n;
	size_t k;

	for (; p < end; p += k) {
		k = sql_chars_step(p, end);
		if (k == n && memcmp(p, s, n) == 0)
			return true;
	}
	return false;
}

enum { TRIM_LEFT = 1, TRIM_RIGHT = 2, TRIM_BOTH = 3, TRIM_SWAPPED = 4 };

/* trim(s), trim(chars, s); btrim(s, chars) */
static int
run_trim(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	int tag = n->fn->tag;
	bool swapped = (tag & TRIM_SWAPPED) != 0;
	struct datum blank = datum_string(" ", 1);
	const struct datum *of = n->narg == 2 && !swapped ? &a[1] : &a[0];
	const struct datum *chars = n->narg == 1 ? &blank
		: swapped                        ? &a[1]
						 : &a[0];
	const char *s = of->str, *end = s + of->n, *last;

	while ((tag & TRIM_LEFT) != 0 && s < end &&
		is_among(s, sql_chars_step(s, end), chars))
		s += sql_chars_step(s, end);
	while ((tag & TRIM_RIGHT) != 0 && s < end) {
		last = end - 1;
		while (last > s && ((unsigned char)*last & 0xC0) == 0x80)
			last--;
		if (!is_among(last, (size_t)(end - last), chars))
			break;
		end = last;
	}
	set_part(out, s, end);
	return 0;
}

/* Lengths and parts. */

enum { CHARS, BYTES, BITS };

static int
length_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0];

	r->result = ty(TYPE_INT);
	if (ty_nested(*a))
		return sql_types_mismatch(r, "takes a string");
	if (a->kind != TYPE_BINARY)
		*a = ty(TYPE_STRING);
	return 0;
}

static int
run_length(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	int64_t k = a->n;

	if (n->fn->tag == CHARS && a->kind == TYPE_STRING)
		k = (int64_t)sql_chars_count(a->str, a->n);
	*out = datum_int(TYPE_INT, n->fn->tag == BITS ? 8 * k : k);
	return 0;
}

/* Characters of a string, bytes of binary. */
static int64_t
unit_count(const struct datum *d)
{
	return d->kind == TYPE_BINARY ? d->n
				      : (int64_t)sql_chars_count(d->str, d->n);
}

static const char *
unit_at(const struct datum *d, const char *s, int64_t i)
{
	const char *end = d->str + d->n;

	if (d->kind == TYPE_BINARY)
		return i < end - s ? s + i : end;
	return sql_chars_at(s, end, i);
}

/* From position pos (1 is the first, negative from the end), len units. */
static void
substring(const struct datum *d, int64_t pos, int64_t len, struct datum *out)
{
	int64_t from = pos > 0 ? pos - 1 : 0, to;
	const char *s = d->str;

	if (pos < 0)
		from = unit_count(d) + pos;
	if (__builtin_add_overflow(from, len, &to))
		to = INT64_MAX;
	if (to <= from || to <= 0) {
		*out = datum_string("", 0);
	} else {
		from = from < 0 ? 0 : from;
		s = unit_at(d, s, from);
		set_part(out, s, unit_at(d, s, to - from));
	}
	out->kind = d->kind;
}

static int
run_substring(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	substring(a, a[1].i, n->narg > 2 ? a[2].i : INT32_MAX, out);
	return 0;
}

static int
run_left(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	if (a[1].i <= 0)
		substring(a, 1, 0, out);
	else if (n->fn->tag == 0)
		substring(a, 1, a[1].i, out);
	else
		substring(a, -a[1].i, INT32_MAX, out);
	return 0;
}

static int
run_overlay(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	int64_t len = n->narg > 3 ? a[3].i : -1;
	struct datum d;

	assert(n->narg >= 3);
	if (len < 0)
		len = unit_count(&a[1]);
	buf_clear(&c->text);
	substring(a, 1, a[2].i - 1, &d);
	buf_add(&c->text, d.str, d.n);
	buf_add(&c->text, a[1].str, a[1].n);
	substring(a, a[2].i + len, INT32_MAX, &d);
	buf_add(&c->text, d.str, d.n);
	*out = datum_from_buf(c, &c->text);
	out->kind = a->kind;
	return 0;
}

/* Search. */

/* Place of the first occurrence as a character number, 0 if there is none. */
static int64_t
place_of(const struct datum *d, const struct datum *what, int64_t from)
{
	const char *s = d->str, *end = s + d->n, *p;

	if (from < 1)
		return 0;
	p = sql_chars_at(s, end, from - 1);
	if (what->n == 0)
		return 1; /* wherever the search begins, as in Java */
	p = memmem(p, (size_t)(end - p), what->str, what->n);
	return p == NULL ? 0 : (int64_t)sql_chars_count(s, (size_t)(p - s)) + 1;
}

static int
run_locate(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	bool instr = n->fn->tag == 1;

	if (a[0].kind == TYPE_NULL || a[1].kind == TYPE_NULL ||
		(n->narg > 2 && a[2].kind == TYPE_NULL)) {
		/* A place that is null is none, as in Hive. */
		*out = n->narg > 2 && a[2].kind == TYPE_NULL
			? datum_int(TYPE_INT, 0)
			: datum_null();
		return 0;
	}
	*out = datum_int(TYPE_INT,
		place_of(instr ? &a[0] : &a[1], instr ? &a[1] : &a[0],
			n->narg > 2 ? a[2].i : 1));
	return 0;
}

enum { STARTS, ENDS, CONTAINS };

static int
run_contains(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const struct datum *w = &a[1];
	bool yes = false;

	if (n->fn->tag == CONTAINS)
		yes = sql_chars_within(a->str, a->n, w->str, w->n);
	else if (a->n >= w->n)
		yes = memcmp(a->str + (n->fn->tag == ENDS ? a->n - w->n : 0),
			      w->str, w->n) == 0;
	*out = datum_bool(yes);
	return 0;
}

/* Everything before the count-th delimiter, from the end when negative. */
static int
run_substring_index(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const char *s = a->str, *end = s + a->n, *p, *found;
	const struct datum *w = &a[1];
	int64_t count = a[2].i, at;

	*out = datum_string("", 0);
	if (count == 0 || w->n == 0)
		return 0;
	if (count > 0) {
		for (p = s; count > 0; count--, p = found + w->n) {
			found = memmem(p, (size_t)(end - p), w->str, w->n);
			if (found == NULL) {
				set_part(out, s, end);
				return 0;
			}
			if (count == 1)
				set_part(out, s, found);
		}
		return 0;
	}
	for (at = a->n; count < 0; count++) {
		for (at -= w->n; at >= 0 && memcmp(s + at, w->str, w->n) != 0;)
			at--;
		if (at < 0) {
			set_part(out, s, end);
			return 0;
		}
	}
	set_part(out, s + at + w->n, end);
	return 0;
}

static int
run_split_part(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const char *s = a->str, *end = s + a->n, *p, *q;
	const struct datum *w = &a[1];
	int64_t want = a[2].i, parts = 1;

	if (want == 0)
		return err_set(c->err, "'split_part' counts parts from 1");
	*out = datum_string("", 0);
	if (w->n > 0)
		for (p = s; (p = memmem(p, (size_t)(end - p), w->str, w->n));
			p += w->n)
			parts++;
	if (want < 0)
		want += parts + 1;
	if (want < 1 || want > parts)
		return 0;
	for (p = s;; p = q + w->n) {
		q = w->n > 0 ? memmem(p, (size_t)(end - p), w->str, w->n)
			     : NULL;
		if (--want == 0) {
			set_part(out, p, q != NULL ? q : end);
			return 0;
		}
	}
}

static int
run_find_in_set(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const char *p = a[1].str, *end = p + a[1].n, *q;

	*out = datum_int(TYPE_INT, 0);
	if (memchr(a->str, ',', a->n) != NULL)
		return 0;
	for (int64_t i = 1;; i++, p = q + 1) {
		q = memchr(p, ',', (size_t)(end - p));
		if (q == NULL)
			q = end;
		if ((size_t)(q - p) == a->n && memcmp(p, a->str, a->n) == 0) {
			*out = datum_int(TYPE_INT, i);
			return 0;
		}
		if (q == end)
			return 0;
	}
}

/* Change. */

static int
run_text_replace(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const char *s = a->str, *end = s + a->n, *p;
	const struct datum *w = &a[1];

	*out = a[0];
	if (w->n == 0 || memmem(s, a->n, w->str, w->n) == NULL)
		return 0;
	buf_clear(&c->text);
	while ((p = memmem(s, (size_t)(end - s), w->str, w->n)) != NULL &&
		!datum_too_long(c, c->text.n)) {
		buf_add(&c->text, s, (size_t)(p - s));
		if (n->narg > 2)
			buf_add(&c->text, a[2].str, a[2].n);
		s = p + w->n;
	}
	buf_add(&c->text, s, (size_t)(end - s));
	*out = datum_from_buf(c, &c->text);
	return 0;
}

static int
run_translate(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const char *s = a->str, *end = s + a->n;
	const char *from = a[1].str, *fend = from + a[1].n;
	const char *to = a[2].str, *tend = to + a[2].n, *p, *q;
	size_t k;

	buf_clear(&c->text);
	for (; s < end; s += k) {
		k = sql_chars_step(s, end);
		for (p = from, q = to; p < fend; p += sql_chars_step(p, fend)) {
			if (sql_chars_step(p, fend) == k &&
				memcmp(p, s, k) == 0)
				break;
			if (q < tend)
				q += sql_chars_step(q, tend);
		}
		if (p == fend)
			buf_add(&c->text, s, k);
		else if (q < tend)
			buf_add(&c->text, q, sql_chars_step(q, tend));
	}
	*out = datum_from_buf(c, &c->text);
	return 0;
}

static int
reverse_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0];

	r->open = a->kind == TYPE_UNKNOWN;
	if (!r->open && a->kind != TYPE_ARRAY)
		*a = ty(TYPE_STRING);
	r->result = *a;
	return 0;
}

static int
run_reverse(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct datum *items;
	char *p;
	size_t k;

	if (a->kind == TYPE_ARRAY) {
		if (datum_open(c, a) < 0)
			return -1;
		items = arena_get(&c->arena, a->n * sizeof(*items));
		for (uint32_t i = 0; i < a->n; i++)
			items[i] = a->items[a->n - 1 - i];
		*out = datum_items(TYPE_ARRAY, items, a->n, a->t);
		return 0;
	}
	p = (char *)arena_get(&c->arena, a->n + 1) + a->n;
	*out = datum_string(p - a->n, a->n);
	for (const char *s = a->str, *end = s + a->n; s < end; s += k) {
		k = sql_chars_step(s, end);
		p -= k;
		memcpy(p, s, k);
	}
	return 0;
}

static int
run_text_repeat(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct datum blank = datum_string(" ", 1);
	const struct datum *s = n->narg == 1 ? &blank : a;
	int64_t times = a[n->narg - 1].i > 0 ? a[n->narg - 1].i : 0;
	char *p;

	if (sql_limit(c, n, times, s->n) < 0)
		return -1;
	if (s->n == 0)
		times = 0;
	p = arena_get(&c->arena, (size_t)times * s->n + 1);
	*out = datum_string(p, (size_t)times * s->n);
	for (; times > 0; times--, p += s->n)
		memcpy(p, s->str, s->n);
	return 0;
}

static int
run_pad(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	assert(n->narg >= 2);
	/* What pads by itself: a blank, or a byte of zeros. */
	struct datum blank = datum_string(a->kind == TYPE_BINARY ? "" : " ", 1);
	const struct datum *pad = n->narg > 2 ? &a[2] : &blank;
	int64_t have = unit_count(a), want = a[1].i > 0 ? a[1].i : 0;
	const char *p, *q, *end = pad->str + pad->n;

	blank.kind = a->kind;
	if (have >= want || pad->n == 0) {
		set_part(out, a->str, unit_at(a, a->str, want));
		out->kind = a->kind;
		return 0;
	}
	if (sql_limit(c, n, want, 4) < 0)
		return -1;
	buf_clear(&c->text);
	if (n->fn->tag == 1)
		buf_add(&c->text, a->str, a->n);
	for (p = pad->str; have < want; have++, p = q) {
		if (p == end)
			p = pad->str;
		q = unit_at(pad, p, 1);
		buf_add(&c->text, p, (size_t)(q - p));
	}
	if (n->fn->tag == 0)
		buf_add(&c->text, a->str, a->n);
	*out = datum_from_buf(c, &c->text);
	out->kind = a->kind;
	return 0;
}

/* Putting together. */

static int
concat_rule(struct sql_rule *r)
{
	bool array = false, some = false, all = true;

	for (int i = 0; i < r->n; i++) {
		r->open |= r->arg[i].kind == TYPE_UNKNOWN;
		array |= r->arg[i].kind == TYPE_ARRAY;
		some |= r->arg[i].kind == TYPE_BINARY;
		all &= r->arg[i].kind == TYPE_BINARY ||
			r->arg[i].kind == TYPE_NULL;
	}
	if (array) {
		struct ty common;

		if (sql_types_common(r, 0, 1, true, &common) < 0)
			return -1;
		r->result = r->open ? ty(TYPE_UNKNOWN) : common;
		return 0;
	}
	r->result = ty(r->open        ? TYPE_UNKNOWN
			: some && all ? TYPE_BINARY
				      : TYPE_STRING);
	for (int i = 0; i < r->n; i++)
		if (ty_nested(r->arg[i]))
			return sql_types_mismatch(r, "takes strings or arrays");
		else if (!r->open)
			r->arg[i] = r->result;
	return 0;
}

static int
run_concat(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct datum *items;
	size_t all = 0, at = 0;

	if (n->narg > 0 && a[0].kind == TYPE_ARRAY) {
		for (int i = 0; i < n->narg; i++) {
			if (datum_open(c, &a[i]) < 0)
				return -1;
			all += a[i].n;
		}
		if (sql_limit(c, n, (int64_t)all, sizeof(*items)) < 0)
			return -1;
		items = arena_get(&c->arena, all * sizeof(*items));
		for (int i = 0; i < n->narg; at += a[i++].n)
			if (a[i].n > 0)
				memcpy(items + at, a[i].items,
					a[i].n * sizeof(*items));
		*out = datum_items(TYPE_ARRAY, items, all, a[0].t);
		return 0;
	}
	for (int i = 0; i < n->narg; i++)
		all += a[i].n;
	if (sql_limit(c, n, (int64_t)all, 1) < 0)
		return -1;
	buf_clear(&c->text);
	for (int i = 0; i < n->narg; i++)
		buf_add(&c->text, a[i].str, a[i].n);
	*out = datum_from_buf(c, &c->text);
	if (n->narg > 0)
		out->kind = a[0].kind;
	return 0;
}

/* Nulls are left out; arrays give their elements. */
static int
run_concat_ws(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct buf b;
	bool first = true;

	*out = datum_null();
	if (a[0].kind == TYPE_NULL)
		return 0;
	buf_init(&b);
	if (datum_cast(c, &a[0], ty(TYPE_STRING)) < 0)
		return -1;
	for (int i = 1; i < n->narg; i++) {
		struct datum *d = &a[i];
		size_t count = 1;

		if (a[i].kind == TYPE_ARRAY) {
			if (datum_open(c, &a[i]) < 0) {
				buf_release(&b);
				return -1;
			}
			d = a[i].items;
			count = a[i].n;
		}
		for (; count > 0 && !datum_too_long(c, b.n); count--, d++) {
			if (d->kind == TYPE_NULL)
				continue;
			if (!first)
				buf_add(&b, a[0].str, a[0].n);
			first = false;
			datum_print(c, d, &b);
		}
	}
	*out = datum_from_buf(c, &b);
	buf_release(&b);
	return 0;
}

static int
run_elt(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_null();
	if (a[0].kind != TYPE_NULL && a[0].i >= 1 && a[0].i < n->narg)
		*out = a[a[0].i];
	return 0;
}

#define CASE(name, tag)                                         \
	{                                                       \
		name, "s:s", run_case, 0, NULL, NULL, NULL, tag \
	}
#define TRIM(name, tag)                                           \
	{                                                         \
		name, "s?s:s", run_trim, 0, NULL, NULL, NULL, tag \
	}
#define LENGTH(name, tag)                                                \
	{                                                                \
		name, "a:i", run_length, 0, length_rule, NULL, NULL, tag \
	}
#define CONTAIN(name, tag)                                           \
	{                                                            \
		name, "ss:b", run_contains, 0, NULL, NULL, NULL, tag \
	}

const struct sql_fn sql_text_fns[] = {CASE("upper", SQL_UPPER),
	CASE("ucase", SQL_UPPER), CASE("lower", SQL_LOWER),
	CASE("lcase", SQL_LOWER), CASE("initcap", SQL_INITCAP),
	TRIM("trim", TRIM_BOTH), TRIM("ltrim", TRIM_LEFT),
	TRIM("rtrim", TRIM_RIGHT), TRIM("btrim", TRIM_BOTH | TRIM_SWAPPED),
	LENGTH("length", CHARS), LENGTH("len", CHARS),
	LENGTH("char_length", CHARS), LENGTH("character_length", CHARS),
	LENGTH("octet_length", BYTES), LENGTH("bit_length", BITS),
	{"substring", "si?i:s", run_substring, 0, sql_sig_bytes},
	{"substr", "si?i:s", run_substring, 0, sql_sig_bytes},
	{"left", "si:s", run_left, 0, sql_sig_bytes},
	{"right", "si:s", run_left, 0, NULL, NULL, NULL, 1},
	{"overlay", "ssi?i:s", run_overlay, 0, sql_sig_bytes},
	{"instr", "ss:i", run_locate, SQL_NULLS, NULL, NULL, NULL, 1},
	{"locate", "ss?i:i", run_locate, SQL_NULLS},
	{"charindex", "ss?i:i", run_locate, SQL_NULLS},
	CONTAIN("startswith", STARTS), CONTAIN("endswith", ENDS),
	CONTAIN("contains", CONTAINS),
	{"substring_index", "ssi:s", run_substring_index},
	{"split_part", "ssi:s", run_split_part},
	{"find_in_set", "ss:i", run_find_in_set},
	{"replace", "ss?s:s", run_text_replace},
	{"translate", "sss:s", run_translate},
	{"reverse", "a:0", run_reverse, 0, reverse_rule},
	{"repeat", "si:s", run_text_repeat}, {"space", "i:s", run_text_repeat},
	{"lpad", "si?s:s", run_pad, 0, sql_sig_bytes},
	{"rpad", "si?s:s", run_pad, 0, sql_sig_bytes, NULL, NULL, 1},
	{"||", "aa:a", run_concat, SQL_OPERATOR, concat_rule},
	{"concat", "?a+:a", run_concat, 0, concat_rule},
	{"concat_ws", "a?a+:s", run_concat_ws, SQL_NULLS},
	{"elt", "is+:s", run_elt, SQL_NULLS, sql_sig_bytes}, {NULL}};
