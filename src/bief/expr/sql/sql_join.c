/*
 * sql_join: conditions over two inputs, taken apart.  A join keeps rows by the
 * values of keys and drops them by bounds on time; only the rest has to be
 * asked for each pair, so what can be a key or a bound is found in the tree.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"
#include "text/number.h"
#include "time/zone.h"
#include "value/key.h"
#include "value/path.h"
#include "expr/expr.h"
#include "expr/sql/sql.h"
#include "expr/sql/sql_impl.h"
#include "expr/sql/steps/steps.h"

/* Conditions that must all be true. */
struct parts {
	struct sql_nodes l;
	struct steps **steps; /* of each, or NULL: the tree */
};

struct join {
	struct sql_join face; /* first: it is what users see */
	struct sql sql;
	struct datum_ctx ctx;
	struct sql_nodes keys[2];
	struct parts side[2], rest;
	struct buf *out[2]; /* of each key */
};

static bool
is_call(const struct sql_node *n, const char *name)
{
	return n->op == SQL_CALL && strcmp(n->fn->name, name) == 0;
}

/* Which inputs it is made of: bits 1 and 2. */
static int
join_sides(const struct sql_node *n)
{
	int mask = n->op == SQL_FIELD ? 1 << n->side : 0;

	for (int i = 0; i < n->narg; i++)
		mask |= join_sides(n->arg[i]);
	return mask;
}

/* The steps of what is nothing but a field or a part of one; false if it is
 * more. */
static bool
field_steps(const struct sql_node *n, struct path *p)
{
	if (n->op == SQL_MEMBER) {
		if (n->arg[0]->ty.kind != TYPE_STRUCT ||
			!field_steps(n->arg[0], p))
			return false;
	} else if (n->op != SQL_FIELD)
		return false;
	for (int i = 0; i < n->npart; i++)
		path_add_name(p, n->part[i].s, n->part[i].n);
	return true;
}

/* The name of that, as an option would name it. */
static const char *
join_field_name(struct join *j, const struct sql_node *n)
{
	struct path p = {0};
	const char *name = NULL;
	struct buf b;

	if (n->op == SQL_FIELD && n->npart == 1)
		return n->part[0].s;
	buf_init(&b);
	if (field_steps(n, &p)) {
		path_print(&p, &b);
		name = arena_text(&j->sql.arena, b.p, b.n);
	}
	path_release(&p);
	buf_release(&b);
	return name;
}

/* Fields without which the condition cannot be true. */

static void
not_null_add(struct join *j, const struct sql_node *n)
{
	struct sql_join *f = &j->face;
	const char *name = n->part[0].s;
	int s = n->side;

	for (size_t i = 0; i < f->nnot_null[s]; i++)
		if (strcmp(f->not_null[s][i], name) == 0)
			return;
	f->not_null[s] = mem_realloc(f->not_null[s],
		(f->nnot_null[s] + 1) * sizeof(*f->not_null[s]));
	f->not_null[s][f->nnot_null[s]++] = name;
}

/* Does a null argument make the result null? */
static bool
null_is_strict(const struct sql_node *n)
{
	static const char *const compare[] = {
		"=", "!=", "<", "<=", ">", ">=", "not"};

	if (n->op != SQL_CALL)
		return n->op == SQL_CAST || n->op == SQL_MEMBER;
	for (size_t i = 0; i < sizeof(compare) / sizeof(*compare); i++)
		if (is_call(n, compare[i]))
			return true;
	return n->fn->run != NULL && (n->fn->flags & SQL_NULLS) == 0;
}

static void
not_null_find(struct join *j, const struct sql_node *n)
{
	if (n->op == SQL_FIELD)
		not_null_add(j, n);
	else if (null_is_strict(n))
		for (int i = 0; i < n->narg; i++)
			not_null_find(j, n->arg[i]);
}

/* Bounds on time. */

/* left * coefficient + right * coefficient + c */
struct linear {
	int coefficient[2];
	const char *field[2];
	int64_t c_us;
	bool seconds; /* it counts seconds: cast(t as bigint) */
};

