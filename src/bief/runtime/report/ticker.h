/*
 * ticker: --progress - on a terminal, one line that tells how far a program is;
 * private to the runtime.
 */
#ifndef BIEF_TICKER_H
#define BIEF_TICKER_H

#include <stdbool.h>
#include <stdint.h>

struct chain;
struct stage;

struct ticker {
	struct stage *st; /* it tells of this one; NULL: nobody asked */
	/* private */
	bool over;      /* the end has come */
	int64_t due_us; /* monotonic */
	int64_t start_us;
	uint64_t start; /* bytes that were read before */
	/* Rows then; the second some seconds after the first. */
	struct ticker_moment {
		int64_t at_us;
		uint64_t rows;
	} past[2];
};

/* Of the first stage that has --progress -, if there is a terminal. */
void ticker_open(struct chain *c);
/* Draw it, if it is time to; now is time_monotonic(). */
void ticker_look(struct chain *c, int64_t now);
/* The end has come: it is gone before anybody else learns of that. */
void ticker_close(struct chain *c);
/* Microseconds until then; INT64_MAX: there is none. */
int64_t ticker_pause(const struct chain *c, int64_t now);

#endif
