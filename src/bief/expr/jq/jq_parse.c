/*
 * jq_parse: the grammar of jq 1.6, all of it, so that a mistake is shown where
 * it is.  What only libjq runs is kept in the tree as far as jq_uses.c must see
 * what it looks at.
 *
 * From loose to tight: def, as, reduce ... | , // = or and == + * and the
 * postfix forms.  As in yacc's grammar of jq, a minus sign in front binds as
 * the one between (-1 * 2 is -(1 * 2)), and values in an object are terms.
 */
#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "value/json.h"
#include "expr/jq/jq_impl.h"
#include "text/number.h"

#define JQ_NESTING 500
#define JQ_NODES 20000
#define TOO_DEEP "it is nested deeper than 500 levels"

enum token {
	T_END,
	T_NAME,   /* an identifier that is no keyword */
	T_WORD,   /* a keyword */
	T_FIELD,  /* .name */
	T_FORMAT, /* @name */
	T_NUMBER,
	T_QUOTE, /* the quote that opens a string */
	T_RECURSE,
	T_OP, /* an operator or punctuation: its text */
	T_BAD
};

struct parser {
	struct jq_tree *t;
	const char *p; /* behind the token */
	enum token kind;
	const char *at; /* the token */
	size_t n;
	int depth;
	struct err *err;
};

/* How tight an operator binds. */
enum level {
	LEVEL_DEFAULT = 1,
	LEVEL_ASSIGN,
	LEVEL_OR,
	LEVEL_AND,
	LEVEL_COMPARE,
	LEVEL_ADD,
	LEVEL_MUL
};

static const struct operator
{
	const char *text;
	uint8_t level;
	uint8_t kind;
	uint8_t op;
}
operators[] = {
	{"//", LEVEL_DEFAULT, JQ_DEFAULT, 0},
	{"=", LEVEL_ASSIGN, JQ_ASSIGN, 0},
	{"|=", LEVEL_ASSIGN, JQ_ASSIGN, 0},
	{"+=", LEVEL_ASSIGN, JQ_ASSIGN, 0},
	{"-=", LEVEL_ASSIGN, JQ_ASSIGN, 0},
	{"*=", LEVEL_ASSIGN, JQ_ASSIGN, 0},
	{"/=", LEVEL_ASSIGN, JQ_ASSIGN, 0},
	{"%=", LEVEL_ASSIGN, JQ_ASSIGN, 0},
	{"//=", LEVEL_ASSIGN, JQ_ASSIGN, 0},
	{"or", LEVEL_OR, JQ_OR, 0},
	{"and", LEVEL_AND, JQ_AND, 0},
	{"==", LEVEL_COMPARE, JQ_BINARY, JQ_EQ},
	{"!=", LEVEL_COMPARE, JQ_BINARY, JQ_NE},
	{"<", LEVEL_COMPARE, JQ_BINARY, JQ_LT},
	{"<=", LEVEL_COMPARE, JQ_BINARY, JQ_LE},
	{">", LEVEL_COMPARE, JQ_BINARY, JQ_GT},
	{">=", LEVEL_COMPARE, JQ_BINARY, JQ_GE},
	{"+", LEVEL_ADD, JQ_BINARY, JQ_ADD},
	{"-", LEVEL_ADD, JQ_BINARY, JQ_SUB},
	{"*", LEVEL_MUL, JQ_BINARY, JQ_MUL},
	{"/", LEVEL_MUL, JQ_BINARY, JQ_DIV},
	{"%", LEVEL_MUL, JQ_BINARY, JQ_MOD},
};

static const char *const keywords[] = {"__loc__", "and", "as", "break", "catch",
	"def", "elif", "else", "end", "foreach", "if", "import", "include",
	"label", "module", "or", "reduce", "then", "try", NULL};

static struct jq_node *parse_pipe(struct parser *ps);
static struct jq_node *parse_binary(struct parser *ps, int level);
static struct jq_node *parse_operand(struct parser *ps);
static struct jq_node *parse_term(struct parser *ps);

/* ---- tokens ---- */

static bool
starts_name(char c)
{
	return isalpha((unsigned char)c) || c == '_';
}

static const char *
skip_name(const char *p)
{
	while (isalnum((unsigned char)*p) || *p == '_')
		p++;
	return p;
}

static const char *
skip_space(const char *p)
{
	for (;;) {
		while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
			p++;
		if (*p != '#')
			return p;
		while (*p != '\0' && *p != '\n')
			p++;
	}
}

static const char *
skip_number(const char *p)
{
	const char *e;

	while (isdigit((unsigned char)*p))
		p++;
	if (*p == '.')
		for (p++; isdigit((unsigned char)*p);)
			p++;
	if (*p != 'e' && *p != 'E')
		return p;
	e = p + 1;
	if (*e == '+' || *e == '-')
		e++;
	if (!isdigit((unsigned char)*e))
		return p;
	while (isdigit((unsigned char)*e))
		e++;
	return e;
}

