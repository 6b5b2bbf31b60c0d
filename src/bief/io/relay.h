/*
 * relay: the newest lines of a live input, for readers that come and go and are
 * not equally fast.
 *
 * A reader is no more than a place, in bytes since the beginning.  What all of
 * them have, and nobody may still ask for, is forgotten; of the rest no more is
 * held than a most, and a reader whose place is gone has lost.
 */
#ifndef BIEF_RELAY_H
#define BIEF_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"

#define RELAY_NOT_TOLD (-1)

struct relay {
	size_t most;  /* bytes */
	int64_t keep; /* lines for readers that come late; RELAY_NOT_TOLD */

	/* private */
	struct buf text;
	uint64_t base;    /* place of its first byte */
	uint64_t least;   /* place of the oldest line that is still there */
	uint64_t end;     /* behind the last whole line */
	uint64_t late;    /* where the lines to be kept begin ... */
	int64_t nlate;    /* ... and how many they are */
	bool whole;       /* nothing has been forgotten */
	bool met;         /* a reader has come */
	bool eof, skip;   /* skip: the line is too long, up to its end */
	uint64_t refused; /* such lines */
};

void relay_init(struct relay *r, size_t most, int64_t keep);
void relay_release(struct relay *r);

/* Where to put more bytes of the input, and how many; then tell. */
char *relay_room(struct relay *r, size_t *room);
void relay_filled(struct relay *r, size_t n);
/* The input has ended: what is left is a line, too. */
void relay_finish(struct relay *r);

/*
 * The place of a reader that comes now: where the lines that are kept begin.
 * Where nobody has told how many, the first one gets all there is, and so does
 * everybody as long as the input has ended and all of it is there.
 */
uint64_t relay_join(struct relay *r);
/* Whole lines (or the rest of one) from a place on; 0 bytes: none yet. */
const char *relay_bytes(const struct relay *r, uint64_t at, size_t *n);
/* Has what is at this place been forgotten? */
static inline bool
relay_lost(const struct relay *r, uint64_t at)
{
	return at < r->least;
}

/* The readers stand between these places (none: slowest > fastest): forget what
 * nobody needs. */
void relay_forget(struct relay *r, uint64_t slowest, uint64_t fastest);
/* Is there more than half of the most that even the fastest has not got?  Then
 * the input waits.  It also waits for the first reader. */
bool relay_full(const struct relay *r, uint64_t slowest, uint64_t fastest);

#endif
