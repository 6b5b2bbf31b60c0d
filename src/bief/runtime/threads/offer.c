/*
 * offer: see offer.h.
 */
#include "runtime/threads/offer.h"

#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "value/unpack.h"
#include "io/stream/output.h"
#include "runtime/chain.h"
#include "runtime/loop/link_out.h"
#include "runtime/recover/recover.h"
#include "runtime/threads/block.h"
#include "runtime/threads/clone.h"
#include "runtime/threads/lend.h"
#include "runtime/threads/replay.h"
#include "runtime/threads/ship.h"

#define HEAR_BYTES ((size_t)32 << 10)

void
offer_init(struct offer *o, struct chain *c, bool asked, bool expects)
{
	memset(o, 0, sizeof(*o));
	o->c = c;
	o->asked = asked;
	o->expects = expects;
	o->expected = OFFER_NO_BATCH;
	buf_init(&o->now);
	buf_init(&o->said);
}

void
offer_release(struct offer *o)
{
	for (int by = 0; by < STAGE_CLONES; by++) {
		for (int i = 0; o->unpack[by] != NULL && i < o->c->n; i++)
			unpack_release(&o->unpack[by][i]);
		free(o->unpack[by]);
	}
	buf_release(&o->now);
	buf_release(&o->said);
}

int64_t
offer_batch(const struct chain *c)
{
	return c->stages[c->n - 1].now.number;
}

/* ---- what is waited for ---- */

bool
offer_expects(const struct offer *o)
{
	return o->expects && o->c->link != NULL &&
		o->expected != offer_batch(o->c);
}

void
offer_expect(struct offer *o)
{
	struct chain *c = o->c;
	uint64_t times = 0;

	if (!offer_expects(o))
		return;
	o->expected = offer_batch(c);
	if (c->ring != NULL)
		link_out_lent(c->ring, &times);
	if (output_flush(&c->out, &c->err) == 0 && c->ring != NULL)
		link_out_expect_lent(c->ring, times);
}

/* ---- what has come ---- */

/* How the records of one of its clones, for each of our stages, are read. */
static struct unpack *
unpack_of(struct offer *o, const struct block *b)
{
	struct unpack *u = o->unpack[b->by];
	int n = o->c->n;

	if (u != NULL && !b->fresh)
		return u;
	for (int i = 0; u != NULL && i < n; i++)
		unpack_release(&u[i]);
	if (u == NULL)
		u = mem_alloc((size_t)n * sizeof(*u));
	for (int i = 0; i < n; i++)
		unpack_init(&u[i], o->c->shapes);
	return o->unpack[b->by] = u;
}

int
offer_shipped(struct offer *o, const char *p, size_t n)
{
	struct chain *c = o->c;
	struct replay_of of;
	struct block b;

	if (chain_settle(c) < 0)
		return -1;
	if (ship_read(p, n, &b) < 0) {
		c->failed = &c->stages[0];
		return err_set(&c->err, SHIP_DAMAGED);
	}
	of = (struct replay_of){.own = b.stages < c->n ? b.stages : c->n,
		.unpack = unpack_of(o, &b)};
	return replay_block(c, &of, &b);
}

/* ---- what is lent ---- */

/* Up to where a neighbour in front may work for us; 0: it may not. */
static int
end_of(const struct offer *o)
{
	struct chain *c = o->c;
	int first, end;

	if (!clone_stretch(c, &first, &end) || first != 0 ||
		chain_max_line(&c->stages[0]) < LEND_LINE ||
		(!o->asked && !clone_pays(c, end)))
		return 0;
	return end;
}

/* Is it a time at which what they know holds for all that will come of the batch,
 * and all that comes is for them? */
static bool
is_steady(const struct chain *c, int end)
{
	if (clone_holds(c, 0, end))
		return false;
	for (int i = 0; i < end; i++)
		if (recover_skips(&c->stages[i].priv->recovery) ||
			(c->stages[i].in.stream && c->stages[i].now.number < 0))
			return false;
	return true;
}

/* Is what the neighbour lends good for us? */
static bool
suits(struct offer *o, const struct buf *behind, uint64_t times)
{
	if (o->judged != times)
		o->suits = lend_suits(behind);
	o->judged = times;
	return o->suits;
}

/* What is lent now, in o->now; nothing while a stage is in the midst of something,
 * or where records go on to a neighbour who lends nothing, or not in this batch
 * yet: in the one before it knew of another watermark. */
static void
make(struct offer *o, const struct buf *behind, uint64_t times)
{
	static const struct buf nothing;
	const struct chain *c = o->c;
	bool ends = c->stages[o->end - 1].op->spread->ends;

	buf_clear(&o->now);
	if (!is_steady(c, o->end))
		return;
	if (o->end < c->n || ends || c->ring == NULL)
		lend_write(
			c, o->end, o->end < c->n && !ends, &nothing, &o->now);
	else if (suits(o, behind, times) && lend_is_of(behind, offer_batch(c)))
		lend_write(c, o->end, false, behind, &o->now);
}

/* May something be lent at all? */
static bool
is_open(struct offer *o)
{
	if (o->end == 0 && (o->end = end_of(o)) == 0)
		o->end = -1;
	return o->end > 0;
}

/* While it has its hands full nobody hears the neighbour behind; and where it
 * waits it hears it anyway. */
static void
hear(struct offer *o, size_t come)
{
	if (come >= o->heard && come - o->heard < HEAR_BYTES)
		return;
	o->heard = come;
	link_out_look(o->c->link);
}

bool
offer_before(const struct offer *o)
{
	return !o->expects && o->said.n > 0 && o->c->stages[0].now.number >= 0;
}

bool
offer_lends(struct offer *o, size_t come, struct buf *out)
{
	struct chain *c = o->c;
	const struct buf *behind = NULL;
	uint64_t times = 0;

	if (!is_open(o) || clone_look(c, 0, o->end) < 0)
		return false;
	offer_expect(o);
	hear(o, come);
	if (c->ring != NULL)
		behind = link_out_lent(c->ring, &times);
	if (o->said.n > 0 && c->aside.news == o->news && times == o->times)
		return false;
	make(o, behind, times);
	if (o->now.n == 0)
		return false;
	o->news = c->aside.news;
	o->times = times;
	if (o->now.n == o->said.n && memcmp(o->now.p, o->said.p, o->now.n) == 0)
		return false;
	buf_clear(&o->said);
	buf_add(&o->said, o->now.p, o->now.n);
	buf_add(out, o->now.p, o->now.n);
	return true;
}
