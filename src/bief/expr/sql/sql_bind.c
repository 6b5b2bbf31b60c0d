/*
 * sql_bind: what names mean and which types meet
 *
 * Where all types are known they are settled here: a cast is put in front of
 * each argument that is to become something else.  Where a function's result
 * hangs on types that are not known, its rule is asked again when values come
 * (sql_eval.c).
 */
#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "floor/err.h"
#include "value/record.h"
#include "types/schema.h"
#include "expr/sql/sql.h"
#include "expr/sql/sql_impl.h"

/* Names. */

static bool
name_is(const struct sql_name *n, const char *s)
{
	return strlen(s) == n->n && strcasecmp(n->s, s) == 0;
}

/* Place among the fields; -1 none, -2 several. */
static int
column_place(const struct schema *s, const char *name)
{
	int at = -1;

	for (size_t i = 0; s != NULL && i < s->n; i++) {
		if (strcasecmp(s->f[i].name, name) != 0)
			continue;
		if (at >= 0 && strcmp(s->f[i].name, s->f[at].name) != 0)
			return -2;
		at = (int)i;
	}
	return at;
}

/* Two parts as one name. */
static void
name_join(char *out, const struct sql_name *part, char between)
{
	memcpy(out, part[0].s, part[0].n);
	out[part[0].n] = between;
	memcpy(out + part[0].n + 1, part[1].s, part[1].n);
	out[part[0].n + 1 + part[1].n] = '\0';
}

/*
 * A name among fields that are known: first its first part; then a.b as one
 * name; window.start where window has been made window_start.  *skip: the parts
 * it takes.
 */
static int
column_find(const struct schema *s, const struct sql_name *part, int npart,
	int *skip)
{
	char joined[512];
	int at = column_place(s, part[0].s);

	*skip = 1;
	if (at != -1 || npart < 2 || part[0].n + part[1].n + 2 > sizeof(joined))
		return at;
	*skip = 2;
	name_join(joined, part, '.');
	at = column_place(s, joined);
	if (at == -1 && name_is(&part[0], "window")) {
		name_join(joined, part, '_');
		at = column_place(s, joined);
	}
	return at;
}

static int
name_refuse(struct sql *x, const struct sql_node *n, const struct schema *s,
	const struct schema *more, int at, struct err *err)
{
	const char *near;
	char word[80];

	err_quote(word, sizeof(word), n->part[0].s, n->part[0].n);
	if (at == -2)
		return sql_tree_refuse(x, n->from, err,
			"'%s' is the name of several fields, which differ in "
			"the case of their letters",
			word);
	near = schema_nearest(s, n->part[0].s);
	if (near == NULL && more != NULL)
		near = schema_nearest(more, n->part[0].s);
	if (near != NULL)
		return sql_tree_refuse(x, n->from, err,
			"no field '%s' (did you mean '%s'?)", word, near);
	return sql_tree_refuse(x, n->from, err, "no field '%s'", word);
}

/* Which of two inputs is meant; 0 or -1. */
static int
name_side(struct sql *x, struct sql_node *n, struct err *err)
{
	const struct schema *l = x->fields[0], *r = x->fields[1];
	int skip, in_left, in_right;

	if (n->npart > 1 &&
		(name_is(n->part, "left") || name_is(n->part, "right"))) {
		n->side = name_is(n->part, "right");
		n->part++;
		n->npart--;
		return 0;
	}
	in_left = l != NULL ? column_find(l, n->part, n->npart, &skip) : -1;
	in_right = r != NULL ? column_find(r, n->part, n->npart, &skip) : -1;
	if (in_left != -1 && in_right != -1)
		return sql_tree_refuse(x, n->from, err,
			"both inputs have a field '%s': say left.%s or "
			"right.%s",
			n->part[0].s, n->part[0].s, n->part[0].s);
	n->side = in_right != -1;
	if (in_left != -1 || in_right != -1)
		return 0;
	if (l != NULL && r != NULL)
		return name_refuse(x, n, l, r, -1, err);
	return sql_tree_refuse(x, n->from, err,
		"the fields of the inputs are not known: say left.%s or "
		"right.%s",
		n->part[0].s, n->part[0].s);
}

