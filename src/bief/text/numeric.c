/*
 * numeric: exact arithmetic on integers of 128 bits, products in 256.
 */
#include "text/numeric.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "text/number.h"

typedef unsigned __int128 u128;

/* 256 bits without a sign: hi * 2^128 + lo. */
struct wide {
	u128 hi, lo;
};

static u128
magnitude(numeric v)
{
	return v < 0 ? -(u128)v : (u128)v;
}

numeric
numeric_power10(int n)
{
	numeric p = 1;

	while (n-- > 0)
		p *= 10;
	return p;
}

int
numeric_digits(numeric v)
{
	u128 m = magnitude(v);
	int n = 1;

	while (m >= 10) {
		m /= 10;
		n++;
	}
	return n;
}

static bool
fits(u128 m, int precision)
{
	return m < (u128)numeric_power10(precision);
}

static numeric
sign(u128 m, bool negative)
{
	return negative ? -(numeric)m : (numeric)m;
}

static struct wide
wide_multiply(u128 a, u128 b)
{
	const u128 mask = UINT64_MAX;
	u128 al = a & mask, ah = a >> 64, bl = b & mask, bh = b >> 64;
	u128 ll = al * bl, lh = al * bh, hl = ah * bl, hh = ah * bh;
	u128 mid = (ll >> 64) + (lh & mask) + (hl & mask);
	struct wide r;

	r.lo = (ll & mask) | (mid << 64);
	r.hi = hh + (lh >> 64) + (hl >> 64) + (mid >> 64);
	return r;
}

/* a times 10^n, n >= 0; false on overflow. */
static bool
wide_scale(struct wide *a, int n)
{
	struct wide low, high;

	for (; n > 0; n -= 19) {
		u128 f = (u128)numeric_power10(n < 19 ? n : 19);

		low = wide_multiply(a->lo, f);
		high = wide_multiply(a->hi, f);
		if (high.hi != 0 || high.lo + low.hi < low.hi)
			return false;
		a->lo = low.lo;
		a->hi = high.lo + low.hi;
	}
	return true;
}

static int
wide_compare(const struct wide *a, const struct wide *b)
{
	if (a->hi != b->hi)
		return a->hi < b->hi ? -1 : 1;
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return 0;
}

/* a / d, d != 0; the remainder in *rest. */
static struct wide
wide_divide(struct wide a, u128 d, u128 *rest)
{
	struct wide q = {0, 0};
	u128 r = 0;
	bool carry;

	if (a.hi == 0) {
		q.lo = a.lo / d;
		*rest = a.lo % d;
		return q;
	}
	for (int i = 255; i >= 0; i--) {
		carry = r >> 127;
		r = r << 1 | ((i >= 128 ? a.hi >> (i - 128) : a.lo >> i) & 1);
		q.hi = q.hi << 1 | q.lo >> 127;
		q.lo <<= 1;
		if (carry || r >= d) {
			r -= d;
			q.lo |= 1;
		}
	}
	*rest = r;
	return q;
}

/* Quotient rounded half away from zero, checked. */
static bool
wide_round(struct wide a, u128 d, bool negative, int precision, numeric *out)
{
	u128 rest;
	struct wide q = wide_divide(a, d, &rest);

	if (rest >= d - rest && ++q.lo == 0)
		q.hi++;
	if (q.hi != 0 || !fits(q.lo, precision))
		return false;
	*out = sign(q.lo, negative);
	return true;
}

/* A product or the like of scale from, to the scale to. */
static bool
wide_rescale(struct wide a, bool negative, int from, int to, int precision,
	numeric *out)
{
	u128 d = 1;
	int cut = from - to;

	if (cut < 0 && !wide_scale(&a, -cut))
		return false;
	while (cut > NUMERIC_DIGITS) {
		/* Only zeros can be cut twice without rounding twice; what is
		 * lost here is far behind the last digit kept. */
		a = wide_divide(a, 10, &d);
		cut--;
	}
	d = cut > 0 ? (u128)numeric_power10(cut) : 1;
	return wide_round(a, d, negative, precision, out);
}

