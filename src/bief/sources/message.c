/*
 * message: see message.h.
 */
#include <string.h>

#include "runtime/stage.h"
#include "sources/message.h"
#include "types/schema.h"
#include "value/json.h"

#define LINES_MOST ((size_t)64 << 10)

enum { KEY, VALUE, TOPIC, PARTITION, OFFSET, TIMESTAMP, HEADERS };
static const struct {
	const char *name;
	enum type_kind kind;
} columns[] = {{"key", TYPE_STRING}, {"value", TYPE_STRING},
	{"topic", TYPE_STRING}, {"partition", TYPE_INT}, {"offset", TYPE_LONG},
	{"timestamp", TYPE_TIMESTAMP}};
#define COLUMNS (sizeof(columns) / sizeof(*columns))

void
message_init(struct message *g)
{
	buf_init(&g->key);
	buf_init(&g->value);
	buf_init(&g->array);
	buf_init(&g->repaired[0]);
	buf_init(&g->repaired[1]);
	buf_init(&g->lines);
}

void
message_release(struct message *g)
{
	slots_release(&g->slots);
	buf_release(&g->key);
	buf_release(&g->value);
	buf_release(&g->array);
	buf_release(&g->repaired[0]);
	buf_release(&g->repaired[1]);
	buf_release(&g->lines);
}

/* Spark's: an array of structs of key and value. */
static struct type *
headers_type(void)
{
	struct type *array = type_new(TYPE_ARRAY);

	array->elem = type_new(TYPE_STRUCT);
	array->elem->fields = schema_new();
	schema_add(array->elem->fields, "key", type_new(TYPE_STRING));
	schema_add(array->elem->fields, "value", type_new(TYPE_STRING));
	return array;
}

void
message_plan(struct message *g, struct stage *st, struct plan *p)
{
	if (g->value_only)
		return;
	g->shape = shape_empty(st->shapes);
	for (size_t i = 0; i < COLUMNS; i++)
		g->shape = shape_extend(
			g->shape, columns[i].name, strlen(columns[i].name));
	if (g->headers)
		g->shape = shape_extend(g->shape, "headers", 7);
	if (p->stream == 0 && !p->explain)
		return;
	schema_free(p->fields);
	p->fields = schema_new();
	for (size_t i = 0; i < COLUMNS; i++)
		schema_add(
			p->fields, columns[i].name, type_new(columns[i].kind));
	if (g->headers)
		schema_add(p->fields, "headers", headers_type());
}

static int
refuse(struct stage *st, const rd_kafka_message_t *m, const char *why)
{
	size_t n = m->len < stage_max_line(st) ? m->len : stage_max_line(st);
	struct record r = {.line = m->payload, .nline = (uint32_t)n};

	return stage_reject(st, &r, "topic '%s', partition %d, offset %lld: %s",
		kafka.topic_name(m->rkt), (int)m->partition,
		(long long)m->offset, why);
}

/* Bytes as text: null, or with U+FFFD for what is not UTF-8. */
static struct value
text_of(const char *p, size_t n, struct buf *tmp, struct buf *repaired)
{
	if (p == NULL)
		return value_null();
	if (!json_utf8(p, n)) {
		buf_clear(repaired);
		json_repair(repaired, p, n);
		p = repaired->p;
		n = repaired->n;
	}
	return value_text(p, n, tmp);
}

static struct value
headers_of(struct message *g, const rd_kafka_message_t *m)
{
	rd_kafka_headers_t *h;
	const char *name;
	const void *p;
	size_t n;

	if (kafka.message_headers(m, &h) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return value_null();
	buf_clear(&g->array);
	buf_byte(&g->array, '[');
	for (size_t i = 0; kafka.header_get_all(h, i, &name, &p, &n) ==
		RD_KAFKA_RESP_ERR_NO_ERROR;
		i++) {
		buf_str(&g->array, i == 0 ? "{\"key\":" : ",{\"key\":");
		json_quote_any(&g->array, name, strlen(name));
		buf_str(&g->array, ",\"value\":");
		if (p == NULL)
			buf_str(&g->array, "null");
		else
			json_quote_any(&g->array, p, n);
		buf_byte(&g->array, '}');
	}
	buf_byte(&g->array, ']');
	return (struct value){.s = g->array.p,
		.n = (uint32_t)g->array.n,
		.type = VALUE_ARRAY};
}

static int
give_record(struct message *g, struct stage *st, const rd_kafka_message_t *m)
{
	const char *topic = kafka.topic_name(m->rkt);
	rd_kafka_timestamp_type_t kind;
	int64_t ms = kafka.message_timestamp(m, &kind);
	struct record r;

	record_new(&r, g->shape, &g->slots);
	record_set(
		&r, KEY, text_of(m->key, m->key_len, &g->key, &g->repaired[0]));
	record_set(&r, VALUE,
		text_of(m->payload, m->len, &g->value, &g->repaired[1]));
	record_set(&r, TOPIC, value_json_string(topic, strlen(topic), false));
	record_set(&r, PARTITION, value_int(m->partition));
	record_set(&r, OFFSET, value_int(m->offset));
	record_set(&r, TIMESTAMP,
		kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
			? value_null()
			: value_time(ms * 1000));
	if (g->headers)
		record_set(&r, HEADERS, headers_of(g, m));
	return stage_emit(st, &r);
}

/* A message is a line: one end of it at most, at its end. */
static int
give_line(struct message *g, struct stage *st, const rd_kafka_message_t *m)
{
	const char *p = m->payload;
	size_t n = p == NULL ? 0 : m->len;

	if (n > 0 && p[n - 1] == '\n')
		n--;
	if (n > 0 && p[n - 1] == '\r')
		n--;
	if (n > 0 && (memchr(p, '\n', n) != NULL || memchr(p, '\r', n) != NULL))
		return refuse(st, m,
			"the value is several lines: leave "
			"--value-only away");
	buf_add(&g->lines, p, n);
	buf_byte(&g->lines, '\n');
	return g->lines.n < LINES_MOST ? 0 : message_flush(g, st);
}

int
message_give(struct message *g, struct stage *st, const rd_kafka_message_t *m)
{
	if (m->len > stage_max_line(st) || m->key_len > stage_max_line(st)) {
		if (message_flush(g, st) < 0)
			return -1;
		return refuse(st, m,
			"it is longer than a line may be "
			"(--max-line tells how long)");
	}
	return g->value_only ? give_line(g, st, m) : give_record(g, st, m);
}

int
message_flush(struct message *g, struct stage *st)
{
	size_t n = g->lines.n;

	if (n == 0)
		return 0;
	buf_need(&g->lines, JSON_PADDING);
	g->lines.n = 0;
	return stage_emit_lines(st, g->lines.p, n);
}
