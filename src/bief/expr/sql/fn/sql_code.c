/*
 * sql_code: strings as codes, sounds, digits and bytes: base 64, encodings,
 * URLs.
 */
#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/err.h"
#include "text/base64.h"
#include "expr/sql/sql_chars.h"
#include "expr/sql/sql_impl.h"

/* Characters and codes. */

static int
run_ascii(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_int(TYPE_INT,
		a->n == 0 ? 0
			  : sql_chars_code(a->str,
				    sql_chars_step(a->str, a->str + a->n)));
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
		k = sql_chars_step(s, end);
		p[(*n)++] = sql_chars_code(s, k);
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
		return err_set(c->err,
			"the texts are too long for "
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
	if (n->narg > 2 && out->i > (a[2].kind == TYPE_NULL ? 0 : a[2].i))
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
	base64_encode(a->str, a->n, &c->text);
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
		v = base64_digit(s[i]);
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
		if (base64_digit(s[i++]) >= 0)
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

/* Two digits behind a %; false: there are none. */
static bool
url_byte(const struct datum *d, uint32_t i, struct buf *out)
{
	char digits[3] = "", *end;

	if (i + 2 >= d->n)
		return false;
	memcpy(digits, d->str + i + 1, 2);
	buf_byte(out, (char)strtol(digits, &end, 16));
	return *end == '\0';
}

enum { URL_FAILS, URL_TRIES };

static int
run_url_decode(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	*out = datum_null();
	buf_clear(&c->text);
	for (uint32_t i = 0; i < a->n; i++) {
		if (a->str[i] == '+') {
			buf_byte(&c->text, ' ');
		} else if (a->str[i] != '%') {
			buf_byte(&c->text, a->str[i]);
		} else if (url_byte(a, i, &c->text)) {
			i += 2;
		} else if (n->fn->tag == URL_TRIES) {
			return 0;
		} else {
			return err_set(c->err,
				"'%s' meets a %% without two digits "
				"(try_url_decode gives null)",
				n->fn->name);
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

	assert(n->fn->tag == ENCODE || n->fn->tag == DECODE);
	*out = a[0];
	out->kind = n->fn->tag == ENCODE ? TYPE_BINARY : TYPE_STRING;
	if (word_is(&a[1], "utf-8"))
		return 0;
	if (!latin && !word_is(&a[1], "us-ascii"))
		return err_set(c->err,
			"'%s' knows UTF-8, US-ASCII and "
			"ISO-8859-1",
			n->fn->name);
	buf_clear(&c->text);
	for (; s < end; s += k) {
		uint32_t ch = (unsigned char)*s;

		k = 1;
		if (n->fn->tag == ENCODE) {
			k = sql_chars_step(s, end);
			ch = sql_chars_code(s, k);
			buf_byte(&c->text,
				ch < (latin ? 256u : 128u) ? (char)ch : '?');
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

const struct sql_fn sql_code_fns[] = {{"ascii", "s:i", run_ascii},
	{"char", "l:s", run_chr}, {"chr", "l:s", run_chr},
	{"soundex", "s:s", run_soundex},
	{"levenshtein", "ss?i:i", run_levenshtein, SQL_NULLS},
	{"luhn_check", "s:b", run_luhn}, {"base64", "x:s", run_base64},
	{"unbase64", "s:x", run_unbase64},
	{"url_encode", "s:s", run_url_encode},
	{"url_decode", "s:s", run_url_decode, 0, NULL, NULL, NULL, URL_FAILS},
	{"try_url_decode", "s:s", run_url_decode, 0, NULL, NULL, NULL,
		URL_TRIES},
	{"encode", "ss:x", run_encode},
	{"decode", "xs:s", run_encode, 0, NULL, NULL, NULL, DECODE},
	{"quote", "s:s", run_quote}, {NULL}};