bool
numeric_rescale(numeric v, int from, int to, int precision, numeric *out)
{
	struct wide a = {0, magnitude(v)};

	return wide_rescale(a, v < 0, from, to, precision, out);
}

bool
numeric_add(numeric a, int sa, numeric b, int sb, int p, int s, numeric *out)
{
	struct wide x = {0, magnitude(a)}, y = {0, magnitude(b)}, z;
	int scale = sa > sb ? sa : sb;
	bool negative = a < 0;

	if (!wide_scale(&x, scale - sa) || !wide_scale(&y, scale - sb))
		return false;
	if ((a < 0) == (b < 0)) {
		z.lo = x.lo + y.lo;
		z.hi = x.hi + y.hi + (z.lo < x.lo);
	} else {
		if (wide_compare(&x, &y) < 0) {
			z = x;
			x = y;
			y = z;
			negative = !negative;
		}
		z.lo = x.lo - y.lo;
		z.hi = x.hi - y.hi - (x.lo < y.lo);
	}
	return wide_rescale(z, negative, scale, s, p, out);
}

bool
numeric_multiply(
	numeric a, int sa, numeric b, int sb, int p, int s, numeric *out)
{
	return wide_rescale(wide_multiply(magnitude(a), magnitude(b)),
		(a < 0) != (b < 0), sa + sb, s, p, out);
}

bool
numeric_divide(numeric a, int sa, numeric b, int sb, int p, int s, numeric *out)
{
	struct wide x = {0, magnitude(a)};
	u128 d = magnitude(b);
	int up = s - sa + sb;

	if (up < 0) {
		if (NUMERIC_DIGITS + up < 0 || !fits(d, NUMERIC_DIGITS + up)) {
			*out = 0;
			return true;
		}
		d *= (u128)numeric_power10(-up);
	} else if (!wide_scale(&x, up)) {
		return a == 0;
	}
	return wide_round(x, d, (a < 0) != (b < 0), p, out);
}

bool
numeric_remainder(
	numeric a, int sa, numeric b, int sb, int p, int s, numeric *out)
{
	struct wide x = {0, magnitude(a)}, y = {0, magnitude(b)};
	int scale = sa > sb ? sa : sb;
	u128 rest;

	if (!wide_scale(&x, scale - sa) || !wide_scale(&y, scale - sb))
		return false;
	if (y.hi != 0) {
		/* The divisor is beyond 38 digits: larger than what is left. */
		if (wide_compare(&x, &y) >= 0)
			return false;
		*out = a;
		scale = sa;
		return numeric_rescale(*out, scale, s, p, out);
	}
	wide_divide(x, y.lo, &rest);
	x = (struct wide){0, rest};
	return wide_rescale(x, a < 0, scale, s, p, out);
}

int
numeric_compare(numeric a, int sa, numeric b, int sb)
{
	struct wide x = {0, magnitude(a)}, y = {0, magnitude(b)};
	int c, scale = sa > sb ? sa : sb;

	if ((a < 0) != (b < 0))
		return a < 0 ? -1 : 1;
	wide_scale(&x, scale - sa);
	wide_scale(&y, scale - sb);
	c = wide_compare(&x, &y);
	return a < 0 ? -c : c;
}

/* Behind the digits of an exponent, or NULL. */
static const char *
exponent(const char *p, const char *end, int *out)
{
	bool negative = false, any = false;
	int e = 0;

	if (p < end && (*p == '+' || *p == '-'))
		negative = *p++ == '-';
	for (; p < end && *p >= '0' && *p <= '9'; p++, any = true)
		e = e < 10000 ? e * 10 + (*p - '0') : e;
	*out = negative ? -e : e;
	return any ? p : NULL;
}

/* The digits as they stand: v * 10^-scale. */
struct reading {
	u128 v;
	int digits; /* in v */
	int scale;
	bool any, cut;
	char next; /* the first digit cut off */
};

