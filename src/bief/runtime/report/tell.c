/*
 * tell: what bief ps, --progress and bief state may know of a chain.
 */
#include "runtime/report/tell.h"

#include <stdlib.h>

#include "floor/mem.h"
#include "recovery/state/state.h"
#include "runtime/chain.h"
#include "runtime/loop/link_out.h"
#include "runtime/report/line.h"

/* On the terminal our own line makes room for what is written. */
static size_t
before_write(void *chain, size_t n)
{
	struct chain *c = chain;

	if (c->out.terminal)
		line_hide();
	return vitals_write(c->vitals, n);
}

static void
after_write(void *chain, size_t n)
{
	struct chain *c = chain;

	vitals_written(c->vitals, n);
}

/* What bief ps may know of it. */
void
tell_open(struct chain *c, char ***words)
{
	struct vitals_program *p = mem_zalloc((size_t)c->n * sizeof(*p));

	for (int i = 0; i < c->n; i++)
		p[i] = (struct vitals_program){.argv = words[i],
			.name = c->stages[i].priv->common.name,
			.source = c->stages[i].op->source != NULL,
			.sink = c->stages[i].op->sink != NULL};
	c->vitals = vitals_open(p, c->n, c->out.fd);
	c->out.before = before_write;
	c->out.after = after_write;
	c->out.arg = c;
	ticker_open(c);
	free(p);
}

void
tell_doing(struct chain *c, enum vitals_doing doing)
{
	if (c->vitals == NULL)
		return;
	vitals_begin(c->vitals, doing);
	for (int i = 0; i < c->n; i++) {
		struct stage *st = &c->stages[i];
		struct vitals_counts *to = &c->vitals->stages[i].now;

		to->in = st->records_in;
		to->out = st->records_out;
		to->rejected = st->rejected;
		to->late = st->late;
		to->batch = st->priv->next_number - 1;
		if (st->now.number >= 0)
			to->batch = st->now.number;
		to->watermark = st->now.watermark;
		to->rows = tell_rows(st, true);
		if (to->rows == STAGE_NO_ROWS)
			continue;
		to->bytes = state_bytes(st->state);
	}
	link_out_vitals(c);
	vitals_end(c->vitals);
}

int64_t
tell_rows(struct stage *st, bool glance)
{
	if (st->state == NULL)
		return STAGE_NO_ROWS;
	return st->op->keeper->rows != NULL ? st->op->keeper->rows(st, glance)
					    : (int64_t)state_count(st->state);
}
