/*
 * jq_parse: the grammar of jq 1.6, all of it, so that a mistake is shown where
 * it is.  What only libjq runs is kept in the tree as far as jq_uses.c must see
 * what it looks at.
 *
 * From loose to tight: def, as, reduce ... | , // = or and == + * and the
 * postfix forms.  As in yacc's grammar of jq, a minus sign in front binds as
 * the one between (-1 * 2 is -(1 * 2)), and values in an object are terms.
 */
#include <limits.h>
#include <string.h>

#include "floor/mem.h"
#include "value/json.h"
#include "expr/jq/parse/jq_node.h"
#include "expr/jq/parse/jq_operator.h"

#define JQ_NESTING 500
#define TOO_DEEP "it is nested deeper than 500 levels"
#define JQ_NODES 20000

static struct jq_node *parse_pipe(struct jq_lex *ps);
static struct jq_node *parse_binary(struct jq_lex *ps, int level);
static struct jq_node *parse_operand(struct jq_lex *ps);
static struct jq_node *parse_term(struct jq_lex *ps);

/*
 * The parts of a string, whose opening quote is the token: literal strings and
 * expressions in turn, added to n.  Leaves the token behind the string.
 */
static int
parse_parts(struct jq_lex *ps, struct jq_node *n)
{
	const char *open = ps->at, *p = ps->p, *from = p, *next;
	struct jq_node *e;
	struct buf text;

	buf_init(&text);
	while (*p != '"') {
		if (*p == '\0') {
			jq_lex_refuse_at(ps, open, "this string has no end");
			goto err;
		}
		if (*p != '\\') {
			buf_byte(&text, *p++);
			continue;
		}
		if (p[1] != '(') {
			next = jq_lex_escape(p, &text);
			if (next == NULL) {
				jq_lex_refuse_at(
					ps, p, "no escape of a string");
				goto err;
			}
			p = next;
			continue;
		}
		jq_node_add(n, jq_node_string(ps, from, &text));
		buf_clear(&text);
		ps->p = p + 2;
		jq_lex_next(ps);
		e = parse_pipe(ps);
		if (e == NULL)
			goto err;
		jq_node_add(n, e);
		if (!jq_lex_is(ps, JQ_T_OP, ")")) {
			jq_lex_refuse(ps, "')'");
			goto err;
		}
		p = from = ps->p;
	}
	jq_node_add(n, jq_node_string(ps, from, &text));
	buf_release(&text);
	ps->p = p + 1;
	jq_lex_next(ps);
	return 0;
err:
	buf_release(&text);
	return -1;
}

static struct jq_node *
parse_string(struct jq_lex *ps)
{
	struct jq_node *n = jq_node_new(ps, JQ_FORMAT, ps->at);

	if (parse_parts(ps, n) < 0)
		return NULL;
	return n->nargs == 1 ? n->args[0] : n;
}

static struct jq_node *
parse_format(struct jq_lex *ps)
{
	struct jq_node *n = jq_node_new(ps, JQ_ENCODE, ps->at);

	jq_node_name(n, ps->at, ps->n);
	jq_lex_next(ps);
	if (ps->kind == JQ_T_QUOTE && parse_parts(ps, n) < 0)
		return NULL;
	return n;
}

/* What follows the dot or the term: ."name". */
static struct jq_node *
parse_string_index(struct jq_lex *ps, struct jq_node *of, const char *at)
{
	struct jq_node *s = parse_string(ps), *n;

	if (s == NULL)
		return NULL;
	if (jq_node_is_string(s))
		return jq_node_field(ps, at, of, s->name, s->nname);
	n = jq_node_new(ps, JQ_INDEX, at);
	n->a = of;
	n->b = s;
	return n;
}

/* Behind the opening bracket: [] [e] [e:e] [e:] [:e]. */
static struct jq_node *
parse_bracket(struct jq_lex *ps, struct jq_node *of, const char *at)
{
	struct jq_node *n, *e = NULL;

	if (jq_lex_take_op(ps, "]")) {
		n = jq_node_new(ps, JQ_EACH, at);
		n->a = of;
		return n;
	}
	if (!jq_lex_is(ps, JQ_T_OP, ":")) {
		e = parse_pipe(ps);
		if (e == NULL)
			return NULL;
	}
	if (!jq_lex_take_op(ps, ":")) {
		if (!jq_lex_need_op(ps, "]"))
			return NULL;
		if (jq_node_is_string(e))
			return jq_node_field(ps, at, of, e->name, e->nname);
		n = jq_node_new(ps, JQ_INDEX, at);
		n->a = of;
		n->b = e;
		return n;
	}
	n = jq_node_new(ps, JQ_SLICE, at);
	n->a = of;
	n->b = e;
	if (e != NULL && jq_lex_take_op(ps, "]"))
		return n;
	n->c = parse_pipe(ps);
	if (n->c == NULL || !jq_lex_need_op(ps, "]"))
		return NULL;
	return n;
}

