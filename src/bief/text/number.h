/*
 * number: text to numbers and back.
 */
#ifndef BIEF_NUMBER_H
#define BIEF_NUMBER_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define NUMBER_MAX 40 /* bytes that the printing functions may write */

static inline bool
number_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Are the eight bytes of a word all digits? */
static inline bool
number_digits8(uint64_t w)
{
	return (((w + UINT64_C(0x4646464646464646)) |
			(w - UINT64_C(0x3030303030303030))) &
		       UINT64_C(0x8080808080808080)) == 0;
}

/* The number behind e or E, held within what a long text can undo (2^40). */
int64_t number_exponent(const char *p, const char *end);

/* An integer's text ([-]digits, no leading zero asked for) that fits; else -1. */
int number_int(const char *s, size_t n, int64_t *out);

/*
 * The double nearest to the decimal text (JSON number grammar; ties to even,
 * infinite when too large).  The text is valid.
 */
double number_double(const char *s, size_t n);

size_t number_print_int(int64_t i, char *out);

/*
 * The shortest text that reads back the same, always with a point or an
 * exponent: 7.0, 0.1, 1e+22, 1.5e-07 (plain from 1e-4 to below 1e16).
 * Finite numbers only.
 */
size_t number_print_double(double d, char *out);

/* As Java's Double.toString (1.0E7, 9.9E-4, NaN, -Infinity), JDK 19 and later. */
size_t number_print_java(double d, char *out);
/* The same for a float widened to double. */
size_t number_print_java_float(float f, char *out);

/*
 * Print a JSON number's text as number_print_double would print its value,
 * without converting where the text shows that it is the shortest already.
 * An infinite one prints as "Infinity" or "-Infinity" with quotes.
 */
size_t number_print_real(const char *s, size_t n, char *out);

/* "00", "01" ... "99" one behind the other. */
extern const char number_pairs[201];

/* Is this text one of the doubles that JSON has no number for? */
static inline bool
number_special(const char *s, size_t n, double *d)
{
	if (n == 3 && memcmp(s, "NaN", 3) == 0)
		*d = NAN;
	else if (n == 8 && memcmp(s, "Infinity", 8) == 0)
		*d = INFINITY;
	else if (n == 9 && memcmp(s, "-Infinity", 9) == 0)
		*d = -INFINITY;
	else
		return false;
	return true;
}

/* Two digits; behind them. */
static inline char *
number_put2(char *p, unsigned v)
{
	memcpy(p, number_pairs + 2 * v, 2);
	return p + 2;
}

#endif
