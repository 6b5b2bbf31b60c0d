/*
 * consumer: the properties that reading depends on are set here; the rest is the
 * user's.
 */
#include "sources/kafka/consumer.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "floor/err.h"

/* A fetch that waits for messages also holds up what else is asked of a broker:
 * where a partition ends, at the beginning of each batch. */
#define FETCH_WAIT_MS "50"

#define QUEUES_KB 65536 /* of messages that were fetched, in all */
#define QUEUES_LEAST 4  /* partitions that they are made for, at least */
#define QUEUE_LEAST_KB 256
#define QUEUES_MESSAGES 400000
#define QUEUE_LEAST_MESSAGES 1000

/* What decides of offsets and batches is not a matter of properties. */
static const char *const consumer_own[] = {"bootstrap.servers",
	"metadata.broker.list", "enable.auto.commit", "auto.commit.enable",
	"enable.auto.offset.store", "auto.offset.reset", "enable.partition.eof",
	"group.id", NULL};

void
consumer_init(struct consumer *c)
{
	*c = (struct consumer){.pipe = {-1, -1}};
}

int
consumer_conf(struct consumer *c, struct err *err)
{
	return kafka_conf(
		&c->conf, c->properties, c->config, consumer_own, err);
}

/* For so many partitions: each has a queue of its own.  What is fetched of one
 * is only then fetched on when its queue has gone down, up to a second later:
 * so the queue holds what a second takes, as long as there are few of them. */
static int
consumer_sizes(struct kafka_conf *c, size_t n, struct err *err)
{
	int64_t kb = QUEUES_KB / (int64_t)n;
	int64_t messages = QUEUES_MESSAGES / (int64_t)n;

	if (kb < QUEUE_LEAST_KB)
		kb = QUEUE_LEAST_KB;
	if (messages < QUEUE_LEAST_MESSAGES)
		messages = QUEUE_LEAST_MESSAGES;
	if (kafka_set_number(c, "queued.max.messages.kbytes", kb, err) < 0 ||
		kafka_set_number(c, "queued.min.messages", messages, err) < 0)
		return -1;
	return kafka_set_number(c, "fetch.message.max.bytes",
		(kb < 1024 ? kb : 1024) * 1024, err);
}

static int
consumer_properties(struct consumer *c, size_t n, struct err *err)
{
	struct kafka_conf *k = &c->conf;

	if (kafka_set(k, "enable.auto.commit", "false", err) < 0 ||
		kafka_set(k, "enable.auto.offset.store", "false", err) < 0 ||
		kafka_set(k, "enable.partition.eof", "true", err) < 0 ||
		kafka_set(k, "auto.offset.reset", "error", err) < 0 ||
		kafka_set(k, "reconnect.backoff.max.ms", "1000", err) < 0 ||
		kafka_set(k, "fetch.wait.max.ms", FETCH_WAIT_MS, err) < 0 ||
		(c->group != NULL &&
			kafka_set(k, "group.id", c->group, err) < 0))
		return -1;
	return consumer_sizes(k, n, err);
}

int
consumer_open(struct consumer *c, size_t partitions, struct err *err)
{
	size_t n = partitions > QUEUES_LEAST ? partitions : QUEUES_LEAST;

	if (c->pipe[0] < 0 && pipe2(c->pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(err, "cannot wait for messages");
	if (c->handle.rk != NULL) {
		kafka_close(&c->handle);
		kafka_conf_release(&c->conf);
		if (consumer_conf(c, err) < 0)
			return -1;
	}
	if (consumer_properties(c, n, err) < 0)
		return -1;
	c->fits = n;
	return kafka_open(&c->handle, RD_KAFKA_CONSUMER, &c->conf, err);
}

bool
consumer_fits(const struct consumer *c, size_t partitions)
{
	return partitions <= 2 * c->fits;
}

void
consumer_drain(struct consumer *c)
{
	char block[512];

	while (read(c->pipe[0], block, sizeof(block)) > 0)
		;
}

bool
consumer_await(struct consumer *c, int ms)
{
	struct pollfd fd = {.fd = c->pipe[0], .events = POLLIN};

	kafka.poll(c->handle.rk, 0);
	if (poll(&fd, 1, ms) <= 0)
		return false;
	consumer_drain(c);
	return true;
}

void
consumer_release(struct consumer *c)
{
	kafka_close(&c->handle);
	kafka_conf_release(&c->conf);
	for (int i = 0; i < 2; i++)
		if (c->pipe[i] >= 0)
			close(c->pipe[i]);
}