/* .a ."a" [e] after a term, each with or without a ?. */
static struct jq_node *
parse_suffixes(struct jq_lex *ps, struct jq_node *n)
{
	const char *at;

	for (;;) {
		at = ps->at;
		if (ps->kind == JQ_T_FIELD) {
			n = jq_node_field(ps, at, n, at + 1, ps->n - 1);
			jq_lex_next(ps);
		} else if (jq_lex_take_op(ps, ".")) {
			if (ps->kind != JQ_T_QUOTE)
				return jq_lex_refuse(ps, "a field's name");
			n = parse_string_index(ps, n, at);
		} else if (jq_lex_take_op(ps, "[")) {
			n = parse_bracket(ps, n, at);
		} else {
			return n;
		}
		if (n == NULL)
			return NULL;
		if (jq_lex_take_op(ps, "?"))
			n->opt = true;
		/* A second ? is one around the term. */
		if (jq_lex_is(ps, JQ_T_OP, "?"))
			return n;
	}
}

static struct jq_node *
parse_args(struct jq_lex *ps, struct jq_node *n)
{
	struct jq_node *e;

	if (!jq_lex_take_op(ps, "("))
		return n;
	do {
		e = parse_pipe(ps);
		if (e == NULL)
			return NULL;
		jq_node_add(n, e);
	} while (jq_lex_take_op(ps, ";"));
	return jq_lex_need_op(ps, ")") ? n : NULL;
}

static struct jq_node *
parse_call(struct jq_lex *ps)
{
	const char *name = ps->at;
	size_t len = ps->n;
	struct jq_node *n;
	bool plain;

	jq_lex_next(ps);
	plain = !jq_lex_is(ps, JQ_T_OP, "(");
	if (plain && len == 4 && memcmp(name, "true", 4) == 0)
		return jq_node_literal(ps, name, value_bool(true));
	if (plain && len == 5 && memcmp(name, "false", 5) == 0)
		return jq_node_literal(ps, name, value_bool(false));
	if (plain && len == 4 && memcmp(name, "null", 4) == 0)
		return jq_node_literal(ps, name, value_null());
	n = jq_node_new(ps, JQ_CALL, name);
	jq_node_name(n, name, len);
	return parse_args(ps, n);
}

static struct jq_node *
parse_array(struct jq_lex *ps)
{
	struct jq_node *n = jq_node_new(ps, JQ_ARRAY, ps->at);

	jq_lex_next(ps);
	if (jq_lex_take_op(ps, "]"))
		return n;
	n->a = parse_pipe(ps);
	if (n->a == NULL || !jq_lex_need_op(ps, "]"))
		return NULL;
	return n;
}

/* A value in an object: terms, minus signs and pipes. */
static struct jq_node *
parse_member_value(struct jq_lex *ps)
{
	struct jq_node *n, *left;
	const char *at = ps->at;

	if (jq_lex_take_op(ps, "-")) {
		n = jq_node_new(ps, JQ_NEGATE, at);
		n->a = parse_member_value(ps);
		return n->a != NULL ? n : NULL;
	}
	left = parse_term(ps);
	at = ps->at;
	if (left == NULL || !jq_lex_take_op(ps, "|"))
		return left;
	n = jq_node_new(ps, JQ_PIPE, at);
	n->a = left;
	n->b = parse_member_value(ps);
	return n->b != NULL ? n : NULL;
}

