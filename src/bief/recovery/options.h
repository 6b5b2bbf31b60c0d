/*
 * options: what the state of a stage depends on, as lines of text in its place.
 */
#ifndef BIEF_OPTIONS_H
#define BIEF_OPTIONS_H

#include <stdbool.h>

struct err;
struct place;

/* Has the stage of this id never stored any? */
bool options_fresh(const char *dir, const char *id);
/* Compare with what was stored: 0 the same or stored now, -1 with a message that
 * names the difference. */
int options_same(const struct place *p, const char *text, struct err *err);

#endif
