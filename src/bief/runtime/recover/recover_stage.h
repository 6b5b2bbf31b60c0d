/*
 * recover_stage: the part of a stage that keeps state in a checkpoint, private
 * to the runtime.  The order of the calls is in recover_stage.c, and asserted.
 */
#ifndef BIEF_RECOVER_STAGE_H
#define BIEF_RECOVER_STAGE_H

struct batch;
struct buf;
struct plan;
struct stage;
struct stage_recovery;

/* Take its place, and give st->state what it was; p is its out, in are its n
 * inputs. */
int recover_stage_open(
	struct stage *st, const struct plan *in, int n, const struct plan *p);
void recover_stage_begin(struct stage *st, const struct batch *b);
int recover_stage_end(struct stage *st, const struct batch *b);
void recover_stage_finish(struct stage *st);
void recover_stage_free(struct stage_recovery *s);
/* What a stage's state depends on, one a line: its options; its operands or,
 * where these are inputs, the stages behind them; what else it says. */
void recover_stage_options(
	struct stage *st, const struct plan *in, int n, struct buf *out);

#endif
