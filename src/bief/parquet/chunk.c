/*
 * chunk: see chunk.h.  Pages are of the first version of the format, which all
 * readers have.
 */
#include "parquet/chunk.h"

#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/hash.h"
#include "floor/mem.h"
#include "parquet/codec.h"
#include "parquet/hybrid.h"
#include "parquet/node.h"
#include "parquet/thrift.h"

#define PAGE ((size_t)1 << 20)        /* bytes that are worth a page */
#define PAGE_LEVELS ((size_t)1 << 18) /* or so many values */
#define WORDS_MOST ((size_t)1 << 20)  /* bytes of a dictionary */
#define TRIAL 4096 /* values after which half of them must be known ones */

enum { ENCODING_PLAIN = 0, ENCODING_RLE = 3, ENCODING_DICTIONARY = 8 };
enum { PAGE_DATA = 0, PAGE_DICTIONARY = 2 };

static void
begin_dictionary(struct chunk *c)
{
	c->dictionary = c->leaf->physical == PHYSICAL_BYTES;
	if (!c->dictionary)
		return;
	if (c->slots == NULL) {
		c->mask = 1023;
		c->slots = mem_alloc((c->mask + 1) * sizeof(*c->slots));
	}
	memset(c->slots, 0, (c->mask + 1) * sizeof(*c->slots));
}

void
chunk_init(struct chunk *c, const struct node *leaf)
{
	memset(c, 0, sizeof(*c));
	c->leaf = leaf;
	begin_dictionary(c);
}

void
chunk_release(struct chunk *c)
{
	buf_release(&c->def);
	buf_release(&c->rep);
	buf_release(&c->values);
	buf_release(&c->indices);
	buf_release(&c->words);
	buf_release(&c->at);
	buf_release(&c->pages);
	colbounds_release(&c->bounds);
	free(c->slots);
}

void
chunk_level(struct chunk *c, int rep, int def)
{
	buf_byte(&c->def, (char)def);
	if (c->leaf->most > 0)
		buf_byte(&c->rep, (char)rep);
}

void
chunk_fixed(struct chunk *c, const void *p)
{
	buf_add(&c->values, p, (size_t)c->leaf->width);
}

static void
put_text(struct buf *out, const char *p, size_t n)
{
	uint32_t size = (uint32_t)n;
	char *to = buf_need(out, n + 4);

	memcpy(to, &size, 4);
	if (n > 0)
		memcpy(to + 4, p, n);
	out->n += n + 4;
}

static uint32_t
word_at(const struct chunk *c, uint32_t i)
{
	uint32_t at;

	memcpy(&at, c->at.p + (size_t)i * 4, 4);
	return at;
}

/* A word as it is stored: its bytes with their number in front. */
static const char *
word(const struct chunk *c, uint32_t i, uint32_t *n)
{
	const char *p = c->words.p + word_at(c, i);

	memcpy(n, p, 4);
	return p;
}

static void
grow_slots(struct chunk *c)
{
	uint32_t words = (uint32_t)(c->at.n / 4), n;

	c->mask = c->mask * 2 + 1;
	free(c->slots);
	c->slots = mem_zalloc(((size_t)c->mask + 1) * sizeof(*c->slots));
	for (uint32_t i = 0; i < words; i++) {
		const char *p = word(c, i, &n);
		uint64_t at = hash_bytes(p + 4, n) & c->mask;

		while (c->slots[at] != 0)
			at = (at + 1) & c->mask;
		c->slots[at] = i + 1;
	}
}

void
chunk_text(struct chunk *c, const char *p, size_t n)
{
	uint64_t at;
	uint32_t index, have;

	if (!c->dictionary) {
		put_text(&c->values, p, n);
		return;
	}
	at = hash_bytes(p, n) & c->mask;
	for (; c->slots[at] != 0; at = (at + 1) & c->mask) {
		const char *q = word(c, c->slots[at] - 1, &have);

		if (have == n && memcmp(q + 4, p, n) == 0)
			break;
	}
	if (c->slots[at] == 0) {
		uint32_t place = (uint32_t)c->words.n;

		put_text(&c->words, p, n);
		buf_add(&c->at, &place, 4);
		c->slots[at] = (uint32_t)(c->at.n / 4);
	}
	index = c->slots[at] - 1;
	buf_add(&c->indices, &index, 4);
	if (c->at.n / 4 > c->mask / 2)
		grow_slots(c);
}

static uint32_t
index_at(const struct chunk *c, size_t byte)
{
	uint32_t i;

	memcpy(&i, c->indices.p + byte, 4);
	return i;
}

