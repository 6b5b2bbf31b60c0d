/*
 * infile: the file that a source of files is at.
 *
 * It is opened where a position says, if it is still the one that was read
 * there, and read to its end.  One that grows (grow) is known by its inode: it
 * is followed under new names, read again from its start when it has been cut
 * off or written over, and given up for the next file of its name when nobody
 * writes it any more.
 */
#ifndef BIEF_INFILE_H
#define BIEF_INFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "sources/reader.h"

struct file;
struct stage;

struct infile {
	struct reader r;
	struct file *file; /* the owner sets it; NULL: none */
	bool again;        /* a batch is run again, to file->end */
	bool grow;         /* it is followed */
	bool ends;         /* what comes after the start is for another run */
	bool skip_damaged; /* leave out what cannot be decompressed */
	bool quotes;       /* it has some: its end is told */
	uint64_t vanished; /* files that were gone before they were read */
	/* private: of a file that grows */
	int notify;
	bool missed;          /* its absence has been told */
	int64_t replaced_us;  /* since when its name is another file's; 0 */
	bool at_rest;         /* ... and nobody writes it: read on once more */
	uint64_t limit;       /* its size at the start (ends) ... */
	uint64_t limit_inode; /* ... when it was this file */
};

/* Zeroed memory before options are parsed; reader_init(&in->r) is for open. */
void infile_init(struct infile *in);
void infile_release(struct infile *in);
/* in->file becomes the one of this path, which need not be there yet; grow is
 * set, and ends where it is so.  0 or -1. */
int infile_follow(struct infile *in, struct stage *st, const char *path);
/* Open in->file.  1, 0 when there is nothing (more) of it, which has been told,
 * -1. */
int infile_open(struct infile *in, struct stage *st);

/* What there is to do when nothing whole is left in in->r.lines. */
enum infile_step {
	INFILE_MORE, /* look at the lines, or open again if none is open */
	INFILE_WAIT, /* there is nothing now */
	INFILE_STOP, /* again: where the batch ended is reached */
	INFILE_END,  /* ends: all that there was is read */
	INFILE_DONE  /* the file is: infile_finish */
};
/* Read on in the file that is open.  enum infile_step or -1. */
int infile_fill(struct infile *in, struct stage *st);
/* Close it; *it is the caller's to give to files_done. */
struct file *infile_finish(struct infile *in, struct stage *st);

/* The descriptor that tells of the file that grows, read empty; -1: none. */
int infile_notify(const struct infile *in);
/* Bytes of the file, as it lies there, that have been read. */
uint64_t infile_place(const struct infile *in);
/* Note in in->file how far it has been read. */
void infile_mark(struct infile *in);
/* Its path, for messages. */
char *infile_quoted(const struct infile *in, char q[300]);

#endif
