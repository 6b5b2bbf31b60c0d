/*
 * ops: an operator is found by its name.
 */
#include "runtime/ops.h"

#include <string.h>

#include "runtime/stage.h"

const struct op *
ops_find(const char *name)
{
	for (const struct op *const *op = ops_all; *op != NULL; op++)
		if (strcmp((*op)->name, name) == 0)
			return *op;
	return NULL;
}