/* It was not worth it: the values as they are. */
static void
drop_dictionary(struct chunk *c)
{
	size_t page = 0, i;
	uint32_t n;

	for (i = 0; i <= c->indices.n; i += 4) {
		struct chunk_place *end = (struct chunk_place *)(void *)
						  c->pages.p +
			page;

		/* Pages are where they were. */
		for (; page < c->pages.n / sizeof(*end) && end->indices == i;
			page++, end++) {
			end->bytes = c->values.n;
			end->indices = 0;
		}
		if (i < c->indices.n) {
			const char *p = word(c, index_at(c, i), &n);

			buf_add(&c->values, p, n + 4);
		}
	}
	buf_clear(&c->indices);
	buf_clear(&c->words);
	buf_clear(&c->at);
	c->dictionary = false;
}

static bool
worth(const struct chunk *c)
{
	return c->words.n < WORDS_MOST &&
		(c->indices.n / 4 < TRIAL || c->at.n * 2 < c->indices.n);
}

static struct chunk_place
last_page(const struct chunk *c)
{
	struct chunk_place p = {0};

	if (c->pages.n > 0)
		memcpy(&p, c->pages.p + c->pages.n - sizeof(p), sizeof(p));
	return p;
}

size_t
chunk_row(struct chunk *c)
{
	struct chunk_place last = last_page(c);

	if (c->dictionary && !worth(c)) {
		drop_dictionary(c);
		last = last_page(c);
	}
	c->row = (struct chunk_place){c->def.n, c->values.n, c->indices.n};
	if (c->row.bytes - last.bytes >= PAGE ||
		c->row.levels - last.levels >= PAGE_LEVELS)
		buf_add(&c->pages, &c->row, sizeof(c->row));
	return c->def.n + c->rep.n + c->values.n + c->indices.n + c->words.n;
}

void
chunk_back(struct chunk *c)
{
	c->def.n = c->row.levels;
	if (c->leaf->most > 0)
		c->rep.n = c->row.levels;
	c->values.n = c->row.bytes;
	c->indices.n = c->row.indices;
}

/* ---- pages ---- */

struct page {
	struct codec_packer *packer;
	struct buf raw;
	struct buf numbers; /* levels as hybrid takes them */
};

static void
put_levels(struct page *g, const char *level, size_t n, int most)
{
	size_t head = g->raw.n;
	uint32_t *v, size;

	if (most == 0)
		return;
	buf_clear(&g->numbers);
	v = (uint32_t *)(void *)buf_need(&g->numbers, n * 4 + 4);
	for (size_t i = 0; i < n; i++)
		v[i] = (unsigned char)level[i];
	buf_add(&g->raw, "\0\0\0", 4);
	hybrid_encode(v, n, hybrid_width((uint32_t)most), &g->raw);
	size = (uint32_t)(g->raw.n - head - 4);
	memcpy(g->raw.p + head, &size, 4);
}

static void
put_bits(struct buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		unsigned char c = 0;

		for (size_t k = 0; k < 8 && i + k < n; k++)
			c |= (unsigned char)(p[i + k] << k);
		buf_byte(out, (char)c);
	}
}

static void
put_values(struct chunk *c, struct page *g, const struct chunk_place *from,
	const struct chunk_place *to)
{
	const char *p = c->values.p + from->bytes;
	size_t n = to->bytes - from->bytes;

	if (c->dictionary) {
		int width = hybrid_width((uint32_t)(c->at.n / 4));

		buf_byte(&g->raw, (char)width);
		hybrid_encode((const uint32_t *)(const void *)(c->indices.p +
				      from->indices),
			(to->indices - from->indices) / 4, width, &g->raw);
	} else if (c->leaf->physical == PHYSICAL_BOOLEAN) {
		put_bits(&g->raw, p, n);
	} else if (n > 0) {
		buf_add(&g->raw, p, n);
	}
}

/* What is in raw, packed, with its head in front. */
static int
put_page(struct chunk *c, struct page *g, int type, size_t n, struct buf *out,
	struct err *err)
{
	struct buf packed, head;
	struct thrift_out t = {.out = &head};
	int rc;

	buf_init(&packed);
	buf_init(&head);
	rc = codec_pack(g->packer, g->raw.p, g->raw.n, &packed, err);
	thrift_begin(&t);
	thrift_int(&t, 1, type);
	thrift_int(&t, 2, (int64_t)g->raw.n);
	thrift_int(&t, 3, (int64_t)packed.n);
	thrift_struct(&t, type == PAGE_DATA ? 5 : 7);
	thrift_int(&t, 1, (int64_t)n);
	thrift_int(&t, 2,
		type == PAGE_DATA && c->dictionary ? ENCODING_DICTIONARY
						   : ENCODING_PLAIN);
	if (type == PAGE_DATA) {
		thrift_int(&t, 3, ENCODING_RLE);
		thrift_int(&t, 4, ENCODING_RLE);
	}
	thrift_end(&t);
	thrift_end(&t);
	buf_add(out, head.p, head.n);
	buf_add(out, packed.p, packed.n);
	c->raw += (int64_t)(head.n + g->raw.n);
	c->packed += (int64_t)(head.n + packed.n);
	buf_release(&packed);
	buf_release(&head);
	buf_clear(&g->raw);
	return rc;
}

