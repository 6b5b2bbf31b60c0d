/*
 * topics: see topics.h.  Each partition has a queue of its own, so that a batch
 * can end at its offset while what lies behind waits where it is, and the size
 * of the queues bounds what is in memory whatever the backlog.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "sources/topics.h"
#include "text/regex.h"
#include "time/time.h"
#include "value/json.h"
#include "value/value.h"
#include "floor/mem.h"

#define AT_ONCE 1000 /* messages taken from a queue */
/* A broker that has just come up may not know all topics yet. */
#define MISSING_US (2 * TIME_SECOND)

/* ---- the list of them ---- */

static void
free_part(struct topics_part *p)
{
	topics_stop(p);
	free(p->got);
	free(p->topic);
	free(p);
}

void
topics_detach(struct topics *t)
{
	for (size_t i = 0; i < t->n; i++)
		topics_stop(t->p[i]);
	for (size_t i = 0; t->rkt != NULL && i < t->names->n; i++)
		if (t->rkt[i] != NULL)
			kafka.topic_destroy(t->rkt[i]);
	free(t->rkt);
	t->rkt = NULL;
}

void
topics_release(struct topics *t)
{
	topics_detach(t);
	while (t->n > 0)
		topics_remove(t, t->n - 1);
	free(t->p);
	t->p = NULL;
}

void
topics_remove(struct topics *t, size_t at)
{
	free_part(t->p[at]);
	t->n--;
	memmove(t->p + at, t->p + at + 1, (t->n - at) * sizeof(*t->p));
}

