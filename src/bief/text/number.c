/*
 * number: text to numbers and back.
 *
 * Reading: a number of at most 19 digits is an integer times a power of ten;
 * small ones are computed directly (W. Clinger), the others by one or two
 * multiplications with a 128-bit power (M. Eisel, D. Lemire: "Number parsing at
 * a gigabyte per second"); the few that this leaves open go to strtod.
 *
 * Printing: R. Giulietti's Schubfach ("The Schubfach way to render doubles"),
 * which finds the shortest decimal within the rounding interval, and of those
 * the nearest, by three multiplications with the same powers.
 */
#include "text/number.h"

#include <endian.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "text/digits16.h"
#include "text/pow10.h"
#include "text/simd.h"

typedef unsigned __int128 u128;

const char number_pairs[201] = "00010203040506070809"
			       "10111213141516171819"
			       "20212223242526272829"
			       "30313233343536373839"
			       "40414243444546474849"
			       "50515253545556575859"
			       "60616263646566676869"
			       "70717273747576777879"
			       "80818283848586878889"
			       "90919293949596979899";

/* The value of eight digits. */
static inline uint32_t
digits8_value(uint64_t w)
{
	w = (w & UINT64_C(0x0f0f0f0f0f0f0f0f)) * 2561 >> 8;
	w = (w & UINT64_C(0x00ff00ff00ff00ff)) * 6553601 >> 16;
	return (uint32_t)((w & UINT64_C(0x0000ffff0000ffff)) *
			UINT64_C(42949672960001) >>
		32);
}

static inline uint64_t
load8(const char *p)
{
	uint64_t w;

	memcpy(&w, p, 8);
	return le64toh(w);
}

/* Run over digits, adding them to *m (modulo 2^64). */
static inline const char *
read_digits(const char *p, const char *end, uint64_t *m)
{
	uint64_t v = *m;

	while (end - p >= 8 && number_digits8(load8(p))) {
		v = v * 100000000 + digits8_value(load8(p));
		p += 8;
	}
	for (; p < end && number_is_digit(*p); p++)
		v = v * 10 + (uint64_t)(*p - '0');
	*m = v;
	return p;
}

/* The digits in the n highest bytes of a word, n from 1 to 8; what stands in
 * the others does not count. */
