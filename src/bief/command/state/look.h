/*
 * look: a stage of a checkpoint, opened to be looked at.  Nothing is locked and
 * nothing is written.
 */
#ifndef BIEF_LOOK_H
#define BIEF_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "floor/buf.h"
#include "recovery/place.h"
#include "runtime/chain.h"
#include "runtime/stagefile.h"

struct look {
	const char *dir; /* the checkpoint */
	struct place place;
	struct stagefile file;
	struct chain chain;
	struct stage *st;
	int status; /* of the chain */
	bool opened;
};
/* The stages, or the sinks, there are: their ids, in the order of the names of
 * their directories. */
void look_stages(const char *dir, struct list *ids);
/* Opened with no state.  0 or -1; look_close in any case. */
int look_open(struct look *l, const char *dir, const char *id, struct err *err);
/* The state after a batch of which the stage has a file. */
int look_at(struct look *l, int64_t batch, struct err *err);
/* The same of a batch that somebody named, who is told what there is. */
int look_named(struct look *l, int64_t batch, struct err *err);
void look_close(struct look *l);
/* The batches that can be looked at; -1, -1: none. */
int look_batches(const struct look *l, int64_t *oldest, int64_t *newest,
	struct err *err);
/* Where the stage stood after the newest batch that all sinks have; -1: it had
 * no part in any. */
int look_committed(const struct look *l, int64_t *batch, struct err *err);
/* Rows in state, as Spark counts them. */
int64_t look_rows(const struct look *l);
/* Append an entry as an object: 0, 1 for one that is not shown, -1. */
int look_show(struct look *l, state_ref r, struct buf *out, struct err *err);
/* Put the entry of an object into the state; NULL, first: empty it. */
int look_take(struct look *l, const struct value *object, struct err *err);
/* Is a source, a stage or a sink at work? */
bool look_alive(const char *dir);

#endif
