/*
 * stream-socket: hands on the lines that come over TCP or a Unix socket, from a
 * server or, with --listen, from any number of clients.
 *
 * Time: the time of arrival, with --timestamp.
 * Watermark: none.
 * State: with a checkpoint a journal of what was received, until every sink
 * has it.
 * Restart: what the journal has comes first, then what the socket brings.
 */
#include <string.h>

#include "floor/err.h"
#include "time/time.h"
#include "value/json.h"
#include "runtime/stage.h"
#include "sources/journal.h"
#include "sources/lines.h"
#include "sources/sockets.h"

#define HELD_US (TIME_SECOND / 50)

struct stream_socket {
	const char *timestamp;
	int64_t journal_max;

	struct sockets sockets;
	struct journal journal;
	bool journaled;      /* there is one */
	bool held;           /* ... and it is full */
	struct shape *shape; /* of records with --timestamp */
	struct slots slots;
	struct buf text, line;
};

static const struct opt stream_socket_opts[] = {
	{"listen", 'l', OPT_FLAG,
		offsetof(struct stream_socket, sockets.listen), NULL,
		"accept clients at this address instead of connecting"},
	{"reconnect", 0, OPT_FLAG,
		offsetof(struct stream_socket, sockets.reconnect), NULL,
		"connect again when the connection is lost or refused"},
	{"timestamp", 0, OPT_STRING, offsetof(struct stream_socket, timestamp),
		"NAME", "make records of value and the time of arrival"},
	{"for", 0, OPT_DURATION, offsetof(struct stream_socket, sockets.for_us),
		"D", "end after this long"},
	{"journal-max", 0, OPT_SIZE,
		offsetof(struct stream_socket, journal_max), "SIZE",
		"receive no more while the journal holds this (1G)"},
	{"max-state", 0, OPT_SIZE,
		offsetof(struct stream_socket, sockets.max_state), "SIZE",
		"what clients may send of lines without end (256M)",
		.least = 1},
	OPT_END};

static const struct opt_slip stream_socket_slips[] = {
	{"host", "the address is an operand: stream-socket HOST:PORT"},
	{"port", "the address is an operand: stream-socket HOST:PORT"},
	{"address", "the address is an operand: stream-socket HOST:PORT"},
	{"connect", "the address is an operand: stream-socket HOST:PORT"},
	{NULL, NULL}};

static void
stream_socket_defaults(void *self)
{
	struct stream_socket *s = self;

	sockets_init(&s->sockets);
	s->journal_max = (int64_t)1 << 30;
	place_init(&s->journal.place);
}

static int
emit_with_time(struct stage *st, struct lines *l)
{
	struct stream_socket *s = STAGE(st, stream_socket);
	int64_t now = time_now();
	struct record r;
	const char *line;
	size_t n;
	int rc;

	while ((rc = lines_next(l, st, &line, &n)) > 0) {
		if (n > 0 && line[n - 1] == '\r')
			n--;
		if (!json_utf8(line, n)) {
			r = (struct record){.line = line, .nline = (uint32_t)n};
			if (stage_reject(st, &r, "the line is not UTF-8") < 0)
				return -1;
			continue;
		}
		record_new(&r, s->shape, &s->slots);
		buf_clear(&s->text);
		record_set(&r, 0, value_text(line, n, &s->text));
		record_set(&r, 1, value_time(now));
		if (s->journaled) {
			buf_clear(&s->line);
			record_print(&r, &s->line);
			buf_byte(&s->line, '\n');
			if (journal_add(&s->journal, s->line.p, s->line.n,
				    st->err) < 0)
				return -1;
		}
		if (stage_emit(st, &r) < 0)
			return -1;
	}
	return rc;
}

static int
emit_arrived(struct stage *st, struct lines *l)
{
	struct stream_socket *s = STAGE(st, stream_socket);
	const char *p;
	size_t n;
	int rc;

	if (s->timestamp)
		return emit_with_time(st, l);
	while ((rc = lines_block(l, st, NULL, &p, &n)) > 0) {
		if (s->journaled && journal_add(&s->journal, p, n, st->err) < 0)
			return -1;
		if (stage_emit_lines(st, p, n) < 0)
			return -1;
	}
	return rc;
}

static int
stream_socket_open(struct stage *st)
{
	struct stream_socket *s = STAGE(st, stream_socket);

	if (st->on_error < 0) /* one bad line does not end a live source */
		st->on_error = ON_ERROR_SKIP;
	if (st->noperands != 1)
		return err_as(st->err, STATUS_USAGE,
			"expected one address: HOST:PORT or unix:PATH");
	if (s->timestamp && strcmp(s->timestamp, "value") == 0)
		return err_as(st->err, STATUS_USAGE,
			"--timestamp needs "
			"another name: 'value' is the line itself");
	if (s->sockets.listen && s->sockets.reconnect)
		return err_as(st->err, STATUS_USAGE,
			"--reconnect and --listen exclude each other");
	s->sockets.take = emit_arrived;
	return sockets_open(&s->sockets, st->operands[0], st->err);
}