static inline bool
last_digits(uint64_t w, size_t n, uint64_t *m)
{
	static const uint32_t powers[] = {
		1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
	const uint64_t zeros = UINT64_C(0x3030303030303030);

	if (n < 8)
		w = (w & ~UINT64_C(0) << (64 - 8 * n)) | zeros >> 8 * n;
	*m = *m * powers[n] + digits8_value(w);
	return number_digits8(w);
}

/* All of the n bytes, 1 to 19, are digits. */
static inline bool
all_digits(const char *p, size_t n, uint64_t *m)
{
	const char *end = p + n;
	uint64_t w[2];

	*m = 0;
	if (n < 8) {
		simd_short(p, n, w);
		return last_digits(le64toh(w[0]) << (64 - 8 * n), n, m);
	}
	for (; n > 8; n -= 8, p += 8) {
		if (!number_digits8(load8(p)))
			return false;
		*m = *m * 100000000 + digits8_value(load8(p));
	}
	return last_digits(load8(end - 8), n, m);
}

int
number_int(const char *s, size_t n, int64_t *out)
{
	const char *end = s + n, *p = s;
	bool neg = n > 0 && *s == '-';
	uint64_t m;

	p += neg;
	if (p == end)
		return -1;
	while (end - p > 1 && *p == '0')
		p++;
	if (end - p > 19 || !all_digits(p, (size_t)(end - p), &m))
		return -1;
	if (m > (uint64_t)INT64_MAX + neg)
		return -1;
	*out = (int64_t)(neg ? 0 - m : m);
	return 0;
}

/* What the text of a number says: m * 10^exp. */
struct decimal {
	uint64_t m; /* the first 19 digits that count */
	int64_t exp;
	bool neg;
	bool cut; /* there were more digits, not all zero */
};

int64_t
number_exponent(const char *p, const char *end)
{
	const int64_t limit = INT64_C(1) << 40;
	bool neg = false;
	int64_t e = 0;

	if (p < end && (*p == '-' || *p == '+'))
		neg = *p++ == '-';
	for (; p < end && number_is_digit(*p); p++)
		if (e < limit)
			e = e * 10 + (*p - '0');
	return neg ? -e : e;
}

/* More than 19 digits: take the first 19 that count. */
static void
read_long(const char *p, const char *end, struct decimal *d)
{
	bool point = false;
	int digits = 0;

	d->m = 0;
	d->exp = 0;
	for (; p < end && (number_is_digit(*p) || *p == '.'); p++) {
		if (*p == '.') {
			point = true;
			continue;
		}
		if (digits < 19) {
			d->m = d->m * 10 + (uint64_t)(*p - '0');
			digits += d->m != 0;
			d->exp -= point;
		} else {
			d->cut |= *p != '0';
			d->exp += !point;
		}
	}
}

#ifdef SIMD_SSE2

/* n digits before the end, 18 at most, appended to m; there are sixteen bytes
 * before it, whatever they are. */
__attribute__((target("sse4.1"))) static bool
digits_before(const char *end, size_t n, uint64_t *m)
{
	static const char keep[32] = {[16] = -1,
		-1,
		-1,
		-1,
		-1,
		-1,
		-1,
		-1,
		-1,
		-1,
		-1,
		-1,
		-1,
		-1,
		-1,
		-1};
	static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000,
		1000000, 10000000, 100000000, 1000000000, 10000000000,
		100000000000, 1000000000000, 10000000000000, 100000000000000,
		1000000000000000, 10000000000000000};
	const __m128i nine = _mm_set1_epi8(9);
	__m128i x = _mm_sub_epi8(
		_mm_loadu_si128((const __m128i *)(const void *)(end - 16)),
		_mm_set1_epi8('0'));

	for (; n > 16; n--) {
		if (!number_is_digit(end[-(ptrdiff_t)n]))
			return false;
		*m = *m * 10 + (uint64_t)(end[-(ptrdiff_t)n] - '0');
	}
	x = _mm_and_si128(
		x, _mm_loadu_si128((const __m128i *)(const void *)(keep + n)));
	if (_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(x, nine), nine)) !=
		0xFFFF)
		return false;
	*m = *m * powers[n] + digits16(x);
	return true;
}

/* The same, where the processor can. */
static inline bool
read_sixteen(const char *end, size_t n, uint64_t *m, bool *done)
{
	*done = __builtin_cpu_supports("sse4.1");
	return *done && digits_before(end, n, m);
}

#else

static inline bool
read_sixteen(const char *end, size_t n, uint64_t *m, bool *done)
{
	(void)end, (void)n, (void)m;
	*done = false;
	return false;
}

#endif

/* A fraction of 8 to 18 digits behind a point at p[at], up to the end: how most
 * doubles are written.  The last digits are read from the end, so that how many
 * there are is no matter for a branch. */
static inline bool
read_fraction(const char *p, const char *end, size_t at, struct decimal *d)
{
	size_t n = (size_t)(end - p) - at - 1, left = n;
	bool done = false, digits;

	if (n < 8 || n + at > 19)
		return false;
	d->exp = -(int64_t)n;
	digits = n + at + 1 >= 16 && read_sixteen(end, n, &d->m, &done);
	if (done)
		return digits;
	for (p += at + 1; left > 8; left -= 8, p += 8) {
		uint64_t w = load8(p);

		if (!number_digits8(w))
			return false;
		d->m = d->m * 100000000 + digits8_value(w);
	}
	return last_digits(load8(end - 8), left, &d->m);
}

