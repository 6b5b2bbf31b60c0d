/*
 * metadata: what a checkpoint is: its identity, the sources that have begun in
 * it and the sinks that it has had.
 */
#ifndef BIEF_METADATA_H
#define BIEF_METADATA_H

#include <stdbool.h>
#include <stdint.h>

#include "value/list.h"

struct err;

struct metadata {
	char *identity;
	struct list sources, sinks; /* that it has had */
	bool given_up;              /* its last sink has been ... */
	int64_t left;               /* ... which had this batch; else -1 */
};
/* A directory without metadata is refused, STATUS_DAMAGED. */
int metadata_read(const char *dir, struct metadata *m, struct err *err);
void metadata_release(struct metadata *m);
/* Make the directory and its metadata if need be; its identity, allocated. */
int metadata_open(const char *dir, char **identity, struct err *err);
/* Change it under its lock: how() gets what it is, and returns 1 to have it
 * written, 0 to leave it, or -1. */
int metadata_change(const char *dir,
	int (*how)(void *arg, struct metadata *m, struct err *err), void *arg,
	struct err *err);
/* Before its first batch a source enters its sinks. */
int metadata_add_sinks(
	const char *dir, const struct list *ids, struct err *err);

#endif
