/*
 * link_out: see link_out.h.
 *
 * The writer never waits for somebody to come, and never where a reader that has
 * come could wait for it: before it writes to a pipe that is full it looks at its
 * sockets, too.
 */
#include "runtime/loop/link_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "value/pack.h"
#include "io/stream/meet.h"
#include "io/stream/output.h"
#include "io/stream/ring.h"
#include "runtime/chain.h"
#include "runtime/report/vitals.h"

#define LINK_PEERS 4 /* that may be connected before one has said who it is */
#define LINK_LOOK ((size_t)8 * 1024) /* bytes between two looks for somebody */

struct link_out {
	struct chain *c;
	struct output *out;
	int listening; /* -1: nobody may come any more */
	/* The same pipe, written without blocking; -1: it could not be opened
	 * again. */
	int second;
	int peer[LINK_PEERS];
	int partner; /* whom we have met; -1 */
	bool surely; /* meet_surely() */
	size_t written;
	size_t looked; /* as much had been when we looked last */
	struct ring ring;
	struct pack pack;
	struct buf lent; /* what the partner has said last of that */
	uint64_t lent_times;
	bool asked; /* the partner wants to look, which waits for the ring */
};

static void
link_out_shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
link_out_vitals(const struct chain *c)
{
	if (c->ring != NULL)
		vitals_records(
			c->vitals, ring_waiting(&c->ring->ring), RING_BYTES);
	else
		vitals_pipe(c->vitals);
}

/* ---- who has come ---- */

/* Nobody is wanted any more. */
static void
link_out_deaf(struct link_out *l)
{
	link_out_shut(&l->listening);
	for (int i = 0; i < LINK_PEERS; i++)
		link_out_shut(&l->peer[i]);
}

/* Where the next to come is kept; the one who came first and has said nothing
 * makes room. */
static int *
link_out_seat(struct link_out *l)
{
	for (int i = 0; i < LINK_PEERS; i++)
		if (l->peer[i] < 0)
			return &l->peer[i];
	link_out_shut(&l->peer[0]);
	memmove(l->peer, l->peer + 1, sizeof(l->peer) - sizeof(l->peer[0]));
	l->peer[LINK_PEERS - 1] = -1;
	return &l->peer[LINK_PEERS - 1];
}

/* What somebody has said who is none of ours yet. */
static void
link_out_hear(struct link_out *l, int *peer)
{
	char text[MEET_MOST];
	const char *plan;
	size_t n, nplan;
	int fd;
	enum meet_kind kind = meet_take(*peer, text, &n, &fd);

	link_out_shut(&fd);
	if (kind == MEET_NOTHING)
		return;
	if (kind != MEET_HELLO || !meet_known(text, n, &plan, &nplan) ||
		l->partner >= 0 ||
		!meet_holds(*peer, STDIN_FILENO, l->out->fd)) {
		link_out_shut(peer);
		return;
	}
	l->partner = *peer;
	*peer = -1;
}

/* The next that the partner says; with nothing there MEET_NOTHING. */
static enum meet_kind
link_out_partner(struct link_out *l)
{
	char text[MEET_MOST];
	size_t n;
	int fd;
	enum meet_kind kind = meet_take(l->partner, text, &n, &fd);

	link_out_shut(&fd);
	if (kind == MEET_GONE)
		link_out_shut(&l->partner);
	if (kind == MEET_LEND) {
		buf_clear(&l->lent);
		buf_add(&l->lent, text, n);
		l->lent_times++;
	}
	return kind;
}

/* The pipe's end has been let go, and the partner has a look. */
static bool
link_out_asked(struct link_out *l)
{
	enum meet_kind kind;

	do {
		struct pollfd p = {.fd = l->partner, .events = POLLIN};

		vitals_poll(l->c->vitals, &p, 1, -1);
		kind = link_out_partner(l);
		l->asked |= kind == MEET_TEST;
	} while (kind == MEET_NOTHING || kind == MEET_WAKE ||
		kind == MEET_TEST || kind == MEET_LEND);
	return kind == MEET_ALONE;
}

