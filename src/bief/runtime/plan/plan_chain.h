/*
 * plan_chain: the plans of all stages, private to the runtime and to the commands
 * that look at chains.
 */
#ifndef BIEF_PLAN_CHAIN_H
#define BIEF_PLAN_CHAIN_H

struct chain;
struct plan;
struct stage;

/* Plan all stages, or those from st on, with what comes in.  0, or -1 with the
 * chain's err set. */
int plan_chain(struct chain *c, struct plan *in);
int plan_chain_from(struct stage *st, const struct plan *in);
/* The first stage has n inputs. */
int plan_chain_inputs(struct chain *c, const struct plan *in, int n);

#endif
