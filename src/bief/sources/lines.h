/*
 * lines: bytes that arrive in pieces, handed on as whole lines.
 *
 * A line ends as eol.h says.  A UTF-8 mark at the beginning is left out.
 *
 * What sources share: a block is filled by read(2) or a decompressor, the whole
 * lines in it go on at one call, the rest waits for its end.  A line that grows
 * beyond --max-line is refused and skipped; it is never gathered whole.
 */
#ifndef BIEF_LINES_H
#define BIEF_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"

struct stage;

#define LINES_BLOCK ((size_t)256 << 10)

struct lines {
	struct buf b;
	size_t at;        /* bytes of b before this were handed on */
	uint64_t offset;  /* place in the input of the byte at "at" */
	bool skip;        /* that byte is in a line that has been refused */
	size_t scanned;   /* bytes from "at" on that have no end */
	bool fresh;       /* a UTF-8 mark may come */
	bool cr;          /* CRs may be ends of lines, too */
	bool known;       /* and one that is the last byte is one */
	const char *name; /* of the input, for messages; not owned */
};

void lines_init(struct lines *l);
void lines_release(struct lines *l);
/* Forget what is there; the next byte is at this place of the input. */
void lines_clear(struct lines *l, uint64_t offset);

/* Where to put more bytes, and how many there is room for; then tell. */
char *lines_room(struct lines *l, size_t block, size_t *room);
void lines_filled(struct lines *l, size_t n);

/* Bytes that were not handed on yet. */
static inline size_t
lines_left(const struct lines *l)
{
	return l->b.n - l->at;
}

/* Bytes of the input that have been put in. */
static inline uint64_t
lines_end(const struct lines *l)
{
	return l->offset + lines_left(l);
}

/* True if there is a whole line, or the end of a refused one. */
bool lines_whole(struct lines *l);

/* No more will be read for now: a CR that is the last byte was an end.  True if
 * there is such a one. */
bool lines_stop(struct lines *l);

/* The input has ended: what is left is a line, too. */
void lines_finish(struct lines *l);

/*
 * Hand on the whole lines that are there, at most *limit of them, from which
 * they are taken off (NULL: no limit).  0, or -1 as stage_emit.
 */
int lines_emit(struct lines *l, struct stage *st, uint64_t *limit);

/* The same in two steps: 1 and the block of whole lines, to be handed on before
 * the next call of lines_room; 0 there is none; or -1 as stage_reject. */
int lines_block(struct lines *l, struct stage *st, uint64_t *limit,
	const char **p, size_t *n);

/*
 * The next whole line, without its end, good until the next call of
 * lines_room.  1, 0 if there is none, or -1 as stage_reject.
 */
int lines_next(struct lines *l, struct stage *st, const char **line, size_t *n);

/* Refuse the line that has begun; what comes of it is skipped.  0 or -1. */
int lines_drop(struct lines *l, struct stage *st, const char *why);
/* Give back the room, when there is nothing in it. */
void lines_trim(struct lines *l);
/* Refuse what is left (its end will not come); 0 or -1 as stage_reject. */
int lines_refuse(struct lines *l, struct stage *st, const char *why);

#endif
