/*
 * sql_tok: an expression's text in tokens, and the parser's steps over them.
 *
 * Nothing here knows the grammar.  A token is read where the parser stands, and
 * reading it twice does no harm: peek() is a copy of the parser that goes on.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "expr/sql/parse/sql_parser.h"

struct sql_node *
sql_tok_refuse(struct sql_parser *p, const char *at, const char *what)
{
	sql_tree_refuse(p->x, at, p->err, "%s", what);
	return NULL;
}

struct sql_node *
sql_tok_expected(struct sql_parser *p, const char *what)
{
	char word[60];

	if (p->t.kind == TOK_END)
		sql_tree_refuse(p->x, p->t.from, p->err,
			"expected %s, but the text ends here", what);
	else
		sql_tree_refuse(p->x, p->t.from, p->err,
			"expected %s, not '%s'", what,
			err_quote(word, sizeof(word), p->t.from,
				(size_t)(p->t.to - p->t.from)));
	return NULL;
}

static bool
is_name_char(unsigned char c)
{
	return isalnum(c) || c == '_' || c >= 0x80;
}

/* Behind blanks and comments; -1 when a comment has no end. */
static int
tok_skip(struct sql_parser *p)
{
	const char *q = p->p;

	for (;;) {
		while (isspace((unsigned char)*q))
			q++;
		if (q[0] == '-' && q[1] == '-') {
			q += strcspn(q, "\n");
		} else if (q[0] == '/' && q[1] == '*') {
			const char *end = strstr(q + 2, "*/");

			if (end == NULL) {
				sql_tok_refuse(
					p, q, "a comment without an end");
				return -1;
			}
			q = end + 2;
		} else {
			p->p = q;
			return 0;
		}
	}
}

static void
escape_utf8(struct buf *b, unsigned c)
{
	if (c < 0x80) {
		buf_byte(b, (char)c);
	} else if (c < 0x800) {
		buf_byte(b, (char)(0xC0 | c >> 6));
		buf_byte(b, (char)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		buf_byte(b, (char)(0xE0 | c >> 12));
		buf_byte(b, (char)(0x80 | (c >> 6 & 63)));
		buf_byte(b, (char)(0x80 | (c & 63)));
	} else {
		buf_byte(b, (char)(0xF0 | c >> 18));
		buf_byte(b, (char)(0x80 | (c >> 12 & 63)));
		buf_byte(b, (char)(0x80 | (c >> 6 & 63)));
		buf_byte(b, (char)(0x80 | (c & 63)));
	}
}

bool
sql_tok_hex(const char *s, int n, unsigned *out)
{
	*out = 0;
	for (int i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)s[i]))
			return false;
		*out = *out * 16 +
			(unsigned)(isdigit((unsigned char)s[i])
					? s[i] - '0'
					: (s[i] | 32) - 'a' + 10);
	}
	return *out <= 0x10FFFF;
}

/* The escape behind a backslash; returns the place behind it. */
static const char *
tok_escape(const char *s, struct buf *b)
{
	static const char from[] = "0bnrtZ", to[] = "\0\b\n\r\t\032";
	const char *at;
	unsigned c;

	if (*s == 'u' && sql_tok_hex(s + 1, 4, &c)) {
		escape_utf8(b, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
		return s + 5;
	}
	if (*s == 'U' && sql_tok_hex(s + 1, 8, &c)) {
		escape_utf8(b, c);
		return s + 9;
	}
	if (s[0] >= '0' && s[0] <= '1' && s[1] >= '0' && s[1] <= '7' &&
		s[2] >= '0' && s[2] <= '7') {
		escape_utf8(b,
			(unsigned)(s[0] - '0') << 6 |
				(unsigned)(s[1] - '0') << 3 |
				(unsigned)(s[2] - '0'));
		return s + 3;
	}
	at = strchr(from, *s);
	if (at != NULL && *s != '\0')
		buf_byte(b, to[at - from]);
	else if (*s == '%' || *s == '_')
		buf_printf(b, "\\%c", *s); /* LIKE wants to see them */
	else
		buf_byte(b, *s);
	return s + 1;
}

/* A string that begins at q; raw ones know no escapes. */
static int
tok_string(struct sql_parser *p, const char *q, bool raw)
{
	char quote = *q;
	struct buf b;

	buf_init(&b);
	for (q++;;) {
		if (*q == '\0') {
			buf_release(&b);
			sql_tok_refuse(p, p->t.from, "a string without an end");
			return -1;
		}
		if (*q == quote && (raw || q[1] != quote))
			break;
		if (*q == quote) {
			buf_byte(&b, quote);
			q += 2;
		} else if (*q == '\\' && !raw && q[1] != '\0') {
			q = tok_escape(q + 1, &b);
		} else {
			buf_byte(&b, *q++);
		}
	}
	p->t.kind = TOK_STRING;
	p->t.n = (uint32_t)b.n;
	p->t.s = arena_text(&p->x->arena, b.p, b.n);
	p->p = q + 1;
	buf_release(&b);
	return 0;
}

static int
tok_quoted(struct sql_parser *p)
{
	const char *q = p->p + 1;
	struct buf b;

	buf_init(&b);
	for (; *q != '\0' && (*q != '`' || q[1] == '`'); q++) {
		q += *q == '`';
		buf_byte(&b, *q);
	}
	p->t.kind = TOK_QUOTED;
	p->t.n = (uint32_t)b.n;
	p->t.s = arena_text(&p->x->arena, b.p, b.n);
	buf_release(&b);
	if (*q == '\0') {
		sql_tok_refuse(
			p, p->t.from, "a name without a closing backquote");
		return -1;
	}
	p->p = q + 1;
	return 0;
}

/* Digits, point, exponent and one of Spark's suffixes. */
static void
tok_number(struct sql_parser *p)
{
	const char *q = p->p;

	while (isdigit((unsigned char)*q))
		q++;
	if (*q == '.' &&
		!(is_name_char((unsigned char)q[1]) &&
			!isdigit((unsigned char)q[1]) && (q[1] | 32) != 'e' &&
			strchr("dDfFbB", q[1]) == NULL))
		for (q++; isdigit((unsigned char)*q);)
			q++;
	if ((*q == 'e' || *q == 'E') &&
		isdigit((unsigned char)q[1 + (q[1] == '-' || q[1] == '+')])) {
		q += 2;
		while (isdigit((unsigned char)*q))
			q++;
	}
	if ((q[0] | 32) == 'b' && (q[1] | 32) == 'd' &&
		!is_name_char((unsigned char)q[2]))
		q += 2;
	else if (*q != '\0' && strchr("lLsSyYdDfF", *q) != NULL &&
		!is_name_char((unsigned char)q[1]))
		q++;
	p->t.kind = TOK_NUMBER;
	p->p = q;
}

static void
tok_op(struct sql_parser *p)
{
	static const char *const ops[] = {">>>", "<=>", "<=", ">=", "<>",
		"!=", "==", "||", "::", "->", "<<", ">>", "!<", "!>"};

	p->t.kind = TOK_OP;
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		size_t n = strlen(ops[i]);

		if (strncmp(p->p, ops[i], n) == 0) {
			p->p += n;
			return;
		}
	}
	p->p++;
}

