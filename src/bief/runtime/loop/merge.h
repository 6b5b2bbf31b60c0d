/*
 * merge: a chain whose first operator reads several inputs, private to the
 * runtime.
 */
#ifndef BIEF_MERGE_H
#define BIEF_MERGE_H

struct chain;

/* From the first lines to the end of all.  0, or -1 with the chain's err set. */
int merge_run(struct chain *c);

#endif
