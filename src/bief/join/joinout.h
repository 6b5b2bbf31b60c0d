/*
 * joinout: the plan of what a join of two streams writes: its fields, and which
 * of them carry the watermark.
 */
#ifndef BIEF_JOINOUT_H
#define BIEF_JOINOUT_H

#include <stdbool.h>

struct join_pair;
struct plan;

/* in: of both sides; semi: the right fields do not go out. */
void joinout_plan(struct join_pair *pair, bool semi, const struct plan *in,
	struct plan *out);

#endif
