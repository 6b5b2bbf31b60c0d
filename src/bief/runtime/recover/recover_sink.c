/*
 * recover_sink: the part of a sink in a checkpoint.
 *
 * THE STATES, what may be trusted in each, and which call leaves it:
 *
 *   PLACED   Its place is locked.  has is the newest batch that it has made
 *            durable, or the one behind which it starts; own and mark are of
 *            what it had committed itself.  words, target and elsewhere say
 *            where it writes.  The source does not know of it.
 *                                            -> ready (READY)
 *   READY    It has restored what it needs, and its place says so.  The source
 *            may have entered it by now, or not.
 *                                            -> begin (OPEN, SKIPS), which
 *                                               refuses it if not; finish
 *   IDLE     The source knows it.  has is durable and committed, nothing else
 *            is.                             -> begin (OPEN, SKIPS); finish
 *   OPEN     Batch number, has + 1, is being taken: what of it has been written
 *            may be there after a crash, or not.
 *                                            -> end (IDLE), with the commit
 *   SKIPS    Batch number, which it has: its records are not given to it.
 *                                            -> end (IDLE)
 *   ENDED    Nothing more comes.             -> free
 *   FAILED   A call has failed.  What the disk holds is for the next run to
 *            find out.                       -> free
 *
 * A new sink writes "start" when it takes its place; the target is written with
 * the first commit, so that a run that is refused for anything leaves all as it
 * was.
 */
#include "runtime/recover/recover_sink.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "io/file.h"
#include "recovery/commit.h"
#include "recovery/metadata.h"
#include "recovery/place.h"
#include "recovery/target.h"
#include "runtime/chain.h"
#include "runtime/recover/recover_join.h"
#include "floor/mem.h"

enum sink_state {
	SINK_PLACED,
	SINK_READY,
	SINK_IDLE,
	SINK_OPEN,
	SINK_SKIPS,
	SINK_ENDED,
	SINK_FAILED
};
#define IN(state) (1u << (state))

struct sink_recovery {
	enum sink_state state;
	struct place place;
	int64_t has;     /* newest batch, or where it starts */
	int64_t own;     /* newest that it had committed at the start; -1 */
	int64_t number;  /* of the batch that is open */
	char *mark;      /* its mark of own, or NULL */
	char *words;     /* what it writes to, or NULL: it does not say */
	char *target;    /* ... in full */
	char *elsewhere; /* what it has committed to, in words, if not that */
	bool untold;     /* the target is not in the checkpoint yet */
};

/* What is true in each state: called at the entry and the exit of each call. */
static void
sink_check(const struct stage *st, const struct sink_recovery *s)
{
	assert(st->priv->recovery.role == RECOVERY_SINK);
	assert(st->priv->recovery.skip == (s->state == SINK_SKIPS));
	if (s->state == SINK_FAILED)
		return;
	assert(place_held(&s->place));
	assert(s->own <= s->has);
	assert((s->words != NULL) == (s->target != NULL));
	assert(!s->untold || s->words != NULL);
	if (s->state == SINK_OPEN)
		assert(s->number == s->has + 1);
	if (s->state == SINK_SKIPS)
		assert(s->number <= s->has);
}

static struct sink_recovery *
sink_enter(const struct stage *st, unsigned states)
{
	struct sink_recovery *s = st->priv->recovery.sink;

	sink_check(st, s);
	assert(states & IN(s->state)); /* a call out of order */
	return s;
}

static int
sink_leave(struct stage *st, int ret, enum sink_state next)
{
	struct sink_recovery *s = st->priv->recovery.sink;

	s->state = ret < 0 ? SINK_FAILED : next;
	st->priv->recovery.skip = s->state == SINK_SKIPS;
	sink_check(st, s);
	return ret;
}

void
recover_sink_free(struct sink_recovery *s)
{
	place_release(&s->place);
	free(s->mark);
	free(s->words);
	free(s->target);
	free(s->elsewhere);
	free(s);
}

/* ---- taking its place ---- */

static int
is_known(struct stage *st, const struct plan *p, bool *known)
{
	struct metadata m;

	if (metadata_read(p->checkpoint, &m, st->err) != 0)
		return -1;
	*known = list_has(&m.sinks, p->stage);
	metadata_release(&m);
	return 0;
}

/* Where it has committed (any), it has to go on. */
static int
find_target(struct stage *st, struct sink_recovery *s, bool any)
{
	struct buf what, path, full;
	char *at;
	int ret;

	if (st->op->sink->target == NULL)
		return 0;
	buf_init(&what);
	buf_init(&path);
	buf_init(&full);
	st->op->sink->target(st, &what, &path);
	buf_str(&full, buf_cstr(&what));
	at = path.n > 0 ? file_absolute(buf_cstr(&path)) : mem_dup("", 0);
	buf_str(&full, at);
	buf_str(&what, buf_cstr(&path));
	s->words = mem_dup(buf_cstr(&what), what.n);
	s->target = mem_dup(buf_cstr(&full), full.n);
	ret = target_load(s->place.dir, s->target, &s->elsewhere, st->err);
	s->untold = ret == 1 || s->elsewhere != NULL;
	if (!any) { /* nothing has gone there */
		free(s->elsewhere);
		s->elsewhere = NULL;
	}
	free(at);
	buf_release(&what);
	buf_release(&path);
	buf_release(&full);
	return ret < 0 ? -1 : 0;
}

