/*
 * stow: a record as few bytes, to be kept by who made them and read again: its
 * shape as it is, its values without what they do not use, one behind the other.
 * A record that is still the text of its line, wholly or in part, is kept as
 * text, and comes back as text.
 */
#ifndef BIEF_STOW_H
#define BIEF_STOW_H

#include <stddef.h>

#include "value/record.h"

struct buf;

/* Append the record. */
void stow_put(const struct record *r, struct buf *out);
/*
 * The record that was put: its text lies in the n bytes at p, behind which
 * JSON_PADDING more can be read; its values in slots.  Without a shape it is a
 * line, for record_read().
 */
void stow_get(struct record *r, const char *p, size_t n, struct slots *slots);

#endif
