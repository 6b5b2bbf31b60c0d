/*
 * sql_eval: values of expressions.
 *
 * A node is a function pointer, so that what the binder has settled costs
 * nothing here.  Where it could not, the kinds that come are put to the
 * function's rule, and what it says is kept while the same kinds come: streams
 * without a schema seldom change their types.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text/number.h"
#include "value/json.h"
#include "expr/expr.h"
#include "expr/sql/sql_impl.h"

int
sql_eval(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	arena_clear(&c->arena);
	c->broken = false;
	return n->eval(c, n, out) != 0 || c->broken ? -1 : 0;
}

int
sql_eval_literal(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	*out = n->lit;
	return 0;
}

int
sql_eval_var(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	assert(c->vars != NULL);
	*out = c->vars[n->var];
	return 0;
}

int
sql_eval_true(struct datum_ctx *c, const struct datum *d)
{
	if (d->kind != TYPE_BOOLEAN && d->kind != TYPE_NULL)
		return err_set(c->err, "the condition gives no truth value");
	return d->kind == TYPE_BOOLEAN && d->i != 0;
}

/* Fields. */

/* A name as it stands in JSON against plain text. */
static bool
field_name_is(const struct shape_name *a, const char *s, size_t n, bool exact)
{
	struct buf b;
	bool same;

	if (memchr(a->s, '\\', a->n) == NULL)
		return a->n == n &&
			(exact ? memcmp(a->s, s, n) == 0
			       : strncasecmp(a->s, s, n) == 0);
	buf_init(&b);
	json_unquote(&b, a->s, a->n);
	same = b.n == n &&
		(exact ? memcmp(b.p, s, n) == 0 : strncasecmp(b.p, s, n) == 0);
	buf_release(&b);
	return same;
}

/* -1 none, -2 several that differ in case. */
static int
field_search(const struct shape *shape, const char *s, size_t n, bool exact)
{
	int at = -1;

	for (uint32_t i = 0; i < shape->n; i++) {
		if (!field_name_is(&shape->names[i], s, n, exact))
			continue;
		if (at >= 0 &&
			(shape->names[i].n != shape->names[at].n ||
				memcmp(shape->names[i].s, shape->names[at].s,
					shape->names[i].n) != 0))
			return -2;
		at = (int)i;
	}
	return at;
}

static int
field_search_joined(
	const struct shape *shape, const struct sql_name *part, char between)
{
	char joined[512];
	size_t n = part[0].n + 1 + part[1].n;

	if (n > sizeof(joined))
		return -1;
	memcpy(joined, part[0].s, part[0].n);
	joined[part[0].n] = between;
	memcpy(joined + part[0].n + 1, part[1].s, part[1].n);
	return field_search(shape, joined, n, false);
}

/* Where the name is in records of this shape; kept for the next one. */
static int
field_place(struct datum_ctx *c, struct sql_node *n, const struct shape *shape)
{
	char word[80];
	int at;

	n->skip = 1;
	at = field_search(shape, n->part[0].s, n->part[0].n, n->exact);
	if (at == -1 && !n->exact && n->npart > 1) {
		n->skip = 2;
		at = field_search_joined(shape, n->part, '.');
		if (at == -1 && strcasecmp(n->part[0].s, "window") == 0)
			at = field_search_joined(shape, n->part, '_');
	}
	if (at == -2)
		return err_set(c->err,
			"'%s' is the name of several fields, which differ in "
			"the case of their letters",
			err_quote(word, sizeof(word), n->part[0].s,
				n->part[0].n));
	n->index = at;
	n->shape_id = shape->id;
	return 0;
}

int
sql_eval_find(struct datum_ctx *c, struct sql_node *n, const struct value **v)
{
	const struct record *r = c->record[n->side];

	if (r == NULL) {
		*v = NULL;
		return 0;
	}
	if (r->shape->id != n->shape_id && field_place(c, n, r->shape) < 0)
		return -1;
	*v = n->index >= 0 ? &r->v[n->index] : NULL;
	return 0;
}

/* "field 'x' " in front of what is wrong with its value */
static int
field_refuse(struct datum_ctx *c, const struct sql_node *n)
{
	char word[80];

	err_in(c->err, "field '%s'",
		err_quote(word, sizeof(word), n->part[0].s, n->part[0].n));
	return -1;
}

