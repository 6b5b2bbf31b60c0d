/*
 * delta_merge: rows that take the place of those of the same key.
 *
 * The rows of a batch are kept until it ends.  Files that have rows of their keys
 * are then written anew without them.
 */
#ifndef BIEF_DELTA_MERGE_H
#define BIEF_DELTA_MERGE_H

#include <stdint.h>

struct buf;
struct delta_files;
struct delta_log;
struct delta_merge;
struct err;
struct list;
struct record;
struct schema;
struct shapes;
struct value;

/* The schema is the table's, and must live as long.  NULL with a message. */
struct delta_merge *delta_merge_new(const struct schema *table,
	const struct list *keys, struct shapes *shapes, struct err *err);
void delta_merge_free(struct delta_merge *m);
/* A row, whose values are in the order of the columns; of several of a key the
 * last one counts.  0; 1 when a value does not fit, and why. */
int delta_merge_add(struct delta_merge *m, const struct record *r,
	const struct value *const *values, struct err *err);
uint64_t delta_merge_rows(const struct delta_merge *m);
/* Write what becomes of the table: new files, and the actions that remove old
 * ones. */
int delta_merge_write(struct delta_merge *m, const struct delta_log *l,
	struct delta_files *files, int64_t now_ms, struct buf *removed,
	struct err *err);

#endif