/* Is it a lambda's argument? */
static bool
name_is_var(struct sql *x, struct sql_node *n)
{
	int first = x->nvars;

	for (struct sql_node *f = x->scope; f != NULL; f = f->outer) {
		first = f->var;
		for (int i = 0; i < f->nvar; i++)
			if (f->part[i].n == n->part[0].n &&
				strcasecmp(f->part[i].s, n->part[0].s) == 0) {
				n->op = SQL_VAR;
				n->var = first + i;
				n->ty = f->vars[i];
				n->eval = sql_eval_var;
				n->bound = true;
				return true;
			}
	}
	return false;
}

/* Is it a field of --on, which is a path as other programs know them? */
static bool
find_on(struct sql *x, struct sql_node *n)
{
	const struct schema *s = x->fields[n->side];
	const struct type *t;

	for (size_t i = 0; i < x->non && n->npart == 1; i++) {
		struct field *f = x->on[i].field[n->side];

		if (strcmp(x->on[i].text[n->side], n->part[0].s) != 0)
			continue;
		t = s != NULL ? schema_type(s, f->path) : NULL;
		n->ty = t != NULL ? ty_keep(&x->arena, t) : ty(TYPE_UNKNOWN);
		n->field = f;
		n->eval = sql_eval_on;
		n->part[0] = (struct sql_name){
			f->path, (uint32_t)strlen(f->path)};
		return true;
	}
	return false;
}

static int
bind_name(struct sql *x, struct sql_node **np, struct err *err)
{
	struct sql_node *n = *np;
	const struct schema *s;
	struct sql_node *top, *all;
	const struct schema_field *f;
	int at, skip;

	if (name_is_var(x, n)) {
		skip = 1;
	} else {
		if (x->two && name_side(x, n, err) < 0)
			return -1;
		s = x->fields[n->side];
		n->op = SQL_FIELD;
		n->eval = sql_eval_field;
		n->bound = true;
		if (find_on(x, n) || s == NULL)
			return 0; /* each record tells */
		at = column_find(s, n->part, n->npart, &skip);
		if (at < 0)
			return name_refuse(x, n, s, NULL, at, err);
		f = &s->f[at];
		/* The schema may not live as long. */
		n->ty = ty_keep(&x->arena, f->type);
		n->exact = true;
		n->part[skip - 1] = (struct sql_name){
			arena_text(&x->arena, f->name, strlen(f->name)),
			(uint32_t)strlen(f->name)};
		n->part += skip - 1;
		n->npart -= skip - 1;
		skip = 1;
	}
	if (n->npart == skip)
		return 0;
	/* Another part of the tree may point to this node, too. */
	top = sql_tree_node(x, n->op, n->from);
	all = top->all;
	*top = *n;
	top->all = all;
	top->npart = skip;
	for (int i = skip; i < n->npart; i++) {
		top = sql_tree_member(x, top, n->part[i]);
		top->to = n->to;
	}
	n->become = top;
	*np = top;
	return sql_bind(x, np, err);
}

/* a.b where a is known to be a struct, a map or an array of structs. */
static int
bind_member(struct sql *x, struct sql_node *n, struct err *err)
{
	struct ty t;
	int at;

	if (sql_bind(x, &n->arg[0], err) < 0)
		return -1;
	n->eval = sql_eval_member;
	n->bound = true;
	t = n->arg[0]->ty;
	n->ty = ty(TYPE_UNKNOWN);
	if (t.kind == TYPE_ARRAY && t.t != NULL)
		t = ty_elem(t);
	if (t.kind == TYPE_UNKNOWN || t.kind == TYPE_NULL ||
		(ty_nested(t) && t.t == NULL))
		return 0;
	if (t.kind == TYPE_MAP) {
		n->ty = ty_elem(t);
		return 0;
	}
	if (t.kind != TYPE_STRUCT)
		return sql_tree_refuse(x, n->from, err,
			"'%s' is asked of what has no fields", n->part[0].s);
	at = column_place(t.t->fields, n->part[0].s);
	if (at < 0)
		return name_refuse(x, n, t.t->fields, NULL, at, err);
	n->ty = ty_from(t.t->fields->f[at].type);
	if (n->arg[0]->ty.kind == TYPE_ARRAY)
		n->ty = ty_array(&x->arena, n->ty);
	return 0;
}

