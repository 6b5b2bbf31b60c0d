/*
 * timefield: can a field of this type be a time?
 */
#ifndef BIEF_TIMEFIELD_H
#define BIEF_TIMEFIELD_H

#include <stdbool.h>

struct err;
struct type;

/* path: of the field; unit: it is told what numbers count.  0, or -1 with what
 * to do about it. */
int timefield_check(
	const struct type *t, const char *path, bool unit, struct err *err);

#endif
