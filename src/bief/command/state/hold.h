/*
 * hold: a checkpoint that no pipeline can begin to work with meanwhile.
 */
#ifndef BIEF_HOLD_H
#define BIEF_HOLD_H

#include "recovery/place.h"

struct err;

struct hold {
	struct place *places;
	size_t n;
};

/* -1 with a message if one is at work; hold_release in any case. */
int hold_take(struct hold *h, const char *dir, struct err *err);
void hold_release(struct hold *h);

#endif