/* Casts and calls. */

static void
mark_constant(struct sql_node *n)
{
	n->constant = true;
	for (int i = 0; i < n->narg; i++)
		if (!n->arg[i]->constant)
			n->constant = false;
	if (n->op == SQL_CALL && (n->fn->flags & SQL_VOLATILE) != 0)
		n->constant = false;
	if (n->constant && n->op != SQL_LITERAL) {
		n->real = n->eval;
		n->eval = sql_eval_constant;
	}
}

static struct sql_node *
put_cast(struct sql *x, struct sql_node *of, struct ty to)
{
	struct sql_node *n = sql_tree_cast(x, of, to, of->from);

	n->to = of->to;
	n->eval = sql_eval_cast;
	n->bound = n->implicit = true;
	mark_constant(n);
	return n;
}

static int
bind_cast(struct sql *x, struct sql_node *n, struct err *err)
{
	struct buf a, b;

	if (sql_bind(x, &n->arg[0], err) < 0)
		return -1;
	n->eval = sql_eval_cast;
	n->bound = true;
	mark_constant(n);
	if ((n->attempt ? datum_cast_try_allows : datum_cast_allows)(
		    n->arg[0]->ty, n->ty))
		return 0;
	buf_init(&a);
	buf_init(&b);
	ty_print(n->arg[0]->ty, &a);
	ty_print(n->ty, &b);
	sql_tree_refuse(x, n->from, err, "a value of type %s cannot become %s",
		buf_cstr(&a), buf_cstr(&b));
	buf_release(&a);
	buf_release(&b);
	return -1;
}

/* The types of a lambda's variables, from those of the other arguments; made is
 * the one of what a fold has made so far. */
static void
lambda_types(const struct sql_node *call, struct ty made, struct ty *vars)
{
	struct ty a = call->arg[0]->ty, b = ty(TYPE_UNKNOWN);

	if (call->narg > 1 && call->arg[1]->op != SQL_FUNCTION)
		b = call->arg[1]->ty;
	vars[0] = vars[1] = vars[2] = ty(TYPE_UNKNOWN);
	switch (call->fn->tag) {
	case SQL_VARS_ITEM:
		vars[0] = ty_elem(a);
		vars[1] = ty(TYPE_INT);
		break;
	case SQL_VARS_TWO:
		vars[0] = vars[1] = ty_elem(a);
		break;
	case SQL_VARS_ZIP:
		vars[0] = ty_elem(a);
		vars[1] = ty_elem(b);
		break;
	case SQL_VARS_PAIR:
		vars[0] = ty_key(a);
		vars[1] = ty_elem(a);
		break;
	case SQL_VARS_FOLD:
		vars[0] = made;
		vars[1] = ty_elem(a);
		break;
	default:
		assert(false);
	}
}

static int
bind_lambda(struct sql *x, const struct sql_node *call, struct sql_node *f,
	struct ty made, struct err *err)
{
	int r;

	f->vars = arena_get(&x->arena, 3 * sizeof(*f->vars));
	lambda_types(call, made, f->vars);
	f->var = x->nvars;
	f->outer = x->scope;
	x->scope = f;
	x->nvars += f->nvar;
	if (x->nvars > x->maxvars)
		x->maxvars = x->nvars;
	r = sql_bind(x, &f->arg[0], err);
	x->nvars -= f->nvar;
	x->scope = f->outer;
	f->ty = f->arg[0]->ty;
	f->bound = true;
	f->constant = false;
	return r;
}

/* A tree that has not been bound, once more. */
static struct sql_node *
clone_tree(struct sql *x, const struct sql_node *of)
{
	struct sql_node *n = sql_tree_node(x, of->op, of->from);
	struct sql_node *all = n->all;
	size_t size = (size_t)of->npart * sizeof(*n->part);

	*n = *of;
	n->all = all;
	if (of->npart > 0)
		n->part = memcpy(arena_get(&x->arena, size), of->part, size);
	if (of->narg > 0)
		n->arg = arena_get(
			&x->arena, (size_t)of->narg * sizeof(*n->arg));
	for (int i = 0; i < of->narg; i++)
		n->arg[i] = clone_tree(x, of->arg[i]);
	return n;
}

