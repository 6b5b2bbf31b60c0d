/*
 * ship: see ship.h.
 *
 * struct head, the counts before and behind the part, struct err where the block
 * was stopped, items, output; all but the last is of whole 8 bytes.
 */
#include "runtime/threads/ship.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "floor/hash.h"
#include "floor/mem.h"
#include "runtime/chain.h"
#include "runtime/loop/link_out.h"

struct head {
	uint64_t hash; /* of what is in front of the items */
	uint64_t items, out;
	uint64_t passed;
	uint32_t stages, skip, by;
	uint32_t stopped, fresh, none;
};

#define ERR_BYTES buf_padded(sizeof(struct err))
#define MUCH ((size_t)96 << 10) /* of text or items: these go by themselves */

size_t
ship_item_size(const struct item *it)
{
	size_t n = block_item_packed(it) ? it->m : (size_t)it->n + 1 + it->m;

	return sizeof(*it) + buf_padded(n);
}

/* ---- what goes ---- */

#define SUM_KEY UINT64_C(0xa0761d6478bd642f)

/* The sum by the next 16 bytes. */
static inline uint64_t
sum_on(uint64_t sum, const char *p)
{
	return hash_mix(hash_word(p) ^ SUM_KEY, hash_word(p + 8) ^ sum);
}

/* Four products at a time: each waits for the one before. */
static uint64_t
sum_of(const char *p, size_t n)
{
	uint64_t a = n, b = 1, c = 2, d = 3;

	for (; n >= 64; p += 64, n -= 64) {
		a = sum_on(a, p);
		b = sum_on(b, p + 16);
		c = sum_on(c, p + 32);
		d = sum_on(d, p + 48);
	}
	return hash_mix(a ^ SUM_KEY, b) ^ hash_mix(c ^ SUM_KEY, d) ^
		hash_bytes(p, n);
}

static uint64_t
sum_item(const struct item *it)
{
	const size_t at = offsetof(struct item, out);
	uint64_t head[2] = {(uint64_t)it->kind, (uint64_t)it->place};

	return sum_of((const char *)it + at, ship_item_size(it) - at) ^
		hash_bytes((const char *)head, sizeof(head));
}

bool
ship_whole(const struct item *it)
{
	return it->sum == sum_item(it);
}

void
ship_seal(struct block *b, int own)
{
	char *p = b->items.p, *end = p + b->items.n;

	while (p < end) {
		struct item *it = (struct item *)p;

		if (it->place >= own)
			it->sum = sum_item(it);
		p += ship_item_size(it);
	}
}

void
ship_begin(struct ship *s, const struct block *b, int own)
{
	size_t n = (size_t)(b->stages - own);

	memset(s, 0, sizeof(*s));
	s->b = b;
	s->own = own;
	buf_init(&s->ranges);
	s->fresh = b->fresh;
	s->from = mem_zalloc((n + 1) * sizeof(*s->from));
	if (b->from != NULL)
		memcpy(s->from, b->from + own, n * sizeof(*s->from));
}

/* Much text goes by itself, up to there; nothing has come of it so far. */
static int
send_text(struct ship *s, struct chain *c, size_t upto)
{
	while (s->items == 0 && upto - s->out >= MUCH)
		if (ship_send(s, c, s->from, s->out + MUCH) < 0)
			return -1;
	return 0;
}

int
ship_item(struct ship *s, struct chain *c, const struct item *it, size_t n)
{
	size_t out = block_out(s->b, it);
	struct iovec *last;


	if (send_text(s, c, out) < 0 ||
		(s->items > 0 && s->items + n > MUCH &&
			ship_send(s, c, s->from, out) < 0))
		return -1;
	s->items += n;
	last = s->ranges.n > 0 ? (struct iovec *)(s->ranges.p + s->ranges.n) - 1
			       : NULL;
	if (last != NULL &&
		(char *)last->iov_base + last->iov_len == (char *)it)
		last->iov_len += n;
	else
		buf_add(&s->ranges, &(struct iovec){(void *)it, n},
			sizeof(struct iovec));
	return 0;
}

/* What stands in front of the items. */
static void
write_head(struct ship *s, const struct block_counts *counts, size_t out,
	struct buf *to)
{
	size_t n = (size_t)(s->b->stages - s->own);
	struct head head = {.items = s->items,
		.out = out - s->out,
		.passed = s->b->passed + s->out,
		.stages = (uint32_t)n,
		.skip = (uint32_t)(s->b->skip + s->own),
		.by = (uint32_t)s->b->by,
		.stopped = s->b->stopped,
		.fresh = s->fresh};

	buf_add(to, &head, sizeof(head));
	buf_add(to, s->from, n * sizeof(*counts));
	buf_add(to, counts, n * sizeof(*counts));
	if (head.stopped) {
		memset(buf_need(to, ERR_BYTES), 0, ERR_BYTES);
		memcpy(to->p + to->n, &s->b->err, sizeof(s->b->err));
		to->n += ERR_BYTES;
	}
	head.hash = hash_bytes(
		to->p + sizeof(head.hash), to->n - sizeof(head.hash));
	memcpy(to->p, &head.hash, sizeof(head.hash));
}

int
ship_send(struct ship *s, struct chain *c, const struct block_counts *counts,
	size_t out)
{
	size_t n = (size_t)(s->b->stages - s->own);
	struct buf head, parts;
	int rc;

	buf_init(&head);
	buf_init(&parts);
	write_head(s, counts, out, &head);
	buf_add(&parts, &(struct iovec){head.p, head.n}, sizeof(struct iovec));
	buf_add(&parts, s->ranges.p, s->ranges.n);
	buf_add(&parts, &(struct iovec){s->b->out.p + s->out, out - s->out},
		sizeof(struct iovec));
	rc = c->ring == NULL
		? err_set(&c->err, "its neighbour has gone")
		: link_out_block(c->ring, (const struct iovec *)parts.p,
			  (int)(parts.n / sizeof(struct iovec)));
	buf_release(&head);
	buf_release(&parts);
	if (counts != s->from)
		memcpy(s->from, counts, n * sizeof(*counts));
	buf_clear(&s->ranges);
	s->items = 0;
	s->out = out;
	s->fresh = false;
	return rc;
}

void
ship_end(struct ship *s)
{
	buf_release(&s->ranges);
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
		int place = block_place(b, it);

		if (n > (size_t)(end - p) || place < 0 || place >= b->stages ||
			it->kind > ITEM_GIVE || it->out < b->passed ||
			block_out(b, it) > b->out.n ||
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
	size_t counts, front;

	if (n < sizeof(head))
		return -1;
	memcpy(&head, p, sizeof(head));
	counts = head.stages * sizeof(struct block_counts);
	front = sizeof(head) + 2 * counts + (head.stopped ? ERR_BYTES : 0);
	if (head.by >= STAGE_CLONES || head.items % 8 != 0 || head.items > n ||
		head.out > n || front + head.items + head.out != n ||
		head.hash !=
			hash_bytes(p + sizeof(head.hash),
				front - sizeof(head.hash)))
		return -1;
	memset(b, 0, sizeof(*b));
	b->stages = (int)head.stages;
	b->skip = (int)head.skip;
	b->passed = head.passed;
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