/* Are we alone with the partner?  The ring is offered with the question, if there
 * is one (else -1).  1, 0, or -1: the pipe has been lost. */
static int
link_out_test(struct link_out *l, int ring)
{
	bool alone = false;

	link_out_shut(&l->second);
	if (meet_let_go(l->out->fd) < 0) {
		meet_say(l->partner, MEET_SHARED, NULL, 0, -1);
		return 0;
	}
	vitals_turn(l->c->vitals, VITALS_OUTPUT);
	if (meet_say(l->partner, ring < 0 ? MEET_LET_GO : MEET_OFFER, NULL, 0,
		    ring))
		alone = link_out_asked(l);
	vitals_turn(l->c->vitals, VITALS_BUSY);
	if (meet_take_back(l->out->fd) < 0)
		return err_sys(&l->c->err, "cannot open the output again");
	return alone;
}

/* The partner is about to refuse what we have told it, if it comes from us
 * alone. */
static void
link_out_let_look(struct link_out *l)
{
	struct chain *c = l->c;
	bool vouched = c->vouch == NULL || c->vouch(c->in);

	/* For a ring it has been looked at before. */
	if (!vouched || c->ring != NULL || l->second < 0) {
		meet_say(l->partner,
			vouched && c->ring != NULL ? MEET_ALONE : MEET_SHARED,
			NULL, 0, -1);
		return;
	}
	if (link_out_test(l, -1) >= 0)
		l->second = meet_second_end(l->out->fd);
	/* It may have read meanwhile, and found an end. */
	if (l->partner >= 0)
		meet_say(l->partner, MEET_WAKE, NULL, 0, -1);
	l->asked = false;
}

static void
link_out_greet(struct link_out *l, int came)
{
	int *seat;

	if (!meet_hello(came, l->c->known.p, l->c->known.n)) {
		close(came);
		return;
	}
	seat = link_out_seat(l);
	*seat = came;
}

void
link_out_look(struct link_out *l)
{
	enum meet_kind kind;
	int came;

	if (l == NULL)
		return;
	while (l->listening >= 0 && (came = meet_accept(l->listening)) >= 0)
		link_out_greet(l, came);
	for (int i = 0; i < LINK_PEERS; i++)
		if (l->peer[i] >= 0)
			link_out_hear(l, &l->peer[i]);
	while (l->partner >= 0 && (kind = link_out_partner(l)) != MEET_NOTHING)
		if (kind == MEET_TEST)
			link_out_let_look(l);
}

bool
link_out_hears(const struct link_out *l)
{
	return l != NULL && l->ring.shared != NULL && l->partner >= 0;
}

void
link_out_known(struct link_out *l)
{
	const struct buf *b;

	if (l == NULL || l->c->known.n == 0 || l->c->known.n > MEET_MOST)
		return;
	b = &l->c->known;
	if (l->partner >= 0)
		meet_say(l->partner, MEET_PLAN, b->p, b->n, -1);
	for (int i = 0; i < LINK_PEERS; i++)
		if (l->peer[i] >= 0)
			meet_say(l->peer[i], MEET_PLAN, b->p, b->n, -1);
}

int
link_out_fds(struct link_out *l, struct pollfd *fds)
{
	int n = 0;

	if (l == NULL)
		return 0;
	if (l->listening >= 0)
		fds[n++] = (struct pollfd){
			.fd = l->listening, .events = POLLIN};
	for (int i = 0; i < LINK_PEERS; i++)
		if (l->peer[i] >= 0)
			fds[n++] = (struct pollfd){
				.fd = l->peer[i], .events = POLLIN};
	if (l->partner >= 0)
		fds[n++] = (struct pollfd){.fd = l->partner, .events = POLLIN};
	return n;
}

/* ---- through the ring ---- */

