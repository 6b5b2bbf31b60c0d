/*
 * stream-kafka: hands on the messages of topics of Kafka, as records or their
 * values as lines.
 *
 * Time: that of each message, in "timestamp".
 * Watermark: none.
 * State: none but its position: the next offset of each partition.
 * Restart: goes on there; a batch that is run again reads the same offsets, a
 * partition after the other.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "floor/err.h"
#include "text/regex.h"
#include "time/time.h"
#include "io/service/kafka.h"
#include "runtime/stage.h"
#include "sources/kafka/bounds.h"
#include "sources/kafka/consumer.h"
#include "sources/kafka/extent.h"
#include "sources/kafka/group.h"
#include "sources/kafka/message.h"
#include "sources/kafka/offsets.h"
#include "sources/kafka/topics.h"

#define AT_ONCE 1000        /* messages at one call */
#define LOOK_US TIME_SECOND /* how often to look for new topics */
#define IDLE_MS 100

struct stream_kafka {
	const char *from_text, *to_text;
	struct list properties, names;
	struct regex *regex;
	struct consumer consumer;
	struct extent extent;
	struct group group;
	struct message message;
	bool live;    /* no batches, no end */
	bool planned; /* the batch */
	bool again;   /* a batch is run again */
};

#define AT(member) offsetof(struct stream_kafka, member)

static const struct opt stream_kafka_opts[] = {
	{"pattern", 0, OPT_STRING, AT(extent.pattern), "RE",
		"read all topics whose whole name matches"},
	{"from", 0, OPT_STRING, AT(from_text), "earliest|latest|TIME|JSON",
		"where to begin when there is no checkpoint to go on from"},
	{"to", 0, OPT_STRING, AT(to_text), "latest|TIME|JSON",
		"read up to there and end"},
	{"max-records", 0, OPT_INT, AT(extent.max_records), "N",
		"take at most N messages into a batch", .least = 1},
	{"on-data-loss", 0, OPT_ENUM, AT(extent.on_data_loss), "fail|warn",
		"what to do when messages are gone that were to be read"},
	{"value-only", 0, OPT_FLAG, AT(message.value_only), NULL,
		"hand on the values alone, as lines"},
	{"headers", 0, OPT_FLAG, AT(message.headers), NULL,
		"put the headers into the records, too"},
	{"group", 0, OPT_STRING, AT(group.name), "NAME",
		"commit offsets to this group, for who watches the lag"},
	{"timeout", 0, OPT_DURATION, AT(consumer.handle.timeout_us), "D",
		"give up when no broker has answered for this long (1m)"},
	{"property", 'X', OPT_MULTI, AT(properties), "NAME=VALUE",
		"set a property of librdkafka"},
	{"config", 0, OPT_STRING, AT(consumer.config), "FILE",
		"set those in this file, one a line", .file = true},
	OPT_END};

/* Names of its options elsewhere. */
static const struct opt_slip stream_kafka_slips[] = {
	{"topic", "topics are operands: stream-kafka BROKERS TOPIC,..."},
	{"topics", "topics are operands: stream-kafka BROKERS TOPIC,..."},
	{"subscribe", "topics are operands: stream-kafka BROKERS TOPIC,..."},
	{"brokers", "brokers are an operand: stream-kafka BROKERS TOPIC"},
	{"bootstrap-server",
		"brokers are an operand: stream-kafka BROKERS TOPIC"},
	{"starting-offsets", "that is --from"},
	{"from-beginning", "that is --from earliest"},
	{"ending-offsets", "that is --to"},
	{"max-offsets-per-trigger", "that is --max-records"},
	{"fail-on-data-loss", "that is --on-data-loss fail|warn"},
	{NULL, NULL}};

static void
stream_kafka_defaults(void *self)
{
	struct stream_kafka *s = self;

	consumer_init(&s->consumer);
	s->consumer.handle.timeout_us = 60 * TIME_SECOND;
	message_init(&s->message);
}

static void
stream_kafka_tell(void *of, const char *text)
{
	stage_warn(of, "%s", text);
}

