/*
 * key: values as keys of groups, joins and orders: which are equal, which comes
 * first, and their bytes in state.
 */
#ifndef BIEF_KEY_H
#define BIEF_KEY_H

#include <stddef.h>

struct buf;
struct value;

/*
 * Compare for order and for equality of keys, in this order: null, booleans,
 * numbers (as numbers, exactly, int against double too; -0.0 equals 0.0; NaN
 * equals NaN and is above all), times, other strings (by UTF-8 bytes of the
 * decoded text; dates are such), arrays, objects (both by their JSON text, in
 * the one spelling of canon.h).  A
 * missing value (NULL) is null.  The strings "NaN", "Infinity", "-Infinity" are
 * the doubles that print so.  Returns <0, 0, >0.
 */
int key_compare(const struct value *a, const struct value *b);

/*
 * Key bytes: append an encoding of v such that two values get the same bytes
 * exactly if key_compare() calls them equal, except that 1 and 1.0 differ.
 * key_decode reads one back (text points into the bytes) and returns the
 * bytes used, 0 if they are damaged.
 */
void key_encode(const struct value *v, struct buf *out);
size_t key_decode(struct value *v, const char *p, size_t n);

#endif
