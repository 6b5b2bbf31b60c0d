/*
 * serve-lines: a TCP server that plays the lines of a file to every client, at
 * a given rate.
 *
 * Time: none.
 * Watermark: none.
 * State: none.
 * Restart: plays from the start.
 *
 * It is long because a client that reads slowly must not hold up the others:
 * each has its own place, order and buffer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "floor/buf.h"
#include "io/eol.h"
#include "floor/err.h"
#include "io/net.h"
#include "time/time.h"
#include "runtime/tool.h"

#define BLOCK ((size_t)64 << 10)
#define EVENTS 64
#define TURNS 16 /* blocks to one client before the others have theirs */

struct client {
	int fd;
	struct buf out; /* from at on: to be sent */
	size_t at;
	uint64_t line;   /* of its own play, the next one */
	uint64_t pass;   /* whose order is in "order" */
	uint32_t *order; /* --shuffle */
	int64_t began;
	bool full; /* waits until its socket takes more */
	struct client *next;
};

struct serve_lines {
	int64_t port, seed;
	const char *rate, *address;
	bool loop, shuffle, once;

	double per_second; /* 0: as fast as it is taken */
	struct buf text;
	size_t *start; /* of each line, and the end of the last one */
	uint64_t nlines;
	struct net_address at;
	int listener, epoll;
	struct client *clients;
};

static const struct opt serve_lines_opts[] = {
	{"port", 'p', OPT_INT, offsetof(struct serve_lines, port), "N",
		"listen on this port; 0: any free one, see --ready-fd",
		.most = 65535},
	{"listen", 0, OPT_STRING, offsetof(struct serve_lines, address), "HOST",
		"listen on this address; empty: on all (127.0.0.1)"},
	{"rate", 'r', OPT_STRING, offsetof(struct serve_lines, rate), "R",
		"lines a second, such as 1000 or 0.5"},
	{"loop", 0, OPT_FLAG, offsetof(struct serve_lines, loop), NULL,
		"begin again after the last line"},
	{"shuffle", 0, OPT_FLAG, offsetof(struct serve_lines, shuffle), NULL,
		"in random order, with --loop another one each time"},
	{"seed", 0, OPT_INT, offsetof(struct serve_lines, seed), "S",
		"of the random order: the same seed, the same order",
		.most = INT64_MAX},
	{"once", 0, OPT_FLAG, offsetof(struct serve_lines, once), NULL,
		"end when the first client has got everything, or has gone"},
	OPT_END};

static void
serve_lines_defaults(void *self)
{
	struct serve_lines *s = self;

	s->port = -1;
	s->address = "127.0.0.1";
	s->listener = s->epoll = -1;
}

static int
read_options(struct tool_run *t)
{
	struct serve_lines *s = t->self;
	struct buf b;
	char *end;
	int rc;

	if (t->noperands != 1)
		return err_as(&t->err, STATUS_USAGE,
			"expected one file to "
			"play, or - for standard input");
	if (s->port < 0 || s->port > 65535)
		return err_as(&t->err, STATUS_USAGE,
			"--port is needed: 0 (any free one) to 65535");
	if (s->rate) {
		s->per_second = strtod(s->rate, &end);
		if (*end != '\0' || !(s->per_second > 0) || s->per_second > 1e9)
			return err_as(&t->err, STATUS_USAGE,
				"--rate: '%s' is "
				"no number of lines a second",
				s->rate);
	}
	buf_init(&b);
	buf_printf(&b, strchr(s->address, ':') ? "[%s]:%d" : "%s:%d",
		s->address, (int)s->port);
	rc = net_parse(&s->at, buf_cstr(&b), &t->err);
	buf_release(&b);
	return rc;
}

/* The whole file, every line of it with its end. */
static int
load(struct tool_run *t)
{
	struct serve_lines *s = t->self;
	const char *path = t->operands[0], *p, *lf;
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO
					: open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;
	size_t cap = 0;

	while (fd >= 0 && n > 0) {
		char *to = buf_need(&s->text, 4 * BLOCK);

		n = read(fd, to, 4 * BLOCK);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			s->text.n += (size_t)n;
	}
	if (fd < 0 || n < 0)
		err_sys(&t->err, "cannot read '%s'", path);
	if (fd > STDIN_FILENO)
		close(fd);
	if (fd < 0 || n < 0)
		return -1;
	if (s->text.n > 0 && s->text.p[s->text.n - 1] != '\n')
		buf_byte(&s->text, '\n');
	for (p = s->text.p; p < s->text.p + s->text.n; p = lf + 1) {
		lf = eol_first(p, (size_t)(s->text.p + s->text.n - p));
		if (s->nlines + 1 >= cap) {
			cap = cap ? cap * 2 : 1024;
			s->start = mem_realloc(
				s->start, cap * sizeof(*s->start));
		}
		s->start[s->nlines++] = (size_t)(p - s->text.p);
		s->start[s->nlines] = (size_t)(lf + 1 - s->text.p);
	}
	if (s->nlines == 0 || s->nlines > UINT32_MAX)
		return err_set(&t->err, "'%s' has %s", path,
			s->nlines == 0 ? "no lines" : "too many lines");
	return 0;
}

