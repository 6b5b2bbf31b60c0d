/*
 * sortkey: a value as bytes whose order by memcmp is that of key_compare().
 *
 * Two keys are the same bytes exactly where key_compare() calls the values equal
 * (1 and 1.0 are), and none is the beginning of another, so that several one
 * behind the other compare by the first that differs.
 */
#ifndef BIEF_SORTKEY_H
#define BIEF_SORTKEY_H

#include <stdbool.h>

struct buf;
struct value;

/* Append the bytes of a value (NULL is null); down: so that they come in the
 * opposite order. */
void sortkey_add(const struct value *v, bool down, struct buf *out);

#endif
