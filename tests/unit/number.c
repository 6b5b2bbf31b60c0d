/* Numbers: against strtod, printf and published hard cases. */
#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/number.h"
#include "text/numeric.h"
#include "text/pow10.h"

static uint64_t seed = 7;

static uint64_t
pick(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t
bits_of(double d)
{
	uint64_t b;

	memcpy(&b, &d, 8);
	return b;
}

static double
double_of(uint64_t b)
{
	double d;

	memcpy(&d, &b, 8);
	return d;
}

static void
same(const char *text, double want)
{
	double d = number_double(text, strlen(text));

	if (bits_of(d) == bits_of(want))
		return;
	fprintf(stderr, "%s read as %.17g, not %.17g\n", text, d, want);
	abort();
}

/* Compute the powers with plain long arithmetic. */
#define WORDS 80

static int
bit_length(const uint32_t *w)
{
	for (int i = WORDS - 1; i >= 0; i--)
		if (w[i])
			return 32 * i + 32 - __builtin_clz(w[i]);
	return 0;
}

static void
scale(uint32_t *w, uint32_t times, uint32_t by)
{
	uint64_t carry = 0;

	for (int i = 0; i < WORDS; i++) {
		carry += (uint64_t)w[i] * times;
		w[i] = (uint32_t)carry;
		carry >>= 32;
	}
	carry = 0;
	for (int i = WORDS - 1; i >= 0; i--) {
		carry = carry << 32 | w[i];
		w[i] = (uint32_t)(carry / by);
		carry %= by;
	}
}

static void
check_power(int q, const uint32_t *w)
{
	uint64_t top[2] = {0, 0};
	int n = bit_length(w);

	for (int i = 0; i < 128; i++) {
		int at = n - 1 - i;
		uint64_t bit = at >= 0 ? w[at / 32] >> (at % 32) & 1 : 0;

		top[i / 64] = top[i / 64] << 1 | bit;
	}
	assert(top[0] == pow10_table[q - POW10_MIN][0]);
	assert(top[1] == pow10_table[q - POW10_MIN][1]);
}

static void
table(void)
{
	uint32_t w[WORDS] = {1};

	for (int q = 0; q <= POW10_MAX; q++) {
		check_power(q, w);
		scale(w, 10, 1);
	}
	memset(w, 0, sizeof(w));
	w[WORDS - 1] = 1U << 31;
	for (int q = -1; q >= POW10_MIN; q--) {
		/* Division floors; the tail beyond 128 bits is long enough. */
		scale(w, 1, 10);
		check_power(q, w);
	}
}

static void
random_texts(int count)
{
	char text[80], tail[24];
	int n;

	for (int i = 0; i < count; i++) {
		uint64_t r = pick();
		int digits = 1 + (int)(r % 24), point = (int)(r >> 8) % 30;

		n = 0;
		if (r >> 20 & 1)
			text[n++] = '-';
		if (point == 0)
			text[n++] = '0';
		for (int k = 0; k < digits; k++) {
			if (k == point)
				text[n++] = '.';
			text[n++] = (char)('0' + pick() % 10);
		}
		text[n] = '\0';
		if (r >> 21 & 1) {
			snprintf(tail, sizeof(tail), "%c%d",
				r >> 22 & 1 ? 'e' : 'E',
				(int)(pick() % 700) - 350);
			memcpy(text + n, tail, strlen(tail) + 1);
		}
		same(text, strtod(text, NULL));
	}
}

static void
random_doubles(int count)
{
	char text[40];

	for (int i = 0; i < count; i++) {
		double d = double_of(pick());

		if (!isfinite(d))
			continue;
		snprintf(text, sizeof(text), "%.*e", (int)(pick() % 20), d);
		same(text, strtod(text, NULL));
	}
}

/* Half-way between two neighbours, and a little off it. */
static void
half_way(int count)
{
	char text[1200];

	for (int i = 0; i < count; i++) {
		uint64_t c = pick() >> 11 | UINT64_C(1) << 52;
		int e = (int)(pick() % 200) - 100;
		/* 64 bits of mantissa: an x87 long double holds the middle. */
		long double m = ldexpl((long double)(2 * c + 1), e);

		snprintf(text, sizeof(text), "%.150Lf", m);
		same(text, strtod(text, NULL));
		text[strlen(text) - 1] = '1';
		same(text, strtod(text, NULL));
	}
}

static void
shared_files(void)
{
	static const char *const files[] = {"freetype-2-7", "google-wuffs",
		"lemire-fast-float", "more-test-cases", "tencent-rapidjson"};
	const char *dir = getenv("BIEF_SHARED");
	char path[1000], *line = NULL;
	size_t cap = 0, count = 0;

	for (size_t i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "%s/data/jsontest/numbers/%s.txt",
			dir ? dir : "../shared", files[i]);
		FILE *f = fopen(path, "r");
		if (f == NULL)
			return;
		while (getline(&line, &cap, f) > 0) {
			/* half, single, double in hexadecimal, text */
			line[strcspn(line, "\n")] = '\0';
			same(line + 31,
				double_of(strtoull(line + 14, NULL, 16)));
			count++;
		}
		fclose(f);
	}
	free(line);
	assert(count == 21232);
}

