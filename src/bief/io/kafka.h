/*
 * kafka: librdkafka, opened when it is first needed, and one handle of it with
 * its properties.
 *
 * It goes on by itself when brokers go away and come back.  How long that may
 * take is ours to say: a call is tried again, by kafka_failed(), until the
 * time-out of the handle is over or the process is told to stop.
 */
#ifndef BIEF_KAFKA_H
#define BIEF_KAFKA_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "floor/dl.h"
#include "value/list.h"

struct err;

/* What is called of the library, without its prefix: kafka.poll(k->rk, 0). */
/* clang-format off */
#define KAFKA_CALLS(X) \
	X(abort_transaction) X(begin_transaction) X(commit_queue) \
	X(commit_transaction) X(conf_destroy) X(conf_new) X(conf_set) \
	X(conf_set_dr_msg_cb) X(conf_set_error_cb) X(conf_set_log_cb) \
	X(conf_set_opaque) X(consume_batch_queue) X(consume_start) \
	X(consume_stop) X(consumer_group_metadata_destroy) \
	X(consumer_group_metadata_new) X(destroy_flags) X(err2str) \
	X(error_code) X(error_destroy) X(error_is_fatal) \
	X(error_is_retriable) X(error_string) X(error_txn_requires_abort) \
	X(event_destroy) X(event_error) X(event_error_string) X(fatal_error) \
	X(flush) X(header_add) X(header_get_all) X(headers_destroy) \
	X(headers_new) X(init_transactions) X(last_error) X(message_destroy) \
	X(message_headers) X(message_timestamp) X(metadata) \
	X(metadata_destroy) X(new) X(offsets_for_times) X(outq_len) X(poll) \
	X(producev) X(purge) X(queue_destroy) X(queue_get_partition) \
	X(queue_io_event_enable) X(queue_new) X(queue_poll) \
	X(send_offsets_to_transaction) X(topic_destroy) X(topic_name) \
	X(topic_new) X(topic_partition_list_add) \
	X(topic_partition_list_destroy) X(topic_partition_list_new) \
	X(ListConsumerGroupOffsets) X(ListConsumerGroupOffsets_destroy) \
	X(ListConsumerGroupOffsets_new) \
	X(ListConsumerGroupOffsets_result_groups) \
	X(event_ListConsumerGroupOffsets_result) X(group_result_error) \
	X(group_result_partitions) X(AdminOptions_new) \
	X(AdminOptions_destroy) X(AdminOptions_set_request_timeout) \
	X(AdminOptions_set_require_stable_offsets)
/* clang-format on */
#define KAFKA_POINTER(name) typeof(&rd_kafka_##name) name;
struct kafka_calls {
	KAFKA_CALLS(KAFKA_POINTER)
};
extern struct kafka_calls kafka;

struct kafka_handle {
	rd_kafka_t *rk;      /* NULL: not open */
	const char *brokers; /* as they were given; the caller's */
	int64_t timeout_us;  /* how long to try; 0: for ever */
	int64_t grace_us;    /* and after a signal, to end what was begun */
	/* Told when it does not work, and when it does again; may be NULL. */
	void (*tell)(void *of, const char *text);
	void *of;
	/* private */
	char reason[300]; /* what was last wrong with a broker */
	int64_t since_us; /* when the first try failed; 0: it works */
	int64_t stop_us;  /* when a try failed after a signal; 0 */
	int slice_ms;
	bool told, fatal;
};

/*
 * Properties: what a program sets itself by kafka_set (what its user sets
 * stays), then the user's, of a file and of -X.  A program names those that are
 * its own to set (NULL ends them).
 */
struct kafka_conf {
	rd_kafka_conf_t *conf; /* kafka_open takes it */
	struct list user;      /* name=value */
};
/* file may be NULL.  0, or -1 (STATUS_USAGE).  Release it in any case. */
int kafka_conf(struct kafka_conf *c, const struct list *properties,
	const char *file, const char *const *own, struct err *err);
bool kafka_conf_has(const struct kafka_conf *c, const char *name);
int kafka_set(struct kafka_conf *c, const char *name, const char *value,
	struct err *err);
int kafka_set_number(
	struct kafka_conf *c, const char *name, int64_t value, struct err *err);
void kafka_conf_release(struct kafka_conf *c);

/* Takes c->conf.  Nothing is connected yet.  0 or -1. */
int kafka_open(struct kafka_handle *k, rd_kafka_type_t type,
	struct kafka_conf *c, struct err *err);
/* Does not wait for what has not been sent. */
void kafka_close(struct kafka_handle *k);

/* The time-out of the next try of a call that blocks, in ms: no signal
 * interrupts it. */
int kafka_slice(const struct kafka_handle *k);
/* It has worked. */
void kafka_worked(struct kafka_handle *k);
/*
 * It has failed.  0: try again (a little time has gone by), or -1: it is no
 * use, or enough, with a message that begins with doing ("read 't'": "cannot
 * read 't': ...").  why may be NULL.
 */
int kafka_failed(struct kafka_handle *k, rd_kafka_resp_err_t e, const char *why,
	const char *doing, struct err *err);
/* The same of an object, which is destroyed. */
int kafka_error(struct kafka_handle *k, rd_kafka_error_t *e, const char *doing,
	struct err *err);
#endif
