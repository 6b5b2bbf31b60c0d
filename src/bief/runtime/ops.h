/*
 * ops: the operators that there are.
 */
#ifndef BIEF_OPS_H
#define BIEF_OPS_H

struct op;

/* NULL ends the list.  src/stream-files.c defines "const struct op
 * op_stream_files"; the list is made by the Makefile from the names of the
 * files. */
extern const struct op *const ops_all[];
/* By the name of the program; NULL: there is none. */
const struct op *ops_find(const char *name);

#endif
