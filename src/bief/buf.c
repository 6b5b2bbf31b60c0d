/*
 * buf: bytes that grow.
 */
#include "buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "err.h"

void
buf_init(struct buf *b)
{
	memset(b, 0, sizeof(*b));
}

void
buf_release(struct buf *b)
{
	free(b->p);
	memset(b, 0, sizeof(*b));
}

void
buf_grow(struct buf *b, size_t more)
{
	size_t cap = b->cap < 64 ? 64 : b->cap;

	if (more > SIZE_MAX / 4 - b->n) /* the same as memory run out */
		mem_alloc(SIZE_MAX / 2);
	while (cap - b->n < more)
		cap *= 2;
	b->p = mem_realloc(b->p, cap);
	b->cap = cap;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(buf_need(b, 64), 64, fmt, ap);
	va_end(ap);
	if (n >= 64)
		vsnprintf(buf_need(b, (size_t)n + 1), (size_t)n + 1, fmt,
			again);
	va_end(again);
	if (n > 0)
		b->n += (size_t)n;
}
