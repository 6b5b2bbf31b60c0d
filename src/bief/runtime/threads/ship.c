/*
 * ship: see ship.h.
 *
 * struct head, the counts before and behind the part, struct err where the block
 * was stopped, items, output; all but the last is of whole 8 bytes.
 */
#include "runtime/threads/ship.h"

#include <stdlib.h>
#include <string.h>

#include "floor/hash.h"
#include "floor/mem.h"
#include "runtime/chain.h"
#include "runtime/loop/link_out.h"

struct head {
	uint64_t hash; /* of all that follows */
	uint64_t items, out;
	uint32_t stages, by;
	uint32_t stopped, fresh;
};

#define ERR_BYTES buf_padded(sizeof(struct err))

size_t
ship_item_size(const struct item *it)
{
	size_t n = it->kind == ITEM_RECORD || it->kind == ITEM_GIVE
		? it->m
		: (size_t)it->n + 1 + it->m;

	return sizeof(*it) + buf_padded(n);
}

void
ship_begin(struct ship *s, const struct block *b, int own)
{
	size_t n = (size_t)(b->stages - own);

	memset(s, 0, sizeof(*s));
	s->b = b;
	s->own = own;
	buf_init(&s->items);
	s->fresh = b->fresh;
	s->from = mem_zalloc((n + 1) * sizeof(*s->from));
	if (b->from != NULL)
		memcpy(s->from, b->from + own, n * sizeof(*s->from));
}

void
ship_item(struct ship *s, const struct item *it, size_t n)
{
	struct item *to;

	buf_add(&s->items, it, n);
	to = (struct item *)(s->items.p + s->items.n - n);
	to->place -= s->own;
	to->out -= s->out;
}

int
ship_send(struct ship *s, struct chain *c, const struct block_counts *counts,
	size_t out)
{
	size_t n = (size_t)(s->b->stages - s->own);
	struct head head = {.items = s->items.n,
		.out = out - s->out,
		.stages = (uint32_t)n,
		.by = (uint32_t)s->b->by,
		.stopped = s->b->stopped,
		.fresh = s->fresh};
	struct buf b;
	int rc;

	buf_init(&b);
	buf_need(&b,
		sizeof(head) + 2 * n * sizeof(*counts) + ERR_BYTES +
			s->items.n + head.out);
	buf_add(&b, &head, sizeof(head));
	buf_add(&b, s->from, n * sizeof(*counts));
	buf_add(&b, counts, n * sizeof(*counts));
	if (head.stopped) {
		memset(buf_need(&b, ERR_BYTES), 0, ERR_BYTES);
		memcpy(b.p + b.n, &s->b->err, sizeof(s->b->err));
		b.n += ERR_BYTES;
	}
	buf_add(&b, s->items.p, s->items.n);
	buf_add(&b, s->b->out.p + s->out, head.out);
	head.hash = hash_bytes(
		b.p + sizeof(head.hash), b.n - sizeof(head.hash));
	memcpy(b.p, &head.hash, sizeof(head.hash));
	rc = c->ring == NULL ? err_set(&c->err, "its neighbour has gone")
			     : link_out_block(c->ring, b.p, b.n);
	buf_release(&b);
	memcpy(s->from, counts, n * sizeof(*counts));
	buf_clear(&s->items);
	s->out = out;
	s->fresh = false;
	return rc;
}

void
ship_end(struct ship *s)
{
	buf_release(&s->items);
	free(s->from);
}

/* ---- what has come ---- */

/* Do its items end where they should, and name stages that there are? */
static bool
good_items(const struct block *b)
{
	const char *p = b->items.p, *end = p + b->items.n;

	while ((size_t)(end - p) >= sizeof(struct item)) {
		const struct item *it = (const struct item *)p;
		size_t n = ship_item_size(it);

		if (n > (size_t)(end - p) || it->place < 0 ||
			it->place >= b->stages || it->kind > ITEM_GIVE ||
			it->out > b->out.n ||
			(it->kind == ITEM_RECORD &&
				it->n * sizeof(struct block_counts) > it->m))
			return false;
		p += n;
	}
	return p == end;
}

int
ship_read(const char *p, size_t n, struct block *b)
{
	const char *end = p + n;
	struct head head;
	size_t counts;

	if (n < sizeof(head))
		return -1;
	memcpy(&head, p, sizeof(head));
	if (head.hash !=
		hash_bytes(p + sizeof(head.hash), n - sizeof(head.hash)))
		return -1;
	counts = head.stages * sizeof(struct block_counts);
	if (head.by >= STAGE_CLONES || head.items % 8 != 0 || head.items > n ||
		head.out > n ||
		sizeof(head) + 2 * counts + (head.stopped ? ERR_BYTES : 0) +
				head.items + head.out !=
			n)
		return -1;
	memset(b, 0, sizeof(*b));
	b->stages = (int)head.stages;
	b->by = (int)head.by;
	b->stopped = head.stopped;
	b->fresh = head.fresh;
	p += sizeof(head);
	b->from = (const struct block_counts *)p;
	b->counts = (struct block_counts *)(p + counts);
	p += 2 * counts;
	if (b->stopped) {
		memcpy(&b->err, p, sizeof(b->err));
		p += ERR_BYTES;
	}
	b->items = (struct buf){.p = (char *)p, .n = head.items};
	b->out = (struct buf){.p = (char *)end - head.out, .n = head.out};
	return good_items(b) ? 0 : -1;
}
