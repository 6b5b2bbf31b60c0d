/*
 * step_number: arithmetic, functions of numbers and casts between them.
 */
#ifndef BIEF_STEP_NUMBER_H
#define BIEF_STEP_NUMBER_H

#include "expr/sql/steps/step.h"

extern const struct step_maker step_number_makers[];
/* NULL: between other types. */
struct datum *step_number_cast(
	struct step_build *b, struct sql_node *n, int op, int null);

#endif