static int
put_data(struct chunk *c, struct page *g, struct buf *out, struct err *err)
{
	struct chunk_place from = {0}, to;
	size_t i;

	if (c->pages.n == 0 || last_page(c).levels < c->row.levels)
		buf_add(&c->pages, &c->row, sizeof(c->row));
	for (i = 0; i < c->pages.n; i += sizeof(to)) {
		size_t n;

		memcpy(&to, c->pages.p + i, sizeof(to));
		n = to.levels - from.levels;
		put_levels(g, c->rep.p + from.levels, n, c->leaf->most);
		put_levels(g, c->def.p + from.levels, n, c->leaf->def);
		put_values(c, g, &from, &to);
		if (put_page(c, g, PAGE_DATA, n, out, err) < 0)
			return -1;
		from = to;
	}
	return 0;
}

static void
find_bounds(struct chunk *c)
{
	const struct buf *from = c->dictionary ? &c->words : &c->values;

	colbounds_clear(&c->bounds);
	colbounds_take(&c->bounds, c->leaf, from->p, from->n);
	c->bounds.rows = c->def.n;
	for (size_t i = 0; i < c->def.n; i++)
		c->bounds.nulls += c->def.p[i] != c->leaf->def;
}

static void
begin_again(struct chunk *c)
{
	buf_clear(&c->def);
	buf_clear(&c->rep);
	buf_clear(&c->values);
	buf_clear(&c->indices);
	buf_clear(&c->words);
	buf_clear(&c->at);
	buf_clear(&c->pages);
	c->row = (struct chunk_place){0};
	begin_dictionary(c);
}

int
chunk_write(struct chunk *c, int64_t place, struct codec_packer *packer,
	struct buf *out, struct err *err)
{
	struct page g = {.packer = packer};
	size_t begin = out->n;
	int rc = 0;

	find_bounds(c);
	c->raw = c->packed = 0;
	c->dictionary_at = -1;
	c->nvalues = c->def.n;
	c->encoded_dictionary = c->dictionary;
	if (c->dictionary) {
		c->dictionary_at = place;
		buf_add(&g.raw, c->words.p, c->words.n);
		rc = put_page(c, &g, PAGE_DICTIONARY, c->at.n / 4, out, err);
	}
	c->data_at = place + (int64_t)(out->n - begin);
	if (rc == 0)
		rc = put_data(c, &g, out, err);
	buf_release(&g.raw);
	buf_release(&g.numbers);
	begin_again(c);
	return rc;
}

static void
describe_bounds(const struct chunk *c, struct thrift_out *t)
{
	struct buf most, least;
	bool exact[2], has;

	buf_init(&most);
	buf_init(&least);
	has = colbounds_plain(&c->bounds, c->leaf, true, &most, &exact[0]) &&
		colbounds_plain(&c->bounds, c->leaf, false, &least, &exact[1]);
	thrift_struct(t, 12);
	thrift_long(t, 3, (int64_t)c->bounds.nulls);
	if (has) {
		thrift_text(t, 5, most.p, most.n);
		thrift_text(t, 6, least.p, least.n);
		thrift_bool(t, 7, exact[0]);
		thrift_bool(t, 8, exact[1]);
	}
	thrift_end(t);
	buf_release(&most);
	buf_release(&least);
}

void
chunk_describe(const struct chunk *c, const struct node *root, int codec,
	struct thrift_out *t)
{
	thrift_begin(t);
	thrift_long(t, 2, 0);
	thrift_struct(t, 3);
	thrift_int(t, 1, c->leaf->physical);
	thrift_list(t, 2, THRIFT_I32, c->encoded_dictionary ? 3 : 2);
	thrift_element(t, ENCODING_PLAIN);
	thrift_element(t, ENCODING_RLE);
	if (c->encoded_dictionary)
		thrift_element(t, ENCODING_DICTIONARY);
	node_write_path(root, c->leaf->leaf, t, 3);
	thrift_int(t, 4, codec);
	thrift_long(t, 5, (int64_t)c->nvalues);
	thrift_long(t, 6, c->raw);
	thrift_long(t, 7, c->packed);
	thrift_long(t, 9, c->data_at);
	if (c->dictionary_at >= 0)
		thrift_long(t, 11, c->dictionary_at);
	describe_bounds(c, t);
	thrift_end(t);
	thrift_end(t);
}
