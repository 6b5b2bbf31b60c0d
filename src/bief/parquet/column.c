/*
 * column: see column.h.
 */
#include "parquet/column.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "text/base64.h"
#include "text/number.h"
#include "text/numeric.h"
#include "time/time.h"
#include "value/json.h"
#include "types/type.h"
#include "parquet/footer.h"
#include "parquet/node.h"
#include "parquet/thrift.h"

#define HEAD_FIRST ((size_t)4 << 10) /* bytes of a page's head, as a rule */
#define HEAD_MOST ((size_t)4 << 20)
#define PAGE_MOST ((int64_t)1 << 30)
#define DICTIONARY_MOST ((int64_t)1 << 24) /* words */

enum { PAGE_DATA = 0, PAGE_INDEX = 1, PAGE_DICTIONARY = 2, PAGE_DATA_2 = 3 };
enum {
	ENCODING_PLAIN = 0,
	ENCODING_PLAIN_DICTIONARY = 2,
	ENCODING_RLE = 3,
	ENCODING_BIT_PACKED = 4,
	ENCODING_DICTIONARY = 8
};

struct head {
	int64_t type, raw, packed, values, encoding, def, rep;
	int64_t def_bytes, rep_bytes;
	bool is_packed;
	size_t bytes;
};

void
column_init(struct column *c, const struct node *leaf, int fd)
{
	memset(c, 0, sizeof(*c));
	c->leaf = leaf;
	c->fd = fd;
	arena_init(&c->word_text);
	arena_init(&c->text);
}

void
column_release(struct column *c)
{
	buf_release(&c->head);
	buf_release(&c->packed);
	buf_release(&c->page);
	buf_release(&c->spell);
	free(c->words);
	arena_release(&c->word_text);
	arena_release(&c->text);
}

void
column_begin(struct column *c, const struct footer_chunk *chunk)
{
	c->codec = chunk->codec;
	c->at = chunk->begin;
	c->end = chunk->end;
	c->left = chunk->values;
	c->page_left = 0;
	c->nwords = 0;
	c->i = c->n = 0;
	arena_clear(&c->word_text);
}

static int
damaged(const struct column *c, struct err *err, const char *what)
{
	return err_as(err, STATUS_DAMAGED, "column '%s' is damaged: %s",
		c->leaf->name, what);
}

/* ---- values ---- */

static bool
clean(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned char x = (unsigned char)s[i];

		if (x < 0x20 || x == '"' || x == '\\' || x >= 0x7f)
			return false;
	}
	return true;
}

/* Text as it stands between the quotes in JSON. */
static struct value
text_value(struct column *c, struct arena *a, const char *s, size_t n)
{
	if (clean(s, n))
		return value_json_string(arena_text(a, s, n), n, false);
	buf_clear(&c->spell);
	json_quote_any(&c->spell, s, n);
	n = c->spell.n - 2;
	return value_json_string(arena_text(a, c->spell.p + 1, n), n,
		memchr(c->spell.p, '\\', c->spell.n) != NULL);
}

static struct value
decimal_value(struct arena *a, numeric v, int scale)
{
	char s[NUMERIC_MAX];
	size_t n = numeric_print(v, scale, s);

	return (struct value){.s = arena_text(a, s, n),
		.n = (uint32_t)n,
		.type = VALUE_NUMBER};
}

static numeric
big_endian(const char *p, size_t width)
{
	unsigned __int128 v = width > 0 && *p < 0 ? ~(unsigned __int128)0 : 0;

	for (size_t i = 0; i < width; i++)
		v = v << 8 | (unsigned char)p[i];
	return (numeric)v;
}

static struct value
bytes_value(struct column *c, struct arena *a, const char *p, size_t n)
{
	switch (c->leaf->type->kind) {
	case TYPE_DECIMAL:
		return decimal_value(a, big_endian(p, n < 16 ? n : 16),
			c->leaf->type->scale);
	case TYPE_BINARY:
		buf_clear(&c->spell);
		base64_encode(p, n, &c->spell);
		return value_json_string(arena_text(a, c->spell.p, c->spell.n),
			c->spell.n, false);
	default:
		return text_value(c, a, p, n);
	}
}

