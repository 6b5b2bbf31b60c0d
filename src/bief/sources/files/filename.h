/*
 * filename: names of files.
 */
#ifndef BIEF_FILENAME_H
#define BIEF_FILENAME_H

#include <stdbool.h>

/* A path that stays right wherever a program is started; NULL with errno. */
char *filename_absolute(const char *path);
/* Order of names in which numbers count as numbers: <0, 0, >0. */
int filename_natural(const char *a, const char *b);
/* Names that are not data: _x (but for _x=y), .x, x._COPYING_ */
bool filename_hidden(const char *name);
/* Is it a pattern? */
bool filename_magic(const char *s);
/* For a message. */
char *filename_quoted(const char *s, char out[300]);

#endif
