/*
 * step: the list while it is made: registers, labels, what is known already.
 */
#include "expr/sql/steps/step.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "floor/mem.h"

#define KNOWN_MOST 64 /* what is looked through, so that all stays linear */

const struct step step_failed, step_astray;

void
step_begin(struct step_build *b, struct arena *arena, bool guess)
{
	*b = (struct step_build){.arena = arena, .guess = guess};
	b->astray = step_label(b);
}

void
step_end(struct step_build *b)
{
	free(b->draft);
	free(b->label);
	free(b->known);
	free(b->shared);
	free(b->constant);
	free(b->cold);
}

/* Room for one more of a list. */
static void *
more(void *p, int n, int *cap, size_t size)
{
	if (n < *cap)
		return p;
	*cap = *cap > 0 ? 2 * *cap : 16;
	return mem_realloc(p, (size_t)*cap * size);
}

struct step_draft *
step_add(struct step_build *b,
	const struct step *(*run)(struct datum_ctx *c, const struct step *s),
	struct datum *out, const struct datum *a)
{
	struct step_draft *d;

	b->draft = more(b->draft, b->n, &b->cap, sizeof(*b->draft));
	d = &b->draft[b->n++];
	*d = (struct step_draft){.s = {.run = run, .out = out, .a = a},
		.yes = -1,
		.no = -1,
		.null = -1};
	return d;
}

struct datum *
step_register(struct step_build *b, struct ty ty)
{
	struct datum *d = arena_zero(b->arena, sizeof(*d));

	d->kind = ty.kind;
	d->p = ty.p;
	d->s = ty.s;
	d->t = ty_nested(ty) ? ty.t : NULL;
	return d;
}

int
step_label(struct step_build *b)
{
	b->label = more(b->label, b->nlabel, &b->label_cap, sizeof(*b->label));
	b->label[b->nlabel] = (struct step_label){-1, 0, INT_MAX};
	return b->nlabel++;
}

/* Forget what is not known on all ways to here. */
static void
known_forget(struct step_build *b, int known)
{
	if (known >= b->nknown)
		return;
	b->nknown = known;
	for (int i = 0; i < b->nlabel; i++)
		if (b->label[i].at < 0 && b->label[i].known > known)
			b->label[i].known = known;
}

void
step_place(struct step_build *b, int label)
{
	struct step_label *l = &b->label[label];

	assert(l->at < 0);
	l->at = b->n;
	known_forget(b, l->known);
}

int
step_to(struct step_build *b, int label)
{
	struct step_label *l = &b->label[label];

	l->uses++;
	if (l->known > b->nknown)
		l->known = b->nknown;
	return label;
}

/* Steps of the list itself. */

static const struct step *
run_go(struct datum_ctx *c, const struct step *s)
{
	return s->yes;
}

void
step_go(struct step_build *b, int label)
{
	step_add(b, run_go, NULL, NULL)->yes = step_to(b, label);
}

static const struct step *
run_copy(struct datum_ctx *c, const struct step *s)
{
	*s->out = *s->a;
	return s->yes;
}

void
step_copy(struct step_build *b, struct datum *to, const struct datum *from,
	int label)
{
	step_add(b, run_copy, to, from)->yes = step_to(b, label);
}

static const struct step *
run_if_null(struct datum_ctx *c, const struct step *s)
{
	return s->a->kind == TYPE_NULL ? s->null : s + 1;
}

void
step_if_null(struct step_build *b, const struct datum *of, int label)
{
	step_add(b, run_if_null, NULL, of)->null = step_to(b, label);
}

static const struct step *
run_set(struct datum_ctx *c, const struct step *s)
{
	*s->out = datum_bool(s->i != 0);
	return s->yes;
}

static const struct step *
run_test(struct datum_ctx *c, const struct step *s)
{
	return s->a->i != 0 ? s->yes : s->no;
}

static const struct step *
run_null(struct datum_ctx *c, const struct step *s)
{
	*s->out = datum_null();
	return s->yes;
}

