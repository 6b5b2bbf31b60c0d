/*
 * join_pair: the records that a join of two streams writes: the left fields,
 * then the right ones.  A name that both have is taken once when the inputs are
 * joined on it (from the side that has a value), else the right one becomes
 * right_NAME (right_right_NAME where that is taken).  Where the fields are not known before data flows, each record has
 * its own; nulls stand for those of the side's last record.
 */
#ifndef BIEF_JOIN_PAIR_H
#define BIEF_JOIN_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "floor/buf.h"
#include "value/record.h"
#include "runtime/options/opt.h"

struct join_pair {
	struct list names[2];  /* fields of the sides, as known */
	bool fixed[2];         /* ... before data flows: all have these */
	const struct list *on; /* names that both are joined on */
	uint64_t learned[2];   /* shapes that the names were learned from */
	/* private: the output for this pair of shapes */
	struct list own[2];
	struct list given; /* names of right fields in the output */
	uint64_t shape[2];
	struct shape *out;
	int64_t *from;  /* source of each output field: 2 * index + side */
	int64_t *other; /* the same when that one is missing; -1: none */
	uint32_t nout;
	struct slots slots;
	struct buf name;
};

/* on: the plain names that both sides are joined on, in any case of letters. */
void join_pair_init(struct join_pair *p, const struct list *on);
void join_pair_release(struct join_pair *p);
void join_pair_name(struct join_pair *p, int side, const char *name);
/* Take the names of a record; false: they were these already, or are fixed. */
bool join_pair_learn(struct join_pair *p, int side, const struct record *r);
/* What the i-th right field is called in the output, NULL: it is the left one.
 * To be asked for in order, from 0. */
const char *join_pair_right(struct join_pair *p, size_t i);
/* The pair as one record; one of the two may be NULL. */
void join_pair_make(struct join_pair *p, struct shapes *shapes,
	const struct record *left, const struct record *right,
	struct record *out);

#endif
