/*
 * stagefile: what a stage is, in a file of its directory in a checkpoint, so
 * that its state can be read without its pipeline.
 */
#ifndef BIEF_STAGEFILE_H
#define BIEF_STAGEFILE_H

#include <stddef.h>

#include "floor/buf.h"

struct err;
struct plan;
struct stage;

/* Write it, where it is not there or another one. */
int stagefile_save(const char *dir, const struct stage *st,
	const struct plan *in, int n, struct err *err);

#define STAGEFILE_INPUTS 64

struct stagefile {
	char **words;    /* argv of the program, NULL at the end */
	struct plan *in; /* what comes in, as if for "bief explain" */
	int n;           /* inputs */
	struct buf text;
};
/* Read it: 1 when there is none.  checkpoint: the directory that it is in. */
int stagefile_load(struct stagefile *f, const char *dir, const char *checkpoint,
	struct err *err);
void stagefile_release(struct stagefile *f);

#endif
