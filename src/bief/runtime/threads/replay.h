/*
 * replay: what a block has led to happens, in its turn.
 */
#ifndef BIEF_REPLAY_H
#define BIEF_REPLAY_H

struct block;
struct chain;
struct clone;

/* 0, or -1 with the chain's err set and the stage that has failed. */
int replay_block(struct chain *c, struct clone *x, const struct block *b);

#endif