static int
open_topics(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	struct buf whole;

	if (s->extent.pattern == NULL) {
		list_add(&s->names, st->operands[1], true);
		return 0;
	}
	buf_init(&whole);
	buf_printf(&whole, "^(?:%s)$", s->extent.pattern);
	s->regex = regex_new(whole.p, whole.n, REGEX_JAVA, 0, st->err);
	buf_release(&whole);
	if (s->regex != NULL)
		return 0;
	st->err->status = STATUS_USAGE;
	return err_in(st->err, "--pattern: '%s'", s->extent.pattern);
}

static int
open_bounds(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	if (s->from_text != NULL &&
		bounds_parse(&s->extent.from, s->from_text, TOPICS_EARLIEST,
			stage_zone(st), st->err) < 0)
		return err_in(st->err, "--from");
	if (s->to_text != NULL &&
		bounds_parse(&s->extent.to, s->to_text, TOPICS_LATEST,
			stage_zone(st), st->err) < 0)
		return err_in(st->err, "--to");
	return 0;
}

/* The parts know each other from here on. */
static void
connect_parts(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	struct kafka_handle *k = &s->consumer.handle;

	k->brokers = st->operands[0];
	k->tell = stream_kafka_tell;
	k->of = st;
	s->consumer.properties = &s->properties;
	s->consumer.group = s->group.name;
	s->extent.topics.k = k;
	s->extent.topics.names = &s->names;
	s->extent.topics.pattern = s->regex;
	s->group.x = &s->extent;
}

static int
stream_kafka_open(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	if (st->on_error < 0) /* one bad message does not end a source */
		st->on_error = ON_ERROR_SKIP;
	if (s->extent.pattern != NULL ? st->noperands != 1 : st->noperands != 2)
		return err_as(st->err, STATUS_USAGE,
			s->extent.pattern != NULL
				? "--pattern takes the place of the topics: "
				  "stream-kafka "
				  "--pattern RE BROKERS"
				: "expected brokers and topics: "
				  "stream-kafka HOST:PORT[,HOST:PORT] "
				  "TOPIC[,TOPIC]");
	if (s->message.value_only && s->message.headers)
		return err_as(st->err, STATUS_USAGE,
			"--headers are fields of "
			"records: leave --value-only away");
	if (open_topics(st) < 0 || open_bounds(st) < 0)
		return -1;
	connect_parts(st);
	return st->explain ? 0 : consumer_conf(&s->consumer, st->err);
}

static int
stream_kafka_plan(struct stage *st, struct plan *p)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	bool whole = p->trigger == TRIGGER_AVAILABLE ||
		p->trigger == TRIGGER_ONCE;

	s->extent.ends = s->extent.to.given || whole;
	s->live = p->trigger == TRIGGER_NONE && !s->extent.ends;
	/* Spark's defaults; what is available is all. */
	if (!s->extent.from.given)
		s->extent.from.what = s->extent.ends ? TOPICS_EARLIEST
						     : TOPICS_LATEST;
	if (!s->extent.to.given)
		s->extent.to.what = TOPICS_LATEST;
	if (p->trigger == TRIGGER_ONCE || s->live)
		s->extent.max_records = 0;
	st->hear = s->group.name != NULL && p->checkpoint != NULL;
	message_plan(&s->message, st, p);
	return 0;
}

/* ---- a batch ---- */

/* For the partitions that are known; one that is open gives way to it. */
static int
open_consumer(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	topics_detach(&s->extent.topics);
	group_detach(&s->group);
	if (consumer_open(&s->consumer, s->extent.topics.n, st->err) < 0)
		return -1;
	s->extent.topics.notify = s->consumer.pipe[1];
	return 0;
}

