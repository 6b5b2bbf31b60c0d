/*
 * sink-kafka: write records to topics of Kafka, with a checkpoint each batch as
 * a transaction.
 *
 * Time: none.
 * Watermark: ends here.
 * State: none of its own; the brokers know which batches they have.
 * Restart: with a checkpoint, batches that the brokers have are skipped.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "runtime/stage.h"
#include "sinks/kafkaout.h"
#include "text/digest.h"
#include "time/time.h"
#include "value/json.h"
#include "value/record.h"
#include "floor/mem.h"

enum part { VALUE, KEY, TOPIC, PARTITION, HEADERS, PARTS };

struct sink_kafka {
	/* options */
	const char *name[PARTS]; /* the field of each, or NULL */
	const char *config;
	struct list properties;
	int64_t timeout_us;
	/* state */
	const char *topic; /* NULL: the records' */
	struct kafkaout out;
	char *id;
	bool skip; /* the brokers have this batch */
	struct field field[PARTS];
	struct buf text[PARTS]; /* of values that are not as they stand */
};

#define AT(member) offsetof(struct sink_kafka, member)

static const struct opt sink_kafka_opts[] = {
	{"value", 0, OPT_STRING, AT(name[VALUE]), "FIELD",
		"write this field, not the whole record"},
	{"key", 0, OPT_STRING, AT(name[KEY]), "FIELD", "the message's key"},
	{"topic-field", 0, OPT_STRING, AT(name[TOPIC]), "FIELD",
		"the topic that the message goes to"},
	{"partition-field", 0, OPT_STRING, AT(name[PARTITION]), "FIELD",
		"the partition that it goes to, in place of the key's"},
	{"headers", 0, OPT_STRING, AT(name[HEADERS]), "FIELD",
		"its headers: an object, or an array of keys and values"},
	{"timeout", 0, OPT_DURATION, AT(timeout_us), "D",
		"give up when no broker has answered for this long (1m)",
		.free = true},
	{"property", 'X', OPT_MULTI, AT(properties), "NAME=VALUE",
		"set a property of librdkafka", .free = true},
	{"config", 0, OPT_STRING, AT(config), "FILE",
		"set those in this file, one a line", .file = true,
		.free = true},
	OPT_END};

/* What makes a batch whole is not a matter of properties. */
static const char *const own_properties[] = {"bootstrap.servers",
	"metadata.broker.list", "transactional.id",
	"delivery.report.only.error", NULL};

static void
sink_kafka_defaults(void *self)
{
	struct sink_kafka *s = self;

	s->timeout_us = 60 * TIME_SECOND;
}

static void
tell(void *of, const char *text)
{
	stage_warn(of, "%s", text);
}

static int
sink_kafka_open(struct stage *st)
{
	struct sink_kafka *s = STAGE(st, sink_kafka);
	bool whole = true;

	for (int i = 0; i < PARTS; i++) {
		buf_init(&s->text[i]);
		if (s->name[i] == NULL)
			continue;
		whole = false;
		field_init(&s->field[i], s->name[i]);
		stage_watch(st, &s->field[i]);
	}
	if (st->noperands < 1 || st->noperands > 2 ||
		(st->noperands == 1 && s->name[TOPIC] == NULL))
		return err_as(st->err, STATUS_USAGE,
			"expected brokers and a "
			"topic: sink-kafka HOST:PORT[,HOST:PORT] TOPIC (which "
			"--topic-field may tell)");
	s->topic = st->noperands == 2 ? st->operands[1] : NULL;
	if (s->topic != NULL && strpbrk(s->topic, ", ") != NULL)
		return err_as(st->err, STATUS_USAGE,
			"'%s' is no name of a "
			"topic: one at a time, or --topic-field",
			s->topic);
	s->out.handle.brokers = st->operands[0];
	s->out.handle.timeout_us = s->timeout_us;
	s->out.handle.tell = tell;
	s->out.handle.of = st;
	st->text = whole; /* nobody looks into the record */
	if (st->explain)
		return 0;
	return kafka_conf(&s->out.conf, &s->properties, s->config,
		own_properties, st->err);
}

static int
sink_kafka_plan(struct stage *st, struct plan *p)
{
	struct sink_kafka *s = STAGE(st, sink_kafka);

	for (int i = 0; i < PARTS; i++)
		if (s->name[i] != NULL &&
			plan_bind(p, &s->field[i], NULL, st->err) < 0)
			return -1;
	return 0;
}

/* Of the checkpoint and of the sink's place in it, as no other pipeline has it.
 */
