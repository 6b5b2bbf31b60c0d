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
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/err.h"
#include "io/kafka.h"
#include "runtime/stage.h"
#include "sources/bounds.h"
#include "sources/message.h"
#include "sources/topics.h"
#include "text/regex.h"
#include "time/time.h"
#include "value/json.h"
#include "floor/mem.h"

#define AT_ONCE 1000        /* messages at one call */
#define LOOK_US TIME_SECOND /* how often to look what topics there are */
#define IDLE_MS 100
#define QUEUES_KB 65536 /* of messages that were fetched, in all */
#define QUEUES_LEAST 4  /* partitions that they are made for, at least */
#define QUEUE_LEAST_KB 256
#define QUEUES_MESSAGES 400000
#define COMMIT_US (5 * TIME_SECOND)
#define COMMIT_WAIT_MS 2000

enum data_loss { LOSS_FAIL, LOSS_WARN };

/* Where the batches ended that the sinks may not have yet, for --group. */
struct commit {
	int64_t batch;
	rd_kafka_topic_partition_list_t *offsets;
};

struct stream_kafka {
	const char *pattern, *from_text, *to_text, *group, *config;
	int64_t max_records, timeout_us;
	int on_data_loss; /* enum data_loss */
	struct list properties;

	struct list names;
	struct regex *regex;
	struct kafka_conf conf;
	struct kafka_handle handle;
	struct topics topics;
	struct bounds from, to;
	struct message message;
	int pipe[2];    /* gets a byte when there are messages */
	bool live;      /* no batches, no end */
	bool ends;      /* at the goal of each partition */
	bool resumed;   /* from a position: what is new is read whole */
	bool known;     /* where to begin and to end is */
	bool planned;   /* the batch */
	bool again;     /* a batch is run again */
	bool none_told; /* that no topic matches */
	size_t at;      /* the partition that is being read */
	size_t fits;    /* partitions that the queues are made for */
	int64_t looked_us;
	struct commit *commits;
	size_t ncommits;
	int64_t committed_us;
	rd_kafka_queue_t *replies; /* of commits */
	bool refused;              /* the last of these was */
	bool closing;
	bool moved; /* since the run began */
};

#define AT(member) offsetof(struct stream_kafka, member)

