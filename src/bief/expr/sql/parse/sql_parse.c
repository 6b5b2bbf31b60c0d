/*
 * sql_parse: from text to a tree
 *
 *	expression: or
 *	or:         and ("or" and)*
 *	and:        not ("and" not)*
 *	not:        ("not" | "!") not | predicate
 *	predicate:  compare (["not"] ("between" | "in" | "like" ...) | "is" ...)*
 *	compare:    bits (("=" | "==" | "<=>" | "<>" | "!=" | "<" ...) bits)*
 *	bits:       "|" over "^" over "&" over shifts over "+ - ||" over
 *	            "* / % div" over unary "- + ~"
 *	primary:    literal | name | function | case | cast | interval | (...)
 *	            followed by "[" index "]", "." name, "::" type
 *
 * Words are known in any case; a word of the grammar is also good as a name
 * where it cannot be taken for the former.
 *
 * The tree names no types yet, and looks no names up: that is the binder's, who
 * knows the fields.  What Spark writes in several ways (x between a and b, CASE
 * with a value, position()) is one node here, so that nothing behind the parser
 * has to know the spelling.
 */
#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "expr/sql/parse/sql_parser.h"

static struct sql_node *parse_expression(struct sql_parser *p);
static struct sql_node *parse_bits(struct sql_parser *p, int level);

/* case [x] when a then b ... [else c] end */
static struct sql_node *
parse_case(struct sql_parser *p, const char *from)
{
	struct sql_node *of = NULL, *n;
	struct sql_nodes l = {0};
	int r;

	if (sql_tok_next(p) < 0)
		return NULL;
	if (!sql_tok_at(p, "when")) {
		of = parse_expression(p);
		if (of == NULL)
			return NULL;
	}
	if (!sql_tok_at(p, "when"))
		return sql_tok_expected(p, "when");
	while ((r = sql_tok_take(p, "when")) == 1) {
		n = parse_expression(p);
		if (n == NULL)
			return NULL;
		if (of != NULL)
			n = sql_call(p->x, "=", n->from, 2, of, n);
		sql_tree_add(p->x, &l, n);
		if (sql_tok_need(p, "then") < 0)
			return NULL;
		n = parse_expression(p);
		if (n == NULL)
			return NULL;
		sql_tree_add(p->x, &l, n);
	}
	if (r == 0 && (r = sql_tok_take(p, "else")) == 1) {
		n = parse_expression(p);
		if (n == NULL)
			return NULL;
		sql_tree_add(p->x, &l, n);
	}
	if (r < 0 || sql_tok_need(p, "end") < 0)
		return NULL;
	return sql_call_list(p, "case", from, &l);
}

/* x -> e; (x, y) -> e */
static struct sql_node *
parse_lambda(struct sql_parser *p)
{
	struct sql_node *n = sql_tree_node(p->x, SQL_FUNCTION, p->t.from),
			*body;
	bool bracket = sql_tok_at_op(p, "(");
	struct sql_name *part = arena_zero(&p->x->arena, 3 * sizeof(*part));

	if (bracket && sql_tok_next(p) < 0)
		return NULL;
	for (;;) {
		if (!sql_tok_is_name(&p->t) || n->nvar == 3)
			return sql_tok_expected(p, "a name");
		part[n->nvar++] = (struct sql_name){p->t.s, p->t.n};
		if (sql_tok_next(p) < 0)
			return NULL;
		if (!bracket || !sql_tok_at_op(p, ","))
			break;
		if (sql_tok_next(p) < 0)
			return NULL;
	}
	if (bracket && sql_tok_need_op(p, ")", "')'") != 0)
		return NULL;
	n->part = part;
	if (sql_tok_need_op(p, "->", "'->'") < 0 ||
		(body = parse_expression(p)) == NULL)
		return NULL;
	sql_tree_args(p->x, n, &body, 1);
	return n;
}

/* Does "(" begin the arguments of a lambda? */
static bool
lambda_ahead(struct sql_parser *p)
{
	struct sql_parser q = *p;
	struct err quiet;

	q.err = &quiet;
	if (sql_tok_is_name(&p->t))
		return sql_tok_peek_op(p, "->");
	if (!sql_tok_at_op(p, "("))
		return false;
	do {
		if (sql_tok_next(&q) < 0 || !sql_tok_is_name(&q.t) ||
			sql_tok_next(&q) < 0)
			return false;
	} while (sql_tok_at_op(&q, ","));
	return sql_tok_at_op(&q, ")") && sql_tok_peek_op(&q, "->");
}

