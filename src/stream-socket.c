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
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "floor/err.h"
#include "sources/journal.h"
#include "value/json.h"
#include "sources/lines.h"
#include "io/net.h"
#include "runtime/stage.h"
#include "time/time.h"
#include "floor/mem.h"

#define BLOCK ((size_t)64 << 10)
#define PAUSE_US (TIME_SECOND / 10)
#define PAUSE_MAX_US (10 * TIME_SECOND)
#define EVENTS 64
#define HELD_US (TIME_SECOND / 50)
#define SPARE_FDS 32               /* descriptors that clients do not get */
#define TELL_US (60 * TIME_SECOND) /* how often clients are told to wait */
#define HALF_LINES ((int64_t)256 << 20) /* of all clients, in bytes */

enum phase {
	FRESH,      /* nothing has been done yet; start leaves it */
	CONNECTING, /* conn.fd is on its way; connected or try_next leave it */
	CONNECTED,  /* conn is good; lost leaves it */
	PAUSED,     /* until due, then connect again */
	LISTENING,  /* listener is good; for ever */
	OVER        /* there will be no more */
};

/* A connection: to the server, or of a client. */
struct conn {
	int fd;
	struct lines lines;
	size_t counted; /* bytes of lines in held_bytes */
	struct conn *next, *before;
};

struct stream_socket {
	bool listen, reconnect;
	const char *timestamp;
	int64_t for_us, journal_max, max_state;

	struct journal journal;
	bool journaled; /* there is one */
	enum phase phase;
	struct net_address address;
	struct net_connect addresses;
	int epoll, listener;
	struct conn server;    /* what was connected to */
	struct conn *clients;  /* --listen */
	size_t nclients, most; /* how many there are, and may be */
	bool full;             /* no descriptor for another one */
	uint64_t filled;       /* times that happened since it was told ... */
	int64_t told_us;       /* ... which was then; 0 never */
	size_t held_bytes;     /* what clients' half lines take */
	int64_t pause_us, due, end; /* by time_monotonic */
	bool failed;                /* that has been told */
	struct shape *shape;        /* of records with --timestamp */
	struct slots slots;
	struct buf text, line;
	bool held; /* the journal is full */
};

static const struct opt options[] = {
	{"listen", 'l', OPT_FLAG, offsetof(struct stream_socket, listen), NULL,
		"accept clients at this address instead of connecting"},
	{"reconnect", 0, OPT_FLAG, offsetof(struct stream_socket, reconnect),
		NULL, "connect again when the connection is lost or refused"},
	{"timestamp", 0, OPT_STRING, offsetof(struct stream_socket, timestamp),
		"NAME", "make records of value and the time of arrival"},
	{"for", 0, OPT_DURATION, offsetof(struct stream_socket, for_us), "D",
		"end after this long"},
	{"journal-max", 0, OPT_SIZE,
		offsetof(struct stream_socket, journal_max), "SIZE",
		"receive no more while the journal holds this (1G)"},
	{"max-state", 0, OPT_SIZE, offsetof(struct stream_socket, max_state),
		"SIZE", "what clients may send of lines without end (256M)",
		.least = 1},
	OPT_END};

static const struct opt_slip slips[] = {
	{"host", "the address is an operand: stream-socket HOST:PORT"},
	{"port", "the address is an operand: stream-socket HOST:PORT"},
	{"address", "the address is an operand: stream-socket HOST:PORT"},
	{"connect", "the address is an operand: stream-socket HOST:PORT"},
	{NULL, NULL}};

static void
defaults(void *self)
{
	struct stream_socket *s = self;

	s->epoll = s->listener = s->server.fd = -1;
	s->journal_max = (int64_t)1 << 30;
	s->max_state = HALF_LINES;
	place_init(&s->journal.place);
}

static int
open_socket(struct stage *st)
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
	if (s->listen && s->reconnect)
		return err_as(st->err, STATUS_USAGE,
			"--reconnect and --listen exclude each other");
	lines_init(&s->server.lines);
	return net_parse(&s->address, st->operands[0], st->err);
}

static int
plan(struct stage *st, struct plan *p)
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
			    &s->journal, p->checkpoint, p->stage, st->err) != 0)
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

static int
watch(struct stream_socket *s, int fd, uint32_t events, void *what, int op)
{
	struct epoll_event e = {.events = events, .data.ptr = what};

	return epoll_ctl(s->epoll, op, fd, &e);
}

/* How many clients there may be: a journal, state and a rejects file need
 * descriptors, too. */