static void
take_digit(struct reading *r, char c, bool behind)
{
	r->any = true;
	if (r->digits >= NUMERIC_DIGITS) {
		if (!r->cut)
			r->next = c;
		r->cut = true;
		r->scale -= !behind;
		return;
	}
	r->v = r->v * 10 + (u128)(c - '0');
	r->digits += r->v != 0;
	r->scale += behind;
}

/* Bring v to a scale from 0 to 38. */
static bool
settle(struct reading *r, bool negative, numeric *v, int *precision, int *scale)
{
	numeric x = sign(r->v, negative);

	if (r->v == 0) {
		x = 0;
		r->scale = r->scale < 0 ? 0 : r->scale;
		r->scale = r->scale > NUMERIC_DIGITS ? NUMERIC_DIGITS
						     : r->scale;
	}
	if (r->cut && r->next >= '5')
		x += negative ? -1 : 1;
	if (r->scale < 0) {
		if (!numeric_rescale(x, r->scale, 0, NUMERIC_DIGITS, &x))
			return false;
		r->scale = 0;
	} else if (r->scale > NUMERIC_DIGITS) {
		if (!numeric_rescale(
			    x, r->scale, NUMERIC_DIGITS, NUMERIC_DIGITS, &x))
			return false;
		r->scale = NUMERIC_DIGITS;
	}
	*v = x;
	*scale = r->scale;
	*precision = numeric_digits(x);
	if (*precision < *scale)
		*precision = *scale;
	return *precision <= NUMERIC_DIGITS;
}

bool
numeric_parse(const char *s, size_t n, numeric *v, int *precision, int *scale)
{
	const char *p = s, *end = s + n;
	struct reading r = {0};
	bool negative = false;
	int e;

	if (p < end && (*p == '+' || *p == '-'))
		negative = *p++ == '-';
	for (; p < end && *p >= '0' && *p <= '9'; p++)
		take_digit(&r, *p, false);
	if (p < end && *p == '.')
		for (p++; p < end && *p >= '0' && *p <= '9'; p++)
			take_digit(&r, *p, true);
	if (!r.any)
		return false;
	if (p < end && (*p == 'e' || *p == 'E')) {
		p = exponent(p + 1, end, &e);
		if (p == NULL)
			return false;
		r.scale -= e;
	}
	return p == end && settle(&r, negative, v, precision, scale);
}

size_t
numeric_print(numeric v, int scale, char *out)
{
	char digits[NUMERIC_MAX];
	u128 m = magnitude(v);
	char *p = out;
	int n = 0;

	/* 128 bits are divided slowly, and few numbers need them. */
	for (; m > UINT64_MAX; m /= 10)
		digits[n++] = (char)('0' + (int)(m % 10));
	for (uint64_t low = (uint64_t)m; low != 0 || n <= scale; low /= 10)
		digits[n++] = (char)('0' + (int)(low % 10));
	if (v < 0)
		*p++ = '-';
	while (n > 0) {
		*p++ = digits[--n];
		if (n == scale && n > 0)
			*p++ = '.';
	}
	return (size_t)(p - out);
}

double
numeric_double(numeric v, int scale)
{
	char text[NUMERIC_MAX];

	return number_double(text, numeric_print(v, scale, text));
}

bool
numeric_from_double(double d, int precision, int scale, numeric *out)
{
	char text[NUMBER_MAX];
	numeric v;
	int p, s;

	if (!numeric_parse(text, number_print_double(d, text), &v, &p, &s))
		return false;
	return numeric_rescale(v, s, scale, precision, out);
}

/* ---- text of a known precision and scale ---- */

/* Where the digits of a decimal's text are. */
struct spelled {
	const char *first, *end; /* digits, perhaps a point among them */
	int64_t point; /* digits in front of the point, by the exponent too */
	bool neg;
};

