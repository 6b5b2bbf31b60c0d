/*
 * capture: see capture.h.
 *
 * Records that go to the stage behind are most of what is written down, so an
 * item for them is made of the bytes of pack.h; the rest is rare.
 */
#include "runtime/threads/capture.h"

#include <string.h>

#include "floor/err.h"
#include "value/json.h"
#include "value/pack.h"
#include "value/record.h"
#include "runtime/chain.h"
#include "runtime/threads/block.h"

#define SIFT_MOST ((size_t)48 << 10) /* bytes of an item, about */

/* An item, the text of which is n bytes at p (some have none).  It is good until
 * the next. */
static struct item *
add(const struct stage *st, enum item_kind kind, const char *p, size_t n)
{
	struct block *b = st->chain->capture;
	struct buf *to = &b->items;
	struct item *it = (struct item *)buf_need(to, sizeof(*it) + n + 16);

	*it = (struct item){.kind = kind,
		.place = st->place,
		.out = st->chain->out.b.n,
		.in = st->records_in,
		.sent = st->records_out,
		.refused = st->rejected,
		.n = (uint32_t)n};
	to->n += sizeof(*it);
	b->open = 0;
	if (block_item_packed(it))
		return it;
	buf_add(to, p, n);
	buf_byte(to, '\0');
	return it;
}

/* Why a record is not taken, and its text where that is kept. */
static void
add_refusal(struct stage *st, enum item_kind kind, const struct record *r,
	const char *why)
{
	struct block *b = st->chain->capture;
	struct item *it = add(st, kind, why, strlen(why));
	size_t at = (size_t)((char *)it - b->items.p), n = 0;
	const char *text = "";

	it->record = r != NULL;
	it->number = r != NULL ? r->number : 0;
	if (r != NULL && st->priv->common.rejects != NULL) {
		text = record_text(r, &n, &st->priv->scratch);
		buf_add(&b->items, text, n);
	}
	((struct item *)(b->items.p + at))->m = (uint32_t)n;
	buf_pad(&b->items);
}

int
capture_refuse(struct stage *st, const struct record *r, const char *why)
{
	struct block *b = st->chain->capture;

	add_refusal(st, ITEM_REFUSE, r, why);
	st->rejected++;
	if (chain_on_error(st) != ON_ERROR_FAIL)
		return 0;
	b->stopped = true;
	return err_set(st->err, "%s", why);
}

void
capture_late(struct stage *st, const struct record *r, const char *why)
{
	add_refusal(st, ITEM_LATE, r, why);
}

int
capture_untimed(struct stage *st, const struct record *r, const char *why)
{
	st->untimed++;
	if (st->priv->common.rejects != NULL)
		add_refusal(st, ITEM_UNTIMED, r, why);
	return 0;
}

void
capture_say(const struct stage *st, const char *text)
{
	add(st, ITEM_SAY, text, strlen(text));
	buf_pad(&st->chain->capture->items);
}

void
capture_fail(struct stage *st)
{
	struct block *b = st->chain->capture;

	if (b->stopped)
		return;
	b->stopped = true;
	b->err = *st->err;
	add(st, ITEM_FAIL, "", 0);
	buf_pad(&b->items);
}

/* What a watched field has met that it had not told of. */
static void
end_fields(struct stage *st)
{
	struct stage_private *p = st->priv;

	for (size_t i = 0; i < p->nwatched; i++) {
		struct field *f = p->watched[i];
		const char *near = f->near != NULL ? f->near : "";
		struct item *it;
		int news = f->id == 0 ? 0 : f->seen ? 2 : *near ? 3 : 1;

		if (f->told == news)
			continue;
		f->told = (uint8_t)news;
		it = add(st, ITEM_FIELD, near, strlen(near));
		it->number = i;
		it->found = f->seen;
		buf_pad(&st->chain->capture->items);
	}
}

static void
give(struct stage *st)
{
	const struct spread *spread = st->op->spread;
	struct block *b = st->chain->capture;
	struct item *it;
	size_t at;

	if (spread == NULL || spread->give == NULL)
		return;
	it = add(st, ITEM_GIVE, NULL, 0);
	at = (size_t)((char *)it - b->items.p);
	spread->give(st, &b->items);
	((struct item *)(b->items.p + at))->m = (uint32_t)(b->items.n - at -
		sizeof(*it));
	buf_pad(&b->items);
}

/* How far the stages behind have come, which it will go through, too. */
static void
add_behind(struct stage *st, struct item *it, struct buf *to)
{
	for (; st != NULL; st = st->next, it->n++) {
		struct block_counts counts = {.in = st->records_in,
			.out = st->records_out,
			.rejected = st->rejected};

		memcpy(to->p + to->n, &counts, sizeof(counts));
		to->n += sizeof(counts);
	}
}

int
capture_record(struct stage *st, struct record *r)
{
	struct block *b = st->chain->capture;
	size_t behind = (size_t)(st->chain->n - st->place) *
		sizeof(struct block_counts);
	struct item *it;
	size_t at;

	if (b->items.n > st->chain->out.held)
		return err_set(st->err, "there is no room");
	/* Those that it goes through come to it as they are by now. */
	for (struct stage *to = st; to != NULL; to = to->next)
		give(to);
	/* Who takes it counts it. */
	st->records_in--;
	buf_need(&b->items, sizeof(*it) + behind + 16);
	it = add(st, ITEM_RECORD, NULL, 0);
	at = (size_t)((char *)it - b->items.p);
	add_behind(st->next, it, &b->items);
	pack_add(&b->pack[st->place], r, &b->items);
	((struct item *)(b->items.p + at))->m = (uint32_t)(b->items.n - at -
		sizeof(struct item));
	return 0;
}

/* Behind those that were put aside before it, if nothing has been since. */
int
capture_sift(struct stage *st, struct record *r, const char *key, size_t n)
{
	struct block *b = st->chain->capture;
	struct block_sift s = {.number = st->records_in, .n = (uint32_t)n};
	struct buf *to = &b->items;
	size_t size = pack_size(&b->pack[st->place], r);
	char *at;

	if (to->n > st->chain->out.held)
		return err_set(st->err, "there is no room");
	if (b->open == 0 || to->n - b->open > SIFT_MOST) {
		add(st, ITEM_SIFT, NULL, 0);
		b->open = to->n;
	}
	s.record = (uint32_t)size;
	at = buf_need(to, sizeof(s) + buf_padded(n) + size + JSON_PADDING);
	memcpy(at, &s, sizeof(s));
	at += sizeof(s);
	memset(at + buf_padded(n) - 8 * (n > 0), 0, 8 * (n > 0));
	memcpy(at, key, n);
	pack_put(&b->pack[st->place], r, at + buf_padded(n));
	to->n += sizeof(s) + buf_padded(n) + size;
	((struct item *)(to->p + b->open) - 1)->m = (uint32_t)(to->n - b->open);
	return 0;
}

void
capture_end(struct stage *st)
{
	end_fields(st);
	give(st);
}
