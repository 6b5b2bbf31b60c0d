/*
 * recover: see recover.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "runtime/chain.h"
#include "runtime/loop.h"
#include "runtime/recover.h"
#include "runtime/stagefile.h"
#include "recovery/state.h"
#include "time/time.h"
#include "runtime/say.h"
#include "runtime/signals.h"

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
	free(r->mark);
	free(r->words);
	free(r->target);
	free(r->elsewhere);
	free(r->from);
	free(r->to);
}

#define PATIENCE_US (3 * TIME_SECOND)
#define POLL_US 5000

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
		return mem_dup(
			st->priv->common.name, strlen(st->priv->common.name));
	buf_init(&b);
	buf_str(&b, st->op->name);
	for (size_t i = 0; i < st->noperands; i++)
		buf_printf(&b, ",%s", st->operands[i]);
	s = mem_dup(buf_cstr(&b), b.n);
	buf_release(&b);
	return s;
}

static void
new_run(struct list *runs)
{
	unsigned char random[8];
	char text[2 * sizeof(random) + 1];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		memset(random, 0, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(text + 2 * i, 3, "%02x", random[i]);
	list_add(runs, text, false);
}

/* Stages and sinks of an earlier run have to end first: they still commit. */
static int
wait_for_quiet(struct stage *st, const char *dir)
{
	int64_t since = time_monotonic();
	bool said = false;
	char *who;

	while ((who = place_busy(dir)) != NULL) {
		if (signals_stopping()) {
			err_set(st->err,
				"stopped while it waited for '%s' of "
				"an earlier run",
				who);
			free(who);
			return -1;
		}
		if (!said && time_monotonic() - since > PATIENCE_US) {
			said = true;
			say(st,
				"waiting for '%s' of an earlier run, which is "
				"still at work with the checkpoint '%s'",
				who, dir);
		}
		free(who);
		if (loop_wait(st->chain, NULL, 0, time_now() + POLL_US) < 0)
			return -1;
	}
	return 0;
}

static int
missing_offset(struct stage *st, int64_t batch)
{
	return err_as(st->err, STATUS_DAMAGED,
		"'%s/%lld.offset' is missing: "
		"where batch %lld ended is not known",
		st->priv->recovery.place.dir, (long long)batch,
		(long long)batch);
}

/*
 * The batches to run again must all be there, and can be read, before anything
 * is changed.  Finds the newest one, and how far this source took part.
 */
static int
check_offsets(struct stage *st, struct plan *p)
{
	struct recovery *r = &st->priv->recovery;
	int64_t from = p->committed >= 0 ? p->committed : 0;
	int64_t newest;
	struct numbers l;
	struct offset o;
	int ret = 0;

	if (checkpoint_newest(p->checkpoint, p->stage, &newest, st->err) < 0 ||
		numbers_list(&l, r->place.dir, "offset", st->err) < 0)
		return -1;
	r->stored = numbers_last(&l);
	numbers_release(&l);
	if (newest < p->committed)
		newest = p->committed;
	if (r->stored < newest)
		return missing_offset(st, newest);
	p->last = p->committed;
	for (int64_t i = from; ret == 0 && i <= r->stored; i++) {
		ret = offset_load(&r->place, i, &o, st->err);
		if (ret > 0)
			ret = missing_offset(st, i);
		if (ret == 0 && i == p->committed && o.absent)
			p->last = o.as;
		if (o.time_us > r->time_us)
			r->time_us = o.time_us;
		offset_release(&o);
	}
	return ret;
}

static int
open_source(struct stage *st, struct plan *p)
{
	struct recovery *r = &st->priv->recovery;

	if (checkpoint_open(p->checkpoint, &p->identity, st->err) < 0 ||
		place_lock(&r->place, p->checkpoint, "offsets", p->stage,
			&p->runs, st->err) < 0 ||
		wait_for_quiet(st, p->checkpoint) < 0 ||
		checkpoint_add_source(p->checkpoint, p->stage, st->err) < 0 ||
		checkpoint_committed(p->checkpoint, &p->committed, st->err) <
			0 ||
		offset_resume(p->checkpoint, &r->place, p->committed, st->err) <
			0 ||
		offset_anew(p->checkpoint, &p->anew, st->err) < 0)
		return -1;
	return check_offsets(st, p);
}