/* (x) or, with commas, a struct */
static struct sql_node *
parse_brackets(struct sql_parser *p)
{
	const char *from = p->t.from;
	struct sql_nodes l = {0};

	if (sql_tok_next(p) < 0)
		return NULL;
	if (sql_tok_at(p, "select"))
		return sql_tok_refuse(
			p, p->t.from, "a stream has no subqueries");
	if (sql_call_arguments(p, &l) < 0)
		return NULL;
	if (l.n == 0)
		return sql_tok_refuse(p, from,
			"expected an expression in the "
			"brackets");
	return l.n == 1 ? l.p[0] : sql_call_tuple(p, from, &l);
}

/* A name with its parts: `a`.b.c */
static struct sql_node *
parse_name(struct sql_parser *p)
{
	struct sql_node *n = sql_tree_node(p->x, SQL_NAME, p->t.from);
	struct sql_name part[16];

	for (;;) {
		if (n->npart == 16)
			return sql_tok_refuse(
				p, p->t.from, "a name of more than 16 parts");
		part[n->npart++] = (struct sql_name){p->t.s, p->t.n};
		n->to = p->t.to;
		if (sql_tok_next(p) < 0)
			return NULL;
		/* A dot with a name behind it; "a.0" is none. */
		if (!sql_tok_at_op(p, ".") ||
			(sql_tok_peek(p).kind != TOK_WORD &&
				sql_tok_peek(p).kind != TOK_QUOTED))
			break;
		if (sql_tok_next(p) < 0)
			return NULL;
	}
	n->part = arena_get(&p->x->arena, sizeof(part));
	memcpy(n->part, part, sizeof(part));
	return n;
}

