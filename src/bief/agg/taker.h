/*
 * taker: what takes the records of an aggregation into their groups.
 *
 * It is the first part of agg's own struct, so that STAGE(st, taker) is it.
 * When groups are written, and forgotten, is for agg.c to know.
 */
#ifndef BIEF_TAKER_H
#define BIEF_TAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value/recent.h"
#include "window/frame.h"
#include "agg/aggmode.h"
#include "agg/gather.h"
#include "agg/query.h"

struct record;
struct stage;
struct state;

/* Where a record is counted.  taker_choose() says so, once for the whole run,
 * as soon as it is known whether records carry windows. */
enum taker_way {
	WAY_UNKNOWN, /* the first record will show */
	WAY_COUNT,   /* in one group, or slice, where there is nothing to do but
	              * to count: that stands in recent until the batch ends */
	WAY_GROUP,   /* in one group, or slice; recent knows where it is */
	WAY_SETS,    /* in a group of each grouping set */
	WAY_SESSION  /* in a session of its key */
};

struct taker {
	struct query q;
	struct aggmode m; /* and what the plan makes of it */
	enum taker_way way;
	int64_t late; /* what is not later than this is late */
	uint64_t seq; /* of records */
	size_t nsessions;
	struct state *late_groups; /* of this batch */
	struct recent recent;
	/* Where most groups are not in recent: so many more times those of some
	 * records are asked of the state itself, by their keys, end to end */
	unsigned direct;
	bool runs; /* most records are of the group of the one before */
	struct buf keys;
	struct frame frame;
	struct gather gather;
};

/* Now it is known whether records carry windows; own: and a field "window",
 * too. */
int taker_decide(struct stage *st, bool windowed, bool own);
void taker_choose(struct stage *st);
/* Whoever looks may not have thought of the windows of a result. */
void taker_tell_windows(struct stage *st);

/* As op.record and op.records. */
int taker_record(struct stage *st, struct record *r);
int taker_records(
	struct stage *st, const struct record *like, size_t stride, size_t n);

#endif
