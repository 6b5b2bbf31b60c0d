/*
 * output: bytes to a descriptor.
 */
#ifndef BIEF_OUTPUT_H
#define BIEF_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"

struct err;

struct output {
	int fd;
	struct buf b;
	bool terminal;
	size_t held; /* nothing is written, all stays in b, up to so many
	              * bytes; 0: it is written */
	bool pipe;   /* or socket: a reader that goes away is noticed */
	/* Called before each write, for how many of n bytes to write at once,
	 * and behind it, when it may have waited.  NULL: nobody wants to know. */
	size_t (*before)(void *arg, size_t n);
	void (*after)(void *arg, size_t n);
	void *arg;
	/* All that is to be written goes there instead; n may be 0: nothing is
	 * to be held back.  0 or -1.  NULL: to fd. */
	int (*divert)(void *link, const char *p, size_t n, struct err *err);
	void *link;
};
#define OUTPUT_FULL (128 * 1024)

void output_init(struct output *out, int fd);
void output_release(struct output *out);
/* Which file it goes to; inode 0: no regular file. */
void output_file(const struct output *out, uint64_t *device, uint64_t *inode);
/* Would this input be fed by the output? */
bool output_feeds(const struct output *out, int fd);
int output_flush(struct output *out, struct err *err);
/* Write past the buffer (after what is in it). */
int output_write(struct output *out, const char *p, size_t n, struct err *err);

#endif
