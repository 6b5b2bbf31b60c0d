/*
 * sql_text: functions of strings.  They count characters, not bytes.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wctype.h>

#include "json.h"
#include "sql_impl.h"

/* Characters. */

static size_t
step(const char *s, const char *end)
{
	unsigned char b = (unsigned char)*s;
	size_t n = b < 0xC0 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;

	return n < (size_t)(end - s) ? n : (size_t)(end - s);
}

size_t
sql_text_chars(const char *s, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += ((unsigned char)s[i] & 0xC0) != 0x80;
	return count;
}

/* Where the character number i begins; the end when there are fewer. */
static const char *
char_at(const char *s, const char *end, int64_t i)
{
	while (i-- > 0 && s < end)
		s += step(s, end);
	return s;
}

static uint32_t
code_point(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;

	switch (n) {
	case 2:
		return (uint32_t)(p[0] & 31) << 6 | (p[1] & 63);
	case 3:
		return (uint32_t)(p[0] & 15) << 12 |
			(uint32_t)(p[1] & 63) << 6 | (p[2] & 63);
	case 4:
		return (uint32_t)(p[0] & 7) << 18 |
			(uint32_t)(p[1] & 63) << 12 |
			(uint32_t)(p[2] & 63) << 6 | (p[3] & 63);
	}
	return p[0];
}

static void
set(struct datum *out, const char *s, const char *end)
{
	*out = datum_string(s, (size_t)(end - s));
}

/* Letters. */

static bool
ascii(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] >= 0x80)
			return false;
	return true;
}

enum { UPPER, LOWER, INITCAP };

static void
change_char(struct datum_ctx *c, int how, uint32_t ch, struct buf *b)
{
	if (ch == 0xDF && how != LOWER) { /* sharp s */
		buf_str(b, how == UPPER ? "SS" : "Ss");
		return;
	}
	if (ch == 0x130 && how == LOWER) { /* I with a dot */
		buf_str(b, "i\xCC\x87");
		return;
	}
	buf_utf8(b, how == LOWER ? (uint32_t)towlower_l((wint_t)ch, c->locale)
				 : (uint32_t)towupper_l((wint_t)ch,
					   c->locale));
}

/* Append s in another case of letters. */
static void
change_case(struct datum_ctx *c, int how, const char *s, size_t n,
	struct buf *b)
{
	const char *end = s + n;
	bool first = true;
	size_t k;

	if (!ascii(s, n) && c->locale == (locale_t)0)
		c->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	for (; s < end; s += k) {
		int to = how == INITCAP ? first ? UPPER : LOWER : how;

		k = step(s, end);
		if ((unsigned char)*s < 0x80 || c->locale == (locale_t)0) {
			if (k > 1)
				buf_add(b, s, k);
			else
				buf_byte(b, (char)(to == UPPER
						? toupper((unsigned char)*s)
						: tolower((unsigned char)*s)));
		} else {
			change_char(c, how == INITCAP && first ? INITCAP : to,
				code_point(s, k), b);
		}
		first = *s == ' ';
	}
}

static int
run_case(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	buf_clear(&c->text);
	change_case(c, n->fn->tag, a->str, a->n, &c->text);
	*out = datum_from_buf(c, &c->text);
	return 0;
}

/* Blanks. */