int
recover_source(struct stage *st, struct plan *p)
{
	struct recovery *r = &st->priv->recovery;

	if (st->priv->common.checkpoint == NULL)
		return 0;
	if (st->op->source->mark == NULL || st->op->source->seek == NULL)
		return err_as(st->err, STATUS_USAGE,
			"--checkpoint: this source cannot be read again");
	if (p->trigger == TRIGGER_NONE)
		p->trigger = TRIGGER_AVAILABLE;
	p->stream = 1;
	if (p->explain)
		return 0;
	p->checkpoint = absolute(st->priv->common.checkpoint);
	p->stage = source_id(st);
	new_run(&p->runs);
	if (open_source(st, p) < 0)
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
	const struct list *l = at;
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
		return ((const struct list *)at)->n > 0;
	case OPT_ENUM:
		return *(const int *)at >= 0;
	case OPT_DURATION:
		return *(const int64_t *)at != -1 &&
			*(const int64_t *)at != INT64_MIN;
	default:
		return *(const int64_t *)at >= 0;
	}
}

/* What a stage's state depends on, one a line: its options; its operands or,
 * where these are inputs, the stages behind them; what else it says. */
static void
options_text(struct stage *st, const struct plan *in, int n, struct buf *out)
{
	buf_printf(out, "%s\n", st->op->name);
	for (const struct opt *o = st->op->opts; o && o->name; o++) {
		const void *at = (const char *)st->self + o->at;

		if (o->free || !is_set(o, at))
			continue;
		one_value(o, at, out);
		buf_byte(out, '\n');
	}
	if (st->op->merge != NULL)
		for (int i = 0; i < n; i++)
			buf_printf(out, "input %d '%s'\n", i + 1,
				in[i].stage != NULL ? in[i].stage : "");
	else
		for (size_t i = 0; i < st->noperands; i++)
			buf_printf(out, "operand '%s'\n", st->operands[i]);
	if (st->op->keeper != NULL && st->op->keeper->form != NULL)
		st->op->keeper->form(st, in, n, out);
}

/* The commits may go on between the source's look and this one's only when an
 * earlier run was still alive. */
static int
check_committed(struct stage *st, const struct plan *p)
{
	int64_t newest;

	if (checkpoint_committed(p->checkpoint, &newest, st->err) < 0)
		return -1;
	if (newest == p->committed)
		return 0;
	return err_set(st->err,
		"the checkpoint '%s' has gone on in the "
		"meantime: start again (and let --sinks tell the source how "
		"many sinks there are)",
		p->checkpoint);
}

static int
is_known(struct stage *st, bool *known)
{
	struct checkpoint c;

	if (checkpoint_read(st->out.checkpoint, &c, st->err) != 0)
		return -1;
	*known = checkpoint_has(&c.sinks, st->out.stage);
	checkpoint_release(&c);
	return 0;
}

/* Where it has committed, it has to go on. */
static int
find_target(struct stage *st, bool any)
{
	struct recovery *r = &st->priv->recovery;
	struct buf what, path, full;
	char *at;
	int ret;

	if (st->op->sink == NULL || st->op->sink->target == NULL)
		return 0;
	buf_init(&what);
	buf_init(&path);
	buf_init(&full);
	st->op->sink->target(st, &what, &path);
	buf_str(&full, buf_cstr(&what));
	at = path.n > 0 ? absolute(buf_cstr(&path)) : mem_dup("", 0);
	buf_str(&full, at);
	buf_str(&what, buf_cstr(&path));
	r->words = mem_dup(buf_cstr(&what), what.n);
	r->target = mem_dup(buf_cstr(&full), full.n);
	ret = target_load(r->place.dir, r->target, &r->elsewhere, st->err);
	r->untold = ret == 1 || r->elsewhere != NULL;
	if (!any) { /* nothing has gone there */
		free(r->elsewhere);
		r->elsewhere = NULL;
	}
	free(at);
	buf_release(&what);
	buf_release(&path);
	buf_release(&full);
	return ret < 0 ? -1 : 0;
}

int
stage_elsewhere(struct stage *st)
{
	const struct recovery *r = &st->priv->recovery;
	char was[300];

	if (r->elsewhere == NULL)
		return 0;
	err_quote(was, sizeof was, r->elsewhere, strlen(r->elsewhere));
	return err_as(st->err, STATUS_DAMAGED,
		"this checkpoint writes %s: put "
		"that back, take another --checkpoint, or give it up: bief "
		"state %s forget %s",
		was, st->out.checkpoint, r->place.id);
}

