/*
 * recode: see recode.h.
 *
 * Differences (DELTA_BINARY_PACKED): how many values a block has, into how many
 * small blocks it is divided, how many values there are, the first one; then for
 * each block the least difference and the widths of its small blocks, and these:
 * what differences are above the least one, packed bit by bit.  Lengths are such
 * numbers in front of all bytes (DELTA_LENGTH_BYTE_ARRAY), and so is how much of
 * the text before each text begins with (DELTA_BYTE_ARRAY).
 */
#include "parquet/recode.h"

#include <string.h>

#include "floor/buf.h"
#include "parquet/node.h"
#include "parquet/varint.h"

/* Bytes of plain values of a page: a few bytes may stand for very many. */
#define MOST(n) (((size_t)64 << 20) + 4 * (n))

struct source {
	const unsigned char *p, *end;
	size_t most; /* that may come of it */
};

static bool
get_varint(struct source *s, uint64_t *v)
{
	return varint_get(&s->p, s->end, v);
}

/* Signs are in the lowest bit. */
static bool
get_zigzag(struct source *s, uint64_t *v)
{
	if (!get_varint(s, v))
		return false;
	*v = *v >> 1 ^ (0 - (*v & 1));
	return true;
}

/* One number of a width of up to 64 bits. */
static uint64_t
bits_at(const struct source *s, size_t bit, unsigned width)
{
	const unsigned char *p = s->p + bit / 8;
	size_t left = (size_t)(s->end - p);
	unsigned __int128 word = 0;

	memcpy(&word, p, left < 9 ? left : 9);
	word >>= bit & 7;
	return width == 64 ? (uint64_t)word
			   : (uint64_t)word & (((uint64_t)1 << width) - 1);
}

struct differences {
	struct source *s;
	uint64_t block, small, left, value;
	struct buf *out;
	size_t width; /* bytes of a value */
};

static void
put_value(struct differences *d)
{
	buf_add(d->out, &d->value, d->width); /* the lowest bytes */
	d->left--;
}

static enum recode
get_small(struct differences *d, uint64_t least, unsigned width)
{
	size_t bytes = (size_t)(d->small * width / 8), i;

	if (width > 64)
		return RECODE_DAMAGED;
	/* The last one may be cut where its values end. */
	if (bytes > (size_t)(d->s->end - d->s->p)) {
		if ((d->left * width + 7) / 8 > (size_t)(d->s->end - d->s->p))
			return RECODE_DAMAGED;
		bytes = (size_t)(d->s->end - d->s->p);
	}
	for (i = 0; i < d->small && d->left > 0; i++) {
		d->value += least;
		if (width > 0)
			d->value += bits_at(d->s, i * width, width);
		put_value(d);
	}
	d->s->p += bytes;
	return RECODE_OK;
}

static enum recode
get_block(struct differences *d)
{
	size_t smalls = (size_t)(d->block / d->small), i;
	const unsigned char *widths;
	uint64_t least;

	if (!get_zigzag(d->s, &least) || (size_t)(d->s->end - d->s->p) < smalls)
		return RECODE_DAMAGED;
	widths = d->s->p;
	d->s->p += smalls;
	for (i = 0; i < smalls && d->left > 0; i++) {
		enum recode rc = get_small(d, least, widths[i]);

		if (rc != RECODE_OK)
			return rc;
	}
	return RECODE_OK;
}

/* Append numbers of so many bytes. */
static enum recode
get_numbers(struct source *s, size_t width, struct buf *out)
{
	struct differences d = {.s = s, .out = out, .width = width};
	uint64_t smalls;
	enum recode rc = RECODE_OK;

	if (!get_varint(s, &d.block) || !get_varint(s, &smalls) ||
		!get_varint(s, &d.left) || !get_zigzag(s, &d.value))
		return RECODE_DAMAGED;
	if (smalls == 0 || d.block % smalls != 0 || d.block == 0)
		return RECODE_DAMAGED;
	d.small = d.block / smalls;
	if (d.small % 8 != 0 || d.small > s->most)
		return RECODE_DAMAGED;
	if (d.left > s->most / width)
		return RECODE_LONG;
	if (d.left == 0)
		return RECODE_OK;
	buf_need(out, d.left * width);
	put_value(&d);
	while (rc == RECODE_OK && d.left > 0)
		rc = get_block(&d);
	return rc;
}

