/*
 * loop: what the loops that drive a chain share, private to the runtime (feed.c,
 * pull.c, merge.c, rerun.c).
 */
#ifndef BIEF_LOOP_H
#define BIEF_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chain;

#define LOOP_FDS 1024 /* descriptors that a source may wait for */

/* A signal has told us to stop, and nothing has been heard for two seconds since:
 * call it when there may be news. */
struct loop_silence {
	bool told;
	int64_t since_us;
};
bool loop_silent(struct loop_silence *s, bool heard);
/* The time (time_now) by which that may be so; INT64_MAX: nobody told us. */
int64_t loop_silence_due(void);
/* Answer SIGUSR1 and SIGHUP. */
void loop_signals(struct chain *c);
/* Batches by the clock in the middle of the chain.  0 or -1. */
int loop_ticks(struct chain *c);
/* While it has its hands full: tell bief ps and the terminal now and then; now
 * is time_monotonic(). */
void loop_tell(struct chain *c, int64_t now);
/* Hand on all that is there.  0 or -1. */
int loop_flush(struct chain *c);
/* The same, then wait for descriptors, a deadline (time_now), a tick,
 * a signal, or the reader's going away (which ends the process).  0 or -1. */
int loop_wait(struct chain *c, struct pollfd *fds, int n, int64_t deadline);

#endif
