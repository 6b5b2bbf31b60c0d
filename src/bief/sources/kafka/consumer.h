/*
 * consumer: a handle of librdkafka that reads partitions, each into a queue of
 * its own, and a pipe that tells when there is something in them.
 */
#ifndef BIEF_CONSUMER_H
#define BIEF_CONSUMER_H

#include <stdbool.h>
#include <stddef.h>

#include "io/service/kafka.h"

struct err;

struct consumer {
	struct kafka_handle handle; /* brokers, timeout_us, tell: the user's */
	const struct list *properties; /* NAME=VALUE of -X; the caller's */
	const char *config;            /* a file of them, or NULL */
	const char *group;             /* group.id, or NULL */
	int pipe[2]; /* queues write to the second; -1 before the first open */
	/* private */
	struct kafka_conf conf;
	size_t fits; /* partitions that the queues are made for */
};

void consumer_init(struct consumer *c);
/* Read the properties.  0, or -1: STATUS_USAGE. */
int consumer_conf(struct consumer *c, struct err *err);
/*
 * Open it for so many partitions; one that is open is closed before, so whoever
 * has something of it has to let go.  Nothing is connected yet.  0 or -1.
 */
int consumer_open(struct consumer *c, size_t partitions, struct err *err);
/* Are the queues of a size for so many? */
bool consumer_fits(const struct consumer *c, size_t partitions);
/* Forget what the pipe has told; before the queues are looked at. */
void consumer_drain(struct consumer *c);
/* Wait until it tells something, or so many ms: false. */
bool consumer_await(struct consumer *c, int ms);
void consumer_release(struct consumer *c);

#endif
