/*
 * expose: see expose.h.
 */
#include "sinks/expose.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "io/net.h"

#define EVENTS 32
#define CLIENTS 100 /* at once; those behind them wait to be accepted */
#define REQUEST_MOST 16384
#define PATIENCE_US (30 * TIME_SECOND) /* for a client that does nothing */

struct client {
	int fd;
	struct buf in, out; /* what has come; what goes from at on */
	size_t at;
	int64_t since_us;
	struct client *next;
};

struct expose {
	struct net_address address;
	int listener, epoll;
	struct client *clients;
	size_t n;
};

struct expose *
expose_open(const char *address, int *port, struct err *err)
{
	struct expose *e = mem_zalloc(sizeof *e);
	struct epoll_event event = {.events = EPOLLIN};

	e->listener = e->epoll = -1;
	err->status = STATUS_FAILED;
	if (net_parse(&e->address, address, err) < 0)
		goto failed;
	e->listener = net_listen(&e->address, port, err);
	if (e->listener < 0)
		goto failed;
	e->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (e->epoll < 0 ||
		epoll_ctl(e->epoll, EPOLL_CTL_ADD, e->listener, &event) != 0) {
		err_sys(err, "cannot wait for clients");
		goto failed;
	}
	return e;
failed:
	expose_close(e);
	return NULL;
}

static void
drop(struct expose *e, struct client **at)
{
	struct client *c = *at;

	*at = c->next;
	close(c->fd);
	buf_release(&c->in);
	buf_release(&c->out);
	free(c);
	e->n--;
}

void
expose_close(struct expose *e)
{
	if (e == NULL)
		return;
	while (e->clients != NULL)
		drop(e, &e->clients);
	if (e->listener >= 0)
		close(e->listener);
	if (e->epoll >= 0)
		close(e->epoll);
	if (e->address.path != NULL && e->listener >= 0)
		unlink(e->address.path);
	net_release(&e->address);
	free(e);
}

int
expose_fd(const struct expose *e)
{
	return e->epoll;
}

static void
accept_clients(struct expose *e)
{
	struct client *c;
	int fd;

	while (e->n < CLIENTS && (fd = net_accept(e->listener)) >= 0) {
		struct epoll_event event = {.events = EPOLLIN};

		c = mem_zalloc(sizeof *c);
		c->fd = fd;
		c->since_us = time_monotonic();
		c->next = e->clients;
		e->clients = c;
		e->n++;
		event.data.ptr = c;
		epoll_ctl(e->epoll, EPOLL_CTL_ADD, fd, &event);
	}
}

static void
answer(struct client *c, const char *status, const char *more, const char *text,
	size_t n, bool head)
{
	buf_printf(&c->out,
		"HTTP/1.1 %s\r\nContent-Type: " EXPOSE_TYPE "\r\n"
		"Content-Length: %zu\r\n%sConnection: close\r\n\r\n",
		status, n, more);
	if (!head)
		buf_add(&c->out, text, n);
}

static bool
is_word(const char *p, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(p, word, n) == 0;
}

/* The request is complete: "GET /metrics?x HTTP/1.1". */
static void
respond(struct client *c, const char *text, size_t n)
{
	static const char missing[] = "see /metrics\n",
			  wrong[] = "only GET is answered\n";
	const char *line = buf_cstr(&c->in), *path;
	size_t method = strcspn(line, " \r\n"), npath;
	bool head = is_word(line, method, "HEAD");

	path = line + method + (line[method] == ' ');
	npath = strcspn(path, " ?#\r\n");
	if (!head && !is_word(line, method, "GET"))
		answer(c, "405 Method Not Allowed", "Allow: GET, HEAD\r\n",
			wrong, sizeof wrong - 1, false);
	else if (!is_word(path, npath, "/metrics") &&
		!is_word(path, npath, "/"))
		answer(c, "404 Not Found", "", missing, sizeof missing - 1,
			head);
	else
		answer(c, "200 OK", "", text, n, head);
}

/* 0, or -1: the client is done. */
static int
receive(struct client *c, const char *text, size_t n)
{
	ssize_t got = recv(c->fd, buf_need(&c->in, 4096), 4096, 0);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (got == 0)
		return -1;
	c->in.n += (size_t)got;
	buf_cstr(&c->in);
	if (strstr(c->in.p, "\r\n\r\n") == NULL &&
		strstr(c->in.p, "\n\n") == NULL)
		return c->in.n > REQUEST_MOST ? -1 : 0;
	respond(c, text, n);
	return 0;
}

static int
transmit(struct client *c)
{
	char rest[4096];

	while (c->at < c->out.n) {
		ssize_t n = send(c->fd, c->out.p + c->at, c->out.n - c->at,
			MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -1;
		c->at += (size_t)n;
	}
	/* What is still unread would turn the end into a reset. */
	while (recv(c->fd, rest, sizeof rest, 0) > 0)
		;
	shutdown(c->fd, SHUT_WR);
	return -1;
}

static int
serve(struct expose *e, struct client *c, const char *text, size_t n)
{
	struct epoll_event event = {.events = EPOLLOUT, .data.ptr = c};

	if (c->out.n == 0 && receive(c, text, n) < 0)
		return -1;
	if (c->out.n == 0)
		return 0;
	epoll_ctl(e->epoll, EPOLL_CTL_MOD, c->fd, &event);
	return transmit(c);
}

void
expose_turn(struct expose *e, const char *text, size_t n)
{
	struct epoll_event events[EVENTS];
	int ready = epoll_wait(e->epoll, events, EVENTS, 0);
	int64_t now = time_monotonic();

	if (ready <= 0)
		return;
	for (struct client **at = &e->clients; *at != NULL;) {
		bool over = now - (*at)->since_us > PATIENCE_US;

		for (int i = 0; i < ready && !over; i++)
			if (events[i].data.ptr == *at)
				over = serve(e, *at, text, n) < 0;
		if (over)
			drop(e, at);
		else
			at = &(*at)->next;
	}
	accept_clients(e);
}
