/*
 * batchenv: what a command that is run for a batch finds in its environment:
 *
 *	BIEF_BATCH_ID    the batch's number: the same when it is run again
 *	BIEF_BATCH_TIME  when it began
 *	BIEF_WATERMARK   as far as time has got; empty: there is none
 *	BIEF_CHECKPOINT  the checkpoint's directory; empty: there is none
 */
#ifndef BIEF_BATCHENV_H
#define BIEF_BATCHENV_H

struct batch;
struct child;
struct stage;

void batchenv_set(
	struct child *c, const struct stage *st, const struct batch *b);

#endif