static const struct opt stream_kafka_opts[] = {
	{"pattern", 0, OPT_STRING, AT(pattern), "RE",
		"read all topics whose whole name matches"},
	{"from", 0, OPT_STRING, AT(from_text), "earliest|latest|TIME|JSON",
		"where to begin when there is no checkpoint to go on from"},
	{"to", 0, OPT_STRING, AT(to_text), "latest|TIME|JSON",
		"read up to there and end"},
	{"max-records", 0, OPT_INT, AT(max_records), "N",
		"take at most N messages into a batch", .least = 1},
	{"on-data-loss", 0, OPT_ENUM, AT(on_data_loss), "fail|warn",
		"what to do when messages are gone that were to be read"},
	{"value-only", 0, OPT_FLAG, AT(message.value_only), NULL,
		"hand on the values alone, as lines"},
	{"headers", 0, OPT_FLAG, AT(message.headers), NULL,
		"put the headers into the records, too"},
	{"group", 0, OPT_STRING, AT(group), "NAME",
		"commit offsets to this group, for who watches the lag"},
	{"timeout", 0, OPT_DURATION, AT(timeout_us), "D",
		"give up when no broker has answered for this long (1m)"},
	{"property", 'X', OPT_MULTI, AT(properties), "NAME=VALUE",
		"set a property of librdkafka"},
	{"config", 0, OPT_STRING, AT(config), "FILE",
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

/* What decides of offsets and batches is not a matter of properties. */
static const char *const own_properties[] = {"bootstrap.servers",
	"metadata.broker.list", "enable.auto.commit", "auto.commit.enable",
	"enable.auto.offset.store", "auto.offset.reset", "enable.partition.eof",
	"group.id", NULL};

static void
stream_kafka_defaults(void *self)
{
	struct stream_kafka *s = self;

	s->timeout_us = 60 * TIME_SECOND;
	s->pipe[0] = s->pipe[1] = -1;
	message_init(&s->message);
}

static void
tell(void *of, const char *text)
{
	stage_warn(of, "%s", text);
}

static int
open_topics(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	struct buf whole;

	if (s->pattern == NULL) {
		list_add(&s->names, st->operands[1], true);
		return 0;
	}
	buf_init(&whole);
	buf_printf(&whole, "^(?:%s)$", s->pattern);
	s->regex = regex_new(whole.p, whole.n, REGEX_JAVA, 0, st->err);
	buf_release(&whole);
	if (s->regex != NULL)
		return 0;
	st->err->status = STATUS_USAGE;
	return err_in(st->err, "--pattern: '%s'", s->pattern);
}

static int
open_bounds(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	if (s->from_text != NULL &&
		bounds_parse(&s->from, s->from_text, TOPICS_EARLIEST,
			stage_zone(st), st->err) < 0)
		return err_in(st->err, "--from");
	if (s->to_text != NULL &&
		bounds_parse(&s->to, s->to_text, TOPICS_LATEST, stage_zone(st),
			st->err) < 0)
		return err_in(st->err, "--to");
	return 0;
}

static int
stream_kafka_open(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	if (st->on_error < 0) /* one bad message does not end a source */
		st->on_error = ON_ERROR_SKIP;
	if (s->pattern != NULL ? st->noperands != 1 : st->noperands != 2)
		return err_as(st->err, STATUS_USAGE,
			s->pattern != NULL
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
	s->handle.brokers = st->operands[0];
	s->handle.timeout_us = s->timeout_us;
	s->handle.tell = tell;
	s->handle.of = st;
	s->topics.k = &s->handle;
	s->topics.names = &s->names;
	s->topics.pattern = s->regex;
	if (st->explain)
		return 0;
	return kafka_conf(
		&s->conf, &s->properties, s->config, own_properties, st->err);
}

static int
stream_kafka_plan(struct stage *st, struct plan *p)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	bool whole = p->trigger == TRIGGER_AVAILABLE ||
		p->trigger == TRIGGER_ONCE;

	s->ends = s->to.given || whole;
	s->live = p->trigger == TRIGGER_NONE && !s->ends;
	if (!s->from.given) /* Spark's defaults; what is available is all */
		s->from.what = s->ends ? TOPICS_EARLIEST : TOPICS_LATEST;
	if (!s->to.given)
		s->to.what = TOPICS_LATEST;
	if (p->trigger == TRIGGER_ONCE || s->live)
		s->max_records = 0;
	st->hear = s->group != NULL && p->checkpoint != NULL;
	message_plan(&s->message, st, p);
	return 0;
}

/* ---- the handle ---- */

/* A fetch that waits for messages also holds up what else is asked of a broker:
 * where a partition ends, at the beginning of each batch. */
#define FETCH_WAIT_MS "50"

/* For so many partitions: each has a queue of its own.  What is fetched of one
 * is only then fetched on when its queue has gone down, up to a second later:
 * so the queue holds what a second takes, as long as there are few of them. */
static int
set_sizes(struct kafka_conf *c, size_t n, struct err *err)
{
	int64_t kb = QUEUES_KB / (int64_t)n;
	int64_t messages = QUEUES_MESSAGES / (int64_t)n;

	if (kb < QUEUE_LEAST_KB)
		kb = QUEUE_LEAST_KB;
	if (messages < AT_ONCE)
		messages = AT_ONCE;
	if (kafka_set_number(c, "queued.max.messages.kbytes", kb, err) < 0 ||
		kafka_set_number(c, "queued.min.messages", messages, err) < 0)
		return -1;
	return kafka_set_number(c, "fetch.message.max.bytes",
		(kb < 1024 ? kb : 1024) * 1024, err);
}

static int
open_handle(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	struct kafka_conf *c = &s->conf;
	size_t n = s->topics.n > QUEUES_LEAST ? s->topics.n : QUEUES_LEAST;

	if (kafka_set(c, "enable.auto.commit", "false", st->err) < 0 ||
		kafka_set(c, "enable.auto.offset.store", "false", st->err) <
			0 ||
		kafka_set(c, "enable.partition.eof", "true", st->err) < 0 ||
		kafka_set(c, "auto.offset.reset", "error", st->err) < 0 ||
		kafka_set(c, "reconnect.backoff.max.ms", "1000", st->err) < 0 ||
		kafka_set(c, "fetch.wait.max.ms", FETCH_WAIT_MS, st->err) < 0 ||
		(s->group != NULL &&
			kafka_set(c, "group.id", s->group, st->err) < 0) ||
		set_sizes(c, n, st->err) < 0)
		return -1;
	s->fits = n;
	return kafka_open(&s->handle, RD_KAFKA_CONSUMER, c, st->err);
}

/* There are more partitions than it was made for: make another one. */
static int
reopen_handle(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	topics_detach(&s->topics);
	if (s->replies != NULL)
		kafka.queue_destroy(s->replies);
	s->replies = NULL;
	kafka_close(&s->handle);
	kafka_conf_release(&s->conf);
	if (kafka_conf(&s->conf, &s->properties, s->config, own_properties,
		    st->err) < 0)
		return -1;
	return open_handle(st);
}

static int
start(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	if (pipe2(s->pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(st->err, "cannot wait for messages");
	s->topics.notify = s->pipe[1];
	return open_handle(st);
}

/* ---- where to begin, and to end ---- */

/* Messages are gone that were to be read.  0: go on without. */
static int
lose(struct stage *st, const char *fmt, ...)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	char what[500];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (s->on_data_loss == LOSS_FAIL)
		return err_set(st->err,
			"%s (--on-data-loss warn goes on with "
			"what is there)",
			what);
	stage_warn(st, "%s", what);
	return 0;
}

/* What has been deleted is forgotten: should it come again, it is new. */
static int
drop_gone(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	for (size_t i = 0; i < s->topics.n;) {
		struct topics_part *p = s->topics.p[i];

		if (!p->gone) {
			i++;
			continue;
		}
		if (lose(st,
			    "partition %d of topic '%s' has been deleted, or "
			    "is not read any more: what came there behind "
			    "offset "
			    "%lld is lost",
			    (int)p->number, p->topic,
			    (long long)p->next - 1) < 0)
			return -1;
		topics_remove(&s->topics, i);
		if (s->at > i)
			s->at--;
	}
	return 0;
}

/* Which partitions are there?  1, 0, -1 as topics_look. */
static int
look(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	int rc;

	if (s->looked_us != 0 && time_monotonic() - s->looked_us < LOOK_US)
		return 1;
	rc = topics_look(&s->topics, st->err);
	if (rc <= 0)
		return rc;
	s->looked_us = time_monotonic();
	if (s->topics.n == 0 && !s->none_told)
		stage_warn(st, "'%s' has no topic that matches '%s'%s",
			s->handle.brokers, s->pattern, s->ends ? "" : " yet");
	s->none_told = s->topics.n == 0;
	return drop_gone(st) < 0 ? -1 : 1;
}

/* Ask for what a bound says of partitions whose answer is TOPICS_UNKNOWN. */
static int
ask_bound(struct stage *st, const struct bounds *b, struct topics_part **parts,
	size_t n)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	struct topics_part **asked = mem_alloc((n + 1) * sizeof(*asked));
	int64_t *what = mem_alloc((n + 1) * sizeof(*what));
	size_t k = 0;
	int rc;

	for (size_t i = 0; i < n; i++) {
		asked[k] = parts[i];
		if (bounds_offset(b, parts[i], &what[k]))
			parts[i]->answer = what[k];
		else
			k++;
	}
	rc = topics_ask(&s->topics, asked, what, k, st->err);
	/* Where nothing is as new as a time, it is the end. */
	for (size_t i = 0, n_asked = k, left = 0; rc > 0 && i < n_asked; i++) {
		k = left;
		if (asked[i]->answer >= 0)
			continue;
		asked[left] = asked[i];
		what[left++] = TOPICS_LATEST;
		k = left;
	}
	if (rc > 0)
		rc = topics_ask(&s->topics, asked, what, k, st->err);
	free(asked);
	free(what);
	return rc;
}

/* Partitions that are new begin where the user says, later ones at their
 * beginning. */
static int
find_starts(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	static const struct bounds whole = {.what = TOPICS_EARLIEST};
	struct topics_part **parts;
	size_t n = 0;
	int rc;

	parts = mem_alloc((s->topics.n + 1) * sizeof(struct topics_part *));
	for (size_t i = 0; i < s->topics.n; i++)
		if (s->topics.p[i]->start == TOPICS_UNKNOWN)
			parts[n++] = s->topics.p[i];
	rc = n == 0 ? 1
		    : ask_bound(st, s->resumed ? &whole : &s->from, parts, n);
	for (size_t i = 0; rc > 0 && i < n; i++) {
		struct topics_part *p = parts[i];

		p->start = p->next = p->end = p->answer;
		/* Behind the end that was fixed at the start. */
		p->goal = s->known && s->ends ? p->next : INT64_MAX;
	}
	free(parts);
	return rc;
}

/* The log is shorter than what was read of it. */
static int
log_is_shorter(struct stage *st, struct topics_part *p, int64_t end)
{
	if (lose(st,
		    "partition %d of topic '%s' ends at offset %lld and had "
		    "been read up to %lld: it has been made anew, and what it "
		    "had "
		    "is lost",
		    (int)p->number, p->topic, (long long)end,
		    (long long)p->next) < 0)
		return -1;
	topics_stop(p);
	p->next = 0;
	return 0;
}

static int
find_goals(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	int rc;

	if (!s->ends)
		return 1;
	if (bounds_check(&s->to, &s->topics, st->err) < 0)
		return err_in(st->err, "--to");
	rc = ask_bound(st, &s->to, s->topics.p, s->topics.n);
	for (size_t i = 0; rc > 0 && i < s->topics.n; i++) {
		struct topics_part *p = s->topics.p[i];

		p->goal = p->answer;
		if (s->to.what == TOPICS_LATEST && p->goal < p->next &&
			log_is_shorter(st, p, p->goal) < 0)
			return -1;
	}
	return rc;
}

/* Once: 1 it is known where to begin and to end, 0 call again, -1. */
static int
find_bounds(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	int rc;

	if (s->handle.rk == NULL && start(st) < 0)
		return -1;
	if (s->again)
		return 1;
	rc = look(st);
	if (rc <= 0)
		return rc;
	if (s->topics.n > 2 * s->fits)
		return reopen_handle(st) < 0 ? -1 : 0;
	if (!s->resumed && bounds_check(&s->from, &s->topics, st->err) < 0)
		return err_in(st->err, "--from");
	rc = find_starts(st);
	if (rc > 0)
		rc = find_goals(st);
	if (rc <= 0)
		return rc;
	/* Where "latest" was when it was first asked for is to be kept, though
	 * there may be nothing to read yet. */
	if (!s->resumed && st->out.checkpoint != NULL &&
		s->from.what != TOPICS_EARLIEST && stage_open_batch(st) < 0)
		return -1;
	s->known = s->resumed = true; /* what comes now is new */
	stage_ready(st);
	return 1;
}

/* ---- --group: what others may see ---- */

static rd_kafka_topic_partition_list_t *
list_offsets(const struct stream_kafka *s)
{
	rd_kafka_topic_partition_list_t *l = kafka.topic_partition_list_new(
		(int)s->topics.n);

	for (size_t i = 0; i < s->topics.n; i++)
		if (s->topics.p[i]->next >= 0)
			kafka.topic_partition_list_add(l, s->topics.p[i]->topic,
				     s->topics.p[i]->number)
				->offset = s->topics.p[i]->next;
	return l;
}

/* Send them; the list is taken.  What becomes of it is looked at later, or
 * waited for: it is for others to see, and no part of what we promise. */
static void
send_offsets(struct stage *st, rd_kafka_topic_partition_list_t *l, int wait_ms)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	rd_kafka_event_t *e;

	if (s->replies == NULL)
		s->replies = kafka.queue_new(s->handle.rk);
	if (l->cnt > 0 &&
		kafka.commit_queue(s->handle.rk, l, s->replies, NULL, NULL) !=
			RD_KAFKA_RESP_ERR_NO_ERROR)
		wait_ms = 0;
	while ((e = kafka.queue_poll(s->replies, l->cnt > 0 ? wait_ms : 0)) !=
		NULL) {
		if (kafka.event_error(e) != RD_KAFKA_RESP_ERR_NO_ERROR &&
			!s->refused)
			stage_warn(st,
				"cannot commit offsets to group '%s': %s",
				s->group, kafka.event_error_string(e));
		s->refused = kafka.event_error(e) != 0;
		kafka.event_destroy(e);
		wait_ms = 0;
	}
	kafka.topic_partition_list_destroy(l);
}

/* Without a checkpoint nobody says what has been done with messages: they count
 * as read when they have been handed on. */
static void
commit_now_and_then(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	int64_t now;

	if (s->group == NULL || st->hear)
		return;
	now = time_monotonic();
	if (now - s->committed_us < COMMIT_US)
		return;
	s->committed_us = now;
	send_offsets(st, list_offsets(s), 0);
}

/* The batch that ends here. */
static void
note_commit(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	if (!st->hear)
		return;
	s->moved = true;
	s->commits = mem_realloc(
		s->commits, (s->ncommits + 1) * sizeof(*s->commits));
	s->commits[s->ncommits++] = (struct commit){
		st->now.number, list_offsets(s)};
}

static int
stream_kafka_committed(struct stage *st, int64_t number)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	size_t n = 0;

	if (s->handle.rk == NULL)
		return 0;
	/* They have caught up since the run before. */
	if (s->closing && !s->moved && s->known)
		send_offsets(st, list_offsets(s), COMMIT_WAIT_MS);
	while (n < s->ncommits && s->commits[n].batch <= number)
		n++;
	for (size_t i = 0; i + 1 < n; i++)
		kafka.topic_partition_list_destroy(s->commits[i].offsets);
	if (n > 0)
		send_offsets(st, s->commits[n - 1].offsets,
			s->closing ? COMMIT_WAIT_MS : 0);
	s->ncommits -= n;
	memmove(s->commits, s->commits + n, s->ncommits * sizeof(*s->commits));
	return 0;
}