static int
stream_socket_plan(struct stage *st, struct plan *p)
{
	struct stream_socket *s = STAGE(st, stream_socket);
	struct buf name;

	if (p->trigger == TRIGGER_AVAILABLE || p->trigger == TRIGGER_ONCE)
		return err_as(st->err, STATUS_USAGE,
			"nobody can tell what a "
			"socket has available: use --trigger 5s, and --for to "
			"end");
	if (p->checkpoint && !p->explain) {
		s->journaled = st->hear = true;
		if (journal_open(
			    &s->journal, p->checkpoint, p->stage, st->err) < 0)
			return -1;
	}
	if (!s->timestamp)
		return 0;
	buf_init(&name);
	json_quote(&name, s->timestamp, strlen(s->timestamp));
	s->shape = shape_extend(shape_empty(st->shapes), "value", 5);
	s->shape = shape_extend(s->shape, name.p + 1, name.n - 2);
	buf_release(&name);
	if (p->stream == 0 && !p->explain)
		return 0;
	schema_free(p->fields);
	p->fields = schema_new();
	schema_add(p->fields, "value", type_new(TYPE_STRING));
	schema_add(p->fields, s->timestamp, type_new(TYPE_TIMESTAMP));
	return 0;
}

/* What the journal has comes first.  Returns as pull; PULL_WAIT: go on. */
static int
pull_journal(struct stage *st)
{
	struct stream_socket *s = STAGE(st, stream_socket);
	int rc = s->journaled ? journal_play(&s->journal, st) : 0;

	return rc < 0     ? -1
		: rc == 1 ? PULL_MORE
		: rc == 2 ? PULL_BATCH
			  : PULL_WAIT;
}

/* Has the journal its fill?  Then the sinks must commit first. */
static int
journal_full(struct stage *st)
{
	struct stream_socket *s = STAGE(st, stream_socket);

	s->held = s->journaled &&
		journal_size(&s->journal) > (uint64_t)s->journal_max;
	if (!s->held)
		return 0;
	if (stage_hear(st) < 0)
		return -1;
	s->held = journal_size(&s->journal) > (uint64_t)s->journal_max;
	return s->held;
}

static int
stream_socket_pull(struct stage *st)
{
	struct stream_socket *s = STAGE(st, stream_socket);
	int rc = pull_journal(st);

	if (rc != PULL_WAIT)
		return rc;
	rc = sockets_connect(&s->sockets, st);
	if (rc != PULL_MORE)
		return rc;
	rc = journal_full(st);
	if (rc != 0)
		return rc < 0 ? -1 : PULL_WAIT;
	return sockets_read(&s->sockets, st);
}

static int
stream_socket_wait(
	struct stage *st, struct pollfd *fds, int max, int64_t *deadline)
{
	struct stream_socket *s = STAGE(st, stream_socket);
	int64_t due = sockets_due(&s->sockets);

	if (s->held && time_monotonic() + HELD_US < due)
		due = time_monotonic() + HELD_US;
	if (due != INT64_MAX)
		*deadline = time_now() + due - time_monotonic();
	if (s->held)
		return 0;
	fds[0] = (struct pollfd){.fd = s->sockets.epoll, .events = POLLIN};
	return 1;
}

static int
stream_socket_mark(struct stage *st, struct buf *out)
{
	return journal_mark(&STAGE(st, stream_socket)->journal, st->now.number,
		out, st->err);
}

static int
stream_socket_seek(struct stage *st, const char *from, const char *to)
{
	return journal_seek(
		&STAGE(st, stream_socket)->journal, from, to, st->err);
}

static int
stream_socket_committed(struct stage *st, int64_t number)
{
	return journal_committed(
		&STAGE(st, stream_socket)->journal, number, st->err);
}

static void
stream_socket_close(struct stage *st)
{
	struct stream_socket *s = STAGE(st, stream_socket);

	sockets_release(&s->sockets);
	slots_release(&s->slots);
	buf_release(&s->text);
	buf_release(&s->line);
	journal_close(&s->journal);
}

static const struct source stream_socket_source = {
	.pull = stream_socket_pull,
	.wait = stream_socket_wait,
	.mark = stream_socket_mark,
	.seek = stream_socket_seek,
	.committed = stream_socket_committed,
	.live = true,
};

const struct op op_stream_socket = {
	.name = "stream-socket",
	.about = "hand on the lines that come over a socket",
	.synopsis = "[--listen | --reconnect] [--timestamp NAME] [--for D] "
		    "HOST:PORT|unix:PATH",
	.opts = stream_socket_opts,
	.slips = stream_socket_slips,
	.size = sizeof(struct stream_socket),
	.flags = OP_OPERANDS,
	.defaults = stream_socket_defaults,
	.open = stream_socket_open,
	.plan = stream_socket_plan,
	.source = &stream_socket_source,
	.close = stream_socket_close,
};