static void
make_id(struct stage *st)
{
	struct sink_kafka *s = STAGE(st, sink_kafka);
	const char *sink = st->out.stage;
	struct buf b;

	buf_init(&b);
	buf_printf(&b, "bief-%s-%016llx", st->in.identity,
		(unsigned long long)digest_xxhash64(sink, strlen(sink), 0));
	s->id = mem_dup(b.p, b.n);
	buf_release(&b);
}

static int
sink_kafka_restore(struct stage *st)
{
	struct sink_kafka *s = STAGE(st, sink_kafka);

	if (stage_elsewhere(st) < 0)
		return -1;
	if (st->in.checkpoint != NULL)
		make_id(st);
	s->out.id = s->id;
	return kafkaout_open(&s->out, s->topic, st->err);
}

static void
sink_kafka_target(struct stage *st, struct buf *what, struct buf *path)
{
	struct sink_kafka *s = STAGE(st, sink_kafka);

	(void)path;
	if (s->topic != NULL)
		buf_printf(what, "to topic %s", s->topic);
	else
		buf_printf(what, "to the topics of field %s", s->name[TOPIC]);
}

static int
sink_kafka_begin(struct stage *st, struct batch *b)
{
	struct sink_kafka *s = STAGE(st, sink_kafka);

	s->skip = s->id != NULL && b->number <= s->out.has;
	return 0;
}

/* ---- a record ---- */

/* The bytes of a field: text as it is, other values as JSON; NULL: none. */
static const char *
bytes_of(struct sink_kafka *s, const struct record *r, enum part i, size_t *n)
{
	const struct value *v = s->name[i] == NULL
		? NULL
		: record_get(r, &s->field[i]);

	*n = 0;
	if (value_is_null(v))
		return NULL;
	buf_clear(&s->text[i]);
	if (v->type == VALUE_STRING) {
		const char *p = value_string(v, n, &s->text[i]);

		return *n > 0 ? p : "";
	}
	value_print(v, &s->text[i]);
	*n = s->text[i].n;
	/* Times and dates are strings in JSON. */
	if (*n >= 2 && s->text[i].p[0] == '"') {
		*n -= 2;
		return s->text[i].p + 1;
	}
	return s->text[i].p;
}

static int
topic_of(struct stage *st, const struct record *r, struct kafkaout_message *m)
{
	struct sink_kafka *s = STAGE(st, sink_kafka);
	size_t n;
	const char *p = bytes_of(s, r, TOPIC, &n);

	m->topic = s->topic;
	if (p != NULL && n > 0) {
		if (p != s->text[TOPIC].p) {
			buf_clear(&s->text[TOPIC]);
			buf_add(&s->text[TOPIC], p, n);
		}
		s->text[TOPIC].n = n;
		m->topic = buf_cstr(&s->text[TOPIC]);
	}
	if (m->topic != NULL)
		return 0;
	err_set(st->err,
		"--topic-field: '%s' names no topic, and no TOPIC was "
		"given for such records",
		s->name[TOPIC]);
	return 1;
}

static int
partition_of(
	struct stage *st, const struct record *r, struct kafkaout_message *m)
{
	struct sink_kafka *s = STAGE(st, sink_kafka);
	const struct value *v = s->name[PARTITION] == NULL
		? NULL
		: record_get(r, &s->field[PARTITION]);
	struct value number;

	m->partition = RD_KAFKA_PARTITION_UA;
	if (value_is_null(v))
		return 0;
	number = value_number(v, false);
	if (number.type != VALUE_INT || number.i < 0 || number.i > INT32_MAX) {
		err_set(st->err,
			"--partition-field: '%s' is no number of a "
			"partition",
			s->name[PARTITION]);
		return 1;
	}
	m->partition = (int32_t)number.i;
	return 0;
}

static void
add_header(struct sink_kafka *s, rd_kafka_headers_t *h, const char *name,
	size_t nname, const struct value *v)
{
	size_t n = 0;
	const char *p = NULL;

	buf_clear(&s->text[HEADERS]);
	if (v->type == VALUE_STRING) {
		p = value_string(v, &n, &s->text[HEADERS]);
	} else if (!value_is_null(v)) {
		value_print(v, &s->text[HEADERS]);
		p = s->text[HEADERS].p;
		n = s->text[HEADERS].n;
	}
	kafka.header_add(h, name, (ssize_t)nname, p, (ssize_t)n);
}

