/*
 * group: offsets are sent and their replies looked at when there are any: a
 * group is for others to see, and nothing of ours waits for it, but at the end.
 */
#include "sources/kafka/group.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "time/time.h"
#include "runtime/stage.h"

#define COMMIT_US (5 * TIME_SECOND)
#define COMMIT_WAIT_MS 2000

/* Where the batches ended that the sinks may not have yet. */
struct group_commit {
	int64_t batch;
	rd_kafka_topic_partition_list_t *offsets;
};

static rd_kafka_topic_partition_list_t *
group_offsets(const struct topics *t)
{
	rd_kafka_topic_partition_list_t *l = kafka.topic_partition_list_new(
		(int)t->n);

	for (size_t i = 0; i < t->n; i++)
		if (t->p[i]->next >= 0)
			kafka.topic_partition_list_add(
				     l, t->p[i]->topic, t->p[i]->number)
				->offset = t->p[i]->next;
	return l;
}

/* Send them; the list is taken.  What becomes of it is looked at later, or
 * waited for: it is for others to see, and no part of what we promise. */
static void
group_send(struct group *g, struct stage *st,
	rd_kafka_topic_partition_list_t *l, int wait_ms)
{
	rd_kafka_t *rk = g->x->topics.k->rk;
	rd_kafka_event_t *e;

	assert(rk != NULL); /* where offsets are known it is open */
	if (g->replies == NULL)
		g->replies = kafka.queue_new(rk);
	if (l->cnt > 0 &&
		kafka.commit_queue(rk, l, g->replies, NULL, NULL) ==
			RD_KAFKA_RESP_ERR_NO_ERROR)
		g->open++;
	/* The first answer may be that of one before. */
	while ((e = kafka.queue_poll(g->replies, g->open > 0 ? wait_ms : 0)) !=
		NULL) {
		g->open--;
		if (kafka.event_error(e) != RD_KAFKA_RESP_ERR_NO_ERROR &&
			!g->refused)
			stage_warn(st,
				"cannot commit offsets to group '%s': %s",
				g->name, kafka.event_error_string(e));
		g->refused = kafka.event_error(e) != 0;
		kafka.event_destroy(e);
	}
	kafka.topic_partition_list_destroy(l);
}

void
group_tick(struct group *g, struct stage *st)
{
	int64_t now;

	if (g->name == NULL || st->hear)
		return;
	now = time_monotonic();
	if (now - g->committed_us < COMMIT_US)
		return;
	g->committed_us = now;
	group_send(g, st, group_offsets(&g->x->topics), 0);
}

void
group_note(struct group *g, struct stage *st)
{
	if (!st->hear)
		return;
	g->moved = true;
	g->commits = mem_realloc(g->commits, (g->n + 1) * sizeof(*g->commits));
	g->commits[g->n++] = (struct group_commit){
		st->now.number, group_offsets(&g->x->topics)};
}

void
group_committed(struct group *g, struct stage *st, int64_t number)
{
	size_t n = 0;

	if (g->x->topics.k->rk == NULL)
		return;
	/* They have caught up since the run before. */
	if (g->closing && !g->moved && g->x->known)
		group_send(g, st, group_offsets(&g->x->topics), COMMIT_WAIT_MS);
	while (n < g->n && g->commits[n].batch <= number)
		n++;
	for (size_t i = 0; i + 1 < n; i++)
		kafka.topic_partition_list_destroy(g->commits[i].offsets);
	if (n > 0)
		group_send(g, st, g->commits[n - 1].offsets,
			g->closing ? COMMIT_WAIT_MS : 0);
	g->n -= n;
	memmove(g->commits, g->commits + n, g->n * sizeof(*g->commits));
}

void
group_end(struct group *g, struct stage *st)
{
	if (g->name == NULL || g->x->topics.k->rk == NULL || !g->x->known)
		return;
	g->closing = true;
	if (st->hear)
		stage_hear(st);
	else
		group_send(g, st, group_offsets(&g->x->topics), COMMIT_WAIT_MS);
}

void
group_detach(struct group *g)
{
	if (g->replies != NULL)
		kafka.queue_destroy(g->replies);
	g->replies = NULL;
	g->open = 0;
}

void
group_release(struct group *g)
{
	group_detach(g);
	for (size_t i = 0; i < g->n; i++)
		kafka.topic_partition_list_destroy(g->commits[i].offsets);
	free(g->commits);
}
