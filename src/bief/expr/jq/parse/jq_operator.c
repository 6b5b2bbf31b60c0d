/*
 * jq_operator: the operators of jq between two expressions.
 */
#include "expr/jq/parse/jq_operator.h"

#include <ctype.h>

static const struct jq_operator jq_operators[] = {
	{"//", LEVEL_DEFAULT, JQ_DEFAULT, 0},
	{"=", LEVEL_ASSIGN, JQ_ASSIGN, 0},
	{"|=", LEVEL_ASSIGN, JQ_ASSIGN, 0},
	{"+=", LEVEL_ASSIGN, JQ_ASSIGN, 0},
	{"-=", LEVEL_ASSIGN, JQ_ASSIGN, 0},
	{"*=", LEVEL_ASSIGN, JQ_ASSIGN, 0},
	{"/=", LEVEL_ASSIGN, JQ_ASSIGN, 0},
	{"%=", LEVEL_ASSIGN, JQ_ASSIGN, 0},
	{"//=", LEVEL_ASSIGN, JQ_ASSIGN, 0},
	{"or", LEVEL_OR, JQ_OR, 0},
	{"and", LEVEL_AND, JQ_AND, 0},
	{"==", LEVEL_COMPARE, JQ_BINARY, JQ_EQ},
	{"!=", LEVEL_COMPARE, JQ_BINARY, JQ_NE},
	{"<", LEVEL_COMPARE, JQ_BINARY, JQ_LT},
	{"<=", LEVEL_COMPARE, JQ_BINARY, JQ_LE},
	{">", LEVEL_COMPARE, JQ_BINARY, JQ_GT},
	{">=", LEVEL_COMPARE, JQ_BINARY, JQ_GE},
	{"+", LEVEL_ADD, JQ_BINARY, JQ_ADD},
	{"-", LEVEL_ADD, JQ_BINARY, JQ_SUB},
	{"*", LEVEL_MUL, JQ_BINARY, JQ_MUL},
	{"/", LEVEL_MUL, JQ_BINARY, JQ_DIV},
	{"%", LEVEL_MUL, JQ_BINARY, JQ_MOD},
};

const struct jq_operator *
jq_operator_find(const struct jq_lex *ps)
{
	size_t i;

	for (i = 0; i < sizeof(jq_operators) / sizeof(jq_operators[0]); i++)
		if (jq_lex_is(ps,
			    isalpha((unsigned char)jq_operators[i].text[0])
				    ? JQ_T_WORD
				    : JQ_T_OP,
			    jq_operators[i].text))
			return &jq_operators[i];
	return NULL;
}