static int
link_out_broken(struct link_out *l)
{
	/* As one that writes to the pipe learns it. */
	if (write(l->out->fd, "\n", 1) < 0)
		return err_sys(&l->c->err, "cannot write the output");
	return err_set(&l->c->err,
		"cannot write the output: what reads it has let go of it");
}

/* By a byte in the pipe, which costs less than a message, and fails where there is
 * no reader.  A pipe that is full of them wakes it, too. */
static int
link_out_wake(struct link_out *l)
{
	ssize_t put;

	do
		put = write(l->second, "", 1);
	while (put < 0 && errno == EINTR);
	return put < 0 && errno != EAGAIN ? link_out_broken(l) : 0;
}

/* Let the reader see what is there; is there one? */
static int
link_out_tell(struct link_out *l, bool now)
{
	struct pollfd p = {.fd = l->out->fd};
	bool ripe = ring_ripe(&l->ring, now), wake = ring_tell(&l->ring, now);

	if (wake && l->second >= 0)
		return link_out_wake(l);
	if (ripe && poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP)))
		return link_out_broken(l);
	if (wake && l->partner >= 0)
		meet_say(l->partner, MEET_WAKE, NULL, 0, -1);
	return 0;
}

/* Until the reader has made room, or is there no more. */
static int
link_out_await(struct link_out *l)
{
	struct pollfd p[2] = {
		{.fd = l->out->fd}, {.fd = l->partner, .events = POLLIN}};

	link_out_vitals(l->c);
	vitals_turn(l->c->vitals, VITALS_OUTPUT);
	if (vitals_poll(l->c->vitals, p, 2, -1) < 0 && errno != EINTR)
		return err_sys(&l->c->err, "cannot write the output");
	vitals_turn(l->c->vitals, VITALS_BUSY);
	if ((p[0].revents & (POLLERR | POLLHUP)) || l->partner < 0)
		return link_out_broken(l);
	link_out_look(l);
	return 0;
}

static char *
link_out_room(struct link_out *l, size_t n)
{
	char *to;

	while ((to = ring_room(&l->ring, n)) == NULL) {
		if (l->ring.damaged) {
			err_set(&l->c->err,
				"cannot write the output: the memory that is "
				"shared with its reader is damaged");
			return NULL;
		}
		if (link_out_tell(l, true) < 0 ||
			(ring_waits(&l->ring, n) && link_out_await(l) < 0))
			return NULL;
	}
	return to;
}

#define LINK_MOST (RING_MOST - sizeof(struct link_bytes) - RING_ALIGN)

/* Where a message of n bytes goes, LINK_MOST at most; NULL: nowhere, with the
 * chain's err set. */
static char *
link_out_bytes(struct link_out *l, uint16_t kind, size_t n, bool last)
{
	size_t size = (sizeof(struct link_bytes) + n + RING_ALIGN - 1) &
		~(size_t)(RING_ALIGN - 1);
	struct link_bytes h = {
		.m = {(uint32_t)size, kind, 0}, .n = (uint32_t)n, .last = last};
	char *to = link_out_room(l, size);

	if (to == NULL)
		return NULL;
	memcpy(to, &h, sizeof(h));
	ring_wrote(&l->ring, size);
	return to + sizeof(h);
}

/* How much of a text goes at once: whole lines, if it has any. */
static size_t
link_out_part(const char *p, size_t n)
{
	const char *lf;

	if (n <= LINK_MOST)
		return n;
	lf = memrchr(p, '\n', LINK_MOST);
	return lf != NULL ? (size_t)(lf - p) + 1 : LINK_MOST;
}

static int
link_out_lines(struct link_out *l, const char *p, size_t n)
{
	while (n > 0) {
		size_t part = link_out_part(p, n);
		char *to = link_out_bytes(l, LINK_LINES, part, part == n);

		if (to == NULL)
			return -1;
		memcpy(to, p, part);
		p += part;
		n -= part;
	}
	return 0;
}

