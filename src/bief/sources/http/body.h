/*
 * body: what an answer by HTTP holds, as lines: piece by piece as it comes, and
 * gone on with where another connection has lost it; or as a whole, taken apart
 * by an expression.
 *
 * Lines go into the out of a webline.  Functions that return int: 0, or -1 with a
 * message.
 */
#ifndef BIEF_BODY_H
#define BIEF_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "sources/http/answer.h"
#include "sources/lines.h"

struct http;
struct splitter;
struct stage;
struct webline;

struct body {
	struct webline *to;        /* the caller's */
	struct splitter *splitter; /* freed with it; NULL: lines */
	bool changed;              /* equal answers count once */
	struct lines lines;
	struct answer last; /* that was passed on; of pieces: so far */
	/* private */
	uint64_t pass_over; /* bytes of this answer that had come before */
	struct buf text;
};

void body_init(struct body *b);
void body_release(struct body *b);
/* Another request: what has not ended is forgotten. */
void body_again(struct body *b);
/* An answer begins that comes in pieces.  If it is the one of which some has been
 * passed on, as far as the server tells, that much of it is passed over. */
void body_begin(struct body *b, const struct http *h);
int body_feed(struct body *b, struct stage *st, const char *p, size_t n);
/* It is complete: the last line needs no end. */
int body_end(struct body *b, struct stage *st);
/* It was cut off: pass on the lines that are whole. */
int body_cut(struct body *b, struct stage *st);
/* Can the rest of it be asked for? */
bool body_resumes(const struct body *b);
/* A whole answer. */
int body_whole(struct body *b, struct stage *st, const struct http *h,
	const char *p, size_t n);

#endif
