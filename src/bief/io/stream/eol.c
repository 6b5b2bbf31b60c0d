/*
 * eol: where lines end.
 */
#include "io/stream/eol.h"

#include <string.h>

#define MARK "\xEF\xBB\xBF"

bool
eol_cr(const char *p, size_t n)
{
	const char *end = p + n;

	while (p < end && (p = memchr(p, '\r', (size_t)(end - p))) != NULL) {
		if (p + 1 == end || p[1] != '\n')
			return true;
		p += 2;
	}
	return false;
}

const char *
eol_first(const char *p, size_t n)
{
	const char *end = p + n;

	for (; p < end; p++)
		if (*p == '\n' || (*p == '\r' && p + 1 < end && p[1] != '\n'))
			return p;
	return NULL;
}

const char *
eol_last(const char *p, size_t n)
{
	for (size_t i = n; i-- > 0;)
		if (p[i] == '\n' ||
			(p[i] == '\r' && i + 1 < n && p[i + 1] != '\n'))
			return p + i;
	return NULL;
}

size_t
eol_lines(const char *p, size_t n, uint32_t *at, size_t max)
{
	const char *q = p, *end = p + n;
	size_t k = 0;

	while (k < max && (q = eol_first(q, (size_t)(end - q))) != NULL)
		at[k++] = (uint32_t)(q++ - p);
	return k;
}

size_t
eol_mark(const char *p, size_t n, bool *more)
{
	size_t i = 0;

	while (n - i >= 3 && memcmp(p + i, MARK, 3) == 0)
		i += 3;
	*more = n - i < 3 && memcmp(p + i, MARK, n - i) == 0;
	return i;
}
