/*
 * ddl: schemas and types in the notation of Spark's SQL.
 */
#ifndef BIEF_DDL_H
#define BIEF_DDL_H

#include <stdbool.h>

struct err;
struct schema;
struct type;

#define DDL_DEPTH 100 /* nesting of types that is accepted */
#define DDL_TOO_DEEP "nested deeper than 100 levels, the limit of a schema"

/* header: of a stream, where the type "unknown" and any names are allowed.  NULL
 * with a message that shows the place with a caret. */
struct schema *ddl_parse(const char *text, bool header, struct err *err);
/* The text of one type. */
struct type *ddl_parse_type(const char *text, struct err *err);

#endif