/* The key, and the value for a key that may stand alone. */
static struct jq_node *
parse_key(struct jq_lex *ps, struct jq_node **alone)
{
	struct jq_node *key, *n;
	const char *at = ps->at;
	struct buf text;

	*alone = NULL;
	if (jq_lex_take_op(ps, "(")) {
		key = parse_pipe(ps);
		return key != NULL && jq_lex_need_op(ps, ")") ? key : NULL;
	}
	if (jq_lex_take_op(ps, "$")) {
		if (ps->kind != JQ_T_NAME && ps->kind != JQ_T_WORD)
			return jq_lex_refuse(ps, "a variable's name");
		*alone = jq_node_new(ps, JQ_VARIABLE, at);
		jq_node_name(*alone, ps->at, ps->n);
	}
	if (ps->kind == JQ_T_QUOTE || ps->kind == JQ_T_FORMAT) {
		key = ps->kind == JQ_T_QUOTE ? parse_string(ps)
					     : parse_format(ps);
		if (key == NULL)
			return NULL;
		if (jq_node_is_string(key)) {
			n = jq_node_field(ps, at, jq_node_new(ps, JQ_SELF, at),
				key->name, key->nname);
		} else {
			n = jq_node_new(ps, JQ_INDEX, at);
			n->a = jq_node_new(ps, JQ_SELF, at);
			n->b = key;
		}
		*alone = n;
		return key;
	}
	if (ps->kind != JQ_T_NAME && ps->kind != JQ_T_WORD)
		return jq_lex_refuse(ps, "a key");
	buf_init(&text);
	buf_add(&text, ps->at, ps->n);
	key = jq_node_string(ps, ps->at, &text);
	buf_release(&text);
	if (*alone == NULL && ps->kind == JQ_T_NAME)
		*alone = jq_node_field(
			ps, at, jq_node_new(ps, JQ_SELF, at), ps->at, ps->n);
	jq_lex_next(ps);
	return key;
}

static struct jq_node *
parse_object(struct jq_lex *ps)
{
	struct jq_node *n = jq_node_new(ps, JQ_OBJECT, ps->at), *key, *v;
	const char *at;

	jq_lex_next(ps);
	if (jq_lex_take_op(ps, "}")) {
		n->distinct = true;
		return n;
	}
	do {
		at = ps->at;
		key = parse_key(ps, &v);
		if (key == NULL)
			return NULL;
		if (key->kind != JQ_COMMA && !jq_node_is_string(key) &&
			jq_constant(key))
			return jq_lex_refuse_at(
				ps, at, "a key must be a string");
		if (jq_lex_take_op(ps, ":"))
			v = parse_member_value(ps);
		else if (v == NULL)
			return jq_lex_refuse(ps, "':'");
		if (v == NULL)
			return NULL;
		jq_node_add(n, key);
		jq_node_add(n, v);
	} while (jq_lex_take_op(ps, ","));
	n->distinct = jq_constant_keys_distinct(n);
	return jq_lex_need_op(ps, "}") ? n : NULL;
}

static struct jq_node *
parse_variable(struct jq_lex *ps)
{
	struct jq_node *n = jq_node_new(ps, JQ_VARIABLE, ps->at);

	jq_lex_next(ps);
	if (ps->kind != JQ_T_NAME && !jq_lex_is(ps, JQ_T_WORD, "__loc__"))
		return jq_lex_refuse(ps, "a variable's name");
	jq_node_name(n, ps->at, ps->n);
	jq_lex_next(ps);
	return n;
}

static struct jq_node *
parse_break(struct jq_lex *ps)
{
	struct jq_node *n = jq_node_new(ps, JQ_LABEL, ps->at);

	jq_lex_next(ps);
	if (!jq_lex_need_op(ps, "$"))
		return NULL;
	if (ps->kind != JQ_T_NAME)
		return jq_lex_refuse(ps, "a label's name");
	jq_lex_next(ps);
	return n;
}

static struct jq_node *
parse_dot(struct jq_lex *ps)
{
	const char *at = ps->at;
	struct jq_node *n;

	jq_lex_next(ps);
	if (ps->kind != JQ_T_QUOTE)
		return jq_node_new(ps, JQ_SELF, at);
	n = parse_string_index(ps, jq_node_new(ps, JQ_SELF, at), at);
	if (n != NULL && jq_lex_take_op(ps, "?"))
		n->opt = true;
	return n;
}

