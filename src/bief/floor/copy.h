/*
 * copy: memcpy of what is short almost always, as the texts of values are: a call
 * and its choices would cost more than the bytes.
 */
#ifndef BIEF_COPY_H
#define BIEF_COPY_H

#include <stddef.h>
#include <string.h>

/* Copy n bytes, which do not overlap; returns the place behind them. */
static inline char *
copy_short(char *to, const char *from, size_t n)
{
	if (n > 32)
		return (char *)memcpy(to, from, n) + n;
	if (n >= 16) {
		memcpy(to, from, 16);
		memcpy(to + n - 16, from + n - 16, 16);
	} else if (n >= 8) {
		memcpy(to, from, 8);
		memcpy(to + n - 8, from + n - 8, 8);
	} else if (n >= 4) {
		memcpy(to, from, 4);
		memcpy(to + n - 4, from + n - 4, 4);
	} else if (n > 0) {
		to[0] = from[0];
		to[n / 2] = from[n / 2];
		to[n - 1] = from[n - 1];
	}
	return to + n;
}

#endif