/* The same with one or two digits in front of the point. */
static inline bool
read_plain(const char *s, size_t n, struct decimal *d)
{
	const char *p = s + (*s == '-'), *end = s + n;

	d->neg = *s == '-';
	d->cut = false;
	if (n < 12 || !number_is_digit(p[0]))
		return false;
	d->m = (uint64_t)(p[0] - '0');
	if (p[1] == '.')
		return read_fraction(p, end, 1, d);
	if (p[2] != '.' || !number_is_digit(p[1]))
		return false;
	d->m = d->m * 10 + (uint64_t)(p[1] - '0');
	return read_fraction(p, end, 2, d);
}

static void
read_decimal(const char *s, size_t n, struct decimal *d)
{
	const char *end = s + n, *p = s, *start, *point;
	ptrdiff_t digits;

	if (read_plain(s, n, d))
		return;
	*d = (struct decimal){0};
	if (p < end && (*p == '-' || *p == '+'))
		d->neg = *p++ == '-';
	start = p;
	p = read_digits(p, end, &d->m);
	digits = p - start;
	if (p < end && *p == '.') {
		point = ++p;
		p = read_digits(p, end, &d->m);
		d->exp = -(p - point);
		digits += p - point;
	}
	if (digits > 19)
		read_long(start, end, d);
	if (p < end && (*p | 0x20) == 'e')
		d->exp += number_exponent(p + 1, end);
}

/* m * 10^exp by the table; false where it cannot decide. */
static bool
eisel_lemire(uint64_t m, int exp, double *out)
{
	const uint64_t *pow = pow10_table[exp - POW10_MIN];
	int lead = __builtin_clzll(m), msb;
	uint64_t hi, lo, bits;
	u128 x, y;
	int64_t exp2;

	m <<= lead;
	exp2 = ((217706 * (int64_t)exp) >> 16) + 64 + 1023 - lead;
	x = (u128)m * pow[0];
	hi = (uint64_t)(x >> 64);
	lo = (uint64_t)x;
	if ((hi & 0x1ff) == 0x1ff && lo + m < m) {
		y = (u128)m * pow[1];
		x += (uint64_t)(y >> 64);
		hi = (uint64_t)(x >> 64);
		lo = (uint64_t)x;
		if ((hi & 0x1ff) == 0x1ff && lo + 1 == 0 && (uint64_t)y + m < m)
			return false;
	}
	msb = (int)(hi >> 63);
	bits = hi >> (msb + 9);
	exp2 -= 1 ^ msb;
	if (lo == 0 && (hi & 0x1ff) == 0 && (bits & 3) == 1)
		return false; /* perhaps half-way */
	bits = (bits + (bits & 1)) >> 1;
	if (bits >> 53) {
		bits >>= 1;
		exp2++;
	}
	if (exp2 < 1 || exp2 > 0x7fe)
		return false; /* subnormal or infinite */
	bits = (bits & ((UINT64_C(1) << 52) - 1)) | (uint64_t)exp2 << 52;
	memcpy(out, &bits, 8);
	return true;
}

/* The rare rest, whatever the process's locale is. */
static double
read_slow(const char *s, size_t n)
{
	char small[128], *text = n < sizeof(small) ? small : mem_alloc(n + 1);
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	double d;

	memcpy(text, s, n);
	text[n] = '\0';
	d = strtod_l(text, NULL, c);
	freelocale(c);
	if (text != small)
		free(text);
	return d;
}

static const double exact_powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7,
	1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
	1e20, 1e21, 1e22};

