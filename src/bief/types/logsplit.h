/*
 * logsplit: the parts of a line of a log.
 */
#ifndef BIEF_LOGSPLIT_H
#define BIEF_LOGSPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "types/cell.h"

struct zone;

/* Where a line is looked at, and where its parts go: cell[i] is field i, of no
 * bytes at NULL where it is null. */
struct logsplit {
	const char *p, *end;
	struct cell *cell;
	struct buf *text; /* of what had escapes; does not move */
};

/* Up to the next blank; the place moves behind that.  -1: nothing there. */
int logsplit_word(struct logsplit *l, struct cell *c);
/* "-" is null. */
void logsplit_dash(struct cell *c);

/* Each returns what is wrong, or NULL.  text has room for all of the line. */
const char *logsplit_common(struct logsplit *l);
const char *logsplit_combined(struct logsplit *l);
const char *logsplit_syslog(struct logsplit *l);

/* Of Jan, Feb ...: 1 to 12; or 0. */
unsigned logsplit_month(const char *p);
/* 10/Oct/2000:13:55:36 -0700: 0 or -1. */
int logsplit_access_time(const char *s, size_t n, int64_t *us);
/* Nov  9 13:55:36, of the year that makes it the newest one that is not in the
 * future: 0 or -1. */
int logsplit_syslog_time(const char *s, size_t n, const struct zone *z,
	int64_t now_us, int64_t *us);

/* The next key of logfmt and its value, which is NULL for a key alone.  1, 0 at
 * the end, or -1: a quote is not closed. */
int logsplit_pair(struct logsplit *l, struct cell *key, struct cell *value);

#endif
