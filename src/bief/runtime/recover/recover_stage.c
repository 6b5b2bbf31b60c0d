/*
 * recover_stage: the part of a stage that keeps state in a checkpoint.
 *
 * THE STATES, what may be trusted in each, and which call leaves it:
 *
 *   IDLE     Its place is locked, its options are those of the checkpoint, and
 *            st->state is what is saved for batch files.last (-1: nothing):
 *            the one before the run, then the newest that has ended.
 *                                            -> begin (OPEN); finish
 *   OPEN     A batch later than files.last changes st->state; of it nothing is
 *            saved by this run.              -> end (IDLE), with its file
 *   ENDED    Nothing more comes.             -> free
 *   FAILED   A call has failed.  What the disk holds is for the next run to
 *            find out.                       -> free
 *
 * Files of later batches, of an earlier run, are not looked at: each is
 * replaced when its batch has been run again.
 */
#include "runtime/recover/recover_stage.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "recovery/checkpoint.h"
#include "recovery/options.h"
#include "recovery/place.h"
#include "recovery/statefile.h"
#include "runtime/chain.h"
#include "runtime/recover/recover_join.h"
#include "runtime/stagefile.h"
#include "time/time.h"
#include "floor/mem.h"
#include "time/duration.h"

enum stage_state { STAGE_IDLE, STAGE_OPEN, STAGE_ENDED, STAGE_FAILED };
#define IN(state) (1u << (state))

struct stage_recovery {
	enum stage_state state;
	struct place place;
	struct statefile files;
	int64_t number; /* of the newest batch that has begun; -1 */
};

/* What is true in each state: called at the entry and the exit of each call. */
static void
stage_check(const struct stage *st, const struct stage_recovery *s)
{
	assert(st->priv->recovery.role == RECOVERY_STAGE);
	assert(!st->priv->recovery.skip);
	if (s->state == STAGE_FAILED)
		return;
	assert(place_held(&s->place));
	assert(st->state != NULL);
	if (s->state == STAGE_OPEN)
		assert(s->number > s->files.last);
	else
		assert(s->number == -1 || s->number == s->files.last);
}

static struct stage_recovery *
stage_enter(const struct stage *st, unsigned states)
{
	struct stage_recovery *s = st->priv->recovery.stage;

	stage_check(st, s);
	assert(states & IN(s->state)); /* a call out of order */
	return s;
}

static int
stage_leave(struct stage *st, int ret, enum stage_state next)
{
	struct stage_recovery *s = st->priv->recovery.stage;

	s->state = ret < 0 ? STAGE_FAILED : next;
	stage_check(st, s);
	return ret;
}

void
recover_stage_free(struct stage_recovery *s)
{
	place_release(&s->place);
	free(s);
}

/* ---- what its state depends on ---- */

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

void
recover_stage_options(
	struct stage *st, const struct plan *in, int n, struct buf *out)
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

/* ---- taking its place ---- */

static int
take_place(struct stage *st, struct stage_recovery *s, const struct plan *in,
	int n, const struct plan *p)
{
	struct buf b;
	int ret;

	if (p->committed >= 0 && options_fresh(p->checkpoint, p->stage))
		return err_as(st->err, STATUS_DAMAGED,
			"the pipeline has "
			"changed: stage '%s' is not in the checkpoint '%s': go "
			"back to what it was, or begin with a new --checkpoint",
			p->stage, p->checkpoint);
	if (place_lock(&s->place, p->checkpoint, "state", p->stage, &p->runs,
		    st->err) < 0 ||
		recover_join_committed(st, p) < 0)
		return -1;
	buf_init(&b);
	recover_stage_options(st, in, n, &b);
	ret = options_same(&s->place, buf_cstr(&b), st->err);
	buf_release(&b);
	if (ret == 0)
		ret = stagefile_save(s->place.dir, st, in, n, st->err);
	return ret < 0 ? -1
		       : statefile_restore(&s->place, st->state, p->last,
				 &s->files, st->err);
}

int
recover_stage_open(
	struct stage *st, const struct plan *in, int n, const struct plan *p)
{
	struct recovery *r = &st->priv->recovery;

	assert(r->role == RECOVERY_NONE);
	assert(p->last <= p->committed);
	r->role = RECOVERY_STAGE;
	r->stage = mem_zalloc(sizeof(*r->stage));
	place_init(&r->stage->place);
	r->stage->files.last = r->stage->number = -1;
	return stage_leave(st, take_place(st, r->stage, in, n, p), STAGE_IDLE);
}

/* ---- batches ---- */

void
recover_stage_begin(struct stage *st, const struct batch *b)
{
	struct stage_recovery *s = stage_enter(st, IN(STAGE_IDLE));

	assert(!b->whole);
	s->number = b->number;
	stage_leave(st, 0, STAGE_OPEN);
}

/* There is a new snapshot: older files may go. */
static int
clean(struct stage *st, const struct stage_recovery *s)
{
	int64_t committed;

	return checkpoint_committed(st->out.checkpoint, &committed, st->err) < 0
		? -1
		: statefile_clean(&s->place, committed, st->err);
}

int
recover_stage_end(struct stage *st, const struct batch *b)
{
	struct stage_recovery *s = stage_enter(st, IN(STAGE_OPEN));
	int ret;

	assert(b->number == s->number);
	ret = statefile_save(
		&s->place, st->state, b->number, &s->files, st->err);
	if (ret == 0 && s->files.deltas == 0)
		ret = clean(st, s);
	return stage_leave(st, ret, STAGE_IDLE);
}

void
recover_stage_finish(struct stage *st)
{
	stage_enter(st, IN(STAGE_IDLE));
	stage_leave(st, 0, STAGE_ENDED);
}
