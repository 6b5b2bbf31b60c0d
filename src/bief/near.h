/*
 * near: how alike two words are, for "did you mean ...?".
 */
#ifndef BIEF_NEAR_H
#define BIEF_NEAR_H

#include <stdbool.h>
#include <stddef.h>

/* Edit distance: letters put in, left out, changed, or swapped with the next
 * one.  64 for words that are longer. */
size_t near_distance(const char *a, const char *b);
/* May one have been meant by the other? */
bool near_enough(const char *a, const char *b);

#endif
