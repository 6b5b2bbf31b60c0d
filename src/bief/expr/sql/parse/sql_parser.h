/*
 * sql_parser: what the parser's files share.  Private to them:
 *
 *	sql_parse.c    the grammar
 *	sql_call.c     calls, those with a syntax of their own
 *	sql_literal.c  numbers, intervals, times
 *	sql_ddl.c      types
 *	sql_tok.c      tokens
 *
 * A function that makes a node returns NULL, one that makes none -1, with a
 * message that shows the place.  On return the parser stands at the first token
 * that is not the node's.
 */
#ifndef BIEF_SQL_PARSER_H
#define BIEF_SQL_PARSER_H

#include "expr/sql/sql_impl.h"

#define SQL_DEPTH 400  /* nesting that is accepted */
#define SQL_ARGS 10000 /* and arguments */
#define SQL_TOO_DEEP "nested deeper than 400 levels"
#define SQL_TOO_MANY "more than 10000 arguments"

enum sql_token_kind {
	TOK_END,
	TOK_WORD,
	TOK_QUOTED, /* in backquotes: never a word of the grammar */
	TOK_STRING,
	TOK_NUMBER,
	TOK_OP
};

struct sql_token {
	enum sql_token_kind kind;
	const char *from, *to;
	const char *s; /* of names and strings: what is meant */
	uint32_t n;
};

struct sql_parser {
	struct sql *x;
	struct err *err;
	const char *p; /* behind the token */
	struct sql_token t;
	int depth;
	bool negative; /* a minus that belongs to the number here */
	/* The grammar, for what is made of expressions: a whole one, or one up
	 * to a comparison ("in" ends it: position(a in b)). */
	struct sql_node *(*expression)(struct sql_parser *p);
	struct sql_node *(*operand)(struct sql_parser *p);
};

/* sql_tok.c; words are known in any case of letters. */
int sql_tok_next(struct sql_parser *p);
/* What comes behind the token, without taking it. */
struct sql_token sql_tok_peek(struct sql_parser *p);
bool sql_tok_peek_op(struct sql_parser *p, const char *op);
bool sql_tok_is(const struct sql_token *t, const char *word);
bool sql_tok_at(struct sql_parser *p, const char *word);
bool sql_tok_at_op(struct sql_parser *p, const char *op);
/* A word, or anything in backquotes. */
bool sql_tok_is_name(const struct sql_token *t);
/* 1 taken, 0 something else stands there, -1. */
int sql_tok_take(struct sql_parser *p, const char *word);
int sql_tok_take_op(struct sql_parser *p, const char *op);
/* The same where nothing else may stand; 0 or -1. */
int sql_tok_need(struct sql_parser *p, const char *word);
int sql_tok_need_op(struct sql_parser *p, const char *op, const char *what);
/* n hexadecimal digits; true when they are there. */
bool sql_tok_hex(const char *s, int n, unsigned *out);
/* Messages; NULL, to be returned. */
struct sql_node *sql_tok_refuse(
	struct sql_parser *p, const char *at, const char *what);
struct sql_node *sql_tok_expected(struct sql_parser *p, const char *what);

/* sql_literal.c */
struct sql_node *sql_literal(
	struct sql_parser *p, struct datum d, const char *from);
struct sql_node *sql_literal_text(
	struct sql_parser *p, const char *s, const char *from);
struct sql_node *sql_literal_number(struct sql_parser *p);
/* At "interval", which stands at from. */
struct sql_node *sql_literal_interval(struct sql_parser *p, const char *from);
/* date '...', timestamp '...', x'...' */
struct sql_node *sql_literal_typed(struct sql_parser *p);
/* Does this name a unit of intervals?  -1: no. */
int sql_literal_unit(const char *s, size_t n);

/* sql_ddl.c */
int sql_ddl_type(struct sql_parser *p, struct ty *out);

/* sql_call.c */
/* A call of what is known to be a function, with up to three arguments. */
struct sql_node *sql_call(
	struct sql *x, const char *fn, const char *from, int narg, ...);
/* The same with any number of them, which is checked. */
struct sql_node *sql_call_list(struct sql_parser *p, const char *fn,
	const char *from, const struct sql_nodes *l);
/* Behind "(": expressions parted by commas, and ")". */
int sql_call_arguments(struct sql_parser *p, struct sql_nodes *l);
/* At a name with "(" behind it. */
struct sql_node *sql_call_parse(struct sql_parser *p);
/* (a, b) is a struct(a, b). */
struct sql_node *sql_call_tuple(
	struct sql_parser *p, const char *from, const struct sql_nodes *l);

#endif