/* The shortest text that is the same float. */
static struct value
float_value(struct arena *a, float f)
{
	char s[NUMBER_MAX], back[32];
	int digits = 6;
	size_t n;

	if (!isfinite(f))
		return value_double(f);
	do
		snprintf(back, sizeof(back), "%.*g", digits, (double)f);
	while (strtof(back, NULL) != f && ++digits <= 9);
	n = number_print_double(strtod(back, NULL), s);
	return (struct value){
		.s = arena_text(a, s, n), .n = (uint32_t)n, .type = VALUE_REAL};
}

static struct value
long_value(struct column *c, struct arena *a, int64_t v)
{
	const struct node *k = c->leaf;

	switch (k->type->kind) {
	case TYPE_TIMESTAMP:
		if (k->per_us > 1)
			v = time_floor_div(v, k->per_us);
		else if (__builtin_mul_overflow(v, k->us_unit, &v))
			return value_null();
		return value_time(v);
	case TYPE_DECIMAL:
		return decimal_value(a,
			k->is_unsigned ? (numeric)(uint64_t)v : v,
			k->type->scale);
	default:
		return value_int(v);
	}
}

static struct value
int_value(struct column *c, struct arena *a, int32_t v)
{
	switch (c->leaf->type->kind) {
	case TYPE_DATE:
		return (struct value){.i = v, .type = VALUE_DATE};
	case TYPE_DECIMAL:
		return decimal_value(a, v, c->leaf->type->scale);
	default:
		return value_int(
			c->leaf->is_unsigned ? (int64_t)(uint32_t)v : v);
	}
}

/* Nanoseconds of a day, and the day as astronomers count them. */
static struct value
int96_value(const char *p)
{
	int64_t ns, us;
	int32_t day;

	memcpy(&ns, p, 8);
	memcpy(&day, p + 8, 4);
	if (__builtin_mul_overflow(
		    (int64_t)day - 2440588, 86400 * TIME_SECOND, &us) ||
		__builtin_add_overflow(us, time_floor_div(ns, 1000), &us))
		return value_null();
	return value_time(us);
}

static struct value
fixed_value(struct column *c, struct arena *a, const char *p)
{
	int64_t l;
	int32_t i;
	double d;
	float f;

	switch (c->leaf->physical) {
	case PHYSICAL_INT32:
		memcpy(&i, p, 4);
		return int_value(c, a, i);
	case PHYSICAL_INT64:
		memcpy(&l, p, 8);
		return long_value(c, a, l);
	case PHYSICAL_INT96:
		return int96_value(p);
	case PHYSICAL_FLOAT:
		memcpy(&f, p, 4);
		return float_value(a, f);
	case PHYSICAL_DOUBLE:
		memcpy(&d, p, 8);
		return value_double(d);
	default:
		return bytes_value(c, a, p, (size_t)c->leaf->width);
	}
}

/* The next value of those that stand one behind the other. */
static int
plain_value(struct column *c, struct arena *a, struct value *v, struct err *err)
{
	size_t left = (size_t)(c->pend - c->p), width = (size_t)c->leaf->width;
	uint32_t n;

	if (c->leaf->physical == PHYSICAL_BOOLEAN) {
		if (left == 0)
			return damaged(c, err, "it has too few values");
		*v = value_bool(*c->p >> c->bit & 1);
		c->bit = (c->bit + 1) & 7;
		c->p += c->bit == 0;
		return 0;
	}
	if (c->leaf->physical == PHYSICAL_BYTES) {
		if (left < 4)
			return damaged(c, err, "it has too few values");
		memcpy(&n, c->p, 4);
		if (n > left - 4)
			return damaged(
				c, err, "a text is longer than its page");
		*v = bytes_value(c, a, c->p + 4, n);
		c->p += 4 + (size_t)n;
		return 0;
	}
	if (left < width)
		return damaged(c, err, "it has too few values");
	*v = fixed_value(c, a, c->p);
	c->p += width;
	return 0;
}

