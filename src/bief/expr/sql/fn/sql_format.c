/*
 * sql_format: format_string, as Java's Formatter, and format_number, as its
 * DecimalFormat.
 *
 * printf() does not do: Java rounds half up by the decimal digits that it
 * shows, C by the binary value; and a width counts characters.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/number.h"
#include "expr/sql/sql_chars.h"
#include "expr/sql/sql_impl.h"

/* One %...: flags, width, precision. */
struct spec {
	bool left, plus, blank, zero, comma, bracket, hash;
	int width, precision; /* -1: none */
	char conversion;
	bool upper;
};

static int
format_refuse(struct datum_ctx *c, const char *why)
{
	return err_set(c->err, "'format_string': %s", why);
}

/* Behind the %; sets *arg where %2$s names it.  NULL: bad. */
static const char *
spec_read(const char *p, const char *end, struct spec *f, int *arg)
{
	const char *digits = p;
	int n = 0;

	*f = (struct spec){.precision = -1};
	while (p < end && isdigit((unsigned char)*p) && n < 10000)
		n = n * 10 + (*p++ - '0');
	if (p > digits && p < end && *p == '$') {
		*arg = n;
		p++;
	} else {
		p = digits;
	}
	for (; p < end && strchr("-+ 0,(#", *p) != NULL && *p != '\0'; p++) {
		f->left |= *p == '-';
		f->plus |= *p == '+';
		f->blank |= *p == ' ';
		f->zero |= *p == '0';
		f->comma |= *p == ',';
		f->bracket |= *p == '(';
		f->hash |= *p == '#';
	}
	for (; p < end && isdigit((unsigned char)*p) && f->width < 100000; p++)
		f->width = f->width * 10 + (*p - '0');
	if (p < end && *p == '.') {
		f->precision = 0;
		for (p++; p < end && isdigit((unsigned char)*p) &&
			f->precision < 100000;
			p++)
			f->precision = f->precision * 10 + (*p - '0');
	}
	if (p == end)
		return NULL;
	f->upper = isupper((unsigned char)*p) != 0;
	f->conversion = (char)tolower((unsigned char)*p);
	return p + 1;
}

/* In its width; where < 0 the zeros of the flag go behind the sign. */
static void
format_put(struct buf *b, const struct spec *f, const char *s, size_t n,
	bool number)
{
	size_t chars = sql_chars_count(s, n), sign = 0;
	size_t pad = chars < (size_t)f->width ? (size_t)f->width - chars : 0;

	if (number && f->zero && !f->left) {
		sign = n > 0 && strchr("+-( ", *s) != NULL;
		buf_add(b, s, sign);
		for (; pad > 0; pad--)
			buf_byte(b, '0');
	}
	for (; pad > 0 && !f->left; pad--)
		buf_byte(b, ' ');
	for (size_t i = sign; i < n; i++)
		buf_byte(b,
			f->upper ? (char)toupper((unsigned char)s[i]) : s[i]);
	for (; pad > 0; pad--)
		buf_byte(b, ' ');
}

/* Put commas between the thousands of the digits that text begins with. */
static void
format_group(struct buf *b, const char *s, size_t n)
{
	size_t whole = 0;

	while (whole < n && isdigit((unsigned char)s[whole]))
		whole++;
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && i < whole && (whole - i) % 3 == 0)
			buf_byte(b, ',');
		buf_byte(b, s[i]);
	}
}

/* A number's digits, with the sign that the flags want. */
static void
format_signed(struct buf *b, const struct spec *f, bool negative,
	const char *digits, size_t n)
{
	struct buf t;

	buf_init(&t);
	if (negative)
		buf_byte(&t, f->bracket ? '(' : '-');
	else if (f->plus || f->blank)
		buf_byte(&t, f->plus ? '+' : ' ');
	if (f->comma)
		format_group(&t, digits, n);
	else
		buf_add(&t, digits, n);
	if (negative && f->bracket)
		buf_byte(&t, ')');
	format_put(b, f, t.p, t.n, true);
	buf_release(&t);
}