/* An object with key and value becomes these. */
static bool
split_header(struct value *key, struct value *item)
{
	struct value object = *item;

	if (object.type != VALUE_OBJECT || !json_get(&object, "key", 3, key) ||
		key->type != VALUE_STRING)
		return false;
	if (!json_get(&object, "value", 5, item))
		*item = value_null();
	return true;
}

/* {"name":"value"}, or [{"key":"name","value":"value"}] as stream-kafka and
 * Spark have them. */
static bool
add_headers(struct sink_kafka *s, rd_kafka_headers_t *h, const struct value *v)
{
	struct value key, item;
	struct json_iter it;
	struct buf tmp;
	const char *p;
	size_t n;
	bool good = true;

	buf_init(&tmp);
	json_iter(&it, v);
	while (good && json_next(&it, &key, &item)) {
		good = it.object || split_header(&key, &item);
		if (!good)
			break;
		p = value_string(&key, &n, &tmp);
		add_header(s, h, p, n, &item);
	}
	buf_release(&tmp);
	return good;
}

static int
headers_of(struct stage *st, const struct record *r, struct kafkaout_message *m)
{
	struct sink_kafka *s = STAGE(st, sink_kafka);
	const struct value *v = s->name[HEADERS] == NULL
		? NULL
		: record_get(r, &s->field[HEADERS]);

	if (value_is_null(v))
		return 0;
	if (v->type == VALUE_OBJECT || v->type == VALUE_ARRAY) {
		m->headers = kafka.headers_new(8);
		if (add_headers(s, m->headers, v))
			return 0;
		kafka.headers_destroy(m->headers);
	}
	err_set(st->err,
		"--headers: '%s' is neither an object nor an array of objects "
		"with key and value",
		s->name[HEADERS]);
	return 1;
}

/* 0; 1: it cannot be a message, and why. */
static int
make_message(
	struct stage *st, const struct record *r, struct kafkaout_message *m)
{
	struct sink_kafka *s = STAGE(st, sink_kafka);

	memset(m, 0, sizeof(*m));
	if (topic_of(st, r, m) != 0 || partition_of(st, r, m) != 0)
		return 1;
	m->key = bytes_of(s, r, KEY, &m->nkey);
	if (s->name[VALUE] != NULL)
		m->value = bytes_of(s, r, VALUE, &m->nvalue);
	else
		m->value = record_text(r, &m->nvalue, &s->text[VALUE]);
	return headers_of(st, r, m);
}

static int
sink_kafka_record(struct stage *st, struct record *r)
{
	struct sink_kafka *s = STAGE(st, sink_kafka);
	struct kafkaout_message m;
	int rc;

	if (s->skip)
		return 0;
	if (st->text)
		m = (struct kafkaout_message){.topic = s->topic,
			.partition = RD_KAFKA_PARTITION_UA,
			.value = r->line,
			.nvalue = r->nline};
	else if (make_message(st, r, &m) != 0)
		return stage_reject(st, r, "%s", st->err->text);
	rc = kafkaout_send(&s->out, &m, st->err);
	return rc > 0 ? stage_reject(st, r, "%s", st->err->text) : rc;
}

static int
sink_kafka_commit(struct stage *st, const struct batch *b)
{
	struct sink_kafka *s = STAGE(st, sink_kafka);

	return s->skip ? 0 : kafkaout_commit(&s->out, b->number, st->err);
}

static void
sink_kafka_close(struct stage *st)
{
	struct sink_kafka *s = STAGE(st, sink_kafka);

	kafkaout_close(&s->out);
	free(s->id);
	for (int i = 0; i < PARTS; i++) {
		buf_release(&s->text[i]);
		if (s->name[i] != NULL)
			field_release(&s->field[i]);
	}
}

static const struct sink sink_kafka_sink = {
	.restore = sink_kafka_restore,
	.commit = sink_kafka_commit,
	.target = sink_kafka_target,
};

const struct op op_sink_kafka = {
	.name = "sink-kafka",
	.about = "write records to topics of Kafka",
	.synopsis = "[--key FIELD] [--value FIELD] BROKERS TOPIC | "
		    "--topic-field FIELD BROKERS [TOPIC]",
	.opts = sink_kafka_opts,
	.size = sizeof(struct sink_kafka),
	.flags = OP_OPERANDS,
	.defaults = sink_kafka_defaults,
	.open = sink_kafka_open,
	.plan = sink_kafka_plan,
	.begin = sink_kafka_begin,
	.record = sink_kafka_record,
	.sink = &sink_kafka_sink,
	.close = sink_kafka_close,
};
