/*
 * plot_serve: one epoll descriptor stands for all connections, so that the
 * runtime waits for one.  What a client has not taken of the last picture is
 * replaced by the next.
 */
#include "sinks/plot/plot_serve.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/mem.h"
#include "time/time.h"
#include "io/net.h"
#include "sinks/plot/plot_svg.h"

#define REQUEST_MOST 8192             /* bytes */
#define REQUEST_US (10 * TIME_SECOND) /* until it is whole */
#define ANSWER_US (60 * TIME_SECOND)  /* in which a browser must take some */
#define LINGER_US (2 * TIME_SECOND)   /* until the other side has closed */
#define ALIVE_US (15 * TIME_SECOND)   /* a word to those that listen */
#define EVENTS 64

/* src/bief/sinks/page.html */
static const char page_html[] =
#include "sinks/plot/page.html.h"
	;

enum doing {
	READING,   /* the request; in has what is there of it */
	ANSWERING, /* out from at on is to be sent, then it is closed */
	LISTENING, /* the same, then it waits for what is new */
	CLOSING    /* all is sent; what still comes is thrown away */
};

struct client {
	int fd;
	enum doing doing;
	struct buf in, out;
	size_t at;
	uint64_t seen; /* the page that it has */
	bool told_end;
	int64_t deadline; /* time_now */
	struct client *next;
};

struct plot_serve {
	struct net_address address;
	int listener, epoll, port;
	struct client *clients;
	size_t nclients;
	struct buf title, html;
	uint64_t version;
	bool ended, local;
};

/* ---- answers ---- */

static void
plot_serve_put_head(struct client *c, const char *status, const char *type,
	const char *more, size_t n)
{
	buf_printf(&c->out,
		"HTTP/1.1 %s\r\nContent-Type: %s\r\n"
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
		"Referrer-Policy: no-referrer\r\n%sConnection: close\r\n",
		status, type, more);
	if (n > 0)
		buf_printf(&c->out, "Content-Length: %zu\r\n", n);
	buf_str(&c->out, "\r\n");
}

static void
plot_serve_refuse(struct client *c, const char *status, const char *more)
{
	plot_serve_put_head(c, status, "text/plain; charset=utf-8", more,
		strlen(status) + 1);
	buf_printf(&c->out, "%s\n", status);
	c->doing = ANSWERING;
}

