/*
 * bounds: where reading topics is to begin or to end, as users say it:
 * earliest, latest, a time, or offsets as Spark writes them.
 */
#ifndef BIEF_BOUNDS_H
#define BIEF_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sources/topics.h"

struct err;
struct zone;

struct bounds {
	bool given;
	int64_t what; /* as topics_ask takes it; TOPICS_UNKNOWN: offsets */
	struct bounds_offset {
		char *topic;
		int32_t number;
		int64_t offset;
	} * o;
	size_t n;
};

/* least: TOPICS_EARLIEST, or TOPICS_LATEST for an end.  0 or -1 (STATUS_USAGE),
 * the message without the option's name. */
int bounds_parse(struct bounds *b, const char *text, int64_t least,
	const struct zone *zone, struct err *err);
void bounds_release(struct bounds *b);
/* Offsets must be of partitions that are there, and of all of them. */
int bounds_check(
	const struct bounds *b, const struct topics *t, struct err *err);
/* Of a partition: an offset (true), or what to ask for. */
bool bounds_offset(
	const struct bounds *b, const struct topics_part *p, int64_t *offset);

#endif
