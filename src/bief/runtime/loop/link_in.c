/*
 * link_in: see link_in.h.  While a neighbour is there it is its socket that says
 * whether the input has ended: the pipe may look so for a moment (meet.h).
 */
#include "runtime/loop/link_in.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "floor/err.h"
#include "time/time.h"
#include "io/stream/meet.h"
#include "runtime/chain.h"
#include "runtime/loop/link_out.h"

/* A writer that is there answers where it writes or waits; one that is stopped is
 * not waited for. */
#define GREET_US 100000
/* The same, where its answer may need one of those in front of it. */
#define ALONE_US 3000000
/* Looks for a writer that has begun later, each twice as late as the one before:
 * a minute of them. */
#define LOOKS 16
#define LOOK_US 1000

static void
link_in_call(struct link_in *l)
{
	if (l->wanted && l->socket < 0 &&
		(l->socket = meet_connect(l->fd)) >= 0) {
		l->state = LINK_CALLED;
		l->wanted = false;
	}
}

void
link_in_init(struct link_in *l, struct chain *c, int fd)
{
	memset(l, 0, sizeof(*l));
	l->c = c;
	l->fd = fd;
	l->socket = l->alone = -1;
}

void
link_in_open(struct link_in *l)
{
	l->wanted = meet_wanted();
	link_in_call(l);
	for (int i = 0; i < MEET_SURELY_MS && l->wanted && meet_surely(); i++) {
		usleep(1000);
		link_in_call(l);
	}
}

int64_t
link_in_due(struct link_in *l)
{
	if (!l->wanted || l->looks == LOOKS)
		return INT64_MAX;
	if (l->look_us == 0)
		l->look_us = time_now() + ((int64_t)LOOK_US << l->looks);
	return l->look_us;
}

void
link_in_again(struct link_in *l)
{
	if (l->look_us == 0 || !l->wanted || time_now() < l->look_us)
		return;
	l->look_us = 0;
	l->looks++;
	link_in_call(l);
}

static void
link_in_hang_up(struct link_in *l)
{
	if (l->socket >= 0)
		close(l->socket);
	l->socket = -1;
	if (l->state == LINK_RING || l->state == LINK_REST)
		l->gone = true;
	else
		l->state = LINK_APART;
}

void
link_in_release(struct link_in *l)
{
	link_in_hang_up(l);
	if (l->ring.shared != NULL)
		unpack_release(&l->unpack);
	ring_release(&l->ring);
}

/* The writer has let its end go, and may offer a ring.  It is answered in any
 * case: until it has its end back the pipe only looks ended. */
static int
link_in_test(struct link_in *l, bool offered, int ring)
{
	int alone = 0;

	if (!offered || ring_take(&l->ring, ring) == 0)
		alone = meet_alone(l->fd, !offered);
	/* A ring says nothing of who writes in front of the writer. */
	if (!offered || alone == 0)
		l->alone = alone;
	if (alone < 0)
		return err_sys(&l->c->err, "cannot open the input again");
	if (alone && offered) {
		unpack_init(&l->unpack, l->c->shapes);
		l->state = LINK_REST;
	} else {
		ring_release(&l->ring);
	}
	meet_say(l->socket, alone ? MEET_ALONE : MEET_SHARED, NULL, 0, -1);
	return 0;
}

static int
link_in_told(struct link_in *l, const char *fields, size_t n)
{
	return l->told != NULL && n > 0 ? l->told(l->arg, fields, n) : 0;
}

static int
link_in_hear(struct link_in *l, enum meet_kind kind, const char *text, size_t n,
	int fd)
{
	const char *plan;
	size_t nplan;

	if (kind == MEET_HELLO && l->state == LINK_CALLED &&
		meet_known(text, n, &plan, &nplan)) {
		l->state = LINK_MET;
		return link_in_told(l, plan, nplan);
	}
	if (kind == MEET_PLAN && l->state == LINK_MET)
		return link_in_told(l, text, n);
	if ((kind == MEET_LET_GO || kind == MEET_OFFER) && l->state == LINK_MET)
		return link_in_test(l, kind == MEET_OFFER, fd);
	if (kind == MEET_SHARED && l->alone < 0)
		l->alone = 0;
	/* Who has asked twice is answered twice. */
	if (kind == MEET_ALONE && l->ring.shared != NULL) {
		l->alone = l->alone < 0 ? 1 : l->alone;
		return 0;
	}
	/* What comes late says nothing any more. */
	if (kind == MEET_GONE || kind == MEET_LET_GO || kind == MEET_OFFER ||
		kind == MEET_HELLO || kind == MEET_ALONE || kind == MEET_TEST)
		link_in_hang_up(l);
	return 0;
}

static int
link_in_look(struct link_in *l)
{
	char text[MEET_MOST];
	enum meet_kind kind;
	int ret = 0, fd;
	size_t n;

	while (ret == 0 && l->socket >= 0 &&
		(kind = meet_take(l->socket, text, &n, &fd)) != MEET_NOTHING) {
		/* Its end may be there again. */
		l->still = false;
		ret = link_in_hear(l, kind, text, n, fd);
		if (fd >= 0)
			close(fd);
		/* There is work; should more have been said, poll tells. */
		if (kind == MEET_WAKE)
			break;
	}
	return ret;
}

