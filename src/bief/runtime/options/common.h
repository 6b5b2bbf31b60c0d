/*
 * common: the options that every program has, private to the runtime.
 */
#ifndef BIEF_COMMON_H
#define BIEF_COMMON_H

#include "runtime/options/help.h"
#include "runtime/stage.h"

struct common;

/* The tables of the program's options and of those common ones that it takes;
 * returns how many. */
size_t common_tables(const struct op *op, void *self, struct common *c,
	struct opt_table t[5]);
/* What the program says of itself. */
void common_help(const struct op *op, struct help *h);

#endif
