/*
 * joinnames: the names of the fields of each side in the state of a join of two
 * streams, where no plan has them: what is written for a row that has found no
 * other has nulls by these names, after a restart too.
 *
 * State entries:
 *	'N' side           the names of the side's fields
 */
#ifndef BIEF_JOINNAMES_H
#define BIEF_JOINNAMES_H

#include "recovery/state/state.h"

struct buf;
struct err;
struct join_pair;
struct record;
struct stage;
struct value;

/* What the sides are called in entries that are shown: by SQL_LEFT. */
extern const char *const joinnames_sides[2];

/* Remember the names of a side when a record shows other ones.  0 or -1. */
int joinnames_learn(struct join_pair *pair, struct stage *st, int s,
	const struct record *r);
void joinnames_restore(struct join_pair *pair, struct state *state);
/* For bief state. */
void joinnames_show(const struct stage *st, state_ref ref, struct buf *out);
int joinnames_take(
	struct stage *st, const struct value *object, state_ref *made);
/* The key of an entry that is taken back, and its side.  0 or -1. */
int joinnames_side(const struct value *object, struct value *key, int *side,
	struct err *err);

#endif
