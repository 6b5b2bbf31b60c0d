/*
 * shown: entries of a state as lines, in the order of their kinds and keys.
 */
#ifndef BIEF_SHOWN_H
#define BIEF_SHOWN_H

#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "value/value.h"

/* A line, and the entry that stands in it. */
struct shown_line {
	size_t at, n, entry, nentry;
	size_t key; /* in shown.keys: the kind, then the values of the key */
	uint32_t nkey;
};

struct shown {
	struct buf text;
	struct shown_line *v;
	size_t n, cap;
	struct value *keys;
	size_t nkeys, keys_cap;
};

/* Its text goes to the end of text; the entry in it is given by the caller.
 * shown_end() keeps the line, else it is as if it had not begun. */
struct shown_line *shown_begin(struct shown *l);
void shown_end(struct shown *l);
void shown_print(struct shown *l, struct buf *out);
void shown_release(struct shown *l);

#endif
