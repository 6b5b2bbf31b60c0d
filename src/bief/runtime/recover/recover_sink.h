/*
 * recover_sink: the part of a sink in a checkpoint, private to the runtime.  The
 * order of the calls is in recover_sink.c, and asserted.
 */
#ifndef BIEF_RECOVER_SINK_H
#define BIEF_RECOVER_SINK_H

#include <stdint.h>

struct batch;
struct plan;
struct sink_recovery;
struct stage;

/* Take its place, and learn what it has; p is its out. */
int recover_sink_open(struct stage *st, const struct plan *p);
int recover_sink_ready(struct stage *st);
int recover_sink_begin(struct stage *st, const struct batch *b);
int recover_sink_end(struct stage *st, const struct batch *b);
void recover_sink_finish(struct stage *st);
void recover_sink_free(struct sink_recovery *s);

/* For operators, whether there is a checkpoint or not: stage_committed,
 * stage_committed_mark, stage_elsewhere of stage.h. */
int64_t recover_sink_committed(const struct stage *st, int64_t *start);
const char *recover_sink_mark(const struct stage *st);
int recover_sink_elsewhere(struct stage *st);

#endif
