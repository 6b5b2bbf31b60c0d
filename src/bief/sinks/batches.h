/*
 * batches: the table _bief_batches beside tables that are written, which says
 * what batches they have, and of whom.  Here is what follows from what it says,
 * whichever database it is in.
 */
#ifndef BIEF_BATCHES_H
#define BIEF_BATCHES_H

#include <stdbool.h>
#include <stdint.h>

struct err;

#define BATCHES_NONE (-2) /* it says nothing of this checkpoint */

/* What is known of the table and of the checkpoint. */
struct batches {
	bool exists; /* the table does */
	bool told;   /* the user said --mode: what is there is meant */
	int64_t committed, start; /* as in dbtable_options */
	bool *lost;
	/* what _bief_batches says: */
	int64_t newest; /* of this checkpoint, or BATCHES_NONE */
	bool made;      /* the table was there with it */
	bool others;    /* it knows other checkpoints */
};

/*
 * 0: *known, whether it knows this checkpoint, and *newest, the batch that is
 * there.  -1, STATUS_DAMAGED: the table is older than the checkpoint, or of
 * another one.
 */
int batches_judge(
	const struct batches *b, bool *known, int64_t *newest, struct err *err);
/* The table is gone, or older than the checkpoint: -1; *lost is set. */
int batches_lost(bool *lost, int64_t batch, struct err *err);
/* A run without a checkpoint would break what the table's own promises: -1. */
int batches_owned(struct err *err);
/* There are some, and nobody knows what to do with them: -1. */
int batches_rows(struct err *err);

#endif
