/*
 * join_rows: the rows that a join of two streams keeps, by side and key, in the
 * order in which they came.
 *
 * State entries:
 *	'R' id(7)          a row: struct join_row, key bytes, the record's text
 *
 * The id has the side in its lowest bit.  What leads from row to row is of no
 * meaning in a file: it is made anew when rows are taken up.  Rows that nobody
 * saves stand elsewhere (join_store.h).
 */
#ifndef BIEF_JOIN_ROWS_H
#define BIEF_JOIN_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "floor/buf.h"
#include "value/record.h"
#include "value/record_read.h"
#include "recovery/state/state.h"
#include "join/join_ahead.h"
#include "join/join_index.h"

struct err;

struct join_rows {
	struct state *state;
	struct err *err;
	uint64_t next_id; /* ids count up, over restarts too */
	int64_t count;    /* rows of both sides */
	bool unnamed;     /* nobody asks for a row by its id */
	struct record_reader reader[2];
	struct join_store store;
	struct join_index index[2];
	struct buf text[2];
};

void join_rows_init(
	struct join_rows *j, struct shapes *shapes, struct err *err);
void join_rows_release(struct join_rows *j);
/* Take up a state that may hold rows, also of older versions.  0 or -1.  own:
 * it holds none, and all will go at once (join_store.h). */
int join_rows_restore(struct join_rows *j, struct state *state, bool own);

/* Records of this side are about to come that have these keys: what they will
 * meet is to be at hand, and where they will be put, if they are kept. */
void join_rows_ahead(const struct join_rows *j, int side,
	struct join_ahead *ahead, bool kept);
/* The first row of a key, or STATE_NONE. */
state_ref join_rows_first(
	const struct join_rows *j, int side, const struct join_key *key);
/* The same, if none of this side has come or gone since join_rows_ahead() said
 * what is met. */
state_ref join_rows_met(const struct join_rows *j, int side,
	const struct join_key *key, state_ref met);
/* The row of this id, or STATE_NONE. */
state_ref join_rows_find(struct join_rows *j, int side, uint64_t id);
/* The record of a row; it lives until the next call for this side.  0 or -1. */
int join_rows_record(
	struct join_rows *j, int side, state_ref row, struct record *r);
/* Is this entry a row?  Sets its side and id. */
bool join_rows_is(
	const struct join_rows *j, state_ref entry, int *side, uint64_t *id);

/* Keep a record; due: STATE_NEVER or when it goes.  0 or -1. */
int join_rows_keep(struct join_rows *j, int side, const struct join_key *key,
	const struct record *r, bool matched, int64_t due);
void join_rows_drop(struct join_rows *j, int side, state_ref row);

/* For bief state: show() of a row, and the row of a number back, behind those
 * of its key. */
int join_rows_show(struct join_rows *j, state_ref row,
	const char *const sides[2], struct buf *out);
int join_rows_take(struct join_rows *j, int side, uint64_t id,
	const struct value *value, size_t nkeys);

#endif