static size_t
most_clients(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur == RLIM_INFINITY)
		return SIZE_MAX;
	return r.rlim_cur > 2 * SPARE_FDS ? (size_t)r.rlim_cur - SPARE_FDS
					  : (size_t)r.rlim_cur / 2;
}

static int
start_listening(struct stage *st)
{
	struct stream_socket *s = STAGE(st, stream_socket);
	char port[16];
	int n;

	s->listener = net_listen(&s->address, &n, st->err);
	if (s->listener < 0)
		return -1;
	s->phase = LISTENING;
	s->most = most_clients();
	if (watch(s, s->listener, EPOLLIN, NULL, EPOLL_CTL_ADD) != 0)
		return err_sys(st->err, "cannot listen");
	snprintf(port, sizeof(port), "%d", n);
	stage_ready_as(st, port);
	return 0;
}

/* It did not work: give up, or wait and try again. */
static int
pause_or_fail(struct stage *st)
{
	struct stream_socket *s = STAGE(st, stream_socket);

	net_connect_release(&s->addresses);
	if (!s->reconnect)
		return -1;
	if (!s->failed)
		stage_warn(
			st, "%s: trying again until it works", st->err->text);
	s->failed = true;
	s->pause_us = s->pause_us == 0           ? PAUSE_US
		: s->pause_us * 2 < PAUSE_MAX_US ? s->pause_us * 2
						 : PAUSE_MAX_US;
	s->due = time_monotonic() + s->pause_us;
	s->phase = PAUSED;
	return 0;
}

/* Begin to connect to the next address of the name. */
static int
try_next(struct stage *st)
{
	struct stream_socket *s = STAGE(st, stream_socket);
	int fd = net_connect_next(&s->addresses, &s->address, st->err);

	if (fd < 0)
		return pause_or_fail(st);
	s->server.fd = fd;
	s->phase = CONNECTING;
	if (watch(s, fd, EPOLLOUT, &s->server, EPOLL_CTL_ADD) != 0)
		return err_sys(st->err, "cannot connect");
	return 0;
}

static int
start(struct stage *st)
{
	struct stream_socket *s = STAGE(st, stream_socket);

	if (s->epoll < 0) {
		s->epoll = epoll_create1(EPOLL_CLOEXEC);
		if (s->epoll < 0)
			return err_sys(st->err, "cannot wait for sockets");
		s->end = s->for_us > 0 ? time_monotonic() + s->for_us
				       : INT64_MAX;
	}
	if (s->listen)
		return start_listening(st);
	if (net_connect(&s->addresses, &s->address, st->err) != 0)
		return pause_or_fail(st);
	return try_next(st);
}

/* The connection stands, or it turns out that it does not. */
static int
connected(struct stage *st)
{
	struct stream_socket *s = STAGE(st, stream_socket);

	if (net_connect_done(s->server.fd, &s->address, st->err) != 0) {
		close(s->server.fd);
		s->server.fd = -1;
		return try_next(st);
	}
	net_connect_release(&s->addresses);
	s->phase = CONNECTED;
	if (s->failed)
		stage_warn(st, "connected to '%s'", s->address.text);
	s->failed = false;
	s->pause_us = 0;
	lines_clear(&s->server.lines, 0);
	s->server.lines.name = s->address.text;
	stage_ready(st);
	if (watch(s, s->server.fd, EPOLLIN, &s->server, EPOLL_CTL_MOD) != 0)
		return err_sys(
			st->err, "cannot wait for '%s'", s->address.text);
	return 0;
}

/* There is no room for another client.  It can happen thousands of times a
 * second. */
static void
tell_full(struct stage *st)
{
	struct stream_socket *s = STAGE(st, stream_socket);
	int64_t now = time_monotonic();

	s->filled++;
	if (s->told_us != 0 && now - s->told_us < TELL_US)
		return;
	stage_warn(st,
		"%zu clients are too many: others wait until one is gone "
		"(ulimit -n sets the limit)%s",
		s->nclients,
		s->filled > 1 ? "; it has happened again since" : "");
	s->told_us = now;
	s->filled = 0;
}