/* The batches between would be left out without a word. */
static int
too_old(struct stage *st, const struct sink_recovery *s, const struct plan *p)
{
	return err_as(st->err, STATUS_DAMAGED,
		"the sink '%s' has batch %lld, and the next one is %lld: what "
		"is between does not come again; give the sink up: bief state "
		"%s forget %s",
		s->place.id, (long long)s->has, (long long)p->resume,
		p->checkpoint, s->place.id);
}

static int
take_place(struct stage *st, struct sink_recovery *s, const struct plan *p)
{
	bool known, any = false;

	if (place_lock(&s->place, p->checkpoint, "commits", p->stage, &p->runs,
		    st->err) < 0 ||
		is_known(st, p, &known) < 0 ||
		recover_join_committed(st, p) < 0 ||
		commit_last(s->place.dir, &s->has, &any, &s->mark, st->err) <
			0 ||
		find_target(st, s, any) < 0)
		return -1;
	if (any)
		s->own = s->has;
	/* A new sink starts where the others are, also one that died before
	 * it was known. */
	if (!known && !any) {
		s->has = p->committed;
		return commit_start(&s->place, s->has, st->err);
	}
	return s->has < p->resume - 1 ? too_old(st, s, p) : 0;
}

int
recover_sink_open(struct stage *st, const struct plan *p)
{
	struct recovery *r = &st->priv->recovery;

	assert(r->role == RECOVERY_NONE);
	r->role = RECOVERY_SINK;
	r->sink = mem_zalloc(sizeof(*r->sink));
	place_init(&r->sink->place);
	r->sink->has = r->sink->own = r->sink->number = -1;
	return sink_leave(st, take_place(st, r->sink, p), SINK_PLACED);
}

int
recover_sink_ready(struct stage *st)
{
	struct sink_recovery *s = sink_enter(st, IN(SINK_PLACED));

	return sink_leave(st, place_ready(&s->place, st->err), SINK_READY);
}

/* ---- what operators ask ---- */

int64_t
recover_sink_committed(const struct stage *st, int64_t *start)
{
	const struct sink_recovery *s;

	*start = -1;
	if (!recover_on(&st->priv->recovery))
		return -1;
	s = sink_enter(st, ~IN(SINK_FAILED));
	*start = s->has;
	return s->own;
}

const char *
recover_sink_mark(const struct stage *st)
{
	return recover_on(&st->priv->recovery) ? sink_enter(st, ~0u)->mark
					       : NULL;
}

int
recover_sink_elsewhere(struct stage *st)
{
	const struct sink_recovery *s;
	char was[300];

	if (!recover_on(&st->priv->recovery))
		return 0;
	s = sink_enter(st, IN(SINK_PLACED));
	if (s->elsewhere == NULL)
		return 0;
	err_quote(was, sizeof was, s->elsewhere, strlen(s->elsewhere));
	return err_as(st->err, STATUS_DAMAGED,
		"this checkpoint writes %s: put "
		"that back, take another --checkpoint, or give it up: bief "
		"state %s forget %s",
		was, st->out.checkpoint, s->place.id);
}

/* ---- batches ---- */

/* Before its first batch a source enters the sinks that it has waited for. */
static int
check_known(struct stage *st)
{
	bool known;

	if (is_known(st, &st->out, &known) < 0)
		return -1;
	return known
		? 0
		: err_as(st->err, STATUS_USAGE,
			  "the source has not "
			  "waited for this sink: let its --sinks tell how many "
			  "there are");
}

int
recover_sink_begin(struct stage *st, const struct batch *b)
{
	struct sink_recovery *s = sink_enter(
		st, IN(SINK_READY) | IN(SINK_IDLE));
	int ret = s->state == SINK_READY ? check_known(st) : 0;

	assert(!b->whole);
	assert(b->number > s->number);
	s->number = b->number;
	return sink_leave(
		st, ret, b->number <= s->has ? SINK_SKIPS : SINK_OPEN);
}

static int
commit(struct stage *st, struct sink_recovery *s)
{
	struct buf mark;
	int ret = 0;

	if (s->untold &&
		target_save(&s->place, s->words, s->target, st->err) < 0)
		return -1;
	s->untold = false;
	buf_init(&mark);
	if (st->op->sink->mark != NULL)
		ret = st->op->sink->mark(st, &mark);
	if (ret == 0)
		ret = commit_save(&s->place, s->number,
			mark.n > 0 ? buf_cstr(&mark) : NULL, st->err);
	buf_release(&mark);
	if (ret == 0)
		s->has = s->number;
	return ret;
}

int
recover_sink_end(struct stage *st, const struct batch *b)
{
	struct sink_recovery *s = sink_enter(
		st, IN(SINK_OPEN) | IN(SINK_SKIPS));
	int ret = s->state == SINK_OPEN ? commit(st, s) : 0;

	assert(b->number == s->number);
	return sink_leave(st, ret, SINK_IDLE);
}

void
recover_sink_finish(struct stage *st)
{
	sink_enter(st, IN(SINK_READY) | IN(SINK_IDLE));
	sink_leave(st, 0, SINK_ENDED);
}
