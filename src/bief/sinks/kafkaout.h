/*
 * kafkaout: messages that go to topics of Kafka, a batch at a time.
 *
 * With an id a batch is a transaction, which also commits the batch's number:
 * as the offset of a partition of its topic, for a consumer group that is
 * called as the id and has no members.  So the brokers have both or neither,
 * and a restart reads the number back.  Who opens the id again fences who had
 * it open before, and ends what that had begun.
 *
 * Without one, messages go as they come, and are where they belong when
 * kafkaout_commit returns; the producer is idempotent.
 */
#ifndef BIEF_KAFKAOUT_H
#define BIEF_KAFKAOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/service/kafka.h"

struct err;

struct kafkaout {
	/* The first, for it is what the library's call backs get.  brokers,
	 * timeout_us, tell: set by who opens it. */
	struct kafka_handle handle;
	struct kafka_conf conf;
	const char *id; /* NULL: no transactions; the caller's */
	int64_t has;    /* the newest batch that the brokers have; -1 none */
	/* private */
	bool begun, committed; /* a transaction */
	char *first;           /* topic of its first message */
	rd_kafka_topic_t *rkt; /* of the last message */
	uint64_t sent;
	char failure[400]; /* the first message that could not be delivered */
};

struct kafkaout_message {
	const char *topic;
	int32_t partition;       /* RD_KAFKA_PARTITION_UA: by the key */
	const void *key, *value; /* NULL: none */
	size_t nkey, nvalue;
	rd_kafka_headers_t *headers; /* taken, or NULL */
};

/* topic: one that must be there, or NULL.  0 or -1; close it in any case. */
int kafkaout_open(struct kafkaout *o, const char *topic, struct err *err);
/* 0; 1: it cannot be sent, and why; -1. */
int kafkaout_send(
	struct kafkaout *o, struct kafkaout_message *m, struct err *err);
/* All that was sent is durable. */
int kafkaout_commit(struct kafkaout *o, int64_t batch, struct err *err);
/* What was sent since the last commit is given up where that can be.  Returns
 * when who reads sees what was committed, or after some seconds. */
void kafkaout_close(struct kafkaout *o);

#endif