static int
accept_clients(struct stage *st)
{
	struct stream_socket *s = STAGE(st, stream_socket);
	struct conn *c;
	int fd;

	while (s->nclients < s->most && (fd = net_accept(s->listener)) >= 0) {
		s->nclients++;
		c = mem_zalloc(sizeof(*c));
		c->fd = fd;
		lines_init(&c->lines);
		c->lines.name = s->address.text;
		c->next = s->clients;
		if (c->next)
			c->next->before = c;
		s->clients = c;
		if (watch(s, fd, EPOLLIN, c, EPOLL_CTL_ADD) != 0)
			return err_sys(st->err, "cannot wait for a client");
	}
	if (s->nclients < s->most && errno == EAGAIN)
		return 0;
	if (s->nclients >= s->most || errno == EMFILE || errno == ENFILE ||
		errno == ENOBUFS || errno == ENOMEM) {
		tell_full(st);
		s->full = true;
		watch(s, s->listener, 0, NULL, EPOLL_CTL_MOD);
		return 0;
	}
	return err_sys(st->err, "cannot accept a client");
}

static void
drop_client(struct stream_socket *s, struct conn *c)
{
	if (c->next)
		c->next->before = c->before;
	if (c->before)
		c->before->next = c->next;
	else
		s->clients = c->next;
	close(c->fd);
	s->held_bytes -= c->counted;
	s->nclients--;
	lines_release(&c->lines);
	free(c);
	if (s->full)
		watch(s, s->listener, EPOLLIN, NULL, EPOLL_CTL_MOD);
	s->full = false;
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
			if (stage_reject(st, &r, "the line is not UTF-8") != 0)
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
				    st->err) != 0)
				return -1;
		}
		if (stage_emit(st, &r) != 0)
			return -1;
	}
	return rc;
}

static int
emit(struct stage *st, struct lines *l)
{
	struct stream_socket *s = STAGE(st, stream_socket);
	const char *p;
	size_t n;
	int rc;

	if (s->timestamp)
		return emit_with_time(st, l);
	while ((rc = lines_block(l, st, NULL, &p, &n)) > 0) {
		if (s->journaled &&
			journal_add(&s->journal, p, n, st->err) != 0)
			return -1;
		if (stage_emit_lines(st, p, n) != 0)
			return -1;
	}
	return rc;
}

/* What the half lines of a client take by now. */
static void
count_held(struct stream_socket *s, struct conn *c)
{
	/* Room for much more than what is there is given back. */
	if (lines_left(&c->lines) == 0 && c->lines.b.cap > 4 * BLOCK)
		lines_trim(&c->lines);
	s->held_bytes += c->lines.b.cap - c->counted;
	c->counted = c->lines.b.cap;
}

/* All clients together may hold so much; then who holds most of it loses the
 * line that he has begun. */
static int
bound_held(struct stage *st)
{
	struct stream_socket *s = STAGE(st, stream_socket);
	size_t most = (size_t)s->max_state;
	struct conn *c, *worst;

	while (s->held_bytes > most) {
		worst = s->clients;
		for (c = s->clients; c != NULL; c = c->next)
			if (c->counted > worst->counted)
				worst = c;
		if (worst == NULL || lines_left(&worst->lines) == 0)
			return 0;
		if (lines_drop(&worst->lines, st,
			    "is the longest of the lines "
			    "that clients have begun, which are too much "
			    "together (--max-state sets the limit)") != 0)
			return -1;
		lines_trim(&worst->lines);
		count_held(s, worst);
	}
	return 0;
}

/* Read once.  1: go on, 0: the other side has ended, -1. */
static int
read_conn(struct stage *st, struct conn *c)
{
	struct stream_socket *s = STAGE(st, stream_socket);
	size_t room;
	char *p = lines_room(&c->lines, BLOCK, &room);
	ssize_t n;

	do
		n = read(c->fd, p, room);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 1;
	if (n < 0)
		err_sys(st->err, "lost the connection to '%s'",
			s->address.text);
	if (n <= 0)
		return 0;
	lines_filled(&c->lines, (size_t)n);
	if (emit(st, &c->lines) != 0)
		return -1;
	if (c == &s->server)
		return 1;
	count_held(s, c);
	return bound_held(st) != 0 ? -1 : 1;
}

/* The connection has ended (st->err tells how, if it was broken). */
static int
lost(struct stage *st, struct conn *c)
{
	struct stream_socket *s = STAGE(st, stream_socket);

	if (lines_stop(&c->lines) && emit(st, &c->lines) != 0)
		return -1;
	if (lines_refuse(&c->lines, st,
		    "was cut off by the end of the connection") != 0)
		return -1;
	if (c != &s->server) {
		drop_client(s, c);
		return 0;
	}
	close(c->fd);
	c->fd = -1;
	if (!s->reconnect) {
		s->phase = OVER;
		return st->err->text[0] ? -1 : 0;
	}
	if (!st->err->text[0])
		err_set(st->err, "'%s' has closed the connection",
			s->address.text);
	return pause_or_fail(st);
}

