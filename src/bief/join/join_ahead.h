/*
 * join_ahead: which key the next record will have, as far as one can tell
 * without reading it: keys mostly begin where that of the record before did.  It
 * is only asked so that memory can be fetched while another record is at work;
 * a wrong guess does no harm.
 */
#ifndef BIEF_JOIN_AHEAD_H
#define BIEF_JOIN_AHEAD_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct record;
struct value;

struct join_ahead {
	size_t at; /* in the line, of the number or behind the quote; 0: none */
	bool quoted;
};

/* Where the key stands in a record's line; NULL: nowhere. */
void join_ahead_learn(
	struct join_ahead *a, const struct record *r, const struct value *key);
/* Append the key's bytes (key.h) of a line that begins at p, of which no more
 * than n bytes may be looked at.  False: there is no telling. */
bool join_ahead_key(
	const struct join_ahead *a, const char *p, size_t n, struct buf *out);

#endif
