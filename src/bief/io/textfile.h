/*
 * textfile: a file of lines that is read to its end at one go, compressed or
 * not.
 *
 * No more of it is in memory than a block and a line.  Reading ends when the
 * process is told to stop.
 */
#ifndef BIEF_TEXTFILE_H
#define BIEF_TEXTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "floor/buf.h"

struct err;
struct inflate;

struct textfile {
	int fd;
	struct inflate *z;
	struct buf b;
	size_t at; /* bytes of b before this were handed out */
	bool cr;   /* b has a CR */
	bool eof;
	size_t line;            /* number of the last one, from 1 */
	size_t max_line;        /* 0: no limit */
	bool (*stopping)(void); /* NULL: never */
	struct stat seen;       /* the file, when it was opened */
};

/* "-" is standard input.  By its name (.gz, .zst) or its first bytes it is compressed.  0 or -1; release
 * it in any case. */
int textfile_open(struct textfile *f, const char *path, size_t max_line,
	bool (*stopping)(void), struct err *err);
void textfile_release(struct textfile *f);
/*
 * The next line, without its end (LF, CR LF or CR) and the mark of UTF-8 at the beginning.  JSON_PADDING bytes behind it are
 * readable, and it lives until the next call.  1, 0 at the end, -1.
 */
int textfile_line(
	struct textfile *f, const char **line, size_t *n, struct err *err);
/* Bytes of the text as they are, by one who reads no lines of it: > 0, 0 at the
 * end, -1. */
ssize_t textfile_read(struct textfile *f, char *p, size_t n, struct err *err);
/* The first line, without taking it: as textfile_line. */
int textfile_peek(
	struct textfile *f, const char **line, size_t *n, struct err *err);

#endif
