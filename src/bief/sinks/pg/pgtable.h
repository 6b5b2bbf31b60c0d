/*
 * pgtable: a table in PostgreSQL that holds a stream's result.
 *
 * The rows of a batch are gathered as the text of a COPY, up to 8 MiB, and go
 * over in one transaction with the batch's number: who reads the table sees
 * whole batches, and a batch that is there is not written twice.  What is
 * gathered can be sent again, to a server that was gone in between; of a larger
 * batch the transaction is open from when it became that.
 *
 *	_bief_batches   beside the table, as in dbtable.h
 *
 * A transaction begins with the batch's number, so that one of an earlier
 * process that the server has not yet given up is waited for.
 */
#ifndef BIEF_PGTABLE_H
#define BIEF_PGTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/plan/plan.h"

struct err;
struct pgtable;
struct record;

struct pgtable_options {
	const char *conninfo;
	const char *table; /* NAME or SCHEMA.NAME */
	enum mode mode;    /* MODE_NONE: not known; the table must be empty */
	bool told;         /* the user said so: rows that are there are meant */
	const struct list *keys;     /* for MODE_UPDATE */
	const struct schema *fields; /* what is known of them, or NULL */
	bool add_columns;            /* for fields that a table lacks */
	int64_t wait_us;             /* for a server that cannot be reached */
	bool (*stopping)(void);
	/* To be told of: arg, and what there is to say. */
	void (*say)(void *arg, const char *what);
	void *arg;
	const char *identity; /* of the checkpoint, or NULL; then also: */
	const char *sink;     /* its id there */
	int64_t committed;    /* newest batch that it has committed, -1 */
	int64_t start;        /* if none, what it need not have, -1 */
	bool *lost;           /* set when that is not in the table */
};

/* Is that the name of a table?  0, or -1, STATUS_USAGE. */
int pgtable_check(const char *table, struct err *err);

/*
 * Connect and look at the table; where fields are known it is made, else with
 * the first rows.  NULL with a message: STATUS_USAGE when its columns do not
 * fit or it has rows and nobody knows what to do with them, STATUS_DAMAGED when
 * it is of another checkpoint.  What o points to must outlive the table.
 */
struct pgtable *pgtable_open(const struct pgtable_options *o, struct err *err);
void pgtable_close(struct pgtable *t);

/* A batch begins.  True if it is there already: add nothing of it. */
bool pgtable_begin(struct pgtable *t, int64_t batch);
/* 0; 1: the record cannot be a row, and why; -1. */
int pgtable_add(struct pgtable *t, const struct record *r, struct err *err);
/* Write what was added; readers see it after the commit.  Where nothing was
 * added and same is true, a complete result is the one that is there. */
int pgtable_write(struct pgtable *t, bool same, struct err *err);
int pgtable_commit(struct pgtable *t, struct err *err);

#endif