static void
last_commit(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	if (s->group == NULL || s->handle.rk == NULL || !s->known)
		return;
	s->closing = true;
	if (st->hear)
		stage_hear(st);
	else
		send_offsets(st, list_offsets(s), COMMIT_WAIT_MS);
}

/* ---- a batch ---- */

/* Where the batch ends: 1, 0, -1. */
static int
find_ends(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	static const struct bounds end = {.what = TOPICS_LATEST};
	int rc = s->ends ? 1 : ask_bound(st, &end, s->topics.p, s->topics.n);

	for (size_t i = 0; rc > 0 && i < s->topics.n; i++) {
		struct topics_part *p = s->topics.p[i];

		p->end = s->ends ? p->goal : p->answer;
		if (!s->ends && p->end < p->next &&
			log_is_shorter(st, p, p->end) < 0)
			return -1;
	}
	if (rc > 0 && s->max_records > 0)
		topics_share(&s->topics, s->max_records);
	return rc;
}

static int
plan_batch(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	int rc = 1;

	if (!s->again) {
		rc = look(st);
		if (rc > 0)
			rc = find_starts(st);
		if (rc > 0)
			rc = find_ends(st);
	}
	if (rc > 0 && topics_fetch(&s->topics, st->err) < 0)
		return -1;
	s->planned = rc > 0;
	s->at = 0;
	return rc;
}

