/*
 * progress: --progress, a line per batch; private to the runtime.
 */
#ifndef BIEF_PROGRESS_H
#define BIEF_PROGRESS_H

struct batch;
struct stage;

/* At the end of a batch.  0, or -1 with st->err set. */
int progress_batch(struct stage *st, const struct batch *b);
void progress_close(struct stage *st);

#endif