double
number_double(const char *s, size_t n)
{
	struct decimal dec;
	double d, above;

	read_decimal(s, n, &dec);
	if (dec.m < UINT64_C(1) << 53 && dec.exp >= -22 && dec.exp <= 22 &&
		!dec.cut) {
		d = (double)dec.m;
		if (dec.exp < 0)
			d /= exact_powers[-dec.exp];
		else
			d *= exact_powers[dec.exp];
		return dec.neg ? -d : d;
	}
	if (dec.m == 0 || dec.exp < -342)
		return dec.neg ? -0.0 : 0.0;
	if (dec.exp > 308)
		return dec.neg ? -HUGE_VAL : HUGE_VAL;
	if (!eisel_lemire(dec.m, (int)dec.exp, &d))
		return read_slow(s, n);
	if (dec.cut &&
		(!eisel_lemire(dec.m + 1, (int)dec.exp, &above) || above != d))
		return read_slow(s, n);
	return dec.neg ? -d : d;
}

static inline int
count_digits(uint64_t m)
{
	static const uint64_t powers[] = {0, 10, 100, 1000, 10000, 100000,
		1000000, 10000000, 100000000, 1000000000, 10000000000,
		100000000000, 1000000000000, 10000000000000, 100000000000000,
		1000000000000000, 10000000000000000, 100000000000000000,
		1000000000000000000, UINT64_C(10000000000000000000)};
	int t = (64 - __builtin_clzll(m | 1)) * 1233 >> 12;

	return t + (m >= powers[t]);
}

/* Write exactly count digits of m. */
static inline void
write_digits(char *out, uint64_t m, int count)
{
	char *p = out + count;
	uint32_t w, high, low;

	for (; count >= 8; count -= 8) {
		w = (uint32_t)(m % 100000000);
		m /= 100000000;
		high = w / 10000;
		low = w % 10000;
		p -= 8;
		memcpy(p, number_pairs + high / 100 * 2, 2);
		memcpy(p + 2, number_pairs + high % 100 * 2, 2);
		memcpy(p + 4, number_pairs + low / 100 * 2, 2);
		memcpy(p + 6, number_pairs + low % 100 * 2, 2);
	}
	for (w = (uint32_t)m; count >= 2; count -= 2) {
		p -= 2;
		memcpy(p, number_pairs + w % 100 * 2, 2);
		w /= 100;
	}
	if (count)
		*--p = (char)('0' + w % 10);
}

size_t
number_print_int(int64_t i, char *out)
{
	uint64_t m = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
	int digits = count_digits(m);

	*out = '-';
	out += i < 0;
	write_digits(out, m, digits);
	return (size_t)digits + (i < 0);
}

/* The 128-bit product's upper half, its lowest bit set if anything is below. */
static inline uint64_t
round_to_odd(const uint64_t g[2], uint64_t cp)
{
	u128 x = (u128)g[1] * cp, y = (u128)g[0] * cp;

	y += (uint64_t)(x >> 64);
	return (uint64_t)(y >> 64) | ((uint64_t)y > 1);
}

/*
 * The shortest decimal m * 10^*exp in the rounding interval of c * 2^q, and the
 * nearest of those; closer: the neighbour below is at half the distance.  Not
 * shorter than least digits (1 or 2).
 */
static uint64_t
shortest(uint64_t c, int q, bool closer, int least, int *exp)
{
	bool odd = c & 1, below, above;
	uint64_t g[2], low, mid, high, s, sp;
	int k, h;

	k = (q * 1262611 - (closer ? 524031 : 0)) >> 22;
	h = q + ((-k * 1741647) >> 19) + 1;
	g[0] = pow10_table[-k - POW10_MIN][0];
	g[1] = pow10_table[-k - POW10_MIN][1];
	if (-k < 0 || -k > POW10_EXACT) {
		/* The method wants powers rounded up. */
		g[1]++;
		g[0] += g[1] == 0;
	}
	low = round_to_odd(g, (4 * c - 2 + closer) << h) + odd;
	mid = round_to_odd(g, (4 * c) << h);
	high = round_to_odd(g, (4 * c + 2) << h) - odd;
	s = mid / 4;
	if (s >= (least == 2 ? 100 : 10)) {
		sp = s / 10;
		below = low <= 40 * sp;
		above = 40 * sp + 40 <= high;
		if (below != above) {
			*exp = k + 1;
			return sp + above;
		}
	}
	*exp = k;
	below = low <= 4 * s;
	above = 4 * s + 4 <= high;
	if (below != above)
		return s + above;
	return s + (mid > 4 * s + 2 || (mid == 4 * s + 2 && (s & 1)));
}

