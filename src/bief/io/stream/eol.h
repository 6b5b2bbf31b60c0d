/*
 * eol: where lines end: at LF, CR LF, or a CR alone, as in Spark's readers.
 *
 * A line's end is its last byte, so a CR in front of an LF is no end, and of one
 * that is the last byte there is it is not known yet.  Text of which every CR
 * stands in front of an LF needs no more than a look for LFs; which that is can
 * be found out fast.
 */
#ifndef BIEF_EOL_H
#define BIEF_EOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is there a CR without LF, or one at the end? */
bool eol_cr(const char *p, size_t n);
/* The end of the first line, or of the last one; NULL: none ends. */
const char *eol_first(const char *p, size_t n);
const char *eol_last(const char *p, size_t n);
/* As simd_lines. */
size_t eol_lines(const char *p, size_t n, uint32_t *at, size_t max);

/* Is the last byte a CR, of which nobody knows yet? */
static inline bool
eol_held(const char *p, size_t n)
{
	return n > 0 && p[n - 1] == '\r';
}

/* Bytes of the UTF-8 marks at the beginning of a text (there may be several,
 * where texts with marks were put together); *more: the next bytes may be one,
 * too. */
size_t eol_mark(const char *p, size_t n, bool *more);

#endif
