/*
 * jq_safe: which programs libjq 1.6 may run inside of our process.
 *
 * What is listed here ends, in time and memory that the record and the program
 * bound, and meets none of the places where libjq aborts.  What is not listed
 * may be as good; nobody has looked.
 *
 *	%           the machine stops at -9223372036854775808 % -1
 *	*           repeats a text up to 2 GiB, an empty one as often as wanted
 *	.[a:b]      aborts when a is NaN, as does .[{"start": a}]
 *	.[n] = x    makes an array of n elements; NaN never ends
 *	range       has as many results as a number says; while, until, repeat
 *	            and functions that call themselves have any number
 *	match ...   a search may step back for ever; an empty match may be found
 *	            again and again, or inside of a character
 *	strftime    aborts on a number that is no time
 *	reduce      may double its result for each element, or nest it, and libjq
 *	            steps down into what is nested
 */
#include <string.h>

#include "expr/jq/jq_impl.h"

#define INDEX_MOST 1000  /* of an array that an assignment makes longer */
#define RANGE_MOST 10000 /* results of range(n) */
#define REPEAT_MOST 4    /* of a text by a factor */

enum {
	ANY = 1,     /* safe, whatever its arguments are that are safe */
	PATHS = 2,   /* its arguments are paths that are written to */
	COUNT = 4,   /* its first argument must be a small number */
	TEXT = 8,    /* its argument must be a text that is not empty */
	NUMBER = 16, /* it may give NaN */
	FLAT = 32    /* its result is no larger than its input */
};

/* clang-format off */
static const struct {
	const char *name;
	int nargs; /* -1: any number */
	int rule;
} functions[] = {
	{"IN", -1, ANY}, {"INDEX", -1, ANY}, {"add", 0, ANY | NUMBER},
	{"all", -1, ANY}, {"any", -1, ANY}, {"arrays", 0, ANY},
	{"ascii_downcase", 0, ANY}, {"ascii_upcase", 0, ANY},
	{"batch_timestamp", 0, ANY}, {"booleans", 0, ANY}, {"ceil", 0, ANY | FLAT},
	{"contains", 1, ANY | FLAT}, {"del", 1, PATHS}, {"empty", 0, ANY | FLAT},
	{"endswith", 1, ANY | FLAT}, {"error", -1, ANY}, {"event_time", 0, ANY},
	{"explode", 0, ANY}, {"fabs", 0, ANY | FLAT}, {"first", -1, ANY},
	{"flatten", 0, ANY}, {"floor", 0, ANY | FLAT}, {"from_entries", 0, ANY},
	{"fromjson", 0, ANY | NUMBER}, {"group_by", 1, ANY}, {"has", 1, ANY | FLAT},
	{"in", 1, ANY}, {"index", 1, TEXT}, {"indices", 1, TEXT},
	{"infinite", 0, ANY | NUMBER}, {"inside", 1, ANY},
	{"isempty", 1, ANY}, {"isinfinite", 0, ANY}, {"isnan", 0, ANY},
	{"isnormal", 0, ANY}, {"iterables", 0, ANY}, {"join", 1, ANY},
	{"keys", 0, ANY}, {"keys_unsorted", 0, ANY}, {"last", -1, ANY},
	{"leaf_paths", 0, ANY}, {"length", 0, ANY | FLAT}, {"limit", 2, COUNT},
	{"ltrimstr", 1, ANY | FLAT}, {"map", 1, ANY}, {"map_values", 1, ANY},
	{"max", 0, ANY | FLAT}, {"max_by", 1, ANY}, {"min", 0, ANY | FLAT},
	{"min_by", 1, ANY}, {"nan", 0, ANY | NUMBER}, {"not", 0, ANY | FLAT},
	{"now", 0, ANY}, {"nth", 1, ANY}, {"nulls", 0, ANY},
	{"numbers", 0, ANY}, {"objects", 0, ANY}, {"path", 1, ANY},
	{"paths", -1, ANY}, {"range", 1, COUNT}, {"recurse", 0, ANY},
	{"reverse", 0, ANY}, {"rindex", 1, TEXT}, {"round", 0, ANY | FLAT},
	{"rtrimstr", 1, ANY | FLAT}, {"scalars", 0, ANY}, {"select", 1, ANY | FLAT},
	{"sort", 0, ANY}, {"sort_by", 1, ANY}, {"split", 1, ANY},
	{"sqrt", 0, ANY | NUMBER}, {"startswith", 1, ANY | FLAT},
	{"strings", 0, ANY}, {"to_entries", 0, ANY},
	{"tojson", 0, ANY}, {"tonumber", 0, ANY | NUMBER | FLAT},
	{"tostream", 0, ANY}, {"tostring", 0, ANY}, {"transpose", 0, ANY},
	{"type", 0, ANY | FLAT}, {"unique", 0, ANY}, {"unique_by", 1, ANY},
	{"utf8bytelength", 0, ANY}, {"values", 0, ANY},
	{"with_entries", 1, ANY},
};
/* clang-format on */

struct look {
	bool folds; /* in what reduce or foreach does again and again */
	bool nan;   /* something may give NaN ... */
	bool cuts;  /* ... and something must not be given it */
};

