/*
 * files: which files there are to read, each one once, by its path.
 *
 * Paths are given as plain files, directories or globs.  What is found and was
 * not seen before goes to a queue: operand by operand in the order given,
 * within a directory or a glob the oldest first (modification time, then the
 * natural order of names).  New files are seen as they are renamed into a
 * directory or closed after writing (inotify); where that cannot be, by
 * looking again.
 */
#ifndef BIEF_FILES_H
#define BIEF_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sources/identity.h"

struct err;

struct file {
	char *path; /* absolute, free of symbolic links but the last name */
	int64_t mtime_ns;   /* when it was found */
	int64_t size;       /* at that time; 0: a checkpoint told of it */
	size_t operand;     /* by which it was found */
	int64_t batch;      /* in which it was finished; -1 long ago */
	uint64_t start;     /* read from here ... */
	uint64_t end;       /* ... to here; UINT64_MAX: all there is */
	uint64_t inode;     /* a followed file is known by it; 0 none */
	uint64_t end_inode; /* end is in this one */
	struct identity id; /* of the one that has been read up to start */
	bool cut;           /* start is inside a line that has been refused */
	bool known;         /* a checkpoint told of it */
	bool logged;        /* the log of positions.c has it */
	bool told;          /* that it has changed since it was read */
	enum { FILE_QUEUED, FILE_TAKEN, FILE_DONE } state;
	uint64_t found_inode; /* by_inode: what it was when it was found ... */
	int64_t born_ns;      /* ... or 0: not known */
};

struct files;

/* What is worth a word to the user. */
enum files_news {
	FILES_WRITTEN, /* is left for later: somebody writes it */
	FILES_CHANGED, /* was read, and has been changed since then */
	FILES_LOOP,    /* a directory that is inside of itself, by a link */
	FILES_OUTPUT   /* is what the output goes to */
};

struct files_how {
	bool watch; /* new files count, too, after the first look */
	bool latest_first;
	bool settle;     /* files_settled will be asked */
	bool partitions; /* go into the directories NAME=VALUE of one */
	bool by_name;    /* a file is known by its last name, not its path */
	bool by_inode;   /* and is the same one when it has been renamed */
	bool name_order; /* by names, not by times of modification */
	/* Files that are empty or open for writing are left for later: those of
	 * directories and globs; those that were named. */
	bool patient, patient_plain;
	uint64_t output_device,
		output_inode; /* not to be read; inode 0: none */
	void (*tell)(void *arg, enum files_news what, const char *path);
	void *arg;
	int64_t max_age_us; /* a file that much older than the newest one done
	                       is ignored; 0: none is */
};
struct files *files_new(const struct files_how *how);
void files_free(struct files *f);
/* An operand; -1 when it is neither there nor (with watch) a glob. */
int files_add(struct files *f, const char *operand, struct err *err);
/* True if new files may come: there is a directory or a glob. */
bool files_grow(const struct files *f);

/* The part of a path below the directory that was named; NULL: none was. */
const char *files_below(const struct files *f, const char *path);
/* The same, and below the last directory of a glob that has no magic. */
const char *files_under(const struct files *f, const char *path);
/* How many files were passed over because they are too old, and had come since
 * others were read that made them so. */
size_t files_count_old(const struct files *f);

/* Look for new files; the first call looks everywhere.  0 or -1. */
int files_look(struct files *f, struct err *err);
/* Descriptor that becomes readable when there may be news, or -1; and the
 * microseconds after which to look anyway (INT64_MAX: never); files that were
 * being written are looked at then, too. */
int files_fd(const struct files *f);
int64_t files_pause(const struct files *f);

/* Bytes of the files in the queue. */
uint64_t files_waiting(const struct files *f);
/* The queue: the next file (NULL if none), taken off by files_take. */
struct file *files_next(struct files *f);
struct file *files_take(struct files *f);
/* One that was taken off and is not given back by files_done; or NULL. */
void files_table_drop(struct file *file);
/* It has been read (in this batch): it will not come again. */
void files_done(struct files *f, struct file *file, int64_t batch);
/* Files done in batches up to this one, each returned once; NULL: no more. */
struct file *files_settled(struct files *f, int64_t batch);

/* For positions.c, which knows how all this is kept in a checkpoint. */
void files_reset(struct files *f);
struct file *files_nth_done(const struct files *f, size_t i);
size_t files_count_done(const struct files *f);
/* Files modified before this have been forgotten: all are done. */
int64_t files_forgotten(const struct files *f);
void files_set_forgotten(struct files *f, int64_t mtime_ns);
/* This one is done. */
void files_was_done(struct files *f, const char *path, int64_t mtime_ns);
/* What it was when it was found: the first of the files done from *from on that
 * has this path (a path may be there twice), or (NULL) the one in the queue. */
void files_was_found(struct files *f, size_t *from, const char *path,
	int64_t inode, int64_t born_ns);
/* This one comes next in the queue, in the order of these calls; unless it is
 * known.  Returns what is known of it. */
struct file *files_again(struct files *f, const char *path, int64_t mtime_ns);

#endif
