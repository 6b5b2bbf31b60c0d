/*
 * spark_merge: an aggregation that goes on from what bief has counted.  New
 * records become rows of partial results, as the table of spark_kept.h has them
 * of the open groups; what is aggregated is both.
 */
#ifndef BIEF_SPARK_MERGE_H
#define BIEF_SPARK_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "command/spark/python.h"
#include "command/spark/spark_impl.h"
#include "command/spark/spark_kept.h"
#include "floor/buf.h"

struct spark_merge {
	struct spark *s;
	const struct spark_step *p;
	struct python_statement rows; /* of new records */
	struct buf ddl;               /* of the table */
	struct spark_kept_column *columns;
	size_t n;
	struct spark_kept_names names;
	char *parts, *time, *mark; /* names */
};

/* windows: these have a struct, which is a column from now on.  0, or -1; in any
 * case spark_merge_release. */
int spark_merge_begin(struct spark_merge *m, struct spark *s,
	const struct spark_step *p, bool windows);
void spark_merge_release(struct spark_merge *m);
/* A key field: code makes it of a record.  0, or -1. */
int spark_merge_key(
	struct spark_merge *m, const char *code, const struct schema_field *to);

/* A function of a field. */
struct spark_merge_function {
	const char *name;
	const char *field;       /* code */
	const struct type *type; /* of the field; NULL: not known */
	const struct schema_field *to;
	const char *of; /* its first result */
	int part;       /* of stats */
};
/* The result's code is appended.  0, or -1. */
int spark_merge_add(struct spark_merge *m, const struct spark_merge_function *f,
	struct buf *code);
/* Write the statements of the rows, in front of that which aggregates them.
 * 0, or -1. */
int spark_merge_end(struct spark_merge *m);

#endif