static int
format_integer(struct datum_ctx *c, struct buf *b, const struct spec *f,
	const struct datum *d)
{
	char text[64];
	uint64_t v;
	size_t n;

	if (!ty_integral(datum_ty(d)) && (d->kind != TYPE_DECIMAL || d->s != 0))
		return format_refuse(c, "%d, %x and %o take integers");
	if (d->kind == TYPE_DECIMAL) {
		numeric v10 = datum_decimal(d);

		n = numeric_print(v10 < 0 ? -v10 : v10, 0, text);
		format_signed(b, f, v10 < 0, text, n);
		return 0;
	}
	if (f->conversion == 'd') {
		n = (size_t)snprintf(text, sizeof(text), "%lu",
			(unsigned long)(d->i < 0 ? -(uint64_t)d->i
						 : (uint64_t)d->i));
		format_signed(b, f, d->i < 0, text, n);
		return 0;
	}
	v = d->kind == TYPE_LONG ? (uint64_t)d->i : (uint32_t)d->i;
	n = (size_t)snprintf(text, sizeof(text),
		f->conversion == 'x' ? f->hash ? "0x%lx" : "%lx"
			: f->hash    ? "0%lo"
				     : "%lo",
		(unsigned long)v);
	format_put(b, f, text, n, true);
	return 0;
}

/* The shortest decimal digits that mean |x|, as a whole number: how many of
 * them are behind the point (and at least one is in front of it). */
static int
digits_plain(double x, struct buf *out)
{
	char text[NUMBER_MAX];
	size_t n = number_print_double(fabs(x), text), i;
	int behind = 0, exponent = 0;
	bool point = false;

	for (i = 0; i < n && text[i] != 'e' && text[i] != 'E'; i++) {
		if (text[i] == '.') {
			point = true;
			continue;
		}
		behind += point;
		buf_byte(out, text[i]);
	}
	if (i < n) {
		text[n] = '\0';
		exponent = (int)strtol(text + i + 1, NULL, 10);
	}
	for (behind -= exponent; behind < 0; behind++)
		buf_byte(out, '0');
	for (n = out->n; n <= (size_t)behind; n++) {
		buf_byte(out, '0');
		memmove(out->p + 1, out->p, out->n - 1);
		out->p[0] = '0';
	}
	return behind;
}

/* Drop the last digits, half up. */
static void
digits_round(struct buf *b, int drop)
{
	size_t n = b->n - (size_t)drop, i = n;
	bool up = b->p[n] >= '5';

	b->n = n;
	while (up && i > 0) {
		up = b->p[--i] == '9';
		b->p[i] = up ? '0' : (char)(b->p[i] + 1);
	}
	if (up) {
		buf_byte(b, '0');
		memmove(b->p + 1, b->p, b->n - 1);
		b->p[0] = '1';
	}
}

/* Digits of which some are behind the point, and as many more as are wanted. */
static void
format_digits(
	const struct buf *digits, int behind, int precision, struct buf *t)
{
	size_t whole = digits->n - (size_t)behind, first = 0;

	while (first + 1 < whole && digits->p[first] == '0')
		first++;
	buf_add(t, digits->p + first, whole - first);
	if (precision > 0)
		buf_byte(t, '.');
	buf_add(t, digits->p + whole, (size_t)behind);
	for (; behind < precision; behind++)
		buf_byte(t, '0');
}