/* An identifier may be of a module: a::b. */
static enum token
scan_name(struct parser *ps)
{
	const char *p = skip_name(ps->at);
	int i;

	while (p[0] == ':' && p[1] == ':' && starts_name(p[2]))
		p = skip_name(p + 2);
	ps->p = p;
	ps->n = (size_t)(p - ps->at);
	for (i = 0; keywords[i] != NULL; i++)
		if (strlen(keywords[i]) == ps->n &&
			memcmp(keywords[i], ps->at, ps->n) == 0)
			return T_WORD;
	return T_NAME;
}

static enum token
scan_op(struct parser *ps)
{
	static const char *const ops[] = {"?//", "//=", "==", "!=", "//",
		"|=", "+=", "-=", "*=", "/=", "%=", "<=", ">=", NULL};
	int i;

	for (i = 0; ops[i] != NULL; i++) {
		ps->n = strlen(ops[i]);
		ps->p = ps->at + ps->n;
		if (strncmp(ps->at, ops[i], ps->n) == 0)
			return T_OP;
	}
	ps->n = 1;
	ps->p = ps->at + 1;
	return strchr("?=;,:|+-*/%$<>.[](){}", *ps->at) != NULL ? T_OP : T_BAD;
}

static enum token
scan(struct parser *ps)
{
	const char *p = ps->at;

	if (*p == '\0') {
		ps->n = 0;
		return T_END;
	}
	if (*p == '.' && starts_name(p[1])) {
		ps->p = skip_name(p + 1);
		ps->n = (size_t)(ps->p - p);
		return T_FIELD;
	}
	if (isdigit((unsigned char)*p) ||
		(*p == '.' && isdigit((unsigned char)p[1]))) {
		ps->p = skip_number(p);
		ps->n = (size_t)(ps->p - p);
		return T_NUMBER;
	}
	if (*p == '@' && isalnum((unsigned char)p[1])) {
		for (p++; isalnum((unsigned char)*p);)
			p++;
		ps->p = p;
		ps->n = (size_t)(p - ps->at);
		return T_FORMAT;
	}
	if (starts_name(*p))
		return scan_name(ps);
	if (*p == '"') {
		ps->p = p + 1;
		ps->n = 1;
		return T_QUOTE;
	}
	if (p[0] == '.' && p[1] == '.') {
		ps->p = p + 2;
		ps->n = 2;
		return T_RECURSE;
	}
	return scan_op(ps);
}

static void
advance(struct parser *ps)
{
	ps->at = skip_space(ps->p);
	ps->p = ps->at;
	ps->kind = scan(ps);
}

/* ---- messages ---- */

static struct jq_node *
refuse_at(struct parser *ps, const char *at, const char *what)
{
	err_caret(ps->err, ps->t->text, (size_t)(at - ps->t->text),
		"expression: %s", what);
	return NULL;
}

