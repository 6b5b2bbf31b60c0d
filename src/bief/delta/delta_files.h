/*
 * delta_files: the data files of a commit, a file for each value of the columns
 * that the table is partitioned by.
 *
 * Their names are new ones: nobody knows them before the log does.
 */
#ifndef BIEF_DELTA_FILES_H
#define BIEF_DELTA_FILES_H

#include <stdint.h>

#include "parquet/codec.h"

struct buf;
struct delta_files;
struct err;
struct list;
struct schema;
struct value;

/* The schema is the table's; it is copied.  NULL with a message. */
struct delta_files *delta_files_new(const char *dir, const struct schema *table,
	const struct list *parts, enum codec codec, struct err *err);
/* Files that were not kept are deleted. */
void delta_files_free(struct delta_files *f);
void delta_files_keep(struct delta_files *f);

/* A row: a value for each column of the table (NULL is a null).  0; 1 when one
 * does not fit, and why; -1. */
int delta_files_row(struct delta_files *f, const struct value *const *values,
	struct err *err);
/* There are no more rows: make all durable. */
int delta_files_end(struct delta_files *f, struct err *err);
/* The actions that add them, lines of JSON. */
void delta_files_actions(
	const struct delta_files *f, int64_t now_ms, struct buf *out);
uint64_t delta_files_rows(const struct delta_files *f);
uint64_t delta_files_bytes(const struct delta_files *f);
uint64_t delta_files_count(const struct delta_files *f);

/* 36 characters that no other has. */
void delta_files_uuid(char out[37]);

#endif