/* The shortest by trying: fewest digits that read back, the nearest. */
static void
check_shortest(double d)
{
	char want[40], got[40], digits[40];
	size_t n = number_print_double(d, got);
	int precision = 0, i = 0, k = 0, last;

	got[n] = '\0';
	assert(n < NUMBER_MAX);
	if (bits_of(strtod(got, NULL)) != bits_of(d)) {
		fprintf(stderr, "%.17g printed as %s\n", d, got);
		abort();
	}
	do
		snprintf(want, sizeof(want), "%.*e", precision, d);
	while (strtod(want, NULL) != d && precision++ < 17);
	for (; got[i] && got[i] != 'e'; i++)
		if (got[i] >= '0' && got[i] <= '9' && (k || got[i] != '0'))
			digits[k++] = got[i];
	for (last = k; last > 1 && digits[last - 1] == '0';)
		last--;
	if (last > precision + 1) {
		fprintf(stderr, "%.17g printed as %s, not %s\n", d, got, want);
		abort();
	}
	/* Of the same length: no farther than printf's nearest. */
	if (last == precision + 1 && precision > 1) {
		long double a = fabsl(strtold(got, NULL) - (long double)d);
		long double b = fabsl(strtold(want, NULL) - (long double)d);
		assert(a <= b * (1 + 1e-9L) + 4 * 5e-324L);
	}
}

static void
print(double d, const char *plain, const char *java)
{
	char out[NUMBER_MAX + 1];

	if (plain != NULL) {
		out[number_print_double(d, out)] = '\0';
		if (strcmp(out, plain) != 0) {
			fprintf(stderr, "%s, not %s\n", out, plain);
			abort();
		}
	}
	out[number_print_java(d, out)] = '\0';
	if (strcmp(out, java) != 0) {
		fprintf(stderr, "java: %s, not %s\n", out, java);
		abort();
	}
}

static void
print_float(float f, const char *java)
{
	char out[NUMBER_MAX + 1];

	out[number_print_java_float(f, out)] = '\0';
	if (strcmp(out, java) != 0) {
		fprintf(stderr, "java float: %s, not %s\n", out, java);
		abort();
	}
}

