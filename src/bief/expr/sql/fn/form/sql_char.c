/*
 * sql_char: to_char, to_varchar, to_number, try_to_number: numbers, times and
 * binary as text by a format, and numbers back.  The format is read when the
 * expression is compiled, for it says what type a number has.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/err.h"
#include "floor/mem.h"
#include "text/base64.h"
#include "time/timefmt.h"
#include "expr/expr.h"
#include "expr/sql/fn/form/sql_numform.h"
#include "expr/sql/sql_impl.h"

/* The format, a literal; NULL: null. */
static int
format_literal(
	const struct sql_node *n, const struct datum **lit, struct err *err)
{
	const struct sql_node *f = n->arg[1];

	if (f->op == SQL_CAST && f->implicit) /* of null */
		f = f->arg[0];
	*lit = &f->lit;
	if (f->op != SQL_LITERAL ||
		((*lit)->kind != TYPE_STRING && (*lit)->kind != TYPE_NULL))
		return err_as(err, STATUS_USAGE,
			"'%s' takes a format in quotes, which is the same for "
			"every record",
			n->fn->name);
	if ((*lit)->kind == TYPE_NULL)
		*lit = NULL;
	return 0;
}

/* The format of a number, which the node keeps. */
static int
keep_form(struct sql_node *n, const struct datum *f, struct err *err)
{
	struct sql_numform *form = mem_alloc(sizeof(*form));

	if (sql_numform_read(form, f->str, f->n, err) < 0) {
		free(form);
		return -1;
	}
	n->data = form;
	n->free = free;
	return 0;
}

/* ---- to_char ---- */

/* What a number is before it is written, as Spark makes decimals of it. */
static struct ty
decimal_of(struct ty t)
{
	if (t.kind == TYPE_DOUBLE)
		return ty_decimal(30, 15);
	if (t.kind == TYPE_FLOAT)
		return ty_decimal(14, 7);
	if (t.kind == TYPE_STRING)
		return ty_decimal(38, 18);
	return t.kind == TYPE_DECIMAL ? t : sql_types_decimal(t);
}

static int
to_char_rule(struct sql_rule *r)
{
	struct ty *t = &r->arg[0];

	r->arg[1] = r->result = ty(TYPE_STRING);
	if (t->kind == TYPE_UNKNOWN || t->kind == TYPE_NULL ||
		t->kind == TYPE_BINARY)
		return 0;
	if (t->kind == TYPE_DATE || t->kind == TYPE_TIMESTAMP)
		*t = ty(TYPE_TIMESTAMP);
	else if (ty_numeric(*t) || t->kind == TYPE_STRING)
		*t = decimal_of(*t);
	else
		return sql_types_mismatch(r, "takes numbers, times and binary");
	return 0;
}

/* Formats of binary. */
static const char *const binary_formats[] = {"base64", "hex", "utf-8", NULL};

static int
binary_format(const struct datum *f)
{
	for (int i = 0; binary_formats[i] != NULL; i++)
		if (strlen(binary_formats[i]) == f->n &&
			strncasecmp(binary_formats[i], f->str, f->n) == 0)
			return i;
	return -1;
}

static int
to_char_prepare(struct sql *x, struct sql_node *n, struct err *err)
{
	int kind = n->arg[0]->ty.kind;
	const struct datum *f;

	if (format_literal(n, &f, err) < 0)
		return -1;
	if (f == NULL || kind == TYPE_UNKNOWN || kind == TYPE_NULL)
		return 0;
	if (kind == TYPE_TIMESTAMP)
		return timefmt_check(f->str, f->n, err);
	if (kind == TYPE_BINARY)
		return binary_format(f) >= 0
			? 0
			: err_as(err, STATUS_USAGE,
				  "'%s' writes binary as 'base64', 'hex' or "
				  "'utf-8'",
				  n->fn->name);
	return keep_form(n, f, err);
}

static int
put_binary(struct datum_ctx *c, const struct datum *d, const struct datum *f)
{
	switch (binary_format(f)) {
	case 0:
		base64_encode(d->str, d->n, &c->text);
		return 0;
	case 1:
		for (uint32_t i = 0; i < d->n; i++)
			buf_printf(&c->text, "%02X", (unsigned char)d->str[i]);
		return 0;
	case 2:
		buf_add(&c->text, d->str, d->n);
		return 0;
	}
	return err_set(c->err,
		"'to_char' writes binary as 'base64', 'hex' or 'utf-8'");
}

