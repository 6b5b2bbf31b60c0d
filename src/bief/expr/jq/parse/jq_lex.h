/*
 * jq_lex: the words of jq's language.
 */
#ifndef BIEF_JQ_LEX_H
#define BIEF_JQ_LEX_H

#include "expr/jq/jq_impl.h"

enum jq_token {
	JQ_T_END,
	JQ_T_NAME,   /* an identifier that is no keyword */
	JQ_T_WORD,   /* a keyword */
	JQ_T_FIELD,  /* .name */
	JQ_T_FORMAT, /* @name */
	JQ_T_NUMBER,
	JQ_T_QUOTE, /* the quote that opens a string */
	JQ_T_RECURSE,
	JQ_T_OP, /* an operator or punctuation: its text */
	JQ_T_BAD
};

struct jq_lex {
	struct jq_tree *t;
	const char *p; /* behind the token */
	enum jq_token kind;
	const char *at; /* the token */
	size_t n;
	int depth;
	struct err *err;
};

/* On to the next token. */
void jq_lex_next(struct jq_lex *ps);
bool jq_lex_is(const struct jq_lex *ps, enum jq_token kind, const char *text);
/* Is it this one?  Then on to the next. */
bool jq_lex_take_op(struct jq_lex *ps, const char *op);
bool jq_lex_take_word(struct jq_lex *ps, const char *word);
/* It must be this one, else there is a message. */
bool jq_lex_need_op(struct jq_lex *ps, const char *op);
bool jq_lex_need_word(struct jq_lex *ps, const char *word);
/* The escape whose backslash is at p, as plain text; the place behind it, or
 * NULL. */
const char *jq_lex_escape(const char *p, struct buf *out);
/* Messages; NULL. */
struct jq_node *jq_lex_refuse(struct jq_lex *ps, const char *expected);
struct jq_node *jq_lex_refuse_at(
	struct jq_lex *ps, const char *at, const char *what);

#endif
