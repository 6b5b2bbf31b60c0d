/*
 * extent: what is read of topics: from where, how far, and how far in a batch.
 *
 * What has to be asked of the brokers is asked once a call, as in topics.h: 1, it
 * is known; 0, it is not, call again; -1 with a message.
 */
#ifndef BIEF_EXTENT_H
#define BIEF_EXTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sources/kafka/bounds.h"
#include "sources/kafka/topics.h"

struct stage;

enum extent_loss { EXTENT_LOSS_FAIL, EXTENT_LOSS_WARN };

struct extent {
	struct topics topics;
	const char *pattern; /* of their names, as users wrote it; NULL */
	struct bounds from, to;
	int64_t max_records; /* of a batch, in all; 0: what there is */
	int on_data_loss;    /* enum extent_loss */
	bool ends;           /* at the goal of each partition */
	bool resumed;        /* from a position: what is new is read whole */
	bool known;          /* where to begin and to end is */
	size_t at;           /* the partition that is being read */
	/* private */
	int64_t looked_us; /* 0: look at once */
	bool none_told;    /* that no topic matches */
};

/* Which partitions are there?  Asked at most once a second; those that have been
 * deleted are lost, as --on-data-loss says. */
int extent_look(struct extent *x, struct stage *st);
/* Look at the next call, whenever the last one was. */
void extent_look_again(struct extent *x);
/* Where partitions begin that have no start yet. */
int extent_starts(struct extent *x, struct stage *st);
/* Where reading ends, if it does. */
int extent_goals(struct extent *x, struct stage *st);
/* Where the batch ends that begins here. */
int extent_ends(struct extent *x, struct stage *st);
/* The brokers do not have the offset that is next: go on at one that they have.
 * Waits for them; 0 or -1. */
int extent_jump(struct extent *x, struct stage *st, struct topics_part *p);
/* Is there more than what has been read, as far as is known? */
bool extent_more(const struct extent *x);
void extent_release(struct extent *x);

#endif
