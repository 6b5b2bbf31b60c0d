/*
 * tool: a program that is no part of a pipeline, and has its process for itself:
 * it reads, writes and waits as it likes.  What it shares with the others are
 * its options, its help, its messages and how it ends.
 */
#ifndef BIEF_TOOL_H
#define BIEF_TOOL_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/err.h"
#include "runtime/options/opt.h"

struct tool_run {
	struct err err;  /* where messages go */
	void *self;      /* the tool's struct */
	char **operands; /* what was no option */
	size_t noperands;
	int64_t ready_fd; /* --ready-fd */
	int signals;      /* readable when it is time to end */
};

struct tool {
	const char *name;             /* of the program */
	const char *about;            /* one line, lower case, no full stop */
	const char *synopsis;         /* what follows the name */
	const struct opt *opts;       /* ends with OPT_END */
	size_t size;                  /* of its struct, zeroed */
	void (*defaults)(void *self); /* before options are parsed */
	/* All that it does: 0, or -1 with a message. */
	int (*run)(struct tool_run *t);
	void (*close)(void *self); /* also after a failed run */
};

/* The list is made by the Makefile; NULL ends it. */
extern const struct tool *const tool_all[];
const struct tool *tool_find(const char *name);
/* main() of a tool: its exit status; a message has been printed. */
int tool_main(const struct tool *tool, char **argv);

/* Wait for a descriptor and until a deadline (time_now) at most.  0, 1 when a
 * signal says that it is time to end, or -1. */
int tool_wait(struct tool_run *t, struct pollfd *fd, int64_t deadline);
/* A line for --ready-fd. */
int tool_ready(struct tool_run *t, const char *text);

#endif
