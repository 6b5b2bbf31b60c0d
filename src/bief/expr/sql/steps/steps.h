/*
 * steps: an expression as a list of steps, where its types are known.
 */
#ifndef BIEF_STEPS_H
#define BIEF_STEPS_H

#include "expr/sql/sql_impl.h"

/*
 * Of a tree that is bound, which must stay; they live in the tree's
 * memory.  NULL: there is nothing to compute, or no steps for it.
 */
struct steps *steps_new(struct sql *x, struct sql_node *root);
/* What sql_eval() gives for the tree, as it gives it. */
int steps_eval(struct steps *s, struct datum_ctx *c, struct datum *out);

#endif
