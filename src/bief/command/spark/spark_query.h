/*
 * spark_query: what the statements of all sinks have in common, private to
 * spark_sink.c and spark_database.c.
 */
#ifndef BIEF_SPARK_QUERY_H
#define BIEF_SPARK_QUERY_H

#include "command/spark/spark_impl.h"

void spark_query_columns(struct spark *s, struct spark_flow *in);
const char *spark_query_mode(const struct spark_flow *in);
void spark_query_begin(struct spark *s, struct python_statement *t,
	const char *var, const char *mode, bool checkpoint);
void spark_query_end(struct spark *s, struct python_statement *t);
void spark_query_each(
	struct spark *s, struct spark_flow *in, const struct buf *text);
const char *spark_query_rows(
	const struct spark *s, const struct spark_flow *in);
int spark_query_indent(const struct spark *s);

#endif
