/*
 * delta_log: the log of a Delta table, protocol 1 for readers and 2 for writers.
 *
 * A version is a file of the log, lines of JSON that are actions: which files
 * are added and removed, what the table's columns are, which batch of whom it
 * was.  It is there or not, whole: it gets its name by link(2), which only one
 * writer can.  From time to time a checkpoint, a Parquet file, has what all
 * versions so far come to.
 *
 *	DIR/_delta_log/00000000000000000012.json
 *	DIR/_delta_log/00000000000000000010.checkpoint.parquet
 *	DIR/_delta_log/_last_checkpoint       {"version":10,"size":17}
 */
#ifndef BIEF_DELTA_LOG_H
#define BIEF_DELTA_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "value/list.h"

struct err;
struct schema;
struct value;

/* A file of the table, as its action says. */
struct delta_file {
	char *path;   /* as it is in the log: escaped as in a URL */
	char *action; /* the object of the action, JSON */
	size_t n;
	int64_t time_ms;         /* of a removed one: since when */
	struct delta_file *next; /* in the hash */
	size_t at;               /* among the files */
};

struct delta_files_of { /* found by their path */
	struct delta_file **f;
	size_t n, room;
	struct delta_file **hash;
	size_t mask;
};

struct delta_txn {
	char *app;
	int64_t version, time_ms;
};

struct delta_log {
	char *dir;
	int64_t version; /* the newest that has been read; -1: no table yet */
	char *protocol, *metadata; /* the objects of the actions */
	char *id;
	struct schema *schema;
	struct list parts;    /* columns that it is partitioned by */
	struct list required; /* columns that cannot be null */
	bool append_only;
	bool writable; /* by us; else why not */
	char why[200];
	struct delta_files_of files, removed;
	struct delta_txn *txns;
	size_t ntxns;
};

/* Of a table, or of a directory that may become one: with make it is made when
 * it is not there.  All that has happened so far is read.  NULL with a message;
 * STATUS_DAMAGED for a log with a gap. */
struct delta_log *delta_log_open(const char *dir, bool make, struct err *err);
/* As of a version. */
struct delta_log *delta_log_open_at(
	const char *dir, int64_t version, struct err *err);
void delta_log_free(struct delta_log *l);
/* Read what others have committed since. */
int delta_log_refresh(struct delta_log *l, struct err *err);
/* May we write to it?  0, or -1 with a message. */
int delta_log_writable(const struct delta_log *l, struct err *err);

/* The newest batch of a writer, -1. */
int64_t delta_log_batch(const struct delta_log *l, const char *app);

/* The actions of a version, each by its name.  0; 1 when there is no such
 * version; -1 with a message, or when each returned it. */
int delta_log_version(const char *dir, int64_t version,
	int (*each)(void *arg, const char *name, size_t n,
		const struct value *action, struct err *err),
	void *arg, struct err *err);

/* The place of a file, from its path: a path of the system. */
void delta_log_place(
	const char *dir, const char *path, size_t n, struct buf *out);
/* And back: append a path below the directory as the log has it. */
void delta_log_escape(const char *path, struct buf *out);

#endif
