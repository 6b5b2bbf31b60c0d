/*
 * retry: when to try again what has failed.
 *
 * Pauses double from one failure to the next, up to a most, and are made up to
 * a quarter longer at random, so that many that have lost one server do not
 * come back as one.
 */
#ifndef BIEF_RETRY_H
#define BIEF_RETRY_H

#include <stdint.h>

#define RETRY_FOR_EVER INT64_MAX

struct retry {
	int64_t first_us, most_us; /* pauses */
	int64_t limit;             /* tries after the first one */
	int64_t failures;          /* in a row */
};

/* It has failed: the pause until the next try, which is no shorter than
 * least_us; or -1, there were enough. */
int64_t retry_pause(struct retry *r, int64_t least_us);

#endif
