/*
 * feed: a chain driven by its one input, private to the runtime.
 */
#ifndef BIEF_FEED_H
#define BIEF_FEED_H

struct chain;

/* From the first line to the end.  0, or -1 with the chain's err set. */
int feed_run(struct chain *c, int in_fd);

#endif
