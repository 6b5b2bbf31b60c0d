/*
 * kafkaout: a batch's number is an offset that a consumer group without
 * members has committed: so it is in the transaction of its messages.
 *
 * The brokers keep a group's offsets for offsets.retention.minutes (a week)
 * after the last commit.  They are needed only for a batch whose transaction
 * was committed and whose commit is not in the checkpoint: when a run was
 * killed in between.
 */
#include "sinks/kafkaout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "io/file.h"

#define QUEUE_KB 65536 /* of messages that are on their way */
#define POLL_EVERY 256 /* messages between two looks at what was reported */
#define POLL_MS 100
#define ABORT_MS 2000
#define SETTLE_US (5 * TIME_SECOND)
/* The most that brokers allow if nothing else is said: a transaction lasts as
 * long as its batch. */
#define TRANSACTION_MS 900000
#define MISSING_US \
	(5 * TIME_SECOND) /* brokers may create a topic meanwhile   \
				      */
#define ASK_MS 5000
#define GRACE_US (2 * TIME_SECOND) /* after a signal */

static void
on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct kafkaout *o = opaque;

	(void)rk;
	if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR || o->failure[0] != '\0' ||
		m->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
		m->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
		return;
	snprintf(o->failure, sizeof(o->failure), "topic '%s': %s%s",
		kafka.topic_name(m->rkt), kafka.err2str(m->err),
		m->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
			? " (max.message.bytes of the topic sets the limit)"
			: "");
}

static int
delivery_failed(const struct kafkaout *o, struct err *err)
{
	return err_set(err, "cannot write to %s", o->failure);
}

/* Somebody else has opened the same id: that is why all is refused. */
static int
explain(struct kafkaout *o, struct err *err)
{
	char why[300];

	if (o->handle.rk == NULL)
		return -1;
	switch (kafka.fatal_error(o->handle.rk, why, sizeof(why))) {
	case RD_KAFKA_RESP_ERR__FENCED:
	case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
	case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
		return err_set(err,
			"another run of this pipeline has taken "
			"over, with the same checkpoint or a copy of it");
	default:
		return -1;
	}
}

/* ---- opening ---- */

static int
set_properties(struct kafkaout *o, struct err *err)
{
	struct kafka_conf *c = &o->conf;
	int64_t ms = o->handle.timeout_us / 1000;

	if (o->id != NULL && (ms == 0 || ms > TRANSACTION_MS))
		ms = TRANSACTION_MS;
	/* As the clients in Java, and so Spark, choose partitions. */
	if (kafka_set(c, "partitioner", "murmur2_random", err) < 0 ||
		kafka_set(c, "delivery.report.only.error", "true", err) < 0 ||
		kafka_set(c, "reconnect.backoff.max.ms", "1000", err) < 0 ||
		kafka_set_number(
			c, "queue.buffering.max.kbytes", QUEUE_KB, err) < 0 ||
		kafka_set_number(c, "message.timeout.ms", ms, err) < 0)
		return -1;
	if (o->id == NULL)
		return kafka_set(c, "enable.idempotence", "true", err);
	if (kafka_set_number(c, "transaction.timeout.ms", TRANSACTION_MS, err) <
		0)
		return -1;
	return kafka_set(c, "transactional.id", o->id, err);
}

/* 1: the topic is there; 0: ask again; -1. */
static int
look_for_topic(struct kafkaout *o, rd_kafka_topic_t *rkt, const char *topic,
	int64_t since, struct err *err)
{
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t e = kafka.metadata(
		o->handle.rk, 0, rkt, &md, kafka_slice(&o->handle));
	char doing[300];

	if (e == RD_KAFKA_RESP_ERR_NO_ERROR) {
		e = md->topic_cnt > 0 ? md->topics[0].err
				      : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
		kafka.metadata_destroy(md);
	}
	if (e == RD_KAFKA_RESP_ERR_NO_ERROR) {
		kafka_worked(&o->handle);
		return 1;
	}
	if (e == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
		if (time_monotonic() - since > MISSING_US)
			return err_set(err,
				"'%s' has no topic '%s': create it "
				"first, or correct the name",
				o->handle.brokers, topic);
		e = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
	}
	snprintf(doing, sizeof(doing), "write to topic '%s'", topic);
	return kafka_failed(&o->handle, e, NULL, doing, err);
}