/*
 * A fold whose function gives another type than it starts with, such as bigints
 * summed from 0, starts with a wider one: the function is bound with it until
 * that is what it gives, which decimals do when they have 38 digits.
 */
static int
bind_fold(struct sql *x, struct sql_node *n, struct err *err)
{
	struct ty made = n->arg[1]->ty, want;
	struct sql_node *f = NULL;
	struct buf a, b;

	for (int i = 0; i <= NUMERIC_DIGITS && made.kind > TYPE_NULL; i++) {
		f = clone_tree(x, n->arg[2]);
		if (bind_lambda(x, n, f, made, err) < 0)
			return -1;
		if (f->ty.kind <= TYPE_NULL || ty_equal(f->ty, made) ||
			!sql_types_tightest(&x->arena, made, f->ty, &want))
			break;
		made = want;
	}
	if (f == NULL || f->ty.kind == TYPE_UNKNOWN) {
		made = ty(TYPE_UNKNOWN);
		f = n->arg[2];
		if (bind_lambda(x, n, f, made, err) < 0)
			return -1;
	} else if (f->ty.kind != TYPE_NULL && !ty_equal(f->ty, made)) {
		buf_init(&a);
		buf_init(&b);
		ty_print(made, &a);
		ty_print(f->ty, &b);
		sql_tree_refuse(x, n->arg[2]->from, err,
			"'%s' starts with %s, and "
			"its function gives %s",
			n->fn->name, buf_cstr(&a), buf_cstr(&b));
		buf_release(&a);
		buf_release(&b);
		return -1;
	} else if (!ty_equal(n->arg[1]->ty, made)) {
		n->arg[1] = put_cast(x, n->arg[1], made);
	}
	n->arg[2] = f;
	return n->narg < 4 ? 0 : bind_lambda(x, n, n->arg[3], made, err);
}

/* Where a function is wanted, what has no arguments may stand for one. */
static int
want_lambda(struct sql *x, struct sql_node *n, int i, struct err *err)
{
	struct sql_node *of = n->arg[i], *f;

	if (of->op == SQL_FUNCTION)
		return 0;
	if (sql_bind(x, &n->arg[i], err) < 0)
		return -1;
	of = n->arg[i];
	/* A name that is not known is more likely a missing "x ->". */
	if (!of->constant && x->fields[0] == NULL)
		return sql_tree_refuse(x, of->from, err,
			"'%s' takes a function such as x -> x + 1",
			n->fn->name);
	f = sql_tree_node(x, SQL_FUNCTION, of->from);
	f->to = of->to;
	sql_tree_args(x, f, &of, 1);
	n->arg[i] = f;
	return 0;
}

/* The first of the arguments that are functions. */
static int
first_lambda(const struct sql_fn *fn)
{
	return (fn->flags & SQL_LAMBDA) == 0                          ? INT_MAX
		: fn->tag == SQL_VARS_FOLD || fn->tag == SQL_VARS_ZIP ? 2
								      : 1;
}

static int
bind_arguments(struct sql *x, struct sql_node *n, struct err *err)
{
	int first = first_lambda(n->fn);
	bool fold = first == 2 && n->fn->tag == SQL_VARS_FOLD;

	for (int i = 0; i < n->narg; i++) {
		if (i >= first) {
			if (want_lambda(x, n, i, err) < 0)
				return -1;
			if (!fold &&
				bind_lambda(x, n, n->arg[i], ty(TYPE_UNKNOWN),
					err) < 0)
				return -1;
		} else if (n->arg[i]->op == SQL_FUNCTION) {
			return sql_tree_refuse(x, n->arg[i]->from, err,
				"'%s' takes no function here", n->fn->name);
		} else if (sql_bind(x, &n->arg[i], err) < 0) {
			return -1;
		}
	}
	return fold ? bind_fold(x, n, err) : 0;
}

