/*
 * sql_tree: a compiled expression's memory, its nodes, and messages that point
 * into its text.  All that builds or reads the tree stands on it: the parser,
 * the binder, conditions of joins.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "floor/err.h"
#include "expr/sql/sql_impl.h"

void
sql_tree_begin(struct sql *x, const char *text)
{
	*x = (struct sql){0};
	x->text = arena_text(&x->arena, text, strlen(text));
}

void
sql_tree_end(struct sql *x)
{
	for (struct sql_node *n = x->nodes; n != NULL; n = n->all) {
		if (n->free != NULL)
			n->free(n->data);
		arena_release(&n->keep);
	}
	arena_release(&x->arena);
}

struct sql_node *
sql_tree_node(struct sql *x, enum sql_op op, const char *from)
{
	struct sql_node *n = arena_zero(&x->arena, sizeof(*n));

	n->op = op;
	n->from = n->to = from;
	n->index = -1;
	n->all = x->nodes;
	x->nodes = n;
	return n;
}

void
sql_tree_args(struct sql *x, struct sql_node *n, struct sql_node *const *arg,
	int narg)
{
	assert(narg >= 0);
	n->narg = narg;
	n->arg = arena_get(&x->arena, (size_t)narg * sizeof(*arg));
	if (narg > 0)
		memcpy(n->arg, arg, (size_t)narg * sizeof(*arg));
}

struct sql_node *
sql_tree_cast(
	struct sql *x, struct sql_node *of, struct ty to, const char *from)
{
	struct sql_node *n = sql_tree_node(x, SQL_CAST, from);

	sql_tree_args(x, n, &of, 1);
	n->ty = to;
	return n;
}

struct sql_node *
sql_tree_member(struct sql *x, struct sql_node *of, struct sql_name name)
{
	struct sql_node *n = sql_tree_node(x, SQL_MEMBER, of->from);

	sql_tree_args(x, n, &of, 1);
	n->part = arena_get(&x->arena, sizeof(*n->part));
	*n->part = name;
	n->npart = 1;
	return n;
}

void
sql_tree_add(struct sql *x, struct sql_nodes *l, struct sql_node *n)
{
	struct sql_node **more;

	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 4;
		more = arena_get(&x->arena, (size_t)l->cap * sizeof(*more));
		if (l->n > 0)
			memcpy(more, l->p, (size_t)l->n * sizeof(*more));
		l->p = more;
	}
	l->p[l->n++] = n;
}

int
sql_tree_refuse(const struct sql *x, const char *at, struct err *err,
	const char *fmt, ...)
{
	const char *from = at, *to;
	char what[300], line[400];
	size_t column = 0;
	va_list ap;

	assert(at >= x->text);
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	while (from > x->text && from[-1] != '\n' && at - from < 60)
		from--;
	while (from > x->text && ((unsigned char)*from & 0xC0) == 0x80)
		from--;
	to = at + strcspn(at, "\n");
	if (to - at > 40)
		to = at + 40;
	while (*to != '\0' && ((unsigned char)*to & 0xC0) == 0x80)
		to++;
	for (const char *p = from; p < at; p++)
		column += ((unsigned char)*p & 0xC0) != 0x80;
	err_quote(line, sizeof(line), from, (size_t)(to - from));
	return err_as(err, STATUS_USAGE, "sql: %s\n  %s\n  %*s^", what, line,
		(int)column, "");
}
