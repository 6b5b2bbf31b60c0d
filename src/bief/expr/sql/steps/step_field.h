/*
 * step_field: fields, read by their types.
 */
#ifndef BIEF_STEP_FIELD_H
#define BIEF_STEP_FIELD_H

#include "expr/sql/steps/step.h"

struct datum *step_field(
	struct step_build *b, struct sql_node *n, int op, int null);

#endif