/* ---- pages ---- */

static void
read_page_kind(struct thrift_in *t, struct head *h, bool second)
{
	enum thrift_type type;
	int id = 0;

	while (thrift_next(t, &id, &type)) {
		int64_t v;

		if (second && id == 7) {
			h->is_packed = type == THRIFT_TRUE;
			continue;
		}
		if (type != THRIFT_I32) {
			thrift_skip(t, type);
			continue;
		}
		v = thrift_get_int(t);
		if (id == 1)
			h->values = v;
		else if (id == (second ? 4 : 2))
			h->encoding = v;
		else if (second && id == 5)
			h->def_bytes = v;
		else if (second && id == 6)
			h->rep_bytes = v;
		else if (!second && id == 3)
			h->def = v;
		else if (!second && id == 4)
			h->rep = v;
	}
}

static bool
parse_head(struct head *h, const struct buf *from)
{
	struct thrift_in t = {(const unsigned char *)from->p,
		(const unsigned char *)from->p + from->n};
	enum thrift_type type;
	int id = 0;

	*h = (struct head){.type = -1,
		.values = -1,
		.encoding = -1,
		.def = ENCODING_RLE,
		.rep = ENCODING_RLE,
		.is_packed = true};
	while (thrift_next(&t, &id, &type))
		if (id <= 3 && type == THRIFT_I32)
			*(id == 1 ? &h->type
					: id == 2
					? &h->raw
					: &h->packed) = thrift_get_int(&t);
		else if ((id == 5 || id == 7 || id == 8) &&
			type == THRIFT_STRUCT)
			read_page_kind(&t, h, id == 8);
		else
			thrift_skip(&t, type);
	h->bytes = (size_t)(t.p - (const unsigned char *)from->p);
	return !t.bad;
}

static int
read_at(struct column *c, size_t n, struct buf *out, struct err *err)
{
	size_t got = 0;
	char *p;

	buf_clear(out);
	p = buf_need(out, n + JSON_PADDING);
	while (got < n) {
		ssize_t k = pread(
			c->fd, p + got, n - got, c->at + (int64_t)got);

		if (k < 0)
			return err_sys(err, "cannot read it");
		if (k == 0)
			return err_as(err, STATUS_DAMAGED, "it is cut");
		got += (size_t)k;
	}
	out->n = n;
	return 0;
}

static int
read_head(struct column *c, struct head *h, struct err *err)
{
	size_t n;

	for (n = HEAD_FIRST;; n *= 8) {
		int64_t left = c->end - c->at;
		size_t ask = left < (int64_t)n ? (size_t)left : n;

		if (c->at < 4 || left <= 0)
			return damaged(
				c, err, "it has fewer pages than values");
		if (read_at(c, ask, &c->head, err) < 0)
			return -1;
		if (parse_head(h, &c->head))
			break;
		if (ask < n || n >= HEAD_MOST)
			return damaged(c, err, "the head of a page");
	}
	if (h->raw < 0 || h->raw > PAGE_MOST || h->packed < 0 ||
		h->packed > c->end - c->at - (int64_t)h->bytes)
		return damaged(c, err, "a page is longer than it can be");
	c->at += (int64_t)h->bytes;
	return 0;
}

/* The page's bytes as they were, in c->page; levels of the second kind of page
 * are never packed. */
