/*
 * replay: what a block has led to happens, in its turn.
 */
#ifndef BIEF_REPLAY_H
#define BIEF_REPLAY_H

#include <stdbool.h>

struct block;
struct chain;
struct lent;
struct unpack;

/* Whose the stages of a block are. */
struct replay_of {
	int first; /* the chain's stage that its first one is */
	int own;   /* so many are the chain's, those behind a neighbour's */
	struct unpack *unpack;   /* of each of the chain's */
	const struct lent *lent; /* the neighbour's; NULL: not by us */
	bool holds; /* out: a neighbour's stage is in the midst of something */
};

/* 0, or -1 with the chain's err set and the stage that has failed. */
int replay_block(struct chain *c, struct replay_of *of, const struct block *b);

#endif
