/*
 * help: what a program says of itself: --help, --version, --dump-options.
 */
#ifndef BIEF_HELP_H
#define BIEF_HELP_H

#include <stddef.h>

#include "runtime/options/opt.h"

struct buf;
struct err;

struct help {
	const char *name, *about, *synopsis;
	const char *kind;          /* source, sink, operator, tool */
	struct opt_table table[5]; /* the first are its own */
	size_t n;
	void (*more)(struct buf *out); /* behind its own options; or NULL */
};

void help_print(const struct help *h, struct buf *out);
void help_version(const struct help *h, struct buf *out);
/* As JSON, for completions and tests. */
void help_dump(const struct help *h, struct buf *out);
/* One of these on standard output.  0 or -1. */
int help_show(const struct help *h,
	void (*what)(const struct help *h, struct buf *out), struct err *err);

#endif
