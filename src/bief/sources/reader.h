/*
 * reader: the lines of one file: plain or compressed, a pipe, or one that
 * grows, is rotated and truncated while it is read.
 */
#ifndef BIEF_READER_H
#define BIEF_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sources/identity.h"
#include "sources/lines.h"

struct err;
struct inflate;

struct reader {
	int fd; /* -1: none is open */
	struct lines lines;
	bool waits; /* a pipe or such: poll fd before reading */
	bool ended; /* nothing more will be read; the rest of lines is left */
	uint64_t stop;  /* read no further than this */
	uint64_t inode; /* of the file that is open */
	bool grows;     /* look whether what was read of it is still there */
	struct identity seen; /* of it, up to its end at ... */
	int64_t seen_ns;      /* ... this time of modification; 0: none yet */
	uint64_t seen_at;     /* ... this place */
	char *path;
	struct inflate *z;
	struct parquet_text *parquet; /* instead of it */
};

/* Standard input, as a path. */
#define READER_STDIN "/dev/stdin"

void reader_init(struct reader *r);
void reader_release(struct reader *r);
/*
 * Open a file at a place (of its uncompressed bytes; cut: inside a line that
 * was refused).  1, 0 if it is not there any more, -1.
 */
int reader_open(struct reader *r, const char *path, uint64_t start, bool cut,
	struct err *err);
void reader_close(struct reader *r);

/* Read once into lines.  -1 with a message; READER_GONE: the file is not there
 * any more, as network file systems say it. */
enum {
	READER_SOME, /* something was read */
	READER_WAIT, /* nothing now */
	READER_STOP, /* r->stop is reached */
	READER_END,  /* end of file */
	READER_GONE,
	READER_DAMAGED, /* with a message: compressed data that are no such */
	READER_CHANGED  /* grows: what was read of it is not there any more */
};
int reader_fill(struct reader *r, struct err *err);

/*
 * Of a file that grows, at its end: what has become of it?  -1: cannot look.
 */
enum {
	READER_SAME,     /* it is what it was */
	READER_CUT,      /* it has been truncated: read from the start */
	READER_REPLACED, /* its path is another file now: *inode */
	READER_MISSING   /* its path is gone; another file may come */
};
int reader_look(const struct reader *r, uint64_t *inode, struct err *err);
/* The path of the file with this inode in the directory of path, or NULL. */
char *reader_find(const char *path, uint64_t inode);
/*
 * A file that had this path after the one of this inode (or, when that is gone,
 * this time of birth) and has been renamed since: log.1, log-20261121.  The
 * oldest of them: its inode, 0 if there is none.
 */
uint64_t reader_between(const char *path, uint64_t inode, int64_t birth_ns);

/* What the file is to be known by, read up to this place of it. */
void reader_identify(
	const struct reader *r, uint64_t place, struct identity *id);
/* Is it the one that was read up to this place? */
bool reader_is(const struct reader *r, const struct identity *id,
	uint64_t place, bool cut);

#endif