/* Where it is, or would be. */
static size_t
place_of(const struct topics *t, const char *topic, int32_t number, bool *there)
{
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(t->p[mid]->topic, topic);

		if (c == 0)
			c = t->p[mid]->number < number       ? -1
				: t->p[mid]->number > number ? 1
							     : 0;
		if (c == 0) {
			*there = true;
			return mid;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*there = false;
	return lo;
}

struct topics_part *
topics_find(const struct topics *t, const char *topic, int32_t number)
{
	bool there;
	size_t at = place_of(t, topic, number, &there);

	return there ? t->p[at] : NULL;
}

struct topics_part *
topics_add(struct topics *t, const char *topic, int32_t number)
{
	struct topics_part *p;
	bool there;
	size_t at = place_of(t, topic, number, &there);

	if (there)
		return t->p[at];
	p = mem_zalloc(sizeof(*p));
	p->topic = mem_dup(topic, strlen(topic));
	p->number = number;
	p->start = p->next = p->end = TOPICS_UNKNOWN;
	p->goal = INT64_MAX;
	t->p = mem_realloc(t->p, (t->n + 1) * sizeof(*t->p));
	memmove(t->p + at + 1, t->p + at, (t->n - at) * sizeof(*t->p));
	t->p[at] = p;
	t->n++;
	return p;
}

/* ---- which there are ---- */

/* Topics of the brokers' own are read by nobody who does not name them. */
static bool
is_internal(const char *name)
{
	return strcmp(name, "__consumer_offsets") == 0 ||
		strcmp(name, "__transaction_state") == 0 ||
		strcmp(name, "__share_group_state") == 0 ||
		strcmp(name, "__cluster_metadata") == 0;
}

/* 1, 0, or -1. */
static int
is_meant(const struct topics *t, const char *name, struct err *err)
{
	struct regex_match m;
	size_t n = strlen(name);
	int rc;

	if (t->pattern == NULL) {
		for (size_t i = 0; i < t->names->n; i++)
			if (strcmp(t->names->s[i], name) == 0)
				return 1;
		return 0;
	}
	if (is_internal(name))
		return 0;
	rc = regex_search(t->pattern, name, n, 0, &m, err);
	return rc < 0 ? err_in(err, "--pattern") : rc;
}

/* Metadata are asked for topics that the handle knows. */
static int
know_names(struct topics *t, struct err *err)
{
	if (t->rkt != NULL || t->pattern != NULL)
		return 0;
	t->rkt = mem_zalloc((t->names->n + 1) * sizeof(*t->rkt));
	for (size_t i = 0; i < t->names->n; i++) {
		t->rkt[i] = kafka.topic_new(t->k->rk, t->names->s[i], NULL);
		if (t->rkt[i] == NULL)
			return err_as(err, STATUS_USAGE, "topic '%s': %s",
				t->names->s[i],
				kafka.err2str(kafka.last_error()));
	}
	return 0;
}

static const rd_kafka_metadata_topic_t *
topic_of(const struct rd_kafka_metadata *md, const char *name)
{
	for (int i = 0; i < md->topic_cnt; i++)
		if (strcmp(md->topics[i].topic, name) == 0)
			return &md->topics[i];
	return NULL;
}

/* A partition that was there and is no more: true when that can be told. */
static void
look_for(struct topics_part *p, const struct rd_kafka_metadata *md)
{
	const rd_kafka_metadata_topic_t *mt = topic_of(md, p->topic);
	int64_t now = time_monotonic();
	bool there = mt != NULL && p->number < mt->partition_cnt &&
		mt->err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;

	if (there ||
		(mt != NULL && mt->partition_cnt == 0 &&
			mt->err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)) {
		p->missing_us = 0;
		return;
	}
	if (p->missing_us == 0)
		p->missing_us = now;
	p->gone = p->gone || now - p->missing_us >= MISSING_US;
}

/* The partitions of a topic; 1, 0 ask again, or -1. */
static int
take_topic(
	struct topics *t, const rd_kafka_metadata_topic_t *mt, struct err *err)
{
	char doing[300];

	if (mt->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		for (int i = 0; i < mt->partition_cnt; i++)
			topics_add(t, mt->topic, mt->partitions[i].id);
		return 1;
	}
	if (mt->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return topics_find(t, mt->topic, 0) != NULL ? 1 : 2;
	snprintf(doing, sizeof(doing), "read topic '%s'", mt->topic);
	return kafka_failed(t->k, mt->err, NULL, doing, err);
}

static int
is_missing(struct topics *t, const char *name, struct err *err)
{
	int64_t now = time_monotonic();

	if (t->missing_us == 0)
		t->missing_us = now;
	if (now - t->missing_us >= MISSING_US)
		return err_set(err,
			"'%s' has no topic '%s': create it first, "
			"or correct the name",
			t->k->brokers, name);
	kafka.poll(t->k->rk, 50);
	return 0;
}

static int
take_metadata(
	struct topics *t, const struct rd_kafka_metadata *md, struct err *err)
{
	const char *missing = NULL;

	for (int i = 0; i < md->topic_cnt; i++) {
		const rd_kafka_metadata_topic_t *mt = &md->topics[i];
		int rc = is_meant(t, mt->topic, err);

		if (rc > 0)
			rc = take_topic(t, mt, err);
		else if (rc == 0)
			rc = 1;
		if (rc == 2)
			missing = mt->topic;
		else if (rc <= 0)
			return rc;
	}
	for (size_t i = 0; i < t->n; i++)
		look_for(t->p[i], md);
	if (missing != NULL)
		return is_missing(t, missing, err);
	t->missing_us = 0;
	return 1;
}

int
topics_look(struct topics *t, struct err *err)
{
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t e;
	int rc;

	if (know_names(t, err) < 0)
		return -1;
	e = kafka.metadata(
		t->k->rk, t->pattern != NULL, NULL, &md, kafka_slice(t->k));
	if (e != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(
			t->k, e, NULL, "learn what topics there are", err);
	rc = take_metadata(t, md, err);
	kafka.metadata_destroy(md);
	if (rc > 0)
		kafka_worked(t->k);
	return rc;
}

/* ---- offsets ---- */

static int
take_answers(struct topics *t, rd_kafka_topic_partition_list_t *l,
	struct topics_part **parts, struct err *err)
{
	char doing[300];

	for (int i = 0; i < l->cnt; i++) {
		const rd_kafka_topic_partition_t *e = &l->elems[i];

		if (e->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
			snprintf(doing, sizeof(doing),
				"learn the offsets of topic '%s'", e->topic);
			return kafka_failed(t->k, e->err, NULL, doing, err);
		}
		parts[i]->answer = e->offset;
	}
	kafka_worked(t->k);
	return 1;
}

int
topics_ask(struct topics *t, struct topics_part **parts, const int64_t *what,
	size_t n, struct err *err)
{
	rd_kafka_topic_partition_list_t *l;
	rd_kafka_resp_err_t e;
	int rc;

	if (n == 0)
		return 1;
	l = kafka.topic_partition_list_new((int)n);
	for (size_t i = 0; i < n; i++)
		kafka.topic_partition_list_add(
			     l, parts[i]->topic, parts[i]->number)
			->offset = what[i];
	e = kafka.offsets_for_times(t->k->rk, l, kafka_slice(t->k));
	rc = e == RD_KAFKA_RESP_ERR_NO_ERROR
		? take_answers(t, l, parts, err)
		: kafka_failed(t->k, e, NULL, "learn the offsets of the topics",
			  err);
	kafka.topic_partition_list_destroy(l);
	return rc;
}

static int64_t
backlog(const struct topics_part *p)
{
	return p->end > p->next ? p->end - p->next : 0;
}

void
topics_share(struct topics *t, int64_t most)
{
	double total = 0, share;

	for (size_t i = 0; i < t->n; i++)
		total += (double)backlog(t->p[i]);
	for (size_t i = 0; i < t->n && total >= 1; i++) {
		struct topics_part *p = t->p[i];

		share = (double)most * ((double)backlog(p) / total);
		/* A small partition is not to be starved. */
		share = share < 1 ? ceil(share) : floor(share);
		if (share < (double)backlog(p))
			p->end = p->next + (int64_t)share;
	}
}

/* ---- messages ---- */

void
topics_stop(struct topics_part *p)
{
	while (p->at < p->ngot)
		kafka.message_destroy(p->got[p->at++]);
	p->at = p->ngot = 0;
	if (p->queue == NULL)
		return;
	kafka.consume_stop(p->rkt, p->number);
	kafka.queue_destroy(p->queue);
	kafka.topic_destroy(p->rkt);
	p->queue = NULL;
	p->rkt = NULL;
}

static int
start_fetching(struct topics *t, struct topics_part *p, struct err *err)
{
	p->rkt = kafka.topic_new(t->k->rk, p->topic, NULL);
	p->queue = kafka.queue_get_partition(t->k->rk, p->topic, p->number);
	if (p->got == NULL)
		p->got = mem_alloc(AT_ONCE * sizeof(*p->got));
	kafka.queue_io_event_enable(p->queue, t->notify, "", 1);
	if (kafka.consume_start(p->rkt, p->number, p->next) == 0)
		return 0;
	return err_set(err, "cannot read topic '%s': %s", p->topic,
		kafka.err2str(kafka.last_error()));
}

int
topics_fetch(struct topics *t, struct err *err)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->p[i]->queue == NULL && !t->p[i]->gone &&
			t->p[i]->start != TOPICS_UNKNOWN &&
			start_fetching(t, t->p[i], err) < 0)
			return -1;
	return 0;
}

/* Take what is in the queue, and what it says of the end of the log: where that
 * is, without the marks of transactions that stand in front of it. */
static bool
fill(struct topics_part *p)
{
	int64_t most = p->end - p->next;
	rd_kafka_message_t *m;
	ssize_t n;

	for (;;) {
		if (p->at == p->ngot) {
			p->at = p->ngot = 0;
			n = kafka.consume_batch_queue(p->queue, 0, p->got,
				most > 0 && most < AT_ONCE ? (size_t)most
							   : AT_ONCE);
			if (n <= 0)
				return false;
			p->ngot = (size_t)n;
		}
		m = p->got[p->at];
		if (m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
			return true;
		if (m->offset > p->next)
			p->next = m->offset;
		kafka.message_destroy(m);
		p->at++;
	}
}

int
topics_message(struct topics *t, struct topics_part *p, rd_kafka_message_t **m,
	struct err *err)
{
	*m = NULL;
	if (p->queue == NULL && start_fetching(t, p, err) < 0)
		return -1;
	if (fill(p))
		*m = p->got[p->at++];
	return 0;
}

const rd_kafka_message_t *
topics_peek(struct topics_part *p)
{
	return p->queue != NULL && fill(p) ? p->got[p->at] : NULL;
}

bool
topics_waiting(struct topics *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (topics_peek(t->p[i]) != NULL)
			return true;
	return false;
}

/* ---- as JSON ---- */

void
topics_print(const struct topics *t, bool starts, struct buf *out)
{
	const char *topic = NULL;

	buf_byte(out, '{');
	for (size_t i = 0; i < t->n; i++) {
		const struct topics_part *p = t->p[i];

		if (p->gone || p->start == TOPICS_UNKNOWN)
			continue;
		if (topic == NULL || strcmp(topic, p->topic) != 0) {
			buf_str(out, topic == NULL ? "" : "},");
			json_quote(out, p->topic, strlen(p->topic));
			buf_str(out, ":{");
		} else {
			buf_byte(out, ',');
		}
		topic = p->topic;
		buf_printf(out, "\"%d\":%lld", (int)p->number,
			(long long)(starts ? p->start : p->next));
	}
	buf_str(out, topic == NULL ? "}" : "}}");
}

static int
read_topic(const char *topic, const struct value *object, int64_t least,
	int (*each)(void *, const char *, int32_t, int64_t, struct err *),
	void *to, struct err *err)
{
	struct json_iter it;
	struct value key, v;
	char *end, name[16];
	long number;

	if (object->type != VALUE_OBJECT)
		return err_set(err,
			"topic '%s' has no object of partitions and "
			"offsets",
			topic);
	json_iter(&it, object);
	while (json_next(&it, &key, &v)) {
		snprintf(name, sizeof(name), "%.*s",
			key.n < sizeof(name) ? (int)key.n : 0, key.s);
		number = strtol(name, &end, 10);
		v = value_number(&v, false);
		if (*end != '\0' || end == name || number < 0 ||
			number > INT32_MAX || *name == '+')
			return err_set(err,
				"'%.*s' is no number of a "
				"partition of topic '%s'",
				(int)(key.n < 50 ? key.n : 50), key.s, topic);
		if (v.type != VALUE_INT || v.i < least)
			return err_set(err,
				"partition %ld of topic '%s' has no "
				"offset: it is a number, -1 for the end%s",
				number, topic,
				least < TOPICS_LATEST ? ", -2 for the beginning"
						      : "");
		if (each(to, topic, (int32_t)number, v.i, err) < 0)
			return -1;
	}
	return 0;
}

int
topics_read(const struct value *object, int64_t least,
	int (*each)(void *, const char *, int32_t, int64_t, struct err *),
	void *to, struct err *err)
{
	struct json_iter it;
	struct value key, v;
	struct buf tmp;
	const char *p;
	size_t n;
	char *topic;
	int rc = 0;

	if (object->type != VALUE_OBJECT)
		return err_set(err, "it is no object of topics");
	buf_init(&tmp);
	json_iter(&it, object);
	while (rc == 0 && json_next(&it, &key, &v)) {
		p = value_string(&key, &n, &tmp);
		topic = mem_dup(p, n);
		rc = read_topic(topic, &v, least, each, to, err);
		free(topic);
	}
	buf_release(&tmp);
	return rc;
}
