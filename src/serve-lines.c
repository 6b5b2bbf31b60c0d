/*
 * serve-lines: a TCP server that plays the lines of a file to every client, at
 * a given rate; or hands lines on to all of them as they come by a pipe.
 *
 * Time: none.
 * Watermark: none.
 * State: none.
 * Restart: plays from the start; of live input, what comes from then on.
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
#include "floor/err.h"
#include "floor/mem.h"
#include "floor/random.h"
#include "time/time.h"
#include "io/net.h"
#include "io/service/relay.h"
#include "io/stream/eol.h"
#include "io/textfile.h"
#include "runtime/options/tool.h"

#define BLOCK ((size_t)64 << 10)
#define EVENTS 64
#define BUFFER ((int64_t)64 << 20)
#define TURNS 16 /* blocks to one client before the others have theirs */

struct client {
	int fd;
	struct buf out; /* from at on: to be sent */
	size_t at;
	uint64_t line;   /* of its own play, the next one */
	uint64_t pass;   /* whose order is in "order" */
	uint32_t *order; /* --shuffle */
	int64_t began;
	uint64_t place; /* of live input, in the relay */
	bool full;      /* waits until its socket takes more */
	struct client *next;
};

struct serve_lines {
	int64_t port, seed, keep, buffer;
	const char *rate, *address;
	bool loop, shuffle, once;

	double per_second; /* 0: as fast as it is taken */
	struct buf text;
	size_t *start; /* of each line, and the end of the last one */
	uint64_t nlines;
	struct net_address at;
	int listener, epoll;
	struct client *clients;
	struct textfile input; /* it is open if fd is not negative */
	bool live;             /* the input is handed on as it comes: */
	struct relay relay;
	bool watched; /* the input is in epoll */
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
	{"keep", 'k', OPT_INT, offsetof(struct serve_lines, keep), "N",
		"live input: who comes late gets the last N lines, too"},
	{"buffer", 0, OPT_SIZE, offsetof(struct serve_lines, buffer), "SIZE",
		"live input: how far a client may be behind (64M)",
		.least = 64 << 10},
	OPT_END};

