/*
 * numeric: numbers of up to 38 digits, exact, by Spark's rules.
 *
 * A decimal is an integer and a scale: 1.50 is 150 with the scale 2.  What does
 * not fit into 38 digits is refused (false), which SQL turns into null.
 */
#ifndef BIEF_NUMERIC_H
#define BIEF_NUMERIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef __int128 numeric;

#define NUMERIC_DIGITS 38
#define NUMERIC_MAX 48 /* bytes that numeric_print may write */

/* 10 to the power of n, n at most 38. */
numeric numeric_power10(int n);
/* Digits of the number (0 has one). */
int numeric_digits(numeric v);

/*
 * Give v another scale, rounded half away from zero; false if it then has more
 * than precision digits.
 */
bool numeric_rescale(numeric v, int from, int to, int precision, numeric *out);

/* The result has the scale s and at most p digits. */
bool numeric_add(
	numeric a, int sa, numeric b, int sb, int p, int s, numeric *out);
bool numeric_multiply(
	numeric a, int sa, numeric b, int sb, int p, int s, numeric *out);
/* b is not 0. */
bool numeric_divide(
	numeric a, int sa, numeric b, int sb, int p, int s, numeric *out);
bool numeric_remainder(
	numeric a, int sa, numeric b, int sb, int p, int s, numeric *out);
int numeric_compare(numeric a, int sa, numeric b, int sb);

/*
 * Read [+-]digits[.digits][e[+-]digits]; sets the smallest precision and scale
 * that hold it as it is written.  Digits that 38 places cannot hold are rounded
 * away behind the point; false if the number is too large or none.
 */
bool numeric_parse(
	const char *s, size_t n, numeric *v, int *precision, int *scale);
/*
 * The same for a known precision and scale, rounded half away from zero; false
 * if it is no number, or has more than precision digits then.
 */
bool numeric_read(
	const char *s, size_t n, int precision, int scale, numeric *out);
/* ... and printed so: the bytes, 0 if it does not fit or is no number. */
size_t numeric_spell(
	const char *s, size_t n, int precision, int scale, char *out);
/* sum / n with more digits behind the point, half away from zero; false if they
 * do not fit. */
bool numeric_average(numeric sum, int64_t n, int more, numeric *out);
/* Plain text, scale digits behind the point; returns the bytes. */
size_t numeric_print(numeric v, int scale, char *out);
double numeric_double(numeric v, int scale);
/* By the shortest text of d, which is finite. */
bool numeric_from_double(double d, int precision, int scale, numeric *out);

#endif
