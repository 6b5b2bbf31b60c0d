/*
 * offer: what a neighbour in front may work at for a chain (lend.h), and what comes
 * of that.
 */
#ifndef BIEF_OFFER_H
#define BIEF_OFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "runtime/stage.h"

struct chain;
struct unpack;

struct offer {
	struct chain *c;
	bool asked; /* the user has said how many threads there are to be */
	int end;    /* of the stages that are lent; 0: not known, -1 none */
	struct buf now, said;
	uint64_t news, times; /* as things stood when it was made */
	uint64_t judged; /* what the neighbour lent when it had lent so often */
	bool suits;      /* ... is good for us */
	size_t heard;    /* so much had come when the neighbour was heard */
	/* of each clone that the neighbour has, for each stage */
	struct unpack *unpack[STAGE_CLONES];
	bool expects;     /* for tests: the next one's is waited for */
	int64_t expected; /* in the batch of this number it has been */
};

void offer_init(struct offer *o, struct chain *c, bool asked, bool expects);
void offer_release(struct offer *o);
/* Is it another one than it was?  Then it is in out.  come: bytes of this batch
 * that have come so far. */
bool offer_lends(struct offer *o, size_t come, struct buf *out);
/* Has it been made in another batch than the one that is open?  Then it is worth
 * while at once. */
bool offer_before(const struct offer *o);
/* What the neighbour has worked at: bytes of ship.h.  0, or -1 with the chain's
 * err set. */
int offer_shipped(struct offer *o, const char *p, size_t n);
/* The batch that what goes out is of; -1: there are none. */
int64_t offer_batch(const struct chain *c);
#define OFFER_NO_BATCH (-2) /* not even none */
/* For tests, where all is over before anybody has said anything: is the offer of
 * the neighbour behind to be waited for, and do. */
bool offer_expects(const struct offer *o);
void offer_expect(struct offer *o);

#endif
