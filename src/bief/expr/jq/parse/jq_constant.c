/*
 * jq_constant: what jq 1.6 computes when it compiles a program, which decides
 * what it refuses then, and not for a record.
 */
#include <math.h>
#include <string.h>

#include "value/value.h"
#include "expr/jq/parse/jq_node.h"

bool
jq_constant_keys_distinct(const struct jq_node *n)
{
	const struct jq_node *a, *b;
	uint32_t i, j;

	for (i = 0; i < n->nargs; i += 2) {
		a = n->args[i];
		if (!jq_node_is_string(a))
			return false;
		for (j = 0; j < i; j += 2) {
			b = n->args[j];
			if (a->nname == b->nname &&
				memcmp(a->name, b->name, a->nname) == 0)
				return false;
		}
	}
	return true;
}

bool
jq_constant_number(const struct jq_node *n)
{
	return n->kind == JQ_LITERAL &&
		(n->v.type == VALUE_INT || n->v.type == VALUE_DOUBLE);
}

/* What jq computes when it compiles. */
bool
jq_constant(const struct jq_node *n)
{
	uint32_t i;

	switch (n->kind) {
	case JQ_LITERAL:
		return true;
	case JQ_ARRAY:
		return n->a == NULL || jq_constant(n->a);
	case JQ_COMMA:
		return jq_constant(n->a) && jq_constant(n->b);
	case JQ_BINARY:
		return jq_constant_number(n->a) && jq_constant_number(n->b);
	case JQ_OBJECT:
		for (i = 0; i < n->nargs; i++)
			if (!jq_constant(n->args[i]))
				return false;
		return true;
	default:
		return false;
	}
}

/* jq computes with constants at once, and refuses a quotient that is infinite;
 * every record would fail on it. */
struct jq_node *
jq_constant_fold(struct jq_lex *ps, struct jq_node *n)
{
	double d;

	if (n->kind != JQ_BINARY || n->op != JQ_DIV ||
		!jq_constant_number(n->a) || !jq_constant_number(n->b))
		return n;
	d = jq_value_double(&n->a->v) / jq_value_double(&n->b->v);
	if (isinf(d))
		return jq_lex_refuse_at(
			ps, ps->t->text + n->at, "this divides by zero");
	return jq_node_literal(
		ps, ps->t->text + n->at, jq_value_from_double(d, true));
}
