/*
 * lend: stages that a program has its neighbour in front work for.
 *
 * The reader of a ring tells its writer which of its stages may be cloned, by
 * what words they were opened, and what they know by now; and behind these the
 * stages of its own neighbour, if that has lent them.  The writer's blocks go
 * through clones of all of them, and what comes of that for the reader's stages
 * goes to the reader (ship.h), where it happens.  So a pipeline of processes does
 * what one process would, and each still says, counts, refuses and keeps what is
 * its own.
 *
 * Only a writer with the same environment and directory takes them, for
 * expressions and files may depend on these.
 */
#ifndef BIEF_LEND_H
#define BIEF_LEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "runtime/phase.h"
#include "runtime/stage.h"

struct chain;

/* --max-line as it is by default, in bytes: whoever lends takes lines of as many,
 * and whoever works for it hands on no longer ones. */
#define LEND_LINE ((size_t)16 << 20)

/* Append the stages of a chain before end, and what another has lent (nothing
 * where behind is empty).  image: behind them is a stage that takes the records
 * itself. */
void lend_write(const struct chain *c, int end, bool image,
	const struct buf *behind, struct buf *out);
/* Is what another has lent good for us?  And in this batch? */
bool lend_suits(const struct buf *text);
bool lend_is_of(const struct buf *text, int64_t batch);

struct lent_stage {
	const struct op *op;
	char **words; /* of the command line, NULL ends them */
	bool image;   /* records are only written down for it */
	bool first;   /* of its process: what comes to it is what header says */
	bool windows; /* it takes records with windows set */
	const char *header; /* the line; nothing without control lines */
	size_t nheader;
	/* as it is now */
	int on_error;
	unsigned hups;
	enum phase phase;
	struct batch now;
	const char *told; /* what it knows (struct spread) */
	size_t ntold;
};

struct lent {
	struct lent_stage *stages;
	int n;
	struct buf text; /* what they point into, ... */
	struct buf news; /* ... but for what has been told since */
};

/* NULL: it is damaged, or not for us. */
struct lent *lend_read(const char *p, size_t n);
/* Another has come: are the same stages lent, by the same words?  Then l has what
 * they know by now. */
bool lend_renew(struct lent *l, const struct lent *other);
/* May what the i-th gives of a block be what it alone can go on with? */
bool lend_holds(const struct lent *l, int i);
void lend_free(struct lent *l);

#endif
