/*
 * file: a small file as a whole.
 */
#ifndef BIEF_FILE_H
#define BIEF_FILE_H

#include <stddef.h>

struct buf;
struct err;

/*
 * Append the content of a file ("-" is standard input), at most max bytes of
 * it; JSON_PADDING bytes behind it are readable.  0 or -1.
 */
int file_read(const char *path, size_t max, struct buf *out, struct err *err);

#endif