static bool
among(const char *s, size_t n, const struct datum *chars)
{
	const char *p = chars->str, *end = p + chars->n;
	size_t k;

	for (; p < end; p += k) {
		k = step(p, end);
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
		: swapped			 ? &a[1]
						 : &a[0];
	const char *s = of->str, *end = s + of->n, *last;

	while ((tag & TRIM_LEFT) != 0 && s < end &&
		among(s, step(s, end), chars))
		s += step(s, end);
	while ((tag & TRIM_RIGHT) != 0 && s < end) {
		last = end - 1;
		while (last > s && ((unsigned char)*last & 0xC0) == 0x80)
			last--;
		if (!among(last, (size_t)(end - last), chars))
			break;
		end = last;
	}
	set(out, s, end);
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
		k = (int64_t)sql_text_chars(a->str, a->n);
	*out = datum_int(TYPE_INT, n->fn->tag == BITS ? 8 * k : k);
	return 0;
}

/* Characters of a string, bytes of binary. */
static int64_t
units(const struct datum *d)
{
	return d->kind == TYPE_BINARY ? d->n
				      : (int64_t)sql_text_chars(d->str, d->n);
}

static const char *
unit_at(const struct datum *d, const char *s, int64_t i)
{
	const char *end = d->str + d->n;

	if (d->kind == TYPE_BINARY)
		return i < end - s ? s + i : end;
	return char_at(s, end, i);
}

/* From position pos (1 is the first, negative from the end), len units. */
static void
substring(const struct datum *d, int64_t pos, int64_t len, struct datum *out)
{
	int64_t from = pos > 0 ? pos - 1 : 0, to;
	const char *s = d->str;

	if (pos < 0)
		from = units(d) + pos;
	if (__builtin_add_overflow(from, len, &to))
		to = INT64_MAX;
	if (to <= from || to <= 0) {
		*out = datum_string("", 0);
	} else {
		from = from < 0 ? 0 : from;
		s = unit_at(d, s, from);
		set(out, s, unit_at(d, s, to - from));
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

	if (len < 0)
		len = units(&a[1]);
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
place(const struct datum *d, const struct datum *what, int64_t from)
{
	const char *s = d->str, *end = s + d->n, *p;

	if (from < 1)
		return 0;
	p = char_at(s, end, from - 1);
	if (what->n == 0)
		return 1; /* wherever the search begins, as in Java */
	p = memmem(p, (size_t)(end - p), what->str, what->n);
	return p == NULL ? 0
		: (int64_t)sql_text_chars(s, (size_t)(p - s)) + 1;
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
			? datum_int(TYPE_INT, 0) : datum_null();
		return 0;
	}
	*out = datum_int(TYPE_INT,
		place(instr ? &a[0] : &a[1], instr ? &a[1] : &a[0],
			n->narg > 2 ? a[2].i : 1));
	return 0;
}

/* memmem, which prepares itself for long texts; most are short. */
static bool
within(const char *s, size_t n, const char *what, size_t nwhat)
{
	const char *last;

	if (nwhat == 0)
		return true;
	if (n > 64 || nwhat < 2)
		return memmem(s, n, what, nwhat) != NULL;
	if (n < nwhat)
		return false;
	for (last = s + n - nwhat; s <= last; s++)
		if (s[0] == what[0] && s[1] == what[1] &&
			memcmp(s + 2, what + 2, nwhat - 2) == 0)
			return true;
	return false;
}

enum { STARTS, ENDS, CONTAINS };

static int
run_contains(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const struct datum *w = &a[1];
	bool yes = false;

	if (n->fn->tag == CONTAINS)
		yes = within(a->str, a->n, w->str, w->n);
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
				set(out, s, end);
				return 0;
			}
			if (count == 1)
				set(out, s, found);
		}
		return 0;
	}
	for (at = a->n; count < 0; count++) {
		for (at -= w->n; at >= 0 && memcmp(s + at, w->str, w->n) != 0;)
			at--;
		if (at < 0) {
			set(out, s, end);
			return 0;
		}
	}
	set(out, s + at + w->n, end);
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
			set(out, p, q != NULL ? q : end);
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
run_replace(struct datum_ctx *c, struct sql_node *n, struct datum *a,
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
		k = step(s, end);
		for (p = from, q = to; p < fend; p += step(p, fend)) {
			if (step(p, fend) == k && memcmp(p, s, k) == 0)
				break;
			if (q < tend)
				q += step(q, tend);
		}
		if (p == fend)
			buf_add(&c->text, s, k);
		else if (q < tend)
			buf_add(&c->text, q, step(q, tend));
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
		if (datum_open(c, a) != 0)
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
		k = step(s, end);
		p -= k;
		memcpy(p, s, k);
	}
	return 0;
}

