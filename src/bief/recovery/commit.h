/*
 * commit: which batches a sink has made durable.
 */
#ifndef BIEF_COMMIT_H
#define BIEF_COMMIT_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct place;

/* A new sink starts behind this batch. */
int commit_start(const struct place *p, int64_t batch, struct err *err);
/* mark: what the sink says of it, JSON text or NULL. */
int commit_save(const struct place *p, int64_t batch, const char *mark,
	struct err *err);
/* Newest batch of a sink, or where it started; 1: it is not registered.  *any
 * and *mark (allocated, or NULL) may be left away. */
int commit_last(const char *place, int64_t *batch, bool *any, char **mark,
	struct err *err);

#endif