/* Nobody can guess it, so that no script runs but the page's own. */
static void
make_nonce(char out[33])
{
	unsigned char bytes[16] = {0};

	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		memset(bytes, 0, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* The page with what belongs in the place of @WORD@. */
static void
put_page(const struct plot_serve *s, const char *nonce, struct buf *out)
{
	const char *p = page_html, *at;

	while ((at = strchr(p, '@')) != NULL) {
		buf_add(out, p, (size_t)(at - p));
		p = at + 1;
		if (strncmp(at, "@TITLE@", 7) == 0)
			buf_add(out, s->title.p, s->title.n);
		else if (strncmp(at, "@VIEW@", 6) == 0)
			buf_add(out, s->html.p, s->html.n);
		else if (strncmp(at, "@NONCE@", 7) == 0)
			buf_str(out, nonce);
		else {
			buf_byte(out, '@');
			continue;
		}
		p = strchr(p, '@') + 1;
	}
	buf_str(out, p);
}

static void
answer_page(const struct plot_serve *s, struct client *c, bool head)
{
	char nonce[33], policy[300];
	struct buf page;

	make_nonce(nonce);
	snprintf(policy, sizeof policy,
		"Content-Security-Policy: "
		"default-src 'none'; script-src 'nonce-%s'; "
		"style-src 'unsafe-inline'; connect-src 'self'; "
		"base-uri 'none'; form-action 'none'; "
		"frame-ancestors 'none'\r\n",
		nonce);
	buf_init(&page);
	put_page(s, nonce, &page);
	plot_serve_put_head(
		c, "200 OK", "text/html; charset=utf-8", policy, page.n);
	if (!head)
		buf_add(&c->out, page.p, page.n);
	buf_release(&page);
	c->doing = ANSWERING;
}

/* The page's content as an event: each line of it behind "data: ". */
static void
put_event(struct plot_serve *s, struct client *c)
{
	const char *p = s->html.p, *end = p + s->html.n, *lf;

	for (; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		buf_str(&c->out, "data: ");
		buf_add(&c->out, p, (size_t)(lf - p));
		buf_byte(&c->out, '\n');
	}
	buf_printf(&c->out, "id: %llu\n\n", (unsigned long long)s->version);
	c->seen = s->version;
}

/* One that listens and has taken all so far gets what is new. */
static void
put_news(struct plot_serve *s, struct client *c)
{
	if (c->doing != LISTENING || c->at < c->out.n)
		return;
	if (c->seen != s->version)
		put_event(s, c);
	if (s->ended && !c->told_end) {
		buf_str(&c->out, "event: end\ndata:\n\n");
		c->told_end = true;
	}
}

/* ---- requests ---- */

/* The value of a header of the request, or NULL; *n its bytes. */
static const char *
header(const struct client *c, const char *name, size_t *n)
{
	const char *p = c->in.p, *end = p + c->in.n, *lf;
	size_t len = strlen(name);

	while ((lf = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p = lf + 1;
		if ((size_t)(end - p) <= len || p[len] != ':' ||
			strncasecmp(p, name, len) != 0)
			continue;
		for (p += len + 1; p < end && *p == ' ';)
			p++;
		for (*n = 0; p + *n < end && p[*n] != '\r' && p[*n] != '\n';)
			++*n;
		return p;
	}
	return NULL;
}

static bool
is_local(const char *host, size_t n)
{
	return (n >= 9 && strncasecmp(host, "localhost", 9) == 0 &&
		       (n == 9 || host[9] == ':')) ||
		(n > 4 && memcmp(host, "127.", 4) == 0 &&
			strspn(host, "0123456789.:") >= n) ||
		(n >= 5 && memcmp(host, "[::1]", 5) == 0);
}

/* A foreign page whose name leads here (DNS rebinding) is not to read ours. */
static bool
is_for_us(const struct plot_serve *s, const struct client *c)
{
	size_t n;
	const char *host = header(c, "Host", &n);

	return !s->local || host == NULL || n == 0 || is_local(host, n);
}

static void
plot_serve_answer(struct plot_serve *s, struct client *c)
{
	const char *p = buf_cstr(&c->in), *path, *end;
	bool head = strncmp(p, "HEAD ", 5) == 0;
	size_t n;

	path = strchr(p, ' ');
	n = path != NULL ? strcspn(++path, " ?\r\n") : 0;
	end = path != NULL ? path + strcspn(path, " \r\n") : NULL;
	if (n == 0 || *path != '/' || strncmp(end, " HTTP/1.", 8) != 0) {
		plot_serve_refuse(c, "400 Bad Request", "");
	} else if (!head && strncmp(p, "GET ", 4) != 0) {
		plot_serve_refuse(
			c, "405 Method Not Allowed", "Allow: GET, HEAD\r\n");
	} else if (!is_for_us(s, c)) {
		plot_serve_refuse(c, "403 Forbidden", "");
	} else if (n == 1) {
		answer_page(s, c, head);
	} else if (n == 7 && memcmp(path, "/events", 7) == 0) {
		plot_serve_put_head(c, "200 OK", "text/event-stream", "", 0);
		c->doing = head ? ANSWERING : LISTENING;
		c->seen = s->version - 1;
		put_news(s, c);
		if (!head)
			buf_str(&c->out, ":\n\n");
	} else {
		plot_serve_refuse(c, "404 Not Found", "");
	}
}

/* Is the request whole? */
static bool
plot_serve_is_whole(const struct buf *in)
{
	return memmem(in->p, in->n, "\r\n\r\n", 4) != NULL ||
		memmem(in->p, in->n, "\n\n", 2) != NULL;
}

/* 0, or -1: the client has gone. */
static int
plot_serve_receive(struct plot_serve *s, struct client *c)
{
	char block[4096];
	ssize_t n;

	while ((n = recv(c->fd, block, sizeof block, 0)) > 0) {
		if (c->doing != READING)
			continue;
		buf_add(&c->in, block, (size_t)n);
		if (plot_serve_is_whole(&c->in)) {
			plot_serve_answer(s, c);
			c->deadline = time_now() + ANSWER_US;
		} else if (c->in.n > REQUEST_MOST) {
			plot_serve_refuse(
				c, "431 Request Header Fields Too Large", "");
			c->deadline = time_now() + ANSWER_US;
		}
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	/* It has closed its half: who asked may still read the answer. */
	return n == 0 && c->doing == ANSWERING ? 0 : -1;
}

/* 0, or -1: the client has gone. */
static int
send_some(struct plot_serve *s, struct client *c)
{
	put_news(s, c);
	while (c->at < c->out.n) {
		ssize_t n = send(c->fd, c->out.p + c->at, c->out.n - c->at,
			MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			c->at += (size_t)n;
			c->deadline = time_now() + ANSWER_US;
		}
		if (c->at < c->out.n)
			continue;
		buf_clear(&c->out);
		c->at = 0;
		put_news(s, c);
	}
	if (c->doing == LISTENING)
		c->deadline = time_now() + ALIVE_US;
	if (c->doing == ANSWERING) {
		/* So that what it has sent beyond its request does not cut
		 * the answer off. */
		shutdown(c->fd, SHUT_WR);
		c->doing = CLOSING;
		c->deadline = time_now() + LINGER_US;
	}
	return 0;
}

/* Its time has come: 0, or -1: it is to go. */
static int
overdue(struct client *c)
{
	if (c->doing != LISTENING || c->at < c->out.n)
		return -1;
	buf_str(&c->out, ":\n\n");
	c->deadline = time_now() + ANSWER_US;
	return 0;
}

/* ---- clients ---- */

static void
client_free(struct client *c)
{
	close(c->fd);
	buf_release(&c->in);
	buf_release(&c->out);
	free(c);
}

static void
plot_serve_accept_clients(struct plot_serve *s)
{
	struct epoll_event e = {
		.events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP};
	struct client *c;
	int fd;

	while ((fd = net_accept(s->listener)) >= 0) {
		if (s->nclients >= PLOT_SERVE_CLIENTS) {
			static const char full[] =
				"HTTP/1.1 503 Service Unavailable\r\n"
				"Connection: close\r\nRetry-After: 5\r\n\r\n";

			if (send(fd, full, sizeof full - 1, MSG_NOSIGNAL) < 0)
				errno = 0;
			close(fd);
			continue;
		}
		c = mem_zalloc(sizeof *c);
		c->fd = fd;
		buf_init(&c->in);
		buf_init(&c->out);
		c->deadline = time_now() + REQUEST_US;
		c->next = s->clients;
		s->clients = c;
		s->nclients++;
		e.data.ptr = c;
		epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e);
	}
}

static void
serve_all(struct plot_serve *s)
{
	struct client **at = &s->clients, *c;
	int64_t now = time_now();

	while ((c = *at) != NULL) {
		if (plot_serve_receive(s, c) < 0 || send_some(s, c) < 0 ||
			(c->deadline <= now && overdue(c) < 0)) {
			*at = c->next;
			client_free(c);
			s->nclients--;
			continue;
		}
		at = &c->next;
	}
}

void
plot_serve_turn(struct plot_serve *s)
{
	struct epoll_event events[EVENTS];

	while (epoll_wait(s->epoll, events, EVENTS, 0) == EVENTS)
		;
	/* Those that have gone make room first. */
	serve_all(s);
	plot_serve_accept_clients(s);
	serve_all(s);
}

void
plot_serve_wait(struct plot_serve *s, struct pollfd *fd, int64_t *deadline)
{
	int64_t now = time_now();

	*fd = (struct pollfd){.fd = s->epoll, .events = POLLIN};
	for (struct client *c = s->clients; c != NULL; c = c->next)
		if (c->deadline <= now) {
			plot_serve_turn(s);
			break;
		}
	for (struct client *c = s->clients; c != NULL; c = c->next)
		if (c->deadline < *deadline)
			*deadline = c->deadline;
}

/* ---- the server ---- */

struct plot_serve *
plot_serve_open(const char *address, struct err *err)
{
	struct plot_serve *s = mem_zalloc(sizeof *s);
	struct epoll_event e = {.events = EPOLLIN};
	const char *host;

	s->listener = s->epoll = -1;
	buf_init(&s->title);
	buf_init(&s->html);
	if (net_parse(&s->address, address, err) < 0) {
		err_in(err, "--serve");
		goto bad;
	}
	host = s->address.host;
	s->local = host != NULL &&
		(strcmp(host, "::1") == 0 || is_local(host, strlen(host)));
	s->listener = net_listen(&s->address, &s->port, err);
	if (s->listener < 0) {
		if (errno == EADDRINUSE)
			err_set(err,
				"cannot listen on '%s': another program "
				"has this address: take another port, or 0 "
				"for any",
				address);
		goto bad;
	}
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll >= 0 &&
		epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &e) == 0)
		return s;
	err_sys(err, "cannot wait for browsers");
bad:
	plot_serve_close(s);
	return NULL;
}

void
plot_serve_close(struct plot_serve *s)
{
	struct client *c;

	if (s == NULL)
		return;
	while ((c = s->clients) != NULL) {
		s->clients = c->next;
		client_free(c);
	}
	if (s->listener >= 0)
		close(s->listener);
	if (s->epoll >= 0)
		close(s->epoll);
	if (s->address.path != NULL && s->listener >= 0)
		unlink(s->address.path);
	net_release(&s->address);
	buf_release(&s->title);
	buf_release(&s->html);
	free(s);
}

int
plot_serve_port(const struct plot_serve *s)
{
	return s->port;
}

const char *
plot_serve_host(const struct plot_serve *s)
{
	return s->address.path != NULL    ? s->address.text
		: s->address.host != NULL ? s->address.host
					  : "localhost";
}

void
plot_serve_show(
	struct plot_serve *s, const char *title, const char *html, size_t n)
{
	buf_clear(&s->title);
	plot_svg_text(&s->title, title, strlen(title));
	buf_clear(&s->html);
	buf_add(&s->html, html, n);
	s->version++;
	plot_serve_turn(s);
}

void
plot_serve_end(struct plot_serve *s)
{
	s->ended = true;
	plot_serve_turn(s);
}
