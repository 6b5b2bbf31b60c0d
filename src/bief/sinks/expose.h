/*
 * expose: a small HTTP server that answers each request for / or /metrics with
 * the same text, until it is given another.
 */
#ifndef BIEF_EXPOSE_H
#define BIEF_EXPOSE_H

#include <stddef.h>

struct err;
struct expose;

#define EXPOSE_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Listen on an address as net.h has it; *port is its port.  NULL with a
 * message. */
struct expose *expose_open(const char *address, int *port, struct err *err);
void expose_close(struct expose *e);
/* Readable when there is something to do. */
int expose_fd(const struct expose *e);
/* Do it, without waiting; text is what to answer with. */
void expose_turn(struct expose *e, const char *text, size_t n);

#endif
