/*
 * sql_regex: functions that take Java's regular expressions
 *
 * A pattern is compiled once while it stays the same; one that would take for
 * ever makes the evaluation fail (regex.h).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "text/regex.h"
#include "expr/sql/sql_chars.h"
#include "expr/sql/sql_impl.h"

struct pattern {
	char *text;
	size_t n;
	struct regex *regex;
};

static void
kept_pattern_free(void *data)
{
	struct pattern *p = data;

	if (p == NULL)
		return;
	regex_free(p->regex);
	free(p->text);
	free(p);
}

/* The pattern at *kept, made anew where it is another one. */
static struct regex *
pattern_compiled(
	struct pattern **kept, const char *s, size_t len, struct err *err)
{
	struct pattern *p = *kept;
	struct regex *r;

	if (p != NULL && p->n == len && memcmp(p->text, s, len) == 0)
		return p->regex;
	r = regex_new(s, len, REGEX_JAVA, REGEX_ASCII, err);
	if (r == NULL) {
		err_in(err, "regular expression");
		err->status = STATUS_USAGE;
		return NULL;
	}
	kept_pattern_free(p);
	p = mem_alloc(sizeof(*p));
	p->text = mem_dup(s, len);
	p->n = len;
	p->regex = r;
	*kept = p;
	return r;
}

struct regex *
sql_regex_get(struct sql_node *n, const char *s, size_t len, struct err *err)
{
	struct pattern *p = n->data;
	struct regex *r = pattern_compiled(&p, s, len, err);

	n->data = p;
	n->free = kept_pattern_free;
	return r;
}

static int
pattern_prepare(struct sql *x, struct sql_node *n, struct err *err)
{
	const struct datum *p = &n->arg[1]->lit;
	struct err why;

	if (n->arg[1]->op != SQL_LITERAL)
		return regex_open(err);
	if (p->kind != TYPE_STRING)
		return 0;
	if (sql_regex_get(n, p->str, p->n, err) != NULL)
		return 0;
	if (n->arg[1]->from != NULL && *n->arg[1]->from == '\'' &&
		memchr(n->arg[1]->from, '\\',
			(size_t)(n->arg[1]->to - n->arg[1]->from)) != NULL) {
		why = *err;
		err_as(err, STATUS_USAGE,
			"%s (backslashes stay in r'...' "
			"alone)",
			why.text);
	}
	return -1;
}

/* 1, 0 or -1 with a message */
static int
pattern_search(struct datum_ctx *c, struct regex *r, const struct datum *d,
	size_t from, struct regex_match *m)
{
	int found = regex_search(r, d->str, d->n, from, m, c->err);

	if (found < 0)
		err_in(c->err, "regular expression");
	return found;
}

/* Where to look next: behind the match, and one on if it was empty. */
static size_t
match_behind(const struct datum *d, const struct regex_match *m)
{
	size_t at = (size_t)m->end[0];

	if (m->end[0] > m->beg[0] || at >= d->n)
		return at + (m->end[0] == m->beg[0]);
	for (at++; at < d->n && ((unsigned char)d->str[at] & 0xC0) == 0x80;)
		at++;
	return at;
}

static int
run_rlike(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct regex *r = sql_regex_get(n, a[1].str, a[1].n, c->err);
	int found;

	if (r == NULL)
		return -1;
	found = pattern_search(c, r, a, 0, NULL);
	*out = datum_bool(found == 1);
	return found < 0 ? -1 : 0;
}

static struct datum
match_group(const struct datum *d, const struct regex_match *m, int i)
{
	if (m->beg[i] < 0)
		return datum_string("", 0);
	return datum_string(
		d->str + m->beg[i], (size_t)(m->end[i] - m->beg[i]));
}

static int
match_has_group(struct datum_ctx *c, const struct sql_node *n, int64_t i,
	const struct regex_match *m)
{
	if (i >= 0 && i < m->n)
		return 0;
	return err_set(c->err, "'%s' asks for group %ld of %d", n->fn->name,
		(long)i, m->n - 1);
}

