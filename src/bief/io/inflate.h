/*
 * inflate: compressed files, read as if they were not.
 *
 * libz and libzstd are loaded when the first such file is read.
 */
#ifndef BIEF_INFLATE_H
#define BIEF_INFLATE_H

#include <stddef.h>
#include <sys/types.h>

struct err;
struct inflate;

enum inflate_kind { INFLATE_NONE, INFLATE_GZIP, INFLATE_ZSTD };

/* By the end of the name: .gz, .zst */
enum inflate_kind inflate_kind(const char *path);
/* The same of an open file; what no name tells, by the first bytes of a regular
 * one. */
enum inflate_kind inflate_kind_of(const char *path, int fd);

/* NULL with a message if the library is not there. */
struct inflate *inflate_new(enum inflate_kind kind, struct err *err);
void inflate_free(struct inflate *z);

/*
 * Like read(2): up to n bytes of what the file holds unpacked, 0 at its end
 * (several members or frames follow one another).  Nothing at all is an empty
 * file, and zeros behind a member are padding.  -1 with a message and errno
 * EBADMSG when the file is damaged or ends too early; with a message and another
 * errno when it cannot be read; or with EAGAIN and no message when fd has
 * nothing now.
 */
ssize_t inflate_read(
	struct inflate *z, int fd, char *out, size_t n, struct err *err);

#endif
