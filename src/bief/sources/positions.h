/*
 * positions: where a source of files stands, in a checkpoint.
 *
 * A position is the text {"log":N,"since":NS,"at":{...}}: the files that pieces
 * up to N of a log tell of are done, so are all that were modified before since;
 * at is the one that was being read:
 *
 *	{"file":PATH,"time":MTIME_NS,"offset":BYTES,"inode":I,"birth":NS,
 *	 "head":CRC,"tail":CRC,"cut":true}
 *
 * (inode: of a followed file; birth: when the file was born; head, tail: CRC-32C
 * of its first 512 bytes and of the last 512 before offset, or of as many as
 * there are; cut: offset is inside a line that was refused.)
 * CHECKPOINT/files/SOURCE/N.files is the log's piece of batch N, the files done
 * in it in the order of reading; a whole one has all that were done so far:
 *
 *	{"after":N,"whole":true,
 *	 "done":[{"in":DIRECTORY,"files":{NAME:MTIME_NS,...},
 *	          "inodes":{NAME:[INODE,BIRTH_NS],...}},...]}
 *
 * after is the piece before it, -1 if there was none; inodes: of files that are
 * known by them.
 * A name that is not UTF-8 is written as NUL and one character for each byte.
 * So a batch costs what it has read, not what has ever been read.
 */
#ifndef BIEF_POSITIONS_H
#define BIEF_POSITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recovery/place.h"

struct buf;
struct err;
struct file;
struct files;

struct positions {
	struct place place;
	int64_t last;   /* newest piece that is good; -1 none */
	int64_t whole;  /* newest whole piece; -1 none */
	int64_t nwhole; /* files in it */
	int64_t nsince; /* files in the pieces since then */
};

void positions_init(struct positions *p);
/* id: of the source. */
int positions_open(struct positions *p, const char *checkpoint, const char *id,
	struct err *err);
void positions_close(struct positions *p);

/* Write what is new to the log, then the position; at: the file that is being
 * read, or NULL. */
int positions_mark(struct positions *p, struct files *f, const struct file *at,
	int64_t batch, struct buf *out, struct err *err);
/* A batch has been run again: the log has the files that are done. */
void positions_logged(struct files *f);
/* Take the text of a piece: files that are done, or again those of a batch.
 * JSON_PADDING bytes behind it are readable. */
int positions_piece(struct files *f, const char *text, size_t n, bool again,
	struct err *err);
/*
 * Go to a position (NULL: the start).  The file being read stands first in the
 * queue.  With to the queue becomes what was read between from and to, and
 * nothing else.
 */
int positions_seek(struct positions *p, struct files *f, const char *from,
	const char *to, struct err *err);

#endif