static int
run_regexp_extract(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct regex *r = sql_regex_get(n, a[1].str, a[1].n, c->err);
	int64_t i = n->narg > 2 ? a[2].i : 1;
	struct regex_match m;
	int found;

	if (r == NULL)
		return -1;
	*out = datum_string("", 0);
	found = pattern_search(c, r, a, 0, &m);
	if (found <= 0)
		return found;
	if (match_has_group(c, n, i, &m) < 0)
		return -1;
	*out = match_group(a, &m, (int)i);
	return 0;
}

/* All matches: of regexp_extract_all the group, of regexp_count how many. */
enum { EXTRACT_ALL, COUNT, INSTR, SUBSTR };

static int
run_all(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct regex *r = sql_regex_get(n, a[1].str, a[1].n, c->err);
	int64_t i = n->narg > 2 ? a[2].i : 1;
	struct datum *items = NULL, *more;
	size_t count = 0, cap = 0;
	struct regex_match m;
	int found = 0;

	if (r == NULL)
		return -1;
	for (size_t at = 0; at <= a->n; at = match_behind(a, &m)) {
		found = pattern_search(c, r, a, at, &m);
		if (found <= 0)
			break;
		if (n->fn->tag == EXTRACT_ALL) {
			if (match_has_group(c, n, i, &m) < 0)
				return -1;
			if (count == cap) {
				cap = cap > 0 ? 2 * cap : 8;
				if (datum_too_long(c, cap * sizeof(*more)))
					return -1;
				more = arena_get(
					&c->arena, cap * sizeof(*more));
				if (count > 0)
					memcpy(more, items,
						count * sizeof(*more));
				items = more;
			}
			items[count] = match_group(a, &m, (int)i);
		}
		count++;
	}
	if (n->fn->tag == COUNT)
		*out = datum_int(TYPE_INT, (int64_t)count);
	else
		*out = datum_items(TYPE_ARRAY, items, count, n->ty.t);
	return found < 0 ? -1 : 0;
}

static int
run_first(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct regex *r = sql_regex_get(n, a[1].str, a[1].n, c->err);
	struct regex_match m;
	int found;

	if (r == NULL)
		return -1;
	found = pattern_search(c, r, a, 0, &m);
	if (n->fn->tag == SUBSTR)
		*out = found == 1 && m.end[0] > m.beg[0] ? match_group(a, &m, 0)
							 : datum_null();
	else
		*out = datum_int(TYPE_INT,
			found != 1 ? 0
				   : (int64_t)sql_chars_count(
					     a->str, (size_t)m.beg[0]) +
					1);
	return found < 0 ? -1 : 0;
}

/* $1, ${name}, \x of a replacement; returns the place behind it. */
static const char *
replace_reference(struct datum_ctx *c, struct regex *r, const struct datum *d,
	const struct regex_match *m, const char *p, const char *end,
	struct buf *b)
{
	const char *name, *close;
	struct datum g;
	size_t len;
	int i = -1;

	if (p < end && isdigit((unsigned char)*p)) {
		i = *p++ - '0';
		while (p < end && isdigit((unsigned char)*p) &&
			i * 10 + (*p - '0') < m->n)
			i = i * 10 + (*p++ - '0');
	} else if (p < end && *p == '{' &&
		(close = memchr(p, '}', (size_t)(end - p))) != NULL) {
		for (int k = 1; k < m->n && i < 0; k++) {
			name = regex_group(r, k, &len);
			if (name != NULL && len == (size_t)(close - p - 1) &&
				memcmp(name, p + 1, len) == 0)
				i = k;
		}
		p = close + 1;
	}
	if (i < 0 || i >= m->n) {
		err_set(c->err,
			"a replacement names a group that the regular "
			"expression has not");
		return NULL;
	}
	g = match_group(d, m, i);
	buf_add(b, g.str, g.n);
	return p;
}

