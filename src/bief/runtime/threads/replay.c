/*
 * replay: see replay.h.
 *
 * Each stage counts on from where it was: what the clone has counted in the
 * block is added to that, first up to an item, then up to the next.
 */
#include "runtime/threads/replay.h"

#include <string.h>

#include "floor/mem.h"
#include "value/pack.h"
#include "value/unpack.h"
#include "io/stream/output.h"
#include "runtime/chain.h"
#include "runtime/report/refuse.h"
#include "runtime/report/say.h"
#include "runtime/threads/block.h"
#include "runtime/threads/clone.h"
#include "runtime/threads/lend.h"
#include "runtime/threads/ship.h"

#define SIFTED 64 /* records that a stage is asked about at once */

struct replay {
	struct chain *c;
	struct replay_of *of;
	const struct block *b;
	struct block_counts *base; /* of the stages, before the block */
	size_t out;                /* so much of the block's output has gone */
	struct ship *ship; /* to whom the stages behind belong; NULL: nobody */
};

static int
put_out(struct replay *p, size_t upto)
{
	struct output *out = &p->c->out;
	const char *from = p->b->out.p + p->out;
	size_t n = upto - p->out;

	if (p->ship != NULL) /* it is the neighbour's */
		return 0;
	p->out = upto;
	if (n >= OUTPUT_FULL)
		return output_write(out, from, n, &p->c->err);
	buf_add(&out->b, from, n);
	return out->b.n >= OUTPUT_FULL ? output_flush(out, &p->c->err) : 0;
}

static struct stage *
stage_of(const struct replay *p, const struct item *it)
{
	return &p->c->stages[p->of->first + block_place(p->b, it)];
}

/* A record as far as it was written down. */
static int
put_refusal(struct replay *p, const struct item *it, const char *text)
{
	struct stage *st = stage_of(p, it);
	const struct block_counts *base = &p->base[block_place(p->b, it)];
	struct record r = {
		.line = text + it->n + 1, .nline = it->m, .number = it->number};
	const struct record *record = it->record ? &r : NULL;

	/* A source counts what has left. */
	if (r.number != 0)
		r.number += st->op->source != NULL ? base->out + base->rejected
						   : base->in;
	if (it->kind == ITEM_LATE)
		refuse_late(st, record, text);
	if (it->kind == ITEM_UNTIMED)
		return refuse_untimed(st, record, text);
	return it->kind == ITEM_REFUSE ? refuse(st, record, text) : 0;
}

/* The record that was written down, after what tells of its shape. */
static int
take_record(struct replay *p, const struct item *it, const char *at,
	const char *end, struct record *r)
{
	unsigned kind = PACK_SHAPE;
	size_t size;

	for (; at < end && kind != PACK_RECORD; at += size) {
		kind = unpack_next(&p->of->unpack[block_place(p->b, it)], at,
			(size_t)(end - at), &size, r);
		if (kind == PACK_DAMAGED)
			break;
	}
	if (kind == PACK_RECORD)
		return 0;
	p->c->failed = stage_of(p, it);
	return err_set(&p->c->err, "a record was damaged");
}

static int
put_record(struct replay *p, const struct item *it, const char *at)
{
	struct record r;

	if (take_record(p, it, at, (const char *)(it + 1) + it->m, &r) < 0)
		return -1;
	return chain_give(stage_of(p, it), &r);
}