static int
spelled_read(const char *s, size_t n, struct spelled *t)
{
	const char *end = s + n, *p = s;
	int64_t before = 0, after = 0;

	t->neg = false;
	if (p < end && (*p == '-' || *p == '+'))
		t->neg = *p++ == '-';
	t->first = p;
	for (; p < end && number_is_digit(*p); p++)
		before++;
	if (p < end && *p == '.')
		for (p++; p < end && number_is_digit(*p); p++)
			after++;
	t->end = p;
	t->point = before;
	if (before + after == 0)
		return -1;
	if (p == end)
		return 0;
	if ((*p | 0x20) != 'e')
		return -1;
	t->point += number_exponent(p + 1, end);
	p++;
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	if (p == end)
		return -1;
	while (p < end && number_is_digit(*p))
		p++;
	return p == end ? 0 : -1;
}

/* Add one to the last of count digits; returns the digits there are now. */
static int
round_up(char *digits, int count)
{
	int i = count;

	while (i > 0 && digits[i - 1] == '9')
		digits[--i] = '0';
	if (i > 0) {
		digits[i - 1]++;
		return count;
	}
	memmove(digits + 1, digits, (size_t)count);
	digits[0] = '1';
	return count + 1;
}

/*
 * The digits down to the place of 10^-scale, rounded: without leading zeros.
 * -1 if there are more than precision.
 */
static int
take_digits(const struct spelled *t, int precision, int scale, char *digits)
{
	int64_t place = t->point + scale; /* places that are kept */
	const char *p = t->first;
	int count = 0;

	for (; p < t->end && (*p == '0' || *p == '.'); p++)
		place -= *p == '0';
	if (p == t->end || place < 0)
		return 0;
	if (place > precision)
		return -1;
	for (; p < t->end && count < place; p++)
		if (*p != '.')
			digits[count++] = *p;
	while (count < place)
		digits[count++] = '0';
	if (p < t->end && *p == '.')
		p++;
	if (p < t->end && *p >= '5')
		count = round_up(digits, count);
	return count > precision ? -1 : count;
}

/* As most numbers stand: digits, perhaps a point, and no more places than are
 * kept. */
static bool
read_plain(const char *s, size_t n, int precision, int scale, numeric *out)
{
	bool minus = n > 0 && *s == '-';
	int behind = -1, count = 0;
	u128 d = 0;

	for (size_t i = minus; i < n; i++) {
		if (s[i] == '.' && behind < 0) {
			behind = 0;
			continue;
		}
		if (!number_is_digit(s[i]))
			return false;
		d = d * 10 + (unsigned)(s[i] - '0');
		if (d > 0 && ++count > precision)
			return false;
		if (behind >= 0 && ++behind > scale)
			return false;
	}
	if (behind < 0)
		behind = 0;
	if (n == minus ||
		(n == minus + 1u && behind == 0 && count == 0 &&
			s[minus] == '.') ||
		count + scale - behind > precision)
		return false;
	*out = sign(d * (u128)numeric_power10(scale - behind), minus);
	return true;
}

bool
numeric_read(const char *s, size_t n, int precision, int scale, numeric *out)
{
	char digits[NUMERIC_MAX];
	struct spelled t;
	u128 d = 0;
	int count;

	assert(precision <= NUMERIC_DIGITS);
	assert(scale >= 0);
	if (read_plain(s, n, precision, scale, out))
		return true;
	if (spelled_read(s, n, &t) < 0)
		return false;
	count = take_digits(&t, precision, scale, digits);
	if (count < 0)
		return false;
	for (int i = 0; i < count; i++)
		d = d * 10 + (unsigned)(digits[i] - '0');
	*out = sign(d, t.neg);
	return true;
}

size_t
numeric_spell(const char *s, size_t n, int precision, int scale, char *out)
{
	numeric v;

	if (precision > NUMERIC_DIGITS ||
		!numeric_read(s, n, precision, scale, &v))
		return 0;
	return numeric_print(v, scale, out);
}

bool
numeric_average(numeric sum, int64_t n, int more, numeric *out)
{
	u128 u = magnitude(sum), count = (u128)n, q = u / count,
	     rest = u % count;

	if (!fits(q, NUMERIC_DIGITS - more))
		return false;
	q *= (u128)numeric_power10(more);
	rest *= (u128)numeric_power10(more);
	q += rest / count;
	rest %= count;
	if (rest * 2 >= count)
		q++;
	*out = sign(q, sum < 0);
	return true;
}