static int
handle(struct stage *st, struct conn *c)
{
	struct stream_socket *s = STAGE(st, stream_socket);
	int rc;

	if (!c)
		return accept_clients(st);
	if (c == &s->server && s->phase == CONNECTING)
		return connected(st);
	st->err->text[0] = '\0';
	rc = read_conn(st, c);
	return rc == 0 ? lost(st, c) : rc < 0 ? -1 : 0;
}

static int
end_now(struct stage *st)
{
	struct stream_socket *s = STAGE(st, stream_socket);
	struct conn *c;

	s->phase = OVER;
	for (c = s->clients; c; c = c->next)
		if (lines_refuse(&c->lines, st, "has not ended in time") != 0)
			return -1;
	if (lines_refuse(&s->server.lines, st, "has not ended in time") != 0)
		return -1;
	return PULL_END;
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
	if (stage_hear(st) != 0)
		return -1;
	s->held = journal_size(&s->journal) > (uint64_t)s->journal_max;
	return s->held;
}

static int
pull(struct stage *st)
{
	struct stream_socket *s = STAGE(st, stream_socket);
	struct epoll_event events[EVENTS];
	int64_t now;
	int n, i;

	n = pull_journal(st);
	if (n != PULL_WAIT)
		return n;
	if (s->phase == FRESH && start(st) != 0)
		return -1;
	now = time_monotonic();
	if (s->phase != OVER && now >= s->end)
		return end_now(st);
	if (s->phase == PAUSED && now >= s->due && start(st) != 0)
		return -1;
	if ((n = journal_full(st)) != 0)
		return n < 0 ? -1 : PULL_WAIT;
	n = epoll_wait(s->epoll, events, EVENTS, 0);
	if (n < 0 && errno != EINTR)
		return err_sys(st->err, "cannot wait for sockets");
	for (i = 0; i < n; i++)
		if (handle(st, events[i].data.ptr) != 0)
			return -1;
	if (s->phase == OVER)
		return PULL_END;
	return n > 0 ? PULL_MORE : PULL_WAIT;
}

static int
wait_socket(struct stage *st, struct pollfd *fds, int max, int64_t *deadline)
{
	struct stream_socket *s = STAGE(st, stream_socket);
	int64_t due = s->phase == PAUSED && s->due < s->end ? s->due : s->end;

	if (s->held && time_monotonic() + HELD_US < due)
		due = time_monotonic() + HELD_US;
	if (due != INT64_MAX)
		*deadline = time_now() + due - time_monotonic();
	if (s->held)
		return 0;
	fds[0] = (struct pollfd){.fd = s->epoll, .events = POLLIN};
	return 1;
}

static int
mark(struct stage *st, struct buf *out)
{
	return journal_mark(&STAGE(st, stream_socket)->journal, st->now.number,
		out, st->err);
}

static int
seek(struct stage *st, const char *from, const char *to)
{
	return journal_seek(
		&STAGE(st, stream_socket)->journal, from, to, st->err);
}

static int
committed(struct stage *st, int64_t number)
{
	return journal_committed(
		&STAGE(st, stream_socket)->journal, number, st->err);
}

static void
close_socket(struct stage *st)
{
	struct stream_socket *s = STAGE(st, stream_socket);

	while (s->clients)
		drop_client(s, s->clients);
	lines_release(&s->server.lines);
	if (s->server.fd >= 0)
		close(s->server.fd);
	if (s->listener >= 0) {
		close(s->listener);
		if (s->address.path)
			unlink(s->address.path);
	}
	if (s->epoll >= 0)
		close(s->epoll);
	net_connect_release(&s->addresses);
	net_release(&s->address);
	slots_release(&s->slots);
	buf_release(&s->text);
	buf_release(&s->line);
	journal_close(&s->journal);
}

static const struct source stream_socket_source = {
	.pull = pull,
	.wait = wait_socket,
	.mark = mark,
	.seek = seek,
	.committed = committed,
	.live = true,
};

const struct op op_stream_socket = {
	.name = "stream-socket",
	.about = "hand on the lines that come over a socket",
	.synopsis = "[--listen | --reconnect] [--timestamp NAME] [--for D] "
		    "HOST:PORT|unix:PATH",
	.opts = options,
	.slips = slips,
	.size = sizeof(struct stream_socket),
	.flags = OP_OPERANDS,
	.defaults = defaults,
	.open = open_socket,
	.plan = plan,
	.source = &stream_socket_source,
	.close = close_socket,
};
