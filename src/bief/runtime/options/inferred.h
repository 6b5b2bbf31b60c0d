/*
 * inferred: the answer to --infer FILE of a parser: a schema is printed, and
 * nothing runs.
 */
#ifndef BIEF_INFERRED_H
#define BIEF_INFERRED_H

#include <stdbool.h>

struct schema;
struct stage;

/* For open: is it to be given now?  Not in a pipeline, which plan refuses. */
bool inferred_asked(const struct stage *st, const char *file);
/* Print the schema, which is freed. */
void inferred_print(struct stage *st, struct schema *s);

#endif
