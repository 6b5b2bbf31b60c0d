/*
 * sql_call: calls of functions, those with a syntax of their own among them:
 * substring(x from 1 for 2), trim(both from x), struct(a, b as c).
 *
 * Arguments are expressions again: the parser is asked for them by pointers, so
 * that this file stands below the grammar of operators, and not in a circle
 * with it.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "expr/sql/parse/sql_parser.h"

struct sql_node *
sql_call(struct sql *x, const char *fn, const char *from, int narg, ...)
{
	struct sql_node *n = sql_tree_node(x, SQL_CALL, from), *arg[3];
	va_list ap;

	n->fn = sql_fn_find(fn, strlen(fn));
	assert(n->fn != NULL);
	assert(narg <= 3);
	va_start(ap, narg);
	for (int i = 0; i < narg; i++)
		arg[i] = va_arg(ap, struct sql_node *);
	va_end(ap);
	sql_tree_args(x, n, arg, narg);
	return n;
}

static int
call_arity(
	struct sql_parser *p, const struct sql_fn *fn, const char *from, int n)
{
	int min, max;

	sql_sig_arity(fn, &min, &max);
	if (n >= min && (max < 0 || n <= max))
		return 0;
	if (max < 0)
		sql_tree_refuse(p->x, from, p->err,
			"'%s' takes at least %d argument%s, not %d", fn->name,
			min, min == 1 ? "" : "s", n);
	else if (min == max)
		sql_tree_refuse(p->x, from, p->err,
			"'%s' takes %d argument%s, not %d", fn->name, min,
			min == 1 ? "" : "s", n);
	else
		sql_tree_refuse(p->x, from, p->err,
			"'%s' takes %d to %d arguments, not %d", fn->name, min,
			max, n);
	return -1;
}

struct sql_node *
sql_call_list(struct sql_parser *p, const char *fn, const char *from,
	const struct sql_nodes *l)
{
	struct sql_node *n = sql_call(p->x, fn, from, 0);

	if (call_arity(p, n->fn, from, l->n) < 0)
		return NULL;
	sql_tree_args(p->x, n, l->p, l->n);
	n->to = p->t.from;
	return n;
}

/* Behind "(": expressions parted by commas, and ")". */
int
sql_call_arguments(struct sql_parser *p, struct sql_nodes *l)
{
	struct sql_node *n;
	int r;

	if (sql_tok_at_op(p, ")"))
		return sql_tok_next(p);
	do {
		n = p->expression(p);
		if (n == NULL)
			return -1;
		if (l->n == SQL_ARGS) {
			sql_tok_refuse(p, n->from, SQL_TOO_MANY);
			return -1;
		}
		sql_tree_add(p->x, l, n);
	} while ((r = sql_tok_take_op(p, ",")) == 1);
	return r < 0 ? -1 : sql_tok_need_op(p, ")", "',' or ')'");
}

/* Functions with a syntax of their own. */

/* cast(x as type), behind the bracket */
static struct sql_node *
parse_cast(struct sql_parser *p, const char *from, bool attempt)
{
	struct sql_node *x = p->expression(p);
	struct ty to;

	if (x == NULL || sql_tok_need(p, "as") < 0 ||
		sql_ddl_type(p, &to) < 0 || sql_tok_need_op(p, ")", "')'") != 0)
		return NULL;
	x = sql_tree_cast(p->x, x, to, from);
	x->attempt = attempt;
	return x;
}

/* extract(field from x) */
static struct sql_node *
parse_extract(struct sql_parser *p, const char *from)
{
	struct sql_node *unit, *x;

	if (p->t.kind != TOK_WORD)
		return sql_tok_expected(p, "a part of a time, such as year");
	unit = sql_literal_text(p, p->t.s, p->t.from);
	if (sql_tok_next(p) < 0 || sql_tok_need(p, "from") < 0)
		return NULL;
	x = p->expression(p);
	if (x == NULL || sql_tok_need_op(p, ")", "')'") != 0)
		return NULL;
	return sql_call(p->x, "date_part", from, 2, unit, x);
}

