/*
 * setup: a chain from its programs' words, private to the runtime and to the
 * commands that look at chains.
 */
#ifndef BIEF_SETUP_H
#define BIEF_SETUP_H

#include <stdbool.h>

struct chain;
struct op;
struct stage;

/* Open every stage; those that cannot are said and marked as failed, in status
 * (room for n) and in the stage.  words[i] is the argv of the i-th and must
 * live until setup_close. */
void setup_open(struct chain *c, char ***words, int n, int out_fd, bool explain,
	int *status);
/* The same in parts: the stages, none of which is open (their ops live as long as they do); and one of
 * them opened: 0 or -1. */
void setup_init(struct chain *c, const struct op *const *ops, int n, int out_fd,
	int *status);
int setup_open_stage(struct stage *st, char **words);
/* Close all stages that were opened; say what each has to tell at its end. */
void setup_close(struct chain *c);

#endif