static int
take_sink_place(struct stage *st, struct plan *p)
{
	struct recovery *r = &st->priv->recovery;
	bool known, any = false;

	if (place_lock(&r->place, p->checkpoint, "commits", p->stage, &p->runs,
		    st->err) < 0 ||
		is_known(st, &known) < 0 || check_committed(st, p) < 0 ||
		commit_last(r->place.dir, &r->last, &any, &r->mark, st->err) <
			0 ||
		find_target(st, any) < 0)
		return -1;
	if (any)
		r->own = r->last;
	/* A new sink starts where the others are, also one that died before
	 * it was known. */
	if (known || any)
		return 0;
	r->last = p->committed;
	return commit_start(&r->place, r->last, st->err);
}

static int
take_stage_place(struct stage *st, const struct plan *in, int n, struct plan *p)
{
	struct recovery *r = &st->priv->recovery;
	struct buf b;
	int ret;

	if (p->committed >= 0 && checkpoint_fresh(p->checkpoint, p->stage))
		return err_as(st->err, STATUS_DAMAGED,
			"the pipeline has "
			"changed: stage '%s' is not in the checkpoint '%s': go "
			"back to what it was, or begin with a new --checkpoint",
			p->stage, p->checkpoint);
	if (place_lock(&r->place, p->checkpoint, "state", p->stage, &p->runs,
		    st->err) < 0 ||
		check_committed(st, p) < 0)
		return -1;
	buf_init(&b);
	options_text(st, in, n, &b);
	ret = checkpoint_same(&r->place, buf_cstr(&b), st->err);
	buf_release(&b);
	if (ret == 0)
		ret = stagefile_save(r->place.dir, st, in, n, st->err);
	return ret < 0 ? -1
		       : checkpoint_restore(&r->place, st->state, p->last,
				 &r->files, st->err);
}

/* A header says which checkpoint it is: nothing is written into another. */
static int
same_checkpoint(struct stage *st, const struct plan *p)
{
	struct checkpoint c;
	bool same;

	if (checkpoint_read(p->checkpoint, &c, st->err) != 0)
		return -1;
	same = strcmp(c.identity, p->identity) == 0;
	checkpoint_release(&c);
	return same ? 0
		    : err_as(st->err, STATUS_DAMAGED,
			      "'%s' is not the "
			      "checkpoint that the stream tells of",
			      p->checkpoint);
}

int
recover_stage(struct stage *st, const struct plan *in, int n, struct plan *p)
{
	struct recovery *r = &st->priv->recovery;
	bool sink = st->op->sink != NULL;
	const char *own = st->priv->common.name != NULL ? st->priv->common.name
							: st->op->name;
	struct buf b;

	if (p->checkpoint == NULL || p->explain ||
		(st->op->keeper == NULL && st->op->sink == NULL))
		return 0;
	buf_init(&b);
	buf_printf(&b, "%s+%s", p->stage != NULL ? p->stage : "", own);
	free(p->stage);
	p->stage = mem_dup(buf_cstr(&b), b.n);
	buf_release(&b);
	r->committed = p->committed;
	if (same_checkpoint(st, p) < 0)
		return -1;
	if ((sink ? take_sink_place(st, p) : take_stage_place(st, in, n, p)) <
		0)
		return -1;
	r->on = true;
	return 0;
}

int
recover_ready(struct stage *st)
{
	struct recovery *r = &st->priv->recovery;

	if (!r->on || st->op->sink == NULL)
		return 0;
	return place_ready(&r->place, st->err);
}

/* The first of the checkpoint's sinks that has not come; NULL: all have. */
static int
missing_sink(struct stage *st, const struct list *there, char **missing)
{
	struct checkpoint c;

	*missing = NULL;
	if (checkpoint_read(st->out.checkpoint, &c, st->err) != 0)
		return -1;
	for (size_t i = 0; *missing == NULL && i < c.sinks.n; i++)
		if (!checkpoint_has(there, c.sinks.s[i]))
			*missing = mem_dup(c.sinks.s[i], strlen(c.sinks.s[i]));
	checkpoint_release(&c);
	return 0;
}

/* "this checkpoint writes directory out: ", where that is known. */
static const char *
sink_writes(const char *dir, const char *sink, char *out, size_t size)
{
	struct buf place;
	char *words = NULL, quoted[200];
	struct err none;

	*out = '\0';
	buf_init(&place);
	buf_printf(&place, "%s/commits/", dir);
	place_name(sink, &place);
	if (target_load(buf_cstr(&place), NULL, &words, &none) == 0)
		snprintf(out, size, "this checkpoint writes %s: ",
			err_quote(quoted, sizeof quoted, words, strlen(words)));
	free(words);
	buf_release(&place);
	return out;
}

