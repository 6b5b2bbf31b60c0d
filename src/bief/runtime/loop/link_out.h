/*
 * link_out: the output of a chain to a neighbour, private to the runtime.
 *
 * Where it is a pipe, its reader may find us (meet.h).  Until it has, and for the
 * first LINK_TEXT bytes, what goes out is text; then, if nobody else has the pipe
 * open, records go through a ring as they are, and lines and control lines
 * between them as text.  The pipe stays open: its other end tells that the reader
 * has gone.
 */
#ifndef BIEF_LINK_OUT_H
#define BIEF_LINK_OUT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "floor/buf.h"
#include "value/pack.h"

struct chain;
struct link_out;
struct record;

#define LINK_TEXT ((size_t)64 * 1024)
#define LINK_FDS 6 /* descriptors that it waits for */

/* Messages in a ring that are bytes. */
enum {
	/* Text, which is part of a stream as if it had come through a pipe. */
	LINK_LINES = PACK_OTHER,
	/* A part of what threads of the writer have made for the reader. */
	LINK_PART
};
struct link_bytes {
	struct pack_message m;
	uint32_t n, last; /* last: of all that belong together */
	char bytes[];
};

void link_out_open(struct chain *c);
void link_out_close(struct chain *c);
/* Hand a record on as it is: 1; 0: print it; or -1 with the chain's err set.
 * (Where c->ring is not NULL.) */
int link_out_record(struct link_out *l, const struct record *r);
/* The same for n of them, or the first of these: *n is how many then, 0 none. */
int link_out_records(
	struct link_out *l, const struct record *r, size_t stride, size_t *n);
/* The same for n pieces that are one: a part of a block, or several.  0, or -1
 * with the chain's err set. */
int link_out_block(struct link_out *l, const struct iovec *v, int n);
/* What the reader lends (lend.h), if it has said so; *times: how often it has. */
const struct buf *link_out_lent(const struct link_out *l, uint64_t *times);
/* For tests: wait until it has said so oftener than that. */
void link_out_expect_lent(struct link_out *l, uint64_t times);
/* What to wait for beside the rest, and what to do then.  l may be NULL. */
int link_out_fds(struct link_out *l, struct pollfd *fds);
void link_out_look(struct link_out *l);
/* Will the reader be heard to go, without a look at the pipe? */
bool link_out_hears(const struct link_out *l);
/* Tell whoever has come what is known by now. */
void link_out_known(struct link_out *l);
/* Tell the vitals of the chain how full the way out is. */
void link_out_vitals(const struct chain *c);

#endif
