/*
 * phase: where an operator stands in the order of its calls (stage.h), private
 * to the runtime.  A call out of that order is a fault of the runtime's own, and
 * ends the process before it can do harm: recovery is as after a kill.
 */
#ifndef BIEF_PHASE_H
#define BIEF_PHASE_H

struct stage;

/*
 * What may be trusted in a stage, and which call leaves it:
 *
 *   NEW      its words are there.                       -> open
 *   OPENED   options are in its struct and agree.       -> plan
 *   PLANNED  in and out are known; state is empty.      -> restore
 *   READY    state is that after the last batch; a
 *            stream without control lines gives its
 *            records now, and is one batch at its end.  -> begin, or the end
 *   BATCH    a batch is open: records come.             -> batch (READY)
 *   ENDED    nothing more comes.                        -> close
 */
enum phase {
	PHASE_NEW,
	PHASE_OPENED,
	PHASE_PLANNED,
	PHASE_READY,
	PHASE_BATCH,
	PHASE_ENDED
};

/* Go on to a phase, from one that leads there. */
void phase_enter(struct stage *st, enum phase to);
/* A record is about to be given, or something is emitted: may it? */
void phase_check_record(const struct stage *st);
/* One that only stands for another takes records at any time: what that one
 * makes batches of begins one by its first record. */
void phase_stand_in(struct stage *st);

#endif
