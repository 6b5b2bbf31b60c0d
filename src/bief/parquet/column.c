/*
 * column: see column.h.
 */
#include "parquet/column.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "value/json.h"
#include "parquet/footer.h"
#include "parquet/node.h"
#include "parquet/thrift.h"

#define HEAD_FIRST ((size_t)4 << 10) /* bytes of a page's head, as a rule */
#define HEAD_MOST ((size_t)4 << 20)
#define PAGE_MOST ((int64_t)1 << 30)
#define DICTIONARY_MOST ((int64_t)1 << 24) /* words */

enum { PAGE_DATA = 0, PAGE_INDEX = 1, PAGE_DICTIONARY = 2, PAGE_DATA_2 = 3 };
struct head {
	int64_t type, raw, packed, values, encoding, def, rep;
	int64_t def_bytes, rep_bytes;
	bool is_packed;
	size_t bytes;
};

void
column_init(struct column *c, const struct node *leaf, int fd,
	struct codec_unpacker *unpacker)
{
	memset(c, 0, sizeof(*c));
	c->unpacker = unpacker;
	c->leaf = leaf;
	c->fd = fd;
	plain_init(&c->values);
	plain_init(&c->word_values);
}

void
column_release(struct column *c)
{
	buf_release(&c->head);
	buf_release(&c->packed);
	buf_release(&c->page);
	buf_release(&c->recoded);
	buf_release(&c->word_page);
	free(c->words);
	plain_release(&c->values);
	plain_release(&c->word_values);
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
	plain_forget(&c->word_values);
}