/* Rounded half up by the digits that are shown, as Java does. */
static void
digits_fixed(const struct datum *d, int precision, struct buf *t)
{
	struct buf digits;
	numeric v;
	int s = d->s;

	if (d->kind != TYPE_DECIMAL) {
		buf_init(&digits);
		s = digits_plain(d->d, &digits);
		if (precision < s) {
			digits_round(&digits, s - precision);
			s = precision;
		}
		format_digits(&digits, s, precision, t);
		buf_release(&digits);
		return;
	}
	v = datum_decimal(d);
	if (precision < s &&
		!numeric_rescale(v, s, precision, NUMERIC_DIGITS, &v))
		return;
	s = precision < s ? precision : s;
	t->n += numeric_print(v < 0 ? -v : v, s, buf_need(t, NUMERIC_MAX));
	if (precision > s && s == 0)
		buf_byte(t, '.');
	for (; s < precision; s++)
		buf_byte(t, '0');
}

static int
format_real(struct datum_ctx *c, struct buf *b, struct spec *f,
	const struct datum *d)
{
	int precision = f->precision < 0 ? 6 : f->precision;
	struct buf t;
	double x;
	bool negative;

	if (!ty_fraction(datum_ty(d)) && d->kind != TYPE_DECIMAL)
		return format_refuse(
			c, "%f, %e and %g take doubles and decimals");
	x = d->kind == TYPE_DECIMAL ? numeric_double(datum_decimal(d), d->s)
				    : d->d;
	negative = d->kind == TYPE_DECIMAL ? datum_decimal(d) < 0 : signbit(x);
	buf_init(&t);
	if (!isfinite(x)) {
		f->zero = f->comma = false;
		if (isnan(x)) {
			f->plus = f->blank = negative = false;
			buf_str(&t, "NaN");
		} else {
			buf_str(&t, "Infinity");
		}
	} else if (f->conversion == 'f') {
		digits_fixed(d, precision, &t);
	} else {
		char format[] = {'%', '#', '.', '*', f->conversion, '\0'};

		memmove(format + 1, format + 1 + (f->conversion == 'e'),
			strlen(format + 1 + (f->conversion == 'e')) + 1);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		buf_printf(&t, format,
			precision == 0 && f->conversion == 'g' ? 1 : precision,
			fabs(x));
#pragma GCC diagnostic pop
	}
	format_signed(b, f, negative, t.p, t.n);
	buf_release(&t);
	return 0;
}

/* Text, of which the precision says how much. */
static void
format_text(struct buf *b, const struct spec *f, const char *s, size_t n)
{
	size_t k = 0;
	int left = f->precision;

	for (; k < n && left >= 0; k++)
		if (((unsigned char)s[k] & 0xC0) != 0x80 && left-- == 0)
			break;
	format_put(b, f, s, f->precision < 0 ? n : k, false);
}

/* The character of a code. */
static int
format_char(struct datum_ctx *c, struct buf *b, const struct spec *f,
	const struct datum *d)
{
	struct buf t;

	if (!ty_integral(datum_ty(d)) || d->i < 0 || d->i > 0x10FFFF)
		return format_refuse(c, "%c takes the code of a character");
	buf_init(&t);
	buf_utf8(&t, (uint32_t)d->i);
	format_put(b, f, t.p, t.n, false);
	buf_release(&t);
	return 0;
}

/* What Java's hashCode() says, in hexadecimal. */
static int
format_hash(struct datum_ctx *c, struct buf *b, const struct spec *f,
	const struct datum *d)
{
	char text[16];
	uint64_t bits;
	uint32_t h;
	float single = (float)d->d;

	switch ((int)d->kind) {
	case TYPE_BOOLEAN:
		h = d->i ? 1231 : 1237;
		break;
	case TYPE_LONG:
		h = (uint32_t)(d->i ^ (int64_t)((uint64_t)d->i >> 32));
		break;
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INT:
		h = (uint32_t)d->i;
		break;
	case TYPE_FLOAT:
		memcpy(&h, &single, sizeof(h));
		break;
	case TYPE_DOUBLE:
		memcpy(&bits, &d->d, sizeof(bits));
		h = (uint32_t)(bits ^ bits >> 32);
		break;
	default:
		return format_refuse(c, "%h takes a number or a boolean");
	}
	format_text(b, f, text, (size_t)snprintf(text, sizeof(text), "%x", h));
	return 0;
}