static const struct step *
run_astray(struct datum_ctx *c, const struct step *s)
{
	return &step_astray;
}

/* The ways of the tree. */

static const struct step *
run_call(struct datum_ctx *c, const struct step *s)
{
	struct datum few[4], *a = few;

	/* Copies: functions look into lists where they stand. */
	if (s->nfrom > 4)
		a = arena_get(&c->arena, (size_t)s->nfrom * sizeof(*a));
	for (int i = 0; i < s->nfrom; i++)
		a[i] = *s->from[i];
	if (s->n->fn->run(c, s->n, a, s->out) != 0)
		return &step_failed;
	return step_next(s);
}

static const struct step *
run_tree(struct datum_ctx *c, const struct step *s)
{
	return s->n->eval(c, s->n, s->out) != 0 ? &step_failed : step_next(s);
}

static const struct step *
run_cast(struct datum_ctx *c, const struct step *s)
{
	*s->out = *s->a;
	return sql_eval_cast_value(c, s->n, s->out) < 0 ? &step_failed
							: step_next(s);
}

/* Is it a call of a function that gets its arguments' values? */
static bool
is_called(const struct sql_node *n)
{
	if (n->op != SQL_CALL || !n->bound || n->fn->run == NULL ||
		(n->fn->flags & (SQL_LAMBDA | SQL_LAZY)) != 0)
		return false;
	for (int i = 0; i < n->narg; i++)
		if (n->arg[i]->op == SQL_FUNCTION)
			return false;
	return true;
}

static struct datum *
add_call(struct step_build *b, struct sql_node *n, int null)
{
	const struct datum **from = arena_get(
		b->arena, (size_t)(n->narg + 1) * sizeof(*from));
	bool nulls = (n->fn->flags & SQL_NULLS) != 0;
	struct datum *out = step_register(b, n->ty);
	struct step_draft *d;

	/* A null has no type; what a guess has settled would be another. */
	for (int i = 0; i < n->narg; i++)
		from[i] = !nulls   ? step_value(b, n->arg[i], null)
			: b->guess ? step_value(b, n->arg[i], b->astray)
				   : step_maybe(b, n->arg[i]);
	d = step_add(b, run_call, out, NULL);
	d->s.n = n;
	d->s.from = from;
	d->s.nfrom = n->narg;
	d->null = step_to(b, null);
	return out;
}

/* A node in the tree's way. */
static struct datum *
add_any(struct step_build *b, struct sql_node *n, int null)
{
	struct datum *out, *a = NULL;
	struct step_draft *d;

	if (is_called(n))
		return add_call(b, n, null);
	b->failed |= b->guess && n->op != SQL_CAST;
	if (n->op == SQL_CAST)
		a = step_value(b, n->arg[0], null);
	out = step_register(b, n->ty);
	d = step_add(b, a != NULL ? run_cast : run_tree, out, a);
	d->s.n = n;
	d->null = step_to(b, null);
	return out;
}

/* What is known already. */

static bool
same_literal(const struct datum *a, const struct datum *b)
{
	if (a->kind != b->kind || a->n != b->n || a->p != b->p || a->s != b->s)
		return false;
	if (a->kind == TYPE_STRING || a->kind == TYPE_BINARY)
		return memcmp(a->str, b->str, a->n) == 0;
	return a->i == b->i && (a->kind != TYPE_DECIMAL || a->high == b->high);
}

static bool
same_field(const struct sql_node *a, const struct sql_node *b)
{
	if (a->npart != b->npart || a->side != b->side ||
		a->field != b->field || a->exact != b->exact)
		return false;
	for (int i = 0; i < a->npart; i++)
		if (a->part[i].n != b->part[i].n ||
			memcmp(a->part[i].s, b->part[i].s, a->part[i].n) != 0)
			return false;
	return true;
}

