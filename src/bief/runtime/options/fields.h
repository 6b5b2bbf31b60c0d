/*
 * fields: the fields that a list of an option names.
 *
 * "window" stands for window_start and window_end, unless the records have a
 * field of that name; "-name", where that is allowed, for the other direction.
 */
#ifndef BIEF_FIELDS_H
#define BIEF_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "value/record.h"

struct err;
struct list;
struct plan;
struct stage;

struct fields {
	struct field *f;
	bool *down;
	size_t n;
};

/* The fields of these words; the stage watches them (stage_watch), if there is
 * one. */
void fields_init(struct fields *l, const struct list *words, bool dashes,
	struct stage *st);
/* They have the names that the plan has; or -1, as plan_bind(). */
int fields_bind(struct fields *l, const struct plan *p, struct err *err);
void fields_release(struct fields *l);

#endif
