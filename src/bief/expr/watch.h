/*
 * watch: has any record the fields that an expression reads?
 *
 * A name that is wrong would look like nulls.  Each path is looked for in every
 * record until one has it, whether the expression comes to it or not.
 */
#ifndef BIEF_WATCH_H
#define BIEF_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "value/record.h"

/* A step of a path: a name, or (NULL) any element or member. */
struct watch_step {
	const char *name;
	size_t n;
};

struct watched;
struct watch {
	struct watched **w;
	size_t n, unmet;
};

/* any_case: as SQL knows names; two steps may be one name with a dot. */
void watch_add(struct watch *w, const struct watch_step *step, size_t n,
	bool any_case);
/* For stage_watch(): path, near and seen are set. */
struct field *watch_field(struct watch *w, size_t i);
void watch_look_at(struct watch *w, const struct record *r);
void watch_release(struct watch *w);

static inline void
watch_look(struct watch *w, const struct record *r)
{
	if (w->unmet > 0)
		watch_look_at(w, r);
}

#endif
