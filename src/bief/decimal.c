/*
 * decimal: see decimal.h.
 */
#include <string.h>

#include "decimal.h"
#include "number.h"

static unsigned __int128
power(int n)
{
	unsigned __int128 p = 1;

	while (n-- > 0)
		p *= 10;
	return p;
}

static int
digits(const char *s, size_t n, int scale, __int128 *out)
{
	unsigned __int128 d = 0;
	bool minus = n > 0 && *s == '-';
	int behind = -1, count = 0;
	size_t i;

	for (i = minus; i < n; i++) {
		if (s[i] == '.' && behind < 0) {
			behind = 0;
			continue;
		}
		if (s[i] < '0' || s[i] > '9')
			return -1;
		d = d * 10 + (unsigned)(s[i] - '0');
		if (d > 0 && ++count > DECIMAL_DIGITS)
			return -1;
		if (behind >= 0 && ++behind > scale)
			return -1;
	}
	if (behind < 0)
		behind = 0;
	if (count + scale - behind > DECIMAL_DIGITS)
		return -1;
	d *= power(scale - behind);
	*out = minus ? -(__int128)d : (__int128)d;
	return 0;
}

int
decimal_parse(const char *s, size_t n, int scale, __int128 *out)
{
	char text[DECIMAL_MAX];

	if (digits(s, n, scale, out) == 0)
		return 0;
	n = number_print_decimal(s, n, DECIMAL_DIGITS, scale, text);
	return n == 0 ? -1 : digits(text, n, scale, out);
}

size_t
decimal_print(__int128 d, int scale, char *out)
{
	unsigned __int128 u = d < 0 ? -(unsigned __int128)d
				    : (unsigned __int128)d;
	char text[DECIMAL_MAX];
	size_t n = sizeof text, len;
	int i;

	for (i = 0; u > 0 || i <= scale; i++) {
		if (i == scale && scale > 0)
			text[--n] = '.';
		text[--n] = (char)('0' + (int)(u % 10));
		u /= 10;
	}
	if (d < 0)
		text[--n] = '-';
	len = sizeof text - n;
	memcpy(out, text + n, len);
	return len;
}

bool
decimal_fits(__int128 d, int n)
{
	unsigned __int128 u = d < 0 ? -(unsigned __int128)d
				    : (unsigned __int128)d;

	return n >= DECIMAL_DIGITS ? u < power(DECIMAL_DIGITS) : u < power(n);
}

int
decimal_average(__int128 sum, int64_t n, int more, __int128 *out)
{
	unsigned __int128 u = sum < 0 ? -(unsigned __int128)sum
				      : (unsigned __int128)sum;
	unsigned __int128 count = (unsigned __int128)n, q = u / count,
			  rest = u % count;

	if (!decimal_fits((__int128)q, DECIMAL_DIGITS - more))
		return -1;
	q *= power(more);
	rest *= power(more);
	q += rest / count;
	rest %= count;
	if (rest * 2 >= count)
		q++;
	*out = sum < 0 ? -(__int128)q : (__int128)q;
	return 0;
}
