/*
 * clone: see clone.h.
 */
#include "runtime/threads/clone.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "floor/mem.h"
#include "text/simd.h"
#include "value/pack.h"
#include "value/unpack.h"
#include "io/stream/stream.h"
#include "runtime/chain.h"
#include "runtime/options/common.h"
#include "runtime/setup.h"
#include "runtime/threads/block.h"
#include "runtime/threads/capture.h"

struct clone {
	struct chain c;
	struct chain *of;
	int first;      /* stage of the chain that the first one is */
	int own, end;   /* those that are opened, of the clone's */
	struct op *ops; /* of the others */
	int *status;
	struct pack pack;
	struct unpack unpack;
	bool skipped;
};

struct unpack *
clone_unpack(struct clone *x)
{
	return &x->unpack;
}

int
clone_stages(const struct clone *x)
{
	return x->c.n;
}

int
clone_place(const struct clone *x, int i)
{
	return x->first + i;
}

/* ---- which stages ---- */

/* A file that an option names can be read twice, unless it is a pipe. */
static bool
reads_pipe(const struct stage *st)
{
	struct opt_table t[5];
	size_t n = common_tables(st->op, st->self, &st->priv->common, t);
	struct stat s;

	for (size_t i = 0; i < n; i++)
		for (const struct opt *o = t[i].opts;
			o != NULL && o->name != NULL; o++) {
			const char *path;

			if (!o->file || o->kind != OPT_STRING)
				continue;
			memcpy(&path, (const char *)t[i].base + o->at,
				sizeof(path));
			if (path != NULL && t[i].base == st->self &&
				(stat(path, &s) < 0 || !S_ISREG(s.st_mode)))
				return true;
		}
	return false;
}

/* NULL: the stage may be cloned. */
static const char *
why_not(const struct stage *st)
{
	const struct spread *spread = st->op->spread;

	if (spread == NULL)
		return "it needs the records in their order";
	if (st->priv->batcher)
		return "it makes batches";
	if (reads_pipe(st))
		return "what it reads comes by a pipe";
	return spread->why_not != NULL ? spread->why_not(st) : NULL;
}

/* Will there be enough before the input ends?  Who stands in front is to learn
 * it at once, and has little to do. */
static bool
soon_enough(const struct chain *c, int end)
{
	if (c->stages[end - 1].op->spread->ends)
		return false;
	for (int i = end; i < c->n; i++)
		if ((c->stages[i].op->flags & OP_ENOUGH) &&
			!c->stages[i].in.stream)
			return true;
	return false;
}

bool
clone_stretch(const struct chain *c, int *first, int *end)
{
	int i = c->stages[0].op->source != NULL;

	*first = *end = i;
	if (c->stages[0].op->merge != NULL)
		return false;
	for (; i < c->n && why_not(&c->stages[i]) == NULL; i++) {
		*end = i + 1;
		if (c->stages[i].op->spread->ends)
			break;
	}
	return *end > *first && !soon_enough(c, *end);
}

bool
clone_pays(const struct chain *c, int end)
{
	const struct spread *last = c->stages[end - 1].op->spread;

	return !last->sifts && (end == c->n || last->ends);
}

const char *
clone_why(const struct chain *c, int end)
{
	return why_not(&c->stages[end]);
}

/* ---- making one ---- */

/* What of a stage in front or behind is looked at. */
static void
make_image(struct stage *st, const struct stage *of)
{
	st->priv->common = of->priv->common;
	st->on_error = of->on_error;
	st->text = of->text;
	st->straight = true;
	plan_copy(&st->in, &of->in);
	plan_copy(&st->out, &of->out);
}

static int
open_clone(struct stage *st, const struct stage *of)
{
	if (setup_open_stage(st, of->priv->words) < 0)
		return -1;
	plan_copy(&st->in, &of->in);
	plan_copy(&st->out, &st->in);
	if (st->op->plan != NULL && st->op->plan(st, &st->out) < 0)
		return -1;
	st->on_error = of->on_error;
	st->straight = st->state == NULL || st->priv->common.max_state == 0;
	return 0;
}

static void
list_ops(struct clone *x, const struct op **ops)
{
	struct chain *of = x->of;

	for (int i = 0; i < x->c.n; i++) {
		const struct op *op = of->stages[x->first + i].op;

		ops[i] = op;
		if (i >= x->own && i < x->end)
			continue;
		x->ops[i] = (struct op){.name = op->name,
			.flags = op->flags,
			.source = op->source,
			.record = i < x->own ? NULL : capture_record};
		ops[i] = &x->ops[i];
	}
}

struct clone *
clone_new(struct chain *c, int first, int end)
{
	struct clone *x = mem_zalloc(sizeof(*x));
	const struct op **ops;
	int n;

	x->of = c;
	x->first = c->stages[0].op->source != NULL ? 0 : first;
	x->own = first - x->first;
	x->end = end - x->first;
	n = x->end + (end < c->n && !c->stages[end - 1].op->spread->ends);
	x->c.n = n;
	x->ops = mem_zalloc((size_t)n * sizeof(*x->ops));
	x->status = mem_zalloc((size_t)n * sizeof(*x->status));
	ops = mem_zalloc((size_t)n * sizeof(*ops));
	list_ops(x, ops);
	setup_init(&x->c, ops, n, c->out.fd, x->status);
	free(ops);
	x->c.silent = true;
	x->c.out.held = BLOCK_HELD;
	pack_init(&x->pack);
	unpack_init(&x->unpack, c->shapes);
	for (int i = 0; i < n; i++) {
		struct stage *st = &x->c.stages[i];
		const struct stage *of = &c->stages[x->first + i];

		st->clone = true;
		if (i < x->own || i >= x->end)
			make_image(st, of);
		else if (open_clone(st, of) < 0) {
			clone_free(x);
			return NULL;
		}
	}
	return x;
}

