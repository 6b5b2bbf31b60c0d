/*
 * sql_like: LIKE and its kin.  A pattern is sorted into the form that most have
 * (no wildcard, one, one at either end) and kept while it stays the same.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "expr/sql/sql_chars.h"
#include "expr/sql/sql_impl.h"

enum like_kind { LIKE_EXACT, LIKE_WITHIN, LIKE_BOTH, LIKE_GENERAL };

/* A pattern, in the form of which most are. */
struct like {
	char *pattern; /* as it was given, for comparison */
	size_t npattern;
	enum like_kind kind;
	char *text;       /* without escapes */
	size_t n, prefix; /* LIKE_BOTH: bytes in front of the % */
	char *wild;       /* for each byte of text: 0, '%' or '_' */
};

static void
like_free(void *p)
{
	struct like *l = p;

	if (l == NULL)
		return;
	free(l->pattern);
	free(l->text);
	free(l->wild);
	free(l);
}

static void
like_sort(struct like *l)
{
	size_t many = 0, first = l->n, last = 0;

	l->kind = LIKE_GENERAL;
	for (size_t i = 0; i < l->n; i++) {
		if (l->wild[i] == '_')
			return;
		if (l->wild[i] == '%') {
			if (many++ == 0)
				first = i;
			last = i;
		}
	}
	if (many == 0) {
		l->kind = LIKE_EXACT;
	} else if (many == 1) {
		l->kind = LIKE_BOTH;
		l->prefix = first;
		memmove(l->text + first, l->text + first + 1, l->n - first - 1);
		l->n--;
	} else if (many == 2 && first == 0 && last == l->n - 1) {
		l->kind = LIKE_WITHIN;
		memmove(l->text, l->text + 1, l->n - 2);
		l->n -= 2;
	}
}

static struct like *
like_new(const char *s, size_t n, char esc, struct err *err)
{
	struct like *l = mem_zalloc(sizeof(*l));

	l->pattern = mem_dup(s, n);
	l->npattern = n;
	l->text = mem_alloc(n + 1);
	l->wild = mem_zalloc(n + 1);
	for (size_t i = 0; i < n; i++) {
		if (s[i] == esc) {
			if (++i == n ||
				(s[i] != '%' && s[i] != '_' && s[i] != esc)) {
				err_as(err, STATUS_USAGE,
					"in a pattern '%c' "
					"stands in front of %%, _ or itself",
					esc);
				like_free(l);
				return NULL;
			}
		} else if (s[i] == '%' || s[i] == '_') {
			l->wild[l->n] = s[i];
		}
		l->text[l->n++] = s[i];
	}
	like_sort(l);
	return l;
}

/* With % anywhere: go back to the last one when it does not fit. */
static bool
like_general(const struct like *l, const char *s, size_t n)
{
	const char *end = s + n, *retry = NULL;
	size_t p = 0, back = 0;

	while (s < end) {
		if (p < l->n && l->wild[p] == '%') {
			back = ++p;
			retry = s;
		} else if (p < l->n && l->wild[p] == '_') {
			p++;
			s += sql_chars_step(s, end);
		} else if (p < l->n && l->text[p] == *s) {
			p++;
			s++;
		} else if (retry != NULL) {
			retry += sql_chars_step(retry, end);
			s = retry;
			p = back;
		} else {
			return false;
		}
	}
	while (p < l->n && l->wild[p] == '%')
		p++;
	return p == l->n;
}

static bool
like_match(const struct like *l, const char *s, size_t n)
{
	switch (l->kind) {
	case LIKE_EXACT:
		return n == l->n && memcmp(s, l->text, n) == 0;
	case LIKE_WITHIN:
		return sql_chars_within(s, n, l->text, l->n);
	case LIKE_BOTH:
		return n >= l->n && memcmp(s, l->text, l->prefix) == 0 &&
			memcmp(s + n - (l->n - l->prefix), l->text + l->prefix,
				l->n - l->prefix) == 0;
	case LIKE_GENERAL:
		break;
	}
	return like_general(l, s, n);
}

/* The pattern as it was compiled for the record before, if it is the same. */
static const struct like *
like_get(struct sql_node *n, const char *s, size_t len, char esc,
	struct err *err)
{
	struct like *l = n->data;

	if (l == NULL || l->npattern != len ||
		memcmp(l->pattern, s, len) != 0) {
		like_free(l);
		n->free = like_free;
		n->data = l = like_new(s, len, esc, err);
	}
	return l;
}

static int
like_prepare(struct sql *x, struct sql_node *n, struct err *err)
{
	const struct datum *p = &n->arg[1]->lit;
	char esc = '\\';

	if (n->narg > 2) {
		const struct datum *e = &n->arg[2]->lit;

		if (n->arg[2]->op != SQL_LITERAL || e->kind != TYPE_STRING ||
			e->n != 1)
			return err_as(err, STATUS_USAGE,
				"one character in quotes takes the place of "
				"the backslash");
		esc = *e->str;
	}
	if (n->arg[1]->op != SQL_LITERAL || p->kind != TYPE_STRING)
		return 0;
	return like_get(n, p->str, p->n, esc, err) != NULL ? 0 : -1;
}

static int
run_like(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	char esc = n->narg > 2 ? *a[2].str : '\\';
	const struct like *l;
	const char *s = a[0].str, *p = a[1].str;
	size_t ns = a[0].n, np = a[1].n;

	assert(n->narg < 3 || a[2].n == 1);
	if (n->fn->tag == 1) {
		/* ilike: both in small letters */
		buf_clear(&c->text);
		sql_chars_case(c, SQL_LOWER, s, ns, &c->text);
		s = buf_cstr(&c->text);
		ns = c->text.n;
		buf_clear(&c->more);
		sql_chars_case(c, SQL_LOWER, p, np, &c->more);
		p = buf_cstr(&c->more);
		np = c->more.n;
	}
	l = like_get(n, p, np, esc, c->err);
	if (l == NULL)
		return -1;
	*out = datum_bool(like_match(l, s, ns));
	return 0;
}

/* The usual case: a field and a pattern that is known. */
static int
eval_like(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	struct datum d;

	if (n->arg[1]->op != SQL_LITERAL || n->data == NULL || n->narg > 2 ||
		n->fn->tag == 1)
		return sql_eval_call(c, n, out);
	if (n->arg[0]->eval(c, n->arg[0], &d) != 0)
		return -1;
	*out = d.kind == TYPE_STRING
		? datum_bool(like_match(n->data, d.str, d.n))
		: datum_null();
	return 0;
}

const struct sql_fn sql_like_fns[] = {
	{"like", "ss?s:b", run_like, 0, NULL, eval_like, like_prepare},
	{"ilike", "ss?s:b", run_like, 0, NULL, NULL, like_prepare, 1}, {NULL}};
