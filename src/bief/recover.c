/*
 * recover: see recover.h.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chain.h"
#include "loop.h"
#include "recover.h"
#include "state.h"
#include "time.h"

void
recover_init(struct recovery *r)
{
	memset(r, 0, sizeof(*r));
	place_init(&r->place);
	r->last = r->own = r->stored = r->committed = -1;
	r->files.last = -1;
}

void
recover_release(struct recovery *r)
{
	place_release(&r->place);
}

static char *
absolute(const char *path)
{
	struct buf b;
	char cwd[4096], *s;

	buf_init(&b);
	if (*path != '/' && getcwd(cwd, sizeof(cwd)) != NULL)
		buf_printf(&b, "%s/", cwd);
	buf_str(&b, path);
	while (b.n > 1 && b.p[b.n - 1] == '/')
		b.n--;
	s = mem_dup(buf_cstr(&b), b.n);
	buf_release(&b);
	return s;
}

/* What a source is called: its --name, or the program and what it reads. */
static char *
source_id(const struct stage *st)
{
	struct buf b;
	char *s;

	if (st->priv->common.name != NULL)
		return mem_dup(st->priv->common.name,
			strlen(st->priv->common.name));
	buf_init(&b);
	buf_str(&b, st->op->name);
	for (size_t i = 0; i < st->noperands; i++)
		buf_printf(&b, ",%s", st->operands[i]);
	s = mem_dup(buf_cstr(&b), b.n);
	buf_release(&b);
	return s;
}

int
recover_source(struct stage *st, struct plan *p)
{
	struct recovery *r = &st->priv->recovery;
	char *id;
	int ret;

	if (st->priv->common.checkpoint == NULL)
		return 0;
	if (st->op->mark == NULL || st->op->seek == NULL)
		return err_as(st->err, STATUS_USAGE,
			"--checkpoint: this source cannot be read again");
	if (p->trigger == TRIGGER_NONE)
		p->trigger = TRIGGER_AVAILABLE;
	p->stream = 1;
	if (p->explain)
		return 0;
	p->checkpoint = absolute(st->priv->common.checkpoint);
	if (checkpoint_open(p->checkpoint, true, &p->identity, st->err) < 0)
		return -1;
	id = source_id(st);
	ret = place_lock(&r->place, p->checkpoint, "offsets", id, st->err);
	p->stage = id;
	if (ret < 0 || checkpoint_quiet(p->checkpoint, id, st->err) < 0 ||
		checkpoint_committed(p->checkpoint, &p->committed, NULL,
			st->err) < 0)
		return -1;
	p->resume = p->committed + 1;
	r->committed = p->committed;
	r->on = true;
	return 0;
}

static void
one_choice(const char *choices, int i, struct buf *out)
{
	while (i-- > 0)
		choices = strchr(choices, '|') + 1;
	buf_add(out, choices, strcspn(choices, "|"));
}

static void
one_value(const struct opt *o, const void *at, struct buf *out)
{
	const struct opt_list *l = at;
	char duration[TIME_MAX];

	buf_printf(out, " --%s", o->name);
	switch (o->kind) {
	case OPT_FLAG:
		break;
	case OPT_STRING:
		buf_printf(out, " '%s'", *(const char *const *)at);
		break;
	case OPT_ENUM:
		buf_byte(out, ' ');
		one_choice(o->arg, *(const int *)at, out);
		break;
	case OPT_INT:
	case OPT_SIZE:
		buf_printf(out, " %lld", (long long)*(const int64_t *)at);
		break;
	case OPT_DURATION:
		buf_printf(out, " %.*s",
			(int)duration_format(*(const int64_t *)at, duration),
			duration);
		break;
	case OPT_LIST:
	case OPT_MULTI:
		for (size_t i = 0; i < l->n; i++)
			buf_printf(out, "%s'%s'", i > 0 ? "," : " ", l->s[i]);
	}
}

/* Numbers that nobody gave are negative by default; so may a duration be that
 * somebody gave, but not by a single microsecond. */
