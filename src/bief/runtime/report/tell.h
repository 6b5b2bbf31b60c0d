/*
 * tell: what others may know of a chain, private to the runtime and to the
 * commands that look at chains.
 */
#ifndef BIEF_TELL_H
#define BIEF_TELL_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/report/vitals.h"

struct chain;
struct stage;

/* Its stages run from now on: bief ps shows them. */
void tell_open(struct chain *c, char ***words);
/* How far it has come, and what it does from now on. */
void tell_doing(struct chain *c, enum vitals_doing doing);
/* Rows in a stage's state, as Spark counts them; STAGE_NO_ROWS: it has none.
 * glance: what is at hand will do. */
int64_t tell_rows(struct stage *st, bool glance);

#endif