/* m without its trailing zeros. */
static inline uint64_t
trim_zeros(uint64_t m, int *exp)
{
	if (m % 10 != 0)
		return m;
	while (m % 10000 == 0) {
		m /= 10000;
		*exp += 4;
	}
	if (m % 100 == 0) {
		m /= 100;
		*exp += 2;
	}
	if (m % 10 == 0) {
		m /= 10;
		*exp += 1;
	}
	return m;
}

/* The shortest decimal of a positive finite double, without trailing zeros. */
static uint64_t
shortest_double(double d, int least, int *exp)
{
	uint64_t bits, c;
	int e;

	memcpy(&bits, &d, 8);
	c = bits & ((UINT64_C(1) << 52) - 1);
	e = (int)(bits >> 52 & 0x7ff);
	if (e == 0) {
		if (least == 2 && c < 3) {
			c = shortest(c * 10, -1074, false, 2, exp);
			--*exp;
			return trim_zeros(c, exp);
		}
		return trim_zeros(shortest(c, -1074, false, least, exp), exp);
	}
	c |= UINT64_C(1) << 52;
	e -= 1075;
	if (e <= 0 && e > -53 && (c & ((UINT64_C(1) << -e) - 1)) == 0) {
		*exp = 0;
		return trim_zeros(c >> -e, exp);
	}
	return trim_zeros(
		shortest(c, e, c == UINT64_C(1) << 52 && e > -1074, least, exp),
		exp);
}

static uint64_t
shortest_float(float f, int *exp)
{
	uint32_t bits, c;
	int e;

	memcpy(&bits, &f, 4);
	c = bits & ((1U << 23) - 1);
	e = (int)(bits >> 23 & 0xff);
	if (e == 0) {
		if (c < 8) {
			c = (uint32_t)shortest(c * 10, -149, false, 2, exp);
			--*exp;
			return trim_zeros(c, exp);
		}
		return trim_zeros(shortest(c, -149, false, 2, exp), exp);
	}
	c |= 1U << 23;
	e -= 150;
	return trim_zeros(
		shortest(c, e, c == 1U << 23 && e > -149, 2, exp), exp);
}

/* m * 10^exp in plain notation, with a point and a digit on both sides. */
static size_t
print_plain(uint64_t m, int exp, int digits, char *out)
{
	int whole = digits + exp;

	if (exp >= 0) {
		write_digits(out, m, digits);
		memset(out + digits, '0', (size_t)exp);
		memcpy(out + whole, ".0", 2);
		return (size_t)whole + 2;
	}
	if (whole <= 0) {
		memset(out, '0', (size_t)(2 - whole));
		out[1] = '.';
		write_digits(out + 2 - whole, m, digits);
		return (size_t)(2 - exp);
	}
	write_digits(out + 1, m, digits);
	memmove(out, out + 1, (size_t)whole);
	out[whole] = '.';
	return (size_t)digits + 1;
}

/* The digits of m with a point behind the first one, if there are more. */
static size_t
print_mantissa(uint64_t m, int digits, char *out)
{
	write_digits(out + 1, m, digits);
	out[0] = out[1];
	out[1] = '.';
	return digits > 1 ? (size_t)digits + 1 : 1;
}

