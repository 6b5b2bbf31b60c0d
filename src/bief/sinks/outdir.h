/*
 * outdir: a directory that grows by the files of each batch, all of a batch or
 * none.
 *
 * Files are written under temporary names, .part-00007.json.tmp, renamed when
 * the batch is complete, and then listed in the log.  Who reads what the log
 * lists sees each batch once; who reads the directory may, after a crash, see
 * files of a batch that will be written again under the same names.
 *
 *	_bief_log/checkpoint   identity of the checkpoint that writes here
 *	_bief_log/0000000007   entry 7, lines of JSON:
 *	    {"version":2,"checkpoint":"...","batch":12}     null without one
 *	    {"path":"day=1/part-00007.json","bytes":812,"records":10}  each file
 *	    {"crc32c":"0a1b2c3d"}                  of the lines before it
 */
#ifndef BIEF_OUTDIR_H
#define BIEF_OUTDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct outdir;
struct outfile;

struct outdir_options {
	const char *path;
	const char *suffix;   /* of the files: ".json" */
	const char *identity; /* of the checkpoint, or NULL */
	int64_t committed;    /* newest batch that it has committed; -1 */
	int64_t entry;        /* the log had this one then; -1 */
	bool *lost;           /* set when that is not there */
	bool told;            /* the user said to add to what is there */
};

/* Open the directory or make it.  NULL with a message; STATUS_DAMAGED when it
 * is of another checkpoint, or has lost what the checkpoint knows. */
struct outdir *outdir_open(const struct outdir_options *o, struct err *err);
void outdir_close(struct outdir *d); /* removes temporary files */

/* The names of files tell this time, too, from here on:
 * part-00007-20261121T080000.123Z.json. */
void outdir_stamp(struct outdir *d, int64_t time_us);
/* True if the batch is there already: add nothing of it. */
bool outdir_has(const struct outdir *d, int64_t batch);
/* The batch's file in a subdirectory ("" or "a=1/b=2"); made when it is new. */
struct outfile *outdir_file(
	struct outdir *d, const char *sub, size_t n, bool *made);
/* The bytes that the name of a subdirectory can have. */
size_t outdir_most(const struct outdir *d);
/* Where to append the next record, ended by LF; then call outdir_added(). */
struct buf *outdir_text(struct outfile *f);
int outdir_added(struct outdir *d, struct outfile *f, struct err *err);
/* The same where bytes are no lines: they may be of a record or of none. */
int outdir_gathered(
	struct outdir *d, struct outfile *f, bool record, struct err *err);
/* A pointer that goes with the file, NULL at first. */
void **outdir_tag(struct outfile *f);
/* The batch is complete: make it durable; and let it be seen. */
int outdir_write(struct outdir *d, struct err *err);
int outdir_commit(struct outdir *d, int64_t batch, struct err *err);
/* The newest entry of the log, -1. */
int64_t outdir_entry(const struct outdir *d);

#endif