int
sql_eval_field(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	const struct value *v;
	struct datum d;

	assert(n->op == SQL_FIELD);
	if (sql_eval_find(c, n, &v) < 0)
		return -1;
	if (datum_load(c, v, n->ty, out) < 0)
		return field_refuse(c, n);
	for (int i = n->skip; v != NULL && i < n->npart; i++) {
		d = *out;
		if (datum_field(c, &d, n->part[i].s, n->part[i].n, out) < 0)
			return field_refuse(c, n);
	}
	return 0;
}

int
sql_eval_on(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	const struct record *r = c->record[n->side];

	if (datum_load(c, r == NULL ? NULL : record_get(r, n->field), n->ty,
		    out) < 0)
		return field_refuse(c, n);
	return 0;
}

/* The value of a map's key, which may be no string. */
static int
eval_map_member(struct datum_ctx *c, struct datum m,
	const struct sql_name *part, struct datum *out)
{
	struct datum key = datum_string(part->s, part->n);

	if (datum_open(c, &m) < 0)
		return -1;
	if (ty_key(datum_ty(&m)).kind > TYPE_NULL &&
		datum_cast(c, &key, ty_key(datum_ty(&m))) < 0)
		return -1;
	*out = datum_null();
	for (uint32_t i = 0; i < m.n; i++)
		if (datum_compare(c, &m.items[2 * i], &key) == 0)
			*out = m.items[2 * i + 1];
	return 0;
}

int
sql_eval_member(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	struct datum d, *items;

	if (n->arg[0]->eval(c, n->arg[0], &d) != 0)
		return -1;
	if (d.kind == TYPE_MAP)
		return eval_map_member(c, d, n->part, out);
	if (d.kind != TYPE_ARRAY)
		return datum_field(c, &d, n->part[0].s, n->part[0].n, out);
	if (datum_open(c, &d) < 0)
		return -1;
	items = arena_get(&c->arena, d.n * sizeof(*items));
	for (uint32_t i = 0; i < d.n; i++)
		if (datum_field(c, &d.items[i], n->part[0].s, n->part[0].n,
			    &items[i]) < 0)
			return -1;
	*out = datum_items(TYPE_ARRAY, items, d.n, n->ty.t);
	return 0;
}

/* Casts and calls. */

int
sql_eval_cast_value(
	struct datum_ctx *c, const struct sql_node *n, struct datum *d)
{
	if (d->kind == n->ty.kind && d->kind < TYPE_DECIMAL)
		return 0;
	if (d->kind == TYPE_STRING && n->arg[0]->constant &&
		sql_clock_word(c, d, n->ty.kind, d))
		return 0;
	if ((n->implicit && ty_nested(datum_ty(d)) && !ty_nested(n->ty)) ||
		(n->attempt && !datum_cast_try_allows(datum_ty(d), n->ty)))
		return datum_cast_refuse(c, datum_ty(d), n->ty);
	return n->attempt ? datum_cast_try(c, d, n->ty)
			  : datum_cast(c, d, n->ty);
}

int
sql_eval_cast(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	assert(n->op == SQL_CAST);
	if (n->arg[0]->eval(c, n->arg[0], out) != 0)
		return -1;
	return sql_eval_cast_value(c, n, out);
}

int
sql_eval_constant(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	assert(n->real != NULL);
	if (!n->is_kept || n->kept_zone != c->env->zone ||
		n->kept_us != c->env->batch_us) {
		if (n->real(c, n, out) != 0)
			return -1;
		arena_clear(&n->keep);
		n->kept = datum_copy(c, &n->keep, out);
		if (c->broken)
			return -1;
		n->kept_zone = c->env->zone;
		n->kept_us = c->env->batch_us;
		n->is_kept = true;
	}
	*out = n->kept;
	return 0;
}

int
sql_eval_lambda(struct datum_ctx *c, struct sql_node *f, const struct datum *a,
	int n, struct datum *out)
{
	assert(f->op == SQL_FUNCTION);
	assert(n <= 3);
	if (c->broken)
		return -1;
	if (arena_used(&c->arena) / 4 > SQL_TEXT_MAX)
		return err_set(c->err,
			"a function in an expression would make "
			"more than %d MiB",
			4 * (SQL_TEXT_MAX >> 20));
	for (int i = 0; i < f->nvar; i++)
		c->vars[f->var + i] = i < n ? a[i] : datum_null();
	return f->arg[0]->eval(c, f->arg[0], out);
}

