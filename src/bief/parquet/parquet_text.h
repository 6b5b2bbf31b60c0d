/*
 * parquet_text: a Parquet file, read as if it were lines of JSON.
 */
#ifndef BIEF_PARQUET_TEXT_H
#define BIEF_PARQUET_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;
struct parquet_text;

/* By the end of the name: .parquet */
bool parquet_text_is(const char *path);
/* Of an open file, which stays the caller's.  NULL with a message. */
struct parquet_text *parquet_text_new(int fd, struct err *err);
void parquet_text_free(struct parquet_text *t);
/* Like read(2): up to n bytes of its lines, 0 at the end; -1 with a message and
 * errno EBADMSG. */
ssize_t parquet_text_read(
	struct parquet_text *t, char *out, size_t n, struct err *err);

#endif
