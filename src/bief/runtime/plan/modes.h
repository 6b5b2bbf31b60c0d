/*
 * modes: which output modes a query can have, as in Spark.
 */
#ifndef BIEF_MODES_H
#define BIEF_MODES_H

#include <stdbool.h>

#include "runtime/plan/plan.h"

struct err;

/*
 * Refuse (STATUS_USAGE) a mode in which the stateful programs of a stream
 * cannot work together: those of p->stateful, in their order.
 */
int modes_check(const struct plan *p, enum mode m, struct err *err);

/* What an aggregation is, for the check of its own mode. */
struct modes_agg {
	enum mode mode;
	bool timed;   /* what it groups by carries the watermark */
	bool session; /* it groups by sessions */
	bool keyed;   /* and by other fields */
};
/* p is the plan of what comes in. */
int modes_agg(const struct plan *p, const struct modes_agg *a, struct err *err);

#endif
