/*
 * explain: what a pipeline would do, without running it.
 */
#ifndef BIEF_EXPLAIN_H
#define BIEF_EXPLAIN_H

struct pipeline;

/* Print it on standard output; STATUS_USAGE if it would be refused. */
int explain_pipeline(const struct pipeline *p);

#endif
