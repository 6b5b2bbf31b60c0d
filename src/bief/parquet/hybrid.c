/*
 * hybrid: see hybrid.h.  A varint, whose lowest bit tells a packed group (of so
 * many times eight) from a run (so long, the number behind it in whole bytes).
 */
#include "parquet/hybrid.h"

#include <string.h>

#include "floor/buf.h"
#include "parquet/varint.h"

#define RUN 8      /* equal numbers that are worth a run */
#define GROUPS 504 /* of eight in one piece, as others have at most */

int
hybrid_width(uint32_t most)
{
	return most == 0 ? 0 : 32 - __builtin_clz(most);
}

static void
put_run(struct buf *out, uint32_t v, size_t n, int width)
{
	varint_put(out, (uint32_t)n << 1);
	for (int bits = 0; bits < width; bits += 8, v >>= 8)
		buf_byte(out, (char)v);
}

/* n numbers, zeros behind them up to a whole group. */
static void
put_packed(struct buf *out, const uint32_t *v, size_t n, int width)
{
	size_t groups = (n + 7) / 8, bytes = groups * (size_t)width, i;
	uint64_t word = 0;
	int bits = 0;
	char *p;

	varint_put(out, (uint32_t)groups << 1 | 1);
	p = buf_need(out, bytes + 8);
	memset(p, 0, bytes);
	for (i = 0; i < n; i++) {
		word |= (uint64_t)v[i] << bits;
		bits += width;
		for (; bits >= 8; bits -= 8, word >>= 8)
			*p++ = (char)word;
	}
	if (bits > 0)
		*p = (char)word;
	out->n += bytes;
}

void
hybrid_encode(const uint32_t *v, size_t n, int width, struct buf *out)
{
	size_t i = 0, from = 0, run;

	while (i < n) {
		for (run = 1; i + run < n && run < UINT32_MAX >> 2 &&
			v[i + run] == v[i];)
			run++;
		/* A group that is not the last must be whole. */
		if (run >= RUN && (i - from) % 8 != 0) {
			size_t fill = 8 - (i - from) % 8;

			i += fill;
			run -= fill;
		}
		if (run >= RUN || i - from >= (size_t)8 * GROUPS) {
			if (i > from)
				put_packed(out, v + from, i - from, width);
			if (run >= RUN) {
				put_run(out, v[i], run, width);
				i += run;
			}
			from = i;
			continue;
		}
		i += run;
		if ((i - from) > (size_t)8 * GROUPS)
			i = from + (size_t)8 * GROUPS;
	}
	if (n > from)
		put_packed(out, v + from, n - from, width);
}

void
hybrid_init(struct hybrid *h, const void *p, size_t n, int width)
{
	*h = (struct hybrid){.p = p, .width = width};
	h->end = h->p + n;
}

/* The next run or packed piece. */
static bool
next_piece(struct hybrid *h)
{
	int shift = 0, bytes = (h->width + 7) / 8;
	uint64_t head = 0, left;
	unsigned char c;

	do {
		if (h->p == h->end || shift > 28)
			return false;
		c = *h->p++;
		head |= (uint64_t)(c & 0x7f) << shift;
		shift += 7;
	} while (c >= 0x80);
	left = (uint64_t)(h->end - h->p);
	if (head & 1) {
		uint64_t have = head >> 1;

		/* The last group may be cut where its numbers end. */
		if (h->width > 0 && have * (unsigned)h->width > left)
			h->packed = (size_t)(left * 8 / (unsigned)h->width);
		else
			h->packed = (size_t)have * 8;
		h->bit = 0;
		return h->packed > 0;
	}
	if ((uint64_t)bytes > left)
		return false;
	h->value = 0;
	for (int i = 0; i < bytes; i++)
		h->value |= (uint32_t)*h->p++ << 8 * i;
	h->run = (size_t)(head >> 1);
	return h->run > 0;
}

/* The last numbers, behind which there may not be a whole word. */
static void
unpack_end(const struct hybrid *h, uint32_t *v, size_t n, size_t bit)
{
	uint32_t mask = h->width == 32 ? UINT32_MAX
				       : ((uint32_t)1 << h->width) - 1;

	for (size_t i = 0; i < n; i++, bit += (size_t)h->width) {
		const unsigned char *q = h->p + bit / 8;
		uint64_t word = 0;

		memcpy(&word, q, h->end - q >= 8 ? 8 : (size_t)(h->end - q));
		v[i] = (uint32_t)(word >> (bit & 7)) & mask;
	}
}

/* Whole groups, which begin at a byte, of numbers of up to 8 bits: each group is
 * in one word.  How many numbers. */
static size_t
unpack_groups(const struct hybrid *h, uint32_t *v, size_t n)
{
	uint32_t mask = ((uint32_t)1 << h->width) - 1;
	size_t width = (size_t)h->width, i = 0;
	const unsigned char *p = h->p;
	uint64_t word;

	if (h->bit != 0 || width == 0 || width > 8)
		return 0;
	for (; i + 8 <= n && h->end - p >= 8; i += 8, p += width) {
		memcpy(&word, p, 8);
		for (size_t k = 0; k < 8; k++, word >>= width)
			v[i + k] = (uint32_t)word & mask;
	}
	return i;
}

/* Numbers with a word at the place of each; how many. */
static size_t
unpack_words(const struct hybrid *h, uint32_t *v, size_t n, size_t bit)
{
	uint32_t mask = h->width == 32 ? UINT32_MAX
				       : ((uint32_t)1 << h->width) - 1;
	size_t width = (size_t)h->width, i = 0, most, left;
	const unsigned char *p = h->p + bit / 8;
	uint64_t word;

	left = (size_t)(h->end - p);
	bit &= 7;
	if (left < 8)
		return 0;
	if (width == 0) {
		memset(v, 0, n * sizeof(*v));
		return n;
	}
	most = ((left - 8) * 8 + 7 - bit) / width + 1;
	n = n < most ? n : most;
	for (; i < n; i++, bit += width) {
		memcpy(&word, p + bit / 8, 8);
		v[i] = (uint32_t)(word >> (bit & 7)) & mask;
	}
	return n;
}

static void
unpack(struct hybrid *h, uint32_t *v, size_t n)
{
	size_t width = (size_t)h->width, done = unpack_groups(h, v, n), bit;

	bit = (size_t)h->bit + done * width;
	done += unpack_words(h, v + done, n - done, bit);
	bit = (size_t)h->bit + done * width;
	unpack_end(h, v + done, n - done, bit);
	bit += (n - done) * width;
	h->p += bit / 8;
	h->bit = (int)(bit & 7);
	h->packed -= n;
	if (h->packed == 0 && h->bit != 0) {
		h->p++;
		h->bit = 0;
	}
}

bool
hybrid_read(struct hybrid *h, uint32_t *v, size_t n)
{
	while (n > 0) {
		size_t k;

		if (h->run == 0 && h->packed == 0 && !next_piece(h))
			return false;
		if (h->run > 0) {
			k = h->run < n ? h->run : n;
			for (size_t i = 0; i < k; i++)
				v[i] = h->value;
			h->run -= k;
		} else {
			/* Up to a whole group first. */
			k = h->packed % 8 != 0 ? h->packed % 8 : h->packed;
			k = k < n ? k : n;
			unpack(h, v, k);
		}
		v += k;
		n -= k;
	}
	return true;
}

bool
hybrid_same(struct hybrid *h, uint32_t *v, size_t n)
{
	if (h->run == 0 && h->packed == 0 && !next_piece(h))
		return false;
	if (h->run < n || n == 0)
		return false;
	h->run -= n;
	*v = h->value;
	return true;
}