/* ---- messages ---- */

/* Ask until it is known, or we are to stop: 1, 0, -1. */
static int
ask_at_length(
	struct stage *st, struct topics_part *p, int64_t what, int64_t *offset)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	int rc;

	while ((rc = topics_ask(&s->topics, &p, &what, 1, st->err)) == 0)
		if (stage_stopping())
			return 0;
	*offset = p->answer;
	return rc;
}

/* The brokers do not have the offset that is next. */
static int
out_of_range(struct stage *st, struct topics_part *p)
{
	int64_t low, end;
	int rc = ask_at_length(st, p, TOPICS_EARLIEST, &low);

	if (rc > 0)
		rc = ask_at_length(st, p, TOPICS_LATEST, &end);
	if (rc <= 0)
		return rc;
	topics_stop(p);
	if (p->next > end) {
		if (log_is_shorter(st, p, end) < 0)
			return -1;
		p->next = low;
	} else if (p->next < low) {
		if (lose(st,
			    "offsets %lld to %lld of partition %d of topic "
			    "'%s' are gone: they were deleted before they were "
			    "read",
			    (long long)p->next, (long long)low - 1,
			    (int)p->number, p->topic) < 0)
			return -1;
		p->next = low;
	}
	if (p->end > end && p->end != INT64_MAX)
		p->end = end;
	return 0;
}

