/*
 * link_in: the input of a chain from a neighbour, private to the runtime.
 *
 * Before the first bytes are taken from a pipe, and once more at the start, its
 * writer is looked for (meet.h).  The writer may offer a ring: then what is in
 * the pipe is read first, then what comes through the ring, until the writer has
 * gone; and then the pipe to its end, as any other.
 */
#ifndef BIEF_LINK_IN_H
#define BIEF_LINK_IN_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "value/unpack.h"
#include "io/stream/ring.h"

struct chain;

enum link_state {
	LINK_APART,  /* nobody is there, or has gone */
	LINK_CALLED, /* it has not answered yet */
	LINK_MET,
	LINK_REST, /* the ring follows what is in the pipe */
	LINK_RING
};

struct link_in {
	struct chain *c;
	int fd, socket;
	enum link_state state;
	bool wanted;    /* look for somebody again */
	unsigned looks; /* for it while nothing comes */
	int64_t look_us;
	bool still; /* the pipe looks ended, which may be for a look only */
	bool woken; /* there are bytes in the pipe that say no more than that */
	bool sure;  /* there have been: the pipe ends with its writer */
	bool gone;  /* the writer has: the rest of the ring is all */
	/* What the writer knows of its records: 0, or -1 with the chain's err
	 * set.  NULL: nobody wants to know. */
	int (*told)(void *arg, const char *fields, size_t n);
	void *arg;
	int alone; /* nobody else writes: 1, 0, or -1 it is not known */
	struct ring ring;
	struct unpack unpack;
};

void link_in_init(struct link_in *l, struct chain *c, int fd);
/* Look for who writes it. */
void link_in_open(struct link_in *l);
void link_in_release(struct link_in *l);
/* Nothing has come yet, and it may have begun later than we: when to look for it
 * again, by time_now(); INT64_MAX: not any more.  And do, if it is time. */
int64_t link_in_due(struct link_in *l);
void link_in_again(struct link_in *l);
/* Before the first bytes are taken: give a neighbour the time to say who it is.
 * 0 or -1. */
int link_in_greet(struct link_in *l);
/* Does nobody but the neighbour write it?  It is asked to let us look. */
bool link_in_alone(struct link_in *l);
/* What to wait for: up to 2. */
int link_in_fds(struct link_in *l, struct pollfd *fds);
/* One of them may be ready, as p says: what does it mean?  1 there may be
 * something to take, 0, or -1 with the chain's err set. */
int link_in_ready(struct link_in *l, const struct pollfd *p);
/* The pipe has ended: has it, or will the other say so?  (Then wait.) */
bool link_in_ended(struct link_in *l);
/* Does it come from the ring, once the pipe has nothing (more)? */
bool link_in_through(struct link_in *l);
/* Is there anything in the ring? */
bool link_in_some(const struct link_in *l);
/* The next message, which lives until link_in_took: its kind (unpack.h; or
 * LINK_LINES, LINK_PART), PACK_DAMAGED with *n == 0 when there is none now. */
unsigned link_in_next(
	struct link_in *l, const char **p, size_t *n, struct record *r);
void link_in_took(struct link_in *l, size_t n);
/* Tell the writer what it may work at (lend.h): what is too much to say stays
 * unsaid. */
void link_in_lend(struct link_in *l, const char *text, size_t n);
/* Nothing is there: will we be woken?  False: there is something after all. */
bool link_in_sleeps(struct link_in *l);

#endif
