/*
 * jq_settle: what can only be said when the tree is whole: which calls are of
 * functions that we have, and which nodes give one result exactly.
 */
#include "expr/jq/parse/jq_node.h"

static bool
jq_settle_all_single(const struct jq_node *n)
{
	uint32_t i;

	for (i = 0; i < n->nargs; i++)
		if (!n->args[i]->single)
			return false;
	return (n->a == NULL || n->a->single) &&
		(n->b == NULL || n->b->single) &&
		(n->c == NULL || n->c->single);
}

static bool
jq_settle_is_single(const struct jq_node *n)
{
	switch (n->kind) {
	case JQ_COMMA:
	case JQ_EACH:
		return false;
	case JQ_ARRAY:
		return true;
	case JQ_FIELD:
	case JQ_INDEX:
	case JQ_SLICE:
		return !n->opt && jq_settle_all_single(n);
	case JQ_CALL:
		return n->func->each != NULL ? (n->func->flags & JQ_ALWAYS) != 0
					     : jq_settle_all_single(n);
	default:
		return n->kind < JQ_UNKNOWN && jq_settle_all_single(n);
	}
}

static void
jq_settle_call(struct jq_tree *t, struct jq_node *n)
{
	uint32_t i;

	if (n->kind != JQ_CALL)
		return;
	/* A program that defines functions may mean its own. */
	if (!t->defines)
		n->func = jq_func_find(n->name, n->nname, n->nargs);
	for (i = 0; n->func != NULL && i < n->nargs; i++)
		if (!n->args[i]->single && !(n->func->flags & JQ_LAZY))
			n->func = NULL;
	if (n->func == NULL) {
		n->kind = JQ_UNKNOWN;
		t->foreign = true;
	}
}

/* {"\(.a[])"}: each key goes with its own value, which is libjq's way. */
static bool
jq_settle_key_of_many(const struct jq_node *n)
{
	uint32_t i;

	for (i = 0; i < n->nargs; i += 2)
		if (!n->args[i]->single && n->args[i + 1]->kind == JQ_INDEX &&
			n->args[i + 1]->b == n->args[i])
			return true;
	return false;
}

/* From the leaves up: which calls are ours, what has one result. */
void
jq_settle(struct jq_tree *t, struct jq_node *n)
{
	uint32_t i;

	if (n == NULL)
		return;
	jq_settle(t, n->a);
	jq_settle(t, n->b);
	jq_settle(t, n->c);
	for (i = 0; i < n->nargs; i++)
		jq_settle(t, n->args[i]);
	jq_settle_call(t, n);
	if (n->kind == JQ_OBJECT && jq_settle_key_of_many(n))
		t->foreign = true;
	n->single = jq_settle_is_single(n);
}