static int
replace_match(struct datum_ctx *c, struct regex *r, const struct datum *d,
	const struct regex_match *m, const struct datum *with, struct buf *b)
{
	const char *p = with->str, *end = p + with->n;

	while (p < end) {
		if (*p == '\\' && p + 1 < end) {
			buf_byte(b, p[1]);
			p += 2;
		} else if (*p == '$') {
			p = replace_reference(c, r, d, m, p + 1, end, b);
			if (p == NULL)
				return -1;
		} else {
			buf_byte(b, *p++);
		}
	}
	return 0;
}

static int
run_regexp_replace(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct regex *r = sql_regex_get(n, a[1].str, a[1].n, c->err);
	int64_t from = n->narg > 3 ? a[3].i : 1;
	size_t done = 0, at = 0;
	struct regex_match m;
	int found = 0;

	if (r == NULL)
		return -1;
	if (from < 1)
		return err_set(
			c->err, "'%s' counts places from 1", n->fn->name);
	for (; from > 1 && at < a->n; from--)
		do
			at++;
		while (at < a->n && ((unsigned char)a->str[at] & 0xC0) == 0x80);
	buf_clear(&c->text);
	for (; at <= a->n; at = match_behind(a, &m)) {
		found = pattern_search(c, r, a, at, &m);
		if (found <= 0)
			break;
		buf_add(&c->text, a->str + done, (size_t)m.beg[0] - done);
		done = (size_t)m.end[0];
		if (replace_match(c, r, a, &m, &a[2], &c->text) < 0)
			return -1;
		if (c->text.n > SQL_TEXT_MAX)
			return sql_limit(c, n, 2, SQL_TEXT_MAX);
	}
	if (found < 0)
		return -1;
	buf_add(&c->text, a->str + done, a->n - done);
	*out = datum_from_buf(c, &c->text);
	return 0;
}

/* The parts between the matches (none: the pattern is empty); limit > 0: at
 * most so many. */
static int
pattern_split(struct datum_ctx *c, struct regex *r, bool none,
	const struct datum *a, int64_t limit, struct datum **out, size_t *n)
{
	struct datum *items = NULL, *more;
	size_t count = 0, cap = 0, done = 0;
	struct regex_match m;
	int found = 0;

	for (size_t at = 0;; at = match_behind(a, &m)) {
		if (count + 1 >= cap) {
			cap = cap > 0 ? 2 * cap : 8;
			if (datum_too_long(c, cap * sizeof(*more)))
				return -1;
			more = arena_get(&c->arena, cap * sizeof(*more));
			if (count > 0)
				memcpy(more, items, count * sizeof(*more));
			items = more;
		}
		if (at > a->n || (limit > 0 && (int64_t)count + 1 >= limit))
			break;
		found = pattern_search(c, r, a, at, &m);
		if (found <= 0)
			break;
		/* An empty match parts nothing at the beginning, and the empty
		 * pattern gives the characters. */
		if (m.end[0] == m.beg[0] &&
			(m.beg[0] == 0 || (none && (size_t)m.beg[0] == a->n)))
			continue;
		items[count++] = datum_string(
			a->str + done, (size_t)m.beg[0] - done);
		done = (size_t)m.end[0];
	}
	if (found < 0)
		return -1;
	items[count++] = datum_string(a->str + done, a->n - done);
	*out = items;
	*n = count;
	return 0;
}

static int
run_split(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct regex *r = sql_regex_get(n, a[1].str, a[1].n, c->err);
	struct datum *items;
	size_t count;

	if (r == NULL ||
		pattern_split(c, r, a[1].n == 0, a, n->narg > 2 ? a[2].i : -1,
			&items, &count) < 0)
		return -1;
	*out = datum_items(TYPE_ARRAY, items, count, n->ty.t);
	return 0;
}

/* str_to_map(text, between pairs, between key and value) */

struct separators {
	struct pattern *pair, *value;
};