/* What the stage, and those behind it, count by it the clone has not. */
static int
count_record(struct replay *p, const struct item *it)
{
	const struct block_counts *local = (const void *)(it + 1);
	int place = block_place(p->b, it), n = (int)it->n + 1, rc;
	int own = p->of->own - place;
	struct block_counts before[n];
	struct stage *st = stage_of(p, it);

	/* What is handed on by it comes behind what was handed on before. */
	if (p->ship != NULL &&
		ship_send(p->ship, p->c, local + own - 1, block_out(p->b, it)) <
			0)
		return -1;
	n = n < own ? n : own;

	for (int i = 0; i < n; i++, st++) {
		const struct block_counts *base = &p->base[place + i];

		if (i > 0) {
			st->records_in = base->in + local[i - 1].in;
			st->records_out = base->out + local[i - 1].out;
			st->rejected = base->rejected + local[i - 1].rejected;
		}
		before[i] = clone_counts(st);
	}
	rc = put_record(p, it, (const char *)(local + it->n));
	st = stage_of(p, it);
	for (int i = 0; i < n; i++, st++) {
		struct block_counts *base = &p->base[place + i],
				    after = clone_counts(st);

		base->in += after.in - before[i].in;
		base->out += after.out - before[i].out;
		base->rejected += after.rejected - before[i].rejected;
		base->untimed += after.untimed - before[i].untimed;
		base->kept += after.kept - before[i].kept;
	}
	return rc;
}

/* One that the stage takes. */
static int
put_sifted(struct replay *p, const struct item *it, const struct sifted *s,
	const struct block_sift *from)
{
	const char *at = (const char *)(from + 1) + buf_padded(from->n);
	struct stage *st = stage_of(p, it);
	struct record r;

	/* What tells of shapes is told once. */
	if (!s->taken && ((const struct pack_message *)at)->kind == PACK_RECORD)
		return 0;
	if (take_record(p, it, at, at + from->record, &r) < 0)
		return -1;
	if (!s->taken)
		return 0;
	r.number = p->base[block_place(p->b, it)].in + from->number;
	st->records_in = r.number;
	return st->op->spread->sifted(st, &r, s) < 0 ? chain_failed(st) : 0;
}

