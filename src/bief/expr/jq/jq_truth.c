/*
 * jq_truth: conditions that are the same for every record, which nobody means.
 *
 * In jq all but false and null is true: 0, "", an empty object, and the record
 * that an assignment gives.  A condition whose results can be nothing else is
 * refused at the start.  true and false, written as they are, and the record
 * itself are taken for what they say.
 */
#include <string.h>

#include "expr/jq/jq_impl.h"

static bool
one_of(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* It looks at nothing that differs from record to record. */
static bool
is_closed(const struct jq_node *n)
{
	uint32_t i;

	if (n == NULL)
		return true;
	switch (n->kind) {
	case JQ_LITERAL:
		return true;
	case JQ_COMMA:
	case JQ_NEGATE:
	case JQ_BINARY:
	case JQ_AND:
	case JQ_OR:
	case JQ_DEFAULT:
	case JQ_IF:
	case JQ_ARRAY:
	case JQ_OBJECT:
	case JQ_FORMAT:
		break;
	case JQ_PIPE: /* what is to the right looks at what is to the left */
		return is_closed(n->a);
	default:
		return false;
	}
	for (i = 0; i < n->nargs; i++)
		if (!is_closed(n->args[i]))
			return false;
	return is_closed(n->a) && is_closed(n->b) && is_closed(n->c);
}

static bool
is_value(const struct jq_node *n)
{
	return n->kind == JQ_LITERAL && n->v.type != VALUE_NULL &&
		n->v.type != VALUE_BOOL;
}

static const char number[] = "a number is true for every record, 0 too: "
			     "compare it";

static const char *
why_call(const struct jq_node *n)
{
	static const char *const numbers[] = {"length", "utf8bytelength", "now",
		"floor", "ceil", "round", "fabs", NULL};
	static const char *const others[] = {"del", "keys", "keys_unsorted",
		"map", "map_values", "to_entries", "tojson", "tostring", "type",
		"with_entries", "gsub", "sub", "ascii_downcase", "ascii_upcase",
		"join", "split", NULL};

	if (one_of(n->name, numbers))
		return number;
	return one_of(n->name, others)
		? "what this gives is true for every record: compare it"
		: NULL;
}

static const char *
why_binary(const struct jq_node *n)
{
	if (is_closed(n))
		return "this is the same for every record: a field is written "
		       ".name";
	if (n->op == JQ_SUB || n->op == JQ_DIV || n->op == JQ_MOD)
		return number;
	if (n->op == JQ_ADD && (is_value(n->a) || is_value(n->b)))
		return "a sum is true for every record, whatever it is: "
		       "compare it";
	return NULL;
}

static const char *
why_assign(const struct jq_tree *t, const struct jq_node *n)
{
	return t->text[n->at] == '='
		? "an assignment is true for every record (did you mean '=='?)"
		: "an assignment is true for every record: derive assigns, "
		  "here a comparison is wanted";
}

/* Why every result of n is true for every record, or the same, and *at where;
 * NULL when it need not be. */
static const char *
why(const struct jq_tree *t, const struct jq_node *n, const struct jq_node **at)
{
	const char *a, *b;

	*at = n;
	switch (n->kind) {
	case JQ_LITERAL:
		return is_value(n) ? "a constant is true for every record"
				   : NULL;
	case JQ_ASSIGN:
		return why_assign(t, n);
	case JQ_ARRAY:
	case JQ_OBJECT:
		return n->kind == JQ_ARRAY
			? "an array is true for every record, whatever is in it"
			: "an object is true for every record, whatever is in "
			  "it";
	case JQ_FORMAT:
	case JQ_ENCODE:
		return "a text is true for every record, whatever is in it";
	case JQ_NEGATE:
		return number;
	case JQ_BINARY:
		return why_binary(n);
	case JQ_CALL:
	case JQ_UNKNOWN:
		return t->defines ? NULL : why_call(n);
	case JQ_OR:
	case JQ_AND: /* an operand that decides nothing */
		a = why(t, n->a, at);
		return a != NULL ? a : why(t, n->b, at);
	case JQ_DEFAULT:
		return why(t, n->b, at);
	case JQ_COMMA:
		a = why(t, n->b, at);
		b = why(t, n->a, at);
		return a != NULL ? b : NULL;
	case JQ_IF:
		a = why(t, n->c, at);
		b = why(t, n->b, at);
		return a != NULL ? b : NULL;
	case JQ_PIPE:
	case JQ_BIND:
	case JQ_DEFINE:
		return why(t, n->b, at);
	case JQ_TRY:
		return n->b == NULL ? why(t, n->a, at) : NULL;
	case JQ_LABEL:
		return n->a != NULL ? why(t, n->a, at) : NULL;
	default:
		return NULL;
	}
}

int
jq_truth_check(const struct jq_tree *t, struct err *err)
{
	const struct jq_node *root = t->root, *at = root;
	const char *what = root != NULL ? why(t, root, &at) : NULL;

	if (root != NULL && root->kind == JQ_LITERAL &&
		root->v.type == VALUE_NULL)
		what = "a constant is true for no record";
	return what == NULL
		? 0
		: err_caret(err, t->text, at->at, "expression: %s", what);
}
