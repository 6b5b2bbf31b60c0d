/*
 * recover_source: the part of a source in a checkpoint.
 *
 * THE STATES, what may be trusted in each, and which call leaves it:
 *
 *   LOCKED   Its place is locked: no other run with this source is at work, but
 *            stages and sinks of an earlier one may be, and commit.
 *                                            -> open (OPENED)
 *   OPENED   These have ended.  began is the newest batch that all sinks have;
 *            the offsets from there to stored are there and can be read, and
 *            stored is no less than what any stage or sink has saved.
 *                                            -> joined (JOINED)
 *   JOINED   The checkpoint knows all sinks of this run, so that committed
 *            waits for each of them.         -> again (RERUN)
 *   RERUN    Recorded batches up to number have been run again; to is where
 *            that one ended.                 -> begin (REOPEN); go_on (IDLE),
 *                                               when number is stored
 *   REOPEN   Recorded batch number is run again, to its recorded end.
 *                                            -> end (RERUN)
 *   IDLE     Batch number is stored: its end was recorded.
 *                                            -> begin (OPEN); finish
 *   OPEN     Batch number, stored + 1, is new: nobody may hear of its end.
 *                                            -> end (IDLE), with its offset
 *   ENDED    Nothing more comes; of several sources it has noted its end.
 *                                            -> free
 *   FAILED   A call has failed.  What the disk holds is for the next run to
 *            find out.                       -> free
 *
 * committed, as last looked, is never above stored: a sink hears of the end of
 * a batch only after this has recorded it.
 */
#include "runtime/recover/recover_source.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "io/file.h"
#include "recovery/checkpoint.h"
#include "recovery/metadata.h"
#include "recovery/numbers.h"
#include "recovery/offset.h"
#include "recovery/place.h"
#include "runtime/chain.h"
#include "runtime/report/say.h"
#include "floor/mem.h"

#define CLEAN_EVERY 10 /* batches */

enum source_state {
	SOURCE_LOCKED,
	SOURCE_OPENED,
	SOURCE_JOINED,
	SOURCE_RERUN,
	SOURCE_REOPEN,
	SOURCE_IDLE,
	SOURCE_OPEN,
	SOURCE_ENDED,
	SOURCE_FAILED
};
#define IN(state) (1u << (state))
#define IN_BATCHES                                                \
	(IN(SOURCE_RERUN) | IN(SOURCE_REOPEN) | IN(SOURCE_IDLE) | \
		IN(SOURCE_OPEN))

struct source_recovery {
	enum source_state state;
	struct place place;
	int64_t began;     /* committed, when the run began */
	int64_t committed; /* by all sinks, as last looked */
	int64_t stored;    /* newest recorded batch */
	int64_t number;    /* newest batch that has begun, or began */
	int64_t time_us;   /* of the newest batch that was recorded */
	char *from, *to;   /* the newest batch of this run; may be NULL */
};

/* What is true in each state: called at the entry and the exit of each call. */
static void
source_check(const struct stage *st, const struct source_recovery *s)
{
	assert(st->priv->recovery.role == RECOVERY_SOURCE);
	assert(!st->priv->recovery.skip);
	if (s->state == SOURCE_FAILED)
		return;
	assert(place_held(&s->place));
	assert(s->committed <= s->stored);
	switch (s->state) {
	case SOURCE_LOCKED:
	case SOURCE_OPENED:
	case SOURCE_JOINED:
		assert(s->number == s->began);
		assert(s->to == NULL);
		break;
	case SOURCE_RERUN:
	case SOURCE_REOPEN:
		assert(s->number >= s->began);
		assert(s->number <= s->stored);
		break;
	case SOURCE_OPEN:
		assert(s->number == s->stored + 1);
		break;
	default: /* SOURCE_IDLE, SOURCE_ENDED */
		assert(s->number == s->stored);
	}
}

static struct source_recovery *
source_enter(const struct stage *st, unsigned states)
{
	struct source_recovery *s = st->priv->recovery.source;

	source_check(st, s);
	assert(states & IN(s->state)); /* a call out of order */
	return s;
}

static int
source_leave(struct stage *st, int ret, enum source_state next)
{
	struct source_recovery *s = st->priv->recovery.source;

	s->state = ret < 0 ? SOURCE_FAILED : next;
	source_check(st, s);
	return ret;
}

/* A call that stays where it is, but fails. */
static int
source_stay(struct stage *st, int ret)
{
	return source_leave(st, ret, st->priv->recovery.source->state);
}