/* A sink that has committed and does not come is not left behind in silence. */
static int
sink_is_gone(struct stage *st, const char *sink)
{
	const char *dir = st->out.checkpoint;
	char writes[300];

	return err_as(st->err, STATUS_DAMAGED,
		"%sthe pipeline has changed: "
		"the sink '%s' of the checkpoint '%s' is not there: put it "
		"back, or give it up: bief state %s forget %s",
		sink_writes(dir, sink, writes, sizeof writes), sink, dir, dir,
		sink);
}

/* 1: all that must be there are, and the checkpoint knows them; 0; -1. */
static int
sinks_are_there(struct stage *st, bool patient, int *there)
{
	const char *dir = st->out.checkpoint;
	struct list ids = {0};
	char *missing = NULL;
	int ret = 0;

	checkpoint_ready(dir, st->out.runs.s[0], &ids);
	*there = (int)ids.n;
	if (*there >= (int)st->priv->common.sinks) {
		ret = missing_sink(st, &ids, &missing);
		if (ret == 0 && missing == NULL)
			ret = checkpoint_add_sinks(dir, &ids, st->err) < 0 ? -1
									   : 1;
		else if (ret == 0 && !patient)
			ret = sink_is_gone(st, missing);
	}
	free(missing);
	list_free(&ids);
	return ret;
}

/* For what the sinks do: it is they who hold the source back. */
static int
wait_held(struct stage *st)
{
	int ret;

	st->chain->held = true;
	ret = loop_wait(st->chain, NULL, 0, time_now() + POLL_US);
	st->chain->held = false;
	return ret;
}

int
recover_wait_sinks(struct stage *st)
{
	int64_t since = time_monotonic();
	bool patient = true;
	int got, there;

	if (!st->priv->recovery.on)
		return 0;
	while ((got = sinks_are_there(st, patient, &there)) == 0) {
		if (signals_stopping())
			return err_set(st->err,
				"stopped while it waited for "
				"its sinks");
		if (patient && time_monotonic() - since > PATIENCE_US) {
			patient = false;
			if (there < (int)st->priv->common.sinks)
				say(st,
					"waiting for a sink that commits to "
					"'%s': %d of %d are there (a foreign "
					"filter swallows control lines: use "
					"thru; --sinks tells how many there "
					"are)",
					st->out.checkpoint, there,
					(int)st->priv->common.sinks);
		}
		if (wait_held(st) < 0)
			return -1;
	}
	return got < 0 ? -1 : 0;
}

/* Nothing was read between them. */
static bool
same_position(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The source stands here now; "from" is where it stood before. */
static void
moved_to(struct recovery *r, const char *position)
{
	free(r->from);
	r->from = r->to;
	r->to = position != NULL ? mem_dup(position, strlen(position)) : NULL;
}

/* One recorded batch again: from where the one before ended to its end. */
static int
rerun_one(struct stage *st, int64_t number, const char *from,
	const struct offset *to)
{
	struct batch b = {.number = number,
		.time_us = to->time_us,
		.watermark = WATERMARK_NONE,
		.rerun = true};
	int got;

	moved_to(&st->priv->recovery, to->position);
	if (chain_begin(st, &b) < 0)
		return -1;
	if (same_position(from, to->position))
		return chain_end(st, &b);
	if (st->op->source->seek(st, from, to->position) < 0)
		return -1;
	while ((got = st->op->source->pull(st)) == PULL_MORE)
		;
	if (got < 0)
		return -1;
	return chain_end(st, &b);
}

/* Tell a source that asked what the sinks have. */
int
stage_hear(struct stage *st)
{
	struct recovery *r = &st->priv->recovery;

	if (!st->hear || !r->on)
		return 0;
	if (checkpoint_committed(st->out.checkpoint, &r->committed, st->err) <
		0)
		return -1;
	return r->committed < 0 ? 0
				: st->op->source->committed(st, r->committed);
}

/* Can all be read that the batches to be run again need?  Better now than when
 * the first of them have gone through. */
static int
try_rerun(struct stage *st, const struct offset *from)
{
	struct recovery *r = &st->priv->recovery;
	struct offset to;
	int ret;

	if (r->stored <= st->out.committed)
		return 0;
	if (offset_load(&r->place, r->stored, &to, st->err) != 0)
		return -1;
	ret = same_position(from->position, to.position)
		? 0
		: st->op->source->seek(st, from->position, to.position);
	offset_release(&to);
	return ret;
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
		return got < 0 ? -1 : missing_offset(st, number);
	if (try_rerun(st, &at) < 0) {
		offset_release(&at);
		return -1;
	}
	moved_to(r, at.position);
	for (;;) {
		got = offset_load(&r->place, number + 1, &next, st->err);
		if (got != 0)
			break;
		number++;
		r->news = true;
		if (rerun_one(st, number, at.position, &next) < 0) {
			got = -1;
			offset_release(&next);
			break;
		}
		offset_release(&at);
		at = next;
	}
	st->in.resume = number + 1;
	if (got >= 0)
		got = st->op->source->seek(st, at.position, NULL) < 0 ? -1 : 0;
	if (got == 0)
		got = stage_hear(st);
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
		if (checkpoint_committed(
			    st->out.checkpoint, &r->committed, st->err) < 0)
			return -1;
		if (number - r->committed <= CHECKPOINT_AHEAD ||
			signals_stopping())
			return 0;
		if (wait_held(st) < 0)
			return -1;
	}
}

