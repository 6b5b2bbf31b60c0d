/*
 * step_compare: comparisons, IN.
 */
#ifndef BIEF_STEP_COMPARE_H
#define BIEF_STEP_COMPARE_H

#include "expr/sql/steps/step.h"

extern const struct step_maker step_compare_makers[];

#endif
