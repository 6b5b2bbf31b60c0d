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
#include "runtime/loop/control.h"
#include "runtime/phase.h"
#include "runtime/setup.h"
#include "runtime/threads/block.h"
#include "runtime/threads/capture.h"
#include "runtime/threads/lend.h"
#include "runtime/threads/ship.h"

struct clone {
	struct chain c;
	struct chain *of;
	int first;               /* stage of the chain that the first one is */
	int own, end;            /* those that are opened, of the chain's */
	const struct lent *lent; /* behind them */
	struct op *ops;          /* of those that are not opened */
	int *status;
	/* of each stage, for records that are written down */
	struct pack *pack;
	struct unpack *unpack;
	struct buf told;
	bool skipped, fresh;
};

int
clone_stages(const struct clone *x)
{
	return x->c.n;
}

struct replay_of
clone_replay(struct clone *x)
{
	return (struct replay_of){.first = x->first,
		.own = x->lent != NULL ? x->end : x->c.n,
		.unpack = x->unpack,
		.lent = x->lent};
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
clone_whole(const struct chain *c, int *first, int *end)
{
	bool any = clone_stretch(c, first, end);

	for (int i = 0; i < c->n; i++)
		if (chain_max_line(&c->stages[i]) > LEND_LINE)
			return false;
	return *end == c->n && c->stages[0].op->merge == NULL &&
		(!any || !c->stages[*end - 1].op->spread->ends);
}

bool
clone_pays(const struct chain *c, int end)
{
	const struct spread *last = c->stages[end - 1].op->spread;

	return end == c->n || last->ends;
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
plan_clone(struct stage *st)
{
	plan_copy(&st->out, &st->in);
	st->straight = st->state == NULL || st->priv->common.max_state == 0;
	return st->op->plan != NULL ? st->op->plan(st, &st->out) : 0;
}

static int
open_clone(struct stage *st, const struct stage *of)
{
	if (setup_open_stage(st, of->priv->words) < 0)
		return -1;
	plan_copy(&st->in, &of->in);
	st->on_error = of->on_error;
	return plan_clone(st);
}

/* What comes to the first stage of a process, as its header says. */
static int
read_header(struct stage *st, const struct lent_stage *of)
{
	struct value body;

	if (of->nheader == 0)
		return 0;
	return control_read(of->header, of->nheader, &body, st->err) < 0
		? -1
		: plan_parse(&st->in, &body, st->err);
}

/* As in the process that it is of: without control lines nothing is known of what
 * comes. */
static int
open_lent(struct stage *st, const struct lent_stage *of)
{
	const struct stage *before = st - 1;
	const char *zone;

	st->straight = true;
	st->text = (of->op->flags & OP_TEXT) != 0;
	st->on_error = of->on_error;
	if (of->image)
		return 0;
	if (setup_open_stage(st, of->words) < 0)
		return -1;
	if (of->first) {
		if (read_header(st, of) < 0)
			return -1;
	} else if (before->out.stream) {
		plan_copy(&st->in, &before->out);
	}
	if ((zone = st->priv->common.zone) != NULL) {
		free(st->in.zone);
		st->in.zone = mem_dup(zone, strlen(zone));
	}
	st->on_error = of->on_error;
	return plan_clone(st);
}

/* One that is not opened: it hands on, or writes down. */
static const struct op *
image_op(struct clone *x, int i, const struct op *op)
{
	x->ops[i] = (struct op){.name = op->name,
		.flags = op->flags,
		.source = op->source,
		.record = i < x->own ? NULL : capture_record};
	return &x->ops[i];
}

static void
list_ops(struct clone *x, int n, const struct op **ops)
{
	for (int i = 0; i < n; i++) {
		const struct lent_stage *lent = x->lent != NULL && i >= x->end
			? &x->lent->stages[i - x->end]
			: NULL;
		const struct op *op = lent != NULL
			? lent->op
			: x->of->stages[x->first + i].op;
		bool opened = lent != NULL ? !lent->image
					   : i >= x->own && i < x->end;

		ops[i] = opened ? op : image_op(x, i, op);
	}
}

/* Whoever is in front of one asks before that is open. */
static void
tell_windows(struct clone *x)
{
	for (int i = 0; i < x->c.n; i++)
		x->c.stages[i].windows = x->lent != NULL && i >= x->end
			? x->lent->stages[i - x->end].windows
			: x->of->stages[x->first + i].windows;
}

static void
init_packs(struct clone *x)
{
	for (int i = 0; i < x->c.n; i++) {
		pack_init(&x->pack[i]);
		unpack_init(&x->unpack[i], x->of->shapes);
	}
	x->fresh = true;
}

static void
release_packs(struct clone *x)
{
	for (int i = 0; i < x->c.n; i++) {
		pack_release(&x->pack[i]);
		unpack_release(&x->unpack[i]);
	}
}

static int
open_stage(struct clone *x, int i)
{
	struct stage *st = &x->c.stages[i];
	const struct stage *of = &x->of->stages[x->first + i];

	st->clone = true;
	if (x->lent != NULL && i >= x->end)
		return open_lent(st, &x->lent->stages[i - x->end]);
	if (i >= x->own && i < x->end)
		return open_clone(st, of);
	make_image(st, of);
	return 0;
}

/* How many stages it is to have. */
static int
count_stages(const struct clone *x, int end)
{
	const struct chain *c = x->of;

	if (x->lent != NULL)
		return x->end + x->lent->n;
	return x->end + (end < c->n && !c->stages[end - 1].op->spread->ends);
}

struct clone *
clone_new(struct chain *c, int first, int end, const struct lent *lent)
{
	struct clone *x = mem_zalloc(sizeof(*x));
	const struct op **ops;
	int n;

	x->of = c;
	x->lent = lent;
	x->first = c->stages[0].op->source != NULL ? 0 : first;
	x->own = first - x->first;
	x->end = end - x->first;
	n = count_stages(x, end);
	x->ops = mem_zalloc((size_t)n * sizeof(*x->ops));
	x->status = mem_zalloc((size_t)n * sizeof(*x->status));
	x->pack = mem_zalloc((size_t)n * sizeof(*x->pack));
	x->unpack = mem_zalloc((size_t)n * sizeof(*x->unpack));
	buf_init(&x->told);
	ops = mem_zalloc((size_t)n * sizeof(*ops));
	list_ops(x, n, ops);
	setup_init(&x->c, ops, n, c->out.fd, x->status);
	free(ops);
	x->c.silent = true;
	x->c.out.held = BLOCK_HELD;
	tell_windows(x);
	init_packs(x);
	for (int i = 0; i < n; i++)
		if (open_stage(x, i) < 0) {
			clone_free(x);
			return NULL;
		}
	return x;
}

void
clone_free(struct clone *x)
{
	release_packs(x);
	setup_close(&x->c);
	buf_release(&x->told);
	free(x->pack);
	free(x->unpack);
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

int
clone_look(struct chain *c, int first, int end)
{
	for (int i = first; i < end; i++) {
		struct stage *st = &c->stages[i];
		const struct spread *spread = st->op->spread;

		if (spread->look == NULL || !spread->look(st, false))
			continue;
		if (chain_settle(c) < 0)
			return -1;
		spread->look(st, true);
		c->aside.news++;
	}
	return 0;
}

void
clone_skipped(struct clone *x)
{
	x->skipped = true;
}

/* What its words do not say. */
static int
learn(struct stage *st, struct batch b, const char *told, size_t n)
{
	const struct spread *spread = st->op->spread;

	st->now = b;
	if (b.number >= 0 && st->op->begin != NULL && st->op->begin(st, &b) < 0)
		return -1;
	if (spread == NULL || spread->learn == NULL)
		return 0;
	return spread->learn(st, told, n);
}

static int
join_stage(struct clone *x, int i)
{
	struct stage *st = &x->c.stages[i];
	const struct stage *real = &x->of->stages[x->first + i];
	const struct spread *spread = st->op->spread;

	st->hups = real->hups;
	st->priv->phase = real->priv->phase;
	if (i >= x->end)
		phase_stand_in(st);
	buf_clear(&x->told);
	if (spread != NULL && spread->tell != NULL)
		spread->tell(real, &x->told);
	return learn(st, real->now, x->told.p, x->told.n);
}

static int
join_lent(struct stage *st, const struct lent_stage *of)
{
	st->hups = of->hups;
	st->priv->phase = of->phase;
	if (of->image)
		phase_stand_in(st);
	return learn(st, of->now, of->told, of->ntold);
}

int
clone_join(struct clone *x, bool *lent)
{
	int n = x->lent != NULL ? x->end : x->c.n;

	if (x->skipped) {
		/* Names of shapes may have been lost. */
		release_packs(x);
		init_packs(x);
		x->skipped = false;
	}
	*lent = false;
	for (int i = 0; i < n; i++)
		if (join_stage(x, i) < 0)
			goto err;
	*lent = true;
	for (int i = n; i < x->c.n; i++)
		if (join_lent(&x->c.stages[i], &x->lent->stages[i - n]) < 0)
			goto err;
	return 0;
err:
	x->of->err = x->c.err;
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
	b->open = 0;
	b->pack = x->pack;
	b->stages = x->c.n;
	b->fresh = x->fresh;
	x->fresh = false;
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
	if (x->lent != NULL)
		ship_seal(b, x->end);
}
