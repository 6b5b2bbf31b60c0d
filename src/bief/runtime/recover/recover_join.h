/*
 * recover_join: how a stage or a sink joins the run of the sources in front of
 * it, private to the runtime.
 */
#ifndef BIEF_RECOVER_JOIN_H
#define BIEF_RECOVER_JOIN_H

struct plan;
struct stage;

/* What it is called: p->stage, that of what is upstream, becomes its own. */
void recover_join_name(const struct stage *st, struct plan *p);
/* A header says which checkpoint it is: nothing is written into another. */
int recover_join_same(struct stage *st, const struct plan *p);
/* Are the commits where the source saw them? */
int recover_join_committed(struct stage *st, const struct plan *p);

#endif