/* The length of a constant; false if it is none. */
static bool
bound_constant(struct join *j, struct sql_node *n, bool seconds, int64_t *us)
{
	struct expr_env env = {.zone = zone_utc};
	struct err err;
	struct datum d;

	j->ctx.env = &env;
	j->ctx.err = &err;
	arena_clear(&j->ctx.arena);
	if (n->eval(&j->ctx, n, &d) != 0)
		return false;
	n->is_kept = false; /* it was seen in no zone of a stream */
	if (d.kind == TYPE_DAYS) {
		*us = d.i;
		return true;
	}
	if (!seconds || !ty_numeric(datum_ty(&d)) ||
		datum_cast(&j->ctx, &d, ty(TYPE_DOUBLE)) < 0 ||
		!(fabs(d.d) < 9e12))
		return false;
	*us = (int64_t)(d.d * 1e6);
	return true;
}

static bool
bound_linear(struct join *j, struct sql_node *n, int sign, struct linear *l)
{
	const char *name = join_field_name(j, n);
	int64_t us;
	int s;

	if (name != NULL) {
		s = join_sides(n) == 2;
		if (l->field[s] != NULL && strcmp(l->field[s], name) != 0)
			return false;
		l->field[s] = name;
		l->coefficient[s] += sign;
		return n->ty.kind == TYPE_TIMESTAMP ||
			n->ty.kind == TYPE_UNKNOWN;
	}
	if (n->constant) {
		if (!bound_constant(j, n, l->seconds, &us))
			return false;
		return !__builtin_mul_overflow(us, sign, &us) &&
			!__builtin_add_overflow(l->c_us, us, &l->c_us) &&
			l->c_us >= -INT64_MAX;
	}
	if (n->op == SQL_CAST) {
		if (ty_numeric(n->ty))
			l->seconds = true;
		return (ty_numeric(n->ty) || n->ty.kind == TYPE_TIMESTAMP) &&
			bound_linear(j, n->arg[0], sign, l);
	}
	if (is_call(n, "+") || is_call(n, "-")) {
		int second = is_call(n, "-") ? -sign : sign;

		/* What stands first may tell that seconds are meant. */
		if (n->arg[0]->constant)
			return bound_linear(j, n->arg[1], second, l) &&
				bound_linear(j, n->arg[0], sign, l);
		return bound_linear(j, n->arg[0], sign, l) &&
			bound_linear(j, n->arg[1], second, l);
	}
	return is_call(n, "negative") && bound_linear(j, n->arg[0], -sign, l);
}

static void
bound_add(struct join *j, const struct linear *l, bool upper, bool strictly)
{
	struct sql_join *f = &j->face;
	struct sql_bound *b;
	bool turned = l->coefficient[0] < 0;

	f->bounds = mem_realloc(
		f->bounds, (f->nbounds + 1) * sizeof(*f->bounds));
	b = &f->bounds[f->nbounds++];
	*b = (struct sql_bound){{l->field[0], l->field[1]}, upper != turned,
		strictly, turned ? l->c_us : -l->c_us};
}

static void
bound_find(struct join *j, struct sql_node *n)
{
	struct linear l = {0};
	bool less, more;

	if (n->op != SQL_CALL || n->narg != 2)
		return;
	less = is_call(n, "<") || is_call(n, "<=");
	more = is_call(n, ">") || is_call(n, ">=");
	if (!less && !more && !is_call(n, "="))
		return;
	if (!bound_linear(j, n->arg[0], 1, &l) ||
		!bound_linear(j, n->arg[1], -1, &l) ||
		l.coefficient[0] * l.coefficient[1] != -1)
		return;
	if (!more)
		bound_add(j, &l, true, is_call(n, "<"));
	if (!less)
		bound_add(j, &l, false, is_call(n, ">"));
}

/* The parts. */

static bool
part_take_key(struct join *j, struct sql_node *n)
{
	struct sql_join *f = &j->face;
	struct sql_key *k;
	bool same = is_call(n, "<=>");
	int a, b;

	if (!same && !is_call(n, "="))
		return false;
	a = join_sides(n->arg[0]);
	b = join_sides(n->arg[1]);
	if (a + b != 3 || a == 0 || b == 0)
		return false;
	f->keys = mem_realloc(f->keys, (f->nkeys + 1) * sizeof(*f->keys));
	k = &f->keys[f->nkeys++];
	k->null_safe = same;
	for (int s = 0; s < 2; s++) {
		struct sql_node *of = n->arg[(a == 1) == (s == 0) ? 0 : 1];

		sql_tree_add(&j->sql, &j->keys[s], of);
		k->field[s] = join_field_name(j, of);
		k->type[s] = ty_type(&j->sql.arena, of->ty);
	}
	return true;
}

