/*
 * sql_url: parse_url, try_parse_url: the parts of a URL, as java.net.URI takes
 * it apart: RFC 2396, with characters beyond ASCII.
 */
#include <ctype.h>
#include <string.h>

#include "floor/err.h"
#include "text/regex.h"
#include "expr/sql/sql_impl.h"

struct part {
	const char *s; /* NULL: is not there */
	size_t n;
};

struct url {
	struct part scheme, authority, user, host, path, query, fragment;
};

/* ---- characters ---- */

#define MARKS "-_!.~'()*"
#define PATH ":@&=+$,;/"
#define ANY ";/?:@&=+$,[]"
#define USER ";:&=+$,"
#define NAME "$,;:@&=+"

static bool
is_legal(const char *s, const char *end, const char *more)
{
	for (; s < end; s++) {
		unsigned char c = (unsigned char)*s;

		if (c >= 0x80 || isalnum(c))
			continue;
		if (c == '%') {
			if (end - s < 3 || !isxdigit((unsigned char)s[1]) ||
				!isxdigit((unsigned char)s[2]))
				return false;
			s += 2;
		} else if (c == '\0' ||
			(strchr(MARKS, c) == NULL && strchr(more, c) == NULL)) {
			return false;
		}
	}
	return true;
}

static const char *
find_any(const char *s, const char *end, const char *set)
{
	while (s < end && (*s == '\0' || strchr(set, *s) == NULL))
		s++;
	return s;
}

static struct part
between(const char *s, const char *end)
{
	return (struct part){s, (size_t)(end - s)};
}

/* ---- the authority ---- */

/* Four numbers up to 255. */
static bool
is_address(const char *s, const char *end)
{
	int numbers = 0;

	while (s < end) {
		int v = 0, digits = 0;

		for (; s < end && isdigit((unsigned char)*s); s++, digits++)
			v = digits < 4 ? v * 10 + *s - '0' : 999;
		if (digits == 0 || v > 255)
			return false;
		numbers++;
		if (s == end)
			break;
		if (*s++ != '.')
			return false;
	}
	return numbers == 4 && end[-1] != '.';
}

/* Labels of letters, digits and hyphens within; the last of several begins with
 * a letter. */
static bool
is_host(const char *s, const char *end)
{
	const char *first = s, *label = s;

	if (s == end)
		return false;
	while (s < end) {
		label = s;
		while (s < end && (isalnum((unsigned char)*s) || *s == '-'))
			s++;
		if (s == label || *label == '-' || s[-1] == '-')
			return false;
		if (s == end)
			break;
		if (*s++ != '.')
			return false;
	}
	return label == first || isalpha((unsigned char)*label);
}

static bool
is_port(const char *s, const char *end)
{
	while (s < end && isdigit((unsigned char)*s))
		s++;
	return s == end;
}

/* [USER@]HOST[:PORT] */
static bool
read_server(struct url *u, const char *s, const char *end)
{
	const char *at = find_any(s, end, "@"), *host = s, *stop;

	if (at < end) {
		if (!is_legal(s, at, USER))
			return false;
		host = at + 1;
	}
	if (host < end && *host == '[') {
		stop = find_any(host, end, "]");
		if (stop == end || find_any(host, stop, ":") == stop)
			return false;
		stop++;
	} else {
		stop = find_any(host, end, ":");
		if (!is_address(host, stop) && !is_host(host, stop))
			return false;
	}
	if (stop < end && (*stop != ':' || !is_port(stop + 1, end)))
		return false;
	u->host = between(host, stop);
	if (at < end)
		u->user = between(s, at);
	return true;
}

/* ---- the whole ---- */

static bool
read_behind(struct url *u, const char *p, const char *end)
{
	const char *q = find_any(p, end, "?#");

	if (!is_legal(p, q, PATH))
		return false;
	u->path = between(p, q);
	if (q < end && *q == '?') {
		p = q + 1;
		q = find_any(p, end, "#");
		if (!is_legal(p, q, ANY))
			return false;
		u->query = between(p, q);
	}
	return true;
}