static int
bind_call(struct sql *x, struct sql_node *n, struct err *err)
{
	struct sql_rule r = {.node = n, .arena = &x->arena, .n = n->narg};
	struct err why;
	struct ty *want;

	assert(n->fn != NULL);
	if (bind_arguments(x, n, err) < 0)
		return -1;
	r.err = &why;
	r.arg = want = arena_get(
		&x->arena, (size_t)(n->narg + 1) * sizeof(*want));
	for (int i = 0; i < n->narg; i++)
		want[i] = n->arg[i]->ty;
	r.result = ty(TYPE_UNKNOWN);
	if (sql_sig_rule(&r) != 0)
		return sql_tree_refuse(x, n->from, err, "%s", why.text);
	n->eval = n->fn->eval != NULL ? n->fn->eval : sql_eval_call;
	n->ty = r.result;
	n->bound = !r.open;
	for (int i = 0; n->bound && i < n->narg; i++)
		if (want[i].kind != TYPE_UNKNOWN &&
			n->arg[i]->op != SQL_FUNCTION &&
			!ty_equal(want[i], n->arg[i]->ty))
			n->arg[i] = put_cast(x, n->arg[i], want[i]);
	if (!n->bound) {
		n->seen.type = arena_zero(
			&x->arena, 2 * (size_t)(n->narg + 1) * sizeof(*want));
		n->seen.want = n->seen.type + n->narg + 1;
	}
	mark_constant(n);
	if (n->fn->prepare != NULL && n->fn->prepare(x, n, &why) != 0)
		return sql_tree_refuse(x,
			n->narg > 1 ? n->arg[1]->from : n->from, err, "%s",
			why.text);
	return 0;
}

int
sql_bind(struct sql *x, struct sql_node **np, struct err *err)
{
	struct sql_node *n = *np;

	if (n->eval != NULL) {
		if (n->become != NULL)
			*np = n->become;
		return 0;
	}
	switch (n->op) {
	case SQL_LITERAL:
		n->ty = datum_ty(&n->lit);
		n->eval = sql_eval_literal;
		n->bound = n->constant = true;
		return 0;
	case SQL_NAME:
		return bind_name(x, np, err);
	case SQL_MEMBER:
		return bind_member(x, n, err);
	case SQL_CAST:
		return bind_cast(x, n, err);
	case SQL_CALL:
		return bind_call(x, n, err);
	case SQL_FUNCTION:
		return sql_tree_refuse(x, n->from, err,
			"a function stands only in the brackets of another "
			"one");
	case SQL_FIELD:
	case SQL_VAR:
		break; /* made of a name, and bound with it */
	}
	assert(false);
	return -1;
}

/* Once more, with types for what had none. */

bool
sql_bind_is_open(const struct sql_node *n)
{
	while (n->op == SQL_MEMBER && n->ty.kind == TYPE_UNKNOWN)
		n = n->arg[0];
	return n->op == SQL_FIELD && n->ty.kind == TYPE_UNKNOWN;
}

static struct sql_node *
copy_open(struct sql *x, struct sql_node *of)
{
	struct sql_node *n = sql_tree_node(x, of->op, of->from), *all = n->all;

	*n = *of;
	n->all = all;
	n->ty = of->seen.result;
	n->open = of;
	return n;
}

/* What is bound for good is shared; NULL where a lambda is in it. */
static struct sql_node *
copy_bound(struct sql *x, struct sql_node *of)
{
	struct sql_node *n, **arg;

	if (of->become != NULL)
		of = of->become;
	if (sql_bind_is_open(of))
		return copy_open(x, of);
	if (of->op == SQL_CAST && of->implicit)
		return copy_bound(x, of->arg[0]);
	if (of->constant || of->op == SQL_FIELD)
		return of;
	if (of->op != SQL_CALL && of->op != SQL_CAST)
		return NULL;
	arg = arena_get(&x->arena, (size_t)(of->narg + 1) * sizeof(*arg));
	for (int i = 0; i < of->narg; i++) {
		arg[i] = copy_bound(x, of->arg[i]);
		if (arg[i] == NULL)
			return NULL;
	}
	n = sql_tree_node(x, of->op, of->from);
	n->to = of->to;
	n->fn = of->fn;
	n->attempt = of->attempt;
	if (of->op == SQL_CAST)
		n->ty = of->ty;
	n->arg = arg;
	n->narg = of->narg;
	return n;
}

struct sql_node *
sql_bind_again(struct sql *x, const struct sql_node *of)
{
	struct sql_node *n = copy_bound(x, (struct sql_node *)of);
	struct err err;

	return n != NULL && sql_bind(x, &n, &err) == 0 ? n : NULL;
}