static bool
is_set(const struct opt *o, const void *at)
{
	switch (o->kind) {
	case OPT_FLAG:
		return *(const bool *)at;
	case OPT_STRING:
		return *(const char *const *)at != NULL;
	case OPT_LIST:
	case OPT_MULTI:
		return ((const struct opt_list *)at)->n > 0;
	case OPT_ENUM:
		return *(const int *)at >= 0;
	case OPT_DURATION:
		return *(const int64_t *)at != -1 &&
			*(const int64_t *)at != INT64_MIN;
	default:
		return *(const int64_t *)at >= 0;
	}
}

/* The options of a stage that its state depends on, as text. */
static void
options_text(const struct stage *st, struct buf *out)
{
	buf_str(out, st->op->name);
	for (const struct opt *o = st->op->opts; o && o->name; o++) {
		const void *at = (const char *)st->self + o->at;

		if (!o->free && is_set(o, at))
			one_value(o, at, out);
	}
	for (size_t i = 0; i < st->noperands; i++)
		buf_printf(out, " '%s'", st->operands[i]);
}

int
recover_stage(struct stage *st, struct plan *p)
{
	struct recovery *r = &st->priv->recovery;
	bool sink = st->op->flags & OP_SINK;
	const char *own = st->priv->common.name != NULL ?
		st->priv->common.name : st->op->name;
	struct buf b;
	int ret = -1;

	if (p->checkpoint == NULL || p->explain ||
		!(st->op->flags & (OP_STATE | OP_SINK)))
		return 0;
	buf_init(&b);
	buf_printf(&b, "%s+%s", p->stage != NULL ? p->stage : "", own);
	free(p->stage);
	p->stage = mem_dup(buf_cstr(&b), b.n);
	if (place_lock(&r->place, p->checkpoint, sink ? "commits" : "state",
		    p->stage, st->err) < 0)
		goto out;
	r->on = true;
	if (sink) {
		ret = commit_last(&r->place, &r->last, st->err);
		r->own = r->last;
		/* A new sink starts where the others are. */
		if (ret == 0 && r->last < 0 && p->committed >= 0) {
			r->last = p->committed;
			ret = commit_save(&r->place, r->last, st->err);
		}
		goto out;
	}
	buf_clear(&b);
	options_text(st, &b);
	if (p->committed >= 0 &&
		checkpoint_fresh(&r->place)) {
		err_as(st->err, STATUS_USAGE,
			"the pipeline has changed: stage '%s' is not in the "
			"checkpoint '%s': go back, or begin with a new one",
			p->stage, p->checkpoint);
		goto out;
	}
	if (checkpoint_same(&r->place, "options", buf_cstr(&b), st->err) < 0)
		goto out;
	r->committed = p->committed;
	ret = checkpoint_restore(&r->place, st->state, p->committed, &r->files,
		st->err);
out:
	buf_release(&b);
	return ret;
}

#define PATIENCE_US (3 * TIME_SECOND)
#define POLL_US 5000

int
recover_wait_sinks(struct stage *st)
{
	int64_t since = time_monotonic();
	const char *dir = st->out.checkpoint;
	int want = (int)st->priv->common.sinks, there, known;
	bool said = false;
	int64_t newest;

	if (!st->priv->recovery.on)
		return 0;
	while ((there = checkpoint_sinks_alive(dir)) < want) {
		if (loop_stopping())
			return 0;
		if (!said && time_monotonic() - since > PATIENCE_US) {
			said = true;
			say(st, "waiting for a sink that commits to '%s': "
				"%d of %d are there (a foreign filter swallows "
				"control lines: use thru; --sinks tells how "
				"many there are)", dir, there, want);
		}
		if (loop_wait(st->chain, NULL, 0, time_now() + POLL_US) < 0)
			return -1;
	}
	if (checkpoint_committed(dir, &newest, &known, st->err) < 0)
		return -1;
	if (known > there)
		return err_as(st->err, STATUS_USAGE,
			"the checkpoint '%s' knows %d sinks, this pipeline has "
			"%d: bief state %s lists them, bief state %s forget "
			"SINK gives one up", dir, known, there, dir, dir);
	return 0;
}