static int
format_datum(struct datum_ctx *c, struct buf *b, struct spec *f,
	const struct datum *d)
{
	struct buf t;

	if (d->kind == TYPE_NULL && f->conversion != 'b') {
		format_text(b, f, "null", 4);
		return 0;
	}
	switch (f->conversion) {
	case 'd':
	case 'x':
	case 'o':
		return format_integer(c, b, f, d);
	case 'f':
	case 'e':
	case 'g':
		return format_real(c, b, f, d);
	case 'b':
		if (d->kind == TYPE_NULL ||
			(d->kind == TYPE_BOOLEAN && d->i == 0))
			format_text(b, f, "false", 5);
		else
			format_text(b, f, "true", 4);
		return 0;
	case 'c':
		return format_char(c, b, f, d);
	case 'h':
		return format_hash(c, b, f, d);
	case 's':
		break;
	default:
		return format_refuse(c,
			"%s, %d, %f, %e, %g, %x, %o, %b, %c, %h, "
			"%n and %% are known");
	}
	buf_init(&t);
	datum_print(c, d, &t);
	format_text(b, f, t.p, t.n);
	buf_release(&t);
	return 0;
}

static int
run_format(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const char *p, *end, *at;
	struct spec f;
	struct buf b;
	int arg, next = 1, r = 0;

	*out = datum_null();
	if (a[0].kind == TYPE_NULL)
		return 0;
	if (datum_cast(c, &a[0], ty(TYPE_STRING)) < 0)
		return -1;
	p = a[0].str;
	end = p + a[0].n;
	/* Dates and timestamps are the numbers that they are kept as. */
	for (int i = 1; i < n->narg; i++)
		if (a[i].kind == TYPE_DATE)
			a[i].kind = TYPE_INT;
		else if (a[i].kind == TYPE_TIMESTAMP)
			a[i].kind = TYPE_LONG;
	buf_init(&b);
	while (p < end && r == 0) {
		at = memchr(p, '%', (size_t)(end - p));
		if (at == NULL)
			at = end;
		buf_add(&b, p, (size_t)(at - p));
		p = at;
		if (p == end)
			break;
		arg = 0;
		p = spec_read(p + 1, end, &f, &arg);
		if (p == NULL) {
			r = format_refuse(c, "nothing behind a %");
		} else if (f.conversion == '%' || f.conversion == 'n') {
			format_put(&b, &f, f.conversion == 'n' ? "\n" : "%", 1,
				false);
		} else {
			arg = arg > 0 ? arg : next++;
			r = arg >= n->narg
				? format_refuse(c, "more %s than arguments")
				: format_datum(c, &b, &f, &a[arg]);
		}
		if (b.n > SQL_TEXT_MAX)
			r = sql_limit(c, n, 2, SQL_TEXT_MAX);
	}
	if (r == 0)
		*out = datum_from_buf(c, &b);
	buf_release(&b);
	return r;
}

/* format_number */

/* '#,###.##': what is behind the point: digits that must and that may be. */
static bool
pattern_read(
	const struct datum *p, int *must, int *may, int *whole, bool *comma)
{
	bool point = false;

	*must = *may = *whole = 0;
	*comma = false;
	for (uint32_t i = 0; i < p->n; i++) {
		char ch = p->str[i];

		if (ch == '.' && !point)
			point = true;
		else if (ch == ',' && !point)
			*comma = true;
		else if (ch == '0' && point)
			++*must, ++*may;
		else if (ch == '0')
			++*whole;
		else if (ch == '#')
			*may += point;
		else
			return false;
	}
	return *may < 30 && *whole < 30;
}

/* Where digits are cut off, half to even by the exact value; what is shown is
 * never more than the shortest digits. */
static void
even_real(double x, int digits, struct buf *b)
{
	struct buf all;
	int behind;

	buf_init(&all);
	behind = digits_plain(x, &all);
	if (behind <= digits)
		format_digits(&all, behind, digits, b);
	else
		buf_printf(b, "%.*f", digits, fabs(x));
	buf_release(&all);
}

