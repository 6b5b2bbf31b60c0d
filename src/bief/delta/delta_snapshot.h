/*
 * delta_snapshot: what the actions of a log come to.
 */
#ifndef BIEF_DELTA_SNAPSHOT_H
#define BIEF_DELTA_SNAPSHOT_H

#include <stddef.h>

struct delta_log;
struct err;
struct value;

/* An action of its version; l is a struct delta_log. */
int delta_snapshot_take(void *l, const char *name, size_t n,
	const struct value *action, struct err *err);
/* The actions of a checkpoint. */
int delta_snapshot_read(struct delta_log *l, const char *path, struct err *err);
void delta_snapshot_release(struct delta_log *l);

#endif
