/*
 * spark_jq_fn: calls of jq's functions as SQL, private to the translation.  0, or
 * -1 with x->err set and a caret under the place.
 */
#ifndef BIEF_SPARK_JQ_FN_H
#define BIEF_SPARK_JQ_FN_H

#include "command/spark/spark_piece.h"

int spark_jq_fn_refuse(
	struct translation *x, const struct jq_node *n, const char *name);
int spark_jq_fn_string(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out);
int spark_jq_fn(struct translation *x, const struct jq_node *n,
	const struct piece *in, struct piece *out);

#endif
