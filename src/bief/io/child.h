/*
 * child: a program run as a filter: bytes in, lines out.
 */
#ifndef BIEF_CHILD_H
#define BIEF_CHILD_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "floor/buf.h"
#include "value/list.h"

struct err;

struct child {
	pid_t pid; /* 0: none runs */
	int in, out;
	struct buf to;   /* not yet written */
	struct buf from; /* read, not yet handed on */
	size_t scanned;  /* bytes of from without LF */
	size_t max_line;
	bool skipping;   /* the rest of a line that was too long */
	bool deaf;       /* it has closed its input */
	bool ended;      /* and its output */
	struct list env; /* "NAME=VALUE": what is added to its environment */
};

typedef int child_line(void *arg, const char *line, size_t n);

/* Of a line of more than max_line bytes the first ones are handed on, once. */
void child_init(struct child *c, size_t max_line);
/* Those that are started from now on have this in their environment. */
void child_env(struct child *c, const char *name, const char *value);
/* Kills what still runs. */
void child_release(struct child *c);
/* Start it in a process group of its own. */
int child_start(struct child *c, char **argv, struct err *err);
/* Give it bytes; the lines that it has answered so far go to each(). */
int child_give(struct child *c, const char *p, size_t n, child_line *each,
	void *arg, struct err *err);
/* What it is waited for; how many.  Then: write and read what can be without
 * waiting. */
int child_wait(const struct child *c, struct pollfd fds[2]);
int child_turn(struct child *c, child_line *each, void *arg, struct err *err);
/* The same, waiting until something has been written or read, a
 * second at most. */
int child_turn_wait(
	struct child *c, child_line *each, void *arg, struct err *err);
/* Start it with a file as its input, and our output as its own; then wait for
 * its exit, but not beyond the deadline (time_monotonic; INT64_MAX: none), at
 * which it is killed: as child_finish, or CHILD_LATE. */
int child_run(struct child *c, char **argv, int input, int64_t deadline,
	struct err *err);
#define CHILD_LATE 1000
/* Close its input, hand on the rest of its answer, wait for its exit:
 * the exit status, 128 + signal, or -1 with a message. */
int child_finish(struct child *c, child_line *each, void *arg, struct err *err);
/* From a signal handler that ends the process: all that run, too. */
void child_kill_all(void);

#endif