static struct jq_node *
parse_primary(struct jq_lex *ps)
{
	struct jq_node *n;

	switch (ps->kind) {
	case JQ_T_FIELD: /* a suffix of what is not written */
		return jq_node_new(ps, JQ_SELF, ps->at);
	case JQ_T_NUMBER:
		return jq_node_number(ps);
	case JQ_T_QUOTE:
		return parse_string(ps);
	case JQ_T_FORMAT:
		return parse_format(ps);
	case JQ_T_NAME:
		return parse_call(ps);
	case JQ_T_RECURSE:
		n = jq_node_new(ps, JQ_RECURSE, ps->at);
		jq_lex_next(ps);
		return n;
	default:
		break;
	}
	if (jq_lex_is(ps, JQ_T_WORD, "break"))
		return parse_break(ps);
	if (jq_lex_is(ps, JQ_T_OP, "."))
		return parse_dot(ps);
	if (jq_lex_is(ps, JQ_T_OP, "["))
		return parse_array(ps);
	if (jq_lex_is(ps, JQ_T_OP, "{"))
		return parse_object(ps);
	if (jq_lex_is(ps, JQ_T_OP, "$"))
		return parse_variable(ps);
	if (jq_lex_take_op(ps, "(")) {
		n = parse_pipe(ps);
		return n != NULL && jq_lex_need_op(ps, ")") ? n : NULL;
	}
	return jq_lex_refuse(ps, "a value");
}

static struct jq_node *
parse_term(struct jq_lex *ps)
{
	struct jq_node *n = NULL;

	if (ps->depth++ < JQ_NESTING)
		n = parse_primary(ps);
	else
		jq_lex_refuse_at(ps, ps->at, TOO_DEEP);
	ps->depth--;
	return n != NULL ? parse_suffixes(ps, n) : NULL;
}

/* Expressions in a pattern are added to n, for what they look at. */
static int
parse_pattern(struct jq_lex *ps, struct jq_node *n)
{
	struct jq_node *e;
	bool object;

	if (ps->depth >= JQ_NESTING)
		return jq_lex_refuse_at(ps, ps->at, TOO_DEEP), -1;
	if (jq_lex_take_op(ps, "$")) {
		if (ps->kind != JQ_T_NAME)
			return jq_lex_refuse(ps, "a variable's name"), -1;
		jq_lex_next(ps);
		return 0;
	}
	object = jq_lex_is(ps, JQ_T_OP, "{");
	if (!object && !jq_lex_is(ps, JQ_T_OP, "["))
		return jq_lex_refuse(ps, "a pattern such as $x"), -1;
	ps->depth++;
	jq_lex_next(ps);
	do {
		if (object && jq_lex_take_op(ps, "$")) {
			if (ps->kind != JQ_T_NAME)
				return jq_lex_refuse(ps, "a variable's name"),
				       -1;
			jq_lex_next(ps);
			if (!jq_lex_take_op(ps, ":"))
				continue;
		} else if (object) {
			if (parse_key(ps, &e) == NULL ||
				!jq_lex_need_op(ps, ":"))
				return -1;
		}
		if (parse_pattern(ps, n) < 0)
			return -1;
	} while (jq_lex_take_op(ps, ","));
	ps->depth--;
	return jq_lex_need_op(ps, object ? "}" : "]") ? 0 : -1;
}

static int
parse_patterns(struct jq_lex *ps, struct jq_node *n)
{
	do {
		if (parse_pattern(ps, n) < 0)
			return -1;
	} while (jq_lex_take_op(ps, "?//"));
	return 0;
}

/* reduce TERM as PATTERN (a; b), foreach TERM as PATTERN (a; b; c) */
static struct jq_node *
parse_fold(struct jq_lex *ps)
{
	bool reduce = jq_lex_is(ps, JQ_T_WORD, "reduce");
	struct jq_node *n = jq_node_new(ps, JQ_FOLD, ps->at), *e;

	jq_lex_next(ps);
	n->a = parse_term(ps);
	if (n->a == NULL || !jq_lex_need_word(ps, "as") ||
		parse_patterns(ps, n) < 0 || !jq_lex_need_op(ps, "("))
		return NULL;
	n->b = parse_pipe(ps);
	if (n->b == NULL || !jq_lex_need_op(ps, ";"))
		return NULL;
	n->c = parse_pipe(ps);
	if (n->c == NULL)
		return NULL;
	if (!reduce && jq_lex_take_op(ps, ";")) {
		e = parse_pipe(ps);
		if (e == NULL)
			return NULL;
		jq_node_add(n, e);
	}
	return jq_lex_need_op(ps, ")") ? n : NULL;
}