int
link_in_greet(struct link_in *l)
{
	int64_t until, now;

	link_in_call(l);
	l->wanted = false;
	until = time_monotonic() + (meet_surely() ? ALONE_US : GREET_US);
	while (l->state == LINK_CALLED && (now = time_monotonic()) < until) {
		struct pollfd p = {.fd = l->socket, .events = POLLIN};

		if (poll(&p, 1, (int)((until - now + 999) / 1000)) < 0)
			break;
		if (link_in_look(l) < 0)
			return -1;
	}
	return 0;
}

bool
link_in_alone(struct link_in *l)
{
	int64_t until = time_monotonic() + ALONE_US, now;

	if (l->alone < 0 && l->socket >= 0 &&
		!meet_say(l->socket, MEET_TEST, NULL, 0, -1))
		return false;
	while (l->alone < 0 && l->socket >= 0 &&
		(now = time_monotonic()) < until) {
		struct pollfd p = {.fd = l->socket, .events = POLLIN};

		if (poll(&p, 1, (int)((until - now + 999) / 1000)) < 0 ||
			link_in_look(l) < 0)
			break;
	}
	/* One that has ended cannot say who has written beside it, and may have
	 * ended, too. */
	return l->alone == 1;
}

int
link_in_fds(struct link_in *l, struct pollfd *fds)
{
	int n = 0;

	if (!l->still)
		fds[n++] = (struct pollfd){.fd = l->fd, .events = POLLIN};
	if (l->socket >= 0 && !l->sure)
		fds[n++] = (struct pollfd){.fd = l->socket, .events = POLLIN};
	return n;
}

int
link_in_ready(struct link_in *l, const struct pollfd *p)
{
	if (p->revents == 0)
		return 0;
	if (p->fd != l->fd)
		return link_in_look(l);
	if (l->state != LINK_RING)
		return 1;
	l->woken = (p->revents & POLLIN) != 0;
	l->still = !l->woken;
	if (l->still && l->sure)
		link_in_hang_up(l);
	l->sure |= l->woken;
	return l->gone || ring_some(&l->ring);
}

bool
link_in_ended(struct link_in *l)
{
	/* What is in the pipe has been read; the writer has not come back yet. */
	if (l->state == LINK_REST)
		return false;
	l->still = l->socket >= 0;
	return !l->still;
}

bool
link_in_through(struct link_in *l)
{
	struct pollfd p = {.fd = l->fd, .events = POLLIN};

	if (l->state == LINK_REST &&
		(poll(&p, 1, 0) == 0 || !(p.revents & POLLIN)))
		l->state = LINK_RING;
	return l->state == LINK_RING;
}

unsigned
link_in_next(struct link_in *l, const char **p, size_t *n, struct record *r)
{
	struct link_bytes h;
	size_t there, size;
	unsigned kind;

	*p = ring_there(&l->ring, &there);
	*n = 0;
	if (there == 0 && !l->ring.damaged)
		return PACK_DAMAGED;
	kind = unpack_next(&l->unpack, *p, there, &size, r);
	*n = size;
	if ((kind == LINK_LINES || kind == LINK_PART) && size >= sizeof(h)) {
		memcpy(&h, *p, sizeof(h));
		if (h.n <= size - sizeof(h))
			return kind;
	} else if (kind == PACK_RECORD || kind == PACK_ROWS ||
		kind == PACK_SHAPE) {
		return kind;
	}
	l->ring.damaged = true;
	*n = 1;
	return PACK_DAMAGED;
}

void
link_in_took(struct link_in *l, size_t n)
{
	if (ring_took(&l->ring, n) && l->socket >= 0)
		meet_say(l->socket, MEET_WAKE, NULL, 0, -1);
}

void
link_in_lend(struct link_in *l, const char *text, size_t n)
{
	if (n <= MEET_MOST && l->socket >= 0)
		meet_say(l->socket, MEET_LEND, text, n, -1);
}

bool
link_in_some(const struct link_in *l)
{
	return ring_some(&l->ring);
}

/* Before we sleep again, or what wakes us next would be taken with them. */
static void
link_in_drain(struct link_in *l)
{
	char bytes[64];

	if (l->woken && read(l->fd, bytes, sizeof(bytes)) < 0)
		errno = 0;
	l->woken = false;
}

/* The writer has gone, and all of the ring has been taken: what is in the pipe
 * until now has only woken us. */
static void
link_in_leave(struct link_in *l)
{
	struct pollfd p = {.fd = l->fd, .events = POLLIN};

	while (poll(&p, 1, 0) > 0 && (p.revents & POLLIN)) {
		l->woken = true;
		link_in_drain(l);
	}
	l->state = LINK_APART;
	l->still = false;
}

bool
link_in_sleeps(struct link_in *l)
{
	if (l->gone) {
		if (!ring_some(&l->ring))
			link_in_leave(l);
		return false;
	}
	link_in_drain(l);
	return ring_sleeps(&l->ring);
}