int
sql_tok_next(struct sql_parser *p)
{
	const char *q;
	int r = 0;

	if (tok_skip(p) < 0)
		return -1;
	q = p->p;
	p->t = (struct sql_token){.kind = TOK_END, .from = q, .to = q};
	if (*q == '\0')
		return 0;
	if (*q == '\'' || *q == '"') {
		r = tok_string(p, q, false);
	} else if ((*q == 'r' || *q == 'R') && (q[1] == '\'' || q[1] == '"')) {
		r = tok_string(p, q + 1, true);
	} else if (*q == '`') {
		r = tok_quoted(p);
	} else if (isdigit((unsigned char)*q) ||
		(*q == '.' && isdigit((unsigned char)q[1]))) {
		tok_number(p);
	}
	if (p->t.kind == TOK_END && r == 0 && is_name_char((unsigned char)*q)) {
		p->t.kind = TOK_WORD;
	} else if (p->t.kind == TOK_NUMBER && *q != '.' &&
		is_name_char((unsigned char)*p->p)) {
		p->t.kind = TOK_WORD; /* 2nd is a name */
		p->p = q;
	} else if (p->t.kind == TOK_END && r == 0) {
		tok_op(p);
	}
	if (p->t.kind == TOK_WORD) {
		while (is_name_char((unsigned char)*p->p))
			p->p++;
		p->t.s = arena_text(&p->x->arena, q, (size_t)(p->p - q));
		p->t.n = (uint32_t)(p->p - q);
	}
	p->t.to = p->p;
	return r;
}

bool
sql_tok_is(const struct sql_token *t, const char *word)
{
	return t->kind == TOK_WORD && strcasecmp(t->s, word) == 0;
}

bool
sql_tok_at(struct sql_parser *p, const char *word)
{
	return sql_tok_is(&p->t, word);
}

bool
sql_tok_at_op(struct sql_parser *p, const char *op)
{
	return p->t.kind == TOK_OP &&
		(size_t)(p->t.to - p->t.from) == strlen(op) &&
		memcmp(p->t.from, op, strlen(op)) == 0;
}

bool
sql_tok_is_name(const struct sql_token *t)
{
	return t->kind == TOK_WORD || t->kind == TOK_QUOTED;
}

int
sql_tok_take(struct sql_parser *p, const char *word)
{
	if (!sql_tok_at(p, word))
		return 0;
	return sql_tok_next(p) == 0 ? 1 : -1;
}

int
sql_tok_take_op(struct sql_parser *p, const char *op)
{
	if (!sql_tok_at_op(p, op))
		return 0;
	return sql_tok_next(p) == 0 ? 1 : -1;
}

int
sql_tok_need_op(struct sql_parser *p, const char *op, const char *what)
{
	if (!sql_tok_at_op(p, op)) {
		sql_tok_expected(p, what);
		return -1;
	}
	return sql_tok_next(p);
}

int
sql_tok_need(struct sql_parser *p, const char *word)
{
	if (!sql_tok_at(p, word)) {
		sql_tok_expected(p, word);
		return -1;
	}
	return sql_tok_next(p);
}

struct sql_token
sql_tok_peek(struct sql_parser *p)
{
	struct sql_parser q = *p;
	struct err quiet;

	q.err = &quiet;
	if (sql_tok_next(&q) < 0)
		q.t.kind = TOK_END;
	return q.t;
}

bool
sql_tok_peek_op(struct sql_parser *p, const char *op)
{
	struct sql_token t = sql_tok_peek(p);

	return t.kind == TOK_OP && (size_t)(t.to - t.from) == strlen(op) &&
		memcmp(t.from, op, strlen(op)) == 0;
}