static void
prints(void)
{
	print(7, "7.0", "7.0");
	print(-0.0, "-0.0", "-0.0");
	print(0, "0.0", "0.0");
	print(0.1, "0.1", "0.1");
	print(1e22, "1e+22", "1.0E22");
	print(1.5e-7, "1.5e-07", "1.5E-7");
	print(1e-4, "0.0001", "1.0E-4");
	print(9.9e-5, "9.9e-05", "9.9E-5");
	print(1e15, "1000000000000000.0", "1.0E15");
	print(9007199254740993.0, "9007199254740992.0", "9.007199254740992E15");
	print(1e16, "1e+16", "1.0E16");
	print(123456.789, "123456.789", "123456.789");
	print(1e7, "10000000.0", "1.0E7");
	print(9999999, "9999999.0", "9999999.0");
	print(0.001, "0.001", "0.001");
	print(9.9e-4, "0.00099", "9.9E-4");
	print(12345678.9, "12345678.9", "1.23456789E7");
	print(1e100, "1e+100", "1.0E100");
	print(5e-324, "5e-324", "4.9E-324");
	print(1e-323, "1e-323", "9.9E-324");
	print(1.5e-323, "1.5e-323", "1.5E-323");
	print(2e-323, "2e-323", "2.0E-323");
	print(4.94e-323, "5e-323", "4.9E-323");
	print(2e23, "2e+23", "2.0E23");
	print(8.41e21, "8.41e+21", "8.41E21");
	print(2.2250738585072014e-308, "2.2250738585072014e-308",
		"2.2250738585072014E-308");
	print(1.7976931348623157e308, "1.7976931348623157e+308",
		"1.7976931348623157E308");
	print(NAN, NULL, "NaN");
	print(-INFINITY, NULL, "-Infinity");
	print_float(0.1f, "0.1");
	print_float(1.4e-45f, "1.4E-45");
	print_float(2.8e-45f, "2.8E-45");
	print_float(3.4028235e38f, "3.4028235E38");
	print_float(1e10f, "1.0E10");
	print_float(8.5f, "8.5");
	print_float(1.17549435e-38f, "1.1754944E-38");
	print_float(-3.3f, "-3.3");
	print_float(16777216.f, "1.6777216E7");
}

/* A float's text must read back as the float, with few digits. */
static void
floats(int count)
{
	char out[NUMBER_MAX + 1];
	uint32_t bits;
	float f;

	for (int i = 0; i < count; i++) {
		bits = (uint32_t)pick();
		memcpy(&f, &bits, 4);
		if (!isfinite(f))
			continue;
		out[number_print_java_float(f, out)] = '\0';
		assert(strtof(out, NULL) == f);
		assert(strlen(out) <= 15);
	}
}

static void
real(const char *text, const char *want)
{
	char out[NUMBER_MAX + 1];

	out[number_print_real(text, strlen(text), out)] = '\0';
	if (strcmp(out, want) != 0) {
		fprintf(stderr, "%s: %s, not %s\n", text, out, want);
		abort();
	}
}

static void
reals(int count)
{
	char text[64], a[NUMBER_MAX], b[NUMBER_MAX];
	size_t n;

	real("7", "7.0");
	real("-0", "-0.0");
	real("0", "0.0");
	real("0.00", "0.0");
	real("-0.00000", "-0.0");
	real("1.50", "1.5");
	real("100", "100.0");
	real("1e3", "1000.0");
	real("1E400", "\"Infinity\"");
	real("-1e400", "\"-Infinity\"");
	real("0.0001", "0.0001");
	real("0.00001", "1e-05");
	real("0.1000000000000000055", "0.1");
	real("12345678901234567890", "1.2345678901234567e+19");
	real("123456789012345678", "1.2345678901234568e+17");
	for (int i = 0; i < count; i++) {
		/* 1 to 18 digits, a point somewhere. */
		int digits = 1 + (int)(pick() % 18), places;

		n = number_print_int(
			(int64_t)(pick() >> 1) % (int64_t)(exp10(digits)),
			text);
		places = (int)(pick() % 12);
		if (places > 0 && places < (int)n) {
			memmove(text + n - places + 1, text + n - places,
				(size_t)places);
			text[n - (size_t)places] = '.';
			n++;
		}
		double d = number_double(text, n);
		size_t x = number_print_real(text, n, a);
		size_t y = number_print_double(d, b);
		if (x != y || memcmp(a, b, x) != 0) {
			fprintf(stderr, "%.*s: %.*s, not %.*s\n", (int)n, text,
				(int)x, a, (int)y, b);
			abort();
		}
	}
}

static void
integer(const char *text, int status, int64_t want)
{
	char out[NUMBER_MAX + 1];
	int64_t i = 0;

	assert(number_int(text, strlen(text), &i) == status);
	assert(i == want);
	if (status == 0 && text[0] != '0' && strcmp(text, "-0") != 0) {
		out[number_print_int(i, out)] = '\0';
		assert(strcmp(out, text) == 0);
	}
}

