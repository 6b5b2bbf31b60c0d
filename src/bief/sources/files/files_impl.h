/*
 * files_impl: what the parts of files share.
 */
#ifndef BIEF_FILES_IMPL_H
#define BIEF_FILES_IMPL_H

#include <sys/stat.h>

#include "sources/files/files.h"

enum files_kind { FILES_PLAIN, FILES_DIRECTORY, FILES_GLOB };

struct files_operand {
	enum files_kind kind;
	char *path; /* of the file or directory; the pattern of a glob */
	char *name; /* FILES_GLOB watched by name: pattern of the last name */
	char *base; /* FILES_GLOB: its directory in front of any magic, resolved */
	int watch; /* inotify's, or -1: polled */
	bool looked;
	size_t old; /* files passed over for their age */
};

/* A file that has been seen while it was being written. */
struct files_left {
	char *path;
	size_t operand;
};

struct files {
	struct files_how how;
	struct files_left *left;
	size_t nleft;
	int64_t left_us; /* when the last of them came */
	bool looked, again;
	bool closely;                    /* known files are looked at, too */
	int64_t newest_ns, forgotten_ns; /* older files are ignored */
	int inotify;
	struct files_operand *operands;
	size_t noperands;
	struct file **table; /* by path: queued, being read and done */
	size_t ntable, cap;
	struct file **queue;
	size_t at, nqueue, cap_queue;
	bool unsorted;
	struct file **done; /* in the order of reading */
	size_t ndone, cap_done, settled;
};

/* A directory on the way to what is looked at. */
struct files_way;

/* ---- files_table.c ---- */

size_t files_table_place(const struct files *f, const char *path);
void files_table_build(struct files *f, size_t cap);
void files_table_remove(struct files *f, const struct file *file);
void files_table_append(
	struct file ***list, size_t *n, size_t *cap, struct file *file);
struct file *files_table_new(
	const char *path, int64_t mtime_ns, size_t operand);
/* Into the table; false if a file of this path is there. */
bool files_table_enter(struct files *f, struct file *file);
void files_table_enqueue(struct files *f, struct file *file);

/* ---- files_find.c ---- */

int64_t files_find_mtime(const struct stat *s);
void files_find_tell(
	const struct files *f, enum files_news what, const char *path);
int64_t files_find_now(void);
/* It is not complete yet, or it has not been begun. */
bool files_find_unfinished(struct files *f, const char *path,
	const struct stat *s, size_t operand);
bool files_find_output(
	const struct files *f, const char *path, const struct stat *s);
/* A file of a directory or a glob has been seen. */
void files_find(struct files *f, const char *path, size_t operand);

/* ---- files_scan.c ---- */

int files_scan_name(struct files *f, const char *dir, const char *name,
	size_t operand, const struct files_way *up, struct err *err);
int files_scan_match(
	struct files *f, const char *path, size_t operand, struct err *err);
int files_scan(struct files *f, size_t operand, struct err *err);

/* ---- files_watch.c ---- */

void files_watch(struct files *f, struct files_operand *o, const char *dir);
int files_watch_read(struct files *f, struct err *err);

#endif
