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

struct replay {
	struct chain *c;
	struct clone *x;
	const struct block *b;
	struct block_counts *base; /* of the stages, before the block */
	size_t out;                /* so much of the block's output has gone */
};

static int
put_out(struct replay *p, size_t upto)
{
	struct output *out = &p->c->out;
	const char *from = p->b->out.p + p->out;
	size_t n = upto - p->out;

	p->out = upto;
	if (n >= OUTPUT_FULL)
		return output_write(out, from, n, &p->c->err);
	buf_add(&out->b, from, n);
	return out->b.n >= OUTPUT_FULL ? output_flush(out, &p->c->err) : 0;
}

static struct stage *
stage_of(const struct replay *p, const struct item *it)
{
	return &p->c->stages[clone_place(p->x, it->place)];
}

/* A record as far as it was written down. */
static int
put_refusal(struct replay *p, const struct item *it, const char *text)
{
	struct stage *st = stage_of(p, it);
	const struct block_counts *base = &p->base[it->place];
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
put_record(struct replay *p, const struct item *it, const char *at)
{
	struct stage *st = stage_of(p, it);
	const char *end = (const char *)(it + 1) + it->m;
	struct record r;
	size_t size;
	unsigned kind = PACK_SHAPE;

	for (; at < end && kind != PACK_RECORD; at += size) {
		kind = unpack_next(
			clone_unpack(p->x), at, (size_t)(end - at), &size, &r);
		if (kind == PACK_DAMAGED)
			return err_set(&p->c->err, "a record was damaged");
	}
	return chain_give(st, &r);
}

/* What the stage, and those behind it, count by it the clone has not. */
static int
count_record(struct replay *p, const struct item *it)
{
	const struct block_counts *local = (const void *)(it + 1);
	int n = (int)it->n + 1, rc;
	struct block_counts before[n];
	struct stage *st = stage_of(p, it);

	for (int i = 0; i < n; i++, st++) {
		const struct block_counts *base = &p->base[it->place + i];

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
		struct block_counts *base = &p->base[it->place + i],
				    after = clone_counts(st);

		base->in += after.in - before[i].in;
		base->out += after.out - before[i].out;
		base->rejected += after.rejected - before[i].rejected;
		base->untimed += after.untimed - before[i].untimed;
		base->kept += after.kept - before[i].kept;
	}
	return rc;
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
	const struct block_counts *base = &p->base[it->place];
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

static size_t
item_size(const struct item *it)
{
	size_t n = it->kind == ITEM_RECORD || it->kind == ITEM_GIVE
		? it->m
		: (size_t)it->n + 1 + it->m;

	return sizeof(*it) + ((n + 7) & ~(size_t)7);
}

static void
note_counts(struct replay *p)
{
	for (int i = 0; i < clone_stages(p->x); i++)
		p->base[i] = clone_counts(&p->c->stages[clone_place(p->x, i)]);
}

/* What the stages have counted, but for what was counted when it happened. */
static void
add_counts(struct replay *p)
{
	for (int i = 0; i < clone_stages(p->x); i++) {
		struct stage *st = &p->c->stages[clone_place(p->x, i)];
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

	for (; at < end; at += item_size((const struct item *)at)) {
		const struct item *it = (const struct item *)at;

		if (it->kind == ITEM_GIVE || it->kind == ITEM_FIELD)
			put_item(p, it);
	}
	p->c->err = err;
	p->c->failed = failed;
}

int
replay_block(struct chain *c, struct clone *x, const struct block *b)
{
	struct block_counts base[clone_stages(x)];
	struct replay p = {.c = c, .x = x, .b = b, .base = base};
	const char *at = b->items.p, *end = at + b->items.n;
	int rc = 0;

	note_counts(&p);
	for (; at < end && rc == 0; at += item_size((const struct item *)at)) {
		const struct item *it = (const struct item *)at;

		if (put_out(&p, it->out) < 0)
			return -1;
		rc = put_item(&p, it);
	}
	if (rc == 0)
		rc = put_out(&p, b->out.n);
	else
		put_gifts(&p, at, end);
	add_counts(&p);
	return rc;
}
