/*
 * threads: see threads.h.
 *
 * Blocks stand in a ring.  They are filled by the main thread, taken by whoever
 * is free, and replayed by the main thread, in the same order all three; the
 * lock is about which ones have been.  A block belongs to who has taken it, a
 * clone to its thread while that has a block, and the chain to the main thread.
 */
#include "runtime/threads/threads.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "floor/mem.h"
#include "value/json.h"
#include "io/stream/eol.h"
#include "io/stream/meet.h"
#include "runtime/chain.h"
#include "runtime/threads/block.h"
#include "runtime/loop/link_out.h"
#include "runtime/threads/clone.h"
#include "runtime/threads/lend.h"
#include "runtime/threads/offer.h"
#include "runtime/threads/replay.h"

#define BLOCK_BYTES ((size_t)256 << 10)
#define SMALL_BYTES \
	((size_t)1 << 20) /* of input that is no matter for threads */
#define FEW 8             /* less than a block by so much is no matter either */
#define SOON \
	((size_t)64 << 10) /* between two looks for what the neighbour lends */
#define OVER_MOST 8        /* blocks of which too much comes; then no others */
#define SPARE 2            /* blocks beyond one for each thread */

#define THREAD_ROOM \
	((rlim_t)256 << 20) /* of addresses: stacks, heaps and blocks */

struct threads {
	struct chain *c;
	int n;             /* threads, the main one among them */
	int most;          /* of them that work at a time */
	bool asked;        /* the user has said how many */
	int started;       /* threads beside it */
	int first, end;    /* the stages that are cloned: before end */
	struct lent *lent; /* those of a neighbour behind them */
	uint64_t lent_at;  /* as often as it had told of them then */
	bool unlent;       /* they are not taken (any more) */
	int64_t tasted;    /* the batch in which expect() has been */
	uint64_t joined;   /* aside.news then */
	size_t bytes;      /* of a block */
	size_t small;      /* bytes to come before there are clones */
	struct clone *clones[STAGE_CLONES];
	struct worker {
		struct threads *t;
		int by;
		pthread_t id;
		pthread_cond_t wake;
		bool waits;
	} worker[STAGE_CLONES];
	bool direct; /* lines are for the chain itself */
	/* A neighbour works for us: what its clones and ours know would be mixed
	 * up by those behind, who tell clones apart by their number alone. */
	bool passes;
	uint64_t stale;  /* so are those of the blocks before this one */
	int over_blocks; /* of which too much has come */
	bool broken;     /* there will be no blocks (any more) */
	bool failed;     /* one of them has, with ... */
	struct err err;
	struct stage *stage;
	struct block *block;
	uint64_t nblocks, replayed; /* so many are through */
	/* under the lock */
	pthread_mutex_t lock;
	pthread_cond_t done;
	int working;            /* of the workers */
	uint64_t filled, taken; /* so many blocks have been */
	bool over;
	struct offer offer; /* to a neighbour in front */
};

static struct block *
block_at(struct threads *t, uint64_t i)
{
	return &t->block[i % t->nblocks];
}

/* ---- beside the main thread ---- */