static bool safe(struct look *l, const struct jq_node *n);

static bool
jq_safe_is_number(const struct jq_node *n)
{
	return n->kind == JQ_LITERAL &&
		(n->v.type == VALUE_INT || n->v.type == VALUE_DOUBLE);
}

static bool
is_text(const struct jq_node *n)
{
	return n->kind == JQ_LITERAL && n->name != NULL;
}

static bool
is_small(const struct jq_node *n, int64_t most)
{
	return n->kind == JQ_LITERAL && n->v.type == VALUE_INT && n->v.i >= 0 &&
		n->v.i <= most;
}

static bool
all_safe(struct look *l, const struct jq_node *n)
{
	uint32_t i;

	for (i = 0; i < n->nargs; i++)
		if (!safe(l, n->args[i]))
			return false;
	return safe(l, n->a) && safe(l, n->b) && safe(l, n->c);
}

/* What may stand on the left of an assignment: nothing makes an array long. */
static bool
safe_paths(struct look *l, const struct jq_node *n)
{
	switch (n->kind) {
	case JQ_SELF:
	case JQ_RECURSE:
		return true;
	case JQ_FIELD:
	case JQ_EACH:
		return safe_paths(l, n->a);
	case JQ_INDEX:
		return safe_paths(l, n->a) &&
			(is_text(n->b) || is_small(n->b, INDEX_MOST));
	case JQ_PIPE:
	case JQ_COMMA:
		return safe_paths(l, n->a) && safe_paths(l, n->b);
	case JQ_CALL:
		return n->nargs == 1 && strcmp(n->name, "select") == 0 &&
			safe(l, n->args[0]);
	default:
		return false;
	}
}

static bool
safe_call(struct look *l, const struct jq_node *n)
{
	size_t i;
	int rule = 0;

	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strcmp(functions[i].name, n->name) == 0 &&
			(functions[i].nargs == -1 ||
				functions[i].nargs == (int)n->nargs))
			rule = functions[i].rule;
	if (rule == 0 || (l->folds && !(rule & FLAT)))
		return false;
	l->nan |= (rule & NUMBER) != 0;
	if (rule & PATHS)
		return safe_paths(l, n->args[0]);
	if ((rule & COUNT) && !is_small(n->args[0], RANGE_MOST))
		return false;
	if ((rule & TEXT) && (!is_text(n->args[0]) || n->args[0]->nname == 0))
		return false;
	return all_safe(l, n);
}

/* It does not depend on its input. */
static bool
is_closed(const struct jq_node *n)
{
	return n->kind == JQ_LITERAL || n->kind == JQ_VARIABLE ||
		(n->kind == JQ_FIELD && is_closed(n->a));
}

static bool
is_factor(const struct jq_node *n)
{
	return jq_safe_is_number(n) && jq_value_double(&n->v) <= REPEAT_MOST;
}

static bool
safe_binary(struct look *l, const struct jq_node *n)
{
	if (n->op == JQ_MUL &&
		(l->folds || (!is_factor(n->a) && !is_factor(n->b))))
		return false;
	if (n->op == JQ_MOD && (!is_small(n->b, INT64_MAX) || n->b->v.i == 0))
		return false;
	if (n->op == JQ_ADD && l->folds && !is_closed(n->a) && !is_closed(n->b))
		return false;
	l->nan |= n->op <= JQ_DIV;
	return all_safe(l, n);
}

static bool
safe_fold(struct look *l, const struct jq_node *n)
{
	bool before = l->folds, is;

	if (!safe(l, n->a) || !safe(l, n->b))
		return false;
	l->folds = true;
	is = safe(l, n->c) && (n->nargs == 0 || safe(l, n->args[0]));
	l->folds = before;
	return is;
}

static bool
safe(struct look *l, const struct jq_node *n)
{
	if (n == NULL)
		return true;
	switch (n->kind) {
	case JQ_CALL:
	case JQ_UNKNOWN:
		return safe_call(l, n);
	case JQ_BINARY:
		return safe_binary(l, n);
	case JQ_INDEX:
		l->cuts |= n->b->kind != JQ_LITERAL && n->b->kind != JQ_FORMAT;
		return all_safe(l, n);
	case JQ_SLICE:
		l->cuts |= (n->b != NULL && n->b->kind != JQ_LITERAL) ||
			(n->c != NULL && n->c->kind != JQ_LITERAL);
		return all_safe(l, n);
	case JQ_FOLD:
		return safe_fold(l, n);
	case JQ_ASSIGN:
		return !l->folds && safe_paths(l, n->a) && safe(l, n->b);
	case JQ_ARRAY:
	case JQ_OBJECT:
	case JQ_FORMAT:
	case JQ_ENCODE:
	case JQ_COMMA:
	case JQ_EACH:
	case JQ_RECURSE:
		return !l->folds && all_safe(l, n);
	case JQ_DEFINE: /* it may call itself */
		return false;
	default:
		return all_safe(l, n);
	}
}

bool
jq_safe(const struct jq_tree *t)
{
	struct look l = {.folds = false};

	return t->root != NULL && safe(&l, t->root) && !(l.nan && l.cuts);
}
