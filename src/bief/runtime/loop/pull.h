/*
 * pull: a chain driven by a source, private to the runtime.
 */
#ifndef BIEF_PULL_H
#define BIEF_PULL_H

struct chain;

/* Recorded batches again, then new ones, to the end.  0, or -1 with the chain's
 * err set. */
int pull_run(struct chain *c);

#endif
