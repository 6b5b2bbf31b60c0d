/*
 * buf: bytes that grow.
 */
#ifndef BIEF_BUF_H
#define BIEF_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *p;
	size_t n;   /* bytes in use */
	size_t cap; /* bytes allocated */
};

void buf_init(struct buf *b);
void buf_release(struct buf *b);
void buf_grow(struct buf *b, size_t more); /* slow part of buf_need */
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static inline void
buf_clear(struct buf *b)
{
	b->n = 0;
}

/* Room for n more bytes at the returned place; add to b->n what was used. */
static inline char *
buf_need(struct buf *b, size_t n)
{
	if (b->cap - b->n < n)
		buf_grow(b, n);
	return b->p + b->n;
}

static inline void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_need(b, n), p, n);
	b->n += n;
}

/* Bytes up to the next whole 8. */
static inline size_t
buf_padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* So many zeros that it holds whole 8 bytes. */
static inline void
buf_pad(struct buf *b)
{
	static const char zero[8];

	buf_add(b, zero, buf_padded(b->n) - b->n);
}

static inline void
buf_byte(struct buf *b, char c)
{
	*buf_need(b, 1) = c;
	b->n++;
}

static inline void
buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

/* Append it between quotes, a quote in it doubled: as SQL has names and texts. */
void buf_doubled(struct buf *b, const char *s, char quote);

/* Append a character as UTF-8. */
void buf_utf8(struct buf *b, uint32_t c);

/* The bytes as a C string: ends them with a NUL that does not count. */
static inline char *
buf_cstr(struct buf *b)
{
	*buf_need(b, 1) = '\0';
	return b->p;
}

#endif