static int
read_page(struct column *c, const struct head *h, struct err *err)
{
	int64_t levels = h->type == PAGE_DATA_2 ? h->def_bytes + h->rep_bytes
						: 0;

	if (h->def_bytes < 0 || h->rep_bytes < 0 || levels > h->packed ||
		levels > h->raw)
		return damaged(c, err, "a page is shorter than its levels");
	if (read_at(c, (size_t)h->packed, &c->packed, err) < 0)
		return -1;
	c->at += h->packed;
	buf_clear(&c->page);
	buf_add(&c->page, c->packed.p, (size_t)levels);
	if (codec_unpack(h->is_packed ? c->codec : CODEC_NONE,
		    c->packed.p + levels, (size_t)(h->packed - levels),
		    (size_t)(h->raw - levels), &c->page, err) < 0)
		return err_in(err, "column '%s'", c->leaf->name);
	return 0;
}

static int
encoding_unknown(const struct column *c, int64_t encoding, struct err *err)
{
	static const char *const names[] = {"plain", NULL, NULL, "rle",
		"bit_packed", "delta_binary_packed", "delta_length_byte_array",
		"delta_byte_array", NULL, "byte_stream_split"};
	const char *name = encoding >= 0 && encoding < 10 ? names[encoding]
							  : NULL;

	return err_set(err,
		"column '%s' has the encoding %s (%lld), which is not read: "
		"write it plain or with a dictionary",
		c->leaf->name, name != NULL ? name : "unknown",
		(long long)encoding);
}

static int
take_dictionary(struct column *c, const struct head *h, struct err *err)
{
	if (h->encoding != ENCODING_PLAIN &&
		h->encoding != ENCODING_PLAIN_DICTIONARY)
		return encoding_unknown(c, h->encoding, err);
	if (h->values < 0 || h->values > DICTIONARY_MOST ||
		(h->values > h->raw && c->leaf->physical != PHYSICAL_BOOLEAN))
		return damaged(c, err, "its dictionary");
	free(c->words);
	c->words = mem_alloc(((size_t)h->values + 1) * sizeof(*c->words));
	arena_clear(&c->word_text);
	c->p = c->page.p;
	c->pend = c->page.p + c->page.n;
	c->bit = 0;
	for (c->nwords = 0; c->nwords < (size_t)h->values; c->nwords++)
		if (plain_value(c, &c->word_text, &c->words[c->nwords], err) <
			0)
			return -1;
	return 0;
}

/* Levels of the first kind of page: their length stands in front. */
static int
take_levels(struct column *c, struct hybrid *h, int most, int64_t encoding,
	struct err *err)
{
	uint32_t n = 0;

	if (most == 0)
		return 0;
	if (encoding != ENCODING_RLE)
		return encoding_unknown(c, encoding, err);
	if (c->pend - c->p < 4)
		return damaged(c, err, "its levels");
	memcpy(&n, c->p, 4);
	c->p += 4;
	if (n > (size_t)(c->pend - c->p))
		return damaged(c, err, "its levels");
	hybrid_init(h, c->p, n, hybrid_width((uint32_t)most));
	c->p += n;
	return 0;
}

static int
take_values(struct column *c, const struct head *h, struct err *err)
{
	c->bit = 0;
	c->encoding = (int)h->encoding;
	switch (h->encoding) {
	case ENCODING_PLAIN:
		return 0;
	case ENCODING_PLAIN_DICTIONARY:
	case ENCODING_DICTIONARY:
		c->encoding = ENCODING_DICTIONARY;
		if (c->p == c->pend) { /* nulls alone */
			hybrid_init(&c->index, c->p, 0, 0);
			return 0;
		}
		if ((unsigned char)*c->p > 32)
			return damaged(c, err, "its places in the dictionary");
		hybrid_init(&c->index, c->p + 1, (size_t)(c->pend - c->p - 1),
			*c->p);
		return 0;
	case ENCODING_RLE:
		if (c->leaf->physical != PHYSICAL_BOOLEAN || c->pend - c->p < 4)
			break;
		hybrid_init(
			&c->index, c->p + 4, (size_t)(c->pend - c->p - 4), 1);
		return 0;
	}
	return encoding_unknown(c, h->encoding, err);
}

