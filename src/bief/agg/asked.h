/*
 * asked: the keys of some records, by which their groups are looked for.
 *
 * All are asked for before the first is looked at, so that memory is waited for
 * once.  Records of one group that follow each other are a run, and asked for
 * once.
 */
#ifndef BIEF_ASKED_H
#define BIEF_ASKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value/recent.h"
#include "value/record.h"
#include "agg/taker.h"

#define ASKED 64 /* records, at most */

struct asked {
	size_t n; /* runs */
	uint32_t first[ASKED + 1];
	uint64_t key[ASKED + 1][RECENT_WORDS];
	uint64_t *row[ASKED]; /* NULL: not in a->recent */
	const uint64_t *rows; /* as it was then */
};

/* Is the state asked at once? */
static inline bool
asked_direct(const struct taker *a, const struct record *r)
{
	return a->direct > 0 && r->windows == NULL;
}

/* Those of r and the next ones, n in all, whose values stand at r.v, at r.v +
 * stride ... */
void asked_groups(struct taker *a, struct record r, size_t stride, size_t n,
	struct asked *ask);

#endif