/* splitmix64: small, good, and the same everywhere. */
static uint64_t
random_next(uint64_t *x)
{
	uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* The order of a pass: a function of the seed and the pass alone. */
static void
shuffle(const struct serve_lines *s, struct client *c, uint64_t pass)
{
	uint64_t x = (uint64_t)s->seed ^ (pass * UINT64_C(0xd1342543de82ef95));
	uint64_t i, j;
	uint32_t t;

	if (!c->order)
		c->order = mem_alloc(s->nlines * sizeof(*c->order));
	for (i = 0; i < s->nlines; i++)
		c->order[i] = (uint32_t)i;
	for (i = s->nlines - 1; i > 0; i--) {
		j = random_next(&x) % (i + 1);
		t = c->order[i];
		c->order[i] = c->order[j];
		c->order[j] = t;
	}
	c->pass = pass;
}

/* When a line of a client's play is due (time_monotonic). */
static int64_t
due(const struct serve_lines *s, const struct client *c)
{
	if (s->per_second == 0)
		return c->began;
	return c->began +
		(int64_t)((double)c->line / s->per_second *
			(double)TIME_SECOND);
}

static bool
played(const struct serve_lines *s, const struct client *c)
{
	return !s->loop && c->line >= s->nlines;
}

/* Put what is due into the client's buffer, up to a block. */
static void
fill(const struct serve_lines *s, struct client *c, int64_t now)
{
	uint64_t i;

	if (c->at < c->out.n)
		return;
	buf_clear(&c->out);
	c->at = 0;
	while (c->out.n < BLOCK && !played(s, c) && due(s, c) <= now) {
		i = c->line % s->nlines;
		if (s->shuffle && (!c->order || c->pass != c->line / s->nlines))
			shuffle(s, c, c->line / s->nlines);
		if (s->shuffle)
			i = c->order[i];
		buf_add(&c->out, s->text.p + s->start[i],
			s->start[i + 1] - s->start[i]);
		c->line++;
	}
}

/* Send what is due.  0, or -1 when the client is gone or has got all. */
static int
play(const struct serve_lines *s, struct client *c)
{
	int64_t now = time_monotonic();
	ssize_t n;
	int turns;

	if (c->full)
		return 0;
	for (turns = 0; turns < TURNS; turns++) {
		fill(s, c, now);
		if (c->at == c->out.n)
			return played(s, c) ? -1 : 0;
		n = send(c->fd, c->out.p + c->at, c->out.n - c->at,
			MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			c->full = true;
			return 0;
		}
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			c->at += (size_t)n;
	}
	return 0;
}

static void
client_free(struct client *c)
{
	close(c->fd);
	buf_release(&c->out);
	free(c->order);
	free(c);
}

/* Play to everybody; *next is when the next line is due.  Returns the number of
 * those that have got everything or have gone. */
static int
play_all(struct serve_lines *s, int64_t *next)
{
	struct client **at = &s->clients, *c;
	int finished = 0;

	*next = INT64_MAX;
	while ((c = *at) != NULL) {
		if (play(s, c) != 0) {
			finished++;
			*at = c->next;
			client_free(c);
			continue;
		}
		if (!c->full && due(s, c) < *next)
			*next = due(s, c);
		at = &c->next;
	}
	return finished;
}

static void
accept_clients(struct serve_lines *s)
{
	struct epoll_event e = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
	struct client *c;
	int fd;

	while ((fd = net_accept(s->listener)) >= 0) {
		c = mem_zalloc(sizeof(*c));
		c->fd = fd;
		buf_init(&c->out);
		c->began = time_monotonic();
		c->next = s->clients;
		s->clients = c;
		e.data.ptr = c;
		epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e);
	}
}

/* A client has sent something (thrown away), takes more, or has gone. */
static void
look_at(struct client *c, uint32_t events)
{
	char block[4096];

	while (read(c->fd, block, sizeof(block)) > 0)
		;
	if (events & EPOLLOUT)
		c->full = false;
	/* One that closed its half may still read; a lost one fails at send. */
	if (events & (EPOLLERR | EPOLLHUP))
		c->full = false;
}

static int
serve(struct tool_run *t)
{
	struct serve_lines *s = t->self;
	struct epoll_event events[EVENTS];
	struct pollfd fd = {.fd = s->epoll, .events = POLLIN};
	int64_t next;
	int n, rc;

	for (;;) {
		if (play_all(s, &next) > 0 && s->once)
			return 0;
		if (next != INT64_MAX)
			next = time_now() + next - time_monotonic();
		rc = tool_wait(t, &fd, next);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
		n = epoll_wait(s->epoll, events, EVENTS, 0);
		while (--n >= 0) {
			if (events[n].data.ptr)
				look_at(events[n].data.ptr, events[n].events);
			else
				accept_clients(s);
		}
	}
}

static int
serve_lines_run(struct tool_run *t)
{
	struct serve_lines *s = t->self;
	struct epoll_event e = {.events = EPOLLIN};
	char text[16];
	int port;

	if (read_options(t) < 0 || load(t) < 0)
		return -1;
	s->listener = net_listen(&s->at, &port, &t->err);
	if (s->listener < 0)
		return -1;
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll < 0 ||
		epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &e) < 0)
		return err_sys(&t->err, "cannot wait for clients");
	snprintf(text, sizeof(text), "%d", port);
	return tool_ready(t, text) < 0 ? -1 : serve(t);
}

static void
serve_lines_close(void *self)
{
	struct serve_lines *s = self;
	struct client *c;

	while ((c = s->clients) != NULL) {
		s->clients = c->next;
		client_free(c);
	}
	if (s->listener >= 0)
		close(s->listener);
	if (s->epoll >= 0)
		close(s->epoll);
	net_release(&s->at);
	buf_release(&s->text);
	free(s->start);
}

const struct tool tool_serve_lines = {
	.name = "serve-lines",
	.about = "play the lines of a file to every client of a TCP port",
	.synopsis =
		"FILE|- --port N [--rate R] [--loop] [--shuffle [--seed S]]",
	.opts = serve_lines_opts,
	.size = sizeof(struct serve_lines),
	.defaults = serve_lines_defaults,
	.run = serve_lines_run,
	.close = serve_lines_close,
};