int
recover_begin(struct stage *st, const struct batch *b)
{
	struct recovery *r = &st->priv->recovery;
	bool known;

	if (!r->on || st->op->sink == NULL)
		return 0;
	r->skip = b->number <= r->last;
	if (r->known)
		return 0;
	r->known = true;
	if (is_known(st, &known) < 0)
		return -1;
	return known
		? 0
		: err_as(st->err, STATUS_USAGE,
			  "the source has not "
			  "waited for this sink: let its --sinks tell how many there "
			  "are");
}

int64_t
recover_time(const struct stage *st, int64_t now_us)
{
	const struct recovery *r = &st->priv->recovery;

	return r->on && now_us < r->time_us ? r->time_us : now_us;
}

static int
look_at_commits(struct stage *st)
{
	struct recovery *r = &st->priv->recovery;

	return checkpoint_committed(st->out.checkpoint, &r->committed, st->err);
}

int
recover_source_end(struct stage *st, const struct batch *b)
{
	struct recovery *r = &st->priv->recovery;
	struct offset o = {.time_us = b->time_us};
	struct buf position;
	int ret;

	if (!r->on || st->op->source == NULL || b->number <= r->stored)
		return 0;
	r->news = true;
	r->time_us = b->time_us;
	buf_init(&position);
	ret = st->op->source->mark(st, &position);
	if (ret == 0) {
		o.position = buf_cstr(&position);
		moved_to(r, o.position);
		ret = offset_save(&r->place, b->number, &o, st->err);
		r->stored = b->number;
	}
	buf_release(&position);
	if (ret == 0 && b->number % 10 == 0)
		ret = look_at_commits(st) < 0
			? -1
			: checkpoint_clean(&r->place, "offset",
				  r->committed - CHECKPOINT_KEEP, st->err);
	return ret == 0 ? stage_hear(st) : ret;
}

int
recover_finish(struct stage *st)
{
	struct recovery *r = &st->priv->recovery;

	if (!r->on || st->op->source == NULL)
		return 0;
	if (!r->news &&
		(st->out.trigger == TRIGGER_AVAILABLE ||
			st->out.trigger == TRIGGER_ONCE))
		say(st, "no new data");
	return offset_end(st->out.checkpoint, &r->place, r->stored, st->err);
}

static int
end_sink(struct stage *st, const struct batch *b)
{
	struct recovery *r = &st->priv->recovery;
	struct buf mark;
	int ret = 0;

	if (r->skip)
		return 0;
	/* Before its first commit here, so that a run that is refused for
	 * anything leaves all as it was. */
	if (r->untold &&
		target_save(&r->place, r->words, r->target, st->err) < 0)
		return -1;
	r->untold = false;
	buf_init(&mark);
	if (st->op->sink->mark != NULL)
		ret = st->op->sink->mark(st, &mark);
	r->last = b->number;
	if (ret == 0)
		ret = commit_save(&r->place, b->number,
			mark.n > 0 ? buf_cstr(&mark) : NULL, st->err);
	buf_release(&mark);
	return ret;
}

static int
end_stage(struct stage *st, const struct batch *b)
{
	struct recovery *r = &st->priv->recovery;

	if (checkpoint_save(
		    &r->place, st->state, b->number, &r->files, st->err) < 0)
		return -1;
	if (r->files.deltas > 0)
		return 0;
	/* There is a new snapshot. */
	return look_at_commits(st) < 0
		? -1
		: checkpoint_clean_state(&r->place, r->committed, st->err);
}

int
recover_end(struct stage *st, const struct batch *b)
{
	struct recovery *r = &st->priv->recovery;

	if (!r->on || b->whole || st->op->source != NULL)
		return 0;
	return st->op->sink != NULL ? end_sink(st, b) : end_stage(st, b);
}