size_t
number_print_double(double d, char *out)
{
	char *p = out;
	int exp, digits, e;
	uint64_t m;

	if (signbit(d)) {
		*p++ = '-';
		d = -d;
	}
	if (d == 0) {
		memcpy(p, "0.0", 3);
		return (size_t)(p - out) + 3;
	}
	m = shortest_double(d, 1, &exp);
	digits = count_digits(m);
	e = digits + exp - 1;
	if (e >= -4 && e < 16)
		return (size_t)(p - out) + print_plain(m, exp, digits, p);
	p += print_mantissa(m, digits, p);
	*p++ = 'e';
	*p++ = e < 0 ? '-' : '+';
	e = abs(e);
	if (e >= 100)
		*p++ = (char)('0' + e / 100);
	memcpy(p, number_pairs + e % 100 * 2, 2);
	return (size_t)(p + 2 - out);
}

static size_t
print_java(uint64_t m, int exp, char *out)
{
	int digits = count_digits(m), e = digits + exp - 1;
	char *p = out;

	if (e >= -3 && e < 7)
		return print_plain(m, exp, digits, out);
	p += print_mantissa(m, digits, p);
	if (digits == 1) {
		memcpy(p, ".0", 2);
		p += 2;
	}
	*p++ = 'E';
	return (size_t)(p - out) + number_print_int(e, p);
}

/* What has no digits: NaN, infinities, zeros; else 0, the sign written. */
static size_t
print_java_special(double d, char **p)
{
	if (isnan(d)) {
		memcpy(*p, "NaN", 3);
		return 3;
	}
	if (signbit(d))
		*(*p)++ = '-';
	if (isinf(d)) {
		memcpy(*p, "Infinity", 8);
		return 8;
	}
	if (d != 0)
		return 0;
	memcpy(*p, "0.0", 3);
	return 3;
}

size_t
number_print_java(double d, char *out)
{
	char *p = out;
	size_t n = print_java_special(d, &p);
	uint64_t m;
	int exp;

	if (n == 0) {
		m = shortest_double(fabs(d), 2, &exp);
		n = print_java(m, exp, p);
	}
	return (size_t)(p - out) + n;
}

size_t
number_print_java_float(float f, char *out)
{
	char *p = out;
	size_t n = print_java_special(f, &p);
	uint64_t m;
	int exp;

	if (n == 0) {
		m = shortest_float(fabsf(f), &exp);
		n = print_java(m, exp, p);
	}
	return (size_t)(p - out) + n;
}

/*
 * Text of at most 15 digits without exponent is the shortest already (no two
 * such decimals are read as the same double), but for zeros at its end and a
 * missing point.  Returns 0 where that does not decide.
 */
static size_t
print_real_short(const char *s, size_t n, char *out)
{
	const char *p = s, *end = s + n, *point;
	size_t whole, kept;

	p += p < end && *p == '-';
	point = p;
	while (point < end && number_is_digit(*point))
		point++;
	whole = (size_t)(point - s);
	if (point - p > 15 || point == p)
		return 0;
	if (point == end) {
		memcpy(out, s, n);
		memcpy(out + n, ".0", 2);
		return n + 2;
	}
	if (*point != '.' || end - point < 2 || end - p > 16)
		return 0;
	for (const char *f = point + 1; f < end; f++)
		if (!number_is_digit(*f))
			return 0;
	/* Below 0.0001 but zero it is printed with an exponent. */
	if (*p == '0' && end - point > 4 && memcmp(point, ".0000", 5) == 0)
		return 0;
	while (end[-1] == '0' && end > point + 2)
		end--;
	kept = (size_t)(end - point);
	memcpy(out, s, whole + kept);
	return whole + kept;
}

size_t
number_print_real(const char *s, size_t n, char *out)
{
	size_t len = print_real_short(s, n, out);
	double d;

	if (len > 0)
		return len;
	d = number_double(s, n);
	if (!isinf(d))
		return number_print_double(d, out);
	if (d < 0) {
		memcpy(out, "\"-Infinity\"", 11);
		return 11;
	}
	memcpy(out, "\"Infinity\"", 10);
	return 10;
}