/* position(a in b), position(a, b[, start]) */
static struct sql_node *
parse_position(struct sql_parser *p, const char *from)
{
	struct sql_node *a = p->operand(p), *b;
	struct sql_nodes l = {0};

	if (a == NULL)
		return NULL;
	if (sql_tok_at(p, "in")) {
		if (sql_tok_next(p) < 0)
			return NULL;
		b = p->operand(p);
		if (b == NULL || sql_tok_need_op(p, ")", "')'") != 0)
			return NULL;
		return sql_call(p->x, "locate", from, 2, a, b);
	}
	sql_tree_add(p->x, &l, a);
	if (sql_tok_need_op(p, ",", "','") < 0 || sql_call_arguments(p, &l) < 0)
		return NULL;
	return sql_call_list(p, "locate", from, &l);
}

/* substring(x from a [for b]), behind x */
static struct sql_node *
parse_from_for(struct sql_parser *p, const char *fn, struct sql_nodes *l,
	const char *from)
{
	struct sql_node *n;

	if (sql_tok_next(p) < 0 || (n = p->operand(p)) == NULL)
		return NULL;
	sql_tree_add(p->x, l, n);
	if (sql_tok_at(p, "for")) {
		if (sql_tok_next(p) < 0 || (n = p->operand(p)) == NULL)
			return NULL;
		sql_tree_add(p->x, l, n);
	}
	if (sql_tok_need_op(p, ")", "')'") != 0)
		return NULL;
	return sql_call_list(p, fn, from, l);
}

/* trim([both|leading|trailing] [x] from s) */
static struct sql_node *
parse_trim(struct sql_parser *p, const char *from)
{
	const char *fn = "trim";
	struct sql_node *s, *chars = NULL;
	struct sql_nodes l = {0};
	int r = 0;

	if ((r = sql_tok_take(p, "both")) == 0 &&
		(r = sql_tok_take(p, "leading")) == 1)
		fn = "ltrim";
	else if (r == 0 && (r = sql_tok_take(p, "trailing")) == 1)
		fn = "rtrim";
	if (r < 0)
		return NULL;
	if (r == 0 || !sql_tok_at(p, "from")) {
		chars = p->expression(p);
		if (chars == NULL)
			return NULL;
	}
	if (sql_tok_at(p, "from")) {
		if (sql_tok_next(p) < 0 || (s = p->expression(p)) == NULL ||
			sql_tok_need_op(p, ")", "')'") != 0)
			return NULL;
		return chars != NULL
			? sql_call(p->x, strcmp(fn, "trim") == 0 ? "btrim" : fn,
				  from, 2, strcmp(fn, "trim") == 0 ? s : chars,
				  strcmp(fn, "trim") == 0 ? chars : s)
			: sql_call(p->x, fn, from, 1, s);
	}
	if (r == 1)
		return sql_tok_expected(p, "from");
	sql_tree_add(p->x, &l, chars);
	if (sql_tok_at_op(p, ",")) {
		if (sql_tok_next(p) < 0 || sql_call_arguments(p, &l) < 0)
			return NULL;
	} else if (sql_tok_need_op(p, ")", "',' or ')'") != 0) {
		return NULL;
	}
	return sql_call_list(p, fn, from, &l);
}

/* overlay(x placing y from a [for b]) */
static struct sql_node *
parse_overlay(struct sql_parser *p, const char *from)
{
	struct sql_nodes l = {0};
	struct sql_node *n = p->expression(p);

	if (n == NULL)
		return NULL;
	sql_tree_add(p->x, &l, n);
	if (!sql_tok_at(p, "placing")) {
		if (sql_tok_need_op(p, ",", "placing") < 0 ||
			sql_call_arguments(p, &l) < 0)
			return NULL;
		return sql_call_list(p, "overlay", from, &l);
	}
	if (sql_tok_next(p) < 0 || (n = p->operand(p)) == NULL)
		return NULL;
	sql_tree_add(p->x, &l, n);
	if (!sql_tok_at(p, "from"))
		return sql_tok_expected(p, "from");
	return parse_from_for(p, "overlay", &l, from);
}

