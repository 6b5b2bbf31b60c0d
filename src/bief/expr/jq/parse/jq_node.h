/*
 * jq_node: making the nodes of a tree.
 */
#ifndef BIEF_JQ_NODE_H
#define BIEF_JQ_NODE_H

#include "expr/jq/parse/jq_lex.h"

struct jq_node *jq_node_new(
	struct jq_lex *ps, enum jq_kind kind, const char *at);
/* Of a string's plain text. */
struct jq_node *jq_node_string(
	struct jq_lex *ps, const char *at, const struct buf *text);
struct jq_node *jq_node_literal(
	struct jq_lex *ps, const char *at, struct value v);
struct jq_node *jq_node_field(struct jq_lex *ps, const char *at,
	struct jq_node *of, const char *name, size_t len);
void jq_node_add(struct jq_node *n, struct jq_node *arg);
void jq_node_name(struct jq_node *n, const char *s, size_t len);
bool jq_node_is_string(const struct jq_node *n);

/* Of the token, which is one. */
struct jq_node *jq_node_number(struct jq_lex *ps);

/* Does jq compute it when it compiles? */
bool jq_constant(const struct jq_node *n);
bool jq_constant_number(const struct jq_node *n);
/* Are all keys of an object constant, no two of them alike? */
bool jq_constant_keys_distinct(const struct jq_node *n);
/* A quotient of two numbers is computed at once: NULL with a message where it is
 * infinite, for every record would fail on it. */
struct jq_node *jq_constant_fold(struct jq_lex *ps, struct jq_node *n);

/* From the leaves up: which calls are ours, what has one result. */
void jq_settle(struct jq_tree *t, struct jq_node *n);

#endif