void
recover_source_free(struct source_recovery *s)
{
	place_release(&s->place);
	free(s->from);
	free(s->to);
	free(s);
}

/* ---- before the first batch ---- */

/* What a source is called: its --name, or the program and what it reads. */
static char *
source_id(const struct stage *st)
{
	const char *name = st->priv->common.name;
	struct buf b;
	char *s;

	if (name != NULL)
		return mem_dup(name, strlen(name));
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

int
recover_source_lock(struct stage *st, struct plan *p)
{
	struct recovery *r = &st->priv->recovery;
	struct source_recovery *s = mem_zalloc(sizeof(*s));
	int ret = -1;

	assert(r->role == RECOVERY_NONE);
	r->role = RECOVERY_SOURCE;
	r->source = s;
	place_init(&s->place);
	s->began = s->committed = s->stored = s->number = -1;
	p->checkpoint = file_absolute(st->priv->common.checkpoint);
	p->stage = source_id(st);
	new_run(&p->runs);
	if (metadata_open(p->checkpoint, &p->identity, st->err) == 0)
		ret = place_lock(&s->place, p->checkpoint, "offsets", p->stage,
			&p->runs, st->err);
	return source_leave(st, ret, SOURCE_LOCKED);
}

/*
 * The batches to run again must all be there, and can be read, before anything
 * is changed.  Finds the newest one, and how far this source took part.
 */
static int
check_offsets(struct stage *st, struct source_recovery *s, struct plan *p)
{
	int64_t from = p->committed >= 0 ? p->committed : 0;
	int64_t newest;
	struct numbers l;
	struct offset o;
	int ret = 0;

	if (checkpoint_newest(p->checkpoint, p->stage, &newest, st->err) < 0 ||
		numbers_list(&l, s->place.dir, "offset", st->err) < 0)
		return -1;
	s->stored = numbers_last(&l);
	numbers_release(&l);
	if (newest < p->committed)
		newest = p->committed;
	if (s->stored < newest)
		return offset_missing(&s->place, newest, st->err);
	p->last = p->committed;
	for (int64_t i = from; ret == 0 && i <= s->stored; i++) {
		ret = offset_need(&s->place, i, &o, st->err);
		if (ret == 0 && i == p->committed && o.absent)
			p->last = o.as;
		if (o.time_us > s->time_us)
			s->time_us = o.time_us;
		offset_release(&o);
	}
	return ret;
}

int
recover_source_open(struct stage *st, struct plan *p)
{
	struct source_recovery *s = source_enter(st, IN(SOURCE_LOCKED));
	int ret = -1;

	if (checkpoint_add_source(p->checkpoint, p->stage, st->err) == 0 &&
		checkpoint_committed(p->checkpoint, &p->committed, st->err) ==
			0 &&
		offset_resume(
			p->checkpoint, &s->place, p->committed, st->err) == 0 &&
		offset_anew(p->checkpoint, &p->anew, st->err) == 0)
		ret = check_offsets(st, s, p);
	p->resume = p->committed + 1;
	s->began = s->number = s->committed = p->committed;
	return source_leave(st, ret, SOURCE_OPENED);
}

void
recover_source_joined(struct stage *st)
{
	source_enter(st, IN(SOURCE_OPENED));
	source_leave(st, 0, SOURCE_JOINED);
}

/* ---- batches that are run again ---- */

int64_t
recover_source_stored(const struct stage *st)
{
	return source_enter(st, ~IN(SOURCE_LOCKED))->stored;
}

int
recover_source_recorded(struct stage *st, int64_t batch, struct offset *o)
{
	struct source_recovery *s = source_enter(st, IN(SOURCE_JOINED));

	assert(batch <= s->stored);
	*o = (struct offset){.position = NULL};
	return batch < 0
		? 0
		: source_stay(st, offset_need(&s->place, batch, o, st->err));
}

/* The source stands here now; "from" is where it stood before. */
static void
moved_to(struct source_recovery *s, const char *position)
{
	free(s->from);
	s->from = s->to;
	s->to = position != NULL ? mem_dup(position, strlen(position)) : NULL;
}

void
recover_source_again(struct stage *st, const char *position)
{
	struct source_recovery *s = source_enter(st, IN(SOURCE_JOINED));

	moved_to(s, position);
	source_leave(st, 0, SOURCE_RERUN);
}

int
recover_source_next(struct stage *st, struct offset *o)
{
	struct source_recovery *s = source_enter(st, IN(SOURCE_RERUN));
	int ret;

	if (s->number == s->stored)
		return 1;
	ret = offset_need(&s->place, s->number + 1, o, st->err);
	if (ret == 0)
		moved_to(s, o->position);
	return source_stay(st, ret);
}

void
recover_source_go_on(struct stage *st)
{
	source_enter(st, IN(SOURCE_RERUN));
	source_leave(st, 0, SOURCE_IDLE);
}

/* ---- batches ---- */

void
recover_source_begin(struct stage *st, const struct batch *b)
{
	struct source_recovery *s = source_enter(
		st, IN(SOURCE_RERUN) | IN(SOURCE_IDLE));

	assert(b->rerun == (s->state == SOURCE_RERUN));
	assert(b->number == s->number + 1);
	s->number = b->number;
	source_leave(st, 0, b->rerun ? SOURCE_REOPEN : SOURCE_OPEN);
}

/* Record where the new batch ends. */
static int
record(struct stage *st, struct source_recovery *s, const struct batch *b)
{
	struct offset o = {.time_us = b->time_us};
	struct buf position;
	int ret;

	buf_init(&position);
	ret = st->op->source->mark(st, &position);
	if (ret == 0) {
		o.position = buf_cstr(&position);
		ret = offset_save(&s->place, b->number, &o, st->err);
	}
	if (ret == 0) {
		moved_to(s, o.position);
		s->time_us = b->time_us;
		s->stored = b->number;
	}
	buf_release(&position);
	return ret;
}

/* Now and then what no restart can need is deleted. */
static int
clean(struct stage *st, struct source_recovery *s)
{
	if (s->number % CLEAN_EVERY != 0)
		return 0;
	return checkpoint_committed(
		       st->out.checkpoint, &s->committed, st->err) < 0
		? -1
		: numbers_clean(&s->place, "offset",
			  s->committed - NUMBERS_KEEP, st->err);
}

int
recover_source_end(struct stage *st, const struct batch *b)
{
	struct source_recovery *s = source_enter(
		st, IN(SOURCE_REOPEN) | IN(SOURCE_OPEN));
	int ret;

	assert(b->number == s->number);
	if (s->state == SOURCE_REOPEN)
		return source_leave(st, 0, SOURCE_RERUN);
	ret = record(st, s, b);
	if (ret == 0)
		ret = clean(st, s);
	source_leave(st, ret, SOURCE_IDLE);
	return ret < 0 ? -1 : recover_source_hear(st);
}

int
recover_source_finish(struct stage *st)
{
	struct source_recovery *s = source_enter(st, IN(SOURCE_IDLE));
	enum trigger_kind kind = st->out.trigger;

	if (s->number == s->began &&
		(kind == TRIGGER_AVAILABLE || kind == TRIGGER_ONCE))
		say(st, "no new data");
	return source_leave(st,
		offset_end(st->out.checkpoint, &s->place, s->stored, st->err),
		SOURCE_ENDED);
}

/* ---- what is asked of it ---- */

int64_t
recover_source_time(const struct stage *st, int64_t now_us)
{
	const struct source_recovery *s = source_enter(st, IN(SOURCE_IDLE));

	return now_us < s->time_us ? s->time_us : now_us;
}

int64_t
recover_source_committed(const struct stage *st)
{
	return source_enter(st, IN_BATCHES | IN(SOURCE_ENDED))->committed;
}

int
recover_source_look(struct stage *st)
{
	struct source_recovery *s = source_enter(
		st, IN_BATCHES | IN(SOURCE_ENDED));

	return source_stay(st,
		checkpoint_committed(
			st->out.checkpoint, &s->committed, st->err));
}

void
recover_source_span(const struct stage *st, const char **from, const char **to)
{
	const struct source_recovery *s;

	*from = *to = NULL;
	if (!recover_on(&st->priv->recovery))
		return;
	s = source_enter(st, ~0u);
	*from = s->from;
	*to = s->to;
}

int
recover_source_hear(struct stage *st)
{
	int64_t committed;

	if (!st->hear || !recover_on(&st->priv->recovery) ||
		st->priv->recovery.source->state == SOURCE_FAILED)
		return 0;
	if (recover_source_look(st) < 0)
		return -1;
	committed = recover_source_committed(st);
	return committed < 0 ? 0 : st->op->source->committed(st, committed);
}
