/*
 * What the tests need of Kafka that kcat does not do.
 *
 * usage: topic BROKERS create NAME PARTITIONS [PROPERTY=VALUE ...]
 *        topic BROKERS delete NAME
 *        topic BROKERS grow NAME PARTITIONS
 *        topic BROKERS trim NAME PARTITION OFFSET   messages before it are gone
 *        topic BROKERS committed GROUP NAME PARTITION
 *        topic BROKERS abort NAME N        messages in a transaction that fails
 *        topic BROKERS hold NAME N         ... that ends with standard input
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>

#define WAIT_MS 20000

static char why[400];

static int
complain(const char *what)
{
	fprintf(stderr, "topic: %s\n", what);
	return 1;
}

static rd_kafka_t *
handle(const char *brokers, rd_kafka_type_t type, const char *name,
	const char *value)
{
	rd_kafka_conf_t *c = rd_kafka_conf_new();
	rd_kafka_t *rk;

	rd_kafka_conf_set(c, "bootstrap.servers", brokers, why, sizeof why);
	if (name != NULL)
		rd_kafka_conf_set(c, name, value, why, sizeof why);
	rk = rd_kafka_new(type, c, why, sizeof why);
	if (rk == NULL)
		exit(complain(why));
	return rk;
}

static int
topic_result(rd_kafka_event_t *e)
{
	const rd_kafka_topic_result_t **r = NULL;
	rd_kafka_event_type_t type = e != NULL ? rd_kafka_event_type(e) : 0;
	size_t n = 0;

	if (e == NULL)
		return complain("no answer");
	if (rd_kafka_event_error(e))
		return complain(rd_kafka_event_error_string(e));
	if (type == RD_KAFKA_EVENT_CREATETOPICS_RESULT)
		r = rd_kafka_CreateTopics_result_topics(
			rd_kafka_event_CreateTopics_result(e), &n);
	else if (type == RD_KAFKA_EVENT_DELETETOPICS_RESULT)
		r = rd_kafka_DeleteTopics_result_topics(
			rd_kafka_event_DeleteTopics_result(e), &n);
	else if (type == RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT)
		r = rd_kafka_CreatePartitions_result_topics(
			rd_kafka_event_CreatePartitions_result(e), &n);
	if (n > 0 && rd_kafka_topic_result_error(r[0]))
		return complain(
			rd_kafka_err2name(rd_kafka_topic_result_error(r[0])));
	return 0;
}

static int
create(rd_kafka_t *rk, rd_kafka_queue_t *q, char **argv)
{
	rd_kafka_NewTopic_t *t = rd_kafka_NewTopic_new(
		argv[0], atoi(argv[1]), 1, why, sizeof why);

	if (t == NULL)
		return complain(why);
	for (argv += 2; *argv != NULL; argv++) {
		char *eq = strchr(*argv, '=');

		*eq = '\0';
		rd_kafka_NewTopic_set_config(t, *argv, eq + 1);
	}
	rd_kafka_CreateTopics(rk, &t, 1, NULL, q);
	return topic_result(rd_kafka_queue_poll(q, WAIT_MS));
}

static int delete (rd_kafka_t *rk, rd_kafka_queue_t *q, char **argv)
{
	rd_kafka_DeleteTopic_t *t = rd_kafka_DeleteTopic_new(argv[0]);

	rd_kafka_DeleteTopics(rk, &t, 1, NULL, q);
	return topic_result(rd_kafka_queue_poll(q, WAIT_MS));
}

static int
grow(rd_kafka_t *rk, rd_kafka_queue_t *q, char **argv)
{
	rd_kafka_NewPartitions_t *p = rd_kafka_NewPartitions_new(
		argv[0], (size_t)atoi(argv[1]), why, sizeof why);

	rd_kafka_CreatePartitions(rk, &p, 1, NULL, q);
	return topic_result(rd_kafka_queue_poll(q, WAIT_MS));
}

static int
trim(rd_kafka_t *rk, rd_kafka_queue_t *q, char **argv)
{
	rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(
		1);
	rd_kafka_DeleteRecords_t *d;

	rd_kafka_topic_partition_list_add(l, argv[0], atoi(argv[1]))
		->offset = atoll(argv[2]);
	d = rd_kafka_DeleteRecords_new(l);
	rd_kafka_DeleteRecords(rk, &d, 1, NULL, q);
	return topic_result(rd_kafka_queue_poll(q, WAIT_MS));
}

static int
committed(const char *brokers, char **argv)
{
	rd_kafka_t *rk = handle(
		brokers, RD_KAFKA_CONSUMER, "group.id", argv[0]);
	rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(
		1);
	rd_kafka_resp_err_t e;

	rd_kafka_topic_partition_list_add(l, argv[1], atoi(argv[2]));
	e = rd_kafka_committed(rk, l, WAIT_MS);
	if (e)
		return complain(rd_kafka_err2str(e));
	printf("%lld\n", (long long)l->elems[0].offset);
	return 0;
}

static int
fail(rd_kafka_error_t *e)
{
	return e == NULL ? 0 : complain(rd_kafka_error_string(e));
}

static int
transaction(const char *brokers, char **argv, int hold)
{
	rd_kafka_t *rk = handle(
		brokers, RD_KAFKA_PRODUCER, "transactional.id", argv[0]);
	char c, v[32];

	if (fail(rd_kafka_init_transactions(rk, WAIT_MS)) ||
		fail(rd_kafka_begin_transaction(rk)))
		return 1;
	for (int i = 0; i < atoi(argv[1]); i++)
		rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(argv[0]),
			RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
			RD_KAFKA_V_VALUE(
				v, (size_t)snprintf(v, sizeof v, "held %d", i)),
			RD_KAFKA_V_END);
	rd_kafka_flush(rk, WAIT_MS);
	if (!hold)
		return fail(rd_kafka_abort_transaction(rk, WAIT_MS));
	puts("held");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return fail(rd_kafka_commit_transaction(rk, WAIT_MS));
}

int
main(int argc, char **argv)
{
	rd_kafka_queue_t *q;
	rd_kafka_t *rk;

	if (argc < 4)
		return complain("usage: see the source");
	if (strcmp(argv[2], "committed") == 0 && argc == 6)
		return committed(argv[1], argv + 3);
	if (strcmp(argv[2], "abort") == 0 || strcmp(argv[2], "hold") == 0)
		return transaction(argv[1], argv + 3, argv[2][0] == 'h');
	rk = handle(argv[1], RD_KAFKA_PRODUCER, NULL, NULL);
	q = rd_kafka_queue_new(rk);
	if (strcmp(argv[2], "create") == 0 && argc >= 5)
		return create(rk, q, argv + 3);
	if (strcmp(argv[2], "delete") == 0)
		return delete (rk, q, argv + 3);
	if (strcmp(argv[2], "grow") == 0 && argc == 5)
		return grow(rk, q, argv + 3);
	if (strcmp(argv[2], "trim") == 0 && argc == 6)
		return trim(rk, q, argv + 3);
	return complain("usage: see the source");
}
