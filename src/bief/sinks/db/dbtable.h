/*
 * dbtable: a table in SQLite that holds a stream's result.
 *
 * The rows of a batch are gathered in a temporary table, so that nobody waits
 * for a lock while a batch is under way, and go over in one transaction with
 * the batch's number: who reads the table sees whole batches, and a batch that
 * is there is not written twice.
 *
 *	_bief_batches   which batches are there:
 *	  name          the table
 *	  checkpoint    identity of the checkpoint they belong to
 *	  sink          which of its sinks wrote them
 *	  batch         number of the newest; -1 none yet
 *	  made          1 when the table was there after that, else 0
 */
#ifndef BIEF_DBTABLE_H
#define BIEF_DBTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/plan/plan.h"

struct dbtable;
struct err;
struct record;

struct dbtable_options {
	const char *path;
	const char *table;
	enum mode mode; /* MODE_NONE: not known; the table must be empty */
	bool told;      /* the user said so: rows that are there are meant */
	const struct list *keys;     /* for MODE_UPDATE; at least one.  Those
	                                 that no record has are none, unless
	                                 told */
	const struct schema *fields; /* what is known of them, or NULL */
	const char *identity; /* of the checkpoint, or NULL; then also: */
	const char *sink;     /* its id there */
	int64_t committed;    /* newest batch that it has committed, -1 */
	int64_t start;        /* if none, what it need not have, -1 */
	bool *lost;           /* set when that is not in the table */
};

/*
 * Open the database and look at the table; where fields are known it is made,
 * else with the first rows: nobody sees a database without it.
 * NULL with a message: STATUS_USAGE when the table has rows and nobody knows
 * what to do with them, STATUS_DAMAGED when it is of another checkpoint.  What
 * o points to must outlive the table.
 */
struct dbtable *dbtable_open(const struct dbtable_options *o, struct err *err);
void dbtable_close(struct dbtable *t);

/* True if the batch is there already: add nothing of it. */
bool dbtable_has(const struct dbtable *t, int64_t batch);
/* 0; 1: the record cannot be a row, and why; -1. */
int dbtable_add(struct dbtable *t, const struct record *r, struct err *err);
/* Write what was added since the last call; readers see it after the commit.
 * Where nothing was added and same is true, a complete result is the one that
 * is there. */
int dbtable_write(struct dbtable *t, int64_t batch, bool same, struct err *err);
int dbtable_commit(struct dbtable *t, struct err *err);
/* The stream has ended: is all that was written where it belongs? */
int dbtable_end(struct dbtable *t, struct err *err);

#endif
