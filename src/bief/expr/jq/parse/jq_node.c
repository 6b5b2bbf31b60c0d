/*
 * jq_node: the nodes of the tree.  All of them hang on one chain, so that a tree
 * that was given up half way is released like a whole one.
 */
#include "expr/jq/parse/jq_node.h"

#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "text/number.h"
#include "value/json.h"

struct jq_node *
jq_node_new(struct jq_lex *ps, enum jq_kind kind, const char *at)
{
	struct jq_node *n = mem_zalloc(sizeof(*n));

	n->kind = (uint8_t)kind;
	n->at = (uint32_t)(at - ps->t->text);
	n->index = -1;
	n->next = ps->t->all;
	ps->t->all = n;
	if (kind >= JQ_UNKNOWN)
		ps->t->foreign = true;
	if (kind == JQ_DEFINE)
		ps->t->defines = true;
	ps->t->nodes++;
	return n;
}

void
jq_node_add(struct jq_node *n, struct jq_node *arg)
{
	n->args = mem_realloc(n->args, (n->nargs + 1) * sizeof(*n->args));
	n->args[n->nargs++] = arg;
}

void
jq_node_name(struct jq_node *n, const char *s, size_t len)
{
	free(n->name);
	n->name = mem_dup(s, len);
	n->nname = (uint32_t)len;
}

/* The node of a string's plain text. */
struct jq_node *
jq_node_string(struct jq_lex *ps, const char *at, const struct buf *text)
{
	struct jq_node *n = jq_node_new(ps, JQ_LITERAL, at);
	struct buf quoted;

	jq_node_name(n, text->n > 0 ? text->p : "", text->n);
	buf_init(&quoted);
	json_quote(&quoted, n->name, n->nname);
	/* The scanners of JSON read some bytes further. */
	buf_need(&quoted, JSON_PADDING);
	n->v = value_json_string(quoted.p + 1, quoted.n - 2,
		memchr(quoted.p, '\\', quoted.n) != NULL);
	n->pattern = quoted.p; /* owns what v points to */
	n->single = true;
	return n;
}

struct jq_node *
jq_node_literal(struct jq_lex *ps, const char *at, struct value v)
{
	struct jq_node *n = jq_node_new(ps, JQ_LITERAL, at);

	n->v = v;
	n->single = true;
	return n;
}

bool
jq_node_is_string(const struct jq_node *n)
{
	return n->kind == JQ_LITERAL && n->v.type == VALUE_STRING;
}

struct jq_node *
jq_node_field(struct jq_lex *ps, const char *at, struct jq_node *of,
	const char *name, size_t len)
{
	struct jq_node *n = jq_node_new(ps, JQ_FIELD, at);

	n->a = of;
	jq_node_name(n, name, len);
	return n;
}

void
jq_node_release(struct jq_tree *t)
{
	struct jq_node *n;

	while ((n = t->all) != NULL) {
		t->all = n->next;
		regex_free(n->regex);
		free(n->args);
		free(n->name);
		free(n->pattern);
		free(n);
	}
	free(t->text);
	memset(t, 0, sizeof(*t));
}

const struct jq_node *
jq_node_unknown(const struct jq_tree *t, const char *name, size_t n, int nargs)
{
	const struct jq_node *x;

	for (x = t->all; x != NULL; x = x->next)
		if ((x->kind == JQ_UNKNOWN || x->kind == JQ_CALL) &&
			x->nname == n && memcmp(x->name, name, n) == 0 &&
			(nargs < 0 || x->nargs == (uint32_t)nargs))
			return x;
	return NULL;
}

struct jq_node *
jq_node_number(struct jq_lex *ps)
{
	const char *s = ps->at;
	size_t n = ps->n;
	struct value v;
	int64_t i;

	if (number_int(s, n, &i) == 0)
		v = value_int(i);
	else
		v = value_double(strtod(s, NULL));
	jq_lex_next(ps);
	return jq_node_literal(ps, s, v);
}
