/*
 * step_choice: logic, and what chooses between values.
 */
#ifndef BIEF_STEP_CHOICE_H
#define BIEF_STEP_CHOICE_H

#include "expr/sql/steps/step.h"

extern const struct step_maker step_choice_makers[];

#endif