/* Some that were put aside, from at on: returns what is behind them, or NULL. */
static const char *
put_some(struct replay *p, const struct item *it, const char *at,
	const char *end)
{
	const struct block_sift *from[SIFTED];
	struct stage *st = stage_of(p, it);
	struct sifted s[SIFTED];
	size_t n = 0;

	for (; n < SIFTED && at < end; n++) {
		from[n] = (const struct block_sift *)at;
		at += sizeof(*from[n]);
		s[n] = (struct sifted){.key = at, .n = from[n]->n};
		at += buf_padded(from[n]->n) + from[n]->record;
	}
	if (st->op->spread->sift(st, s, n) < 0) {
		chain_failed(st);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		if (put_sifted(p, it, &s[i], from[i]) < 0)
			return NULL;
	return at;
}

static int
put_sift(struct replay *p, const struct item *it)
{
	const char *at = (const char *)(it + 1), *end = at + it->m;
	struct block_counts *base = &p->base[block_place(p->b, it)];
	struct stage *st = stage_of(p, it);
	uint64_t out = st->records_out, rejected = st->rejected;

	while (at != NULL && at < end)
		at = put_some(p, it, at, end);
	base->out += st->records_out - out;
	base->rejected += st->rejected - rejected;
	return at != NULL ? 0 : -1;
}

static void
put_field(struct replay *p, const struct item *it, const char *near)
{
	struct stage *st = stage_of(p, it);
	struct field *f;

	if (it->number >= st->priv->nwatched)
		return;
	f = st->priv->watched[it->number];
	if (f->id == 0)
		f->id = 1; /* the empty shape, which has no field */
	f->seen |= it->found;
	if (!f->seen && f->near == NULL && it->n > 0)
		f->near = mem_dup(near, it->n);
}

static int
put_fail(struct replay *p, struct stage *st)
{
	p->c->err = p->b->err;
	p->c->failed = st;
	return -1;
}

static int
put_item(struct replay *p, const struct item *it)
{
	struct stage *st = stage_of(p, it);
	const struct block_counts *base = &p->base[block_place(p->b, it)];
	const char *text = (const char *)(it + 1);

	st->records_in = base->in + it->in;
	st->records_out = base->out + it->sent;
	st->rejected = base->rejected + it->refused;
	switch (it->kind) {
	case ITEM_SAY:
		say(st, "%s", text);
		return 0;
	case ITEM_RECORD:
		return count_record(p, it);
	case ITEM_SIFT:
		return put_sift(p, it);
	case ITEM_FAIL:
		return put_fail(p, st);
	case ITEM_FIELD:
		put_field(p, it, text);
		return 0;
	case ITEM_GIVE:
		return st->op->spread->take(st, p->b->by, text, it->m) < 0
			? chain_failed(st)
			: 0;
	default:
		return put_refusal(p, it, text) < 0 ? chain_failed(st) : 0;
	}
}

/* An item of whoever it is. */
static int
hand_item(struct replay *p, const struct item *it)
{
	int place = block_place(p->b, it) - p->of->own;

	if (place < 0 && p->b->from != NULL && !ship_whole(it)) {
		p->c->failed = stage_of(p, it);
		return err_set(&p->c->err, SHIP_DAMAGED);
	}
	if (place < 0)
		return put_out(p, block_out(p->b, it)) < 0 ? -1
							   : put_item(p, it);
	if (it->kind == ITEM_GIVE && it->m > 0 && p->of->lent != NULL)
		p->of->holds |= lend_holds(p->of->lent, place);
	return ship_item(p->ship, p->c, it, ship_item_size(it));
}

static void
note_counts(struct replay *p)
{
	for (int i = 0; i < p->of->own; i++) {
		struct block_counts now = clone_counts(
			&p->c->stages[p->of->first + i]);

		if (p->b->from != NULL) {
			now.in -= p->b->from[i].in;
			now.out -= p->b->from[i].out;
			now.rejected -= p->b->from[i].rejected;
			now.untimed -= p->b->from[i].untimed;
			now.kept -= p->b->from[i].kept;
		}
		p->base[i] = now;
	}
}

/* What the stages have counted, but for what was counted when it happened. */
static void
add_counts(struct replay *p)
{
	for (int i = 0; i < p->of->own; i++) {
		struct stage *st = &p->c->stages[p->of->first + i];
		const struct block_counts *base = &p->base[i],
					  *more = &p->b->counts[i];

		st->records_in = base->in + more->in;
		st->records_out = base->out + more->out;
		st->rejected = base->rejected + more->rejected;
		st->untimed = base->untimed + more->untimed;
		st->priv->kept = base->kept + more->kept;
	}
}

/* A record has ended the run.  What those before it have led to is written down
 * behind that. */
static void
put_gifts(struct replay *p, const char *at, const char *end)
{
	struct err err = p->c->err;
	struct stage *failed = p->c->failed;

	for (; at < end; at += ship_item_size((const struct item *)at)) {
		const struct item *it = (const struct item *)at;

		if (it->kind == ITEM_GIVE || it->kind == ITEM_FIELD)
			hand_item(p, it);
	}
	p->c->err = err;
	p->c->failed = failed;
}

static int
replay_items(struct replay *p)
{
	const struct block *b = p->b;
	const char *at = b->items.p, *end = at + b->items.n;
	int rc = 0;

	for (; at < end && rc == 0;
		at += ship_item_size((const struct item *)at))
		rc = hand_item(p, (const struct item *)at);
	if (rc < 0)
		put_gifts(p, at, end);
	else
		rc = put_out(p, b->out.n);
	return rc;
}

/* The rest goes to the neighbour, also when it is the last that goes. */
static int
ship_rest(struct replay *p, int rc)
{
	struct err err = p->c->err;
	int sent = ship_send(
		p->ship, p->c, p->b->counts + p->of->own, p->b->out.n);

	if (rc < 0)
		p->c->err = err;
	return rc < 0 ? rc : sent;
}

int
replay_block(struct chain *c, struct replay_of *of, const struct block *b)
{
	struct block_counts base[of->own];
	struct replay p = {.c = c, .of = of, .b = b, .base = base};
	struct ship ship;
	int rc;

	if (b->stages > of->own) {
		ship_begin(&ship, b, of->own);
		p.ship = &ship;
	}
	note_counts(&p);
	rc = replay_items(&p);
	if (p.ship != NULL) {
		rc = ship_rest(&p, rc);
		ship_end(&ship);
	}
	add_counts(&p);
	return rc;
}
