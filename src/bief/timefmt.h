/*
 * timefmt: times as text by Spark's patterns, such as "EEE d MMM yyyy HH:mm".
 * To read such text see timepat.h.
 *
 * Letters: G y M L d D Q q E F a h H k K m s S V z O X x Z, text in single
 * quotes, [optional parts].  Names are English.
 */
#ifndef BIEF_TIMEFMT_H
#define BIEF_TIMEFMT_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct zone;

/* Is it a pattern?  0, or -1 with a message that says what is wrong. */
int timefmt_check(const char *pattern, size_t n, struct err *err);
/* Append a time as the pattern says; the pattern has been checked. */
void timefmt_print(const char *pattern, size_t n, int64_t us,
	const struct zone *z, struct buf *out);

#endif