static int
take_data(struct column *c, const struct head *h, struct err *err)
{
	if (h->values < 0 || (uint64_t)h->values > c->left)
		return damaged(c, err, "its pages have too many values");
	c->p = c->page.p;
	c->pend = c->page.p + c->page.n;
	c->page_left = (uint64_t)h->values;
	c->left -= c->page_left;
	if (h->type == PAGE_DATA_2) {
		hybrid_init(&c->rep, c->p, (size_t)h->rep_bytes,
			hybrid_width((uint32_t)c->leaf->most));
		c->p += h->rep_bytes;
		hybrid_init(&c->def, c->p, (size_t)h->def_bytes,
			hybrid_width((uint32_t)c->leaf->def));
		c->p += h->def_bytes;
	} else if (take_levels(c, &c->rep, c->leaf->most, h->rep, err) < 0 ||
		take_levels(c, &c->def, c->leaf->def, h->def, err) < 0) {
		return -1;
	}
	return take_values(c, h, err);
}

static int
next_page(struct column *c, struct err *err)
{
	struct head h;

	while (c->page_left == 0) {
		if (read_head(c, &h, err) < 0 || read_page(c, &h, err) < 0)
			return -1;
		if (h.type == PAGE_DICTIONARY) {
			if (take_dictionary(c, &h, err) < 0)
				return -1;
		} else if (h.type == PAGE_DATA || h.type == PAGE_DATA_2) {
			if (take_data(c, &h, err) < 0)
				return -1;
		}
	}
	return 0;
}

/* ---- blocks ---- */

static int
fill_levels(struct column *c, struct hybrid *h, int most, uint32_t *v,
	struct err *err)
{
	if (most == 0) {
		memset(v, 0, c->n * sizeof(*v));
		return 0;
	}
	if (!hybrid_read(h, v, c->n))
		return damaged(c, err, "its levels");
	for (size_t i = 0; i < c->n; i++)
		if (v[i] > (uint32_t)most)
			return damaged(c, err, "its levels");
	return 0;
}

static int
fill_words(struct column *c, size_t present, struct err *err)
{
	uint32_t most = (uint32_t)c->leaf->def;
	size_t i, k = 0;

	if (!hybrid_read(&c->index, c->tmp, present))
		return damaged(c, err, "its places in the dictionary");
	for (i = 0; i < c->n; i++) {
		if (c->defs[i] < most) {
			c->v[i] = value_null();
			continue;
		}
		if (c->encoding == ENCODING_RLE)
			c->v[i] = value_bool(c->tmp[k] != 0);
		else if (c->tmp[k] < c->nwords)
			c->v[i] = c->words[c->tmp[k]];
		else
			return damaged(c, err, "it is beyond its dictionary");
		k++;
	}
	return 0;
}

int
column_fill(struct column *c, struct err *err)
{
	uint32_t most = (uint32_t)c->leaf->def;
	size_t i, present = 0;

	c->i = c->n = 0;
	if (c->left == 0 && c->page_left == 0)
		return 0;
	if (c->page_left == 0 && next_page(c, err) < 0)
		return -1;
	arena_clear(&c->text);
	c->n = c->page_left < COLUMN_BLOCK ? (size_t)c->page_left
					   : COLUMN_BLOCK;
	c->page_left -= c->n;
	if (fill_levels(c, &c->rep, c->leaf->most, c->reps, err) < 0 ||
		fill_levels(c, &c->def, c->leaf->def, c->defs, err) < 0)
		return -1;
	for (i = 0; i < c->n; i++)
		present += c->defs[i] == most;
	if (c->encoding != ENCODING_PLAIN)
		return fill_words(c, present, err) < 0 ? -1 : 1;
	for (i = 0; i < c->n; i++)
		if (c->defs[i] < most)
			c->v[i] = value_null();
		else if (plain_value(c, &c->text, &c->v[i], err) < 0)
			return -1;
	return 1;
}