static int
find_topic(struct kafkaout *o, const char *topic, struct err *err)
{
	rd_kafka_topic_t *rkt = kafka.topic_new(o->handle.rk, topic, NULL);
	int64_t since = time_monotonic();
	int rc;

	if (rkt == NULL)
		return err_as(err, STATUS_USAGE, "topic '%s': %s", topic,
			kafka.err2str(kafka.last_error()));
	while ((rc = look_for_topic(o, rkt, topic, since, err)) == 0)
		;
	kafka.topic_destroy(rkt);
	return rc < 0 ? -1 : 0;
}

static int
init_transactions(struct kafkaout *o, struct err *err)
{
	rd_kafka_error_t *e;

	while ((e = kafka.init_transactions(
			o->handle.rk, kafka_slice(&o->handle))) != NULL)
		if (kafka_error(&o->handle, e, "begin with transactions", err) <
			0)
			return -1;
	kafka_worked(&o->handle);
	return 0;
}

/* The newest batch among the group's offsets; 1, 0 ask again, -1. */
static int
kafkaout_take_group(struct kafkaout *o, rd_kafka_event_t *e, struct err *err)
{
	const rd_kafka_topic_partition_list_t *l;
	const rd_kafka_group_result_t **groups;
	const rd_kafka_error_t *ge;
	size_t n;

	if (kafka.event_error(e) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(&o->handle, kafka.event_error(e),
			kafka.event_error_string(e),
			"learn which batches are there", err);
	groups = kafka.ListConsumerGroupOffsets_result_groups(
		kafka.event_ListConsumerGroupOffsets_result(e), &n);
	ge = n > 0 ? kafka.group_result_error(groups[0]) : NULL;
	if (ge != NULL)
		return kafka_failed(&o->handle, kafka.error_code(ge),
			kafka.error_string(ge), "learn which batches are there",
			err);
	l = n > 0 ? kafka.group_result_partitions(groups[0]) : NULL;
	for (int i = 0; l != NULL && i < l->cnt; i++)
		if (l->elems[i].offset > o->has)
			o->has = l->elems[i].offset;
	kafka_worked(&o->handle);
	return 1;
}

static int
ask_group(struct kafkaout *o, rd_kafka_queue_t *q, struct err *err)
{
	rd_kafka_ListConsumerGroupOffsets_t
		*ask = kafka.ListConsumerGroupOffsets_new(o->id, NULL);
	rd_kafka_AdminOptions_t *how = kafka.AdminOptions_new(
		o->handle.rk, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
	rd_kafka_event_t *e;
	char why[200];
	int rc;

	kafka.AdminOptions_set_request_timeout(how, ASK_MS, why, sizeof(why));
	kafka.AdminOptions_set_require_stable_offsets(how, 1);
	kafka.ListConsumerGroupOffsets(o->handle.rk, &ask, 1, how, q);
	while ((e = kafka.queue_poll(q, POLL_MS)) == NULL && !file_stop)
		;
	rc = e != NULL
		? kafkaout_take_group(o, e, err)
		: err_set(err, "stopped while it waited for the brokers");
	if (e != NULL)
		kafka.event_destroy(e);
	kafka.AdminOptions_destroy(how);
	kafka.ListConsumerGroupOffsets_destroy(ask);
	return rc;
}

static int
find_batch(struct kafkaout *o, struct err *err)
{
	rd_kafka_queue_t *q = kafka.queue_new(o->handle.rk);
	int rc;

	while ((rc = ask_group(o, q, err)) == 0)
		;
	kafka.queue_destroy(q);
	return rc < 0 ? -1 : 0;
}

int
kafkaout_open(struct kafkaout *o, const char *topic, struct err *err)
{
	o->has = -1;
	o->handle.grace_us = GRACE_US;
	if (set_properties(o, err) < 0)
		return -1;
	kafka.conf_set_dr_msg_cb(o->conf.conf, on_delivery);
	if (kafka_open(&o->handle, RD_KAFKA_PRODUCER, &o->conf, err) < 0)
		return -1;
	if (topic != NULL && find_topic(o, topic, err) < 0)
		return -1;
	if (o->id == NULL)
		return 0;
	return init_transactions(o, err) < 0 ? -1 : find_batch(o, err);
}

/* ---- messages ---- */

static int
begin(struct kafkaout *o, const char *topic, struct err *err)
{
	rd_kafka_error_t *e;

	if (o->id == NULL || o->begun)
		return 0;
	free(o->first);
	o->first = mem_dup(topic, strlen(topic));
	e = kafka.begin_transaction(o->handle.rk);
	while (e != NULL) {
		if (kafka_error(&o->handle, e, "begin a transaction", err) < 0)
			return -1;
		e = kafka.begin_transaction(o->handle.rk);
	}
	o->begun = true;
	return 0;
}

static int
use_topic(struct kafkaout *o, const char *topic, struct err *err)
{
	if (o->rkt != NULL && strcmp(kafka.topic_name(o->rkt), topic) == 0)
		return 0;
	if (o->rkt != NULL)
		kafka.topic_destroy(o->rkt);
	o->rkt = kafka.topic_new(o->handle.rk, topic, NULL);
	if (o->rkt != NULL)
		return 0;
	err_set(err, "'%s' is no name of a topic", topic);
	return 1;
}

static rd_kafka_resp_err_t
produce(struct kafkaout *o, const struct kafkaout_message *m)
{
	if (m->headers == NULL)
		return kafka.producev(o->handle.rk, RD_KAFKA_V_RKT(o->rkt),
			RD_KAFKA_V_PARTITION(m->partition),
			RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
			RD_KAFKA_V_VALUE((void *)m->value, m->nvalue),
			RD_KAFKA_V_KEY(m->key, m->nkey), RD_KAFKA_V_END);
	return kafka.producev(o->handle.rk, RD_KAFKA_V_RKT(o->rkt),
		RD_KAFKA_V_PARTITION(m->partition),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		RD_KAFKA_V_VALUE((void *)m->value, m->nvalue),
		RD_KAFKA_V_KEY(m->key, m->nkey), RD_KAFKA_V_HEADERS(m->headers),
		RD_KAFKA_V_END);
}

/* As much is on its way as may be.  0: try again, -1. */
static int
wait_for_room(struct kafkaout *o, struct err *err)
{
	int before = kafka.outq_len(o->handle.rk);

	kafka.poll(o->handle.rk, POLL_MS);
	if (o->failure[0] != '\0')
		return delivery_failed(o, err);
	if (kafka.outq_len(o->handle.rk) < before) {
		kafka_worked(&o->handle);
		return 0;
	}
	return kafka_failed(&o->handle, RD_KAFKA_RESP_ERR__TRANSPORT,
		"they do not take messages", "write", err);
}

/* Why a message was not taken: 1 it cannot be, or -1. */
static int
not_sent(struct kafkaout *o, rd_kafka_resp_err_t e,
	const struct kafkaout_message *m, struct err *err)
{
	switch (e) {
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
		err_set(err,
			"%zu bytes are too much for a message: "
			"-X message.max.bytes=N sets our limit, "
			"max.message.bytes that of the topic",
			m->nvalue + m->nkey);
		return 1;
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
		err_set(err, "topic '%s' has no partition %d", m->topic,
			(int)m->partition);
		return 1;
	default:
		return err_set(err, "cannot write to topic '%s': %s", m->topic,
			o->handle.reason[0] != '\0' &&
					e == RD_KAFKA_RESP_ERR__FATAL
				? o->handle.reason
				: kafka.err2str(e));
	}
}

int
kafkaout_send(struct kafkaout *o, struct kafkaout_message *m, struct err *err)
{
	rd_kafka_resp_err_t e = RD_KAFKA_RESP_ERR_NO_ERROR;
	int rc = use_topic(o, m->topic, err);

	if (rc == 0)
		rc = begin(o, m->topic, err);
	if (rc == 0 && o->sent++ % POLL_EVERY == 0)
		kafka.poll(o->handle.rk, 0);
	if (rc == 0 && o->failure[0] != '\0')
		rc = delivery_failed(o, err);
	while (rc == 0 && (e = produce(o, m)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		rc = wait_for_room(o, err);
	if (rc == 0 && e != RD_KAFKA_RESP_ERR_NO_ERROR)
		rc = not_sent(o, e, m, err);
	if (rc != 0 && m->headers != NULL)
		kafka.headers_destroy(m->headers);
	return rc < 0 ? explain(o, err) : rc;
}

/* ---- the end of a batch ---- */

/* Did the last call at least bring some messages home? */
static void
see_progress(struct kafkaout *o, int *left)
{
	int now = kafka.outq_len(o->handle.rk);

	if (now < *left)
		kafka_worked(&o->handle);
	*left = now;
}

static int
kafkaout_flush(struct kafkaout *o, struct err *err)
{
	int left = kafka.outq_len(o->handle.rk);
	rd_kafka_resp_err_t e;

	while ((e = kafka.flush(o->handle.rk, kafka_slice(&o->handle))) !=
		RD_KAFKA_RESP_ERR_NO_ERROR) {
		if (o->failure[0] != '\0')
			return delivery_failed(o, err);
		see_progress(o, &left);
		if (kafka_failed(&o->handle, e, "no answer",
			    "write what is on its way", err) < 0)
			return -1;
	}
	kafka_worked(&o->handle);
	return o->failure[0] != '\0' ? delivery_failed(o, err) : 0;
}

/* One try. */
static rd_kafka_error_t *
offer_number(struct kafkaout *o, int64_t batch)
{
	rd_kafka_topic_partition_list_t *l = kafka.topic_partition_list_new(1);
	rd_kafka_consumer_group_metadata_t
		*group = kafka.consumer_group_metadata_new(o->id);
	rd_kafka_error_t *e;

	kafka.topic_partition_list_add(l, o->first, 0)->offset = batch;
	e = kafka.send_offsets_to_transaction(
		o->handle.rk, l, group, kafka_slice(&o->handle));
	kafka.consumer_group_metadata_destroy(group);
	kafka.topic_partition_list_destroy(l);
	return e;
}

static int
send_number(struct kafkaout *o, int64_t batch, struct err *err)
{
	rd_kafka_error_t *e;
	int rc = 0;

	while (rc == 0 && (e = offer_number(o, batch)) != NULL)
		rc = kafka_error(
			&o->handle, e, "write the batch's number", err);
	return rc;
}

static int
commit_transaction(struct kafkaout *o, struct err *err)
{
	int left = kafka.outq_len(o->handle.rk);
	rd_kafka_error_t *e;

	while ((e = kafka.commit_transaction(
			o->handle.rk, kafka_slice(&o->handle))) != NULL) {
		see_progress(o, &left);
		if (kafka_error(&o->handle, e, "commit a transaction", err) < 0)
			return o->failure[0] != '\0' ? delivery_failed(o, err)
						     : -1;
	}
	kafka_worked(&o->handle);
	o->begun = false;
	o->committed = true;
	return 0;
}

int
kafkaout_commit(struct kafkaout *o, int64_t batch, struct err *err)
{
	if (o->id == NULL)
		return kafkaout_flush(o, err);
	if (!o->begun)
		return 0;
	if (kafkaout_flush(o, err) < 0 || send_number(o, batch, err) < 0 ||
		commit_transaction(o, err) < 0)
		return explain(o, err);
	o->has = batch;
	return 0;
}

/*
 * Brokers answer a commit before its markers are in the partitions, and who
 * reads what is committed would not see it yet.  But they take no part of
 * another transaction of ours before: so one that will be given up tells when
 * all is there.  What goes wrong here is nobody's concern.
 */
static void
settle(struct kafkaout *o)
{
	int64_t until = time_monotonic() + SETTLE_US;
	rd_kafka_error_t *e = kafka.begin_transaction(o->handle.rk);
	bool again = e == NULL;

	o->begun = again;
	while (again && (e = offer_number(o, o->has)) != NULL) {
		again = kafka.error_is_retriable(e) && !file_stop &&
			time_monotonic() < until;
		if (again)
			kafka.error_destroy(e);
	}
	if (e != NULL)
		kafka.error_destroy(e);
}

/* End what has begun: who reads behind it need not wait for the time-out then.
 * False: the library is still at it. */
static bool
give_back(struct kafkaout *o)
{
	rd_kafka_error_t *e = kafka.abort_transaction(o->handle.rk, ABORT_MS);
	bool ended = e == NULL;

	if (e != NULL)
		kafka.error_destroy(e);
	return ended;
}

void
kafkaout_close(struct kafkaout *o)
{
	bool ended = true;

	if (o->rkt != NULL)
		kafka.topic_destroy(o->rkt);
	if (o->committed && !o->begun)
		settle(o);
	if (o->handle.rk != NULL) {
		kafka.purge(o->handle.rk,
			RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
				RD_KAFKA_PURGE_F_NON_BLOCKING);
		ended = !o->begun || give_back(o);
		kafka.poll(o->handle.rk, 0);
	}
	/* Its threads may die of being torn out of an abort (2.0.2): they end
	 * with the process. */
	if (ended)
		kafka_close(&o->handle);
	o->handle.rk = NULL;
	kafka_conf_release(&o->conf);
	free(o->first);
}
