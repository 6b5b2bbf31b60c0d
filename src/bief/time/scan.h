/*
 * scan: what the readers of times, dates and durations share.
 */
#ifndef BIEF_SCAN_H
#define BIEF_SCAN_H

#include <stdbool.h>
#include <stdint.h>

static inline bool
scan_digit(char c)
{
	return (unsigned char)(c - '0') <= 9;
}

/* Spark ignores these around a time or a date. */
static inline bool
scan_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f;
}

static inline void
scan_trim(const char **s, const char **end)
{
	while (*s < *end && scan_blank(**s))
		(*s)++;
	while (*end > *s && scan_blank((*end)[-1]))
		(*end)--;
}

/*
 * Digits, from least to most of them; *p moves behind them.  -1 if their number
 * is not allowed.
 */
static inline int32_t
scan_number(const char **p, const char *end, int least, int most)
{
	int32_t v = 0;
	int count = 0;

	for (; *p < end && scan_digit(**p); (*p)++, count++) {
		if (count == most)
			return -1;
		v = v * 10 + (**p - '0');
	}
	return count < least ? -1 : v;
}

#endif