static int
damaged(const struct column *c, struct err *err, const char *what)
{
	return err_as(err, STATUS_DAMAGED, "column '%s' is damaged: %s",
		c->leaf->name, what);
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
	buf_need(&c->page, (size_t)h->raw + JSON_PADDING);
	buf_add(&c->page, c->packed.p, (size_t)levels);
	if (codec_unpack(c->unpacker, h->is_packed ? c->codec : CODEC_NONE,
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
	struct buf page = c->page;

	if (h->encoding != ENCODING_PLAIN &&
		h->encoding != ENCODING_PLAIN_DICTIONARY)
		return encoding_unknown(c, h->encoding, err);
	if (h->values < 0 || h->values > DICTIONARY_MOST ||
		(h->values > h->raw && c->leaf->physical != PHYSICAL_BOOLEAN))
		return damaged(c, err, "its dictionary");
	/* Texts stay in their page. */
	c->page = c->word_page;
	c->word_page = page;
	free(c->words);
	c->words = mem_alloc(((size_t)h->values + 1) * sizeof(*c->words));
	c->nwords = 0;
	plain_forget(&c->word_values);
	plain_begin(&c->word_values, page.p, page.n);
	if (plain_read(&c->word_values, c->leaf, c->words, 1, (size_t)h->values,
		    err) < 0)
		return -1;
	c->nwords = (size_t)h->values;
	return 0;
}

/* Levels of the first kind of page: their length stands in front. */
static int
take_levels(struct column *c, struct hybrid *h, int most, int64_t encoding,
	const char **at, struct err *err)
{
	size_t left = (size_t)(c->page.p + c->page.n - *at);
	uint32_t n = 0;

	if (most == 0)
		return 0;
	if (encoding != ENCODING_RLE)
		return encoding_unknown(c, encoding, err);
	if (left < 4)
		return damaged(c, err, "its levels");
	memcpy(&n, *at, 4);
	if (n > left - 4)
		return damaged(c, err, "its levels");
	hybrid_init(h, *at + 4, n, hybrid_width((uint32_t)most));
	*at += 4 + (size_t)n;
	return 0;
}

/* Bytes of the second kind: their lengths stand in the head. */
static void
take_bare_levels(struct column *c, const struct head *h, const char **at)
{
	hybrid_init(&c->rep, *at, (size_t)h->rep_bytes,
		hybrid_width((uint32_t)c->leaf->most));
	*at += h->rep_bytes;
	hybrid_init(&c->def, *at, (size_t)h->def_bytes,
		hybrid_width((uint32_t)c->leaf->def));
	*at += h->def_bytes;
}

static int
take_indices(struct column *c, const char *p, size_t n, struct err *err)
{
	if (n == 0) { /* nulls alone */
		hybrid_init(&c->index, p, 0, 0);
		return 0;
	}
	if ((unsigned char)*p > 32)
		return damaged(c, err, "its places in the dictionary");
	hybrid_init(&c->index, p + 1, n - 1, *p);
	return 0;
}

static int
take_recoded(struct column *c, const char *p, size_t n, struct err *err)
{
	enum recode rc;

	buf_clear(&c->recoded);
	rc = recode_plain(c->encoding, c->leaf, p, n, &c->recoded);
	if (rc == RECODE_UNKNOWN)
		return encoding_unknown(c, (int64_t)c->encoding, err);
	if (rc != RECODE_OK)
		return damaged(c, err,
			rc == RECODE_LONG ? "a page has too many values"
					  : "its values");
	buf_need(&c->recoded, JSON_PADDING);
	plain_begin(&c->values, c->recoded.p, c->recoded.n);
	c->encoding = ENCODING_PLAIN;
	return 0;
}

static int
take_values(struct column *c, const char *p, int64_t encoding, struct err *err)
{
	size_t n = (size_t)(c->page.p + c->page.n - p);

	if (encoding < 0 || encoding > ENCODING_BYTE_STREAM_SPLIT)
		return encoding_unknown(c, encoding, err);
	c->encoding = (enum encoding)encoding;
	switch (c->encoding) {
	case ENCODING_PLAIN:
		plain_begin(&c->values, p, n);
		return 0;
	case ENCODING_PLAIN_DICTIONARY:
	case ENCODING_DICTIONARY:
		c->encoding = ENCODING_DICTIONARY;
		return take_indices(c, p, n, err);
	case ENCODING_RLE:
		if (c->leaf->physical != PHYSICAL_BOOLEAN || n < 4)
			return encoding_unknown(c, encoding, err);
		hybrid_init(&c->index, p + 4, n - 4, 1);
		return 0;
	default:
		return take_recoded(c, p, n, err);
	}
}

static int
take_data(struct column *c, const struct head *h, struct err *err)
{
	const char *at = c->page.p;

	if (h->values < 0 || (uint64_t)h->values > c->left)
		return damaged(c, err, "its pages have too many values");
	c->page_left = (uint64_t)h->values;
	c->left -= c->page_left;
	if (h->type == PAGE_DATA_2)
		take_bare_levels(c, h, &at);
	else if (take_levels(c, &c->rep, c->leaf->most, h->rep, &at, err) < 0 ||
		take_levels(c, &c->def, c->leaf->def, h->def, &at, err) < 0)
		return -1;
	return take_values(c, at, h->encoding, err);
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
fill_levels(struct column *c, struct hybrid *h, int most, uint32_t *v, size_t n,
	struct err *err)
{
	uint32_t greatest = 0;

	if (most == 0) {
		memset(v, 0, n * sizeof(*v));
		return 0;
	}
	if (!hybrid_read(h, v, n))
		return damaged(c, err, "its levels");
	for (size_t i = 0; i < n; i++)
		greatest = v[i] > greatest ? v[i] : greatest;
	return greatest > (uint32_t)most ? damaged(c, err, "its levels") : 0;
}

static int
read_words(struct column *c, struct value *to, size_t stride, size_t n,
	struct err *err)
{
	const uint32_t *at = c->index_at;

	if (!hybrid_read(&c->index, c->index_at, n))
		return damaged(c, err, "its places in the dictionary");
	if (c->encoding == ENCODING_RLE) {
		for (size_t i = 0; i < n; i++)
			to[i * stride] = value_bool(at[i] != 0);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (at[i] >= c->nwords)
			return damaged(c, err, "it is beyond its dictionary");
		to[i * stride] = c->words[at[i]];
	}
	return 0;
}

/* Values that are there stand one behind the other: nulls go between them. */
static void
spread(const struct column *c, struct value *to, size_t stride, size_t n,
	size_t present)
{
	uint32_t most = (uint32_t)c->leaf->def;

	while (present < n) {
		n--;
		to[n * stride] = c->defs[n] == most ? to[--present * stride]
						    : value_null();
	}
}

/* n values, present of which are there, as c->defs tells. */
static int
read_values(struct column *c, struct value *to, size_t stride, size_t n,
	size_t present, struct err *err)
{
	int rc = c->encoding == ENCODING_PLAIN
		? plain_read(&c->values, c->leaf, to, stride, present, err)
		: read_words(c, to, stride, present, err);

	if (rc == 0)
		spread(c, to, stride, n, present);
	return rc;
}

static size_t
count_present(const struct column *c, size_t n)
{
	uint32_t most = (uint32_t)c->leaf->def;
	size_t present = 0;

	for (size_t i = 0; i < n; i++)
		present += c->defs[i] == most;
	return present;
}

int
column_ready(struct column *c, struct err *err)
{
	if (c->left == 0 && c->page_left == 0)
		return 0;
	if (c->page_left == 0 && next_page(c, err) < 0)
		return -1;
	return c->page_left < COLUMN_BLOCK ? (int)c->page_left : COLUMN_BLOCK;
}

int
column_fill(struct column *c, struct err *err)
{
	int n = column_ready(c, err);

	c->i = c->n = 0;
	if (n <= 0)
		return n;
	plain_forget(&c->values);
	c->n = (size_t)n;
	c->page_left -= c->n;
	if (fill_levels(c, &c->rep, c->leaf->most, c->reps, c->n, err) < 0 ||
		fill_levels(c, &c->def, c->leaf->def, c->defs, c->n, err) < 0)
		return -1;
	return read_values(c, c->v, 1, c->n, count_present(c, c->n), err) < 0
		? -1
		: 1;
}

int
column_rows(struct column *c, struct value *to, size_t stride, size_t n,
	struct err *err)
{
	uint32_t def = 0, most = (uint32_t)c->leaf->def;
	size_t present = n, i;

	plain_forget(&c->values);
	c->page_left -= n;
	if (most > 0 && !hybrid_same(&c->def, &def, n)) {
		if (fill_levels(c, &c->def, (int)most, c->defs, n, err) < 0)
			return -1;
		present = count_present(c, n);
	} else if (def > most) {
		return damaged(c, err, "its levels");
	} else if (def < most) {
		for (i = 0; i < n; i++)
			to[i * stride] = value_null();
		return 0;
	}
	return read_values(c, to, stride, n, present, err);
}
