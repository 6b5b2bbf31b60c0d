/*
 * sockets: see sockets.h.  One epoll descriptor stands for all of them, so that
 * the runtime has one to wait for; the pointer of an event is the connection,
 * NULL the socket that listens.
 */
#include "sources/sockets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "io/net.h"
#include "runtime/stage.h"
#include "sources/lines.h"

#define BLOCK ((size_t)64 << 10)
#define PAUSE_US (TIME_SECOND / 10)
#define PAUSE_MAX_US (10 * TIME_SECOND)
#define EVENTS 64
#define SPARE_FDS 32               /* descriptors that clients do not get */
#define TELL_US (60 * TIME_SECOND) /* how often clients are told to wait */
#define HALF_LINES ((int64_t)256 << 20) /* of all clients, in bytes */

void
sockets_init(struct sockets *s)
{
	s->epoll = s->listener = s->server.fd = -1;
	s->max_state = HALF_LINES;
}

int
sockets_open(struct sockets *s, const char *address, struct err *err)
{
	lines_init(&s->server.lines);
	return net_parse(&s->address, address, err);
}

static int
watch_fd(struct sockets *s, int fd, uint32_t events, void *what, int op)
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

	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur == RLIM_INFINITY)
		return SIZE_MAX;
	return r.rlim_cur > 2 * SPARE_FDS ? (size_t)r.rlim_cur - SPARE_FDS
					  : (size_t)r.rlim_cur / 2;
}

static int
start_listening(struct sockets *s, struct stage *st)
{
	char port[16];
	int n;

	s->listener = net_listen(&s->address, &n, st->err);
	if (s->listener < 0)
		return -1;
	s->phase = SOCKETS_LISTENING;
	s->most = most_clients();
	if (watch_fd(s, s->listener, EPOLLIN, NULL, EPOLL_CTL_ADD) < 0)
		return err_sys(st->err, "cannot listen");
	snprintf(port, sizeof(port), "%d", n);
	stage_ready_as(st, port);
	return 0;
}

/* It did not work: give up, or wait and try again. */
static int
pause_or_fail(struct sockets *s, struct stage *st)
{
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
	s->phase = SOCKETS_PAUSED;
	return 0;
}

/* Begin to connect to the next address of the name. */
static int
try_next_address(struct sockets *s, struct stage *st)
{
	int fd = net_connect_next(&s->addresses, &s->address, st->err);

	if (fd < 0)
		return pause_or_fail(s, st);
	s->server.fd = fd;
	s->phase = SOCKETS_CONNECTING;
	if (watch_fd(s, fd, EPOLLOUT, &s->server, EPOLL_CTL_ADD) < 0)
		return err_sys(st->err, "cannot connect");
	return 0;
}

static int
begin_sockets(struct sockets *s, struct stage *st)
{
	if (s->epoll < 0) {
		s->epoll = epoll_create1(EPOLL_CLOEXEC);
		if (s->epoll < 0)
			return err_sys(st->err, "cannot wait for sockets");
		s->end = s->for_us > 0 ? time_monotonic() + s->for_us
				       : INT64_MAX;
	}
	if (s->listen)
		return start_listening(s, st);
	if (net_connect(&s->addresses, &s->address, st->err) < 0)
		return pause_or_fail(s, st);
	return try_next_address(s, st);
}

/* The connection stands, or it turns out that it does not. */
static int
take_connected(struct sockets *s, struct stage *st)
{
	if (net_connect_done(s->server.fd, &s->address, st->err) < 0) {
		close(s->server.fd);
		s->server.fd = -1;
		return try_next_address(s, st);
	}
	net_connect_release(&s->addresses);
	s->phase = SOCKETS_CONNECTED;
	if (s->failed)
		stage_warn(st, "connected to '%s'", s->address.text);
	s->failed = false;
	s->pause_us = 0;
	lines_clear(&s->server.lines, 0);
	s->server.lines.name = s->address.text;
	stage_ready(st);
	if (watch_fd(s, s->server.fd, EPOLLIN, &s->server, EPOLL_CTL_MOD) < 0)
		return err_sys(
			st->err, "cannot wait for '%s'", s->address.text);
	return 0;
}

/* There is no room for another client.  It can happen thousands of times a
 * second. */