static bool
read_hierarchy(struct url *u, const char *p, const char *end)
{
	const char *q;

	if (end - p < 2 || p[0] != '/' || p[1] != '/')
		return read_behind(u, p, end);
	p += 2;
	q = find_any(p, end, "/?#");
	if (q == p && q == end)
		return false;
	if (q > p) {
		if (!read_server(u, p, q) && !is_legal(p, q, NAME))
			return false;
		u->authority = between(p, q);
	}
	return read_behind(u, q, end);
}

static bool
is_scheme(const char *s, const char *end)
{
	if (s == end || !isalpha((unsigned char)*s))
		return false;
	for (; s < end; s++)
		if (!isalnum((unsigned char)*s) && strchr("+-.", *s) == NULL)
			return false;
	return true;
}

static bool
read_url(struct url *u, const char *s, size_t n)
{
	const char *end = s + n, *p = find_any(s, end, ":/?#");
	const char *mark = find_any(s, end, "#");

	*u = (struct url){{NULL, 0}};
	if (mark < end) {
		u->fragment = between(mark + 1, end);
		if (!is_legal(mark + 1, end, ANY))
			return false;
	}
	if (p == end || *p != ':')
		return read_hierarchy(u, s, mark);
	if (!is_scheme(s, p))
		return false;
	u->scheme = between(s, p);
	p++;
	if (p < mark && *p == '/')
		return read_hierarchy(u, p, mark);
	return p < mark && is_legal(p, mark, ANY);
}

/* ---- the function ---- */

/* The value of a key of the query; the key is a regular expression, as in
 * Spark. */
static int
find_key(struct datum_ctx *c, struct sql_node *n, const struct part *query,
	const struct datum *key, struct part *found)
{
	struct regex_match m;
	struct regex *r;
	int ret;

	*found = (struct part){NULL, 0};
	if (query->s == NULL)
		return 0;
	buf_clear(&c->text);
	buf_printf(&c->text, "(&|^)%.*s=([^&]*)", (int)key->n, key->str);
	r = sql_regex_get(n, c->text.p, c->text.n, c->err);
	if (r == NULL)
		return err_in(c->err, "parse_url");
	ret = regex_search(r, query->s, query->n, 0, &m, c->err);
	if (ret == 1)
		*found = between(query->s + m.beg[2], query->s + m.end[2]);
	return ret < 0 ? err_in(c->err, "parse_url") : 0;
}

static bool
named(const struct datum *d, const char *name)
{
	return d->n == strlen(name) && memcmp(d->str, name, d->n) == 0;
}

/* The path and the query, as one. */
static struct part
file_of(const struct url *u)
{
	struct part p = u->path;

	if (p.s != NULL && u->query.s != NULL)
		p.n = (size_t)(u->query.s + u->query.n - p.s);
	return p;
}

static struct part
part_of(const struct url *u, const struct datum *name)
{
	return named(name, "HOST")         ? u->host
		: named(name, "PATH")      ? u->path
		: named(name, "QUERY")     ? u->query
		: named(name, "REF")       ? u->fragment
		: named(name, "PROTOCOL")  ? u->scheme
		: named(name, "FILE")      ? file_of(u)
		: named(name, "AUTHORITY") ? u->authority
		: named(name, "USERINFO")  ? u->user
					   : (struct part){NULL, 0};
}

static int
run_parse_url(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	struct part p;
	struct url u;

	*out = datum_null();
	if (!read_url(&u, a->str, a->n))
		return 0;
	p = part_of(&u, &a[1]);
	if (n->narg > 2) {
		if (!named(&a[1], "QUERY"))
			return 0;
		if (find_key(c, n, &u.query, &a[2], &p) < 0)
			return -1;
	}
	if (p.s != NULL)
		*out = datum_string(p.s, p.n);
	return 0;
}

const struct sql_fn sql_url_fns[] = {{"parse_url", "ss?s:s", run_parse_url},
	{"try_parse_url", "ss?s:s", run_parse_url}, {NULL}};