/* |d| with so many digits behind the point */
static void
even_text(const struct datum *d, int digits, struct buf *b)
{
	numeric v, unit, rest;

	if (d->kind != TYPE_DECIMAL) {
		even_real(d->d, digits, b);
		return;
	}
	v = datum_decimal(d);
	v = v < 0 ? -v : v;
	if (digits < d->s) {
		unit = numeric_power10(d->s - digits);
		rest = v % unit;
		v /= unit;
		v += rest > unit - rest || (rest == unit - rest && v % 2 != 0);
	}
	b->n += numeric_print(
		v, digits < d->s ? digits : d->s, buf_need(b, NUMERIC_MAX));
	if (digits > d->s && d->s == 0)
		buf_byte(b, '.');
	for (int i = d->s; i < digits; i++)
		buf_byte(b, '0');
}

static int
format_number_rule(struct sql_rule *r)
{
	struct ty *a = &r->arg[0];

	r->result = ty(TYPE_STRING);
	if (a->kind == TYPE_UNKNOWN || r->arg[1].kind == TYPE_UNKNOWN) {
		r->open = true;
		return 0;
	}
	if (ty_integral(*a))
		*a = sql_types_decimal(*a);
	else if (a->kind == TYPE_STRING || a->kind == TYPE_FLOAT ||
		a->kind == TYPE_NULL)
		*a = ty(TYPE_DOUBLE);
	if (a->kind != TYPE_DECIMAL && a->kind != TYPE_DOUBLE)
		return sql_types_mismatch(r, "takes a number");
	if (r->arg[1].kind != TYPE_STRING)
		r->arg[1] = ty(TYPE_INT);
	return 0;
}

static int
run_format_number(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	int must = (int)a[1].i, may = must, whole = 1;
	bool comma = true, negative;
	struct buf digits;
	size_t point;

	*out = datum_null();
	if (a[1].kind == TYPE_STRING) {
		if (!pattern_read(&a[1], &must, &may, &whole, &comma))
			return err_set(c->err,
				"'format_number' knows "
				"patterns of '#', '0', ',' and '.'");
	} else if (must < 0 || must > 300) {
		return 0;
	}
	if (a->kind == TYPE_DOUBLE && !isfinite(a->d)) {
		*out = isnan(a->d) ? datum_string("NaN", 3)
			: a->d < 0 ? datum_string("-\xE2\x88\x9E", 4)
				   : datum_string("\xE2\x88\x9E", 3);
		return 0;
	}
	negative = a->kind == TYPE_DOUBLE ? signbit(a->d)
					  : datum_decimal(a) < 0;
	buf_init(&digits);
	even_text(a, may, &digits);
	if (may > 0)
		for (; may > must && digits.p[digits.n - 1] == '0'; may--)
			digits.n--;
	if (digits.n > 0 && digits.p[digits.n - 1] == '.')
		digits.n--;
	point = strcspn(buf_cstr(&digits), ".");
	buf_clear(&c->text);
	if (negative)
		buf_byte(&c->text, '-');
	for (; (size_t)whole > point; whole--)
		buf_byte(&c->text, '0');
	if (whole == 0 && point == 1 && digits.p[0] == '0' && digits.n > 1)
		buf_add(&c->text, digits.p + 1, digits.n - 1);
	else if (comma)
		format_group(&c->text, digits.p, digits.n);
	else
		buf_add(&c->text, digits.p, digits.n);
	buf_release(&digits);
	*out = datum_from_buf(c, &c->text);
	return 0;
}

const struct sql_fn sql_format_fns[] = {
	{"format_string", "a?a+:s", run_format, SQL_NULLS},
	{"printf", "a?a+:s", run_format, SQL_NULLS},
	{"format_number", "aa:s", run_format_number, 0, format_number_rule},
	{NULL}};