/* What people write who know it from elsewhere, and what it is in jq. */
static const char *
hint(const struct parser *ps)
{
	static const struct {
		const char *text, *hint;
		size_t before; /* bytes of it in front of the token */
	} known[] = {
		{"'", " (a text stands in double quotes)", 0},
		{"\u201c", " (a text stands in double quotes)", 0},
		{"\u201d", " (a text stands in double quotes)", 0},
		{"\u2018", " (a text stands in double quotes)", 0},
		{"\u2019", " (a text stands in double quotes)", 0},
		{"&&", " (did you mean 'and'?)", 0},
		{"||", " (did you mean 'or'?)", 1},
		{"<>", " (did you mean '!='?)", 1},
		{"===", " (did you mean '=='?)", 2},
		{"!", " (to negate is '| not', behind it)", 0},
		{"=~", " (did you mean '| test(\"...\")'?)", 1},
	};
	static const struct {
		const char *word, *hint;
	} words[] = {
		{"and", " (did you mean 'and'?)"},
		{"or", " (did you mean 'or'?)"},
		{"not", " (to negate is '| not', behind it)"},
		{"is", " (that is SQL: --sql)"},
		{"in", " (that is SQL: --sql)"},
		{"like", " (that is SQL: --sql)"},
		{"rlike", " (that is SQL: --sql)"},
		{"ilike", " (that is SQL: --sql)"},
		{"between", " (that is SQL: --sql)"},
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((size_t)(ps->at - ps->t->text) >= known[i].before &&
			strncmp(ps->at - known[i].before, known[i].text,
				strlen(known[i].text)) == 0)
			return known[i].hint;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (ps->n == strlen(words[i].word) &&
			strncasecmp(ps->at, words[i].word, ps->n) == 0)
			return words[i].hint;
	return "";
}

static struct jq_node *
refuse(struct parser *ps, const char *expected)
{
	char token[40], what[200];
	size_t n = ps->n;

	if (ps->kind == T_END) {
		snprintf(what, sizeof(what), "it ends where %s is expected",
			expected);
		return refuse_at(ps, ps->at, what);
	}
	while (((unsigned char)ps->at[n] & 0xC0) == 0x80)
		n++;
	err_quote(token, sizeof(token), ps->at, n);
	snprintf(what, sizeof(what), "unexpected '%s', where %s is expected%s",
		token, expected, hint(ps));
	return refuse_at(ps, ps->at, what);
}

static bool
at_text(const struct parser *ps, enum token kind, const char *text)
{
	return ps->kind == kind && strlen(text) == ps->n &&
		memcmp(ps->at, text, ps->n) == 0;
}

static bool
take_op(struct parser *ps, const char *op)
{
	if (!at_text(ps, T_OP, op))
		return false;
	advance(ps);
	return true;
}

static bool
take_word(struct parser *ps, const char *word)
{
	if (!at_text(ps, T_WORD, word))
		return false;
	advance(ps);
	return true;
}

static bool
need_op(struct parser *ps, const char *op)
{
	char expected[8];

	if (take_op(ps, op))
		return true;
	snprintf(expected, sizeof(expected), "'%s'", op);
	refuse(ps, expected);
	return false;
}

static bool
need_word(struct parser *ps, const char *word)
{
	char expected[16];

	if (take_word(ps, word))
		return true;
	snprintf(expected, sizeof(expected), "'%s'", word);
	refuse(ps, expected);
	return false;
}

/* ---- nodes ---- */

static struct jq_node *
new_node(struct parser *ps, enum jq_kind kind, const char *at)
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

static void
add_arg(struct jq_node *n, struct jq_node *arg)
{
	n->args = mem_realloc(n->args, (n->nargs + 1) * sizeof(*n->args));
	n->args[n->nargs++] = arg;
}

static void
set_name(struct jq_node *n, const char *s, size_t len)
{
	free(n->name);
	n->name = mem_dup(s, len);
	n->nname = (uint32_t)len;
}

/* The node of a string's plain text. */
static struct jq_node *
new_string(struct parser *ps, const char *at, const struct buf *text)
{
	struct jq_node *n = new_node(ps, JQ_LITERAL, at);
	struct buf quoted;

	set_name(n, text->n > 0 ? text->p : "", text->n);
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

static struct jq_node *
new_literal(struct parser *ps, const char *at, struct value v)
{
	struct jq_node *n = new_node(ps, JQ_LITERAL, at);

	n->v = v;
	n->single = true;
	return n;
}

static bool
is_string(const struct jq_node *n)
{
	return n->kind == JQ_LITERAL && n->v.type == VALUE_STRING;
}

static struct jq_node *
new_field(struct parser *ps, const char *at, struct jq_node *of,
	const char *name, size_t len)
{
	struct jq_node *n = new_node(ps, JQ_FIELD, at);

	n->a = of;
	set_name(n, name, len);
	return n;
}

static struct jq_node *
parse_number(struct parser *ps)
{
	const char *s = ps->at;
	size_t n = ps->n;
	struct value v;
	int64_t i;

	if (number_int(s, n, &i) == 0)
		v = value_int(i);
	else
		v = value_double(strtod(s, NULL));
	advance(ps);
	return new_literal(ps, s, v);
}

/* ---- strings ---- */

static int
hex4(const char *p)
{
	int i, d, v = 0;

	for (i = 0; i < 4; i++) {
		if (!isxdigit((unsigned char)p[i]))
			return -1;
		d = p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10;
		v = v * 16 + d;
	}
	return v;
}

/* The escape behind the backslash at p; the place behind it, or NULL. */
static const char *
scan_escape(const char *p, struct buf *out)
{
	char escape[14];
	size_t n = 2;

	if (p[1] == 'u') {
		if (hex4(p + 2) < 0)
			return NULL;
		n = 6;
		/* Both halves of a pair go together. */
		if (p[6] == '\\' && p[7] == 'u' && hex4(p + 8) >= 0xDC00 &&
			hex4(p + 8) < 0xE000)
			n = 12;
	} else if (p[1] == '\0' || strchr("\"\\/bfnrt", p[1]) == NULL) {
		return NULL;
	}
	memcpy(escape, p, n);
	json_unquote(out, escape, n);
	return p + n;
}

/*
 * The parts of a string, whose opening quote is the token: literal strings and
 * expressions in turn, added to n.  Leaves the token behind the string.
 */
static int
parse_parts(struct parser *ps, struct jq_node *n)
{
	const char *open = ps->at, *p = ps->p, *from = p, *next;
	struct jq_node *e;
	struct buf text;

	buf_init(&text);
	while (*p != '"') {
		if (*p == '\0') {
			refuse_at(ps, open, "this string has no end");
			goto err;
		}
		if (*p != '\\') {
			buf_byte(&text, *p++);
			continue;
		}
		if (p[1] != '(') {
			next = scan_escape(p, &text);
			if (next == NULL) {
				refuse_at(ps, p, "no escape of a string");
				goto err;
			}
			p = next;
			continue;
		}
		add_arg(n, new_string(ps, from, &text));
		buf_clear(&text);
		ps->p = p + 2;
		advance(ps);
		e = parse_pipe(ps);
		if (e == NULL)
			goto err;
		add_arg(n, e);
		if (!at_text(ps, T_OP, ")")) {
			refuse(ps, "')'");
			goto err;
		}
		p = from = ps->p;
	}
	add_arg(n, new_string(ps, from, &text));
	buf_release(&text);
	ps->p = p + 1;
	advance(ps);
	return 0;
err:
	buf_release(&text);
	return -1;
}

static struct jq_node *
parse_string(struct parser *ps)
{
	struct jq_node *n = new_node(ps, JQ_FORMAT, ps->at);

	if (parse_parts(ps, n) < 0)
		return NULL;
	return n->nargs == 1 ? n->args[0] : n;
}

static struct jq_node *
parse_format(struct parser *ps)
{
	struct jq_node *n = new_node(ps, JQ_ENCODE, ps->at);

	set_name(n, ps->at, ps->n);
	advance(ps);
	if (ps->kind == T_QUOTE && parse_parts(ps, n) < 0)
		return NULL;
	return n;
}

/* ---- terms ---- */

/* What follows the dot or the term: ."name". */
static struct jq_node *
parse_string_index(struct parser *ps, struct jq_node *of, const char *at)
{
	struct jq_node *s = parse_string(ps), *n;

	if (s == NULL)
		return NULL;
	if (is_string(s))
		return new_field(ps, at, of, s->name, s->nname);
	n = new_node(ps, JQ_INDEX, at);
	n->a = of;
	n->b = s;
	return n;
}

/* Behind the opening bracket: [] [e] [e:e] [e:] [:e]. */
static struct jq_node *
parse_bracket(struct parser *ps, struct jq_node *of, const char *at)
{
	struct jq_node *n, *e = NULL;

	if (take_op(ps, "]")) {
		n = new_node(ps, JQ_EACH, at);
		n->a = of;
		return n;
	}
	if (!at_text(ps, T_OP, ":")) {
		e = parse_pipe(ps);
		if (e == NULL)
			return NULL;
	}
	if (!take_op(ps, ":")) {
		if (!need_op(ps, "]"))
			return NULL;
		if (is_string(e))
			return new_field(ps, at, of, e->name, e->nname);
		n = new_node(ps, JQ_INDEX, at);
		n->a = of;
		n->b = e;
		return n;
	}
	n = new_node(ps, JQ_SLICE, at);
	n->a = of;
	n->b = e;
	if (e != NULL && take_op(ps, "]"))
		return n;
	n->c = parse_pipe(ps);
	if (n->c == NULL || !need_op(ps, "]"))
		return NULL;
	return n;
}

/* .a ."a" [e] after a term, each with or without a ?. */
static struct jq_node *
parse_suffixes(struct parser *ps, struct jq_node *n)
{
	const char *at;

	for (;;) {
		at = ps->at;
		if (ps->kind == T_FIELD) {
			n = new_field(ps, at, n, at + 1, ps->n - 1);
			advance(ps);
		} else if (take_op(ps, ".")) {
			if (ps->kind != T_QUOTE)
				return refuse(ps, "a field's name");
			n = parse_string_index(ps, n, at);
		} else if (take_op(ps, "[")) {
			n = parse_bracket(ps, n, at);
		} else {
			return n;
		}
		if (n == NULL)
			return NULL;
		if (take_op(ps, "?"))
			n->opt = true;
		/* A second ? is one around the term. */
		if (at_text(ps, T_OP, "?"))
			return n;
	}
}

static struct jq_node *
parse_args(struct parser *ps, struct jq_node *n)
{
	struct jq_node *e;

	if (!take_op(ps, "("))
		return n;
	do {
		e = parse_pipe(ps);
		if (e == NULL)
			return NULL;
		add_arg(n, e);
	} while (take_op(ps, ";"));
	return need_op(ps, ")") ? n : NULL;
}

static struct jq_node *
parse_call(struct parser *ps)
{
	const char *name = ps->at;
	size_t len = ps->n;
	struct jq_node *n;
	bool plain;

	advance(ps);
	plain = !at_text(ps, T_OP, "(");
	if (plain && len == 4 && memcmp(name, "true", 4) == 0)
		return new_literal(ps, name, value_bool(true));
	if (plain && len == 5 && memcmp(name, "false", 5) == 0)
		return new_literal(ps, name, value_bool(false));
	if (plain && len == 4 && memcmp(name, "null", 4) == 0)
		return new_literal(ps, name, value_null());
	n = new_node(ps, JQ_CALL, name);
	set_name(n, name, len);
	return parse_args(ps, n);
}

static struct jq_node *
parse_array(struct parser *ps)
{
	struct jq_node *n = new_node(ps, JQ_ARRAY, ps->at);

	advance(ps);
	if (take_op(ps, "]"))
		return n;
	n->a = parse_pipe(ps);
	if (n->a == NULL || !need_op(ps, "]"))
		return NULL;
	return n;
}

/* A value in an object: terms, minus signs and pipes. */
static struct jq_node *
parse_member_value(struct parser *ps)
{
	struct jq_node *n, *left;
	const char *at = ps->at;

	if (take_op(ps, "-")) {
		n = new_node(ps, JQ_NEGATE, at);
		n->a = parse_member_value(ps);
		return n->a != NULL ? n : NULL;
	}
	left = parse_term(ps);
	at = ps->at;
	if (left == NULL || !take_op(ps, "|"))
		return left;
	n = new_node(ps, JQ_PIPE, at);
	n->a = left;
	n->b = parse_member_value(ps);
	return n->b != NULL ? n : NULL;
}

/* The key, and the value for a key that may stand alone. */
static struct jq_node *
parse_key(struct parser *ps, struct jq_node **alone)
{
	struct jq_node *key, *n;
	const char *at = ps->at;
	struct buf text;

	*alone = NULL;
	if (take_op(ps, "(")) {
		key = parse_pipe(ps);
		return key != NULL && need_op(ps, ")") ? key : NULL;
	}
	if (take_op(ps, "$")) {
		if (ps->kind != T_NAME && ps->kind != T_WORD)
			return refuse(ps, "a variable's name");
		*alone = new_node(ps, JQ_VARIABLE, at);
		set_name(*alone, ps->at, ps->n);
	}
	if (ps->kind == T_QUOTE || ps->kind == T_FORMAT) {
		key = ps->kind == T_QUOTE ? parse_string(ps) : parse_format(ps);
		if (key == NULL)
			return NULL;
		if (is_string(key)) {
			n = new_field(ps, at, new_node(ps, JQ_SELF, at),
				key->name, key->nname);
		} else {
			n = new_node(ps, JQ_INDEX, at);
			n->a = new_node(ps, JQ_SELF, at);
			n->b = key;
		}
		*alone = n;
		return key;
	}
	if (ps->kind != T_NAME && ps->kind != T_WORD)
		return refuse(ps, "a key");
	buf_init(&text);
	buf_add(&text, ps->at, ps->n);
	key = new_string(ps, ps->at, &text);
	buf_release(&text);
	if (*alone == NULL && ps->kind == T_NAME)
		*alone = new_field(
			ps, at, new_node(ps, JQ_SELF, at), ps->at, ps->n);
	advance(ps);
	return key;
}

static bool
keys_distinct(const struct jq_node *n)
{
	const struct jq_node *a, *b;
	uint32_t i, j;

	for (i = 0; i < n->nargs; i += 2) {
		a = n->args[i];
		if (!is_string(a))
			return false;
		for (j = 0; j < i; j += 2) {
			b = n->args[j];
			if (a->nname == b->nname &&
				memcmp(a->name, b->name, a->nname) == 0)
				return false;
		}
	}
	return true;
}

static bool
is_number(const struct jq_node *n)
{
	return n->kind == JQ_LITERAL &&
		(n->v.type == VALUE_INT || n->v.type == VALUE_DOUBLE);
}

/* What jq computes when it compiles. */
static bool
is_constant(const struct jq_node *n)
{
	uint32_t i;

	switch (n->kind) {
	case JQ_LITERAL:
		return true;
	case JQ_ARRAY:
		return n->a == NULL || is_constant(n->a);
	case JQ_COMMA:
		return is_constant(n->a) && is_constant(n->b);
	case JQ_BINARY:
		return is_number(n->a) && is_number(n->b);
	case JQ_OBJECT:
		for (i = 0; i < n->nargs; i++)
			if (!is_constant(n->args[i]))
				return false;
		return true;
	default:
		return false;
	}
}

static struct jq_node *
parse_object(struct parser *ps)
{
	struct jq_node *n = new_node(ps, JQ_OBJECT, ps->at), *key, *v;
	const char *at;

	advance(ps);
	if (take_op(ps, "}")) {
		n->distinct = true;
		return n;
	}
	do {
		at = ps->at;
		key = parse_key(ps, &v);
		if (key == NULL)
			return NULL;
		if (key->kind != JQ_COMMA && !is_string(key) &&
			is_constant(key))
			return refuse_at(ps, at, "a key must be a string");
		if (take_op(ps, ":"))
			v = parse_member_value(ps);
		else if (v == NULL)
			return refuse(ps, "':'");
		if (v == NULL)
			return NULL;
		add_arg(n, key);
		add_arg(n, v);
	} while (take_op(ps, ","));
	n->distinct = keys_distinct(n);
	return need_op(ps, "}") ? n : NULL;
}

static struct jq_node *
parse_variable(struct parser *ps)
{
	struct jq_node *n = new_node(ps, JQ_VARIABLE, ps->at);

	advance(ps);
	if (ps->kind != T_NAME && !at_text(ps, T_WORD, "__loc__"))
		return refuse(ps, "a variable's name");
	set_name(n, ps->at, ps->n);
	advance(ps);
	return n;
}

static struct jq_node *
parse_break(struct parser *ps)
{
	struct jq_node *n = new_node(ps, JQ_LABEL, ps->at);

	advance(ps);
	if (!need_op(ps, "$"))
		return NULL;
	if (ps->kind != T_NAME)
		return refuse(ps, "a label's name");
	advance(ps);
	return n;
}

static struct jq_node *
parse_dot(struct parser *ps)
{
	const char *at = ps->at;
	struct jq_node *n;

	advance(ps);
	if (ps->kind != T_QUOTE)
		return new_node(ps, JQ_SELF, at);
	n = parse_string_index(ps, new_node(ps, JQ_SELF, at), at);
	if (n != NULL && take_op(ps, "?"))
		n->opt = true;
	return n;
}

static struct jq_node *
parse_primary(struct parser *ps)
{
	struct jq_node *n;

	switch (ps->kind) {
	case T_FIELD: /* a suffix of what is not written */
		return new_node(ps, JQ_SELF, ps->at);
	case T_NUMBER:
		return parse_number(ps);
	case T_QUOTE:
		return parse_string(ps);
	case T_FORMAT:
		return parse_format(ps);
	case T_NAME:
		return parse_call(ps);
	case T_RECURSE:
		n = new_node(ps, JQ_RECURSE, ps->at);
		advance(ps);
		return n;
	default:
		break;
	}
	if (at_text(ps, T_WORD, "break"))
		return parse_break(ps);
	if (at_text(ps, T_OP, "."))
		return parse_dot(ps);
	if (at_text(ps, T_OP, "["))
		return parse_array(ps);
	if (at_text(ps, T_OP, "{"))
		return parse_object(ps);
	if (at_text(ps, T_OP, "$"))
		return parse_variable(ps);
	if (take_op(ps, "(")) {
		n = parse_pipe(ps);
		return n != NULL && need_op(ps, ")") ? n : NULL;
	}
	return refuse(ps, "a value");
}

static struct jq_node *
parse_term(struct parser *ps)
{
	struct jq_node *n = NULL;

	if (ps->depth++ < JQ_NESTING)
		n = parse_primary(ps);
	else
		refuse_at(ps, ps->at, TOO_DEEP);
	ps->depth--;
	return n != NULL ? parse_suffixes(ps, n) : NULL;
}

/* ---- forms with words ---- */

/* Expressions in a pattern are added to n, for what they look at. */
static int
parse_pattern(struct parser *ps, struct jq_node *n)
{
	struct jq_node *e;
	bool object;

	if (ps->depth >= JQ_NESTING)
		return refuse_at(ps, ps->at, TOO_DEEP), -1;
	if (take_op(ps, "$")) {
		if (ps->kind != T_NAME)
			return refuse(ps, "a variable's name"), -1;
		advance(ps);
		return 0;
	}
	object = at_text(ps, T_OP, "{");
	if (!object && !at_text(ps, T_OP, "["))
		return refuse(ps, "a pattern such as $x"), -1;
	ps->depth++;
	advance(ps);
	do {
		if (object && take_op(ps, "$")) {
			if (ps->kind != T_NAME)
				return refuse(ps, "a variable's name"), -1;
			advance(ps);
			if (!take_op(ps, ":"))
				continue;
		} else if (object) {
			if (parse_key(ps, &e) == NULL || !need_op(ps, ":"))
				return -1;
		}
		if (parse_pattern(ps, n) < 0)
			return -1;
	} while (take_op(ps, ","));
	ps->depth--;
	return need_op(ps, object ? "}" : "]") ? 0 : -1;
}

static int
parse_patterns(struct parser *ps, struct jq_node *n)
{
	do {
		if (parse_pattern(ps, n) < 0)
			return -1;
	} while (take_op(ps, "?//"));
	return 0;
}

/* reduce TERM as PATTERN (a; b), foreach TERM as PATTERN (a; b; c) */
static struct jq_node *
parse_fold(struct parser *ps)
{
	bool reduce = at_text(ps, T_WORD, "reduce");
	struct jq_node *n = new_node(ps, JQ_FOLD, ps->at), *e;

	advance(ps);
	n->a = parse_term(ps);
	if (n->a == NULL || !need_word(ps, "as") || parse_patterns(ps, n) < 0 ||
		!need_op(ps, "("))
		return NULL;
	n->b = parse_pipe(ps);
	if (n->b == NULL || !need_op(ps, ";"))
		return NULL;
	n->c = parse_pipe(ps);
	if (n->c == NULL)
		return NULL;
	if (!reduce && take_op(ps, ";")) {
		e = parse_pipe(ps);
		if (e == NULL)
			return NULL;
		add_arg(n, e);
	}
	return need_op(ps, ")") ? n : NULL;
}

static struct jq_node *
parse_if(struct parser *ps)
{
	struct jq_node *first = new_node(ps, JQ_IF, ps->at), *n = first;

	for (;;) {
		advance(ps);
		n->a = parse_pipe(ps);
		if (n->a == NULL || !need_word(ps, "then"))
			return NULL;
		n->b = parse_pipe(ps);
		if (n->b == NULL)
			return NULL;
		if (!at_text(ps, T_WORD, "elif"))
			break;
		n->c = new_node(ps, JQ_IF, ps->at);
		n = n->c;
	}
	if (!take_word(ps, "else"))
		return refuse(ps, "'elif' or 'else'");
	n->c = parse_pipe(ps);
	return n->c != NULL && need_word(ps, "end") ? first : NULL;
}

static struct jq_node *
parse_try(struct parser *ps)
{
	struct jq_node *n = new_node(ps, JQ_TRY, ps->at);

	advance(ps);
	n->a = parse_operand(ps);
	if (n->a == NULL)
		return NULL;
	if (!take_word(ps, "catch"))
		return n;
	n->b = parse_operand(ps);
	return n->b != NULL ? n : NULL;
}

static struct jq_node *
parse_label(struct parser *ps)
{
	struct jq_node *n = new_node(ps, JQ_LABEL, ps->at);

	advance(ps);
	if (!need_op(ps, "$"))
		return NULL;
	if (ps->kind != T_NAME)
		return refuse(ps, "a label's name");
	advance(ps);
	if (!need_op(ps, "|"))
		return NULL;
	n->a = parse_pipe(ps);
	return n->a != NULL ? n : NULL;
}

/* def name(params): body; what follows */
static struct jq_node *
parse_def(struct parser *ps)
{
	struct jq_node *n = new_node(ps, JQ_DEFINE, ps->at);

	advance(ps);
	if (ps->kind != T_NAME && ps->kind != T_WORD)
		return refuse(ps, "a function's name");
	set_name(n, ps->at, ps->n);
	advance(ps);
	if (take_op(ps, "(")) {
		do {
			take_op(ps, "$");
			if (ps->kind != T_NAME)
				return refuse(ps, "a parameter's name");
			advance(ps);
		} while (take_op(ps, ";"));
		if (!need_op(ps, ")"))
			return NULL;
	}
	if (!need_op(ps, ":"))
		return NULL;
	n->a = parse_pipe(ps);
	if (n->a == NULL || !need_op(ps, ";"))
		return NULL;
	n->b = parse_pipe(ps);
	return n->b != NULL ? n : NULL;
}

/* TERM as PATTERN | body */
static struct jq_node *
parse_bind(struct parser *ps, struct jq_node *of)
{
	struct jq_node *n = new_node(ps, JQ_BIND, ps->at);

	advance(ps);
	n->a = of;
	if (parse_patterns(ps, n) < 0 || !need_op(ps, "|"))
		return NULL;
	n->b = parse_pipe(ps);
	return n->b != NULL ? n : NULL;
}

/* ---- operators ---- */

static struct jq_node *
parse_form(struct parser *ps)
{
	struct jq_node *n;
	const char *at = ps->at;

	if (take_op(ps, "-")) {
		n = new_node(ps, JQ_NEGATE, at);
		n->a = parse_binary(ps, LEVEL_MUL);
		return n->a != NULL ? n : NULL;
	}
	if (at_text(ps, T_WORD, "if"))
		return parse_if(ps);
	if (at_text(ps, T_WORD, "try"))
		return parse_try(ps);
	if (at_text(ps, T_WORD, "reduce") || at_text(ps, T_WORD, "foreach"))
		return parse_fold(ps);
	if (at_text(ps, T_WORD, "label"))
		return parse_label(ps);
	if (at_text(ps, T_WORD, "def"))
		return parse_def(ps);
	n = parse_term(ps);
	if (n != NULL && at_text(ps, T_WORD, "as"))
		return parse_bind(ps, n);
	return n;
}

static struct jq_node *
parse_operand(struct parser *ps)
{
	struct jq_node *n = NULL, *try;

	if (ps->t->nodes > JQ_NODES)
		refuse_at(ps, ps->at, "it is too long: more than 20000 parts");
	else if (ps->depth++ < JQ_NESTING)
		n = parse_form(ps);
	else
		refuse_at(ps, ps->at, TOO_DEEP);
	ps->depth--;
	while (n != NULL && at_text(ps, T_OP, "?")) {
		try = new_node(ps, JQ_TRY, ps->at);
		try->a = n;
		n = try;
		advance(ps);
	}
	return n;
}

static const struct operator* find_operator(const struct parser *ps)
{
	size_t i;

	for (i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
		if (at_text(ps,
			    isalpha((unsigned char)operators[i].text[0])
				    ? T_WORD
				    : T_OP,
			    operators[i].text))
			return &operators[i];
	return NULL;
}

/* jq computes with constants at once, and refuses a quotient that is infinite;
 * every record would fail on it. */
static struct jq_node *
fold(struct parser *ps, struct jq_node *n)
{
	double d;

	if (n->kind != JQ_BINARY || n->op != JQ_DIV || !is_number(n->a) ||
		!is_number(n->b))
		return n;
	d = jq_value_double(&n->a->v) / jq_value_double(&n->b->v);
	if (isinf(d))
		return refuse_at(
			ps, ps->t->text + n->at, "this divides by zero");
	return new_literal(
		ps, ps->t->text + n->at, jq_value_from_double(d, true));
}

static struct jq_node *
parse_binary(struct parser *ps, int level)
{
	struct jq_node *left = parse_operand(ps), *n;
	const struct operator* op;
	bool none;

	while (left != NULL) {
		op = find_operator(ps);
		if (op == NULL || op->level < level)
			return left;
		n = new_node(ps, op->kind, ps->at);
		n->op = op->op;
		n->a = left;
		advance(ps);
		/* // leans to the right, comparisons and = to neither side */
		n->b = parse_binary(
			ps, op->level + (op->level != LEVEL_DEFAULT));
		if (n->b == NULL)
			return NULL;
		none = op->level == LEVEL_COMPARE || op->level == LEVEL_ASSIGN;
		op = none ? find_operator(ps) : NULL;
		if (op != NULL &&
			op->level ==
				(n->kind == JQ_ASSIGN ? LEVEL_ASSIGN
						      : LEVEL_COMPARE))
			return refuse(ps,
				"no second one of its kind (use "
				"parentheses)");
		left = fold(ps, n);
	}
	return NULL;
}

static struct jq_node *
parse_comma(struct parser *ps)
{
	struct jq_node *left = parse_binary(ps, LEVEL_DEFAULT), *n;
	const char *at;

	for (;;) {
		at = ps->at;
		if (left == NULL || !take_op(ps, ","))
			return left;
		n = new_node(ps, JQ_COMMA, at);
		n->a = left;
		n->b = parse_binary(ps, LEVEL_DEFAULT);
		if (n->b == NULL)
			return NULL;
		left = n;
	}
}

static struct jq_node *
parse_pipe(struct parser *ps)
{
	struct jq_node *left, *n;
	const char *at;

	if (ps->depth++ >= JQ_NESTING)
		return refuse_at(ps, ps->at, TOO_DEEP);
	left = parse_comma(ps);
	at = ps->at;
	if (left == NULL || !take_op(ps, "|")) {
		ps->depth--;
		return left;
	}
	n = new_node(ps, JQ_PIPE, at);
	n->a = left;
	n->b = parse_pipe(ps);
	ps->depth--;
	return n->b != NULL ? n : NULL;
}

/* libjq itself may not be asked: it aborts. */
static int
refuse_module(struct parser *ps)
{
	ps->t->modules = true;
	refuse_at(ps, ps->at,
		"modules are not for here: write the definitions "
		"that are needed in front (def f: ...;)");
	return -1;
}

/* ---- the tree as a whole ---- */

static bool
all_single(const struct jq_node *n)
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
is_single(const struct jq_node *n)
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
		return !n->opt && all_single(n);
	case JQ_CALL:
		return n->func->each != NULL ? (n->func->flags & JQ_ALWAYS) != 0
					     : all_single(n);
	default:
		return n->kind < JQ_UNKNOWN && all_single(n);
	}
}

static void
resolve(struct jq_tree *t, struct jq_node *n)
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
has_key_of_many(const struct jq_node *n)
{
	uint32_t i;

	for (i = 0; i < n->nargs; i += 2)
		if (!n->args[i]->single && n->args[i + 1]->kind == JQ_INDEX &&
			n->args[i + 1]->b == n->args[i])
			return true;
	return false;
}

/* From the leaves up: which calls are ours, what has one result. */
static void
settle(struct jq_tree *t, struct jq_node *n)
{
	uint32_t i;

	if (n == NULL)
		return;
	settle(t, n->a);
	settle(t, n->b);
	settle(t, n->c);
	for (i = 0; i < n->nargs; i++)
		settle(t, n->args[i]);
	resolve(t, n);
	if (n->kind == JQ_OBJECT && has_key_of_many(n))
		t->foreign = true;
	n->single = is_single(n);
}

int
jq_parse(struct jq_tree *t, const char *text, struct err *err)
{
	struct parser ps = {.t = t, .err = err};

	memset(t, 0, sizeof(*t));
	t->text = mem_dup(text, strlen(text));
	if (strlen(text) > INT_MAX)
		return err_as(err, STATUS_USAGE, "expression: it is too long");
	if (!json_utf8(text, strlen(text)))
		return err_as(err, STATUS_USAGE, "expression: it is not UTF-8");
	ps.p = t->text;
	advance(&ps);
	if (at_text(&ps, T_WORD, "import") || at_text(&ps, T_WORD, "include") ||
		at_text(&ps, T_WORD, "module"))
		return refuse_module(&ps);
	if (ps.kind == T_END) {
		err_as(err, STATUS_USAGE, "expression: it is empty");
		return -1;
	}
	t->root = parse_pipe(&ps);
	if (t->root == NULL)
		return -1;
	if (ps.kind != T_END)
		return refuse(&ps, "an operator or the end"), -1;
	settle(t, t->root);
	return 0;
}

void
jq_parse_release(struct jq_tree *t)
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
jq_parse_unknown(const struct jq_tree *t, const char *name, size_t n, int nargs)
{
	const struct jq_node *x;

	for (x = t->all; x != NULL; x = x->next)
		if ((x->kind == JQ_UNKNOWN || x->kind == JQ_CALL) &&
			x->nname == n && memcmp(x->name, name, n) == 0 &&
			(nargs < 0 || x->nargs == (uint32_t)nargs))
			return x;
	return NULL;
}
