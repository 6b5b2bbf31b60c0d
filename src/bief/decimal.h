/*
 * decimal: numbers of up to 38 digits with a fixed scale, as 128-bit integers
 * that count units of the last place.
 */
#ifndef BIEF_DECIMAL_H
#define BIEF_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DECIMAL_DIGITS 38
#define DECIMAL_MAX 48 /* bytes that decimal_print may write */

/* Text (JSON number grammar) rounded half away from zero; 0 or -1. */
int decimal_parse(const char *s, size_t n, int scale, __int128 *out);
size_t decimal_print(__int128 d, int scale, char *out);
/* True if it has at most that many digits. */
bool decimal_fits(__int128 d, int digits);
/* sum / n with more digits behind the point, half away from zero; 0 or -1. */
int decimal_average(__int128 sum, int64_t n, int more, __int128 *out);

#endif