void
clone_free(struct clone *x)
{
	setup_close(&x->c);
	pack_release(&x->pack);
	unpack_release(&x->unpack);
	free(x->ops);
	free(x->status);
	free(x);
}

bool
clone_holds(const struct chain *c, int first, int end)
{
	for (int i = first; i < end; i++) {
		const struct stage *st = &c->stages[i];

		if (st->op->spread->holds != NULL && st->op->spread->holds(st))
			return true;
	}
	return false;
}

void
clone_skipped(struct clone *x)
{
	x->skipped = true;
}

int
clone_join(struct clone *x)
{
	struct chain *of = x->of;

	if (x->skipped) {
		/* Names of shapes may have been lost. */
		pack_release(&x->pack);
		unpack_release(&x->unpack);
		pack_init(&x->pack);
		unpack_init(&x->unpack, of->shapes);
		x->skipped = false;
	}
	for (int i = 0; i < x->c.n; i++) {
		struct stage *st = &x->c.stages[i];
		struct stage *real = &of->stages[x->first + i];
		const struct spread *spread = st->op->spread;
		struct batch b = real->now;

		st->now = b;
		st->hups = real->hups;
		st->priv->phase = real->priv->phase;
		if (b.number >= 0 && st->op->begin != NULL &&
			st->op->begin(st, &b) < 0)
			goto err;
		if (spread != NULL && spread->join != NULL &&
			spread->join(st, real) < 0)
			goto err;
	}
	return 0;
err:
	of->err = x->c.err;
	return -1;
}

/* ---- a block ---- */

static int
run_line(struct stage *st, const char *line, size_t n)
{
	if (n > 0 && line[n - 1] == '\r')
		n--;
	if (n > chain_max_line(st))
		return chain_give_long(st, line, n);
	return stream_line(line, n) == STREAM_DATA
		? chain_give_line(st, line, n)
		: chain_give_forged(st, line, n);
}

/* As a source hands lines on, or as feed.c does. */
int
clone_lines(struct stage *st, const char *p, size_t n)
{
	const char *end = p + n;
	uint32_t lf[128];

	if (st->op->source != NULL)
		return stage_emit_lines(st, p, n);
	while (p < end) {
		size_t found = simd_lines(
			p, (size_t)(end - p), lf, sizeof(lf) / sizeof(*lf));
		uint32_t from = 0;

		if (chain_takes_lines(st, p, lf, found)) {
			if (chain_give_lines(st, p, lf, found) < 0)
				return -1;
			p += lf[found - 1] + 1;
			continue;
		}
		for (size_t i = 0; i < found; from = lf[i++] + 1)
			if (run_line(st, p + from, lf[i] - from) < 0)
				return -1;
		p += from;
	}
	return 0;
}

/* Counts begin anew. */
static void
begin_counts(struct clone *x)
{
	for (int i = 0; i < x->c.n; i++) {
		struct stage *st = &x->c.stages[i];

		st->records_in = st->records_out = st->rejected = 0;
		st->late = st->untimed = st->priv->kept = 0;
	}
}

struct block_counts
clone_counts(const struct stage *st)
{
	return (struct block_counts){.in = st->records_in,
		.out = st->records_out,
		.rejected = st->rejected,
		.untimed = st->untimed,
		.kept = st->priv->kept};
}

/* Has it failed because more has come of the block than may be held? */
static bool
is_over(const struct clone *x, struct block *b)
{
	size_t most = x->c.out.held;

	b->over = x->c.out.b.n > most || b->items.n > most;
	return b->over;
}

/* What nobody wants gives back its memory. */
static void
drop_over(struct block *b)
{
	buf_release(&b->out);
	buf_release(&b->items);
	buf_init(&b->out);
	buf_init(&b->items);
}

void
clone_run(struct clone *x, struct block *b)
{
	struct buf out = x->c.out.b;

	/* The buffers are changed about. */
	x->c.out.b = b->out;
	b->out = out;
	buf_clear(&x->c.out.b);
	buf_clear(&b->items);
	b->stopped = b->over = false;
	b->pack = &x->pack;
	x->c.out.held = BLOCK_HELD + b->text.n;
	x->c.capture = b;
	x->c.failed = NULL;
	begin_counts(x);
	if (clone_lines(&x->c.stages[0], b->text.p, b->text.n) < 0 &&
		!is_over(x, b))
		capture_fail(
			x->c.failed != NULL ? x->c.failed : &x->c.stages[0]);
	for (int i = 0; i < x->c.n; i++)
		capture_end(&x->c.stages[i]);
	for (int i = 0; i < x->c.n; i++)
		b->counts[i] = clone_counts(&x->c.stages[i]);
	x->c.capture = NULL;
	out = b->out;
	b->out = x->c.out.b;
	x->c.out.b = out;
	if (b->over)
		drop_over(b);
}