/* NaN and infinities are strings in a stream; beside numbers they are not. */
static void
call_see_specials(struct datum *a, int n)
{
	bool number = false;
	double d;

	for (int i = 0; i < n; i++)
		if (ty_numeric(datum_ty(&a[i])))
			number = true;
	for (int i = 0; number && i < n; i++)
		if (a[i].kind == TYPE_STRING &&
			(a[i].flags & DATUM_LOOSE) != 0 &&
			number_special(a[i].str, a[i].n, &d))
			a[i] = datum_double(d);
}

static bool
call_seen(const struct sql_node *n, const struct datum *a)
{
	const struct sql_seen *s = &n->seen;

	if (!s->known)
		return false;
	for (int i = 0; i < n->narg; i++)
		if (a[i].kind != s->type[i].kind ||
			(a[i].kind >= TYPE_DECIMAL && a[i].kind < TYPE_STRING &&
				(a[i].p != s->type[i].p ||
					a[i].s != s->type[i].s)) ||
			a[i].kind > TYPE_STRUCT)
			return false;
	return true;
}

/* Ask the function's rule about the types that came. */
static int
call_see(struct datum_ctx *c, struct sql_node *n, struct datum *a)
{
	struct sql_seen *s = &n->seen;
	struct sql_rule r = {.node = n,
		.arena = &c->arena,
		.err = c->err,
		.n = n->narg,
		.arg = s->want};

	assert(n->seen.want != NULL);
	bool lasting = true;

	s->known = false;
	for (int i = 0; i < n->narg; i++) {
		s->type[i] = n->arg[i]->op == SQL_FUNCTION ? n->arg[i]->ty
							   : datum_ty(&a[i]);
		s->want[i] = s->type[i];
		/* Types of arrays live as long as this evaluation. */
		if (ty_nested(s->type[i]))
			lasting = false;
	}
	s->result = ty(TYPE_UNKNOWN);
	if (sql_sig_rule(&r) != 0)
		return -1;
	s->result = r.result;
	for (int i = 0; i < n->narg; i++)
		if (ty_nested(s->want[i]))
			lasting = false;
	s->known = lasting && !ty_nested(r.result);
	return 0;
}

static int
call_convert(struct datum_ctx *c, struct sql_node *n, struct datum *a)
{
	call_see_specials(a, n->narg);
	if (!call_seen(n, a) && call_see(c, n, a) < 0)
		return -1;
	for (int i = 0; i < n->narg; i++)
		if (n->arg[i]->op != SQL_FUNCTION &&
			n->seen.want[i].kind != TYPE_UNKNOWN &&
			datum_cast(c, &a[i], n->seen.want[i]) < 0)
			return -1;
	return 0;
}

int
sql_eval_call(struct datum_ctx *c, struct sql_node *n, struct datum *out)
{
	bool nulls = (n->fn->flags & SQL_NULLS) != 0;
	struct datum few[4], *a = few;

	assert(n->op == SQL_CALL);
	assert(n->fn->run != NULL);
	if (n->narg > 4)
		a = arena_get(&c->arena, (size_t)n->narg * sizeof(*a));
	for (int i = 0; i < n->narg; i++) {
		if (n->arg[i]->op == SQL_FUNCTION) {
			a[i] = datum_int(TYPE_INT, 0);
			continue;
		}
		if (n->arg[i]->eval(c, n->arg[i], &a[i]) != 0)
			return -1;
		if (a[i].kind == TYPE_NULL && !nulls) {
			*out = datum_null();
			return 0;
		}
	}
	if (!n->bound) {
		if (call_convert(c, n, a) < 0)
			return -1;
		/* What could not be read as a number is null by now. */
		for (int i = 0; !nulls && i < n->narg; i++)
			if (a[i].kind == TYPE_NULL) {
				*out = datum_null();
				return 0;
			}
	}
	return n->fn->run(c, n, a, out);
}
