/*
 * session: sessions of a key in a state, which grow together.
 *
 * For each key there is an entry with its sessions in order of time, for each
 * session one with its accumulators; that one is due at the session's end.
 */
#ifndef BIEF_SESSION_H
#define BIEF_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "agg/accum/accums.h"
#include "agg/groups.h"

/* What stands before the accumulators in the value of a session. */
struct session {
	int64_t end;
};

/*
 * The session that holds a record of [start, end): an old one, several that
 * have become one, or a new one.  key is the key of the record, its head will
 * be changed; *count, the number of sessions, is kept right.  STATE_NONE with a
 * message when there is no room.
 */
state_ref session_take(struct state *s, const struct groups *g,
	const struct accums *acc, struct buf *key, const struct span *w,
	bool due, size_t *count, struct err *err);
/* Enter a session, whose entry has been made, in the list of its key.  -1: it
 * touches another one. */
int session_enter(struct state *s, const struct groups *g, struct buf *key,
	const struct span *w, struct err *err);
/* Forget a session; all that the watermark has passed will be forgotten. */
void session_drop(struct state *s, const struct groups *g, state_ref r,
	int64_t watermark);

#endif
