/*
 * gather: groups of an aggregation that are counted on several threads.
 *
 * A clone knows the groups that it has met by numbers of its own, and counts in
 * them from nothing for each block.  What a block has made goes to the stage's
 * groups in the order in which the block has met them: so they are made, and
 * counted in, in the order of the input.
 */
#ifndef BIEF_GATHER_H
#define BIEF_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "value/recent.h"
#include "recovery/state/state.h"
#include "runtime/stage.h"
#include "agg/accum/runs.h"

struct query;

struct gather {
	bool ready; /* it has what it needs */
	struct runs runs;
	/* of a clone */
	struct buf log;
	struct buf counts;     /* where all that is done is to count records */
	bool forgotten;        /* the numbers are new ones */
	uint64_t id;           /* whose numbers they are */
	uint64_t known, fresh; /* groups met in this block: before, or not */
	state_ref newest;      /* of all that were met before */
	/* of the stage, for each clone: its numbers, as groups of ours */
	struct gather_map {
		struct gather_group {
			state_ref ref;
			uint32_t count; /* records that it has not had yet */
		} * to;
		size_t n;
		uint64_t id; /* the clone's */
	} map[STAGE_CLONES];
};

void gather_init(struct gather *g, const struct query *q);
void gather_release(struct gather *g);
/* The stage's groups may be others from now on. */
void gather_forget(struct gather *g);
/* Of a clone with nothing to do but to count: so many records of a group. */
static inline void
gather_count(struct gather *g, state_ref number, uint32_t n)
{
	uint64_t word = (uint64_t)n << 32 | number;

	buf_add(&g->counts, &word, sizeof(word));
	g->known += number <= g->newest;
}

/* The same of all that was counted there. */
void gather_recent(struct gather *g, struct recent *t);

/* As spread.give and take.  *seq is that of the next record: in a clone it
 * begins at 0 for each block. */
void gather_give(struct gather *g, struct query *q, struct stage *clone,
	struct buf *out, uint64_t *seq);
int gather_take(struct gather *g, struct query *q, struct stage *st, int by,
	const char *p, size_t n, uint64_t *seq);
/* Give the groups what they have not had yet: before anybody looks at them. */
void gather_flush(struct gather *g, const struct query *q, struct stage *st);

#endif
