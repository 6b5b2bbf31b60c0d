/*
 * jq_lex: the words of jq's language, and what is said when one stands where
 * another is expected: many who write here know another language better.
 */
#include "expr/jq/parse/jq_lex.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "value/json.h"

static const char *const keywords[] = {"__loc__", "and", "as", "break", "catch",
	"def", "elif", "else", "end", "foreach", "if", "import", "include",
	"label", "module", "or", "reduce", "then", "try", NULL};

static bool
jq_lex_starts_name(char c)
{
	return isalpha((unsigned char)c) || c == '_';
}

static const char *
jq_lex_skip_name(const char *p)
{
	while (isalnum((unsigned char)*p) || *p == '_')
		p++;
	return p;
}

static const char *
jq_lex_skip_space(const char *p)
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
jq_lex_skip_number(const char *p)
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
static enum jq_token
jq_lex_name(struct jq_lex *ps)
{
	const char *p = jq_lex_skip_name(ps->at);
	int i;

	while (p[0] == ':' && p[1] == ':' && jq_lex_starts_name(p[2]))
		p = jq_lex_skip_name(p + 2);
	ps->p = p;
	ps->n = (size_t)(p - ps->at);
	for (i = 0; keywords[i] != NULL; i++)
		if (strlen(keywords[i]) == ps->n &&
			memcmp(keywords[i], ps->at, ps->n) == 0)
			return JQ_T_WORD;
	return JQ_T_NAME;
}

static enum jq_token
jq_lex_op(struct jq_lex *ps)
{
	static const char *const ops[] = {"?//", "//=", "==", "!=", "//",
		"|=", "+=", "-=", "*=", "/=", "%=", "<=", ">=", NULL};
	int i;

	for (i = 0; ops[i] != NULL; i++) {
		ps->n = strlen(ops[i]);
		ps->p = ps->at + ps->n;
		if (strncmp(ps->at, ops[i], ps->n) == 0)
			return JQ_T_OP;
	}
	ps->n = 1;
	ps->p = ps->at + 1;
	return strchr("?=;,:|+-*/%$<>.[](){}", *ps->at) != NULL ? JQ_T_OP
								: JQ_T_BAD;
}

static enum jq_token
jq_lex_scan(struct jq_lex *ps)
{
	const char *p = ps->at;

	if (*p == '\0') {
		ps->n = 0;
		return JQ_T_END;
	}
	if (*p == '.' && jq_lex_starts_name(p[1])) {
		ps->p = jq_lex_skip_name(p + 1);
		ps->n = (size_t)(ps->p - p);
		return JQ_T_FIELD;
	}
	if (isdigit((unsigned char)*p) ||
		(*p == '.' && isdigit((unsigned char)p[1]))) {
		ps->p = jq_lex_skip_number(p);
		ps->n = (size_t)(ps->p - p);
		return JQ_T_NUMBER;
	}
	if (*p == '@' && isalnum((unsigned char)p[1])) {
		for (p++; isalnum((unsigned char)*p);)
			p++;
		ps->p = p;
		ps->n = (size_t)(p - ps->at);
		return JQ_T_FORMAT;
	}
	if (jq_lex_starts_name(*p))
		return jq_lex_name(ps);
	if (*p == '"') {
		ps->p = p + 1;
		ps->n = 1;
		return JQ_T_QUOTE;
	}
	if (p[0] == '.' && p[1] == '.') {
		ps->p = p + 2;
		ps->n = 2;
		return JQ_T_RECURSE;
	}
	return jq_lex_op(ps);
}

void
jq_lex_next(struct jq_lex *ps)
{
	ps->at = jq_lex_skip_space(ps->p);
	ps->p = ps->at;
	ps->kind = jq_lex_scan(ps);
}

struct jq_node *
jq_lex_refuse_at(struct jq_lex *ps, const char *at, const char *what)
{
	err_caret(ps->err, ps->t->text, (size_t)(at - ps->t->text),
		"expression: %s", what);
	return NULL;
}

/* What people write who know it from elsewhere, and what it is in jq. */
static const char *
jq_lex_hint(const struct jq_lex *ps)
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

struct jq_node *
jq_lex_refuse(struct jq_lex *ps, const char *expected)
{
	char token[40], what[200];
	size_t n = ps->n;

	if (ps->kind == JQ_T_END) {
		snprintf(what, sizeof(what), "it ends where %s is expected",
			expected);
		return jq_lex_refuse_at(ps, ps->at, what);
	}
	while (((unsigned char)ps->at[n] & 0xC0) == 0x80)
		n++;
	err_quote(token, sizeof(token), ps->at, n);
	snprintf(what, sizeof(what), "unexpected '%s', where %s is expected%s",
		token, expected, jq_lex_hint(ps));
	return jq_lex_refuse_at(ps, ps->at, what);
}

bool
jq_lex_is(const struct jq_lex *ps, enum jq_token kind, const char *text)
{
	return ps->kind == kind && strlen(text) == ps->n &&
		memcmp(ps->at, text, ps->n) == 0;
}

bool
jq_lex_take_op(struct jq_lex *ps, const char *op)
{
	if (!jq_lex_is(ps, JQ_T_OP, op))
		return false;
	jq_lex_next(ps);
	return true;
}

bool
jq_lex_take_word(struct jq_lex *ps, const char *word)
{
	if (!jq_lex_is(ps, JQ_T_WORD, word))
		return false;
	jq_lex_next(ps);
	return true;
}

bool
jq_lex_need_op(struct jq_lex *ps, const char *op)
{
	char expected[8];

	if (jq_lex_take_op(ps, op))
		return true;
	snprintf(expected, sizeof(expected), "'%s'", op);
	jq_lex_refuse(ps, expected);
	return false;
}

bool
jq_lex_need_word(struct jq_lex *ps, const char *word)
{
	char expected[16];

	if (jq_lex_take_word(ps, word))
		return true;
	snprintf(expected, sizeof(expected), "'%s'", word);
	jq_lex_refuse(ps, expected);
	return false;
}

static int
jq_lex_hex4(const char *p)
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
const char *
jq_lex_escape(const char *p, struct buf *out)
{
	char escape[14];
	size_t n = 2;

	if (p[1] == 'u') {
		if (jq_lex_hex4(p + 2) < 0)
			return NULL;
		n = 6;
		/* Both halves of a pair go together. */
		if (p[6] == '\\' && p[7] == 'u' &&
			jq_lex_hex4(p + 8) >= 0xDC00 &&
			jq_lex_hex4(p + 8) < 0xE000)
			n = 12;
	} else if (p[1] == '\0' || strchr("\"\\/bfnrt", p[1]) == NULL) {
		return NULL;
	}
	memcpy(escape, p, n);
	json_unquote(out, escape, n);
	return p + n;
}
