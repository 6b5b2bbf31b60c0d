/*
 * timefmt: times as text by Spark's patterns, such as "EEE d MMM yyyy HH:mm".
 * To read such text see timepat.h.
 *
 * Letters: G y M L d D Q q E F a h H k K m s S V z O X x Z, text in single
 * quotes, [optional parts].  Names are English; those of a zone are its short
 * ones, else its id.
 */
#ifndef BIEF_TIMEFMT_H
#define BIEF_TIMEFMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct zone;

/* Does a pattern have this letter, so many of it in a row? */
bool timefmt_knows(char letter, int count);
/* Is it a pattern?  0, or -1 with a message that says what is wrong. */
int timefmt_check(const char *pattern, size_t n, struct err *err);
/* Append a time as the pattern says; the pattern has been checked. */
void timefmt_print(const char *pattern, size_t n, int64_t us,
	const struct zone *z, struct buf *out);
/* The same for a date, at its beginning in UTC. */
void timefmt_print_date(
	const char *pattern, size_t n, int64_t days, struct buf *out);

#endif