/* dateadd(day, 1, t), timestampdiff(hour, a, b): the unit is a bare word. */
static struct sql_node *
parse_unit_call(struct sql_parser *p, const char *fn, const char *from)
{
	struct sql_nodes l = {0};

	sql_tree_add(p->x, &l, sql_literal_text(p, p->t.s, p->t.from));
	if (sql_tok_next(p) < 0 || sql_tok_need_op(p, ",", "','") < 0 ||
		sql_call_arguments(p, &l) < 0)
		return NULL;
	return sql_call_list(p, fn, from, &l);
}

static bool
call_unit_ahead(struct sql_parser *p)
{
	return p->t.kind == TOK_WORD && sql_tok_peek_op(p, ",") &&
		(sql_literal_unit(p->t.s, p->t.n) >= 0 ||
			strcasecmp(p->t.s, "quarter") == 0 ||
			strcasecmp(p->t.s, "dayofyear") == 0);
}

static struct sql_node *
call_unknown(struct sql_parser *p, const struct sql_token *name)
{
	const char *near = sql_fn_near(name->s), *hint = sql_elsewhere(name->s);
	char word[80];

	err_quote(word, sizeof(word), name->s, name->n);
	if (hint != NULL)
		sql_tree_refuse(
			p->x, name->from, p->err, "'%s' %s", word, hint);
	else if (near != NULL)
		sql_tree_refuse(p->x, name->from, p->err,
			"no function '%s' (did you mean '%s'?)", word, near);
	else
		sql_tree_refuse(
			p->x, name->from, p->err, "no function '%s'", word);
	return NULL;
}

/* Names of struct(a, b.c, x + 1): as in Spark a, c, col3. */
static const char *
call_struct_name(struct sql_parser *p, const struct sql_node *n, int i)
{
	char text[16];

	if (n->npart > 0)
		return n->part[n->npart - 1].s;
	snprintf(text, sizeof(text), "col%d", i + 1);
	return arena_text(&p->x->arena, text, strlen(text));
}

/* struct(x, y as name) is a named_struct. */
static struct sql_node *
parse_struct(struct sql_parser *p, const char *from)
{
	struct sql_nodes l = {0};
	struct sql_node *n;
	const char *name;
	int r;

	do {
		n = p->expression(p);
		if (n == NULL)
			return NULL;
		if (l.n + 2 > SQL_ARGS)
			return sql_tok_refuse(p, n->from, SQL_TOO_MANY);
		name = call_struct_name(p, n, l.n / 2);
		r = sql_tok_take(p, "as");
		if (r < 0)
			return NULL;
		if (r == 1) {
			if (!sql_tok_is_name(&p->t))
				return sql_tok_expected(p, "a name");
			name = p->t.s;
			if (sql_tok_next(p) < 0)
				return NULL;
		}
		sql_tree_add(p->x, &l, sql_literal_text(p, name, n->from));
		sql_tree_add(p->x, &l, n);
	} while ((r = sql_tok_take_op(p, ",")) == 1);
	if (r < 0 || sql_tok_need_op(p, ")", "',' or ')'") != 0)
		return NULL;
	return sql_call_list(p, "named_struct", from, &l);
}

/* Functions that need no brackets, and those with words inside them. */
static struct sql_node *
parse_special_call(
	struct sql_parser *p, const struct sql_token *name, bool *special)
{
	static const char *const shifted[][2] = {{"dateadd", "timestampadd"},
		{"date_add", "timestampadd"}, {"timestampadd", "timestampadd"},
		{"datediff", "timestampdiff"}, {"date_diff", "timestampdiff"},
		{"timestampdiff", "timestampdiff"}};

