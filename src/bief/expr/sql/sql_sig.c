/*
 * sql_sig: what a function's signature says: how many arguments, and of which
 * types.
 *
 * The table of functions (sql_fn.c) points at all functions, and some of these
 * ask for the rule of their own signature, so the reader of signatures stands
 * below both.
 */
#include <assert.h>
#include <string.h>

#include "floor/err.h"
#include "expr/sql/sql_impl.h"

void
sql_sig_arity(const struct sql_fn *f, int *min, int *max)
{
	bool optional = false;

	*min = *max = 0;
	for (const char *s = f->sig; *s != ':'; s++) {
		if (*s == '?') {
			optional = true;
		} else if (*s == '+') {
			*max = -1;
		} else {
			*min += !optional;
			++*max;
		}
	}
}

/* The letter of argument i. */
static char
sig_letter(const char *sig, int i)
{
	char last = 'a';

	for (; *sig != ':'; sig++) {
		if (*sig == '?' || *sig == '+')
			continue;
		last = *sig;
		if (i-- == 0)
			break;
	}
	return last;
}

static int
sig_kind(char c)
{
	switch (c) {
	case 's':
		return TYPE_STRING;
	case 'b':
		return TYPE_BOOLEAN;
	case 'y':
		return TYPE_BYTE;
	case 'i':
		return TYPE_INT;
	case 'l':
		return TYPE_LONG;
	case 'd':
		return TYPE_DOUBLE;
	case 't':
		return TYPE_TIMESTAMP;
	case 'D':
		return TYPE_DATE;
	case 'x':
		return TYPE_BINARY;
	case 'A':
		return TYPE_ARRAY;
	case 'M':
		return TYPE_MAP;
	}
	assert(c == 'a' || c == 'n');
	return TYPE_UNKNOWN;
}

/* Is a value of one type taken for another one without asking? */
static bool
sig_implicit(struct ty have, int want)
{
	if (have.kind == want || have.kind == TYPE_NULL ||
		have.kind == TYPE_UNKNOWN)
		return true;
	if (want == TYPE_STRING)
		return !ty_nested(have);
	if (want == TYPE_MAP)
		return have.kind == TYPE_STRUCT && have.t == NULL;
	if (have.kind == TYPE_STRING)
		return want != TYPE_BOOLEAN && want != TYPE_ARRAY;
	if (ty_numeric(have))
		return want >= TYPE_BYTE && want <= TYPE_DECIMAL;
	if (have.kind == TYPE_DATE || have.kind == TYPE_TIMESTAMP)
		return want == TYPE_DATE || want == TYPE_TIMESTAMP;
	return false;
}

static int
sig_refuse(struct sql_rule *r, int i, char want)
{
	static const char *const words[] = {"s", "a string", "b", "a condition",
		"i", "an integer", "l", "an integer", "d", "a number", "t",
		"a timestamp", "D", "a date", "x", "binary data", "A",
		"an array", "M", "a map", "n", "a number"};
	const char *what = "something else";
	struct buf b;

	for (size_t k = 0; k < sizeof(words) / sizeof(*words); k += 2)
		if (*words[k] == want)
			what = words[k + 1];
	buf_init(&b);
	ty_print(r->arg[i], &b);
	err_as(r->err, STATUS_USAGE, "'%s' takes %s as argument %d, not %s",
		r->node->fn->name, what, i + 1, buf_cstr(&b));
	buf_release(&b);
	return -1;
}

static int
sig_argument(struct sql_rule *r, int i, char c)
{
	struct ty have = r->arg[i];

	if (c == 'a')
		return 0;
	if (c == 'n') {
		if (have.kind == TYPE_UNKNOWN)
			r->open = true;
		else if (have.kind == TYPE_STRING)
			r->arg[i] = ty(TYPE_DOUBLE);
		else if (!ty_numeric(have) && have.kind != TYPE_NULL)
			return sig_refuse(r, i, c);
		return 0;
	}
	if (!sig_implicit(have, sig_kind(c)))
		return sig_refuse(r, i, c);
	if (have.kind != sig_kind(c))
		r->arg[i] = ty(sig_kind(c));
	return 0;
}

/* What the signature says. */
static int
sig_signature(struct sql_rule *r)
{
	const struct sql_fn *f = r->node->fn;
	char c;

	for (int i = 0; i < r->n; i++)
		if (sig_argument(r, i, sig_letter(f->sig, i)) < 0)
			return -1;
	c = strchr(f->sig, ':')[1];
	if (c == '0')
		r->result = r->open ? ty(TYPE_UNKNOWN) : r->arg[0];
	else if (c == '1')
		r->result = ty_elem(r->arg[0]);
	else if (c == 'S')
		r->result = ty_array(r->arena, ty(TYPE_STRING));
	else
		r->result = ty(sig_kind(c));
	return 0;
}

int
sql_sig_bytes(struct sql_rule *r)
{
	bool some = false, all = true;

	for (int i = 0; i < r->n; i++)
		if (sig_letter(r->node->fn->sig, i) == 's') {
			some |= r->arg[i].kind == TYPE_BINARY;
			all &= r->arg[i].kind == TYPE_BINARY ||
				r->arg[i].kind == TYPE_NULL;
		}
	if (sig_signature(r) < 0)
		return -1;
	for (int i = 0; some && all && i < r->n; i++)
		if (sig_letter(r->node->fn->sig, i) == 's')
			r->arg[i] = r->result = ty(TYPE_BINARY);
	return 0;
}

int
sql_sig_rule(struct sql_rule *r)
{
	return r->node->fn->rule != NULL ? r->node->fn->rule(r)
					 : sig_signature(r);
}
