/*
 * datum_interval: casts to intervals.  What cannot be read, or is too long, is
 * null.
 */
#ifndef BIEF_DATUM_INTERVAL_H
#define BIEF_DATUM_INTERVAL_H

#include "expr/sql/datum/datum.h"

struct datum datum_interval_read(const char *s, size_t n, struct ty to);
/* So many of the last unit. */
struct datum datum_interval_count(const struct datum *d, struct ty to);
/* An interval of other units, without what is smaller than the last. */
struct datum datum_interval_cut(const struct datum *d, struct ty to);
struct datum datum_interval_calendar(numeric months, numeric days, numeric us);

#endif
