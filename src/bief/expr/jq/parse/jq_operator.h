/*
 * jq_operator: the operators of jq between two expressions.
 */
#ifndef BIEF_JQ_OPERATOR_H
#define BIEF_JQ_OPERATOR_H

#include "expr/jq/parse/jq_lex.h"

/* How tight an operator binds. */
enum jq_level {
	LEVEL_DEFAULT = 1,
	LEVEL_ASSIGN,
	LEVEL_OR,
	LEVEL_AND,
	LEVEL_COMPARE,
	LEVEL_ADD,
	LEVEL_MUL
};

struct jq_operator {
	const char *text;
	uint8_t level; /* enum jq_level */
	uint8_t kind;  /* of the node: enum jq_kind */
	uint8_t op;    /* enum jq_op, of a JQ_BINARY */
};

/* The one that the token is, or NULL. */
const struct jq_operator *jq_operator_find(const struct jq_lex *ps);

#endif