static bool
word_reserved(const struct sql_token *t)
{
	static const char *const words[] = {"and", "or", "in", "is", "like",
		"ilike", "rlike", "regexp", "between", "then", "when", "else",
		"as", "escape", "div", "from", "where", "select"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (sql_tok_is(t, words[i]))
			return true;
	return false;
}

static bool
interval_ahead(struct sql_parser *p)
{
	struct sql_token t = sql_tok_peek(p);
	const char *next = t.to + (t.kind == TOK_OP ? strspn(t.to, " ") : 0);

	return t.kind == TOK_STRING || t.kind == TOK_NUMBER ||
		(t.kind == TOK_OP && (*t.from == '-' || *t.from == '+') &&
			(isdigit((unsigned char)*next) || *next == '\''));
}

/* What begins with a word. */
static struct sql_node *
parse_word(struct sql_parser *p)
{
	const char *from = p->t.from;
	struct datum d = datum_null();

	if (sql_tok_at(p, "case") && !sql_tok_peek_op(p, ".") &&
		!sql_tok_peek_op(p, "="))
		return parse_case(p, from);
	if (sql_tok_at(p, "interval") && interval_ahead(p))
		return sql_literal_interval(p, from);
	if (sql_tok_peek(p).kind == TOK_STRING &&
		(sql_tok_at(p, "date") || sql_tok_at(p, "timestamp") ||
			sql_tok_at(p, "timestamp_ltz") || sql_tok_at(p, "x")))
		return sql_literal_typed(p);
	if (sql_tok_peek(p).kind == TOK_STRING &&
		sql_tok_at(p, "timestamp_ntz"))
		return sql_tok_refuse(
			p, p->t.from, "timestamp_ntz is not supported");
	if (word_reserved(&p->t) &&
		!(sql_tok_peek_op(p, "(") &&
			sql_fn_find(p->t.s, p->t.n) != NULL))
		return sql_tok_expected(p, "an expression");
	if (sql_tok_at(p, "null") || sql_tok_at(p, "true") ||
		sql_tok_at(p, "false")) {
		if (!sql_tok_at(p, "null"))
			d = datum_bool(sql_tok_at(p, "true"));
		if (sql_tok_next(p) < 0)
			return NULL;
		return sql_literal(p, d, from);
	}
	if ((sql_tok_at(p, "current_timestamp") ||
		    sql_tok_at(p, "current_date") ||
		    sql_tok_at(p, "localtimestamp")) &&
		!sql_tok_peek_op(p, "(") && !sql_tok_peek_op(p, ".")) {
		struct sql_node *n = sql_call(p->x,
			sql_tok_at(p, "current_date") ? "current_date"
						      : "current_timestamp",
			from, 0);

		return sql_tok_next(p) == 0 ? n : NULL;
	}
	if (sql_tok_peek_op(p, "("))
		return sql_call_parse(p);
	return parse_name(p);
}

static struct sql_node *
parse_start(struct sql_parser *p)
{
	const char *from = p->t.from;
	struct buf b;
	struct datum d;

	if (lambda_ahead(p))
		return parse_lambda(p);
	if (p->t.kind == TOK_WORD)
		return parse_word(p);
	if (p->t.kind == TOK_QUOTED)
		return parse_name(p);
	if (p->t.kind == TOK_NUMBER)
		return sql_literal_number(p);
	if (sql_tok_at_op(p, "("))
		return parse_brackets(p);
	if (p->t.kind != TOK_STRING)
		return sql_tok_expected(p, "an expression");
	/* Strings side by side are one. */
	buf_init(&b);
	do {
		buf_add(&b, p->t.s, p->t.n);
		if (sql_tok_next(p) < 0) {
			buf_release(&b);
			return NULL;
		}
	} while (p->t.kind == TOK_STRING);
	d = datum_string(arena_text(&p->x->arena, b.p, b.n), b.n);
	buf_release(&b);
	return sql_literal(p, d, from);
}

/* x[index], x.name and x::type, any number of them behind one another. */
static struct sql_node *
parse_suffixes(struct sql_parser *p)
{
	struct sql_node *n = parse_start(p), *arg;
	struct ty to;
	int r;

	while (n != NULL) {
		if ((r = sql_tok_take_op(p, "[")) != 0) {
			if (r < 0 || (arg = parse_expression(p)) == NULL ||
				sql_tok_need_op(p, "]", "']'") < 0)
				return NULL;
			n = sql_call(p->x, "[]", n->from, 2, n, arg);
		} else if ((r = sql_tok_take_op(p, ".")) != 0) {
			if (r < 0 || !sql_tok_is_name(&p->t))
				return sql_tok_expected(p, "a name");
			n = sql_tree_member(
				p->x, n, (struct sql_name){p->t.s, p->t.n});
			if (sql_tok_next(p) < 0)
				return NULL;
		} else if ((r = sql_tok_take_op(p, "::")) != 0) {
			if (r < 0 || sql_ddl_type(p, &to) < 0)
				return NULL;
			n = sql_tree_cast(p->x, n, to, n->from);
		} else {
			break;
		}
	}
	return n;
}

/* 128Y, 32768S, 9223372036854775808L: an integer that names its type. */
static bool
number_suffixed(struct sql_token t)
{
	return strchr("lLsSyY", t.to[-1]) != NULL;
}

/* The sign belongs to such a number. */
static struct sql_node *
parse_negative(struct sql_parser *p)
{
	const char *from = p->t.from;
	struct sql_node *n;

	if (sql_tok_next(p) < 0)
		return NULL;
	p->negative = true;
	n = parse_suffixes(p);
	p->negative = false;
	if (n != NULL)
		n->from = from;
	return n;
}

static struct sql_node *
parse_unary(struct sql_parser *p)
{
	const char *from = p->t.from;
	struct sql_node *n;
	char op = sql_tok_at_op(p, "-") || sql_tok_at_op(p, "+") ||
			sql_tok_at_op(p, "~")
		? *from
		: 0;

	if (op == 0)
		return parse_suffixes(p);
	if (op == '-' && sql_tok_peek(p).kind == TOK_NUMBER &&
		number_suffixed(sql_tok_peek(p)))
		return parse_negative(p);
	if (++p->depth > SQL_DEPTH)
		return sql_tok_refuse(p, from, SQL_TOO_DEEP);
	if (sql_tok_next(p) < 0 || (n = parse_unary(p)) == NULL)
		return NULL;
	p->depth--;
	if (op == '+')
		return n;
	if (op == '-' && n->op == SQL_LITERAL &&
		ty_numeric(datum_ty(&n->lit)) && n->from[0] != '-' &&
		n->from[0] != '(') {
		/* -9223372036854775808 is a bigint, not a decimal. */
		if (n->lit.kind == TYPE_DECIMAL && n->lit.s == 0 &&
			-datum_decimal(&n->lit) == INT64_MIN)
			n->lit = datum_int(TYPE_LONG, INT64_MIN);
		else if (n->lit.kind == TYPE_DECIMAL)
			n->lit = datum_from_decimal(
				-datum_decimal(&n->lit), n->lit.p, n->lit.s);
		else if (ty_fraction(datum_ty(&n->lit)))
			n->lit.d = -n->lit.d;
		else
			n->lit.i = -n->lit.i;
		if (n->lit.kind == TYPE_LONG && n->lit.i == INT32_MIN)
			n->lit.kind = TYPE_INT;
		n->from = from;
		return n;
	}
	return sql_call(p->x, op == '-' ? "negative" : "~", from, 1, n);
}

/* Binary operators, the loosest first. */
static const char *const levels[][5] = {{"|"}, {"^"}, {"&"},
	{"<<", ">>", ">>>"}, {"+", "-", "||"}, {"*", "/", "%"}};
#define NLEVELS (int)(sizeof(levels) / sizeof(levels[0]))

static const char *
level_op(struct sql_parser *p, int level)
{
	assert(level < NLEVELS);
	for (int i = 0; i < 5 && levels[level][i] != NULL; i++)
		if (sql_tok_at_op(p, levels[level][i]))
			return levels[level][i];
	if (level == NLEVELS - 1 && sql_tok_at(p, "div"))
		return "div";
	return NULL;
}

static struct sql_node *
parse_bits(struct sql_parser *p, int level)
{
	struct sql_node *a, *b;
	const char *op;
	int chain = 0;

	if (level == NLEVELS)
		return parse_unary(p);
	a = parse_bits(p, level + 1);
	while (a != NULL && (op = level_op(p, level)) != NULL) {
		if (++chain > 5 * SQL_DEPTH)
			return sql_tok_refuse(p, p->t.from,
				"a chain of more than 2000 operators: use "
				"parentheses");
		if (sql_tok_next(p) < 0 ||
			(b = parse_bits(p, level + 1)) == NULL)
			return NULL;
		a = sql_call(p->x, op, a->from, 2, a, b);
	}
	return a;
}

static struct sql_node *
parse_compare(struct sql_parser *p)
{
	static const char *const ops[][2] = {{"=", "="}, {"==", "="},
		{"<=>", "<=>"}, {"<>", "!="}, {"!=", "!="}, {"<", "<"},
		{"<=", "<="}, {">", ">"}, {">=", ">="}, {"!>", "<="},
		{"!<", ">="}};
	struct sql_node *a = parse_bits(p, 0), *b;
	const char *op;

	while (a != NULL) {
		op = NULL;
		for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
			if (sql_tok_at_op(p, ops[i][0]))
				op = ops[i][1];
		if (op == NULL)
			break;
		if (sql_tok_next(p) < 0 || (b = parse_bits(p, 0)) == NULL)
			return NULL;
		a = sql_call(p->x, op, a->from, 2, a, b);
	}
	return a;
}

static struct sql_node *
parse_negated(struct sql_parser *p, bool negative, struct sql_node *n)
{
	if (n == NULL || !negative)
		return n;
	return sql_call(p->x, "not", n->from, 1, n);
}

static struct sql_node *
parse_between(struct sql_parser *p, struct sql_node *x)
{
	struct sql_node *a = parse_bits(p, 0), *b;

	if (a == NULL || sql_tok_need(p, "and") < 0 ||
		(b = parse_bits(p, 0)) == NULL)
		return NULL;
	return sql_call(p->x, "and", x->from, 2,
		sql_call(p->x, ">=", x->from, 2, x, a),
		sql_call(p->x, "<=", x->from, 2, x, b));
}

static struct sql_node *
parse_in(struct sql_parser *p, struct sql_node *x)
{
	struct sql_nodes l = {0};

	sql_tree_add(p->x, &l, x);
	if (sql_tok_need_op(p, "(", "'('") != 0)
		return NULL;
	if (sql_tok_at(p, "select"))
		return sql_tok_refuse(
			p, p->t.from, "a stream has no subqueries");
	if (sql_call_arguments(p, &l) < 0)
		return NULL;
	if (l.n == 1)
		return sql_tok_refuse(p, x->to, "nothing in the list");
	return sql_call_list(p, "in", x->from, &l);
}

/*
 * like a [escape c]; like any (a, b), like all (a, b).  A "not" in front of them
 * negates each: x not like any (a, b) is true if one does not match.
 */
static struct sql_node *
parse_like(struct sql_parser *p, struct sql_node *x, const char *fn, bool not )
{
	struct sql_nodes l = {0}, r = {0};
	struct sql_node *n;
	bool all = sql_tok_at(p, "all");

	if ((all || sql_tok_at(p, "any") || sql_tok_at(p, "some")) &&
		sql_tok_peek_op(p, "(")) {
		if (sql_tok_next(p) < 0 || sql_tok_next(p) < 0 ||
			sql_call_arguments(p, &l) < 0)
			return NULL;
		if (l.n == 0)
			return sql_tok_expected(p, "a pattern");
		for (int i = 0; i < l.n; i++)
			sql_tree_add(p->x, &r,
				parse_negated(p, not,
					sql_call(p->x, fn, x->from, 2, x,
						l.p[i])));
		return sql_call_list(p, all ? "and" : "or", x->from, &r);
	}
	n = parse_bits(p, 0);
	if (n == NULL)
		return NULL;
	sql_tree_add(p->x, &l, x);
	sql_tree_add(p->x, &l, n);
	if (strcmp(fn, "rlike") != 0 && sql_tok_at(p, "escape")) {
		if (sql_tok_next(p) < 0)
			return NULL;
		if (p->t.kind != TOK_STRING || p->t.n != 1)
			return sql_tok_expected(p, "one character in quotes");
		sql_tree_add(p->x, &l,
			sql_literal(p, datum_string(p->t.s, 1), p->t.from));
		if (sql_tok_next(p) < 0)
			return NULL;
	}
	return parse_negated(p, not, sql_call_list(p, fn, x->from, &l));
}

/* is [not] null | true | false | unknown | distinct from y */
static struct sql_node *
parse_is(struct sql_parser *p, struct sql_node *x)
{
	struct sql_node *y;
	int r = sql_tok_take(p, "not");
	bool not = r == 1, yes;

	if (r < 0)
		return NULL;
	if (sql_tok_at(p, "null") || sql_tok_at(p, "unknown"))
		return sql_tok_next(p) < 0
			? NULL
			: sql_call(p->x, not ? "isnotnull" : "isnull", x->from,
				  1, x);
	if (sql_tok_at(p, "true") || sql_tok_at(p, "false")) {
		yes = sql_tok_at(p, "true");
		y = sql_literal(p, datum_bool(yes), p->t.from);
		if (sql_tok_next(p) < 0)
			return NULL;
		return parse_negated(
			p, not, sql_call(p->x, "<=>", x->from, 2, x, y));
	}
	if (sql_tok_at(p, "distinct")) {
		if (sql_tok_next(p) < 0 || sql_tok_need(p, "from") < 0 ||
			(y = parse_bits(p, 0)) == NULL)
			return NULL;
		return parse_negated(
			p, !not, sql_call(p->x, "<=>", x->from, 2, x, y));
	}
	return sql_tok_expected(p, "null, true, false or distinct from");
}

static struct sql_node *
parse_predicate(struct sql_parser *p)
{
	struct sql_node *x = parse_compare(p);
	bool not ;

	while (x != NULL) {
		if (sql_tok_at(p, "is")) {
			if (sql_tok_next(p) < 0)
				return NULL;
			x = parse_is(p, x);
			continue;
		}
		not = sql_tok_at(p, "not");
		if (not ) {
			struct sql_token t = sql_tok_peek(p);

			if (!sql_tok_is(&t, "between") &&
				!sql_tok_is(&t, "in") &&
				!sql_tok_is(&t, "like") &&
				!sql_tok_is(&t, "ilike") &&
				!sql_tok_is(&t, "rlike") &&
				!sql_tok_is(&t, "regexp"))
				break;
			if (sql_tok_next(p) < 0)
				return NULL;
		}
		if (sql_tok_at(p, "between"))
			x = sql_tok_next(p) < 0
				? NULL
				: parse_negated(p, not, parse_between(p, x));
		else if (sql_tok_at(p, "in"))
			x = sql_tok_next(p) < 0
				? NULL
				: parse_negated(p, not, parse_in(p, x));
		else if (sql_tok_at(p, "like"))
			x = sql_tok_next(p) < 0
				? NULL
				: parse_like(p, x, "like", not );
		else if (sql_tok_at(p, "ilike"))
			x = sql_tok_next(p) < 0
				? NULL
				: parse_like(p, x, "ilike", not );
		else if (sql_tok_at(p, "rlike") || sql_tok_at(p, "regexp"))
			x = sql_tok_next(p) < 0
				? NULL
				: parse_like(p, x, "rlike", not );
		else
			break;
	}
	return x;
}

static struct sql_node *
parse_not(struct sql_parser *p)
{
	const char *from = p->t.from;
	struct sql_node *n;

	if (!sql_tok_at_op(p, "!") &&
		!(sql_tok_at(p, "not") && !sql_tok_peek_op(p, ".")))
		return parse_predicate(p);
	if (++p->depth > SQL_DEPTH)
		return sql_tok_refuse(p, from, SQL_TOO_DEEP);
	if (sql_tok_next(p) < 0 || (n = parse_not(p)) == NULL)
		return NULL;
	p->depth--;
	return sql_call(p->x, "not", from, 1, n);
}

static struct sql_node *
parse_logic(struct sql_parser *p, const char *word)
{
	struct sql_node *n, *first;
	struct sql_nodes l = {0};
	int r;

	do {
		n = strcmp(word, "or") == 0 ? parse_logic(p, "and")
					    : parse_not(p);
		if (n == NULL)
			return NULL;
		sql_tree_add(p->x, &l, n);
	} while ((r = sql_tok_take(p, word)) == 1);
	if (r < 0)
		return NULL;
	first = l.p[0];
	return l.n == 1 ? first : sql_call_list(p, word, first->from, &l);
}

static struct sql_node *
parse_expression(struct sql_parser *p)
{
	struct sql_node *n;

	if (++p->depth > SQL_DEPTH)
		return sql_tok_refuse(p, p->t.from, SQL_TOO_DEEP);
	n = parse_logic(p, "or");
	p->depth--;
	return n;
}

static struct sql_node *
grammar_operand(struct sql_parser *p)
{
	return parse_bits(p, 0);
}

static struct sql_parser
grammar_at(struct sql *x, const char *at, struct err *err)
{
	return (struct sql_parser){.x = x,
		.err = err,
		.p = at,
		.expression = parse_expression,
		.operand = grammar_operand};
}

struct sql_node *
sql_parse(struct sql *x, struct err *err)
{
	struct sql_parser p = grammar_at(x, x->text, err);
	struct sql_node *n;

	if (sql_tok_next(&p) < 0)
		return NULL;
	n = parse_expression(&p);
	if (n != NULL && p.t.kind != TOK_END)
		return sql_tok_expected(&p, "an operator or the end");
	return n;
}

int
sql_parse_item(struct sql *x, const char **at, struct sql_node **n,
	const char **alias, struct err *err)
{
	struct sql_parser p = grammar_at(x, *at, err);
	const char *from;
	int r;

	*alias = NULL;
	*n = NULL;
	if (sql_tok_next(&p) < 0)
		return -1;
	from = p.t.from;
	if (sql_tok_at_op(&p, "*")) {
		*at = p.p;
		if (sql_tok_next(&p) < 0)
			return -1;
	} else {
		*n = parse_expression(&p);
		if (*n == NULL)
			return -1;
		(*n)->from = from;
		(*n)->to = p.t.from;
		if (sql_tok_take(&p, "as") < 0)
			return -1;
		if (sql_tok_is_name(&p.t)) {
			*alias = p.t.s;
			if (sql_tok_next(&p) < 0)
				return -1;
		}
	}
	r = sql_tok_take_op(&p, ",");
	if (r == 0 && p.t.kind != TOK_END) {
		sql_tok_expected(&p, "',' or the end");
		return -1;
	}
	*at = r == 1 ? p.t.from : p.p;
	return r;
}