/* Text that has been printed goes first. */
static int
link_out_before(struct link_out *l)
{
	struct buf *b = &l->out->b;
	size_t text = b->n;

	b->n = 0;
	return text > 0 ? link_out_lines(l, b->p, text) : 0;
}

const struct buf *
link_out_lent(const struct link_out *l, uint64_t *times)
{
	*times = l->lent_times;
	return &l->lent;
}

void
link_out_expect_lent(struct link_out *l, uint64_t times)
{
	for (int i = 0;
		i < MEET_SURELY_MS && l->lent_times <= times && l->partner >= 0;
		i++) {
		struct pollfd p = {.fd = l->partner, .events = POLLIN};

		poll(&p, 1, 1);
		link_out_look(l);
	}
}

/* The next n bytes of pieces, of the first of which so many have gone. */
static const struct iovec *
link_out_gather(const struct iovec *v, size_t *gone, char *to, size_t n)
{
	while (n > 0) {
		size_t part = v->iov_len - *gone;

		if (part > n)
			part = n;
		if (part > 0)
			memcpy(to, (const char *)v->iov_base + *gone, part);
		to += part;
		n -= part;
		*gone += part;
		if (*gone == v->iov_len) {
			v++;
			*gone = 0;
		}
	}
	return v;
}

int
link_out_block(struct link_out *l, const struct iovec *v, int n)
{
	size_t left = 0, gone = 0;

	if (link_out_before(l) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		left += v[i].iov_len;
	while (left > 0) {
		size_t part = left < LINK_MOST ? left : LINK_MOST;
		char *to = link_out_bytes(l, LINK_PART, part, part == left);

		if (to == NULL)
			return -1;
		v = link_out_gather(v, &gone, to, part);
		left -= part;
	}
	return link_out_tell(l, false);
}

int
link_out_record(struct link_out *l, const struct record *r)
{
	size_t n = pack_size(&l->pack, r);
	char *to;

	/* What is as long as this is not worth more than text. */
	if (n > RING_MOST)
		return 0;
	if (link_out_before(l) < 0)
		return -1;
	if ((to = link_out_room(l, n)) == NULL)
		return -1;
	pack_put(&l->pack, r, to);
	ring_wrote(&l->ring, n);
	return link_out_tell(l, false) < 0 ? -1 : 1;
}

int
link_out_records(
	struct link_out *l, const struct record *r, size_t stride, size_t *n)
{
	size_t size;
	char *to;

	while ((size = pack_rows_size(&l->pack, r, stride, *n)) > RING_MOST)
		*n /= 2;
	if (size == 0)
		*n = 0;
	if (*n == 0)
		return 0;
	if (link_out_before(l) < 0)
		return -1;
	if ((to = link_out_room(l, size)) == NULL)
		return -1;
	pack_put_rows(&l->pack, r, stride, *n, to);
	ring_wrote(&l->ring, size);
	return link_out_tell(l, false);
}

/* ---- through the pipe ---- */

/* It stays text. */
static void
link_out_give_up(struct link_out *l)
{
	link_out_deaf(l);
	link_out_shut(&l->partner);
}

/* From now on records go as they are, if they can. */
static int
link_out_join(struct link_out *l)
{
	int fd = ring_make(&l->ring), alone;

	if (fd < 0) {
		link_out_give_up(l);
		return 0;
	}
	alone = link_out_test(l, fd);
	close(fd);
	if (alone <= 0) {
		ring_release(&l->ring);
		link_out_give_up(l);
		return alone;
	}
	link_out_deaf(l);
	l->second = meet_second_end(l->out->fd);
	/* It waits for the pipe again, which has looked ended. */
	if (l->partner >= 0)
		meet_say(l->partner, MEET_WAKE, NULL, 0, -1);
	pack_init(&l->pack);
	l->c->ring = l;
	if (l->asked)
		link_out_let_look(l);
	l->asked = false;
	return 0;
}

/* Until the pipe takes something: whoever comes meanwhile is heard. */
static void
link_out_wait(struct link_out *l)
{
	struct pollfd p[LINK_FDS + 1] = {{.fd = l->second, .events = POLLOUT}};
	int n = link_out_fds(l, p + 1);

	link_out_vitals(l->c);
	vitals_turn(l->c->vitals, VITALS_OUTPUT);
	vitals_poll(l->c->vitals, p, n + 1, -1);
	link_out_look(l);
}

static int
link_out_text(struct link_out *l, const char *p, size_t n)
{
	struct output *out = l->out;

	while (n > 0) {
		int fd = l->second >= 0 ? l->second : out->fd;
		ssize_t put;

		vitals_turn(l->c->vitals, VITALS_OUTPUT);
		put = write(fd, p, n);
		if (put < 0 && errno == EAGAIN)
			link_out_wait(l);
		else if (put < 0 && errno != EINTR)
			return err_sys(&l->c->err, "cannot write the output");
		if (put < 0)
			continue;
		vitals_written(l->c->vitals, (size_t)put);
		l->written += (size_t)put;
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

/* The first time, let the reader come. */
static void
link_out_expect(struct link_out *l)
{
	struct pollfd p[LINK_FDS];

	for (int i = 0; i < MEET_SURELY_MS && l->partner < 0 &&
		l->listening >= 0 && l->written == 0;
		i++) {
		poll(p, (nfds_t)link_out_fds(l, p), 1);
		link_out_look(l);
	}
}

/* Whoever comes while we wait is seen there; looking is not for nothing. */
static void
link_out_look_out(struct link_out *l)
{
	if (!l->surely && l->written > 0 && l->written - l->looked < LINK_LOOK)
		return;
	l->looked = l->written;
	link_out_look(l);
}

/* Instead of output's own writing. */
static int
link_out_put(void *arg, const char *p, size_t n, struct err *err)
{
	struct link_out *l = arg;
	bool rings = l->c->ring != NULL;
	int ret = 0;

	if (l->c->ring == NULL && n > 0) {
		link_out_look_out(l);
		if (l->surely)
			link_out_expect(l);
		if (l->partner >= 0 && (l->surely || l->written >= LINK_TEXT) &&
			l->second >= 0)
			ret = link_out_join(l);
	}
	if (ret == 0 && l->c->ring == NULL)
		ret = link_out_text(l, p, n);
	else if (ret == 0 && ((ret = link_out_lines(l, p, n)) == 0))
		ret = link_out_tell(l, true);
	if (!rings && l->c->ring != NULL) {
		buf_release(&l->out->b);
		mem_started();
	}
	if (ret < 0 && err != &l->c->err)
		*err = l->c->err;
	return ret;
}

void
link_out_open(struct chain *c)
{
	struct link_out *l;
	int listening;

	if (chain_last(c)->op->sink != NULL || !meet_wanted() ||
		(listening = meet_listen(c->out.fd)) < 0)
		return;
	l = mem_zalloc(sizeof(*l));
	l->c = c;
	l->out = &c->out;
	l->listening = listening;
	l->surely = meet_surely();
	l->partner = -1;
	for (int i = 0; i < LINK_PEERS; i++)
		l->peer[i] = -1;
	if ((l->second = meet_second_end(c->out.fd)) < 0) {
		close(listening);
		free(l);
		return;
	}
	c->link = l;
	c->out.divert = link_out_put;
	c->out.link = l;
}

void
link_out_close(struct chain *c)
{
	struct link_out *l = c->link;

	if (l == NULL)
		return;
	/* Who has come at the last moment is told what is known. */
	link_out_look(l);
	link_out_give_up(l);
	link_out_shut(&l->second);
	ring_release(&l->ring);
	pack_release(&l->pack);
	buf_release(&l->lent);
	free(l);
	c->link = c->ring = NULL;
	c->out.divert = NULL;
}