/* Once: 1 it is known where to begin and to end, 0 call again, -1. */
static int
find_bounds(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	struct extent *x = &s->extent;
	int rc;

	if (x->topics.k->rk == NULL && open_consumer(st) < 0)
		return -1;
	if (s->again)
		return 1;
	rc = extent_look(x, st);
	if (rc <= 0)
		return rc;
	if (!consumer_fits(&s->consumer, x->topics.n))
		return open_consumer(st) < 0 ? -1 : 0;
	if (!x->resumed && bounds_check(&x->from, &x->topics, st->err) < 0)
		return err_in(st->err, "--from");
	rc = extent_starts(x, st);
	if (rc > 0)
		rc = extent_goals(x, st);
	if (rc <= 0)
		return rc;
	/* Where "latest" was when it was first asked for is to be kept, though
	 * there may be nothing to read yet. */
	if (!x->resumed && st->out.checkpoint != NULL &&
		x->from.what != TOPICS_EARLIEST && stage_open_batch(st) < 0)
		return -1;
	x->known = x->resumed = true; /* what comes now is new */
	stage_ready(st);
	return 1;
}

static int
plan_batch(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	int rc = 1;

	if (!s->again) {
		rc = extent_look(&s->extent, st);
		if (rc > 0)
			rc = extent_starts(&s->extent, st);
		if (rc > 0)
			rc = extent_ends(&s->extent, st);
	}
	if (rc > 0 && topics_fetch(&s->extent.topics, st->err) < 0)
		return -1;
	s->planned = rc > 0;
	s->extent.at = 0;
	return rc;
}

/* ---- messages ---- */

/* What the queue has in place of a message.  0 or -1. */
static int
trouble(struct stage *st, struct topics_part *p, const rd_kafka_message_t *m)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	char doing[300];

	switch (m->err) {
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
		return extent_jump(&s->extent, st, p);
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
		/* Is it?  The next looks will tell. */
		topics_stop(p);
		extent_look_again(&s->extent);
		kafka.poll(s->consumer.handle.rk, IDLE_MS);
		return 0;
	default:
		snprintf(doing, sizeof(doing), "read topic '%s'", p->topic);
		return kafka_failed(&s->consumer.handle, m->err,
			kafka.err2str(m->err), doing, st->err);
	}
}

/* Hand on what is here of a partition: 1; 0: nothing is; -1. */
static int
take(struct stage *st, struct topics_part *p)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	const rd_kafka_message_t *head;
	rd_kafka_message_t *m;
	int rc = 0, n = 0;

	while (rc == 0 && n < AT_ONCE) {
		head = topics_peek(p);
		if (head != NULL && head->err == 0 && head->offset >= p->end) {
			p->next = p->end; /* it belongs to the next batch */
			n++;
			break;
		}
		rc = topics_message(&s->extent.topics, p, &m, st->err);
		if (rc < 0 || m == NULL)
			break;
		n++;
		if (m->err != 0) {
			rc = trouble(st, p, m);
		} else {
			rc = message_give(&s->message, st, m);
			p->next = m->offset + 1;
		}
		kafka.message_destroy(m);
	}
	if (message_flush(&s->message, st) < 0)
		return -1;
	return rc < 0 ? -1 : n > 0;
}

/* A batch is not complete, and nothing is here: wait a little.  0 or -1. */
static int
idle(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	if (stage_stopping() && s->again)
		return err_set(st->err, "stopped while it read a batch again");
	if (stage_flush(st) < 0)
		return -1;
	if (!consumer_await(&s->consumer, IDLE_MS) &&
		extent_look(&s->extent, st) < 0)
		return -1;
	return 0;
}

/* The batch is complete.  What follows? */
static int
batch_done(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	s->planned = false;
	if (s->again)
		return PULL_BATCH;
	return extent_more(&s->extent) ? PULL_BATCH
		: s->extent.ends       ? PULL_END
				       : PULL_WAIT;
}

static int
pull_batch(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	int rc = s->planned ? 1 : plan_batch(st);

	if (rc <= 0)
		return rc < 0 ? -1 : PULL_MORE;
	for (; s->extent.at < s->extent.topics.n; s->extent.at++) {
		struct topics_part *p = s->extent.topics.p[s->extent.at];
		const rd_kafka_message_t *m;

		if (p->next >= p->end &&
			((m = topics_peek(p)) == NULL || m->err == 0))
			continue;
		rc = take(st, p);
		if (rc == 0 && p->next < p->end)
			rc = idle(st);
		return rc < 0 ? -1 : PULL_MORE;
	}
	return batch_done(st);
}