	*special = true;
	if (sql_tok_is(name, "cast") || sql_tok_is(name, "try_cast"))
		return parse_cast(p, name->from, sql_tok_is(name, "try_cast"));
	if (sql_tok_is(name, "extract"))
		return parse_extract(p, name->from);
	if (sql_tok_is(name, "position"))
		return parse_position(p, name->from);
	if (sql_tok_is(name, "trim"))
		return parse_trim(p, name->from);
	if (sql_tok_is(name, "overlay"))
		return parse_overlay(p, name->from);
	if (sql_tok_is(name, "struct") && !sql_tok_at_op(p, ")"))
		return parse_struct(p, name->from);
	for (size_t i = 0; i < sizeof(shifted) / sizeof(*shifted); i++)
		if (sql_tok_is(name, shifted[i][0]) && call_unit_ahead(p))
			return parse_unit_call(p, shifted[i][1], name->from);
	*special = false;
	return NULL;
}

/* nullifzero(x) is nullif(x, 0), zeroifnull(x) is coalesce(x, 0). */
static struct sql_node *
call_with_zero(struct sql_parser *p, const struct sql_fn *fn, const char *from,
	struct sql_nodes *l)
{
	bool null = strcmp(fn->name, "nullifzero") == 0;

	if (call_arity(p, fn, from, l->n) < 0)
		return NULL;
	sql_tree_add(p->x, l, sql_literal(p, datum_int(TYPE_INT, 0), from));
	return sql_call_list(p, null ? "nullif" : "coalesce", from, l);
}

/* decode(x, a, r, b, s, t) is case when x <=> a then r when x <=> b then s else
 * t end; without t it is a text that is null, as in Spark. */
static struct sql_node *
call_decode(struct sql_parser *p, const char *from, const struct sql_nodes *l)
{
	struct sql_nodes parts = {0};
	struct sql_node *rest;
	int i;

	for (i = 1; i + 1 < l->n; i += 2) {
		sql_tree_add(p->x, &parts,
			sql_call(p->x, "<=>", l->p[i]->from, 2, l->p[0],
				l->p[i]));
		sql_tree_add(p->x, &parts, l->p[i + 1]);
	}
	rest = i < l->n
		? l->p[i]
		: sql_tree_cast(p->x, sql_literal(p, datum_null(), from),
			  ty(TYPE_STRING), from);
	sql_tree_add(p->x, &parts, rest);
	return sql_call_list(p, "case", from, &parts);
}

struct sql_node *
sql_call_parse(struct sql_parser *p)
{
	struct sql_token name = p->t;
	struct sql_nodes l = {0};
	const struct sql_fn *fn;
	struct sql_node *n;
	bool special;

	if (sql_tok_next(p) < 0 || sql_tok_next(p) < 0)
		return NULL;
	n = parse_special_call(p, &name, &special);
	if (special)
		return n;
	fn = sql_fn_find(name.s, name.n);
	if (fn == NULL ||
		((fn->flags & SQL_OPERATOR) != 0 && !sql_tok_is(&name, "div")))
		return call_unknown(p, &name);
	if ((sql_tok_is(&name, "substring") || sql_tok_is(&name, "substr")) &&
		!sql_tok_at_op(p, ")")) {
		n = p->expression(p);
		if (n == NULL)
			return NULL;
		sql_tree_add(p->x, &l, n);
		if (sql_tok_at(p, "from"))
			return parse_from_for(p, "substring", &l, name.from);
		if (sql_tok_need_op(p, ",", "','") < 0)
			return NULL;
	}
	if (sql_call_arguments(p, &l) < 0)
		return NULL;
	if ((fn->flags & SQL_ZERO) != 0)
		return call_with_zero(p, fn, name.from, &l);
	if (l.n > 2 && sql_tok_is(&name, "decode"))
		return call_decode(p, name.from, &l);
	return sql_call_list(p, fn->name, name.from, &l);
}

/* (a, b) is a struct(a, b). */
struct sql_node *
sql_call_tuple(
	struct sql_parser *p, const char *from, const struct sql_nodes *l)
{
	struct sql_nodes pairs = {0};

	for (int i = 0; i < l->n; i++) {
		const char *name = call_struct_name(p, l->p[i], i);

		sql_tree_add(
			p->x, &pairs, sql_literal_text(p, name, l->p[i]->from));
		sql_tree_add(p->x, &pairs, l->p[i]);
	}
	return sql_call_list(p, "named_struct", from, &pairs);
}