/* Do two nodes have the same value in every record? */
static bool
same_value(const struct sql_node *a, const struct sql_node *b)
{
	bool changes = a->op == SQL_CALL && (a->fn->flags & SQL_VOLATILE) != 0;

	if (a->op != b->op || a->fn != b->fn || a->narg != b->narg ||
		a->attempt != b->attempt || a->implicit != b->implicit ||
		!a->bound || !b->bound || !ty_equal(a->ty, b->ty) || changes)
		return false;
	switch (a->op) {
	case SQL_LITERAL:
		return same_literal(&a->lit, &b->lit);
	case SQL_FIELD:
	case SQL_MEMBER:
		if (!same_field(a, b))
			return false;
		break;
	case SQL_CAST:
	case SQL_CALL:
		break;
	default:
		return false;
	}
	for (int i = 0; i < a->narg; i++)
		if (!same_value(a->arg[i], b->arg[i]))
			return false;
	return true;
}

static struct datum *
known_get(const struct step_build *b, const struct sql_node *n)
{
	int least = b->nknown > KNOWN_MOST ? b->nknown - KNOWN_MOST : 0;

	for (int i = b->nknown; i-- > least;)
		if (same_value(b->known[i].n, n))
			return b->known[i].at;
	return NULL;
}

static void
known_add(struct step_build *b, const struct sql_node *n, struct datum *at)
{
	b->known = more(b->known, b->nknown, &b->known_cap, sizeof(*b->known));
	b->known[b->nknown++] = (struct step_known){n, at};
}

struct datum *
step_shared(struct step_build *b, const struct sql_node *n)
{
	struct datum *at;

	for (int i = 0; i < b->nshared; i++)
		if (same_value(b->shared[i].n, n))
			return b->shared[i].at;
	at = step_register(b, n->ty);
	b->shared = more(
		b->shared, b->nshared, &b->shared_cap, sizeof(*b->shared));
	b->shared[b->nshared++] = (struct step_known){n, at};
	return at;
}

/*
 * May n be computed as for the types that came?  Lists have types inside.  And
 * a cast that the binder has put in is made by the tree when all arguments are
 * there: a null that comes of it comes later than one from here.
 */
static bool
may_guess(const struct sql_node *n)
{
	struct ty from;

	if (ty_nested(n->ty))
		return false;
	if (n->op != SQL_CAST || !n->implicit)
		return true;
	from = n->arg[0]->ty;
	if (from.kind == TYPE_NULL || n->ty.kind == TYPE_STRING)
		return !ty_nested(from);
	if (n->ty.kind == TYPE_DATE)
		return from.kind == TYPE_TIMESTAMP;
	return ty_numeric(from) && ty_numeric(n->ty) &&
		(n->ty.kind != TYPE_DECIMAL || ty_integral(from));
}

/* Constants. */

static struct datum *
constant_register(struct step_build *b, struct sql_node *n)
{
	struct datum *at;

	b->failed |= b->guess && !may_guess(n);
	for (int i = 0; i < b->nconstant; i++)
		if (b->constant[i].n == n)
			return b->constant[i].at;
	at = step_register(b, n->ty);
	b->constant = more(b->constant, b->nconstant, &b->constant_cap,
		sizeof(*b->constant));
	b->constant[b->nconstant++] = (struct step_constant){n, at};
	return at;
}

/* A number, or one made a number of another type, is never null. */
static bool
constant_is_there(const struct sql_node *n)
{
	const struct sql_node *of = n->op == SQL_CAST ? n->arg[0] : n;

	if (of->op != SQL_LITERAL || of->lit.kind == TYPE_NULL)
		return false;
	return of == n ||
		(ty_numeric(of->ty) && of->ty.kind != TYPE_DECIMAL &&
			ty_numeric(n->ty) && n->ty.kind != TYPE_DECIMAL &&
			!n->attempt);
}

static struct datum *
constant_value(struct step_build *b, struct sql_node *n, int null)
{
	struct datum *at = constant_register(b, n);

	if (n->ty.kind == TYPE_NULL)
		step_go(b, null);
	else if (!constant_is_there(n))
		step_if_null(b, at, null);
	return at;
}

