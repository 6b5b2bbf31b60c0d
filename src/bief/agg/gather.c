/*
 * gather: see gather.h.
 *
 * What a block has made, padded to 8 bytes throughout:
 *
 *	struct head, then for each group
 *	struct part, its key where the clone has not met it before, its value,
 *	then the log of numbers, see runs.c
 *
 * Where all that is done is to count, the groups are only those that were not
 * met before, without values, and the log is of 8 bytes: how many records, and
 * of which group.
 */
#include "agg/gather.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/mem.h"
#include "agg/query.h"

#define AHEAD 16                      /* counts, for which memory is asked */
#define GROUPS 32                     /* the same of groups */
#define KEYS_BYTES ((size_t)32 << 20) /* that a clone knows groups in */
#define FEW_BYTES \
	((size_t)512 << 10) /* the same where they hardly come again */
#define FEW_BLOCKS 4        /* of which there must be more */

struct head {
	uint64_t records, groups, id;
	struct window_set slices;
	bool sliced, forgotten, counts;
};

struct part {
	uint32_t number; /* of the clone's */
	uint32_t nkey, nvalue;
	int64_t due;
};

void
gather_init(struct gather *g, const struct query *q)
{
	if (g->ready)
		return;
	g->ready = g->forgotten = true;
	/* Of any process. */
	g->id = (uint64_t)getpid() << 40 ^ (uintptr_t)g;
	runs_init(&g->runs, &q->acc);
	buf_init(&g->log);
	buf_init(&g->counts);
}

void
gather_forget(struct gather *g)
{
	g->forgotten = true;
	g->newest = STATE_NONE;
	for (int i = 0; i < STAGE_CLONES; i++)
		g->map[i].n = 0;
}

void
gather_release(struct gather *g)
{
	if (!g->ready)
		return;
	runs_release(&g->runs);
	buf_release(&g->log);
	buf_release(&g->counts);
	for (int i = 0; i < STAGE_CLONES; i++)
		free(g->map[i].to);
}

void
gather_recent(struct gather *g, struct recent *t)
{
	size_t most = t->ncounted * sizeof(uint64_t), n;
	uint64_t *words = (uint64_t *)buf_need(&g->counts, most);

	n = recent_take(t, words);
	g->counts.n += n * sizeof(*words);
	for (size_t i = 0; i < n; i++)
		g->known += (state_ref)words[i] <= g->newest;
}

static void
put(struct buf *out, const void *p, size_t n)
{
	buf_add(out, p, n);
	buf_pad(out);
}

/* A group; with its value, which is as fresh then as before the block. */
static void
give_group(struct state *s, state_ref r, size_t fixed, bool values,
	struct buf *out)
{
	struct part part = {.number = r};
	size_t nkey = 0, nvalue = 0;
	const char *key = NULL;
	void *value = state_value(s, r, &nvalue);

	if (state_is_new(s, r)) {
		key = state_key(s, r, &nkey);
		part.due = state_get_due(s, r);
	}
	part.nkey = (uint32_t)nkey;
	part.nvalue = values ? (uint32_t)nvalue : 0;
	put(out, &part, sizeof(part));
	put(out, key, nkey);
	put(out, value, part.nvalue);
	if (!values)
		return;
	if (nvalue != fixed)
		value = state_resize(s, r, fixed);
	memset(value, 0, fixed);
}

/* Returns how many; known and fresh are what has been met in the block. */
static uint64_t
give_groups(struct gather *g, struct state *s, const struct query *q,
	bool values, struct buf *out)
{
	size_t n;
	const state_ref *changed = state_changed(s, &n);
	uint64_t given = 0;

	g->fresh = 0;
	for (size_t i = 0; i < n; i++) {
		bool is_new = state_is_new(s, changed[i]);

		g->fresh += is_new;
		if (is_new && changed[i] > g->newest)
			g->newest = changed[i];
		if (!values && !is_new)
			continue;
		give_group(s, changed[i], q->acc.form.fixed, values, out);
		given++;
	}
	if (values)
		g->known = n - g->fresh;
	return given;
}