static int
pull_live(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	int rc = extent_look(&s->extent, st), any = 0;

	if (rc > 0)
		rc = extent_starts(&s->extent, st);
	if (rc < 0 || topics_fetch(&s->extent.topics, st->err) < 0)
		return -1;
	for (size_t i = 0; i < s->extent.topics.n; i++) {
		struct topics_part *p = s->extent.topics.p[i];

		if (p->start == TOPICS_UNKNOWN)
			continue;
		p->end = INT64_MAX;
		rc = take(st, p);
		if (rc < 0)
			return -1;
		any += rc;
	}
	return any > 0 ? PULL_MORE : PULL_WAIT;
}

static int
stream_kafka_pull(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	int rc = s->extent.known ? 1 : find_bounds(st);

	if (rc <= 0)
		return rc < 0 ? -1 : PULL_MORE;
	group_tick(&s->group, st);
	return s->live ? pull_live(st) : pull_batch(st);
}

static int
stream_kafka_wait(
	struct stage *st, struct pollfd *fds, int max, int64_t *deadline)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	consumer_drain(&s->consumer);
	fds[0] = (struct pollfd){.fd = s->consumer.pipe[0], .events = POLLIN};
	*deadline = time_now() +
		(topics_waiting(&s->extent.topics) ? 0 : LOOK_US);
	return 1;
}

/* ---- the position ---- */

static int
stream_kafka_mark(struct stage *st, struct buf *out)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	/* It has not even been known where to begin. */
	if (!s->extent.known && !s->extent.resumed) {
		buf_str(out, "{}");
		return 0;
	}
	offsets_print(&s->extent.topics, out);
	group_note(&s->group, st);
	return 0;
}

static int
stream_kafka_seek(struct stage *st, const char *from, const char *to)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	struct topics *t = &s->extent.topics;
	int was = 0;

	s->again = to != NULL;
	s->group.moved = s->group.moved || s->again;
	s->planned = s->extent.known = s->extent.resumed = false;
	while (s->extent.topics.n > 0)
		topics_remove(&s->extent.topics, s->extent.topics.n - 1);
	if (from != NULL && (was = offsets_read(t, from, false, st->err)) < 0)
		return -1;
	/* It has the beginnings of what the batch before did not know. */
	if (to != NULL && (was = offsets_read(t, to, true, st->err)) < 0)
		return -1;
	for (size_t i = 0; i < s->extent.topics.n;
		i++) /* made anew in this batch */
		if (s->extent.topics.p[i]->end < s->extent.topics.p[i]->next)
			s->extent.topics.p[i]->next = 0;
	s->extent.resumed = was > 0;
	return 0;
}

static int
stream_kafka_committed(struct stage *st, int64_t number)
{
	group_committed(&STAGE(st, stream_kafka)->group, st, number);
	return 0;
}

static void
stream_kafka_close(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	group_end(&s->group, st);
	group_release(&s->group);
	extent_release(&s->extent);
	consumer_release(&s->consumer);
	list_free(&s->names);
	regex_free(s->regex);
	message_release(&s->message);
}

static const struct source stream_kafka_source = {
	.pull = stream_kafka_pull,
	.wait = stream_kafka_wait,
	.mark = stream_kafka_mark,
	.seek = stream_kafka_seek,
	.committed = stream_kafka_committed,
};

const struct op op_stream_kafka = {
	.name = "stream-kafka",
	.about = "hand on the messages of topics of Kafka",
	.synopsis = "[--from WHERE] [--to WHERE] [--value-only] BROKERS "
		    "TOPIC[,TOPIC] | --pattern RE BROKERS",
	.opts = stream_kafka_opts,
	.slips = stream_kafka_slips,
	.size = sizeof(struct stream_kafka),
	.flags = OP_OPERANDS,
	.defaults = stream_kafka_defaults,
	.open = stream_kafka_open,
	.plan = stream_kafka_plan,
	.source = &stream_kafka_source,
	.close = stream_kafka_close,
};