static struct jq_node *
parse_if(struct jq_lex *ps)
{
	struct jq_node *first = jq_node_new(ps, JQ_IF, ps->at), *n = first;

	for (;;) {
		jq_lex_next(ps);
		n->a = parse_pipe(ps);
		if (n->a == NULL || !jq_lex_need_word(ps, "then"))
			return NULL;
		n->b = parse_pipe(ps);
		if (n->b == NULL)
			return NULL;
		if (!jq_lex_is(ps, JQ_T_WORD, "elif"))
			break;
		n->c = jq_node_new(ps, JQ_IF, ps->at);
		n = n->c;
	}
	if (!jq_lex_take_word(ps, "else"))
		return jq_lex_refuse(ps, "'elif' or 'else'");
	n->c = parse_pipe(ps);
	return n->c != NULL && jq_lex_need_word(ps, "end") ? first : NULL;
}

static struct jq_node *
parse_try(struct jq_lex *ps)
{
	struct jq_node *n = jq_node_new(ps, JQ_TRY, ps->at);

	jq_lex_next(ps);
	n->a = parse_operand(ps);
	if (n->a == NULL)
		return NULL;
	if (!jq_lex_take_word(ps, "catch"))
		return n;
	n->b = parse_operand(ps);
	return n->b != NULL ? n : NULL;
}

static struct jq_node *
parse_label(struct jq_lex *ps)
{
	struct jq_node *n = jq_node_new(ps, JQ_LABEL, ps->at);

	jq_lex_next(ps);
	if (!jq_lex_need_op(ps, "$"))
		return NULL;
	if (ps->kind != JQ_T_NAME)
		return jq_lex_refuse(ps, "a label's name");
	jq_lex_next(ps);
	if (!jq_lex_need_op(ps, "|"))
		return NULL;
	n->a = parse_pipe(ps);
	return n->a != NULL ? n : NULL;
}

/* def name(params): body; what follows */
static struct jq_node *
parse_def(struct jq_lex *ps)
{
	struct jq_node *n = jq_node_new(ps, JQ_DEFINE, ps->at);

	jq_lex_next(ps);
	if (ps->kind != JQ_T_NAME && ps->kind != JQ_T_WORD)
		return jq_lex_refuse(ps, "a function's name");
	jq_node_name(n, ps->at, ps->n);
	jq_lex_next(ps);
	if (jq_lex_take_op(ps, "(")) {
		do {
			jq_lex_take_op(ps, "$");
			if (ps->kind != JQ_T_NAME)
				return jq_lex_refuse(ps, "a parameter's name");
			jq_lex_next(ps);
		} while (jq_lex_take_op(ps, ";"));
		if (!jq_lex_need_op(ps, ")"))
			return NULL;
	}
	if (!jq_lex_need_op(ps, ":"))
		return NULL;
	n->a = parse_pipe(ps);
	if (n->a == NULL || !jq_lex_need_op(ps, ";"))
		return NULL;
	n->b = parse_pipe(ps);
	return n->b != NULL ? n : NULL;
}

/* TERM as PATTERN | body */
static struct jq_node *
parse_bind(struct jq_lex *ps, struct jq_node *of)
{
	struct jq_node *n = jq_node_new(ps, JQ_BIND, ps->at);

	jq_lex_next(ps);
	n->a = of;
	if (parse_patterns(ps, n) < 0 || !jq_lex_need_op(ps, "|"))
		return NULL;
	n->b = parse_pipe(ps);
	return n->b != NULL ? n : NULL;
}

static struct jq_node *
parse_form(struct jq_lex *ps)
{
	struct jq_node *n;
	const char *at = ps->at;

	if (jq_lex_take_op(ps, "-")) {
		n = jq_node_new(ps, JQ_NEGATE, at);
		n->a = parse_binary(ps, LEVEL_MUL);
		return n->a != NULL ? n : NULL;
	}
	if (jq_lex_is(ps, JQ_T_WORD, "if"))
		return parse_if(ps);
	if (jq_lex_is(ps, JQ_T_WORD, "try"))
		return parse_try(ps);
	if (jq_lex_is(ps, JQ_T_WORD, "reduce") ||
		jq_lex_is(ps, JQ_T_WORD, "foreach"))
		return parse_fold(ps);
	if (jq_lex_is(ps, JQ_T_WORD, "label"))
		return parse_label(ps);
	if (jq_lex_is(ps, JQ_T_WORD, "def"))
		return parse_def(ps);
	n = parse_term(ps);
	if (n != NULL && jq_lex_is(ps, JQ_T_WORD, "as"))
		return parse_bind(ps, n);
	return n;
}