static void
serve_lines_defaults(void *self)
{
	struct serve_lines *s = self;

	s->port = -1;
	s->address = "127.0.0.1";
	s->listener = s->epoll = s->input.fd = -1;
	s->keep = RELAY_NOT_TOLD;
	s->buffer = BUFFER;
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

static int
cannot_read(struct tool_run *t)
{
	char q[300];
	const char *path = t->operands[0];

	return err_in(
		&t->err, "'%s'", err_quote(q, sizeof(q), path, strlen(path)));
}

/* Open what is to be played.  By a pipe, a terminal or the like it comes live,
 * unless what is asked for needs all of it. */
static int
open_input(struct tool_run *t)
{
	struct serve_lines *s = t->self;
	const char *path = t->operands[0];
	mode_t mode;

	if (textfile_open(&s->input, path, 0, NULL, &t->err) < 0)
		return cannot_read(t);
	mode = s->input.seen.st_mode;
	s->live = (S_ISFIFO(mode) || S_ISSOCK(mode) || isatty(s->input.fd)) &&
		s->rate == NULL && !s->loop && !s->shuffle;
	if (s->keep != RELAY_NOT_TOLD && !s->live)
		return err_as(&t->err, STATUS_USAGE,
			"--keep is for input that comes by a pipe, without "
			"--rate, --loop and --shuffle: of a file everybody "
			"gets all");
	relay_init(&s->relay, (size_t)s->buffer, s->keep);
	return 0;
}

/* Where the lines of the text begin. */
static void
find_lines(struct serve_lines *s)
{
	const char *p, *lf, *end = s->text.p + s->text.n;
	size_t cap = 0;

	for (p = s->text.p; p < end; p = lf + 1) {
		lf = eol_first(p, (size_t)(end - p));
		if (s->nlines + 1 >= cap) {
			cap = cap ? cap * 2 : 1024;
			s->start = mem_realloc(
				s->start, cap * sizeof(*s->start));
		}
		s->start[s->nlines++] = (size_t)(p - s->text.p);
		s->start[s->nlines] = (size_t)(lf + 1 - s->text.p);
	}
}

/* The whole file, every line of it with its end.  1: a signal has come. */
static int
load(struct tool_run *t)
{
	struct serve_lines *s = t->self;
	struct pollfd in = {.fd = s->input.fd, .events = POLLIN};
	ssize_t n;
	int rc;

	do {
		rc = tool_wait(t, &in, INT64_MAX);
		if (rc != 0)
			return rc;
		n = textfile_read(&s->input, buf_need(&s->text, 4 * BLOCK),
			4 * BLOCK, &t->err);
		if (n < 0)
			return cannot_read(t);
		s->text.n += (size_t)n;
	} while (n > 0);
	if (s->text.n > 0 && s->text.p[s->text.n - 1] != '\n')
		buf_byte(&s->text, '\n');
	find_lines(s);
	if (s->nlines == 0 || s->nlines > UINT32_MAX)
		return err_set(&t->err, "'%s' has %s", t->operands[0],
			s->nlines == 0 ? "no lines" : "too many lines");
	return 0;
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
	/* Of live input there is more to do at once, or when more comes. */
	if (s->live)
		return c->place < s->relay.end ? c->began : INT64_MAX;
	if (s->per_second == 0)
		return c->began;
	return c->began +
		(int64_t)((double)c->line / s->per_second *
			(double)TIME_SECOND);
}

static bool
played(const struct serve_lines *s, const struct client *c)
{
	return s->live ? s->relay.eof : !s->loop && c->line >= s->nlines;
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

/* What is to be sent to a client now; 0 bytes: nothing. */
static const char *
due_bytes(const struct serve_lines *s, struct client *c, int64_t now, size_t *n)
{
	if (s->live)
		return relay_bytes(&s->relay, c->place, n);
	fill(s, c, now);
	*n = c->out.n - c->at;
	return c->out.p + c->at;
}

/* Send what is due.  0, or -1 when the client is gone or has got all. */
static int
play(const struct serve_lines *s, struct client *c)
{
	int64_t now = time_monotonic();
	const char *p;
	ssize_t n;
	size_t left;
	int turns;

	if (c->full)
		return 0;
	for (turns = 0; turns < TURNS; turns++) {
		p = due_bytes(s, c, now, &left);
		if (left == 0)
			return played(s, c) ? -1 : 0;
		n = send(c->fd, p, left < 4 * BLOCK ? left : 4 * BLOCK,
			MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			c->full = true;
			return 0;
		}
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			c->at += (size_t)n;
			c->place += (uint64_t)n;
		}
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
		c->place = s->live ? relay_join(&s->relay) : 0;
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

/* ---- live input ---- */

/* Between which places the clients stand. */
static void
find_places(const struct serve_lines *s, uint64_t *slowest, uint64_t *fastest)
{
	*slowest = UINT64_MAX;
	*fastest = 0;
	for (const struct client *c = s->clients; c != NULL; c = c->next) {
		if (c->place < *slowest)
			*slowest = c->place;
		if (c->place > *fastest)
			*fastest = c->place;
	}
}

/* Who is too far behind is let go: the others must not wait. */
static int
cut_slow(struct serve_lines *s)
{
	struct client **at = &s->clients, *c;
	int n = 0;

	while ((c = *at) != NULL) {
		if (!relay_lost(&s->relay, c->place)) {
			at = &c->next;
			continue;
		}
		n++;
		*at = c->next;
		client_free(c);
	}
	if (n > 0)
		fprintf(stderr,
			"serve-lines: %d %s cut off: more than %lld "
			"bytes behind (--buffer)\n",
			n, n == 1 ? "client is" : "clients are",
			(long long)s->buffer);
	return n;
}

/* More of the input. */
static int
read_input(struct tool_run *t)
{
	struct serve_lines *s = t->self;
	uint64_t refused = s->relay.refused;
	size_t room;
	char *p = relay_room(&s->relay, &room);
	ssize_t n = textfile_read(&s->input, p, room, &t->err);

	if (n < 0)
		return cannot_read(t);
	if (n > 0)
		relay_filled(&s->relay, (size_t)n);
	else
		relay_finish(&s->relay);
	if (s->relay.refused > refused)
		fprintf(stderr,
			"serve-lines: a line is longer than half of "
			"--buffer, and left out\n");
	if (n == 0 && s->relay.end == 0)
		return err_set(&t->err, "'%s' has no lines", t->operands[0]);
	return 0;
}

/* Forget what is not needed, and wait for more input if there is room.  Returns
 * the number of clients that were cut off, or -1. */
static int
tend_relay(struct tool_run *t)
{
	struct serve_lines *s = t->self;
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = &s->relay};
	uint64_t slowest, fastest;
	bool wanted;
	int cut;

	find_places(s, &slowest, &fastest);
	relay_forget(&s->relay, slowest, fastest);
	cut = cut_slow(s);
	find_places(s, &slowest, &fastest);
	wanted = !s->relay.eof && !relay_full(&s->relay, slowest, fastest);
	if (wanted != s->watched &&
		epoll_ctl(s->epoll, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
			s->input.fd, &e) < 0)
		return err_sys(&t->err, "cannot wait for '%s'", t->operands[0]);
	s->watched = wanted;
	return cut;
}

/* ---- the server ---- */

static int
handle(struct tool_run *t, const struct epoll_event *e)
{
	struct serve_lines *s = t->self;

	if (e->data.ptr == &s->relay)
		return read_input(t);
	if (e->data.ptr != NULL)
		look_at(e->data.ptr, e->events);
	else
		accept_clients(s);
	return 0;
}

static int
serve(struct tool_run *t)
{
	struct serve_lines *s = t->self;
	struct epoll_event events[EVENTS];
	struct pollfd fd = {.fd = s->epoll, .events = POLLIN};
	int64_t next;
	int n, rc, gone;

	for (;;) {
		gone = play_all(s, &next);
		rc = s->live ? tend_relay(t) : 0;
		if (rc < 0)
			return -1;
		if (gone + rc > 0 && s->once)
			return 0;
		if (next != INT64_MAX)
			next = time_now() + next - time_monotonic();
		rc = tool_wait(t, &fd, next);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
		n = epoll_wait(s->epoll, events, EVENTS, 0);
		while (--n >= 0)
			if (handle(t, &events[n]) < 0)
				return -1;
	}
}

static int
serve_lines_run(struct tool_run *t)
{
	struct serve_lines *s = t->self;
	struct epoll_event e = {.events = EPOLLIN};
	char text[16];
	int port, rc;

	if (read_options(t) < 0 || open_input(t) < 0)
		return -1;
	rc = s->live ? 0 : load(t);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
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
	textfile_release(&s->input);
	relay_release(&s->relay);
	net_release(&s->at);
	buf_release(&s->text);
	free(s->start);
}

const struct tool tool_serve_lines = {
	.name = "serve-lines",
	.about =
		"play the lines of a file, or live ones, to clients of a TCP port",
	.synopsis =
		"FILE|- --port N [--rate R] [--loop] [--shuffle [--seed S]]",
	.opts = serve_lines_opts,
	.size = sizeof(struct serve_lines),
	.defaults = serve_lines_defaults,
	.run = serve_lines_run,
	.close = serve_lines_close,
};