static void
integers(void)
{
	integer("0", 0, 0);
	integer("-0", 0, 0);
	integer("7", 0, 7);
	integer("-12345678", 0, -12345678);
	integer("1584786731698422519", 0, 1584786731698422519);
	integer("9223372036854775807", 0, INT64_MAX);
	integer("9223372036854775808", -1, 0);
	integer("-9223372036854775808", 0, INT64_MIN);
	integer("-9223372036854775809", -1, 0);
	integer("99999999999999999999", -1, 0);
	integer("18446744073709551617", -1, 0);
	integer("0000000000000000000000012", 0, 12);
	integer("", -1, 0);
	integer("-", -1, 0);
	integer("1.0", -1, 0);
	integer("1e3", -1, 0);
	integer("+1", -1, 0);
	integer("12a", -1, 0);
	for (uint64_t i = 1, m = 10; i < 19; i++, m *= 10) {
		char out[NUMBER_MAX];

		assert(number_print_int((int64_t)m, out) == i + 1);
		assert(number_print_int((int64_t)m - 1, out) == i);
	}
	char zero[NUMBER_MAX];
	assert(number_print_int(0, zero) == 1);
	assert(zero[0] == '0');
}

static void
decimal(const char *text, int precision, int places, const char *want)
{
	char out[49];

	out[numeric_spell(text, strlen(text), precision, places, out)] = '\0';
	if (strcmp(out, want) != 0) {
		fprintf(stderr, "%s as decimal(%d,%d): %s, not %s\n", text,
			precision, places, out, want);
		abort();
	}
}

static void
decimals(void)
{
	decimal("1.5", 10, 2, "1.50");
	decimal("-1.505", 10, 2, "-1.51");
	decimal("2.5", 10, 0, "3");
	decimal("-2.5", 10, 0, "-3");
	decimal("0.5", 10, 0, "1");
	decimal("0.49999", 10, 0, "0");
	decimal("-0.4", 10, 0, "0");
	decimal("-0.004", 5, 2, "0.00");
	decimal("0.005", 5, 2, "0.01");
	decimal("0.0049", 5, 2, "0.00");
	decimal("9.995", 3, 2, "");
	decimal("9.994", 3, 2, "9.99");
	decimal("99.995", 5, 2, "100.00");
	decimal("99.995", 4, 2, "");
	decimal("12345678.90", 10, 2, "12345678.90");
	decimal("99999999.99", 10, 2, "99999999.99");
	decimal("100000000", 10, 2, "");
	decimal("1e3", 10, 2, "1000.00");
	decimal("1E-2", 10, 2, "0.01");
	decimal("1.5e-2", 10, 2, "0.02");
	decimal("1e-400000000000", 10, 2, "0.00");
	decimal("1e400000000000", 10, 2, "");
	decimal("0e400000000000", 10, 2, "0.00");
	decimal("+1", 10, 2, "1.00");
	decimal(".5", 10, 2, "0.50");
	decimal("5.", 10, 2, "5.00");
	decimal("-", 10, 2, "");
	decimal(".", 10, 2, "");
	decimal("", 10, 2, "");
	decimal("1e", 10, 2, "");
	decimal("1 ", 10, 2, "");
	decimal("NaN", 10, 2, "");
	decimal("0.001", 3, 3, "0.001");
	decimal("0.1234567890123456789012345678901234567849", 38, 38,
		"0.12345678901234567890123456789012345678");
	decimal("12345678901234567890123456789012345678", 38, 0,
		"12345678901234567890123456789012345678");
	decimal("123456789012345678901234567890123456789", 38, 0, "");
	decimal("99999999999999999999999999999999999999.5", 38, 0, "");
	decimal("-0.99999999999999999999999999999999999999", 38, 38,
		"-0.99999999999999999999999999999999999999");
	decimal("00012.5", 3, 1, "12.5");
}

int
main(int argc, char **argv)
{
	int count = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 50000;

	table();
	integers();
	prints();
	decimals();
	random_texts(count);
	random_doubles(count);
	half_way(count / 100);
	shared_files();
	for (int i = 0; i < count; i++) {
		double d = double_of(pick());

		if (isfinite(d))
			check_shortest(d);
		check_shortest((double)(pick() % 100000000) / 1000);
		check_shortest(double_of(pick() >> 12)); /* subnormal */
	}
	for (int e = 1; e < 2047; e++) { /* powers of two: uneven intervals */
		check_shortest(double_of((uint64_t)e << 52));
		check_shortest(double_of(((uint64_t)e << 52) - 1));
	}
	floats(count);
	reals(count);
	return 0;
}
