/*
 * plainout: rows of plain text, batch by batch, into a file that is replaced as
 * a whole after each batch, or into text for standard output.
 *
 * What the file holds: in mode complete the last result; in mode update the
 * newest row of each key, in the order in which the keys came; else all rows of
 * this run.
 */
#ifndef BIEF_PLAINOUT_H
#define BIEF_PLAINOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "io/replace.h"
#include "runtime/plan/plan.h"
#include "sinks/plaintext.h"

struct err;
struct record;
struct state;

struct plainout {
	struct plaintext rows;
	/* options */
	const char *path; /* NULL: what is to be printed is in text */
	bool no_header;
	uint64_t most; /* rows of a batch; 0: all */
	enum mode mode;
	bool fixed;         /* the columns are known from the plan */
	struct state *kept; /* of mode update with keys; else NULL */
	/* private */
	struct buf text;
	uint64_t count;  /* rows of this batch */
	uint64_t tables; /* that have been begun */
	uint64_t seen;   /* rows kept so far */
	bool begun;      /* this table has its header */
	struct replace file;
	int last; /* mode append: the file of the batch before, or -1 */
};

void plainout_init(struct plainout *o, enum plaintext_kind kind);
void plainout_release(struct plainout *o);
/* Add the record that plaintext_bind() has taken; key: with kept. */
int plainout_add(struct plainout *o, const struct record *r,
	const struct buf *key, struct err *err);
/* The batch ends; shown: a table is due although no row has come. */
int plainout_batch(struct plainout *o, bool shown, struct err *err);
/* The input has ended: there is a file, and a header, even without rows. */
int plainout_end(struct plainout *o, struct err *err);

#endif