/* Nodes. */

bool
step_widens(const struct step_build *b, const struct sql_node *n)
{
	return b->guess && n->op == SQL_CAST && n->implicit &&
		n->arg[0]->ty.kind != TYPE_NULL;
}

/* A truth value that is wanted as one. */
static struct datum *
test_value(struct step_build *b, struct sql_node *n, const struct step_maker *m,
	int null)
{
	struct datum *out = step_register(b, n->ty);
	int yes = step_label(b), no = step_label(b), end = step_label(b);
	struct step_draft *d;

	if (!m->test(b, n, m->op, yes, no, null))
		return NULL;
	step_place(b, yes);
	d = step_add(b, run_set, out, NULL);
	d->s.i = 1;
	d->yes = step_to(b, end);
	step_place(b, no);
	d = step_add(b, run_set, out, NULL);
	d->yes = step_to(b, end);
	step_place(b, end);
	return out;
}

struct datum *
step_value(struct step_build *b, struct sql_node *n, int null)
{
	const struct step_maker *m = b->maker(n);
	struct datum *v = NULL;

	if (n->constant)
		return constant_value(b, n, null);
	b->failed |= n->ty.kind == TYPE_UNKNOWN || n->ty.kind == TYPE_NULL ||
		(b->guess && !may_guess(n));
	if (b->failed)
		return step_register(b, ty(TYPE_NULL));
	v = known_get(b, n);
	if (v != NULL)
		return v;
	if (m != NULL && m->value != NULL)
		v = m->value(b, n, m->op, null);
	else if (m != NULL)
		v = test_value(b, n, m, null);
	if (v == NULL)
		v = add_any(b, n, null);
	known_add(b, n, v);
	return v;
}

struct datum *
step_maybe(struct step_build *b, struct sql_node *n)
{
	struct step_cold cold;

	if (n->constant)
		return constant_register(b, n);
	cold.from = step_label(b);
	cold.back = step_label(b);
	cold.at = step_value(b, n, cold.from);
	if (b->label[cold.from].uses == 0)
		return cold.at;
	b->label[cold.back].known = b->label[cold.from].known;
	step_place(b, cold.back);
	b->cold = more(b->cold, b->ncold, &b->cold_cap, sizeof(*b->cold));
	b->cold[b->ncold++] = cold;
	return cold.at;
}

void
step_test(struct step_build *b, struct sql_node *n, int yes, int no, int null)
{
	const struct step_maker *m = b->maker(n);
	struct step_draft *d;
	struct datum *v;

	if (n->ty.kind != TYPE_BOOLEAN && n->ty.kind != TYPE_NULL)
		b->failed = true;
	if (!n->constant && !b->failed && m != NULL && m->test != NULL &&
		m->test(b, n, m->op, yes, no, null))
		return;
	v = step_value(b, n, null);
	d = step_add(b, run_test, NULL, v);
	d->yes = step_to(b, yes);
	d->no = step_to(b, no);
}

/* For good. */

static const struct step *
place_of(const struct step_build *b, const struct step *first, int label)
{
	if (label < 0)
		return NULL;
	assert(b->label[label].at >= 0);
	return first + b->label[label].at;
}

const struct step *
step_settle(struct step_build *b)
{
	struct step *s;

	for (int i = 0; i < b->ncold; i++) {
		step_place(b, b->cold[i].from);
		step_add(b, run_null, b->cold[i].at, NULL)->yes = b->cold[i]
									  .back;
	}
	step_place(b, b->astray);
	step_add(b, run_astray, NULL, NULL);
	s = arena_get(b->arena, (size_t)b->n * sizeof(*s));
	for (int i = 0; i < b->n; i++) {
		s[i] = b->draft[i].s;
		s[i].yes = place_of(b, s, b->draft[i].yes);
		s[i].no = place_of(b, s, b->draft[i].no);
		s[i].null = place_of(b, s, b->draft[i].null);
	}
	return s;
}