static void
tell_full(struct sockets *s, struct stage *st)
{
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
accept_clients(struct sockets *s, struct stage *st)
{
	struct sockets_conn *c;
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
		if (watch_fd(s, fd, EPOLLIN, c, EPOLL_CTL_ADD) < 0)
			return err_sys(st->err, "cannot wait for a client");
	}
	if (s->nclients < s->most && errno == EAGAIN)
		return 0;
	if (s->nclients >= s->most || errno == EMFILE || errno == ENFILE ||
		errno == ENOBUFS || errno == ENOMEM) {
		tell_full(s, st);
		s->full = true;
		watch_fd(s, s->listener, 0, NULL, EPOLL_CTL_MOD);
		return 0;
	}
	return err_sys(st->err, "cannot accept a client");
}

static void
drop_client(struct sockets *s, struct sockets_conn *c)
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
		watch_fd(s, s->listener, EPOLLIN, NULL, EPOLL_CTL_MOD);
	s->full = false;
}

/* What the half lines of a client take by now. */
static void
count_held(struct sockets *s, struct sockets_conn *c)
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
bound_held(struct sockets *s, struct stage *st)
{
	size_t most = (size_t)s->max_state;
	struct sockets_conn *c, *worst;

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
			    "together (--max-state sets the limit)") < 0)
			return -1;
		lines_trim(&worst->lines);
		count_held(s, worst);
	}
	return 0;
}

/* Read once.  1: go on, 0: the other side has ended, -1. */
static int
read_conn(struct sockets *s, struct stage *st, struct sockets_conn *c)
{
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
	if (s->take(st, &c->lines) < 0)
		return -1;
	if (c == &s->server)
		return 1;
	count_held(s, c);
	return bound_held(s, st) < 0 ? -1 : 1;
}

/* The connection has ended (st->err tells how, if it was broken). */
static int
take_lost(struct sockets *s, struct stage *st, struct sockets_conn *c)
{
	if (lines_stop(&c->lines) && s->take(st, &c->lines) < 0)
		return -1;
	if (lines_refuse(&c->lines, st,
		    "was cut off by the end of the connection") < 0)
		return -1;
	if (c != &s->server) {
		drop_client(s, c);
		return 0;
	}
	close(c->fd);
	c->fd = -1;
	if (!s->reconnect) {
		s->phase = SOCKETS_OVER;
		return st->err->text[0] ? -1 : 0;
	}
	if (!st->err->text[0])
		err_set(st->err, "'%s' has closed the connection",
			s->address.text);
	return pause_or_fail(s, st);
}

static int
handle_event(struct sockets *s, struct stage *st, struct sockets_conn *c)
{
	int rc;

	if (!c)
		return accept_clients(s, st);
	if (c == &s->server && s->phase == SOCKETS_CONNECTING)
		return take_connected(s, st);
	st->err->text[0] = '\0';
	rc = read_conn(s, st, c);
	return rc == 0 ? take_lost(s, st, c) : rc < 0 ? -1 : 0;
}

/* The time is over. */
static int
end_now(struct sockets *s, struct stage *st)
{
	struct sockets_conn *c;

	s->phase = SOCKETS_OVER;
	for (c = s->clients; c; c = c->next)
		if (lines_refuse(&c->lines, st, "has not ended in time") < 0)
			return -1;
	if (lines_refuse(&s->server.lines, st, "has not ended in time") < 0)
		return -1;
	return PULL_END;
}

int
sockets_connect(struct sockets *s, struct stage *st)
{
	int64_t now;

	if (s->phase == SOCKETS_FRESH && begin_sockets(s, st) < 0)
		return -1;
	now = time_monotonic();
	if (s->phase != SOCKETS_OVER && now >= s->end)
		return end_now(s, st);
	if (s->phase == SOCKETS_PAUSED && now >= s->due &&
		begin_sockets(s, st) < 0)
		return -1;
	return PULL_MORE;
}

int
sockets_read(struct sockets *s, struct stage *st)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(s->epoll, events, EVENTS, 0);

	if (n < 0 && errno != EINTR)
		return err_sys(st->err, "cannot wait for sockets");
	for (int i = 0; i < n; i++)
		if (handle_event(s, st, events[i].data.ptr) < 0)
			return -1;
	if (s->phase == SOCKETS_OVER)
		return PULL_END;
	return n > 0 ? PULL_MORE : PULL_WAIT;
}

int64_t
sockets_due(const struct sockets *s)
{
	return s->phase == SOCKETS_PAUSED && s->due < s->end ? s->due : s->end;
}

void
sockets_release(struct sockets *s)
{
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
}