static uint32_t
number_at(const struct buf *b, size_t i)
{
	uint32_t v;

	memcpy(&v, b->p + 4 * i, 4);
	return v;
}

static void
put_length(const struct node *leaf, uint32_t n, struct buf *out)
{
	if (leaf->physical == PHYSICAL_BYTES)
		buf_add(out, &n, 4);
}

/* Texts, of which those with a prefix begin with bytes of the one before. */
static enum recode
put_texts(const struct node *leaf, struct source *s, const struct buf *prefix,
	const struct buf *length, struct buf *out)
{
	size_t n = length->n / 4, i, at = 0, last = 0;

	for (i = 0; i < n; i++, last = out->n - at) {
		uint32_t same = prefix != NULL ? number_at(prefix, i) : 0;
		uint32_t own = number_at(length, i);
		size_t whole = (size_t)same + own;

		if (same > last || own > (size_t)(s->end - s->p) ||
			(leaf->physical != PHYSICAL_BYTES &&
				whole != (size_t)leaf->width))
			return RECODE_DAMAGED;
		if (out->n + whole + 4 > s->most)
			return RECODE_LONG;
		buf_need(out, whole + 4);
		put_length(leaf, (uint32_t)whole, out);
		if (same > 0)
			memcpy(out->p + out->n, out->p + at, same);
		at = out->n;
		out->n += same;
		buf_add(out, s->p, own);
		s->p += own;
	}
	return RECODE_OK;
}

static enum recode
get_texts(const struct node *leaf, struct source *s, bool prefixes,
	struct buf *out)
{
	struct buf prefix, length;
	enum recode rc = RECODE_OK;

	buf_init(&prefix);
	buf_init(&length);
	if (prefixes)
		rc = get_numbers(s, 4, &prefix);
	if (rc == RECODE_OK)
		rc = get_numbers(s, 4, &length);
	if (rc == RECODE_OK && prefixes && prefix.n != length.n)
		rc = RECODE_DAMAGED;
	if (rc == RECODE_OK)
		rc = put_texts(
			leaf, s, prefixes ? &prefix : NULL, &length, out);
	buf_release(&prefix);
	buf_release(&length);
	return rc;
}

/* The first bytes of all values, then the second ones ... */
static enum recode
join_streams(const struct node *leaf, const char *p, size_t n, struct buf *out)
{
	size_t width = (size_t)leaf->width, count = n / width;
	char *to;

	if (n % width != 0)
		return RECODE_DAMAGED;
	to = buf_need(out, n + 1);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < width; k++)
			*to++ = p[k * count + i];
	out->n += n;
	return RECODE_OK;
}

enum recode
recode_plain(enum encoding encoding, const struct node *leaf, const char *p,
	size_t n, struct buf *out)
{
	struct source s = {(const unsigned char *)p,
		(const unsigned char *)p + n, MOST(n)};
	bool bytes = leaf->physical == PHYSICAL_BYTES;

	if (n == 0) /* nulls alone */
		return RECODE_OK;
	switch (encoding) {
	case ENCODING_DELTA_BINARY_PACKED:
		if (leaf->physical != PHYSICAL_INT32 &&
			leaf->physical != PHYSICAL_INT64)
			return RECODE_UNKNOWN;
		return get_numbers(&s, (size_t)leaf->width, out);
	case ENCODING_DELTA_LENGTH_BYTE_ARRAY:
		return bytes ? get_texts(leaf, &s, false, out) : RECODE_UNKNOWN;
	case ENCODING_DELTA_BYTE_ARRAY:
		return bytes || leaf->physical == PHYSICAL_FIXED
			? get_texts(leaf, &s, true, out)
			: RECODE_UNKNOWN;
	case ENCODING_BYTE_STREAM_SPLIT:
		if (bytes || leaf->physical == PHYSICAL_BOOLEAN)
			return RECODE_UNKNOWN;
		return join_streams(leaf, p, n, out);
	default:
		return RECODE_UNKNOWN;
	}
}