/* What the queue has in place of a message.  0 or -1. */
static int
trouble(struct stage *st, struct topics_part *p, const rd_kafka_message_t *m)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	char doing[300];

	switch (m->err) {
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
		return out_of_range(st, p);
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
		/* Is it?  The next looks will tell. */
		topics_stop(p);
		s->looked_us = 0;
		kafka.poll(s->handle.rk, IDLE_MS);
		return 0;
	default:
		snprintf(doing, sizeof(doing), "read topic '%s'", p->topic);
		return kafka_failed(&s->handle, m->err, kafka.err2str(m->err),
			doing, st->err);
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
		rc = topics_message(&s->topics, p, &m, st->err);
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

static void
drain_pipe(struct stream_kafka *s)
{
	char block[512];

	while (read(s->pipe[0], block, sizeof(block)) > 0)
		;
}

/* A batch is not complete, and nothing is here: wait a little.  0 or -1. */
static int
idle(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	struct pollfd fd = {.fd = s->pipe[0], .events = POLLIN};

	if (stage_stopping() && s->again)
		return err_set(st->err, "stopped while it read a batch again");
	if (stage_flush(st) < 0)
		return -1;
	kafka.poll(s->handle.rk, 0);
	if (poll(&fd, 1, IDLE_MS) > 0)
		drain_pipe(s);
	else if (look(st) < 0)
		return -1;
	return 0;
}

/* The batch is complete.  What follows? */
static int
batch_done(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	bool more = false;

	s->planned = false;
	if (s->again)
		return PULL_BATCH;
	for (size_t i = 0; i < s->topics.n; i++) {
		const struct topics_part *p = s->topics.p[i];

		more = more || p->next < (s->ends ? p->goal : p->answer);
	}
	return more ? PULL_BATCH : s->ends ? PULL_END : PULL_WAIT;
}

static int
pull_batch(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	int rc = s->planned ? 1 : plan_batch(st);

	if (rc <= 0)
		return rc < 0 ? -1 : PULL_MORE;
	for (; s->at < s->topics.n; s->at++) {
		struct topics_part *p = s->topics.p[s->at];
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
	int rc = look(st), any = 0;

	if (rc > 0)
		rc = find_starts(st);
	if (rc < 0 || topics_fetch(&s->topics, st->err) < 0)
		return -1;
	for (size_t i = 0; i < s->topics.n; i++) {
		struct topics_part *p = s->topics.p[i];

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
	int rc = s->known ? 1 : find_bounds(st);

	if (rc <= 0)
		return rc < 0 ? -1 : PULL_MORE;
	commit_now_and_then(st);
	return s->live ? pull_live(st) : pull_batch(st);
}

static int
stream_kafka_wait(
	struct stage *st, struct pollfd *fds, int max, int64_t *deadline)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	drain_pipe(s);
	fds[0] = (struct pollfd){.fd = s->pipe[0], .events = POLLIN};
	*deadline = time_now() + (topics_waiting(&s->topics) ? 0 : LOOK_US);
	return 1;
}

/* ---- the position ---- */

static int
stream_kafka_mark(struct stage *st, struct buf *out)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	/* It has not even been known where to begin. */
	if (!s->known && !s->resumed) {
		buf_str(out, "{}");
		return 0;
	}
	buf_str(out, "{\"at\":");
	topics_print(&s->topics, false, out);
	buf_str(out, ",\"start\":");
	topics_print(&s->topics, true, out);
	buf_byte(out, '}');
	note_commit(st);
	return 0;
}

struct seek {
	struct topics *topics;
	enum { TAKE_START, TAKE_NEXT, TAKE_END } what;
};

static int
seek_one(void *to, const char *topic, int32_t number, int64_t offset,
	struct err *err)
{
	struct seek *k = to;
	struct topics_part *p = topics_add(k->topics, topic, number);

	(void)err;
	if (k->what == TAKE_START && p->start == TOPICS_UNKNOWN)
		p->start = p->next = p->end = offset;
	if (k->what == TAKE_NEXT)
		p->next = p->end = offset;
	if (k->what == TAKE_END)
		p->end = offset;
	return 0;
}

static int
seek_member(struct topics *t, const struct value *v, const char *name, int what,
	struct err *err)
{
	struct seek k = {.topics = t, .what = what};
	struct value member;

	if (!json_get(v, name, strlen(name), &member))
		return err_set(err, "it has no '%s'", name);
	return topics_read(&member, 0, seek_one, &k, err);
}

/* 1: it is a position; 0: none was known then; -1. */
static int
seek_position(struct stage *st, const char *text, bool end)
{
	struct topics *t = &STAGE(st, stream_kafka)->topics;
	struct json_error why;
	struct value v, at;
	struct buf b;
	int rc = 1;

	buf_init(&b);
	buf_str(&b, text);
	buf_need(&b, JSON_PADDING);
	if (json_read(b.p, b.p + b.n, 0, &v, &why) == NULL ||
		v.type != VALUE_OBJECT)
		rc = err_set(st->err, "it is no object");
	else if (!json_get(&v, "at", 2, &at))
		rc = 0;
	else if (seek_member(t, &v, "start", TAKE_START, st->err) < 0 ||
		seek_member(t, &v, "at", end ? TAKE_END : TAKE_NEXT, st->err) <
			0)
		rc = -1;
	buf_release(&b);
	if (rc >= 0)
		return rc;
	st->err->status = STATUS_DAMAGED;
	return err_in(st->err, "the position of the source is damaged");
}

static int
stream_kafka_seek(struct stage *st, const char *from, const char *to)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);
	int was = 0;

	s->again = to != NULL;
	s->moved = s->moved || s->again;
	s->planned = s->known = s->resumed = false;
	while (s->topics.n > 0)
		topics_remove(&s->topics, s->topics.n - 1);
	if (from != NULL && (was = seek_position(st, from, false)) < 0)
		return -1;
	/* It has the beginnings of what the batch before did not know. */
	if (to != NULL && (was = seek_position(st, to, true)) < 0)
		return -1;
	for (size_t i = 0; i < s->topics.n; i++) /* made anew in this batch */
		if (s->topics.p[i]->end < s->topics.p[i]->next)
			s->topics.p[i]->next = 0;
	s->resumed = was > 0;
	return 0;
}

static void
stream_kafka_close(struct stage *st)
{
	struct stream_kafka *s = STAGE(st, stream_kafka);

	last_commit(st);
	for (size_t i = 0; i < s->ncommits; i++)
		kafka.topic_partition_list_destroy(s->commits[i].offsets);
	free(s->commits);
	topics_release(&s->topics);
	if (s->replies != NULL)
		kafka.queue_destroy(s->replies);
	kafka_close(&s->handle);
	kafka_conf_release(&s->conf);
	list_free(&s->names);
	regex_free(s->regex);
	bounds_release(&s->from);
	bounds_release(&s->to);
	message_release(&s->message);
	for (int i = 0; i < 2; i++)
		if (s->pipe[i] >= 0)
			close(s->pipe[i]);
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