/*
 * Is there no use in knowing the groups any longer?  Where those of some blocks
 * are known, and of the newest nearly all were new, as with times, they only
 * take room in the caches, and fresh memory.
 */
static bool
is_outlived(const struct gather *g, const struct state *s)
{
	uint64_t met = g->known + g->fresh;
	size_t bytes = state_bytes(s);

	return bytes > KEYS_BYTES ||
		(bytes > FEW_BYTES && met < state_count(s) / FEW_BLOCKS &&
			g->known < met / 4);
}

void
gather_give(struct gather *g, struct query *q, struct stage *clone,
	struct buf *out, uint64_t *seq)
{
	bool counts = q->acc.count_only;
	struct buf *log = counts ? &g->counts : &g->log;
	struct state *s = clone->state;
	struct head head = {.records = *seq,
		.slices = q->slices,
		.sliced = q->sliced,
		.forgotten = g->forgotten,
		.id = g->id,
		.counts = counts};
	size_t at = out->n;

	put(out, &head, sizeof(head));
	head.groups = give_groups(g, s, q, !counts, out);
	memcpy(out->p + at, &head, sizeof(head));
	buf_add(out, log->p, log->n);
	buf_clear(log);
	*seq = 0;
	g->forgotten = is_outlived(g, s);
	g->known = 0;
	state_settle(s);
	if (!g->forgotten)
		return;
	state_empty(s);
	g->newest = STATE_NONE;
}

/* ---- the stage ---- */

/* A number is a state_ref, a count of 8 bytes, and no entry has fewer than four
 * of these. */
static inline size_t
place_of(uint32_t number)
{
	return number / 4;
}

static void
learn(struct gather_map *m, uint32_t number, state_ref ref)
{
	size_t at = place_of(number);

	if (at >= m->n) {
		size_t n = m->n;

		while (m->n <= at)
			m->n = m->n * 2 + 256;
		m->to = mem_realloc(m->to, m->n * sizeof(*m->to));
		memset(m->to + n, 0, (m->n - n) * sizeof(*m->to));
	}
	m->to[at].ref = ref;
	m->to[at].count = 0;
}

/* Groups of a block, of whose keys memory has been told. */
struct expected {
	const struct part *part[GROUPS];
	uint32_t hash[GROUPS];
};

static const char *
behind(const struct part *part)
{
	return (const char *)(part + 1) + buf_padded(part->nkey) +
		buf_padded(part->nvalue);
}

/* The group that is known by a number, if it is. */
static state_ref
known_group(const struct gather_map *m, uint32_t number)
{
	size_t at = place_of(number);

	return at < m->n ? m->to[at].ref : STATE_NONE;
}

/* Those at p, of n that are left; returns how many. */
static size_t
expect_groups(const struct gather_map *m, const struct stage *st, const char *p,
	uint64_t n, struct expected *e)
{
	size_t many = n < GROUPS ? (size_t)n : GROUPS;

	for (size_t i = 0; i < many; p = behind(e->part[i++])) {
		const struct part *part = e->part[i] = (const struct part *)p;

		if (part->nkey > 0)
			e->hash[i] = state_expect(
				st->state, part + 1, part->nkey);
		else if (place_of(part->number) < m->n)
			__builtin_prefetch(&m->to[place_of(part->number)]);
	}
	for (size_t i = 0; i < many; i++) {
		state_ref ref = known_group(m, e->part[i]->number);

		if (e->part[i]->nkey > 0)
			state_expect_entry(st->state, e->hash[i]);
		else if (ref != STATE_NONE)
			state_fetch(st->state, ref);
	}
	return many;
}

