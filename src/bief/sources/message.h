/*
 * message: a message of Kafka as a line, its value, or as a record.
 *
 *	{"key":"k","value":"v","topic":"t","partition":0,"offset":5,
 *	 "timestamp":"2026-11-21T08:00:00Z"[,"headers":[{"key":"h","value":"x"}]]}
 */
#ifndef BIEF_MESSAGE_H
#define BIEF_MESSAGE_H

#include <stdbool.h>

#include "floor/buf.h"
#include "io/kafka.h"
#include "value/record.h"

struct plan;
struct stage;

struct message {
	bool value_only, headers;
	/* private */
	struct shape *shape;
	struct slots slots;
	struct buf key, value, array; /* text of a record's values */
	struct buf repaired[2];
	struct buf lines; /* values that are to go on together */
};

void message_init(struct message *g);
/* Records are made here, of these fields, which are put into the plan. */
void message_plan(struct message *g, struct stage *st, struct plan *p);
void message_release(struct message *g);
/* Hand it on; what cannot be is refused.  0 or -1. */
int message_give(
	struct message *g, struct stage *st, const rd_kafka_message_t *m);
/* Lines may wait to go on with the next ones: let them. */
int message_flush(struct message *g, struct stage *st);

#endif