static void
separators_free(void *data)
{
	struct separators *s = data;

	kept_pattern_free(s->pair);
	kept_pattern_free(s->value);
	free(s);
}

static struct separators *
separators_of(struct sql_node *n)
{
	if (n->data == NULL) {
		n->data = mem_zalloc(sizeof(struct separators));
		n->free = separators_free;
	}
	return n->data;
}

static int
separators_prepare(struct sql *x, struct sql_node *n, struct err *err)
{
	struct separators *s = separators_of(n);

	for (int i = 1; i < n->narg; i++) {
		const struct datum *p = &n->arg[i]->lit;

		if (n->arg[i]->op == SQL_LITERAL && p->kind == TYPE_STRING &&
			pattern_compiled(i == 1 ? &s->pair : &s->value, p->str,
				p->n, err) == NULL)
			return -1;
	}
	return 0;
}

static int
run_str_to_map(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct datum comma = datum_string(",", 1), colon = datum_string(":", 1);
	const struct datum *pair = n->narg > 1 ? &a[1] : &comma;
	const struct datum *value = n->narg > 2 ? &a[2] : &colon;
	struct separators *s = separators_of(n);
	struct regex *r = pattern_compiled(
		&s->pair, pair->str, pair->n, c->err);
	struct regex *q = pattern_compiled(
		&s->value, value->str, value->n, c->err);
	struct datum *items, *kv, *all;
	size_t count, two;

	if (r == NULL || q == NULL ||
		pattern_split(c, r, pair->n == 0, a, -1, &items, &count) < 0)
		return -1;
	all = arena_get(&c->arena, 2 * count * sizeof(*all));
	for (size_t i = 0; i < count; i++) {
		if (pattern_split(
			    c, q, value->n == 0, &items[i], 2, &kv, &two) < 0)
			return -1;
		all[2 * i] = kv[0];
		all[2 * i + 1] = two > 1 ? kv[1] : datum_null();
		for (size_t k = 0; k < i; k++)
			if (all[2 * k].n == kv[0].n &&
				memcmp(all[2 * k].str, kv[0].str, kv[0].n) == 0)
				return err_set(c->err,
					"a key of a map is there twice");
	}
	*out = datum_items(TYPE_MAP, all, count, n->ty.t);
	return 0;
}

static int
str_to_map_rule(struct sql_rule *r)
{
	for (int i = 0; i < r->n; i++)
		r->arg[i] = ty(TYPE_STRING);
	r->result = ty_map(r->arena, ty(TYPE_STRING), ty(TYPE_STRING));
	return 0;
}

const struct sql_fn sql_regex_fns[] = {
	{"rlike", "ss:b", run_rlike, 0, NULL, NULL, pattern_prepare},
	{"regexp", "ss:b", run_rlike, 0, NULL, NULL, pattern_prepare},
	{"regexp_like", "ss:b", run_rlike, 0, NULL, NULL, pattern_prepare},
	{"regexp_extract", "ss?i:s", run_regexp_extract, 0, NULL, NULL,
		pattern_prepare},
	{"regexp_extract_all", "ss?i:S", run_all, 0, NULL, NULL,
		pattern_prepare, EXTRACT_ALL},
	{"regexp_count", "ss:i", run_all, 0, NULL, NULL, pattern_prepare,
		COUNT},
	{"regexp_instr", "ss?i:i", run_first, 0, NULL, NULL, pattern_prepare,
		INSTR},
	{"regexp_substr", "ss:s", run_first, 0, NULL, NULL, pattern_prepare,
		SUBSTR},
	{"regexp_replace", "sss?i:s", run_regexp_replace, 0, NULL, NULL,
		pattern_prepare},
	{"split", "ss?i:S", run_split, 0, NULL, NULL, pattern_prepare},
	{"str_to_map", "s?ss:M", run_str_to_map, 0, str_to_map_rule, NULL,
		separators_prepare},
	{NULL}};
