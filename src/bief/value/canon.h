/*
 * canon: one spelling for arrays and objects that are equal: no white space,
 * texts with the fewest escapes, numbers and times as they are printed.  The
 * order of an object's fields counts, as in a struct of Spark's.
 */
#ifndef BIEF_CANON_H
#define BIEF_CANON_H

#include <stdbool.h>

struct buf;
struct value;

/* True if the array or object is certainly spelled so; false: it may be. */
bool canon_is(const struct value *v);
/* Append it in that spelling. */
void canon_print(const struct value *v, struct buf *out);

#endif