/* Work on the next block; the lock is held. */
static void
take_one(struct threads *t, int by)
{
	struct block *b = block_at(t, t->taken++);

	b->state = BLOCK_TAKEN;
	b->by = by;
	pthread_mutex_unlock(&t->lock);
	clone_run(t->clones[by], b);
	pthread_mutex_lock(&t->lock);
	b->state = BLOCK_DONE;
	pthread_cond_signal(&t->done);
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct threads *t = w->t;

	pthread_mutex_lock(&t->lock);
	while (!t->over) {
		if (w->waits) {
			pthread_cond_wait(&w->wake, &t->lock);
		} else if (t->taken < t->filled) {
			take_one(t, w->by);
		} else {
			w->waits = true;
			t->working--;
		}
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/*
 * There is a block to work on.  It is for the first one that is idle: each clone
 * has to learn what records are like and which groups there are, so that it is
 * best if few of them know all.  More than there are cores would only take
 * turns, each with memory of its own; the main thread is one of them.
 */
static void
wake_one(struct threads *t)
{
	if (t->working + 1 >= t->most)
		return;
	for (int i = 1; i <= t->started; i++) {
		struct worker *w = &t->worker[i];

		if (!w->waits)
			continue;
		w->waits = false;
		t->working++;
		pthread_cond_signal(&w->wake);
		return;
	}
}

/* ---- the main thread ---- */

/* The block begins in the midst of something: no clone can have known.  What the
 * others have done since is built on what they have done with it. */
static int
run_directly(struct threads *t, const struct block *b)
{
	int rc;

	for (int i = 0; i < t->n; i++)
		clone_skipped(t->clones[i]);
	t->c->aside.news++;
	t->direct = true;
	rc = clone_lines(&t->c->stages[0], b->text.p, b->text.n);
	t->direct = false;
	return rc;
}

static int
replay(struct threads *t, const struct block *b)
{
	struct replay_of of = clone_replay(t->clones[b->by]);
	int rc = replay_block(t->c, &of, b);

	/* What it has begun it alone can go on with, and we do not see where
	 * that ends. */
	if (of.holds) {
		t->stale = t->filled;
		t->unlent = true;
	}
	return rc;
}

/* The oldest block happens; what fails ends all of it. */
static int
replay_oldest(struct threads *t)
{
	struct block *b = block_at(t, t->replayed);
	int rc;

	pthread_mutex_lock(&t->lock);
	while (b->state != BLOCK_DONE) {
		if (t->taken < t->filled)
			take_one(t, 0);
		else
			pthread_cond_wait(&t->done, &t->lock);
	}
	pthread_mutex_unlock(&t->lock);
	/* What happens now has its effect at once. */
	t->c->aside.busy = false;
	if (b->over || clone_holds(t->c, t->first, t->end))
		t->stale = t->filled;
	if (b->over && ++t->over_blocks > OVER_MOST)
		t->broken = t->unlent = true;
	rc = t->replayed < t->stale ? run_directly(t, b) : replay(t, b);
	t->replayed++;
	b->text.n = 0;
	b->state = BLOCK_FILLED;
	if (rc < 0) {
		t->broken = t->failed = true;
		t->err = t->c->err;
		t->stage = t->c->failed;
	}
	t->c->aside.busy = t->failed || t->replayed < t->filled ||
		block_at(t, t->filled)->text.n > 0;
	return rc;
}

/* Whoever asks is told, for not all can say so at once. */
static int
tell_failed(struct threads *t)
{
	t->c->err = t->err;
	t->c->failed = t->stage;
	return -1;
}

static bool
oldest_is_done(struct threads *t)
{
	bool is;

	pthread_mutex_lock(&t->lock);
	is = t->replayed < t->filled &&
		block_at(t, t->replayed)->state == BLOCK_DONE;
	pthread_mutex_unlock(&t->lock);
	return is;
}

/* The block that is being filled is full: there is another to be filled then. */
static int
hand_on(struct threads *t, bool wake)
{
	struct block *b = block_at(t, t->filled);

	memset(buf_need(&b->text, JSON_PADDING), 0, JSON_PADDING);
	pthread_mutex_lock(&t->lock);
	t->filled++;
	if (wake)
		wake_one(t);
	pthread_mutex_unlock(&t->lock);
	while (t->filled - t->replayed == t->nblocks || oldest_is_done(t))
		if (replay_oldest(t) < 0)
			return -1;
	return 0;
}

/* Bytes of whole lines, at most so many, or one line. */
static size_t
part_of(const char *p, size_t n, size_t most)
{
	const char *lf;

	if (n <= most)
		return n;
	lf = memrchr(p, '\n', most);
	if (lf == NULL)
		lf = memchr(p + most, '\n', n - most);
	return lf != NULL ? (size_t)(lf + 1 - p) : n;
}

/* The stages have learned what a batch, or a file, begins with. */
static int
join(struct threads *t)
{
	bool lent = false;

	for (int i = 0; i < t->n; i++)
		if (clone_join(t->clones[i], &lent) < 0) {
			t->unlent = lent;
			return lent ? 0 : -1;
		}
	t->joined = t->c->aside.news;
	return 0;
}

static void
start_threads(struct threads *t)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (int i = 1; i < t->n; i++) {
		struct worker *w = &t->worker[i];

		*w = (struct worker){.t = t, .by = i, .waits = true};
		pthread_cond_init(&w->wake, NULL);
		if (pthread_create(&w->id, NULL, work, w) != 0)
			break;
		t->started = i;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void
drop_clones(struct threads *t)
{
	for (int i = 0; i < t->n; i++)
		if (t->clones[i] != NULL)
			clone_free(t->clones[i]);
	memset(t->clones, 0, sizeof(t->clones));
	lend_free(t->lent);
	t->lent = NULL;
}

static bool
make_clones(struct threads *t)
{
	size_t n;

	for (int i = 0; i < t->n; i++) {
		t->clones[i] = clone_new(t->c, t->first, t->end, t->lent);
		if (t->clones[i] == NULL)
			return false;
	}
	n = (size_t)clone_stages(t->clones[0]);
	if (t->block == NULL) {
		t->nblocks = (uint64_t)t->most + SPARE;
		t->block = mem_zalloc((size_t)t->nblocks * sizeof(*t->block));
	}
	for (uint64_t i = 0; i < t->nblocks; i++)
		t->block[i].counts = mem_realloc(
			t->block[i].counts, n * sizeof(*t->block[i].counts));
	t->joined = t->c->aside.news - 1;
	return true;
}

/* Clones and threads, when it is clear that there is work for them; false: they
 * are not to be had. */
static bool
start(struct threads *t)
{
	if (!clone_stretch(t->c, &t->first, &t->end) ||
		(!t->asked && !clone_pays(t->c, t->end)) || !make_clones(t))
		return false;
	if (t->started == 0)
		start_threads(t);
	return t->started > 0;
}

/* A neighbour has told something new of what it lends: clones of that, or those
 * that there are learn of it. */
static int
start_lent(struct threads *t, const struct buf *text)
{
	struct lent *lent;

	if (chain_settle(t->c) < 0)
		return -1;
	lent = lend_read(text->p, text->n);
	if (lent != NULL && t->lent != NULL && lend_renew(t->lent, lent)) {
		lend_free(lent);
		t->joined = t->c->aside.news - 1;
		return 0;
	}
	drop_clones(t);
	t->lent = lent;
	if (lent == NULL)
		return 0;
	if (!clone_whole(t->c, &t->first, &t->end) || !make_clones(t)) {
		drop_clones(t);
		return 0;
	}
	if (t->started == 0)
		start_threads(t);
	t->unlent = t->started == 0;
	return 0;
}

/* For tests, where all is over before anybody has said anything: let a neighbour
 * have little of each batch, and say what it lends.  Returns how many of n bytes
 * go the usual way for that. */
static size_t
expect(struct threads *t, const char *p, size_t n)
{
	if (!offer_expects(&t->offer))
		return 0;
	if (t->tasted != offer_batch(t->c)) {
		t->tasted = offer_batch(t->c);
		return part_of(p, n, t->bytes);
	}
	offer_expect(&t->offer);
	return 0;
}

/* Has so little come, before anything was worked at aside, that it is no matter
 * yet? */
static bool
is_small(struct threads *t, size_t n)
{
	if (t->lent != NULL || t->offer.expects)
		return false;
	if (t->small == 0)
		return n < t->bytes / FEW;
	t->small -= n < t->small ? n : t->small;
	return true;
}

/* With a neighbour that takes records as they are: how many of n bytes go the
 * usual way?  All, if it lends nothing, or not in this batch.  0, or -1. */
static int
rings(struct threads *t, size_t *n)
{
	const struct buf *text;
	uint64_t at;

	if (t->unlent || is_small(t, *n))
		return 0;
	link_out_look(t->c->link);
	text = link_out_lent(t->c->ring, &at);
	if (at != t->lent_at) {
		t->lent_at = at;
		if (start_lent(t, text) < 0)
			return -1;
	}
	if (t->lent == NULL || t->unlent)
		return 0;
	if (t->lent->stages[0].now.number == offer_batch(t->c))
		*n = 0;
	else if (!t->offer.expects && *n > SOON) /* it will be */
		*n = SOON;
	return 0;
}

/* How much of what comes goes the usual way: the first lines, few lines with
 * nothing in front of them, and all when it has to be. */
static size_t
usual(struct threads *t, const char *p, size_t n)
{
	size_t part = n;

	if (t->broken && t->lent == NULL)
		return n;
	if (t->small > 0 && t->lent == NULL) {
		part = part_of(p, n, t->small);
		t->small -= part < t->small ? part : t->small;
		t->broken = t->small == 0 && !start(t);
		return part;
	}
	if (!t->c->aside.busy && clone_holds(t->c, t->first, t->end))
		return part_of(p, n, t->bytes / FEW);
	return t->c->aside.busy || n >= t->bytes / FEW ? 0 : n;
}

/* How many of n bytes go the usual way: 0, or -1. */
static int
take_part(struct threads *t, const char *p, size_t n, size_t *part)
{
	*part = n;
	if (t->c->ring != NULL && rings(t, part) < 0)
		return -1;
	if (t->c->ring == NULL || *part == 0)
		*part = usual(t, p, n);
	else if (*part < n)
		*part = part_of(p, n, *part);
	return 0;
}

static int
lines(void *arg, const char *p, size_t *n)
{
	struct threads *t = arg;
	struct block *b;
	size_t part;

	if (t->failed)
		return tell_failed(t);
	if (t->direct || t->passes)
		return 0;
	if ((part = expect(t, p, *n)) == 0 && take_part(t, p, *n, &part) < 0)
		return -1;
	if (part > 0 && chain_settle(t->c) < 0)
		return -1;
	if (part > 0) {
		*n = part;
		return 0;
	}
	b = block_at(t, t->filled);
	if (b->text.n == 0 && clone_look(t->c, t->first, t->end) < 0)
		return -1;
	if (t->c->aside.news != t->joined &&
		(chain_settle(t->c) < 0 || join(t) < 0))
		return -1;
	if (t->unlent)
		return 0;
	*n = part_of(p, *n, t->bytes);
	t->c->aside.busy = true;
	buf_need(&b->text, *n + JSON_PADDING);
	buf_add(&b->text, p, *n);
	return b->text.n >= t->bytes && hand_on(t, true) < 0 ? -1 : 1;
}

static int
settle(void *arg)
{
	struct threads *t = arg;

	if (t->failed)
		return tell_failed(t);
	/* What is all there is to do is done here. */
	if (block_at(t, t->filled)->text.n > 0 &&
		hand_on(t, t->replayed < t->filled) < 0)
		return -1;
	while (t->replayed < t->filled)
		if (replay_oldest(t) < 0)
			return -1;
	t->c->aside.busy = false;
	return 0;
}

/* ---- for a neighbour in front ---- */

static int
shipped(void *arg, const char *p, size_t n)
{
	struct threads *t = arg;

	t->passes = true;
	return offer_shipped(&t->offer, p, n);
}

static bool
lends(void *arg, size_t come, struct buf *out)
{
	struct threads *t = arg;

	return !t->failed &&
		(come >= t->bytes / FEW || offer_before(&t->offer)) &&
		offer_lends(&t->offer, come, out);
}

/* Has the process been given so little memory that more threads could use it
 * up, where one would not? */
static bool
is_narrow(int n)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_AS, &limit) == 0 &&
		limit.rlim_cur / THREAD_ROOM < (rlim_t)n;
}

/* That the process may use; 0: nobody knows. */
static int
count_cores(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set)
							    : 0;
}