static struct jq_node *
parse_operand(struct jq_lex *ps)
{
	struct jq_node *n = NULL, *try;

	if (ps->t->nodes > JQ_NODES)
		jq_lex_refuse_at(
			ps, ps->at, "it is too long: more than 20000 parts");
	else if (ps->depth++ < JQ_NESTING)
		n = parse_form(ps);
	else
		jq_lex_refuse_at(ps, ps->at, TOO_DEEP);
	ps->depth--;
	while (n != NULL && jq_lex_is(ps, JQ_T_OP, "?")) {
		try = jq_node_new(ps, JQ_TRY, ps->at);
		try->a = n;
		n = try;
		jq_lex_next(ps);
	}
	return n;
}

static struct jq_node *
parse_binary(struct jq_lex *ps, int level)
{
	struct jq_node *left = parse_operand(ps), *n;
	const struct jq_operator *op;
	bool none;

	while (left != NULL) {
		op = jq_operator_find(ps);
		if (op == NULL || op->level < level)
			return left;
		n = jq_node_new(ps, op->kind, ps->at);
		n->op = op->op;
		n->a = left;
		jq_lex_next(ps);
		/* // leans to the right, comparisons and = to neither side */
		n->b = parse_binary(
			ps, op->level + (op->level != LEVEL_DEFAULT));
		if (n->b == NULL)
			return NULL;
		none = op->level == LEVEL_COMPARE || op->level == LEVEL_ASSIGN;
		op = none ? jq_operator_find(ps) : NULL;
		if (op != NULL &&
			op->level ==
				(n->kind == JQ_ASSIGN ? LEVEL_ASSIGN
						      : LEVEL_COMPARE))
			return jq_lex_refuse(ps,
				"no second one of its kind (use "
				"parentheses)");
		left = jq_constant_fold(ps, n);
	}
	return NULL;
}

static struct jq_node *
parse_comma(struct jq_lex *ps)
{
	struct jq_node *left = parse_binary(ps, LEVEL_DEFAULT), *n;
	const char *at;

	for (;;) {
		at = ps->at;
		if (left == NULL || !jq_lex_take_op(ps, ","))
			return left;
		n = jq_node_new(ps, JQ_COMMA, at);
		n->a = left;
		n->b = parse_binary(ps, LEVEL_DEFAULT);
		if (n->b == NULL)
			return NULL;
		left = n;
	}
}

static struct jq_node *
parse_pipe(struct jq_lex *ps)
{
	struct jq_node *left, *n;
	const char *at;

	if (ps->depth++ >= JQ_NESTING)
		return jq_lex_refuse_at(ps, ps->at, TOO_DEEP);
	left = parse_comma(ps);
	at = ps->at;
	if (left == NULL || !jq_lex_take_op(ps, "|")) {
		ps->depth--;
		return left;
	}
	n = jq_node_new(ps, JQ_PIPE, at);
	n->a = left;
	n->b = parse_pipe(ps);
	ps->depth--;
	return n->b != NULL ? n : NULL;
}

/* libjq itself may not be asked: it aborts. */
static int
refuse_module(struct jq_lex *ps)
{
	ps->t->modules = true;
	jq_lex_refuse_at(ps, ps->at,
		"modules are not for here: write the definitions "
		"that are needed in front (def f: ...;)");
	return -1;
}

int
jq_parse(struct jq_tree *t, const char *text, struct err *err)
{
	struct jq_lex ps = {.t = t, .err = err};

	memset(t, 0, sizeof(*t));
	t->text = mem_dup(text, strlen(text));
	if (strlen(text) > INT_MAX)
		return err_as(err, STATUS_USAGE, "expression: it is too long");
	if (!json_utf8(text, strlen(text)))
		return err_as(err, STATUS_USAGE, "expression: it is not UTF-8");
	ps.p = t->text;
	jq_lex_next(&ps);
	if (jq_lex_is(&ps, JQ_T_WORD, "import") ||
		jq_lex_is(&ps, JQ_T_WORD, "include") ||
		jq_lex_is(&ps, JQ_T_WORD, "module"))
		return refuse_module(&ps);
	if (ps.kind == JQ_T_END) {
		err_as(err, STATUS_USAGE, "expression: it is empty");
		return -1;
	}
	t->root = parse_pipe(&ps);
	if (t->root == NULL)
		return -1;
	if (ps.kind != JQ_T_END)
		return jq_lex_refuse(&ps, "an operator or the end"), -1;
	jq_settle(t, t->root);
	return 0;
}
