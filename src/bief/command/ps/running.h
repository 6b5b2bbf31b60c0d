/*
 * running: the pipelines of this user that run on this machine.
 *
 * Programs of bief that tell of themselves (vitals.h) are put together by the
 * pipes between them, with the foreign programs that stand among them.  In front
 * and behind, foreign programs count as far as pipes lead, but not those that
 * have started the pipeline: a shell, cron, a test.
 */
#ifndef BIEF_RUNNING_H
#define BIEF_RUNNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/proc.h"
#include "runtime/report/vitals.h"

struct running_process {
	struct proc proc;
	struct vitals *v; /* NULL: a foreign program */
	char *command;    /* of a foreign one */
	int inside;       /* pid of the thru that has started it, or 0 */
	size_t *from;     /* who feeds it: places in the list; nfrom of them */
	size_t nfrom;
	/* Of its time: bief's own word, or concluded from its neighbours. */
	double share[VITALS_WAYS];
	bool shared; /* share is set */
	bool hidden; /* another one stands for it (a shell's child) */
	bool head;   /* nothing feeds it */
};

struct running {
	int id;                    /* pid of its first source, or program */
	char *name;                /* --name of a source or sink, or NULL */
	struct running_process *p; /* upstream before downstream */
	size_t n;
	int held_by;       /* place of who holds the others back, or -1 */
	int64_t batch;     /* -1: none */
	int64_t watermark; /* WATERMARK_NONE: none */
	int64_t began_us;  /* monotonic */
};

struct running_list {
	struct running *r;
	size_t n;
};

void running_look(struct running_list *l);
void running_release(struct running_list *l);
/* A source of bief itself. */
bool running_is_source(const struct running_process *p);
/* Is it called so?  By the --name of any source or sink. */
bool running_is_named(const struct running *r, const char *name);

#endif