/* One recorded batch again: from where the one before ended to its end. */
static int
rerun_one(struct stage *st, int64_t number, const char *from,
	const struct offset *to)
{
	struct batch b = {.number = number, .time_us = to->time_us,
		.watermark = WATERMARK_NONE, .rerun = true};
	int got;

	if (st->op->seek(st, from, to->position) < 0)
		return -1;
	if (chain_begin(st, &b) < 0)
		return -1;
	while ((got = st->op->pull(st)) == PULL_MORE)
		;
	if (got < 0)
		return -1;
	return chain_end(st, &b);
}

/* Tell a source that asked what the sinks have. */
int
run_hear(struct stage *st)
{
	struct recovery *r = &st->priv->recovery;

	if (!st->hear || !r->on)
		return 0;
	if (checkpoint_committed(st->out.checkpoint, &r->committed, NULL,
		    st->err) < 0)
		return -1;
	return r->committed < 0 ? 0 : st->op->committed(st, r->committed);
}

int
recover_rerun(struct stage *st)
{
	struct recovery *r = &st->priv->recovery;
	struct offset at, next;
	int64_t number = st->out.committed;
	int got = 1;

	if (!r->on)
		return 0;
	memset(&at, 0, sizeof(at));
	if (number >= 0)
		got = offset_load(&r->place, number, &at, st->err);
	if (number >= 0 && got != 0)
		return got < 0 ? -1 : err_as(st->err, STATUS_DAMAGED,
			"'%s/%lld.offset' is missing: where batch %lld ended "
			"is not known", r->place.dir, (long long)number,
			(long long)number);
	for (;;) {
		got = offset_load(&r->place, number + 1, &next, st->err);
		if (got != 0)
			break;
		number++;
		r->stored = number;
		if (rerun_one(st, number, at.position, &next) < 0) {
			got = -1;
			offset_release(&next);
			break;
		}
		offset_release(&at);
		at = next;
	}
	st->in.resume = number + 1;
	r->stored = number;
	if (got >= 0)
		got = st->op->seek(st, at.position, NULL) < 0 ? -1 : 0;
	if (got == 0)
		got = run_hear(st);
	offset_release(&at);
	return got;
}

int
recover_ahead(struct stage *st, int64_t number)
{
	struct recovery *r = &st->priv->recovery;

	if (!r->on || number - r->committed <= CHECKPOINT_AHEAD)
		return 0;
	for (;;) {
		if (checkpoint_committed(st->out.checkpoint, &r->committed,
			    NULL, st->err) < 0)
			return -1;
		if (number - r->committed <= CHECKPOINT_AHEAD ||
			loop_stopping())
			return 0;
		if (loop_wait(st->chain, NULL, 0, time_now() + POLL_US) < 0)
			return -1;
	}
}

void
recover_begin(struct stage *st, const struct batch *b)
{
	struct recovery *r = &st->priv->recovery;

	r->skip = r->on && (st->op->flags & OP_SINK) && b->number <= r->last;
}

int
recover_source_end(struct stage *st, const struct batch *b)
{
	struct recovery *r = &st->priv->recovery;
	struct offset o = {.time_us = b->time_us};
	struct buf position;
	int ret;

	if (!r->on || !(st->op->flags & OP_SOURCE) || b->number <= r->stored)
		return 0;
	buf_init(&position);
	ret = st->op->mark(st, &position);
	if (ret == 0) {
		o.position = buf_cstr(&position);
		ret = offset_save(&r->place, b->number, &o, st->err);
		r->stored = b->number;
	}
	buf_release(&position);
	if (ret == 0 && b->number % 10 == 0)
		ret = checkpoint_clean(&r->place, "offset",
			r->committed - CHECKPOINT_KEEP, st->err);
	return ret == 0 ? run_hear(st) : ret;
}

int
recover_end(struct stage *st, const struct batch *b)
{
	struct recovery *r = &st->priv->recovery;

	if (!r->on || b->whole || (st->op->flags & OP_SOURCE))
		return 0;
	if (!(st->op->flags & OP_SINK))
		return checkpoint_save(&r->place, st->state, b->number,
			r->committed, &r->files, st->err);
	if (r->skip)
		return 0;
	r->last = b->number;
	return commit_save(&r->place, b->number, st->err);
}
