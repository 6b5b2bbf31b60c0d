/*
 * offsets: the position of a source of topics, in a checkpoint:
 *
 *	{"at":{"topic":{"0":23,"1":7}},"start":{"topic":{"0":20,"1":0}}}
 *
 * at: the offset of each partition that is next; start: where it was first read.
 * {}: it was not yet known where to begin.
 */
#ifndef BIEF_OFFSETS_H
#define BIEF_OFFSETS_H

#include <stdbool.h>

#include "sources/kafka/topics.h"

struct buf;
struct err;

/* Append the position of partitions that are all known. */
void offsets_print(const struct topics *t, struct buf *out);
/*
 * Add the partitions of a position: to go on there, or (end) as the end of the
 * batch; a start that is known stays.  1; 0: it is {}; -1: it is damaged,
 * STATUS_DAMAGED.
 */
int offsets_read(struct topics *t, const char *text, bool end, struct err *err);

#endif
