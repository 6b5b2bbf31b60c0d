/*
 * topics: the partitions of the topics that are read, from where and how far,
 * and their messages.
 *
 * Calls that ask the brokers do so once: 1, it is known; 0, it is not, call
 * again (a little time has gone by, see kafka.h); -1 with a message.
 */
#ifndef BIEF_TOPICS_H
#define BIEF_TOPICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "io/kafka.h"
#include "value/list.h"

struct err;
struct regex;

/* In place of offsets, as Kafka and Spark have them. */
#define TOPICS_LATEST (-1)
#define TOPICS_EARLIEST (-2)
#define TOPICS_UNKNOWN (-1000)

struct topics_part {
	char *topic;
	int32_t number;
	int64_t start;      /* where it was first read; TOPICS_UNKNOWN */
	int64_t next;       /* the offset to read next */
	int64_t end;        /* of the batch; next: nothing of it */
	int64_t goal;       /* never read beyond; INT64_MAX */
	int64_t answer;     /* of topics_ask */
	int64_t missing_us; /* not there since; 0 */
	bool gone;          /* it has been deleted */
	/* private: being fetched, when queue is not NULL */
	rd_kafka_topic_t *rkt;
	rd_kafka_queue_t *queue;
	rd_kafka_message_t **got;
	size_t ngot, at;
};

struct topics {
	struct kafka_handle *k;
	const struct list *names; /* those that are read ... */
	struct regex *pattern;    /* ... or all whose names it matches */
	struct topics_part **p;   /* by topic and number */
	size_t n;
	rd_kafka_topic_t **rkt; /* of the names */
	int64_t missing_us;     /* a name is not there since; 0 */
	int notify;             /* gets a byte when there are messages */
};

void topics_release(struct topics *t);
/* Nothing is known of the handle any more, which may be closed; the partitions
 * are. */
void topics_detach(struct topics *t);
struct topics_part *topics_find(
	const struct topics *t, const char *topic, int32_t number);
/* The partition, made if it is not there yet. */
struct topics_part *topics_add(
	struct topics *t, const char *topic, int32_t number);
void topics_remove(struct topics *t, size_t at);

/* Which partitions are there?  New ones have no start yet; those that have been
 * deleted are marked. */
int topics_look(struct topics *t, struct err *err);
/* Ask for offsets of partitions: what[i] is TOPICS_LATEST, TOPICS_EARLIEST or a
 * time in ms (TOPICS_LATEST where nothing is as new); they are in answer. */
int topics_ask(struct topics *t, struct topics_part **parts,
	const int64_t *what, size_t n, struct err *err);

/* Let a batch have at most so many records of what there is from next to end, a
 * share of each partition's backlog (Spark's maxOffsetsPerTrigger). */
void topics_share(struct topics *t, int64_t most);

/*
 * The next message, or report of an error, NULL: none is here.  It is the
 * caller's.  Starts to fetch the partition if need be.  -1: it cannot be.
 */
int topics_message(struct topics *t, struct topics_part *p,
	rd_kafka_message_t **m, struct err *err);
/* The same without taking it, and without starting anything. */
const rd_kafka_message_t *topics_peek(struct topics_part *p);
/* Fetch all from where they stand. */
int topics_fetch(struct topics *t, struct err *err);
void topics_stop(struct topics_part *p); /* what was fetched is forgotten */
/* Is there a message that has been fetched, and not looked at? */
bool topics_waiting(struct topics *t);

/* {"topic":{"0":23,"1":7}}: of next, or of start. */
void topics_print(const struct topics *t, bool starts, struct buf *out);
struct value;
/*
 * Read such an object: each is called with its offset (least: the lowest that
 * may be).  0, or -1 with a message that tells what is wrong.
 */
int topics_read(const struct value *object, int64_t least,
	int (*each)(void *to, const char *topic, int32_t number, int64_t offset,
		struct err *err),
	void *to, struct err *err);

#endif