static int
run_repeat(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct datum blank = datum_string(" ", 1);
	const struct datum *s = n->narg == 1 ? &blank : a;
	int64_t times = a[n->narg - 1].i > 0 ? a[n->narg - 1].i : 0;
	char *p;

	if (sql_limit(c, n, times, s->n) != 0)
		return -1;
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
	/* What pads by itself: a blank, or a byte of zeros. */
	struct datum blank = datum_string(a->kind == TYPE_BINARY ? "" : " ", 1);
	const struct datum *pad = n->narg > 2 ? &a[2] : &blank;
	int64_t have = units(a), want = a[1].i > 0 ? a[1].i : 0;
	const char *p, *q, *end = pad->str + pad->n;

	blank.kind = a->kind;
	if (have >= want || pad->n == 0) {
		set(out, a->str, unit_at(a, a->str, want));
		out->kind = a->kind;
		return 0;
	}
	if (sql_limit(c, n, want, 4) != 0)
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

		if (sql_types_common(r, 0, 1, true, &common) != 0)
			return -1;
		r->result = r->open ? ty(TYPE_UNKNOWN) : common;
		return 0;
	}
	r->result = ty(r->open ? TYPE_UNKNOWN
			: some && all ? TYPE_BINARY : TYPE_STRING);
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
			if (datum_open(c, &a[i]) != 0)
				return -1;
			all += a[i].n;
		}
		if (sql_limit(c, n, (int64_t)all, sizeof(*items)) != 0)
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
	if (sql_limit(c, n, (int64_t)all, 1) != 0)
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
	if (datum_cast(c, &a[0], ty(TYPE_STRING)) != 0)
		return -1;
	for (int i = 1; i < n->narg; i++) {
		struct datum *d = &a[i];
		size_t count = 1;

		if (a[i].kind == TYPE_ARRAY) {
			if (datum_open(c, &a[i]) != 0) {
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

/* Characters and codes. */

static int
run_ascii(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_int(TYPE_INT, a->n == 0 ? 0
			: code_point(a->str, step(a->str, a->str + a->n)));
	return 0;
}

static int
run_chr(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	buf_clear(&c->text);
	if (a->i >= 0)
		buf_utf8(&c->text, (uint32_t)(a->i & 255));
	*out = datum_from_buf(c, &c->text);
	return 0;
}

static int
run_soundex(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	/* 7: not heard, and parts nothing */
	static const char codes[] = "01230127022455012623017202";
	char *sx, last, code, ch;
	int k = 1;

	*out = a[0];
	if (a->n == 0 || !isalpha((unsigned char)*a->str))
		return 0;
	sx = memset(arena_get(&c->arena, 4), '0', 4);
	sx[0] = (char)toupper((unsigned char)*a->str);
	last = codes[sx[0] - 'A'];
	for (uint32_t i = 1; i < a->n && k < 4; i++) {
		ch = (char)toupper((unsigned char)a->str[i]);
		if (ch < 'A' || ch > 'Z') {
			last = '0';
			continue;
		}
		code = codes[ch - 'A'];
		if (code == '7')
			continue;
		if (code != '0' && code != last)
			sx[k++] = code;
		last = code;
	}
	*out = datum_string(sx, 4);
	return 0;
}

static uint32_t *
code_points(struct datum_ctx *c, const struct datum *d, size_t *n)
{
	const char *s = d->str, *end = s + d->n;
	uint32_t *p = arena_get(&c->arena, (d->n + 1) * sizeof(*p));
	size_t k;

	for (*n = 0; s < end; s += k) {
		k = step(s, end);
		p[(*n)++] = code_point(s, k);
	}
	return p;
}

static int
run_levenshtein(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	size_t na, nb, i, j;
	uint32_t *x, *y, *row, before, up, best;

	/* A limit that is null in the data is 0, as in Spark. */
	*out = datum_null();
	if (a[0].kind == TYPE_NULL || a[1].kind == TYPE_NULL ||
		(n->narg > 2 && a[2].kind == TYPE_NULL && n->arg[2]->constant))
		return 0;
	x = code_points(c, &a[0], &na);
	y = code_points(c, &a[1], &nb);
	if (na > 0 && nb > (INT64_C(1) << 31) / na)
		return err_set(c->err, "the texts are too long for "
				       "'levenshtein'");
	row = arena_get(&c->arena, (nb + 1) * sizeof(*row));
	for (j = 0; j <= nb; j++)
		row[j] = (uint32_t)j;
	for (i = 1; i <= na; i++) {
		before = row[0];
		row[0] = (uint32_t)i;
		for (j = 1; j <= nb; j++) {
			up = row[j];
			best = before + (x[i - 1] != y[j - 1]);
			if (up + 1 < best)
				best = up + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			before = up;
		}
	}
	*out = datum_int(TYPE_INT, row[nb]);
	if (n->narg > 2 &&
		out->i > (a[2].kind == TYPE_NULL ? 0 : a[2].i))
		out->i = -1;
	return 0;
}

static int
run_luhn(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	int sum = 0, d;

	*out = datum_bool(false);
	for (uint32_t i = 0; i < a->n; i++) {
		if (!isdigit((unsigned char)a->str[a->n - 1 - i]))
			return 0;
		d = (a->str[a->n - 1 - i] - '0') << (i & 1);
		sum += d > 9 ? d - 9 : d;
	}
	*out = datum_bool(a->n > 0 && sum % 10 == 0);
	return 0;
}

/* Encodings. */

static int
run_base64(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	buf_clear(&c->text);
	datum_base64(a->str, a->n, &c->text);
	*out = datum_from_buf(c, &c->text);
	return 0;
}

/* Base 64 as MIME has it: other characters than its own do not count. */
static bool
mime_decode(const char *s, size_t n, struct buf *out)
{
	unsigned bits = 0;
	int have = 0, v;
	size_t i;

	for (i = 0; i < n && s[i] != '='; i++) {
		v = datum_base64_digit(s[i]);
		if (v < 0)
			continue;
		bits = bits << 6 | (unsigned)v;
		if (++have < 4)
			continue;
		buf_byte(out, (char)(bits >> 16));
		buf_byte(out, (char)(bits >> 8));
		buf_byte(out, (char)bits);
		have = 0;
	}
	if (have == 1 || (i < n && have == 0))
		return false;
	if (i < n && have == 2 && (++i == n || s[i] != '='))
		return false;
	if (have > 1)
		buf_byte(out, (char)(bits >> (have == 2 ? 4 : 10)));
	if (have > 2)
		buf_byte(out, (char)(bits >> 2));
	while (i < n)
		if (datum_base64_digit(s[i++]) >= 0)
			return false;
	return true;
}

static int
run_unbase64(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	buf_clear(&c->text);
	if (!mime_decode(a->str, a->n, &c->text))
		return err_set(c->err, "'unbase64' takes base 64");
	*out = datum_from_buf(c, &c->text);
	out->kind = TYPE_BINARY;
	return 0;
}

static int
run_url_encode(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	buf_clear(&c->text);
	for (uint32_t i = 0; i < a->n; i++) {
		unsigned char b = (unsigned char)a->str[i];

		if (b < 0x80 && (isalnum(b) || strchr(".-*_", b) != NULL) &&
			b != '\0')
			buf_byte(&c->text, (char)b);
		else if (b == ' ')
			buf_byte(&c->text, '+');
		else
			buf_printf(&c->text, "%%%02X", b);
	}
	*out = datum_from_buf(c, &c->text);
	return 0;
}

static int
run_url_decode(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	char digits[3] = "", *end;

	buf_clear(&c->text);
	for (uint32_t i = 0; i < a->n; i++) {
		if (a->str[i] == '+') {
			buf_byte(&c->text, ' ');
		} else if (a->str[i] != '%') {
			buf_byte(&c->text, a->str[i]);
		} else {
			if (i + 2 >= a->n)
				return err_set(c->err, "'%s' meets a %% "
					"without two digits", n->fn->name);
			memcpy(digits, a->str + i + 1, 2);
			buf_byte(&c->text, (char)strtol(digits, &end, 16));
			if (*end != '\0')
				return err_set(c->err, "'%s' meets a %% "
					"without two digits", n->fn->name);
			i += 2;
		}
	}
	*out = datum_from_buf(c, &c->text);
	return 0;
}

static bool
word_is(const struct datum *d, const char *w)
{
	return d->n == strlen(w) && strncasecmp(d->str, w, d->n) == 0;
}

enum { ENCODE, DECODE };

static int
run_encode(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const char *s = a->str, *end = s + a->n;
	bool latin = word_is(&a[1], "iso-8859-1");
	size_t k;

	*out = a[0];
	out->kind = n->fn->tag == ENCODE ? TYPE_BINARY : TYPE_STRING;
	if (word_is(&a[1], "utf-8"))
		return 0;
	if (!latin && !word_is(&a[1], "us-ascii"))
		return err_set(c->err, "'%s' knows UTF-8, US-ASCII and "
			"ISO-8859-1", n->fn->name);
	buf_clear(&c->text);
	for (; s < end; s += k) {
		uint32_t ch = (unsigned char)*s;

		k = 1;
		if (n->fn->tag == ENCODE) {
			k = step(s, end);
			ch = code_point(s, k);
			buf_byte(&c->text, ch < (latin ? 256u : 128u)
					? (char)ch : '?');
		} else {
			buf_utf8(&c->text, latin || ch < 128 ? ch : 0xFFFD);
		}
	}
	k = out->kind;
	*out = datum_from_buf(c, &c->text);
	out->kind = (uint8_t)k;
	return 0;
}

static int
run_quote(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	buf_clear(&c->text);
	buf_byte(&c->text, '\'');
	for (uint32_t i = 0; i < a->n; i++) {
		if (a->str[i] == '\'')
			buf_byte(&c->text, '\\');
		buf_byte(&c->text, a->str[i]);
	}
	buf_byte(&c->text, '\'');
	*out = datum_from_buf(c, &c->text);
	return 0;
}

/* LIKE. */

enum like_kind { LIKE_EXACT, LIKE_WITHIN, LIKE_BOTH, LIKE_GENERAL };

/* A pattern, in the form of which most are. */
struct like {
	char *pattern; /* as it was given, for comparison */
	size_t npattern;
	enum like_kind kind;
	char *text; /* without escapes */
	size_t n, prefix; /* LIKE_BOTH: bytes in front of the % */
	char *wild; /* for each byte of text: 0, '%' or '_' */
};

static void
like_free(void *p)
{
	struct like *l = p;

	if (l == NULL)
		return;
	free(l->pattern);
	free(l->text);
	free(l->wild);
	free(l);
}

static void
like_sort(struct like *l)
{
	size_t many = 0, first = l->n, last = 0;

	l->kind = LIKE_GENERAL;
	for (size_t i = 0; i < l->n; i++) {
		if (l->wild[i] == '_')
			return;
		if (l->wild[i] == '%') {
			if (many++ == 0)
				first = i;
			last = i;
		}
	}
	if (many == 0) {
		l->kind = LIKE_EXACT;
	} else if (many == 1) {
		l->kind = LIKE_BOTH;
		l->prefix = first;
		memmove(l->text + first, l->text + first + 1,
			l->n - first - 1);
		l->n--;
	} else if (many == 2 && first == 0 && last == l->n - 1) {
		l->kind = LIKE_WITHIN;
		memmove(l->text, l->text + 1, l->n - 2);
		l->n -= 2;
	}
}

static struct like *
like_new(const char *s, size_t n, char esc, struct err *err)
{
	struct like *l = mem_zalloc(sizeof(*l));

	l->pattern = mem_dup(s, n);
	l->npattern = n;
	l->text = mem_alloc(n + 1);
	l->wild = mem_zalloc(n + 1);
	for (size_t i = 0; i < n; i++) {
		if (s[i] == esc) {
			if (++i == n || (s[i] != '%' && s[i] != '_' &&
						s[i] != esc)) {
				err_as(err, STATUS_USAGE, "in a pattern '%c' "
					"stands in front of %%, _ or itself",
					esc);
				like_free(l);
				return NULL;
			}
		} else if (s[i] == '%' || s[i] == '_') {
			l->wild[l->n] = s[i];
		}
		l->text[l->n++] = s[i];
	}
	like_sort(l);
	return l;
}

/* With % anywhere: go back to the last one when it does not fit. */
static bool
like_general(const struct like *l, const char *s, size_t n)
{
	const char *end = s + n, *retry = NULL;
	size_t p = 0, back = 0;

	while (s < end) {
		if (p < l->n && l->wild[p] == '%') {
			back = ++p;
			retry = s;
		} else if (p < l->n && l->wild[p] == '_') {
			p++;
			s += step(s, end);
		} else if (p < l->n && l->text[p] == *s) {
			p++;
			s++;
		} else if (retry != NULL) {
			retry += step(retry, end);
			s = retry;
			p = back;
		} else {
			return false;
		}
	}
	while (p < l->n && l->wild[p] == '%')
		p++;
	return p == l->n;
}

static bool
like_match(const struct like *l, const char *s, size_t n)
{
	switch (l->kind) {
	case LIKE_EXACT:
		return n == l->n && memcmp(s, l->text, n) == 0;
	case LIKE_WITHIN:
		return within(s, n, l->text, l->n);
	case LIKE_BOTH:
		return n >= l->n && memcmp(s, l->text, l->prefix) == 0 &&
			memcmp(s + n - (l->n - l->prefix),
				l->text + l->prefix,
				l->n - l->prefix) == 0;
	case LIKE_GENERAL:
		break;
	}
	return like_general(l, s, n);
}

/* The pattern as it was compiled for the record before, if it is the same. */
static const struct like *
like_get(struct sql_node *n, const char *s, size_t len, char esc,
	struct err *err)
{
	struct like *l = n->data;

	if (l == NULL || l->npattern != len ||
		memcmp(l->pattern, s, len) != 0) {
		like_free(l);
		n->free = like_free;
		n->data = l = like_new(s, len, esc, err);
	}
	return l;
}

static int
prepare_like(struct sql *x, struct sql_node *n, struct err *err)
{
	const struct datum *p = &n->arg[1]->lit;
	char esc = '\\';

	if (n->narg > 2) {
		const struct datum *e = &n->arg[2]->lit;

		if (n->arg[2]->op != SQL_LITERAL || e->kind != TYPE_STRING ||
			e->n != 1)
			return err_as(err, STATUS_USAGE,
				"one character in quotes takes the place of "
				"the backslash");
		esc = *e->str;
	}
	if (n->arg[1]->op != SQL_LITERAL || p->kind != TYPE_STRING)
		return 0;
	return like_get(n, p->str, p->n, esc, err) != NULL ? 0 : -1;
}

static int
run_like(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	char esc = n->narg > 2 ? *a[2].str : '\\';
	const struct like *l;
	const char *s = a[0].str, *p = a[1].str;
	size_t ns = a[0].n, np = a[1].n;

	if (n->fn->tag == 1) {
		/* ilike: both in small letters */
		buf_clear(&c->text);
		change_case(c, LOWER, s, ns, &c->text);
		s = buf_cstr(&c->text);
		ns = c->text.n;
		buf_clear(&c->more);
		change_case(c, LOWER, p, np, &c->more);
		p = buf_cstr(&c->more);
		np = c->more.n;
	}
	l = like_get(n, p, np, esc, c->err);
	if (l == NULL)
		return -1;
	*out = datum_bool(like_match(l, s, ns));
	return 0;
}

/* The usual case: a field and a pattern that is known. */
static int
eval_like(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	struct datum d;

	if (n->arg[1]->op != SQL_LITERAL || n->data == NULL || n->narg > 2 ||
		n->fn->tag == 1)
		return sql_eval_call(c, n, out);
	if (n->arg[0]->eval(c, n->arg[0], &d) != 0)
		return -1;
	*out = d.kind == TYPE_STRING ? datum_bool(like_match(n->data, d.str,
					       d.n))
				     : datum_null();
	return 0;
}

#define CASE(name, tag) {name, "s:s", run_case, 0, NULL, NULL, NULL, tag}
#define TRIM(name, tag) {name, "s?s:s", run_trim, 0, NULL, NULL, NULL, tag}
#define LENGTH(name, tag) \
	{name, "a:i", run_length, 0, length_rule, NULL, NULL, tag}
#define CONTAIN(name, tag) \
	{name, "ss:b", run_contains, 0, NULL, NULL, NULL, tag}

const struct sql_fn sql_text_fns[] = {
	CASE("upper", UPPER),
	CASE("ucase", UPPER),
	CASE("lower", LOWER),
	CASE("lcase", LOWER),
	CASE("initcap", INITCAP),
	TRIM("trim", TRIM_BOTH),
	TRIM("ltrim", TRIM_LEFT),
	TRIM("rtrim", TRIM_RIGHT),
	TRIM("btrim", TRIM_BOTH | TRIM_SWAPPED),
	LENGTH("length", CHARS),
	LENGTH("len", CHARS),
	LENGTH("char_length", CHARS),
	LENGTH("character_length", CHARS),
	LENGTH("octet_length", BYTES),
	LENGTH("bit_length", BITS),
	{"substring", "si?i:s", run_substring, 0, sql_sig_bytes},
	{"substr", "si?i:s", run_substring, 0, sql_sig_bytes},
	{"left", "si:s", run_left, 0, sql_sig_bytes},
	{"right", "si:s", run_left, 0, NULL, NULL, NULL, 1},
	{"overlay", "ssi?i:s", run_overlay, 0, sql_sig_bytes},
	{"instr", "ss:i", run_locate, SQL_NULLS, NULL, NULL, NULL, 1},
	{"locate", "ss?i:i", run_locate, SQL_NULLS},
	{"charindex", "ss?i:i", run_locate, SQL_NULLS},
	CONTAIN("startswith", STARTS),
	CONTAIN("endswith", ENDS),
	CONTAIN("contains", CONTAINS),
	{"substring_index", "ssi:s", run_substring_index},
	{"split_part", "ssi:s", run_split_part},
	{"find_in_set", "ss:i", run_find_in_set},
	{"replace", "ss?s:s", run_replace},
	{"translate", "sss:s", run_translate},
	{"reverse", "a:0", run_reverse, 0, reverse_rule},
	{"repeat", "si:s", run_repeat},
	{"space", "i:s", run_repeat},
	{"lpad", "si?s:s", run_pad, 0, sql_sig_bytes},
	{"rpad", "si?s:s", run_pad, 0, sql_sig_bytes, NULL, NULL, 1},
	{"||", "aa:a", run_concat, SQL_OPERATOR, concat_rule},
	{"concat", "?a+:a", run_concat, 0, concat_rule},
	{"concat_ws", "a?a+:s", run_concat_ws, SQL_NULLS},
	{"elt", "is+:s", run_elt, SQL_NULLS, sql_sig_bytes},
	{"ascii", "s:i", run_ascii},
	{"char", "l:s", run_chr},
	{"chr", "l:s", run_chr},
	{"soundex", "s:s", run_soundex},
	{"levenshtein", "ss?i:i", run_levenshtein, SQL_NULLS},
	{"luhn_check", "s:b", run_luhn},
	{"base64", "x:s", run_base64},
	{"unbase64", "s:x", run_unbase64},
	{"url_encode", "s:s", run_url_encode},
	{"url_decode", "s:s", run_url_decode},
	{"encode", "ss:x", run_encode},
	{"decode", "xs:s", run_encode, 0, NULL, NULL, NULL, DECODE},
	{"quote", "s:s", run_quote},
	{"like", "ss?s:b", run_like, 0, NULL, eval_like,
		prepare_like},
	{"ilike", "ss?s:b", run_like, 0, NULL, NULL, prepare_like,
		1},
	{NULL}};
