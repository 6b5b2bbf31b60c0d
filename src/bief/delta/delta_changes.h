/*
 * delta_changes: the data files that a version of a table adds, or all that it
 * has.
 */
#ifndef BIEF_DELTA_CHANGES_H
#define BIEF_DELTA_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct schema;

struct delta_change {
	char *action; /* as it is in the log, padded */
	size_t n;
	int64_t time_ms;
	char *path;
};

struct delta_changes {
	struct delta_change *f; /* in an order that is always the same */
	size_t n, room;
};

struct delta_changes_options {
	const char *dir;
	int64_t version;
	bool snapshot;       /* all files as of it */
	bool ignore_changes; /* else a version that removes rows is refused */
	bool look_back;      /* the version may be one that was deleted */
	const char *id;      /* of the table */
	const struct schema *schema; /* that it has to have */
};

/* In the place of what is there.  0; 1 when there is no such version yet; -1. */
int delta_changes_read(struct delta_changes *c,
	const struct delta_changes_options *o, struct err *err);
void delta_changes_release(struct delta_changes *c);

#endif