static int
put_number(struct datum_ctx *c, struct sql_node *n, struct datum *d,
	const struct datum *f, struct datum *out)
{
	if (d->kind != TYPE_DECIMAL &&
		datum_cast(c, d, decimal_of(datum_ty(d))) < 0)
		return -1;
	if (d->kind == TYPE_NULL) {
		*out = datum_null();
		return 0;
	}
	/* It was not known that this is a number. */
	if (n->data == NULL && keep_form(n, f, c->err) < 0)
		return -1;
	buf_clear(&c->text);
	sql_numform_print(n->data, datum_decimal(d), d->s, &c->text);
	*out = datum_from_buf(c, &c->text);
	return 0;
}

static int
run_to_char(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	buf_clear(&c->text);
	if (a->kind == TYPE_DATE && datum_cast(c, a, ty(TYPE_TIMESTAMP)) < 0)
		return -1;
	if (a->kind == TYPE_BINARY) {
		if (put_binary(c, a, &a[1]) < 0)
			return -1;
	} else if (a->kind == TYPE_TIMESTAMP) {
		if (timefmt_check(a[1].str, a[1].n, c->err) < 0)
			return -1;
		timefmt_print(a[1].str, a[1].n, a->i, c->env->zone, &c->text);
	} else if (ty_numeric(datum_ty(a)) || a->kind == TYPE_STRING) {
		return put_number(c, n, a, &a[1], out);
	} else {
		return err_set(c->err, "'%s' takes numbers, times and binary",
			n->fn->name);
	}
	*out = datum_from_buf(c, &c->text);
	return 0;
}

/* ---- to_number ---- */

enum { STRICT, TRY };

static int
to_number_rule(struct sql_rule *r)
{
	struct sql_numform form;
	const struct datum *f;

	if (ty_nested(r->arg[0]) || r->arg[0].kind == TYPE_BINARY)
		return sql_types_mismatch(r, "takes a string and a format");
	r->arg[0] = r->arg[1] = ty(TYPE_STRING);
	if (format_literal(r->node, &f, r->err) < 0)
		return -1;
	r->result = ty_decimal(10, 0);
	if (f == NULL)
		return 0;
	if (sql_numform_read(&form, f->str, f->n, r->err) < 0)
		return -1;
	if (form.before + form.after > NUMERIC_DIGITS)
		return err_as(r->err, STATUS_USAGE,
			"'%s': a number has %d digits at most",
			r->node->fn->name, NUMERIC_DIGITS);
	r->result = ty_decimal(form.before + form.after, form.after);
	return 0;
}

static int
to_number_prepare(struct sql *x, struct sql_node *n, struct err *err)
{
	const struct datum *f;

	if (format_literal(n, &f, err) < 0)
		return -1;
	return f != NULL ? keep_form(n, f, err) : 0;
}

static int
run_to_number(struct datum_ctx *c, struct sql_node *n, struct datum *a,
	struct datum *out)
{
	const struct sql_numform *f = n->data;
	char text[60], format[60];
	numeric v;

	*out = datum_null();
	if (sql_numform_parse(f, a->str, a->n, &v)) {
		*out = datum_from_decimal(v, f->before + f->after, f->after);
		return 0;
	}
	if (n->fn->tag == TRY)
		return 0;
	return err_set(c->err,
		"to_number: '%s' is not of the format '%s' (try_to_number "
		"gives null)",
		err_quote(text, sizeof(text), a->str, a->n),
		err_quote(format, sizeof(format), a[1].str, a[1].n));
}

const struct sql_fn sql_char_fns[] = {
	{"to_char", "as:s", run_to_char, 0, to_char_rule, NULL,
		to_char_prepare},
	{"to_varchar", "as:s", run_to_char, 0, to_char_rule, NULL,
		to_char_prepare},
	{"to_number", "ss:a", run_to_number, 0, to_number_rule, NULL,
		to_number_prepare, STRICT},
	{"try_to_number", "ss:a", run_to_number, 0, to_number_rule, NULL,
		to_number_prepare, TRY},
	{NULL}};