/* The group of ours that a part is of. */
static state_ref
group_of(struct gather_map *m, struct query *q, struct stage *st,
	const struct part *part, uint32_t hash)
{
	const void *key = part + 1;
	state_ref ref;
	bool made;

	if (part->nkey == 0)
		return m->to[place_of(part->number)].ref;
	ref = state_make_hashed(st->state, hash, key, part->nkey,
		q->acc.form.fixed, &made, st->err);
	if (ref == STATE_NONE)
		return ref;
	if (made && part->due != STATE_NEVER)
		state_set_due(st->state, ref, part->due);
	learn(m, part->number, ref);
	return ref;
}

/* 0, or -1: there is no room. */
static int
take_group(struct gather *g, struct query *q, struct stage *st,
	const struct part *part, state_ref ref, uint64_t seq)
{
	struct blob to, from = {.n = part->nvalue};

	if (ref == STATE_NONE)
		return -1;
	if (part->nvalue == 0)
		return 0;
	from.p = (char *)(uintptr_t)(part + 1) + buf_padded(part->nkey);
	state_change(st->state, ref);
	blob_state(&to, st->state, ref);
	runs_merge(&g->runs, &q->acc, &to, &from, seq);
	return 0;
}

/* Returns what is behind them, or NULL. */
static const char *
take_groups(struct gather *g, struct gather_map *m, struct query *q,
	struct stage *st, const char *p, uint64_t n, uint64_t seq)
{
	struct expected e;
	size_t many;

	for (; n > 0; n -= many) {
		many = expect_groups(m, st, p, n, &e);
		p = behind(e.part[many - 1]);
		for (size_t i = 0; i < many; i++) {
			state_ref ref = group_of(
				m, q, st, e.part[i], e.hash[i]);

			if (take_group(g, q, st, e.part[i], ref, seq) < 0)
				return NULL;
		}
	}
	return p;
}

static void
give_count(struct gather_group *to, const struct query *q, struct stage *st)
{
	accums_count(&q->acc, state_change(st->state, to->ref), to->count);
	to->count = 0;
}

static inline void
count(struct gather_group *to, uint32_t n, const struct query *q,
	struct stage *st)
{
	if (to->count == 0) /* it has changed by now */
		state_change(st->state, to->ref);
	if (to->count > UINT32_MAX - n)
		give_count(to, q, st);
	to->count += n;
}

static void
take_counts(struct gather_map *m, const struct query *q, struct stage *st,
	const uint64_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i + AHEAD < n)
			__builtin_prefetch(
				&m->to[place_of((uint32_t)words[i + AHEAD])],
				1);
		count(&m->to[place_of((uint32_t)words[i])],
			(uint32_t)(words[i] >> 32), q, st);
	}
}

static void
flush_map(struct gather_map *m, const struct query *q, struct stage *st)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->to[i].count > 0)
			give_count(&m->to[i], q, st);
}

void
gather_flush(struct gather *g, const struct query *q, struct stage *st)
{
	for (int by = 0; by < STAGE_CLONES; by++)
		flush_map(&g->map[by], q, st);
}

int
gather_take(struct gather *g, struct query *q, struct stage *st, int by,
	const char *p, size_t n, uint64_t *seq)
{
	const struct head *head = (const struct head *)p;
	struct gather_map *m = &g->map[by];
	const char *end = p + n;
	struct blob b;

	if (head->forgotten) {
		flush_map(m, q, st);
		m->n = 0;
		m->id = head->id;
	}
	if (m->id != head->id)
		return err_set(st->err,
			"what was counted for it is of groups "
			"that it does not know");
	if (head->sliced) {
		q->slices = head->slices;
		q->sliced = true;
	}
	p += buf_padded(sizeof(*head));
	p = take_groups(g, m, q, st, p, head->groups, *seq);
	if (p == NULL)
		return -1;
	if (head->counts) {
		take_counts(m, q, st, (const uint64_t *)p,
			(size_t)(end - p) / sizeof(uint64_t));
		p = end;
	}
	for (uint64_t i = 0; p < end; i++) {
		blob_state(&b, st->state, m->to[place_of(runs_group(p))].ref);
		p = runs_replay(&g->runs, &q->acc, &b, *seq + i, p);
	}
	*seq += head->records;
	return 0;
}
