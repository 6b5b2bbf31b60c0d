/*
 * journal: what a source has received that cannot be read again.
 *
 * CHECKPOINT/journal/SOURCE/N.journal are the lines as they were passed on, in
 * pieces, each written when it is large enough or its batch ends.  Pieces that
 * a run has left behind are played by the next one; those of batches that every
 * sink has are deleted.
 *
 * A source that can ask for what comes after some place keeps a note of that
 * place: one line, which stands in front of each piece and in the mark.  It is
 * always the place behind the last line that the journal has.
 */
#ifndef BIEF_JOURNAL_H
#define BIEF_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "recovery/place.h"

struct err;
struct stage;

struct journal {
	struct place place;
	struct buf b;   /* the piece being gathered */
	struct buf old; /* the one being played ... */
	size_t old_at;  /* ... where its lines begin */
	int64_t first;  /* the oldest piece on disk */
	int64_t next;   /* number of the piece being gathered */
	int64_t at;     /* next piece to play; next: all have been */
	int64_t stop;   /* a batch run again ends before this one; -1 none */
	uint64_t bytes; /* on disk */
	bool checked;   /* all that will be played could be read */
	bool noted;     /* pieces begin with a note */
	struct buf note, stop_note;
	struct journal_end {
		int64_t batch, piece;
	} * ends; /* where batches not known to be committed end */
	size_t nends;
};

/* id: of the source. */
int journal_open(struct journal *j, const char *checkpoint, const char *id,
	struct err *err);
void journal_close(struct journal *j);

/* Before seek: there will be notes. */
void journal_keep_notes(struct journal *j);
/* The place behind what is added next. */
void journal_note(struct journal *j, const char *note);
/* Behind all that was played, "" where no place is known. */
const char *journal_noted(struct journal *j);

/* Lines that are passed on now. */
int journal_add(struct journal *j, const char *p, size_t n, struct err *err);

/*
 * Play the next piece to the stage's successor.  1: done so; 0: there is none,
 * go on with what comes; 2: the batch that is run again ends here; -1.
 */
int journal_play(struct journal *j, struct stage *st);

/* The position as JSON; all before it is durable from then on. */
int journal_mark(
	struct journal *j, int64_t batch, struct buf *out, struct err *err);
int journal_seek(
	struct journal *j, const char *from, const char *to, struct err *err);
/* Bytes that it holds, on disk or not yet. */
uint64_t journal_size(const struct journal *j);
/* Every sink has the batches up to this one. */
int journal_committed(struct journal *j, int64_t batch, struct err *err);

#endif
