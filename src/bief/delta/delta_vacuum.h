/*
 * delta_vacuum: files of a table that nobody needs any more.
 */
#ifndef BIEF_DELTA_VACUUM_H
#define BIEF_DELTA_VACUUM_H

#include <stdint.h>

struct delta_log;
struct err;

/* Delete the data files that are in no version since a time: those removed
 * before it, and those older than it that the log does not know.  The number of
 * them, or -1. */
int64_t delta_vacuum(
	const struct delta_log *l, int64_t since_us, struct err *err);

#endif