static void
part_take(struct join *j, struct sql_node *n)
{
	int mask;

	if (is_call(n, "and")) {
		for (int i = 0; i < n->narg; i++)
			part_take(j, n->arg[i]);
		return;
	}
	mask = join_sides(n);
	not_null_find(j, n);
	if (is_call(n, "isnotnull") && n->arg[0]->op == SQL_FIELD)
		not_null_add(j, n->arg[0]);
	if (mask == 3) {
		bound_find(j, n);
		if (!part_take_key(j, n))
			sql_tree_add(&j->sql, &j->rest.l, n);
	} else {
		sql_tree_add(&j->sql, &j->side[mask == 2].l, n);
	}
}

static void
parts_settle(struct join *j, struct parts *p)
{
	p->steps = arena_zero(
		&j->sql.arena, (size_t)(p->l.n + 1) * sizeof(*p->steps));
	for (int i = 0; i < p->l.n; i++)
		p->steps[i] = steps_new(&j->sql, p->l.p[i]);
}

struct sql_join *
sql_join_new(const char *text, const struct sql_on *on, size_t non,
	const struct schema *left, const struct schema *right, struct err *err)
{
	struct join *j = mem_zalloc(sizeof(*j));
	struct sql_node *root;
	struct sql_join *f = &j->face;

	datum_ctx_init(&j->ctx);
	sql_tree_begin(&j->sql, text);
	j->sql.fields[0] = left;
	j->sql.fields[1] = right;
	j->sql.two = true;
	j->sql.on = on;
	j->sql.non = non;
	root = sql_parse(&j->sql, err);
	if (root == NULL || sql_bind(&j->sql, &root, err) < 0) {
		sql_join_free(f);
		return NULL;
	}
	if (root->ty.kind != TYPE_BOOLEAN && root->ty.kind != TYPE_UNKNOWN) {
		sql_tree_refuse(&j->sql, root->from, err,
			"no condition, which is true or false");
		sql_join_free(f);
		return NULL;
	}
	j->ctx.vars = arena_zero(&j->sql.arena,
		(size_t)(j->sql.maxvars + 1) * sizeof(*j->ctx.vars));
	part_take(j, root);
	for (int s = 0; s < 2; s++) {
		f->one_sided[s] = j->side[s].l.n > 0;
		parts_settle(j, &j->side[s]);
		j->out[s] = mem_zalloc((f->nkeys + 1) * sizeof(*j->out[s]));
	}
	f->rest = j->rest.l.n > 0;
	parts_settle(j, &j->rest);
	/* The schemas may not live as long; the names in nodes are copies. */
	j->sql.fields[0] = j->sql.fields[1] = NULL;
	return f;
}

void
sql_join_free(struct sql_join *f)
{
	struct join *j = (struct join *)f;

	if (f == NULL)
		return;
	for (int s = 0; s < 2; s++) {
		for (size_t i = 0; j->out[s] != NULL && i < f->nkeys; i++)
			buf_release(&j->out[s][i]);
		free(j->out[s]);
		free(f->not_null[s]);
	}
	free(f->keys);
	free(f->bounds);
	sql_tree_end(&j->sql);
	datum_ctx_release(&j->ctx);
	free(j);
}

static void
pair_begin(struct join *j, const struct record *left,
	const struct record *right, const struct expr_env *env, struct err *err)
{
	j->ctx.record[0] = left;
	j->ctx.record[1] = right;
	j->ctx.env = env;
	j->ctx.err = err;
}

/*
 * Equal numbers must have equal bytes whatever their types: what is whole
 * becomes a bigint, other decimals lose the zeros at their end.
 */
static void
key_settle_number(struct datum *d, bool exact)
{
	numeric v;
	int s;

	if (ty_fraction(datum_ty(d))) {
		if (d->d == floor(d->d) && fabs(d->d) < 0x1p63)
			*d = datum_int(TYPE_LONG, (int64_t)d->d);
		d->kind = d->kind == TYPE_FLOAT ? TYPE_DOUBLE : d->kind;
		return;
	}
	if (d->kind != TYPE_DECIMAL)
		return;
	v = datum_decimal(d);
	for (s = d->s; s > 0 && v % 10 == 0; s--)
		v /= 10;
	if (s == 0 && v == (int64_t)v)
		*d = datum_int(TYPE_LONG, (int64_t)v);
	else if (exact || s == 0)
		*d = datum_from_decimal(v, NUMERIC_DIGITS, s);
	else
		*d = datum_double(numeric_double(v, s));
}