/* How many there are to be: what was asked for, else a core each. */
static int
wanted(const struct chain *c, bool *asked)
{
	const char *text = getenv("BIEF_THREADS");
	int64_t n = 0;

	for (int i = 0; i < c->n; i++)
		if (c->stages[i].priv->common.threads > n)
			n = c->stages[i].priv->common.threads;
	if (n == 0 && text != NULL && opt_number(text, &n) < 0)
		n = 0;
	*asked = n > 0;
	if (n == 0)
		n = count_cores();
	n = n < 1 ? 1 : n > STAGE_CLONES ? STAGE_CLONES : n;
	return n > 1 && is_narrow((int)n) ? 1 : (int)n;
}

struct threads *
threads_open(struct chain *c)
{
	const char *text = getenv("BIEF_BLOCK");
	int64_t bytes;
	struct threads *t;
	bool asked;
	int n = wanted(c, &asked), cores = count_cores();

	if (n == 1)
		return NULL;
	t = mem_zalloc(sizeof(*t));
	t->asked = asked;
	t->c = c;
	t->n = n;
	t->most = cores == 0 || cores > n ? n : cores < 2 ? 2 : cores;
	t->bytes = BLOCK_BYTES;
	t->small = SMALL_BYTES;
	/* For tests: many blocks of few data, and all threads at work. */
	if (text != NULL && opt_number(text, &bytes) == 0 && bytes > 0) {
		t->bytes = t->small = (size_t)bytes;
		t->most = n;
	}
	offer_init(
		&t->offer, c, asked, t->bytes != BLOCK_BYTES && meet_surely());
	t->tasted = OFFER_NO_BATCH;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->done, NULL);
	c->aside = (struct chain_aside){.lines = lines,
		.settle = settle,
		.shipped = shipped,
		.lends = lends,
		.arg = t,
		.news = 1};
	return t;
}

void
threads_close(struct threads *t)
{
	if (t == NULL)
		return;
	pthread_mutex_lock(&t->lock);
	t->over = true;
	for (int i = 1; i <= t->started; i++)
		pthread_cond_signal(&t->worker[i].wake);
	pthread_mutex_unlock(&t->lock);
	for (int i = 1; i <= t->started; i++) {
		pthread_join(t->worker[i].id, NULL);
		pthread_cond_destroy(&t->worker[i].wake);
	}
	drop_clones(t);
	offer_release(&t->offer);
	for (uint64_t i = 0; i < t->nblocks; i++) {
		struct block *b = &t->block[i];

		buf_release(&b->text);
		buf_release(&b->out);
		buf_release(&b->items);
		free(b->counts);
	}
	free(t->block);
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->done);
	t->c->aside = (struct chain_aside){.lines = NULL};
	free(t);
}
