/*
 * group: the offsets that a consumer group of Kafka is told, for who watches its
 * lag (--group).  They are no part of what a checkpoint promises: what cannot be
 * committed is warned of, and reading goes on.
 *
 * With a checkpoint a batch's offsets are committed when every sink has it;
 * without, nobody says what has been done with messages: they count as read when
 * they have been handed on.
 */
#ifndef BIEF_GROUP_H
#define BIEF_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sources/kafka/extent.h"

struct stage;
struct group_commit;

struct group {
	const char *name;       /* NULL: there is none */
	const struct extent *x; /* whose offsets they are; the caller's */
	bool moved;             /* since the run began */
	/* private */
	struct group_commit *commits;
	size_t n;
	int64_t committed_us;
	rd_kafka_queue_t *replies;
	int open;     /* commits that have not been answered */
	bool refused; /* the last commit was */
	bool closing;
};

/* Without a checkpoint: commit, now and then. */
void group_tick(struct group *g, struct stage *st);
/* With one: a batch ends here. */
void group_note(struct group *g, struct stage *st);
/* ... and every sink has those up to this number. */
void group_committed(struct group *g, struct stage *st, int64_t number);
/* The last commit; waits up to 2 s for the reply. */
void group_end(struct group *g, struct stage *st);
/* The handle is about to be closed. */
void group_detach(struct group *g);
void group_release(struct group *g);

#endif