/* An integer beyond 64 bits is a key by its digits, or by the double that has
 * just these; false if it is none. */
static bool
settle_big(struct value *v)
{
	struct value d;

	if (!value_is_big(v))
		return false;
	d = value_number(v, false);
	if (key_compare(v, &d) == 0)
		*v = d;
	return true;
}

/* Most values are what they are written as, whatever their type would have
 * become of them.  (A string of no type may be a time.) */
static bool
settle_plain(struct value *v, int kind)
{
	int64_t i;

	switch ((enum value_type)v->type) {
	case VALUE_NUMBER:
		if ((kind != TYPE_UNKNOWN && kind != TYPE_LONG) ||
			number_int(v->s, v->n, &i) < 0)
			return false;
		*v = value_int(i);
		return true;
	case VALUE_INT:
		return kind == TYPE_UNKNOWN || kind == TYPE_LONG;
	case VALUE_STRING:
		return !(v->flags & VALUE_ESCAPED) &&
			(kind == TYPE_STRING ||
				(kind == TYPE_UNKNOWN && v->n < 20));
	default:
		return false;
	}
}

/* The value as it is written, where a key is a field; NULL otherwise. */
static const struct value *
written(struct join *j, struct sql_node *n)
{
	const struct value *v = NULL;

	if (n->op != SQL_FIELD)
		return NULL;
	if (n->field != NULL)
		return record_get(j->ctx.record[n->side], n->field);
	return sql_eval_find(&j->ctx, n, &v) == 0 && n->skip == n->npart ? v
									 : NULL;
}

int
sql_join_key(struct sql_join *f, size_t i, int side, const struct record *r,
	const struct expr_env *env, struct value *v, struct err *err)
{
	struct join *j = (struct join *)f;
	struct sql_node *n = j->keys[side].p[i];
	const struct value *raw;
	struct datum d;

	assert(i < f->nkeys);
	assert(side == SQL_LEFT || side == SQL_RIGHT);
	pair_begin(j, side == SQL_LEFT ? r : NULL, side == SQL_RIGHT ? r : NULL,
		env, err);
	raw = written(j, n);
	if (raw != NULL) {
		*v = *raw;
		if (settle_plain(v, (int)n->ty.kind) ||
			(n->ty.kind == TYPE_UNKNOWN && settle_big(v)))
			return 0;
	}
	if (sql_eval(&j->ctx, n, &d) < 0)
		return -1;
	key_settle_number(&d,
		n->ty.kind == TYPE_DECIMAL &&
			j->keys[!side].p[i]->ty.kind == TYPE_DECIMAL);
	buf_clear(&j->out[side][i]);
	*v = datum_store(&j->ctx, &d, &j->out[side][i]);
	settle_big(v);
	return j->ctx.broken ? -1 : 0;
}

static int
parts_are_true(struct join *j, const struct parts *p)
{
	struct datum d;
	int r = 1;

	for (int i = 0; i < p->l.n && r == 1; i++) {
		r = p->steps[i] != NULL ? steps_eval(p->steps[i], &j->ctx, &d)
					: sql_eval(&j->ctx, p->l.p[i], &d);
		if (r == 0)
			r = sql_eval_true(&j->ctx, &d);
	}
	return r;
}

int
sql_join_side(struct sql_join *f, int side, const struct record *r,
	const struct expr_env *env, struct err *err)
{
	struct join *j = (struct join *)f;

	assert(side == SQL_LEFT || side == SQL_RIGHT);
	pair_begin(j, side == SQL_LEFT ? r : NULL, side == SQL_RIGHT ? r : NULL,
		env, err);
	return parts_are_true(j, &j->side[side]);
}

int
sql_join_pair(struct sql_join *f, const struct record *left,
	const struct record *right, const struct expr_env *env, struct err *err)
{
	struct join *j = (struct join *)f;

	pair_begin(j, left, right, env, err);
	return parts_are_true(j, &j->rest);
}
